//! What a check may draw on: effort, randomness and a place to report progress.

use crate::Evidence;
use indicatif::ProgressBar;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use std::cell::Cell;

/// How much effort a run spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Minutes: what every change must pass.
    Quick,
    /// As long as it takes: more trials, wider searches.
    Full,
}

impl Level {
    /// `quick` or `full`, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// The surroundings of one check.
///
/// Everything random comes from [`Context::rng`], which depends on the run's seed, the check and a stream number, and on
/// nothing else: not on the order of checks, not on threads, not on which subject is looked at.
///
/// ```
/// use dp_verify::{Context, Evidence, Level};
/// use rand::Rng;
/// let context = Context::new(Level::Quick, 1, "example.claim", Evidence::Search);
/// assert_eq!(context.rng(3).next_u64(), context.rng(3).next_u64());
/// assert_ne!(context.rng(3).next_u64(), context.rng(4).next_u64());
/// assert_eq!(context.scale(100, 10_000), 100);
/// ```
#[derive(Debug)]
pub struct Context {
    level: Level,
    seed: u64,
    claim: String,
    evidence: Evidence,
    progress: ProgressBar,
    spent: Cell<f64>,
}

impl Context {
    /// The surroundings of the check of `claim` by `evidence` in a run with this seed; progress goes nowhere.
    #[must_use]
    pub fn new(level: Level, seed: u64, claim: &str, evidence: Evidence) -> Self {
        Self {
            level,
            seed,
            claim: claim.to_owned(),
            evidence,
            progress: ProgressBar::hidden(),
            spent: Cell::new(0.0),
        }
    }

    pub(crate) fn with_progress(self, progress: ProgressBar) -> Self {
        Self { progress, ..self }
    }

    /// The effort of this run.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// `quick` or `full`, whichever the level asks for: trial counts, grid sizes.
    #[must_use]
    pub fn scale(&self, quick: usize, full: usize) -> usize {
        match self.level {
            Level::Quick => quick,
            Level::Full => full,
        }
    }

    /// Random generator number `stream` of this check; give each independent use its own number.
    ///
    /// The key is SHA-256 of seed, claim, evidence and stream, so that generators of different checks, seeds or streams
    /// are unrelated.
    #[must_use]
    pub fn rng(&self, stream: u64) -> ChaCha20Rng {
        let mut hash = Sha256::new();
        hash.update(b"dp-verify generator 1\n");
        hash.update(self.seed.to_le_bytes());
        hash.update(stream.to_le_bytes());
        hash.update(self.evidence.name());
        hash.update(b"\n");
        hash.update(&self.claim);
        ChaCha20Rng::from_seed(hash.finalize().into())
    }

    /// The level of one test, as given; what a check spends adds up, and stands in its row.
    ///
    /// The level is the probability, at most, that the test accuses an honest library. A check calls this once a test, or once for
    /// several that share a level.
    ///
    /// ```
    /// use dp_verify::{Context, Evidence, Level};
    /// let context = Context::new(Level::Quick, 1, "example.claim", Evidence::Statistical);
    /// let shared = context.spend(1e-6) / 3.0; // three tests
    /// assert_eq!((shared, context.spent()), (1e-6 / 3.0, 1e-6));
    /// ```
    pub fn spend(&self, alpha: f64) -> f64 {
        self.spent.set(self.spent.get() + alpha);
        alpha
    }

    /// The levels of all tests so far together.
    #[must_use]
    pub fn spent(&self) -> f64 {
        self.spent.get()
    }

    /// Tells a watching human that `done` of `total` steps are behind us. Cheap; may be called often.
    pub fn progress(&mut self, done: usize, total: usize) {
        self.progress.set_length(total as u64);
        self.progress.set_position(done as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    fn first(seed: u64, claim: &str, evidence: Evidence, stream: u64) -> u64 {
        Context::new(Level::Quick, seed, claim, evidence).rng(stream).next_u64()
    }

    #[test]
    fn generators_differ_by_seed_claim_evidence_and_stream() {
        let base = first(1, "a.b", Evidence::Search, 0);
        assert_eq!(base, first(1, "a.b", Evidence::Search, 0));
        for other in [
            first(2, "a.b", Evidence::Search, 0),
            first(1, "a.c", Evidence::Search, 0),
            first(1, "a.b", Evidence::Audit, 0),
            first(1, "a.b", Evidence::Search, 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn effort_changes_counts_but_not_random_numbers() {
        let quick = Context::new(Level::Quick, 1, "a.b", Evidence::Search);
        let full = Context::new(Level::Full, 1, "a.b", Evidence::Search);
        assert_eq!((quick.scale(3, 9), full.scale(3, 9)), (3, 9));
        assert_eq!(quick.rng(0).next_u64(), full.rng(0).next_u64());
    }
}
