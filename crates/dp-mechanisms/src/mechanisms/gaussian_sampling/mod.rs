//! Gaussian sampling: k draws of `N(0, Σ)` for a private Σ.

mod bound;
mod feasibility;
mod profile;
#[cfg(feature = "linalg")]
mod sample;

pub use bound::ChangeBound;
pub use feasibility::{Feasibility, SamplingError};
pub use profile::GaussianSamplingProfile;
#[cfg(feature = "linalg")]
pub use sample::PrivateCovariance;

use crate::adjacency::Adjacency;
use crate::covariance::Draws;
use crate::error::Error;
use crate::params::{Delta, Epsilon};

/// Releases `k⁻¹ Σ gᵢgᵢᵀ` for k independent draws `gᵢ ~ N(0, Σ)` of a private covariance Σ: Σ itself is never seen.
///
/// Its noise is relative: a direction of variance σ² is off by about `σ²√(2/k)`, so that a matrix keeps its shape,
/// its definiteness and its small eigenvalues. What has to be small for that is the *relative* change of Σ between
/// neighbours ([`ChangeBound`]). A public ridge `λI`, added by the caller, is what usually makes it so.
///
/// # Guarantee
///
/// For covariances whose change between neighbours keeps the bound, the profile of [`GaussianSamplingProfile`], in
/// real arithmetic ([`RealModel`](crate::ArithmeticModel::RealModel)). The gap to the machine: normals are exactly
/// distributed on multiples of `2⁻⁴⁰` (a real normal, rounded), and the entries of Σ as handed over, its factor and the
/// products are results of `f64` operations whose rounding depends on Σ. Whether and how a release fails depends on shapes and public parameters
/// only.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ChangeBound, Delta, Epsilon, GaussianSampling, covariance::Neighbourhood};
///
/// let bound = ChangeBound::new(Neighbourhood::frobenius(0.01)?, AddRemoveRow);
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let mechanism = GaussianSampling::calibrate(epsilon, delta, bound)?;
/// let published = GaussianSampling::calibrate_as_published(epsilon, delta, bound);
/// // the published condition does not allow a change as large as this at all: it asks for Δ ≤ ε/(8 ln(1/δ)) = 0.009
/// assert!(mechanism.draws().get() > 990 && published.is_err());
/// assert!(mechanism.profile().delta(1.0) <= 1e-6);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// D. Alabi, P. K. Kothari, P. Tankala, P. Venkat, F. Zhang, *Privately Estimating a Gaussian: Efficient, Robust and
/// Optimal*, 2022 (arXiv 2212.08018). The profile: `docs/theorems.md` of the project, *Changed covariances*.
#[derive(Debug, Clone, Copy)]
pub struct GaussianSampling<A> {
    profile: GaussianSamplingProfile<A>,
    #[cfg(feature = "linalg")]
    parallelism: dp_linalg::Parallelism,
}

impl<A: Adjacency> GaussianSampling<A> {
    /// The most draws that are certified to give (ε, δ)-differential privacy with this bound.
    ///
    /// # Errors
    ///
    /// [`Error::Infeasible`] if one draw is too many; [`feasibility`](Self::feasibility) says so as data.
    pub fn calibrate(epsilon: Epsilon, delta: Delta, bound: ChangeBound<A>) -> Result<Self, Error> {
        Self::or_infeasible(epsilon, delta, bound, bound.most_draws(epsilon, delta))
    }

    /// As many draws as the published condition allows, `Δ ≤ min{ε/√(8k ln(1/δ)), ε/(8 ln(1/δ))}` with the Frobenius
    /// change Δ in both orders: about a tenth of what [`calibrate`](Self::calibrate) gives. The guarantee is that of
    /// so many draws, not the target.
    ///
    /// # Errors
    ///
    /// [`Error::Infeasible`] if the condition allows none.
    pub fn calibrate_as_published(
        epsilon: Epsilon,
        delta: Delta,
        bound: ChangeBound<A>,
    ) -> Result<Self, Error> {
        Self::or_infeasible(epsilon, delta, bound, bound.published_draws(epsilon, delta))
    }

    fn or_infeasible(
        epsilon: Epsilon,
        delta: Delta,
        bound: ChangeBound<A>,
        draws: Option<Draws>,
    ) -> Result<Self, Error> {
        let change = bound.neighbourhood().change();
        let infeasible = Error::Infeasible { epsilon: epsilon.get(), delta: delta.get(), change };
        draws.map(|draws| Self::with_draws(draws, bound)).ok_or(infeasible)
    }

    /// A chosen number of draws; [`profile`](Self::profile) says what that guarantees.
    #[must_use]
    pub const fn with_draws(draws: Draws, bound: ChangeBound<A>) -> Self {
        Self {
            profile: GaussianSamplingProfile::new(bound, draws),
            #[cfg(feature = "linalg")]
            parallelism: dp_linalg::Parallelism::Sequential,
        }
    }

    /// What [`calibrate`](Self::calibrate) would find, and the error that comes with it. Sees public parameters only.
    pub fn feasibility(epsilon: Epsilon, delta: Delta, bound: ChangeBound<A>) -> Feasibility {
        Feasibility::new(bound.most_draws(epsilon, delta))
    }

    /// How many draws a release takes.
    #[must_use]
    pub const fn draws(&self) -> Draws {
        self.profile.draws()
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &GaussianSamplingProfile<A> {
        &self.profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{AddRemoveRow, ReplaceRow};
    use crate::covariance::{EigenvalueChange, Neighbourhood};

    fn bound(change: f64) -> ChangeBound<AddRemoveRow> {
        ChangeBound::new(Neighbourhood::frobenius(change).unwrap(), AddRemoveRow)
    }

    fn target() -> (Epsilon, Delta) {
        (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap())
    }

    #[test]
    fn one_draw_more_is_too_many() {
        let (epsilon, delta) = target();
        for bound in [bound(0.02), bound(0.02).assume_rank_one()] {
            let mechanism = GaussianSampling::calibrate(epsilon, delta, bound).unwrap();
            assert!(mechanism.profile().delta(1.0) <= 1e-6);
            let more = Draws::new(mechanism.draws().get() + 1).unwrap();
            assert!(GaussianSampling::with_draws(more, bound).profile().delta(1.0) > 1e-6);
            assert_eq!(GaussianSampling::feasibility(epsilon, delta, bound).draws(), Some(mechanism.draws()));
        }
    }

    #[test]
    fn a_proven_rank_of_one_allows_more_draws() {
        let (epsilon, delta) = target();
        let draws = |bound| GaussianSampling::calibrate(epsilon, delta, bound).unwrap().draws();
        assert!(draws(bound(0.02)) < draws(bound(0.02).assume_rank_one()));
    }

    #[test]
    fn a_proven_opposite_pair_allows_more_draws_than_any_shape_of_its_norm() {
        let (epsilon, delta) = target();
        for change in [0.05, 0.01, 0.001] {
            let change = EigenvalueChange::new(change).unwrap();
            let pair = ChangeBound::assume_opposite_pair(change, AddRemoveRow).unwrap();
            let any = ChangeBound::new(pair.neighbourhood(), AddRemoveRow);
            let mechanism = GaussianSampling::calibrate(epsilon, delta, pair).unwrap();
            assert!(mechanism.draws() > GaussianSampling::calibrate(epsilon, delta, any).unwrap().draws());
            let profile = mechanism.profile();
            assert!(profile.delta(1.0) <= 1e-6 && profile.delta_attained(1.0) > 0.8e-6);
            assert!(profile.delta_attained(1.0) <= profile.delta(1.0));
            assert!(profile.epsilon(delta) <= 1.0 + 1e-9);
            let more = Draws::new(mechanism.draws().get() + 1).unwrap();
            assert!(GaussianSampling::with_draws(more, pair).profile().delta(1.0) > 1e-6);
        }
    }

    #[test]
    fn a_pair_needs_a_positive_change_and_few_draws_fall_back() {
        let of =
            |change| ChangeBound::assume_opposite_pair(EigenvalueChange::new(change).unwrap(), AddRemoveRow);
        assert!(of(0.0).is_err() && of(-0.5).is_err());
        // μ/(1 + μ) is one as a float: no decrease to zero is an increase instead
        assert!(of(1e10).is_ok() && of(1e17).is_err());
        let pair = of(0.3).unwrap();
        let two = Draws::new(2).unwrap();
        let any = ChangeBound::new(pair.neighbourhood(), AddRemoveRow);
        let delta = |bound| GaussianSampling::with_draws(two, bound).profile().delta(1.0);
        assert_eq!(delta(pair), delta(any));
    }

    #[test]
    fn the_published_condition_is_met_with_much_to_spare() {
        let (epsilon, delta) = target();
        let published = GaussianSampling::calibrate_as_published(epsilon, delta, bound(0.003)).unwrap();
        // ε²/(8 Δ² ln(1/δ)) = 1005.3…
        assert_eq!(published.draws().get(), 1005);
        assert!(published.profile().delta(1.0) < 1e-30);
        let ours = GaussianSampling::calibrate(epsilon, delta, bound(0.003)).unwrap();
        assert!(ours.draws().get() > 10 * published.draws().get());
    }

    #[test]
    fn infeasible_targets_are_told_apart_from_failures() {
        let (epsilon, delta) = target();
        let refused = GaussianSampling::calibrate(epsilon, delta, bound(0.4)).unwrap_err();
        assert_eq!(refused, Error::Infeasible { epsilon: 1.0, delta: 1e-6, change: 0.4 });
        assert_eq!(GaussianSampling::feasibility(epsilon, delta, bound(0.4)).draws(), None);
    }

    #[test]
    fn a_saved_guarantee_loads_only_under_its_own_adjacency() {
        let profile = GaussianSamplingProfile::new(bound(0.02), Draws::new(7).unwrap());
        let text = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<GaussianSamplingProfile<AddRemoveRow>>(&text).unwrap(), profile);
        assert!(serde_json::from_str::<GaussianSamplingProfile<ReplaceRow>>(&text).is_err());
        let negative = text.replace("0.02", "-0.02");
        assert!(serde_json::from_str::<GaussianSamplingProfile<AddRemoveRow>>(&negative).is_err());
    }

    #[test]
    fn a_saved_pair_loads_with_the_neighbourhood_of_its_change() {
        let pair =
            ChangeBound::assume_opposite_pair(EigenvalueChange::new(0.3).unwrap(), AddRemoveRow).unwrap();
        let text = serde_json::to_string(&pair).unwrap();
        let load = |text: &str| serde_json::from_str::<ChangeBound<AddRemoveRow>>(text);
        assert_eq!(load(&text).unwrap(), pair);
        // readers may be off by a digit, and a neighbourhood that is edited counts for nothing
        let stated = serde_json::to_string(&pair.neighbourhood().change()).unwrap();
        for other in [pair.neighbourhood().change().next_up(), 1e-6] {
            let edited = text.replace(&stated, &serde_json::to_string(&other).unwrap());
            assert!(edited != text && load(&edited).unwrap() == pair);
        }
        assert!(load(&text.replace("\"opposite_pair\":0.3", "\"opposite_pair\":1e17")).is_err());
    }
}
