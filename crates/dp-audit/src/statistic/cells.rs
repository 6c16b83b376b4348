//! Likelihood ratios of discrete outputs.

use super::Statistic;
use core::hash::Hash;
use std::collections::HashMap;

/// Scores an output by how much more often its cell was seen on the first neighbour than on the second.
///
/// The cell is a function of the output: the output itself if there are few, a few leading digits, or which entries
/// agree. The score is `ln((n₁ + ½)/(n₂ + ½))` with the counts of half the choosing part, 0 for cells that were not
/// seen. Sees whatever the cells show, also what no threshold on the output would: an impossible value, a parity, a
/// pattern.
///
/// # Example
///
/// ```
/// use dp_audit::{CellRatio, Statistic};
///
/// let parity = CellRatio::new(|output: &i64| output.rem_euclid(2));
/// let score = parity.learn(&[2, 4, 6, 8], &[1, 3, 5, 7]);
/// assert!(score(&100) > 0.0 && score(&101) < 0.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CellRatio<F> {
    cell: F,
}

impl<F> CellRatio<F> {
    /// Cells by this function.
    pub const fn new(cell: F) -> Self {
        Self { cell }
    }
}

impl<O, K: Hash + Eq, F: Fn(&O) -> K> Statistic<O> for CellRatio<F> {
    fn training_runs(&self, choosing: usize) -> usize {
        choosing / 2
    }

    fn learn(&self, first: &[O], second: &[O]) -> impl Fn(&O) -> f64 {
        let mut counts: HashMap<K, [f64; 2]> = HashMap::new();
        for (side, outputs) in [first, second].into_iter().enumerate() {
            for output in outputs {
                counts.entry((self.cell)(output)).or_default()[side] += 1.0;
            }
        }
        move |output| {
            counts
                .get(&(self.cell)(output))
                .map_or(0.0, |[first, second]| ((first + 0.5) / (second + 0.5)).ln())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_were_not_seen_say_nothing() {
        let cells = CellRatio::new(|output: &u8| *output);
        let score = cells.learn(&[1, 1, 2], &[2, 3]);
        assert_eq!(score(&9), 0.0);
        assert_eq!(score(&2), 0.0);
        assert_eq!(score(&1), 5_f64.ln());
        assert_eq!(score(&3), -3_f64.ln());
    }
}
