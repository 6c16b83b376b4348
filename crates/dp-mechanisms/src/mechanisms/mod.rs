//! Mechanisms: each adds noise of one kind to statistics of one kind of sensitivity, and mints the release.

pub mod continual;
mod gaussian;
mod gaussian_sampling;

pub use gaussian::LatticeGaussian;
#[cfg(feature = "linalg")]
pub use gaussian_sampling::PrivateCovariance;
pub use gaussian_sampling::{
    ChangeBound, Feasibility, GaussianSampling, GaussianSamplingProfile, SamplingError,
};
