//! The test itself: a capital that grows if the claim is false.

use super::bet::Bet;
use crate::claimed::PrivacyPoint;
use crate::error::Unsound;
use crate::verdict::Verdict;
use dp_mechanisms::FailureProbability;
use serde::{Deserialize, Serialize};

/// Whether an event occurred in one run on either neighbour.
///
/// # Example
///
/// ```
/// let round = dp_audit::Round { likelier: true, other: false };
/// assert!(round.likelier && !round.other);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Round {
    /// On the neighbour where it is to be the likelier.
    pub likelier: bool,
    /// On the other one.
    pub other: bool,
}

/// A test of (ε, δ) on a fixed event that may be looked at after every round, and stopped whenever one likes.
///
/// # Guarantee
///
/// If `P₁(E) ≤ e^ε P₂(E) + δ` and runs are independent, the two of a round included, the capital ever reaches `1/α` with
/// probability at most α (Ville 1939), whatever the rule by which one stops: each round multiplies it by a payoff of mean
/// at most one that was fixed before the round. The capital is rounded down.
///
/// The event must be fixed before the first round: chosen from experience, or by runs that are not fed in again.
///
/// # Example
///
/// ```
/// use dp_audit::{PrivacyPoint, Round, SequentialTest};
/// use dp_mechanisms::FailureProbability;
///
/// let mut test = SequentialTest::new(PrivacyPoint::new(1.0, 0.0)?, FailureProbability::new(1e-6)?);
/// while !test.verdict().is_refuted() {
///     test.observe(Round { likelier: true, other: false }); // always on one neighbour, never on the other
/// }
/// assert!(test.rounds() < 60);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Ville 1939, *Étude critique de la notion de collectif*. Shafer 2021, *Testing by betting*. Turner, Ly, Grünwald
/// 2024, *Generic E-variables for exact sequential k-sample tests that allow for optional stopping*. Waudby-Smith,
/// Ramdas 2024, *Estimating means of bounded random variables by betting*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Record")]
pub struct SequentialTest {
    claim: PrivacyPoint,
    alpha: FailureProbability,
    capital: f64,
    largest: f64,
    rounds: u64,
    hits: [f64; 2],
    weight: f64,
}

/// As read from a file.
#[derive(Deserialize)]
struct Record {
    claim: PrivacyPoint,
    alpha: FailureProbability,
    capital: f64,
    largest: f64,
    rounds: u64,
    hits: [f64; 2],
    weight: f64,
}

/// Floats that are read may be off by their last digits.
pub(super) const READ: f64 = 1.0 + 4.0 * f64::EPSILON;

impl Record {
    /// Whether some rounds may lead here: to a capital that began as one, to a weight of at least as many, and to hits that are no more.
    fn is_sound(&self) -> bool {
        let Self { capital, largest, rounds, hits, weight, .. } = *self;
        let began = rounds > 0 || capital == 1.0 && largest == 1.0;
        let grew = largest >= 1.0 && largest.is_finite() && capital >= 0.0 && capital <= largest * READ;
        let most = (weight - PRIOR_HITS) * READ;
        let counted = weight * READ >= PRIOR_ROUNDS + rounds as f64 && weight.is_finite();
        began && grew && counted && hits.iter().all(|hits| (PRIOR_HITS..=most).contains(hits))
    }
}

impl TryFrom<Record> for SequentialTest {
    type Error = Unsound;

    fn try_from(record: Record) -> Result<Self, Unsound> {
        if !record.is_sound() {
            return Err(Unsound);
        }
        let Record { claim, alpha, capital, largest, rounds, hits, weight } = record;
        Ok(Self { claim, alpha, capital, largest, rounds, hits, weight })
    }
}

/// Hits of each kind that are assumed before the first round (Krichevsky, Trofimov 1981).
const PRIOR_HITS: f64 = 0.5;
const PRIOR_ROUNDS: f64 = 1.0;

impl SequentialTest {
    /// A test of this (ε, δ) that errs with probability at most α.
    #[must_use]
    pub const fn new(claim: PrivacyPoint, alpha: FailureProbability) -> Self {
        Self {
            claim,
            alpha,
            capital: 1.0,
            largest: 1.0,
            rounds: 0,
            hits: [PRIOR_HITS; 2],
            weight: PRIOR_ROUNDS,
        }
    }

    /// Starts from experience: the event had these probabilities in so many rounds that are not fed in.
    ///
    /// That steers the first bets, no more. Numbers that cannot be are ignored.
    #[must_use]
    pub fn with_experience(self, likelier: f64, other: f64, rounds: f64) -> Self {
        let sound =
            [likelier, other].iter().all(|p| (0.0..=1.0).contains(p)) && (0.0..1e15).contains(&rounds);
        if !sound {
            return self;
        }
        Self {
            hits: [PRIOR_HITS + likelier * rounds, PRIOR_HITS + other * rounds],
            weight: PRIOR_ROUNDS + rounds,
            ..self
        }
    }

    /// Bets, then looks: the bet knows the past rounds only.
    pub fn observe(&mut self, round: Round) {
        let bet = Bet::against(self.claim, self.hits[0] / self.weight, self.hits[1] / self.weight);
        self.capital = (self.capital * bet.payoff(round.likelier, round.other)).next_down().max(0.0);
        self.largest = self.largest.max(self.capital);
        self.hits[0] += f64::from(u8::from(round.likelier));
        self.hits[1] += f64::from(u8::from(round.other));
        self.weight += 1.0;
        self.rounds = self.rounds.saturating_add(1);
    }

    /// Refuted from the first round on at which the capital was `1/α`.
    pub fn verdict(&self) -> Verdict {
        // the product is one step down before the comparison: at least one only if the exact one is
        Verdict::refuted_if((self.largest * self.alpha.get()).next_down() >= 1.0)
    }

    /// A p-value that holds at any time: the reciprocal of the largest capital, rounded up.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        (1.0 / self.largest).next_up().min(1.0)
    }

    /// What is tested.
    #[must_use]
    pub const fn claim(&self) -> PrivacyPoint {
        self.claim
    }

    /// Probability of an error.
    #[must_use]
    pub const fn alpha(&self) -> FailureProbability {
        self.alpha
    }

    /// Rounds so far; each is one run on each neighbour.
    #[must_use]
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }

    /// The capital now, having started with one.
    #[must_use]
    pub const fn capital(&self) -> f64 {
        self.capital
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alpha(value: f64) -> FailureProbability {
        FailureProbability::new(value).unwrap()
    }

    fn test(epsilon: f64, level: f64) -> SequentialTest {
        SequentialTest::new(PrivacyPoint::new(epsilon, 0.0).unwrap(), alpha(level))
    }

    const ROUNDS: [Round; 4] = [
        Round { likelier: false, other: false },
        Round { likelier: false, other: true },
        Round { likelier: true, other: false },
        Round { likelier: true, other: true },
    ];

    /// Probability that the capital reaches `1/α` within so many rounds, by all paths.
    fn crossing(test: &SequentialTest, p: f64, q: f64, rounds: u32) -> f64 {
        if test.verdict().is_refuted() {
            return 1.0;
        }
        if rounds == 0 {
            return 0.0;
        }
        let follow = |round: Round| {
            let mut test = test.clone();
            test.observe(round);
            let weight = if round.likelier { p } else { 1.0 - p } * if round.other { q } else { 1.0 - q };
            weight * crossing(&test, p, q, rounds - 1)
        };
        ROUNDS.into_iter().map(follow).sum()
    }

    #[test]
    fn all_paths_of_a_true_claim_together_cross_with_probability_alpha_at_most() {
        for (epsilon, q) in [(0.0, 0.5), (0.5, 0.2), (1.0, 0.3), (2.0, 0.01)] {
            for level in [0.5, 0.25, 0.1] {
                let p = f64::exp(epsilon) * q;
                let probability = crossing(&test(epsilon, level), p, q, 7);
                assert!(probability <= level, "{epsilon} {q} {level}: {probability}");
            }
        }
    }

    #[test]
    fn a_path_that_contradicts_the_claim_is_not_wasted() {
        let probability = crossing(&test(0.5, 0.1), 0.95, 0.02, 7);
        assert!(probability > 0.5, "{probability}");
    }

    #[test]
    fn a_bet_without_a_stake_wins_nothing() {
        // after eleven rounds the nearest point of the claim is the estimate itself, to the last digit
        let mut test = SequentialTest::new(PrivacyPoint::new(0.0, 0.25).unwrap(), alpha(1e-6));
        for (round, times) in [(ROUNDS[2], 3), (ROUNDS[3], 5), (ROUNDS[0], 3)] {
            (0..times).for_each(|_| test.observe(round));
        }
        let before = test.capital();
        test.observe(ROUNDS[0]);
        assert!(test.capital() <= before && !test.verdict().is_refuted(), "{before} {}", test.capital());
    }

    #[test]
    fn a_capital_lost_later_does_not_undo_a_refutation() {
        let mut test = test(0.1, 0.2);
        while !test.verdict().is_refuted() {
            test.observe(ROUNDS[2]);
        }
        let rounds = test.rounds();
        for _ in 0..rounds {
            test.observe(ROUNDS[1]);
        }
        assert!(test.verdict().is_refuted() && test.capital() < 5.0 && test.p_value() <= 0.2);
    }

    #[test]
    fn experience_steers_the_first_bet_and_nonsense_is_ignored() {
        let fresh = test(1.0, 0.1);
        let mut steered = fresh.clone().with_experience(0.9, 0.01, 20.0);
        steered.observe(ROUNDS[2]);
        assert!(steered.capital() > 1.2);
        assert_eq!(fresh.clone().with_experience(f64::NAN, 0.5, 3.0), fresh);
        assert_eq!(fresh.clone().with_experience(0.5, 0.5, -3.0), fresh);
    }

    #[test]
    fn a_test_that_no_rounds_lead_to_does_not_load() {
        let fresh = test(1.0, 0.1);
        let mut played = fresh.clone().with_experience(0.7, 0.2, 3.3);
        (0..9).for_each(|i| played.observe(ROUNDS[i % 3]));
        let read = |test: &SequentialTest, change: &dyn Fn(&mut serde_json::Value)| {
            let mut value = serde_json::to_value(test).unwrap();
            change(&mut value);
            serde_json::from_value::<SequentialTest>(value)
        };
        for test in [&fresh, &played] {
            assert_eq!(read(test, &|_| {}).unwrap(), *test);
        }
        for (field, wrong) in [
            ("largest", -1.0),
            ("largest", 0.5),
            ("capital", -1e-9),
            ("capital", 1e9),
            ("weight", 0.5),
            ("weight", 1.0),
        ] {
            assert!(read(&played, &|value| value[field] = wrong.into()).is_err(), "{field}: {wrong}");
        }
        // before the first round there is nothing but the capital of one
        assert!(read(&fresh, &|value| value["largest"] = 1e9.into()).is_err());
        assert!(read(&fresh, &|value| value["capital"] = 0.5.into()).is_err());
        for hits in [[0.0, 0.5], [0.5, 1e3]] {
            assert!(read(&played, &|value| value["hits"] = hits.to_vec().into()).is_err(), "{hits:?}");
        }
    }

    #[test]
    fn all_tests_that_can_be_load() {
        for (p, q, rounds) in [(1.0, 0.0, 0.3), (1.0, 1.0, 0.999e15), (0.1, 1.0, 1e-20), (1.0, 1.0, 7.7e7)] {
            let mut test = test(0.3, 0.1).with_experience(p, q, rounds);
            for round in ROUNDS.into_iter().cycle().take(500).chain([ROUNDS[2]; 3000]) {
                test.observe(round);
            }
            let text = serde_json::to_string(&test).unwrap();
            assert_eq!(serde_json::from_str::<SequentialTest>(&text).unwrap(), test);
        }
    }
}
