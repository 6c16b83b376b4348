//! `e^{−εd/s}` for numbers that are given exactly.

use crate::certified::{
    ball::{self, Ball},
    dyadic::Dyadic,
    elementary::exp,
    interval::Interval,
    scaled::Scaled,
};
use crate::noise::law::negligible;
use num_bigint::BigInt;

/// Exponents from `2³¹` on are left to long intervals, or to the bound `2^{−2³⁰}`.
const QUICK_BITS: i64 = 31;
/// Exponents beyond `2^FAR_BITS` are not evaluated: `e^{−2³⁹}` is below every float.
const FAR_BITS: u64 = 39;

/// The function `d ↦ e^{−εd/s}` of distances `d ≥ 0`, with ε and the spread `s > 0` given exactly.
#[derive(Clone, Debug)]
pub(crate) struct Decay {
    epsilon: Dyadic,
    spread: Dyadic,
    /// `ε/s`.
    quick: Ball,
}

impl Decay {
    /// With the spread as an exact number and as a ball around it.
    pub(crate) fn new(epsilon: f64, spread: Dyadic, quick_spread: Ball) -> Self {
        Self { epsilon: Dyadic::from_f64(epsilon), spread, quick: Ball::from_f64(epsilon) / quick_spread }
    }

    /// As a ball; very small where the exponent is large.
    pub(crate) fn quick(&self, distance: Ball) -> Ball {
        let exponent = self.quick * distance;
        if exponent.magnitude() <= QUICK_BITS {
            return ball::exp(-exponent);
        }
        Ball::ZERO.widened(Ball::dyadic(1, -1 << 30))
    }

    /// With relative precision.
    pub(crate) fn scaled(&self, distance: &Dyadic, precision: u64) -> Scaled {
        let exponent = self.exponent(distance, precision);
        if exponent.lo().bits() > precision + FAR_BITS { negligible(precision) } else { exp(&-&exponent) }
    }

    /// With absolute precision.
    pub(crate) fn fixed(&self, distance: &Dyadic, precision: u64) -> Interval {
        let exponent = self.exponent(distance, precision);
        if exponent.lo() >> precision >= BigInt::from(precision) {
            return Interval::new(BigInt::ZERO, 1.into(), precision); // e^{−p} < 2^{−p}
        }
        exp(&-&exponent).to_fixed()
    }

    /// `εd/s`.
    fn exponent(&self, distance: &Dyadic, precision: u64) -> Interval {
        self.epsilon.times(distance).over(&self.spread, precision)
    }
}
