//! Outward-rounded interval arithmetic, for certificates.

use core::ops::{Add, Mul, Neg, Sub};

/// A closed interval that holds the exact value.
///
/// Each operation rounds to nearest and then moves each end outward by one unit, which is more than the rounding.
/// An overflow makes an end infinite and an undefined product the whole line: wide, never wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Interval {
    pub(crate) const ZERO: Self = Self { low: 0.0, high: 0.0 };
    pub(crate) const ONE: Self = Self { low: 1.0, high: 1.0 };

    pub(crate) const fn exact(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// Everything within `radius ≥ 0` of zero.
    pub(crate) const fn around_zero(radius: f64) -> Self {
        Self { low: -radius, high: radius }
    }

    fn outward(low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() {
            return Self::around_zero(f64::INFINITY);
        }
        Self { low: low.next_down(), high: high.next_up() }
    }

    /// Largest absolute value.
    pub(crate) fn magnitude(self) -> f64 {
        self.high.max(-self.low)
    }

    /// From zero to the largest absolute value.
    pub(crate) fn absolute(self) -> Self {
        Self { low: 0.0, high: self.magnitude() }
    }

    /// The smallest interval with both.
    pub(crate) fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// A quotient by a positive number that is exact.
    pub(crate) fn over(self, divisor: f64) -> Self {
        Self::outward(self.low / divisor, self.high / divisor)
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::outward(self.low + other.low, self.high + other.high)
    }
}

impl Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self { low: -self.high, high: -self.low }
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b, c, d) =
            (self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high);
        if a.is_nan() || b.is_nan() || c.is_nan() || d.is_nan() {
            return Self::around_zero(f64::INFINITY);
        }
        Self::outward(a.min(b).min(c.min(d)), a.max(b).max(c.max(d)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_hold_the_exact_value() {
        let third = Interval::ONE.over(3.0);
        assert!(third.low < third.high);
        // 3·(1/3) = 1 in real arithmetic, whatever the rounding
        let one = third * Interval::exact(3.0);
        assert!(one.low <= 1.0 && 1.0 <= one.high && one.high - one.low < 1e-15);
        let product = Interval { low: -2.0, high: 3.0 } * Interval { low: -5.0, high: 1.0 };
        assert!(product.low <= -15.0 && product.high >= 10.0 && product.magnitude() < 15.1);
        assert!((Interval::ONE - Interval::ONE).hull(Interval::exact(-4.0)).low <= -4.0);
    }

    #[test]
    fn what_is_undefined_is_everything() {
        let all = Interval::exact(f64::INFINITY) * Interval::ZERO;
        assert_eq!((all.low, all.high), (f64::NEG_INFINITY, f64::INFINITY));
        let all = Interval::exact(f64::INFINITY) - Interval::exact(f64::INFINITY);
        assert_eq!((all.low, all.high), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
