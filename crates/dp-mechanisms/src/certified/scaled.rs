//! Intervals with an exponent beside them, and their outward rounding to `f64`.

use super::{
    dyadic::Dyadic,
    interval::{Interval, ceil_shift, floor_shift},
};
use core::cmp::Ordering;
use num_bigint::{BigInt, Sign};

/// The set `mantissa · 2^exponent`: keeps its relative precision at any magnitude.
#[derive(Clone, Debug)]
pub(crate) struct Scaled {
    mantissa: Interval,
    exponent: i64,
}

impl Scaled {
    pub(crate) fn new(mantissa: Interval, exponent: i64) -> Self {
        Self { mantissa, exponent }
    }

    /// The same set, with a mantissa near one, so that later products keep relative precision.
    pub(crate) fn normalized(&self) -> Self {
        let precision = self.mantissa.precision();
        let shift = self.mantissa.hi().bits() as i64 - precision as i64;
        if self.mantissa.hi().sign() == Sign::NoSign {
            return self.clone();
        }
        let mantissa = if shift >= 0 {
            self.mantissa.halved(shift as u64)
        } else {
            let k = shift.unsigned_abs();
            Interval::new(self.mantissa.lo() << k, self.mantissa.hi() << k, precision)
        };
        Self { mantissa, exponent: self.exponent + shift }
    }

    /// The same set, or a superset, with a mantissa of another precision.
    pub(crate) fn with_precision(&self, precision: u64) -> Self {
        Self { mantissa: self.mantissa.with_precision(precision), exponent: self.exponent }
    }

    pub(crate) fn times(&self, factor: &Interval) -> Self {
        Self { mantissa: &self.mantissa * factor, exponent: self.exponent }
    }

    pub(crate) fn product(&self, other: &Self) -> Self {
        Self { mantissa: &self.mantissa * &other.mantissa, exponent: self.exponent + other.exponent }
    }

    /// Quotient by a positive set, whose mantissa should be near one.
    pub(crate) fn quotient(&self, divisor: &Self) -> Self {
        Self { mantissa: &self.mantissa / &divisor.mantissa, exponent: self.exponent - divisor.exponent }
    }

    /// `self − other`; exact alignment is at the larger exponent.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        let exponent = self.exponent.max(other.exponent);
        let (a, b) = (self.at(exponent), other.at(exponent));
        Self { mantissa: &a - &b, exponent }
    }

    /// `1 − self`, for sets of magnitude at most about one.
    pub(crate) fn complement(&self) -> Self {
        let one = Self::new(Interval::integer(1, self.mantissa.precision()), 0);
        one.minus(self)
    }

    /// Mantissa relative to a larger exponent.
    fn at(&self, exponent: i64) -> Interval {
        let k = exponent - self.exponent;
        debug_assert!(k >= 0, "alignment only drops bits");
        // a shift beyond all bits leaves a unit interval; cap it, so that no shift is astronomically long
        let cap = self.mantissa.precision() + self.mantissa.hi().bits() + self.mantissa.lo().bits() + 1;
        self.mantissa.halved((k as u64).min(cap))
    }

    /// As a fixed-point interval at its own precision.
    pub(crate) fn to_fixed(&self) -> Interval {
        debug_assert!(self.exponent <= 1 << 20, "fixed point is for moderate magnitudes");
        if self.exponent <= 0 {
            self.at(0)
        } else {
            let k = self.exponent.unsigned_abs();
            Interval::new(self.mantissa.lo() << k, self.mantissa.hi() << k, self.mantissa.precision())
        }
    }

    /// Whether `width ≤ 2⁻ᵇ·lo`, with lo positive.
    pub(crate) fn is_tight(&self, bits: u64) -> bool {
        self.mantissa.is_positive() && (self.mantissa.width() << bits) <= *self.mantissa.lo()
    }

    /// Largest `f64` at most every element, smallest `f64` at least every element.
    pub(crate) fn to_bounds(&self) -> (f64, f64) {
        let shift = self.exponent - self.mantissa.precision() as i64;
        (round_down(self.mantissa.lo(), shift), round_up(self.mantissa.hi(), shift))
    }

    /// Order against `bound`, or `None` where the set has elements on both sides.
    pub(crate) fn compare(&self, bound: &Dyadic) -> Option<Ordering> {
        let shift = self.exponent - self.mantissa.precision() as i64;
        let below = cmp_scaled(self.mantissa.hi(), shift, bound.numerator(), bound.exponent());
        let above = cmp_scaled(self.mantissa.lo(), shift, bound.numerator(), bound.exponent());
        match (above, below) {
            (_, Ordering::Less) => Some(Ordering::Less),
            (Ordering::Greater, _) => Some(Ordering::Greater),
            (Ordering::Equal, Ordering::Equal) => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// Whether a number of `[low, high]·2^shift` is in the set.
    #[cfg(test)]
    pub(crate) fn overlaps(&self, low: &BigInt, high: &BigInt, shift: i64) -> bool {
        let own = self.exponent - self.mantissa.precision() as i64;
        cmp_scaled(low, shift, self.mantissa.hi(), own).is_le()
            && cmp_scaled(high, shift, self.mantissa.lo(), own).is_ge()
    }

    /// A point near the set's upper end as `(m, e)`, `m·2ᵉ` with `1 ≤ m < 2`, for starting values only; zero is `(0, 0)`.
    pub(crate) fn approximate(&self) -> (f64, i64) {
        let n = self.mantissa.hi();
        let bits = n.bits() as i64;
        if n.sign() != Sign::Plus {
            return (0.0, 0);
        }
        let exponent = self.exponent - self.mantissa.precision() as i64 + bits - 1;
        (round_down(n, 1 - bits), exponent)
    }
}

/// Order of `a·2^ea` and `b·2^eb`, without long shifts where the magnitudes already decide.
fn cmp_scaled(a: &BigInt, ea: i64, b: &BigInt, eb: i64) -> Ordering {
    let rank = |n: &BigInt, e: i64| match n.sign() {
        Sign::NoSign => (0, 0),
        Sign::Plus => (1, n.bits() as i64 + e),
        Sign::Minus => (-1, -(n.bits() as i64 + e)),
    };
    let (ra, rb) = (rank(a, ea), rank(b, eb));
    if ra != rb {
        return ra.cmp(&rb);
    }
    let common = ea.min(eb);
    let align = |n: &BigInt, e: i64| n << (e - common) as u64;
    // equal ranks: exponents differ by no more than the lengths of the integers
    align(a, ea).cmp(&align(b, eb))
}

/// Largest `f64` that is at most `n·2^shift`; −∞ below the range.
pub(crate) fn round_down(n: &BigInt, shift: i64) -> f64 {
    match n.sign() {
        Sign::NoSign => 0.0,
        Sign::Minus => -round_up_positive(&-n, shift),
        Sign::Plus => round_down_positive(n, shift),
    }
}

/// Smallest `f64` that is at least `n·2^shift`; +∞ above the range.
pub(crate) fn round_up(n: &BigInt, shift: i64) -> f64 {
    -round_down(&-n, shift)
}

const SMALLEST_EXPONENT: i64 = -1074;

fn round_down_positive(n: &BigInt, shift: i64) -> f64 {
    let magnitude = n.bits() as i64 - 1 + shift; // ⌊log₂⌋ of the value
    if magnitude > 1023 {
        return f64::MAX;
    }
    if magnitude < SMALLEST_EXPONENT {
        return 0.0;
    }
    let quantum = (magnitude - 52).max(SMALLEST_EXPONENT);
    assemble(&at_quantum(n, shift - quantum, floor_shift), quantum)
}

fn round_up_positive(n: &BigInt, shift: i64) -> f64 {
    let magnitude = n.bits() as i64 - 1 + shift;
    if magnitude > 1023 {
        return f64::INFINITY;
    }
    if magnitude < SMALLEST_EXPONENT {
        return f64::from_bits(1);
    }
    let quantum = (magnitude - 52).max(SMALLEST_EXPONENT);
    assemble(&at_quantum(n, shift - quantum, ceil_shift), quantum)
}

fn at_quantum(n: &BigInt, left: i64, right: fn(&BigInt, u64) -> BigInt) -> BigInt {
    if left >= 0 { n << left.unsigned_abs() } else { right(n, left.unsigned_abs()) }
}

/// `m·2^quantum` for `m ≤ 2⁵³`, exactly: the exponent field counts quanta, and a carry out of the mantissa lands in it.
fn assemble(m: &BigInt, quantum: i64) -> f64 {
    let m = u64::try_from(m).expect("at most 2⁵³ by the choice of the quantum");
    f64::from_bits(((quantum - SMALLEST_EXPONENT) as u64).wrapping_shl(52) + m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_exact_on_every_kind_of_float() {
        for x in [1.0, 0.1, 5e-324, 2.2e-308, 2.3e-308, f64::MIN_POSITIVE, f64::MAX, 1e300, 3.0, 0.0] {
            let d = Dyadic::from_f64(x);
            assert_eq!(
                (round_down(d.numerator(), d.exponent()), round_up(d.numerator(), d.exponent())),
                (x, x)
            );
            assert_eq!(
                (round_down(&-d.numerator(), d.exponent()), round_up(&-d.numerator(), d.exponent())),
                (-x, -x)
            );
        }
    }

    #[test]
    fn rounding_between_floats_gives_the_two_neighbours() {
        for x in [1.0, 0.1, 5e-324, 2.2e-308, 1.5e308] {
            // three quarters of the way from x to the next float
            let d = Dyadic::from_f64(x);
            let next = Dyadic::from_f64(x.next_up());
            let e = d.exponent().min(next.exponent());
            let at = |d: &Dyadic| d.numerator() << (d.exponent() - e) as u64;
            let between = at(&d) + at(&next) * 3u32;
            assert_eq!((round_down(&between, e - 2), round_up(&between, e - 2)), (x, x.next_up()));
        }
    }

    #[test]
    fn values_beyond_the_range_go_outward() {
        let one = BigInt::from(1);
        assert_eq!((round_down(&one, 1024), round_up(&one, 1024)), (f64::MAX, f64::INFINITY));
        assert_eq!((round_down(&one, -1075), round_up(&one, -1075)), (0.0, 5e-324));
        assert_eq!((round_down(&-&one, 5000), round_up(&-&one, 5000)), (f64::NEG_INFINITY, f64::MIN));
        // just above the largest float
        let above = (BigInt::from(1) << 60) - 1;
        assert_eq!((round_down(&above, 964), round_up(&above, 964)), (f64::MAX, f64::INFINITY));
    }

    #[test]
    fn comparison_is_by_value_at_any_exponent() {
        let three = BigInt::from(3);
        let six = BigInt::from(6);
        assert_eq!(cmp_scaled(&three, 1, &six, 0), Ordering::Equal);
        assert_eq!(cmp_scaled(&three, i64::MIN / 2, &six, 0), Ordering::Less);
        assert_eq!(cmp_scaled(&-&three, 4, &six, -90), Ordering::Less);
        assert_eq!(cmp_scaled(&-&three, 4, &-&six, 2), Ordering::Less);
        assert_eq!(cmp_scaled(&BigInt::ZERO, 4, &-&six, 2), Ordering::Greater);
    }
}
