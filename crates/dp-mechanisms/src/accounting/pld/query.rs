//! Questions to a composition of privacy-loss distributions.
//!
//! For one question, `δ(ε)` or `ε(δ)`, everything is chosen in plain floating point, which only steers: the tilt at which the
//! loss in question is the centre of the tilted law, the step of the grid and the window of points. Whatever was chosen,
//! the result is a bound; a bad choice makes it wide.

use super::compose::compose;
use super::fft::{LARGEST, Transform};
use super::grid::Grid;
use super::masses::{Masses, Side, Tilted};
use super::tail::{Outside, Tail, infinity};
use super::weights::Rate;
use crate::accounting::loss::{Pair, Resolution};
use crate::certified::ball::{self, Ball};
use core::f64::consts::TAU;

/// A pair of laws, how often it is composed, and whether in the order (P, Q) or (Q, P).
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) pair: Box<dyn Pair>,
    pub(crate) count: u64,
    pub(crate) order: Order,
}

/// The order of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `E_P`.
    Forward,
    /// The laws exchanged.
    Backward,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question {
    Delta { epsilon: f64 },
    Epsilon { delta: f64 },
}

/// Relative error of ε that the grid may cause.
const GRID_ERROR: f64 = 3e-7;
/// Up to so many points a window is as fine as it should be; beyond, the step may be coarser by this factor.
const LONG: f64 = 130_000.0;
const COARSEST: f64 = 2.5;
/// No distribution is cut into more cells than this.
const MOST_CELLS: f64 = 200_000.0;
/// What is left out of a window should be below this, relatively: `ln`.
const LN_LEFT_OUT: f64 = -16.0;
/// The same, of what is left out of single distributions.
const LN_CUT_OFF: f64 = -25.0;
/// How small the density at the question may be in the tilted law, against its bulk: `ln`.
const LN_FAR: f64 = 10.0;
/// Deviations from the centre down to the lowest loss that may be asked for.
const FLOOR: f64 = 0.75;
/// Windows are doubled at most so often.
const ATTEMPTS: u32 = 4;

/// Lower bound of `δ(ε)` of a composition.
pub(crate) fn delta_lower(components: &[Component], epsilon: f64) -> f64 {
    answer(components, Question::Delta { epsilon }, Side::Below).unwrap_or(0.0)
}

/// Upper bound of the same.
pub(crate) fn delta_upper(components: &[Component], epsilon: f64) -> f64 {
    answer(components, Question::Delta { epsilon }, Side::Above)
        .unwrap_or_else(|| delta_beyond(components, epsilon))
}

/// Upper bound of `δ(ε)` where ε is beyond all losses: what is infinite. One, if ε is not.
fn delta_beyond(components: &[Component], epsilon: f64) -> f64 {
    let total: f64 = components.iter().map(|component| component.count as f64).sum();
    let grid = grid(components, (epsilon / total / 100.0).max(1e-9));
    let lambda = |order: Order| if order == Order::Forward { 0.0 } else { -1.0 };
    let parts: Vec<(Masses, u64)> = components
        .iter()
        .map(|component| {
            let resolution = Resolution { mass: 1e-290, lambda: lambda(component.order), cumulant: 0.0 };
            (component.masses(&grid, &resolution, Side::Above), component.count)
        })
        .collect();
    let most: i64 = parts.iter().map(|(masses, count)| masses.last() * *count as i64).sum();
    if grid.loss(most).to_bounds().1 <= epsilon { infinity(&parts, Side::Above) } else { 1.0 }
}

/// Lower bound of the ε at which δ is reached.
pub(crate) fn epsilon_lower(components: &[Component], delta: f64) -> f64 {
    answer(components, Question::Epsilon { delta }, Side::Below).unwrap_or(0.0).max(0.0)
}

/// Upper bound of the same; infinite where none is found.
pub(crate) fn epsilon_upper(components: &[Component], delta: f64) -> f64 {
    answer(components, Question::Epsilon { delta }, Side::Above).unwrap_or(f64::INFINITY).max(0.0)
}

fn answer(components: &[Component], question: Question, side: Side) -> Option<f64> {
    let steering = Steering::new(components, question)?;
    let layout = Layout::new(components, &steering);
    let parts = layout.parts(components, &steering, side);
    let mut best = None;
    for attempt in 0..ATTEMPTS {
        let tail = layout.tail(components, &parts, side, attempt)?;
        let value = match question {
            Question::Delta { epsilon } => Some(tail.delta(epsilon)),
            Question::Epsilon { delta } => tail.epsilon(delta),
        };
        best = value.or(best);
        let small = tail.charge() <= 1e-7 * steering.ln_delta.exp();
        if value.is_some() && small || layout.len(attempt) >= 2 << LARGEST {
            break;
        }
    }
    best
}

impl Component {
    /// `ln E[e^{λL}]` in the component's order.
    fn cumulant(&self, lambda: f64) -> f64 {
        match self.order {
            Order::Forward => self.pair.cumulant(lambda),
            Order::Backward => self.pair.cumulant(-1.0 - lambda),
        }
    }

    /// Its masses on a grid.
    fn masses(&self, grid: &Grid, resolution: &Resolution, side: Side) -> Masses {
        let cells = self.pair.cells(grid, resolution);
        let cells = if self.order == Order::Backward { cells.reversed(grid) } else { cells };
        match side {
            Side::Above => cells.pessimistic(),
            Side::Below => cells.optimistic(grid),
        }
    }
}

/// The tilt for a question, and the tilted law's centre and deviation.
#[derive(Clone, Copy, Debug)]
struct Steering {
    lambda: f64,
    cumulant: f64,
    center: f64,
    deviation: f64,
    /// About `ln δ` at the centre.
    ln_delta: f64,
}

impl Steering {
    fn new(components: &[Component], question: Question) -> Option<Self> {
        let at = |lambda: f64| Self::at(components, lambda);
        let miss = |s: Self| match question {
            Question::Delta { epsilon } => s.center - epsilon,
            Question::Epsilon { delta } => delta.ln() - s.ln_delta,
        };
        // where losses are bounded, further tilting leads nowhere in the end
        let mut lambda = Self::lambda_at(components, miss);
        while lambda > 8.0 && at(lambda).center <= at(lambda / 2.0).center * (1.0 + 1e-3) {
            lambda /= 2.0;
        }
        let found = at(lambda);
        let sound = found.center.is_finite()
            && found.deviation.is_finite()
            && found.deviation > 0.0
            && found.ln_delta.is_finite();
        sound.then_some(found)
    }

    /// Where an increasing function of the tilted law is zero.
    fn lambda_at(components: &[Component], miss: impl Fn(Self) -> f64) -> f64 {
        let miss = |lambda: f64| miss(Self::at(components, lambda));
        let (mut low, mut high) = (-0.95, 1.0);
        while miss(high) < 0.0 && high < 1e9 {
            (low, high) = (high, 2.0 * high);
        }
        // three digits steer well enough
        while high - low > 1e-3 * (1.0 + low) {
            let middle = f64::midpoint(low, high);
            if miss(middle) < 0.0 { low = middle } else { high = middle }
        }
        high
    }

    fn at(components: &[Component], lambda: f64) -> Self {
        let total = |lambda: f64| components.iter().map(|c| c.count as f64 * c.cumulant(lambda)).sum::<f64>();
        let step = 1e-3 * (1.0 + lambda);
        let (before, here, after) = (total(lambda - step), total(lambda), total(lambda + step));
        let center = (after - before) / (2.0 * step);
        let variance = (after - 2.0 * here + before) / (step * step);
        let deviation = variance.max(0.0).sqrt();
        // exact for normal losses
        let fall = (mills(lambda * deviation) - mills((lambda + 1.0) * deviation)) / TAU.sqrt();
        Self { lambda, cumulant: here, center, deviation, ln_delta: here - lambda * center + fall.ln() }
    }

    /// Whether the question is not too far out in another tilted law: rounding errors are relative to that law's bulk.
    fn is_near(&self, other: &Self) -> bool {
        other.ln_chernoff(self.center) - self.ln_chernoff(self.center) <= LN_FAR
    }

    /// Chernoff's bound of `ln P(L ≥ loss)`, or of `ln P(L ≤ loss)`, at this tilt.
    fn ln_chernoff(&self, loss: f64) -> f64 {
        self.cumulant - self.lambda * loss
    }
}

/// The Mills ratio, for steering.
fn mills(z: f64) -> f64 {
    if z.is_nan() || z.abs() > 30_000.0 {
        return if z > 0.0 { 1.0 / z } else { f64::INFINITY };
    }
    let positive = ball::mills(Ball::from_f64(z.abs())).to_f64();
    if z >= 0.0 { positive } else { TAU.sqrt() * (z * z / 2.0).exp() - positive }
}

/// Grid and window.
#[derive(Debug)]
struct Layout {
    grid: Grid,
    /// Tilt from one point to the next.
    rate: Rate,
    /// First point of the window, and of those that are asked for.
    start: i64,
    floor: i64,
    /// The highest point that counts: what is above is charged.
    top: i64,
    /// Points that the window needs.
    needed: usize,
}

impl Layout {
    fn new(components: &[Component], steering: &Steering) -> Self {
        let window = Window::new(components, steering);
        let grid = grid(components, step(components, steering, window.width));
        let step = grid.approximate_step();
        let place = |loss: f64| (loss / step).floor() as i64;
        let (start, floor) = (place(window.start) - 2, place(window.floor));
        let needed = (window.width / step) as usize + 8;
        let (floor, top) = (floor.max(start), place(window.top) + 2);
        Self { grid, rate: Rate::near(window.lambda * step), start, floor, top: top.max(floor + 2), needed }
    }

    /// Length of the window in an attempt.
    fn len(&self, attempt: u32) -> usize {
        Transform::of_real_length(self.needed << attempt).real_len()
    }

    fn parts(&self, components: &[Component], steering: &Steering, side: Side) -> Vec<(Masses, u64)> {
        let total: u64 = components.iter().map(|component| component.count).sum();
        let mass = (steering.ln_delta + LN_CUT_OFF - (total as f64).ln()).exp().clamp(1e-290, 1e-10);
        let masses = |component: &Component| {
            let lambda = match component.order {
                Order::Forward => steering.lambda,
                Order::Backward => -1.0 - steering.lambda,
            };
            let resolution = Resolution { mass, lambda, cumulant: component.pair.cumulant(lambda) };
            (component.masses(&self.grid, &resolution, side), component.count)
        };
        components.iter().map(masses).collect()
    }

    fn tail(
        &self,
        components: &[Component],
        parts: &[(Masses, u64)],
        side: Side,
        attempt: u32,
    ) -> Option<Tail> {
        let longest = parts.iter().map(|(masses, _)| masses.len()).max()?;
        let plan = Transform::of_real_length((self.needed << attempt).max(longest));
        if plan.real_len() < longest {
            return None;
        }
        // what the window has to spare goes to both ends
        let spare = plan.real_len().saturating_sub(self.needed) as i64;
        let start = self.start - spare / 3;
        let tilted: Vec<(Tilted, u64)> =
            parts.iter().map(|(masses, count)| (masses.tilted(self.rate, side), *count)).collect();
        let composed = compose(&tilted, plan, start);
        let outside = self.outside(components, start, plan.real_len());
        Some(Tail::new(&composed, (parts, &tilted, self.rate), (side, &outside), &self.grid))
    }

    /// Rates of Chernoff's bounds: those at which the tilted law has its mean where the bound is wanted.
    fn outside(&self, components: &[Component], start: i64, len: usize) -> Outside {
        let step = self.grid.approximate_step();
        let rate = |k: i64| {
            let epsilon = k as f64 * step;
            let lambda = Steering::lambda_at(components, |s| s.center - epsilon);
            Rate::near(lambda * step)
        };
        let (top, len) = (self.top.min(start + len as i64 - 1), len as i64);
        let last = rate(top - len);
        let falling = if last.is_negative() { last } else { Rate::ZERO };
        Outside {
            above: [rate(top), rate(self.floor + len)],
            below: [Rate::ZERO, falling],
            floor: self.floor,
            top,
        }
    }
}

/// Tilt and window, as losses.
#[derive(Clone, Copy, Debug)]
struct Window {
    lambda: f64,
    start: f64,
    floor: f64,
    top: f64,
    width: f64,
}

impl Window {
    /// The shortest window, and the tilt for it. What is above the window must be small; what comes back from above, amplified by
    /// `e^{λ·width}`, and what comes back from below, damped by as much, too. The tilt may be smaller than the one that puts the
    /// question in the centre: laws with heavy tails are better off with less.
    fn new(components: &[Component], steering: &Steering) -> Self {
        let small = steering.ln_delta + LN_LEFT_OUT;
        let at = |lambda: f64| Steering::at(components, lambda);
        let top = at(Steering::lambda_at(components, |s| small - s.ln_chernoff(s.center))).center;
        let floor = steering.center - FLOOR * steering.deviation;
        let least = |loss: f64| at(Steering::lambda_at(components, |s| s.center - loss)).ln_chernoff(loss);
        let below = |loss: f64| if loss < at(0.0).center { least(loss) } else { 0.0 };
        let mut width = (top - floor).max(steering.deviation);
        for _ in 0..40 {
            let most = (small - least(floor + width)) / width;
            let lambda = most.min(steering.lambda);
            if (below(top - width) - small) / width <= lambda && steering.is_near(&at(lambda)) {
                return Self { lambda, start: top - width, floor, top, width };
            }
            width *= 1.12;
        }
        Self { lambda: steering.lambda, start: top - width, floor, top, width }
    }
}

/// The step for a window of this width.
///
/// A grid adds a sixth of its squared step to the variance, a quarter for atoms between points, each time something that is not
/// on the grid is composed. At the tilt λ this moves ε by `(λ + 1)/2` of what is added. That should be a small part of ε; but
/// long windows may be coarser, up to where a part that is small enough would be too much if nothing were on the grid.
fn step(components: &[Component], steering: &Steering, width: f64) -> f64 {
    let unit = common_unit(components);
    let weights = |component: &Component| {
        let pair = &component.pair;
        let on_grid = pair.atoms().is_empty() || pair.unit().is_some() && pair.unit() == unit;
        let (count, has_rest) = (component.count as f64, pair.has_rest());
        let rest = if has_rest { pair.rest_mass().p.to_f64() } else { 0.0 };
        if on_grid { (count * rest, if has_rest { count } else { 0.0 }) } else { (1.5 * count, 1.5 * count) }
    };
    let (needed, all) = components.iter().map(weights).fold((0.0, 0.0), |sum, w| (sum.0 + w.0, sum.1 + w.1));
    if all == 0.0 {
        return f64::INFINITY;
    }
    let scale = steering.center.max(steering.deviation);
    let [needed, fine] =
        [needed, all].map(|weight| (12.0 * GRID_ERROR * scale / (weight * (1.0 + steering.lambda))).sqrt());
    let affordable = (width / LONG).clamp(needed, COARSEST * needed);
    let (low, high) = components
        .iter()
        .map(|component| component.pair.range(1e-20))
        .fold((0.0, 0.0), |a: (f64, f64), b| (a.0.min(b.0), a.1.max(b.1)));
    let affordable = affordable.min(COARSEST * fine).max((high - low) / MOST_CELLS);
    affordable.max(width / ((2_u64 << LARGEST) - 64) as f64)
}

/// The unit of the component that is composed most often.
fn common_unit(components: &[Component]) -> Option<f64> {
    let with_unit =
        components.iter().filter_map(|component| component.pair.unit().map(|unit| (component.count, unit)));
    with_unit.max_by(|a, b| a.0.cmp(&b.0)).map(|(_, unit)| unit)
}

fn grid(components: &[Component], step: f64) -> Grid {
    match common_unit(components) {
        Some(unit) => Grid::dividing(unit, (unit / step).ceil().clamp(1.0, 1e9) as u64),
        None => Grid::dividing(step, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::loss::Loss;
    use crate::{Delta, Epsilon, Mu, SamplingRate, gaussian};

    fn once(loss: &Loss, count: u64) -> Vec<Component> {
        vec![Component { pair: loss.pair().unwrap(), count, order: Order::Forward }]
    }

    fn gaussians(mu: f64) -> Loss {
        Loss::Gaussian { mu: Mu::new(mu).unwrap() }
    }

    fn laplace(epsilon: f64) -> Loss {
        Loss::Laplace { epsilon: Epsilon::new(epsilon).unwrap() }
    }

    #[test]
    fn compositions_of_gaussians_are_enclosed_narrowly() {
        let cases = [
            (20.0, 100, 1e-6),
            (10.0, 1000, 1e-12),
            (100.0, 100_000, 1e-20),
            (1.0, 1, 1e-5),
            (2.0, 3, 1e-3),
            (4.0, 7, 0.2),
            (0.2, 2, 1e-9),
        ];
        for (sigma, count, delta) in cases {
            let components = once(&gaussians(1.0 / sigma), count);
            let mu = Mu::new((count as f64).sqrt() / sigma).unwrap();
            let exact = gaussian::epsilon_upper(Delta::new(delta).unwrap(), mu);
            let (lower, upper) = (epsilon_lower(&components, delta), epsilon_upper(&components, delta));
            // the two floats 1/σ and √T/σ are off by their last bits
            assert!(
                lower <= exact * (1.0 + 1e-14) && exact <= upper * (1.0 + 1e-14),
                "{sigma} {lower} {exact} {upper}"
            );
            assert!(upper - lower <= 2e-5 * exact, "{sigma} {lower} {exact} {upper}");
            let (lower, upper) = (delta_lower(&components, exact), delta_upper(&components, exact));
            assert!(
                lower <= delta * (1.0 + 1e-12) && delta <= upper * (1.0 + 1e-12),
                "{sigma} {lower} {upper}"
            );
            assert!(upper - lower < 2e-3 * delta, "{sigma} {lower} {upper}");
        }
    }

    #[test]
    fn compositions_of_randomised_responses_are_binomial() {
        for (epsilon, count, point) in [(0.5_f64, 10_u64, 2.0_f64), (0.02, 1000, 1.0), (2.0, 3, 3.0)] {
            let loss = Loss::Pure { epsilon: Epsilon::new(epsilon).unwrap() };
            let components = once(&loss, count);
            let (lower, upper) = (delta_lower(&components, point), delta_upper(&components, point));
            // Σ C(n, k) p^k (1 − p)^{n − k} (1 − e^{ε − (2k − n)ε₀})₊
            let p = 1.0 / (1.0 + (-epsilon).exp());
            let mut weight = (1.0 - p).powi(count as i32);
            let mut exact = 0.0;
            for k in 0..=count {
                let excess = (2.0 * k as f64 - count as f64) * epsilon - point;
                exact += weight * (-(-excess).exp_m1()).max(0.0);
                weight *= (count - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            }
            // the plain sum is good to a few hundred roundings
            assert!(
                lower <= exact * (1.0 + 1e-12) && exact <= upper * (1.0 + 1e-12),
                "{lower} {exact} {upper}"
            );
            assert!(upper - lower < 1e-6 * exact, "{lower} {exact} {upper}");
        }
    }

    #[test]
    fn a_single_distribution_agrees_with_its_tails() {
        let rate = SamplingRate::new(0.05).unwrap();
        let losses = [
            laplace(0.7),
            gaussians(0.9),
            Loss::Poisson { rate, base: Box::new(gaussians(1.1)) },
            Loss::Poisson { rate, base: Box::new(laplace(2.0)) },
            Loss::FixedSize { rate, base: Box::new(gaussians(1.1)) },
            Loss::PoissonReplaced {
                rate,
                add_remove: Box::new(gaussians(1.1)),
                replace: Box::new(gaussians(2.2)),
            },
        ];
        for loss in losses {
            for order in [Order::Forward, Order::Backward] {
                for epsilon in [0.0, 0.03, 0.2] {
                    let pair = loss.pair().unwrap();
                    let (above, exp) = {
                        use crate::accounting::loss::{Threshold, whole_tails};
                        let sign = if order == Order::Forward { 1.0 } else { -1.0 };
                        let threshold = Threshold::at(Ball::from_f64(sign * epsilon));
                        (whole_tails(&*pair, &threshold), ball::exp(Ball::from_f64(epsilon)))
                    };
                    let one = Ball::integer(1);
                    let exact = match order {
                        Order::Forward => above.p - exp * above.q,
                        Order::Backward => (one - above.q) - exp * (one - above.p),
                    };
                    let exact = exact.to_f64();
                    let components = vec![Component { pair, count: 1, order }];
                    let (lower, upper) =
                        (delta_lower(&components, epsilon), delta_upper(&components, epsilon));
                    assert!(
                        lower <= exact + 1e-15 && exact <= upper + 1e-15,
                        "{loss:?} {order:?} {epsilon}: {lower} {exact} {upper}"
                    );
                    // atoms off the grid are moved down, from below
                    assert!(
                        upper <= 1.000_1 * exact + 1e-12,
                        "{loss:?} {order:?} {epsilon}: {lower} {exact} {upper}"
                    );
                    assert!(
                        lower >= 0.995 * exact - 1e-12,
                        "{loss:?} {order:?} {epsilon}: {lower} {exact} {upper}"
                    );
                }
            }
        }
    }

    #[test]
    fn different_mechanisms_compose_to_no_more_than_their_sum_and_no_less_than_each() {
        let mut components = once(&gaussians(0.1), 50);
        components.extend(once(&laplace(0.05), 40));
        components.extend(once(&Loss::Pure { epsilon: Epsilon::new(0.03).unwrap() }, 7));
        let (lower, upper) = (epsilon_lower(&components, 1e-6), epsilon_upper(&components, 1e-6));
        // what is off the grid is moved down, from below
        assert!(upper - lower < 1e-3 * upper, "{lower} {upper}");
        let (a, b) = (epsilon_upper(&components[..1], 5e-7), epsilon_upper(&components[1..2], 5e-7));
        assert!(lower < a + b + 0.21 && lower > epsilon_upper(&components[..1], 1e-6));
    }
}
