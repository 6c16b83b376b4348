//! Runs checks on a few threads and hands rows over in claim order.

use crate::mutants::{Fate, Mutant, Trial, Variant};
use crate::{
    Check, Context, Error, Evidence, Level, Outcome, Registry, Relation, Selection, Subject, Verdict, checks,
};
use dp_claims::{Claim, ClaimKind, ClaimStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How to run.
///
/// ```
/// use dp_verify::{Level, Registry, Selection, Settings, run};
/// let registry = Registry::new(vec![], vec![]);
/// let rows = run(&registry, &Selection::everything(), &Settings::new(Level::Quick, 1), |_| Ok(()))?;
/// assert!(rows.is_empty());
/// # Ok::<(), dp_verify::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// Effort.
    pub level: Level,
    /// Seed of every generator in the run.
    pub seed: u64,
    /// Number of worker threads; it changes timings only.
    pub threads: NonZeroUsize,
    /// Where progress is drawn.
    pub progress: MultiProgress,
    /// Claims and kinds of evidence that are not run again.
    pub done: Vec<(&'static str, Evidence)>,
}

impl Settings {
    /// Two threads and no progress bars.
    #[must_use]
    pub fn new(level: Level, seed: u64) -> Self {
        let progress = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let threads = NonZeroUsize::MIN.saturating_add(1);
        Self { level, seed, threads, progress, done: Vec::new() }
    }

    fn is_done(&self, job: &Job) -> bool {
        self.done.contains(&(job.claim.id, job.check.evidence))
    }
}

/// What the check said about the broken twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// Violated, as it must be: the check can see this fault.
    Rejected,
    /// Anything else. A check that lets a broken twin pass is no evidence for the whole one.
    Accepted,
}

impl Control {
    /// Lower-case name, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Accepted => "accepted",
        }
    }
}

/// The levels of all tests of a run together are at most this: the probability that an honest library is red at a fresh seed.
pub const FAMILY_ALPHA: f64 = 1e-3;

/// The levels of all tests behind these rows, added up.
#[must_use]
pub fn family_alpha(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.shipped.alpha).sum()
}

/// One claim under one kind of evidence.
///
/// [`run`] makes them; [`crate::report`] prints them.
///
/// ```
/// use dp_verify::{Level, Registry, Row, Selection, Settings, run};
/// let is_red = |row: &Row| !row.is_green();
/// let rows = run(&Registry::new(vec![], vec![]), &Selection::everything(), &Settings::new(Level::Quick, 1), |_| Ok(()))?;
/// assert!(!rows.iter().any(is_red));
/// # Ok::<(), dp_verify::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Row {
    /// The claim.
    pub id: &'static str,
    /// The crate that makes it.
    pub library: &'static str,
    /// What sort of statement it is.
    pub kind: ClaimKind,
    /// How it relates to its source.
    pub status: ClaimStatus,
    /// How the check argues.
    pub evidence: Evidence,
    /// What the check found on the thing as shipped.
    pub shipped: Outcome,
    /// What the check found on the broken twin.
    pub broken: Outcome,
    /// Seed of the run.
    pub seed: u64,
    /// Wall clock of both subjects together.
    pub elapsed: Duration,
}

impl Row {
    /// Whether the broken twin was caught.
    #[must_use]
    pub fn control(&self) -> Control {
        if self.broken.verdict == Verdict::Violated { Control::Rejected } else { Control::Accepted }
    }

    /// Share of what the bound allows that was observed, beyond one where the claim is violated; nothing where zero is allowed or seen.
    #[must_use]
    pub fn used(&self) -> Option<f64> {
        let used = match self.shipped.relation {
            Relation::AtMost => self.shipped.observed / self.shipped.bound,
            Relation::AtLeast => self.shipped.bound / self.shipped.observed,
            Relation::None => f64::NAN,
        };
        (used.is_finite() && used >= 0.0).then_some(used)
    }

    /// The claim holds and the check has shown that it can tell.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.shipped.verdict == Verdict::Holds && self.control() == Control::Rejected
    }
}

/// One check to run, with what its row repeats about the claim.
#[derive(Clone, Copy)]
struct Job {
    library: &'static str,
    claim: &'static Claim,
    check: Check,
}

/// Runs every selected check on both subjects; `on_row` sees the rows in claim order, as soon as that order allows.
///
/// A check that panics makes a red row; the others go on.
///
/// # Errors
/// The first error of `on_row`; checks that have not started by then are not run.
pub fn run(
    registry: &Registry,
    selection: &Selection,
    settings: &Settings,
    on_row: impl FnMut(&Row) -> Result<(), Error>,
) -> Result<Vec<Row>, Error> {
    let jobs: Vec<Job> = jobs(registry, selection).into_iter().filter(|job| !settings.is_done(job)).collect();
    in_order(&jobs, settings, |job| run_job(job, settings), on_row)
}

/// Runs the broken variants of every mutant with a selected check, and nothing else; `on_fate` sees the mutants in the order of the
/// catalogue, as soon as that order allows. A check that is in several mutants runs once.
///
/// A check that panics rejects nothing.
///
/// # Errors
/// The first error of `on_fate`; checks that have not started by then are not run.
pub fn run_mutants(
    registry: &Registry,
    selection: &Selection,
    settings: &Settings,
    mut on_fate: impl FnMut(&Fate) -> Result<(), Error>,
) -> Result<Vec<Fate>, Error> {
    let jobs = jobs(registry, selection);
    let each = registry.mutants().iter().map(|mutant| (*mutant, broken_of(mutant, &jobs)));
    let mut waiting: VecDeque<_> = each.filter(|(_, broken)| !broken.is_empty()).collect();
    let mut distinct: Vec<Broken> = Vec::new();
    for broken in waiting.iter().flat_map(|(_, broken)| broken) {
        if !distinct.iter().any(|known| known.key() == broken.key()) {
            distinct.push(*broken);
        }
    }
    let (mut seen, mut fates) = (Vec::new(), Vec::new());
    let judge = |broken: &Broken| (*broken, run_broken(broken, settings));
    in_order(&distinct, settings, judge, |done| {
        seen.push(done.clone());
        while let Some(fate) = waiting.front().and_then(|(mutant, broken)| fate(mutant, broken, &seen)) {
            waiting.pop_front();
            on_fate(&fate)?;
            fates.push(fate);
        }
        Ok(())
    })?;
    Ok(fates)
}

/// A job whose broken variant alone is run.
#[derive(Clone, Copy)]
struct Broken {
    job: Job,
    variant: Variant,
}

impl Broken {
    fn key(&self) -> (&'static str, Evidence, Variant) {
        (self.job.claim.id, self.job.check.evidence, self.variant)
    }
}

fn broken_of(mutant: &Mutant, jobs: &[Job]) -> Vec<Broken> {
    let named = |job: &&Job| mutant.checks.contains(&(job.claim.id, job.check.evidence));
    jobs.iter().filter(named).map(|job| Broken { job: *job, variant: mutant.variant }).collect()
}

/// What became of a mutant, once all of its checks are among those seen.
fn fate(mutant: &Mutant, broken: &[Broken], seen: &[(Broken, Outcome)]) -> Option<Fate> {
    let trial = |broken: &Broken| {
        let (_, outcome) = seen.iter().find(|(done, _)| done.key() == broken.key())?;
        let (claim, evidence) = (broken.job.claim.id, broken.job.check.evidence);
        Some(Trial { claim, evidence, outcome: outcome.clone() })
    };
    let trials = broken.iter().map(trial).collect::<Option<Vec<Trial>>>()?;
    Some(Fate { mutant: *mutant, library: broken.first()?.job.library, trials })
}

fn run_broken(broken: &Broken, settings: &Settings) -> Outcome {
    let bar = check_bar(settings, &broken.job);
    let outcome = match broken.variant {
        Variant::Twin => run_subject(&broken.job, Subject::Broken, settings, &bar),
        Variant::Planted(fault) => {
            guarded(&broken.job, settings, &bar, |context| checks::audit_of_planted(context, fault))
        }
    };
    bar.finish_and_clear();
    outcome
}

/// Does jobs on a few threads; `on_done` sees the results in the order of the jobs, as soon as that order allows.
fn in_order<J: Sync, T: Send>(
    jobs: &[J],
    settings: &Settings,
    work: impl Fn(&J) -> T + Sync,
    mut on_done: impl FnMut(&T) -> Result<(), Error>,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let overall = overall_bar(settings, jobs.len());
    let (sender, receiver) = mpsc::channel();
    let mut all = Vec::with_capacity(jobs.len());
    let mut result = Ok(());
    std::thread::scope(|scope| {
        for _ in 0..settings.threads.get().min(jobs.len()) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || take_jobs(jobs, next, work, &sender));
        }
        drop(sender);
        let mut early = BTreeMap::new();
        for (index, done) in receiver {
            overall.inc(1);
            early.insert(index, done);
            while let Some(done) = early.remove(&all.len()) {
                if result.is_ok() {
                    result = settings.progress.suspend(|| on_done(&done));
                }
                all.push(done);
            }
            if result.is_err() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
        }
    });
    overall.finish_and_clear();
    result.map(|()| all)
}

fn jobs(registry: &Registry, selection: &Selection) -> Vec<Job> {
    let selected = registry.claims().filter(|(_, claim)| selection.contains(claim.id));
    selected
        .flat_map(|(library, claim)| {
            registry.checks_of(claim.id).into_iter().map(move |check| Job { library, claim, check })
        })
        .collect()
}

fn take_jobs<J, T>(jobs: &[J], next: &AtomicUsize, work: impl Fn(&J) -> T, done: &mpsc::Sender<(usize, T)>) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(index) else { return };
        if done.send((index, work(job))).is_err() {
            return;
        }
    }
}

fn run_job(job: &Job, settings: &Settings) -> Row {
    let start = Instant::now();
    let bar = check_bar(settings, job);
    let [shipped, broken] =
        [Subject::AsShipped, Subject::Broken].map(|subject| run_subject(job, subject, settings, &bar));
    bar.finish_and_clear();
    Row {
        id: job.claim.id,
        library: job.library,
        kind: job.claim.kind,
        status: job.claim.status,
        evidence: job.check.evidence,
        shipped,
        broken,
        seed: settings.seed,
        elapsed: start.elapsed(),
    }
}

fn run_subject(job: &Job, subject: Subject, settings: &Settings, bar: &ProgressBar) -> Outcome {
    guarded(job, settings, bar, |context| (job.check.run)(context, subject))
}

/// Runs with a job's context; a panic is inconclusive.
fn guarded(
    job: &Job,
    settings: &Settings,
    bar: &ProgressBar,
    run: impl FnOnce(&mut Context) -> Outcome,
) -> Outcome {
    let context = Context::new(settings.level, settings.seed, job.claim.id, job.check.evidence);
    let mut context = context.with_progress(bar.clone());
    let outcome = catch_unwind(AssertUnwindSafe(|| run(&mut context)))
        .unwrap_or_else(|payload| Outcome::inconclusive(format!("panicked: {}", message(payload.as_ref()))));
    let rests_on_chance = matches!(job.check.evidence, Evidence::Statistical | Evidence::Audit);
    if rests_on_chance && outcome.verdict == Verdict::Holds && context.spent() == 0.0 {
        return Outcome::inconclusive("a check that rests on chance and states no level");
    }
    Outcome { alpha: context.spent(), ..outcome }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn overall_bar(settings: &Settings, len: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {pos}/{len} checks")
        .expect("the template is a constant that parses");
    settings.progress.add(ProgressBar::new(len as u64).with_style(style))
}

fn check_bar(settings: &Settings, job: &Job) -> ProgressBar {
    let style = ProgressStyle::with_template("  {msg} {wide_bar} {percent:>3}%")
        .expect("the template is a constant that parses");
    let bar = settings.progress.add(ProgressBar::new(1).with_style(style));
    bar.set_message(format!("{} ({})", job.claim.id, job.check.evidence));
    bar
}
