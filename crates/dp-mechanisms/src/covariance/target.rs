//! Inverse problems of one changed eigenvalue: ε at δ, the largest change and the most draws for a target.

use super::change::{Draws, EigenvalueChange, Orders};
use super::rank_one::RankOne;
use super::steer::zero;
use crate::certified::{
    dyadic::Dyadic,
    search::{first_true, first_true_integer},
};
use crate::{Delta, Epsilon, gaussian};

const POSITIVE: (f64, f64) = (f64::from_bits(1), f64::MAX);

impl RankOne {
    /// Lower and upper bound of the least `ε ≥ 0` with `δ(ε) ≤ δ`; `(0, 0)` if δ covers ε = 0 already.
    ///
    /// # Error bound
    ///
    /// The upper bound is the smallest `f64` for which `δ(ε) ≤ δ` is proven, the lower one the next float below for
    /// which the contrary is. Infinite only if no finite float suffices.
    #[must_use]
    pub fn epsilon_bounds(self, delta: Delta) -> (f64, f64) {
        let target = Dyadic::from_f64(delta.get());
        let suffices = |epsilon: f64| self.questions(epsilon).iter().all(|q| q.is_at_most(&target));
        if suffices(0.0) {
            return (0.0, 0.0);
        }
        // infinite for some changes: searches stay among floats
        let start = gaussian::epsilon_upper(delta, self.similar_gaussian()).clamp(1e-3, 1e300);
        let inside = |log: f64| log.exp().min(f64::MAX);
        let guess = inside(zero(start.ln(), |log| -self.distance(inside(log), delta)));
        let upper = first_true(guess, POSITIVE, suffices).unwrap_or(f64::INFINITY);
        let fails = |epsilon: f64| self.questions(epsilon).iter().any(|q| q.is_above(&target));
        let mut lower = upper.next_down();
        while lower > 0.0 && !fails(lower) {
            lower = lower.next_down();
        }
        (lower, upper)
    }

    /// The larger of the distances of `δ(ε)` from δ in each order.
    fn distance(self, epsilon: f64, delta: Delta) -> f64 {
        let distances = self.questions(epsilon).into_iter().map(|question| question.distance(delta.get()));
        distances.fold(f64::NEG_INFINITY, f64::max)
    }

    /// The Gaussian mechanism that the central limit theorem compares with: `μ√(k/2)`.
    fn similar_gaussian(self) -> crate::Mu {
        let mu = self.change().get().abs() * (f64::from(self.draws().get()) / 2.0).sqrt();
        crate::Mu::new(mu.clamp(f64::MIN_POSITIVE, f64::MAX)).expect("clamped to a positive number")
    }
}

/// A target (ε, δ), asked for what is the most that meets it with one changed eigenvalue.
///
/// Larger changes, more draws and smaller targets lose more: each answer is the end of a half-line (docs/theorems.md,
/// *Changed covariances, dominance*).
///
/// # Guarantee
///
/// `δ(ε) ≤ δ` is proven for each answer, taken as an exact number, and is not for the next float or integer.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon, covariance::{Draws, EigenvalueChange, RankOne, Target}};
///
/// let target = Target::new(Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let change = target.largest_increase(Draws::new(1000)?);
/// assert!(change.get() > 0.010_000 && change.get() < 0.010_001);
/// assert_eq!(target.most_draws(change), Some(Draws::new(1000)?));
/// assert!(RankOne::new(change, Draws::new(1000)?).delta_bounds(1.0).1 <= 1e-6);
/// // a single draw already shows a change by three tenths
/// assert_eq!(target.most_draws(EigenvalueChange::new(0.3)?), None);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    epsilon: Epsilon,
    delta: Delta,
    orders: Orders,
}

impl Target {
    /// (ε, δ)-differential privacy: in both orders, unless [`in_orders`](Self::in_orders) says otherwise.
    #[must_use]
    pub const fn new(epsilon: Epsilon, delta: Delta) -> Self {
        Self { epsilon, delta, orders: Orders::Both }
    }

    /// The same with the privacy loss taken under one of the two laws only.
    #[must_use]
    pub const fn in_orders(self, orders: Orders) -> Self {
        Self { orders, ..self }
    }

    /// Largest `f64` change `μ > 0` that so many draws meet the target with.
    ///
    /// In both orders, this is the largest bound on `|μ|` *in both orders of the pair*: a positive change reversed is
    /// the smaller `−μ/(1 + μ)`.
    ///
    /// # Panics
    ///
    /// Never: the search stays in range; the answer is 0 if no change meets the target.
    #[must_use]
    pub fn largest_increase(self, draws: Draws) -> EigenvalueChange {
        let guess = zero(self.first_guess(draws).ln(), |log| self.distance(log.exp(), draws)).exp();
        let exceeds = |size: f64| !self.is_met(size, draws);
        // only in the order that sees the smaller law first may every change be allowed: its loss is bounded
        let first_bad = first_true(guess, POSITIVE, exceeds).unwrap_or(f64::INFINITY);
        EigenvalueChange::new(first_bad.next_down()).expect("below the first bad one, and finite")
    }

    /// The change `−1 < μ < 0` of largest magnitude that so many draws meet the target with.
    ///
    /// # Panics
    ///
    /// Never: the search stays in range; the answer is 0 if no change meets the target.
    #[must_use]
    pub fn largest_decrease(self, draws: Draws) -> EigenvalueChange {
        let largest = 1.0_f64.next_down();
        let start = self.first_guess(draws).min(0.9);
        let inside = |log: f64| log.exp().min(largest);
        let guess = inside(zero(start.ln(), |log| self.distance(-inside(log), draws)));
        let exceeds = |size: f64| !self.is_met(-size, draws);
        let first_bad = first_true(guess, (POSITIVE.0, largest), exceeds).unwrap_or(1.0);
        EigenvalueChange::new(-first_bad.next_down()).expect("of magnitude below one")
    }

    /// Most draws that meet the target with this change (at most [`Draws::MAX`]); none if a single one does not.
    ///
    /// # Panics
    ///
    /// Never: the search stays between one and the most.
    #[must_use]
    pub fn most_draws(self, change: EigenvalueChange) -> Option<Draws> {
        let most = i64::from(Draws::MAX.get());
        let at = |draws: i64| Draws::new(draws as u32).expect("the search is between one and the most");
        let round = |log: f64| (log.exp().round() as i64).clamp(1, most);
        let mu = gaussian::mu_for(self.epsilon, self.delta).get();
        let start = 2.0 * (mu / change.get()).powi(2);
        let distance = |log: f64| self.distance(change.get(), at(round(log)));
        let guess = round(zero(start.clamp(1.0, most as f64).ln(), distance));
        let exceeds = |draws: i64| !self.is_met(change.get(), at(draws));
        let first_bad = first_true_integer(guess, (1, most), exceeds).unwrap_or(most + 1);
        (first_bad > 1).then(|| at(first_bad - 1))
    }

    fn pair(self, change: f64, draws: Draws) -> RankOne {
        let change = EigenvalueChange::new(change).expect("searches stay in the range of changes");
        RankOne::new(change, draws).in_orders(self.orders)
    }

    fn is_met(self, change: f64, draws: Draws) -> bool {
        let target = Dyadic::from_f64(self.delta.get());
        self.pair(change, draws).questions(self.epsilon.get()).iter().all(|q| q.is_at_most(&target))
    }

    fn distance(self, change: f64, draws: Draws) -> f64 {
        let change = change.clamp(-1.0_f64.next_down(), f64::MAX);
        self.pair(change, draws).distance(self.epsilon.get(), self.delta)
    }

    /// By the central limit theorem: `μ√(k/2)` is the mean of a similar Gaussian mechanism.
    fn first_guess(self, draws: Draws) -> f64 {
        gaussian::mu_for(self.epsilon, self.delta).get() * (2.0 / f64::from(draws.get())).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(epsilon: f64, delta: f64) -> Target {
        Target::new(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap())
    }

    fn draws(k: u32) -> Draws {
        Draws::new(k).unwrap()
    }

    #[test]
    fn answers_meet_the_target_and_the_next_floats_do_not() {
        for (epsilon, delta, k) in
            [(0.1, 1e-10, 1000), (1.0, 1e-6, 20), (4.0, 1e-300, 3), (0.5, 0.3, 1), (2.0, 0.7, 50)]
        {
            for orders in [Orders::AsGiven, Orders::Reversed, Orders::Both] {
                let target = target(epsilon, delta).in_orders(orders);
                for change in [target.largest_increase(draws(k)), target.largest_decrease(draws(k))] {
                    let next =
                        if change.get() > 0.0 { change.get().next_up() } else { change.get().next_down() };
                    let note = format!("{epsilon} {delta} {k} {orders:?} {change:?}");
                    assert!(target.is_met(change.get(), draws(k)), "{note}");
                    let last = next == -1.0 || next == f64::INFINITY;
                    assert!(last || !target.is_met(next, draws(k)), "{note}");
                }
            }
        }
    }

    #[test]
    fn epsilon_and_delta_are_inverse_from_both_sides() {
        for (change, k, delta) in [(0.01, 1000, 1e-6), (-0.3, 10, 1e-9), (2.0, 1, 0.2), (0.05, 100, 1e-100)] {
            let pair = RankOne::new(EigenvalueChange::new(change).unwrap(), draws(k));
            let (lower, upper) = pair.epsilon_bounds(Delta::new(delta).unwrap());
            assert_eq!(lower.next_up(), upper, "{change} {k}");
            assert!(
                pair.delta_bounds(upper).1 <= delta && pair.delta_bounds(lower).1 > delta,
                "{change} {k}"
            );
        }
        let little = RankOne::new(EigenvalueChange::new(1e-9).unwrap(), draws(2));
        assert_eq!(little.epsilon_bounds(Delta::new(1e-6).unwrap()), (0.0, 0.0));
    }

    #[test]
    fn epsilon_of_enormous_changes_is_enclosed() {
        for (change, k, delta) in
            [(1e155, 1, 1e-6), (1e155, 100, 0.3), (1e300, 3, 1e-300), (f64::MAX, 1, 1e-6)]
        {
            let pair = RankOne::new(EigenvalueChange::new(change).unwrap(), draws(k));
            let (lower, upper) = pair.epsilon_bounds(Delta::new(delta).unwrap());
            assert_eq!(lower.next_up(), upper, "{change} {k}");
            assert!(pair.delta_bounds(lower).1 > delta, "{change} {k}");
            assert!(upper == f64::INFINITY || pair.delta_bounds(upper).1 <= delta, "{change} {k}");
        }
    }

    #[test]
    fn most_draws_is_where_the_target_is_last_met() {
        for (epsilon, delta, change) in [(1.0, 1e-6, 0.02), (0.1, 1e-5, -0.001), (8.0, 1e-10, 0.3)] {
            let (target, change) = (target(epsilon, delta), EigenvalueChange::new(change).unwrap());
            let most = target.most_draws(change).unwrap();
            assert!(target.is_met(change.get(), most));
            assert!(!target.is_met(change.get(), draws(most.get() + 1)));
        }
        assert_eq!(target(1.0, 1e-6).most_draws(EigenvalueChange::new(0.5).unwrap()), None);
        assert_eq!(target(1.0, 1e-6).most_draws(EigenvalueChange::new(0.0).unwrap()), Some(Draws::MAX));
    }
}
