//! Bounds of a polynomial's distance from `e^{u(t)}`, `u(t) = c·tanh(t/c)`.
//!
//! `u' = 1 − tanh²(t/c)` is positive and `|u''| = 2|tanh|(1 − tanh²)/c ≤ 4/(3√3·c) < 0.77/c`. So over a cell `t = m + s`, `|s| ≤ h`,
//! `u(t) − u(m) = u'(m)s + ρ` with `|ρ| ≤ 0.385h²/c`, which is at most `D = u'(m)h + 0.385h²/c` in size, and
//! `e^{−(u(t) − u(m))} = 1 − u'(m)s − ρ + θ` with `0 ≤ θ ≤ ½D²e^D`. With `f = a + bs + r`,
//!
//! ```text
//! f·e^{−(u(t) − u(m))} = a + (b − a·u'(m))s − b·u'(m)s² + (a + bs)(θ − ρ) + r·e^{−(u(t) − u(m))}
//! ```
//!
//! Unlike those of the plain exponential these bounds exceed the extrema by terms in `h²` that do not shrink with the error, so
//! that cells are made as small as the error needs.

use super::{CELLS, Cell, ErrorCertificate, Expansion, Series};
use crate::exp_taylor::{exp_lower, exp_upper, horner};
use crate::interval::Interval;
use crate::polynomial::{LogitRange, softcapped};

/// No more cells than this: beyond, the bounds are those of a relative error of about `1e-8`.
const MOST_CELLS: f64 = 200_000.0;
/// By how much the terms in `h²` may exceed the error.
const EXCESS: f64 = 0.01;
/// Logits at which the error is looked at to choose cells.
const SAMPLES: usize = 400;

impl ErrorCertificate {
    pub(in crate::polynomial) fn softcapped(coefficients: &[f64], range: LogitRange, cap: f64) -> Self {
        let polynomial = coefficients.iter().map(|&c| Interval::exact(c)).collect();
        let polynomial = Series::new(polynomial, Interval::ZERO, range);
        let count = cells(coefficients, range, cap);
        let [low, high] = [range.low, range.high].map(|t| capped(t, cap));
        let weights = Interval { low: exp_lower(low.low), high: exp_upper(high.high) };
        let mut found = Self::nothing_seen(range, weights);
        let mut left = range.low;
        for i in 1..=count {
            let place = 2.0 * i as f64 / count as f64 - 1.0;
            let right = if i == count { range.high } else { range.at(place).max(left) };
            let cell = Cell::new(left, right);
            let values = cell.expand(&polynomial);
            let deviation = cell.softcapped_ratios(&values, cap) - Interval::ONE;
            let error = deviation.absolute() * Interval::exact(exp_upper(capped(right, cap).high));
            found.deviation = found.deviation.hull(deviation);
            found.absolute_error = found.absolute_error.max(error.high);
            found.value_lower = found.value_lower.min(cell.values(&values).low);
            left = right;
        }
        found
    }
}

/// How many cells keep the terms in `h²` small against the error.
fn cells(coefficients: &[f64], range: LogitRange, cap: f64) -> usize {
    let error = |i: usize| {
        let t = range.at(2.0 * i as f64 / SAMPLES as f64 - 1.0);
        (horner(coefficients, t) / softcapped(t, cap) - 1.0).abs()
    };
    let largest = (0..=SAMPLES).map(error).fold(0.0, f64::max);
    let half = 0.5 * (EXCESS * largest / (2.0 + 1.0 / cap)).sqrt();
    let needed = range.half_width() / half.max(f64::MIN_POSITIVE);
    needed.clamp((CELLS * coefficients.len()) as f64, MOST_CELLS) as usize
}

/// `tanh x = 1 − 2/(e^{2x} + 1)`.
fn tanh(x: Interval) -> Interval {
    let end = |exp: f64| 1.0 - 2.0 / (exp + 1.0);
    // three roundings of numbers up to two
    let (low, high) = (end(exp_lower(2.0 * x.low)), end(exp_upper(2.0 * x.high)));
    Interval { low: (low - 2.0 * f64::EPSILON).max(-1.0), high: (high + 2.0 * f64::EPSILON).min(1.0) }
}

/// `u(t)`.
fn capped(t: f64, cap: f64) -> Interval {
    tanh(Interval::exact(t).over(cap)) * Interval::exact(cap)
}

impl Cell {
    /// Encloses `f(t)e^{−u(t)}`.
    fn softcapped_ratios(&self, of: &Expansion, cap: f64) -> Interval {
        let half = Interval::exact(self.half);
        let tanh = tanh(Interval::exact(self.center).over(cap));
        let slope = Interval::ONE - tanh * tanh;
        let bend = half * half * Interval::exact(0.385).over(cap);
        let step = slope * half + bend;
        let growth = Interval::exact(exp_upper(step.magnitude()));
        let (value, size) = (of.value.absolute(), of.slope.absolute());
        let second = step * step * growth * Interval::exact(0.5);
        let bent = size * slope * half * half + (value + size * half) * (second + bend);
        let higher = bent + Interval::exact(of.higher) * growth;
        let tilted =
            Expansion { value: of.value, slope: of.slope - of.value * slope, higher: higher.magnitude() };
        let u = tanh * Interval::exact(cap);
        self.values(&tilted) * Interval { low: exp_lower(-u.high), high: exp_upper(-u.low) }
    }
}
