//! What sampling costs predictions, beside what bounds say: one release, exact kernel values of new points.

use crate::data::Set;
use crate::methods::{kernel, options, with_constant};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_nt};
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{GaussianSampling, PerturbRow, secure_rng};
use ntk_dp::private::close::{PrivatePoints, gram_bound, gram_covariance, release_gram_with};
use std::error::Error;

/// Medians over new points.
pub(crate) struct Errors {
    pub(crate) draws: u32,
    /// Of `|k(x)ᵀ(Σ̂⁻¹ − Σ⁻¹)Y|`.
    pub(crate) error: f64,
    /// `√((kᵀΣ⁻¹k·YᵀΣ⁻¹Y + (kᵀΣ⁻¹Y)²)/k)`, to first order the standard deviation for points and labels that were there before the draw.
    pub(crate) first_order: f64,
    /// `s/(1 − s)·√(K(x, x)·YᵀΣ⁻¹Y)` with the s of this release; infinite from `s = 1` on.
    pub(crate) bound: f64,
    /// `s·η_max‖k‖‖Y‖/(η_min·(1 − s)η_min)` for eigenvalues η of Σ.
    pub(crate) published: f64,
}

pub(crate) fn measure(train: &Set, test: &Set, draws: u32) -> Result<Errors, Box<dyn Error>> {
    let (close, options) = (PerturbRow::new(1e-4)?, options(train)?);
    let points = with_constant(train.points.as_ref());
    let private = PrivatePoints::new(close, points.as_ref());
    let exact = gram_covariance(private, &options)?.assume_public();
    let mechanism = GaussianSampling::with_draws(Draws::new(draws)?, gram_bound(close, &options)?)
        .with_parallelism(Parallelism::available());
    let release = release_gram_with(private, &options, &mechanism, &mut secure_rng()?)?;
    let (s, [least, most]) = spread(&exact, release.value().matrix())?;
    let y = train.labels.as_ref();
    let alpha = Cholesky::new(exact.as_ref())?.solve(y)?;
    let sampled = Cholesky::new(release.value().matrix())?.solve(y)?;
    let rows = with_constant(test.points.as_ref());
    let values = kernel().cross_gram(rows.as_ref(), points.as_ref(), Parallelism::available())?;
    let within = Cholesky::new(exact.as_ref())?.solve(values.transpose().as_ref())?;
    let of_labels = dot(alpha.as_slice(), y.rows().flatten());
    let norm_of_labels = dot(train.labels.as_slice(), y.rows().flatten()).sqrt();
    let diagonal = kernel().diagonal(rows.as_ref())?;
    let each = |i: usize| {
        let k = values.row(i);
        let (exact, found) = (dot(k, alpha.as_slice()), dot(k, sampled.as_slice()));
        let of_row: f64 = (0..k.len()).map(|j| k[j] * within[(j, i)]).sum();
        let first_order = ((of_row * of_labels + exact * exact) / f64::from(draws)).sqrt();
        let share = if s < 1.0 { s / (1.0 - s) } else { f64::INFINITY };
        let published = share * most * dot(k, k).sqrt() * norm_of_labels / (least * least);
        [(found - exact).abs(), first_order, share * (diagonal[i] * of_labels).sqrt(), published]
    };
    let all: Vec<[f64; 4]> = (0..rows.nrows()).map(each).collect();
    let [error, first_order, bound, published] =
        [0, 1, 2, 3].map(|k| median(all.iter().map(|found| found[k])));
    Ok(Errors { draws, error, first_order, bound, published })
}

/// The largest `|eigenvalue − 1|` of `Σ^{−1/2}Σ̂Σ^{−1/2}`, and the least and largest eigenvalue of Σ.
fn spread(exact: &Mat, sampled: MatRef<'_>) -> Result<(f64, [f64; 2]), Box<dyn Error>> {
    let eigen = SymmetricEigen::new(exact.as_ref())?;
    let whiten = eigen.map(|value| 1.0 / value.sqrt());
    let half = matmul(whiten.as_ref(), sampled, Parallelism::available())?;
    let whole = matmul_nt(half.as_ref(), whiten.as_ref(), Parallelism::available())?;
    let changed = SymmetricEigen::new(whole.as_ref())?;
    let s = changed.values().iter().map(|value| (value - 1.0).abs()).fold(0.0, f64::max);
    Ok((s, [eigen.values()[0], eigen.values()[exact.nrows() - 1]]))
}

fn dot<'a>(a: &[f64], b: impl IntoIterator<Item = &'a f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
