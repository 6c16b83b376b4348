//! Regression on private rows.
//!
//! What a non-private fit returns (weights, coefficients, residuals, the best ridge) is a function of the rows. What is released here
//! carries a guarantee, and everything computed from it alone is post-processing.

pub mod close;
mod record;
mod rows;

#[cfg(feature = "io")]
pub(crate) use record::{ClassifierParts, FlatteningParts, ReleasedParts};
pub use record::{
    DescentAdjacency, DescentMechanism, DescentOptions, DescentParameter, NoisyMoments, NoisySpectrum,
    PrivateClassifier, PrivateRidge, RecordAdjacency, RecordMechanism, RecordOptions, RecordParameter,
    RecordTargets, RowNorm, private_descent, private_moments,
};
pub use rows::{LabelledRows, OwnedTargets, PrivateRecords, StreamedRecords, Targets};
