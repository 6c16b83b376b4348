//! What an accountant needs to know of a mechanism: a pair of laws that dominates every pair of its outputs.

use crate::accounting::parallel::side_by_side;
use crate::accounting::pld::{Atom, Cell, Cells, End, Ends, Grid, probability};
use crate::certified::ball::{self, Ball};

/// A point of the line of losses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold {
    pub(crate) loss: Ball,
    /// `e^loss`.
    pub(crate) exp: Ball,
}

impl Threshold {
    pub(crate) fn at(loss: Ball) -> Self {
        Self { loss, exp: ball::exp(loss) }
    }

    /// From `e^loss > 0`.
    pub(crate) fn from_exp(exp: Ball) -> Self {
        Self { loss: ball::ln(exp), exp }
    }
}

/// Probabilities under P and under Q.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mass {
    pub(crate) p: Ball,
    pub(crate) q: Ball,
}

impl Mass {
    pub(crate) const NONE: Self = Self { p: Ball::ZERO, q: Ball::ZERO };
    /// Anything from nothing to one.
    pub(crate) const UNKNOWN: Self = Self { p: Ball::UNIT, q: Ball::UNIT };

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { p: self.p - other.p, q: self.q - other.q }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { p: self.p + other.p, q: self.q + other.q }
    }
}

/// Bits of a number that are enough for its logarithm.
pub(crate) const CERTAIN: u32 = 40;

/// A loss of positive probability.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairAtom {
    /// Exactly known if it is a float, so that a grid can have it as one of its points.
    pub(crate) exact: Option<f64>,
    pub(crate) loss: Ball,
    pub(crate) mass: Mass,
}

/// Of a tilted law.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    /// `ln E_P[e^{λL}]`.
    pub(crate) cumulant: f64,
    /// Its first two derivatives in λ: mean and variance of L.
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// A pair of laws (P, Q) by its loss `L = ln dP/dQ`, split into atoms and a rest without atoms.
pub(crate) trait Pair: core::fmt::Debug + Send + Sync {
    /// Of the law tilted by `e^{λL}`: in plain floating point, for steering.
    fn moments(&self, lambda: f64) -> Moments;

    /// Losses beyond which P (above) and P or Q (below) have about no more than this, for steering.
    fn range(&self, mass: f64) -> (f64, f64);

    /// The positive loss of which all atoms are multiples, if there is one.
    fn unit(&self) -> Option<f64> {
        None
    }

    /// The atoms.
    fn atoms(&self) -> Vec<PairAtom> {
        Vec::new()
    }

    /// P where Q has nothing, and Q where P has nothing.
    fn singular(&self) -> Mass {
        Mass::NONE
    }

    /// `P(L > t)`, `Q(L > t)` of the rest.
    fn tails(&self, threshold: &Threshold) -> Mass;

    /// All of the rest.
    fn rest_mass(&self) -> Mass {
        let one = Mass { p: Ball::integer(1), q: Ball::integer(1) };
        self.atoms().iter().fold(one.minus(self.singular()), |rest, atom| rest.minus(atom.mass))
    }

    /// Whether there is a rest.
    fn has_rest(&self) -> bool {
        true
    }

    /// The rest on a grid; what lies beyond the cells is in its ends.
    fn rest_cells(&self, grid: &Grid, resolution: &Resolution) -> Cells {
        rest(self, grid, resolution)
    }

    /// The whole distribution on a grid.
    fn cells(&self, grid: &Grid, resolution: &Resolution) -> Cells {
        let mut cells = if self.has_rest() { self.rest_cells(grid, resolution) } else { Cells::default() };
        let singular = self.singular();
        cells.singular = End { p: probability(singular.p), q: probability(singular.q) };
        self.atoms().iter().for_each(|atom| place(&mut cells, atom, grid));
        cells
    }
}

/// How far and how finely cells are needed.
#[derive(Clone, Debug)]
pub(crate) struct Resolution {
    /// Probability that may remain above and below the cells.
    pub(crate) mass: f64,
    /// The tilted laws that are to be resolved.
    pub(crate) tilts: Vec<Tilt>,
}

/// A tilt, and a pair's cumulant there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tilt {
    pub(crate) lambda: f64,
    pub(crate) cumulant: f64,
}

impl Resolution {
    /// Steps that a cell beyond a threshold may be wide. What is there has tilted probability m or less, and a width of w steps
    /// adds `m·w²` to the variance where a cell of one step everywhere adds one: that is kept below `2⁻⁷`.
    fn width(&self, threshold: &Threshold, last: Mass, total: Mass) -> i64 {
        let larger = |mass: Mass| mass.p.to_f64().max(mass.q.to_f64());
        self.width_at(threshold.loss.to_f64(), larger(last).min(larger(total.minus(last))) / larger(total))
    }

    /// The same, given about what part of P or Q is beyond the threshold, on its thinner side.
    pub(crate) fn width_at(&self, loss: f64, mass: f64) -> i64 {
        let tilt = self.tilts.iter().map(|tilt| tilt.lambda * loss - tilt.cumulant).fold(0.0, f64::max);
        let log2 = mass.max(1e-300).log2() + tilt * core::f64::consts::LOG2_E;
        let doublings = ((-7.0 - log2) / 2.0).floor().clamp(0.0, f64::from(WIDEST));
        1 << doublings as u32
    }
}

/// `log₂` of the width of the widest cell.
const WIDEST: u32 = 12;

/// Roughly a law of losses, for steering: losses, and the logarithms of their probabilities.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    nodes: Vec<(f64, f64)>,
}

impl FromIterator<(f64, f64)> for Outline {
    /// From losses and their probabilities.
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(nodes: I) -> Self {
        let positive = nodes.into_iter().filter(|(_, p)| *p > 0.0);
        Self { nodes: positive.map(|(loss, p)| (loss, p.ln())).collect() }
    }
}

impl Outline {
    /// Of the law tilted by `e^{λ·loss}`.
    pub(crate) fn moments(&self, lambda: f64) -> Moments {
        let exponents = self.nodes.iter().map(|(loss, ln_p)| lambda * loss + ln_p);
        let largest = exponents.clone().fold(f64::NEG_INFINITY, f64::max);
        let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
        for ((loss, _), exponent) in self.nodes.iter().zip(exponents) {
            let weight = (exponent - largest).exp();
            (mass, first, second) = (mass + weight, first + weight * loss, second + weight * loss * loss);
        }
        let mean = first / mass;
        Moments { cumulant: largest + mass.ln(), mean, variance: second / mass - mean * mean }
    }
}

/// `P(t < L < ∞)`, `Q(L > t)` of everything. Where the threshold cannot be told from an atom, both cases are enclosed.
pub(crate) fn whole_tails(pair: &(impl Pair + ?Sized), threshold: &Threshold) -> Mass {
    pair.atoms().iter().fold(pair.tails(threshold), |sum, atom| match atom.loss.compare(threshold.loss) {
        Some(core::cmp::Ordering::Greater) => sum.plus(atom.mass),
        Some(_) => sum,
        None => Mass { p: between(sum.p, atom.mass.p), q: between(sum.q, atom.mass.q) },
    })
}

/// A ball that holds `x` and `x + more`.
fn between(x: Ball, more: Ball) -> Ball {
    let half = more.doubled(-1);
    (x + half).widened(half)
}

/// The part without atoms, cell by cell: in blocks, side by side.
pub(crate) fn rest(pair: &(impl Pair + ?Sized), grid: &Grid, resolution: &Resolution) -> Cells {
    let (low, high) = pair.range(resolution.mass);
    let (first, to) = (grid.floor(low), grid.floor(high) + 2);
    let blocks: Vec<(i64, i64)> =
        (first..to).step_by(BLOCK as usize).map(|from| (from, to.min(from + BLOCK))).collect();
    let total = pair.rest_mass();
    let walked = side_by_side(&blocks, |&block| walk(pair, grid, resolution, total, block));
    let tail = |k: i64| pair.tails(&Threshold::at(grid.loss(k)));
    let end = |mass: Mass| End { p: probability(mass.p), q: probability(mass.q) };
    let (above, below) = (end(tail(to)), end(total.minus(tail(first))));
    Cells { row: walked.concat(), above, below, ..Cells::default() }
}

/// Points of a block.
const BLOCK: i64 = 2048;

/// The cells of one block, wider where that is enough.
fn walk(
    pair: &(impl Pair + ?Sized),
    grid: &Grid,
    resolution: &Resolution,
    total: Mass,
    (from, to): (i64, i64),
) -> Vec<Cell> {
    let mut walk = Walk::new(grid, from);
    let (mut last, mut cells) = (pair.tails(&walk.threshold), Vec::new());
    let mut widest = resolution.width(&walk.threshold, last, total);
    while walk.at < to {
        let from = walk.at;
        let mut width = widest.min(to - from);
        // a cell must not reach into what needs smaller ones
        let (ends, next) = loop {
            width = 1 << width.ilog2();
            let (ends, threshold) = walk.ahead(width);
            let next = pair.tails(&threshold);
            let across = is_lower_half(last, total) && !is_lower_half(next, total);
            widest = resolution.width(&threshold, next, total);
            if width == 1 || !across && widest >= width {
                walk.go(width, threshold);
                break (ends, next);
            }
            width /= 2;
        };
        let inside = last.minus(next);
        cells.push(Cell::new((from, walk.at), (inside.p, inside.q), &ends));
        last = next;
    }
    cells
}

/// One cell of the rest, from certified tails alone.
pub(crate) fn cell_between(pair: &(impl Pair + ?Sized), grid: &Grid, (from, to): (i64, i64)) -> Cell {
    let (growth, inverse_fall, inverse_rise) = factors(grid, to - from);
    let start = Threshold::at(grid.loss(from));
    let ends = Ends { exp_from: start.exp, exp_to: start.exp * growth, inverse_fall, inverse_rise };
    let end = Threshold { loss: grid.loss(to), exp: ends.exp_to };
    let inside = pair.tails(&start).minus(pair.tails(&end));
    Cell::new((from, to), (inside.p, inside.q), &ends)
}

/// Whether most of a law is above.
fn is_lower_half(tail: Mass, total: Mass) -> bool {
    tail.p.to_f64() > total.p.to_f64() / 2.0
}

/// Goes up a grid, with the exponentials that are needed on the way.
struct Walk<'a> {
    grid: &'a Grid,
    at: i64,
    threshold: Threshold,
    /// For widths `2ⁱ`, as far as they occurred: `e^w`, `1/(1 − e^{−w})`, `1/(e^w − 1)`.
    factors: Vec<Option<(Ball, Ball, Ball)>>,
}

impl<'a> Walk<'a> {
    fn new(grid: &'a Grid, at: i64) -> Self {
        let threshold = Threshold::at(grid.loss(at));
        Self { grid, at, threshold, factors: vec![None; WIDEST as usize + 1] }
    }

    /// What a cell of this many steps, a power of two, would end at.
    fn ahead(&mut self, width: i64) -> (Ends, Threshold) {
        let factors = self.factors[width.ilog2() as usize].get_or_insert_with(|| factors(self.grid, width));
        let (growth, inverse_fall, inverse_rise) = *factors;
        let exp_from = self.threshold.exp;
        let threshold = Threshold { loss: self.grid.loss(self.at + width), exp: exp_from * growth };
        (Ends { exp_from, exp_to: threshold.exp, inverse_fall, inverse_rise }, threshold)
    }

    fn go(&mut self, width: i64, threshold: Threshold) {
        self.at += width;
        self.threshold = threshold;
    }
}

fn factors(grid: &Grid, width: i64) -> (Ball, Ball, Ball) {
    let (one, growth) = (Ball::integer(1), grid.exp(width));
    let inverse_rise = one / (growth - one);
    (growth, growth * inverse_rise, inverse_rise)
}

/// Puts an atom on its point, or into the cell where it lies.
fn place(cells: &mut Cells, atom: &PairAtom, grid: &Grid) {
    if let Some(at) = atom.exact.and_then(|loss| grid.index_of(loss)) {
        cells.atoms.push(Atom { at, mass: probability(atom.mass.p) });
        return;
    }
    let k = grid.floor(atom.loss.to_f64());
    let inside = |from: i64, to: i64| {
        let above = atom.loss.compare(grid.loss(from)).is_some_and(core::cmp::Ordering::is_ge);
        above && atom.loss.compare(grid.loss(to)).is_some_and(core::cmp::Ordering::is_le)
    };
    let (from, to) = if inside(k, k + 1) { (k, k + 1) } else { (k - 1, k + 1 + 1) };
    let (growth, inverse_fall, inverse_rise) = factors(grid, to - from);
    let exp_from = grid.exp(from);
    let ends = Ends { exp_from, exp_to: exp_from * growth, inverse_fall, inverse_rise };
    cells.loose.push(Cell::new((from, to), (atom.mass.p, atom.mass.q), &ends));
}
