//! Solves with a triangular matrix.

use faer::Par;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};

use super::{check_range, check_square};
use crate::{Error, Mat, MatRef, Operation};

/// `L⁻¹B` for a lower triangular `L` of shape `(n, n)` and `B` of shape `(n, k)`.
///
/// Entries above the diagonal are not used, but must be finite.
///
/// # Error bound
/// Each column solves `(L + ΔL)x = b` with `|ΔL| ≤ γ_{n+1}|L|` (Higham 2002, Theorem 8.5, with one more rounding for
/// a reciprocal).
///
/// # Errors
/// [`Error::NotSquare`], [`Error::ShapeMismatch`], [`Error::NonFinite`]; [`Error::Singular`] when a diagonal entry is
/// zero; [`Error::Overflow`] when a solution or the reciprocal of a diagonal entry is beyond `f64`.
///
/// # Examples
/// ```
/// use dp_linalg::{Mat, solve_lower_triangular};
///
/// let l = Mat::from_vec(2, 2, vec![2.0, 0.0, 1.0, 4.0])?;
/// let x = solve_lower_triangular(l.as_ref(), Mat::from_vec(2, 1, vec![2.0, 9.0])?.as_ref())?;
/// assert_eq!(x.as_slice(), [1.0, 2.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn solve_lower_triangular(l: MatRef<'_>, b: MatRef<'_>) -> Result<Mat, Error> {
    solve(l, b, |l, x| solve_lower_triangular_in_place(l, x, Par::Seq))
}

/// `U⁻¹B` for an upper triangular `U` of shape `(n, n)` and `B` of shape `(n, k)`.
///
/// Entries below the diagonal are not used, but must be finite. Errors and error bound are those of
/// [`solve_lower_triangular`].
///
/// # Errors
/// See [`solve_lower_triangular`].
pub fn solve_upper_triangular(u: MatRef<'_>, b: MatRef<'_>) -> Result<Mat, Error> {
    solve(u, b, |u, x| solve_upper_triangular_in_place(u, x, Par::Seq))
}

fn solve(
    triangle: MatRef<'_>,
    b: MatRef<'_>,
    backend: impl Fn(faer::MatRef<'_, f64>, faer::MatMut<'_, f64>),
) -> Result<Mat, Error> {
    check_square(triangle)?;
    if triangle.nrows() != b.nrows() {
        let (left, right) = (triangle.shape(), b.shape());
        return Err(Error::ShapeMismatch { operation: Operation::Solve, left, right });
    }
    triangle.check_finite()?;
    b.check_finite()?;
    if let Some(index) = (0..triangle.nrows()).find(|&i| triangle[(i, i)] == 0.0) {
        return Err(Error::Singular { index });
    }
    let mut x = b.to_owned();
    if !b.is_empty() {
        backend(triangle.to_faer(), x.as_mut().into_faer());
    }
    check_range(Operation::Solve, x.as_slice()).map(|()| x)
}
