//! How far a covariance moves between neighbours.

use crate::adjacency::Adjacency;
use crate::certified::search::first_true_integer;
use crate::covariance::{Draws, EigenvalueChange, Neighbourhood, Orders, Spectrum, Target};
use crate::error::Error;
use crate::params::{Delta, Epsilon, RenyiOrder};
use serde::{Deserialize, Serialize};

/// Upper bound on the relative change of a covariance between neighbouring data sets: the caller's theorem.
///
/// The two orders of a pair differ. Where a theorem bounds `‖Σ^{1/2}Σ'⁻¹Σ^{1/2} − I‖_F` for *every* pair of
/// neighbours, it bounds both orders, because neighbours are neighbours the other way round, too; where it singles
/// out one of the two, say the one with the row, use [`Neighbourhood::frobenius_in_one_order`].
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ChangeBound, covariance::Neighbourhood};
///
/// let bound = ChangeBound::new(Neighbourhood::frobenius(0.01)?, AddRemoveRow);
/// assert_eq!(bound.neighbourhood().change(), 0.01);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", try_from = "Record<A>")]
pub struct ChangeBound<A> {
    neighbourhood: Neighbourhood,
    rank: Rank,
    adjacency: A,
}

/// As written to files: checked when it is read.
#[derive(Deserialize)]
#[serde(bound = "A: Adjacency")]
struct Record<A> {
    neighbourhood: Neighbourhood,
    rank: Rank,
    adjacency: A,
}

impl<A: Adjacency> TryFrom<Record<A>> for ChangeBound<A> {
    type Error = Error;

    /// The neighbourhood of a pair follows from its change, whatever the file says of it: floats that are read may be off by their
    /// last digits.
    fn try_from(record: Record<A>) -> Result<Self, Error> {
        let Record { neighbourhood, rank, adjacency } = record;
        match rank {
            Rank::Any | Rank::One => Ok(Self { neighbourhood, rank, adjacency }),
            Rank::OppositePair(change) => Self::assume_opposite_pair(change, adjacency),
        }
    }
}

/// How many eigenvalues may change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rank {
    Any,
    One,
    OppositePair(EigenvalueChange),
}

impl<A: Adjacency> ChangeBound<A> {
    /// States that covariances of neighbours are within this neighbourhood of each other, whatever the rank of the
    /// change.
    pub const fn new(neighbourhood: Neighbourhood, adjacency: A) -> Self {
        Self { neighbourhood, rank: Rank::Any, adjacency }
    }

    /// States that at most one eigenvalue of `Σ^{1/2}Σ'⁻¹Σ^{1/2}` differs from one, as for `Σ' = Σ ± xxᵀ`.
    ///
    /// Then the exact profile is used in place of a bound over all shapes: it allows up to a percent more change at a
    /// hundred draws. For a symmetric change of two rows, or of a whole row and column, this is *not* so.
    #[must_use]
    pub const fn assume_rank_one(self) -> Self {
        Self { rank: Rank::One, ..self }
    }

    /// States that at most two eigenvalues of `Σ^{1/2}Σ'⁻¹Σ^{1/2}` differ from one, in both orders of each pair: one
    /// of them is larger, by at most the change μ, and one is smaller, by at most `μ/(1 + μ)`.
    ///
    /// This is what replacing a row of X does to `XXᵀ + λI`. The pair with both changes in full dominates all others, so
    /// its exact profile is used: with few draws it allows many more of them than the bound over all shapes, whose worst
    /// case is one increase.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless the change μ is positive, and `μ/(1 + μ)`, rounded up, below one.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::covariance::{EigenvalueChange, Neighbourhood};
    /// use dp_mechanisms::{ChangeBound, Delta, Epsilon, GaussianSampling, PerturbRow};
    ///
    /// let close = PerturbRow::new(0.1)?;
    /// let pair = ChangeBound::assume_opposite_pair(EigenvalueChange::new(0.02)?, close)?;
    /// let any = ChangeBound::new(pair.neighbourhood(), close);
    /// let draws = |bound| {
    ///     let target = (Epsilon::new(1.0).ok()?, Delta::new(1e-6).ok()?);
    ///     GaussianSampling::feasibility(target.0, target.1, bound).draws().map(|draws| draws.get())
    /// };
    /// assert!(draws(pair) > draws(any));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn assume_opposite_pair(change: EigenvalueChange, adjacency: A) -> Result<Self, Error> {
        let (up, down) = (change.get(), opposite(change.get()));
        let squares = ((up * up).next_up() + (down * down).next_up()).next_up();
        let neighbourhood = Neighbourhood::frobenius(if up > 0.0 { squares.sqrt().next_up() } else { up })?;
        EigenvalueChange::new(-down)?;
        Ok(Self { neighbourhood, rank: Rank::OppositePair(change), adjacency })
    }

    /// What is bounded, and by how much.
    #[must_use]
    pub const fn neighbourhood(self) -> Neighbourhood {
        self.neighbourhood
    }

    /// Whether [`assume_rank_one`](Self::assume_rank_one) was stated.
    #[must_use]
    pub fn is_rank_one(self) -> bool {
        self.rank == Rank::One
    }

    /// Whether [`assume_opposite_pair`](Self::assume_opposite_pair) was stated.
    #[must_use]
    pub fn is_opposite_pair(self) -> bool {
        matches!(self.rank, Rank::OppositePair(_))
    }

    /// The neighbour relation that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> A {
        self.adjacency
    }

    /// Whether a mechanism made for this bound covers a covariance of the other.
    #[cfg(feature = "linalg")]
    pub(super) fn covers(self, other: Self) -> bool {
        let rank = match (self.rank, other.rank) {
            (Rank::Any, _) | (Rank::One, Rank::One) => true,
            (Rank::OppositePair(mine), Rank::OppositePair(theirs)) => mine >= theirs,
            (Rank::One | Rank::OppositePair(_), _) => false,
        };
        rank && self.adjacency == other.adjacency && self.neighbourhood.contains(other.neighbourhood)
    }

    /// Upper bound on δ at this ε ≥ 0; 1 for NaN and negative ε.
    pub(super) fn delta(self, epsilon: f64, draws: Draws) -> f64 {
        match self.rank {
            Rank::Any => self.neighbourhood.delta_upper(epsilon, draws),
            Rank::One => self.neighbourhood.rank_one_cover(draws).delta_bounds(epsilon).1,
            Rank::OppositePair(change) => self.pair_delta(change, epsilon, draws),
        }
    }

    /// Upper bound on ε at this δ; infinite if none is found.
    pub(super) fn epsilon(self, delta: Delta, draws: Draws) -> f64 {
        match self.rank {
            Rank::Any => self.neighbourhood.epsilon_upper(delta, draws),
            Rank::OppositePair(change) => {
                let exact = pair(change, draws.max(FEWEST_FOR_PAIRS)).epsilon_bounds(delta).1;
                let any = || self.neighbourhood.epsilon_upper(delta, draws);
                if draws < FEWEST_FOR_PAIRS { exact.min(any()) } else { exact }
            }
            Rank::One => self.neighbourhood.rank_one_cover(draws).epsilon_bounds(delta).1,
        }
    }

    /// A δ that some pair within the bound attains.
    pub(super) fn delta_attained(self, epsilon: f64, draws: Draws) -> f64 {
        match self.rank {
            Rank::Any | Rank::One => self.neighbourhood.worst_rank_one(draws).delta_bounds(epsilon).0,
            Rank::OppositePair(change) => {
                let inner = (change.get() / (1.0 + change.get()).next_up()).next_down();
                both(change, -inner, draws).delta_bounds(epsilon).0
            }
        }
    }

    /// Upper bound on the Rényi divergence of this order.
    pub(super) fn renyi(self, order: RenyiOrder, draws: Draws) -> f64 {
        match self.rank {
            Rank::Any => self.neighbourhood.renyi_upper(order, draws),
            Rank::One => self.neighbourhood.rank_one_cover(draws).renyi_bounds(order).1,
            Rank::OppositePair(change) => pair(change, draws).renyi_upper(order),
        }
    }

    fn pair_delta(self, change: EigenvalueChange, epsilon: f64, draws: Draws) -> f64 {
        let exact = pair(change, draws.max(FEWEST_FOR_PAIRS)).delta_bounds(epsilon).1;
        let any = || self.neighbourhood.delta_upper(epsilon, draws);
        if draws < FEWEST_FOR_PAIRS { exact.min(any()) } else { exact }
    }

    /// The exact profile decides from [`FEWEST_FOR_PAIRS`] draws on, the bound over all shapes below.
    fn most_draws_of_pair(
        self,
        change: EigenvalueChange,
        (epsilon, delta): (Epsilon, Delta),
    ) -> Option<Draws> {
        let (least, most) = (i64::from(FEWEST_FOR_PAIRS.get()), i64::from(Draws::MAX.get()));
        let at = |draws: i64| Draws::new(draws as u32).ok();
        let pair_exceeds = |draws: i64| {
            at(draws).is_some_and(|draws| self.pair_delta(change, epsilon.get(), draws) > delta.get())
        };
        // each draw loses about as much as a shift by μ; a guess decides nothing but the time
        let guess = (crate::gaussian::mu_for(epsilon, delta).get() / change.get()).powi(2);
        let first_bad = first_true_integer(guess as i64, (least, most), pair_exceeds).unwrap_or(most + 1);
        if first_bad > least {
            return at(first_bad - 1);
        }
        let met = |draws: &Draws| self.neighbourhood.delta_upper(epsilon.get(), *draws) <= delta.get();
        // where one draw is too many, so are more
        at(1).filter(met)?;
        (1..least).rev().filter_map(at).find(met)
    }

    /// The most draws that are proven to meet the target.
    pub(super) fn most_draws(self, epsilon: Epsilon, delta: Delta) -> Option<Draws> {
        match self.rank {
            Rank::Any => self.neighbourhood.most_draws(epsilon, delta),
            Rank::One => Target::new(epsilon, delta).most_draws(self.extreme()),
            Rank::OppositePair(change) => self.most_draws_of_pair(change, (epsilon, delta)),
        }
    }

    fn extreme(self) -> EigenvalueChange {
        self.neighbourhood.rank_one_cover(Draws::MAX).change()
    }

    /// Draws by the published condition `Δ ≤ min{ε/√(8k ln(1/δ)), ε/(8 ln(1/δ))}`, with Δ in both orders.
    ///
    /// Plain floating point: how private so many draws are is computed from their number.
    pub(super) fn published_draws(self, epsilon: Epsilon, delta: Delta) -> Option<Draws> {
        let (change, epsilon) = (self.neighbourhood.largest_change(), epsilon.get());
        let log = -delta.get().ln();
        let draws = (epsilon / change).powi(2) / (8.0 * log);
        let allowed = change <= epsilon / (8.0 * log);
        Draws::new(if allowed { draws as u32 } else { 0 }).ok()
    }
}

/// With fewer draws the integral of two eigenvalues takes a hundred times as long; the bound over all shapes serves, or
/// that of eight draws, which tell more.
const FEWEST_FOR_PAIRS: Draws = Draws::EIGHT;

/// `μ/(1 + μ)`, rounded up.
fn opposite(change: f64) -> f64 {
    (change / (1.0 + change).next_down()).next_up()
}

/// The changes μ and `−μ/(1 + μ)`, rounded outward: the reversed order has the same two.
fn pair(change: EigenvalueChange, draws: Draws) -> Spectrum {
    both(change, -opposite(change.get()), draws)
}

fn both(up: EigenvalueChange, down: f64, draws: Draws) -> Spectrum {
    let down = EigenvalueChange::new(down).expect("`assume_opposite_pair` refuses decreases to zero");
    Spectrum::new(&[up, down], draws).in_orders(Orders::AsGiven)
}
