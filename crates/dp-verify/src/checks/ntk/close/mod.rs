//! Checks of close points: the published regression, repaired.

mod audit;
mod failure;
mod gram;
mod moved;
mod privacy;
mod published;
mod sensitivity;
mod utility;

use crate::{Check, Evidence};
use dp_linalg::{Mat, Parallelism, SymmetricEigen, matmul, matmul_nt};
use dp_mechanisms::covariance::{EigenvalueChange, Spectrum};
use dp_mechanisms::{Delta, Epsilon, PerturbRow};
use ntk_dp::Kernel;
use ntk_dp::private::close::{CloseOptions, PrivatePoints, gram_covariance};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("ntk.close.feature_move", Search, moved::feature_moves),
        check("ntk.close.points.sensitivity", Search, sensitivity::points),
        check("ntk.close.points.privacy", Numeric, privacy::points),
        check("ntk.close.points.privacy", Audit, audit::points),
        check("ntk.close.labels.privacy", Exact, privacy::labels),
        check("ntk.close.labels.privacy", Audit, audit::labels),
        check("ntk.close.gram.change", Search, gram::change),
        check("ntk.close.gram.privacy", Numeric, gram::privacy),
        check("ntk.close.gram.privacy", Audit, audit::gram),
        check("ntk.close.queries.sensitivity", Search, sensitivity::queries),
        check("ntk.close.queries.privacy", Exact, privacy::queries),
        check("ntk.close.queries.privacy", Audit, audit::queries),
        check("ntk.close.failure", Search, failure::failure),
        check("ntk.close.utility", Search, utility::sampled),
        check("ntk.published.utility", Search, utility::published),
        check("ntk.published.labels", Numeric, published::labels),
        check("ntk.published.record", Numeric, published::record),
        check("ntk.published.singular", Numeric, published::singular),
        check("ntk.published.predictor", Numeric, published::predictor),
        check("ntk.published.selection", Search, published::selection),
    ]
}

fn close(radius: f64) -> PerturbRow {
    PerturbRow::new(radius).expect("checks move points by a positive distance")
}

fn budget(epsilon: f64, delta: f64) -> (Epsilon, Delta) {
    (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("between 0 and 1"))
}

fn quadratic() -> Kernel {
    Kernel::quadratic(1.0).expect("a positive variance")
}

/// The quadratic kernel at radius one.
fn unit(n: usize, d: usize) -> CloseOptions {
    CloseOptions::new(quadratic(), (n, d), 1.0).expect("a point and a coordinate")
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Uniform coordinates, scaled back to the unit ball.
fn in_ball(rng: &mut ChaCha20Rng, (n, d): (usize, usize)) -> Mat {
    let mut points = Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0));
    for i in 0..n {
        let factor = (1.0 / norm(points.row(i))).min(1.0);
        points.row_mut(i).iter_mut().for_each(|x| *x *= factor);
    }
    points
}

/// A point and its neighbour, from numbers that a search may choose: a point, also longer than the radius, and a direction.
fn pair(point: &[f64], step: f64) -> (Vec<f64>, Vec<f64>) {
    let (row, direction) = point.split_at(point.len() / 2);
    // points longer than four differ from shorter ones in their rounding only
    let shrink = 1.0_f64.min(4.0 / norm(row).max(1e-300));
    let first: Vec<f64> = row.iter().map(|x| x * shrink).collect();
    // coordinates are rounded by 2⁻⁵¹ each, which the last factor covers
    let scale = step * (1.0 - 1e-8) / norm(direction).max(1e-300);
    let second = first.iter().zip(direction).map(|(x, u)| x + u * scale).collect();
    (first, second)
}

/// `n` equal points of one coordinate, of which the first is β short in the second set: nearly the worst for the quadratic kernel.
fn worst_pair(n: usize, beta: f64) -> (Mat, Mat) {
    let first = Mat::filled(n, 1, 1.0);
    let mut second = first.clone();
    second[(0, 0)] -= beta * (1.0 - 1e-9);
    (first, second)
}

fn covariance(options: &CloseOptions, points: &Mat, beta: f64) -> Mat {
    let private = PrivatePoints::new(close(beta), points.as_ref());
    gram_covariance(private, options).expect("a moderate change").assume_public()
}

/// Eigenvalues of `Σ'^{−1/2}ΣΣ'^{−1/2}` less one, ascending.
fn changes(first: &Mat, second: &Mat) -> Vec<f64> {
    let whiten = SymmetricEigen::new(second.as_ref()).expect("symmetric").map(|value| 1.0 / value.sqrt());
    let half = matmul(whiten.as_ref(), first.as_ref(), Parallelism::Sequential).expect("square");
    let whole = matmul_nt(half.as_ref(), whiten.as_ref(), Parallelism::Sequential).expect("square");
    let eigen = SymmetricEigen::new(whole.as_ref()).expect("symmetric");
    eigen.values().iter().map(|value| value - 1.0).collect()
}

/// The largest and the least of them through so many draws; others do not change.
fn extremes(changes: &[f64], draws: u32) -> Spectrum {
    let extreme = [changes[changes.len() - 1], changes[0]];
    let extreme = extreme.map(|change| EigenvalueChange::new(change).expect("positive definite"));
    Spectrum::new(&extreme, dp_mechanisms::covariance::Draws::new(draws).expect("positive"))
}
