//! The exact law of tokens on neighbours.

use super::{aligned, climb, close, neighbours, options, private, random_rows};
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::Mat;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::selection::{ExponentialMechanism, ScoreMovement, SpreadSensitivity};
use dp_mechanisms::{Delta, ReplaceRow};
use rand_chacha::ChaCha20Rng;

/// Largest logarithm of a ratio of certified probabilities, over the stated ε: for the query row itself and for
/// another row that moves; and scores move no more than they state, each and against each other. The twin takes `2sαβ`, what the others' logits move against each other, and forgets the own one.
pub(super) fn law(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut moved, mut n) = (0.0_f64, 0.0_f64, 0);
    for (shape, beta, scale) in [((3, 1), 0.2, 1.0), ((60, 2), 0.1, 0.4), ((5, 3), 0.9, 2.0)] {
        search((context, &mut rng), (close(beta), shape, scale), subject, (&mut worst, &mut moved, &mut n));
    }
    for (shape, scale) in [((2, 1), 1.0), ((60, 2), 0.1)] {
        search((context, &mut rng), (ReplaceRow, shape, scale), subject, (&mut worst, &mut moved, &mut n));
    }
    if worst < 0.9 || moved < 0.9 {
        return Outcome::inconclusive(format!(
            "the search comes to {worst:.3} of ε and {moved:.3} of a score's movement only"
        ));
    }
    Outcome::worst([
        Outcome::at_most(worst, 1.0, n).with_note(format!("largest loss over the stated ε: {worst:.4}")),
        Outcome::at_most(moved, 1.0, n)
            .with_note(format!("largest movement over the stated one: {moved:.4}")),
    ])
}

fn search<A: FixedSizeAdjacency>(
    (context, rng): (&Context, &mut ChaCha20Rng),
    (adjacency, shape, scale): (A, (usize, usize), f64),
    subject: Subject,
    (worst, moved, n): (&mut f64, &mut f64, &mut u64),
) {
    let (starts, steps) = (context.scale(3, 30), context.scale(60, 2_000));
    let options = options(shape.0, shape.1, scale);
    let displacement = adjacency.displacement(1.0);
    let mechanism = private(adjacency, &options, &Mat::zeros(shape.0, shape.1)).token_mechanism();
    let mechanism = mechanism.expect("small scores");
    let stated = subject.pick(stated_epsilon(&mechanism), scale * 2.0 * displacement);
    for start in 0..starts {
        let point = match start {
            0 => against(shape, displacement),
            1 => aligned(shape, displacement, 1.0),
            _ => random_rows(rng, (shape.0 + 1, shape.1), 1.0).into_vec(),
        };
        climb(rng, point, steps, |point| {
            let (first, second) = neighbours(point, shape, displacement);
            // the moving row asks, or the last one
            let loss = [0, shape.0 - 1].map(|query| {
                let law = |rows: &Mat| probabilities(adjacency, &mechanism, (&options, rows), query);
                *moved = larger(*moved, movement(adjacency, &options, (&first, &second), query));
                largest_loss(&law(&first), &law(&second))
            });
            let loss = larger(loss[0], loss[1]);
            *worst = larger(*worst, loss / stated);
            *n += 2;
            loss
        });
    }
}

/// The query moves along its own direction, and all others stand against it.
fn against((n, d): (usize, usize), displacement: f64) -> Vec<f64> {
    let mut point = aligned((n, d), displacement, 1.0);
    (1..n).for_each(|i| point[i * d] = -1.0);
    point
}

/// How far a score moves, and two against each other, over what is stated: the larger ratio.
fn movement<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &attention_dp::SelfAttentionOptions,
    (first, second): (&Mat, &Mat),
    query: usize,
) -> f64 {
    let scores = |rows: &Mat| private(adjacency, options, rows).scores(query).expect("the row exists");
    let stated = scores(first).sensitivity();
    let (first, second) = (scores(first).assume_public(), scores(second).assume_public());
    let moves = || first.iter().zip(&second).map(|(a, b)| a - b);
    let (low, high) = (moves().min().unwrap_or(0), moves().max().unwrap_or(0));
    let each = low.unsigned_abs().max(high.unsigned_abs()) as f64 / stated.get() as f64;
    larger(each, high.abs_diff(low) as f64 / stated.spread() as f64)
}

fn probabilities<A: FixedSizeAdjacency>(
    adjacency: A,
    mechanism: &ExponentialMechanism<SpreadSensitivity<A>>,
    (options, rows): (&attention_dp::SelfAttentionOptions, &Mat),
    query: usize,
) -> Vec<(f64, f64)> {
    let scores = private(adjacency, options, rows).scores(query).expect("the row exists").assume_public();
    mechanism.probability_bounds(&scores).expect("there are rows")
}

/// A lower bound on the loss that is certain, from either side.
fn largest_loss(first: &[(f64, f64)], second: &[(f64, f64)]) -> f64 {
    largest(first.iter().zip(second).map(|(a, b)| larger(a.0 / b.1, b.0 / a.1).ln()))
}

/// The ε of a pure guarantee.
pub(super) fn stated_epsilon<A: FixedSizeAdjacency>(
    mechanism: &ExponentialMechanism<SpreadSensitivity<A>>,
) -> f64 {
    mechanism.profile().epsilon(Delta::new(1e-300).expect("positive"))
}
