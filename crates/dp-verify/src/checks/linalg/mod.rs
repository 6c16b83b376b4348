//! Checks of the claims of dp-linalg.

mod decompositions;
mod products;

use crate::{Check, Evidence, larger};
use dp_linalg::Mat;
use dp_testkit::oracle;
use rand::{Rng, RngExt};

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Numeric, Search};
    vec![
        Check { claim: "linalg.exact_product.integers", evidence: Search, run: products::exact_product },
        Check { claim: "linalg.product.forward_error", evidence: Numeric, run: products::product },
        Check { claim: "linalg.cholesky.backward_error", evidence: Numeric, run: decompositions::cholesky },
        Check { claim: "linalg.eigen.backward_error", evidence: Numeric, run: decompositions::eigen },
        Check { claim: "linalg.leverage.trace", evidence: Numeric, run: decompositions::leverage },
    ]
}

/// Unit roundoff.
const U: f64 = f64::EPSILON / 2.0;

/// `γ_k = ku/(1 − ku)`.
fn gamma(k: usize) -> f64 {
    k as f64 * U / (1.0 - k as f64 * U)
}

fn uniform<R: Rng>(nrows: usize, ncols: usize, rng: &mut R) -> Mat {
    Mat::from_fn(nrows, ncols, |_, _| rng.random_range(-1.0..1.0))
}

/// `A·B` as in twice the precision.
fn oracle_product(a: &Mat, b: &Mat) -> Mat {
    let product = oracle::matmul(a.as_slice(), b.as_slice(), (a.nrows(), a.ncols(), b.ncols()));
    Mat::from_vec(a.nrows(), b.ncols(), product).expect("the oracle keeps shapes")
}

fn abs(a: &Mat) -> Mat {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].abs())
}

fn difference(a: &Mat, b: &Mat) -> Mat {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - b[(i, j)])
}

/// `max |error|/(allowed·size)`; an error where nothing is allowed is infinite.
fn largest_ratio(error: &Mat, size: &Mat, allowed: f64) -> f64 {
    let ratio =
        |(error, size): (&f64, &f64)| if *error == 0.0 { 0.0 } else { error.abs() / (allowed * size) };
    error.as_slice().iter().zip(size.as_slice()).map(ratio).fold(0.0, larger)
}
