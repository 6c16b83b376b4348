//! Kernel ridge beside the operations that it cannot do without.

use crate::{Outcome, normal};
use dp_linalg::{Accumulate, Mat, Parallelism, matmul_nt_into};
use ntk_dp::{Activation, Kernel, KernelRidge, Network};
use std::hint::black_box;
use std::time::Instant;

const RIDGE: f64 = 0.1;
const OUTPUTS: usize = 10;
/// Order of the product by which speed is measured.
const ORDER: usize = 2048;

pub(crate) fn print(n: usize, d: usize) -> Outcome {
    let parallelism = Parallelism::available();
    let (points, targets) = (normal(n, d, 1), normal(n, OUTPUTS, 2));
    let kernel = Kernel::ntk(Network::new(Activation::Relu, 3, 2.0)?);
    let peak = peak(parallelism)?;
    let start = Instant::now();
    let gram = black_box(kernel.gram(points.as_ref(), parallelism)?);
    let of_gram = start.elapsed().as_secs_f64();
    drop(gram);
    let start = Instant::now();
    let ridge = KernelRidge::new(kernel, RIDGE)?.with_parallelism(parallelism);
    let model = ridge.fit(points.as_ref(), targets.as_ref())?;
    let of_fit = start.elapsed().as_secs_f64();
    let start = Instant::now();
    black_box(model.predict(points.as_ref().subrows(0..n.min(2000)))?);
    let of_predictions = start.elapsed().as_secs_f64();
    println!("n = {n}, d = {d}, NTK of depth 3, {} threads, one run", parallelism.get());
    println!("product of order {ORDER}: {peak:.1} GFLOP/s");
    println!(
        "Gram matrix {of_gram:.2} s; fit {of_fit:.2} s; {} predictions {of_predictions:.2} s",
        n.min(2000)
    );
    let operations = (n as f64).powi(3) / 3.0;
    let factoring = of_fit - of_gram;
    println!(
        "n³/3 operations in {factoring:.2} s: {:.1} GFLOP/s, {:.2} of the product's",
        operations / factoring * 1e-9,
        operations / factoring * 1e-9 / peak
    );
    Ok(())
}

/// Billions of operations a second in a square product.
fn peak(parallelism: Parallelism) -> Result<f64, dp_linalg::Error> {
    let a = normal(ORDER, ORDER, 3);
    let mut out = Mat::zeros(ORDER, ORDER);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        matmul_nt_into(out.as_mut(), Accumulate::Replace, a.as_ref(), a.as_ref(), parallelism)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    black_box(out);
    Ok(2.0 * (ORDER as f64).powi(3) / best * 1e-9)
}
