//! What is compared: how often is drawn, how an eigenvalue moves, and which of the two laws comes first.

use crate::certified::{dyadic::Dyadic, elementary::ln, interval::Interval};
use crate::error::{Error, Parameter};
use num_bigint::Sign;
use serde::{Deserialize, Serialize};

/// How many independent draws are taken, `1 ≤ k < 2³²`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::covariance::Draws;
///
/// let draws = Draws::new(1000)?;
/// // seven releases of a thousand draws tell as much as one release of seven thousand
/// assert_eq!(draws.times(7)?.get(), 7000);
/// assert!(Draws::new(0).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Draws(u32);

impl Draws {
    /// The most that are supported.
    pub const MAX: Self = Self(u32::MAX);
    pub(crate) const EIGHT: Self = Self(8);

    /// Checks that there is at least one.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero.
    pub fn new(draws: u32) -> Result<Self, Error> {
        Parameter::Draws.check(f64::from(draws), draws > 0).map(|_| Self(draws))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The draws of so many releases of the same covariance.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for no release, and beyond 2³² − 1 draws.
    pub fn times(self, releases: u32) -> Result<Self, Error> {
        let product = f64::from(self.0) * f64::from(releases);
        let draws = self.0.checked_mul(releases).filter(|draws| *draws > 0);
        draws.map(Self).ok_or(Error::OutOfRange { parameter: Parameter::Draws, value: product })
    }
}

impl TryFrom<u32> for Draws {
    type Error = Error;

    fn try_from(draws: u32) -> Result<Self, Error> {
        Self::new(draws)
    }
}

impl From<Draws> for u32 {
    fn from(draws: Draws) -> Self {
        draws.0
    }
}

/// Relative change μ of an eigenvalue, `−1 < μ < ∞`: `1 + μ` is an eigenvalue of `Σ^{1/2} Σ'⁻¹ Σ^{1/2}`.
///
/// Zero means no change. Positive is where Σ is the larger one: along that direction Σ has `1 + μ` times the variance
/// of Σ'.
///
/// # Example
///
/// ```
/// use dp_mechanisms::covariance::EigenvalueChange;
///
/// assert_eq!(EigenvalueChange::new(-0.25)?.get(), -0.25);
/// assert!(EigenvalueChange::new(-1.0).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct EigenvalueChange(f64);

impl EigenvalueChange {
    /// Checks the range and wraps the value.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for NaN and outside `−1 < change < ∞`.
    pub fn new(change: f64) -> Result<Self, Error> {
        let inside = change > -1.0 && change.is_finite();
        Parameter::EigenvalueChange.check(change, inside).map(Self)
    }

    /// The value.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for EigenvalueChange {
    type Error = Error;

    fn try_from(change: f64) -> Result<Self, Error> {
        Self::new(change)
    }
}

impl From<EigenvalueChange> for f64 {
    fn from(change: EigenvalueChange) -> Self {
        change.0
    }
}

/// Which law the privacy loss is taken under: differential privacy needs both, a single one shows where a bound comes
/// from.
///
/// # Example
///
/// ```
/// use dp_mechanisms::covariance::Orders;
///
/// assert_ne!(Orders::AsGiven, Orders::Reversed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Orders {
    /// `N(0, Σ)` against `N(0, Σ')`, with `1 + μ` as stated.
    AsGiven,
    /// `N(0, Σ')` against `N(0, Σ)`: the eigenvalue is `1/(1 + μ)`, the change `−μ/(1 + μ)`.
    Reversed,
    /// The larger of both.
    Both,
}

impl Orders {
    /// The change as a fraction, in each order that is meant.
    pub(super) fn fractions(self, change: EigenvalueChange) -> Vec<Fraction> {
        match self {
            Self::AsGiven => vec![Fraction::as_given(change)],
            Self::Reversed => vec![Fraction::reversed(change)],
            Self::Both => vec![Fraction::as_given(change), Fraction::reversed(change)],
        }
    }
}

/// A change of an eigenvalue as an exact fraction: `μ` or `−μ/(1 + μ)`, with a positive denominator.
#[derive(Clone, Debug)]
pub(super) struct Fraction {
    pub(super) numerator: Dyadic,
    pub(super) denominator: Dyadic,
    /// The same in plain floating point, to steer by.
    pub(super) rough: f64,
}

impl Fraction {
    pub(super) fn as_given(change: EigenvalueChange) -> Self {
        let numerator = Dyadic::from_f64(change.0);
        Self { numerator, denominator: Dyadic::integer(1), rough: change.0 }
    }

    pub(super) fn reversed(change: EigenvalueChange) -> Self {
        let numerator = Dyadic::from_f64(-change.0);
        let denominator = sum(&Dyadic::integer(1), &Dyadic::from_f64(change.0));
        Self { numerator, denominator, rough: -change.0 / (1.0 + change.0) }
    }

    pub(super) fn sign(&self) -> Sign {
        self.numerator.numerator().sign()
    }

    #[cfg(test)]
    fn value(&self, precision: u64) -> Interval {
        self.numerator.over(&self.denominator, precision)
    }

    /// `⌊log₂|μ|⌋` of a change other than zero, or one less.
    pub(super) fn magnitude(&self) -> i64 {
        let top = |x: &Dyadic| x.numerator().bits() as i64 + x.exponent();
        top(&self.numerator) - top(&self.denominator) - 1
    }

    /// The numerator of `1 + μ`.
    pub(super) fn whole(&self) -> Dyadic {
        sum(&self.denominator, &self.numerator)
    }

    /// `ln(1 + μ)`, to about `precision` bits after the point.
    pub(super) fn ln_one_plus(&self, precision: u64) -> Interval {
        let log = |x: &Dyadic| ln(x.numerator(), x.exponent(), precision);
        &log(&self.whole()) - &log(&self.denominator)
    }
}

/// `a + b`, exactly.
pub(super) fn sum(a: &Dyadic, b: &Dyadic) -> Dyadic {
    let exponent = a.exponent().min(b.exponent());
    let at = |x: &Dyadic| x.numerator() << (x.exponent() - exponent) as u64;
    Dyadic::integer(at(a) + at(b)).doubled(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_reversed_is_the_inverse_eigenvalue() {
        for mu in [-0.999, -0.5, -1e-300, 1e-20, 0.3, 7.0, 1e300] {
            let change = EigenvalueChange::new(mu).unwrap();
            let (given, reversed) = (Fraction::as_given(change), Fraction::reversed(change));
            // ln(1 + μ) + ln(1/(1 + μ)) = 0
            let logs = &given.ln_one_plus(1200) + &reversed.ln_one_plus(1200);
            assert!(!logs.is_positive() && !logs.is_negative(), "{mu}");
            assert_ne!(given.sign(), reversed.sign());
            let product = &(&given.value(2200) * &reversed.value(2200)) + &given.value(2200);
            // μμ' + μ + μ' = 0
            let zero = &product + &reversed.value(2200);
            assert!(!zero.is_positive() && !zero.is_negative(), "{mu}");
        }
    }

    #[test]
    fn magnitudes_are_within_one_of_the_logarithm() {
        for mu in [-0.75, 0.02, 3.0, 1e-200] {
            let fraction = Fraction::as_given(EigenvalueChange::new(mu).unwrap());
            let exact = mu.abs().log2().floor() as i64;
            assert!((exact - 1..=exact).contains(&fraction.magnitude()), "{mu}");
        }
    }

    #[test]
    fn the_number_of_draws_never_wraps() {
        let draws = Draws::new(1 << 31).unwrap();
        assert!(draws.times(2).is_err() && draws.times(0).is_err());
        assert_eq!(draws.times(1).unwrap(), draws);
    }

    #[test]
    fn parameters_load_only_in_range() {
        assert!(serde_json::from_str::<Draws>("0").is_err());
        assert!(serde_json::from_str::<EigenvalueChange>("-1.5").is_err());
        assert_eq!(serde_json::from_str::<EigenvalueChange>("-0.5").unwrap().get(), -0.5);
    }
}
