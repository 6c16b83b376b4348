//! Record level: an ellipsoid that protects whole rows, whatever they hold.
//!
//! The exact ellipsoid of private rows is decided by its `d(d + 1)/2` outermost rows. What is released here is a robust one, by a few
//! rounds of noisy sums: rows in the whitened coordinates of what is public so far are scaled back to a ball, their second moments are
//! released, and the coordinates are whitened once more. At the end a private quantile sets the level that covers the share of
//! rows that is asked for.

mod ellipsoid;
mod encode;
mod mechanism;
mod options;
mod pass;
mod scale;
mod shape;
mod tile;

pub use ellipsoid::RecordEllipsoid;
pub use encode::RoundEncoder;
pub use mechanism::{RecordMechanism, private_ellipsoid};
pub use options::{RecordOptions, RecordParameter, RecordScale, RecordTarget};
