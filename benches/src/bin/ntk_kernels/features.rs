//! Feature ridge beside the products of its features.

use crate::{Outcome, normal};
use dp_linalg::{Accumulate, Mat, MatMut, Parallelism, matmul_into, matmul_nt_into};
use ntk_dp::{Activation, FeatureRidge, Network, ReluFeatures};
use poly_kernel::FeatureMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::time::Instant;

const DIM: usize = 64;
const OUTPUTS: usize = 10;
const RIDGE: f64 = 1.0;
/// Points of a block, and rows of a stripe of the triangle.
const BLOCK: usize = 512;
const STRIPE: usize = 256;

pub(crate) fn print(n: usize, features: usize) -> Outcome {
    let parallelism = Parallelism::available();
    let (points, targets) = (normal(n, DIM, 1), normal(n, OUTPUTS, 2));
    let network = Network::new(Activation::Relu, 1, 2.0)?;
    let map = ReluFeatures::draw(network, DIM, features.div_ceil(2), &mut ChaCha8Rng::seed_from_u64(3))?;
    let count = map.feature_count();
    let start = Instant::now();
    let mut ridge = FeatureRidge::new(map, OUTPUTS).with_parallelism(parallelism);
    ridge.add(points.as_ref(), targets.as_ref())?;
    let of_sums = start.elapsed().as_secs_f64();
    let start = Instant::now();
    black_box(ridge.fit(RIDGE)?);
    let of_fit = start.elapsed().as_secs_f64();
    drop(ridge);
    let of_products = products(n, count, parallelism)?;
    println!("n = {n}, {count} features of ReLU, {OUTPUTS} targets, {} threads, one run", parallelism.get());
    println!(
        "sums {of_sums:.2} s and solve {of_fit:.2} s; products of the lower half alone {of_products:.2} s"
    );
    println!("all over products: {:.2}", (of_sums + of_fit) / of_products);
    Ok(())
}

/// Seconds of the lower half of `ΦΦᵀ` in stripes, and of `ΦY`, for features that are there already.
fn products(n: usize, count: usize, parallelism: Parallelism) -> Result<f64, dp_linalg::Error> {
    let (block, targets) = (normal(count, BLOCK, 4), normal(BLOCK, OUTPUTS, 5));
    let (mut gram, mut sums) = (Mat::zeros(count, count), Mat::zeros(count, OUTPUTS));
    let start = Instant::now();
    for _ in 0..n.div_ceil(BLOCK) {
        for first in (0..count).step_by(STRIPE) {
            let last = count.min(first + STRIPE);
            let out = &mut gram.as_mut_slice()[first * count..];
            let out = MatMut::with_row_stride(out, last - first, last, count)?;
            let (left, right) = (block.as_ref().subrows(first..last), block.as_ref().subrows(0..last));
            matmul_nt_into(out, Accumulate::Add, left, right, parallelism)?;
        }
        matmul_into(sums.as_mut(), Accumulate::Add, block.as_ref(), targets.as_ref(), parallelism)?;
    }
    black_box((gram, sums));
    Ok(start.elapsed().as_secs_f64())
}
