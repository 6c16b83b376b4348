//! How far integer rows move.

use crate::{Context, Outcome, Subject, larger, largest, smaller, smallest};
use dp_mechanisms::rows::{FixedSizeAdjacency, RowBall, RowLattice};
use dp_mechanisms::{PerturbRow, ReplaceRow};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Squared norm and distances of integers over what is stated, at worst; compared as integers.
#[derive(Default)]
struct Worst {
    norm: f64,
    l2: f64,
    l1: f64,
    n: u64,
}

/// A ratio that exceeds one only if the integers do.
fn ratio(found: u128, stated: u128) -> f64 {
    match found {
        0 => 0.0,
        _ if found > stated => 1.0_f64.next_up(),
        _ => smaller(found as f64 / stated as f64, 1.0),
    }
}

/// A row of any length, and another one `step` away from it but for rounding; in the direction in which they are farthest apart
/// on the lattice, or in any.
fn pair(rng: &mut ChaCha20Rng, dim: usize, (radius, step): (f64, f64)) -> [Vec<f64>; 2] {
    let norm = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-300);
    let length = radius * [0.0, 0.3, 1.0 - 1e-15, 1.5, 4.0][rng.random_range(0..5)];
    let mut draw = |_: usize| rng.random_range(-1.0..1.0);
    let first: Vec<f64> = (0..dim).map(&mut draw).collect();
    let mut direction: Vec<f64> = (0..dim).map(&mut draw).collect();
    if rng.random_range(0..2) == 0 {
        // a diagonal, where the rounding of each entry counts, or the way to the other side
        let signs: Vec<f64> = first.iter().map(|x| x.signum()).collect();
        direction = if step < radius { signs } else { first.iter().map(|x| -x).collect() };
    }
    let (scale, way) = (length / norm(&first), step * (1.0 - 1e-8) / norm(&direction));
    let first: Vec<f64> = first.iter().map(|x| x * scale).collect();
    let second = first.iter().zip(&direction).map(|(x, u)| x + u * way).collect();
    [first, second]
}

fn search<A: FixedSizeAdjacency>(
    rng: &mut ChaCha20Rng,
    (adjacency, ball, bits): (A, RowBall, (u8, u8)),
    (trials, subject): (usize, Subject),
    worst: &mut Worst,
) {
    let lattice = RowLattice::fitting(adjacency, ball, bits);
    let stated = (lattice.squared_norm(), lattice.squared_displacement());
    // both rows are rounded, by half a step an entry each
    let unrounded = ((stated.1 as f64).sqrt() - (ball.dim() as f64).sqrt()).max(0.0).powi(2) as u128;
    let l2 = subject.pick(stated.1, unrounded);
    let l1 = u128::from(lattice.l1_sensitivity().expect("positive").get());
    for _ in 0..trials {
        let pair = pair(rng, ball.dim(), (ball.radius(), adjacency.displacement(ball.radius())));
        let [a, b] = pair.map(|row| lattice.encode(&row).expect("a row of the ball"));
        let steps = || a.iter().zip(&b).map(|(a, b)| u128::from(a.abs_diff(*b)));
        let length: u128 = a.iter().map(|x| u128::from(x.unsigned_abs()).pow(2)).sum();
        worst.norm = larger(worst.norm, ratio(length, stated.0));
        worst.l2 = larger(worst.l2, ratio(steps().map(|x| x * x).sum(), l2));
        worst.l1 = larger(worst.l1, ratio(steps().sum(), l1));
        worst.n += 1;
    }
}

/// Random rows, short, at the border and beyond it, on lattices fine and coarse, from the smallest moves to whole rows. The twin does
/// not charge that both rows are rounded. Found nearly nothing would be no evidence.
pub(super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let (mut rng, mut worst) = (context.rng(0), Worst::default());
    let budget = (context.scale(2_000, 100_000), subject);
    for (dim, radius) in [(1, 1.0), (2, 0.7), (3, 1e-100), (8, 1e100), (40, 3.0)] {
        let ball = RowBall::new(dim, radius).expect("in range");
        for bits in [(20, 48), (10, 23), (1, 6)] {
            for step in [1e-15, 1e-6, 0.01, 0.7, 1.9] {
                let close = PerturbRow::new(step * radius).expect("positive");
                search(&mut rng, (close, ball, bits), budget, &mut worst);
            }
            search(&mut rng, (ReplaceRow, ball, bits), budget, &mut worst);
        }
    }
    let note = format!(
        "squared norm {:.6}, squared distance {:.6} and L1 distance {:.6} of what is stated",
        worst.norm, worst.l2, worst.l1
    );
    if smallest([worst.norm, worst.l2, worst.l1]) < 0.99 {
        return Outcome::inconclusive(note);
    }
    Outcome::at_most(largest([worst.norm, worst.l2, worst.l1]), 1.0, worst.n).with_note(note)
}
