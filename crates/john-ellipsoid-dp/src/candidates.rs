//! Rows that stuck out most in the last pass over all rows, and a bound for every other row.

use crate::Error;
use crate::compensated::{gamma, outward};
use crate::pass::{Pass, Search};
use crate::whitening::Whitening;
use dp_linalg::Mat;

/// A pass over these rows says as much as one over all rows, as long as [`others`](Self::others) is below what it finds.
#[derive(Debug)]
pub(crate) struct Candidates {
    numbers: Vec<usize>,
    entries: Mat,
    whitening: Whitening,
    /// No other row is longer in that whitening…
    length: f64,
    /// … or has a larger `Σⱼ |aⱼ|‖Tⱼ‖`.
    reach: f64,
}

impl Candidates {
    /// The rows that a pass over all rows kept.
    pub(crate) fn new(whitening: &Whitening, pass: &Pass) -> Self {
        let d = whitening.matrix().ncols();
        let mut kept: Vec<_> = pass.kept.iter().collect();
        kept.sort_unstable_by_key(|kept| kept.row);
        let computed = pass.left.sqrt() * (1.0 + gamma(d + 4));
        Self {
            numbers: kept.iter().map(|kept| kept.row).collect(),
            entries: Mat::from_fn(kept.len(), d, |i, j| kept[i].entries[j]),
            whitening: whitening.clone(),
            length: outward(computed + whitening.error_within(pass.reach)),
            reach: pass.reach,
        }
    }

    /// At least `‖Tᵀa‖²` for every row that is not here, in another whitening (docs/theorems.md, John ellipsoids).
    pub(crate) fn others(&self, whitening: &Whitening) -> Result<f64, Error> {
        let change = whitening.change_from(&self.whitening)?;
        let length = outward(change.factor * self.length + change.slack * self.reach);
        Ok(outward(length * length))
    }

    /// A pass over these rows alone; rows have the numbers that they have among all.
    pub(crate) fn look(&self, search: Search<'_>) -> Result<Pass, Error> {
        let mut pass = search.run(&mut self.entries.as_ref())?;
        pass.kept.iter_mut().for_each(|kept| kept.row = self.numbers[kept.row]);
        Ok(pass)
    }
}
