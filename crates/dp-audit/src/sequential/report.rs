//! What a sequential audit found.

use super::level;
use super::test::{READ, SequentialTest};
use crate::claimed::PrivacyPoint;
use crate::error::Unsound;
use crate::threshold::Event;
use crate::verdict::Verdict;
use dp_mechanisms::{Adjacency, FailureProbability};
use serde::{Deserialize, Serialize};

/// The verdict on one point of a claim, and how many runs it took.
///
/// # Example
///
/// ```
/// use dp_audit::{Claimed, Experiment, Neighbours, SequentialAudit, from_fn};
/// use dp_mechanisms::{FailureProbability, ReplaceRow, secure_rng};
///
/// let leak = from_fn(|bit: &bool, _rng| *bit);
/// let pair = Neighbours::new(true, false, ReplaceRow);
/// let experiment = Experiment::new(&leak, &pair, |output: &bool| f64::from(u8::from(*output)));
/// let audit = SequentialAudit::new(10_000, FailureProbability::new(1e-9)?)?;
/// let report = audit.refute(&experiment, &Claimed::point(2.0, 1e-3, ReplaceRow)?, &mut secure_rng()?);
/// assert_eq!(report.epsilon_lower_bound(), Some(2.0));
/// let text = serde_json::to_string(&report).unwrap();
/// assert!(text.contains("alpha") && text.contains("pilot_rounds"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", try_from = "Record<A>")]
pub struct SequentialReport<A> {
    pub(super) alpha: FailureProbability,
    pub(super) adjacency: A,
    pub(super) claimed_adjacency: A,
    pub(super) stage: u32,
    pub(super) pilot_rounds: u64,
    pub(super) event: Event,
    pub(super) test: SequentialTest,
}

/// As read from a file.
#[derive(Deserialize)]
#[serde(bound = "A: Adjacency")]
struct Record<A> {
    alpha: FailureProbability,
    adjacency: A,
    claimed_adjacency: A,
    stage: u32,
    pilot_rounds: u64,
    event: Event,
    test: SequentialTest,
}

impl<A> TryFrom<Record<A>> for SequentialReport<A> {
    type Error = Unsound;

    /// The test may err with no more than its stage's part of α.
    fn try_from(record: Record<A>) -> Result<Self, Unsound> {
        let Record { alpha, adjacency, claimed_adjacency, stage, pilot_rounds, event, test } = record;
        let is_counted = stage >= 1 && test.alpha().get() <= level(alpha, stage).get() * READ;
        if is_counted && event.is_sound() {
            Ok(Self { alpha, adjacency, claimed_adjacency, stage, pilot_rounds, event, test })
        } else {
            Err(Unsound)
        }
    }
}

impl<A: Adjacency> SequentialReport<A> {
    /// About the claim that the audit was given. A claim about other neighbours than those of the experiment is not
    /// refuted.
    pub fn verdict(&self) -> Verdict {
        // adjacencies can differ in value, not only in type
        let same = self.claimed_adjacency == self.adjacency;
        Verdict::refuted_if(same && self.test.verdict().is_refuted())
    }

    /// The point of the claim that the last stage tested: chosen by its pilot.
    #[must_use]
    pub const fn tested(&self) -> PrivacyPoint {
        self.test.claim()
    }

    /// The ε of the tested point if it was refuted for the neighbours of the experiment: for them, a lower bound of ε at
    /// that point's δ.
    #[must_use]
    pub fn epsilon_lower_bound(&self) -> Option<f64> {
        self.test.verdict().is_refuted().then_some(self.tested().epsilon())
    }

    /// Probability with which a refutation may be wrong, all stages together.
    #[must_use]
    pub const fn alpha(&self) -> FailureProbability {
        self.alpha
    }

    /// The stage that the audit ended in, from one.
    #[must_use]
    pub const fn stage(&self) -> u32 {
        self.stage
    }

    /// In what sense the two data sets are neighbours.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// The neighbours that the claim is about.
    pub const fn claimed_adjacency(&self) -> A {
        self.claimed_adjacency
    }

    /// The event that the last pilot chose.
    #[must_use]
    pub const fn event(&self) -> Event {
        self.event
    }

    /// Rounds that chose the last event and taught the statistic; that event was not tested on them.
    #[must_use]
    pub const fn pilot_rounds(&self) -> u64 {
        self.pilot_rounds
    }

    /// All runs, on both neighbours together, pilot included.
    #[must_use]
    pub const fn total_runs(&self) -> u64 {
        self.pilot_rounds.saturating_add(self.test.rounds()).saturating_mul(2)
    }

    /// The test of the last stage, with its capital: about the neighbours of the experiment, whatever the claim is about.
    #[must_use]
    pub const fn test(&self) -> &SequentialTest {
        &self.test
    }
}
