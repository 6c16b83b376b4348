//! Classes learned in few steps, each from a released gradient: noise for `D·k` numbers in place of `D²`.

mod classifier;
mod mechanism;
mod options;
mod sensitivity;
mod steps;

#[cfg(feature = "io")]
pub(crate) use classifier::ClassifierParts;
pub use classifier::PrivateClassifier;
pub use mechanism::{DescentMechanism, private_descent};
pub use options::{DescentOptions, DescentParameter};
pub use sensitivity::DescentAdjacency;
