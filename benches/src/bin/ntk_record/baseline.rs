//! Logistic regression by gradient descent in floating point: without privacy, and with samples, clipping and noise (Abadi et al. 2016).

use dp_linalg::{Mat, MatRef, Parallelism, matmul, matmul_tn};
use dp_mechanisms::accounting::{Poisson, Target};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, SamplingRate, gaussian};
use rand::{CryptoRng, RngExt};
use rand_distr::StandardNormal;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Share of `μ²` for the centre, as in the private descent.
const CENTRE: f64 = 0.05;
/// Part of the rows in each step, on average.
const RATE: f64 = 0.08;
/// About sixteen passes.
const STEPS: u32 = 200;
/// As a multiple of `D·k` times the mean gradient.
const STEP_SIZE: f64 = 0.003;
const MOMENTUM: f64 = 0.9;
/// Of gradients, whose rows have length one.
const CLIP: f64 = 0.7;
/// Steps without noise, and their length: those of the private descent. More would fit rows too closely.
const EXACT_STEPS: u32 = 48;
const EXACT_STEP_SIZE: f64 = 0.013;

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

    fn step(&mut self, gradient: &Mat, rate: f64, second_half: f64) {
        let velocity = self.velocity.as_mut_slice().iter_mut().zip(gradient.as_slice());
        velocity.for_each(|(v, g)| *v = MOMENTUM * *v + rate * g);
        let weights = self.weights.as_mut_slice().iter_mut().zip(self.velocity.as_slice());
        weights.for_each(|(w, v)| *w += v);
        let average = self.average.as_mut_slice().iter_mut().zip(self.weights.as_slice());
        average.for_each(|(sum, w)| *sum += second_half * w);
    }
}

/// Without privacy: rows of length one, all of them in each step.
pub(crate) fn exact(rows: MatRef<'_>, labels: &[usize], classes: usize) -> Outcome<Mat> {
    let mut walk = Walk::new(rows.ncols(), classes);
    let rate = EXACT_STEP_SIZE * (rows.ncols() * classes) as f64 / rows.nrows() as f64;
    for step in 0..EXACT_STEPS {
        let gradient = gradient(rows, labels, &walk.weights, f64::INFINITY)?;
        walk.step(&gradient, rate, f64::from(u8::from(2 * step >= EXACT_STEPS)));
    }
    Ok(walk.average)
}

/// Noise multipliers of the centre and of each step that together meet (ε, δ): rows added or removed, Poisson samples.
pub(crate) fn noise_multipliers(epsilon: f64, delta: f64) -> Outcome<(f64, f64)> {
    let budget = (Epsilon::new(epsilon)?, Delta::new(delta)?);
    let rate = Poisson::new(SamplingRate::new(RATE)?);
    let centre_mu = CENTRE.sqrt() * gaussian::mu_for(budget.0, budget.1).get();
    let centre = PrivacyProfile::gaussian(Mu::new(centre_mu)?, AddRemoveRow);
    let step = |noise: f64| rate.amplify(&PrivacyProfile::gaussian(Mu::new(1.0 / noise)?, AddRemoveRow));
    let all = |noise: f64| centre.and(&step(noise)?.repeated(u64::from(STEPS)));
    Ok((1.0 / centre_mu, Target::new(budget.0, budget.1).least_noise(all)?))
}

/// Stochastic gradient descent with Gaussian noise, in floating point: rows of length one, so that a gradient is as long as its residual.
pub(crate) fn stochastic<R: CryptoRng>(
    (rows, labels): (MatRef<'_>, &[usize]),
    classes: usize,
    noise_multiplier: f64,
    rng: &mut R,
) -> Outcome<Mat> {
    let dim = rows.ncols();
    let mut walk = Walk::new(dim, classes);
    // the expected size of a sample is public where the number of rows is
    let rate = STEP_SIZE * (dim * classes) as f64 / (RATE * rows.nrows() as f64);
    for step in 0..STEPS {
        let sample: Vec<usize> = (0..rows.nrows()).filter(|_| rng.random_bool(RATE)).collect();
        let chosen: Vec<usize> = sample.iter().map(|&i| labels[i]).collect();
        let entries = sample.iter().flat_map(|&i| rows.row(i)).copied().collect();
        let drawn = Mat::from_vec(sample.len(), dim, entries)?;
        let mut gradient = gradient(drawn.as_ref(), &chosen, &walk.weights, CLIP)?;
        for g in gradient.as_mut_slice() {
            *g += noise_multiplier * CLIP * rng.sample::<f64, _>(StandardNormal);
        }
        walk.step(&gradient, rate, f64::from(u8::from(2 * step >= STEPS)));
    }
    Ok(walk.average)
}
