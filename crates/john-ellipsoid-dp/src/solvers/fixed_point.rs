//! The multiplicative algorithm.

use super::{Solver, Stop};
use crate::{Design, Error};

/// `wᵢ ← wᵢgᵢ`: each weight becomes the leverage score of its row.
///
/// # Error bound
/// From uniform weights, the average of `T` iterates has `max gᵢ ≤ (n/d)^{1/T}`, so `ξ` falls like `ln(n/d)/T`: `ln gᵢ` is
/// convex in the weights, and the sum of `ln gᵢ` along the way is `ln` of last weight over first (docs/theorems.md, John
/// ellipsoids). An iteration costs `O(nd²)`.
///
/// # References
/// - Silvey, Titterington, Torsney, *An algorithm for optimal designs on a finite design space*, 1978; Cohen, Cousins, Lee, Yang,
///   *A near-optimal algorithm for approximating the John ellipsoid*, 2019, Theorem 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedPoint {
    /// Which weights are the answer.
    pub iterate: Iterate,
}

/// Weights along the way, or where the way ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iterate {
    /// The mean of all iterates, the first included: the one with a proof.
    Average,
    /// The last: usually the better one.
    Last,
}

impl Solver for FixedPoint {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        match self.iterate {
            Iterate::Last => last(design, stop),
            Iterate::Average => average(design, stop),
        }
    }
}

fn step(design: &mut Design<'_>) -> Result<(), Error> {
    design.set_weights(design.leverages())
}

fn last(design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
    for iteration in 0..stop.max_iterations {
        if design.gap() <= stop.gap {
            return Ok(iteration);
        }
        step(design)?;
    }
    Ok(stop.max_iterations)
}

/// The gap of the average is looked at whenever the number of iterates has grown by an eighth.
fn average(design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
    if design.gap() <= stop.gap {
        return Ok(0);
    }
    let mut sum = vec![0.0; design.weights().len()];
    let mut next_look = 8;
    for iterates in 1..=stop.max_iterations {
        sum.iter_mut().zip(design.weights()).for_each(|(sum, w)| *sum += w);
        if iterates == next_look || iterates == stop.max_iterations {
            next_look += (iterates / 8).max(1);
            let latest = design.weights().to_vec();
            design.set_weights(sum.clone())?;
            if design.gap() <= stop.gap || iterates == stop.max_iterations {
                return Ok(iterates);
            }
            design.set_weights(latest)?;
        }
        step(design)?;
    }
    Ok(stop.max_iterations)
}
