//! Rows that cannot matter any more.

use super::{Solver, Stop};
use crate::{Design, Error};
use dp_linalg::Mat;

/// No row with `gᵢ` below this has weight in any optimum, if `max gᵢ ≤ 1 + gap` now.
///
/// With `x = d·gap` it is `1 + x/2 − ½√(x(4 + x − 4/d))`: the least eigenvalue that the optimal `M` can have in present
/// coordinates (docs/theorems.md, John ellipsoids).
///
/// ```
/// use john_ellipsoid_dp::deletion_threshold;
///
/// assert_eq!(deletion_threshold(3, 0.0), 1.0); // at the optimum, only rows that touch have weight
/// assert!(deletion_threshold(3, 1e-4) > 0.98 && deletion_threshold(3, 10.0) < 0.4);
/// ```
///
/// # References
/// - R. Harman, L. Pronzato, *Improvements on removing nonoptimal support points in D-optimum design algorithms*, 2007,
///   Theorem 1.
#[must_use]
pub fn deletion_threshold(d: usize, gap: f64) -> f64 {
    let d = d as f64;
    let x = d * gap.max(0.0);
    // the product of both roots of λ² − (2 + x)λ + (1 + gap) is 1 + gap: no cancellation this way
    let root = (x * (4.0 + x - 4.0 / d)).max(0.0).sqrt();
    2.0 * (1.0 + gap.max(0.0)) / (2.0 + x + root)
}

/// Another solver, on fewer and fewer rows.
///
/// After every `period` iterations, rows below [`deletion_threshold`] are left out for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafeDeletion<S> {
    /// What is to be sped up.
    pub solver: S,
    /// Iterations between deletions.
    pub period: usize,
}

/// Rows are copied only if at least a fifth of them goes.
const WORTH_A_COPY: f64 = 0.8;
/// Room for the rounding of `gᵢ`.
const MARGIN: f64 = 1e-9;

impl<S: Solver> Solver for SafeDeletion<S> {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let spent = self
            .solver
            .improve(design, Stop { max_iterations: self.period.max(1).min(stop.max_iterations), ..stop })?;
        if design.gap() <= stop.gap || spent >= stop.max_iterations || spent == 0 {
            return Ok(spent);
        }
        let rest = Stop { max_iterations: stop.max_iterations - spent, ..stop };
        let threshold = deletion_threshold(design.rows().ncols(), design.gap()) - MARGIN;
        let stays: Vec<usize> =
            (0..design.forms().len()).filter(|&i| design.forms()[i] >= threshold).collect();
        if stays.len() as f64 > WORTH_A_COPY * design.forms().len() as f64 {
            return Ok(spent + self.improve(design, rest)?);
        }
        let rows = design.rows();
        let fewer = Mat::from_fn(stays.len(), rows.ncols(), |i, j| rows[(stays[i], j)]);
        let weights = stays.iter().map(|&i| design.weights()[i]).collect();
        let mut smaller = Design::new(fewer.as_ref(), weights)?;
        let more = self.improve(&mut smaller, rest)?;
        let mut weights = vec![0.0; rows.nrows()];
        stays.iter().zip(smaller.weights()).for_each(|(&i, w)| weights[i] = *w);
        design.set_weights(weights)?;
        Ok(spent + more)
    }
}
