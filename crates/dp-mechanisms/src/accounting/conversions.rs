//! From Rényi divergences to `δ(ε)`.

use crate::certified::{exp_bounds, ln_bounds};

/// `e^{(α − 1)(D − ε)}(1 − 1/α)^α/(α − 1)`, rounded up: an upper bound of `δ(ε)` given that the Rényi divergence of order α is at most D
/// (Canonne, Kamath, Steinke 2020, Proposition 12).
pub(super) fn delta_at_order(divergence: impl Fn(f64) -> f64, epsilon: f64, order_less_one: f64) -> f64 {
    let order = (1.0 + order_less_one).next_up(); // the bound needs α − 1 and α to belong together: take α from the sum
    let order_less_one = order - 1.0; // exact for 1 ≤ α ≤ 2⁵³ (Sterbenz below 2, integral spacing above)
    if order_less_one <= 0.0 || !order.is_finite() {
        return 1.0;
    }
    let gap = (divergence(order) - epsilon).next_up();
    let first = (order_less_one * gap).next_up();
    let shrink = ln_bounds((order_less_one / order).next_up()).1;
    let second = (order * shrink).next_up();
    let third = -ln_bounds(order_less_one).0;
    let exponent = ((first + second).next_up() + third).next_up();
    // below the range of f64, or beyond what there is an exponential of
    if exponent < -1e4 {
        f64::from_bits(1)
    } else if exponent <= 0.0 {
        exp_bounds(exponent).1
    } else {
        1.0
    }
}

/// The least of these bounds that is found. Every order gives a valid one; the search is in plain floating point.
pub(super) fn delta_of_renyi(divergence: impl Fn(f64) -> f64, epsilon: f64) -> f64 {
    let exponent = |log: f64| {
        let less_one = log.exp();
        let order = 1.0 + less_one;
        less_one * (divergence(order) - epsilon) + order * (less_one / order).ln() - less_one.ln()
    };
    // a coarse search, since bounds at integer orders only have steps, and a fine one around its best
    let coarse = (-40..=60).map(|i| f64::from(i) / 4.0);
    let score = |log: &f64| exponent(*log);
    let Some(best) = coarse.min_by(|a, b| score(a).total_cmp(&score(b))) else { return 1.0 };
    let (mut low, mut high) = (best - 0.25, best + 0.25);
    for _ in 0..60 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if exponent(left) < exponent(right) { high = right } else { low = left }
    }
    let candidates = [best, f64::midpoint(low, high)];
    candidates.into_iter().map(|log| delta_at_order(&divergence, epsilon, log.exp())).fold(1.0, f64::min)
}

/// `x/2`, exact or, where that is subnormal, rounded up.
pub(super) fn half(x: f64) -> f64 {
    let half = x / 2.0;
    if half < f64::MIN_POSITIVE { half.next_up() } else { half }
}

/// ρ-zero-concentrated: the same with `D = αρ`; at ε = 0 the total variation distance is at most `√(KL/2) ≤ √(ρ/2)` (Pinsker).
pub(super) fn zero_concentrated_delta(rho: f64, epsilon: f64) -> f64 {
    let variation = half(rho).sqrt().next_up().min(1.0);
    if epsilon == 0.0 {
        return variation;
    }
    let exponent = |log: f64| {
        let less_one = log.exp();
        let order = 1.0 + less_one;
        less_one * (order * rho - epsilon) + order * (less_one / order).ln() - less_one.ln()
    };
    let (mut low, mut high) = (-60.0_f64, 60.0_f64); // log of α − 1; the exponent is unimodal in it
    for _ in 0..120 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if exponent(left) < exponent(right) { high = right } else { low = left }
    }
    delta_at_order(|order| (order * rho).next_up(), epsilon, f64::midpoint(low, high).exp()).min(1.0)
}

/// The smallest ε that bisection between 0 and a sufficient start finds to be enough; infinite if the start is not.
pub(super) fn smallest(start: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if enough(0.0) {
        return 0.0;
    }
    if !enough(start) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, start);
    while f64::midpoint(low, high) > low && f64::midpoint(low, high) < high && high - low > 1e-14 * high {
        let middle = f64::midpoint(low, high);
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}
