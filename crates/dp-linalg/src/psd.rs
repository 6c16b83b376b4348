//! Positive semidefinite matrices: test and projection.

use crate::{Error, Mat, MatRef, SymmetricEigen, frobenius_norm};

/// The smallest eigenvalue of a symmetric matrix; infinity for `n = 0`.
///
/// # Errors
/// Those of [`SymmetricEigen::new`].
///
/// ```
/// use dp_linalg::{Mat, min_eigenvalue};
///
/// let a = Mat::from_vec(2, 2, vec![0.0, 1.0, 1.0, 0.0])?;
/// assert!((min_eigenvalue(a.as_ref())? + 1.0).abs() < 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn min_eigenvalue(a: MatRef<'_>) -> Result<f64, Error> {
    Ok(SymmetricEigen::new(a)?.values().first().copied().unwrap_or(f64::INFINITY))
}

/// Whether no computed eigenvalue of a symmetric matrix is below `−16n·ε·‖A‖_F`: twice the error bound of
/// [`SymmetricEigen`].
///
/// `false` means that `A` has a negative eigenvalue. `true` means that none is below `−32n·ε·‖A‖_F`, so a matrix that
/// is positive semidefinite up to rounding passes. The empty matrix passes.
///
/// # Errors
/// Those of [`SymmetricEigen::new`].
///
/// ```
/// use dp_linalg::{Mat, is_positive_semidefinite};
///
/// let rank_one = Mat::from_fn(3, 3, |_, _| 0.1);
/// assert!(is_positive_semidefinite(rank_one.as_ref())?);
/// let indefinite = Mat::from_vec(2, 2, vec![1.0, 2.0, 2.0, 1.0])?;
/// assert!(!is_positive_semidefinite(indefinite.as_ref())?);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn is_positive_semidefinite(a: MatRef<'_>) -> Result<bool, Error> {
    let eigen = SymmetricEigen::new(a)?;
    // multiplied by ε first (exact, a power of two), so that the norm cannot overflow
    let rounding: Vec<f64> = eigen.values().iter().map(|value| value * f64::EPSILON).collect();
    let tolerance = 16.0 * a.nrows() as f64 * frobenius_norm(MatRef::new(&rounding, 1, a.nrows())?);
    Ok(eigen.values().iter().all(|&value| value >= -tolerance))
}

/// The positive semidefinite matrix nearest to a symmetric `A` in Frobenius norm: `V max(Λ, 0) Vᵀ` (Higham 1988,
/// Theorem 2.1).
///
/// # Errors
/// Those of [`SymmetricEigen::new`].
///
/// ```
/// use dp_linalg::{Mat, project_onto_psd};
///
/// let a = Mat::from_vec(2, 2, vec![3.0, 0.0, 0.0, -1.0])?;
/// let nearest = project_onto_psd(a.as_ref())?;
/// assert!((nearest[(0, 0)] - 3.0).abs() < 1e-14 && nearest[(1, 1)].abs() < 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn project_onto_psd(a: MatRef<'_>) -> Result<Mat, Error> {
    Ok(SymmetricEigen::new(a)?.map(|value| value.max(0.0)))
}
