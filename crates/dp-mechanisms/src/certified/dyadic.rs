//! Exact values of `f64` numbers, and exact ratios of them.

use super::interval::Interval;
use core::cmp::Ordering;
use num_bigint::BigInt;

/// The number `numerator · 2^exponent`.
#[derive(Clone, Debug)]
pub(crate) struct Dyadic {
    numerator: BigInt,
    exponent: i64,
}

impl Dyadic {
    /// The exact value of a finite float.
    pub(crate) fn from_f64(x: f64) -> Self {
        assert!(x.is_finite(), "only finite floats have a value");
        let bits = x.to_bits();
        let field = (bits >> 52 & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let (magnitude, exponent) =
            if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
        let magnitude = BigInt::from(magnitude);
        Self { numerator: if x < 0.0 { -magnitude } else { magnitude }, exponent }
    }

    pub(crate) fn integer(n: impl Into<BigInt>) -> Self {
        Self { numerator: n.into(), exponent: 0 }
    }

    pub(crate) fn numerator(&self) -> &BigInt {
        &self.numerator
    }

    pub(crate) fn exponent(&self) -> i64 {
        self.exponent
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        Self { numerator: &self.numerator * &other.numerator, exponent: self.exponent + other.exponent }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self { numerator: self.aligned(exponent) + other.aligned(exponent), exponent }
    }

    /// The numerator relative to an exponent that is not larger.
    fn aligned(&self, exponent: i64) -> BigInt {
        &self.numerator << (self.exponent - exponent).unsigned_abs()
    }

    /// Times `2ᵏ`.
    pub(crate) fn doubled(&self, k: i64) -> Self {
        Self { numerator: self.numerator.clone(), exponent: self.exponent + k }
    }

    /// Enclosure of `self / divisor` for a positive divisor.
    pub(crate) fn over(&self, divisor: &Self, precision: u64) -> Interval {
        let shift = self.exponent - divisor.exponent;
        if shift >= 0 {
            Interval::ratio(&(&self.numerator << shift.unsigned_abs()), &divisor.numerator, precision)
        } else {
            Interval::ratio(&self.numerator, &(&divisor.numerator << shift.unsigned_abs()), precision)
        }
    }

    /// Enclosure of the number itself; exact where `precision` reaches its last bit.
    pub(crate) fn at(&self, precision: u64) -> Interval {
        self.over(&Self::integer(1), precision)
    }
}

impl PartialEq for Dyadic {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Dyadic {
    /// By value.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let exponent = self.exponent.min(other.exponent);
        Some(self.aligned(exponent).cmp(&other.aligned(exponent)))
    }
}
