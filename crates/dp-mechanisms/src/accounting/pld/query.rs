//! Questions to a composition of privacy-loss distributions.
//!
//! For one question, `δ(ε)` or `ε(δ)`, everything is chosen in plain floating point, which only steers: the tilt at which the
//! loss in question is the centre of the tilted law, the step of the grid and the window of points. Whatever was chosen,
//! the result is a bound; a bad choice makes it wide.

use super::cells::Cells;
use super::compose::compose;
use super::fft::{LARGEST, Transform};
use super::grid::Grid;
use super::masses::{Masses, Side, Tilted};
use super::steering::{Component, Order, Question, Steering, View};
use super::tail::{Outside, Tail, infinity};
use super::weights::Rate;
use super::window::{MOST_CELLS, STEP_MASS, Window, grid, longest, step};
use crate::accounting::loss::{Resolution, Tilt};
use crate::accounting::parallel::side_by_side;

/// Which orders of neighbours are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    /// (P, Q) alone: the other is the same.
    Same,
    /// (P, Q) and (Q, P), of which the worse counts.
    Both,
}

/// Relative error of ε that the grid may cause, if nothing else is asked for.
const GRID_ERROR: f64 = 3e-7;
/// Longer distributions are not composed: the error bound of powers is proven up to here.
const MOST_POINTS: usize = 1 << 20;
/// What is left out of single distributions should be below this, relatively: `ln`.
const LN_CUT_OFF: f64 = -20.0;
/// Windows are doubled at most so often.
const ATTEMPTS: u32 = 4;

/// Components together, as they are asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Composition<'a> {
    components: &'a [Component],
    orders: Orders,
    /// Relative error of ε that the grid may cause.
    accuracy: f64,
}

impl<'a> Composition<'a> {
    /// As accurate as is worth the time. All counts together are to be at most `2⁴⁰`: the error bound of powers is proven for that.
    pub(crate) fn new(components: &'a [Component], orders: Orders) -> Self {
        Self { components, orders, accuracy: GRID_ERROR }
    }

    /// Less accurate, and faster.
    pub(crate) fn within(self, accuracy: f64) -> Self {
        Self { accuracy: accuracy.clamp(GRID_ERROR, 1e-3), ..self }
    }

    /// Lower bound of `δ(ε)`.
    pub(crate) fn delta_lower(&self, epsilon: f64) -> f64 {
        self.worst(Question::Delta { epsilon }, Side::Below)
    }

    /// Upper bound of the same.
    pub(crate) fn delta_upper(&self, epsilon: f64) -> f64 {
        self.worst(Question::Delta { epsilon }, Side::Above)
    }

    /// Lower bound of the ε at which δ is reached.
    pub(crate) fn epsilon_lower(&self, delta: f64) -> f64 {
        self.worst(Question::Epsilon { delta }, Side::Below)
    }

    /// Upper bound of the same; infinite where none is found.
    pub(crate) fn epsilon_upper(&self, delta: f64) -> f64 {
        self.worst(Question::Epsilon { delta }, Side::Above)
    }

    /// The larger answer of the orders; they share the cells, and run side by side.
    fn worst(&self, question: Question, side: Side) -> f64 {
        let Self { components, orders, accuracy } = *self;
        let asked = [Order::Forward, Order::Backward].map(|order| View { components, order });
        let asked = if orders == Orders::Same { &asked[..1] } else { &asked[..] };
        let plans: Vec<Option<Plan>> = asked.iter().map(|view| Plan::new(view, question, accuracy)).collect();
        let vacuous = |view: &View<'_>| match (question, side) {
            (_, Side::Below) => 0.0,
            (Question::Delta { epsilon }, Side::Above) => delta_beyond(view, epsilon),
            (Question::Epsilon { .. }, Side::Above) => f64::INFINITY,
        };
        // what decides is the order that loses more: its grid is good enough for the other, and what it may leave out
        let importance = |plan: &&Plan| plan.importance(question);
        let Some(worse) = plans.iter().flatten().max_by(|a, b| importance(a).total_cmp(&importance(b)))
        else {
            return asked.iter().map(vacuous).fold(0.0, f64::max);
        };
        let grid = worse.grid;
        let cells = all_cells(components, (&grid, worse.cut_off(components)), &plans);
        let answer = |(view, plan): (&View<'_>, &Option<Plan>)| {
            let found = plan.as_ref().and_then(|plan| plan.answer(view, &cells, &grid, question, side));
            found.unwrap_or_else(|| vacuous(view)).max(0.0)
        };
        let asked: Vec<_> = asked.iter().zip(&plans).collect();
        side_by_side(&asked, |&pair| answer(pair)).into_iter().fold(0.0, f64::max)
    }
}

/// The cells of all components, fine enough for all orders, without ends of less than this mass.
fn all_cells(components: &[Component], (grid, mass): (&Grid, f64), plans: &[Option<Plan>]) -> Vec<Cells> {
    let cells = |component: &Component| {
        let tilts = plans.iter().flatten().map(|plan| {
            let lambda = plan.order.forward(plan.steering.lambda);
            Tilt { lambda, cumulant: component.pair.moments(lambda).cumulant }
        });
        component.pair.cells(grid, &Resolution { mass, tilts: tilts.collect() })
    };
    components.iter().map(cells).collect()
}

/// What is left out of distributions so that the rest fits the grid: this, or more, up to what every grid has room for.
fn fitting(components: &[Component], grid: &Grid, mut mass: f64) -> f64 {
    while mass < STEP_MASS && longest(components, mass) > MOST_CELLS * 2.0 * grid.approximate_step() {
        mass = mass.sqrt().min(STEP_MASS);
    }
    mass
}

/// Whether none is longer than what is composed.
fn are_short(cells: &[Cells]) -> bool {
    cells.iter().all(|cells| cells.len() <= MOST_POINTS as u64)
}

/// Upper bound of `δ(ε)` where ε is beyond all losses: what is infinite. One, if ε is not.
fn delta_beyond(view: &View<'_>, epsilon: f64) -> f64 {
    let total: f64 = view.components.iter().map(|component| component.count as f64).sum();
    let grid =
        grid(view.components, (epsilon / total / 100.0).max(longest(view.components, 1e-290) / MOST_CELLS));
    let mass = fitting(view.components, &grid, 1e-290);
    let resolution = Resolution { mass, tilts: Vec::new() };
    let cells: Vec<Cells> =
        view.components.iter().map(|component| component.pair.cells(&grid, &resolution)).collect();
    if !are_short(&cells) {
        return 1.0;
    }
    let parts = view.parts(&cells, &grid, Side::Above);
    let most: i64 = parts.iter().map(|(masses, count)| masses.last() * *count as i64).sum();
    if grid.loss(most).to_bounds().1 <= epsilon { infinity(&parts, Side::Above) } else { 1.0 }
}

impl View<'_> {
    fn parts(&self, cells: &[Cells], grid: &Grid, side: Side) -> Vec<(Masses, u64)> {
        let masses = |cells: &Cells| match side {
            Side::Above => cells.pessimistic(),
            Side::Below => cells.optimistic(grid),
        };
        let of_order = |cells: &Cells| match self.order {
            Order::Forward => masses(cells),
            Order::Backward => masses(&cells.reversed(grid)),
        };
        cells.iter().map(of_order).zip(self.components.iter().map(|component| component.count)).collect()
    }
}

/// How a question is answered in one order.
#[derive(Debug)]
struct Plan {
    order: Order,
    steering: Steering,
    window: Window,
    grid: Grid,
}

impl Plan {
    fn new(view: &View<'_>, question: Question, accuracy: f64) -> Option<Self> {
        let steering = Steering::new(view, question)?;
        let mut window = Window::new(view, &steering);
        if let Question::Delta { epsilon } = question {
            window.floor = window.floor.min(epsilon);
        }
        let grid = grid(view.components, step(view.components, &steering, (window.width, accuracy)));
        Some(Self { order: view.order, steering, window, grid })
    }

    /// Larger for the order that loses more.
    fn importance(&self, question: Question) -> f64 {
        match question {
            Question::Delta { .. } => self.steering.ln_delta,
            Question::Epsilon { .. } => self.steering.center,
        }
    }

    /// Probability that single distributions may leave out; more where these would not fit the grid, which has room for all but
    /// [`STEP_MASS`].
    fn cut_off(&self, components: &[Component]) -> f64 {
        let total: f64 = components.iter().map(|component| component.count as f64).sum();
        let mass = (self.steering.ln_delta + LN_CUT_OFF - total.ln()).exp().clamp(1e-290, 1e-10);
        fitting(components, &self.grid, mass)
    }

    fn answer(
        &self,
        view: &View<'_>,
        cells: &[Cells],
        grid: &Grid,
        question: Question,
        side: Side,
    ) -> Option<f64> {
        if !are_short(cells) {
            return None;
        }
        let parts = view.parts(cells, grid, side);
        let layout = Layout::new(&self.window, *grid);
        let mut best = None;
        for attempt in 0..ATTEMPTS {
            let tail = layout.tail(view, &parts, side, attempt)?;
            let value = match question {
                Question::Delta { epsilon } => Some(tail.delta(epsilon)),
                Question::Epsilon { delta } => tail.epsilon(delta),
            };
            best = value.or(best);
            let small = tail.charge() <= 1e-6 * self.steering.ln_delta.exp();
            if value.is_some() && small || layout.len(attempt) >= 2 << LARGEST {
                break;
            }
        }
        best
    }
}

/// A window on a grid.
#[derive(Debug)]
struct Layout {
    grid: Grid,
    /// Tilt from one point to the next.
    rate: Rate,
    /// The lowest point that may be asked for, and the highest that counts: what is above is charged.
    floor: i64,
    top: i64,
    /// Points that the window needs.
    needed: usize,
}

impl Layout {
    fn new(window: &Window, grid: Grid) -> Self {
        let step = grid.approximate_step();
        let place = |loss: f64| (loss / step).floor().clamp(-1e15, 1e15) as i64;
        let (floor, top) = (place(window.floor) - 1, place(window.top) + 2);
        let needed = ((window.width / step) as usize + 8).min(2 << LARGEST);
        Self { grid, rate: Rate::near(window.lambda * step), floor, top: top.max(floor + 2), needed }
    }

    /// Length of the window in an attempt.
    fn len(&self, attempt: u32) -> usize {
        Transform::of_real_length(self.needed << attempt).real_len()
    }

    fn tail(&self, view: &View<'_>, parts: &[(Masses, u64)], side: Side, attempt: u32) -> Option<Tail> {
        let longest = parts.iter().map(|(masses, _)| masses.len()).max()?;
        let plan = Transform::of_real_length((self.needed << attempt).max(longest));
        if longest > MOST_POINTS {
            return None;
        }
        let tilted: Vec<(Tilted, u64)> =
            parts.iter().map(|(masses, count)| (masses.tilted(self.rate, side), *count)).collect();
        let composed = compose(&tilted, plan);
        let outside = self.outside(view, plan.real_len());
        Some(Tail::new(&composed, (parts, &tilted, self.rate), (side, &outside), &self.grid))
    }

    /// Rates of Chernoff's bounds: those at which the tilted law has its mean where the bound is wanted. Of what is above only rates
    /// that grow tell anything, of what is below only those that fall.
    fn outside(&self, view: &View<'_>, len: usize) -> Outside {
        let step = self.grid.approximate_step();
        let rate = |k: i64| {
            let epsilon = k as f64 * step;
            let lambda = Steering::lambda_at(view, |s| s.center - epsilon);
            Rate::near(lambda * step)
        };
        let rising = |k: i64| if rate(k).is_negative() { Rate::ZERO } else { rate(k) };
        let len = len as i64;
        let top = self.top.min(self.floor + len - 1);
        let last = rate(top - len);
        let falling = if last.is_negative() { last } else { Rate::ZERO };
        Outside {
            above: [rising(top), rising(self.floor + len)],
            below: [Rate::ZERO, falling],
            floor: self.floor,
            top,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::loss::Loss;
    use crate::certified::ball::{self, Ball};
    use crate::{Delta, Epsilon, Mu, SamplingRate, gaussian};

    #[test]
    fn what_may_all_have_come_back_into_a_window_is_no_lower_bound() {
        // in the order that loses less, this ε is beyond nearly everything
        let rate = SamplingRate::new(0.021_398_224_131_346_95).unwrap();
        let base = Box::new(gaussians(0.228_896_505_453_677_37));
        let components = once(&Loss::Poisson { rate, base }, 30);
        let together = Composition::new(&components, Orders::Both);
        let (lower, upper) =
            (together.delta_lower(0.434_952_945_956_764_15), together.delta_upper(0.434_952_945_956_764_15));
        assert!(lower <= upper && upper < 1e-20, "{lower} {upper}");
    }

    #[test]
    fn losses_beyond_the_range_of_floats_are_answered_by_something_true() {
        let rate = SamplingRate::new(0.01).unwrap();
        let pure = Loss::Pure { epsilon: Epsilon::new(1.3).unwrap() };
        let mut components = once(&gaussians(90.0), 17);
        components.extend(once(&Loss::Poisson { rate, base: Box::new(pure) }, 23));
        let together = Composition::new(&components, Orders::Both);
        let (lower, upper) = (together.epsilon_lower(1e-7), together.epsilon_upper(1e-7));
        // seventeen of these alone lose about 17·90²/2
        assert!(
            lower <= upper && upper >= 68_850.0 && lower <= 68_850.0 + 6.0 * 371.0 + 30.0,
            "{lower} {upper}"
        );
    }

    #[test]
    fn powers_beyond_the_range_of_floats_tell_nothing() {
        // far more than accountants ask for: the bounds of powers are infinite in the end
        for count in [1 << 48, 1 << 52, 1 << 55] {
            let components = once(&Loss::Pure { epsilon: Epsilon::new(1e-20).unwrap() }, count);
            let together = Composition::new(&components, Orders::Same);
            let (lower, upper) = (together.delta_lower(1e-12), together.delta_upper(1e-12));
            assert!(lower <= upper, "{lower} {upper}");
            assert!(together.epsilon_lower(1e-9) <= together.epsilon_upper(1e-9));
            // 2⁵⁵ responses have a deviation of 1.9e-12
            assert!(count < 1 << 55 || upper > 1e-13, "{upper}");
        }
    }

    fn once(loss: &Loss, count: u64) -> Vec<Component> {
        vec![Component { pair: loss.pair().unwrap(), count }]
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
            let (lower, upper) = (
                Composition::new(&components, Orders::Same).epsilon_lower(delta),
                Composition::new(&components, Orders::Same).epsilon_upper(delta),
            );
            // the two floats 1/σ and √T/σ are off by their last bits
            assert!(
                lower <= exact * (1.0 + 1e-14) && exact <= upper * (1.0 + 1e-14),
                "{sigma} {lower} {exact} {upper}"
            );
            assert!(upper - lower <= 2e-5 * exact, "{sigma} {lower} {exact} {upper}");
            let (lower, upper) = (
                Composition::new(&components, Orders::Same).delta_lower(exact),
                Composition::new(&components, Orders::Same).delta_upper(exact),
            );
            assert!(
                lower <= delta * (1.0 + 1e-12) && delta <= upper * (1.0 + 1e-12),
                "{sigma} {lower} {upper}"
            );
            assert!(upper - lower < 2e-3 * delta, "{sigma} {lower} {upper}");
        }
    }

    #[test]
    fn compositions_of_randomised_responses_are_binomial() {
        // the last three: a few large losses, and a question far below their mean
        let cases = [
            (0.5_f64, 10_u64, 2.0_f64),
            (0.02, 1000, 1.0),
            (2.0, 3, 3.0),
            (6.06, 8, 0.0),
            (20.0, 3, 1.0),
            (3.0, 40, 10.0),
        ];
        for (epsilon, count, point) in cases {
            let loss = Loss::Pure { epsilon: Epsilon::new(epsilon).unwrap() };
            let components = once(&loss, count);
            let (lower, upper) = (
                Composition::new(&components, Orders::Same).delta_lower(point),
                Composition::new(&components, Orders::Same).delta_upper(point),
            );
            // Σ C(n, k) p^k (1 − p)^{n − k} (1 − e^{ε − (2k − n)ε₀})₊
            let (p, q) = (1.0 / (1.0 + (-epsilon).exp()), 1.0 / (1.0 + epsilon.exp()));
            let mut weight = q.powi(count as i32);
            let mut exact = 0.0;
            for k in 0..=count {
                let excess = (2.0 * k as f64 - count as f64) * epsilon - point;
                exact += weight * (-(-excess).exp_m1()).max(0.0);
                weight *= (count - k) as f64 / (k + 1) as f64 * p / q;
            }
            // the plain sum is good to a few hundred roundings
            assert!(
                lower <= exact * (1.0 + 1e-12) && exact <= upper * (1.0 + 1e-12),
                "{lower} {exact} {upper}"
            );
            assert!(upper - lower < 1e-6 * exact, "{lower} {exact} {upper}");
        }
    }

    fn in_order(components: &[Component], order: Order, epsilon: f64, side: Side) -> f64 {
        let view = View { components, order };
        let question = Question::Delta { epsilon };
        let plan = [Plan::new(&view, question, GRID_ERROR)];
        let Some(found) = &plan[0] else {
            return if side == Side::Above { delta_beyond(&view, epsilon) } else { 0.0 };
        };
        let cells = all_cells(components, (&found.grid, found.cut_off(components)), &plan);
        found.answer(&view, &cells, &found.grid, question, side).unwrap()
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
                    let components = vec![Component { pair, count: 1 }];
                    let [lower, upper] =
                        [Side::Below, Side::Above].map(|side| in_order(&components, order, epsilon, side));
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
        let (lower, upper) = (
            Composition::new(&components, Orders::Same).epsilon_lower(1e-6),
            Composition::new(&components, Orders::Same).epsilon_upper(1e-6),
        );
        // what is off the grid is moved down, from below
        assert!(upper - lower < 1e-3 * upper, "{lower} {upper}");
        let (a, b) = (
            Composition::new(&components[..1], Orders::Same).epsilon_upper(5e-7),
            Composition::new(&components[1..2], Orders::Same).epsilon_upper(5e-7),
        );
        assert!(
            lower < a + b + 0.21
                && lower > Composition::new(&components[..1], Orders::Same).epsilon_upper(1e-6)
        );
    }
}
