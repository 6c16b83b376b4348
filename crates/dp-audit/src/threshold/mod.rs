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

/// Runs a mechanism a fixed number of times on each neighbour, and bounds the probabilities of the most telling event.
///
/// The first part of the runs picks the event, the rest bounds its two probabilities.
///
/// # Guarantee
///
/// Whatever the statistic, and whatever a mechanism does that keeps nothing from one run for the next: unless an event of
/// probability at most α occurred, the report's bounds hold. Then every guarantee that it refutes is false, and every
/// lower bound of ε that it states is one, for all ε, δ and guarantees at once: they all follow from one pair of
/// Clopper-Pearson bounds at α/2 each, on runs that took no part in choosing the event.
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
/// Ding, Wang, Wang, Zhang, Kifer 2018, *Detecting Violations of Differential Privacy*. Jagielski, Ullman, Oprea 2020,
/// *Auditing Differentially Private Machine Learning*.
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

    /// How many of the runs on each neighbour choose (and teach) instead of being tested on.
    ///
    /// Any number keeps the guarantee; few choose badly, many leave little to test on.
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

    /// The same as [`refute`](Self::refute) on scores that were computed elsewhere.
    ///
    /// Those of the first neighbour and those of the second, each in the order of its runs, which must be independent.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::{Neighbours, from_fn};
    use crate::statistic::{CellRatio, LinearRatio};
    use dp_mechanisms::{AddRemoveRow, Mu, PerturbRow, PrivacyProfile, ReplaceRow};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::cell::Cell;

    fn alpha(value: f64) -> FailureProbability {
        FailureProbability::new(value).unwrap()
    }

    fn audit(runs: usize) -> ThresholdAudit {
        ThresholdAudit::new(runs, alpha(1e-3)).unwrap()
    }

    #[test]
    fn refuses_numbers_of_runs_that_leave_nothing_to_choose_or_to_test() {
        for runs in [0, 1, 2, 3] {
            assert!(matches!(ThresholdAudit::new(runs, alpha(0.1)), Err(Error::Runs { .. })), "{runs}");
        }
        assert!(audit(10).with_choosing_runs(0).is_err() && audit(10).with_choosing_runs(10).is_err());
        assert!(audit(10).with_choosing_runs(9).is_ok());
    }

    #[test]
    fn refuses_scores_of_other_numbers_of_runs() {
        let claimed = Claimed::point(1.0, 0.0, AddRemoveRow).unwrap();
        let result = audit(8).refute_scores(&[0.0; 8], &[0.0; 7], &claimed);
        assert_eq!(result, Err(Error::Scores { expected: 8, found: 7 }));
    }

    #[test]
    fn choosing_runs_are_not_tested_on() {
        // a difference in the choosing part alone shows nothing, in the tested part alone it shows
        let claimed = Claimed::point(0.5, 0.0, AddRemoveRow).unwrap();
        let part = |choosing: f64, testing: f64| [vec![choosing; 100], vec![testing; 100]].concat();
        let verdict = |first: &[f64], second: &[f64]| {
            let audit = audit(200).with_choosing_runs(100).unwrap();
            audit.refute_scores(first, second, &claimed).unwrap().refutes_claimed(&claimed)
        };
        assert!(!verdict(&part(1.0, 0.0), &part(0.0, 0.0)).is_refuted());
        assert!(verdict(&part(1.0, 1.0), &part(0.0, 0.0)).is_refuted());
    }

    #[test]
    fn every_run_is_made_once_on_each_neighbour() {
        let runs = [Cell::new(0), Cell::new(0)];
        let counting = from_fn(|which: &usize, _| runs[*which].set(runs[*which].get() + 1));
        let pair = Neighbours::new(0, 1, AddRemoveRow);
        let experiment = Experiment::new(&counting, &pair, |(): &()| 0.0);
        let claimed = Claimed::point(1.0, 0.0, AddRemoveRow).unwrap();
        let report = audit(50).refute(&experiment, &claimed, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((runs[0].get(), runs[1].get(), report.total_runs()), (50, 50, 100));
        assert_eq!((report.learning_runs(), report.choosing_runs(), report.likelier().runs()), (0, 12, 38));
        assert!(!report.refutes_claimed(&claimed).is_refuted());
    }

    #[test]
    fn learned_scores_find_what_no_threshold_on_an_entry_shows() {
        // both entries share their noise; the parity of the third knows the data
        let hidden = from_fn(|bit: &i64, rng| {
            let noise: i64 = rng.random_range(-1000..1000);
            [noise + bit, noise, 2 * rng.random_range(0..1000_i64) + bit]
        });
        let pair = Neighbours::new(0, 1, ReplaceRow);
        let claimed = Claimed::point(1.0, 0.0, ReplaceRow).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(2);
        let linear = LinearRatio::new(|output: &[i64; 3]| output.iter().map(|x| *x as f64).collect());
        let cells = CellRatio::new(|output: &[i64; 3]| output[2] % 2);
        let first = |output: &[i64; 3]| output[0] as f64;
        assert!(
            audit(400)
                .refute(&Experiment::new(&hidden, &pair, linear), &claimed, rng)
                .refutes_claimed(&claimed)
                .is_refuted()
        );
        assert!(
            audit(400)
                .refute(&Experiment::new(&hidden, &pair, cells), &claimed, rng)
                .refutes_claimed(&claimed)
                .is_refuted()
        );
        assert!(
            !audit(400)
                .refute(&Experiment::new(&hidden, &pair, first), &claimed, rng)
                .refutes_claimed(&claimed)
                .is_refuted()
        );
    }

    #[test]
    fn measured_bounds_approach_the_truth_from_below() {
        let response = from_fn(|bit: &bool, rng| rng.random_bool(0.9) == *bit);
        let pair = Neighbours::new(true, false, ReplaceRow);
        let experiment = Experiment::new(&response, &pair, |output: &bool| f64::from(u8::from(*output)));
        let report = audit(40_000).measure(&experiment, 0.0, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        // ln 9 = 2.197; three standard deviations of ln p̂ at p = 0.1 and 30 000 runs are 0.06
        let epsilon = report.epsilon_lower_bound(0.0);
        assert!(epsilon < 9_f64.ln() && epsilon > 9_f64.ln() - 0.15, "{epsilon}");
        // δ(1) = 0.9 − 0.1e = 0.628
        let delta = report.delta_lower_bound(1.0);
        assert!(delta < 0.9 - 0.1 * 1_f64.exp() && delta > 0.6, "{delta}");
        for nothing in [f64::NAN, f64::INFINITY] {
            assert_eq!(report.delta_lower_bound(nothing), 0.0);
            assert_eq!(report.epsilon_lower_bound(nothing), 0.0);
        }
        assert!(audit(40).measure(&experiment, -0.1, &mut ChaCha8Rng::seed_from_u64(3)).is_err());
    }

    #[test]
    fn a_guarantee_about_other_neighbours_is_not_refuted() {
        let adjacency = |radius| PerturbRow::new(radius).unwrap();
        let claimed = Claimed::point(0.1, 0.0, adjacency(1.0)).unwrap();
        let report = audit(400).refute_scores(&[1.0; 400], &[0.0; 400], &claimed).unwrap();
        let profile = |radius| PrivacyProfile::gaussian(Mu::new(0.1).unwrap(), adjacency(radius));
        assert!(report.refutes(&profile(1.0)).is_refuted());
        assert!(!report.refutes(&profile(2.0)).is_refuted());
        assert_eq!(report.violation(&claimed), Some(claimed.points()[0]));
    }

    #[test]
    fn half_of_a_level_below_the_normal_numbers_is_rounded_down() {
        let claimed = Claimed::point(0.1, 0.0, AddRemoveRow).unwrap();
        let smallest = f64::from_bits(1);
        let audit = ThresholdAudit::new(2000, alpha(3.0 * smallest)).unwrap();
        let report = audit.refute_scores(&[1.0; 2000], &[0.0; 2000], &claimed).unwrap();
        let difference = |level: f64| {
            report.likelier().lower_bound(alpha(level)) - report.other().upper_bound(alpha(level))
        };
        // ln 2 in 1500 runs tells the two levels apart
        assert!(report.delta_lower_bound(0.0) <= difference(smallest), "{report:?}");
        assert!(difference(smallest) < difference(2.0 * smallest) - 1e-5);
    }

    #[test]
    fn a_report_reads_back_under_its_own_adjacency_only() {
        let claimed = Claimed::point(0.1, 0.0, AddRemoveRow).unwrap();
        let report = audit(400).refute_scores(&[1.0; 400], &[0.0; 400], &claimed).unwrap();
        let text = serde_json::to_string(&report).unwrap();
        for word in ["alpha", "choosing_runs", "threshold", "likelier", "add_remove_row"] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(serde_json::from_str::<ThresholdReport<AddRemoveRow>>(&text).unwrap(), report);
        assert!(serde_json::from_str::<ThresholdReport<ReplaceRow>>(&text).is_err());
    }

    #[test]
    fn a_report_whose_neighbours_were_not_run_equally_often_does_not_load() {
        let claimed = Claimed::point(0.1, 0.0, AddRemoveRow).unwrap();
        let report = audit(400).refute_scores(&[1.0; 400], &[0.0; 400], &claimed).unwrap();
        let text = serde_json::to_string(&report).unwrap();
        let (seen, missed) = (report.likelier(), report.other());
        let runs = |hits: u64, runs: u64| format!("{{\"hits\":{hits},\"runs\":{runs}}}");
        let from = runs(seen.hits(), seen.runs());
        assert!(text.contains(&from) && missed.runs() == seen.runs(), "{text}");
        let wrong = text.replace(&from, &runs(10 * seen.runs(), 10 * seen.runs()));
        assert!(serde_json::from_str::<ThresholdReport<AddRemoveRow>>(&wrong).is_err());
    }
}
