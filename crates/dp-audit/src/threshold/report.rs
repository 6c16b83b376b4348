//! What a threshold audit found.

use super::Event;
use crate::binomial::Proportion;
use crate::claimed::{Claimed, PrivacyPoint};
use crate::enclosure::Enclosure;
use crate::error::Unsound;
use crate::verdict::Verdict;
use dp_mechanisms::{Adjacency, FailureProbability, PrivacyProfile};
use serde::{Deserialize, Serialize};

/// An event, how often it was seen on either neighbour, and what follows: lower bounds, never a proof of privacy.
///
/// # Guarantee
///
/// All statements of one report hold together, unless an event of probability at most α occurred, if runs are
/// independent.
///
/// # Example
///
/// ```
/// use dp_audit::{Claimed, ThresholdAudit};
/// use dp_mechanisms::{FailureProbability, ReplaceRow};
///
/// // scores from elsewhere: a mechanism that says 1 on one neighbour and 0 on the other, nine times out of ten
/// let said = |usual: f64| (0..1000).map(|i| if i % 10 == 0 { 1.0 - usual } else { usual }).collect::<Vec<_>>();
/// let claimed = Claimed::point(1.0, 0.0, ReplaceRow)?;
/// let report = ThresholdAudit::new(1000, FailureProbability::new(1e-3)?)?.refute_scores(&said(1.0), &said(0.0), &claimed)?;
/// assert!(report.refutes_claimed(&claimed).is_refuted());
/// // the true value is ln 9 = 2.197
/// let epsilon = report.epsilon_lower_bound(0.0);
/// assert!(1.6 < epsilon && epsilon < 9_f64.ln());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", try_from = "Record<A>")]
pub struct ThresholdReport<A> {
    pub(super) alpha: FailureProbability,
    pub(super) adjacency: A,
    pub(super) learning_runs: u64,
    pub(super) choosing_runs: u64,
    pub(super) event: Event,
    pub(super) likelier: Proportion,
    pub(super) other: Proportion,
}

/// As read from a file.
#[derive(Deserialize)]
#[serde(bound = "A: Adjacency")]
struct Record<A> {
    alpha: FailureProbability,
    adjacency: A,
    learning_runs: u64,
    choosing_runs: u64,
    event: Event,
    likelier: Proportion,
    other: Proportion,
}

impl<A> TryFrom<Record<A>> for ThresholdReport<A> {
    type Error = Unsound;

    fn try_from(record: Record<A>) -> Result<Self, Unsound> {
        let Record { alpha, adjacency, learning_runs, choosing_runs, event, likelier, other } = record;
        // each neighbour is run equally often
        let sound = event.is_sound() && likelier.runs() == other.runs();
        let report = Self { alpha, adjacency, learning_runs, choosing_runs, event, likelier, other };
        if sound { Ok(report) } else { Err(Unsound) }
    }
}

impl<A: Adjacency> ThresholdReport<A> {
    /// Probability with which the report may be wrong.
    #[must_use]
    pub const fn alpha(&self) -> FailureProbability {
        self.alpha
    }

    /// In what sense the two data sets are neighbours.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Runs on each neighbour that taught the statistic; no others did.
    #[must_use]
    pub const fn learning_runs(&self) -> u64 {
        self.learning_runs
    }

    /// Runs on each neighbour that chose the event; they were not tested on.
    #[must_use]
    pub const fn choosing_runs(&self) -> u64 {
        self.choosing_runs
    }

    /// All runs, on both neighbours together.
    #[must_use]
    pub const fn total_runs(&self) -> u64 {
        let runs = self.learning_runs.saturating_add(self.choosing_runs);
        runs.saturating_add(self.likelier.runs()).saturating_mul(2)
    }

    /// The event that was chosen.
    #[must_use]
    pub const fn event(&self) -> Event {
        self.event
    }

    /// How often it was seen on the neighbour where it was to be the likelier, among the tested runs.
    #[must_use]
    pub const fn likelier(&self) -> Proportion {
        self.likelier
    }

    /// How often it was seen on the other neighbour, among the tested runs.
    #[must_use]
    pub const fn other(&self) -> Proportion {
        self.other
    }

    /// Lower bound of the δ of any (ε, δ) guarantee with this ε: `P₁ − e^ε P₂` from below, or zero.
    #[must_use]
    pub fn delta_lower_bound(&self, epsilon: f64) -> f64 {
        Bounds::of(self).delta(epsilon)
    }

    /// Lower bound of the ε of any (ε, δ) guarantee with this δ: `ln((P₁ − δ)/P₂)` from below, or zero.
    #[must_use]
    pub fn epsilon_lower_bound(&self, delta: f64) -> f64 {
        let bounds = Bounds::of(self);
        let ratio =
            (Enclosure::point(bounds.lower) - Enclosure::point(delta)) / Enclosure::point(bounds.upper);
        if ratio.lo > 1.0 { ratio.ln().lo.max(0.0) } else { 0.0 }
    }

    /// Whether a guarantee contradicts what was seen.
    pub fn refutes(&self, profile: &PrivacyProfile<A>) -> Verdict {
        self.refutes_claimed(&Claimed::from(profile))
    }

    /// The same for a prepared guarantee: cheaper, if there are many reports.
    pub fn refutes_claimed(&self, claimed: &Claimed<A>) -> Verdict {
        Verdict::refuted_if(self.violation(claimed).is_some())
    }

    /// The point of the guarantee that is contradicted the most, if any is.
    #[must_use]
    pub fn violation(&self, claimed: &Claimed<A>) -> Option<PrivacyPoint> {
        let bounds = Bounds::of(self);
        let excess = |point: &PrivacyPoint| bounds.delta(point.epsilon()) - point.delta();
        let worst = claimed.points().iter().max_by(|a, b| excess(a).total_cmp(&excess(b)))?;
        // adjacencies can differ in value, not only in type
        (excess(worst) > 0.0 && claimed.adjacency() == self.adjacency).then_some(*worst)
    }
}

/// The two Clopper-Pearson bounds, each at no more than half the level.
struct Bounds {
    lower: f64,
    upper: f64,
}

impl Bounds {
    fn of<A>(report: &ThresholdReport<A>) -> Self {
        // one step down, as half of a number below the normal ones may be rounded up
        match FailureProbability::new((report.alpha.get() / 2.0).next_down()) {
            Ok(half) => {
                Self { lower: report.likelier.lower_bound(half), upper: report.other.upper_bound(half) }
            }
            // that of the smallest floats is none: nothing can be said
            Err(_) => Self { lower: 0.0, upper: 1.0 },
        }
    }

    fn delta(&self, epsilon: f64) -> f64 {
        let difference =
            Enclosure::point(self.lower) - Enclosure::point(epsilon).exp() * Enclosure::point(self.upper);
        // a difference of floats, one step down: above zero only if the exact one is
        if difference.lo.is_nan() { 0.0 } else { difference.lo.max(0.0) }
    }
}
