//! What can go wrong: all of it is about parameters and shapes.

/// Failures of this crate.
///
/// # Example
///
/// ```
/// use dp_audit::{Error, binomial::Proportion};
///
/// assert_eq!(Proportion::new(11, 10), Err(Error::Trials { hits: 11, runs: 10 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Counts that cannot be: more hits than runs, no run, or more than 2⁵³.
    #[error("{hits} hits in {runs} runs: needed are hits ≤ runs and 0 < runs ≤ 2⁵³")]
    Trials {
        /// Hits.
        hits: u64,
        /// Runs.
        runs: u64,
    },
    /// A probability is NaN or outside `0 … 1`.
    #[error("{value} is no probability")]
    Probability {
        /// The value as given.
        value: f64,
    },
    /// (ε, δ) outside `0 ≤ ε < ∞`, `0 ≤ δ ≤ 1`.
    #[error("({epsilon}, {delta}) is outside 0 ≤ epsilon < ∞, 0 ≤ delta ≤ 1")]
    PrivacyPoint {
        /// ε as given.
        epsilon: f64,
        /// δ as given.
        delta: f64,
    },
    /// Too few runs, or none left to test on.
    #[error("{choosing} of {runs} runs choose: at least one must choose and one must be tested on")]
    Runs {
        /// All runs on one neighbour.
        runs: usize,
        /// Those among them that choose.
        choosing: usize,
    },
    /// Another number of scores than of runs.
    #[error("{found} scores of {expected} runs")]
    Scores {
        /// Runs.
        expected: usize,
        /// Scores.
        found: usize,
    },
    /// The probabilities given are those of no law: not ordered, outside `0 … 1`, or of no possible sum.
    #[error("these bounds hold no probability law: their sums are {least} and {most}")]
    NotALaw {
        /// Sum of the lower bounds; NaN if one pair of bounds is unsound by itself.
        least: f64,
        /// Sum of the upper bounds and of what lies outside.
        most: f64,
    },
    /// Laws on different numbers of outcomes.
    #[error("{first} outcomes on one neighbour, {second} on the other")]
    Outcomes {
        /// Outcomes of the first law.
        first: usize,
        /// Outcomes of the second.
        second: usize,
    },
    /// Another number of guesses and abstentions than of canaries.
    #[error("{guesses} guesses or abstentions about {canaries} canaries")]
    Canaries {
        /// Canaries.
        canaries: usize,
        /// Guesses and abstentions.
        guesses: usize,
    },
    /// More guesses than were announced before the run.
    #[error("{made} guesses where {announced} were announced")]
    TooManyGuesses {
        /// Guesses announced.
        announced: usize,
        /// Guesses made.
        made: usize,
    },
    /// Nothing to replay on.
    #[error("a replay needs a pair of neighbours")]
    NoPair,
    /// Pairs that are neighbours in different senses.
    #[error("all pairs of one replay must be neighbours in the same sense")]
    Adjacencies,
}

/// Nothing that this crate writes to a file.
#[derive(Debug, thiserror::Error)]
#[error("the file holds a test or a report that cannot be")]
pub(crate) struct Unsound;
