//! What became of a mutant.

use super::Mutant;
use crate::{Evidence, Outcome, Verdict};

/// What one check said about a mutant.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The claim that the check is about.
    pub claim: &'static str,
    /// How the check argues.
    pub evidence: Evidence,
    /// What it found on the broken variant.
    pub outcome: Outcome,
}

impl Trial {
    /// Whether the check rejects the mutant.
    #[must_use]
    pub fn kills(&self) -> bool {
        self.outcome.verdict == Verdict::Violated
    }
}

/// A mutant with what its checks said about it.
///
/// [`crate::run_mutants`] makes them; [`crate::report`] prints them.
///
/// ```
/// use dp_verify::{Evidence, Fate, Mutant, Outcome, Trial};
/// const MUTANT: Mutant = Mutant::new("example.off", "is off", &[("example", Evidence::Exact)]);
/// let trial = |outcome| Trial { claim: "example", evidence: Evidence::Exact, outcome };
/// let fate = |outcome| Fate { mutant: MUTANT, library: "example-crate", trials: vec![trial(outcome)] };
/// assert!(fate(Outcome::all_equal(1, 1)).is_killed());
/// assert!(!fate(Outcome::inconclusive("a panic")).is_killed());
/// let both = vec![trial(Outcome::all_equal(1, 1)), trial(Outcome::all_equal(0, 1))];
/// assert!(!Fate { mutant: MUTANT, library: "example-crate", trials: both }.is_killed());
/// ```
#[derive(Debug, Clone)]
pub struct Fate {
    /// The broken variant.
    pub mutant: Mutant,
    /// The crate whose claims its checks are about.
    pub library: &'static str,
    /// One for each of its checks that ran.
    pub trials: Vec<Trial>,
}

impl Fate {
    /// Whether each of its checks that ran rejects it, and one did run.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        !self.trials.is_empty() && self.trials.iter().all(Trial::kills)
    }

    /// The claims whose checks reject it, each once.
    #[must_use]
    pub fn killed_by(&self) -> Vec<&'static str> {
        let mut claims: Vec<&'static str> =
            self.trials.iter().filter(|trial| trial.kills()).map(|trial| trial.claim).collect();
        claims.dedup();
        claims
    }

    /// The checks that do not reject it.
    pub fn survived_by(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| !trial.kills())
    }
}
