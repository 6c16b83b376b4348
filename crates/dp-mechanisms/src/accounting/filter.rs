//! Budgets for guarantees that are chosen on the way.
//!
//! In an ordinary composition each guarantee is fixed beforehand. Where the next one may depend on what was released already (more
//! noise after a good result, another query after a bad one) the sum of losses is itself random, and most bounds do not apply.
//! For some notions they do, with a budget in the notion's own unit: a [`Filter`] stops *before* it is exceeded, and then the
//! whole adaptive computation has the budget's guarantee; an [`Odometer`] runs on and tells at any time what was lost.

use super::accountants::LARGEST_COUNT;
use super::loss::Loss;
use super::profile::{Part, PrivacyProfile};
use crate::adjacency::Adjacency;
use crate::certified::ball::{self, Ball};
use crate::certified::dyadic::Dyadic;
use crate::error::Error;
use crate::params::{Delta, Epsilon, Mu, Rho};

/// What a budget is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// `Σε` and `Σδ`.
    Point,
    /// `Σρ`.
    ZeroConcentrated,
    /// `Σμ²`.
    Gaussian,
}

impl Unit {
    /// What a mechanism takes from a budget, exactly: one or two numbers that add up.
    fn cost(self, loss: &Loss) -> Option<[Dyadic; 2]> {
        let none = || Dyadic::integer(0);
        match (self, loss) {
            (Self::Point, _) => loss.point().map(|(epsilon, delta)| [epsilon, delta].map(Dyadic::from_f64)),
            (Self::ZeroConcentrated, _) => Some([Dyadic::from_f64(loss.zero_concentrated()?.get()), none()]),
            (Self::Gaussian, Loss::Gaussian { mu }) => {
                let mu = Dyadic::from_f64(mu.get());
                Some([mu.times(&mu), none()])
            }
            (Self::Gaussian, _) => None,
        }
    }
}

/// A budget for fully adaptive composition: which mechanism comes next, its parameters and whether to stop may all depend on what
/// was released.
///
/// # Guarantee
///
/// Everything that was released under mechanisms whose [`spend`](Self::spend) returned `Ok` has, together, the guarantee
/// [`budget`](Self::budget). Sums are exact. A refusal depends on guarantees alone, which are public. Not `Clone`: a copy would be
/// a second budget.
///
/// # Example
///
/// ```
/// use dp_mechanisms::accounting::Filter;
/// use dp_mechanisms::{AddRemoveRow, Error, Mu, PrivacyProfile};
///
/// let mut filter = Filter::gaussian(Mu::new(1.0)?, AddRemoveRow);
/// let query = |mu: f64| Ok::<_, Error>(PrivacyProfile::gaussian(Mu::new(mu)?, AddRemoveRow));
/// filter.spend(&query(0.5)?)?; // … look at the result, and decide to ask again, with less noise
/// filter.spend(&query(0.75)?)?; // 0.25 + 0.5625
/// assert_eq!(filter.spend(&query(0.5)?), Err(Error::BudgetExceeded));
/// assert!(filter.spend(&query(0.25)?).is_ok()); // what was refused has not been spent
/// # Ok::<(), Error>(())
/// ```
///
/// # References
///
/// Pure and approximate: Rogers, Roth, Ullman, Vadhan 2016. Zero-concentrated: Feldman, Zrnic 2021, at all orders at once;
/// Whitehouse, Ramdas, Rogers, Wu 2023, Theorem 1. Gaussian: Smith, Thakurta 2022; Koskela, Tobaben, Honkela 2023.
#[derive(Debug)]
pub struct Filter<A> {
    unit: Unit,
    budget: PrivacyProfile<A>,
    limit: [Dyadic; 2],
    spent: [Dyadic; 2],
}

impl<A: Adjacency> Filter<A> {
    fn new(unit: Unit, budget: PrivacyProfile<A>) -> Self {
        let zero = || [Dyadic::integer(0), Dyadic::integer(0)];
        let limit = budget.parts().first().and_then(|part| unit.cost(&part.loss)).unwrap_or_else(zero);
        Self { unit, budget, limit, spent: zero() }
    }

    /// `Σε ≤ ε` of pure mechanisms.
    #[must_use]
    pub fn pure(epsilon: Epsilon, adjacency: A) -> Self {
        Self::new(Unit::Point, PrivacyProfile::pure(epsilon, adjacency))
    }

    /// `Σε ≤ ε` and `Σδ ≤ δ` of pure and approximate mechanisms.
    #[must_use]
    pub fn approximate(epsilon: Epsilon, delta: Delta, adjacency: A) -> Self {
        Self::new(Unit::Point, PrivacyProfile::approximate(epsilon, delta, adjacency))
    }

    /// `Σρ ≤ ρ` of mechanisms that have a zero-concentrated view.
    #[must_use]
    pub fn zero_concentrated(rho: Rho, adjacency: A) -> Self {
        Self::new(Unit::ZeroConcentrated, PrivacyProfile::zero_concentrated_from(rho, adjacency))
    }

    /// `Σμ² ≤ μ²` of Gaussian mechanisms.
    #[must_use]
    pub fn gaussian(mu: Mu, adjacency: A) -> Self {
        Self::new(Unit::Gaussian, PrivacyProfile::gaussian(mu, adjacency))
    }

    /// The guarantee of everything that passes.
    pub const fn budget(&self) -> &PrivacyProfile<A> {
        &self.budget
    }

    /// Takes what a mechanism loses from the budget. Call it *before* the mechanism runs, and run it only on `Ok`.
    ///
    /// # Errors
    ///
    /// [`Error::BudgetExceeded`] if it is more than what is left, or `2⁴⁰` mechanisms or more of one kind: so many are not counted
    /// exactly. [`Error::NotInThisUnit`] for a guarantee that the filter cannot measure, [`Error::AdjacencyDiffers`] for one about other
    /// neighbours. Nothing is taken then.
    pub fn spend(&mut self, profile: &PrivacyProfile<A>) -> Result<(), Error> {
        if profile.adjacency() != self.budget.adjacency() {
            return Err(Error::AdjacencyDiffers);
        }
        let after = with_costs(self.unit, &self.spent, profile.parts())?;
        if after.iter().zip(&self.limit).any(|(spent, limit)| spent > limit) {
            return Err(Error::BudgetExceeded);
        }
        self.spent = after;
        Ok(())
    }
}

/// What was spent, and the costs of further mechanisms; counts from the largest on may have been cut, and no budget holds them.
fn with_costs(unit: Unit, spent: &[Dyadic; 2], parts: &[Part]) -> Result<[Dyadic; 2], Error> {
    parts.iter().try_fold(spent.clone(), |sum, part| {
        let [first, second] = unit.cost(&part.loss).ok_or(Error::NotInThisUnit)?;
        if part.count >= LARGEST_COUNT {
            return Err(Error::BudgetExceeded);
        }
        let count = Dyadic::integer(part.count);
        Ok([sum[0].plus(&first.times(&count)), sum[1].plus(&second.times(&count))])
    })
}

/// Tells at any time what was lost, without a budget that would have to be fixed beforehand.
///
/// # Guarantee
///
/// For each ordered pair of neighbours by itself: with probability at least `1 − δ` over what is released on the first, the privacy
/// loss `ln dP/dQ` is at most [`epsilon`](Self::epsilon) at *every* time, whatever is decided on the way. (Nothing is said of how far
/// it may be *below* zero.) It pays for that: a budget fixed beforehand gives less ε. Not `Clone`: two copies would each tell of a
/// part.
///
/// # Example
///
/// ```
/// use dp_mechanisms::accounting::Odometer;
/// use dp_mechanisms::{AddRemoveRow, Delta, Mu, PrivacyProfile};
///
/// let mut odometer = Odometer::new(Delta::new(1e-6)?, AddRemoveRow);
/// let query = PrivacyProfile::gaussian(Mu::new(0.1)?, AddRemoveRow);
/// assert_eq!(odometer.epsilon(), 0.0);
/// odometer.spend(&query)?;
/// let after_one = odometer.epsilon();
/// for _ in 0..99 {
///     odometer.spend(&query)?;
/// }
/// assert!(after_one < 1.0 && odometer.epsilon() < 10.0);
/// assert!(odometer.epsilon() > query.repeated(100).epsilon(Delta::new(1e-6)?));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # Method
///
/// Zero-concentrated filters with budgets `ρⱼ = 2^{j − 20}`, j = 0, 1, …: while the sum of ρ is at most `ρⱼ`, the loss stays below
/// `ρⱼ + 2√(ρⱼ ln 1/δⱼ)` except with probability `δⱼ` (Ville's inequality for the supermartingale `e^{(α − 1)(L − αΣρ)}`), and
/// `δⱼ = δ/((j + 1)(j + 2))` sum to δ. Read is the smallest filter that was never exceeded.
///
/// # References
///
/// Rogers, Roth, Ullman, Vadhan 2016; Feldman, Zrnic 2021, section 4; Whitehouse, Ramdas, Rogers, Wu 2023.
#[derive(Debug)]
pub struct Odometer<A> {
    delta: Delta,
    adjacency: A,
    spent: [Dyadic; 2],
}

/// `log₂` of the budget of the first filter.
const FIRST: i64 = -20;
/// Number of filters; beyond, nothing is said.
const FILTERS: i64 = 60;

impl<A: Adjacency> Odometer<A> {
    /// Nothing lost yet.
    #[must_use]
    pub fn new(delta: Delta, adjacency: A) -> Self {
        Self { delta, adjacency, spent: [Dyadic::integer(0), Dyadic::integer(0)] }
    }

    /// Adds what a mechanism loses.
    ///
    /// # Errors
    ///
    /// [`Error::NotInThisUnit`] unless it has a zero-concentrated view, [`Error::AdjacencyDiffers`] for one about other
    /// neighbours, [`Error::BudgetExceeded`] for `2⁴⁰` mechanisms or more of one kind. Nothing is added then, and nothing may be
    /// released.
    pub fn spend(&mut self, profile: &PrivacyProfile<A>) -> Result<(), Error> {
        if profile.adjacency() != self.adjacency {
            return Err(Error::AdjacencyDiffers);
        }
        self.spent = with_costs(Unit::ZeroConcentrated, &self.spent, profile.parts())?;
        Ok(())
    }

    /// Upper bound on the loss so far, except with probability δ; infinite if it is absurd.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        let one = Dyadic::integer(1);
        if self.spent[0] == Dyadic::integer(0) {
            return 0.0;
        }
        let filter = (0..FILTERS).find(|&j| self.spent[0] <= one.doubled(FIRST + j));
        filter.map_or(f64::INFINITY, |j| {
            let rho = Ball::integer(1).doubled(FIRST + j);
            let delta = Ball::from_f64(self.delta.get()).over(((j + 1) * (j + 2)) as u64);
            let spread = (rho * -ball::ln(delta)).sqrt().doubled(1);
            (rho + spread).to_bounds().1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::Poisson;
    use crate::adjacency::{AddRemoveRow, PerturbRow};
    use crate::params::SamplingRate;

    fn gaussian(mu: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow)
    }

    fn pure(epsilon: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::pure(Epsilon::new(epsilon).unwrap(), AddRemoveRow)
    }

    #[test]
    fn budgets_are_spent_to_the_last_bit_and_no_further() {
        let mut filter = Filter::gaussian(Mu::new(1.0).unwrap(), AddRemoveRow);
        filter.spend(&gaussian(0.5).repeated(4)).unwrap();
        assert_eq!(filter.spend(&gaussian(f64::MIN_POSITIVE)), Err(Error::BudgetExceeded));
        // ten times a tenth is more than one: the float 0.1 is
        let mut filter = Filter::pure(Epsilon::new(1.0).unwrap(), AddRemoveRow);
        filter.spend(&pure(0.1).repeated(9)).unwrap();
        assert_eq!(filter.spend(&pure(0.1)), Err(Error::BudgetExceeded));
        assert!(filter.spend(&pure(0.1_f64.next_down())).is_err() && filter.spend(&pure(0.099)).is_ok());
    }

    #[test]
    fn both_numbers_of_an_approximate_budget_count() {
        let point = |epsilon: f64, delta: f64| {
            PrivacyProfile::approximate(
                Epsilon::new(epsilon).unwrap(),
                Delta::new(delta).unwrap(),
                AddRemoveRow,
            )
        };
        let mut filter =
            Filter::approximate(Epsilon::new(2.0).unwrap(), Delta::new(2e-6).unwrap(), AddRemoveRow);
        filter.spend(&point(0.5, 1e-6)).unwrap();
        assert_eq!(filter.spend(&point(0.5, 1.1e-6)), Err(Error::BudgetExceeded));
        filter.spend(&point(0.5, 1e-6)).unwrap();
        filter.spend(&pure(1.0)).unwrap();
        assert_eq!(filter.spend(&pure(1e-9)), Err(Error::BudgetExceeded));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let mut filter = Filter::gaussian(Mu::new(1.0).unwrap(), AddRemoveRow);
        assert_eq!(filter.spend(&pure(0.1)), Err(Error::NotInThisUnit));
        let mut filter = Filter::pure(Epsilon::new(1.0).unwrap(), PerturbRow::new(1.0).unwrap());
        let other = PrivacyProfile::pure(Epsilon::new(0.1).unwrap(), PerturbRow::new(0.5).unwrap());
        assert_eq!(filter.spend(&other), Err(Error::AdjacencyDiffers));
        let mut odometer = Odometer::new(Delta::new(1e-6).unwrap(), AddRemoveRow);
        let point =
            PrivacyProfile::approximate(Epsilon::new(0.1).unwrap(), Delta::new(1e-9).unwrap(), AddRemoveRow);
        assert_eq!(odometer.spend(&point), Err(Error::NotInThisUnit));
        assert_eq!(odometer.epsilon(), 0.0);
    }

    #[test]
    fn counts_that_may_have_been_cut_are_in_no_budget() {
        // 2⁸⁰ mechanisms lose 1.2e-6 together; as many as 64 bits count would lose 1.9e-11
        let cut = pure(1e-30).repeated(1 << 40).repeated(1 << 40);
        let mut filter = Filter::pure(Epsilon::new(1e-9).unwrap(), AddRemoveRow);
        assert_eq!(filter.spend(&cut), Err(Error::BudgetExceeded));
        filter.spend(&pure(1e-30).repeated((1 << 40) - 1)).unwrap();
        let mut odometer = Odometer::new(Delta::new(1e-6).unwrap(), AddRemoveRow);
        assert_eq!(odometer.spend(&cut), Err(Error::BudgetExceeded));
        assert_eq!(odometer.epsilon(), 0.0);
    }

    #[test]
    fn samples_of_pure_mechanisms_are_pure() {
        let sampled = Poisson::new(SamplingRate::new(0.25).unwrap()).amplify(&pure(1.0)).unwrap();
        let mut filter = Filter::pure(Epsilon::new(0.36).unwrap(), AddRemoveRow);
        // ln(1 + (e − 1)/4) = 0.357…
        filter.spend(&sampled).unwrap();
        assert_eq!(filter.spend(&pure(0.003)), Err(Error::BudgetExceeded));
    }

    #[test]
    fn an_odometer_never_goes_back() {
        let mut odometer = Odometer::new(Delta::new(1e-6).unwrap(), AddRemoveRow);
        let mut last = 0.0;
        for step in 0..200 {
            odometer.spend(&gaussian(0.01 * f64::from(step + 1))).unwrap();
            assert!(odometer.epsilon() >= last);
            last = odometer.epsilon();
        }
        odometer.spend(&gaussian(1e12)).unwrap();
        assert_eq!(odometer.epsilon(), f64::INFINITY);
    }
}
