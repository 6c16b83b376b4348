//! Laws of report noisy max, summed from certified probabilities.

use super::enclosure::{Between, loss};
use super::{
    any_way, each_part, each_twin, epsilon, laplace, moved, movements, none_above, none_fails, one_way,
};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::noise::{LatticeNoise, LogConcaveNoise};
use dp_mechanisms::selection::{ReportNoisyMax, ScoreSensitivity, Scores};
use dp_mechanisms::{AddRemoveRow, DiscreteLaplace};
use rand_chacha::ChaCha20Rng;

/// Noise with its probabilities at hand.
pub(super) struct Table {
    reach: i64,
    mass: Vec<Between>,
    upto: Vec<Between>,
    pub(super) beyond: f64,
}

impl Table {
    /// Integers up to so many scales from zero.
    pub(super) fn new(noise: &DiscreteLaplace, scales: f64) -> Self {
        let reach = (scales * noise.noise_scale().get()).ceil() as i64;
        let all = || -reach..=reach;
        Self {
            reach,
            mass: all().map(|k| Between::new(noise.pmf_bounds(k))).collect(),
            upto: all().map(|k| Between::new(noise.cdf_bounds(k))).collect(),
            beyond: 2.0 * noise.tail_bounds(reach).1,
        }
    }

    /// The integers that are listed.
    pub(super) fn all(&self) -> core::ops::RangeInclusive<i64> {
        -self.reach..=self.reach
    }

    fn at(&self, list: &[Between], k: i64, below: Between, above: Between) -> Between {
        match k {
            k if k < -self.reach => below,
            k if k > self.reach => above,
            k => list[(k + self.reach) as usize],
        }
    }

    /// `P(K = k)`.
    pub(super) fn mass(&self, k: i64) -> Between {
        let rest = Between::ZERO.or_more(self.beyond);
        self.at(&self.mass, k, rest, rest)
    }

    /// `P(K ≤ k)`.
    pub(super) fn upto(&self, k: i64) -> Between {
        let rest = Between::ZERO.or_more(self.beyond);
        self.at(&self.upto, k, rest, Between { lo: 1.0 - self.beyond, hi: 1.0 })
    }
}

/// What is released with the index.
#[derive(Clone, Copy)]
enum Second {
    /// The gap as shipped.
    Gap,
    /// The plain difference of noisy scores.
    Difference,
    /// The noisy score of the winner.
    Score,
}

/// `P(index, second)`; ties go to the first.
fn probability(noise: &Table, scores: &[i64], (index, value): (usize, i64), second: Second) -> Between {
    let others = || (0..scores.len()).filter(|&l| l != index);
    // that no other than j is above the value m of candidate j, or before it and equal
    let under = |j: usize, m: i64, l: usize| noise.upto(m - scores[l] - i64::from(l < j));
    if let Second::Score = second {
        let winner = noise.mass(value - scores[index]);
        return others().fold(winner, |p, l| p * under(index, value, l));
    }
    let terms = others().flat_map(|runner_up| noise.all().map(move |k| (runner_up, k)));
    let listed: Between = terms
        .map(|(j, k)| {
            let m = scores[j] + k;
            let behind = i64::from(index > j);
            let top = match second {
                Second::Gap => m + value + behind,
                // an equal score wins only if it comes first
                _ if value < behind => return Between::ZERO,
                _ => m + value,
            };
            let first = noise.mass(top - scores[index]) * noise.mass(k);
            others().filter(|&l| l != j).fold(first, |p, l| p * under(j, m, l))
        })
        .sum();
    if listed.hi == 0.0 {
        return Between::ZERO; // impossible, whatever the noise
    }
    // a runner-up with unlisted noise, and then the winner's is as far out, but for the outcome and the differences of scores
    listed.or_more(scores.len() as f64 * noise.beyond * noise.beyond * FAR)
}

/// Outcomes and differences of scores are at most 14 scales of the shipped noise, a factor `e^{14}`; a mass is at most
/// four times the tail beyond it there.
const FAR: f64 = 5e8;

/// Bits by which losses may be too large by summation and what is left out.
const SLACK: f64 = 1e-10;

/// How a mechanism is made of ε, and what it releases.
struct Variant {
    scale: fn(f64, bool) -> f64,
    second: Second,
}

fn shipped_scale(value: f64, monotone: bool) -> f64 {
    let made = |scale: dp_mechanisms::NoiseScale| scale.get();
    if monotone {
        made(ReportNoisyMax::calibrate(epsilon(value), one_way()).expect("little noise").noise_scale())
    } else {
        made(ReportNoisyMax::calibrate(epsilon(value), any_way()).expect("little noise").noise_scale())
    }
}

/// Loss less ε over all movements of three scores, and where many candidates are just ahead of the winner in the list:
/// they rise, the winner and one behind it fall.
fn excess(variant: &Variant, scores: &[Vec<i64>]) -> Outcome {
    let mut observed = Vec::new();
    for (value, monotone) in [(0.8, false), (1.3, true)] {
        let noise = Table::new(&laplace((variant.scale)(value, monotone)), 45.0);
        let mut compare = |u: &[i64], v: &[i64], outcomes: &[(usize, i64)]| {
            let law = |scores: &[i64]| -> Vec<Between> {
                outcomes.iter().map(|&outcome| probability(&noise, scores, outcome, variant.second)).collect()
            };
            observed.push(loss(&law(u), &law(v)) - value);
        };
        let few: Vec<(usize, i64)> = (0..3).flat_map(|i| [0, 1, 2, 5].map(|gap| (i, gap))).collect();
        for u in scores {
            for d in movements(monotone, 3) {
                compare(u, &moved(u, &d), &few);
            }
        }
        if !monotone {
            let crowd = |ahead: i64, others: i64| [vec![ahead; 40], vec![others; 2]].concat();
            compare(&crowd(0, 0), &crowd(1, -1), &[(40, 0), (40, 1), (41, 0), (0, 0), (0, 3)]);
        }
    }
    // impossible at both neighbours is no loss, impossible at one is infinite
    none_above(observed, SLACK).with_note("loss less ε")
}

/// Twins: the plain difference as the gap; the noisy score of the winner beside it, as if it were free; noise for Δ
/// where the spread is 2Δ; half the noise. And, of the code: the last of equal scores wins.
pub(super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    let quick = vec![vec![0, 0, 0], vec![0, 2, 1], vec![5, 0, 0]];
    let more = super::vectors(&[0, 1, 3], 3);
    let scores = if context.scale(0, 1) == 0 { quick } else { more };
    let variant = |scale, second| Variant { scale, second };
    let single: fn(f64, bool) -> f64 = |value, _| shipped_scale(value, true);
    let half: fn(f64, bool) -> f64 = |value, monotone| shipped_scale(value, monotone) / 2.0;
    let twins = vec![
        variant(shipped_scale, Second::Difference),
        variant(shipped_scale, Second::Score),
        variant(single, Second::Gap),
        variant(half, Second::Gap),
    ];
    let laws =
        each_twin(subject, variant(shipped_scale, Second::Gap), twins, |variant| excess(&variant, &scores));
    each_part(subject, [laws, function_of_noise(context, subject.pick(released, last_of_equals))])
}

/// The index and the gap that are released.
type Released = fn(&ReportNoisyMax<ScoreSensitivity<AddRemoveRow>>, &[i64], &mut ChaCha20Rng) -> (usize, i64);

fn released(
    mechanism: &ReportNoisyMax<ScoreSensitivity<AddRemoveRow>>,
    scores: &[i64],
    rng: &mut ChaCha20Rng,
) -> (usize, i64) {
    let scores = Scores::new(scores.to_vec(), any_way()).expect("there are scores");
    let release = mechanism.release_with_gap(&scores, "check", rng).expect("the same sensitivity");
    let gap = release.value().gap.and_then(|gap| i64::try_from(gap).ok());
    (release.value().index, gap.expect("gaps are small here"))
}

fn last_of_equals(
    mechanism: &ReportNoisyMax<ScoreSensitivity<AddRemoveRow>>,
    scores: &[i64],
    rng: &mut ChaCha20Rng,
) -> (usize, i64) {
    let noise = laplace(mechanism.noise_scale().get());
    let noisy: Vec<i64> = scores.iter().map(|score| score + noise.sample(rng)).collect();
    let mut order: Vec<usize> = (0..noisy.len()).collect();
    order.sort_unstable_by_key(|&i| core::cmp::Reverse((noisy[i], i)));
    (order[0], noisy[order[0]] - noisy[order[1]] - i64::from(order[0] < order[1]))
}

/// The winner and gap are those of this file's law, with noise that is drawn in the order of the list.
fn function_of_noise(context: &Context, release: Released) -> Outcome {
    let mechanism = ReportNoisyMax::calibrate(epsilon(1.0), any_way()).expect("little noise");
    let noise = laplace(mechanism.noise_scale().get());
    none_fails(0..context.scale(200, 20_000) as u64, |stream| {
        let (mut rng, mut same) = (context.rng(stream), context.rng(stream));
        let scores = [4_i64, 3, 4, 0, 5];
        let noisy = scores.map(|score| score + noise.sample(&mut same));
        // the first of the largest, then the first of the largest of the others
        let first = |skip: usize| {
            (0..5).filter(|&i| i != skip).min_by_key(|&i| (-noisy[i], i)).expect("there are others")
        };
        let (winner, runner_up) = (first(5), first(first(5)));
        let gap = noisy[winner] - noisy[runner_up] - i64::from(winner > runner_up);
        release(&mechanism, &scores, &mut rng) == (winner, gap)
    })
    .with_note("the shipped index and gap, as functions of noise")
}
