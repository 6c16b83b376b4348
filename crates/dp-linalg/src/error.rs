//! Everything that can go wrong here, as data.

/// The operation that an [`Error`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `A·B`.
    Product,
    /// `Aᵀ·B`.
    ProductTn,
    /// `A·Bᵀ`.
    ProductNt,
    /// The destination of a product.
    Output,
    /// Writing one matrix over another.
    Copy,
    /// An exact integer product.
    ExactProduct,
    /// Adding the sums of two exact products.
    Merge,
    /// A solve with several right-hand sides.
    Solve,
    /// A Cholesky factorisation.
    Cholesky,
    /// A symmetric eigendecomposition.
    SymmetricEigen,
    /// A singular value decomposition.
    Svd,
    /// A QR factorisation.
    Qr,
    /// Leverage scores.
    Leverage,
}

/// Why a call was refused or could not finish.
///
/// Fields name shapes, positions and ranks, never entries. Positions ([`Error::NonFinite`],
/// [`Error::NotPositiveDefinite`]) do depend on the data: a private caller must not pass them on.
///
/// ```
/// use dp_linalg::{Error, Mat, Operation, Parallelism, matmul};
///
/// let (a, b) = (Mat::zeros(2, 3), Mat::zeros(4, 5));
/// let refused = matmul(a.as_ref(), b.as_ref(), Parallelism::Sequential);
/// assert_eq!(refused, Err(Error::ShapeMismatch { operation: Operation::Product, left: (2, 3), right: (4, 5) }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // shapes
    /// Two operands do not fit together.
    #[error("{operation:?}: shapes {left:?} and {right:?} do not fit")]
    ShapeMismatch {
        /// What was asked for.
        operation: Operation,
        /// Shape `(rows, columns)` of the first operand or of the destination.
        left: (usize, usize),
        /// Shape `(rows, columns)` of the second operand or of the source.
        right: (usize, usize),
    },
    /// A buffer has the wrong number of entries for its shape.
    #[error("a buffer of {expected} entries is needed, this one has {found}")]
    BufferLength {
        /// Entries that the shape needs.
        expected: usize,
        /// Entries that there are.
        found: usize,
    },
    /// The number of entries of this shape is beyond `usize`.
    #[error("{nrows} rows at distance {row_stride} are more entries than can be addressed")]
    TooLarge {
        /// Rows asked for.
        nrows: usize,
        /// Distance between the starts of two rows.
        row_stride: usize,
    },
    /// Rows of a view would overlap.
    #[error("rows of {ncols} entries at distance {row_stride} overlap")]
    RowStride {
        /// Entries in a row.
        ncols: usize,
        /// Distance between the starts of two rows.
        row_stride: usize,
    },
    /// A square matrix is needed.
    #[error("a square matrix is needed, this one is {nrows} x {ncols}")]
    NotSquare {
        /// Rows found.
        nrows: usize,
        /// Columns found.
        ncols: usize,
    },
    // parameters
    /// One product of two entries may already reach 2⁵³, so that `f64` cannot hold it exactly.
    #[error("products of entries up to {max_abs_left} and {max_abs_right} may reach 2^53")]
    ProductTooLarge {
        /// Public bound on the entries of the left factor.
        max_abs_left: u64,
        /// Public bound on the entries of the right factor.
        max_abs_right: u64,
    },
    /// Two exact sums were made for different bounds.
    #[error("exact sums for bounds {left:?} and {right:?} do not merge")]
    BoundMismatch {
        /// `(max_abs_left, max_abs_right)` of the sum that would grow.
        left: (u64, u64),
        /// `(max_abs_left, max_abs_right)` of the sum that would be added.
        right: (u64, u64),
    },
    // numerical
    /// An entry is NaN or infinite.
    #[error("the entry in row {row}, column {column} is not finite")]
    NonFinite {
        /// Row of the first such entry.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// A Cholesky pivot is not positive.
    #[error("not positive definite: pivot {pivot} is not positive")]
    NotPositiveDefinite {
        /// Zero-based index of the pivot.
        pivot: usize,
    },
    /// A triangular matrix has a zero on its diagonal.
    #[error("singular: diagonal entry {index} is zero")]
    Singular {
        /// Zero-based index of the diagonal entry.
        index: usize,
    },
    /// Columns are linearly dependent to working precision.
    #[error("rank {rank} where {columns} columns need to be independent")]
    RankDeficient {
        /// Numerical rank.
        rank: usize,
        /// Columns that there are.
        columns: usize,
    },
    /// The iteration of a decomposition reached its limit.
    #[error("{operation:?}: no convergence")]
    NotConverged {
        /// What was asked for.
        operation: Operation,
    },
    /// The input is finite and the result is beyond the range of `f64`.
    #[error("{operation:?}: the result overflows")]
    Overflow {
        /// What was asked for.
        operation: Operation,
    },
}
