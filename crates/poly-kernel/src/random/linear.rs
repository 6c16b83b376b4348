//! `LinearPlusRandom`: degrees zero and one exact, the rest of the exponential random.

use super::degrees::rms_error;
use super::{RandomMaclaurin, check_count, check_dim, max_features};
use crate::{
    error::Error,
    exp_taylor::ExpTaylor,
    feature_map::{FeatureMap, KernelError, NormBound, Role, fill_block, max_logit, polynomial_error},
    monomial::FeatureBlock,
    outward::up,
};
use dp_linalg::MatRef;
use rand::Rng;

/// Features of `e^{x·y}` that are exact for `1 + x·y`, with random ones for the residual `e^t − 1 − t`.
///
/// ```text
/// φ(x) = (1, x, φ_res(x)),     E φ_res(x)·φ_res(y) = T_g(t) − 1 − t,  t = x·y,      r = 1 + d + residual_count
/// ```
///
/// with `φ_res` a [`RandomMaclaurin`] of the Taylor polynomial's degrees `2 … g`. At logits below one most of the kernel is
/// in the first two terms; here they cost `1 + d` features and no variance.
///
/// # Norm
/// `‖φ(x)‖² ≤ 1 + ‖x‖² + Σ_{2≤j≤g} (d‖x‖²)ʲ/j!` for every point and every draw; `E‖φ(x)‖² = T_g(‖x‖²)`.
///
/// # Error
/// The bias is [`ExpTaylor::relative_error`], the variance that of [`RandomMaclaurin`] for the residual.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FeatureMap, KernelError, LinearPlusRandom};
/// use rand::SeedableRng;
///
/// let map = LinearPlusRandom::new(64, 6, 1024, &mut rand_chacha::ChaCha8Rng::seed_from_u64(7))?;
/// assert_eq!(map.feature_count(), 1 + 64 + 1024);
/// let error = map.kernel_error(0.5); // logits |x·y| ≤ ¼
/// assert!(matches!(error, KernelError::RelativeRms(error) if error < 0.006));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Kar and Karnick 2012, the heuristic H0/1: the first two terms exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearPlusRandom {
    taylor: ExpTaylor,
    residual: RandomMaclaurin,
}

impl LinearPlusRandom {
    /// The map on points of dimension `dim`, with the Taylor polynomial of this degree and `residual_count` random
    /// features.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::DegreeTooSmall`] below 2, [`Error::DegreeTooLarge`] above
    /// [`ExpTaylor::MAX_DEGREE`], [`Error::RandomFeatureCount`] unless there is a feature for each of `degree − 1`
    /// degrees, `1 + d + residual_count` is at most 2²⁰ and at most `2²⁸/d`, and `residual_count` is at most
    /// `2²⁸/(d(degree + 1))`.
    pub fn new<R: Rng + ?Sized>(
        dim: usize,
        degree: usize,
        residual_count: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        let (taylor, coefficients) = Self::checked(dim, degree, residual_count)?;
        let residual = RandomMaclaurin::new(dim, &coefficients, residual_count, rng)?;
        Ok(Self { taylor, residual })
    }

    /// The Taylor polynomial, and the coefficients of the residual.
    fn checked(dim: usize, degree: usize, residual_count: usize) -> Result<(ExpTaylor, Vec<f64>), Error> {
        check_dim(dim)?;
        if degree < 2 {
            return Err(Error::DegreeTooSmall { degree, min: 2 });
        }
        let taylor = ExpTaylor::new(degree)?;
        check_count(residual_count, degree - 1, Self::max_residual(dim, degree))?;
        let mut coefficients = taylor.coefficients().to_vec();
        coefficients[..2].fill(0.0);
        Ok((taylor, coefficients))
    }

    /// The most random features.
    fn max_residual(dim: usize, degree: usize) -> usize {
        let beside_exact = max_features(dim).saturating_sub(dim).saturating_sub(1);
        beside_exact.min(max_features(RandomMaclaurin::numbers(dim, degree)))
    }

    /// The most features of all.
    pub(crate) fn max_count(dim: usize, degree: usize) -> usize {
        Self::max_residual(dim, degree).saturating_add(dim).saturating_add(1)
    }

    /// The error of a map that need not exist.
    pub(crate) fn error_of(
        dim: usize,
        degree: usize,
        residual_count: usize,
        logit: f64,
    ) -> Result<KernelError, Error> {
        let (taylor, coefficients) = Self::checked(dim, degree, residual_count)?;
        let residual = RandomMaclaurin::divided(dim, &coefficients, residual_count)?;
        let bias = polynomial_error(taylor.coefficients(), logit);
        Ok(rms_error(bias, residual.variance_bound(logit.sqrt()), logit))
    }

    /// Degree of the Taylor polynomial.
    #[must_use]
    pub const fn degree(&self) -> usize {
        self.taylor.degree()
    }

    /// The random features, those of degrees from two on.
    #[must_use]
    pub const fn residual(&self) -> &RandomMaclaurin {
        &self.residual
    }
}

impl FeatureMap for LinearPlusRandom {
    fn dim(&self) -> usize {
        self.residual.dim()
    }

    fn feature_count(&self) -> usize {
        1 + self.dim() + self.residual.feature_count()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        let square = 1.0 + max_logit(radius) + self.residual.squared_norm_bound(radius);
        NormBound::Deterministic(up(square.sqrt(), 3))
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        let logit = max_logit(radius);
        let bias = polynomial_error(self.taylor.coefficients(), logit);
        rms_error(bias, self.residual.variance_bound(radius), logit)
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), self.residual.scratch_rows(), max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        fill_block(self, self.residual.scratch_rows(), points, out, |features, scratch| {
            let (mut exact, random) = features.split_at_row(1 + self.dim());
            exact.row_mut(0).fill(1.0);
            for k in 0..self.dim() {
                for (feature, point) in exact.row_mut(1 + k).iter_mut().zip(points.rows()) {
                    *feature = point[k];
                }
            }
            self.residual.write(points, random, scratch)
        })
    }
}
