//! The mechanism of each way out: a function of options, adjacency and budget, not of rows.

use super::lattice::{ComputedRows, LogitLattice, eigenvalue_change, published_change};
use super::options::SelfAttentionOptions;
use crate::error::Error;
use dp_mechanisms::covariance::{EigenvalueChange, Neighbourhood};
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::selection::{ExponentialMechanism, ScoreMovement, SpreadSensitivity};
use dp_mechanisms::{ChangeBound, Delta, Epsilon, GaussianSampling, LatticeGaussian};

/// The least noise on rows.
pub(super) fn rows_mechanism<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    (epsilon, delta): (Epsilon, Delta),
) -> Result<LatticeGaussian<A>, Error> {
    let sensitivity = LogitLattice::of_rows(options, adjacency).integers().l2_sensitivity()?;
    Ok(LatticeGaussian::calibrate(epsilon, delta, sensitivity)?)
}

/// The least noise on the triangle.
pub(super) fn gram_mechanism<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    (epsilon, delta): (Epsilon, Delta),
) -> Result<LatticeGaussian<A>, Error> {
    let sensitivity = LogitLattice::of_gram(options, adjacency).gram_sensitivity()?;
    Ok(LatticeGaussian::calibrate(epsilon, delta, sensitivity)?)
}

/// Softmax at the scale of the options, as an exponential mechanism: `e^{−ε·gap/spread}` with `ε = s·spread·step²`.
pub(super) fn token_mechanism<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
) -> Result<ExponentialMechanism<SpreadSensitivity<A>>, Error> {
    let lattice = LogitLattice::of_scores(options, adjacency);
    let sensitivity = lattice.score_sensitivity()?;
    let epsilon = options.softmax_scale() * sensitivity.spread() as f64 * lattice.gram_lattice()?.step();
    Ok(ExponentialMechanism::new(Epsilon::new(epsilon)?, sensitivity))
}

/// The bound that is proven, of rows as computed: two eigenvalues change, in opposite directions.
pub(super) fn change_bound<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
) -> Result<ChangeBound<A>, Error> {
    let change = eigenvalue_change(options, ComputedRows::new(options, adjacency)?.displacement);
    Ok(ChangeBound::assume_opposite_pair(EigenvalueChange::new(change)?, adjacency)?)
}

/// The published bound.
pub(super) fn published_bound<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
) -> Result<ChangeBound<A>, Error> {
    let change = published_change(options, ComputedRows::new(options, adjacency)?);
    Ok(ChangeBound::new(Neighbourhood::frobenius(change)?, adjacency))
}

/// The most draws that the exact profile allows, and no more than the options do.
pub(super) fn sampling_mechanism<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    (epsilon, delta): (Epsilon, Delta),
) -> Result<GaussianSampling<A>, Error> {
    let bound = change_bound(options, adjacency)?;
    Ok(limited(&GaussianSampling::calibrate(epsilon, delta, bound)?, options))
}

/// The most draws that the published condition allows at the published bound, and no more than the options do.
pub(super) fn published_sampling_mechanism<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    (epsilon, delta): (Epsilon, Delta),
) -> Result<GaussianSampling<A>, Error> {
    let bound = published_bound(options, adjacency)?;
    Ok(limited(&GaussianSampling::calibrate_as_published(epsilon, delta, bound)?, options))
}

fn limited<A: FixedSizeAdjacency>(
    mechanism: &GaussianSampling<A>,
    options: &SelfAttentionOptions,
) -> GaussianSampling<A> {
    let draws = mechanism.draws().min(options.max_draws());
    GaussianSampling::with_draws(draws, mechanism.profile().bound())
}
