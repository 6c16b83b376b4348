//! Mechanisms: each adds noise of one kind to statistics of one kind of sensitivity, and mints the release.

pub mod continual;
mod exact;
mod gaussian;
mod laplace;
mod symmetric_gaussian;
mod truncated_laplace;

pub(crate) use exact::least_over_root_two;
pub use gaussian::LatticeGaussian;
pub use laplace::LatticeLaplace;
pub use symmetric_gaussian::SymmetricGaussian;
pub use truncated_laplace::TruncatedLaplace;
