//! Integer gradients of encoded records at public weights.

use super::super::encode::{RADIUS, quantise, row_unit, square};
use super::super::sums::Encoded;
use super::options::DescentOptions;
use crate::Error;
use dp_linalg::{ExactProductSum, Mat, MatRef, Parallelism, matmul};

/// Records whose scores are computed together.
const BLOCK: usize = 256;
/// Columns of integer weights are no longer than this, up to rounding: with rows of `2¹⁷` all scores are integers below `2⁵³`.
const LONGEST: f64 = (1_u64 << 34) as f64;
/// Coefficients of `exp` from `1/13!` to `1`.
const TAYLOR: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// `exp(x)` for `x ≤ 0`, to a relative 2e-13, by `+ − × ÷` and rounding alone; zero below −700.
fn exp_of_nonpositive(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let k = (x / core::f64::consts::LN_2).round_ties_even();
    let rest = x - k * core::f64::consts::LN_2;
    let value = TAYLOR.iter().fold(0.0, |value, coefficient| value * rest + coefficient);
    value * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

/// Weights as integers, for rows as integers.
struct IntegerWeights {
    /// `(D, k)`.
    integers: Mat,
    /// What an integer score is worth: a power of two.
    unit: f64,
}

impl IntegerWeights {
    fn new(weights: MatRef<'_>) -> Self {
        let mut squares = vec![0.0; weights.ncols()];
        for row in weights.rows() {
            squares.iter_mut().zip(row).for_each(|(sum, w)| *sum += w * w);
        }
        let longest = squares.iter().fold(0.0_f64, |longest, square| longest.max(*square)).sqrt();
        // a power of two with longest·scale ≤ LONGEST
        let mut scale = LONGEST;
        while longest * scale > LONGEST {
            scale *= 0.5;
        }
        let integers =
            Mat::from_fn(weights.nrows(), weights.ncols(), |i, j| (weights[(i, j)] * scale).round());
        Self { integers, unit: 1.0 / (scale * row_unit(weights.nrows())) }
    }
}

/// One-hot vectors less probabilities, clipped, as integers of length at most [`RADIUS`], in place of scores.
fn residual(scores: &mut [f64], label: usize, unit: f64, clip: f64) {
    let largest = scores.iter().fold(f64::NEG_INFINITY, |largest, s| if *s > largest { *s } else { largest });
    for s in scores.iter_mut() {
        *s = exp_of_nonpositive((*s - largest) * unit);
    }
    let total = scores.iter().fold(0.0, |total, s| total + s);
    for s in scores.iter_mut() {
        *s = -*s / total;
    }
    scores[label] += 1.0;
    let norm = square(scores).sqrt();
    let divisor = if norm > clip { norm } else { clip };
    for s in scores.iter_mut() {
        *s /= divisor;
    }
    quantise(scores, f64::from(RADIUS));
}

/// `Σ zrᵀ` modulo 2⁶⁴, row by row `(D, k)`: exact, whatever the threads.
pub(super) fn sum_gradient(
    records: &Encoded,
    weights: MatRef<'_>,
    options: &DescentOptions,
) -> Result<Vec<i64>, Error> {
    let (dim, classes) = weights.shape();
    let weights = IntegerWeights::new(weights);
    let threads = options.record().parallelism().get();
    let each = records.labels.len().div_ceil(threads).max(1);
    let part = |rows: &[f32], labels: &[u32]| {
        let bound = u64::from(RADIUS);
        let mut sum = ExactProductSum::new(dim, classes, bound, bound)?;
        let mut block = Vec::with_capacity(BLOCK * dim);
        for (rows, labels) in rows.chunks(BLOCK * dim).zip(labels.chunks(BLOCK)) {
            block.clear();
            block.extend(rows.iter().map(|&z| f64::from(z)));
            let z = MatRef::new(&block, labels.len(), dim)?;
            let mut scores = matmul(z, weights.integers.as_ref(), Parallelism::Sequential)?;
            for (i, &label) in labels.iter().enumerate() {
                residual(scores.row_mut(i), label as usize, weights.unit, options.residual_clip());
            }
            sum.add_tn(z, scores.as_ref())?;
        }
        Ok::<_, Error>(sum)
    };
    std::thread::scope(|scope| {
        let parts = records.rows.chunks(each * dim).zip(records.labels.chunks(each));
        let running: Vec<_> = parts.map(|(rows, labels)| scope.spawn(move || part(rows, labels))).collect();
        let mut total = ExactProductSum::new(dim, classes, u64::from(RADIUS), u64::from(RADIUS))?;
        for thread in running {
            total.merge(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)?;
        }
        Ok(total.into_sums())
    })
}

/// Weights on their way: a function of what was released.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) weights: Mat,
    velocity: Vec<f64>,
    average: Vec<f64>,
    /// Steps made, and those in the average.
    made: u32,
    averaged: u32,
    /// What an integer of a gradient is worth in a step.
    rate: f64,
}

impl Walk {
    /// From zero, for so many rows.
    pub(super) fn new(options: &DescentOptions, rows: f64) -> Self {
        let (dim, classes) = (options.record().encoded_dim(), options.record().columns());
        let unit = options.residual_clip() / (row_unit(dim) * row_unit(classes));
        let rate = options.step_size() * (dim * classes) as f64 * unit / rows;
        let zeros = vec![0.0; dim * classes];
        Self {
            weights: Mat::zeros(dim, classes),
            velocity: zeros.clone(),
            average: zeros,
            made: 0,
            averaged: 0,
            rate,
        }
    }

    /// One step along a released gradient.
    pub(super) fn step(mut self, options: &DescentOptions, gradient: &[i64]) -> Self {
        let (momentum, rate) = (options.momentum(), self.rate);
        for (v, g) in self.velocity.iter_mut().zip(gradient) {
            *v = momentum * *v + rate * *g as f64;
        }
        let weights = self.weights.as_mut_slice().iter_mut();
        weights.zip(&self.velocity).for_each(|(w, v)| *w += v);
        self.made += 1;
        if 2 * self.made > options.steps() {
            self.averaged += 1;
            self.average.iter_mut().zip(self.weights.as_slice()).for_each(|(sum, w)| *sum += w);
        }
        self
    }

    /// Mean of the weights after the steps of the second half.
    pub(super) fn finish(self) -> Result<Mat, Error> {
        let (dim, classes) = self.weights.shape();
        let count = f64::from(self.averaged.max(1));
        Ok(Mat::from_vec(dim, classes, self.average.iter().map(|sum| sum / count).collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_that_of_the_platform_to_twelve_digits() {
        for i in 0..7000 {
            let x = -0.1 * f64::from(i);
            let (found, expected) = (exp_of_nonpositive(x), x.exp());
            // k·ln 2 has an ulp of 700
            assert!((found - expected).abs() <= 2e-13 * expected.max(1e-300), "{x}: {found} {expected}");
        }
        assert_eq!(exp_of_nonpositive(-1e300), 0.0);
        assert_eq!(exp_of_nonpositive(f64::NEG_INFINITY), 0.0);
    }

    #[test]
    fn residuals_are_one_hot_less_probabilities_within_the_clip() {
        let mut scores = [0.0, 0.0, 40.0];
        residual(&mut scores, 2, 1.0, 1.0);
        assert_eq!(scores, [0.0; 3]); // certain, and right
        let mut scores = [3.0, 3.0];
        residual(&mut scores, 0, 0.1, 1.0);
        let half = 0.5 * f64::from(RADIUS);
        assert!((scores[0] - half).abs() < 2.0 && scores[1] == -scores[0]);
        let mut scores = [0.0, 50.0];
        residual(&mut scores, 0, 1.0, 0.5); // certain, and wrong: length √2
        let length = square(&scores).sqrt();
        assert!(length <= f64::from(RADIUS) && length > f64::from(RADIUS) - 3.0);
    }

    #[test]
    fn integer_weights_are_short_enough_for_exact_scores_and_close() {
        for scale in [1e-300, 1e-3, 1.0, 1e12] {
            let weights = Mat::from_fn(9, 3, |i, j| scale * ((i * i + j) as f64).sin());
            let found = IntegerWeights::new(weights.as_ref());
            let step = found.unit * row_unit(9);
            for (w, integer) in weights.as_slice().iter().zip(found.integers.as_slice()) {
                assert!((integer * step - w).abs() <= 0.5 * step);
                assert!(integer.abs() <= LONGEST + 1.0);
            }
        }
    }
}
