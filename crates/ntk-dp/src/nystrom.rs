//! Features from landmarks.

use crate::error::check_len;
use crate::{Error, Kernel};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism};
use poly_kernel::{FeatureBlock, FeatureMap, KernelError, NormBound, Role};

/// Features of any [`Kernel`] from landmarks `z₁ … z_m`: its projection onto the functions `K(zᵢ, ·)`.
///
/// ```text
/// φ(x) = L⁻¹ (K(zᵢ, x))ᵢ,      LLᵀ = (K(zᵢ, zⱼ))ᵢⱼ + jitter·I
/// ```
///
/// Landmarks must be public, or the features say something of them.
///
/// # Error
/// `K(x, y) − φ(x)·φ(y)` is positive semidefinite, as a Schur complement. So
/// `|K(x, y) − φ(x)·φ(y)| ≤ √(ρ(x)ρ(y))` with `ρ(x) = K(x, x) − ‖φ(x)‖²`, see [`residuals`](Self::residuals), in real arithmetic.
/// The kernel that [`FeatureMap::kernel_error`] speaks of is the exponential: what is said of it here is that nothing is known.
///
/// # Jitter
/// `2⁻⁵² m (m + d + 16)` times the largest `K(zᵢ, zᵢ)`: above what rounding takes from the least eigenvalue, except that landmarks which
/// nearly coincide have ReLU kernels that are off by more.
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use ntk_dp::{Activation, Kernel, Network, NystromFeatures};
/// use poly_kernel::{FeatureMap, Role};
///
/// let kernel = Kernel::ntk(Network::new(Activation::Gelu, 1, 2.0)?.with_bias_variance(0.1)?);
/// let landmarks = Mat::from_fn(30, 1, |i, _| i as f64 / 15.0 - 1.0);
/// let map = NystromFeatures::new(kernel, landmarks.as_ref())?;
/// let points = Mat::from_vec(1, 1, vec![0.123])?;
/// assert!(map.residuals(points.as_ref())?[0] < 1e-3);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
///
/// # References
/// Williams, Seeger 2001.
#[derive(Debug, Clone, PartialEq)]
pub struct NystromFeatures {
    kernel: Kernel,
    landmarks: Mat,
    cholesky: Cholesky,
}

impl NystromFeatures {
    /// The map of `landmarks` `(m, d)`: `m³/3` operations.
    ///
    /// # Errors
    /// [`Error::NoRows`], [`Error::NoColumns`], [`Error::Point`]; [`Error::Linalg`] for landmarks that nearly coincide.
    pub fn new(kernel: Kernel, landmarks: MatRef<'_>) -> Result<Self, Error> {
        let (count, dim) = landmarks.shape();
        if count == 0 {
            return Err(Error::NoRows);
        }
        let mut gram = kernel.gram(landmarks, Parallelism::Sequential)?;
        let largest = (0..count).map(|i| gram[(i, i)]).fold(0.0, f64::max);
        let jitter = f64::EPSILON * largest * count as f64 * (count + dim + 16) as f64;
        (0..count).for_each(|i| gram[(i, i)] += jitter);
        Ok(Self {
            kernel,
            landmarks: landmarks.to_owned(),
            cholesky: Cholesky::factor(gram, Parallelism::Sequential)?,
        })
    }

    /// `ρ(x) = K(x, x) − ‖φ(x)‖²` for each row of `points` `(n, d)`, not below zero.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Point`].
    pub fn residuals(&self, points: MatRef<'_>) -> Result<Vec<f64>, Error> {
        let mut residuals = self.kernel.diagonal(points)?;
        for row in self.features(points)?.rows() {
            residuals.iter_mut().zip(row).for_each(|(residual, feature)| *residual -= feature * feature);
        }
        Ok(residuals.into_iter().map(|residual| residual.max(0.0)).collect())
    }

    /// The kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The landmarks, rows of an `(m, d)` matrix.
    #[must_use]
    pub fn landmarks(&self) -> MatRef<'_> {
        self.landmarks.as_ref()
    }

    /// `(m, n)`.
    fn features(&self, points: MatRef<'_>) -> Result<Mat, Error> {
        check_len(self.landmarks.ncols(), points.ncols())?;
        let cross = self.kernel.cross_gram(self.landmarks.as_ref(), points, Parallelism::Sequential)?;
        Ok(self.cholesky.solve_lower(cross.as_ref())?)
    }
}

impl FeatureMap for NystromFeatures {
    fn dim(&self) -> usize {
        self.landmarks.ncols()
    }

    fn feature_count(&self) -> usize {
        self.landmarks.nrows()
    }

    /// `‖φ(x)‖² ≤ K(x, x)`, of which no bound over a ball is known here.
    fn norm_bound(&self, _: f64) -> NormBound {
        NormBound::Deterministic(f64::INFINITY)
    }

    fn kernel_error(&self, _: f64) -> KernelError {
        KernelError::RelativeRms(f64::INFINITY)
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), 0, max_points)
    }

    /// The features of a point that is not finite, or whose kernel value overflows, are zeros.
    fn apply_block(
        &self,
        _: Role,
        points: MatRef<'_>,
        out: &mut FeatureBlock,
    ) -> Result<(), poly_kernel::Error> {
        if points.ncols() != self.dim() {
            return Err(poly_kernel::Error::Length { expected: self.dim(), found: points.ncols() });
        }
        if out.feature_count() != self.feature_count() {
            let (expected, found) = (self.feature_count(), out.feature_count());
            return Err(poly_kernel::Error::Length { expected, found });
        }
        let (points, refused) = self.without_refused(points);
        let features = self.features(points.as_ref()).unwrap_or_else(|_| self.no_features(points.nrows()));
        out.fill(0, points.nrows(), |mut out, _| {
            out.copy_from(features.as_ref())?;
            for a in 0..out.as_ref().nrows() {
                for &i in &refused {
                    out.row_mut(a)[i] = 0.0;
                }
            }
            Ok(())
        })
    }
}

impl NystromFeatures {
    /// The points with zeros in place of those that the kernel refuses, and the positions of these.
    fn without_refused(&self, points: MatRef<'_>) -> (Mat, Vec<usize>) {
        let alone = |i: usize| self.kernel.diagonal(points.subrows(i..i + 1)).is_err();
        let refused: Vec<usize> = (0..points.nrows()).filter(|&i| alone(i)).collect();
        let mut kept = points.to_owned();
        for &i in &refused {
            kept.row_mut(i).fill(0.0);
        }
        (kept, refused)
    }

    /// What is left if a solve leaves the range of numbers, which it does not: `‖φ(x)‖² ≤ K(x, x)`, and that is finite.
    fn no_features(&self, count: usize) -> Mat {
        Mat::zeros(self.feature_count(), count)
    }
}
