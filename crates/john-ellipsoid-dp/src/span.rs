//! What degenerate rows span.

use crate::Error;
use dp_linalg::{Mat, MatRef, Parallelism, Qr, matmul};

/// An orthonormal basis of the span of rows that do not span the space.
///
/// In coordinates of the span there is an ellipsoid again:
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{Error, JohnOptions, john_ellipsoid};
///
/// let rows = Mat::from_fn(20, 3, |i, j| match j { 0 => i as f64 - 9.5, 1 => (i as f64).sin(), _ => 2.0 * (i as f64 - 9.5) });
/// let options = JohnOptions::default();
/// let Err(Error::Degenerate(span)) = john_ellipsoid(rows.as_ref(), &options) else { panic!("the third column is twice the first") };
/// assert_eq!((span.rank(), span.dim()), (2, 3));
/// let john = john_ellipsoid(span.coordinates(rows.as_ref())?.as_ref(), &options)?;
/// assert_eq!(john.dim(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Columns are orthonormal.
    basis: Mat,
}

impl Span {
    /// From independent directions in units of the columns.
    pub(crate) fn new(scaled: &[Vec<f64>], units: &[f64]) -> Result<Self, Error> {
        let (rank, d) = (scaled.len(), units.len());
        if rank == 0 {
            return Ok(Self { basis: Mat::zeros(d, 0) });
        }
        let largest = units.iter().copied().fold(0.0, f64::max);
        let directions = Mat::from_fn(d, rank, |i, j| scaled[j][i] * (units[i] / largest));
        Ok(Self { basis: Qr::new(directions.as_ref())?.q().to_owned() })
    }

    /// Dimension of the span.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.basis.ncols()
    }

    /// Dimension of the space.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.basis.nrows()
    }

    /// The basis, shape `(d, rank)`, orthonormal columns.
    #[must_use]
    pub fn basis(&self) -> MatRef<'_> {
        self.basis.as_ref()
    }

    /// Rows `(n, d)` in coordinates of the basis, `(n, rank)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when the rows do not have `d` columns.
    pub fn coordinates(&self, rows: MatRef<'_>) -> Result<Mat, Error> {
        Ok(matmul(rows, self.basis.as_ref(), Parallelism::Sequential)?)
    }
}
