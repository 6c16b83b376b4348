//! One changed eigenvalue: the exact profile from two chi-square tails.

use super::change::{Draws, EigenvalueChange, Fraction, Orders};
use crate::certified::{
    PRECISIONS,
    dyadic::Dyadic,
    gamma::{density, lower_ratio, upper_ratio},
    interval::Interval,
    scaled::Scaled,
};
use crate::error::Error;
use crate::normal::tight_bounds;
use core::cmp::Ordering;
use num_bigint::{BigInt, Sign};

/// k draws of `N(0, Σ)` against k draws of `N(0, Σ')`, where `Σ^{1/2}Σ'⁻¹Σ^{1/2}` has one eigenvalue `1 + μ` other
/// than one.
///
/// In both orders, unless [`in_orders`](Self::in_orders) says otherwise: that is what differential privacy asks for.
///
/// # Error bound
///
/// At most one `f64` lies strictly between the two ends of an interval. Time grows with `√k`: about a millisecond at
/// 10⁴ draws and a second at 2³², for each order.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Delta, covariance::{Draws, EigenvalueChange, Orders, RankOne}};
///
/// let pair = RankOne::new(EigenvalueChange::new(0.0095)?, Draws::new(1000)?);
/// let (lower, upper) = pair.delta_bounds(1.0);
/// assert!(lower <= 3.556_087_491_520_608e-7 && upper >= 3.556_087_491_520_607e-7 && upper < lower * (1.0 + 1e-15));
/// // the other order loses less
/// assert!(pair.in_orders(Orders::Reversed).delta_bounds(1.0).1 < 2e-8);
/// assert!(pair.epsilon_bounds(Delta::new(1e-6)?).1 < 1.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// `docs/theorems.md` of the project, *Changed covariances, one eigenvalue*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankOne {
    change: EigenvalueChange,
    draws: Draws,
    orders: Orders,
}

impl RankOne {
    /// This change of one eigenvalue, seen through so many draws.
    #[must_use]
    pub const fn new(change: EigenvalueChange, draws: Draws) -> Self {
        Self { change, draws, orders: Orders::Both }
    }

    /// The same with the privacy loss taken under one of the two laws only.
    #[must_use]
    pub const fn in_orders(self, orders: Orders) -> Self {
        Self { orders, ..self }
    }

    /// The same law, asked about so many releases: k draws each make `releases·k` draws.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for no release, and beyond 2³² − 1 draws.
    pub fn times(self, releases: u32) -> Result<Self, Error> {
        Ok(Self { draws: self.draws.times(releases)?, ..self })
    }

    /// The change of the eigenvalue.
    #[must_use]
    pub const fn change(self) -> EigenvalueChange {
        self.change
    }

    /// How often is drawn.
    #[must_use]
    pub const fn draws(self) -> Draws {
        self.draws
    }

    /// Lower and upper bound of `δ(ε)`.
    ///
    /// Values below the range of `f64` give `(0, 5e-324)`; no change, or a loss that never exceeds ε, gives `(0, 0)`;
    /// infinite ε `(0, 5e-324)`; NaN and negative ε the vacuous `(0, 1)`.
    #[must_use]
    pub fn delta_bounds(self, epsilon: f64) -> (f64, f64) {
        if epsilon.is_nan() || epsilon < 0.0 {
            return (0.0, 1.0);
        }
        if epsilon == f64::INFINITY {
            return (0.0, f64::from_bits(1));
        }
        let each = self.questions(epsilon).into_iter().map(|question| question.delta_bounds());
        each.fold((0.0, 0.0), |(lower, upper), (l, u)| (f64::max(lower, l), f64::max(upper, u)))
    }

    pub(super) fn fractions(self) -> Vec<Fraction> {
        self.orders.fractions(self.change)
    }

    /// One question for each order; none if nothing changes. `epsilon` is finite and not negative.
    pub(super) fn questions(self, epsilon: f64) -> Vec<Question> {
        let changed = self.fractions().into_iter().filter(|change| change.sign() != Sign::NoSign);
        changed.map(|change| Question::new(epsilon, self.draws, change)).collect()
    }
}

/// `δ(ε)` of one change in one order, other than zero. All numbers are taken as exact.
///
/// With `a = k/2`, `x = (ε + a ln(1 + μ))/μ` and `y = (1 + μ)x` the loss exceeds ε where a gamma variable is above x
/// (`μ > 0`) or below it (`μ < 0`) under the first law, and y under the second. As `e^ε D(y) = D(x)` for the density
/// `D(x) = xᵃe^{−x}/Γ(a)`:
///
/// ```text
/// δ(ε) = D(x)·(R(x) − R(y))        if μ > 0 and x ≥ a        (y ≥ a always)
/// δ(ε) = 1 − D(x)·(S(x) + R(y))    if μ > 0 and x < a
/// δ(ε) = D(x)·(S(x) − S(y))        if μ < 0 and x ≤ a        (y ≤ a always)
/// δ(ε) = 1 − D(x)·(R(x) + S(y))    if μ < 0 and x > a
/// ```
#[derive(Clone, Debug)]
pub(super) struct Question {
    epsilon: Dyadic,
    change: Fraction,
    draws: u64,
}

/// Bits before the point beyond which the upper tail is below `2^{−2³⁸}`: `x ≥ 2⁴⁰ ≥ 8a` (Chernoff, as for chi-square).
const FAR_BITS: u64 = 40;

impl Question {
    pub(super) fn new(epsilon: f64, draws: Draws, change: Fraction) -> Self {
        Self { epsilon: Dyadic::from_f64(epsilon), change, draws: u64::from(draws.get()) }
    }

    /// `ε + (k/2) ln(1 + μ)`, to about `precision` bits after the point.
    fn shifted(&self, precision: u64) -> Interval {
        let work = precision + u64::from(self.draws.ilog2());
        let half = self.change.ln_one_plus(work).times(self.draws as i64).halved(1);
        (&self.epsilon.at(work) + &half).with_precision(precision)
    }

    /// `x` and `y`, to about `precision` significant bits unless ε and the logarithm cancel.
    fn thresholds(&self, precision: u64) -> (Interval, Interval) {
        let magnitude = self.change.magnitude();
        let work = precision + magnitude.unsigned_abs() + 16;
        let numerator = match self.change.sign() {
            Sign::Minus => -&self.shifted(work),
            _ => self.shifted(work),
        };
        let times = |factor: &Dyadic| {
            let absolute = Dyadic::integer(self.change.numerator.numerator().magnitude().clone())
                .doubled(self.change.numerator.exponent());
            &numerator * &factor.over(&absolute, work)
        };
        let kept = precision + magnitude.max(0) as u64;
        (
            times(&self.change.denominator).with_precision(kept),
            times(&self.change.whole()).with_precision(kept),
        )
    }

    /// Whether the loss is at most ε everywhere: it is at most `−(k/2) ln(1 + μ)` for `μ < 0`.
    fn never_exceeds(&self) -> bool {
        let sign_of = |precision: &u64| {
            let shifted = self.shifted(*precision);
            (shifted.is_negative() || shifted.is_positive()).then(|| shifted.is_positive())
        };
        self.change.sign() == Sign::Minus && PRECISIONS.iter().find_map(sign_of).unwrap_or(false)
    }

    /// Encloses `δ(ε)`, given that the loss can exceed ε.
    pub(super) fn delta(&self, precision: u64) -> Scaled {
        let (x, y) = self.thresholds(precision);
        if !x.is_positive() {
            return vacuous(precision); // until ε and the logarithm are told apart
        }
        let (k, middle) = (self.draws, Interval::integer(self.draws as i64, x.precision()).halved(1));
        let falls = self.change.sign() == Sign::Plus;
        if falls && x.lo().bits() > x.precision() + FAR_BITS {
            return Scaled::new(Interval::new(BigInt::ZERO, BigInt::from(1), 0), -(1 << 38));
        }
        let (near, far): (Ratio, Ratio) =
            if falls { (upper_ratio, lower_ratio) } else { (lower_ratio, upper_ratio) };
        let is_near = if falls { x.lo() >= middle.lo() } else { x.hi() <= middle.hi() };
        if is_near {
            density(k, &x).times(&(&near(k, &x) - &near(k, &y))).normalized()
        } else {
            density(k, &x).times(&(&far(k, &x) + &near(k, &y))).complement()
        }
    }

    fn delta_bounds(&self) -> (f64, f64) {
        if self.never_exceeds() { (0.0, 0.0) } else { tight_bounds(None, |precision| self.delta(precision)) }
    }

    /// Order of `δ(ε)` against `target`; `None` if the highest precision leaves it open.
    fn compare(&self, target: &Dyadic) -> Option<Ordering> {
        if self.never_exceeds() {
            return Some(Ordering::Less);
        }
        PRECISIONS.iter().find_map(|&precision| self.delta(precision).compare(target))
    }

    /// Whether `δ(ε) ≤ target` is proven.
    pub(super) fn is_at_most(&self, target: &Dyadic) -> bool {
        self.compare(target).is_some_and(Ordering::is_le)
    }

    /// Whether `δ(ε) > target` is proven.
    pub(super) fn is_above(&self, target: &Dyadic) -> bool {
        self.compare(target).is_some_and(Ordering::is_gt)
    }

    /// How far `δ(ε)` is from a target, on a scale where the secant method converges well; steers only.
    pub(super) fn distance(&self, target: f64) -> f64 {
        if self.never_exceeds() {
            return f64::NEG_INFINITY;
        }
        let enclosures = PRECISIONS.iter().map(|&precision| self.delta(precision));
        let enough = enclosures.take(4).find(|delta| delta.is_tight(50) && delta.complement().is_tight(50));
        let Some(delta) = enough else { return f64::NEG_INFINITY };
        if target < 0.5 {
            logarithm(&delta) - target.ln()
        } else {
            (1.0 - target).ln() - logarithm(&delta.complement())
        }
    }
}

type Ratio = fn(u64, &Interval) -> Interval;

fn vacuous(precision: u64) -> Scaled {
    Scaled::new(Interval::new(BigInt::ZERO, BigInt::from(1) << precision, precision), 0)
}

fn logarithm(x: &Scaled) -> f64 {
    let (mantissa, exponent) = x.approximate();
    mantissa.ln() + exponent as f64 * core::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::exp_bounds;

    fn pair(change: f64, draws: u32) -> RankOne {
        RankOne::new(EigenvalueChange::new(change).unwrap(), Draws::new(draws).unwrap())
    }

    // values of another program, in 24 digits and in the order as given
    #[test]
    fn reproduces_the_reference_values_from_both_sides() {
        let references = [
            (100, 0.02, 1.0, 5.584_783_508_566_176e-10),
            (1000, 0.0095, 1.0, 3.556_087_491_520_608e-7),
            (1000, -0.0095, 1.0, 1.253_575_433_173_147e-8),
            (10_000, 0.003, 0.5, 9.044_810_406_921_892e-4),
            (20, -0.2, 2.0, 9.391_728_995_829_438e-9),
        ];
        for (draws, change, epsilon, exact) in references {
            let (lower, upper) = pair(change, draws).in_orders(Orders::AsGiven).delta_bounds(epsilon);
            // the literals are good to a unit in their sixteenth digit
            assert!(lower <= exact * (1.0 + 1e-15) && exact * (1.0 - 1e-15) <= upper, "{draws} {change}");
            assert!(upper <= lower.next_up().next_up(), "{draws} {change}");
        }
    }

    #[test]
    fn two_draws_have_an_elementary_profile() {
        // k = 2: Q(1, x) = e^{−x}
        for change in [0.01_f64, 0.3, 4.0] {
            for epsilon in [0.0, 0.5, 3.0] {
                let (lower, upper) = pair(change, 2).in_orders(Orders::AsGiven).delta_bounds(epsilon);
                let x = (epsilon + change.ln_1p()) / change;
                let exact = (-x).exp() - (epsilon - x * (1.0 + change)).exp();
                assert!((lower / exact - 1.0).abs() < 1e-11 && (upper / exact - 1.0).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn reversing_the_order_is_the_inverse_eigenvalue() {
        // 1/(1 + 1) = 1 − ½ and 1/(1 + 3) = 1 − ¾ exactly
        for (up, down) in [(1.0, -0.5), (3.0, -0.75)] {
            for epsilon in [0.0, 0.25, 2.0] {
                let [up, down] = [up, down].map(|change| pair(change, 7));
                let (given, reversed) = (Orders::AsGiven, Orders::Reversed);
                let as_given = up.in_orders(given).delta_bounds(epsilon);
                assert_eq!(as_given, down.in_orders(reversed).delta_bounds(epsilon));
                let other = down.in_orders(given).delta_bounds(epsilon);
                assert_eq!(other, up.in_orders(reversed).delta_bounds(epsilon));
                assert_eq!(up.delta_bounds(epsilon), (as_given.0.max(other.0), as_given.1.max(other.1)));
            }
        }
    }

    #[test]
    fn the_loss_of_a_smaller_covariance_is_bounded() {
        // the loss is below −½·4·ln(½) = 1.386
        let pair = pair(-0.5, 4).in_orders(Orders::AsGiven);
        assert_eq!(pair.delta_bounds(1.39), (0.0, 0.0));
        let (lower, upper) = pair.delta_bounds(1.386);
        assert!(lower > 0.0 && upper < 1e-7 && upper <= lower.next_up().next_up());
    }

    #[test]
    fn extreme_changes_stay_enclosed_and_tight() {
        for change in [1e-300, 1e-12, -1e-12, 1e6, 1e300, -1.0 + f64::EPSILON] {
            for epsilon in [0.0, 1e-9, 3.0] {
                let (lower, upper) = pair(change, 3).delta_bounds(epsilon);
                assert!(0.0 <= lower && lower <= upper && upper <= 1.0, "{change} {epsilon}");
                assert!(upper <= lower.next_up().next_up(), "{change} {epsilon}: {lower} {upper}");
            }
        }
        // δ(0) of one draw of N(0, 1 + μ) against N(0, 1) is μ·E|N² − 1|/4 = μ·φ(1) to first order
        let slope = pair(1e-12, 1).delta_bounds(0.0).0 / 1e-12;
        assert!((slope - 0.241_970_724_519_143_37).abs() < 1e-11, "{slope}");
    }

    #[test]
    fn the_ends_of_the_range_are_outward() {
        let two = pair(0.5, 2);
        assert_eq!(two.delta_bounds(f64::INFINITY), (0.0, 5e-324));
        assert_eq!(two.delta_bounds(f64::NAN), (0.0, 1.0));
        assert_eq!(two.delta_bounds(-1.0), (0.0, 1.0));
        assert_eq!(pair(0.0, 2).delta_bounds(0.0), (0.0, 0.0));
        assert_eq!(two.delta_bounds(1e300), (0.0, 5e-324));
        // ε = 1000 at one change of a half: e^{−2000·…} is far below every float
        assert!(two.delta_bounds(1000.0).1 <= exp_bounds(-700.0).1);
    }
}
