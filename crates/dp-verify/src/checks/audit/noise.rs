//! Noise that is exact by integers, made here so that mechanisms under audit depend on no library.

use dp_mechanisms::{NoiseStd, RoundedGaussian};
use rand::{CryptoRng, RngExt};

/// True with probability `numerator/denominator`.
pub(super) fn bernoulli(numerator: u32, denominator: u32, rng: &mut dyn CryptoRng) -> bool {
    rng.random_range(0..denominator) < numerator
}

/// Failures before the first success: `P(k) = (1 − r)rᵏ` with `r = numerator/denominator`.
pub(super) fn geometric(numerator: u32, denominator: u32, rng: &mut dyn CryptoRng) -> i64 {
    let mut failures = 0;
    while bernoulli(numerator, denominator, rng) {
        failures += 1;
    }
    failures
}

/// `P(k) = (1 − r)/(1 + r)·r^|k|` (the discrete Laplace law): the difference of two geometric numbers. A shift by one
/// costs `ln 1/r`.
pub(super) fn two_sided(numerator: u32, denominator: u32, rng: &mut dyn CryptoRng) -> i64 {
    geometric(numerator, denominator, rng) - geometric(numerator, denominator, rng)
}

/// Bounds of the probabilities of [`two_sided`] noise.
pub(super) fn two_sided_law(numerator: u32, denominator: u32) -> impl Fn(i64) -> (f64, f64) {
    let r = f64::from(numerator) / f64::from(denominator);
    // |k| + 3 roundings, of 2⁻⁵³ each
    move |k| {
        let mass = (1.0 - r) / (1.0 + r) * r.powi(k.unsigned_abs() as i32);
        let slack = mass * (k.unsigned_abs() as f64 + 8.0) * f64::EPSILON;
        (mass - slack, mass + slack)
    }
}

pub(super) fn rounded_gaussian(std: f64) -> RoundedGaussian {
    RoundedGaussian::new(NoiseStd::new(std).expect("positive")).expect("supported")
}
