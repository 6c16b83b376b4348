//! The fixed point with sampled rows and sketched leverages.

use super::sampling::draw;
use super::{Solver, Stop};
use crate::design::moment;
use crate::{Design, Error};
use core::cell::RefCell;
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, matmul, solve_upper_triangular};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// [`FixedPoint`](super::FixedPoint) in which `M` is that of rows drawn by their weights, and every `gᵢ` is estimated by a Gaussian
/// sketch with `k` rows: `ĝᵢ = ‖GL⁻¹bᵢ‖²/k` with `M = LLᵀ`. A round costs `O(ndk)` instead of `O(nd²)`.
///
/// The answer is the mean of the designs of all rounds. Estimates are off by a factor of about `1 ± √(2/k)`, independently in each
/// round: their logarithms average out but for a bias of about `1/k` that is common to all rows.
///
/// This is the non-private core of the private algorithm of Li, Liang, Shi, Song, Yu (2024). With the number of samples that
/// its proof asks for, there is nothing to sample: [`samples_with_proof`].
///
/// ```
/// use john_ellipsoid_dp::{JohnOptions, SketchedFixedPoint, Stop, john_ellipsoid_with};
/// use rand::SeedableRng;
///
/// let rows = dp_linalg::Mat::from_fn(500, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let solver = SketchedFixedPoint::new(300, 10, &mut rng);
/// let stop = Stop { gap: 0.1, max_iterations: 1000 };
/// let john = john_ellipsoid_with(&solver, rows.as_ref(), stop, &JohnOptions::default())?;
/// assert!(john.certificate().gap() <= 0.1 + 1e-9);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
///
/// # References
/// - Z. Song, X. Yang, Y. Yang, T. Zhou, *A faster algorithm for structured John ellipsoid computation*, 2022; X. Li, Y. Liang,
///   Z. Shi, Z. Song, J. Yu, *Fast John ellipsoid computation with differential privacy optimization*, 2024.
#[derive(Debug)]
pub struct SketchedFixedPoint<'a, R: ?Sized> {
    samples: usize,
    sketch: usize,
    rng: RefCell<&'a mut R>,
}

impl<'a, R: Rng + ?Sized> SketchedFixedPoint<'a, R> {
    /// `samples` draws a round and `sketch` rows `k`. The generator is public randomness, borrowed until the solver is dropped.
    pub const fn new(samples: usize, sketch: usize, rng: &'a mut R) -> Self {
        Self { samples, sketch, rng: RefCell::new(rng) }
    }
}

impl<R: Rng + ?Sized> Solver for SketchedFixedPoint<'_, R> {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let rng = &mut **self.rng.borrow_mut();
        let (d, rows) = (design.rows().ncols(), design.rows());
        let (mut sum, mut weights) = (design.weights().to_vec(), design.leverages());
        let (mut rounds, mut next_look) = (1, 8);
        while design.gap() > stop.gap && rounds < stop.max_iterations {
            let mut sample = draw(&weights, self.samples, rng);
            scale_to(d, sample.iter_mut().map(|(_, times)| times));
            let gaussian = Mat::from_fn(d, self.sketch.max(1), |_, _| rng.sample(StandardNormal));
            // a sample that does not span the space costs a round
            if let Ok(forms) = sketched_forms(rows, &sample, gaussian.as_ref()) {
                for (i, weight) in &sample {
                    sum[*i] += weight;
                }
                weights.iter_mut().zip(forms).for_each(|(weight, g)| *weight *= g);
                scale_to(d, weights.iter_mut());
            }
            rounds += 1;
            if rounds >= next_look || rounds == stop.max_iterations {
                next_look = rounds + (rounds / 8).max(1);
                design.set_weights(sum.clone())?;
            }
        }
        Ok(rounds)
    }
}

fn scale_to<'w>(sum: usize, weights: impl Iterator<Item = &'w mut f64>) {
    let weights: Vec<&mut f64> = weights.collect();
    let scale = sum as f64 / weights.iter().map(|weight| **weight).sum::<f64>();
    for weight in weights {
        *weight *= scale;
    }
}

/// `‖GᵀL⁻¹bᵢ‖²/k` of every row, for `LLᵀ = M` of the weighted sample.
fn sketched_forms(
    rows: MatRef<'_>,
    sample: &[(usize, f64)],
    gaussian: MatRef<'_>,
) -> Result<Vec<f64>, Error> {
    let few = Mat::from_fn(sample.len(), rows.ncols(), |i, j| rows[(sample[i].0, j)]);
    let weights: Vec<f64> = sample.iter().map(|(_, weight)| *weight).collect();
    let cholesky = Cholesky::new(moment(few.as_ref(), &weights)?.as_ref())?;
    let sketch = solve_upper_triangular(cholesky.l().transpose().as_ref(), gaussian)?;
    let images = matmul(rows, sketch.as_ref(), Parallelism::Sequential)?;
    let k = gaussian.ncols() as f64;
    Ok(images.rows().map(|y| y.iter().map(|x| x * x).sum::<f64>() / k).collect())
}

/// Draws by leverage after which `M` is within a factor `1 ± accuracy` of its sample, but for probability `failure`:
/// `3d ln(2d/failure)/accuracy²`, rounded up, for an accuracy of at most 1.
///
/// The published analyses take `accuracy` in proportion to the gap aimed at. At `d = 30` and 1 % that is 8 million rows: more than
/// there are in most data, and each is read anew in each round. In tests (`n ≤ 3000`, `d ≤ 6`) some tens of `d` did.
///
/// ```
/// use john_ellipsoid_dp::samples_with_proof;
///
/// assert_eq!(samples_with_proof(30, 0.01, 0.01), 7_829_564);
/// assert!(samples_with_proof(30, 0.5, 0.01) < 3200);
/// ```
///
/// # References
/// - J. A. Tropp, *User-friendly tail bounds for sums of random matrices*, 2012: Theorem 1.1 with `R = d/s` and `μ = 1`, and
///   `(1 + ε)ln(1 + ε) − ε ≥ ε²/3`.
#[must_use]
pub fn samples_with_proof(d: usize, accuracy: f64, failure: f64) -> usize {
    let d = d as f64;
    (3.0 * d * (2.0 * d / failure).ln() / (accuracy * accuracy)).ceil() as usize
}
