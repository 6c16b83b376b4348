//! A test that may be stopped at any time.

mod bet;
mod ladder;
mod report;
mod test;

pub use ladder::EpsilonLadder;
pub use report::SequentialReport;
pub use test::{Round, SequentialTest};

use crate::claimed::Claimed;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::mechanism::Mechanism;
use crate::statistic::Statistic;
use crate::threshold::{Aim, Event, choose, weakest_point};
use crate::verdict::Which;
use dp_mechanisms::{Adjacency, FailureProbability};
use rand::CryptoRng;

/// Runs a mechanism until its claim is refuted, or until patience ends: gross faults are found in tens of runs.
///
/// Pilot runs choose the event and the ε at which the claim looks weakest; then a [`SequentialTest`] of that one point starts with
/// fresh runs.
///
/// # Guarantee
///
/// If the claim is true, the verdict is [`Refuted`](crate::Verdict::Refuted) with probability at most α, also though the number of runs depends on what was seen.
///
/// # Example
///
/// ```
/// use dp_audit::{Claimed, Experiment, Neighbours, SequentialAudit, from_fn};
/// use dp_mechanisms::{
///     AddRemoveRow, FailureProbability, Mu, NoiseStd, PrivacyProfile, noise::{LatticeNoise, RoundedGaussian}, secure_rng,
/// };
///
/// let noise = RoundedGaussian::new(NoiseStd::new(2.0)?)?; // half of what the claim needs
/// let count = from_fn(|rows: &Vec<i64>, rng| rows.len() as i64 + noise.sample(rng));
/// let claimed = Claimed::from(&PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow));
/// let pair = Neighbours::new(vec![7; 10], vec![7; 11], AddRemoveRow);
/// let experiment = Experiment::new(&count, &pair, |output: &i64| *output as f64);
///
/// let audit = SequentialAudit::new(1_000_000, FailureProbability::new(1e-6)?)?;
/// let report = audit.refute(&experiment, &claimed, &mut secure_rng()?);
/// assert!(report.verdict().is_refuted() && report.total_runs() < 400_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SequentialAudit {
    pilot: usize,
    max_rounds: usize,
    alpha: FailureProbability,
}

impl SequentialAudit {
    /// At most so many rounds (one run on each neighbour), and the probability α of a false refutation. A sixteenth of the rounds, between 32 and 4 096, are pilot.
    ///
    /// # Errors
    ///
    /// [`Error::Runs`] for less than two rounds.
    pub fn new(max_rounds: usize, alpha: FailureProbability) -> Result<Self, Error> {
        let pilot = (max_rounds / 16).clamp(32, 4096).min(max_rounds / 2);
        Self { pilot, max_rounds, alpha }.with_pilot_rounds(pilot)
    }

    /// How many of the rounds choose the event instead of being tested on. Any number keeps the guarantee; subtle faults need more.
    ///
    /// # Errors
    ///
    /// [`Error::Runs`] unless it is at least one, and leaves at least one.
    pub fn with_pilot_rounds(self, pilot: usize) -> Result<Self, Error> {
        let sound = pilot >= 1 && pilot < self.max_rounds;
        if sound {
            Ok(Self { pilot, ..self })
        } else {
            Err(Error::Runs { runs: self.max_rounds, choosing: pilot })
        }
    }

    /// Runs the experiment until a point of the claim is refuted.
    pub fn refute<M: Mechanism, A: Adjacency, S: Statistic<M::Output>, R: CryptoRng + ?Sized>(
        &self,
        experiment: &Experiment<'_, M, A, S>,
        claimed: &Claimed<A>,
        rng: &mut R,
    ) -> SequentialReport<A> {
        let outputs = experiment.runs(self.pilot, rng);
        let learning = experiment.statistic().training_runs(self.pilot).min(self.pilot - 1);
        let [first, second] = outputs.each_ref().map(|outputs| outputs.split_at(learning));
        let score = experiment.statistic().learn(first.0, second.0);
        let scores = [first.1, second.1].map(|outputs| outputs.iter().map(&score).collect::<Vec<_>>());
        let (event, mut test) = self.prepare([&scores[0], &scores[1]], claimed);
        while test.rounds() < (self.max_rounds - self.pilot) as u64 && !test.verdict().is_refuted() {
            let [first, second] = Which::BOTH.map(|which| event.occurs(score(&experiment.run(which, rng))));
            let (likelier, other) = event.likelier.pick((first, second), (second, first));
            test.observe(Round { likelier, other });
        }
        SequentialReport { adjacency: experiment.adjacency(), pilot_rounds: self.pilot as u64, event, test }
    }

    fn prepare<A: Adjacency>(&self, scores: [&[f64]; 2], claimed: &Claimed<A>) -> (Event, SequentialTest) {
        let event = choose(scores, &Aim::Refute(claimed.points()));
        let share = |scores: &[f64]| {
            let hits = scores.iter().filter(|score| event.occurs(**score)).count();
            (hits as f64 + 0.5) / (scores.len() as f64 + 1.0)
        };
        let [first, second] = scores.map(share);
        let (likelier, other) = event.likelier.pick((first, second), (second, first));
        let point = weakest_point(claimed.points(), likelier, other).expect("a claim has a point");
        let experience = scores[0].len() as f64 / 4.0; // the choice flatters the event
        (event, SequentialTest::new(point, self.alpha).with_experience(likelier, other, experience))
    }
}
