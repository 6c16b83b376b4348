//! From a convolution power to `δ(ε)` and back.

use super::cells::Bounds;
use super::compose::Composed;
use super::grid::Grid;
use super::masses::{Masses, Side, Tilted};
use super::weights::{Rate, WEIGHT_ERROR};
use crate::certified::ball::{self, Ball};

/// Masses with how often each is composed.
pub(super) type Parts = [(Masses, u64)];

/// An upper bound of `ln E[weight of K]`.
fn ln_moment(parts: &Parts, rate: Rate) -> Ball {
    let of_part = |(masses, count): &(Masses, u64)| masses.ln_moment(rate) * Ball::integer(*count as i64);
    parts.iter().map(of_part).fold(Ball::ZERO, |sum, part| sum + part)
}

/// `δ` at every point of a window, up to a common factor and a common summand.
#[derive(Debug)]
pub(super) struct Tail {
    first: i64,
    side: Side,
    /// `Σ_{k > j} e_k (1 − e^{−(k − j)·step})`, by j.
    deltas: Vec<f64>,
    /// `Σ_{k > j} e_k e^{−(k − j)·step}`: minus the slope in `e^ε`, times `e^{j·step}`, rounded the other way.
    slopes: Vec<f64>,
    /// `ln` of the factor.
    ln_scale: Ball,
    /// What is to be added (above) or subtracted (below) for what the window does not hold.
    charge: f64,
    /// Bound of the mass at infinity.
    infinity: f64,
    grid: Grid,
}

/// What a window leaves out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside {
    /// Rates of the bounds above and below, to choose from.
    pub(super) above: [Rate; 2],
    pub(super) below: [Rate; 2],
    /// The lowest point that will be asked for, and the highest that counts.
    pub(super) floor: i64,
    pub(super) top: i64,
}

impl Tail {
    /// Undoes the tilt of a composition, and sums from the top.
    pub(super) fn new(
        composed: &Composed,
        (parts, tilted, rate): (&Parts, &[(Tilted, u64)], Rate),
        (side, outside): (Side, &Outside),
        grid: &Grid,
    ) -> Self {
        let reference = outside.floor;
        // what is below the floor is not asked for
        let skipped = (outside.floor - composed.first) as usize;
        let error = if side == Side::Above { composed.error } else { -composed.error };
        let mut masses = vec![0.0; (outside.top - outside.floor + 1) as usize];
        rate.negated().for_each((outside.floor, masses.len()), reference, |i, weight| {
            let value = composed.values[skipped + i] + error;
            masses[i] = if value > 0.0 { value * weight } else { 0.0 };
        });
        let (deltas, slopes) = summed(&masses, side, grid);
        let scales = tilted.iter().map(|(tilted, count)| {
            let scale = ball::ln(Ball::from_f64(tilted.scale)) * Ball::integer(*count as i64);
            (scale, tilted.reference * *count as i64)
        });
        let (scale, center) = scales.fold((Ball::ZERO, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let ln_scale = scale - rate.ln_weight(reference - center);
        let charge = charge(parts, rate, composed, side, outside);
        Self {
            first: outside.floor,
            side,
            deltas,
            slopes,
            ln_scale,
            charge,
            infinity: infinity(parts, side),
            grid: *grid,
        }
    }

    /// What is charged for losses outside the window.
    pub(super) fn charge(&self) -> f64 {
        self.charge
    }

    /// A bound of `δ(ε)` for an ε between the floor and the end of the window.
    pub(super) fn delta(&self, epsilon: f64) -> f64 {
        let last = self.first + self.deltas.len() as i64 - 2;
        let j = self.grid.floor(epsilon);
        // a convex function with corners is the largest of its lines: rounding may have named a neighbour
        let lines = (j - 1..=j + 1).map(|j| self.line(j.clamp(self.first, last), epsilon));
        let scaled = lines.map(|line| line * ball::exp(self.ln_scale)).map(Ball::to_bounds);
        let (lower, upper) = scaled.fold((0.0, 0.0), |a: Bounds, b| (a.0.max(b.0), a.1.max(b.1)));
        match self.side {
            Side::Above => ((upper + self.charge).next_up() + self.infinity).next_up().min(1.0),
            Side::Below => ((lower - self.charge).next_down().max(0.0) + self.infinity).next_down().max(0.0),
        }
    }

    /// The line through `δ` at the points j and j + 1: `δ_j − (e^{ε − j·step} − 1)·slope_j`.
    fn line(&self, j: i64, epsilon: f64) -> Ball {
        let at = (j - self.first) as usize;
        let growth = ball::exp(Ball::from_f64(epsilon) - self.grid.loss(j)) - Ball::integer(1);
        Ball::from_f64(self.deltas[at]) - growth * Ball::from_f64(self.slopes[at])
    }

    /// A bound of the ε at which δ is reached: not below the smallest, or not above it. `None` where the window does not tell.
    pub(super) fn epsilon(&self, delta: f64) -> Option<f64> {
        let target = self.target(delta)?;
        // δ falls: the last point above the target
        let at = self.deltas.partition_point(|&delta| delta > target);
        if at == 0 {
            return (self.side == Side::Above).then(|| self.grid.loss(self.first).to_bounds().1);
        }
        if at == self.deltas.len() {
            return None;
        }
        let (j, before) = (self.first + at as i64 - 1, at - 1);
        let excess = Ball::from_f64(self.deltas[before]) - Ball::from_f64(target);
        let inside = ball::ln(Ball::integer(1) + excess / Ball::from_f64(self.slopes[before]));
        let (lower, upper) = (self.grid.loss(j) + inside).to_bounds();
        let end = self.grid.loss(j + 1).to_bounds().1;
        Some(if self.side == Side::Above { upper.min(end) } else { lower })
    }

    /// δ on the scale of the sums.
    fn target(&self, delta: f64) -> Option<f64> {
        let rest = match self.side {
            Side::Above => ((delta - self.infinity).next_down() - self.charge).next_down(),
            Side::Below => ((delta - self.infinity).next_up() + self.charge).next_up(),
        };
        if rest <= 0.0 {
            return None;
        }
        let (lower, upper) = (Ball::from_f64(rest) * ball::exp(-self.ln_scale)).to_bounds();
        Some(if self.side == Side::Above { lower } else { upper })
    }
}

/// From the top down: with `x = slope_{j+1} + e_{j+1}`, `slope_j = e^{−step}·x` and `δ_j = δ_{j+1} + (1 − e^{−step})·x`.
fn summed(masses: &[f64], side: Side, grid: &Grid) -> (Vec<f64>, Vec<f64>) {
    let decay = ball::exp(-grid.step());
    let (decay, fall) = (decay.to_bounds(), (Ball::integer(1) - decay).to_bounds());
    let (decay, fall) = match side {
        Side::Above => (decay.1, fall.1),
        Side::Below => (decay.0, fall.0),
    };
    let (mut deltas, mut slopes) = (vec![0.0; masses.len()], vec![0.0; masses.len()]);
    let (mut delta, mut slope) = (0.0, 0.0);
    for j in (0..masses.len() - 1).rev() {
        let x = slope + masses[j + 1];
        (delta, slope) = (delta + fall * x, decay * x);
        (deltas[j], slopes[j]) = (delta, slope);
    }
    // each step rounds four times, and each weight by its own error
    let error = (4 * masses.len() + 8) as f64 * f64::EPSILON / 2.0 + 2.0 * WEIGHT_ERROR;
    for (delta, slope) in deltas.iter_mut().zip(&mut slopes) {
        (*delta, *slope) = (side.slackened(*delta, error), side.slackened(*slope, -2.0 * error));
    }
    (deltas, slopes)
}

/// What leaves the window and comes back with a sign, and, from above, what is beyond its top. With `N` points and tilt w, what is
/// at `K` and comes back at `K − mN` has weight `w^{mN}`: at most `Σ_m w^{mN} P(K ≥ floor + mN) + Σ_m w^{−mN} P(K ≤ top − mN)` in
/// all, and Chernoff's bounds of these fall geometrically. (In a long window the error of each point, with its weight, would be
/// more than what is above the top.)
fn charge(parts: &Parts, rate: Rate, composed: &Composed, side: Side, outside: &Outside) -> f64 {
    let (n, top) = (composed.values.len() as i64, outside.top);
    // the sum over m is at most so many times its first term
    let factor = |excess: Rate| {
        let rest = Ball::integer(1) - exp_upper_ball(-excess.ln_weight(n));
        if rest.is_positive() { (Ball::integer(1) / rest).to_bounds().1 } else { f64::INFINITY }
    };
    let above = outside.above.iter().map(|&above| {
        let moment = ln_moment(parts, above);
        let missing = exp_upper(moment - above.ln_weight(top + 1));
        let returning = exp_upper(moment - above.ln_weight(outside.floor + n) + rate.ln_weight(n));
        factor(above.plus(rate.negated())) * returning + if side == Side::Above { missing } else { 0.0 }
    });
    let below = outside.below.iter().map(|&below| {
        let returning = exp_upper(ln_moment(parts, below) - below.ln_weight(top - n) - rate.ln_weight(n));
        factor(rate.plus(below.negated())) * returning
    });
    let least = |charges: &mut dyn Iterator<Item = f64>| charges.fold(1.0, f64::min);
    let (mut above, mut below) = (above, below);
    (least(&mut above) + least(&mut below)) * (1.0 + 8.0 * f64::EPSILON)
}

/// `eˣ`; one where that is more.
fn exp_upper_ball(x: Ball) -> Ball {
    Ball::from_f64(exp_upper(x))
}

/// Upper bound of `eˣ`, at most one.
fn exp_upper(x: Ball) -> f64 {
    if x.magnitude() > 30 {
        return if x.is_negative() { f64::MIN_POSITIVE } else { 1.0 };
    }
    ball::exp(x).to_bounds().1.min(1.0)
}

/// Bound of the probability that one of all losses is infinite.
pub(super) fn infinity(parts: &Parts, side: Side) -> f64 {
    let one = Ball::integer(1);
    let ln_finite = parts.iter().fold(Ball::ZERO, |sum, (masses, count)| {
        sum + ball::ln(one - Ball::from_f64(masses.infinity().min(0.999_999))) * Ball::integer(*count as i64)
    });
    let (lower, upper): Bounds = (one - ball::exp(ln_finite)).to_bounds();
    match side {
        Side::Below => lower.max(0.0),
        Side::Above => {
            // the measure may have a little more than one in all: what is infinite is then at most as much more
            let surplus = surplus(ln_moment(parts, Rate::ZERO));
            let sum = parts.iter().map(|(masses, count)| masses.infinity() * *count as f64).sum::<f64>();
            let sum = sum * (1.0 + (parts.len() + 4) as f64 * f64::EPSILON);
            (upper.min(sum) * surplus.max(1.0) * (1.0 + 4.0 * f64::EPSILON)).clamp(0.0, 1.0)
        }
    }
}

fn surplus(x: Ball) -> f64 {
    if x.magnitude() > 9 { f64::MAX } else { ball::exp(x).to_bounds().1 }
}
