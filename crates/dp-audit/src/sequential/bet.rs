//! One round of a bet against `P₁(E) ≤ e^ε P₂(E) + δ`.

use crate::claimed::PrivacyPoint;
use crate::enclosure::Enclosure;

/// Factors by which the capital is multiplied when the event occurs or not, on either neighbour; rounded down.
///
/// # Why it is fair
///
/// The payoff of a round is `(1 + a(x − c))(1 − b(y − d))` with `x`, `y` the indicators of the event on the likelier
/// neighbour and on the other. They are independent, so under probabilities `(p, q)` its mean is `(1 + u)(1 + v)` with
/// `u = a(p − c)`, `v = −b(q − d)`. With `b ≥ a·e^ε` and `c ≥ δ + bd/a`, for every `(p, q)` with `p ≤ e^ε q + δ`:
///
/// ```text
/// u + v ≤ a(e^ε q + δ − c) − b(q − d) = (a·e^ε − b)q + a(δ − c) + bd ≤ 0,
/// ```
///
/// and `(1 + u)(1 + v) ≤ (1 + (u + v)/2)² ≤ 1`, because both factors are means of something non-negative. So the
/// capital is a non-negative supermartingale under the whole hypothesis, for every `a > 0` and `d` that look only at
/// the past and leave the four payoffs non-negative. Without a stake, at `a = 0`, no `c` can make up for a `b` above zero:
/// such a round is not bet on.
///
/// # Which bet is good
///
/// For an alternative `(p, q)` outside the hypothesis let `(c, d)` be the point of its boundary of least relative
/// entropy from `(p, q)`, and `a = (p − c)/(c(1 − c))`. By the condition for that minimum `b = a·e^ε` is
/// `(d − q)/(d(1 − d))`, and the payoff is the likelihood ratio of `(p, q)` to `(c, d)`: the fastest growth that any
/// fair bet has against this alternative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bet {
    likelier: [f64; 2],
    other: [f64; 2],
}

/// A round that stakes nothing.
const NOTHING: Bet = Bet { likelier: [1.0; 2], other: [1.0; 2] };

impl Bet {
    /// The bet of fastest growth if the event has probability `p` on the likelier neighbour and `q` on the other;
    /// nothing if that is within the claim.
    pub(crate) fn against(claim: PrivacyPoint, p: f64, q: f64) -> Self {
        let factor = Enclosure::point(claim.epsilon()).exp().hi;
        if !factor.is_finite() || p <= factor * q + claim.delta() {
            return NOTHING;
        }
        let d = boundary(factor, claim.delta(), p, q);
        let c = factor * d + claim.delta();
        Self::with(claim.delta(), factor, d, (p - c) / (c * (1.0 - c)))
    }

    /// The bet at `d` with stake `a`, or a smaller stake if rounding would make a payoff negative. The constraints are
    /// met by rounding `b` and `c` up. Nothing for a stake that is not above zero: `d` is rounded, so that `c` may be `p`
    /// or beyond it.
    fn with(delta: f64, factor: f64, d: f64, stake: f64) -> Self {
        let mut a = stake;
        for _ in 0..60 {
            if !(a > 0.0 && a.is_finite()) {
                return NOTHING;
            }
            let b = (a * factor).next_up();
            let c = ((b * d).next_up() / a).next_up() + delta;
            if let Some(bet) = Self::payoffs(Enclosure::point(a), Enclosure::point(b), c.next_up(), d) {
                return bet;
            }
            a *= 1.0 - 1e-12;
        }
        NOTHING
    }

    fn payoffs(a: Enclosure, b: Enclosure, c: f64, d: f64) -> Option<Self> {
        let one = Enclosure::point(1.0);
        let (c, d) = (Enclosure::point(c), Enclosure::point(d));
        let likelier = [one - a * c, one + a * (one - c)].map(|payoff| payoff.lo);
        let other = [one + b * d, one - b * (one - d)].map(|payoff| payoff.lo);
        let sound = likelier.iter().chain(&other).all(|payoff| *payoff >= 0.0 && payoff.is_finite());
        sound.then_some(Self { likelier, other })
    }

    /// What the capital is multiplied by, at most the exact payoff.
    pub(crate) fn payoff(&self, likelier: bool, other: bool) -> f64 {
        (self.likelier[usize::from(likelier)] * self.other[usize::from(other)]).next_down().max(0.0)
    }
}

/// The `d` at which `(e^ε d + δ, d)` is nearest to `(p, q)` in relative entropy, for `(p, q)` beyond the boundary:
/// where `e^ε(c − p)/(c(1 − c)) + (d − q)/(d(1 − d))`, the rising derivative of a convex function, changes its sign.
fn boundary(factor: f64, delta: f64, p: f64, q: f64) -> f64 {
    let slope = |d: f64| {
        let c = factor * d + delta;
        factor * (c - p) / (c * (1.0 - c)) + (d - q) / (d * (1.0 - d))
    };
    let (mut low, mut high) = (q.max(f64::MIN_POSITIVE), (p - delta) / factor);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(epsilon: f64, delta: f64) -> PrivacyPoint {
        PrivacyPoint::new(epsilon, delta).unwrap()
    }

    /// Mean payoff under `(p, q)`.
    fn mean(bet: &Bet, p: f64, q: f64) -> f64 {
        let outcomes = [(true, true), (true, false), (false, true), (false, false)];
        let weight = |x: bool, y: bool| (if x { p } else { 1.0 - p }) * (if y { q } else { 1.0 - q });
        outcomes.iter().map(|&(x, y)| weight(x, y) * bet.payoff(x, y)).sum()
    }

    #[test]
    fn nothing_is_staked_within_the_claim() {
        assert_eq!(Bet::against(point(1.0, 0.0), 0.2, 0.1), NOTHING);
        assert_eq!(Bet::against(point(1.0, 1.0), 0.9, 0.1), NOTHING);
        assert_eq!(Bet::against(point(1e4, 0.0), 0.9, 0.1), NOTHING);
    }

    #[test]
    fn the_bet_is_the_likelihood_ratio_of_the_alternative_to_the_nearest_point_of_the_claim() {
        let (p, q) = (0.6, 0.1);
        let bet = Bet::against(point(1.0, 0.05), p, q);
        // its mean under the alternative exceeds one, and log payoffs average to the relative entropy
        assert!(mean(&bet, p, q) > 1.0);
        let d = boundary(1_f64.exp(), 0.05, p, q);
        let c = 1_f64.exp() * d + 0.05;
        for (x, ratio) in [(true, p / c), (false, (1.0 - p) / (1.0 - c))] {
            // eighty bits of bisection and some roundings
            assert!((bet.likelier[usize::from(x)] - ratio).abs() < 1e-12, "{x}");
        }
        for (y, ratio) in [(true, q / d), (false, (1.0 - q) / (1.0 - d))] {
            assert!((bet.other[usize::from(y)] - ratio).abs() < 1e-9, "{y}");
        }
    }

    #[test]
    fn a_stake_that_is_not_above_zero_is_no_bet() {
        for stake in [0.0, -0.0, -1e-17, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Bet::with(0.25, 1.0, 0.4, stake), NOTHING, "{stake}");
        }
    }

    #[test]
    fn all_bets_on_the_counts_of_some_rounds_are_fair() {
        for (epsilon, delta) in [(0.0, 0.25), (0.0, 0.125), (0.0, 0.0), (0.5, 0.1), (1.0, 0.25), (3.0, 0.0)] {
            for (rounds, hits) in (0..24_u32).flat_map(|n| (0..(n + 1) * (n + 1)).map(move |i| (n, i))) {
                let estimate = |hits: u32| (0.5 + f64::from(hits)) / (1.0 + f64::from(rounds));
                let (p, q) = (estimate(hits / (rounds + 1)), estimate(hits % (rounds + 1)));
                let bet = Bet::against(point(epsilon, delta), p, q);
                for null in [0.0, 1e-3, 0.1, 0.25, 0.5, 0.9, 1.0] {
                    let worst = (f64::exp(epsilon) * null + delta).min(1.0);
                    // four products of three roundings each
                    assert!(mean(&bet, worst, null) <= 1.0 + 1e-14, "{epsilon} {delta} {p} {q} {null}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_probabilities_within_the_claim_make_a_bet_profitable(
            epsilon in 0.0..6.0_f64, delta in 0.0..0.5_f64, p in 0.001..0.999_f64, q in 1e-6..0.999_f64, null in 0.0..=1.0_f64,
        ) {
            let bet = Bet::against(point(epsilon, delta), p, q);
            let worst = (epsilon.exp() * null + delta).min(1.0);
            // four products of three roundings each
            prop_assert!(mean(&bet, worst, null) <= 1.0 + 1e-14);
            prop_assert!(mean(&bet, 0.5 * worst, null) <= 1.0 + 1e-14);
        }

        #[test]
        fn a_bet_grows_against_what_it_was_made_for(epsilon in 0.0..4.0_f64, share in 1e-3..0.9_f64, p in 0.01..0.99_f64) {
            let q = share * p / epsilon.exp();
            let bet = Bet::against(point(epsilon, 0.0), p, q);
            let outcomes = [(true, true), (true, false), (false, true), (false, false)];
            let weight = |x: bool, y: bool| (if x { p } else { 1.0 - p }) * (if y { q } else { 1.0 - q });
            let growth: f64 = outcomes.iter().map(|&(x, y)| weight(x, y) * bet.payoff(x, y).ln()).sum();
            prop_assert!(growth > 0.0, "{growth}");
        }
    }
}
