//! Rows that a solve does not read again.

use super::{rows, solve};
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::Mat;
use john_ellipsoid_dp::JohnEllipsoid;
use rand::RngExt;

/// Many more rows than candidates, so that most are settled by a bound: each is compared with the certified gap. The twin takes the
/// rows that stick out most of a sample's ellipsoid, and certifies from these alone.
pub(super) fn between(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (f64::NEG_INFINITY, 0);
    for trial in 0..context.scale(6, 60) {
        let d = rng.random_range(2..=5);
        let all = rows(&mut rng, 4000 + 500 * (trial % 5), d);
        let gap = 10.0_f64.powi(-rng.random_range(1..=8));
        let john = match subject {
            Subject::AsShipped => solve(all.as_ref(), gap),
            Subject::Broken => solve(nearest_to_the_boundary(&all).as_ref(), gap),
        };
        let level = 1.0 + john.certificate().gap();
        worst = all.rows().map(|row| leverage(&john, row) - level).fold(worst, larger);
        compared += all.nrows() as u64;
    }
    // leverages are computed with twice the working precision
    Outcome::at_most(worst, 1e-14, compared)
}

/// The 20 rows that stick out most of the ellipsoid of the first 50.
fn nearest_to_the_boundary(all: &Mat) -> Mat {
    let sample = Mat::from_fn(50, all.ncols(), |i, j| all[(i, j)]);
    let first = solve(sample.as_ref(), 0.1);
    let mut order: Vec<usize> = (0..all.nrows()).collect();
    order.sort_by(|&i, &j| leverage(&first, all.row(j)).total_cmp(&leverage(&first, all.row(i))));
    Mat::from_fn(20, all.ncols(), |i, j| all[(order[i], j)])
}

fn leverage(john: &JohnEllipsoid, row: &[f64]) -> f64 {
    john.leverage(row).unwrap_or(f64::NAN)
}
