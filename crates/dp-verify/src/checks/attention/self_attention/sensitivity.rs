//! How far integers move between neighbours, by search over rows and directions.

use super::{aligned, climb, close, neighbours, options, private, random_rows};
use crate::checks::tightest::Tightest;
use crate::{Context, Outcome, Subject};
use attention_dp::SelfAttentionOptions;
use dp_linalg::Mat;
use dp_mechanisms::ReplaceRow;
use dp_mechanisms::rows::FixedSizeAdjacency;
use rand_chacha::ChaCha20Rng;

/// Shapes, and how far a row moves.
const CASES: [((usize, usize), f64); 7] = [
    ((2, 1), 0.25),
    ((3, 2), 0.01),
    ((2, 3), 1e-3),
    ((5, 2), 0.7),
    ((4, 4), 1.3),
    // steps of little more than a rounding unit
    ((3, 4), 1e-6),
    ((2, 16), 3e-7),
];

fn squared_distance(a: &[i64], b: &[i64]) -> u128 {
    a.iter().zip(b).map(|(&a, &b)| u128::from(a.abs_diff(b)).pow(2)).sum()
}

/// What is searched: integers with their stated squared sensitivity.
type Statistic<A> = fn(A, &SelfAttentionOptions, &Mat) -> (Vec<i64>, u128);

fn row_statistic<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &SelfAttentionOptions,
    rows: &Mat,
) -> (Vec<i64>, u128) {
    let statistic = private(adjacency, options, rows).into_row_statistic().expect("radius one");
    let square = statistic.sensitivity().square();
    (statistic.assume_public(), square)
}

fn gram_statistic<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &SelfAttentionOptions,
    rows: &Mat,
) -> (Vec<i64>, u128) {
    let statistic = private(adjacency, options, rows).into_gram_statistic().expect("radius one");
    let square = statistic.sensitivity().square();
    (statistic.assume_public(), square)
}

/// Real-valued squared sensitivities at radius one, from the words of the claims.
fn real_square(n: usize, step: f64, gram: bool) -> f64 {
    if gram { step * step * (n as f64 - 1.0 + (2.0 - step).powi(2)) } else { step * step }
}

/// Climbs from random points and from the aligned one. The twin forgets that rows are rounded.
fn search<A: FixedSizeAdjacency>(
    (context, rng): (&Context, &mut ChaCha20Rng),
    (adjacency, shape, gram): (A, (usize, usize), bool),
    subject: Subject,
    tightest: &mut Tightest,
) {
    let (starts, steps) = (context.scale(4, 40), context.scale(150, 4_000));
    let (n, d) = shape;
    let options = options(n, d, 1.0);
    let statistic: Statistic<A> = if gram { gram_statistic } else { row_statistic };
    let displacement = adjacency.displacement(1.0);
    // a row of length one along an axis is 2ᵉ steps long, and its square 4ᵉ
    let unit = Mat::from_fn(n, d, |_, j| if j == 0 { 1.0 } else { 0.0 });
    let step = statistic(adjacency, &options, &unit).0[0] as f64;
    let real = (real_square(n, displacement, gram) * step * step) as u128;
    for start in 0..starts {
        let point = match start {
            0 => aligned(shape, displacement, 1.0),
            1 => aligned(shape, displacement, 0.6),
            _ => random_rows(rng, (n + 1, d), 1.0).into_vec(),
        };
        climb(rng, point, steps, |point| {
            let (first, second) = neighbours(point, shape, displacement);
            let (from, stated) = statistic(adjacency, &options, &first);
            let (to, _) = statistic(adjacency, &options, &second);
            let distance = squared_distance(&from, &to);
            tightest.see(distance, subject.pick(stated, real));
            distance
        });
    }
}

fn everywhere(context: &mut Context, subject: Subject, gram: bool) -> Outcome {
    let mut rng = context.rng(0);
    let mut tightest = Tightest::default();
    for (shape, beta) in CASES {
        search((context, &mut rng), (close(beta), shape, gram), subject, &mut tightest);
    }
    for shape in [(2, 1), (3, 2), (4, 3)] {
        search((context, &mut rng), (ReplaceRow, shape, gram), subject, &mut tightest);
    }
    tightest.outcome(0.99)
}

/// Integer rows. The twin forgets the √d units of rounding.
pub(super) fn rows(context: &mut Context, subject: Subject) -> Outcome {
    everywhere(context, subject, false)
}

/// The integer triangle. The twin forgets the rounding of rows, too.
pub(super) fn gram(context: &mut Context, subject: Subject) -> Outcome {
    everywhere(context, subject, true)
}
