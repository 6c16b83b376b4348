//! Whole records are protected: features and targets, whatever they hold.
//!
//! One release of `ΦᵀΦ` and `ΦᵀY` for features that do not depend on the data; the rest is post-processing.

mod descent;
mod encode;
mod flatten;
mod mechanism;
mod moments;
mod options;
mod ridge;
mod sensitivity;
mod spectrum;
mod sums;

#[cfg(feature = "io")]
pub(crate) use descent::ClassifierParts;
pub use descent::{
    DescentAdjacency, DescentMechanism, DescentOptions, DescentParameter, PrivateClassifier, private_descent,
};
pub use mechanism::{RecordMechanism, private_moments};
pub use moments::NoisyMoments;
#[cfg(feature = "io")]
pub(crate) use moments::{FlatteningParts, ReleasedParts};
pub use options::{RecordOptions, RecordParameter, RecordTargets, RowNorm};
pub use ridge::PrivateRidge;
pub use sensitivity::RecordAdjacency;
pub use spectrum::NoisySpectrum;
