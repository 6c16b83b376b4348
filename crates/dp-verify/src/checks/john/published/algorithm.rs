//! Rounds of `w ← w∘g∘(1 + z)`, their average, and the matrix that is returned with it.

use dp_linalg::Mat;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// Where the noise is cut off: it then keeps weights positive.
pub(super) const CUT: f64 = 0.5;

/// What the published algorithm returns.
#[derive(Debug)]
pub(super) struct Published {
    /// Diagonal of V, with sum d.
    pub(super) weights: Vec<f64>,
    /// `AᵀVA`.
    pub(super) matrix: Mat,
}

/// T rounds from uniform weights with factors `1 + z`.
pub(super) fn published(rows: &Mat, rounds: usize, mut noise: impl FnMut() -> f64) -> Published {
    let (n, d) = (rows.nrows(), rows.ncols());
    let mut weights = vec![d as f64 / n as f64; n];
    let mut sum = vec![0.0; n];
    for _ in 0..rounds {
        sum.iter_mut().zip(&weights).for_each(|(sum, w)| *sum += w);
        let leverages = leverages(rows, &weights);
        weights.iter_mut().zip(leverages).for_each(|(w, t)| *w = t * (1.0 + noise()));
    }
    let scale = d as f64 / sum.iter().sum::<f64>();
    let weights: Vec<f64> = sum.iter().map(|w| scale * w).collect();
    let matrix = moment(rows, &weights);
    Published { weights, matrix }
}

/// `z` normal with this standard deviation, given `|z| ≤ CUT`: by inversion.
pub(super) fn truncated(noise_std: f64, rng: &mut ChaCha20Rng) -> f64 {
    let normal = Normal::standard();
    let edge = normal.cdf(-CUT / noise_std);
    noise_std * normal.inverse_cdf(edge + (1.0 - 2.0 * edge) * rng.random_range(0.0..1.0))
}

/// `Σ wᵢaᵢaᵢᵀ`.
pub(super) fn moment(rows: &Mat, weights: &[f64]) -> Mat {
    let d = rows.ncols();
    let entry =
        |j: usize, k: usize| rows.rows().zip(weights).map(|(row, w)| w * row[j] * row[k]).sum::<f64>();
    Mat::from_fn(d, d, entry)
}

/// `wᵢ·aᵢᵀM⁻¹aᵢ`.
pub(super) fn leverages(rows: &Mat, weights: &[f64]) -> Vec<f64> {
    let factor = cholesky(moment(rows, weights));
    rows.rows().zip(weights).map(|(row, w)| w * squared_norm_of_solution(&factor, row)).collect()
}

fn cholesky(mut matrix: Mat) -> Mat {
    let d = matrix.ncols();
    for j in 0..d {
        for k in 0..j {
            for i in j..d {
                matrix[(i, j)] -= matrix[(i, k)] * matrix[(j, k)];
            }
        }
        let pivot = matrix[(j, j)].sqrt();
        (j..d).for_each(|i| matrix[(i, j)] /= pivot);
    }
    matrix
}

fn squared_norm_of_solution(factor: &Mat, row: &[f64]) -> f64 {
    let mut y: Vec<f64> = Vec::with_capacity(row.len());
    for (i, x) in row.iter().enumerate() {
        let known: f64 = y.iter().zip(factor.row(i)).map(|(y, l)| y * l).sum();
        y.push((x - known) / factor[(i, i)]);
    }
    y.iter().map(|y| y * y).sum()
}
