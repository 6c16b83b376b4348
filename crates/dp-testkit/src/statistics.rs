//! Tests and confidence bounds, each with a stated level. Passing a test at level `α` proves nothing; failing it at a
//! small `α` is strong evidence of a fault.

use statrs::function::beta::beta_reg;
use statrs::function::gamma::gamma_ur;

/// Expected count below which neighbouring cells are pooled: the usual condition for the χ² limit.
const SMALLEST_CELL: f64 = 5.0;

/// Pearson's test of counts against probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// `Σ (observed − expected)²/expected` over the pooled cells.
    pub statistic: f64,
    /// Pooled cells minus one.
    pub degrees_of_freedom: u32,
    /// Probability of a statistic at least this large if the probabilities are right.
    pub p_value: f64,
    /// Sum of all counts.
    pub n: u64,
}

/// Tests whether counts come from these probabilities. Neighbouring cells are pooled until each expects 5 or more, so
/// tails may be given in full; what the probabilities lack to 1 makes one more cell, which holds the
/// last count if there is one count more than probabilities, and no count otherwise.
///
/// # Panics
/// If there are neither as many counts as probabilities nor exactly one more, if no count was made, or if fewer than
/// two cells remain after pooling.
///
/// ```
/// use dp_testkit::statistics::chi_square;
/// let fair = chi_square(&[170, 160, 165, 172, 163, 170], &[1.0 / 6.0; 6]);
/// assert!(fair.p_value > 0.5);
/// let loaded = chi_square(&[300, 140, 140, 140, 140, 140], &[1.0 / 6.0; 6]);
/// assert!(loaded.p_value < 1e-9);
/// ```
#[must_use]
pub fn chi_square(counts: &[u64], probabilities: &[f64]) -> ChiSquare {
    let n: u64 = counts.iter().sum();
    assert!(n > 0, "a test needs counts");
    let rest = (1.0 - probabilities.iter().sum::<f64>()).max(0.0);
    let expected: Vec<f64> = probabilities.iter().chain([&rest]).map(|p| p * n as f64).collect();
    assert!(counts.len() == expected.len() || counts.len() + 1 == expected.len(), "one count a cell");
    let observed = counts.iter().copied().chain([0]).zip(expected);
    let cells = pool(observed.map(|(count, expected)| (count as f64, expected)));
    assert!(cells.len() >= 2, "a test needs two cells");
    let statistic = cells.iter().map(|(count, expected)| (count - expected).powi(2) / expected).sum::<f64>();
    let degrees_of_freedom = cells.len() as u32 - 1;
    let p_value = gamma_ur_from_zero(f64::from(degrees_of_freedom) / 2.0, statistic / 2.0);
    ChiSquare { statistic, degrees_of_freedom, p_value, n }
}

/// `Γ(a, x)/Γ(a)`, also at `x = 0`.
fn gamma_ur_from_zero(a: f64, x: f64) -> f64 {
    if x > 0.0 { gamma_ur(a, x) } else { 1.0 }
}

/// Joins neighbouring cells until each expects enough; a small last cell joins the one before it.
fn pool(cells: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut pooled: Vec<(f64, f64)> = Vec::new();
    let mut open = (0.0, 0.0);
    for (count, expected) in cells {
        open = (open.0 + count, open.1 + expected);
        if open.1 >= SMALLEST_CELL {
            pooled.push(std::mem::take(&mut open));
        }
    }
    if let Some(last) = pooled.last_mut() {
        *last = (last.0 + open.0, last.1 + open.1);
    }
    pooled
}

/// A number that the success probability exceeds, unless an event of probability `alpha` occurred (Clopper and Pearson
/// 1934, one-sided), after `successes` in `n` independent trials.
///
/// # Panics
/// If `successes > n`, `n = 0`, or `alpha` is not in `(0, 1)`.
///
/// ```
/// use dp_testkit::statistics::proportion_lower_bound;
/// // all of n successes: pⁿ = α at the bound
/// assert!((proportion_lower_bound(100, 100, 0.05) - 0.05_f64.powf(0.01)).abs() < 1e-12);
/// assert_eq!(proportion_lower_bound(0, 100, 0.05), 0.0);
/// ```
#[must_use]
pub fn proportion_lower_bound(successes: u64, n: u64, alpha: f64) -> f64 {
    validate(successes, n, alpha);
    if successes == 0 {
        return 0.0;
    }
    // P(X ≥ k) under p is increasing in p: the bound is the largest p at which it stays at or below α
    bisect(|p| binomial_tail(successes, n, p) <= alpha).0
}

/// A number that the success probability stays below, unless an event of probability `alpha` occurred.
///
/// # Panics
/// As [`proportion_lower_bound`].
///
/// ```
/// use dp_testkit::statistics::proportion_upper_bound;
/// assert!((proportion_upper_bound(0, 100, 0.05) - (1.0 - 0.05_f64.powf(0.01))).abs() < 1e-12);
/// ```
#[must_use]
pub fn proportion_upper_bound(successes: u64, n: u64, alpha: f64) -> f64 {
    validate(successes, n, alpha);
    1.0 - proportion_lower_bound(n - successes, n, alpha)
}

/// Both bounds of Clopper and Pearson (1934), jointly at confidence `1 − alpha`.
///
/// # Panics
/// As [`proportion_lower_bound`].
///
/// ```
/// let (low, high) = dp_testkit::statistics::clopper_pearson(5, 10, 0.05);
/// assert!((low - 0.187_086_028_447).abs() < 1e-9 && (high - 0.812_913_971_553).abs() < 1e-9);
/// ```
#[must_use]
pub fn clopper_pearson(successes: u64, n: u64, alpha: f64) -> (f64, f64) {
    (proportion_lower_bound(successes, n, alpha / 2.0), proportion_upper_bound(successes, n, alpha / 2.0))
}

/// `P(X ≥ k)` for `X` binomial with `n` trials of probability `p`: the p-value of `k` or more successes.
///
/// # Panics
/// If `k > n`, `n = 0`, or `p` is not in `[0, 1]`.
///
/// ```
/// let tail = dp_testkit::statistics::binomial_tail(9, 10, 0.5);
/// assert!((tail - 11.0 / 1024.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn binomial_tail(k: u64, n: u64, p: f64) -> f64 {
    assert!(n > 0 && k <= n && (0.0..=1.0).contains(&p), "k of n trials of probability p");
    if k == 0 { 1.0 } else { beta_reg(k as f64, (n - k + 1) as f64, p) }
}

/// A lower bound on the `ε` of any `(ε, δ)` guarantee of a mechanism, at confidence `1 − alpha`, from a test that tells
/// two neighbours apart: it said "first" in `hits` of `n` runs on the first and in `false_hits` of `n` on the second.
///
/// `(ε, δ)` implies `P₁ ≤ e^ε P₂ + δ` for every event, so `ε ≥ ln((P₁ − δ)/P₂)` with each probability bounded at
/// `alpha/2`. It can refute a guarantee, never prove one. At least 0.
///
/// # Panics
/// As [`proportion_lower_bound`].
///
/// ```
/// use dp_testkit::statistics::epsilon_lower_bound;
/// let bound = epsilon_lower_bound(7_500, 2_500, 10_000, 0.0, 1e-3);
/// assert!((0.9..3.0_f64.ln()).contains(&bound)); // the true value is ln 3
/// assert_eq!(epsilon_lower_bound(5_000, 5_000, 10_000, 0.0, 1e-3), 0.0);
/// ```
#[must_use]
pub fn epsilon_lower_bound(hits: u64, false_hits: u64, n: u64, delta: f64, alpha: f64) -> f64 {
    let first = proportion_lower_bound(hits, n, alpha / 2.0) - delta;
    let second = proportion_upper_bound(false_hits, n, alpha / 2.0);
    if first > second { (first / second).ln() } else { 0.0 }
}

fn validate(successes: u64, n: u64, alpha: f64) {
    assert!(n > 0 && successes <= n, "successes are among n > 0 trials");
    assert!(alpha > 0.0 && alpha < 1.0, "a level lies between 0 and 1");
}

/// The end of the interval `[0, p]` on which a condition holds, between two adjacent numbers.
fn bisect(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return (low, high);
        }
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chi_square_matches_a_hand_computation() {
        // (15 − 10)²/10 + (5 − 10)²/10 = 5 on one degree of freedom; P(χ²₁ ≥ 5) = erfc(√2.5) = 0.025347318677468
        let test = chi_square(&[15, 5], &[0.5, 0.5]);
        assert_eq!((test.statistic, test.degrees_of_freedom, test.n), (5.0, 1, 20));
        assert!((test.p_value - 0.025_347_318_677_468).abs() < 1e-12);
    }

    #[test]
    fn small_cells_are_pooled_and_missing_mass_is_a_cell() {
        // expectations 1, 1, 40, 40, 1 and the missing 17
        let test = chi_square(&[0, 2, 41, 39, 1, 17], &[0.01, 0.01, 0.4, 0.4, 0.01]);
        assert_eq!(test.degrees_of_freedom, 2); // {1, 1, 40}, {40}, {1, 17}
        // counts where the mass says none can be seen as well
        let lost = chi_square(&[50, 50], &[0.25, 0.25]);
        assert!(lost.p_value < 1e-20);
    }

    #[test]
    fn perfect_agreement_has_p_value_one() {
        assert_eq!(chi_square(&[10, 10], &[0.5, 0.5]).p_value, 1.0);
    }

    #[test]
    fn proportion_bounds_cover_exactly_where_binomial_sums_say() {
        // at the bound, the tail is α: checked by summing the probabilities themselves
        let (k, n, alpha) = (7_u64, 25_u64, 0.01);
        let low = proportion_lower_bound(k, n, alpha);
        let mut probability = (1.0 - low).powi(n as i32);
        let mut below = 0.0;
        for i in 0..k {
            below += probability;
            probability *= (n - i) as f64 / (i + 1) as f64 * low / (1.0 - low);
        }
        // 25 terms, each good to 50 roundings; the regularised beta function to about 1e-14
        assert!((1.0 - below - alpha).abs() < 1e-12, "{below}");
    }

    #[test]
    fn bounds_are_ordered_and_tighten_with_n() {
        for (k, n) in [(0, 10), (3, 10), (10, 10), (300, 1000)] {
            let (low, high) = clopper_pearson(k, n, 0.05);
            let p = k as f64 / n as f64;
            assert!(low <= p && p <= high && low < high);
            let (wider_low, wider_high) = clopper_pearson(k, n, 0.001);
            assert!(wider_low <= low && high <= wider_high);
        }
        assert!(proportion_lower_bound(300, 1000, 0.05) > proportion_lower_bound(3, 10, 0.05));
    }

    #[test]
    fn delta_lowers_the_audited_epsilon() {
        let without = epsilon_lower_bound(900, 100, 1000, 0.0, 0.01);
        let with = epsilon_lower_bound(900, 100, 1000, 0.5, 0.01);
        assert!(0.0 < with && with < without && without < 9.0_f64.ln());
        assert_eq!(epsilon_lower_bound(900, 100, 1000, 1.0, 0.01), 0.0);
    }
}
