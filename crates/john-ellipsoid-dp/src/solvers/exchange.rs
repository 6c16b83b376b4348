//! Weight from the row that is of least use to the row that sticks out most.

use super::wolfe_atwood::refresh_period;
use super::{Solver, Stop};
use crate::{Design, Error};

/// Böhning's vertex exchange: the pair with the largest and the least `g`, with exact line search, `O(nd)` a step.
///
/// # References
/// - D. Böhning, *A vertex-exchange-method in D-optimal design theory*, 1986; Harman, Filová, Richtárik, *A randomized
///   exchange algorithm for computing optimal approximate designs of experiments*, 2020, exchanges whole batches at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairwiseExchange;

impl Solver for PairwiseExchange {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let period = refresh_period(design.rows().ncols());
        for iteration in 0..stop.max_iterations {
            let (Some(high), Some(low)) = (design.most_violated(), design.least_useful()) else {
                return Ok(iteration);
            };
            if design.forms()[high] - 1.0 <= stop.gap || high == low {
                return Ok(iteration);
            }
            exchange(design, high, low);
            if iteration % period == period - 1 {
                design.refresh()?;
            }
        }
        design.refresh()?;
        Ok(stop.max_iterations)
    }
}

/// `det(M + α(bⱼbⱼᵀ − bₖbₖᵀ))/det M = 1 + α(gⱼ − gₖ) − α²(gⱼgₖ − gⱼₖ²)`.
fn exchange(design: &mut Design<'_>, j: usize, k: usize) {
    let (gj, gk, mixed) = (design.forms()[j], design.forms()[k], design.form(j, k));
    let curvature = (gj * gk - mixed * mixed).max(0.0);
    let best = (gj - gk) / (2.0 * curvature); // infinite for parallel rows
    let alpha = best.min(design.weights()[k]);
    design.add(j, alpha);
    design.add(k, -alpha);
}
