//! From floats and intervals, and outward to floats.

use super::Ball;
use super::arithmetic::length;
use crate::certified::power_of_two;
use crate::certified::{dyadic::Dyadic, interval::Interval};

impl Ball {
    /// The exact value of a finite float.
    pub(crate) fn from_f64(x: f64) -> Self {
        assert!(x.is_finite(), "only finite floats have a value");
        let bits = x.to_bits();
        let field = (bits >> 52 & 0x7ff) as i64;
        let fraction = i128::from(bits & ((1 << 52) - 1));
        let (magnitude, exponent) =
            if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
        Self::new(if x < 0.0 { -magnitude } else { magnitude }, 0, exponent)
    }

    /// The exact value, or a ball around it if it has more than 126 bits.
    pub(crate) fn from_dyadic(x: &Dyadic) -> Self {
        let excess = x.numerator().bits().saturating_sub(126);
        let mantissa = i128::try_from(x.numerator() >> excess).expect("126 bits and a sign are left");
        Self::new(mantissa, u128::from(excess > 0), x.exponent() + excess as i64)
    }

    /// A ball that holds the interval, for constants of magnitude about one.
    pub(super) fn from_interval(interval: &Interval) -> Self {
        let narrow = interval.with_precision(124);
        let end = |n| i128::try_from(n).expect("constants are below two");
        let (lo, hi) = (end(narrow.lo()), end(narrow.hi()));
        Self::new(lo, (hi - lo).unsigned_abs(), -124)
    }

    /// Largest `f64` at most every element, smallest `f64` at least every element.
    pub(crate) fn to_bounds(self) -> (f64, f64) {
        let radius = i128::from(self.radius);
        (
            round_down(self.mantissa - radius, self.exponent),
            -round_down(-(self.mantissa + radius), self.exponent),
        )
    }

    /// The centre as `(m, e)`, `m·2ᵉ` with `1 ≤ |m| ≤ 2`, for steering only; zero is `(0, 0)`.
    pub(crate) fn approximate(self) -> (f64, i64) {
        if self.mantissa == 0 {
            return (0.0, 0);
        }
        let below = i64::from(length(self.mantissa.unsigned_abs())) - 1;
        (self.mantissa as f64 / (1_u128 << below) as f64, self.exponent + below)
    }

    /// The centre, to nearest if it is between `2^±1000`: off from the value by half a unit and the radius. With a radius below `2⁻⁶⁰` of
    /// the value that is `1 + 2⁻⁶` half units; with one below `2⁻¹⁰⁰` of it, `1 + 2⁻⁴⁶`.
    pub(crate) fn to_f64(self) -> f64 {
        let (m, e) = self.approximate();
        m * power_of_two(e.clamp(-1000, 1000) as i32)
    }
}

const SMALLEST_EXPONENT: i64 = -1074;

/// Largest `f64` that is at most `n·2^exponent`; −∞ below the range.
fn round_down(n: i128, exponent: i64) -> f64 {
    if n >= 0 {
        rounded(n.unsigned_abs(), exponent, f64::MAX, |n, k| n >> k)
    } else {
        -rounded(n.unsigned_abs(), exponent, f64::INFINITY, |n, k| {
            (n >> k) + u128::from(n & ((1 << k) - 1) != 0)
        })
    }
}

/// `n·2^exponent` rounded by `right` where bits are dropped; `beyond` above the range.
fn rounded(n: u128, exponent: i64, beyond: f64, right: fn(u128, u32) -> u128) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let magnitude = i64::from(length(n)) - 1 + exponent;
    if magnitude > 1023 {
        return beyond;
    }
    let quantum = (magnitude - 52).max(SMALLEST_EXPONENT);
    let drop = quantum - exponent;
    let m = match drop {
        ..=0 => n << -drop,
        1..=127 => right(n, drop as u32),
        // far below the smallest float: whatever one bit there rounds to
        _ => right(1, 1),
    };
    // the exponent field counts quanta, and a carry out of the mantissa lands in it
    f64::from_bits((((quantum - SMALLEST_EXPONENT) as u64) << 52) + m as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::scaled::Scaled;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_agrees_with_that_of_long_integers(n in any::<i128>(), drop in 0_u32..127, exponent in -1300_i64..1000) {
            let n = n >> 1 >> drop;
            let point = Scaled::new(Interval::point(BigInt::from(n), 0), exponent);
            prop_assert_eq!((round_down(n, exponent), -round_down(-n, exponent)), point.to_bounds());
        }

        #[test]
        fn a_float_comes_back_as_itself(x in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
            prop_assert_eq!(Ball::from_f64(x).to_bounds(), (x, x));
        }
    }

    #[test]
    fn steering_values_are_near() {
        let (m, e) = Ball::integer(-20).approximate();
        assert_eq!((m, e), (-1.25, 4));
        assert_eq!(Ball::integer(1).over(3).to_f64(), 1.0 / 3.0);
    }
}
