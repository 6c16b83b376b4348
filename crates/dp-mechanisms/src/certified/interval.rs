//! Intervals with fixed-point endpoints of arbitrary precision.

use core::ops::{Add, Div, Mul, Neg, Sub};
use num_bigint::{BigInt, Sign};

/// The set `[lo, hi]·2⁻ᵖ`, never empty.
///
/// Every operation returns a superset of the image of its arguments: lower ends are rounded down, upper ends up.
/// Operands of one operation have the same precision `p`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    lo: BigInt,
    hi: BigInt,
    precision: u64,
}

/// `⌊a / b⌋` for `b > 0`.
pub(crate) fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    debug_assert!(b.sign() == Sign::Plus, "divisors are positive here");
    let quotient = a / b;
    if a.sign() == Sign::Minus && &quotient * b != *a { quotient - 1 } else { quotient }
}

/// `⌈a / b⌉` for `b > 0`.
pub(crate) fn ceil_div(a: &BigInt, b: &BigInt) -> BigInt {
    -floor_div(&-a, b)
}

/// `⌊a·2⁻ᵏ⌋` (shifts of `BigInt` round towards −∞).
pub(crate) fn floor_shift(a: &BigInt, k: u64) -> BigInt {
    a >> k
}

/// `⌈a·2⁻ᵏ⌉`.
pub(crate) fn ceil_shift(a: &BigInt, k: u64) -> BigInt {
    -(&-a >> k)
}

impl Interval {
    /// `[lo, hi]·2⁻ᵖ`; the ends may come in either order.
    pub(crate) fn new(lo: BigInt, hi: BigInt, precision: u64) -> Self {
        if lo <= hi { Self { lo, hi, precision } } else { Self { lo: hi, hi: lo, precision } }
    }

    /// The number `n·2⁻ᵖ`.
    pub(crate) fn point(n: BigInt, precision: u64) -> Self {
        Self { lo: n.clone(), hi: n, precision }
    }

    /// The integer `n`.
    pub(crate) fn integer(n: i64, precision: u64) -> Self {
        Self::point(BigInt::from(n) << precision, precision)
    }

    /// The ratio `numerator / denominator`, `denominator > 0`.
    pub(crate) fn ratio(numerator: &BigInt, denominator: &BigInt, precision: u64) -> Self {
        let scaled = numerator << precision;
        Self { lo: floor_div(&scaled, denominator), hi: ceil_div(&scaled, denominator), precision }
    }

    pub(crate) fn lo(&self) -> &BigInt {
        &self.lo
    }

    pub(crate) fn hi(&self) -> &BigInt {
        &self.hi
    }

    pub(crate) fn precision(&self) -> u64 {
        self.precision
    }

    /// `hi − lo`, in units of `2⁻ᵖ`.
    pub(crate) fn width(&self) -> BigInt {
        &self.hi - &self.lo
    }

    /// `lo`, as an exact point.
    pub(crate) fn lower_end(&self) -> Self {
        Self::point(self.lo.clone(), self.precision)
    }

    pub(crate) fn is_positive(&self) -> bool {
        self.lo.sign() == Sign::Plus
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.hi.sign() == Sign::Minus
    }

    /// The same set (or a superset, when bits are dropped) at another precision.
    pub(crate) fn with_precision(&self, precision: u64) -> Self {
        if precision >= self.precision {
            let k = precision - self.precision;
            Self { lo: &self.lo << k, hi: &self.hi << k, precision }
        } else {
            let k = self.precision - precision;
            Self { lo: floor_shift(&self.lo, k), hi: ceil_shift(&self.hi, k), precision }
        }
    }

    /// The interval widened by `margin` units of `2⁻ᵖ` on both sides.
    pub(crate) fn widened(&self, margin: &BigInt) -> Self {
        Self { lo: &self.lo - margin, hi: &self.hi + margin, precision: self.precision }
    }

    /// Times `n`, exactly.
    pub(crate) fn times(&self, n: i64) -> Self {
        Self::new(&self.lo * n, &self.hi * n, self.precision)
    }

    /// Divided by `n > 0`.
    pub(crate) fn over(&self, n: u64) -> Self {
        let n = BigInt::from(n);
        Self { lo: floor_div(&self.lo, &n), hi: ceil_div(&self.hi, &n), precision: self.precision }
    }

    /// Times `2⁻ᵏ`.
    pub(crate) fn halved(&self, k: u64) -> Self {
        Self { lo: floor_shift(&self.lo, k), hi: ceil_shift(&self.hi, k), precision: self.precision }
    }

    /// Square; never below zero.
    pub(crate) fn square(&self) -> Self {
        let (a, b) = (&self.lo * &self.lo, &self.hi * &self.hi);
        let (small, large) = if a <= b { (a, b) } else { (b, a) };
        let straddles = self.lo.sign() != Sign::Plus && self.hi.sign() != Sign::Minus;
        let lo = if straddles { BigInt::ZERO } else { floor_shift(&small, self.precision) };
        Self { lo, hi: ceil_shift(&large, self.precision), precision: self.precision }
    }

    /// Square root of a non-negative interval.
    pub(crate) fn sqrt(&self) -> Self {
        assert!(self.lo.sign() != Sign::Minus, "square roots are taken of non-negative intervals only");
        let lo = (&self.lo << self.precision).sqrt();
        let scaled = &self.hi << self.precision;
        let root = scaled.sqrt();
        let hi = if &root * &root == scaled { root } else { root + 1 };
        Self { lo, hi, precision: self.precision }
    }
}

impl Neg for &Interval {
    type Output = Interval;

    fn neg(self) -> Interval {
        Interval { lo: -&self.hi, hi: -&self.lo, precision: self.precision }
    }
}

impl Add for &Interval {
    type Output = Interval;

    fn add(self, other: Self) -> Interval {
        debug_assert_eq!(self.precision, other.precision);
        Interval { lo: &self.lo + &other.lo, hi: &self.hi + &other.hi, precision: self.precision }
    }
}

impl Sub for &Interval {
    type Output = Interval;

    fn sub(self, other: Self) -> Interval {
        debug_assert_eq!(self.precision, other.precision);
        Interval { lo: &self.lo - &other.hi, hi: &self.hi - &other.lo, precision: self.precision }
    }
}

impl Mul for &Interval {
    type Output = Interval;

    fn mul(self, other: Self) -> Interval {
        debug_assert_eq!(self.precision, other.precision);
        let (lo, hi) = if self.lo.sign() != Sign::Minus && other.lo.sign() != Sign::Minus {
            (&self.lo * &other.lo, &self.hi * &other.hi)
        } else {
            extremes([&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi])
        };
        let precision = self.precision;
        Interval { lo: floor_shift(&lo, precision), hi: ceil_shift(&hi, precision), precision }
    }
}

impl Div for &Interval {
    type Output = Interval;

    /// Quotient by an interval that excludes zero.
    fn div(self, other: Self) -> Interval {
        debug_assert_eq!(self.precision, other.precision);
        if other.is_negative() {
            return &-self / &-other;
        }
        assert!(other.is_positive(), "intervals are divided by intervals that exclude zero");
        let (lo, hi) = (&self.lo << self.precision, &self.hi << self.precision);
        let below = if lo.sign() == Sign::Minus { &other.lo } else { &other.hi };
        let above = if hi.sign() == Sign::Minus { &other.hi } else { &other.lo };
        Interval { lo: floor_div(&lo, below), hi: ceil_div(&hi, above), precision: self.precision }
    }
}

fn extremes(products: [BigInt; 4]) -> (BigInt, BigInt) {
    let lo = products.iter().min().cloned().expect("there are four products");
    let hi = products.into_iter().max().expect("there are four products");
    (lo, hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lo: i64, hi: i64) -> Interval {
        Interval::new(lo.into(), hi.into(), 4)
    }

    /// all points of a coarse grid inside `[lo, hi]·2⁻⁴`
    fn grid(i: &Interval) -> Vec<f64> {
        let (lo, hi) = (i64::try_from(i.lo()).unwrap(), i64::try_from(i.hi()).unwrap());
        (lo..=hi).map(|n| n as f64 / 16.0).collect()
    }

    fn contains(i: &Interval, x: f64) -> bool {
        // sixteenths, their products and the quotients below are compared exactly enough: slack 1e-9 against steps of 1/16
        let scale = 16.0;
        let (lo, hi) = (i64::try_from(i.lo()).unwrap() as f64, i64::try_from(i.hi()).unwrap() as f64);
        lo <= x * scale + 1e-9 && x * scale - 1e-9 <= hi
    }

    #[test]
    fn operations_enclose_every_pair_of_points() {
        let ranges = [of(-40, -7), of(-9, 5), of(0, 3), of(2, 2), of(11, 33)];
        for a in &ranges {
            for b in &ranges {
                for x in grid(a) {
                    assert!(contains(&a.square(), x * x));
                    assert!(contains(&a.halved(3), x / 8.0) && contains(&a.over(7), x / 7.0));
                    assert!(contains(&a.times(-3), -3.0 * x));
                    for y in grid(b) {
                        assert!(
                            contains(&(a + b), x + y)
                                && contains(&(a - b), x - y)
                                && contains(&(a * b), x * y)
                        );
                        if b.is_positive() || b.is_negative() {
                            assert!(contains(&(a / b), x / y), "{x} / {y} in {:?}", a / b);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn square_roots_are_rounded_outward_and_exact_on_squares() {
        let two = Interval::integer(2, 40).sqrt();
        assert_eq!(two.width(), BigInt::from(1));
        assert!(two.lower_end().square().hi() <= Interval::integer(2, 40).lo());
        assert_eq!(Interval::integer(9, 40).sqrt(), Interval::integer(3, 40));
    }

    #[test]
    fn dropping_precision_never_drops_points() {
        let third = Interval::ratio(&1.into(), &3.into(), 64);
        let coarse = third.with_precision(8);
        assert!(coarse.with_precision(64).lo() <= third.lo() && third.hi() <= coarse.with_precision(64).hi());
        assert_eq!(coarse.width(), BigInt::from(1));
    }
}
