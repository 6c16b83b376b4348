//! Clopper-Pearson over all thresholds, with the event chosen on runs that are not tested on.

mod choice;
mod event;
mod report;

pub(crate) use choice::{Aim, choose, weakest_point};
pub use event::{Event, Side};
pub use report::ThresholdReport;

use crate::binomial::{MAX_TRIALS, Proportion};
use crate::claimed::{Claimed, PrivacyPoint};
use crate::error::Error;
use crate::experiment::Experiment;
use crate::mechanism::Mechanism;
use crate::statistic::Statistic;
use crate::verdict::Which;
use dp_mechanisms::{Adjacency, FailureProbability};
use rand::CryptoRng;

/// Runs a mechanism a fixed number of times on each neighbour, picks the most telling event on the first part of the runs, and
/// bounds its two probabilities on the rest.
///
/// # Guarantee
///
/// Whatever the mechanism and the statistic: unless an event of probability at most α occurred, the report's bounds hold. Then
/// every guarantee that it refutes is false, and every lower bound of ε that it states is one, for all ε, δ and
/// guarantees at once: they all follow from one pair of Clopper-Pearson bounds at α/2 each, on runs that took no part in
/// choosing the event.
///
/// It needs about `10/(e^ε q)` runs to see an event of probability q at all; what happens once in a billion runs stays
/// hidden. For that, compute ([`ExactDivergence`](crate::ExactDivergence)).
///
/// # Example
///
/// ```
/// use dp_audit::{Claimed, Experiment, Neighbours, ThresholdAudit, from_fn};
/// use dp_mechanisms::{
///     AddRemoveRow, FailureProbability, Mu, NoiseStd, PrivacyProfile, noise::{LatticeNoise, RoundedGaussian}, secure_rng,
/// };
///
/// // claims μ = 1/4, but somebody halved the noise
/// let noise = RoundedGaussian::new(NoiseStd::new(2.0)?)?;
/// let count = from_fn(|rows: &Vec<i64>, rng| rows.len() as i64 + noise.sample(rng));
/// let claimed = Claimed::from(&PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow));
///
/// let pair = Neighbours::new(vec![7; 10], vec![7; 11], AddRemoveRow);
/// let experiment = Experiment::new(&count, &pair, |output: &i64| *output as f64);
/// let audit = ThresholdAudit::new(20_000, FailureProbability::new(1e-6)?)?;
/// let report = audit.refute(&experiment, &claimed, &mut secure_rng()?);
/// assert!(report.refutes_claimed(&claimed).is_refuted());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Ding, Wang, Wang, Zhang, Kifer 2018, *Detecting Violations of Differential Privacy*. Jagielski, Ullman, Oprea 2020, *Auditing
/// Differentially Private Machine Learning*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdAudit {
    runs: usize,
    choosing: usize,
    alpha: FailureProbability,
}

impl ThresholdAudit {
    /// So many runs on *each* neighbour, and the probability α of a false statement. A quarter of the runs chooses.
    ///
    /// # Errors
    ///
    /// [`Error::Runs`] for less than four runs, or more than 2⁵³.
    pub fn new(runs: usize, alpha: FailureProbability) -> Result<Self, Error> {
        Self { runs, choosing: 0, alpha }.with_choosing_runs(runs / 4)
    }

    /// How many of the runs on each neighbour choose (and teach) instead of being tested on. Any number keeps the guarantee; few choose badly,
    /// many leave little to test on.
    ///
    /// # Errors
    ///
    /// [`Error::Runs`] unless it is at least one, and leaves at least one.
    pub fn with_choosing_runs(self, choosing: usize) -> Result<Self, Error> {
        let sound = choosing >= 1 && choosing < self.runs && self.runs as u64 <= MAX_TRIALS;
        if sound { Ok(Self { choosing, ..self }) } else { Err(Error::Runs { runs: self.runs, choosing }) }
    }

    /// Runs the experiment and looks for an event that contradicts the claim.
    pub fn refute<M: Mechanism, A: Adjacency, S: Statistic<M::Output>, R: CryptoRng + ?Sized>(
        &self,
        experiment: &Experiment<'_, M, A, S>,
        claimed: &Claimed<A>,
        rng: &mut R,
    ) -> ThresholdReport<A> {
        self.run(experiment, &Aim::Refute(claimed.points()), rng)
    }

    /// Runs the experiment and looks for an event that shows a large ε at this δ (zero for pure differential privacy).
    ///
    /// # Errors
    ///
    /// [`Error::Probability`] unless `0 ≤ δ ≤ 1`.
    pub fn measure<M: Mechanism, A: Adjacency, S: Statistic<M::Output>, R: CryptoRng + ?Sized>(
        &self,
        experiment: &Experiment<'_, M, A, S>,
        delta: f64,
        rng: &mut R,
    ) -> Result<ThresholdReport<A>, Error> {
        let delta = PrivacyPoint::new(0.0, delta).map_err(|_| Error::Probability { value: delta })?.delta();
        Ok(self.run(experiment, &self.largest_epsilon(delta), rng))
    }

    /// The same as [`refute`](Self::refute) on scores that were computed elsewhere: those of the first neighbour and those of the second, each in
    /// the order of its runs, which must be independent.
    ///
    /// # Errors
    ///
    /// [`Error::Scores`] unless there are as many scores of each as there are runs.
    pub fn refute_scores<A: Adjacency>(
        &self,
        first: &[f64],
        second: &[f64],
        claimed: &Claimed<A>,
    ) -> Result<ThresholdReport<A>, Error> {
        for scores in [first, second] {
            if scores.len() != self.runs {
                return Err(Error::Scores { expected: self.runs, found: scores.len() });
            }
        }
        let [first, second] = [first, second].map(|scores| scores.split_at(self.choosing));
        let event = choose([first.0, second.0], &Aim::Refute(claimed.points()));
        let hits =
            [first.1, second.1].map(|tested| tested.iter().filter(|score| event.occurs(**score)).count());
        Ok(self.report(event, 0, hits, claimed.adjacency()))
    }

    fn run<M: Mechanism, A: Adjacency, S: Statistic<M::Output>, R: CryptoRng + ?Sized>(
        &self,
        experiment: &Experiment<'_, M, A, S>,
        aim: &Aim<'_>,
        rng: &mut R,
    ) -> ThresholdReport<A> {
        let outputs = experiment.runs(self.choosing, rng);
        let learning = experiment.statistic().training_runs(self.choosing).min(self.choosing - 1);
        let [first, second] = outputs.each_ref().map(|outputs| outputs.split_at(learning));
        let score = experiment.statistic().learn(first.0, second.0);
        let scores = [first.1, second.1].map(|outputs| outputs.iter().map(&score).collect::<Vec<_>>());
        let event = choose([&scores[0], &scores[1]], aim);
        let mut hits = [0, 0];
        for _ in self.choosing..self.runs {
            for (which, hits) in Which::BOTH.into_iter().zip(&mut hits) {
                *hits += usize::from(event.occurs(score(&experiment.run(which, rng))));
            }
        }
        self.report(event, learning, hits, experiment.adjacency())
    }

    fn largest_epsilon(&self, delta: f64) -> Aim<'static> {
        Aim::LargestEpsilon { delta, runs: (self.runs - self.choosing) as u64, alpha: self.alpha.get() }
    }

    fn report<A>(&self, event: Event, learning: usize, hits: [usize; 2], adjacency: A) -> ThresholdReport<A> {
        let tested = (self.runs - self.choosing) as u64;
        let [first, second] = hits.map(|hits| {
            Proportion::new(hits as u64, tested)
                .expect("hits are among the tested runs, of which there is one at least")
        });
        let (likelier, other) = event.likelier.pick((first, second), (second, first));
        let (learning_runs, choosing_runs) = (learning as u64, (self.choosing - learning) as u64);
        ThresholdReport { alpha: self.alpha, adjacency, learning_runs, choosing_runs, event, likelier, other }
    }
}
