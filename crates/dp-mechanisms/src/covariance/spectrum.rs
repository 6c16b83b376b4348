//! Several changed eigenvalues: a certified interval for `δ(ε)` by inversion of a Laplace transform.

use super::change::{Draws, EigenvalueChange, Fraction, Orders};
use super::inversion::Inversion;
use super::renyi::{LARGEST_EPSILON, Moments, converted_delta, divergence, ln_moment};
use super::steer::zero;
use crate::certified::{dyadic::Dyadic, interval::Interval};
use crate::{Delta, RenyiOrder};
use num_bigint::Sign;

/// Draws of `N(0, Σ)` against draws of `N(0, Σ')`, where `Σ^{1/2}Σ'⁻¹Σ^{1/2}` has eigenvalues `1 + μᵢ`, each seen
/// through `kᵢ` draws.
///
/// Usually all kᵢ are the number of draws. They differ where releases of different covariances are composed
/// ([`with`](Self::with)): independent releases add their privacy losses, and a loss is a sum over eigenvalues.
///
/// # Error bound
///
/// `δ(ε)` is enclosed, rigorously and with all rounding. The interval is narrower than `1e-9` relatively where at least
/// 8 draws are of changes of a size comparable to the largest, and `δ ≥ 1e-250`: a few milliseconds. Otherwise the
/// integrand falls slowly; with two such draws the interval is `1e-6` to `1e-4` wide, in about a second.
///
/// # Example
///
/// ```
/// use dp_mechanisms::covariance::{Draws, EigenvalueChange, RankOne, Spectrum};
///
/// let [large, small] = [0.008, -0.004].map(|change| EigenvalueChange::new(change).expect("above −1"));
/// let draws = Draws::new(1000)?;
/// let (lower, upper) = Spectrum::new(&[large, small], draws).delta_bounds(1.0);
/// assert!(lower > 0.0 && upper <= lower * (1.0 + 1e-9));
/// // more than the larger change alone, less than if both were of one eigenvalue
/// assert!(lower > RankOne::new(large, draws).delta_bounds(1.0).1);
/// assert!(upper < RankOne::new(EigenvalueChange::new(0.009)?, draws).delta_bounds(1.0).0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// `docs/theorems.md` of the project, *Changed covariances, several eigenvalues*.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    parts: Vec<(EigenvalueChange, Draws)>,
    orders: Orders,
}

impl Spectrum {
    /// These changes, each seen through so many draws.
    #[must_use]
    pub fn new(changes: &[EigenvalueChange], draws: Draws) -> Self {
        Self { parts: changes.iter().map(|change| (*change, draws)).collect(), orders: Orders::Both }
    }

    /// The same with the privacy loss taken under one of the two laws only.
    #[must_use]
    pub fn in_orders(self, orders: Orders) -> Self {
        Self { orders, ..self }
    }

    /// The same together with another, independent release of the same pair of data sets.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.parts.extend_from_slice(&other.parts);
        self
    }

    /// Each change with its number of draws.
    #[must_use]
    pub fn parts(&self) -> &[(EigenvalueChange, Draws)] {
        &self.parts
    }

    /// Lower and upper bound of `δ(ε)`; NaN and negative ε give the vacuous `(0, 1)`, infinite ε `(0, 5e-324)`.
    #[must_use]
    pub fn delta_bounds(&self, epsilon: f64) -> (f64, f64) {
        if epsilon.is_nan() || epsilon < 0.0 {
            return (0.0, 1.0);
        }
        if epsilon == f64::INFINITY {
            return (0.0, f64::from_bits(1));
        }
        let each = self.laws().into_iter().map(|law| law.delta_bounds(epsilon));
        each.fold((0.0, 0.0), |(lower, upper), (l, u)| (f64::max(lower, l), f64::max(upper, u)))
    }

    /// Lower and upper bound of the least `ε ≥ 0` with `δ(ε) ≤ δ`.
    ///
    /// # Error bound
    ///
    /// `δ(ε) ≤ δ` is proven at the upper and `δ(ε) > δ` at the lower bound, unless that is zero. They are about as
    /// far apart as the width of [`delta_bounds`](Self::delta_bounds) makes them; the upper is infinite if no ε below
    /// `1e6` is found.
    #[must_use]
    pub fn epsilon_bounds(&self, delta: Delta) -> (f64, f64) {
        if self.delta_bounds(0.0).1 <= delta.get() {
            return (0.0, 0.0);
        }
        let middle = |log: f64| {
            let (lower, upper) = self.delta_bounds(log.exp());
            delta.get().ln() - f64::midpoint(lower, upper).max(f64::MIN_POSITIVE).ln()
        };
        let guess = zero(0.0, middle).exp();
        // steps away from the guess double until the comparison is proven
        let steps = || (0..60).map(|i| f64::from_bits((1023 - 44 + i) << 52));
        let above = steps().map(|step| guess * (1.0 + step));
        let mut above = above.take_while(|epsilon| *epsilon < 1e6);
        let upper = above.find(|epsilon| self.delta_bounds(*epsilon).1 <= delta.get());
        let below = steps().map(|step| guess * (1.0 - step).max(0.0));
        let lower =
            below.into_iter().find(|epsilon| *epsilon == 0.0 || self.delta_bounds(*epsilon).0 > delta.get());
        (lower.unwrap_or(0.0), upper.unwrap_or(f64::INFINITY))
    }

    /// Upper bound of the Rényi divergence of this order: divergences of eigenvalues add up.
    #[must_use]
    pub fn renyi_upper(&self, order: RenyiOrder) -> f64 {
        let tilt = super::change::sum(&Dyadic::from_f64(order.get()), &Dyadic::integer(-1));
        let total = |law: Law| {
            let each = law.parts.iter().map(|(change, draws)| divergence(change, &tilt, *draws).1);
            each.fold(0.0, |sum, part| (sum + part).next_up())
        };
        self.laws().into_iter().map(total).fold(0.0, f64::max)
    }

    /// Upper bound of `δ(ε)` from Rényi divergences alone (Canonne, Kamath, Steinke 2020, Proposition 12), for
    /// comparison.
    #[must_use]
    pub fn renyi_delta_upper(&self, epsilon: f64) -> f64 {
        if epsilon.is_nan() || epsilon < 0.0 {
            return 1.0;
        }
        let each = self.laws().into_iter().filter(|law| !law.parts.is_empty());
        each.map(|law| converted_delta(&law, epsilon.min(LARGEST_EPSILON))).fold(0.0, f64::max)
    }

    fn laws(&self) -> Vec<Law> {
        let in_order = |fraction: fn(EigenvalueChange) -> Fraction| {
            let parts = self.parts.iter().map(|(change, draws)| (fraction(*change), draws.get()));
            Law { parts: parts.filter(|(change, _)| change.sign() != Sign::NoSign).collect() }
        };
        match self.orders {
            Orders::AsGiven => vec![in_order(Fraction::as_given)],
            Orders::Reversed => vec![in_order(Fraction::reversed)],
            Orders::Both => vec![in_order(Fraction::as_given), in_order(Fraction::reversed)],
        }
    }
}

/// The loss in one order: changes other than zero, with their draws.
#[derive(Debug, Clone)]
pub(super) struct Law {
    pub(super) parts: Vec<(Fraction, u32)>,
}

impl Law {
    fn delta_bounds(&self, epsilon: f64) -> (f64, f64) {
        if self.parts.is_empty() || self.never_exceeds(epsilon) {
            return (0.0, 0.0);
        }
        let asked = epsilon.min(LARGEST_EPSILON);
        let (lower, upper) =
            Inversion::new(self, asked).map_or((0.0, 1.0), |inversion| inversion.delta_bounds());
        (if asked < epsilon { 0.0 } else { lower }, upper.min(converted_delta(self, asked)))
    }

    /// `ε + Σ (kᵢ/2) ln(1 + μᵢ)`.
    pub(super) fn shifted(&self, epsilon: f64, precision: u64) -> Interval {
        let work = precision + 40; // draws are below 2³², and there are fewer than 2⁸ changes to a bit of the rest
        let sum = self.parts.iter().fold(Dyadic::from_f64(epsilon).at(work), |sum, (change, draws)| {
            &sum + &change.ln_one_plus(work).times(i64::from(*draws)).halved(1)
        });
        sum.with_precision(precision)
    }

    /// Whether the loss is proven to be at most ε everywhere: without a positive change it is at most
    /// `−Σ (kᵢ/2) ln(1 + μᵢ)`.
    fn never_exceeds(&self, epsilon: f64) -> bool {
        let falls = self.parts.iter().all(|(change, _)| change.sign() == Sign::Minus);
        falls && !self.shifted(epsilon, 256).lower_end().is_negative()
    }
}

impl Law {
    /// `d²/dc²` of the logarithm of the moments, to steer by.
    pub(super) fn rough_curvature(&self, tilt: f64) -> f64 {
        let part = |(change, draws): &(Fraction, u32)| {
            0.5 * f64::from(*draws) * (change.rough / (1.0 - tilt * change.rough)).powi(2)
        };
        self.parts.iter().map(part).sum()
    }
}

impl Moments for Law {
    fn ln_moment(&self, tilt: &Dyadic, precision: u64) -> Option<Interval> {
        self.parts.iter().try_fold(Interval::integer(0, precision), |sum, (change, draws)| {
            Some(&sum + &ln_moment(change, tilt, precision)?.times(i64::from(*draws)))
        })
    }

    fn rough_ln_moment(&self, tilt: f64) -> f64 {
        let part = |(change, draws): &(Fraction, u32)| {
            let mu = change.rough;
            -0.5 * f64::from(*draws) * (tilt * mu.ln_1p() + (-tilt * mu).ln_1p())
        };
        self.parts.iter().map(part).sum()
    }

    fn largest_tilt(&self) -> f64 {
        let largest = self.parts.iter().map(|(change, _)| change.rough).fold(0.0, f64::max);
        1.0 / largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::covariance::RankOne;

    fn change(value: f64) -> EigenvalueChange {
        EigenvalueChange::new(value).unwrap()
    }

    fn draws(k: u32) -> Draws {
        Draws::new(k).unwrap()
    }

    fn spectrum(changes: &[f64], k: u32) -> Spectrum {
        Spectrum::new(&changes.iter().map(|c| change(*c)).collect::<Vec<_>>(), draws(k))
    }

    fn overlap(a: (f64, f64), b: (f64, f64)) -> bool {
        a.0 <= b.1 && b.0 <= a.1
    }

    #[test]
    fn one_eigenvalue_agrees_with_chi_square_tails() {
        for (c, k) in [(0.02, 100), (0.01, 1000), (-0.01, 1000), (0.3, 20), (-0.2, 20), (0.5, 9), (2.0, 12)] {
            for orders in [Orders::AsGiven, Orders::Reversed] {
                for epsilon in [0.0, 0.1, 1.0, 3.0] {
                    let exact = RankOne::new(change(c), draws(k)).in_orders(orders).delta_bounds(epsilon);
                    let found = spectrum(&[c], k).in_orders(orders).delta_bounds(epsilon);
                    let note = format!("{c} {k} {epsilon} {orders:?}: {found:?} against {exact:?}");
                    assert!(overlap(exact, found), "{note}");
                    assert!(found.1 <= found.0 * (1.0 + 1e-9) || exact.1 < 1e-250, "{note}");
                }
            }
        }
    }

    #[test]
    fn equal_changes_are_one_change_with_more_draws() {
        for (c, k, copies) in [(0.02, 30, 4), (-0.1, 10, 3)] {
            let exact = RankOne::new(change(c), draws(k * copies)).delta_bounds(0.5);
            let found = spectrum(&vec![c; copies as usize], k).delta_bounds(0.5);
            assert!(overlap(exact, found) && found.1 <= found.0 * (1.0 + 1e-9), "{found:?} {exact:?}");
        }
    }

    #[test]
    fn a_single_draw_of_two_eigenvalues_is_enclosed_though_widely() {
        // two equal changes of one draw each: an exponential law
        let exact = RankOne::new(change(0.25), draws(2)).in_orders(Orders::AsGiven).delta_bounds(0.5);
        let found = spectrum(&[0.25, 0.25], 1).in_orders(Orders::AsGiven).delta_bounds(0.5);
        assert!(overlap(exact, found) && found.1 <= found.0 * (1.0 + 1e-4), "{found:?} {exact:?}");
    }

    #[test]
    fn extreme_changes_and_losses_are_enclosed_however_widely() {
        for changes in [vec![1e-300, 1e300], vec![-1.0 + f64::EPSILON, 1e-12], vec![1e15], vec![-1e-300; 3]] {
            for epsilon in [0.0, 1.0, 1e300] {
                let pair = spectrum(&changes, 9).in_orders(Orders::AsGiven);
                let (lower, upper) = pair.delta_bounds(epsilon);
                assert!(0.0 <= lower && lower <= upper && upper <= 1.0, "{changes:?} {epsilon}");
                let converted = pair.renyi_delta_upper(epsilon);
                assert!(upper <= converted && converted <= 1.0, "{changes:?} {epsilon}");
            }
        }
    }

    #[test]
    fn draws_of_negligible_changes_do_not_narrow_the_interval() {
        // eight draws in all, and one that counts
        let pair = spectrum(&[0.5], 1).with(&spectrum(&[1e-9], 7)).in_orders(Orders::AsGiven);
        let exact = RankOne::new(change(0.5), draws(1)).in_orders(Orders::AsGiven).delta_bounds(0.3);
        let (lower, upper) = pair.delta_bounds(0.3);
        assert!(lower <= exact.1 * (1.0 + 1e-6) && exact.0 <= upper, "{lower} {upper} {exact:?}");
        assert!(upper > lower * (1.0 + 1e-9) && upper < lower * (1.0 + 1e-2), "{lower} {upper}");
    }

    #[test]
    fn nothing_changed_or_no_loss_beyond_epsilon_is_zero() {
        assert_eq!(spectrum(&[], 10).delta_bounds(0.0), (0.0, 0.0));
        assert_eq!(spectrum(&[0.0, 0.0], 10).delta_bounds(0.0), (0.0, 0.0));
        // the loss is at most ½·4·(ln 2 + ln 4) = 4.16
        assert_eq!(spectrum(&[-0.5, -0.75], 4).in_orders(Orders::AsGiven).delta_bounds(4.2), (0.0, 0.0));
        assert!(spectrum(&[-0.5, -0.75], 4).in_orders(Orders::AsGiven).delta_bounds(4.1).1 > 0.0);
    }

    #[test]
    fn epsilon_is_bracketed() {
        let pair = spectrum(&[0.01, -0.02, 0.015], 300);
        let (lower, upper) = pair.epsilon_bounds(Delta::new(1e-7).unwrap());
        assert!(pair.delta_bounds(upper).1 <= 1e-7 && pair.delta_bounds(lower).0 > 1e-7);
        assert!(upper <= lower * (1.0 + 1e-8), "{lower} {upper}");
    }

    #[test]
    fn moments_alone_bound_from_above_and_not_far() {
        for epsilon in [0.5, 1.0, 2.0] {
            let pair = spectrum(&[0.01, 0.01, -0.01], 1000);
            let (exact, converted) = (pair.delta_bounds(epsilon).1, pair.renyi_delta_upper(epsilon));
            assert!(exact < converted && converted < 10.0 * exact, "{epsilon}: {exact} {converted}");
        }
    }
}
