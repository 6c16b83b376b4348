//! Leverage scores of the rows of a matrix.

use crate::{Error, MatRef, Qr};

/// `ℓᵢ = aᵢᵀ(AᵀA)⁺aᵢ` for each row of `A`, shape `(n, d)`.
///
/// They are the diagonal of the projection onto the column space of `A`: `0 ≤ ℓᵢ ≤ 1`, and `Σᵢ ℓᵢ` is the rank. They
/// do not change when the columns are mixed by an invertible matrix. Computed as squared row norms of the first
/// `rank` columns of `Q` in a column-pivoted QR, which does not square the condition number;
/// [`Cholesky::inverse_quadratic_forms`](crate::Cholesky::inverse_quadratic_forms) is the faster route where `AᵀA` is
/// at hand and well conditioned.
///
/// # Error bound
/// `|Σᵢ ℓᵢ − rank| ≤ 8·max(n, d)·d·ε`, from the loss of orthogonality of a Householder `Q` (Higham 2002, Theorem
/// 19.4) with the constant fixed here and checked. A row of zeros has leverage exactly 0 up to that error.
///
/// # Errors
/// [`Error::NonFinite`], [`Error::Overflow`]. A matrix of rank 0 has leverage 0 everywhere.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{Mat, leverage_scores};
///
/// let a = Mat::from_vec(3, 2, vec![1.0, 0.0, 1.0, 0.0, 0.0, 7.0])?;
/// assert_relative_eq!(leverage_scores(a.as_ref())?.as_slice(), [0.5, 0.5, 1.0].as_slice(), max_relative = 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn leverage_scores(a: MatRef<'_>) -> Result<Vec<f64>, Error> {
    let qr = Qr::new(a)?;
    let basis = qr.q().subcols(0..qr.rank());
    Ok(basis.rows().map(|row| row.iter().map(|entry| entry * entry).sum()).collect())
}
