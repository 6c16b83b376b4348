//! Rounds against the gap.

use super::algorithm::{leverages, published, truncated};
use crate::{Context, Outcome, Subject};
use dp_linalg::Mat;

/// Three rows of which all carry weight at the optimum.
fn rows() -> Mat {
    Mat::from_vec(3, 2, vec![1.0, 0.0, 0.0, 1.0, 0.8, 0.75]).expect("six entries")
}

/// The published number of rounds is enough for any ξ, and falls as the noise grows. Measured: with noise of standard deviation 0.4 the
/// gap of the average stands still, at the same height after T and after 10T rounds, and hundreds of times above that without noise. The twin has no noise.
pub(in super::super) fn convergence(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rounds = context.scale(30_000, 300_000);
    let noise_std = 0.4;
    let mut gap = |rounds: usize| {
        let noise = || subject.pick(truncated(noise_std, &mut rng), 0.0);
        max_form(&published(&rows(), rounds, noise).weights) - 1.0
    };
    let (early, late) = (gap(rounds), gap(10 * rounds));
    let stands = Outcome::at_least(late / early, 0.5, 2).with_note(format!("gap {early:.2e}, {late:.2e} after ten times the rounds"));
    Outcome::worst([stands, Outcome::at_least(late, 1e-3, 1)])
}

/// `max aᵢᵀM⁻¹aᵢ`, from leverages of unit weights in a matrix of these.
fn max_form(weights: &[f64]) -> f64 {
    leverages(&rows(), weights).iter().zip(weights).map(|(t, w)| t / w).fold(0.0, f64::max)
}
