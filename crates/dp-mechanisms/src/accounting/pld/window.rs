//! How wide a window and how fine a grid a question needs: in plain floating point, which decides nothing.

use super::fft::LARGEST;
use super::grid::Grid;
use super::steering::{Component, Steering, View};

/// Up to so many points a window is as fine as it should be; beyond, the step may be coarser by this factor.
const LONG: f64 = 131_000.0;
const COARSEST: f64 = 2.5;
/// Smaller steps could not be told from none in 126 bits.
const SMALLEST_STEP: f64 = 1e-25;
/// No distribution is cut into more cells than this.
pub(super) const MOST_CELLS: f64 = 200_000.0;
/// The range of losses that steps are chosen for holds all but this.
pub(super) const STEP_MASS: f64 = 1e-20;
/// What is left out of a window should be below this, relatively: `ln`.
const LN_LEFT_OUT: f64 = -17.0;
/// Deviations from the centre down to the lowest loss that may be asked for.
const FLOOR: f64 = 0.75;

/// Tilt and window, as losses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) lambda: f64,
    pub(super) floor: f64,
    pub(super) top: f64,
    pub(super) width: f64,
}

impl Window {
    /// The shortest window, and the tilt for it. What is above the window must be small; what comes back from above, amplified by
    /// `e^{λ·width}`, and what comes back from below, damped by as much, too. The tilt may be smaller than the one that puts the
    /// question in the centre: laws with heavy tails are better off with less. Never negative: below the mean it is the bulk above
    /// that makes δ, and weights that grow would leave the range of `f64`.
    pub(super) fn new(view: &View<'_>, steering: &Steering) -> Self {
        let small = steering.ln_delta + LN_LEFT_OUT;
        let at = |lambda: f64| Steering::at(view, lambda);
        let wanted = if steering.lambda > 0.0 { *steering } else { at(0.0) };
        let beyond = |s: Steering| if s.lambda > 0.0 { small - s.ln_chernoff(s.center) } else { small };
        let top = at(Steering::lambda_at(view, beyond)).center;
        let floor = steering.center - FLOOR * steering.deviation;
        let least = |loss: f64| at(Steering::lambda_at(view, |s| s.center - loss)).ln_chernoff(loss);
        let below = |loss: f64| if loss < at(0.0).center { least(loss) } else { 0.0 };
        let mut width = (top - floor).max(steering.deviation);
        for _ in 0..40 {
            let most = (small - least(floor + width)) / width;
            let lambda = most.clamp(0.0, wanted.lambda);
            if (below(top - width) - small) / width <= lambda && wanted.is_near(&at(lambda)) {
                return Self { lambda, floor, top, width };
            }
            width *= 1.12;
        }
        Self { lambda: wanted.lambda, floor, top, width }
    }
}

/// The step for a window of this width, and a relative error of ε.
///
/// A grid adds a sixth of its squared step to the variance, a quarter for atoms between points, each time something that is not
/// on the grid is composed. At the tilt λ this moves ε by `(λ + 1)/2` of what is added. That should be a small part of ε; but
/// long windows may be coarser, up to where a part that is small enough would be too much if nothing were on the grid.
pub(super) fn step(components: &[Component], steering: &Steering, (width, accuracy): (f64, f64)) -> f64 {
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
        [needed, all].map(|weight| (12.0 * accuracy * scale / (weight * (1.0 + steering.lambda))).sqrt());
    let affordable = (width / LONG).clamp(needed, COARSEST * needed);
    let affordable = affordable.min(COARSEST * fine).max(longest(components, STEP_MASS) / MOST_CELLS);
    affordable.max(width / ((2_u64 << LARGEST) - 64) as f64)
}

/// The unit of the component that is composed most often.
fn common_unit(components: &[Component]) -> Option<f64> {
    let with_unit =
        components.iter().filter_map(|component| component.pair.unit().map(|unit| (component.count, unit)));
    with_unit.max_by(|a, b| a.0.cmp(&b.0)).map(|(_, unit)| unit)
}

/// Length of the range of losses that holds all but so much of each distribution.
pub(super) fn longest(components: &[Component], mass: f64) -> f64 {
    let ranges = components.iter().map(|component| component.pair.range(mass));
    let (low, high) = ranges.fold((0.0, 0.0), |a: (f64, f64), b| (a.0.min(b.0), a.1.max(b.1)));
    high - low
}

/// A grid with about this step, and with the atoms on it, unless they are too close together.
pub(super) fn grid(components: &[Component], step: f64) -> Grid {
    let step = step.max(SMALLEST_STEP);
    match common_unit(components) {
        Some(unit) if unit >= SMALLEST_STEP && unit * MOST_CELLS > longest(components, STEP_MASS) => {
            Grid::dividing(unit, (unit / step).ceil().clamp(1.0, 1e9) as u64)
        }
        _ => Grid::dividing(step.min(longest(components, STEP_MASS).max(SMALLEST_STEP)), 1),
    }
}
