//! Sums and products of probabilities, rounded outward.

use crate::larger;
use core::iter::Sum;
use core::ops::{Add, Mul, Sub};
use dp_mechanisms::certified::{exp_bounds, ln_bounds};

/// All numbers from a lower to an upper bound, neither of them negative.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Between {
    pub(in super::super) lo: f64,
    pub(in super::super) hi: f64,
}

/// A lower bound of a sum or product that was rounded to nearest.
fn down(x: f64) -> f64 {
    larger(x.next_down(), 0.0)
}

impl Between {
    pub(super) const ZERO: Self = Self { lo: 0.0, hi: 0.0 };
    pub(in super::super) const ONE: Self = Self { lo: 1.0, hi: 1.0 };

    pub(in super::super) fn new((lo, hi): (f64, f64)) -> Self {
        Self { lo, hi }
    }

    /// `e^{−x}`.
    pub(super) fn decay(x: f64) -> Self {
        Self::new(exp_bounds(-x))
    }

    pub(super) fn bounds(self) -> (f64, f64) {
        (self.lo, self.hi)
    }

    /// Divided by a positive integer.
    pub(super) fn over(self, n: u32) -> Self {
        Self { lo: down(self.lo / f64::from(n)), hi: (self.hi / f64::from(n)).next_up() }
    }

    /// The quotient, if the divisor is positive.
    pub(super) fn quotient(self, other: Self) -> Self {
        Self { lo: down(self.lo / other.hi), hi: (self.hi / other.lo).next_up() }
    }

    pub(super) fn complement(self) -> Self {
        Self::ONE - self
    }

    /// With what may have been left out.
    pub(super) fn or_more(self, rest: f64) -> Self {
        Self { hi: (self.hi + rest).next_up(), ..self }
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.lo <= other.hi && other.lo <= self.hi
    }
}

impl Add for Between {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.hi == 0.0 || other.hi == 0.0 {
            // what is impossible stays so
            return if self.hi == 0.0 { other } else { self };
        }
        Self { lo: down(self.lo + other.lo), hi: (self.hi + other.hi).next_up() }
    }
}

impl Sub for Between {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { lo: down(self.lo - other.hi), hi: larger((self.hi - other.lo).next_up(), 0.0) }
    }
}

impl Mul for Between {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let hi = if self.hi == 0.0 || other.hi == 0.0 { 0.0 } else { (self.hi * other.hi).next_up() };
        Self { lo: down(self.lo * other.lo), hi }
    }
}

impl Sum for Between {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, Add::add)
    }
}

/// Upper bound of the largest `|ln P(x)/Q(x)|` over the outcomes; infinite where one may be impossible and the other is
/// not.
pub(super) fn loss(first: &[Between], second: &[Between]) -> f64 {
    let ratio = |p: Between, q: Between| if p.hi == 0.0 { 1.0 } else { p.hi / q.lo };
    let ratios = first.iter().zip(second).map(|(&p, &q)| larger(ratio(p, q), ratio(q, p)));
    let worst = ratios.fold(1.0, larger);
    if worst.is_finite() { ln_bounds(worst.next_up()).1 } else { worst }
}
