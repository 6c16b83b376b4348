//! One run with many canaries (Steinke, Nasr, Jagielski 2023), with the δ term that is attained.

mod bound;
mod canaries;
mod report;

pub use bound::guess_tail_bound;
pub use canaries::{Guess, Guesses, Inclusion, Membership};
pub use report::OneRunReport;

use crate::error::Error;
use dp_mechanisms::{Adjacency, FailureProbability};

/// Judges guesses about which of many canaries were part of the data of a *single* run.
///
/// Protocol: draw an [`Inclusion`] (each canary in or out by its own fair coin); run the mechanism once on the data
/// with the included canaries; from the output alone guess which ones were in, at most `max_guesses` of them, and
/// abstain from the rest.
///
/// # Guarantee
///
/// Let flipping one canary's coin give neighbours. If the mechanism is (ε, δ)-private, the number `V` of right guesses
/// obeys, with `W` binomial of `max_guesses` trials and probability `e^ε/(1 + e^ε)`, and `m` canaries,
///
/// ```text
/// P(V ≥ v) ≤ β + mδ·β(1 − β)/(v·P(W = v)),      β = P(W ≥ v),
/// ```
///
/// and where the right side is at most one, there is an (ε, δ)-private mechanism for which this is an equality. So every
/// refutation, and every lower bound of ε, is wrong with probability at most α; all those of one report together.
///
/// # What the hypotheses are there for
///
/// - The coins are fair and independent: `m/2` canaries chosen without replacement are *not*.
/// - `m` is the number of all canaries that were flipped, also those without a guess.
/// - `max_guesses` is fixed before the run. Choosing the number of guesses that looks best afterwards is testing many
///   times.
/// - Guesses see the output and public knowledge, never the inclusion.
///
/// # Example
///
/// ```
/// use dp_audit::{Guesses, Inclusion, Membership, OneRunAudit};
/// use dp_mechanisms::{AddRemoveRow, Epsilon, FailureProbability, NoiseStd, PrivacyProfile, secure_rng};
/// use dp_mechanisms::noise::{LatticeNoise, RoundedGaussian};
///
/// // a histogram with a cell for each of 1 000 canaries, and far too little noise for ε = 1
/// let mut rng = secure_rng()?;
/// let inclusion = Inclusion::draw(1_000, &mut rng);
/// let mut cells: Vec<i64> = inclusion.iter().map(|canary| i64::from(canary == Membership::Included)).collect();
/// RoundedGaussian::new(NoiseStd::new(0.5)?)?.add_to(&mut cells, &mut rng);
///
/// let scores: Vec<f64> = cells.iter().map(|&cell| cell as f64).collect();
/// let guesses = Guesses::by_score(&scores, 200);
/// let audit = OneRunAudit::new(200, FailureProbability::new(1e-6)?, AddRemoveRow);
/// let report = audit.judge(&inclusion, &guesses)?;
/// assert!(report.refutes(&PrivacyProfile::pure(Epsilon::new(1.0)?, AddRemoveRow)).is_refuted());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Steinke, Nasr, Jagielski 2023, *Privacy Auditing with One (1) Training Run*, Theorem 5.2, whose term is
/// `mδ·max_i 2P(v > W ≥ v − i)/i`. The sharper one: `docs/theorems.md` of the project, "Many canaries".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneRunAudit<A> {
    max_guesses: usize,
    alpha: FailureProbability,
    adjacency: A,
}

impl<A: Adjacency> OneRunAudit<A> {
    /// At most so many guesses, the probability α of a false refutation, and what flipping a coin amounts to.
    ///
    /// The adjacency is that between data with and without one canary: [`ReplaceRow`](dp_mechanisms::ReplaceRow) if
    /// another row stands in for an excluded canary.
    pub const fn new(max_guesses: usize, alpha: FailureProbability, adjacency: A) -> Self {
        Self { max_guesses, alpha, adjacency }
    }

    /// Counts right guesses.
    ///
    /// # Errors
    ///
    /// [`Error::Canaries`] unless there is one guess (or abstention) a canary, [`Error::TooManyGuesses`] if there are
    /// more guesses than announced.
    pub fn judge(&self, inclusion: &Inclusion, guesses: &Guesses) -> Result<OneRunReport<A>, Error> {
        let (canaries, found) = (inclusion.len(), guesses.len());
        if canaries != found {
            return Err(Error::Canaries { canaries, guesses: found });
        }
        if guesses.made() > self.max_guesses {
            return Err(Error::TooManyGuesses { announced: self.max_guesses, made: guesses.made() });
        }
        Ok(OneRunReport {
            alpha: self.alpha,
            adjacency: self.adjacency,
            canaries: canaries as u64,
            max_guesses: self.max_guesses.min(canaries) as u64,
            guesses: guesses.made() as u64,
            right: guesses.right(inclusion) as u64,
        })
    }
}
