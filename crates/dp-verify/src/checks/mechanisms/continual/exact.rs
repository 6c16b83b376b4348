//! How far one step moves all integers of a stream, and what privacy that is.

use super::{CHANGE, Continual, options, squared_column_norm, transcript};
use crate::checks::mechanisms::{delta, epsilon};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::gaussian;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// For every horizon up to 70 and every step: with the noise held fixed, changing that step changes the integers by the
/// column of the defining matrix; no column exceeds the stated sensitivity, and one attains it. So does a step that is kept at a
/// bound beside a near one that counts as zeros. The twin is off by one.
pub(in super::super) fn sensitivity<M: Continual>(context: &mut Context, subject: Subject) -> Outcome {
    let last = context.scale(70, 140) as u64;
    let (mut failures, mut n) = (0, 0);
    for horizon in 1..=last {
        let matrix = M::matrix(horizon);
        let shipped = M::with_noise_std(4.0, options(horizon)).squared_sensitivity();
        let stated = subject.pick(shipped, 25 * M::off_by_one(horizon));
        let mut largest = 0;
        for (step, moved) in differences::<M>(horizon, context).into_iter().enumerate() {
            let column: Vec<i64> = matrix.iter().flat_map(|row| CHANGE.map(|c| c * row[step])).collect();
            let square: u128 = moved.iter().map(|d| u128::from(d.unsigned_abs()).pow(2)).sum();
            failures += u64::from(moved != column) + u64::from(square > stated);
            largest = Ord::max(largest, square);
            n += 1;
        }
        failures += u64::from(largest != stated);
        for bound in [16, 36, 1_000_000] {
            let (moved, covered) = at_the_bound::<M>(horizon, bound, context);
            failures += u64::from(moved > subject.pick(covered, 25 * M::off_by_one(horizon)));
            n += 1;
        }
        context.progress(horizon as usize, last as usize);
    }
    Outcome::all_equal(failures, n)
}

/// The squared distance between streams whose first steps are one beyond a bound and one within it, at most five apart; and what
/// noise is calibrated to.
fn at_the_bound<M: Continual>(horizon: u64, bound: u128, context: &Context) -> (u128, u128) {
    let longest = bound.isqrt() as i64;
    let options = options(horizon).with_step_bound(bound);
    let covered = M::with_noise_std(4.0, options).squared_sensitivity();
    let run = |first: i64| {
        let steps: Vec<[i64; 2]> = (0..horizon).map(|t| [if t == 0 { first } else { 0 }, 0]).collect();
        transcript(&mut M::with_noise_std(4.0, options), &steps, &mut context.rng(horizon))
    };
    let (kept, dropped) = (run(longest), run(longest + 1));
    (kept.iter().zip(&dropped).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum(), covered)
}

/// How the integers move when one step changes, for every step, noise held fixed.
fn differences<M: Continual>(horizon: u64, context: &Context) -> Vec<Vec<i64>> {
    let mut rng = context.rng(0);
    let steps: Vec<[i64; 2]> =
        (0..horizon).map(|_| [0, 0].map(|_: i64| rng.random_range(-100..100))).collect();
    let run = |steps: &[[i64; 2]], mut rng: ChaCha20Rng| {
        transcript(&mut M::with_noise_std(4.0, options(horizon)), steps, &mut rng)
    };
    let base = run(&steps, context.rng(horizon));
    let moved = |step: usize| {
        let mut neighbour = steps.clone();
        neighbour[step] = [0, 1].map(|j| steps[step][j] + CHANGE[j]);
        run(&neighbour, context.rng(horizon)).iter().zip(&base).map(|(a, b)| a - b).collect()
    };
    (0..steps.len()).map(moved).collect()
}

/// Horizons with at least two levels.
const HORIZONS: [u64; 9] = [4, 5, 8, 13, 21, 37, 64, 100, 257];

const BUDGETS: [(f64, f64); 4] = [(1.0, 1e-6), (0.1, 1e-10), (4.0, 1e-3), (1.0, 0.1)];

/// The Gaussian mechanism's `δ(ε)` at the distance between neighbours that differ in one step, for the steps that move most
/// and the one that moves least: it is within the budget that was asked for, and within the certificate at other ε; for the
/// worst step it is all of the budget. The twin calibrates to one level or coefficient less.
pub(in super::super) fn profile<M: Continual>(context: &mut Context, subject: Subject) -> Outcome {
    let (mut failures, mut n) = (0, 0);
    for (i, horizon) in HORIZONS.into_iter().enumerate() {
        let matrix = M::matrix(horizon);
        let mut squares: Vec<u128> = (0..horizon as usize).map(|s| squared_column_norm(&matrix, s)).collect();
        squares.sort_unstable_by(|a, b| b.cmp(a));
        squares.dedup();
        let [largest, least] = [squares[0], squares[squares.len() - 1]];
        let forgotten = (M::off_by_one(horizon) as f64 / largest as f64).sqrt();
        for (e, d) in BUDGETS {
            let stream = M::calibrate(epsilon(e), delta(d), options(horizon));
            let std = stream.std() * subject.pick(1.0, forgotten);
            let mu = |square: u128| (25.0 * square as f64).sqrt() / std;
            for square in squares.iter().copied().take(3).chain([least]) {
                // four roundings lie between the exact quotient and this one, each at most one float
                let mu = (0..4).fold(mu(square), |mu, _| mu.next_down());
                let certified = |e: f64| gaussian::delta_bounds(e, mu).0 <= stream.profile().delta(e);
                failures += u64::from(gaussian::delta_bounds(e, mu).0 > d);
                failures += u64::from(![0.0, 0.5 * e, 2.0 * e].into_iter().all(certified));
                n += 1;
            }
            // what is left of the budget is rounding
            failures += u64::from(gaussian::delta_bounds(e, mu(largest)).1 < d * (1.0 - 1e-9));
        }
        context.progress(i + 1, HORIZONS.len());
    }
    Outcome::all_equal(failures, n)
}
