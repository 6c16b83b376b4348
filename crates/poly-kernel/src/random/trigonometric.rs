//! `TrigonometricFeatures`: cosines and sines, with a norm that no draw changes.

use super::frequencies::{Frequencies, block_size};
use super::{check_count, max_features, relative_std};
use crate::{
    error::Error,
    exp_taylor::exp_upper,
    feature_map::{
        DifferentiableMap, FeatureMap, KernelError, NormBound, Role, check_pullback, fill_block,
        half_exponential, max_logit,
    },
    monomial::FeatureBlock,
    outward::{down, up},
};
use dp_linalg::{Mat, MatMut, MatRef};
use rand::Rng;

/// Cosine and sine features of `e^{x·y}` at orthogonal Gaussian frequencies.
///
/// ```text
/// φ(x) = e^{‖x‖²/2}/√m · (cos ω₁·x … cos ω_m·x, sin ω₁·x … sin ω_m·x),      r = 2m
/// φ(x)·φ(y) = e^{(‖x‖² + ‖y‖²)/2} · (1/m) Σᵢ cos ωᵢ·(x − y)
/// ```
///
/// `E cos ω·z = e^{−‖z‖²/2}` for `ω ~ N(0, I)`, so the product is an unbiased estimate of `e^{x·y}`. It may be negative.
///
/// # Norm
/// `‖φ(x)‖ = e^{‖x‖²/2}` exactly, for every point and every draw, since `cos² + sin² = 1`. This is about real arithmetic;
/// the library's `cos` and `sin` are good to a few units in the last place.
///
/// # Error
/// With `s = ‖x − y‖²` and `u = s/2`, one frequency has `Var cos = ½(1 + e^{−2s}) − e^{−s}`, hence
///
/// ```text
/// Var[φ(x)·φ(y)]/e^{2x·y} = 2 sinh²(u)/m            for independent frequencies,        u ≤ 2·radius².
/// ```
///
/// Two orthogonal frequencies of a block of even size `D` (frequencies have `D = d` or `d + 1` coordinates) add the
/// covariance `e^u F(u) − 1`, relative to the same, where
///
/// ```text
/// F(u) = ₁F₁(−D/2; D/2; u) = L_{D/2}^{(D/2−1)}(u) / L_{D/2}^{(D/2−1)}(0)
/// ```
///
/// is a polynomial with only positive zeros `zᵢ` and `Σ 1/zᵢ = −F'(0) = 1`. Up to the smallest zero
/// `F(u) = ∏(1 − u/zᵢ) ≤ e^{−u}`: the covariance is negative. Since `Σ 1/zᵢ² = 4/(D + 2)`, that zero is at least
/// `√(D + 2)/2`; for `D = 2` there is one zero, and the covariance is never positive. So
/// [`kernel_error`](FeatureMap::kernel_error) is the value for independent frequencies while
/// `2·radius² ≤ √(D + 2)/2` or `d ≤ 2`. Beyond, orthogonality may do harm (at `D = 4` it does from `u = 4.8` on), and
/// the bound adds `(min(D, m) − 1)` times the smaller of `e^{3u/2} − 1` (from `|F(u)| ≤ e^{u/2}`, NIST DLMF 18.14.8) and
/// `2 sinh²(u)`.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FeatureMap, Role, TrigonometricFeatures};
/// use rand::SeedableRng;
///
/// let map = TrigonometricFeatures::new(2, 64, &mut rand_chacha::ChaCha8Rng::seed_from_u64(7))?;
/// let mut block = map.feature_block(2);
/// map.apply_block(Role::Key, Mat::from_vec(2, 2, vec![0.3, 0.4, 1.0, 0.0])?.as_ref(), &mut block)?;
/// assert_eq!(block.as_ref().shape(), (128, 2));
/// assert!((block.squared_norms()[0] - 0.25_f64.exp()).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Rahimi and Recht 2007 (random Fourier features); Yu, Suresh, Choromanski, Holtmann-Rice and Kumar 2016 (orthogonal
/// blocks); Choromanski et al. 2021, §2.3 (the factor `e^{‖x‖²/2}`). The formulas above are derived here.
#[derive(Debug, Clone, PartialEq)]
pub struct TrigonometricFeatures {
    frequencies: Frequencies,
}

impl TrigonometricFeatures {
    /// A map of points of dimension `dim` with `frequency_count` frequencies, twice as many features.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::RandomFeatureCount`] (there are at most 2²⁰ features, and 2²⁸ coordinates of
    /// frequencies).
    pub fn new<R: Rng + ?Sized>(dim: usize, frequency_count: usize, rng: &mut R) -> Result<Self, Error> {
        check_count(frequency_count, 1, max_features(dim) / 2)?;
        Ok(Self { frequencies: Frequencies::orthogonal(dim, frequency_count, rng)? })
    }

    /// The map of known frequencies `(m, d)`, for instance those of [`frequencies`](Self::frequencies) that were saved. What is proven of
    /// random ones holds if they were.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::RandomFeatureCount`], [`Error::Frequency`] unless every coordinate is finite.
    pub fn from_frequencies(frequencies: MatRef<'_>) -> Result<Self, Error> {
        let (count, dim) = frequencies.shape();
        check_count(count, 1, max_features(dim) / 2)?;
        Ok(Self { frequencies: Frequencies::known(frequencies)? })
    }

    /// The error of a map that need not exist.
    pub(crate) fn error_of(dim: usize, frequency_count: usize, max_logit: f64) -> KernelError {
        let variance = variance(2.0 * max_logit, block_size(dim), frequency_count);
        relative_std(variance, frequency_count)
    }

    /// The frequencies `ωᵢ`, rows of an `(m, d)` matrix.
    #[must_use]
    pub fn frequencies(&self) -> MatRef<'_> {
        self.frequencies.as_ref()
    }
}

impl FeatureMap for TrigonometricFeatures {
    fn dim(&self) -> usize {
        self.frequencies.dim()
    }

    fn feature_count(&self) -> usize {
        2 * self.frequencies.count()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        NormBound::Deterministic(half_exponential(radius))
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        Self::error_of(self.dim(), self.frequencies.count(), max_logit(radius))
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), self.frequencies.count() + 1, max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        let count = self.frequencies.count();
        fill_block(self, count + 1, points, out, |features, scratch| {
            let (products, mut factors) = self.frequencies.project(points, scratch)?;
            for factor in factors.row_mut(0) {
                *factor = factor.exp() / (count as f64).sqrt();
            }
            let (mut cosines, mut sines) = features.split_at_row(count);
            for (i, row) in products.rows().enumerate() {
                let out = cosines.row_mut(i).iter_mut().zip(sines.row_mut(i));
                for (((cosine, sine), angle), factor) in out.zip(row).zip(factors.row(0)) {
                    let (s, c) = angle.sin_cos();
                    (*cosine, *sine) = (factor * c, factor * s);
                }
            }
            Ok(())
        })
    }
}

/// `∂(f cos ω·x)/∂x = f cos(ω·x)·x − f sin(ω·x)·ω` with `f = e^{‖x‖²/2}/√m`, and alike for the sine.
impl DifferentiableMap for TrigonometricFeatures {
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
        for k in 0..count {
            let (cosines, sines) = (features.row(k), features.row(count + k));
            let (by_cosines, by_sines) = (adjoints.row(k), adjoints.row(count + k));
            for (i, weight) in weights.row_mut(k).iter_mut().enumerate() {
                *weight = by_sines[i] * cosines[i] - by_cosines[i] * sines[i];
                lengths[i] += by_cosines[i] * cosines[i] + by_sines[i] * sines[i];
            }
        }
        self.frequencies.combine(&weights, &lengths, points, gradients)
    }
}

/// `m` times a bound of the relative variance for `‖x − y‖²/2 ≤ largest`, rounded outward.
fn variance(largest: f64, dim: usize, count: usize) -> f64 {
    let exp = exp_upper(largest);
    // 2 sinh²(u) = (eᵘ − e⁻ᵘ)²/2, where only the upper bound of eᵘ is at hand
    let independent = up(0.5 * (exp - down(1.0 / exp, 1)).powi(2), 4);
    if dim <= 2 || 4.0 * largest * largest <= dim as f64 + 2.0 {
        return independent;
    }
    let partners = dim.min(count) - 1;
    let covariance = exp_upper(up(1.5 * largest, 1)).min(independent);
    up(independent + partners as f64 * covariance, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// `₁F₁(−n; n; u)` for `n = dim/2`, a polynomial.
    fn kummer(dim: usize, u: f64) -> f64 {
        let n = (dim / 2) as f64;
        let (mut sum, mut term) = (1.0, 1.0);
        for k in 0..dim / 2 {
            let k = k as f64;
            term *= -(n - k) / (n + k) * u / (k + 1.0);
            sum += term;
        }
        sum
    }

    #[test]
    fn orthogonality_helps_below_the_stated_distance_and_harms_beyond() {
        for dim in [2_usize, 4, 6, 16, 64] {
            let limit = (dim as f64 + 2.0).sqrt() / 2.0;
            for i in 1..=100 {
                let u = limit * f64::from(i) / 100.0;
                assert!(u.exp() * kummer(dim, u) <= 1.0, "{dim} {u}");
            }
        }
        assert!(4.7_f64.exp() * kummer(4, 4.7) <= 1.0 && 4.9_f64.exp() * kummer(4, 4.9) > 1.0);
    }

    #[test]
    fn the_bound_covers_the_exact_variance_of_full_blocks() {
        for dim in [2_usize, 4, 8, 32] {
            for i in 0..200 {
                let u = f64::from(i) * 0.05;
                let exact = 2.0 * u.sinh().powi(2) + (dim - 1) as f64 * (u.exp() * kummer(dim, u) - 1.0);
                assert!(exact <= variance(u, dim, dim) * (1.0 + 1e-12), "{dim} {u}");
            }
        }
    }

    #[test]
    fn known_frequencies_must_be_finite() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let frequencies = Mat::from_fn(3, 2, |i, j| if (i, j) == (1, 1) { bad } else { 1.0 });
            let refused = TrigonometricFeatures::from_frequencies(frequencies.as_ref());
            assert_eq!(refused, Err(Error::Frequency { index: 1 }));
        }
    }

    #[test]
    fn products_have_the_derived_mean_and_variance() {
        for (dim, side) in [(2_usize, 0.9), (3, 0.5), (4, 1.1)] {
            let size = block_size(dim);
            let squared_distance = dim as f64 * side * side;
            let (u, draws) = (0.5 * squared_distance, 20_000);
            let mut rng = ChaCha8Rng::seed_from_u64(dim as u64);
            let sample = |_| {
                let map = TrigonometricFeatures::new(dim, size, &mut rng).unwrap();
                let angle = |omega: &[f64]| (side * omega.iter().sum::<f64>()).cos();
                map.frequencies().rows().map(angle).sum::<f64>() / size as f64 * u.exp()
            };
            let values: Vec<f64> = (0..draws).map(sample).collect();
            let mean = values.iter().sum::<f64>() / f64::from(draws);
            let squares: Vec<f64> = values.iter().map(|v| (v - mean).powi(2)).collect();
            let variance = squares.iter().sum::<f64>() / f64::from(draws);
            let fourth = squares.iter().map(|v| v * v).sum::<f64>() / f64::from(draws);
            let exact = (2.0 * u.sinh().powi(2) + (size - 1) as f64 * (u.exp() * kummer(size, u) - 1.0))
                / size as f64;
            // five standard errors, the second from the empirical fourth moment
            assert!((mean - 1.0).abs() < 5.0 * (exact / f64::from(draws)).sqrt(), "{dim} {mean}");
            let error = ((fourth - variance * variance) / f64::from(draws)).sqrt();
            assert!((variance - exact).abs() < 5.0 * error, "{dim}: {variance} {exact} {error}");
        }
    }
}
