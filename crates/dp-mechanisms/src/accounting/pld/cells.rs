//! A privacy-loss distribution cut into cells between points of a grid.
//!
//! Let P and Q be two laws and `L = ln dP/dQ` the loss. A cell `(i, j]` holds what P and Q give to losses in
//! `(i·step, j·step]`. It is kept as the two masses at its ends that have the same P and the same Q together: `left` at `i`
//! and `right` at `j`, where a mass p at loss ℓ stands for `(p, p·e^{−ℓ})` under (P, Q).
//!
//! *From above* (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi 2022, "connect the dots"): putting both masses where they stand.
//! The divergence `E_t(P, Q) = ∫ (dP − t dQ)₊` is convex in t, and this replaces it by its chord between grid points, the
//! least that is not below and has corners on the grid only.
//!
//! *From below* ([`optimistic`](Cells::optimistic)): parts of neighbouring cells are merged, which is post-processing, in
//! proportions that put the merged loss on the grid point between them.
//!
//! Both need no normalisation: if `E_t(P, Q) ≤ E_t(P', Q')` for all `t ≥ 0`, for any finite measures, then so it is for
//! products with a third pair, because `E_t(P × R, Q × S) = ∫ E_{t dS/dR}(P, Q) dR`. So masses may be rounded up, and down.

use super::grid::Grid;
use super::masses::{Masses, Side};
use crate::certified::ball::Ball;

/// Lower and upper bound of a probability.
pub(crate) type Bounds = (f64, f64);

/// What lies in the losses `(from, to]`, moved to the ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) left: Bounds,
    pub(crate) right: Bounds,
}

/// A mass that lies exactly on a grid point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Atom {
    pub(crate) at: i64,
    pub(crate) mass: Bounds,
}

/// A whole distribution. Masses are those under P; under Q they are `e^{−loss}` times that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells {
    /// In rising order, without overlap.
    pub(crate) row: Vec<Cell>,
    pub(crate) atoms: Vec<Atom>,
    /// Cells of single atoms between points; they may overlap others.
    pub(crate) loose: Vec<Cell>,
    /// Above all cells.
    pub(crate) above: End,
    /// Below all cells.
    pub(crate) below: End,
    /// What P has where Q has nothing, and Q where P has nothing.
    pub(crate) singular: End,
}

/// Masses under P and under Q that are not in cells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) p: Bounds,
    pub(crate) q: Bounds,
}

/// `x` or more, for sums of a few positive terms.
const UP: f64 = 1.0 + 16.0 * f64::EPSILON;
/// `x` or less.
const DOWN: f64 = 1.0 - 16.0 * f64::EPSILON;

/// Bounds of a probability known to be in `[0, 1]`.
pub(crate) fn probability(ball: Ball) -> Bounds {
    let (lower, upper) = ball.to_bounds();
    (lower.clamp(0.0, 1.0), upper.clamp(0.0, 1.0))
}

impl End {
    pub(crate) fn plus(self, other: Self) -> Self {
        let sum = |a: Bounds, b: Bounds| match (a, b) {
            ((0.0, 0.0), rest) | (rest, (0.0, 0.0)) => rest,
            _ => ((a.0 + b.0).next_down().max(0.0), (a.1 + b.1).next_up()),
        };
        Self { p: sum(self.p, other.p), q: sum(self.q, other.q) }
    }
}

impl Cell {
    /// The cell that holds `p` under P and `q` under Q.
    pub(crate) fn new((from, to): (i64, i64), (p, q): (Ball, Ball), ends: &Ends) -> Self {
        let right = (p - ends.exp_from * q) * ends.inverse_fall;
        let left = (ends.exp_to * q - p) * ends.inverse_rise;
        Self { from, to, left: probability(left), right: probability(right) }
    }

    /// The same under exchanged laws: `(−to, −from]`, up to the ends.
    fn reversed(self, exp: impl Fn(i64) -> Bounds) -> Self {
        let under_q = |mass: Bounds, at: i64| times_exp(mass, exp(-at));
        Self {
            from: -self.to,
            to: -self.from,
            left: under_q(self.right, self.to),
            right: under_q(self.left, self.from),
        }
    }
}

/// A mass times an exponential, at most one; beyond the range of `f64` only that is known, and below it that it is not nothing.
fn times_exp(mass: Bounds, (low, high): Bounds) -> Bounds {
    let least = if mass.1 > 0.0 { f64::MIN_POSITIVE } else { 0.0 };
    let upper = if high.is_finite() { (mass.1 * high * UP).clamp(least, 1.0) } else { 1.0 };
    ((mass.0 * low * DOWN).min(upper), upper)
}

/// What the ends of a cell contribute to its masses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) exp_from: Ball,
    pub(crate) exp_to: Ball,
    /// `1/(1 − e^{−w})`, w the width.
    pub(crate) inverse_fall: Ball,
    /// `1/(e^w − 1)`.
    pub(crate) inverse_rise: Ball,
}

impl Cells {
    /// The distribution of the exchanged pair (Q, P), whose losses are turned around.
    pub(crate) fn reversed(&self, grid: &Grid) -> Self {
        let exp = |k: i64| grid.exp(k).to_bounds();
        let turn = |cells: &[Cell]| cells.iter().rev().map(|cell| cell.reversed(exp)).collect();
        let atoms =
            self.atoms.iter().map(|atom| Atom { at: -atom.at, mass: times_exp(atom.mass, exp(-atom.at)) });
        let turned = |end: End| End { p: end.q, q: end.p };
        Self {
            row: turn(&self.row),
            atoms: atoms.collect(),
            loose: turn(&self.loose),
            above: turned(self.below),
            below: turned(self.above),
            singular: turned(self.singular),
        }
    }

    /// Number of points from the first to the last.
    pub(crate) fn len(&self) -> u64 {
        let (first, last) = self.range();
        if first > last { 0 } else { last.abs_diff(first).saturating_add(1) }
    }

    fn range(&self) -> (i64, i64) {
        let cells = self.row.iter().chain(&self.loose).flat_map(|cell| [cell.from, cell.to]);
        let places = cells.chain(self.atoms.iter().map(|atom| atom.at));
        places.fold((i64::MAX, i64::MIN), |(low, high), k| (low.min(k), high.max(k)))
    }

    /// Masses of which the divergence is nowhere below; what is below the cells is moved up to the first point, what is above them
    /// to infinity.
    pub(crate) fn pessimistic(&self) -> Masses {
        let mut masses = Masses::zeros(self.range());
        masses.add(masses.first(), self.below.p.1);
        for cell in self.row.iter().chain(&self.loose) {
            masses.add(cell.from, cell.left.1);
            masses.add(cell.to, cell.right.1);
        }
        self.atoms.iter().for_each(|atom| masses.add(atom.at, atom.mass.1));
        masses.scale(UP);
        masses.finished(self.above.plus(self.singular).p.1, Side::Above)
    }

    /// Masses of which the divergence is nowhere above; what is below and above the cells is dropped.
    ///
    /// From both ends toward the largest cell, what is left of a cell is merged with as much of the next one as puts the
    /// merged loss on the point between them. What finds no partner is moved down to its cell's lower end.
    pub(crate) fn optimistic(&self, grid: &Grid) -> Masses {
        let mut masses = Masses::zeros(self.range());
        Merger::new(&self.row, grid, &mut masses).run();
        for cell in &self.loose {
            Merger::new(core::slice::from_ref(cell), grid, &mut masses).run();
        }
        self.atoms.iter().for_each(|atom| masses.add(atom.at, atom.mass.0));
        masses.scale(DOWN);
        masses.finished(self.singular.p.0, Side::Below)
    }
}

/// Merges cells onto grid points.
struct Merger<'a> {
    cells: &'a [Cell],
    masses: &'a mut Masses,
    exponentials: Exponentials<'a>,
    /// What is left of each cell.
    left_over: Vec<f64>,
}

impl<'a> Merger<'a> {
    fn new(cells: &'a [Cell], grid: &'a Grid, masses: &'a mut Masses) -> Self {
        let left_over = vec![1.0; cells.len()];
        Self { cells, masses, exponentials: Exponentials { grid, short: Vec::new() }, left_over }
    }

    /// From both ends toward the largest cell: a cell is merged with the next ones until nothing is left of it.
    fn run(mut self) {
        let mass = |cell: &Cell| cell.left.0 + cell.right.0;
        let largest = |a: &usize, b: &usize| mass(&self.cells[*a]).total_cmp(&mass(&self.cells[*b]));
        let Some(peak) = (0..self.cells.len()).max_by(largest) else { return };
        let mut pending = 0;
        for upper in 1..=peak {
            self.merge(pending, upper, self.cells[upper].from);
            if self.left_over[pending] == 0.0 {
                pending = upper;
            }
        }
        let mut upmost = self.cells.len() - 1;
        for lower in (peak..upmost).rev() {
            self.merge(lower, upmost, self.cells[lower].to);
            if self.left_over[upmost] == 0.0 {
                upmost = lower;
            }
        }
        for cell in 0..self.cells.len() {
            self.round_down(cell);
        }
    }

    /// Merges what is left of two cells, as much as balances, on a point between them.
    ///
    /// At loss ℓ a mass p under P has `p·e^{−ℓ}` under Q. With the parts α of the lower and β of the upper cell, P and Q have the
    /// ratio `e^point` if what the lower one lacks there, `α·(e^point·Q − P)`, is what the upper one has too much,
    /// `β·(P − e^point·Q)`. Rounding leaves it too much, so that the merged loss is not below the point; and then the mass that
    /// belongs to Q is taken, `e^point·Q`.
    fn merge(&mut self, lower: usize, upper: usize, point: i64) {
        let (below, above) = (self.cells[lower], self.cells[upper]);
        let up = |from: i64, this: &mut Exponentials<'_>| this.of(point - from);
        let (rise_from, rise_to) =
            (up(below.from, &mut self.exponentials), up(below.to, &mut self.exponentials));
        let (fall_from, fall_to) =
            (up(above.from, &mut self.exponentials), up(above.to, &mut self.exponentials));
        let lack = (below.left.1 * (rise_from.1 - 1.0) + below.right.1 * (rise_to.1 - 1.0)) * UP;
        let excess = (above.left.0 * (1.0 - fall_from.1) + above.right.0 * (1.0 - fall_to.1)) * DOWN;
        let (alpha, beta) = (self.left_over[lower], self.left_over[upper]);
        let (alpha, beta) = if alpha * lack <= beta * excess * DOWN {
            (alpha, (alpha * lack / excess * UP).min(beta))
        } else {
            (beta * excess / lack * DOWN, beta)
        };
        self.take(lower, alpha);
        self.take(upper, beta);
        let from_below = alpha * (below.left.0 * rise_from.0 + below.right.0 * rise_to.0);
        let from_above = beta * (above.left.0 * fall_from.0 + above.right.0 * fall_to.0);
        self.masses.add(point, (from_below + from_above) * DOWN);
    }

    /// A part that is taken, and the last bits of what was left.
    fn take(&mut self, cell: usize, part: f64) {
        let rest = (self.left_over[cell] - part) * DOWN;
        self.left_over[cell] = if rest > 64.0 * f64::EPSILON { rest } else { 0.0 };
    }

    /// Moves what is left of a cell down to its lower end: there its mass under Q stays.
    fn round_down(&mut self, cell: usize) {
        let part = self.left_over[cell];
        if part > 0.0 {
            let Cell { from, to, left, right } = self.cells[cell];
            let fall = self.exponentials.of(from - to).0;
            self.masses.add(from, part * (left.0 + right.0 * fall) * DOWN);
        }
    }
}

/// Bounds of `e^{k·step}`; those of small k are kept.
struct Exponentials<'a> {
    grid: &'a Grid,
    /// For k = 0, −1, 1, −2, 2, ….
    short: Vec<Option<Bounds>>,
}

impl Exponentials<'_> {
    fn of(&mut self, k: i64) -> Bounds {
        if k == 0 {
            return (1.0, 1.0);
        }
        let place = (2 * k.unsigned_abs() - u64::from(k < 0)) as usize;
        if place >= 512 {
            return self.grid.exp(k).to_bounds();
        }
        if self.short.len() <= place {
            self.short.resize(place + 1, None);
        }
        *self.short[place].get_or_insert_with(|| self.grid.exp(k).to_bounds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mass_below_the_range_of_floats_is_not_nothing() {
        assert!(times_exp((1e-300, 1e-300), (1e-30, 1e-30)).1 > 0.0);
        assert_eq!(times_exp((0.0, 0.0), (1e-30, 1e-30)), (0.0, 0.0));
        assert_eq!(times_exp((0.5, 0.5), (f64::MAX, f64::INFINITY)).1, 1.0);
    }
}
