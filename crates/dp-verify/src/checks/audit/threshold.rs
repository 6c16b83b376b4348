//! Threshold audits of tiny experiments whose every outcome is looked at: the probability of a false statement is a sum
//! of integers.

use super::exact::{approximate, order};
use crate::{Context, Outcome, Subject, larger};
use dp_audit::{Claimed, Event, ExactDivergence, Side, ThresholdAudit, ThresholdReport, Which};
use dp_mechanisms::{FailureProbability, ReplaceRow};
use num_bigint::BigUint;
use std::collections::HashMap;

/// Over all outcomes of all runs, the probability that a report says something false of two known laws (a bound that
/// misses the probability of its event, a δ(ε) or an ε(δ) above the true one) is at most α: a proof for these laws,
/// levels and numbers of runs. The twin chooses the event on the very runs that it is tested on.
pub(super) fn validity(context: &mut Context, subject: Subject) -> Outcome {
    let tested = context.scale(10, 60);
    let (mut parts, mut worst) = (Vec::new(), 0.0_f64);
    for laws in LAWS {
        let experiment = Experiment::new(laws);
        for alpha in [0.5, 0.2, 0.05] {
            let error = match subject {
                Subject::AsShipped => experiment.held_out(tested, alpha),
                Subject::Broken => experiment.reused(6, alpha),
            };
            let exceeded = order(alpha, &error.wrong, &error.all).is_lt();
            worst = larger(worst, approximate(&error.wrong, &error.all) / alpha);
            parts.push(Outcome::all_equal(u64::from(exceeded), error.outcomes));
        }
    }
    Outcome::worst(parts).with_note(format!("largest probability of a false statement: {worst:.3}·α"))
}

/// Weights of the outputs 0, 1, … on either neighbour. The last pair is the hardest for whoever looks for a difference.
const LAWS: [[&[u64]; 2]; 3] = [[&[2, 1, 1], &[1, 1, 2]], [&[4, 3, 1], &[3, 4, 1]], [&[1; 5], &[1; 5]]];

/// Runs that choose, where others are tested on.
const CHOOSING: usize = 3;

/// ε and δ at which statements are compared with the truth.
const EPSILONS: [f64; 7] = [0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 2.0];
const DELTAS: [f64; 4] = [0.0, 0.05, 0.1, 0.25];

struct Experiment {
    laws: [&'static [u64]; 2],
    claimed: Claimed<ReplaceRow>,
    /// Upper bounds of the true δ and ε.
    deltas: [f64; EPSILONS.len()],
    epsilons: [f64; DELTAS.len()],
}

/// What a report depends on: threshold, side, order, hits.
type Seen = (u64, Side, Which, u64, u64);

/// Weight of the outcomes with a false statement, and of all.
struct Error {
    wrong: BigUint,
    all: BigUint,
    outcomes: u64,
}

impl Experiment {
    fn new(laws: [&'static [u64]; 2]) -> Self {
        let bounds = laws.map(|law| {
            let total = law.iter().sum::<u64>() as f64;
            law.iter().map(|w| *w as f64 / total).map(|p| (p.next_down(), p.next_up())).collect::<Vec<_>>()
        });
        let truth = ExactDivergence::new(&bounds[0], &bounds[1], ReplaceRow).expect("weights over their sum");
        let epsilons = DELTAS.map(|delta| truth.epsilon_bounds(delta).1);
        let claimed = Claimed::point(epsilons[0], 0.0, ReplaceRow).expect("no output is impossible");
        Self { laws, claimed, deltas: EPSILONS.map(|epsilon| truth.delta_bounds(epsilon).1), epsilons }
    }

    fn total(&self) -> u64 {
        self.laws[0].iter().sum()
    }

    fn report(&self, scores: [&[f64]; 2], choosing: usize, alpha: f64) -> ThresholdReport<ReplaceRow> {
        let alpha = FailureProbability::new(alpha).expect("levels are below one");
        let audit = ThresholdAudit::new(scores[0].len().max(4), alpha)
            .and_then(|audit| audit.with_choosing_runs(choosing));
        let report = audit.and_then(|audit| audit.refute_scores(scores[0], scores[1], &self.claimed));
        report.expect("as many scores as runs")
    }

    /// The same for reports that differ in nothing else than event and hits, remembered.
    fn is_known_false(&self, report: &ThresholdReport<ReplaceRow>, known: &mut HashMap<Seen, bool>) -> bool {
        let event = report.event();
        let key = (
            event.threshold.to_bits(),
            event.side,
            event.likelier,
            report.likelier().hits(),
            report.other().hits(),
        );
        *known.entry(key).or_insert_with(|| self.is_false(report))
    }

    fn is_false(&self, report: &ThresholdReport<ReplaceRow>) -> bool {
        let half = FailureProbability::new(report.alpha().get() / 2.0).expect("levels are not tiny");
        let weights = self.laws.map(|law| BigUint::from(split(law, report.event()).0));
        let (here, there) =
            report.event().likelier.pick((&weights[0], &weights[1]), (&weights[1], &weights[0]));
        let total = BigUint::from(self.total());
        let misses = order(report.likelier().lower_bound(half), here, &total).is_gt()
            || order(report.other().upper_bound(half), there, &total).is_lt();
        let above_delta = |(epsilon, truth): (&f64, &f64)| report.delta_lower_bound(*epsilon) > *truth;
        let above_epsilon = |(delta, truth): (&f64, &f64)| report.epsilon_lower_bound(*delta) > *truth;
        misses
            || EPSILONS.iter().zip(&self.deltas).any(above_delta)
            || DELTAS.iter().zip(&self.epsilons).any(above_epsilon)
    }

    /// All choosing parts give events; for each event all numbers of hits among the tested runs.
    fn held_out(&self, tested: usize, alpha: f64) -> Error {
        let mut events: Vec<(Event, [Vec<f64>; 2], BigUint)> = Vec::new();
        for (first, here) in samples(self.laws[0], CHOOSING) {
            for (second, there) in samples(self.laws[1], CHOOSING) {
                let padded = [&first, &second].map(|sample| [&sample[..], &[0.0; 2]].concat());
                let event = self.report([&padded[0], &padded[1]], CHOOSING, alpha).event();
                let weight = &here * &there;
                match events.iter_mut().find(|(known, ..)| *known == event) {
                    Some((.., sum)) => *sum += weight,
                    None => events.push((event, [first.clone(), second], weight)),
                }
            }
        }
        let mut error = Error { wrong: BigUint::ZERO, all: BigUint::ZERO, outcomes: 0 };
        for (event, choosers, weight) in events {
            let masses = self.laws.map(|law| hits(law, event, tested));
            for (first, here) in masses[0].iter().enumerate() {
                for (second, there) in masses[1].iter().enumerate() {
                    let weight = &weight * here * there;
                    if weight > BigUint::ZERO {
                        let scores =
                            [0, 1].map(|i| self.with_hits(event, &choosers[i], [first, second][i], tested));
                        let report = self.report([&scores[0], &scores[1]], CHOOSING, alpha);
                        error.wrong += if self.is_false(&report) { weight.clone() } else { BigUint::ZERO };
                        error.all += weight;
                        error.outcomes += 1;
                    }
                }
            }
        }
        assert_eq!(
            error.all,
            BigUint::from(self.total()).pow(2 * (CHOOSING + tested) as u32),
            "every outcome was seen"
        );
        error
    }

    /// Scores that choose this event, then so many hits, then misses.
    fn with_hits(&self, event: Event, choosing: &[f64], hits: usize, tested: usize) -> Vec<f64> {
        let outputs = || (0..self.laws[0].len()).map(|output| output as f64);
        let hit = outputs().find(|output| event.occurs(*output)).unwrap_or_default();
        let miss = outputs().find(|output| !event.occurs(*output)).unwrap_or_default();
        let tests = (0..tested).map(|run| if run < hits { hit } else { miss });
        choosing.iter().copied().chain(tests).collect()
    }

    /// All outcomes of one part that both chooses and is tested on.
    fn reused(&self, runs: usize, alpha: f64) -> Error {
        let mut error = Error { wrong: BigUint::ZERO, all: BigUint::ZERO, outcomes: 0 };
        let mut known = HashMap::new();
        for (first, here) in samples(self.laws[0], runs) {
            for (second, there) in samples(self.laws[1], runs) {
                let twice = [&first, &second].map(|sample| sample.repeat(2));
                let report = self.report([&twice[0], &twice[1]], runs, alpha);
                let weight = &here * &there;
                error.wrong +=
                    if self.is_known_false(&report, &mut known) { weight.clone() } else { BigUint::ZERO };
                error.all += weight;
                error.outcomes += 1;
            }
        }
        error
    }
}

/// Every multiset of `runs` outputs, with the weight of all its orders.
fn samples(law: &'static [u64], runs: usize) -> impl Iterator<Item = (Vec<f64>, BigUint)> {
    counts(law.len(), runs).into_iter().map(move |counts| {
        let mut left = runs as u64;
        let mut weight = BigUint::from(1_u32);
        for (count, output) in counts.iter().zip(law) {
            weight *= choose(left, *count as u64) * BigUint::from(*output).pow(*count as u32);
            left -= *count as u64;
        }
        let outputs = counts.iter().enumerate().flat_map(|(output, count)| vec![output as f64; *count]);
        (outputs.collect(), weight)
    })
}

/// Every way to write `sum` as `parts` counts.
fn counts(parts: usize, sum: usize) -> Vec<Vec<usize>> {
    if parts == 1 {
        return vec![vec![sum]];
    }
    let with = |first: usize| {
        counts(parts - 1, sum - first).into_iter().map(move |rest| [vec![first], rest].concat())
    };
    (0..=sum).flat_map(with).collect()
}

fn choose(n: u64, k: u64) -> BigUint {
    (0..k).fold(BigUint::from(1_u32), |product, i| product * (n - i) / (i + 1))
}

/// Weights of an event and of its complement.
fn split(law: &[u64], event: Event) -> (u64, u64) {
    let weight = |side: bool| {
        law.iter().enumerate().filter(|(i, _)| event.occurs(*i as f64) == side).map(|(_, w)| w).sum()
    };
    (weight(true), weight(false))
}

/// Weights of `0 … runs` hits of an event.
fn hits(law: &[u64], event: Event, runs: usize) -> Vec<BigUint> {
    let (inside, outside) = split(law, event);
    let (inside, outside) = (BigUint::from(inside), BigUint::from(outside));
    let mass =
        |k: usize| choose(runs as u64, k as u64) * inside.pow(k as u32) * outside.pow((runs - k) as u32);
    (0..=runs).map(mass).collect()
}
