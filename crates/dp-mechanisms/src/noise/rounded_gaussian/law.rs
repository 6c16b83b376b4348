//! Probabilities of the rounded Gaussian, with certified bounds.

use super::{
    RoundedGaussian,
    exact::{boundary, is_far},
};
use crate::{
    certified::{
        ball::{self, Ball},
        dyadic::Dyadic,
        interval::Interval,
        mills::upper_tail,
        scaled::Scaled,
    },
    noise::law::{self, Enclosure, Law, Quick, is_above, negligible},
};
use num_bigint::BigInt;

impl RoundedGaussian {
    /// `Q((k + 1/2)/σ)` for `k ≥ 0`.
    fn beyond(&self, k: i128, precision: u64) -> Scaled {
        let z = boundary(k, &self.sigma, precision);
        if is_far(&z) { negligible(precision) } else { upper_tail(&z) }
    }

    /// The same as a ball.
    fn quick_beyond(&self, k: i128) -> Option<Ball> {
        let z =
            Ball::integer(i64::try_from(2 * k + 1).ok()?).doubled(-1) / Ball::from_f64(self.noise_std.get());
        (z.magnitude() <= 15).then(|| ball::upper_tail(z))
    }
}

/// The convolution of a Gaussian with a uniform density is log-concave (Prékopa), and so is its restriction to the
/// integers.
impl Law for RoundedGaussian {
    fn tail(&self, k: i128, precision: u64) -> Enclosure {
        Enclosure(self.beyond(k, precision))
    }

    /// `Φ((k + 1/2)/σ) − Φ((k − 1/2)/σ)`.
    fn mass(&self, k: i128, precision: u64) -> Enclosure {
        let magnitude = k.abs();
        let outer = self.beyond(magnitude, precision);
        Enclosure(if magnitude == 0 {
            outer.times(&Interval::integer(2, precision)).complement()
        } else {
            self.beyond(magnitude - 1, precision).minus(&outer).normalized()
        })
    }

    fn quick_tail(&self, k: i128) -> Option<Quick> {
        self.quick_beyond(k).map(Quick)
    }

    fn quick_mass(&self, k: i128) -> Option<Quick> {
        let magnitude = k.abs();
        let outer = self.quick_beyond(magnitude)?;
        Some(Quick(if magnitude == 0 {
            Ball::integer(1) - outer.doubled(1)
        } else {
            self.quick_beyond(magnitude - 1)? - outer
        }))
    }

    /// `P(k)/P(k − shift)` averages `e^{(shift² − 2x·shift)/2σ²}` over `|x − k| ≤ 1/2`: both ends of that settle nearly
    /// all k, exactly.
    fn exceeds(&self, k: i128, shift: u64, epsilon: f64) -> Option<bool> {
        let neighbour = k - i128::from(shift);
        if epsilon == 0.0 {
            return Some(k.abs() < neighbour.abs()); // masses fall strictly on both sides of zero
        }
        let bound = self.sigma.times(&self.sigma).doubled(1).times(&Dyadic::from_f64(epsilon));
        let logarithm_above = |doubled_x: i128| {
            let shift = BigInt::from(shift);
            is_above(&shift * (&shift - doubled_x), &bound)
        };
        match (logarithm_above(2 * k + 1), logarithm_above(2 * k - 1)) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            (false, true) => law::exceeds(self, k, neighbour, epsilon),
        }
    }

    fn crossing(&self, shift: u64, epsilon: f64) -> f64 {
        let (shift, std) = (shift as f64, self.noise_std.get());
        shift / 2.0 - epsilon * std * (std / shift)
    }
}
