//! A lower bound of ε that holds at all times.

use super::test::{Round, SequentialTest};
use crate::claimed::PrivacyPoint;
use crate::error::{Error, Unsound};
use dp_mechanisms::FailureProbability;
use serde::{Deserialize, Serialize};

/// Tests of `(ε, δ)` at rising ε on the same event: a lower bound of ε that holds at every time at once.
///
/// The bound is the last rung up to which all are refuted; over time these form a confidence sequence.
///
/// # Guarantee
///
/// If runs are independent: unless an event of probability at most α occurred, no bound that is ever shown exceeds the
/// true ε at this δ. No correction for many tests is needed: a mechanism that is (ε, δ)-private is so at all larger ε, so
/// the bound can be wrong only if the first rung that is true was refuted.
///
/// # Example
///
/// ```
/// use dp_audit::{EpsilonLadder, Round};
/// use dp_mechanisms::FailureProbability;
///
/// let mut ladder = EpsilonLadder::new(0.0, 0.25, 40, FailureProbability::new(1e-3)?)?;
/// let mut shown = vec![];
/// for _ in 0..1000 {
///     ladder.observe(Round { likelier: true, other: false });
///     shown.push(ladder.epsilon_lower_bound());
/// }
/// assert!(shown.is_sorted() && shown[999] >= 4.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Record")]
pub struct EpsilonLadder {
    rungs: Vec<SequentialTest>,
    refuted: usize,
}

/// As read from a file: how many rungs are refuted is counted again.
#[derive(Deserialize)]
struct Record {
    rungs: Vec<SequentialTest>,
}

impl TryFrom<Record> for EpsilonLadder {
    type Error = Unsound;

    /// A bound is shown of the last rung that is refuted: so ε must rise, at one δ and one level.
    fn try_from(Record { rungs }: Record) -> Result<Self, Unsound> {
        let follows = |lower: &SequentialTest, upper: &SequentialTest| {
            let (a, b) = (lower.claim(), upper.claim());
            a.epsilon() < b.epsilon() && a.delta() == b.delta() && lower.alpha() == upper.alpha()
        };
        if !rungs.is_sorted_by(follows) {
            return Err(Unsound);
        }
        let refuted = rungs.iter().take_while(|rung| rung.verdict().is_refuted()).count();
        Ok(Self { rungs, refuted })
    }
}

impl EpsilonLadder {
    /// Rungs at `step`, `2·step`, … `rungs·step`, all at this δ and level.
    ///
    /// # Errors
    ///
    /// [`Error::PrivacyPoint`] unless `0 ≤ δ ≤ 1`, and the steps are positive and finite.
    pub fn new(delta: f64, step: f64, rungs: u32, alpha: FailureProbability) -> Result<Self, Error> {
        if step.is_nan() || step <= 0.0 {
            return Err(Error::PrivacyPoint { epsilon: step, delta });
        }
        let rung = |i: u32| Ok(SequentialTest::new(PrivacyPoint::new(f64::from(i) * step, delta)?, alpha));
        Ok(Self { rungs: (1..=rungs).map(rung).collect::<Result<_, Error>>()?, refuted: 0 })
    }

    /// One more run on each neighbour.
    pub fn observe(&mut self, round: Round) {
        for rung in self.rungs.iter_mut().skip(self.refuted) {
            if !rung.verdict().is_refuted() {
                rung.observe(round);
            }
        }
        self.refuted +=
            self.rungs[self.refuted..].iter().take_while(|rung| rung.verdict().is_refuted()).count();
    }

    /// Lower bound of ε at this δ, from everything so far. It never falls.
    #[must_use]
    pub fn epsilon_lower_bound(&self) -> f64 {
        self.refuted.checked_sub(1).map_or(0.0, |last| self.rungs[last].claim().epsilon())
    }

    /// The single tests, from the lowest ε upwards.
    #[must_use]
    pub fn rungs(&self) -> &[SequentialTest] {
        &self.rungs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_bound_rises_toward_the_truth_and_not_beyond() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let alpha = FailureProbability::new(1e-6).unwrap();
        let mut ladder = EpsilonLadder::new(0.0, 0.1, 30, alpha).unwrap();
        for _ in 0..20_000 {
            let [likelier, other] = [0.6, 0.2].map(|p| rng.random_bool(p));
            ladder.observe(Round { likelier, other });
        }
        // ln 3 = 1.0986; √(2·ln 10⁶/20 000) ≈ 0.037 in the logarithm times √(0.67 + 4): 0.08
        assert!((0.9..1.0987).contains(&ladder.epsilon_lower_bound()), "{}", ladder.epsilon_lower_bound());
    }

    #[test]
    fn a_ladder_from_a_file_has_climbed_no_further_than_its_rungs_say() {
        let mut ladder = EpsilonLadder::new(0.0, 0.25, 4, FailureProbability::new(0.1).unwrap()).unwrap();
        (0..20).for_each(|_| ladder.observe(Round { likelier: true, other: false }));
        let refuted = ladder.refuted;
        let text = serde_json::to_string(&ladder).unwrap();
        assert!(refuted > 0 && serde_json::from_str::<EpsilonLadder>(&text).unwrap() == ladder);
        let beyond = text.replace(&format!("\"refuted\":{refuted}"), "\"refuted\":99");
        assert_ne!(beyond, text);
        let mut loaded: EpsilonLadder = serde_json::from_str(&beyond).unwrap();
        loaded.observe(Round { likelier: false, other: false });
        assert_eq!(loaded.epsilon_lower_bound(), ladder.epsilon_lower_bound());
    }

    #[test]
    fn rungs_that_are_no_ladder_do_not_load() {
        let ladder = EpsilonLadder::new(0.1, 0.5, 3, FailureProbability::new(0.1).unwrap()).unwrap();
        let read = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value = serde_json::to_value(&ladder).unwrap();
            change(&mut value["rungs"]);
            serde_json::from_value::<EpsilonLadder>(value)
        };
        assert_eq!(read(&|_| {}).unwrap(), ladder);
        assert!(read(&|rungs| rungs[0]["claim"][0] = 3.0.into()).is_err());
        assert!(read(&|rungs| rungs[1]["claim"][0] = 0.5.into()).is_err());
        assert!(read(&|rungs| rungs[1]["claim"][1] = 0.2.into()).is_err());
        assert!(read(&|rungs| rungs[2]["alpha"] = 0.2.into()).is_err());
    }

    #[test]
    fn refuses_steps_that_are_none() {
        let alpha = FailureProbability::new(0.1).unwrap();
        for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(EpsilonLadder::new(0.0, step, 3, alpha).is_err());
        }
        assert!(EpsilonLadder::new(2.0, 1.0, 3, alpha).is_err());
        assert_eq!(EpsilonLadder::new(0.0, 1.0, 0, alpha).unwrap().epsilon_lower_bound(), 0.0);
    }
}
