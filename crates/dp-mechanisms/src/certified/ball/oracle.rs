//! Comparison with intervals of arbitrary length, for tests.

use super::Ball;
use crate::certified::scaled::Scaled;
use num_bigint::BigInt;

/// Whether ball and interval have a number in common.
pub(super) fn overlap(ball: Ball, interval: &Scaled) -> bool {
    let (radius, shift) = (BigInt::from(ball.radius), ball.exponent);
    let (low, high) = (BigInt::from(ball.mantissa) - &radius, BigInt::from(ball.mantissa) + radius);
    interval.overlaps(&low, &high, shift)
}
