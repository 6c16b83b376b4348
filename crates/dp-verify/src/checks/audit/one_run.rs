//! Many canaries: the bound on right guesses, against the mechanism that attains it and against many others.

use super::exact::order;
use crate::{Context, Outcome, Subject, larger};
use dp_audit::{PrivacyPoint, guess_tail_bound};
use num_bigint::BigUint;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Mechanisms that are (ln E, δ)-private by enumeration of all outputs and flips reach the bound, and none exceeds it:
/// fractions of integers. The twin counts only the canaries that a guess was made about.
pub(super) fn attained(_: &mut Context, subject: Subject) -> Outcome {
    let (mut wrong, mut n) = (0, 0);
    for (canaries, guesses) in [(1, 1), (3, 3), (4, 2), (5, 3), (6, 4), (6, 6), (7, 5)] {
        for odds in [1, 2, 3] {
            for right in 1..=guesses {
                let extremal = Extremal { canaries, guesses, right, odds };
                wrong += u64::from(!extremal.is_private() || !extremal.is_bounded(subject));
                n += 1;
            }
        }
    }
    Outcome::all_equal(wrong, n)
}

/// Guesses `guesses` of `canaries`, all sets alike, with `k` right ones with probability `a_k`: an even mixture of `W`
/// and of `W` given `W ≥ right`, for `W` binomial at odds `odds`.
struct Extremal {
    canaries: u32,
    guesses: u32,
    right: u32,
    odds: u64,
}

impl Extremal {
    /// `C(r, k)·Eᵏ`: the weights of `W`.
    fn weight(&self, k: u32) -> BigUint {
        choose(self.guesses, k) * BigUint::from(self.odds).pow(k)
    }

    /// All of `W`, and `W ≥ right`.
    fn sums(&self) -> (BigUint, BigUint) {
        let sum = |from: u32| (from..=self.guesses).map(|k| self.weight(k)).sum();
        (sum(0), sum(self.right))
    }

    /// `a_k` over `2·all·tail`.
    fn mass(&self, k: u32) -> BigUint {
        let (all, tail) = self.sums();
        self.weight(k) * if k >= self.right { all + tail } else { tail }
    }

    /// δ as a fraction: `right·P(W = right)/(2·m·P(W ≥ right))`.
    fn delta(&self) -> (BigUint, BigUint) {
        (self.weight(self.right) * self.right, self.sums().1 * 2_u32 * self.canaries)
    }

    /// Probability of one output (a set of canaries and a guess about each) with `k` right guesses, over a common
    /// denominator.
    fn output(&self, k: u32) -> BigUint {
        // a_k / (C(m, r)·C(r, k)), times C(m, r)·lcm of the C(r, k)
        self.mass(k) * self.common() / choose(self.guesses, k)
    }

    fn common(&self) -> BigUint {
        (1..=self.guesses).map(BigUint::from).product()
    }

    /// `Σ max(0, P(t | s) − E·P(t | s'))` over all outputs `t`, for `s` and `s'` that differ in one coin, is at most δ.
    fn is_private(&self) -> bool {
        let (m, mut excess) = (self.canaries, BigUint::ZERO);
        // by symmetry all coins show heads, and the first is flipped; an output is a set and the guesses that say heads
        for set in (0_u32..1 << m).filter(|set| set.count_ones() == self.guesses) {
            for heads in (0_u32..1 << m).filter(|heads| heads & !set == 0) {
                let right = |coins: u32| (!(heads ^ coins) & set).count_ones();
                let (here, there) = (self.output(right((1 << m) - 1)), self.output(right((1 << m) - 2)));
                let there = there * self.odds;
                if here > there {
                    excess += here - there;
                }
            }
        }
        let (all, tail) = self.sums();
        let denominator = all * tail * 2_u32 * choose(m, self.guesses) * self.common();
        let (numerator, over) = self.delta();
        excess * over <= numerator * denominator
    }

    /// `P(V ≥ right) = (all + tail)/(2·all)` is at most the bound at this δ, and not much less.
    fn is_bounded(&self, subject: Subject) -> bool {
        let (numerator, denominator) = self.delta();
        let delta = above(&numerator, &denominator);
        let epsilon = (self.odds as f64).ln().next_up().next_up(); // the platform's logarithm is good to one float here
        let claim =
            PrivacyPoint::new(if self.odds == 1 { 0.0 } else { epsilon }, delta).expect("δ is a probability");
        let canaries = subject.pick(self.canaries, self.guesses);
        let bound = guess_tail_bound(self.right.into(), self.guesses.into(), canaries.into(), claim);
        let (all, tail) = self.sums();
        let (reached, whole) = (&all + tail, all * 2_u32);
        let is_above = order(bound, &reached, &whole).is_ge();
        // below the mean of W the bound is one, by choice
        let is_close = bound == 1.0 || order(bound * (1.0 - 1e-12), &reached, &whole).is_le();
        is_above && (is_close || subject == Subject::Broken)
    }
}

/// A float just above a fraction.
fn above(numerator: &BigUint, denominator: &BigUint) -> f64 {
    let scaled = (numerator << 60_u32) / denominator;
    (u64::try_from(scaled).expect("a fraction below one") as f64 * 2_f64.powi(-60)).next_up().next_up()
}

fn choose(n: u32, k: u32) -> BigUint {
    (0..k).fold(BigUint::from(1_u32), |product, i| product * (n - i) / (i + 1))
}

/// An adversary who tries laws of the number of right guesses: each defines a mechanism, symmetric in coins and
/// canaries, whose δ is computed. By symmetrisation there are no others that matter. The twin charges a tenth of the
/// failure term.
pub(super) fn search(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let trials = context.scale(20_000, 1_000_000);
    let mut worst = f64::NEG_INFINITY;
    for _ in 0..trials {
        let guesses = rng.random_range(1..=12_u32);
        let epsilon: f64 = rng.random_range(0.0..2.5);
        let law = law(guesses, epsilon, &mut rng);
        // with all canaries guessed, m = r
        let delta = failure(&law, epsilon);
        for right in 1..=guesses {
            let reached: f64 = law[right as usize..].iter().sum();
            let claim = PrivacyPoint::new(epsilon, (subject.pick(1.0, 0.1) * delta).min(1.0))
                .expect("δ is a probability");
            let bound = guess_tail_bound(right.into(), guesses.into(), guesses.into(), claim);
            worst = larger(worst, reached - bound);
        }
    }
    // at most 13 terms of a few roundings each, in δ and in the tail
    Outcome::at_most(worst, 1e-12, trials as u64)
}

/// Weights that follow the binomial law, with a disturbance of any size in a random direction.
fn law(guesses: u32, epsilon: f64, rng: &mut ChaCha20Rng) -> Vec<f64> {
    let scale = [0.0, 0.1, 1.0, 4.0][rng.random_range(0..4)];
    let jump = rng.random_range(0..=guesses);
    let height: f64 = rng.random_range(0.0..6.0);
    let mut law: Vec<f64> = Vec::new();
    let mut weight = 1.0;
    for k in 0..=guesses {
        let noise: f64 = scale * rng.random_range(-1.0..1.0);
        law.push(weight * (noise + if k >= jump { height } else { 0.0 }).exp());
        weight *= epsilon.exp() * f64::from(guesses - k) / f64::from(k + 1);
    }
    let sum: f64 = law.iter().sum();
    law.iter().map(|weight| weight / sum).collect()
}

/// δ of the mechanism: the excess over all flips of right guesses to wrong ones and back, averaged over canaries.
fn failure(law: &[f64], epsilon: f64) -> f64 {
    let r = law.len() - 1;
    let factor = epsilon.exp();
    let up = (1..=r).map(|k| larger(k as f64 * law[k] - factor * (r - k + 1) as f64 * law[k - 1], 0.0));
    let down = (0..r).map(|k| larger((r - k) as f64 * law[k] - factor * (k + 1) as f64 * law[k + 1], 0.0));
    up.chain(down).sum::<f64>() / r as f64
}
