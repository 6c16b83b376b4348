//! Checks of the self-attention matrix.

mod audit;
mod change;
mod coverage;
mod failure;
mod forecast;
mod privacy;
mod sensitivity;
mod token;

use super::{budget, climb, failure_probability};
use crate::{Check, Evidence};
use attention_dp::{PrivateSelfAttention, SelfAttentionOptions};
use dp_linalg::Mat;
use dp_mechanisms::PerturbRow;
use dp_mechanisms::rows::FixedSizeAdjacency;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("attention.self.rows.sensitivity", Search, sensitivity::rows),
        check("attention.self.rows.privacy", Numeric, privacy::rows),
        check("attention.self.rows.privacy", Audit, audit::rows),
        check("attention.self.gram.sensitivity", Search, sensitivity::gram),
        check("attention.self.gram.privacy", Numeric, privacy::gram),
        check("attention.self.gram.privacy", Audit, audit::gram),
        check("attention.self.sampling.change", Search, change::sharp),
        check("attention.self.sampling.privacy", Numeric, privacy::sampling),
        check("attention.self.sampling.privacy", Audit, audit::sampling),
        check("attention.self.sampling.published", Search, change::published),
        check("attention.self.token.privacy", Exact, token::law),
        check("attention.self.token.privacy", Audit, audit::token),
        check("attention.self.coverage", Statistical, coverage::coverage),
        check("attention.self.plan", Numeric, forecast::forecast),
        check("attention.self.failure", Search, failure::failure),
    ]
}

/// Radius one and this softmax scale.
fn options(rows: usize, dim: usize, scale: f64) -> SelfAttentionOptions {
    SelfAttentionOptions::new(rows, dim, 1.0).expect("two rows or more").with_softmax_scale(scale)
}

fn close(beta: f64) -> PerturbRow {
    PerturbRow::new(beta).expect("checks move rows by a positive distance")
}

fn private<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &SelfAttentionOptions,
    rows: &Mat,
) -> PrivateSelfAttention<A> {
    PrivateSelfAttention::new(adjacency, *options, rows.as_ref()).expect("rows have the announced shape")
}

/// Uniform coordinates in `±spread`.
fn random_rows(rng: &mut ChaCha20Rng, (n, d): (usize, usize), spread: f64) -> Mat {
    Mat::from_fn(n, d, |_, _| rng.random_range(-spread..=spread))
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// A pair of data sets whose first rows are at most β apart, from numbers that a search may choose as it likes: the
/// first `n·d` are rows, also such that have to be scaled back, the last d are a direction.
fn neighbours(point: &[f64], (n, d): (usize, usize), beta: f64) -> (Mat, Mat) {
    // rows longer than four differ from shorter ones in their rounding only
    let limited = |row: &[f64]| row.iter().map(|x| x / (0.25 * norm(row)).max(1.0)).collect::<Vec<_>>();
    let rows: Vec<f64> = point[..n * d].chunks_exact(d).flat_map(limited).collect();
    let direction = &point[n * d..];
    // coordinates are rounded by 2⁻⁵¹ each, which the last factor covers for β above 2e-7 and 16 of them
    let length = norm(direction).max(1e-300);
    let mut moved = rows.clone();
    for (x, u) in moved.iter_mut().zip(direction) {
        *x += u / length * beta * (1.0 - 1e-8);
    }
    let matrix = |data| Mat::from_vec(n, d, data).expect("n rows of d coordinates");
    (matrix(rows), matrix(moved))
}

/// The point at which bounds are nearly attained: all rows along one direction, the first one `reach` long after a
/// step of β along it.
fn aligned((n, d): (usize, usize), beta: f64, reach: f64) -> Vec<f64> {
    let axis = |length: f64| {
        let mut row = vec![0.0; d];
        row[0] = length;
        row
    };
    let first = axis(reach - beta);
    let others = (1..n).flat_map(|_| axis(1.0));
    first.into_iter().chain(others).chain(axis(1.0)).collect()
}
