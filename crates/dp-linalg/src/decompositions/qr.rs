//! `AΠ = QR` with column pivoting, and least squares.

use faer::linalg::solvers::ColPivQr;

use super::{check_range, from_faer, scaled, solve_upper_triangular};
use crate::{Error, Mat, MatRef, Operation, Parallelism, matmul_tn, max_abs};

/// Thin column-pivoted factors of a matrix of shape `(n, d)`: `Q` is `(n, k)`, `R` is `(k, d)`, with `k = min(n, d)`.
///
/// Pivoting makes `|R₁₁| ≥ |R₂₂| ≥ …`, so that the numerical rank can be read off: entries beyond
/// `max(n, d)·ε·|R₁₁|` count.
///
/// # Examples
/// A line through three points, by least squares:
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{Mat, Qr};
///
/// let design = Mat::from_vec(3, 2, vec![1.0, 0.0, 1.0, 1.0, 1.0, 2.0])?;
/// let observed = Mat::from_vec(3, 1, vec![1.0, 3.0, 5.0])?;
/// let line = Qr::new(design.as_ref())?.solve_least_squares(observed.as_ref())?;
/// assert_relative_eq!(line.as_slice(), [1.0, 2.0].as_slice(), max_relative = 1e-13);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Qr {
    q: Mat,
    r: Mat,
    /// Column `j` of `AΠ` is column `order[j]` of `A`.
    order: Vec<usize>,
    rank: usize,
}

impl Qr {
    /// Factors a matrix of shape `(n, d)`; with `n = 0` or `d = 0` the rank is 0.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Overflow`].
    pub fn new(a: MatRef<'_>) -> Result<Self, Error> {
        let (scaled, unit) = scaled(a)?;
        let (n, d) = a.shape();
        if a.is_empty() {
            return Ok(Self { q: Mat::zeros(n, 0), r: Mat::zeros(0, d), order: (0..d).collect(), rank: 0 });
        }
        if max_abs(a) == 0.0 {
            // the backend divides by the largest column norm
            let k = n.min(d);
            let q = Mat::from_fn(n, k, |i, j| f64::from(u8::from(i == j)));
            return Ok(Self { q, r: Mat::zeros(k, d), order: (0..d).collect(), rank: 0 });
        }
        let qr = ColPivQr::new(scaled.as_ref().to_faer());
        let (q, mut r) = (from_faer(qr.compute_thin_Q().as_ref()), from_faer(qr.thin_R()));
        let order = qr.P().arrays().0.to_vec();
        let rank = numerical_rank(r.as_ref(), n.max(d));
        r.as_mut_slice().iter_mut().for_each(|entry| *entry *= unit);
        check_range(Operation::Qr, q.as_slice())?;
        check_range(Operation::Qr, r.as_slice())?;
        Ok(Self { q, r, order, rank })
    }

    /// `Q`, shape `(n, k)`, orthonormal columns.
    #[must_use]
    pub fn q(&self) -> MatRef<'_> {
        self.q.as_ref()
    }

    /// `R`, shape `(k, d)`, zero below the diagonal.
    #[must_use]
    pub fn r(&self) -> MatRef<'_> {
        self.r.as_ref()
    }

    /// `Π` as indices: column `j` of `QR` is column `column_order()[j]` of `A`.
    #[must_use]
    pub fn column_order(&self) -> &[usize] {
        &self.order
    }

    /// Diagonal entries of `R` above `max(n, d)·ε·|R₁₁|`, counted.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// The `X` of shape `(d, k)` that makes `‖AX − B‖_F` least, for `B` of shape `(n, k)`.
    ///
    /// # Errors
    /// [`Error::RankDeficient`] unless the columns of `A` are independent; [`Error::ShapeMismatch`],
    /// [`Error::NonFinite`], [`Error::Overflow`].
    pub fn solve_least_squares(&self, b: MatRef<'_>) -> Result<Mat, Error> {
        let columns = self.order.len();
        if b.nrows() != self.q.nrows() {
            let (left, right) = ((self.q.nrows(), columns), b.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Solve, left, right });
        }
        if self.rank < columns {
            return Err(Error::RankDeficient { rank: self.rank, columns });
        }
        b.check_finite()?;
        let projected = matmul_tn(self.q(), b, Parallelism::Sequential)?;
        check_range(Operation::Solve, projected.as_slice())?;
        let pivoted = solve_upper_triangular(self.r(), projected.as_ref())?;
        let mut x = Mat::zeros(columns, b.ncols());
        for (row, &target) in pivoted.rows().zip(&self.order) {
            x.row_mut(target).copy_from_slice(row);
        }
        Ok(x)
    }
}

fn numerical_rank(r: MatRef<'_>, larger_side: usize) -> usize {
    let threshold = larger_side as f64 * f64::EPSILON * r[(0, 0)].abs();
    (0..r.nrows()).take_while(|&i| r[(i, i)].abs() > threshold).count()
}
