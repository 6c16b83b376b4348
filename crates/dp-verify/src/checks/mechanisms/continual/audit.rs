//! An audit of whole streams whose steps are chosen by an adversary who sees what was released.

use super::{CHANGE, Continual, options, squared_norm};
use crate::checks::lower_bound::{Events, Stated};
use crate::checks::mechanisms::{delta, epsilon};
use crate::{Context, Outcome, Subject};
use rand_chacha::ChaCha20Rng;

/// All events together accuse a private stream with at most this probability.
const ALPHA: f64 = 1e-6;

/// Privacy that is asked for: a large δ, because an audit sees no event rarer than one in its number of runs.
const TARGET: (f64, f64) = (1.0, 0.1);

/// Where events begin, in standard deviations from the first neighbour toward the second.
const THRESHOLDS: [f64; 6] = [0.5, 0.75, 1.0, 1.25, 1.5, 2.0];

const HORIZON: u64 = 16;

/// Streams that differ in the first step, where it moves most; later steps depend on the integers before them. The lower
/// bound of ε is at most that of the certificate, and near it: an audit that finds little is no evidence. In the twin noise is
/// calibrated to one level or coefficient less.
pub(in super::super) fn audit<M: Continual>(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(50_000, 1_000_000);
    let matrix = M::matrix(HORIZON);
    let shipped = M::calibrate(epsilon(TARGET.0), delta(TARGET.1), options(HORIZON));
    let (std, profile) = (shipped.std(), shipped.profile());
    let forgotten = (M::forgetful(HORIZON) as f64 / squared_norm(&matrix) as f64).sqrt();
    let used = std * subject.pick(1.0, forgotten);
    let mut draws = [0, 1].map(|world| {
        let mut rng = context.rng(world as u64);
        (0..n).map(|_| loss::<M>(world, used, &matrix, &mut rng) / std).collect::<Vec<f64>>()
    });
    draws.reverse(); // the changed stream lies further along
    let stated = Stated {
        of: "a stream whose first step changes",
        epsilon: profile.epsilon(delta(TARGET.1)),
        delta: TARGET.1,
        profile: &|epsilon| profile.delta(epsilon),
    };
    stated.against(&Events::above(&THRESHOLDS, [&draws[0], &draws[1]], context.spend(ALPHA)), 0.5)
}

/// One adaptive stream; where its integers lie along the difference that the change makes, once what the adversary knows
/// (all steps but the first) is subtracted: the likelihood ratio is a function of this number.
fn loss<M: Continual>(world: i64, std: f64, matrix: &[Vec<i64>], rng: &mut ChaCha20Rng) -> f64 {
    let mut stream = M::with_noise_std(std, options(HORIZON));
    let (mut known, mut along, mut row) = (vec![[0, 0]], 0, 0);
    for step in 0..HORIZON as usize {
        let chosen = if step == 0 { CHANGE.map(|c| world * c) } else { adversary(stream.integers(), step) };
        stream.next(&chosen, rng);
        if step > 0 {
            known.push(chosen);
        }
        for integers in stream.integers().chunks_exact(2) {
            for j in 0..2 {
                let expected: i64 = known.iter().zip(&matrix[row]).map(|(x, c)| x[j] * c).sum();
                along += matrix[row][0] * CHANGE[j] * (integers[j] - expected);
            }
            row += 1;
        }
    }
    along as f64 / (25.0 * squared_norm(matrix) as f64).sqrt()
}

/// Some function of what was released last and of the time.
fn adversary(integers: &[i64], step: usize) -> [i64; 2] {
    let last = integers.iter().fold(step as i64, |hash, z| hash.wrapping_mul(31).wrapping_add(*z));
    [last.rem_euclid(101) - 50, last.rem_euclid(7)]
}
