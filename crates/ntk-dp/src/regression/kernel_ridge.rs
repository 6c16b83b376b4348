//! Kernel ridge regression by one Cholesky factorisation.

use super::conjugate_gradients::{IterativeFit, Stop, conjugate_gradients};
use super::product::kernel_product;
use super::{check_ridge, check_targets};
use crate::error::check_len;
use crate::kernel::Points;
use crate::{Error, Kernel};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism};

/// Kernel ridge regression: the function `f` with the least `Σᵢ ‖f(xᵢ) − yᵢ‖² + λ‖f‖²` in the space of the kernel.
///
/// `f(x) = Σᵢ K(x, xᵢ) αᵢ` with `(K + λI) α = Y`. The ridge `λ` is in units of the kernel's values.
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::{Activation, Kernel, KernelRidge, Network};
///
/// let points = Mat::from_fn(40, 1, |i, _| i as f64 / 20.0 - 1.0);
/// let targets = Mat::from_fn(40, 1, |i, _| (3.0 * points[(i, 0)]).sin());
/// let kernel = Kernel::ntk(Network::new(Activation::Relu, 2, 2.0)?.with_bias_variance(0.1)?);
/// let model = KernelRidge::new(kernel, 1e-3)?.fit(points.as_ref(), targets.as_ref())?;
/// let found = model.predict(Mat::filled(1, 1, 0.33).as_ref())?;
/// assert!((found[(0, 0)] - 0.99_f64.sin()).abs() < 0.02);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct KernelRidge {
    kernel: Kernel,
    ridge: f64,
    parallelism: Parallelism,
}

impl KernelRidge {
    /// Regression with this kernel and ridge `λ`.
    ///
    /// # Errors
    /// [`Error::Ridge`] unless positive and finite.
    pub fn new(kernel: Kernel, ridge: f64) -> Result<Self, Error> {
        check_ridge(ridge)?;
        Ok(Self { kernel, ridge, parallelism: Parallelism::Sequential })
    }

    /// Threads; last bits of results may change with it.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Fits `points` `(n, d)` and `targets` `(n, k)`: `n³/3` operations and a few matrices `(n, n)`.
    ///
    /// # Errors
    /// [`Error::NoRows`], [`Error::NoColumns`], [`Error::RowCount`], [`Error::Point`], [`Error::Target`]; [`Error::Linalg`] where `λ` is
    /// below the rounding of the kernel, about `n·2⁻⁵²` of its trace.
    pub fn fit(&self, points: MatRef<'_>, targets: MatRef<'_>) -> Result<KernelModel, Error> {
        check_targets(points.nrows(), targets)?;
        let mut gram = self.kernel.gram(points, self.parallelism)?;
        for i in 0..gram.nrows() {
            gram[(i, i)] += self.ridge;
        }
        let coefficients = Cholesky::factor(gram, self.parallelism)?.solve(targets)?;
        Ok(KernelModel::new(self.kernel.clone(), points, coefficients, self.parallelism))
    }

    /// Fits by conjugate gradients, without a matrix of all pairs: memory is `O(n·k)`, and each iteration computes the kernel of all
    /// pairs again.
    ///
    /// # Errors
    /// As [`fit`](Self::fit). Running out of iterations is no error: see [`IterativeFit::converged`].
    pub fn fit_iteratively(
        &self,
        points: MatRef<'_>,
        targets: MatRef<'_>,
        stop: Stop,
    ) -> Result<IterativeFit, Error> {
        check_targets(points.nrows(), targets)?;
        let known = Points::new(&self.kernel, points)?;
        let solution =
            conjugate_gradients(&self.kernel, &known, targets, self.ridge, stop, self.parallelism)?;
        let (iterations, residual) = (solution.iterations, solution.residual);
        let coefficients = solution.coefficients;
        let model = KernelModel::new(self.kernel.clone(), points, coefficients, self.parallelism);
        Ok(IterativeFit::new(model, iterations, residual, residual <= stop.tolerance()))
    }
}

/// A fitted function `f(x) = Σᵢ K(x, xᵢ) αᵢ`.
///
/// It holds the training points. See [`KernelRidge`] for an example.
#[derive(Clone, PartialEq)]
pub struct KernelModel {
    kernel: Kernel,
    points: Mat,
    coefficients: Mat,
    parallelism: Parallelism,
}

/// Shapes only: the points may be private.
impl core::fmt::Debug for KernelModel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KernelModel")
            .field("kernel", &self.kernel)
            .field("points", &self.points.shape())
            .field("coefficients", &self.coefficients.shape())
            .finish_non_exhaustive()
    }
}

impl KernelModel {
    pub(super) fn new(
        kernel: Kernel,
        points: MatRef<'_>,
        coefficients: Mat,
        parallelism: Parallelism,
    ) -> Self {
        Self { kernel, points: points.to_owned(), coefficients, parallelism }
    }

    /// `f` at each row of `points` `(m, d)`, shape `(m, k)`, without a matrix of all pairs.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Point`].
    pub fn predict(&self, points: MatRef<'_>) -> Result<Mat, Error> {
        check_len(self.points.ncols(), points.ncols())?;
        let left = Points::new(&self.kernel, points)?;
        let right = Points::new(&self.kernel, self.points.as_ref())?;
        kernel_product(&self.kernel, &left, &right, self.coefficients.as_ref(), self.parallelism)
    }

    /// `α`, shape `(n, k)`.
    #[must_use]
    pub fn coefficients(&self) -> MatRef<'_> {
        self.coefficients.as_ref()
    }

    /// The kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Kernel {
        &self.kernel
    }
}
