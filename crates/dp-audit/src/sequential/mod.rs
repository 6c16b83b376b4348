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
/// It works in stages. Pilot runs choose an event and the ε at which the claim looks weakest; then a [`SequentialTest`]
/// of that one point bets on fresh runs, three times as many as there were before. If it is not decided by then, all
/// runs so far become the pilot of the next stage (so all outputs are kept in memory). Stage `j = 1, 2, …` may err with
/// probability `α/(j(j + 1))`, which sums to α.
///
/// # Guarantee
///
/// If the claim is true, and the mechanism keeps nothing from one run for the next, the verdict is
/// [`Refuted`](crate::Verdict::Refuted) with probability at most α, although the number of runs depends on what was seen.
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

/// Rounds of the first pilot unless the caller says otherwise.
const FIRST_PILOT: usize = 32;
/// Rounds of a stage, pilot included, relative to its pilot.
const GROWTH: usize = 4;

impl SequentialAudit {
    /// At most so many rounds, and the probability α of a false refutation.
    ///
    /// A round is one run on each neighbour; pilots are included. The first pilot has 32 rounds.
    ///
    /// # Errors
    ///
    /// [`Error::Runs`] for less than two rounds.
    pub fn new(max_rounds: usize, alpha: FailureProbability) -> Result<Self, Error> {
        Self { pilot: 0, max_rounds, alpha }.with_pilot_rounds(FIRST_PILOT.min(max_rounds / 2))
    }

    /// Rounds of the first pilot.
    ///
    /// Any number keeps the guarantee; a larger one saves stages where only a subtle fault is expected.
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
        let mut outputs = experiment.runs(self.pilot, rng);
        let mut stage = 1;
        loop {
            let pilot = outputs[0].len();
            let rounds = (pilot.saturating_mul(GROWTH)).min(self.max_rounds) - pilot;
            let (event, test) = self.stage(stage, rounds, experiment, claimed, &mut outputs, rng);
            if test.verdict().is_refuted() || outputs[0].len() >= self.max_rounds {
                return SequentialReport {
                    alpha: self.alpha,
                    adjacency: experiment.adjacency(),
                    claimed_adjacency: claimed.adjacency(),
                    stage,
                    pilot_rounds: pilot as u64,
                    event,
                    test,
                };
            }
            stage += 1;
        }
    }

    /// Chooses on all outputs so far, then tests on so many fresh rounds, which join the outputs.
    fn stage<M: Mechanism, A: Adjacency, S: Statistic<M::Output>, R: CryptoRng + ?Sized>(
        &self,
        stage: u32,
        rounds: usize,
        experiment: &Experiment<'_, M, A, S>,
        claimed: &Claimed<A>,
        outputs: &mut [Vec<M::Output>; 2],
        rng: &mut R,
    ) -> (Event, SequentialTest) {
        let mut fresh = [Vec::new(), Vec::new()];
        let pilot = outputs[0].len();
        let learning = experiment.statistic().training_runs(pilot).min(pilot - 1);
        let [first, second] = outputs.each_ref().map(|outputs| outputs.split_at(learning));
        let score = experiment.statistic().learn(first.0, second.0);
        let scores = [first.1, second.1].map(|outputs| outputs.iter().map(&score).collect::<Vec<_>>());
        let (event, mut test) = prepare([&scores[0], &scores[1]], claimed, level(self.alpha, stage));
        for _ in 0..rounds {
            let round = Which::BOTH.map(|which| experiment.run(which, rng));
            let [first, second] = round.each_ref().map(|output| event.occurs(score(output)));
            let (likelier, other) = event.likelier.pick((first, second), (second, first));
            test.observe(Round { likelier, other });
            for (fresh, output) in fresh.iter_mut().zip(round) {
                fresh.push(output);
            }
            if test.verdict().is_refuted() {
                break;
            }
        }
        drop(score);
        for (outputs, fresh) in outputs.iter_mut().zip(fresh) {
            outputs.extend(fresh);
        }
        (event, test)
    }
}

/// `α/(j(j + 1))`, rounded down: what stage j may err with.
fn level(alpha: FailureProbability, stage: u32) -> FailureProbability {
    let share = alpha.get() / (f64::from(stage) * (f64::from(stage) + 1.0)).next_up();
    // at the smallest float no capital suffices
    FailureProbability::new(share.next_down().max(f64::from_bits(1))).expect("between zero and one")
}

fn prepare<A: Adjacency>(
    scores: [&[f64]; 2],
    claimed: &Claimed<A>,
    level: FailureProbability,
) -> (Event, SequentialTest) {
    let event = choose(scores, &Aim::Refute(claimed.points()));
    let share = |scores: &[f64]| {
        let hits = scores.iter().filter(|score| event.occurs(**score)).count();
        (hits as f64 + 0.5) / (scores.len() as f64 + 1.0)
    };
    let [first, second] = scores.map(share);
    let (likelier, other) = event.likelier.pick((first, second), (second, first));
    let point = weakest_point(claimed.points(), likelier, other).expect("a claim has a point");
    let experience = scores[0].len() as f64 / 4.0; // the choice flatters the event
    (event, SequentialTest::new(point, level).with_experience(likelier, other, experience))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::{Neighbours, from_fn};
    use crate::statistic::CellRatio;
    use dp_mechanisms::{PerturbRow, ReplaceRow};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn alpha(value: f64) -> FailureProbability {
        FailureProbability::new(value).unwrap()
    }

    fn audit(max_rounds: usize) -> SequentialAudit {
        SequentialAudit::new(max_rounds, alpha(1e-3)).unwrap()
    }

    /// Runs on both neighbours until truth at this rate is refuted as ε = 1; `None` if it is not.
    fn runs_for(truth: f64, max_rounds: usize) -> Option<u64> {
        let response = from_fn(move |bit: &bool, rng| rng.random_bool(truth) == *bit);
        let pair = Neighbours::new(true, false, ReplaceRow);
        let experiment = Experiment::new(&response, &pair, |output: &bool| f64::from(u8::from(*output)));
        let claimed = Claimed::point(1.0, 0.0, ReplaceRow).unwrap();
        let report = audit(max_rounds).refute(&experiment, &claimed, &mut ChaCha8Rng::seed_from_u64(4));
        report.verdict().is_refuted().then(|| report.total_runs())
    }

    #[test]
    fn gross_faults_take_tens_of_runs_and_subtle_ones_thousands() {
        // 64 of the pilot, and 0.46 nats a round toward ln 2000
        assert!(runs_for(1.0, 100_000).unwrap() < 120);
        let subtle = runs_for(0.76, 100_000).unwrap();
        assert!((1_000..100_000).contains(&subtle), "{subtle}");
        // ln(0.731/0.269) = 1: at the claim itself nothing is found
        assert_eq!(runs_for(0.731, 20_000), None);
    }

    #[test]
    fn patience_ends_where_it_was_told_to() {
        let coin = from_fn(|_: &bool, rng| rng.random::<bool>());
        let pair = Neighbours::new(true, false, ReplaceRow);
        let experiment = Experiment::new(&coin, &pair, CellRatio::new(|output: &bool| *output));
        let claimed = Claimed::point(1.0, 0.0, ReplaceRow).unwrap();
        for (max_rounds, stage) in [(2, 1), (33, 1), (128, 1), (129, 2), (1000, 3)] {
            let report = audit(max_rounds).refute(&experiment, &claimed, &mut ChaCha8Rng::seed_from_u64(5));
            assert_eq!((report.total_runs(), report.stage()), (2 * max_rounds as u64, stage));
            assert_eq!(report.epsilon_lower_bound(), None);
        }
    }

    #[test]
    fn a_guarantee_about_other_neighbours_is_not_refuted() {
        let adjacency = |radius| PerturbRow::new(radius).unwrap();
        let leak = from_fn(|bit: &bool, _| *bit);
        let pair = Neighbours::new(true, false, adjacency(2.0));
        let experiment = Experiment::new(&leak, &pair, |output: &bool| f64::from(u8::from(*output)));
        for (radius, refuted) in [(2.0, true), (1.0, false)] {
            let claimed = Claimed::point(0.1, 0.0, adjacency(radius)).unwrap();
            let report = audit(1_000).refute(&experiment, &claimed, &mut ChaCha8Rng::seed_from_u64(6));
            assert_eq!(report.verdict().is_refuted(), refuted);
            assert_eq!(report.claimed_adjacency(), adjacency(radius));
            // what was found is about the experiment's neighbours, either way
            assert_eq!((report.adjacency(), report.epsilon_lower_bound()), (adjacency(2.0), Some(0.1)));
            let text = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::from_str::<SequentialReport<PerturbRow>>(&text).unwrap(), report);
        }
    }

    #[test]
    fn the_levels_of_all_stages_sum_to_less_than_alpha() {
        let audit = audit(100);
        // 1/2 + 1/6 + 1/12 + … = 1 − 1/(j + 1)
        let sum: f64 = (1..=1000).map(|stage| level(audit.alpha, stage).get()).sum();
        assert!(sum < 1e-3 && sum > 0.99e-3, "{sum}");
        let tiny = SequentialAudit::new(100, alpha(f64::from_bits(1))).unwrap();
        assert_eq!(level(tiny.alpha, 3).get(), f64::from_bits(1));
    }

    #[test]
    fn a_report_that_states_a_smaller_error_than_its_test_has_does_not_load() {
        let leak = from_fn(|bit: &bool, _| *bit);
        let pair = Neighbours::new(true, false, ReplaceRow);
        let experiment = Experiment::new(&leak, &pair, |output: &bool| f64::from(u8::from(*output)));
        let claimed = Claimed::point(0.5, 0.0, ReplaceRow).unwrap();
        let audit = SequentialAudit::new(1_000, alpha(0.5)).unwrap();
        let report = audit.refute(&experiment, &claimed, &mut ChaCha8Rng::seed_from_u64(7));
        assert!(report.verdict().is_refuted() && report.stage() == 1);
        let read = |field: &str, wrong: serde_json::Value| {
            let mut value = serde_json::to_value(&report).unwrap();
            value[field] = wrong;
            serde_json::from_value::<SequentialReport<ReplaceRow>>(value)
        };
        assert_eq!(read("stage", 1.into()).unwrap(), report);
        assert!(read("alpha", 1e-12.into()).is_err());
        assert!(read("stage", 0.into()).is_err() && read("stage", 2.into()).is_err());
    }

    #[test]
    fn refuses_numbers_of_rounds_that_leave_nothing_to_choose_or_to_test() {
        assert!(SequentialAudit::new(1, alpha(0.1)).is_err() && SequentialAudit::new(0, alpha(0.1)).is_err());
        assert!(audit(10).with_pilot_rounds(10).is_err() && audit(10).with_pilot_rounds(0).is_err());
    }
}
