//! The same sums in balls of 126 bits, with σ's constants kept: microseconds instead of tens of them.
//!
//! Where a ball is too wide or an argument out of its range, the long intervals of [`tail`](super::tail) go on.

use crate::certified::ball::{Ball, density, exp, mills};
use crate::certified::power_of_two;
use std::sync::LazyLock;

/// Coefficients of the expansion that are tried.
const TERMS: usize = 14;
/// Terms below `2^NEGLIGIBLE` of the sum end it.
const NEGLIGIBLE: i64 = -120;

/// `d_i`, from `1 = (Σ d_i t^{2i})·(Σ t^{2j}/4ʲ(2j + 1)!)`, `i = 1 … TERMS`.
static COEFFICIENTS: LazyLock<Vec<Ball>> = LazyLock::new(|| {
    let (mut inverse, mut all) = (vec![Ball::integer(1)], vec![Ball::integer(1)]);
    for i in 1..=TERMS {
        inverse.push(inverse[i - 1].over((8 * i * (2 * i + 1)) as u64));
        let sum = inverse[1..].iter().rev().zip(&all).fold(Ball::ZERO, |sum, (&a, &b)| sum + a * b);
        all.push(-sum);
    }
    all.split_off(1)
});

/// σ and what every evaluation needs of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quick {
    value: f64,
    sigma: Ball,
    /// `1/σ²`.
    inverse_square: Ball,
    /// `1/Σ_j e^{−j²/2σ²}`.
    center: Ball,
    /// `1/Σ_n e^{−2π²σ²n²}`, for `σ ≥ 1`.
    dual: Ball,
}

impl Quick {
    /// For `2⁻¹⁰ ≤ σ ≤ 2⁵⁰`.
    pub(super) fn new(value: f64) -> Option<Self> {
        if value < power_of_two(-10) {
            return None;
        }
        let (sigma, one) = (Ball::from_f64(value), Ball::integer(1));
        let inverse_square = one / (sigma * sigma);
        let (dual, center) = if value < 1.0 {
            (one, one / lattice_sum(inverse_square.doubled(-1)))
        } else {
            let share = density(Ball::ZERO) / sigma; // 1/σ√(2π)
            let root = density(Ball::ZERO) * share; // 1/2πσ
            let dual = one / lattice_sum((one / (root * root)).doubled(-1));
            (dual, share * dual)
        };
        Some(Self { value, sigma, inverse_square, center, dual })
    }

    /// `P(K = k)`.
    pub(super) fn mass(&self, k: i128) -> Option<Ball> {
        Some(self.weight(k)? * self.center)
    }

    /// `e^{−k²/2σ²}`.
    fn weight(&self, k: i128) -> Option<Ball> {
        let k = integer(k)?;
        power((k * k * self.inverse_square).doubled(-1))
    }

    /// `P(K > k)` for `k ≥ 0`.
    pub(super) fn tail(&self, k: i128) -> Option<Ball> {
        let expands = self.value >= 16.0 && (k as f64 + 0.5) <= self.value * self.value / 2.0;
        if expands { self.by_expansion(k) } else { self.by_sum(k) }
    }

    fn by_sum(&self, k: i128) -> Option<Ball> {
        let ratio = power((integer(2 * k + 3)? * self.inverse_square).doubled(-1))?;
        let sum = series(ratio, power(self.inverse_square)?);
        Some(self.weight(k + 1)? * sum * self.center)
    }

    /// As [`Sigma::by_expansion`](super::tail::Sigma::by_expansion).
    fn by_expansion(&self, k: i128) -> Option<Ball> {
        let position = integer(2 * k + 1)?.doubled(-1);
        let z = position / self.sigma;
        if z.magnitude() > 15 {
            return None;
        }
        let mills = mills(z);
        let slope = position * self.inverse_square;
        let start = Ball::integer(1) / self.sigma;
        let (mut signed, mut positive) = ([Ball::ZERO, start], [Ball::ZERO, start]);
        let mut integral = mills;
        let mut scale = Ball::integer(4); // 4/39ⁱ
        let mut bracket = mills;
        for (i, &coefficient) in (1_i64..).zip(COEFFICIENTS.iter()) {
            signed = self.step(signed, slope, 2 - 2 * i);
            positive = self.step(positive, slope, 2 * i - 2);
            bracket = bracket + coefficient * signed[1];
            integral = positive[1] + integral * self.inverse_square * Ball::integer(4 * i - 2);
            scale = scale.over(39);
            let rest = integral * scale;
            if i as usize == TERMS || rest.magnitude() < bracket.magnitude() + NEGLIGIBLE {
                return Some(density(z) * bracket.widened(rest) * self.dual);
            }
            signed = self.step(signed, slope, 1 - 2 * i);
            positive = self.step(positive, slope, 2 * i - 1);
        }
        None
    }

    /// From `[u_{n−1}, u_n]` to `[u_n, u_{n+1}]`, `u_{n+1} = (z/σ)·u_n + (±n/σ²)·u_{n−1}`.
    fn step(&self, [older, last]: [Ball; 2], slope: Ball, signed_n: i64) -> [Ball; 2] {
        [last, slope * last + self.inverse_square * Ball::integer(signed_n) * older]
    }
}

/// An integer that a ball holds exactly.
fn integer(n: i128) -> Option<Ball> {
    i64::try_from(n).ok().map(Ball::integer)
}

/// `e^{−x}` for `x ≥ 0` where the exponent is in range.
fn power(x: Ball) -> Option<Ball> {
    (x.magnitude() < 31).then(|| exp(-x))
}

/// `Σ_j e^{−cj²}`, all integers j, for `c ≥ 1/2`.
fn lattice_sum(c: Ball) -> Ball {
    let half = match (power(c), power(c.doubled(1))) {
        (Some(ratio), Some(step)) => series(ratio, step),
        _ => Ball::integer(1).widened(Ball::integer(1).doubled(-200)), // c ≥ 2²⁹
    };
    half.doubled(1) - Ball::integer(1)
}

/// `1 + r + r·rs + r·rs·rs² + …` for `0 ≤ r, s ≤ 1`.
fn series(mut ratio: Ball, step: Ball) -> Ball {
    let slow = Ball::integer(3).doubled(-2);
    let (mut term, mut sum) = (Ball::integer(1), Ball::ZERO);
    while term.magnitude() >= NEGLIGIBLE || ratio.compare(slow) != Some(core::cmp::Ordering::Less) {
        sum = sum + term;
        term = term * ratio;
        ratio = ratio * step;
    }
    sum.widened(term.doubled(2))
}

#[cfg(test)]
mod tests {
    use super::super::tail::Sigma;
    use super::*;

    #[test]
    fn balls_are_tight_and_overlap_the_long_intervals() {
        for sigma in [0.01, 0.3, 0.99, 1.0, 2.7, 15.9, 16.0, 40.0, 1e3, 1e6, 2.0_f64.powi(50)] {
            let (quick, long) = (Quick::new(sigma).unwrap(), Sigma::new(sigma));
            for multiple in [0.0, 0.5, 2.0, 7.9, 8.1, 30.0, 1000.0] {
                let k = (multiple * sigma) as i128;
                let Some(tail) = quick.tail(k) else { continue };
                let mass = quick.mass(k).unwrap();
                assert!(tail.is_tight(75) && mass.is_tight(75), "σ = {sigma}, k = {k}");
                let long_mass = long.weight(k, 192).product(&long.center(192));
                for (ball, interval) in [(tail, long.tail(k, 192)), (mass, long_mass)] {
                    let ((a, b), (c, d)) = (ball.to_bounds(), interval.to_bounds());
                    assert!(a <= d && c <= b, "σ = {sigma}, k = {k}: {a} … {b} against {c} … {d}");
                }
            }
        }
    }
}
