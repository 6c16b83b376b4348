//! Weight to the row that sticks out most, or from the row that is of least use.

use super::{Solver, Stop};
use crate::{Design, Error};

/// Frank and Wolfe's method with away steps and exact line search, `O(nd)` a step, linearly convergent in the end.
///
/// # References
/// - P. Wolfe, *Convergence theory in nonlinear programming*, 1970; C. L. Atwood, *Sequences converging to D-optimal designs of
///   experiments*, 1973; with away steps Ahipaşaoğlu, Sun, Todd, *Linear convergence of a modified Frank-Wolfe algorithm for
///   computing minimum-volume enclosing ellipsoids*, 2008.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WolfeAtwood;

/// The longest step towards a row: the rest keeps a thousandth of its weight, so that `M` keeps its rank in floating point.
const LONGEST: f64 = 0.999;

impl Solver for WolfeAtwood {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let period = refresh_period(design.rows().ncols());
        for iteration in 0..stop.max_iterations {
            let (Some(high), Some(low)) = (design.most_violated(), design.least_useful()) else {
                return Ok(iteration);
            };
            let excess = design.forms()[high] - 1.0;
            if excess <= stop.gap {
                return Ok(iteration);
            }
            if excess >= 1.0 - design.forms()[low] {
                towards(design, high);
            } else {
                away(design, low);
            }
            if iteration % period == period - 1 {
                design.refresh()?;
            }
        }
        design.refresh()?;
        Ok(stop.max_iterations)
    }
}

/// Steps between two computations of everything: rounding does not pile up, and a step stays `O(nd)`.
pub(super) const fn refresh_period(d: usize) -> usize {
    4 * d + 100
}

/// With `u = w/d` the step is `u ← (1 − τ)u + τeⱼ`; the determinant is largest at `τ = (g − 1)/(dg − 1)`.
pub(super) fn towards(design: &mut Design<'_>, j: usize) {
    let (d, g) = (design.rows().ncols() as f64, design.forms()[j]);
    let tau = ((g - 1.0) / (d * g - 1.0)).min(LONGEST);
    design.scale(1.0 - tau);
    design.add(j, tau * d);
}

/// The same with `τ < 0`, at least `−u/(1 − u)`, where the weight is gone; all the way where `dg ≤ 1`.
fn away(design: &mut Design<'_>, j: usize) {
    let (d, g) = (design.rows().ncols() as f64, design.forms()[j]);
    let u = design.weights()[j] / d;
    let furthest = -u / (1.0 - u);
    let best = if d * g > 1.0 { (g - 1.0) / (d * g - 1.0) } else { f64::NEG_INFINITY };
    design.scale(1.0 - best.max(furthest));
    let beta = if best <= furthest { -design.weights()[j] } else { best * d };
    design.add(j, beta);
}
