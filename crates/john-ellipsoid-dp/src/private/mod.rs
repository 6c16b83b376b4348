//! Ellipsoids of private rows.
//!
//! What a non-private solve returns (weights, support, shape, status, even how long it took) is a function of the rows. What is
//! released here carries a guarantee, and everything computed from it alone is post-processing.

pub mod close;
mod ellipsoid;
mod floats;
mod record;
mod rows;
mod weights;

pub use ellipsoid::ReleasedEllipsoid;
pub use record::{
    RecordEllipsoid, RecordMechanism, RecordOptions, RecordParameter, RecordScale, RecordTarget,
    RoundEncoder, private_ellipsoid,
};
pub use rows::PrivateRows;
pub use weights::{Floor, NoisyWeights, WeightOptions, WeightParameter, noisy_weights, weight_statistic};
