//! Positive series with a running error bound.

use crate::outward::{down, up};

/// Beyond this argument `eᵗ` is not summed: it nears the largest `f64`.
const LARGEST_ARGUMENT: f64 = 700.0;

/// A sum of positive terms and a bound on its error.
///
/// With `u = 2⁻⁵³`, a term after `k` roundings is off by about `k u` of itself, and an addition by `u` of its result.
/// `2u` is charged for each: the surplus covers second-order terms and the rounding of the bound itself.
struct PositiveSum {
    value: f64,
    error: f64,
}

impl PositiveSum {
    const fn new() -> Self {
        Self { value: 0.0, error: 0.0 }
    }

    fn add(&mut self, term: f64, roundings: usize) {
        self.value += term;
        self.error += f64::EPSILON * (roundings as f64 * term + self.value);
    }

    fn upper(&self) -> f64 {
        up(self.value + self.error, 2)
    }

    /// The largest finite number if the sum overflowed.
    fn lower(&self) -> f64 {
        if self.value.is_finite() { down(self.value - self.error, 2) } else { f64::MAX }
    }
}

/// `Σ_{k≥0} w_k / divisor(k)` with `w_k = ∏_{1≤i≤k} t/(offset + i)`, for divisors that do not decrease.
///
/// Stops once the ratio of terms is below ½ and the term below `2⁻⁷⁰` of the sum: what is left is less than that term.
fn exponential_like(t: f64, offset: usize, divisor: impl Fn(usize) -> f64) -> PositiveSum {
    let mut sum = PositiveSum::new();
    let mut weight = 1.0;
    for k in 0_usize.. {
        let term = weight / divisor(k);
        sum.add(term, 2 * k + 1);
        let ratio = t / (offset + k + 1) as f64;
        if ratio <= 0.5 && term <= sum.value * 8.5e-22 {
            sum.error += term;
            break;
        }
        weight *= ratio;
    }
    sum
}

/// An upper bound of `P[Poisson(b) > g]`, for `b ≥ 0`.
///
/// Divided by the term of index `g + 1`, the tail is `Σ_k ∏ b/(g+1+i)` and the head `Σ_k ∏ (g+1−i)/b`: no exponential
/// is needed, and the probability is `tail/(tail + head)`.
pub(crate) fn poisson_tail(g: usize, b: f64) -> f64 {
    if b == 0.0 {
        return 0.0;
    }
    if b > LARGEST_ARGUMENT {
        return 1.0;
    }
    let tail = exponential_like(b, g + 1, |_| 1.0).upper();
    let mut head = PositiveSum::new();
    let mut term = 1.0;
    for (k, j) in (1..=g + 1).rev().enumerate() {
        term *= j as f64 / b;
        head.add(term, 2 * (k + 1));
    }
    // increasing in the tail, decreasing in the head; where the head overflowed (b < 1e-8, tail < 2) the quotient is
    // below 2/1.7e308, which the smallest normal number that `up` adds covers
    up(tail / (tail + head.lower()), 3).min(1.0)
}

/// An upper bound of `∫₀ᵇ eᵘ uᵍ/g! du = (b^{g+1}/g!) Σ_k bᵏ/(k! (g+1+k))`, for `b ≥ 0`.
pub(super) fn growth_integral(g: usize, b: f64) -> f64 {
    if b == 0.0 {
        return 0.0;
    }
    if b > LARGEST_ARGUMENT {
        return f64::INFINITY;
    }
    // the factors b/j below one come last for b > 1 and are all below one otherwise: an underflow is not amplified
    let power = (1..=g).fold(b, |power, j| power * (b / j as f64));
    up(power * exponential_like(b, 0, |k| (g + 1 + k) as f64).upper(), 2 * g + 2)
}

/// A lower bound of `e^{−b}`, for `b ≥ 0`; positive while `b ≤ 700`.
pub(super) fn exp_lower_reciprocal(b: f64) -> f64 {
    if b == 0.0 {
        1.0
    } else if b > LARGEST_ARGUMENT {
        0.0
    } else {
        down(1.0 / exponential_like(b, 0, |_| 1.0).upper(), 1)
    }
}

/// A lower bound of `eᵗ`; positive while `|t| ≤ 700`.
pub(crate) fn exp_lower(t: f64) -> f64 {
    if t <= 0.0 {
        exp_lower_reciprocal(-t)
    } else {
        exponential_like(t.min(LARGEST_ARGUMENT), 0, |_| 1.0).lower()
    }
}

/// An upper bound of `eᵗ`; infinite above 700 and for NaN.
pub(crate) fn exp_upper(t: f64) -> f64 {
    if t.is_nan() || t > LARGEST_ARGUMENT {
        f64::INFINITY
    } else if t > 0.0 {
        exponential_like(t, 0, |_| 1.0).upper()
    } else {
        up(1.0 / exponential_like((-t).min(LARGEST_ARGUMENT), 0, |_| 1.0).lower(), 1)
    }
}
