//! The exchange algorithm for the smallest relative error.
//!
//! The relative error does not change when logits and `ln f` move together: the best polynomial of a range is that of the
//! range of the same width about zero, moved and multiplied. There, with `f = T_g + q` and `R = eˢ − T_g`, the relative error
//! is `e^{−s}(q(s) − R(s))`.

use super::LogitRange;
use super::chebyshev::{corrected_taylor, in_powers, interpolate, taylor_rest};
use core::f64::consts::PI;

/// Grid points for each of the `g + 2` alternations: an extremum between two points is at most `(π/96)²/2` higher.
const GRID: usize = 48;
/// The largest error may exceed the levelled one by this much, relatively.
const LEVEL: f64 = 1e-5;
const MOST_EXCHANGES: usize = 40;

/// Coefficients of the best polynomial, in powers of `t`.
pub(super) fn relative(degree: usize, range: LogitRange) -> Vec<f64> {
    let half = range.half_width();
    let point = |x: f64| Point { x, weight: (half * x).exp(), rest: taylor_rest(degree, half * x) };
    corrected_taylor(range, &correction(degree, point))
}

/// The same for another weight than the exponential, with `f = q`.
pub(super) fn relative_to(degree: usize, range: LogitRange, weight: impl Fn(f64) -> f64) -> Vec<f64> {
    let point = |x: f64| Point { x, weight: weight(range.at(x)), rest: weight(range.at(x)) };
    in_powers(range, &correction(degree, point))
}

/// Chebyshev coefficients of `q` over the range.
fn correction(degree: usize, point: impl Fn(f64) -> Point) -> Vec<f64> {
    let count = GRID * (degree + 2);
    let grid: Vec<Point> = (0..=count).map(|i| point(-(PI * i as f64 / count as f64).cos())).collect();
    let mut reference: Vec<Point> = (0..degree + 2).map(|i| grid[GRID * i + GRID / 2]).collect();
    let (mut best, mut least) = (Levelled::new(reference.clone()), f64::INFINITY);
    for _ in 0..MOST_EXCHANGES {
        let found = Levelled::new(reference);
        let errors: Vec<f64> = grid.iter().map(|point| found.error(point)).collect();
        let (largest, level) = (largest(&errors), found.level.abs());
        // rounding errors may lower the level on the way, and decide in the end: the best is remembered
        if largest < least {
            (best, least) = (found, largest);
        }
        let extrema = alternating(&errors, degree + 2);
        // fewer alternations than there must be: rounding errors are all that is left
        if largest <= level * (1.0 + LEVEL) || extrema.len() < degree + 2 {
            break;
        }
        reference = extrema.into_iter().map(|i| grid[i]).collect();
    }
    interpolate(degree + 1, |x| best.value(x))
}

/// The largest error; infinite if one is NaN.
fn largest(errors: &[f64]) -> f64 {
    let sizes = errors.iter().map(|error| if error.is_nan() { f64::INFINITY } else { error.abs() });
    sizes.fold(0.0, f64::max)
}

/// A logit and what is wanted there.
#[derive(Clone, Copy)]
struct Point {
    /// From −1 to 1 over the range.
    x: f64,
    /// What errors are relative to.
    weight: f64,
    /// What `q` should be.
    rest: f64,
}

/// The `q` whose relative error at each point of a reference has the same size and alternating sign.
struct Levelled {
    reference: Vec<Point>,
    /// `1/∏_{j≠i} 2(xᵢ − xⱼ)`.
    weights: Vec<f64>,
    values: Vec<f64>,
    level: f64,
}

impl Levelled {
    fn new(reference: Vec<Point>) -> Self {
        let weight = |point: &Point| {
            let others = reference.iter().filter(|other| other.x != point.x);
            1.0 / others.map(|other| 2.0 * (point.x - other.x)).product::<f64>()
        };
        let weights: Vec<f64> = reference.iter().map(weight).collect();
        // q has degree g, so its divided difference over g + 2 points is zero
        let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let terms = || weights.iter().zip(&reference).enumerate();
        let rest: f64 = terms().map(|(_, (weight, point))| weight * point.rest).sum();
        let alternating: f64 = terms().map(|(i, (weight, point))| weight * sign(i) * point.weight).sum();
        let level = -rest / alternating;
        let values = terms().map(|(i, (_, point))| point.rest + sign(i) * level * point.weight).collect();
        Self { reference, weights, values, level }
    }

    /// `q` at `x`, by barycentric interpolation.
    fn value(&self, x: f64) -> f64 {
        let (mut top, mut bottom) = (0.0, 0.0);
        for ((point, weight), value) in self.reference.iter().zip(&self.weights).zip(&self.values) {
            if point.x == x {
                return *value;
            }
            let share = weight / (x - point.x);
            top += share * value;
            bottom += share;
        }
        top / bottom
    }

    /// The relative error with `q`.
    fn error(&self, point: &Point) -> f64 {
        (self.value(point.x) - point.rest) / point.weight
    }
}

/// Places of the largest errors of alternating sign: one for each run of a sign, `count` of them if there are as many.
fn alternating(errors: &[f64], count: usize) -> Vec<usize> {
    let mut extrema: Vec<usize> = Vec::new();
    for (i, error) in errors.iter().enumerate() {
        match extrema.last_mut() {
            Some(last) if (errors[*last] < 0.0) == (*error < 0.0) => {
                if error.abs() > errors[*last].abs() {
                    *last = i;
                }
            }
            _ => extrema.push(i),
        }
    }
    while extrema.len() > count {
        let (first, last) = (errors[extrema[0]].abs(), errors[extrema[extrema.len() - 1]].abs());
        if first < last {
            extrema.remove(0);
        } else {
            extrema.pop();
        }
    }
    extrema
}
