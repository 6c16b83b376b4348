//! `OptimalPositiveFeatures`: positive features damped by the best Gaussian.

use super::frequencies::Frequencies;
use super::{check_count, max_features, relative_std, unbiased_norm};
use crate::{
    error::{Error, check_len},
    exp_taylor::exp_upper,
    feature_map::{FeatureMap, KernelError, NormBound, Role, dot, fill_block, max_logit},
    monomial::FeatureBlock,
    outward::up,
};
use dp_linalg::MatRef;
use rand::Rng;

/// Positive features of `e^{x·y}` with the damping `A` of least variance (OPRF), at orthogonal Gaussian frequencies.
///
/// ```text
/// φᵢ(x) = (1 − 4A)^{d/4}/√m · exp(A‖ωᵢ‖² + √(1 − 4A) ωᵢ·x − ‖x‖²/2),      A ≤ 0,      r = m
/// ```
///
/// With `w = x + y` and `s = ‖w‖²`, for `4A < 1`
/// `E exp(2A‖ω‖² + √(1 − 4A) ω·w) = (1 − 4A)^{−d/2} e^{s/2}`, so products are unbiased; `A = 0` is
/// [`PositiveFeatures`](crate::PositiveFeatures).
///
/// # The best damping
/// The same integral at twice the exponent gives, with `a = 1 − 8A` and so `1 − 4A = (1 + a)/2`,
///
/// ```text
/// m·Var[φ(x)·φ(y)]/e^{2x·y} + 1 = (1 + a)^d (4a)^{−d/2} e^{s/a}
/// ```
///
/// for independent frequencies. Its logarithm has derivative `d/(1 + a) − d/(2a) − s/a²`, with the sign of
/// `d a² − (d + 2s) a − 2s`, so over `a > 0` it is least at
///
/// ```text
/// a = (d + 2s + √((d + 2s)² + 8ds))/(2d) ≥ 1.
/// ```
///
/// The logarithm is linear in `s`: the same formula with the mean of `s` minimises its mean over pairs of points.
/// Orthogonal blocks only reduce the variance, by the argument of [`PositiveFeatures`](crate::PositiveFeatures): the
/// damping depends on the lengths of frequencies alone, and these are independent of the directions.
///
/// # Norm
/// Random: only `E‖φ(x)‖² = e^{‖x‖²}` is used. (For `A < 0` a feature is bounded over all draws, but by a factor
/// `((1 + a)/2)^{d/2} exp(4‖x‖²/(a − 1))` above the mean square, which is rarely of use.)
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FeatureMap, KernelError, OptimalPositiveFeatures, PositiveFeatures};
/// use rand::SeedableRng;
///
/// let points = Mat::from_vec(2, 2, vec![0.6, 0.8, -0.6, 0.8])?;
/// let spread = OptimalPositiveFeatures::mean_squared_sum(points.as_ref(), points.as_ref())?;
/// assert!((spread - 3.28).abs() < 1e-14); // 1 + 1 + 2·0.8²
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// let optimal = OptimalPositiveFeatures::new(2, 64, spread, rng)?;
/// let plain = PositiveFeatures::new(2, 64, rng)?;
/// let std = |map: &dyn FeatureMap| match map.kernel_error(1.0) {
///     KernelError::RelativeStd(std) => std,
///     other => panic!("{other:?}"),
/// };
/// assert!(std(&optimal) < 0.5 * std(&plain));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Likhosherstov et al. 2022, "Chefs' random tables: non-trigonometric random features" (OPRF; there `a` is `1/ρ`). The
/// derivation above is ours.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimalPositiveFeatures {
    frequencies: Frequencies,
    /// `a = 1 − 8A`.
    spread: f64,
    /// `A‖ωᵢ‖² + ln((1 − 4A)^{d/4}/√m)`.
    offsets: Vec<f64>,
}

impl OptimalPositiveFeatures {
    /// Features that are best where `‖x + y‖²` is `mean_squared_sum` on average.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::RandomFeatureCount`], [`Error::MeanSquaredSum`] unless `mean_squared_sum` is
    /// in `[0, 1e100]`.
    pub fn new<R: Rng + ?Sized>(
        dim: usize,
        feature_count: usize,
        mean_squared_sum: f64,
        rng: &mut R,
    ) -> Result<Self, Error> {
        check_count(feature_count, 1, max_features(dim))?;
        if !(0.0..=1e100).contains(&mean_squared_sum) {
            return Err(Error::MeanSquaredSum { value: mean_squared_sum });
        }
        let mut frequencies = Frequencies::orthogonal(dim, feature_count, rng)?;
        let spread = best_spread(dim, mean_squared_sum);
        let log_factor = 0.25 * dim as f64 * (0.5 * (1.0 + spread)).ln() - 0.5 * (feature_count as f64).ln();
        let damping = (1.0 - spread) / 8.0;
        let offsets =
            frequencies.as_ref().rows().map(|omega| damping * dot(omega, omega) + log_factor).collect();
        frequencies.scale((0.5 * (1.0 + spread)).sqrt());
        Ok(Self { frequencies, spread, offsets })
    }

    /// The mean of `‖x + y‖²` over all pairs of a query and a key: `mean‖x‖² + mean‖y‖² + 2 mean(x)·mean(y)`.
    ///
    /// # Errors
    /// [`Error::Length`] if the dimensions differ, or if there is no query or no key.
    pub fn mean_squared_sum(queries: MatRef<'_>, keys: MatRef<'_>) -> Result<f64, Error> {
        check_len(queries.ncols(), keys.ncols())?;
        for points in [queries, keys] {
            if points.nrows() == 0 {
                return Err(Error::Length { expected: 1, found: 0 });
            }
        }
        Ok(mean_square(queries) + mean_square(keys) + 2.0 * dot(&mean(queries), &mean(keys)))
    }

    /// The damping `A ≤ 0`.
    #[must_use]
    pub fn damping(&self) -> f64 {
        (1.0 - self.spread) / 8.0
    }
}

impl FeatureMap for OptimalPositiveFeatures {
    fn dim(&self) -> usize {
        self.frequencies.dim()
    }

    fn feature_count(&self) -> usize {
        self.frequencies.count()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        unbiased_norm(radius)
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        let (dim, a) = (self.dim(), self.spread);
        let base = 0.5 * (1.0 + a) / a.sqrt();
        let power = (0..dim).fold(1.0, |power, _| power * base);
        let exponential = exp_upper(up(4.0 * max_logit(radius) / a, 1));
        let second_moment = up(power * exponential, 6 * dim + 1);
        relative_std(up(second_moment - 1.0, 1), self.feature_count())
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), self.feature_count() + 1, max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        fill_block(self, self.feature_count() + 1, points, out, |mut features, scratch| {
            let (products, halves) = self.frequencies.project(points, scratch)?;
            for (i, (row, offset)) in products.rows().zip(&self.offsets).enumerate() {
                let arguments = row.iter().zip(halves.row(0));
                for (feature, (product, half)) in features.row_mut(i).iter_mut().zip(arguments) {
                    *feature = (offset + product - half).exp();
                }
            }
            Ok(())
        })
    }
}

/// The positive root of `d a² − (d + 2s) a − 2s`; at least one.
fn best_spread(dim: usize, squared_sum: f64) -> f64 {
    let half = 0.5 + squared_sum / dim as f64;
    (half + (half * half + 2.0 * squared_sum / dim as f64).sqrt()).max(1.0)
}

fn mean_square(points: MatRef<'_>) -> f64 {
    points.rows().map(|x| dot(x, x)).sum::<f64>() / points.nrows() as f64
}

fn mean(points: MatRef<'_>) -> Vec<f64> {
    let mut mean = vec![0.0; points.ncols()];
    for point in points.rows() {
        mean.iter_mut().zip(point).for_each(|(sum, x)| *sum += x / points.nrows() as f64);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_second_moment(dim: usize, a: f64, s: f64) -> f64 {
        let d = dim as f64;
        d * (1.0 + a).ln() - 0.5 * d * (4.0 * a).ln() + s / a
    }

    #[test]
    fn the_spread_minimises_the_variance() {
        for dim in [1, 4, 64] {
            for s in [0.0, 0.1, 2.0, 50.0] {
                let best = best_spread(dim, s);
                let least = log_second_moment(dim, best, s);
                for factor in [0.5, 0.9, 1.1, 2.0] {
                    assert!(log_second_moment(dim, best * factor, s) > least, "{dim} {s} {factor}");
                }
            }
        }
        assert_eq!(best_spread(8, 0.0), 1.0);
    }
}
