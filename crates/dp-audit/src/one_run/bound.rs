//! How many right guesses (ε, δ) allows.

use crate::binomial::{Chance, probability, tail_over_probability};
use crate::claimed::PrivacyPoint;
use crate::enclosure::Enclosure;

/// Upper bound of the probability that at least `right` of `guesses` guesses about `canaries` fair coins are right.
///
/// They were made from an output that is (ε, δ)-private in each coin. See [`OneRunAudit`](super::OneRunAudit) for the
/// formula, and `docs/theorems.md`, "Many canaries", for the proof. One, where nothing would be refuted anyway.
///
/// # Example
///
/// ```
/// use dp_audit::{PrivacyPoint, guess_tail_bound};
///
/// // one canary, one guess: the best test is right with probability (e^ε + δ)/(1 + e^ε)
/// let bound = guess_tail_bound(1, 1, 1, PrivacyPoint::new(1.0, 0.25)?);
/// let exact = (1_f64.exp() + 0.25) / (1.0 + 1_f64.exp());
/// assert!(bound >= exact && bound - exact < 1e-12);
/// # Ok::<(), dp_audit::Error>(())
/// ```
#[must_use]
pub fn guess_tail_bound(right: u64, guesses: u64, canaries: u64, claim: PrivacyPoint) -> f64 {
    let guesses = guesses.min(canaries); // nobody guesses twice
    if right == 0 {
        return 1.0;
    }
    if right > guesses {
        return 0.0;
    }
    let chance = best_guess(claim.epsilon());
    if (right as f64) < guesses as f64 * chance.success.hi {
        return 1.0; // below the mean of W nothing is refuted
    }
    let ratio = tail_over_probability(right, guesses, chance);
    let tail = (probability(right, guesses, chance) * ratio).probability();
    let failures = Enclosure::point(canaries as f64) * Enclosure::point(claim.delta());
    let term = failures * ratio * tail.complement().probability() / Enclosure::point(right as f64);
    (tail + term).probability().hi
}

/// Right with probability `e^ε/(1 + e^ε)`: what randomised response at ε allows.
fn best_guess(epsilon: f64) -> Chance {
    let odds = Enclosure::point(epsilon).exp();
    let one = Enclosure::point(1.0);
    // 1/(1 + e^−ε) and 1/(1 + e^ε): neither cancels
    let inverse = one / odds;
    Chance { success: (one / (one + inverse)).probability(), failure: (one / (one + odds)).probability() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(epsilon: f64, delta: f64) -> PrivacyPoint {
        PrivacyPoint::new(epsilon, delta).unwrap()
    }

    /// The term of Steinke, Nasr, Jagielski (2023, Theorem 5.2), in plain floats.
    fn published(right: u64, guesses: u64, canaries: u64, claim: PrivacyPoint) -> f64 {
        let chance = best_guess(claim.epsilon());
        let mass = |k: u64| probability(k, guesses, chance).hi;
        let tail: f64 = (right..=guesses).map(mass).sum();
        let mut sum = 0.0;
        let mut largest = 0.0_f64;
        for i in 1..=right {
            sum += mass(right - i);
            largest = largest.max(sum / i as f64);
        }
        tail + 2.0 * canaries as f64 * claim.delta() * largest
    }

    #[test]
    fn the_bound_is_below_the_published_one() {
        for guesses in [1_u64, 2, 5, 40, 500] {
            for (epsilon, delta) in [(0.0, 1e-3), (1.0, 1e-3), (3.0, 1e-5)] {
                let claim = point(epsilon, delta);
                let mean = (guesses as f64 * best_guess(epsilon).success.hi).ceil() as u64;
                for right in mean.max(1)..=guesses {
                    let (ours, theirs) = (
                        guess_tail_bound(right, guesses, 2 * guesses, claim),
                        published(right, guesses, 2 * guesses, claim),
                    );
                    assert!(
                        ours <= theirs.min(1.0) * (1.0 + 1e-9),
                        "{right} of {guesses} at {claim:?}: {ours} {theirs}"
                    );
                }
            }
        }
    }

    #[test]
    fn without_delta_it_is_the_binomial_tail() {
        // ε = ln 3: q = ¾, P(W ≥ 9) = 10·¾⁹·¼ + ¾¹⁰
        let exact = 10.0 * 0.75_f64.powi(9) * 0.25 + 0.75_f64.powi(10);
        let bound = guess_tail_bound(9, 10, 10, point(3_f64.ln(), 0.0));
        assert!(bound >= exact * (1.0 - 1e-15) && bound < exact * (1.0 + 1e-12));
    }

    #[test]
    fn all_guesses_right_costs_the_failure_mass_once_for_each_canary_over_guess() {
        // q^r + (m/r)δ(1 − q^r)
        let q = 0.75_f64.powi(4);
        let bound = guess_tail_bound(4, 4, 12, point(3_f64.ln(), 0.01));
        assert!((bound - (q + 3.0 * 0.01 * (1.0 - q))).abs() < 1e-12);
    }

    #[test]
    fn extremes_are_bounded() {
        assert_eq!(guess_tail_bound(0, 5, 5, point(1.0, 0.0)), 1.0);
        assert_eq!(guess_tail_bound(6, 5, 5, point(1.0, 0.0)), 0.0);
        assert_eq!(guess_tail_bound(6, 9, 5, point(1.0, 0.0)), 0.0);
        assert_eq!(guess_tail_bound(3, 5, 5, point(0.0, 1.0)), 1.0);
        assert!(guess_tail_bound(5, 5, 5, point(1e5, 0.0)) == 1.0);
        assert!(guess_tail_bound(1_000_000, 1_000_000, 1_000_000, point(1.0, 0.0)) < 1e-300);
    }
}
