//! Probabilities of the discrete Laplace law, with certified bounds.

use super::{DiscreteLaplace, exact::ratio};
use crate::certified::{dyadic::Dyadic, elementary::exp, interval::Interval, scaled::Scaled};
use crate::noise::law::{Enclosure, Law, is_above, negligible};

/// Bits by which work exceeds the precision asked for: `1 − q` cancels up to 51.
const GUARD: u64 = 64;
/// Exponents beyond `2^FAR_BITS` are not evaluated: `e^{−2³⁹}` is below every float.
const FAR_BITS: u64 = 39;

impl DiscreteLaplace {
    /// `q^k = e^{−k/b}` for `k ≥ 0`.
    fn power(&self, k: i128, precision: u64) -> Scaled {
        let exponent = Dyadic::integer(k).over(&self.exact_scale, precision);
        if exponent.lo().bits() > precision + FAR_BITS { negligible(precision) } else { exp(&-&exponent) }
    }
}

/// `P(k)² = P(k − 1)P(k + 1)` away from zero, and more at zero.
impl Law for DiscreteLaplace {
    /// `q^{k+1}/(1 + q)`.
    fn tail(&self, k: i128, precision: u64) -> Enclosure {
        let one = Interval::integer(1, precision);
        let share = &one / &(&one + &ratio(&self.exact_scale, precision));
        Enclosure(self.power(k + 1, precision).times(&share))
    }

    /// `q^|k|(1 − q)/(1 + q)`.
    fn mass(&self, k: i128, precision: u64) -> Enclosure {
        let work = precision + GUARD;
        let (one, q) = (Interval::integer(1, work), ratio(&self.exact_scale, work));
        let center = Scaled::new(&(&one - &q) / &(&one + &q), 0).normalized();
        Enclosure(self.power(k.abs(), work).product(&center).normalized().with_precision(precision))
    }

    /// `|k − shift| − |k| > εb`, between integers and an exactly known number.
    fn exceeds(&self, k: i128, shift: u64, epsilon: f64) -> Option<bool> {
        let gain = (k - i128::from(shift)).abs() - k.abs();
        Some(is_above(gain, &self.exact_scale.times(&Dyadic::from_f64(epsilon))))
    }

    fn crossing(&self, shift: u64, epsilon: f64) -> f64 {
        (shift as f64 - epsilon * self.noise_scale.get()) / 2.0
    }

    /// The ratio is largest at `k ≤ 0`.
    fn never_exceeds(&self, shift: u64, epsilon: f64) -> bool {
        self.exceeds(0, shift, epsilon) == Some(false)
    }
}
