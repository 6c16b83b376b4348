//! `A = VΛVᵀ` for a symmetric `A`.

use faer::Side;
use faer::linalg::solvers::SelfAdjointEigen;

use super::{check_range, check_square, from_faer, scaled};
use crate::{Error, Mat, MatRef, Operation, Parallelism, matmul_nt};

/// Eigenvalues in ascending order and orthonormal eigenvectors of a symmetric matrix.
///
/// Only the lower triangle of `A` is used; the rest must be finite.
///
/// # Error bound
/// `‖A − VΛVᵀ‖_F ≤ 8n·ε·‖A‖_F` and `‖VᵀV − I‖_F ≤ 8n·ε`, with `ε = 2⁻⁵²`: backward stability (Golub and Van Loan
/// 2013, §8.3) with the constant fixed here and checked. Each eigenvalue is then off by at most `8n·ε·‖A‖_F` (Weyl).
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{Mat, SymmetricEigen};
///
/// let a = Mat::from_vec(2, 2, vec![2.0, 1.0, 1.0, 2.0])?;
/// let eigen = SymmetricEigen::new(a.as_ref())?;
/// assert_relative_eq!(eigen.values(), [1.0, 3.0].as_slice(), max_relative = 1e-14);
/// let root = eigen.map(f64::sqrt);
/// assert_relative_eq!(root[(0, 1)], (3.0_f64.sqrt() - 1.0) / 2.0, max_relative = 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricEigen {
    values: Vec<f64>,
    vectors: Mat,
}

impl SymmetricEigen {
    /// Decomposes a symmetric matrix of shape `(n, n)`; `n = 0` gives empty factors.
    ///
    /// # Errors
    /// [`Error::NotSquare`], [`Error::NonFinite`], [`Error::NotConverged`], [`Error::Overflow`].
    pub fn new(a: MatRef<'_>) -> Result<Self, Error> {
        check_square(a)?;
        let (scaled, unit) = scaled(a)?;
        if a.is_empty() {
            return Ok(Self { values: Vec::new(), vectors: scaled });
        }
        let operation = Operation::SymmetricEigen;
        let eigen = SelfAdjointEigen::new(scaled.as_ref().to_faer(), Side::Lower)
            .map_err(|_| Error::NotConverged { operation })?;
        let values: Vec<f64> = eigen.S().column_vector().iter().map(|value| value * unit).collect();
        let vectors = from_faer(eigen.U());
        check_range(operation, &values)?;
        check_range(operation, vectors.as_slice())?;
        Ok(Self { values, vectors })
    }

    /// Eigenvalues, ascending.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// `V`, shape `(n, n)`: column `j` belongs to eigenvalue `j`.
    #[must_use]
    pub fn vectors(&self) -> MatRef<'_> {
        self.vectors.as_ref()
    }

    /// `V f(Λ) Vᵀ`, symmetric to the last bit.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "the shapes of both factors are fixed by `new`")]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Mat {
        let weights: Vec<f64> = self.values.iter().map(|&value| f(value)).collect();
        let mut weighted = self.vectors.clone();
        for i in 0..weighted.nrows() {
            weighted.row_mut(i).iter_mut().zip(&weights).for_each(|(entry, weight)| *entry *= weight);
        }
        let mut out = matmul_nt(weighted.as_ref(), self.vectors(), Parallelism::Sequential)
            .expect("both factors are square of the same order");
        out.mirror_lower();
        out
    }
}
