//! Probabilities of the discrete Gaussian, with certified bounds.

use super::DiscreteGaussian;
use crate::certified::dyadic::Dyadic;
use crate::noise::law::{Enclosure, Law, Quick, is_above};
use num_bigint::BigInt;

/// `ln P` is concave.
impl Law for DiscreteGaussian {
    fn tail(&self, k: i128, precision: u64) -> Enclosure {
        Enclosure(self.sigma.tail(k, precision))
    }

    fn mass(&self, k: i128, precision: u64) -> Enclosure {
        Enclosure(self.sigma.weight(k, precision).product(&self.sigma.center(precision)).normalized())
    }

    fn quick_tail(&self, k: i128) -> Option<Quick> {
        self.quick?.tail(k).map(Quick)
    }

    fn quick_mass(&self, k: i128) -> Option<Quick> {
        self.quick?.mass(k).map(Quick)
    }

    /// `shift² − 2k·shift > 2σ²ε`, between integers and an exactly known number.
    fn exceeds(&self, k: i128, shift: u64, epsilon: f64) -> Option<bool> {
        let shift = BigInt::from(shift);
        let gain = &shift * (&shift - 2 * BigInt::from(k));
        Some(is_above(gain, &self.sigma.twice_square().times(&Dyadic::from_f64(epsilon))))
    }

    fn crossing(&self, shift: u64, epsilon: f64) -> f64 {
        let (shift, std) = (shift as f64, self.noise_std.get());
        shift / 2.0 - epsilon * std * (std / shift)
    }
}
