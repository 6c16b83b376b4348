//! What returning the matrix gives away, and what the metric claim says of a record.

use super::super::weights::{budget, options, private};
use super::algorithm::{moment, published, truncated};
use crate::{Context, Outcome, Subject, larger, smaller};
use dp_linalg::Mat;
use dp_mechanisms::{gaussian, normal};
use john_ellipsoid_dp::private::weight_statistic;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// The row of the largest weight from V, `AᵀVA` and the other rows: `vⱼaⱼaⱼᵀ` is what the others leave of the matrix. The
/// twin's matrix is of rows with noise of size 1e-3.
pub(in super::super) fn leak(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, trials) = (0.0_f64, context.scale(40, 1000));
    for _ in 0..trials {
        let d = rng.random_range(2..=6);
        let rows = normal_rows(&mut rng, 10 * d, d);
        let mut noise = context.rng(1);
        let mut returned = published(&rows, 30, || truncated(0.1, &mut noise));
        if subject == Subject::Broken {
            let noisy = Mat::from_fn(10 * d, d, |i, j| rows[(i, j)] + 1e-3 * entry(&mut rng));
            returned.matrix = moment(&noisy, &returned.weights);
        }
        let heaviest = (0..10 * d).max_by(|&i, &j| returned.weights[i].total_cmp(&returned.weights[j]));
        let target = heaviest.expect("there are rows");
        worst = larger(worst, distance(&reconstruct(&returned, &rows, target), rows.row(target)));
    }
    Outcome::at_most(worst, 1e-10, trials as u64).with_note("largest error of a row, relative to its norm")
}

/// From everything but row `target` of the rows.
fn reconstruct(returned: &super::algorithm::Published, rows: &Mat, target: usize) -> Vec<f64> {
    let mut others = returned.weights.clone();
    others[target] = 0.0;
    let known = moment(rows, &others);
    let rest = |j: usize, k: usize| (returned.matrix[(j, k)] - known[(j, k)]) / returned.weights[target];
    let d = rows.ncols();
    let pivot = (0..d).max_by(|&j, &k| rest(j, j).total_cmp(&rest(k, k))).expect("there are columns");
    (0..d).map(|k| rest(pivot, k) / rest(pivot, pivot).abs().sqrt()).collect()
}

/// Up to sign, relative.
fn distance(found: &[f64], row: &[f64]) -> f64 {
    let norm = |sign: f64| found.iter().zip(row).map(|(x, a)| (x - sign * a).powi(2)).sum::<f64>().sqrt();
    smaller(norm(1.0), norm(-1.0)) / row.iter().map(|a| a * a).sum::<f64>().sqrt()
}

fn normal_rows(rng: &mut ChaCha20Rng, n: usize, d: usize) -> Mat {
    Mat::from_fn(n, d, |_, _| entry(rng))
}

/// Nearly normal.
fn entry(rng: &mut ChaCha20Rng) -> f64 {
    (0..12).map(|_| rng.random_range(-0.5..0.5)).sum()
}

/// One round with noise for ε = 1 at moves of 1e-3, and the row of one person replaced by another: how well both are told apart,
/// as total variation. The twin's neighbour moves by 1e-3 only.
pub(in super::super) fn record(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut least, trials) = (1.0_f64, context.scale(20, 200));
    let (epsilon, delta) = budget(1.0, 1e-6);
    let mu = gaussian::mu_for(epsilon, delta).get();
    for _ in 0..trials {
        let rows = normal_rows(&mut rng, 100, 3);
        let mut other = rows.clone();
        for x in other.row_mut(0) {
            *x = subject.pick(-4.0, *x + 1e-3 / 3.0_f64.sqrt());
        }
        let options = options((epsilon, delta), 8.0).with_rounds(1).expect("one round");
        let weights = vec![0.03; 100];
        let [from, to] = [&rows, &other]
            .map(|rows| weight_statistic(private(rows, 1e-3), &weights, &options).expect("sound options"));
        let noise_std = from.sensitivity().l2() / mu;
        let (from, to) = (from.assume_public(), to.assume_public());
        let square: f64 = from.iter().zip(&to).map(|(a, b)| ((a - b) as f64).powi(2)).sum();
        least = smaller(least, 1.0 - 2.0 * normal::upper_tail_bounds(0.5 * square.sqrt() / noise_std).1);
    }
    Outcome::at_least(least, 0.99, trials as u64).with_note("total variation of both releases")
}
