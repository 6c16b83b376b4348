//! What can go wrong: shapes and public parameters, never the content of a row.

/// Failures of this crate.
///
/// # Example
///
/// ```
/// use column_means_dp::{Error, MeanOptions};
///
/// assert!(matches!(MeanOptions::new(3, -1.0), Err(Error::Radius { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The radius is not a number between 1e-150 and 1e150.
    #[error("radius = {radius} is outside 1e-150 … 1e150")]
    Radius {
        /// As given.
        radius: f64,
    },
    /// No columns, or more than 4096.
    #[error("{columns} columns: there must be 1 to 4096")]
    Columns {
        /// As given.
        columns: usize,
    },
    /// Rows of another length than the options announce.
    #[error("rows of {found} columns where the options announce {expected}")]
    Width {
        /// As the options say.
        expected: usize,
        /// As given.
        found: usize,
    },
    /// The layer below, by parameters alone.
    #[error(transparent)]
    Mechanism(#[from] dp_mechanisms::Error),
}
