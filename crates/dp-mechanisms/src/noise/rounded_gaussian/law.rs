//! Probabilities of the rounded Gaussian, with certified bounds.

use super::{
    RoundedGaussian,
    exact::{boundary, is_far},
};
use crate::{
    certified::{interval::Interval, mills::upper_tail, scaled::Scaled},
    normal::tight_bounds,
};
use num_bigint::BigInt;

impl RoundedGaussian {
    /// Lower and upper bound of `P(K = k) = Φ((k + 1/2)/σ) − Φ((k − 1/2)/σ)`.
    pub(super) fn pmf(&self, k: i64) -> (f64, f64) {
        let magnitude = i64::try_from(k.unsigned_abs()).unwrap_or(i64::MAX);
        tight_bounds(None, |precision| {
            let outer = self.tail(magnitude, precision);
            if magnitude == 0 {
                return outer.times(&Interval::integer(2, precision)).complement();
            }
            self.tail(magnitude - 1, precision).minus(&outer).normalized()
        })
    }

    /// Lower and upper bound of `P(K ≤ k) = Φ((k + 1/2)/σ)`.
    pub(super) fn cdf(&self, k: i64) -> (f64, f64) {
        tight_bounds(None, |precision| {
            if k >= 0 { self.tail(k, precision).complement() } else { self.tail(-(k + 1), precision) }
        })
    }

    /// `Q((k + 1/2)/σ)` for `k ≥ 0`.
    fn tail(&self, k: i64, precision: u64) -> Scaled {
        let z = boundary(k, &self.sigma, precision);
        if is_far(&z) {
            return Scaled::new(Interval::new(BigInt::ZERO, BigInt::from(1), precision), -(1 << 38));
        }
        upper_tail(&z)
    }
}
