//! What an audit with many canaries found.

use super::bound::guess_tail_bound;
use crate::binomial::MAX_TRIALS;
use crate::claimed::{Claimed, PrivacyPoint};
use crate::error::Error;
use crate::verdict::Verdict;
use dp_mechanisms::{Adjacency, FailureProbability, PrivacyProfile};
use serde::{Deserialize, Serialize};

/// How many guesses were right, and what that excludes.
///
/// # Guarantee
///
/// All statements of one report hold together, unless an event of probability at most α occurred.
///
/// # Example
///
/// ```
/// use dp_audit::{Guess, Guesses, Inclusion, OneRunAudit};
/// use dp_mechanisms::{FailureProbability, ReplaceRow, secure_rng};
///
/// // a mechanism that publishes its input
/// let inclusion = Inclusion::draw(500, &mut secure_rng()?);
/// let guesses = Guesses::new(inclusion.iter().map(Guess::About).collect());
/// let report = OneRunAudit::new(500, FailureProbability::new(1e-6)?, ReplaceRow).judge(&inclusion, &guesses)?;
/// // q⁵⁰⁰ = 10⁻⁶ at q = 0.973: ε = ln(q/(1 − q))
/// assert!(report.epsilon_lower_bound(0.0) > 3.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", try_from = "Record<A>")]
pub struct OneRunReport<A> {
    pub(super) alpha: FailureProbability,
    pub(super) adjacency: A,
    pub(super) canaries: u64,
    pub(super) max_guesses: u64,
    pub(super) guesses: u64,
    pub(super) right: u64,
}

/// As read from a file.
#[derive(Deserialize)]
#[serde(bound = "A: Adjacency")]
struct Record<A> {
    alpha: FailureProbability,
    adjacency: A,
    canaries: u64,
    max_guesses: u64,
    guesses: u64,
    right: u64,
}

impl<A> TryFrom<Record<A>> for OneRunReport<A> {
    type Error = Error;

    fn try_from(record: Record<A>) -> Result<Self, Error> {
        let Record { alpha, adjacency, canaries, max_guesses, guesses, right } = record;
        let trials = |hits: u64, runs: u64, sound: bool| {
            if sound { Ok(()) } else { Err(Error::Trials { hits, runs }) }
        };
        trials(right, guesses, right <= guesses)?;
        trials(guesses, max_guesses, guesses <= max_guesses)?;
        trials(max_guesses, canaries, max_guesses <= canaries && canaries <= MAX_TRIALS)?;
        Ok(Self { alpha, adjacency, canaries, max_guesses, guesses, right })
    }
}

impl<A: Adjacency> OneRunReport<A> {
    /// Probability with which the report may be wrong.
    #[must_use]
    pub const fn alpha(&self) -> FailureProbability {
        self.alpha
    }

    /// The adjacency between data with and without one canary.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Canaries whose coins were thrown.
    #[must_use]
    pub const fn canaries(&self) -> u64 {
        self.canaries
    }

    /// Guesses that were allowed; fixed before the run.
    #[must_use]
    pub const fn max_guesses(&self) -> u64 {
        self.max_guesses
    }

    /// Guesses that were made.
    #[must_use]
    pub const fn guesses(&self) -> u64 {
        self.guesses
    }

    /// Guesses that were right.
    #[must_use]
    pub const fn right(&self) -> u64 {
        self.right
    }

    /// Upper bound of the probability of so many right guesses under (ε, δ).
    #[must_use]
    pub fn p_value(&self, claim: PrivacyPoint) -> f64 {
        guess_tail_bound(self.right, self.max_guesses, self.canaries, claim)
    }

    /// Lower bound of the ε of any (ε, δ) guarantee with this δ. Zero if nothing was found, and for a δ that is none.
    #[must_use]
    pub fn epsilon_lower_bound(&self, delta: f64) -> f64 {
        // any ε at which so many right guesses are too unlikely is a valid bound; bisection looks for a large one
        let excluded = |epsilon: f64| {
            PrivacyPoint::new(epsilon, delta).is_ok_and(|claim| self.p_value(claim) <= self.alpha.get())
        };
        let (mut low, mut high) = (0.0, LARGEST_EPSILON);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if excluded(middle) { low = middle } else { high = middle }
        }
        low
    }

    /// Whether a guarantee makes so many right guesses too unlikely.
    ///
    /// A guarantee with many points has many bounds on one and the same probability, so the smallest counts, and no
    /// correction is due.
    pub fn refutes(&self, profile: &PrivacyProfile<A>) -> Verdict {
        self.refutes_claimed(&Claimed::from(profile))
    }

    /// The same for a prepared guarantee.
    pub fn refutes_claimed(&self, claimed: &Claimed<A>) -> Verdict {
        let excluded = claimed.points().iter().any(|point| self.p_value(*point) <= self.alpha.get());
        Verdict::refuted_if(excluded && claimed.adjacency() == self.adjacency)
    }
}

/// Beyond, `e^ε/(1 + e^ε)` is one to within a float.
const LARGEST_EPSILON: f64 = 40.0;

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::AddRemoveRow;

    fn report(canaries: u64, max_guesses: u64, right: u64) -> OneRunReport<AddRemoveRow> {
        let alpha = FailureProbability::new(0.05).unwrap();
        OneRunReport { alpha, adjacency: AddRemoveRow, canaries, max_guesses, guesses: max_guesses, right }
    }

    #[test]
    fn the_lower_bound_is_excluded_and_a_little_more_is_not() {
        for (right, delta) in [(80, 0.0), (95, 0.0), (95, 1e-5), (100, 1e-4)] {
            let report = report(1000, 100, right);
            let epsilon = report.epsilon_lower_bound(delta);
            let p_value = |epsilon: f64| report.p_value(PrivacyPoint::new(epsilon, delta).unwrap());
            assert!(epsilon > 0.0 && p_value(epsilon) <= 0.05, "{right} {delta}");
            assert!(p_value(epsilon + 1e-9) > 0.05, "{right} {delta}");
        }
    }

    #[test]
    fn canaries_without_a_guess_weaken_a_claim_with_delta_only() {
        let bound = |canaries, delta| report(canaries, 100, 95).epsilon_lower_bound(delta);
        assert_eq!(bound(100, 0.0), bound(100_000, 0.0));
        assert!(bound(100_000, 1e-5) < bound(100, 1e-5));
    }

    #[test]
    fn a_report_of_counts_that_cannot_be_does_not_load() {
        let text = serde_json::to_string(&report(1000, 100, 95)).unwrap();
        assert_eq!(serde_json::from_str::<OneRunReport<AddRemoveRow>>(&text).unwrap(), report(1000, 100, 95));
        for (from, to) in [
            ("\"right\":95", "\"right\":101"),
            ("\"guesses\":100", "\"guesses\":101"),
            ("\"canaries\":1000", "\"canaries\":99"),
            ("\"canaries\":1000", "\"canaries\":18446744073709551615"),
        ] {
            let wrong = text.replace(from, to);
            assert!(
                wrong != text && serde_json::from_str::<OneRunReport<AddRemoveRow>>(&wrong).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn half_right_says_nothing() {
        assert_eq!(report(100, 100, 50).epsilon_lower_bound(0.0), 0.0);
        assert_eq!(report(100, 100, 100).epsilon_lower_bound(f64::NAN), 0.0);
        assert_eq!(report(100, 0, 0).epsilon_lower_bound(0.0), 0.0);
    }
}
