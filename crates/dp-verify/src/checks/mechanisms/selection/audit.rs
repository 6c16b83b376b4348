//! Attacks on selection: runs on two neighbours, and the outcomes that tell them apart best.

use super::{any_way, each_twin, epsilon, one_way};
use crate::checks::lower_bound::Stated;
use crate::checks::mechanisms::delta;
use crate::checks::twins::mildest;
use crate::{Context, Outcome, Subject};
use core::hash::Hash;
use dp_audit::{CellRatio, Experiment, Neighbours, ThresholdAudit, from_fn};
use dp_mechanisms::noise::{ExponentialWeights, LatticeNoise};
use dp_mechanisms::selection::{
    AboveThreshold, Answer, DistanceToInstability, ExponentialMechanism, PermuteAndFlip, PrivateQuantile,
    ProposeTestRelease, QuantileRange, ReportNoisyMax, Scores, StabilityTest,
};
use dp_mechanisms::{
    AddRemoveRow, DiscreteLaplace, Epsilon, FailureProbability, Lattice, LatticeL1Sensitivity,
    LatticeStatistic, PrivacyProfile, QuantileLevel,
};
use rand::CryptoRng;

/// Probability that a sound mechanism is accused.
const ALPHA: f64 = 1e-6;

/// The certified lower bound of ε at this δ from runs on both neighbours is at most what is claimed.
fn audit<D, O: Hash + Eq + Copy>(
    context: &Context,
    of: &str,
    (claimed, failure): (f64, f64),
    (first, second): (D, D),
    run: impl Fn(&D, &mut dyn CryptoRng) -> O,
) -> Outcome {
    let runs = context.scale(40_000, 400_000);
    let mechanism = from_fn(run);
    let pair = Neighbours::new(first, second, AddRemoveRow);
    let experiment = Experiment::new(&mechanism, &pair, CellRatio::new(|output: &O| *output));
    let alpha = FailureProbability::new(context.spend(ALPHA)).expect("a probability");
    let audit = ThresholdAudit::new(runs, alpha).expect("enough runs");
    let report = audit.measure(&experiment, failure, &mut context.rng(0)).expect("δ is a probability");
    let asked = match failure {
        0.0 => PrivacyProfile::pure(epsilon(claimed), AddRemoveRow),
        _ => PrivacyProfile::approximate(epsilon(claimed), delta(failure), AddRemoveRow),
    };
    let profile = |epsilon: f64| asked.delta(epsilon);
    Stated { of, epsilon: claimed, delta: failure, profile: &profile }.against(&report, 0.0)
}

/// Where twins are mechanisms of their own, and their rejection says nothing of the runs of what is shipped: these must tell the neighbours apart as well.
fn telling(shipped: Outcome) -> Outcome {
    let is_telling = shipped.observed >= 0.4 * shipped.bound;
    if is_telling {
        shipped
    } else {
        Outcome::inconclusive("an audit that hardly tells the neighbours apart")
    }
}

/// One candidate rises and two fall. The twin takes the weights of ε where those of ε/2 are right.
pub(super) fn exponential(context: &mut Context, subject: Subject) -> Outcome {
    let of = |value: f64| ExponentialMechanism::new(epsilon(value), any_way());
    each_twin(subject, of(1.0), vec![of(2.0)], |mechanism| {
        audit(
            context,
            "the exponential mechanism",
            (1.0, 0.0),
            (vec![0, 3, 3], vec![1, 2, 2]),
            |scores, mut rng| {
                let scores = Scores::new(scores.clone(), any_way()).expect("there are scores");
                *mechanism.release(&scores, "audit", &mut rng).expect("the same sensitivity").value()
            },
        )
    })
}

/// The same of permute and flip. The twin takes coins of twice the ε.
pub(super) fn permute_and_flip(context: &mut Context, subject: Subject) -> Outcome {
    let of = |value: f64| PermuteAndFlip::new(epsilon(value), any_way());
    each_twin(subject, of(1.0), vec![of(2.0)], |mechanism| {
        audit(context, "permute-and-flip", (1.0, 0.0), (vec![0, 3, 3], vec![1, 2, 2]), |scores, mut rng| {
            let scores = Scores::new(scores.clone(), any_way()).expect("there are scores");
            *mechanism.release(&scores, "audit", &mut rng).expect("the same sensitivity").value()
        })
    })
}

/// Ten counts that rise, or not. The twins release the noisy score of the winner instead of the gap, and use four fifths of
/// the noise.
pub(super) fn noisy_max(context: &mut Context, subject: Subject) -> Outcome {
    let made = |value: f64| ReportNoisyMax::calibrate(epsilon(value), one_way()).expect("little noise");
    let counts = (vec![0_i64; 10], vec![1_i64; 10]);
    let with_score = |mechanism: ReportNoisyMax<_>| {
        let noise = super::laplace(mechanism.noise_scale().get());
        audit(context, "a noisy maximum", (1.0, 0.0), counts.clone(), move |counts: &Vec<i64>, mut rng| {
            let noisy = counts.iter().map(|count| count + noise.sample(&mut rng));
            noisy.max().expect("there are scores").clamp(-2, 9)
        })
    };
    // one count against the others is what a gap can tell
    let with_gap = |mechanism: ReportNoisyMax<_>| {
        let [low, high] = [0, 1].map(|first| [vec![first], vec![0; 3]].concat());
        audit(context, "a noisy maximum", (1.0, 0.0), (low, high), move |counts: &Vec<i64>, mut rng| {
            let scores = Scores::new(counts.clone(), one_way()).expect("there are scores");
            let release =
                mechanism.release_with_gap(&scores, "audit", &mut rng).expect("the same sensitivity");
            (release.value().index == 0, release.value().gap.expect("there are four").min(6))
        })
    };
    match subject {
        Subject::AsShipped => with_gap(made(1.0)),
        Subject::Broken => mildest([with_score(made(1.0)), with_gap(made(1.25))]),
    }
}

/// Five scores below the threshold and one at it, which move against each other. Twins: no noise on scores; a quarter
/// of it; no noise on the threshold. (A noisy score as the answer loses too little for so few runs to see: the exact
/// check does.)
pub(super) fn above_threshold(context: &mut Context, subject: Subject) -> Outcome {
    let mechanism = AboveThreshold::calibrate(epsilon(2.0), any_way(), 1).expect("little noise");
    let pair = || (vec![-1_i64, -1, -1, -1, -1, 0], vec![0_i64, 0, 0, 0, 0, -1]);
    let shipped = || {
        audit(context, "a stream above a threshold", (2.0, 0.0), pair(), |scores: &Vec<i64>, mut rng| {
            let mut stream = mechanism.start(0, &mut rng);
            let position = scores.iter().position(|&score| {
                matches!(
                    stream.push(score, &mut rng).expect("nothing was above before"),
                    Answer::Above { .. }
                )
            });
            (position, stream.answers().above().first().map(|(_, gap)| *gap.min(&3)))
        })
    };
    let threshold_noise = super::laplace(mechanism.threshold_noise_scale().get());
    let score_noise = super::laplace(mechanism.score_noise_scale().get());
    let little = super::laplace(mechanism.score_noise_scale().get() / 4.0);
    let variant = |(first, second): (Option<&DiscreteLaplace>, Option<&DiscreteLaplace>)| {
        audit(context, "a stream above a threshold", (2.0, 0.0), pair(), |scores: &Vec<i64>, mut rng| {
            let threshold = first.map_or(0, |noise| noise.sample(&mut rng));
            let mut noisy =
                scores.iter().map(|score| score + second.map_or(0, |noise| noise.sample(&mut rng)));
            let found = noisy.by_ref().enumerate().find(|(_, noisy)| *noisy >= threshold);
            (found.map(|(i, _)| i), found.map(|(_, noisy)| (noisy - threshold).min(3)))
        })
    };
    match subject {
        Subject::AsShipped => telling(shipped()),
        Subject::Broken => {
            let noise = Some(&threshold_noise);
            let twins = vec![(noise, None), (noise, Some(&little)), (None, Some(&score_noise))];
            each_twin(subject, twins[0], twins, variant)
        }
    }
}

/// A median with and without a value: one beyond a wide stretch that is then likelier; the only one. The twin draws a
/// stretch of equal rank without its width.
pub(super) fn quantile(context: &mut Context, subject: Subject) -> Outcome {
    let range = QuantileRange::new(0, 99).expect("not empty");
    let half = QuantileLevel::new(0.5).expect("inside (0, 1)");
    let mechanism = PrivateQuantile::new(epsilon(1.0), half, range, AddRemoveRow);
    // below 20, at 20, above it
    let cell = i64::signum;
    match subject {
        Subject::AsShipped => {
            let pairs = [(vec![20], vec![20, 99]), (vec![], vec![20])];
            telling(Outcome::worst(pairs.map(|pair| {
                audit(context, "a private quantile", (1.0, 0.0), pair, |values: &Vec<i64>, mut rng| {
                    cell(mechanism.release(values, "audit", &mut rng).value() - 20)
                })
            })))
        }
        Subject::Broken => {
            let law = ExponentialWeights::new(epsilon(1.0), 2).expect("supported");
            audit(
                context,
                "a private quantile",
                (1.0, 0.0),
                (vec![], vec![20_i64]),
                |values: &Vec<i64>, mut rng| {
                    // one stretch, or three of which the second is at distance zero and the others at one half
                    let only = |rng| uniform_below(100, rng) as i64 - 20;
                    cell(if values.is_empty() {
                        only(rng)
                    } else {
                        law.select(&[1, 0, 1], &mut rng) as i64 - 1
                    })
                },
            )
        }
    }
}

/// Uniform below n; the bias of `2⁻⁵⁸` is below anything that an audit sees.
fn uniform_below(n: u64, rng: &mut dyn CryptoRng) -> u64 {
    rng.next_u64() % n
}

/// One answer at the threshold and next to it, and two answers at distance zero. Twins: no noise; four fifths of it; a
/// threshold for twice the δ, which is one less.
pub(super) fn stability(context: &mut Context, subject: Subject) -> Outcome {
    let failure = 0.02;
    let made = |value: f64, failure: f64| {
        StabilityTest::calibrate(epsilon(value), delta(failure), AddRemoveRow).expect("little noise")
    };
    let edge = made(1.0, failure).threshold();
    let test = |mechanism: StabilityTest<AddRemoveRow>, pair: [(u64, u8); 2]| {
        audit(
            context,
            "a stability test",
            (1.0, failure),
            (pair[0], pair[1]),
            move |&(rows, answer), mut rng| {
                let distance = DistanceToInstability::new(rows, AddRemoveRow);
                *mechanism.release(answer, &distance, "audit", &mut rng).expect("the same neighbours").value()
            },
        )
    };
    let pairs = [[(edge, 0), (edge + 1, 0)], [(0, 0), (0, 1)]];
    let shipped = || Outcome::worst(pairs.map(|pair| test(made(1.0, failure), pair)));
    match subject {
        Subject::AsShipped => shipped(),
        Subject::Broken => {
            let exact =
                audit(context, "a stability test", (1.0, failure), (edge, edge + 1), |rows: &u64, _| {
                    *rows > edge
                });
            let little = made(1.25, failure);
            let at_its_edge = [(little.threshold(), 0), (little.threshold() + 1, 0)];
            mildest([exact, test(little, at_its_edge), test(made(1.0, 2.0 * failure), pairs[1])])
        }
    }
}

/// A statistic that moves by the proposed 3 between stable neighbours, and one that moves by 1000 between unstable
/// ones. Twins: no noise on the distance; a threshold for three times δ; noise for three fifths of the proposed bound (of more, so few
/// runs do not tell enough).
pub(super) fn proposal(context: &mut Context, subject: Subject) -> Outcome {
    let (failure, half) = (0.02, 0.5);
    let bound = |steps| LatticeL1Sensitivity::new(steps, AddRemoveRow).expect("positive");
    let made = |failure: f64, statistic: f64| {
        let target = |value: f64| -> Epsilon { epsilon(value) };
        ProposeTestRelease::calibrate((target(half), delta(failure)), target(statistic), bound(3))
            .expect("little noise")
    };
    let edge = made(failure, half).test().threshold();
    let run = |mechanism: ProposeTestRelease<AddRemoveRow>, pair: [(u64, i64); 2]| {
        audit(
            context,
            "propose-test-release",
            (1.0, failure),
            (pair[0], pair[1]),
            move |&(rows, value): &(u64, i64), mut rng| {
                let distance = DistanceToInstability::new(rows, AddRemoveRow);
                let integers = Lattice::new(0).expect("integers are a lattice");
                let statistic = LatticeStatistic::new(vec![value], integers, bound(3), 1 << 20);
                let release =
                    mechanism.release(statistic, &distance, "audit", &mut rng).expect("small entries fit");
                release.value().as_ref().map(|vector| vector.steps()[0].clamp(-1, 4))
            },
        )
    };
    let pairs = [[(edge, 0), (edge + 1, 3)], [(0, 0), (0, 1000)]];
    match subject {
        Subject::AsShipped => Outcome::worst(pairs.map(|pair| run(made(failure, half), pair))),
        Subject::Broken => {
            let exact =
                audit(context, "propose-test-release", (1.0, failure), (edge, edge + 1), |rows: &u64, _| {
                    *rows > edge
                });
            mildest([
                exact,
                run(made(3.0 * failure, half), pairs[1]),
                run(made(failure, half / 0.6), pairs[0]),
            ])
        }
    }
}
