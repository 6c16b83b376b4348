//! Rows that cannot matter any more.

use super::{Solver, Stop};
use crate::{Design, Error};
use dp_linalg::Mat;

/// No row with `gᵢ` below this has weight in any optimum, if `max gᵢ ≤ 1 + gap` now. Zero, which deletes nothing, where the gap is not finite.
///
/// With `x = d·gap` it is `1 + x/2 − ½√(x(4 + x − 4/d))`: the least eigenvalue that the optimal `M` can have in present
/// coordinates (docs/theorems.md, John ellipsoids).
///
/// ```
/// use john_ellipsoid_dp::deletion_threshold;
///
/// assert_eq!(deletion_threshold(3, 0.0), 1.0); // at the optimum, only rows that touch have weight
/// assert_eq!((deletion_threshold(3, f64::NAN), deletion_threshold(3, f64::INFINITY)), (0.0, 0.0));
/// assert!(deletion_threshold(3, 1e-4) > 0.98 && deletion_threshold(3, 10.0) < 0.4);
/// ```
///
/// # References
/// - R. Harman, L. Pronzato, *Improvements on removing nonoptimal support points in D-optimum design algorithms*, 2007,
///   Theorem 1.
#[must_use]
pub fn deletion_threshold(d: usize, gap: f64) -> f64 {
    if gap.is_nan() || gap == f64::INFINITY {
        return 0.0;
    }
    let d = d as f64;
    let x = d * gap.max(0.0);
    // the product of both roots of λ² − (2 + x)λ + (1 + gap) is 1 + gap: no cancellation this way
    let root = (x * (4.0 + x - 4.0 / d)).max(0.0).sqrt();
    2.0 * (1.0 + gap.max(0.0)) / (2.0 + x + root)
}

/// Another solver, on fewer and fewer rows.
///
/// After every `period` iterations, rows below [`deletion_threshold`] are left out for good. Each period goes on from the weights of the
/// one before. A solver that begins anew whenever it is called, as [`Khachiyan`](super::Khachiyan) does, gets no further than in one period
/// unless rows go.
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
        let (rows, mut spent) = (design.rows(), 0);
        let mut numbers: Vec<usize> = (0..rows.nrows()).collect();
        let mut stays = self.until_deletion(design, stop, &mut spent)?;
        let mut weights = design.weights().to_vec();
        while let Some(positions) = stays {
            numbers = positions.into_iter().map(|i| numbers[i]).collect();
            let fewer = Mat::from_fn(numbers.len(), rows.ncols(), |i, j| rows[(numbers[i], j)]);
            let mut smaller = Design::new(fewer.as_ref(), numbers.iter().map(|&i| weights[i]).collect())?;
            stays = self.until_deletion(&mut smaller, stop, &mut spent)?;
            weights.fill(0.0);
            numbers.iter().zip(smaller.weights()).for_each(|(&i, w)| weights[i] = *w);
        }
        if numbers.len() < rows.nrows() {
            design.set_weights(weights)?;
        }
        Ok(spent)
    }
}

impl<S: Solver> SafeDeletion<S> {
    /// Periods until all is done, or until so many rows can go that a copy of the others, whose positions are returned, is worth it.
    fn until_deletion(
        &self,
        design: &mut Design<'_>,
        stop: Stop,
        spent: &mut usize,
    ) -> Result<Option<Vec<usize>>, Error> {
        loop {
            let max_iterations = self.period.max(1).min(stop.max_iterations - *spent);
            let period = self.solver.improve(design, Stop { max_iterations, ..stop })?;
            *spent += period;
            if design.gap() <= stop.gap || *spent >= stop.max_iterations || period == 0 {
                return Ok(None);
            }
            let threshold = deletion_threshold(design.rows().ncols(), design.gap()) - MARGIN;
            let forms = design.forms();
            let stays: Vec<usize> = (0..forms.len()).filter(|&i| forms[i] >= threshold).collect();
            if stays.len() as f64 <= WORTH_A_COPY * forms.len() as f64 {
                return Ok(Some(stays));
            }
        }
    }
}
