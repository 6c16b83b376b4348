//! Leave-one-out residuals for every ridge, from one spectrum.

use super::{KernelModel, check_ridge, check_targets};
use crate::{Error, Kernel};
use dp_linalg::{Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_tn};

/// What kernel ridge regression would have said of each training point without it, for any ridge.
///
/// With `α = (K + λI)⁻¹y` and `f₋ᵢ` fitted without point `i`,
///
/// ```text
/// yᵢ − f₋ᵢ(xᵢ) = αᵢ / ((K + λI)⁻¹)ᵢᵢ
/// ```
///
/// exactly, and both are sums over the spectrum of `K`, which does not depend on `λ`.
///
/// A ridge that is chosen by these residuals depends on the points and targets: choose it on public data if the model is to be private.
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use ntk_dp::{Activation, Kernel, LeaveOneOut, Network};
///
/// let points = Mat::from_fn(60, 2, |i, j| ((7 * i + 3 * j) as f64).sin());
/// let targets = Mat::from_fn(60, 1, |i, _| points[(i, 0)] * points[(i, 1)] + 0.1 * ((i * i) as f64).cos());
/// let kernel = Kernel::ntk(Network::new(Activation::Relu, 1, 2.0)?);
/// let path = LeaveOneOut::new(kernel, points.as_ref(), targets.as_ref(), Parallelism::Sequential)?;
/// let ridge = path.best_ridge(&[1e-4, 1e-2, 1.0, 100.0])?;
/// assert!(path.mean_square(ridge)? <= path.mean_square(100.0)?);
/// let model = path.fit(ridge)?;
/// assert_eq!(model.predict(points.as_ref())?.shape(), (60, 1));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
///
/// # References
/// Wahba 1990, §4.2; Rifkin, Lippert 2007. The proof is in the project's theorems.
#[derive(Clone)]
pub struct LeaveOneOut {
    kernel: Kernel,
    points: Mat,
    eigen: SymmetricEigen,
    /// `VᵀY`, shape `(n, k)`.
    rotated: Mat,
    parallelism: Parallelism,
}

/// Shapes only: the points may be private.
impl core::fmt::Debug for LeaveOneOut {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LeaveOneOut")
            .field("kernel", &self.kernel)
            .field("points", &self.points.shape())
            .field("targets", &self.rotated.shape())
            .finish_non_exhaustive()
    }
}

impl LeaveOneOut {
    /// Decomposes the kernel of `points` `(n, d)`, for `targets` `(n, k)`: some ten `n³` operations, for up to a few thousand points.
    ///
    /// # Errors
    /// [`Error::NoRows`], [`Error::NoColumns`], [`Error::RowCount`], [`Error::Point`], [`Error::Target`], [`Error::Linalg`].
    pub fn new(
        kernel: Kernel,
        points: MatRef<'_>,
        targets: MatRef<'_>,
        parallelism: Parallelism,
    ) -> Result<Self, Error> {
        check_targets(points.nrows(), targets)?;
        let eigen = SymmetricEigen::new(kernel.gram(points, parallelism)?.as_ref())?;
        let rotated = matmul_tn(eigen.vectors(), targets, parallelism)?;
        Ok(Self { kernel, points: points.to_owned(), eigen, rotated, parallelism })
    }

    /// `yᵢ − f₋ᵢ(xᵢ)`, shape `(n, k)`.
    ///
    /// # Errors
    /// [`Error::Ridge`] unless positive and finite.
    pub fn residuals(&self, ridge: f64) -> Result<Mat, Error> {
        let weights = self.weights(ridge)?;
        let mut residuals = self.coefficients(&weights)?;
        for (i, row) in self.eigen.vectors().rows().enumerate() {
            let diagonal: f64 = row.iter().zip(&weights).map(|(v, weight)| v * v * weight).sum();
            residuals.row_mut(i).iter_mut().for_each(|entry| *entry /= diagonal);
        }
        Ok(residuals)
    }

    /// The mean of squared residuals, over points and columns of the targets.
    ///
    /// # Errors
    /// [`Error::Ridge`].
    pub fn mean_square(&self, ridge: f64) -> Result<f64, Error> {
        let residuals = self.residuals(ridge)?;
        let count = residuals.as_slice().len() as f64;
        Ok(residuals.as_slice().iter().map(|r| r * r).sum::<f64>() / count)
    }

    /// The ridge with the least [`mean_square`](Self::mean_square); the first of several.
    ///
    /// # Errors
    /// [`Error::Ridge`], [`Error::NoRidge`] for an empty list, and if no error is finite.
    pub fn best_ridge(&self, ridges: &[f64]) -> Result<f64, Error> {
        let mut best = None;
        for &ridge in ridges {
            let error = self.mean_square(ridge)?;
            if error.is_finite() && best.is_none_or(|(least, _)| error < least) {
                best = Some((error, ridge));
            }
        }
        best.map(|(_, ridge)| ridge).ok_or(Error::NoRidge)
    }

    /// The model on all points.
    ///
    /// # Errors
    /// [`Error::Ridge`].
    pub fn fit(&self, ridge: f64) -> Result<KernelModel, Error> {
        let coefficients = self.coefficients(&self.weights(ridge)?)?;
        Ok(KernelModel::new(self.kernel.clone(), self.points.as_ref(), coefficients, self.parallelism))
    }

    /// `1/(λⱼ + λ)`; eigenvalues that rounding made negative count as zero.
    fn weights(&self, ridge: f64) -> Result<Vec<f64>, Error> {
        check_ridge(ridge)?;
        Ok(self.eigen.values().iter().map(|value| 1.0 / (value.max(0.0) + ridge)).collect())
    }

    /// `V diag(weights) VᵀY`.
    fn coefficients(&self, weights: &[f64]) -> Result<Mat, Error> {
        let mut weighted = self.rotated.clone();
        for (j, weight) in weights.iter().enumerate() {
            weighted.row_mut(j).iter_mut().for_each(|entry| *entry *= weight);
        }
        Ok(matmul(self.eigen.vectors(), weighted.as_ref(), self.parallelism)?)
    }
}
