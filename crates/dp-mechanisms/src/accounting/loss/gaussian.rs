//! `N(μ, 1)` against `N(0, 1)`: the loss is normal, with mean `μ²/2` under P and standard deviation μ.

use super::pair::{Mass, Moments, Pair, Resolution, Threshold, cell_between};
use crate::accounting::parallel::side_by_side;
use crate::accounting::pld::{Cell, Cells, End, Grid, probability};
use crate::certified::ball::{self, Ball};
use crate::normal;

/// The pair of μ-Gaussian differential privacy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gaussian {
    mu: f64,
    exact: Ball,
    inverse: Ball,
}

impl Gaussian {
    pub(crate) fn new(mu: f64) -> Self {
        let exact = Ball::from_f64(mu);
        Self { mu, exact, inverse: Ball::integer(1) / exact }
    }

    /// `P(L > ℓ) = Q(z)` with `z = ℓ/μ − μ/2`.
    fn z(&self, loss: Ball) -> Ball {
        loss * self.inverse - self.exact.doubled(-1)
    }
}

impl Pair for Gaussian {
    fn moments(&self, lambda: f64) -> Moments {
        let variance = self.mu * self.mu;
        let cumulant = lambda * (lambda + 1.0) * variance / 2.0;
        Moments { cumulant, mean: (lambda + 0.5) * variance, variance }
    }

    fn range(&self, mass: f64) -> (f64, f64) {
        let reach = self.mu * (normal::guess(mass) + self.mu / 2.0);
        (-reach, reach)
    }

    fn tails(&self, threshold: &Threshold) -> Mass {
        let z = self.z(threshold.loss);
        let shifted = z + self.exact;
        if !z.is_positive() || shifted.is_negative() {
            return Mass { p: ball::upper_tail(z), q: ball::upper_tail(shifted) };
        }
        // the densities differ by the factor e^ℓ
        let density = ball::density(z);
        Mass { p: density * ball::mills(z), q: density / threshold.exp * ball::mills(shifted) }
    }

    fn rest_cells(&self, grid: &Grid, resolution: &Resolution) -> Cells {
        let (low, high) = self.range(resolution.mass);
        let (first, to) = (grid.floor(low).min(0), (grid.floor(high) + 2).max(1));
        let halves = side_by_side(&[(first, 0), (0, to)], |&half| self.row(grid, resolution, half));
        let outside = |k: i64, sign: f64| {
            let tail = |z: Ball| probability(ball::upper_tail(if sign > 0.0 { z } else { -z }));
            let z = self.z(grid.loss(k));
            End { p: tail(z), q: tail(z + self.exact) }
        };
        Cells {
            row: halves.concat(),
            above: outside(to, 1.0),
            below: outside(first, -1.0),
            ..Cells::default()
        }
    }
}

impl Gaussian {
    /// Cells between two points on one side of the centre.
    fn row(&self, grid: &Grid, resolution: &Resolution, (first, to): (i64, i64)) -> Vec<Cell> {
        let widest =
            |k: i64| resolution.width_at(grid.approximate_step() * k as f64, self.tail_beyond(grid, k));
        let (mut at, mut cells, mut series) =
            (first, Vec::new(), AllSeries { mu: self.mu, known: Vec::new() });
        while at < to {
            // a row must not reach into what needs smaller cells
            let allows = |end: i64, width: i64| width == 1 || widest(end) >= width;
            let mut width = 1 << widest(at).min(to - at).ilog2();
            while !allows(at + width, width) {
                width /= 2;
            }
            // several narrow cells cost less than a wide one
            let narrower = self.narrow_width(grid, at);
            if narrower < width && narrower * WORTH >= width {
                width = narrower;
            }
            let mut rows = ROW.min((to - at) / width).max(1);
            while rows > 1 && !allows(at + rows * width, width) {
                rows /= 2;
            }
            let mut row = Row::new(self, grid, at, (width, series.get(grid, width)));
            for _ in 0..rows {
                cells.push(row.next(self, grid, at));
                at += width;
            }
        }
        cells
    }

    /// Width, a power of two, up to which a cell at this point is a series.
    fn narrow_width(&self, grid: &Grid, at: i64) -> i64 {
        let z = (grid.approximate_step() * at as f64 / self.mu).abs() + self.mu / 2.0;
        let widest = 2.0 / 34.0 / z.max(2.0) * self.mu / grid.approximate_step();
        if widest < 1.0 { i64::MAX } else { 1 << (widest as i64).ilog2() }
    }

    /// About the larger of what P and Q have beyond a point, on the side of the point away from the centre.
    fn tail_beyond(&self, grid: &Grid, k: i64) -> f64 {
        let z = grid.approximate_step() * k as f64 / self.mu;
        (-0.5 * (z.abs() - self.mu / 2.0).max(0.0).powi(2)).exp() / 2.0
    }
}

/// Terms of a cell's series.
const TERMS: usize = 9;
/// Relative error of the series.
const SERIES_ERROR: f64 = 1e-14;
/// Up to here the middle of a cell is known to `2·10⁻¹⁴`, which times a half width is less than `10⁻¹⁵` of the mass.
const LARGEST_MU: f64 = 30.0;

/// A cell from certified tails takes as long as so many by a series.
const WORTH: i64 = 16;

/// Cells in a row, at most.
const ROW: i64 = 256;

/// Equally wide cells, one after another.
///
/// With c the middle of a cell of half width `t` in units of z, and the functions `g(v)` (what goes to the right end) and
/// `1 − g(v)`, a mass is `∫_{−t}^{t} φ(c + v) g(v) dv = φ(c) Σ_n (−1)ⁿ Heₙ(c)/n! ∫ vⁿ g(v) dv`: the integrals are the same for all cells.
///
/// *Error.* All is relative to the first term, `φ(c)∫g`. Let `H̃ₙ(x)` have the recurrence of the Hermite polynomials with plus signs:
/// `Σ tⁿH̃ₙ(x)/n! = e^{tx + t²/2}`. For `t|c| ≤ 1/32` and `t ≤ 1/64`, for any s, what follows n = 8 is below `(t/s)⁹e^{s|c| + s²/2}`;
/// `s = min(8/|c|, 2)` makes that `5·10⁻¹⁷`. The terms in absolute value sum to `e^{t|c| + t²/2} < 1.04`, and each is off by at most
/// 30 roundings, together `3.5·10⁻¹⁵`; the integrals are used where their radii are below `2⁻⁶⁰`, a fraction of a rounding. A mass is at
/// least `e^{−t|c| − t²/2} > 0.96`. All are below [`SERIES_ERROR`] of the mass.
#[derive(Clone, Copy, Debug)]
struct Row {
    width: i64,
    /// `φ` at the middle of the next cell, and the factor to the one after it.
    density: Ball,
    ratio: Ball,
    /// Factor from one ratio to the next.
    fall: Ball,
    coefficients: Option<Coefficients>,
}

impl Row {
    fn new(
        pair: &Gaussian,
        grid: &Grid,
        at: i64,
        (width, coefficients): (i64, Option<Coefficients>),
    ) -> Self {
        if coefficients.is_none() {
            // each cell by itself: the step may be too large to have exponentials
            return Self { width, density: Ball::ZERO, ratio: Ball::ZERO, fall: Ball::ZERO, coefficients };
        }
        let step = grid.loss(width) * pair.inverse;
        let middle = pair.z(grid.loss(at)) + step.doubled(-1);
        let square = step * step;
        Self {
            width,
            density: ball::density(middle),
            ratio: ball::exp(-(middle * step) - square.doubled(-1)),
            fall: ball::exp(-square),
            coefficients,
        }
    }

    fn next(&mut self, pair: &Gaussian, grid: &Grid, at: i64) -> Cell {
        let density = self.density.to_bounds();
        self.density = self.density * self.ratio;
        self.ratio = self.ratio * self.fall;
        let half = self.width as f64 / 2.0;
        let middle = grid.approximate_step() * (at as f64 + half) / pair.mu - pair.mu / 2.0;
        let is_narrow = grid.approximate_step() * half / pair.mu * middle.abs() <= 1.0 / 33.0;
        let (from, to) = (at, at + self.width);
        match &self.coefficients {
            Some(coefficients) if is_narrow => {
                let (left, right) = series(coefficients, middle);
                let mass =
                    |x: f64| (density.0 * x * (1.0 - SERIES_ERROR), density.1 * x * (1.0 + SERIES_ERROR));
                Cell { from, to, left: mass(left), right: mass(right) }
            }
            _ => cell_between(pair, grid, (from, to)),
        }
    }
}

/// What a cell gives to its left and to its right end, as polynomials.
type Coefficients = [(f64, f64); TERMS];

/// The coefficients for all widths so far; none where the series is not accurate.
struct AllSeries {
    mu: f64,
    known: Vec<(i64, Option<Coefficients>)>,
}

impl AllSeries {
    fn get(&mut self, grid: &Grid, width: i64) -> Option<Coefficients> {
        if let Some((_, found)) = self.known.iter().find(|(known, _)| *known == width) {
            return *found;
        }
        let step = grid.loss(width) / Ball::from_f64(self.mu);
        let is_accurate = step.to_f64() < 1.0 / 33.0 && self.mu < LARGEST_MU;
        let found = is_accurate.then(|| coefficients(self.mu, step)).flatten();
        self.known.push((width, found));
        found
    }
}

fn series(coefficients: &Coefficients, x: f64) -> (f64, f64) {
    let (mut last, mut hermite) = (0.0, 1.0);
    let mut sum = (0.0, 0.0);
    for (n, (left, right)) in coefficients.iter().enumerate() {
        sum = (sum.0 + left * hermite, sum.1 + right * hermite);
        (last, hermite) = (hermite, x * hermite - n as f64 * last);
    }
    sum
}

/// `(−1)ⁿ/n!·∫ vⁿ(1 − g)` and `(−1)ⁿ/n!·∫ vⁿg` over `|v| ≤ t = step/2`, with `g(v) = (1 − e^{−μ(v + t)})/(1 − e^{−2μt})`; none where 126
/// bits do not tell them.
fn coefficients(mu: f64, step: Ball) -> Option<Coefficients> {
    let (one, half) = (Ball::integer(1), step.doubled(-1));
    let mu = Ball::from_f64(mu);
    // ∫ vⁿ dv = 2tⁿ⁺¹/(n + 1) for even n
    let mut moments = [Ball::ZERO; TERMS + EXPONENTIAL];
    let mut power = step;
    for (n, moment) in moments.iter_mut().enumerate().step_by(2) {
        *moment = power.over(n as u64 + 1);
        power = power * half * half;
    }
    let fall = ball::exp(-(mu * step));
    let (scale, shift) = (one / (one - fall), ball::exp(-(mu * half)));
    let mut are_tight = true;
    let coefficients = core::array::from_fn(|n| {
        // ∫ vⁿe^{−μv} dv by the series of the exponential
        let mut factor = one;
        let mut tilted = Ball::ZERO;
        for j in 0..EXPONENTIAL {
            tilted = tilted + factor * moments[n + j];
            factor = -(factor * mu).over(j as u64 + 1);
        }
        let right = (moments[n] - shift * tilted) * scale;
        let left = moments[n] - right;
        are_tight &= left.is_tight(60) && right.is_tight(60);
        let sign = if n % 2 == 1 { -1.0 } else { 1.0 };
        let factorial = (1..=n as u64).product::<u64>() as f64;
        (sign * left.to_f64() / factorial, sign * right.to_f64() / factorial)
    });
    are_tight.then_some(coefficients)
}

/// Terms of the series of `e^{−μv}`: for `μt ≤ 1/2` what follows is below `2⁻¹⁰⁰` of the sum.
const EXPONENTIAL: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::loss::Tilt;

    #[test]
    fn the_series_is_used_only_where_its_integrals_are_known() {
        for (mu, is_known) in [(1.0, true), (1e-6, true), (1e-12, true), (1e-16, false), (1e-20, false)] {
            // cells of a thousandth of a deviation, which is a loss of μ/1000
            let found = coefficients(mu, Ball::from_f64(1e-3));
            assert_eq!(found.is_some(), is_known, "{mu}");
        }
    }

    #[test]
    fn the_series_encloses_what_certified_tails_say() {
        let pair = Gaussian::new(0.05);
        let grid = Grid::dividing(1.0, 1 << 13);
        let resolution = Resolution {
            mass: 1e-18,
            tilts: vec![Tilt { lambda: 10.0, cumulant: pair.moments(10.0).cumulant }],
        };
        let cells = pair.cells(&grid, &resolution).row;
        assert!(cells.len() > 3000);
        for cell in &cells {
            let exact = cell_between(&pair, &grid, (cell.from, cell.to));
            for (found, exact) in [(cell.left, exact.left), (cell.right, exact.right)] {
                assert!(found.0 <= exact.1 && exact.0 <= found.1, "{cell:?} {exact:?}");
                assert!(found.1 - found.0 <= 2.1 * SERIES_ERROR * found.1, "{cell:?}");
            }
        }
        // wide cells in the tails, and no gap
        assert!(cells.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert!(cells[0].to - cells[0].from > 1);
    }
}
