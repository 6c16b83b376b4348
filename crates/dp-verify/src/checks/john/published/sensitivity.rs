//! No constant bounds how far converged weights move.

use super::algorithm::{leverages, published};
use crate::{Context, Outcome, Subject};
use dp_linalg::Mat;

/// How far the rows are apart.
const MOVE: f64 = 1e-4;

/// `ln` of the weight of a row over that of its duplicate, which is longer by a factor of `1 + 1e-4`, after T rounds over that after one:
/// `2T·ln(1 + 1e-4)`, so no constant bounds it. The twin looks at one round from fixed weights, as the repaired mechanism does.
pub(in super::super) fn lipschitz(context: &mut Context, subject: Subject) -> Outcome {
    let rows = Mat::from_fn(6, 3, |i, j| match i {
        // an axis twice, the second one longer; the others once; and rows within
        0 | 1 => f64::from(u8::from(j == 0)) * (1.0 + MOVE * i as f64),
        2 | 3 => f64::from(u8::from(j + 1 == i)),
        _ => 0.3 * (((i + 3) * (2 * j + 1)) as f64).sin(),
    });
    let rounds = subject.pick(context.scale(400, 4000), 1);
    let mut weights = vec![0.5; 6];
    for _ in 0..rounds {
        weights = leverages(&rows, &weights);
    }
    let moved = (weights[1] / weights[0]).ln() / (2.0 * MOVE.ln_1p());
    let exact = (moved / rounds as f64 - 1.0).abs();
    // each round multiplies by (1 + e)² exactly; rounding adds some 1e-16 to each logarithm of 1e-4
    let grows =
        Outcome::at_least(moved, 100.0, rounds as u64).with_note("ln of the ratio, over that of one round");
    Outcome::worst([grows, Outcome::at_most(exact, 1e-9, 1), average(&rows, rounds)])
}

/// The average of iterates moves by the same order.
fn average(rows: &Mat, rounds: usize) -> Outcome {
    let weights = published(rows, rounds, || 0.0).weights;
    let moved = (weights[1] / weights[0]).ln() / (2.0 * MOVE.ln_1p());
    Outcome::at_least(moved, 0.3 * rounds as f64, 1)
}
