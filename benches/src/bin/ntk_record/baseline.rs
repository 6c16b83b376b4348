//! Logistic regression by gradient descent in floating point: without privacy, and with samples, clipping and noise (Abadi et al. 2016).

use dp_linalg::{Mat, MatRef, Parallelism, matmul, matmul_tn};
use dp_mechanisms::accounting::{Poisson, Target};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, SamplingRate, gaussian};
use ntk_dp::classify;
use rand::{CryptoRng, RngExt};
use rand_distr::StandardNormal;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Steps without privacy: their number and length are chosen on rows that are kept out.
const EXACT_STEPS: [u32; 5] = [24, 48, 96, 192, 384];
/// As multiples of `D·k` times the mean gradient.
const EXACT_SIZES: [f64; 4] = [0.001, 0.003, 0.01, 0.03];
const EXACT_MOMENTUM: f64 = 0.9;
/// Of the rows, the part that is kept out.
const KEPT_OUT: usize = 5;

/// How a step is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// As a multiple of `D·k` times the mean gradient.
    pub(crate) size: f64,
    pub(crate) momentum: f64,
    /// Of gradients, whose rows have length one.
    pub(crate) clip: f64,
}

/// Steps on samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampled {
    pub(crate) steps: u32,
    /// Part of the rows in each step, on average.
    pub(crate) rate: f64,
    /// Share of `μ²` for the centre.
    pub(crate) centre: f64,
    pub(crate) step: Step,
}

/// Rows at length one, after `centre` was subtracted.
pub(crate) fn normalised(features: MatRef<'_>, centre: &[f64]) -> Mat {
    let mut rows = features.to_owned();
    for i in 0..rows.nrows() {
        let row = rows.row_mut(i);
        row.iter_mut().zip(centre).for_each(|(x, c)| *x -= c);
        let norm = length(row);
        if norm > 0.0 {
            for x in row.iter_mut() {
                *x /= norm;
            }
        }
    }
    rows
}

fn length(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The mean of rows clipped at `clip`, with noise of so many times the clip on their sum; the number of rows is taken for public.
pub(crate) fn centre<R: CryptoRng>(features: MatRef<'_>, (clip, noise): (f64, f64), rng: &mut R) -> Vec<f64> {
    let mut sums = vec![0.0; features.ncols()];
    for row in features.rows() {
        let factor = (clip / length(row)).min(1.0);
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += factor * x);
    }
    let n = features.nrows() as f64;
    sums.iter().map(|sum| (sum + noise * clip * rng.sample::<f64, _>(StandardNormal)) / n).collect()
}

/// `Σ x rᵀ` over rows with their residuals, one-hot vectors less probabilities, clipped at `clip`.
fn gradient(rows: MatRef<'_>, labels: &[usize], weights: &Mat, clip: f64) -> Outcome<Mat> {
    let mut residuals = matmul(rows, weights.as_ref(), Parallelism::available())?;
    for (i, &label) in labels.iter().enumerate() {
        let scores = residuals.row_mut(i);
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
        for (k, s) in scores.iter_mut().enumerate() {
            *s = f64::from(u8::from(k == label)) - (*s - largest).exp() / total;
        }
        let norm = scores.iter().map(|r| r * r).sum::<f64>().sqrt();
        let factor = (clip / norm).min(1.0);
        for r in scores.iter_mut() {
            *r *= factor;
        }
    }
    Ok(matmul_tn(rows, residuals.as_ref(), Parallelism::available())?)
}

/// Weights, velocity, and the mean of the weights of the second half.
struct Walk {
    weights: Mat,
    velocity: Mat,
    average: Mat,
}

impl Walk {
    fn new(dim: usize, classes: usize) -> Self {
        let zeros = Mat::zeros(dim, classes);
        Self { weights: zeros.clone(), velocity: zeros.clone(), average: zeros }
    }

    fn step(&mut self, gradient: &Mat, (rate, momentum): (f64, f64), second_half: f64) {
        let velocity = self.velocity.as_mut_slice().iter_mut().zip(gradient.as_slice());
        velocity.for_each(|(v, g)| *v = momentum * *v + rate * g);
        let weights = self.weights.as_mut_slice().iter_mut().zip(self.velocity.as_slice());
        weights.for_each(|(w, v)| *w += v);
        let average = self.average.as_mut_slice().iter_mut().zip(self.weights.as_slice());
        average.for_each(|(sum, w)| *sum += second_half * w);
    }
}

/// Without privacy: rows of length one, all of them in each step; how many steps of which length is chosen on every fifth row, which is not learned from
/// before. With the weights the number and the length.
pub(crate) fn exact(rows: MatRef<'_>, labels: &[usize], classes: usize) -> Outcome<(Mat, (u32, f64))> {
    let (kept, others): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|i| i % KEPT_OUT == 0);
    let [(kept, truth), (others, known)] = [kept, others].map(|chosen| part(rows, labels, &chosen));
    let (mut best, mut most) = ((EXACT_STEPS[0], EXACT_SIZES[0]), 0);
    for size in EXACT_SIZES {
        let look = |steps, weights: &Mat| {
            if EXACT_STEPS.contains(&steps) {
                let scores = matmul(kept.as_ref(), weights.as_ref(), Parallelism::available())?;
                let right = classify(scores.as_ref()).iter().zip(&truth).filter(|(a, b)| a == b).count();
                if right > most {
                    (best, most) = ((steps, size), right);
                }
            }
            Ok(())
        };
        let longest = EXACT_STEPS[EXACT_STEPS.len() - 1];
        walk_exactly((others.as_ref(), &known), classes, (longest, size), look)?;
    }
    Ok((walk_exactly((rows, labels), classes, best, |_, _| Ok(()))?, best))
}

fn part(rows: MatRef<'_>, labels: &[usize], chosen: &[usize]) -> (Mat, Vec<usize>) {
    let entries = Mat::from_fn(chosen.len(), rows.ncols(), |i, j| rows[(chosen[i], j)]);
    (entries, chosen.iter().map(|&i| labels[i]).collect())
}

fn walk_exactly(
    (rows, labels): (MatRef<'_>, &[usize]),
    classes: usize,
    (steps, size): (u32, f64),
    mut look: impl FnMut(u32, &Mat) -> Outcome<()>,
) -> Outcome<Mat> {
    let mut walk = Walk::new(rows.ncols(), classes);
    let rate = size * (rows.ncols() * classes) as f64 / rows.nrows() as f64;
    for step in 1..=steps {
        let gradient = gradient(rows, labels, &walk.weights, f64::INFINITY)?;
        walk.step(&gradient, (rate, EXACT_MOMENTUM), 0.0);
        look(step, &walk.weights)?;
    }
    Ok(walk.weights)
}

/// Noise multipliers of the centre and of each step that together meet (ε, δ): rows added or removed, Poisson samples.
pub(crate) fn noise_multipliers(sampled: Sampled, epsilon: f64, delta: f64) -> Outcome<(f64, f64)> {
    let budget = (Epsilon::new(epsilon)?, Delta::new(delta)?);
    let rate = Poisson::new(SamplingRate::new(sampled.rate)?);
    let centre_mu = sampled.centre.sqrt() * gaussian::mu_for(budget.0, budget.1).get();
    let centre = PrivacyProfile::gaussian(Mu::new(centre_mu)?, AddRemoveRow);
    let step = |noise: f64| rate.amplify(&PrivacyProfile::gaussian(Mu::new(1.0 / noise)?, AddRemoveRow));
    let all = |noise: f64| centre.and(&step(noise)?.repeated(u64::from(sampled.steps)));
    Ok((1.0 / centre_mu, Target::new(budget.0, budget.1).least_noise(all)?))
}

/// Stochastic gradient descent with Gaussian noise, in floating point: rows of length one, so that a gradient is as long as its residual.
pub(crate) fn stochastic<R: CryptoRng>(
    (rows, labels): (MatRef<'_>, &[usize]),
    classes: usize,
    (sampled, noise_multiplier): (Sampled, f64),
    rng: &mut R,
) -> Outcome<Mat> {
    let dim = rows.ncols();
    let mut walk = Walk::new(dim, classes);
    let Sampled { steps, rate, step: Step { size, momentum, clip }, .. } = sampled;
    // the expected size of a sample is public where the number of rows is
    let length = size * (dim * classes) as f64 / (rate * rows.nrows() as f64);
    for step in 0..steps {
        let sample: Vec<usize> = (0..rows.nrows()).filter(|_| rng.random_bool(rate)).collect();
        let chosen: Vec<usize> = sample.iter().map(|&i| labels[i]).collect();
        let entries = sample.iter().flat_map(|&i| rows.row(i)).copied().collect();
        let drawn = Mat::from_vec(sample.len(), dim, entries)?;
        let mut gradient = gradient(drawn.as_ref(), &chosen, &walk.weights, clip)?;
        for g in gradient.as_mut_slice() {
            *g += noise_multiplier * clip * rng.sample::<f64, _>(StandardNormal);
        }
        walk.step(&gradient, (length, momentum), f64::from(u8::from(2 * step >= steps)));
    }
    Ok(walk.average)
}
