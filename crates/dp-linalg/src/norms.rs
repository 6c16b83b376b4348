//! Norms of matrices and of their rows.
//!
//! The cheap ones return NaN for a matrix with a NaN, and infinity for one with an infinite entry and no NaN; those
//! that need a decomposition refuse both. A matrix without entries has norm 0. Squares are taken of entries scaled by
//! a power of two, so that a norm overflows only when it is itself beyond `f64`.

use crate::decompositions::{power_of_two, scaling_exponent};
use crate::{Error, MatRef, Svd};

/// `max |aᵢⱼ|`.
///
/// ```
/// use dp_linalg::{MatRef, max_abs};
///
/// assert_eq!(max_abs(MatRef::new(&[1.0, -3.0], 1, 2)?), 3.0);
/// assert!(max_abs(MatRef::new(&[f64::NAN, -3.0], 1, 2)?).is_nan());
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[must_use]
pub fn max_abs(a: MatRef<'_>) -> f64 {
    a.rows().map(slice_max_abs).fold(0.0, larger)
}

/// `‖A‖_F = √(Σ aᵢⱼ²)`.
///
/// # Error bound
/// Relative `γ_{nd+2}/2 + 2u` for `nd` entries, barring underflow of squares that cannot matter; a result below the smallest
/// normal number is rounded once more, absolutely.
///
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{MatRef, frobenius_norm};
///
/// let norm = frobenius_norm(MatRef::new(&[3e200, -4e200], 2, 1)?); // squares would overflow
/// assert_relative_eq!(norm, 5e200, max_relative = 1e-15);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[must_use]
pub fn frobenius_norm(a: MatRef<'_>) -> f64 {
    scaled_norm(max_abs(a), a.rows().flatten())
}

/// `‖aᵢ‖₂` for each row, `n` of them.
///
/// ```
/// use dp_linalg::{MatRef, row_norms};
///
/// assert_eq!(row_norms(MatRef::new(&[3.0, 4.0, 0.0, -2.0], 2, 2)?), [5.0, 2.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[must_use]
pub fn row_norms(a: MatRef<'_>) -> Vec<f64> {
    a.rows().map(|row| scaled_norm(slice_max_abs(row), row.iter())).collect()
}

/// `max ‖aᵢ‖₂`, the norm that maps `ℓ₂` to `ℓ_∞`.
///
/// ```
/// use dp_linalg::{MatRef, max_row_norm};
///
/// assert_eq!(max_row_norm(MatRef::new(&[3.0, 4.0, 0.0, -2.0], 2, 2)?), 5.0);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[must_use]
pub fn max_row_norm(a: MatRef<'_>) -> f64 {
    row_norms(a).into_iter().fold(0.0, larger)
}

/// `‖A‖₂ = σ₁`, the largest singular value.
///
/// # Errors
/// Those of [`Svd::new`].
///
/// ```
/// use dp_linalg::{Mat, spectral_norm};
///
/// assert!((spectral_norm(Mat::identity(3).as_ref())? - 1.0).abs() < 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn spectral_norm(a: MatRef<'_>) -> Result<f64, Error> {
    Ok(Svd::new(a)?.singular_values().first().copied().unwrap_or(0.0))
}

/// `‖A‖_* = Σ σᵢ`, the sum of singular values.
///
/// # Errors
/// Those of [`Svd::new`].
///
/// ```
/// use dp_linalg::{Mat, nuclear_norm};
///
/// assert!((nuclear_norm(Mat::identity(3).as_ref())? - 3.0).abs() < 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn nuclear_norm(a: MatRef<'_>) -> Result<f64, Error> {
    Ok(Svd::new(a)?.singular_values().iter().sum())
}

fn slice_max_abs(row: &[f64]) -> f64 {
    row.iter().map(|entry| entry.abs()).fold(0.0, larger)
}

/// The larger of two, and NaN if either is: `f64::max` would hide it.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

fn scaled_norm<'a>(largest: f64, entries: impl Iterator<Item = &'a f64>) -> f64 {
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let exponent = scaling_exponent(largest);
    let down = power_of_two(-exponent);
    let square = |entry: &f64| (entry * down) * (entry * down);
    entries.map(square).sum::<f64>().sqrt() * power_of_two(exponent)
}
