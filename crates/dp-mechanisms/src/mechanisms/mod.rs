//! Mechanisms: each adds noise of one kind to statistics of one kind of sensitivity, or selects by score, and mints the release.

pub mod continual;
mod exact;
mod gaussian;
mod gaussian_sampling;
mod laplace;
pub mod selection;
mod symmetric_gaussian;
mod truncated_laplace;

pub(crate) use exact::least_over_root_two;
pub use gaussian::LatticeGaussian;
#[cfg(feature = "linalg")]
pub use gaussian_sampling::PrivateCovariance;
pub use gaussian_sampling::{
    ChangeBound, Feasibility, GaussianSampling, GaussianSamplingProfile, SamplingError,
};
pub use laplace::LatticeLaplace;
pub use symmetric_gaussian::SymmetricGaussian;
pub use truncated_laplace::TruncatedLaplace;
