//! Intervals of `f64` that are rounded outward: fast, and never too narrow.
//!
//! The crate's inequalities are decided here. `+ − × ÷` are correctly rounded by IEEE 754, so that one step outward on
//! each side encloses the exact result; `exp` and `ln` are in [`elementary`].

mod elementary;

use core::ops::{Add, Div, Mul, Neg, Sub};

/// The set `[lo, hi]`, both ends included. Ends may be infinite; NaN never leaves a sum, product or quotient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Enclosure {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
}

impl Enclosure {
    pub(crate) const fn new(lo: f64, hi: f64) -> Self {
        Self { lo, hi }
    }

    /// The set of one number.
    pub(crate) const fn point(x: f64) -> Self {
        Self { lo: x, hi: x }
    }

    /// `1 − self`.
    pub(crate) fn complement(self) -> Self {
        Self::point(1.0) - self
    }

    /// The part of the set between 0 and 1, for a quantity that is known to be a probability.
    pub(crate) fn probability(self) -> Self {
        Self::new(self.lo.clamp(0.0, 1.0), self.hi.clamp(0.0, 1.0))
    }

    /// `{eˣ}`.
    pub(crate) fn exp(self) -> Self {
        self.rising(elementary::exp)
    }

    /// `{ln x}`; the part below zero counts as zero, whose logarithm is −∞.
    pub(crate) fn ln(self) -> Self {
        self.rising(elementary::ln)
    }

    /// From the least of these computed numbers to the largest, one step outward; everything if one is not a number, as
    /// `0·∞` and `∞ − ∞` are.
    fn around<const N: usize>(numbers: [f64; N]) -> Self {
        if numbers.iter().any(|x| x.is_nan()) {
            return Self::new(f64::NEG_INFINITY, f64::INFINITY);
        }
        let least = numbers.into_iter().fold(f64::INFINITY, f64::min);
        let largest = numbers.into_iter().fold(f64::NEG_INFINITY, f64::max);
        Self::new(least.next_down(), largest.next_up())
    }

    /// The image under a rising function.
    fn rising(self, function: fn(f64) -> Self) -> Self {
        let lower = function(self.lo);
        if self.lo == self.hi { lower } else { Self::new(lower.lo, function(self.hi).hi) }
    }
}

impl Add for Enclosure {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::around([self.lo + other.lo, self.hi + other.hi])
    }
}

impl Neg for Enclosure {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(-self.hi, -self.lo)
    }
}

impl Sub for Enclosure {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Enclosure {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::around([self.lo * other.lo, self.lo * other.hi, self.hi * other.lo, self.hi * other.hi])
    }
}

impl Div for Enclosure {
    type Output = Self;

    /// For a divisor above zero.
    fn div(self, other: Self) -> Self {
        debug_assert!(other.lo > 0.0, "divisors are positive");
        Self::around([self.lo / other.lo, self.lo / other.hi, self.hi / other.lo, self.hi / other.hi])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;

    /// `x·2¹⁰⁷⁴`, exactly.
    fn exact(x: f64) -> BigInt {
        let mantissa = BigInt::from((x.to_bits() & ((1 << 52) - 1)) | (1 << 52));
        assert!(x.is_normal());
        let shifted = mantissa << ((x.to_bits() >> 52 & 0x7ff) - 1);
        if x < 0.0 { -shifted } else { shifted }
    }

    #[test]
    fn operations_hold_the_exact_result() {
        let numbers = [1.0, -0.1, 3.0, 1.0 / 3.0, -7e5, 1e-3];
        for (a, b) in numbers.iter().flat_map(|a| numbers.iter().map(move |b| (*a, *b))) {
            let (left, right) = (Enclosure::point(a), Enclosure::point(b));
            let (sum, product) = (left + right, left * right);
            let exact_sum = exact(a) + exact(b);
            if sum.lo.is_normal() && sum.hi.is_normal() {
                assert!(exact(sum.lo) <= exact_sum && exact_sum <= exact(sum.hi), "{a} + {b}");
            }
            let exact_product = exact(a) * exact(b);
            let scale = |x: f64| exact(x) << 1074_u32;
            assert!(scale(product.lo) <= exact_product && exact_product <= scale(product.hi), "{a} · {b}");
            if b > 0.0 {
                // q ≤ a/b exactly if q·b ≤ a
                let quotient = left / right;
                let times = |q: f64| exact(q) * exact(b);
                let target = exact(a) << 1074_u32;
                assert!(times(quotient.lo) <= target && target <= times(quotient.hi), "{a} / {b}");
            }
        }
    }

    #[test]
    fn products_of_sets_of_both_signs_hold_every_corner() {
        let product = Enclosure::new(-2.0, 3.0) * Enclosure::new(-5.0, 7.0);
        assert!(product.lo <= -15.0 && product.hi >= 21.0 && product.hi < 21.1);
    }

    #[test]
    fn what_is_not_a_number_is_anything() {
        let [zero, infinity] = [0.0, f64::INFINITY].map(Enclosure::point);
        let everything = Enclosure::new(f64::NEG_INFINITY, f64::INFINITY);
        for result in [zero * infinity, infinity * zero, infinity - infinity, infinity / infinity] {
            assert_eq!(result, everything);
        }
        assert_eq!(Enclosure::new(0.0, 1.0) * Enclosure::new(2.0, f64::INFINITY), everything);
        assert_eq!(Enclosure::point(f64::NAN) + zero, everything);
    }

    #[test]
    fn probabilities_stay_between_zero_and_one() {
        assert_eq!(Enclosure::new(-1e-20, 1.5).probability(), Enclosure::new(0.0, 1.0));
    }
}
