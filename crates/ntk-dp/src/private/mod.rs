//! Regression on private rows.
//!
//! What a non-private fit returns (weights, coefficients, residuals, the best ridge) is a function of the rows. What is released here
//! carries a guarantee, and everything computed from it alone is post-processing.

pub mod close;
mod rows;

pub use rows::{LabelledRows, OwnedTargets, PrivateRecords, StreamedRecords, Targets};
