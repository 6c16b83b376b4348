//! Released logits, and what is computed from them: attention with error bars.

use super::bars::Deviation;
use super::options::SelfAttentionOptions;
use super::plan::Route;
use super::softmax::{attention_intervals, softmax, total_variation};
use crate::error::Error;
use dp_linalg::{Mat, Parallelism, SymmetricEigen, matmul_nt};
use dp_mechanisms::FailureProbability;
use dp_mechanisms::covariance::Draws;

/// What was released, in units of logits or of data.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Sampling { logits: Mat, draws: Draws },
    Gram { logits: Mat, noise_std: f64, rounding: f64 },
    Rows { points: Mat, noise_std: f64, rounding: f64 },
}

/// Released self-attention logits: everything here is post-processing and costs no privacy.
///
/// Not private: it may be copied, shown and saved.
///
/// # Example
///
/// See [`PrivateSelfAttention`](crate::PrivateSelfAttention); with more rows than coordinates, what is known of the rank
/// takes most of the noise off logits that were noised one by one:
///
/// ```
/// use attention_dp::{AttentionLogits, Error};
///
/// fn attention_from(logits: &AttentionLogits) -> Result<dp_linalg::Mat, Error> {
///     Ok(logits.clone().with_low_rank().attention())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AttentionLogits {
    options: SelfAttentionOptions,
    route: Route,
    /// As released, `(n, n)`, symmetric.
    released: Mat,
    /// Estimate within the public range, `(n, n)`, symmetric.
    estimate: Mat,
    noise: Noise,
    points: Option<Mat>,
}

#[derive(Debug, Clone, Copy)]
enum Noise {
    Draws(Draws),
    Entries(f64, f64),
    Rows(f64, f64),
}

impl AttentionLogits {
    pub(super) fn new(options: SelfAttentionOptions, source: Source) -> Self {
        let (released, noise, route, points) = match source {
            Source::Sampling { logits, draws } => (logits, Noise::Draws(draws), Route::Sampling, None),
            Source::Gram { logits, noise_std, rounding } => {
                (logits, Noise::Entries(noise_std, rounding), Route::Gram, None)
            }
            Source::Rows { points, noise_std, rounding } => {
                let logits = products(&options, &points, noise_std);
                (logits, Noise::Rows(noise_std, rounding), Route::Rows, Some(points))
            }
        };
        let estimate = clamped(&options, &released);
        Self { options, route, released, estimate, noise, points }
    }

    /// The public options.
    #[must_use]
    pub const fn options(&self) -> &SelfAttentionOptions {
        &self.options
    }

    /// How they were released.
    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    /// Estimated logits `(n, n)`, symmetric, within `±s·radius²`.
    #[must_use]
    pub const fn logits(&self) -> &Mat {
        &self.estimate
    }

    /// Logits `(n, n)` as they were released, before they are moved into the public range; symmetric.
    #[must_use]
    pub const fn released(&self) -> &Mat {
        &self.released
    }

    /// The released rows `(n, d)`, if noise was on the rows: any other function of them is free, too.
    #[must_use]
    pub const fn points(&self) -> Option<&Mat> {
        self.points.as_ref()
    }

    /// Estimates logits by the nearest positive semidefinite matrix of rank at most `dim`, as `s·XXᵀ` is one.
    ///
    /// Leaves the bars as they are. Where `n` is much larger than `dim`, the estimate is closer by a factor of about
    /// `√(2·dim/n)` after noise on logits; after noise on rows nothing changes but the diagonal. Time `O(n³)`.
    #[must_use]
    pub fn with_low_rank(self) -> Self {
        // entries are finite: they are integers times a step, or products of what is
        let Ok(eigen) = SymmetricEigen::new(self.released.as_ref()) else { return self };
        let order = self.options.rows();
        let kept = self.options.dim().min(order);
        // eigenvalues ascend
        let factor = Mat::from_fn(order, kept, |i, j| {
            let place = order - kept + j;
            eigen.vectors().row(i)[place] * eigen.values()[place].max(0.0).sqrt()
        });
        let Ok(nearest) = matmul_nt(factor.as_ref(), factor.as_ref(), Parallelism::Sequential) else {
            return self;
        };
        Self { estimate: clamped(&self.options, &nearest), ..self }
    }

    /// Estimated attention `(n, n)`: softmax of each row of logits.
    #[must_use]
    pub fn attention(&self) -> Mat {
        let mut attention = self.estimate.clone();
        for i in 0..self.options.rows() {
            softmax(self.estimate.row(i), attention.row_mut(i));
        }
        attention
    }

    /// Intervals that hold all logits, and all entries of the attention matrix, except with the failure probability.
    ///
    /// They are about attention over the clipped rows, computed from the release and public quantities, and hold for all
    /// entries at once, so that nobody gains by choosing which one to look at. What clipping changed is private and in no bar.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the failure probability, split over the entries, underflows.
    pub fn bounds(&self, failure: FailureProbability) -> Result<AttentionBounds, Error> {
        let options = &self.options;
        let deviation = match self.noise {
            Noise::Draws(draws) => Deviation::sampling(options, draws, failure),
            Noise::Entries(noise_std, rounding) => Deviation::gram(options, (noise_std, rounding), failure)?,
            Noise::Rows(noise_std, rounding) => Deviation::rows(options, (noise_std, rounding), failure)?,
        };
        let n = options.rows();
        let norms: Vec<f64> = (0..n).map(|i| deviation.norm(options, self.released[(i, i)])).collect();
        // s·radius² itself is rounded
        let largest = options.max_logit() * (1.0 + 4.0 * f64::EPSILON);
        let mut bounds = AttentionBounds::zeros(n);
        for i in 0..n {
            for j in 0..n {
                let (value, most) = (self.released[(i, j)], (norms[i] * norms[j]).min(largest));
                let (error, least) = if i == j {
                    (deviation.diagonal(norms[i]), 0.0)
                } else {
                    (deviation.off_diagonal(norms[i], norms[j]), -most)
                };
                bounds.logit_lower[(i, j)] = (value - error).clamp(least, most);
                bounds.logit_upper[(i, j)] = (value + error).clamp(least, most);
            }
            bounds.finish_row(i, self.estimate.row(i));
        }
        Ok(bounds)
    }
}

/// `s·yᵢ·y_j`, less the squared noise on the diagonal.
fn products(options: &SelfAttentionOptions, points: &Mat, noise_std: f64) -> Mat {
    let scale = options.softmax_scale();
    let bias = options.dim() as f64 * noise_std * noise_std;
    let dot = |i: usize, j: usize| points.row(i).iter().zip(points.row(j)).map(|(a, b)| a * b).sum::<f64>();
    let mut logits = Mat::zeros(points.nrows(), points.nrows());
    for i in 0..points.nrows() {
        for j in 0..=i {
            let logit = scale * (dot(i, j) - if i == j { bias } else { 0.0 });
            logits[(i, j)] = logit;
            logits[(j, i)] = logit;
        }
    }
    logits
}

/// Moved into the public range: no logit is beyond `s·radius²`, and none on the diagonal is negative.
fn clamped(options: &SelfAttentionOptions, logits: &Mat) -> Mat {
    let most = options.max_logit();
    Mat::from_fn(logits.nrows(), logits.ncols(), |i, j| {
        logits[(i, j)].clamp(if i == j { 0.0 } else { -most }, most)
    })
}

/// Intervals for logits and attention, and a distance for each row; see [`AttentionLogits::bounds`].
///
/// # Example
///
/// ```
/// use attention_dp::AttentionBounds;
///
/// fn widest(bounds: &AttentionBounds) -> f64 {
///     let widths = bounds.upper().as_slice().iter().zip(bounds.lower().as_slice()).map(|(u, l)| u - l);
///     widths.fold(0.0, f64::max)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AttentionBounds {
    logit_lower: Mat,
    logit_upper: Mat,
    lower: Mat,
    upper: Mat,
    total_variation: Vec<f64>,
}

impl AttentionBounds {
    fn zeros(n: usize) -> Self {
        let zeros = || Mat::zeros(n, n);
        Self {
            logit_lower: zeros(),
            logit_upper: zeros(),
            lower: zeros(),
            upper: zeros(),
            total_variation: vec![0.0; n],
        }
    }

    fn finish_row(&mut self, i: usize, estimate: &[f64]) {
        let (low, high) = (self.logit_lower.row(i), self.logit_upper.row(i));
        for (j, (least, most)) in attention_intervals(low, high).into_iter().enumerate() {
            self.lower[(i, j)] = least;
            self.upper[(i, j)] = most;
        }
        self.total_variation[i] = total_variation(estimate, low, high);
    }

    /// Lower ends of logits, `(n, n)`.
    #[must_use]
    pub const fn logit_lower(&self) -> &Mat {
        &self.logit_lower
    }

    /// Upper ends of logits, `(n, n)`.
    #[must_use]
    pub const fn logit_upper(&self) -> &Mat {
        &self.logit_upper
    }

    /// Lower ends of attention, `(n, n)`: the smallest that logits within their intervals allow.
    #[must_use]
    pub const fn lower(&self) -> &Mat {
        &self.lower
    }

    /// Upper ends of attention, `(n, n)`.
    #[must_use]
    pub const fn upper(&self) -> &Mat {
        &self.upper
    }

    /// For each row, a bound on the total variation between estimated and exact attention.
    #[must_use]
    pub fn total_variation(&self) -> &[f64] {
        &self.total_variation
    }
}
