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
    /// Lower and upper bound of `P(K = k) = Φ((k + 1/2)/σ) − Φ((k − 1/2)/σ)`; at most one `f64` lies strictly between them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, rounded_gaussian::RoundedGaussian};
    ///
    /// let noise = RoundedGaussian::new(NoiseStd::new(2.0)?)?;
    /// let (lower, upper) = noise.pmf_bounds(0);
    /// assert!(lower <= 0.197_412_651_365_847_5 && 0.197_412_651_365_847_4 <= upper);
    /// assert_eq!(noise.pmf_bounds(-7), noise.pmf_bounds(7));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn pmf_bounds(&self, k: i64) -> (f64, f64) {
        let magnitude = i64::try_from(k.unsigned_abs()).unwrap_or(i64::MAX);
        tight_bounds(|precision| {
            let outer = self.tail(magnitude, precision);
            if magnitude == 0 {
                return outer.times(&Interval::integer(2, precision)).complement();
            }
            self.tail(magnitude - 1, precision).minus(&outer).normalized()
        })
    }

    /// Lower and upper bound of `P(K ≤ k) = Φ((k + 1/2)/σ)`; at most one `f64` lies strictly between them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, normal, rounded_gaussian::RoundedGaussian};
    ///
    /// let noise = RoundedGaussian::new(NoiseStd::new(2.0)?)?;
    /// assert_eq!(noise.cdf_bounds(1), normal::cdf_bounds(0.75));
    /// assert_eq!(noise.cdf_bounds(-2), normal::cdf_bounds(-0.75));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn cdf_bounds(&self, k: i64) -> (f64, f64) {
        tight_bounds(|precision| {
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
