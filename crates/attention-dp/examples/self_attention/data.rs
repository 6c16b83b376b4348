//! Digits as rows that attend to each other, and what they attend to without noise.

use crate::SOFTMAX_SCALE;
use attention_dp::{Error, SelfAttentionOptions};
use dp_linalg::{Mat, Parallelism, matmul_nt};
use dp_testkit::digits;

/// Coordinates of a row: low frequencies of the cosine transform, without the mean ink.
pub(crate) const DIM: usize = 24;

/// The first digits, `(n, DIM)`, each scaled to length 1: a function of one image alone.
pub(crate) fn rows(n: usize) -> Result<Mat, Error> {
    let all = digits::projected(DIM + 1);
    let unit = |row: &[f64]| {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter().map(|x| x / norm).collect::<Vec<_>>()
    };
    let rows = all.chunks_exact(DIM + 1).take(n).flat_map(|row| unit(&row[1..]));
    Ok(Mat::from_vec(n, DIM, rows.collect())?)
}

pub(crate) fn options(n: usize) -> Result<SelfAttentionOptions, Error> {
    Ok(SelfAttentionOptions::new(n, DIM, 1.0)?.with_softmax_scale(SOFTMAX_SCALE))
}

/// `s·XXᵀ`, without noise.
pub(crate) fn exact_logits(rows: &Mat) -> Result<Mat, Error> {
    let mut logits = matmul_nt(rows.as_ref(), rows.as_ref(), Parallelism::available())?;
    logits.as_mut_slice().iter_mut().for_each(|x| *x *= SOFTMAX_SCALE);
    Ok(logits)
}

/// Softmax of each row.
pub(crate) fn softmax(logits: &Mat) -> Mat {
    let sums: Vec<f64> = logits.rows().map(|row| row.iter().map(|x| x.exp()).sum()).collect();
    Mat::from_fn(logits.nrows(), logits.ncols(), |i, j| logits[(i, j)].exp() / sums[i])
}
