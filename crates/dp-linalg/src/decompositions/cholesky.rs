//! `A = LLᵀ` for a symmetric positive definite `A`.

use faer::linalg::solvers::Llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Par, Side};

use super::{check_range, check_square, from_faer};
use crate::{Error, Mat, MatRef, Operation};

/// The factor of `A = LLᵀ`, with `L` lower triangular and a positive diagonal.
///
/// Only the lower triangle of `A` is used; the rest must be finite.
///
/// # Error bound
/// The computed factor is exact for a nearby matrix. Higham 2002, Theorem 10.3, has `γ_{n+1}`, with two roundings for
/// the root of a pivot and the division by it. The backend multiplies by a rounded reciprocal root instead, on both
/// sides of `LLᵀ`: two roundings squared, and one product each, make six.
///
/// ```text
/// |A − LLᵀ|ᵢⱼ ≤ γ_{n+6} (|L||Lᵀ|)ᵢⱼ,    γ_k = k·u / (1 − k·u),  u = 2⁻⁵³.
/// ```
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{Cholesky, Mat};
///
/// let a = Mat::from_vec(2, 2, vec![4.0, 2.0, 2.0, 5.0])?;
/// let cholesky = Cholesky::new(a.as_ref())?;
/// assert_eq!(cholesky.l().to_owned().as_slice(), [2.0, 0.0, 1.0, 2.0]);
/// let x = cholesky.solve(Mat::from_vec(2, 1, vec![8.0, 12.0])?.as_ref())?;
/// assert_relative_eq!(x.as_slice(), [1.0, 2.0].as_slice(), max_relative = 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    l: Mat,
}

impl Cholesky {
    /// Factors a symmetric matrix of shape `(n, n)`; `n = 0` gives the empty factor.
    ///
    /// # Errors
    /// [`Error::NotSquare`], [`Error::NonFinite`], and [`Error::NotPositiveDefinite`] when a pivot is not positive: a
    /// singular matrix may go either way, by rounding.
    pub fn new(a: MatRef<'_>) -> Result<Self, Error> {
        check_square(a)?;
        a.check_finite()?;
        if a.is_empty() {
            return Ok(Self { l: Mat::zeros(0, 0) });
        }
        let refused = |error| match error {
            faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index } => {
                Error::NotPositiveDefinite { pivot: index }
            }
        };
        let l = from_faer(Llt::new(a.to_faer(), Side::Lower).map_err(refused)?.L());
        check_range(Operation::Cholesky, l.as_slice())?;
        Ok(Self { l })
    }

    /// `L`, shape `(n, n)`, zero above the diagonal.
    #[must_use]
    pub fn l(&self) -> MatRef<'_> {
        self.l.as_ref()
    }

    /// `A⁻¹B` for `B` of shape `(n, k)`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    pub fn solve(&self, b: MatRef<'_>) -> Result<Mat, Error> {
        let mut x = self.solve_lower(b)?;
        if !b.is_empty() {
            solve_upper_triangular_in_place(self.l().to_faer().transpose(), x.as_mut().into_faer(), Par::Seq);
        }
        check_range(Operation::Solve, x.as_slice()).map(|()| x)
    }

    /// `L⁻¹B` for `B` of shape `(n, k)`: whitens columns with covariance `A`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    pub fn solve_lower(&self, b: MatRef<'_>) -> Result<Mat, Error> {
        if b.nrows() != self.l.nrows() {
            let (left, right) = (self.l.shape(), b.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Solve, left, right });
        }
        b.check_finite()?;
        let mut x = b.to_owned();
        if !b.is_empty() {
            solve_lower_triangular_in_place(self.l().to_faer(), x.as_mut().into_faer(), Par::Seq);
        }
        check_range(Operation::Solve, x.as_slice()).map(|()| x)
    }

    /// `A⁻¹`, symmetric to the last bit.
    ///
    /// Prefer [`solve`](Self::solve) for a product with the inverse.
    ///
    /// # Errors
    /// [`Error::Overflow`].
    pub fn inverse(&self) -> Result<Mat, Error> {
        let mut inverse = self.solve(Mat::identity(self.l.nrows()).as_ref())?;
        inverse.mirror_lower();
        Ok(inverse)
    }

    /// `ln det A = 2 Σᵢ ln Lᵢᵢ`; 0 for `n = 0`.
    #[must_use]
    pub fn log_det(&self) -> f64 {
        2.0 * (0..self.l.nrows()).map(|i| self.l[(i, i)].ln()).sum::<f64>()
    }

    /// `xᵢᵀA⁻¹xᵢ = ‖L⁻¹xᵢ‖²` for each row of a matrix of shape `(m, n)`.
    ///
    /// With `A = XᵀX` these are the leverage scores of the rows of `X`, with `A = XᵀX + λI` the ridge leverage scores.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    pub fn inverse_quadratic_forms(&self, rows: MatRef<'_>) -> Result<Vec<f64>, Error> {
        if rows.ncols() != self.l.nrows() {
            let (left, right) = (self.l.shape(), rows.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Solve, left, right });
        }
        rows.check_finite()?;
        let whitened = self.solve_lower(rows.transpose().as_ref())?;
        let mut forms = vec![0.0; rows.nrows()];
        for row in whitened.rows() {
            forms.iter_mut().zip(row).for_each(|(form, entry)| *form += entry * entry);
        }
        check_range(Operation::Solve, &forms).map(|()| forms)
    }
}
