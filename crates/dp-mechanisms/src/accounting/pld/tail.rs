//! From a convolution power to `δ(ε)` and back.

use super::buffer::Buffer;
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

/// The upper part of a composition: `δ` follows by summing from the top.
#[derive(Debug)]
pub(super) struct Tail {
    first: i64,
    side: Side,
    /// Bounds of the masses from `first` on, up to a factor.
    masses: Buffer,
    /// `e^{−step}` and `1 − e^{−step}`.
    decay: f64,
    fall: f64,
    /// `ln` of the factor.
    ln_scale: Ball,
    /// What is to be added (above) or subtracted (below) for what the window does not hold.
    charge: f64,
    /// Bound of the mass at infinity.
    infinity: f64,
    grid: Grid,
}

/// `δ` up to the factor, on the way down.
#[derive(Clone, Copy, Debug, Default)]
struct Point {
    /// `Σ_{k > j} e_k (1 − e^{−(k − j)·step})`.
    delta: f64,
    /// `Σ_{k > j} e_k e^{−(k − j)·step}`: minus the slope in `e^ε`, times `e^{j·step}`.
    slope: f64,
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
        // what is below the floor is not asked for
        let (first, count) = (outside.floor, (outside.top - outside.floor + 1) as usize);
        let error = if side == Side::Above { composed.error } else { -composed.error };
        let mut masses = Buffer::zeros(count);
        composed.copy_values(first, &mut masses);
        // weights are at most one, and a product below the range is not nothing
        let reference = if rate.is_negative() { outside.top } else { first };
        let least = if side == Side::Above { f64::MIN_POSITIVE } else { 0.0 };
        rate.negated().for_each_block((first, count), reference, |at, weights| {
            for (mass, weight) in masses[at].iter_mut().zip(weights) {
                let value = *mass + error;
                *mass = if value > 0.0 { (value * weight).max(least) } else { 0.0 };
            }
        });
        let scales = tilted.iter().map(|(tilted, count)| {
            let scale = ball::ln(Ball::from_f64(tilted.scale)) * Ball::integer(*count as i64);
            (scale, tilted.reference * *count as i64)
        });
        let (scale, center) = scales.fold((Ball::ZERO, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let decay = ball::exp(-grid.step());
        let fall = (Ball::integer(1) - decay).to_bounds();
        let decay = decay.to_bounds();
        let (decay, fall) = if side == Side::Above { (decay.1, fall.1) } else { (decay.0, fall.0) };
        Self {
            first,
            side,
            masses,
            decay,
            fall,
            ln_scale: scale - rate.ln_weight(reference - center),
            // an error beyond the range of floats bounds nothing
            charge: if composed.error.is_finite() {
                charge(parts, rate, composed.len(), side, outside)
            } else {
                f64::INFINITY
            },
            infinity: infinity(parts, side),
            grid: *grid,
        }
    }

    /// From the top down to where `visit(j, …)` says that it is enough: with `x = slope_{j+1} + e_{j+1}`, `slope_j = e^{−step}·x` and
    /// `δ_j = δ_{j+1} + (1 − e^{−step})·x`. Points are slackened: δ to the bound's side, the slope to the other one.
    fn descend(&self, mut visit: impl FnMut(i64, Point) -> bool) {
        let (mut delta, mut slope) = (0.0, 0.0);
        // each step rounds four times, and each weight by its own error
        let error = (4 * self.masses.len() + 8) as f64 * f64::EPSILON / 2.0 + 2.0 * WEIGHT_ERROR;
        let (up, down) = (self.side.slackened(1.0, error), self.side.slackened(1.0, -2.0 * error));
        for (at, mass) in self.masses.iter().enumerate().skip(1).rev() {
            let x = slope + mass;
            (delta, slope) = (delta + self.fall * x, self.decay * x);
            if visit(self.first + at as i64 - 1, Point { delta: delta * up, slope: slope * down }) {
                return;
            }
        }
    }

    /// What is charged for losses outside the window.
    pub(super) fn charge(&self) -> f64 {
        self.charge
    }

    /// A bound of `δ(ε)`.
    pub(super) fn delta(&self, epsilon: f64) -> f64 {
        let nothing = if self.side == Side::Above { 1.0 } else { self.infinity };
        if self.proves_nothing() || self.side == Side::Above && !self.begins_below(epsilon) {
            return nothing;
        }
        let Some(scale) = exp(self.ln_scale) else { return nothing };
        let last = self.first + self.masses.len() as i64 - 2;
        let place = self.grid.floor(epsilon).clamp(self.first, last);
        // a convex function with corners is the largest of its lines: rounding may have named a neighbour
        let (mut lower, mut upper) = (0.0_f64, 0.0_f64);
        self.descend(|j, point| {
            if j <= place + 1 {
                let line = (self.line(j, point, epsilon) * scale).to_bounds();
                (lower, upper) = (lower.max(line.0), upper.max(line.1));
            }
            j < place
        });
        match self.side {
            Side::Above => ((upper + self.charge).next_up() + self.infinity).next_up().min(1.0),
            Side::Below => ((lower - self.charge).next_down().max(0.0) + self.infinity).next_down().max(0.0),
        }
    }

    /// Whether so much may have come back into the window that nothing is known of what belongs there: bounds of single probabilities
    /// end at one, so that a charge from one on is none. The same where the error of the composition is not a number.
    fn proves_nothing(&self) -> bool {
        self.charge >= 1.0
    }

    /// Whether the window certainly begins at or below this ε: δ further down is not known.
    fn begins_below(&self, epsilon: f64) -> bool {
        let order = self.grid.loss(self.first).compare(Ball::from_f64(epsilon));
        order.is_some_and(core::cmp::Ordering::is_le)
    }

    /// The line through `δ` at the points j and j + 1: `δ_j − (e^{ε − j·step} − 1)·slope_j`; below j, where δ is not less, `δ_j`.
    fn line(&self, j: i64, point: Point, epsilon: f64) -> Ball {
        let growth = ball::exp(Ball::from_f64(epsilon) - self.grid.loss(j)) - Ball::integer(1);
        let growth = if growth.is_negative() { Ball::ZERO } else { growth };
        Ball::from_f64(point.delta) - growth * Ball::from_f64(point.slope)
    }

    /// A bound of the ε at which δ is reached: not below the smallest, or not above it. `None` where the window does not tell.
    pub(super) fn epsilon(&self, delta: f64) -> Option<f64> {
        if self.side == Side::Below && self.infinity > delta {
            return Some(f64::INFINITY);
        }
        if self.proves_nothing() {
            return None;
        }
        let target = self.target(delta)?;
        let (mut points_below, mut crossed) = (0, None);
        self.descend(|j, point| {
            if point.delta > target {
                crossed = Some((j, point));
                return true;
            }
            points_below += 1;
            false
        });
        match crossed {
            Some((j, point)) if points_below > 0 => Some(self.crossing(j, point, target)),
            // above the target where the window ends, or below it all the way down
            Some(_) => None,
            None => (self.side == Side::Above).then(|| self.grid.loss(self.first).to_bounds().1),
        }
    }

    /// Where the line from a point above the target reaches it, no further than the next point.
    fn crossing(&self, j: i64, point: Point, target: f64) -> f64 {
        let excess = Ball::from_f64(point.delta) - Ball::from_f64(target);
        let inside = ball::ln(Ball::integer(1) + excess / Ball::from_f64(point.slope));
        let (lower, upper) = (self.grid.loss(j) + inside).to_bounds();
        let end = self.grid.loss(j + 1).to_bounds().1;
        if self.side == Side::Above { upper.min(end) } else { lower }
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
        let (lower, upper) = (Ball::from_f64(rest) * exp(-self.ln_scale)?).to_bounds();
        Some(if self.side == Side::Above { lower } else { upper })
    }
}

/// What leaves the window and comes back with a sign, and, from above, what is beyond its top. With `N` points and tilt w, what is
/// at `K` and comes back at `K − mN` has weight `w^{mN}`: at most `Σ_m w^{mN} P(K ≥ floor + mN) + Σ_m w^{−mN} P(K ≤ top − mN)` in
/// all, and Chernoff's bounds of these fall geometrically. (In a long window the error of each point, with its weight, would be
/// more than what is above the top.) What comes back is a convolution of tilted masses, each up to `1 + 24ε` times what it should be:
/// of at most `2⁴⁰` of them, up to 1.006 times.
fn charge(parts: &Parts, rate: Rate, len: usize, side: Side, outside: &Outside) -> f64 {
    let (n, top) = (len as i64, outside.top);
    // the sum over m is at most so many times its first term
    let factor = |excess: Rate| {
        let rest = Ball::integer(1) - exp_upper_ball(-excess.ln_weight(n));
        if rest.is_positive() { (Ball::integer(1) / rest).to_bounds().1 } else { f64::INFINITY }
    };
    // of each bound the smallest counts
    let (mut missing, mut from_above, mut from_below) = (1.0_f64, 1.0_f64, 1.0_f64);
    // Chernoff's bound of what is above needs a rate that grows, of what is below one that falls
    for &above in outside.above.iter().filter(|rate| !rate.is_negative()) {
        let moment = ln_moment(parts, above);
        missing = missing.min(exp_upper(moment - above.ln_weight(top + 1)));
        let returning = exp_upper(moment - above.ln_weight(outside.floor + n) + rate.ln_weight(n));
        from_above = from_above.min(factor(above.plus(rate.negated())) * returning);
    }
    for &below in outside.below.iter().filter(|rate| !rate.negated().is_negative()) {
        let returning = exp_upper(ln_moment(parts, below) - below.ln_weight(top - n) - rate.ln_weight(n));
        from_below = from_below.min(factor(rate.plus(below.negated())) * returning);
    }
    let missing = if side == Side::Above { missing } else { 0.0 };
    (missing + TILTED * (from_above + from_below)) * (1.0 + 8.0 * f64::EPSILON)
}

/// More than what convolutions of tilted masses are too large by.
const TILTED: f64 = 1.01;

/// `eˣ`, where that is a number to calculate with.
fn exp(x: Ball) -> Option<Ball> {
    (x.magnitude() <= 30).then(|| ball::exp(x))
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

/// Bound of the probability that one of all losses is infinite, `1 − Π(1 − mᵢ)^{Tᵢ}`.
pub(super) fn infinity(parts: &Parts, side: Side) -> f64 {
    let one = Ball::integer(1);
    let most = parts.iter().map(|(masses, _)| masses.infinity()).fold(0.0, f64::max);
    if most > 0.999_999 {
        return if side == Side::Above { 1.0 } else { 0.999_999 };
    }
    let ln_finite = parts.iter().fold(Ball::ZERO, |sum, (masses, count)| {
        sum + ball::ln(one - Ball::from_f64(masses.infinity())) * Ball::integer(*count as i64)
    });
    let (lower, upper): Bounds = (one - ball::exp(ln_finite)).to_bounds();
    match side {
        Side::Below => lower.max(0.0),
        Side::Above => {
            // the sum is sharper where all are tiny
            let sum = parts.iter().map(|(masses, count)| masses.infinity() * *count as f64).sum::<f64>();
            upper.min(sum * (1.0 + (parts.len() + 4) as f64 * f64::EPSILON)).clamp(0.0, 1.0)
        }
    }
}
