//! The thin singular value decomposition `A = UΣVᵀ`.

use super::{check_range, from_faer, scaled};
use crate::{Error, Mat, MatRef, Operation, Parallelism, matmul_nt};

/// Thin factors of a matrix of shape `(n, d)`: `U` is `(n, k)`, `V` is `(d, k)`, with `k = min(n, d)`.
///
/// # Error bound
/// `‖A − UΣVᵀ‖_F ≤ 8m·ε·‖A‖_F` with `m = max(n, d)`, `ε = 2⁻⁵²`: backward stability (Golub and Van Loan 2013, §8.6)
/// with the constant fixed here and checked. Each singular value is then off by at most as much.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{Mat, Svd};
///
/// let a = Mat::from_vec(3, 2, vec![3.0, 0.0, 0.0, 2.0, 0.0, 0.0])?;
/// let svd = Svd::new(a.as_ref())?;
/// assert_relative_eq!(svd.singular_values(), [3.0, 2.0].as_slice(), max_relative = 1e-14);
/// assert_eq!((svd.u().shape(), svd.v().shape(), svd.rank()), ((3, 2), (2, 2), 2));
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Svd {
    u: Mat,
    singular_values: Vec<f64>,
    v: Mat,
}

impl Svd {
    /// Decomposes a matrix of shape `(n, d)`; with `n = 0` or `d = 0` there are no singular values.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::NotConverged`], [`Error::Overflow`].
    pub fn new(a: MatRef<'_>) -> Result<Self, Error> {
        let (scaled, unit) = scaled(a)?;
        if a.is_empty() {
            let (u, v) = (Mat::zeros(a.nrows(), 0), Mat::zeros(a.ncols(), 0));
            return Ok(Self { u, singular_values: Vec::new(), v });
        }
        let operation = Operation::Svd;
        let svd = faer::linalg::solvers::Svd::new_thin(scaled.as_ref().to_faer())
            .map_err(|_| Error::NotConverged { operation })?;
        let singular_values: Vec<f64> = svd.S().column_vector().iter().map(|value| value * unit).collect();
        let (u, v) = (from_faer(svd.U()), from_faer(svd.V()));
        for values in [&singular_values[..], u.as_slice(), v.as_slice()] {
            check_range(operation, values)?;
        }
        Ok(Self { u, singular_values, v })
    }

    /// `U`, shape `(n, k)`, orthonormal columns.
    #[must_use]
    pub fn u(&self) -> MatRef<'_> {
        self.u.as_ref()
    }

    /// Singular values, descending.
    #[must_use]
    pub fn singular_values(&self) -> &[f64] {
        &self.singular_values
    }

    /// `V`, shape `(d, k)`, orthonormal columns.
    #[must_use]
    pub fn v(&self) -> MatRef<'_> {
        self.v.as_ref()
    }

    /// Singular values above `max(n, d)·ε·σ₁`, counted.
    #[must_use]
    pub fn rank(&self) -> usize {
        let largest = self.singular_values.first().copied().unwrap_or(0.0);
        let threshold = self.u.nrows().max(self.v.nrows()) as f64 * f64::EPSILON * largest;
        self.singular_values.iter().filter(|&&value| value > threshold).count()
    }

    /// `A⁺ = VΣ⁺Uᵀ`, shape `(d, n)`; singular values beyond [`rank`](Self::rank) count as zero.
    ///
    /// # Errors
    /// [`Error::Overflow`].
    pub fn pseudo_inverse(&self) -> Result<Mat, Error> {
        let rank = self.rank();
        let mut weighted = self.v.as_ref().subcols(0..rank).to_owned();
        for i in 0..weighted.nrows() {
            weighted
                .row_mut(i)
                .iter_mut()
                .zip(&self.singular_values)
                .for_each(|(entry, value)| *entry /= value);
        }
        let out = matmul_nt(weighted.as_ref(), self.u().subcols(0..rank), Parallelism::Sequential)?;
        check_range(Operation::Svd, out.as_slice()).map(|()| out)
    }
}
