//! Sequential tests of tiny experiments, along every path.

use super::exact::{approximate, dyadic, order};
use crate::{Context, Outcome, Subject};
use dp_audit::{EpsilonLadder, PrivacyPoint, Round, SequentialTest};
use dp_mechanisms::FailureProbability;
use num_bigint::BigUint;

/// Over all paths of some rounds, the probability that a true claim is refuted at any time is at most α, and so is the
/// probability that a ladder ever shows an ε above the true one: sums of integers. After whatever was seen in more rounds
/// than can be followed, the next bet is fair. The twin lets a bet know the outcome that it is on.
pub(super) fn validity(context: &mut Context, subject: Subject) -> Outcome {
    let rounds = context.scale(7, 10) as u32;
    let mut parts = Vec::new();
    for (i, truth) in TRUTHS.iter().enumerate() {
        for alpha in [0.5, 0.25, 0.1] {
            let mut walk = Walk::new(truth, subject);
            walk.test(&SequentialTest::new(truth.claim(), level(alpha)), &Experience::default(), rounds);
            parts.push(walk.outcome(alpha));
        }
        context.progress(i + 1, TRUTHS.len());
    }
    let truth = &TRUTHS[1];
    let mut walk = Walk::new(truth, Subject::AsShipped);
    let ladder =
        EpsilonLadder::new(truth.delta, truth.epsilon / 2.0, 4, level(0.25)).expect("steps are positive");
    walk.ladder(&ladder, rounds.min(7));
    parts.push(walk.outcome(0.25));
    parts.extend(TRUTHS.iter().map(|truth| fair_bets(truth, context.scale(20, 40) as u32)));
    Outcome::worst(parts)
}

/// After any numbers of hits in up to so many rounds, the mean of a capital of one after one more round is at most one.
/// Up to 20 rounds the test is exactly that of a path with these hits.
fn fair_bets(truth: &Truth, rounds: u32) -> Outcome {
    let start = SequentialTest::new(truth.claim(), level(0.5));
    let (weights, one) = (truth.weights(), BigUint::from(1_u32) << (2 * BITS + SMALLEST));
    let (mut unfair, mut states) = (0, 0);
    for (seen, hits) in (1..=rounds).flat_map(|n| (0..(n + 1) * (n + 1)).map(move |hits| (n, hits))) {
        let share = |hits: u32| f64::from(hits) / f64::from(seen);
        let [likelier, other] = [hits / (seen + 1), hits % (seen + 1)].map(share);
        let test = start.clone().with_experience(likelier, other, f64::from(seen));
        let capital = |round: Round| {
            let mut test = test.clone();
            test.observe(round);
            dyadic(test.capital(), SMALLEST)
        };
        let mean: BigUint = ROUNDS.iter().zip(&weights).map(|(round, weight)| weight * capital(*round)).sum();
        unfair += u64::from(mean > one);
        states += 1;
    }
    Outcome::all_equal(unfair, states).with_note("means of payoffs")
}

/// Bits after the point of any float.
const SMALLEST: u64 = 1074;

fn level(alpha: f64) -> FailureProbability {
    FailureProbability::new(alpha).expect("levels are below one")
}

/// Probabilities of the event, of a few bits each, with a claim that they attain (but for the rounding of `ε = ln 2`,
/// upward).
struct Truth {
    epsilon: f64,
    delta: f64,
    likelier: f64,
    other: f64,
}

/// `ln 2` is 0.693147180559945309…, between these floats.
const LN_2_ABOVE: f64 = core::f64::consts::LN_2.next_up();

const TRUTHS: [Truth; 6] = [
    Truth { epsilon: 0.0, delta: 0.0, likelier: 0.5, other: 0.5 },
    Truth { epsilon: LN_2_ABOVE, delta: 0.0, likelier: 0.5, other: 0.25 },
    Truth { epsilon: LN_2_ABOVE, delta: 0.25, likelier: 0.5, other: 0.125 },
    Truth { epsilon: 0.0, delta: 0.125, likelier: 0.1875, other: 0.0625 },
    Truth { epsilon: 2.0 * LN_2_ABOVE, delta: 0.0, likelier: 0.875, other: 0.21875 },
    Truth { epsilon: 0.0, delta: 0.25, likelier: 0.75, other: 0.5 },
];

/// Bits after the point of the probabilities above.
const BITS: u64 = 5;

impl Truth {
    fn claim(&self) -> PrivacyPoint {
        PrivacyPoint::new(self.epsilon, self.delta).expect("claims of the list are in range")
    }

    /// Probabilities of the rounds, over `2^(2·BITS)`.
    fn weights(&self) -> [BigUint; 4] {
        let one = BigUint::from(1_u32) << BITS;
        let [p, q] = [self.likelier, self.other].map(|p| dyadic(p, BITS));
        let pick = |hit: bool, p: &BigUint| if hit { p.clone() } else { &one - p };
        ROUNDS.map(|round| pick(round.likelier, &p) * pick(round.other, &q))
    }
}

/// Sums weights of paths, over `2^(2·BITS·rounds)`.
struct Walk<'a> {
    truth: &'a Truth,
    subject: Subject,
    weights: [BigUint; 4],
    wrong: BigUint,
    all: BigUint,
    paths: u64,
    weight: BigUint,
}

const ROUNDS: [Round; 4] = [
    Round { likelier: false, other: false },
    Round { likelier: false, other: true },
    Round { likelier: true, other: false },
    Round { likelier: true, other: true },
];

impl<'a> Walk<'a> {
    fn new(truth: &'a Truth, subject: Subject) -> Self {
        let (wrong, all, weight) = (BigUint::ZERO, BigUint::ZERO, BigUint::from(1_u32));
        Self { truth, subject, weights: truth.weights(), wrong, all, paths: 0, weight }
    }

    fn outcome(&self, alpha: f64) -> Outcome {
        let ratio = approximate(&self.wrong, &self.all) / alpha;
        let exceeded = order(alpha, &self.wrong, &self.all).is_lt();
        Outcome::all_equal(u64::from(exceeded), self.paths)
            .with_note(format!("refuted with probability {ratio:.3}·α"))
    }

    fn end(&mut self, wrong: bool, left: u32) {
        let weight = &self.weight << (2 * BITS * u64::from(left));
        self.wrong += if wrong { weight.clone() } else { BigUint::ZERO };
        self.all += weight;
        self.paths += 1;
    }

    fn follow(&mut self, mut next: impl FnMut(&mut Self, Round)) {
        let weight = self.weight.clone();
        for (i, round) in ROUNDS.into_iter().enumerate() {
            self.weight = &weight * &self.weights[i];
            next(self, round);
        }
        self.weight = weight;
    }

    fn test(&mut self, test: &SequentialTest, seen: &Experience, left: u32) {
        let refuted = match self.subject {
            Subject::AsShipped => test.verdict().is_refuted(),
            Subject::Broken => seen.capital * test.alpha().get() >= 1.0,
        };
        if refuted || left == 0 {
            return self.end(refuted, left);
        }
        self.follow(|walk, round| match walk.subject {
            Subject::AsShipped => {
                let mut test = test.clone();
                test.observe(round);
                walk.test(&test, seen, left - 1);
            }
            Subject::Broken => walk.test(test, &seen.cheating(test, round), left - 1),
        });
    }

    fn ladder(&mut self, ladder: &EpsilonLadder, left: u32) {
        // the first two rungs are at half the true ε and at the true ε: the second must stand
        let wrong = ladder.epsilon_lower_bound() >= self.truth.epsilon;
        if wrong || left == 0 {
            return self.end(wrong, left);
        }
        self.follow(|walk, round| {
            let mut ladder = ladder.clone();
            ladder.observe(round);
            walk.ladder(&ladder, left - 1);
        });
    }
}

/// A capital whose bets are placed after the outcome was seen.
struct Experience {
    capital: f64,
    rounds: f64,
    hits: [f64; 2],
}

impl Default for Experience {
    fn default() -> Self {
        Self { capital: 1.0, rounds: 0.0, hits: [0.0; 2] }
    }
}

impl Experience {
    fn cheating(&self, test: &SequentialTest, round: Round) -> Self {
        let add = |hit: bool| if hit { 1.0 } else { 0.0 };
        let (rounds, hits) =
            (self.rounds + 1.0, [self.hits[0] + add(round.likelier), self.hits[1] + add(round.other)]);
        let fresh = SequentialTest::new(test.claim(), test.alpha());
        let mut single = fresh.with_experience(hits[0] / rounds, hits[1] / rounds, 100.0 * rounds);
        single.observe(round);
        Self { capital: self.capital * single.capital(), rounds, hits }
    }
}
