//! Every planted fault is refuted, and its twin is not.

use super::faults::{Bench, Fault, all};
use crate::{Context, Level, Outcome, Subject};
use dp_audit::Verdict;
use rand_chacha::ChaCha20Rng;

/// Level of each audit.
pub(super) const ALPHA: f64 = 1e-3;

/// How far auditors may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Runs on one neighbour.
    pub(super) rounds: usize,
    /// Canaries of one run.
    pub(super) canaries: usize,
}

impl Budget {
    fn hundredth(self) -> Self {
        Self { rounds: self.rounds / 100, canaries: self.canaries / 100 }
    }
}

/// What each auditor needed; `None` if it does not apply, `Some(None)` if it found nothing within its budget.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needed {
    /// From probabilities: nothing is run.
    pub(super) exact: Option<Option<u64>>,
    /// Pairs of neighbours.
    pub(super) replay: Option<Option<u64>>,
    /// Runs on both neighbours together.
    pub(super) sequential: Option<Option<u64>>,
    /// Runs on both neighbours together: the first power of four times 64 that sufficed.
    pub(super) threshold: Option<Option<u64>>,
    /// Canaries of one run: the first power of four times 64 that sufficed.
    pub(super) canaries: Option<Option<u64>>,
}

impl Needed {
    fn all(&self) -> [Option<Option<u64>>; 5] {
        [self.exact, self.replay, self.sequential, self.threshold, self.canaries]
    }

    /// Whether some auditor found something.
    pub(super) fn is_caught(&self) -> bool {
        self.all().iter().any(|needed| matches!(needed, Some(Some(_))))
    }
}

/// Sends every auditor that applies.
pub(super) fn audit(bench: &Bench, budget: Budget, rng: &mut ChaCha20Rng) -> Needed {
    let once = |verdict: Verdict, cost: u64| verdict.is_refuted().then_some(cost);
    let sizes = |most: usize| (0..).map(|i| 64_usize << (2 * i)).take_while(move |size| *size <= most);
    let sequential = bench.trial.sequential(budget.rounds, ALPHA, rng);
    let threshold = sizes(budget.rounds).find_map(|runs| {
        let heard = bench.trial.threshold(runs, ALPHA, rng);
        once(heard.verdict, heard.runs)
    });
    Needed {
        exact: bench.exact.as_ref().map(|exact| once(exact(), 0)),
        replay: bench.replay.as_ref().map(|replay| once(replay(rng), 1)),
        sequential: Some(once(sequential.verdict, sequential.runs)),
        threshold: Some(threshold),
        canaries: bench.canaries.as_ref().map(|canaries| {
            sizes(budget.canaries).find_map(|size| once(canaries(size, ALPHA, rng), size as u64))
        }),
    }
}

/// Each fault is caught by both auditors of runs within their budgets, by replay and exact laws where they apply, and its twin by
/// none. The twin of this check has the patience for a hundredth of the runs.
pub(super) fn power(context: &mut Context, subject: Subject) -> Outcome {
    let faults = all();
    let full = budget(context.level());
    let (mut missed, mut accused) = (Vec::new(), Vec::new());
    for (i, Fault { name, build, .. }) in faults.iter().enumerate() {
        let mut rng = context.rng(i as u64);
        let needed = audit(&build(Subject::Broken), subject.pick(full, full.hundredth()), &mut rng);
        let runs_suffice = matches!((needed.sequential, needed.threshold), (Some(Some(_)), Some(Some(_))));
        let certain = [needed.exact, needed.replay].iter().all(|needed| *needed != Some(None));
        if !(runs_suffice && certain) {
            missed.push(*name);
        }
        let twin = Budget { rounds: 1 << 12, canaries: 1 << 10 };
        if audit(&build(Subject::AsShipped), twin, &mut rng).is_caught() {
            accused.push(*name);
        }
        context.progress(i + 1, faults.len());
    }
    let failures = (missed.len() + accused.len()) as u64;
    let note = format!("{} faults; missed: {missed:?}; twins accused: {accused:?}", faults.len());
    Outcome::all_equal(failures, 2 * faults.len() as u64).with_note(note)
}

/// Runs and canaries that suffice for every fault of the list.
pub(super) fn budget(level: Level) -> Budget {
    match level {
        Level::Quick => Budget { rounds: 1 << 16, canaries: 1 << 14 },
        Level::Full => Budget { rounds: 1 << 20, canaries: 1 << 18 },
    }
}
