//! Neural tangent kernels of fully connected networks, and regression with them.

mod arcsine;
pub mod claims;
mod dual;
mod erf;
mod error;
mod features;
mod kernel;
mod network;
mod regression;

/// Version of this crate, for records of what computed a result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use arcsine::ARCSINE;
pub use error::Error;
pub use features::{quadratic_features, quadratic_sketch};
pub use kernel::Kernel;
pub use network::{Activation, Expectations, Network};
pub use regression::{
    FeatureModel, FeatureRidge, IterativeFit, KernelModel, KernelRidge, LeaveOneOut, Stop, classify, one_hot,
};
