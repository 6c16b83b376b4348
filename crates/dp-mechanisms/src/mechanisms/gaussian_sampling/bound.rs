//! How far a covariance moves between neighbours.

use crate::adjacency::Adjacency;
use crate::covariance::{Draws, EigenvalueChange, Neighbourhood, Target};
use crate::params::{Delta, Epsilon};
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
#[serde(bound = "A: Adjacency")]
pub struct ChangeBound<A> {
    neighbourhood: Neighbourhood,
    rank: Rank,
    adjacency: A,
}

/// How many eigenvalues may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rank {
    Any,
    One,
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

    /// The neighbour relation that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> A {
        self.adjacency
    }

    /// Whether a mechanism made for this bound covers a covariance of the other.
    #[cfg(feature = "linalg")]
    pub(super) fn covers(self, other: Self) -> bool {
        let rank = self.rank == Rank::Any || other.rank == Rank::One;
        rank && self.adjacency == other.adjacency && self.neighbourhood.contains(other.neighbourhood)
    }

    /// The most draws that are proven to meet the target.
    pub(super) fn most_draws(self, epsilon: Epsilon, delta: Delta) -> Option<Draws> {
        match self.rank {
            Rank::Any => self.neighbourhood.most_draws(epsilon, delta),
            Rank::One => Target::new(epsilon, delta).most_draws(self.extreme()),
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
