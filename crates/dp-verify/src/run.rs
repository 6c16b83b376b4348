//! Runs checks on a few threads and hands rows over in claim order.

use crate::{Check, Context, Error, Evidence, Level, Outcome, Registry, Selection, Subject, Verdict};
use dp_claims::{Claim, ClaimKind, ClaimStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::any::Any;
use std::collections::BTreeMap;
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
    mut on_row: impl FnMut(&Row) -> Result<(), Error>,
) -> Result<Vec<Row>, Error> {
    let jobs: Vec<Job> = jobs(registry, selection).into_iter().filter(|job| !settings.is_done(job)).collect();
    let next = AtomicUsize::new(0);
    let overall = overall_bar(settings, jobs.len());
    let (sender, receiver) = mpsc::channel();
    let mut rows = Vec::with_capacity(jobs.len());
    let mut result = Ok(());
    std::thread::scope(|scope| {
        for _ in 0..settings.threads.get().min(jobs.len()) {
            let (sender, jobs, next) = (sender.clone(), &jobs, &next);
            scope.spawn(move || work(jobs, next, settings, &sender));
        }
        drop(sender);
        let mut early = BTreeMap::new();
        for (index, row) in receiver {
            overall.inc(1);
            early.insert(index, row);
            while let Some(row) = early.remove(&rows.len()) {
                if result.is_ok() {
                    result = settings.progress.suspend(|| on_row(&row));
                }
                rows.push(row);
            }
            if result.is_err() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
        }
    });
    overall.finish_and_clear();
    result.map(|()| rows)
}

fn jobs(registry: &Registry, selection: &Selection) -> Vec<Job> {
    let selected = registry.claims().filter(|(_, claim)| selection.contains(claim.id));
    selected
        .flat_map(|(library, claim)| {
            registry.checks_of(claim.id).into_iter().map(move |check| Job { library, claim, check })
        })
        .collect()
}

fn work(jobs: &[Job], next: &AtomicUsize, settings: &Settings, rows: &mpsc::Sender<(usize, Row)>) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(index) else { return };
        if rows.send((index, run_job(job, settings))).is_err() {
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
    let context = Context::new(settings.level, settings.seed, job.claim.id, job.check.evidence);
    let mut context = context.with_progress(bar.clone());
    catch_unwind(AssertUnwindSafe(|| (job.check.run)(&mut context, subject)))
        .unwrap_or_else(|payload| Outcome::inconclusive(format!("panicked: {}", message(payload.as_ref()))))
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
