//! Moments of the privacy loss: Rényi divergences, and what they imply about (ε, δ).

use super::change::{Fraction, sum};
use super::rank_one::RankOne;
use super::steer::minimum;
use crate::RenyiOrder;
use crate::certified::{
    PRECISIONS, TIGHT_BITS,
    dyadic::Dyadic,
    elementary::{exp, ln},
    interval::Interval,
    scaled::Scaled,
};
use num_bigint::{BigInt, Sign};

/// `ln E e^{cL}` of the loss L of one draw, under the first law: `−(c/2) ln(1 + μ) − ½ ln(1 − cμ)`; infinite, `None`,
/// where `cμ ≥ 1`.
pub(super) fn ln_moment(change: &Fraction, tilt: &Dyadic, precision: u64) -> Option<Interval> {
    let rest = one_less(change, tilt);
    if rest.numerator().sign() != Sign::Plus {
        return None;
    }
    let work = precision + tilt.numerator().bits();
    let log = |x: &Dyadic| ln(x.numerator(), x.exponent(), work);
    let ln_rest = &log(&rest) - &log(&change.denominator);
    let tilted = &tilt.at(work) * &change.ln_one_plus(work);
    Some((-&(&tilted + &ln_rest)).halved(1).with_precision(precision))
}

/// The numerator of `1 − cμ`.
pub(super) fn one_less(change: &Fraction, tilt: &Dyadic) -> Dyadic {
    sum(&change.denominator, &tilt.times(&change.numerator).times(&Dyadic::integer(-1)))
}

/// Outward rounding of the first enclosure that is tight, or of the last one; any magnitude.
pub(super) fn outward(enclose: impl Fn(u64) -> Scaled) -> (f64, f64) {
    let mut bounds = (0.0, f64::INFINITY);
    for precision in PRECISIONS {
        let enclosure = enclose(precision);
        bounds = enclosure.to_bounds();
        if enclosure.is_tight(TIGHT_BITS) {
            break;
        }
    }
    bounds
}

/// Where δ is asked for at a larger ε, the answer at this one is given as an upper bound.
pub(super) const LARGEST_EPSILON: f64 = 1e8;

/// `eˣ` for any x: far below zero an enclosure of the result from zero on, far above nothing.
pub(super) fn exp_of(x: &Interval) -> Option<Scaled> {
    const FAR_BITS: u64 = 57;
    let is_far = x.lo().bits().max(x.hi().bits()) > x.precision() + FAR_BITS;
    match (is_far, x.is_negative()) {
        (false, _) => Some(exp(x)),
        // e^{−2⁵⁷} and less
        (true, true) if x.hi().bits() > x.precision() + 40 => {
            Some(Scaled::new(Interval::new(BigInt::ZERO, BigInt::from(1), 0), -(1 << 38)))
        }
        (true, _) => None,
    }
}

impl RankOne {
    /// Lower and upper bound of the Rényi divergence of this order, the larger one of the orders of the pair that are
    /// meant.
    ///
    /// `k(−½ ln(1 + μ) − ln(1 − (α − 1)μ)/(2(α − 1)))`, infinite where `(α − 1)μ ≥ 1`; at most one `f64` lies
    /// strictly between. Divergences of releases add up, also of adaptively chosen ones.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{RenyiOrder, covariance::{Draws, EigenvalueChange, RankOne}};
    ///
    /// let pair = RankOne::new(EigenvalueChange::new(0.01)?, Draws::new(1000)?);
    /// let (lower, upper) = pair.renyi_bounds(RenyiOrder::new(8.0)?);
    /// // α·k·μ²/4 to leading order
    /// assert!(lower > 0.2 && upper < 0.21);
    /// assert_eq!(pair.renyi_bounds(RenyiOrder::new(101.0)?).1, f64::INFINITY);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn renyi_bounds(self, order: RenyiOrder) -> (f64, f64) {
        let tilt = sum(&Dyadic::from_f64(order.get()), &Dyadic::integer(-1));
        let each = self.fractions().into_iter().map(|change| divergence(&change, &tilt, self.draws().get()));
        each.fold((0.0, 0.0), |(lower, upper), (l, u)| (f64::max(lower, l), f64::max(upper, u)))
    }
}

/// `k·ℓ(c)/c` with the moment ℓ at the tilt `c = α − 1`.
pub(super) fn divergence(change: &Fraction, tilt: &Dyadic, draws: u32) -> (f64, f64) {
    if change.sign() == Sign::NoSign {
        return (0.0, 0.0);
    }
    if ln_moment(change, tilt, 128).is_none() {
        return (f64::INFINITY, f64::INFINITY);
    }
    outward(|precision| {
        let moment = ln_moment(change, tilt, precision).expect("finite at every precision or at none");
        let inverse = Dyadic::integer(1).over(tilt, precision);
        Scaled::new(&moment.times(i64::from(draws)) * &inverse, 0)
    })
}

/// The divergence of this order, of all draws together: `ln E e^{cL}/c` at `c = α − 1`.
pub(super) fn outward_of_tilt(moments: &impl Moments, order: RenyiOrder) -> (f64, f64) {
    let tilt = sum(&Dyadic::from_f64(order.get()), &Dyadic::integer(-1));
    if moments.ln_moment(&tilt, 128).is_none() {
        return (f64::INFINITY, f64::INFINITY);
    }
    outward(|precision| {
        let moment = moments.ln_moment(&tilt, precision).expect("finite at every precision or at none");
        Scaled::new(&moment * &Dyadic::integer(1).over(&tilt, precision), 0)
    })
}

/// A bound on `ln E e^{cL}` of all draws together, as a function of the tilt: exactly at a precision, and roughly to
/// steer.
pub(super) trait Moments {
    /// Encloses or bounds from above; `None` where infinite.
    fn ln_moment(&self, tilt: &Dyadic, precision: u64) -> Option<Interval>;

    /// The same in plain floating point.
    fn rough_ln_moment(&self, tilt: f64) -> f64;

    /// Tilts at this value or above have no moment; may be infinite.
    fn largest_tilt(&self) -> f64;
}

/// Upper bound of `δ(ε)` from moments alone: `e^{(α−1)(D_α − ε)} (1 − 1/α)^α/(α − 1)` at the best order that the
/// search finds.
///
/// With `c = α − 1` that is `E e^{cL}·e^{−cε}·c^c/(1 + c)^{1+c}` (Canonne, Kamath, Steinke 2020, Proposition 12).
/// Every c gives a valid bound.
pub(super) fn converted_delta(moments: &impl Moments, epsilon: f64) -> f64 {
    debug_assert!((0.0..=LARGEST_EPSILON).contains(&epsilon), "larger ones have no larger δ");
    let largest = moments.largest_tilt();
    let tilt = |log: f64| log.exp().min(largest * (1.0 - 1e-9));
    let value = |log: f64| {
        let c = tilt(log);
        moments.rough_ln_moment(c) - c * epsilon + c * c.ln() - (1.0 + c) * c.ln_1p()
    };
    let c = Dyadic::from_f64(tilt(minimum((-12.0, largest.min(1e9).ln()), value)));
    let one = sum(&Dyadic::integer(1), &c);
    let log = |x: &Dyadic| &x.at(192) * &ln(x.numerator(), x.exponent(), 192);
    let Some(moment) = moments.ln_moment(&c, 192) else { return 1.0 };
    let loss = c.times(&Dyadic::from_f64(epsilon)).at(192);
    let exponent = &(&(&moment - &loss) + &log(&c)) - &log(&one);
    exp_of(&exponent).map_or(1.0, |bound| bound.to_bounds().1.min(1.0))
}
