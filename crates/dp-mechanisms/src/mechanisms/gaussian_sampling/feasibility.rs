//! What a target allows, before anything is released.

use crate::covariance::Draws;
use crate::params::FailureProbability;

/// Whether Gaussian sampling can meet a target at all, with how many draws, and how far off its answer is then.
///
/// A function of public parameters alone.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{
///     AddRemoveRow, ChangeBound, Delta, Epsilon, FailureProbability, GaussianSampling, covariance::Neighbourhood,
/// };
///
/// let bound = |change| Ok::<_, dp_mechanisms::Error>(ChangeBound::new(Neighbourhood::frobenius(change)?, AddRemoveRow));
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let found = GaussianSampling::feasibility(epsilon, delta, bound(0.001)?);
/// let error = found.error(20, FailureProbability::new(0.01)?).expect("feasible");
/// assert!(found.draws().expect("feasible").get() > 100_000);
/// assert!(error.spectral() < 0.05 && error.entrywise() < 0.025);
/// // a change by a half is more than one draw may show: that is an answer, not a failure
/// assert_eq!(GaussianSampling::feasibility(epsilon, delta, bound(0.5)?).draws(), None);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Feasibility {
    draws: Option<Draws>,
}

impl Feasibility {
    pub(super) const fn new(draws: Option<Draws>) -> Self {
        Self { draws }
    }

    /// The most draws that meet the target; none if a single one is too many.
    #[must_use]
    pub const fn draws(self) -> Option<Draws> {
        self.draws
    }

    /// Error bounds with that many draws of a covariance of shape `(dimension, dimension)`; none if infeasible.
    #[must_use]
    pub fn error(self, dimension: usize, failure: FailureProbability) -> Option<SamplingError> {
        self.draws.map(|draws| SamplingError::new(draws, dimension, failure))
    }
}

/// How far the average of k outer products is from the covariance, except with a stated probability.
///
/// # Error bound
///
/// For real numbers, and computed in plain floating point: these say how useful a release is, not how private.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{FailureProbability, SamplingError, covariance::Draws};
///
/// let error = SamplingError::new(Draws::new(10_000)?, 50, FailureProbability::new(0.05)?);
/// assert!((0.15..0.21).contains(&error.spectral())); // 2√(m/k) = 0.14 to leading order
/// assert!(error.entrywise() < 0.08);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// Davidson and Szarek 2001, Theorem II.13 (extreme singular values); Laurent and Massart 2000, Lemma 1 (weighted
/// chi-squares); `docs/theorems.md` of the project, *Gaussian sampling*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingError {
    draws: f64,
    dimension: f64,
    failure: f64,
}

impl SamplingError {
    /// For so many draws in so many dimensions; each bound by itself misses with at most the failure probability.
    #[must_use]
    pub fn new(draws: Draws, dimension: usize, failure: FailureProbability) -> Self {
        Self { draws: f64::from(draws.get()), dimension: dimension as f64, failure: failure.get() }
    }

    /// ρ with `(1 − ρ)Σ ⪯ Σ̂ ⪯ (1 + ρ)Σ`: `2a + a²` with `a = √(m/k) + √(2 ln(2/γ)/k)`. From one on the lower half
    /// says nothing.
    #[must_use]
    pub fn spectral(self) -> f64 {
        let a = (self.dimension / self.draws).sqrt() + (2.0 * (2.0 / self.failure).ln() / self.draws).sqrt();
        2.0 * a + a * a
    }

    /// η with `|Σ̂ᵢⱼ − Σᵢⱼ| ≤ η√(ΣᵢᵢΣⱼⱼ)` for all entries at once: `2√(x/k) + 2x/k` with `x = ln(m(m + 1)/γ)`. No
    /// `k ≥ m` is needed.
    #[must_use]
    pub fn entrywise(self) -> f64 {
        let x = (self.dimension * (self.dimension + 1.0) / self.failure).ln().max(0.0);
        2.0 * (x / self.draws).sqrt() + 2.0 * x / self.draws
    }
}
