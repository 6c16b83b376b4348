//! What a private release of an ellipsoid is good for: everything here is post-processing.

use crate::Error;
use crate::whitening::Whitening;
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, matmul, matmul_nt, solve_lower_triangular};

/// An ellipsoid `{y : ‖Tᵀy‖ ≤ 1}` around the origin, and with it its polar `{x : ‖T⁻¹x‖ ≤ 1}`; made from released numbers alone.
///
/// With `M⁻¹ = TTᵀ` the first is meant to lie around rows `±aᵢ`, the second to lie in their polytope `{x : |⟨aᵢ, x⟩| ≤ 1}`.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::private::ReleasedEllipsoid;
///
/// let ellipsoid = ReleasedEllipsoid::from_root(Mat::from_vec(2, 2, vec![0.5, 0.0, 0.0, 2.0])?)?;
/// assert_eq!(ellipsoid.score(&[2.0, 0.5])?, 2.0); // outside: above 1
/// assert!((ellipsoid.log_volume()).abs() < 1e-15);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedEllipsoid {
    whitening: Whitening,
}

impl ReleasedEllipsoid {
    /// From any `T` of shape `(d, d)` with full rank; it is rotated to be lower triangular, which changes no ellipsoid.
    ///
    /// # Errors
    /// [`Error::Length`] unless it is square, [`Error::NoColumns`] if it is empty.
    pub fn from_root(root: Mat) -> Result<Self, Error> {
        match (root.nrows(), root.ncols()) {
            (0, _) | (_, 0) => Err(Error::NoColumns),
            (n, d) if n != d => Err(Error::Length { expected: d, found: n }),
            _ => Ok(Self { whitening: Whitening::new(root) }),
        }
    }

    /// `{y : yᵀM⁻¹y ≤ 1}` of a positive definite `M` of shape `(d, d)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] unless it is.
    pub fn from_moment(m: MatRef<'_>) -> Result<Self, Error> {
        // M = LLᵀ, so that T = L⁻ᵀ
        let inverse = solve_lower_triangular(Cholesky::new(m)?.l(), Mat::identity(m.nrows()).as_ref())?;
        Self::from_root(inverse.transpose())
    }

    /// All lengths times a positive factor.
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        let root = self.root();
        Self {
            whitening: Whitening::new(Mat::from_fn(root.nrows(), root.ncols(), |i, j| root[(i, j)] / factor)),
        }
    }

    /// `d`.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.root().ncols()
    }

    /// `T`, shape `(d, d)`, lower triangular with a positive diagonal.
    #[must_use]
    pub fn root(&self) -> MatRef<'_> {
        self.whitening.matrix()
    }

    /// `TTᵀ`, shape `(d, d)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when entries are beyond `f64`.
    pub fn inverse(&self) -> Result<Mat, Error> {
        Ok(matmul_nt(self.root(), self.root(), Parallelism::Sequential)?)
    }

    /// `‖Tᵀa‖²`: at most 1 inside; how far out a row is.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn score(&self, a: &[f64]) -> Result<f64, Error> {
        if a.len() != self.dim() {
            return Err(Error::Length { expected: self.dim(), found: a.len() });
        }
        Ok(self.whitening.coordinates(a).iter().map(|x| x * x).sum())
    }

    /// Whitened coordinates `aᵢᵀT` of rows `(n, d)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] for another number of columns.
    pub fn whiten(&self, rows: MatRef<'_>) -> Result<Mat, Error> {
        Ok(matmul(rows, self.root(), Parallelism::Sequential)?)
    }

    /// The logarithm of the volume of `{y : ‖Tᵀy‖ ≤ 1}` in units of the unit ball's; that of the polar is its negative.
    #[must_use]
    pub fn log_volume(&self) -> f64 {
        -(0..self.dim()).map(|i| self.root()[(i, i)].ln()).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_far_outside_score_infinity_and_are_not_taken_for_inside() {
        for (root, entry) in [(1e30, 1e289), (1e30, 1e291), (1.0, 1e301), (1.0, f64::MAX), (1e300, 1e300)] {
            let ellipsoid = ReleasedEllipsoid::from_root(Mat::filled(1, 1, root)).unwrap();
            assert_eq!(ellipsoid.score(&[entry]).unwrap(), f64::INFINITY, "{root:e} {entry:e}");
        }
        // a long row in small units is no outlier
        let small = ReleasedEllipsoid::from_root(Mat::filled(1, 1, 1e-305)).unwrap();
        assert!((small.score(&[1e305]).unwrap() - 1.0).abs() < 1e-12);
        assert!(small.score(&[f64::NAN]).unwrap().is_nan());
    }
}
