//! Every planted fault is refuted, and its twin is not.

use super::faults::{Bench, Canaries, Fault, all};
use crate::{Context, Level, Outcome, Subject};
use dp_audit::Verdict;
use rand_chacha::ChaCha20Rng;

/// Level of each audit of a fault.
pub(super) const ALPHA: f64 = 1e-3;

/// Level of each audit of a twin.
const TWIN_ALPHA: f64 = 1e-8;

/// How far auditors may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Runs on one neighbour.
    pub(super) rounds: usize,
    /// Canaries of one run.
    pub(super) canaries: usize,
}

/// A hundredth of what a quick run spends.
const IMPATIENT: Budget = Budget { rounds: 640, canaries: 160 };

/// What auditors of a twin may spend.
const OF_TWIN: Budget = Budget { rounds: 1 << 12, canaries: 1 << 10 };

/// Numbers of runs, or of canaries, that are tried one after another.
fn sizes(most: usize) -> impl Iterator<Item = usize> {
    (0..).map(|i| 64_usize << (2 * i)).take_while(move |size| *size <= most)
}

/// How many audits at a level a bench meets: one as runs come, and those of all numbers of runs and of canaries.
fn audits_of(bench: &Bench, budget: Budget) -> usize {
    let canaries = bench.canaries.as_ref().map_or(0, |_| sizes(budget.canaries).count());
    1 + sizes(budget.rounds).count() + canaries
}

/// What an auditor needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// It does not apply to this mechanism.
    Inapplicable,
    /// It found nothing within its budget.
    Nothing,
    /// It refuted the claim at this cost.
    Refuted(u64),
}

impl Cost {
    fn of(verdict: Verdict, cost: u64) -> Self {
        if verdict.is_refuted() { Self::Refuted(cost) } else { Self::Nothing }
    }

    const fn is_refuted(self) -> bool {
        matches!(self, Self::Refuted(_))
    }
}

/// What each auditor needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needed {
    /// From probabilities: nothing is run.
    pub(super) exact: Cost,
    /// Pairs of neighbours.
    pub(super) replay: Cost,
    /// Runs on both neighbours together.
    pub(super) sequential: Cost,
    /// Runs on both neighbours together: the first of 128, 512, 2 048, … that sufficed.
    pub(super) threshold: Cost,
    /// Canaries of one run: the first of 64, 256, 1 024, … that sufficed.
    pub(super) canaries: Cost,
}

impl Needed {
    /// Whether some auditor found something.
    fn is_caught(&self) -> bool {
        [self.exact, self.replay, self.sequential, self.threshold, self.canaries]
            .iter()
            .any(|cost| cost.is_refuted())
    }
}

/// Sends every auditor that applies.
pub(super) fn audit(bench: &Bench, budget: Budget, alpha: f64, rng: &mut ChaCha20Rng) -> Needed {
    let first = |found: Option<Cost>| found.unwrap_or(Cost::Nothing);
    let sequential = bench.trial.sequential(budget.rounds, alpha, rng);
    let threshold = sizes(budget.rounds).find_map(|runs| {
        let heard = bench.trial.threshold(runs, alpha, rng);
        Some(Cost::of(heard.verdict, heard.runs)).filter(|cost| cost.is_refuted())
    });
    let mut in_one_run = |canaries: &Canaries| {
        let mut with = |size: usize| Cost::of(canaries(size, alpha, rng), size as u64);
        first(sizes(budget.canaries).map(&mut with).find(|cost| cost.is_refuted()))
    };
    let canaries = bench.canaries.as_ref().map_or(Cost::Inapplicable, &mut in_one_run);
    Needed {
        exact: bench.exact.as_ref().map_or(Cost::Inapplicable, |exact| Cost::of(exact(), 0)),
        replay: bench.replay.as_ref().map_or(Cost::Inapplicable, |replay| Cost::of(replay(rng), 1)),
        sequential: Cost::of(sequential.verdict, sequential.runs),
        threshold: first(threshold),
        canaries,
    }
}

/// Each fault is caught by both auditors of runs within their budgets, by replay and exact laws where they apply, and
/// its twin by none. The twin of this check has the patience for a hundredth of the runs.
pub(super) fn power(context: &mut Context, subject: Subject) -> Outcome {
    let faults = all();
    let patient = budget(context.level());
    let (mut missed, mut accused) = (Vec::new(), Vec::new());
    for (i, Fault { name, build, .. }) in faults.iter().enumerate() {
        let mut rng = context.rng(i as u64);
        let needed = audit(&build(Subject::Broken), subject.pick(patient, IMPATIENT), ALPHA, &mut rng);
        let runs_suffice = needed.sequential.is_refuted() && needed.threshold.is_refuted();
        let certain = [needed.exact, needed.replay].iter().all(|cost| *cost != Cost::Nothing);
        if !(runs_suffice && certain) {
            missed.push(*name);
        }
        let twin = build(Subject::AsShipped);
        context.spend(TWIN_ALPHA * audits_of(&twin, OF_TWIN) as f64);
        if audit(&twin, OF_TWIN, TWIN_ALPHA, &mut rng).is_caught() {
            accused.push(*name);
        }
        context.progress(i + 1, faults.len());
    }
    let failures = (missed.len() + accused.len()) as u64;
    let note = format!("{} faults; missed: {missed:?}; twins accused: {accused:?}", faults.len());
    Outcome::all_equal(failures, 2 * faults.len() as u64).with_note(note)
}

/// Runs and canaries that suffice for every fault of the list.
/// The auditors' verdict on the planted fault of this name: how many of those that must refute it do, of those of runs and, where they
/// apply, those of exact laws and replay. It is violated if all do, as [`power`] demands.
pub(crate) fn audit_of_planted(context: &mut Context, name: &str) -> Outcome {
    let found = all().into_iter().enumerate().find(|(_, fault)| fault.name == name);
    let Some((i, fault)) = found else { return Outcome::inconclusive("no planted fault has this name") };
    let mut rng = context.rng(i as u64);
    let needed = audit(&(fault.build)(Subject::Broken), budget(context.level()), ALPHA, &mut rng);
    let must = [needed.sequential, needed.threshold, needed.exact, needed.replay];
    let silent = must.iter().filter(|cost| **cost == Cost::Nothing).count();
    match silent {
        0 => {
            Outcome::all_equal(must.iter().filter(|cost| cost.is_refuted()).count() as u64, must.len() as u64)
        }
        _ => Outcome::inconclusive(format!("{silent} auditors found nothing")),
    }
}

/// Names of all planted faults.
#[cfg(test)]
pub(crate) fn planted_faults() -> Vec<&'static str> {
    all().iter().map(|fault| fault.name).collect()
}

pub(super) fn budget(level: Level) -> Budget {
    match level {
        Level::Quick => Budget { rounds: 1 << 16, canaries: 1 << 14 },
        Level::Full => Budget { rounds: 1 << 20, canaries: 1 << 18 },
    }
}
