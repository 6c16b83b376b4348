//! The exchange algorithm for the smallest relative error.
//!
//! Everything is about what the Taylor polynomial `T_g` leaves: with `f = T_g + q`, the relative error is
//! `e^{−t}(q(t) − R(t))`, `R = eᵗ − T_g`, and neither side is a difference of large numbers.

use super::LogitRange;
use super::chebyshev::{interpolate, to_powers};
use crate::exp_taylor::ExpTaylor;
use core::f64::consts::PI;

/// Grid points for each of the `g + 2` alternations: an extremum between two points is at most `(π/96)²/2` higher.
const GRID: usize = 48;
/// The largest error may exceed the levelled one by this much, relatively.
const LEVEL: f64 = 1e-5;
const MOST_EXCHANGES: usize = 40;

/// Coefficients of the best polynomial, in powers of `t`.
pub(super) fn relative(degree: usize, range: LogitRange) -> Vec<f64> {
    let count = GRID * (degree + 2);
    let grid: Vec<Point> =
        (0..=count).map(|i| Point::new(degree, range, -(PI * i as f64 / count as f64).cos())).collect();
    let mut reference: Vec<Point> = (0..degree + 2).map(|i| grid[GRID * i + GRID / 2]).collect();
    let mut correction = Levelled::new(&reference);
    for _ in 0..MOST_EXCHANGES {
        let errors: Vec<f64> = grid.iter().map(|point| correction.error(point)).collect();
        let largest = errors.iter().fold(0.0, |most: f64, error| most.max(error.abs()));
        let extrema = alternating(&errors, degree + 2);
        // fewer alternations than there must be: rounding errors are all that is left
        if largest <= correction.level.abs() * (1.0 + LEVEL) || extrema.len() < degree + 2 {
            break;
        }
        reference = extrema.into_iter().map(|i| grid[i]).collect();
        correction = Levelled::new(&reference);
    }
    let series = interpolate(degree + 1, |x| correction.value(x));
    let taylor = ExpTaylor::new(degree).expect("callers have checked the degree");
    to_powers(&series, range).iter().zip(taylor.coefficients()).map(|(q, c)| q + c).collect()
}

/// A logit and what is wanted there.
#[derive(Clone, Copy)]
struct Point {
    /// From −1 to 1 over the range.
    x: f64,
    exp: f64,
    /// `eᵗ − T_g(t)`.
    rest: f64,
}

impl Point {
    fn new(degree: usize, range: LogitRange, x: f64) -> Self {
        let t = range.at(x);
        Self { x, exp: t.exp(), rest: taylor_rest(degree, t) }
    }
}

/// `Σ_{j>g} tʲ/j!`.
fn taylor_rest(degree: usize, t: f64) -> f64 {
    let mut term = (1..=degree + 1).fold(1.0, |term, j| term * t / j as f64);
    let (mut sum, mut j) = (term, degree + 1);
    while j as f64 <= 2.0 * t.abs() || term.abs() > 1e-18 * sum.abs() && j < 1000 {
        j += 1;
        term *= t / j as f64;
        sum += term;
    }
    sum
}

/// The `q` whose relative error at each point of a reference has the same size and alternating sign.
struct Levelled<'a> {
    reference: &'a [Point],
    /// `1/∏_{j≠i} 2(xᵢ − xⱼ)`.
    weights: Vec<f64>,
    values: Vec<f64>,
    level: f64,
}

impl<'a> Levelled<'a> {
    fn new(reference: &'a [Point]) -> Self {
        let weight = |point: &Point| {
            let others = reference.iter().filter(|other| other.x != point.x);
            1.0 / others.map(|other| 2.0 * (point.x - other.x)).product::<f64>()
        };
        let weights: Vec<f64> = reference.iter().map(weight).collect();
        // q has degree g, so its divided difference over g + 2 points is zero
        let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let terms = || weights.iter().zip(reference).enumerate();
        let rest: f64 = terms().map(|(_, (weight, point))| weight * point.rest).sum();
        let alternating: f64 = terms().map(|(i, (weight, point))| weight * sign(i) * point.exp).sum();
        let level = -rest / alternating;
        let values = terms().map(|(i, (_, point))| point.rest + sign(i) * level * point.exp).collect();
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

    /// The relative error of `T_g + q`.
    fn error(&self, point: &Point) -> f64 {
        (self.value(point.x) - point.rest) / point.exp
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
