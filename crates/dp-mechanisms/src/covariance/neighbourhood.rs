//! Every pair of covariances within a bound at once, of any rank.

use super::change::{Draws, EigenvalueChange};
use super::rank_one::RankOne;
use super::renyi::{LARGEST_EPSILON, converted_delta, outward_of_tilt};
use super::steer::zero;
use super::tilted::{Ball, Measure};
use crate::certified::search::first_true_integer;
use crate::error::{Error, Parameter};
use crate::{Delta, Epsilon, RenyiOrder};
use serde::{Deserialize, Serialize};

/// All pairs of covariances whose change is within a bound, of whatever rank and shape.
///
/// With `1 + μᵢ` the eigenvalues of `Σ^{1/2}Σ'⁻¹Σ^{1/2}`, three bounds are on offer:
///
/// | constructor | what is bounded |
/// |---|---|
/// | [`frobenius`](Self::frobenius) | `√Σμᵢ² = ‖Σ^{1/2}Σ'⁻¹Σ^{1/2} − I‖_F`, for (Σ, Σ') *and* for (Σ', Σ) |
/// | [`frobenius_in_one_order`](Self::frobenius_in_one_order) | the same for one of the two; the other may reach `Δ/(1 − Δ)` |
/// | [`jeffreys`](Self::jeffreys) | `tr(ΣΣ'⁻¹) + tr(Σ'Σ⁻¹) − 2m = Σ(t + 1/t − 2)` at `t = 1 + μᵢ`: twice Jeffreys' divergence of one draw |
///
/// # Guarantee
///
/// Upper bounds hold for every pair in the neighbourhood, in both orders, in any dimension. Lower bounds are
/// attained, by a change of one eigenvalue. Which spectrum is the worst is not known in general; for Rényi
/// divergences of order at least two it *is* a single eigenvalue. The gap is about a percent in Δ at a hundred draws
/// or more, for `δ ≤ 1e-5`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Delta, covariance::{Draws, Neighbourhood}};
///
/// let nearby = Neighbourhood::frobenius(0.0095)?;
/// let (attained, upper) = nearby.delta_bounds(1.0, Draws::new(1000)?);
/// assert!(attained > 3.5e-7 && upper < 1.1 * attained);
/// // bounded in one order only, more is lost
/// let (attained, _) = Neighbourhood::frobenius_in_one_order(0.0095)?.delta_bounds(1.0, Draws::new(1000)?);
/// assert!(attained > upper);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// `docs/theorems.md` of the project, *Changed covariances, neighbourhoods*.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct Neighbourhood {
    measure: Kind,
    change: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Frobenius,
    FrobeniusInOneOrder,
    Jeffreys,
}

/// As written to files: checked when it is read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    measure: Kind,
    change: f64,
}

impl Neighbourhood {
    /// `‖Σ^{1/2}Σ'⁻¹Σ^{1/2} − I‖_F ≤ change` in both orders of each pair.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `0 < change ≤ 1e100`.
    pub fn frobenius(change: f64) -> Result<Self, Error> {
        let inside = change > 0.0 && change <= 1e100;
        Self::checked(Kind::Frobenius, Parameter::FrobeniusChange, change, inside)
    }

    /// The same in one order of each pair, whichever.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `0 < change < 1`: from one on, the other order is unbounded.
    pub fn frobenius_in_one_order(change: f64) -> Result<Self, Error> {
        let inside = change > 0.0 && change < 1.0;
        Self::checked(Kind::FrobeniusInOneOrder, Parameter::FrobeniusChange, change, inside)
    }

    /// `tr(ΣΣ'⁻¹) + tr(Σ'Σ⁻¹) − 2m ≤ change`, which is the same in both orders.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `0 < change ≤ 1e100`.
    pub fn jeffreys(change: f64) -> Result<Self, Error> {
        let inside = change > 0.0 && change <= 1e100;
        Self::checked(Kind::Jeffreys, Parameter::JeffreysChange, change, inside)
    }

    fn checked(measure: Kind, parameter: Parameter, change: f64, inside: bool) -> Result<Self, Error> {
        parameter.check(change, inside).map(|change| Self { measure, change })
    }

    /// The bound as given: a Frobenius norm, or twice a divergence.
    #[must_use]
    pub const fn change(self) -> f64 {
        self.change
    }

    /// An `f64` that is proven to be at least every `|μᵢ|` of every pair, in both orders; also a bound on
    /// `√Σμᵢ²` in both.
    #[must_use]
    pub fn largest_change(self) -> f64 {
        let x = self.change;
        match self.measure {
            Kind::Frobenius => x,
            Kind::FrobeniusInOneOrder => (x / (1.0 - x).next_down()).next_up(),
            Kind::Jeffreys => {
                // μ = (c + √(c² + 4c))/2
                let under_root = ((x * x).next_up() + 4.0 * x).next_up();
                (x + under_root.sqrt().next_up()).next_up() / 2.0
            }
        }
    }

    /// The pair with one changed eigenvalue that loses the most: it lies inside, or on the border, of this
    /// neighbourhood.
    ///
    /// # Panics
    ///
    /// Never: the change is in range.
    #[must_use]
    pub fn worst_rank_one(self, draws: Draws) -> RankOne {
        let x = self.change;
        let change = match self.measure {
            Kind::Frobenius => x,
            Kind::FrobeniusInOneOrder => -x,
            Kind::Jeffreys => {
                let under_root = ((x * x).next_down() + 4.0 * x).next_down().max(0.0);
                ((x + under_root.sqrt().next_down()).next_down() / 2.0).next_down().max(f64::from_bits(1))
            }
        };
        RankOne::new(EigenvalueChange::new(change).expect("inside the range"), draws)
    }

    /// A pair with one changed eigenvalue that dominates every such pair in this neighbourhood: the exact answer,
    /// rounded up, for those who can prove that only one eigenvalue changes.
    ///
    /// # Panics
    ///
    /// Never: the change is in range.
    #[must_use]
    pub fn rank_one_cover(self, draws: Draws) -> RankOne {
        let change =
            if self.measure == Kind::FrobeniusInOneOrder { -self.change } else { self.largest_change() };
        RankOne::new(EigenvalueChange::new(change).expect("inside the range"), draws)
    }

    /// Whether this neighbourhood is measured in the same way as another and contains it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.measure == other.measure && self.change >= other.change
    }

    /// Permanent name of what is bounded, as written to files.
    #[must_use]
    pub const fn measure(self) -> &'static str {
        match self.measure {
            Kind::Frobenius => "frobenius",
            Kind::FrobeniusInOneOrder => "frobenius_in_one_order",
            Kind::Jeffreys => "jeffreys",
        }
    }

    fn ball(self, draws: Draws) -> Ball {
        let measure = if self.measure == Kind::Jeffreys { Measure::Jeffreys } else { Measure::Frobenius };
        Ball { measure, top: self.largest_change(), draws: draws.get() }
    }

    /// A δ that is attained, and one that no pair exceeds; NaN and negative ε give the vacuous `(0, 1)`.
    #[must_use]
    pub fn delta_bounds(self, epsilon: f64, draws: Draws) -> (f64, f64) {
        (self.worst_rank_one(draws).delta_bounds(epsilon).0, self.delta_upper(epsilon, draws))
    }

    /// The upper bound alone: milliseconds, for any number of draws.
    #[must_use]
    pub fn delta_upper(self, epsilon: f64, draws: Draws) -> f64 {
        if epsilon.is_nan() || epsilon < 0.0 {
            return 1.0;
        }
        self.ball(draws).delta_upper(epsilon.min(LARGEST_EPSILON))
    }

    /// An upper bound from Rényi divergences alone (Canonne, Kamath, Steinke 2020, Proposition 12), for comparison:
    /// it allows about a tenth less change.
    #[must_use]
    pub fn renyi_delta_upper(self, epsilon: f64, draws: Draws) -> f64 {
        if epsilon.is_nan() || epsilon < 0.0 {
            return 1.0;
        }
        converted_delta(&self.ball(draws), epsilon.min(LARGEST_EPSILON))
    }

    /// An ε below which some pair exceeds δ, and one that suffices for every pair; the latter may be infinite.
    #[must_use]
    pub fn epsilon_bounds(self, delta: Delta, draws: Draws) -> (f64, f64) {
        (self.worst_rank_one(draws).epsilon_bounds(delta).0, self.epsilon_upper(delta, draws))
    }

    /// The upper bound alone.
    #[must_use]
    pub fn epsilon_upper(self, delta: Delta, draws: Draws) -> f64 {
        let upper = |epsilon: f64| self.delta_upper(epsilon, draws);
        if upper(0.0) <= delta.get() {
            return 0.0;
        }
        let distance = |log: f64| delta.get().ln() - upper(log.exp()).max(f64::MIN_POSITIVE).ln();
        let guess = zero(0.0, distance).exp();
        let mut larger = steps().map(|step| guess * (1.0 + step));
        larger.find(|epsilon| upper(*epsilon) <= delta.get()).unwrap_or(f64::INFINITY)
    }

    /// Upper bound of the Rényi divergence of this order between any pair, in both orders; attained from order two on.
    ///
    /// Divergences of releases add up, also of adaptively chosen ones.
    #[must_use]
    pub fn renyi_upper(self, order: RenyiOrder, draws: Draws) -> f64 {
        outward_of_tilt(&self.ball(draws), order).1
    }

    /// Most draws with which every pair is proven to meet the target; none if a single one is too many.
    ///
    /// One draw more is not proven to. At most [`Draws::MAX`].
    ///
    /// # Panics
    ///
    /// Never: the search stays between one and the most.
    #[must_use]
    pub fn most_draws(self, epsilon: Epsilon, delta: Delta) -> Option<Draws> {
        let most = i64::from(Draws::MAX.get());
        let at = |draws: i64| Draws::new(draws as u32).expect("the search is between one and the most");
        let upper = |draws: i64| self.delta_upper(epsilon.get(), at(draws));
        let round = |log: f64| (log.exp().round() as i64).clamp(1, most);
        let mu = crate::gaussian::mu_for(epsilon, delta).get();
        let start = (2.0 * (mu / self.largest_change()).powi(2)).clamp(1.0, most as f64);
        let distance = |log: f64| upper(round(log)).max(f64::MIN_POSITIVE).ln() - delta.get().ln();
        let guess = round(zero(start.ln(), distance));
        let first_bad = first_true_integer(guess, (1, most), |draws| upper(draws) > delta.get());
        match first_bad.unwrap_or(most + 1) {
            1 => None,
            bad => Some(at(bad - 1)),
        }
    }

    /// Nearly the largest Frobenius change, in both orders and of any rank, that so many draws are proven to meet the
    /// target with.
    ///
    /// None if none is found, which does not happen in any useful range.
    #[must_use]
    pub fn largest_frobenius(epsilon: Epsilon, delta: Delta, draws: Draws) -> Option<Self> {
        let upper =
            |change: f64| Self::frobenius(change).map_or(1.0, |n| n.delta_upper(epsilon.get(), draws));
        let mu = crate::gaussian::mu_for(epsilon, delta).get();
        let start = mu * (2.0 / f64::from(draws.get())).sqrt();
        let distance = |log: f64| upper(log.exp()).max(f64::MIN_POSITIVE).ln() - delta.get().ln();
        let guess = zero(start.ln(), distance).exp();
        let smaller = steps().map(|step| guess * (1.0 - step));
        let mut inside = smaller.take_while(|change| *change > 0.0);
        inside.find(|change| upper(*change) <= delta.get()).and_then(|change| Self::frobenius(change).ok())
    }
}

/// Relative steps away from a guess, from `2⁻⁴⁴` on, each twice the one before.
fn steps() -> impl Iterator<Item = f64> {
    (0..64).map(|i| f64::from_bits((1023 - 44 + i) << 52))
}

impl From<Neighbourhood> for Record {
    fn from(neighbourhood: Neighbourhood) -> Self {
        Self { measure: neighbourhood.measure, change: neighbourhood.change }
    }
}

impl TryFrom<Record> for Neighbourhood {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self, Error> {
        match record.measure {
            Kind::Frobenius => Self::frobenius(record.change),
            Kind::FrobeniusInOneOrder => Self::frobenius_in_one_order(record.change),
            Kind::Jeffreys => Self::jeffreys(record.change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::covariance::{Spectrum, Target};

    fn draws(k: u32) -> Draws {
        Draws::new(k).unwrap()
    }

    fn all(change: f64) -> [Neighbourhood; 3] {
        [
            Neighbourhood::frobenius(change).unwrap(),
            Neighbourhood::frobenius_in_one_order(change).unwrap(),
            Neighbourhood::jeffreys(change * change).unwrap(),
        ]
    }

    #[test]
    fn what_is_attained_is_below_what_is_never_exceeded() {
        for (change, k) in [(0.5, 1), (0.2, 5), (0.02, 100), (0.003, 10_000)] {
            for neighbourhood in all(change) {
                for epsilon in [0.0, 0.3, 1.0, 5.0] {
                    let (attained, upper) = neighbourhood.delta_bounds(epsilon, draws(k));
                    assert!(attained < upper, "{neighbourhood:?} {k} {epsilon}");
                    assert!(upper <= neighbourhood.renyi_delta_upper(epsilon, draws(k)));
                }
                let delta = Delta::new(1e-5).unwrap();
                let (attained, upper) = neighbourhood.epsilon_bounds(delta, draws(k));
                assert!(attained < upper && neighbourhood.delta_upper(upper, draws(k)) <= 1e-5);
            }
        }
    }

    #[test]
    fn spread_out_changes_do_not_exceed_the_bound() {
        let neighbourhood = Neighbourhood::frobenius(0.03).unwrap();
        for copies in [1, 2, 4, 9] {
            for sign in [1.0, -1.0] {
                let size = sign * 0.03 * (1.0 - 1e-9) / f64::from(copies).sqrt();
                // a decrease beyond 0.03/1.03 would exceed the bound in the other order
                let change = EigenvalueChange::new(size.max(-0.03 / 1.030_001)).unwrap();
                let spectrum = Spectrum::new(&vec![change; copies as usize], draws(100));
                assert!(spectrum.delta_bounds(1.0).1 <= neighbourhood.delta_upper(1.0, draws(100)));
            }
        }
    }

    #[test]
    fn a_bound_in_one_order_allows_what_a_larger_one_in_both_does() {
        let one = Neighbourhood::frobenius_in_one_order(0.2).unwrap();
        assert!(one.largest_change() >= 0.25 && one.largest_change() < 0.25 + 1e-15);
        let both = Neighbourhood::frobenius(one.largest_change()).unwrap();
        assert_eq!(one.delta_upper(1.0, draws(10)), both.delta_upper(1.0, draws(10)));
        let (attained, other) = (one.worst_rank_one(draws(10)), both.worst_rank_one(draws(10)));
        let ratio = attained.delta_bounds(1.0).0 / other.delta_bounds(1.0).0;
        assert!((ratio - 1.0).abs() < 1e-13, "{ratio}");
    }

    #[test]
    fn targets_are_met_and_hardly_more() {
        let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
        for k in [5, 100, 3000] {
            let found = Neighbourhood::largest_frobenius(epsilon, delta, draws(k)).unwrap();
            assert!(found.delta_upper(1.0, draws(k)) <= 1e-6);
            assert!(found.delta_upper(1.0, draws(k)) > 0.999e-6);
            assert_eq!(found.most_draws(epsilon, delta), Some(draws(k)));
            assert!(found.change() <= Target::new(epsilon, delta).largest_increase(draws(k)).get());
        }
        assert_eq!(Neighbourhood::frobenius(0.5).unwrap().most_draws(epsilon, delta), None);
        assert_eq!(Neighbourhood::frobenius(1e-12).unwrap().most_draws(epsilon, delta), Some(Draws::MAX));
    }

    #[test]
    fn renyi_divergences_are_those_of_the_largest_change_from_order_two_on() {
        for neighbourhood in all(0.04) {
            for order in [2.0, 3.5, 20.0] {
                let order = RenyiOrder::new(order).unwrap();
                let upper = neighbourhood.renyi_upper(order, draws(50));
                let (_, attained) = neighbourhood.worst_rank_one(draws(50)).renyi_bounds(order);
                assert!(
                    attained <= upper && upper <= attained * (1.0 + 1e-13),
                    "{neighbourhood:?} {order:?}"
                );
            }
            let low = RenyiOrder::new(1.25).unwrap();
            let (_, attained) = neighbourhood.worst_rank_one(draws(50)).renyi_bounds(low);
            let upper = neighbourhood.renyi_upper(low, draws(50));
            assert!(attained <= upper && upper <= attained * 1.1, "{neighbourhood:?}");
        }
        assert_eq!(all(0.04)[0].renyi_upper(RenyiOrder::new(26.0).unwrap(), draws(1)), f64::INFINITY);
    }

    #[test]
    fn extreme_changes_and_losses_are_bounded_however_widely() {
        for change in [1e-320_f64, 1e-150, 1e-9, 0.999, 10.0, 1e100] {
            let one = Neighbourhood::frobenius_in_one_order(change.min(0.999)).unwrap();
            for neighbourhood in
                [Neighbourhood::frobenius(change).unwrap(), one, Neighbourhood::jeffreys(change).unwrap()]
            {
                for k in [1, u32::MAX] {
                    for epsilon in [0.0, 1.0, 1e300] {
                        let upper = neighbourhood.delta_upper(epsilon, draws(k));
                        assert!((0.0..=1.0).contains(&upper), "{neighbourhood:?} {k} {epsilon}: {upper}");
                        let attained = neighbourhood.worst_rank_one(draws(1)).delta_bounds(epsilon).0;
                        assert!(attained <= upper, "{neighbourhood:?} {k} {epsilon}");
                    }
                }
            }
        }
    }

    #[test]
    fn refuses_changes_out_of_range() {
        for change in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Neighbourhood::frobenius(change).is_err());
            assert!(Neighbourhood::frobenius_in_one_order(change).is_err());
            assert!(Neighbourhood::jeffreys(change).is_err());
        }
        assert!(Neighbourhood::frobenius_in_one_order(1.0).is_err() && Neighbourhood::frobenius(1.0).is_ok());
        let saved = serde_json::to_string(&Neighbourhood::jeffreys(0.5).unwrap()).unwrap();
        assert_eq!(saved, r#"{"measure":"jeffreys","change":0.5}"#);
        assert!(serde_json::from_str::<Neighbourhood>(&saved.replace("0.5", "-0.5")).is_err());
    }
}
