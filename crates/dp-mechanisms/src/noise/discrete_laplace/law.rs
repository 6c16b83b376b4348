//! Probabilities of the discrete Laplace law, with certified bounds.

use super::{
    DiscreteLaplace,
    exact::{ratio, saturated},
};
use crate::certified::power_of_two;
use crate::certified::{
    ball::{self, Ball},
    dyadic::Dyadic,
    elementary::exp,
    interval::Interval,
    scaled::Scaled,
};
use crate::noise::law::{Enclosure, Law, Quick, is_above, negligible};
use rand::CryptoRng;

/// Bits by which work exceeds the precision asked for: `1 − q` cancels up to 51.
const GUARD: u64 = 64;
/// Exponents beyond `2^FAR_BITS` are not evaluated: `e^{−2³⁹}` is below every float.
const FAR_BITS: u64 = 39;

/// What evaluations in balls need of b.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants {
    scale: Ball,
    /// `1/(1 + q)`.
    share: Ball,
    /// `(1 − q)/(1 + q)`.
    center: Ball,
}

impl Constants {
    /// For `2⁻²⁰ ≤ b ≤ 2⁵⁰`.
    pub(super) fn new(scale: f64) -> Option<Self> {
        if scale < power_of_two(-20) {
            return None;
        }
        let (one, exact) = (Ball::integer(1), Ball::from_f64(scale));
        let q = ball::exp(-(one / exact));
        let share = one / (one + q);
        let center = if scale < 1024.0 { (one - q) * share } else { small_tanh(one / exact.doubled(1)) };
        Some(Self { scale: exact, share, center })
    }

    /// The constants and `q^k` for `k ≥ 0`.
    fn power(self, k: i128) -> Option<(Self, Ball)> {
        let exponent = Ball::integer(i64::try_from(k).ok()?) / self.scale;
        (exponent.magnitude() < 31).then(|| (self, ball::exp(-exponent)))
    }
}

/// `tanh y` for `0 < y ≤ 2⁻¹¹`: the series alternates, so that its error is below the first term left out, and
/// `1382/155925 < 1`.
fn small_tanh(y: Ball) -> Ball {
    let square = y * y;
    let coefficients =
        [(62, 2835), (-17, 315), (2, 15), (-1, 3), (1, 1)].map(|(n, d)| Ball::integer(n).over(d));
    let sum = coefficients.into_iter().fold(Ball::ZERO, |sum, c| sum * square + c);
    let error = square * square * square * square * square;
    y * sum.widened(error)
}

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

    fn quick_tail(&self, k: i128) -> Option<Quick> {
        self.quick?.power(k + 1).map(|(quick, power)| Quick(power * quick.share))
    }

    fn quick_mass(&self, k: i128) -> Option<Quick> {
        self.quick?.power(k.abs()).map(|(quick, power)| Quick(power * quick.center))
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

    fn sample_saturated<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64 {
        self.sample_with(saturated, rng)
    }

    fn fill_saturated<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R) {
        self.for_each(out, saturated, rng, |entry, noise| *entry = noise);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoiseScale;

    #[test]
    fn balls_are_tight_and_overlap_the_long_intervals() {
        for scale in [1e-5, 0.3, 1.0, 100.0, 1023.9, 1024.0, 1e6, 2.0_f64.powi(50)] {
            let law = DiscreteLaplace::new(NoiseScale::new(scale).unwrap()).unwrap();
            for multiple in [0.0, 0.5, 2.0, 40.0, 7000.0] {
                let k = (multiple * scale) as i128;
                let pairs = [(law.quick_tail(k), law.tail(k, 192)), (law.quick_mass(k), law.mass(k, 192))];
                for (quick, long) in pairs {
                    let ball = quick.unwrap().0;
                    let ((a, b), (c, d)) = (ball.to_bounds(), long.0.to_bounds());
                    assert!(ball.is_tight(75), "b = {scale}, k = {k}");
                    assert!(a <= d && c <= b, "b = {scale}, k = {k}: {a} … {b} against {c} … {d}");
                }
            }
        }
    }
}
