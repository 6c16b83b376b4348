//! Chebyshev expansions, and from any three-term recurrence to powers.
//!
//! A polynomial near the exponential over `[m − h, m + h]` is `e^m f(t − m)` with `f` near `eˢ` over `[−h, h]`, and `f` is the
//! Taylor polynomial `T_g` plus something as small as what that leaves, `R(s) = eˢ − T_g(s)`. So all but the move to `m` is
//! free of differences of large numbers.

use super::LogitRange;
use crate::exp_taylor::ExpTaylor;
use core::f64::consts::PI;

/// Coefficients in powers of `t` of `e^t`'s Chebyshev expansion over a range, up to `degree`.
pub(super) fn truncated_exp(degree: usize, range: LogitRange) -> Vec<f64> {
    let half = range.half_width();
    // so many nodes that what folds back onto the coefficients is below their rounding
    let mut series = interpolate(degree + 40 + 3 * half as usize, |x| taylor_rest(degree, half * x));
    // T_g is its own expansion
    series.truncate(degree + 1);
    corrected_taylor(range, &series)
}

/// `e^m (T_g + Σⱼ series[j] Tⱼ(·/h))(t − m)` in powers of `t`, for a range `[m − h, m + h]`.
pub(super) fn corrected_taylor(range: LogitRange, series: &[f64]) -> Vec<f64> {
    let taylor = ExpTaylor::new(series.len() - 1).expect("callers have checked the degree");
    let mut centered = centered(range, series);
    for (sum, coefficient) in centered.iter_mut().zip(taylor.coefficients()) {
        *sum += coefficient;
    }
    let m = range.middle();
    moved(centered, m).iter().map(|c| c * m.exp()).collect()
}

/// `Σⱼ series[j] Tⱼ((t − m)/h)` in powers of `t`, for a range `[m − h, m + h]`.
pub(super) fn in_powers(range: LogitRange, series: &[f64]) -> Vec<f64> {
    moved(centered(range, series), range.middle())
}

/// The same in powers of `t − m`.
fn centered(range: LogitRange, series: &[f64]) -> Vec<f64> {
    let mut sum = Powers::new();
    for (k, &weight) in series.iter().enumerate() {
        sum.add(weight);
        sum.advance((if k == 0 { 1.0 } else { 2.0 }, 0.0, 1.0));
    }
    stretched(sum.total, range.half_width())
}

/// `f(s/h)` in powers of `s`.
pub(super) fn stretched(mut coefficients: Vec<f64>, h: f64) -> Vec<f64> {
    for k in 1..coefficients.len() {
        // one division at a time: powers of a small h would underflow
        coefficients[k..].iter_mut().for_each(|c| *c /= h);
    }
    coefficients
}

/// `f(t − m)` in powers of `t`.
pub(super) fn moved(mut coefficients: Vec<f64>, m: f64) -> Vec<f64> {
    for k in 0..coefficients.len() {
        for j in (k..coefficients.len() - 1).rev() {
            coefficients[j] -= m * coefficients[j + 1];
        }
    }
    coefficients
}

/// `R(s) = Σ_{j>g} sʲ/j!`.
pub(super) fn taylor_rest(degree: usize, s: f64) -> f64 {
    let mut term = (1..=degree + 1).fold(1.0, |term, j| term * s / j as f64);
    let (mut sum, mut j) = (term, degree + 1);
    while j as f64 <= 2.0 * s.abs() || term.abs() > 1e-18 * sum.abs() {
        j += 1;
        term *= s / j as f64;
        sum += term;
    }
    sum
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

/// A sum of polynomials `π₀ = 1, π_{k+1} = (ax − b) π_k − c π_{k−1}`, in powers of `x`.
pub(super) struct Powers {
    current: Vec<f64>,
    before: Vec<f64>,
    pub(super) total: Vec<f64>,
}

impl Powers {
    pub(super) fn new() -> Self {
        Self { current: vec![1.0], before: Vec::new(), total: Vec::new() }
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
        let mut next = vec![0.0; self.current.len() + 1];
        for (j, value) in self.current.iter().enumerate() {
            next[j + 1] += a * value;
            next[j] -= b * value;
        }
        for (sum, value) in next.iter_mut().zip(&self.before) {
            *sum -= c * value;
        }
        self.before = core::mem::replace(&mut self.current, next);
    }
}
