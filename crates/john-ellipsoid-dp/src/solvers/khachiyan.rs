//! Weight to the row that sticks out most, from few rows.

use super::wolfe_atwood::{refresh_period, towards};
use super::{Solver, Stop};
use crate::{Design, Error, spanning_weights};

/// Khachiyan's coordinate ascent from [`spanning_weights`], whatever the weights were: steps towards rows only, `O(nd)` each.
///
/// Some `d/ξ` steps, whatever `n` is. Without away steps a row that was hit by mistake loses its weight only slowly: that is what
/// [`WolfeAtwood`](super::WolfeAtwood) mends.
///
/// # References
/// - L. G. Khachiyan, *Rounding of polytopes in the real number model of computation*, 1996; P. Kumar, E. A. Yıldırım,
///   *Minimum-volume enclosing ellipsoids and core sets*, 2005, Algorithm 4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Khachiyan;

impl Solver for Khachiyan {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let period = refresh_period(design.rows().ncols());
        design.set_weights(spanning_weights(design.rows()))?;
        for iteration in 0..stop.max_iterations {
            let Some(high) = design.most_violated() else { return Ok(iteration) };
            if design.forms()[high] - 1.0 <= stop.gap {
                return Ok(iteration);
            }
            towards(design, high);
            if iteration % period == period - 1 {
                design.refresh()?;
            }
        }
        design.refresh()?;
        Ok(stop.max_iterations)
    }
}
