//! Gaussian outputs whose covariance depends on the data.

mod change;
pub mod chi_square;
mod complex;
mod inversion;
mod neighbourhood;
mod rank_one;
mod renyi;
mod spectrum;
mod steer;
mod target;
mod tilted;

pub use change::{Draws, EigenvalueChange, Orders};
pub use neighbourhood::Neighbourhood;
pub use rank_one::RankOne;
pub use spectrum::Spectrum;
pub use target::Target;
