//! From outputs to scores: what an audit compares with a threshold.
//!
//! Any function will do: a bad statistic makes an audit blind, never wrong. The best one is the likelihood ratio of the
//! two neighbours, or anything monotone in it. Whoever cannot write it down can have it learned.

mod cells;
mod linear;

pub use cells::CellRatio;
pub use linear::LinearRatio;

/// Turns outputs of a mechanism into a real score, possibly after having seen some.
///
/// Implemented by closures `Fn(&O) -> f64`, which learn nothing, by [`CellRatio`] and by [`LinearRatio`].
///
/// What is learned from is never what is tested on: an audit takes the outputs to learn from out of its choosing part.
///
/// # Example
///
/// ```
/// use dp_audit::Statistic;
///
/// let total = |output: &Vec<i64>| output.iter().sum::<i64>() as f64;
/// assert_eq!(Statistic::<Vec<i64>>::learn(&total, &[], &[])(&vec![1, 2]), 3.0);
/// ```
pub trait Statistic<O> {
    /// How many of the `choosing` runs on each neighbour it wants to learn from.
    fn training_runs(&self, choosing: usize) -> usize {
        let _ = choosing;
        0
    }

    /// A score, from outputs on the first neighbour and outputs on the second.
    fn learn(&self, first: &[O], second: &[O]) -> impl Fn(&O) -> f64;
}

impl<O, F: Fn(&O) -> f64> Statistic<O> for F {
    fn learn(&self, _first: &[O], _second: &[O]) -> impl Fn(&O) -> f64 {
        self
    }
}
