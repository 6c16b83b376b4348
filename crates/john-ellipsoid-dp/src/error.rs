//! Everything that can go wrong here, as data.

use crate::Span;
use crate::private::WeightParameter;

/// Why there is no ellipsoid.
///
/// What an error of a solve says may depend on the rows. Whether and how a release of [`private`](crate::private) fails, depends on shapes and
/// public parameters alone.
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
    /// A public parameter of a private release is out of its range.
    #[error("{parameter:?} = {value} is out of range")]
    OutOfRange {
        /// Which.
        parameter: Parameter,
        /// Value given.
        value: f64,
    },
    /// With so few draws the average of outer products encloses nothing.
    #[error("{draws} draws are too few in {dim} dimensions")]
    FewDraws {
        /// Draws of the release.
        draws: u32,
        /// Dimension.
        dim: usize,
    },
    /// A public number of a private release is out of its range.
    #[error("the {parameter} {value} is not between {low} and {high}")]
    Weights {
        /// Which one.
        parameter: WeightParameter,
        /// As given.
        value: f64,
        /// Least value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// So many rows, at this radius and ridge, are beyond what arithmetic in `f64` is proven good for: a function of these alone.
    #[error("{rows} rows of {dim} entries with radius² over ridge {ratio} are beyond the proven accuracy")]
    WeightPrecision {
        /// `n`.
        rows: usize,
        /// `d`.
        dim: usize,
        /// Squared radius over ridge.
        ratio: f64,
    },
    /// A parameter of a record-level ellipsoid is out of its range.
    #[error("{parameter} cannot be {value}")]
    RecordParameter {
        /// Which.
        parameter: crate::private::RecordParameter,
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

/// Public parameters of private releases that have a range.
///
/// ```
/// use john_ellipsoid_dp::{Error, Parameter, private::close::CloseOptions};
///
/// let refused = CloseOptions::new(10, 2, -1.0);
/// assert_eq!(refused, Err(Error::OutOfRange { parameter: Parameter::RowRadius, value: -1.0 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// Largest norm of a row.
    RowRadius,
    /// Least semi-axis of a stable ellipsoid.
    Floor,
    /// `p` of a smoothed ellipsoid.
    Exponent,
    /// How far a row moves in units of the floor.
    RelativeMove,
    /// How far a smoothed ellipsoid may be from solving its equation.
    Residual,
}

impl Parameter {
    pub(crate) fn check(self, value: f64, inside: bool) -> Result<f64, Error> {
        if inside { Ok(value) } else { Err(Error::OutOfRange { parameter: self, value }) }
    }
}
