//! Enclosures of binomial probabilities and tails.

use super::stirling::{TWO_PI, remainder};
use crate::enclosure::Enclosure;

/// A success probability with its complement, so that neither loses digits near 0 or 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    pub(crate) success: Enclosure,
    pub(crate) failure: Enclosure,
}

impl Chance {
    /// A float between 0 and 1, taken as exact.
    pub(crate) fn new(p: f64) -> Self {
        let success = Enclosure::point(p);
        Self { success, failure: success.complement().probability() }
    }

    /// Success and failure exchanged.
    pub(crate) fn swapped(self) -> Self {
        Self { success: self.failure, failure: self.success }
    }
}

/// `ln P(X = k)` for `k` successes in `n` trials.
///
/// The exponent is written as two relative entropies (Loader 2000), so that nothing of the size `n ln n` cancels: with
/// `n` trials it is known to about `n·10⁻¹⁵`.
fn ln_probability(k: u64, n: u64, chance: Chance) -> Enclosure {
    let count = |k: u64| Enclosure::point(k as f64);
    if k == 0 {
        return count(n) * chance.failure.ln();
    }
    if k == n {
        return count(n) * chance.success.ln();
    }
    let rest = n - k;
    let scale = count(n) / (TWO_PI * count(k) * count(rest));
    let entropy = count(k) * (count(n) * chance.success / count(k)).ln()
        + count(rest) * (count(n) * chance.failure / count(rest)).ln();
    Enclosure::point(0.5) * scale.ln() + (remainder(n) - remainder(k) - remainder(rest)) + entropy
}

/// `P(X = k)`.
pub(crate) fn probability(k: u64, n: u64, chance: Chance) -> Enclosure {
    ln_probability(k, n, chance).exp().probability()
}

/// `P(X ≥ k)/P(X = k) = 1 + r₁ + r₁r₂ + …` with `rᵢ = (n − k − i + 1)/(k + i)·odds`, for `k` beyond the mean, where all
/// ratios are below one and falling.
///
/// Each term carries three roundings more than the one before, and each addition one; all terms are positive. What is
/// cut off is at most `term·r/(1 − r)`.
pub(crate) fn tail_over_probability(k: u64, n: u64, chance: Chance) -> Enclosure {
    let odds = chance.success / chance.failure_above_zero();
    Enclosure::new(series(k, n, odds.lo).0, series(k, n, odds.hi).1)
}

impl Chance {
    /// The failure probability as a divisor.
    fn failure_above_zero(self) -> Enclosure {
        Enclosure::new(self.failure.lo.max(f64::MIN_POSITIVE), self.failure.hi.max(f64::MIN_POSITIVE))
    }
}

/// Upper bound of `ln P(X ≥ k)`, and about how fast `ln P(X ≥ k)` grows with the log-odds of a success.
pub(crate) fn ln_tail_upper_bound(k: u64, n: u64, chance: Chance) -> (f64, f64) {
    let odds = chance.success / chance.failure_above_zero();
    let sum = series(k, n, odds.hi).1;
    let ln_tail = ln_probability(k, n, chance) + Enclosure::point(sum).ln();
    (ln_tail.hi, chance.failure.hi * k as f64 / sum)
}

/// Lower and upper bound of the sum at these odds; infinite above if the ratios do not fall below one.
fn series(k: u64, n: u64, odds: f64) -> (f64, f64) {
    let (mut sum, mut term, mut steps) = (1.0, 1.0, 0_u64);
    let mut cut = 0.0;
    for j in k..n {
        let ratio = (n - j) as f64 / (j + 1) as f64 * odds;
        if ratio < LARGEST_RATIO && term * ratio <= NEGLIGIBLE * sum * (1.0 - ratio) {
            // 1 − r keeps three digits at least; the factor two covers its rounding
            cut = 2.0 * term * ratio / (1.0 - ratio);
            break;
        }
        term *= ratio;
        sum += term;
        steps += 1;
        if sum > LARGEST_SUM {
            return (1.0, f64::INFINITY);
        }
    }
    let error = (4 * steps + 8) as f64 * f64::EPSILON;
    (sum * (1.0 - error).max(0.0), ((sum + cut) * (1.0 + error)).next_up())
}

/// Where the cut-off part may be bounded by a geometric series without losing all digits of `1 − r`.
const LARGEST_RATIO: f64 = 1.0 - 1e-13;
/// What is cut off, relative to the sum.
const NEGLIGIBLE: f64 = 1e-17;
/// Sums beyond are given up: at most `2⁵³` terms of at most one each.
const LARGEST_SUM: f64 = 1e16;

/// `P(X ≥ k)` for `k` successes in `n` trials, `n ≤ 2⁵³`. Relative precision where `k` is beyond the mean, absolute
/// elsewhere.
pub(crate) fn upper_tail(k: u64, n: u64, chance: Chance) -> Enclosure {
    if k == 0 {
        return Enclosure::point(1.0);
    }
    if k > n {
        return Enclosure::point(0.0);
    }
    let mean = n as f64 * chance.success.hi;
    if k as f64 >= mean {
        (probability(k, n, chance) * tail_over_probability(k, n, chance)).probability()
    } else {
        // P(X ≥ k) = 1 − P(n − X ≥ n − k + 1)
        let below = n - k + 1;
        let other = chance.swapped();
        (probability(below, n, other) * tail_over_probability(below, n, other)).complement().probability()
    }
}
