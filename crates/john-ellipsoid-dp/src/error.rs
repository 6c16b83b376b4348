//! Everything that can go wrong here, as data.

use crate::Span;

/// Why there is no ellipsoid.
///
/// This crate is not private yet: what an error says may depend on the rows.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{Error, JohnOptions, john_ellipsoid};
///
/// let flat = Mat::from_vec(3, 2, vec![1.0, 2.0, -1.0, -2.0, 0.5, 1.0])?;
/// let refused = john_ellipsoid(flat.as_ref(), &JohnOptions::default());
/// assert!(matches!(refused, Err(Error::Degenerate(span)) if span.rank() == 1));
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // parameters
    /// The gap asked for must be positive and at most 1.
    #[error("the gap {value} is not between 0 and 1")]
    Gap {
        /// Value given.
        value: f64,
    },
    // shapes
    /// Rows need at least one column.
    #[error("rows without columns have no ellipsoid")]
    NoColumns,
    /// A block, a vector or a list of weights has the wrong length.
    #[error("{expected} entries are needed, found {found}")]
    Length {
        /// Entries needed.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// Offsets or columns of sparse rows are not those of rows.
    #[error("the sparse row {row} is not one: offsets must rise from 0 to the end, columns within the width")]
    SparseStructure {
        /// First such row; the number of rows when the ends of the offsets are at fault.
        row: usize,
    },
    // data
    /// A weight is negative, infinite or NaN, or all of them are zero.
    #[error("weight {row} must be finite and non-negative, and the sum positive")]
    Weight {
        /// First such row; the number of rows when the sum is at fault.
        row: usize,
    },
    /// The rows span less than the space: the polytope is unbounded, the enclosing ellipsoid flat.
    #[error("the rows span {} of {} dimensions", .0.rank(), .0.dim())]
    Degenerate(Box<Span>),
    /// A pass gave another number of rows than the pass before.
    #[error("the source gave {found} rows, and {expected} before")]
    SourceChanged {
        /// Rows of the first pass.
        expected: usize,
        /// Rows of this pass.
        found: usize,
    },
    /// The source could not be read.
    #[error("the rows could not be read: {0}")]
    Source(std::io::ErrorKind),
    // numerical
    /// The linear algebra refused.
    #[error(transparent)]
    Linalg(#[from] dp_linalg::Error),
    /// A parameter of privacy, or of noise, was refused: by public parameters alone.
    #[error(transparent)]
    Mechanism(#[from] dp_mechanisms::Error),
}
