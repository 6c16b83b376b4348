//! Rounds against the gap.

use super::algorithm::{CUT, leverages, published};
use crate::{Axis, Context, Figure, Outcome, Role, Subject, largest};
use dp_linalg::Mat;
use rand::RngExt;

/// Three rows of which all carry weight at the optimum.
fn rows() -> Mat {
    Mat::from_vec(3, 2, vec![1.0, 0.0, 0.0, 1.0, 0.8, 0.75]).expect("six entries")
}

/// The published number of rounds is enough for any ξ. Measured: with noise cut off at ½ and uniform up to there (the limit of much noise)
/// the gap of the average stands still, where `ξ⁻²` would have it fall to `1/√10` after ten times the rounds, and is hundreds of
/// times that without noise. The twin has no noise.
pub(in super::super) fn convergence(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rounds = context.scale(60_000, 1_000_000);
    let mut gap = |rounds: usize| {
        let noise = || subject.pick(rng.random_range(-CUT..CUT), 0.0);
        max_form(&published(&rows(), rounds, noise).weights) - 1.0
    };
    let counts = [rounds / 1000, rounds / 100, rounds / 10, rounds, 10 * rounds].map(|n| (n as f64, gap(n)));
    let (early, late) = (counts[3].1, counts[4].1);
    let note = format!("gap {early:.2e}, and {late:.2e} after ten times the rounds");
    // both are averages over tens of thousands of rounds, far from their bounds
    context.spend(1e-9);
    let stands = Outcome::at_least(late / early, 0.4, 2).with_note(note);
    let published = counts.map(|(n, _)| (n, counts[0].1 * (counts[0].0 / n).sqrt()));
    let title = "Gap of the published average of noisy rounds";
    let figure = Figure::new(title, Axis::logarithmic("rounds"), Axis::logarithmic("gap max g − 1"))
        .with_curve(Role::Bound, "as published, from the first point on", published)
        .with_curve(Role::Observed, "found", counts);
    Outcome::worst([stands.with_figure(figure), Outcome::at_least(late, 5e-4, 1)])
}

/// `max aᵢᵀM⁻¹aᵢ`, from leverages of unit weights in a matrix of these.
fn max_form(weights: &[f64]) -> f64 {
    largest(leverages(&rows(), weights).iter().zip(weights).map(|(t, w)| t / w))
}
