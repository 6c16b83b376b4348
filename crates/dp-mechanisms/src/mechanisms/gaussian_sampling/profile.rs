//! The guarantee of Gaussian sampling.

use super::bound::ChangeBound;
use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::covariance::Draws;
use crate::error::Error;
use crate::params::{Delta, Epsilon, RenyiOrder};
use serde::{Deserialize, Serialize};

/// The privacy profile of k draws of a Gaussian whose covariance changes within a bound, for the adjacency `A`.
///
/// An upper bound on δ at every ε: the exact profile of one changed eigenvalue, or (from eight draws on) of two that
/// change in opposite directions, where the bound says so, else the bound over all shapes. Holds for real numbers.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ChangeBound, Delta, GaussianSamplingProfile, covariance::{Draws, Neighbourhood}};
///
/// let bound = ChangeBound::new(Neighbourhood::frobenius(0.003)?, AddRemoveRow);
/// let one = GaussianSamplingProfile::new(bound, Draws::new(1000)?);
/// // four releases of the same matrix are one release with four times the draws
/// let four = one.times(4)?;
/// assert!(one.delta(0.5) < 1e-8 && four.delta(1.0) < 1e-8);
/// assert!(four.epsilon(Delta::new(1e-9)?) < 2.1 * one.epsilon(Delta::new(1e-9)?));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency")]
#[must_use]
pub struct GaussianSamplingProfile<A> {
    bound: ChangeBound<A>,
    draws: Draws,
}

impl<A: Adjacency> GaussianSamplingProfile<A> {
    /// So many draws from a covariance that changes within this bound.
    pub const fn new(bound: ChangeBound<A>, draws: Draws) -> Self {
        Self { bound, draws }
    }

    /// The bound on the change of the covariance.
    #[must_use]
    pub const fn bound(&self) -> ChangeBound<A> {
        self.bound
    }

    /// The number of draws.
    #[must_use]
    pub const fn draws(&self) -> Draws {
        self.draws
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.bound.adjacency()
    }

    /// The guarantee of so many releases whose covariances each keep the bound, chosen before any of them is seen.
    ///
    /// Releases of k draws each are one release of `releases·k` draws (docs/theorems.md, *Changed covariances,
    /// composition*). With an assumed rank of one, or an assumed pair, the same eigenvalues must change in all of them,
    /// by the same amounts: releases of one matrix.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for no release, and beyond 2³² − 1 draws.
    pub fn times(&self, releases: u32) -> Result<Self, Error> {
        Ok(Self { draws: self.draws.times(releases)?, ..*self })
    }

    /// Upper bound on δ at this ε ≥ 0; 1 for NaN and negative ε.
    #[must_use]
    pub fn delta(&self, epsilon: f64) -> f64 {
        self.bound.delta(epsilon, self.draws)
    }

    /// Upper bound on ε at this δ; infinite if none is found.
    #[must_use]
    pub fn epsilon(&self, delta: Delta) -> f64 {
        self.bound.epsilon(delta, self.draws)
    }

    /// A δ that some pair within the bound attains: nobody can guarantee less. With [`delta`](Self::delta) it makes
    /// an interval.
    #[must_use]
    pub fn delta_attained(&self, epsilon: f64) -> f64 {
        self.bound.delta_attained(epsilon, self.draws)
    }

    /// Upper bound on the Rényi divergence of this order; infinite from some order on. Adds up over releases,
    /// adaptive ones too.
    #[must_use]
    pub fn renyi(&self, order: RenyiOrder) -> f64 {
        self.bound.renyi(order, self.draws)
    }

    /// One point of the profile as a guarantee that composes with those of other mechanisms; `None` if δ(ε) is one
    /// there, or below every float (then it is pure only in name).
    #[must_use]
    pub fn at(&self, epsilon: Epsilon) -> Option<PrivacyProfile<A>> {
        let delta = Delta::new(self.delta(epsilon.get())).ok()?;
        Some(PrivacyProfile::approximate(epsilon, delta, self.adjacency()))
    }
}
