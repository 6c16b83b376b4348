//! Chebyshev expansions, and from any three-term recurrence to powers.

use super::LogitRange;
use core::f64::consts::PI;

/// Coefficients in powers of `t` of `e^t`'s Chebyshev expansion over a range, up to `degree`.
pub(super) fn truncated_exp(degree: usize, range: LogitRange) -> Vec<f64> {
    // so many nodes that what folds back onto the coefficients is below their rounding
    let nodes = degree + 40 + 3 * range.half_width() as usize;
    let mut series = interpolate(nodes, |x| range.at(x).exp());
    series.truncate(degree + 1);
    to_powers(&series, range)
}

/// Chebyshev coefficients of the polynomial of degree `nodes − 1` that agrees with a function at the zeros of `T_nodes`.
pub(super) fn interpolate(nodes: usize, function: impl Fn(f64) -> f64) -> Vec<f64> {
    let angle = |i: usize| PI * (i as f64 + 0.5) / nodes as f64;
    let values: Vec<f64> = (0..nodes).map(|i| function(angle(i).cos())).collect();
    let coefficient = |j: usize| {
        let terms = values.iter().enumerate().map(|(i, value)| value * (j as f64 * angle(i)).cos());
        terms.sum::<f64>() * if j == 0 { 1.0 } else { 2.0 } / nodes as f64
    };
    (0..nodes).map(coefficient).collect()
}

/// `Σⱼ series[j] Tⱼ(x(t))` in powers of `t`, `x` from −1 to 1 over the range.
pub(super) fn to_powers(series: &[f64], range: LogitRange) -> Vec<f64> {
    let recurrence = |k: usize| (if k == 0 { 1.0 } else { 2.0 }, 0.0, 1.0);
    let mut sum = Powers::new(range.middle(), range.half_width());
    for (k, &weight) in series.iter().enumerate() {
        sum.add(weight);
        sum.advance(recurrence(k));
    }
    sum.total
}

/// A sum of polynomials `π₀ = 1, π_{k+1} = (a·x − b) π_k − c π_{k−1}` of `x = (t − m)/h`, in powers of `t`.
pub(super) struct Powers {
    middle: f64,
    half: f64,
    current: Vec<f64>,
    before: Vec<f64>,
    pub(super) total: Vec<f64>,
}

impl Powers {
    pub(super) fn new(middle: f64, half: f64) -> Self {
        Self { middle, half, current: vec![1.0], before: Vec::new(), total: Vec::new() }
    }

    /// Adds a multiple of `π_k`.
    pub(super) fn add(&mut self, weight: f64) {
        self.total.resize(self.current.len(), 0.0);
        for (sum, coefficient) in self.total.iter_mut().zip(&self.current) {
            *sum += weight * coefficient;
        }
    }

    /// From `π_k` to `π_{k+1}`.
    pub(super) fn advance(&mut self, (a, b, c): (f64, f64, f64)) {
        let (slope, shift) = (a / self.half, a * self.middle / self.half + b);
        let mut next = vec![0.0; self.current.len() + 1];
        for (j, value) in self.current.iter().enumerate() {
            next[j + 1] += slope * value;
            next[j] -= shift * value;
        }
        for (sum, value) in next.iter_mut().zip(&self.before) {
            *sum -= c * value;
        }
        self.before = core::mem::replace(&mut self.current, next);
    }
}
