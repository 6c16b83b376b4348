//! Random feature maps: unbiased, or nearly so, over frequencies or signs drawn once for a map.
//!
//! The generator is the caller's, and a map keeps what was drawn, not the generator. Two sides that must agree on a map
//! draw it from generators with one seed, or share the map.

mod convolution;
mod degrees;
mod frequencies;
mod linear;
mod maclaurin;
mod optimal_positive;
mod positive;
mod sketch_tree;
mod tensor_sketch;
mod trigonometric;

pub use linear::LinearPlusRandom;
pub use maclaurin::RandomMaclaurin;
pub use optimal_positive::OptimalPositiveFeatures;
pub use positive::PositiveFeatures;
pub use sketch_tree::SketchTree;
pub use tensor_sketch::TensorSketch;
pub use trigonometric::TrigonometricFeatures;

use crate::{
    error::Error,
    exp_taylor::exp_upper,
    feature_map::{KernelError, NormBound, max_logit, nan_to_infinity},
    monomial::MonomialMap,
    outward::up,
};

/// Most numbers that a random map draws at once.
const MAX_DRAWS: usize = 1 << 28;

/// Most features, or frequencies, of a random map that draws `numbers` numbers for each: 2²⁰, or what [`MAX_DRAWS`] allow.
pub(crate) fn max_features(numbers: usize) -> usize {
    MonomialMap::DEFAULT_FEATURE_LIMIT.min(MAX_DRAWS / numbers.max(1))
}

fn check_dim(dim: usize) -> Result<(), Error> {
    if dim == 0 { Err(Error::ZeroDimension) } else { Ok(()) }
}

fn check_count(count: usize, min: usize, max: usize) -> Result<(), Error> {
    if (min..=max).contains(&count) { Ok(()) } else { Err(Error::RandomFeatureCount { count, min, max }) }
}

/// `E‖φ(x)‖² = e^{‖x‖²}` of unbiased symmetric features.
fn unbiased_norm(radius: f64) -> NormBound {
    NormBound::Random { mean_square: exp_upper(max_logit(radius)) }
}

/// The standard deviation of the mean of `count` uncorrelated terms of this variance.
fn relative_std(variance: f64, count: usize) -> KernelError {
    KernelError::RelativeStd(nan_to_infinity(up((variance / count as f64).sqrt(), 2)))
}
