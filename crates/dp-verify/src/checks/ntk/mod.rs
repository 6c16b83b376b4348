//! Checks of the claims of ntk-dp.

mod arcsine;
mod close;
mod descent;
mod dual;
mod kernels;
mod random;
mod record;
mod regression;

use crate::{Check, Evidence};
use dp_linalg::Mat;
use ntk_dp::{Activation, Network};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    let mut all = vec![
        check("ntk.arcsine.polynomial", Exact, arcsine::polynomial),
        check("ntk.dual.closed_forms", Numeric, dual::closed_forms),
        check("ntk.kernel.recursion", Search, kernels::recursion),
        check("ntk.kernel.near_equal", Search, kernels::near_equal),
        check("ntk.gram.semidefinite", Search, kernels::semidefinite),
        check("ntk.quadratic.features", Search, kernels::quadratic),
        check("ntk.finite_width.rate", Statistical, random::rate),
        check("ntk.features.variance", Statistical, random::variance),
        check("ntk.ridge.leave_one_out", Numeric, regression::leave_one_out),
        check("ntk.ridge.residual", Numeric, regression::residual),
        check("ntk.descent.sensitivity", Search, descent::sensitivity),
        check("ntk.descent.privacy", Numeric, descent::composition),
        check("ntk.descent.privacy", Audit, descent::audit),
        check("ntk.descent.sums", Exact, descent::sums),
        check("ntk.image.row_local", Exact, descent::row_local),
    ];
    all.extend(record::checks());
    all.extend(close::checks());
    all
}

/// Entries uniform in `[−1, 1)`.
fn points(rng: &mut ChaCha20Rng, n: usize, d: usize) -> Mat {
    Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0))
}

fn activation(rng: &mut ChaCha20Rng) -> Activation {
    match rng.random_range(0..5) {
        0 => Activation::Relu,
        1 => Activation::LeakyRelu { slope: rng.random_range(-1.0..1.0) },
        2 => Activation::Erf,
        3 => Activation::Gelu,
        _ => Activation::Quadratic,
    }
}

/// Up to three hidden layers, with variances of about one.
fn network(rng: &mut ChaCha20Rng) -> Network {
    let activation = activation(rng);
    let depth = rng.random_range(0..=if activation == Activation::Quadratic { 2 } else { 3 });
    let network = Network::new(activation, depth, rng.random_range(0.5..2.0)).expect("a variance in range");
    network.with_bias_variance(rng.random_range(0.0..0.5)).expect("a variance in range")
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
