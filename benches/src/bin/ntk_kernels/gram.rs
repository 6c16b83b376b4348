//! Gram matrices beside the bare product of all pairs.

use crate::{Outcome, normal};
use dp_linalg::{Accumulate, Mat, Parallelism, Scalar, matmul_nt_into};
use ntk_dp::{Activation, Kernel, Network};
use provable_dp_benches::median_seconds_in_turns;
use std::hint::black_box;

const DEPTH: usize = 3;
const ROUNDS: usize = 5;
const ACTIVATIONS: [(&str, Activation); 4] = [
    ("ReLU", Activation::Relu),
    ("leaky ReLU", Activation::LeakyRelu { slope: 0.1 }),
    ("erf", Activation::Erf),
    ("GELU", Activation::Gelu),
];

pub(crate) fn print(n: usize, d: usize) -> Outcome {
    println!("n = {n}, d = {d}, NTK of depth {DEPTH}, medians of {ROUNDS} runs in turns");
    println!("product: all of XXᵀ, both halves, into memory that is there, of the same precision\n");
    println!(
        "| | precision | threads | Gram matrix, s | product, s | product / Gram matrix |\n|---|---|---|---|---|---|"
    );
    let double = normal(n, d, 1);
    let single = Mat::from_fn(n, d, |i, j| f32::from_f64(double[(i, j)]));
    for parallelism in [Parallelism::Sequential, Parallelism::available()] {
        for (name, activation) in ACTIVATIONS {
            let kernel = Kernel::ntk(Network::new(activation, DEPTH, 2.0)?);
            for (precision, [gram, product]) in [
                ("f64", seconds(&kernel, &double, parallelism)),
                ("f32", seconds(&kernel, &single, parallelism)),
            ] {
                let threads = parallelism.get();
                println!(
                    "| {name} | {precision} | {threads} | {gram:.3} | {product:.3} | {:.2} |",
                    product / gram
                );
            }
        }
    }
    Ok(())
}

/// Of the Gram matrix, and of the product.
fn seconds<T: Scalar>(kernel: &Kernel, points: &Mat<T>, parallelism: Parallelism) -> [f64; 2] {
    let mut out = Mat::filled(points.nrows(), points.nrows(), T::ZERO);
    let mut ours = || _ = black_box(kernel.gram(points.as_ref(), parallelism));
    let mut bare = || {
        let (out, x) = (out.as_mut(), points.as_ref());
        _ = black_box(matmul_nt_into(out, Accumulate::Replace, x, x, parallelism));
    };
    let found = median_seconds_in_turns(ROUNDS, &mut [&mut ours, &mut bare]);
    [found[0], found[1]]
}
