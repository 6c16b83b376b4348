//! `PositiveFeatures`: exponentials of random projections.

use super::frequencies::Frequencies;
use super::{check_count, max_features, relative_std, unbiased_norm};
use crate::{
    error::Error,
    exp_taylor::exp_upper,
    feature_map::{
        DifferentiableMap, FeatureMap, KernelError, NormBound, Role, check_pullback, fill_block, max_logit,
    },
    monomial::FeatureBlock,
    outward::up,
};
use dp_linalg::{Mat, MatMut, MatRef};
use rand::Rng;

/// Positive features of `e^{x·y}` at orthogonal Gaussian frequencies (FAVOR+), single or in pairs of either sign.
///
/// ```text
/// single        φ(x) = e^{−‖x‖²/2}/√m  · (e^{ω₁·x} … e^{ω_m·x})                               r = m
/// hyperbolic    φ(x) = e^{−‖x‖²/2}/√2m · (e^{ω₁·x} … e^{ω_m·x}, e^{−ω₁·x} … e^{−ω_m·x})       r = 2m
/// ```
///
/// `E e^{ω·w} = e^{‖w‖²/2}` with `w = x + y`, so products are unbiased estimates of `e^{x·y}`, and they are positive.
///
/// # Norm
/// Random and unbounded over draws: only `E‖φ(x)‖² = e^{‖x‖²}` is known.
///
/// # Error
/// With `s = ‖x + y‖² ≤ 4·radius²` and independent frequencies,
///
/// ```text
/// single        Var[φ(x)·φ(y)]/e^{2x·y} = (e^s − 1)/m
/// hyperbolic    Var[φ(x)·φ(y)]/e^{2x·y} = (cosh s − 1)/m
/// ```
///
/// from `E e^{2ω·w} = e^{2s}` and `E cosh²(ω·w) = ½(1 + e^{2s})`. Orthogonal blocks only reduce both, in every dimension:
/// expand both factors in powers of `ω₁·w` and `ω₂·w`. Odd powers have mean zero, every even one a non-negative
/// coefficient, and for orthonormal directions
///
/// ```text
/// E[q₁^{2a} q₂^{2b}] = (½)_a (½)_b/(D/2)_{a+b} ≤ (½)_a (½)_b/((D/2)_a (D/2)_b) = E[q₁^{2a}] E[q₂^{2b}],
/// ```
///
/// so two frequencies of a block are not positively correlated. [`kernel_error`](FeatureMap::kernel_error) is the value
/// for independent ones.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FeatureMap, PositiveFeatures, Role};
/// use rand::SeedableRng;
///
/// let map = PositiveFeatures::new(2, 64, &mut rand_chacha::ChaCha8Rng::seed_from_u64(7))?;
/// let mut block = map.feature_block(1);
/// map.apply_block(Role::Key, Mat::from_vec(1, 2, vec![0.3, 0.4])?.as_ref(), &mut block)?;
/// assert!(block.as_ref().rows().all(|feature| feature[0] > 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Choromanski et al. 2021, "Rethinking attention with performers": Lemmas 1 and 2, and Theorem 2 for orthogonal blocks of
/// at most `d` single features. The argument above is ours.
#[derive(Debug, Clone, PartialEq)]
pub struct PositiveFeatures {
    frequencies: Frequencies,
    signs: Signs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signs {
    Single,
    Both,
}

impl PositiveFeatures {
    /// Single features of points of dimension `dim`.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::RandomFeatureCount`] (there are at most 2²⁰ features, and 2²⁸ coordinates of
    /// frequencies).
    pub fn new<R: Rng + ?Sized>(dim: usize, frequency_count: usize, rng: &mut R) -> Result<Self, Error> {
        check_count(frequency_count, 1, max_features(dim))?;
        Ok(Self { frequencies: Frequencies::orthogonal(dim, frequency_count, rng)?, signs: Signs::Single })
    }

    /// Hyperbolic features: two for each frequency, at less than half the variance.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn hyperbolic<R: Rng + ?Sized>(
        dim: usize,
        frequency_count: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        check_count(frequency_count, 1, max_features(dim) / 2)?;
        Ok(Self { frequencies: Frequencies::orthogonal(dim, frequency_count, rng)?, signs: Signs::Both })
    }

    /// The error of a hyperbolic map that need not exist.
    pub(crate) fn hyperbolic_error_of(frequency_count: usize, max_logit: f64) -> KernelError {
        let largest = exp_upper(4.0 * max_logit);
        // cosh s − 1 = (eˢ − 1)²/(2eˢ), increasing in eˢ
        let variance = up((largest - 1.0) * ((largest - 1.0) / (2.0 * largest)), 4);
        relative_std(variance, frequency_count)
    }

    /// The frequencies `ωᵢ`, rows of an `(m, d)` matrix.
    #[must_use]
    pub fn frequencies(&self) -> MatRef<'_> {
        self.frequencies.as_ref()
    }
}

impl FeatureMap for PositiveFeatures {
    fn dim(&self) -> usize {
        self.frequencies.dim()
    }

    fn feature_count(&self) -> usize {
        match self.signs {
            Signs::Single => self.frequencies.count(),
            Signs::Both => 2 * self.frequencies.count(),
        }
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        unbiased_norm(radius)
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        match self.signs {
            Signs::Single => {
                let largest = exp_upper(4.0 * max_logit(radius));
                relative_std(up(largest - 1.0, 1), self.frequencies.count())
            }
            Signs::Both => Self::hyperbolic_error_of(self.frequencies.count(), max_logit(radius)),
        }
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), self.frequencies.count() + 1, max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        let count = self.frequencies.count();
        let factor = 1.0 / (self.feature_count() as f64).sqrt();
        fill_block(self, count + 1, points, out, |features, scratch| {
            let (products, halves) = self.frequencies.project(points, scratch)?;
            let (mut plus, mut minus) = features.split_at_row(count);
            let value = |product: f64, half: &f64| factor * (product - half).exp();
            for (i, row) in products.rows().enumerate() {
                let arguments = || row.iter().zip(halves.row(0));
                for (feature, (product, half)) in plus.row_mut(i).iter_mut().zip(arguments()) {
                    *feature = value(*product, half);
                }
                if self.signs == Signs::Both {
                    for (feature, (product, half)) in minus.row_mut(i).iter_mut().zip(arguments()) {
                        *feature = value(-product, half);
                    }
                }
            }
            Ok(())
        })
    }
}

/// `∂φᵢ/∂x = (±ωᵢ − x)φᵢ`.
impl DifferentiableMap for PositiveFeatures {
    fn pullback_block(
        &self,
        role: Role,
        points: MatRef<'_>,
        adjoints: &FeatureBlock,
        gradients: MatMut<'_>,
    ) -> Result<(), Error> {
        check_pullback(self, points, adjoints, &gradients)?;
        let mut features = self.feature_block(points.nrows());
        self.apply_block(role, points, &mut features)?;
        let (features, adjoints, count) = (features.as_ref(), adjoints.as_ref(), self.frequencies.count());
        let mut weights = Mat::zeros(count, points.nrows());
        let mut lengths = vec![0.0; points.nrows()];
        for (a, (row, adjoint)) in features.rows().zip(adjoints.rows()).enumerate() {
            let sign = if a < count { 1.0 } else { -1.0 };
            let out = weights.row_mut(a % count).iter_mut().zip(&mut lengths);
            for ((weight, length), (feature, adjoint)) in out.zip(row.iter().zip(adjoint)) {
                *weight += sign * feature * adjoint;
                *length -= feature * adjoint;
            }
        }
        self.frequencies.combine(&weights, &lengths, points, gradients)
    }
}
