//! Certified binomial tails and Clopper-Pearson bounds: what the statistical auditors stand on.
//!
//! Everything is enclosed in outward-rounded intervals of floats, so that a bound is conservative by construction
//! rather than by the quality of a special function. Time grows like the standard deviation `√(np(1 − p))`:
//! microseconds for thousands of runs, milliseconds for a hundred million.
//!
//! # Method
//!
//! | quantity | how it is enclosed |
//! |---|---|
//! | `ln n!` | Stirling's formula; its remainder between two partial sums of Binet's series |
//! | `P(X = k)` | relative entropies, as Loader (2000) does, in interval arithmetic |
//! | `P(X ≥ k)` | `P(X = k)·(1 + r₁ + r₁r₂ + …)`, its tail below a geometric series |
//! | Clopper-Pearson | Newton steps propose a number; it is returned only if its certified tail is at most α |
//!
//! # References
//!
//! Clopper, Pearson 1934, *The use of confidence or fiducial limits illustrated in the case of the binomial*. Loader
//! 2000, *Fast and Accurate Computation of Binomial Probabilities*. Robbins 1955, *A Remark on Stirling's Formula*.

mod proportion;
mod stirling;
mod tail;

pub use proportion::Proportion;
pub(crate) use proportion::{normal_quantile, wilson_lower};
pub(crate) use tail::{Chance, probability, tail_over_probability, upper_tail};

use crate::error::Error;

/// Largest supported number of trials: beyond, counts are no floats any more.
pub(crate) const MAX_TRIALS: u64 = 1 << 53;

/// Lower and upper bound of `P(X ≥ successes)` for a binomial `X` of `trials` and success probability `p`.
///
/// `p` is taken as exact.
///
/// # Errors
///
/// [`Error::Trials`] unless `successes ≤ trials ≤ 2⁵³` and `trials > 0`; [`Error::Probability`] unless `0 ≤ p ≤ 1`.
///
/// # Example
///
/// ```
/// // nine or ten heads in ten tosses: 11/1024
/// let (lower, upper) = dp_audit::binomial::tail_bounds(9, 10, 0.5)?;
/// assert!(lower <= 11.0 / 1024.0 && 11.0 / 1024.0 <= upper && upper - lower < 1e-13);
/// # Ok::<(), dp_audit::Error>(())
/// ```
pub fn tail_bounds(successes: u64, trials: u64, p: f64) -> Result<(f64, f64), Error> {
    Proportion::new(successes, trials)?;
    if !(0.0..=1.0).contains(&p) {
        return Err(Error::Probability { value: p });
    }
    let tail = upper_tail(successes, trials, Chance::new(p));
    Ok((tail.lo, tail.hi))
}

#[cfg(test)]
mod tests;
