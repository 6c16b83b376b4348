//! Decompositions through the backend, on one thread but for [`Cholesky::factor`].
//!
//! | Type | Decomposition | Uses |
//! |---|---|---|
//! | [`Cholesky`] | `A = LLᵀ`, `A` positive definite | solves, inverse, log-determinant, `xᵀA⁻¹x` |
//! | [`SymmetricEigen`] | `A = VΛVᵀ` | spectra, functions of a matrix |
//! | [`Svd`] | `A = UΣVᵀ`, thin | rank, pseudo-inverse, norms |
//! | [`Qr`] | `AΠ = QR`, column-pivoted | least squares, rank, leverage scores |
//!
//! Every one refuses NaN and infinite entries with [`Error::NonFinite`] before it computes. Inputs are scaled by a
//! power of two first where squares could leave the range of `f64`; that is exact but for underflow. A matrix with no
//! rows or no columns has empty factors.
//!
//! Results differ in the last bits between processors: nothing here belongs where integers must agree.

mod cholesky;
mod eigen;
mod qr;
mod svd;
mod triangular;

pub use cholesky::Cholesky;
pub use eigen::SymmetricEigen;
pub use qr::Qr;
pub use svd::Svd;
pub use triangular::{solve_lower_triangular, solve_upper_triangular};

use crate::norms::max_abs;
use crate::{Error, Mat, MatRef, Operation};

fn check_square(a: MatRef<'_>) -> Result<(), Error> {
    if a.nrows() == a.ncols() { Ok(()) } else { Err(Error::NotSquare { nrows: a.nrows(), ncols: a.ncols() }) }
}

/// A result that a finite input led out of range.
fn check_range(operation: Operation, values: &[f64]) -> Result<(), Error> {
    if values.iter().all(|value| value.is_finite()) { Ok(()) } else { Err(Error::Overflow { operation }) }
}

fn from_faer(a: faer::MatRef<'_, f64>) -> Mat {
    let mut out = Mat::zeros(a.nrows(), a.ncols());
    out.as_mut().into_faer().copy_from(a);
    out
}

/// `A·2⁻ᵉ` with entries near one, and `2ᵉ`.
fn scaled(a: MatRef<'_>) -> Result<(Mat, f64), Error> {
    a.check_finite()?;
    let exponent = scaling_exponent(max_abs(a));
    let mut out = a.to_owned();
    let down = power_of_two(-exponent);
    out.as_mut_slice().iter_mut().for_each(|entry| *entry *= down);
    Ok((out, power_of_two(exponent)))
}

/// `⌊log₂ m⌋`, kept where both `2ᵉ` and `2⁻ᵉ` are normal; 0 for 0.
pub(crate) fn scaling_exponent(largest: f64) -> i32 {
    const LIMIT: i32 = 1000;
    if largest == 0.0 {
        return 0;
    }
    let biased = (largest.to_bits() >> 52) & 0x7ff;
    (biased as i32 - 1023).clamp(-LIMIT, LIMIT)
}

/// `2ᵉ` for `|e| ≤ 1000`, exactly.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}
