//! Masses on a grid.

use super::buffer::Buffer;
use super::weights::{Rate, WEIGHT_ERROR};
use crate::certified::ball::{self, Ball};

/// Masses below this are not worth a weight.
const DUST: f64 = 1e-270;

/// Masses of P at consecutive points, and what P has where Q has nothing. They need not sum to one.
#[derive(Clone, Debug)]
pub(crate) struct Masses {
    first: i64,
    values: Buffer,
    infinity: f64,
}

/// Masses times an exponential weight, divided so that they sum to about one.
#[derive(Clone, Debug)]
pub(super) struct Tilted {
    pub(super) first: i64,
    pub(super) values: Buffer,
    /// A mass at k is `value·scale·weight(reference − k)`.
    pub(super) scale: f64,
    pub(super) reference: i64,
}

/// In which direction rounding errors go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Results are not below the true ones.
    Above,
    /// Results are not above the true ones.
    Below,
}

impl Side {
    /// `x(1 ± error)`.
    pub(super) fn slackened(self, x: f64, error: f64) -> f64 {
        match self {
            Self::Above => x * (1.0 + error),
            Self::Below => x * (1.0 - error),
        }
    }
}

impl Masses {
    /// No mass at the points of a range, ends included; an empty range is one point.
    pub(super) fn zeros((first, last): (i64, i64)) -> Self {
        let (first, last) = if first <= last { (first, last) } else { (0, 0) };
        Self { first, values: Buffer::zeros((last - first + 1) as usize), infinity: 0.0 }
    }

    /// Done: with the mass at infinity, and without the masses whose weights could leave the range of `f64`. These go to
    /// infinity if the result is to be above, and nowhere otherwise.
    pub(super) fn finished(mut self, infinity: f64, side: Side) -> Self {
        let mut dust = 0;
        for mass in self.values.iter_mut().filter(|mass| **mass < DUST && **mass > 0.0) {
            *mass = 0.0;
            dust += 1;
        }
        let moved = if side == Side::Above { f64::from(dust) * DUST } else { 0.0 };
        Self { infinity: side.slackened(infinity + moved, f64::EPSILON), ..self }
    }

    pub(super) fn first(&self) -> i64 {
        self.first
    }

    pub(super) fn last(&self) -> i64 {
        self.first + self.values.len() as i64 - 1
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn infinity(&self) -> f64 {
        self.infinity
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn add(&mut self, k: i64, mass: f64) {
        self.values[(k - self.first) as usize] += mass;
    }

    pub(super) fn scale(&mut self, factor: f64) {
        for mass in self.values.iter_mut() {
            *mass *= factor;
        }
    }

    /// Where the weighted mass is largest, up to a factor of two or so.
    fn reference(&self, rate: Rate) -> i64 {
        let exponent = |mass: f64| (mass.to_bits() >> 52) as f64;
        let score = |(mass, k): (&f64, i64)| (exponent(*mass) + rate.log2_weight(k), k);
        let places = self.values.iter().zip(self.first..).filter(|(mass, _)| **mass > 0.0).map(score);
        places.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(self.first, |(_, k)| k)
    }

    /// Tilts by a rate, rounding to one side.
    pub(super) fn tilted(&self, rate: Rate, side: Side) -> Tilted {
        let reference = self.reference(rate);
        let mut values = Buffer::zeros(self.values.len());
        // a product below the range is not nothing
        let least = if side == Side::Above { f64::MIN_POSITIVE } else { 0.0 };
        rate.for_each_block((self.first, values.len()), reference, |at, weights| {
            for ((value, mass), weight) in values[at.clone()].iter_mut().zip(&self.values[at]).zip(weights) {
                *value = if *mass > 0.0 { (mass * weight).max(least) } else { 0.0 };
            }
        });
        let scale = values.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        // weight, product, division
        let error = 2.0 * WEIGHT_ERROR + 4.0 * f64::EPSILON;
        for value in values.iter_mut() {
            *value = side.slackened(*value / scale, error);
        }
        Tilted { first: self.first, values, scale, reference }
    }

    /// An upper bound of `ln Σ mass·weight`.
    pub(super) fn ln_moment(&self, rate: Rate) -> Ball {
        let reference = self.reference(rate);
        let mut sum = 0.0;
        rate.for_each_block((self.first, self.values.len()), reference, |at, weights| {
            let terms = self.values[at].iter().zip(weights);
            sum += terms.map(|(mass, weight)| if *mass > 0.0 { mass * weight } else { 0.0 }).sum::<f64>();
        });
        // every addition rounds; products below the range are at most as many smallest numbers
        let error = 2.0 * WEIGHT_ERROR + (self.values.len() + 4) as f64 * f64::EPSILON;
        let sum = sum * (1.0 + error) + self.values.len() as f64 * f64::MIN_POSITIVE;
        ball::ln(Ball::from_f64(sum)) + rate.ln_weight(reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masses() -> Masses {
        let mut masses = Masses::zeros((-3, 4));
        [0.1, 0.2, 0.0, 0.3, 0.25, 0.1, 1e-200, 0.05]
            .iter()
            .zip(-3..)
            .for_each(|(mass, k)| masses.add(k, *mass));
        masses
    }

    #[test]
    fn tilting_can_be_undone_from_both_sides() {
        for rate in [Rate::near(0.7), Rate::near(-40.0), Rate::ZERO, Rate::near(300.0)] {
            for side in [Side::Above, Side::Below] {
                let tilted = masses().tilted(rate, side);
                assert!((tilted.values.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                for ((value, mass), k) in tilted.values.iter().zip(masses().values()).zip(-3..) {
                    let back = Ball::from_f64(*value)
                        * Ball::from_f64(tilted.scale)
                        * ball::exp(rate.ln_weight(tilted.reference - k));
                    let order = back.compare(Ball::from_f64(*mass));
                    let sound = match side {
                        Side::Above => order.is_none_or(core::cmp::Ordering::is_ge),
                        Side::Below => order.is_none_or(core::cmp::Ordering::is_le),
                    };
                    assert!(sound, "{rate:?} {side:?} {k}");
                }
            }
        }
    }

    #[test]
    fn moments_are_bounded_from_above_and_closely() {
        for exponent in [0.3, -2.0, 0.0] {
            let exact = masses()
                .values()
                .iter()
                .zip(-3..)
                .map(|(mass, k)| mass * (exponent * f64::from(k)).exp())
                .sum::<f64>();
            let bound = masses().ln_moment(Rate::near(exponent)).to_f64();
            // the rate is rounded to 2⁻³²
            assert!((bound - exact.ln()).abs() < 1e-8, "{exponent}");
        }
    }
}
