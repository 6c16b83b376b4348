//! One reading of all rows: the largest `gᵢ`, rounded up, and the rows that stick out most.

use crate::design::dot;
use crate::parts::in_parts;
use crate::source::{RowSource, same_width, takes_part};
use crate::sparse::{Block, SparseRows};
use crate::whitening::{Whitening, squared_norm_above};
use crate::{Error, compensated::outward};
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into};

/// Rows whose coordinates are in memory at once, a thread: they stay in the cache.
const TILE: usize = 256;
/// Above this `g`, the rounding of `g` is beside the point.
const NEARLY_COVERED: f64 = 1.01;

/// A row that was kept for its `g`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) row: usize,
    pub(crate) g: f64,
    pub(crate) entries: Vec<f64>,
}

/// What a pass found.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// Rows read, those that do not take part included.
    pub(crate) rows: usize,
    /// No `gᵢ` of the rows that take part is larger: rounding is included.
    pub(crate) largest: f64,
    /// The largest `g` above the threshold, unordered.
    pub(crate) kept: Vec<Kept>,
}

/// What a pass looks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) whitening: &'a Whitening,
    /// Keep rows with `g` above this…
    pub(crate) threshold: f64,
    /// … at most so many.
    pub(crate) keep: usize,
    pub(crate) parallelism: Parallelism,
}

impl Search<'_> {
    pub(crate) fn run(self, source: &mut impl RowSource) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        let d = self.whitening.matrix().ncols();
        source.for_each_stored_block(&mut |block| {
            same_width(d, block.ncols())?;
            self.block(&mut pass, block)
        })?;
        keep_largest(&mut pass.kept, self.keep);
        Ok(pass)
    }

    fn block(self, pass: &mut Pass, block: Block<'_>) -> Result<(), Error> {
        let first = pass.rows;
        let parts = in_parts(block.nrows(), self.parallelism, |range| {
            let number = first + range.start;
            match block.subrows(range) {
                Block::Dense(rows) => self.dense(rows, number),
                Block::Sparse(rows) => Ok(self.sparse(rows, number)),
            }
        });
        for part in parts {
            let part = part?;
            pass.rows += part.rows;
            pass.largest = pass.largest.max(part.largest);
            pass.kept.extend(part.kept);
        }
        if pass.kept.len() > 2 * self.keep {
            keep_largest(&mut pass.kept, self.keep);
        }
        Ok(())
    }

    fn dense(self, rows: MatRef<'_>, first: usize) -> Result<Pass, Error> {
        let mut pass = Pass { rows: rows.nrows(), ..Pass::default() };
        let mut threshold = self.threshold;
        let mut buffer = Mat::zeros(TILE, rows.ncols());
        for start in (0..rows.nrows()).step_by(TILE) {
            let tile = rows.subrows(start..rows.nrows().min(start + TILE));
            let mut out = buffer.as_mut().subrows(0..tile.nrows());
            let t = self.whitening.matrix();
            matmul_into(out.reborrow(), Accumulate::Replace, tile, t, Parallelism::Sequential)?;
            for (i, (row, y)) in tile.rows().zip(out.as_ref().rows()).enumerate() {
                let error = || self.whitening.error_bound(row);
                if !dismisses(&pass, threshold, dot(y, y), error) {
                    self.row(&mut pass, &mut threshold, first + start + i, row, y);
                }
            }
        }
        Ok(pass)
    }

    fn sparse(self, rows: SparseRows<'_>, first: usize) -> Pass {
        let mut pass = Pass { rows: rows.nrows(), ..Pass::default() };
        let mut threshold = self.threshold;
        let mut y = vec![0.0; rows.ncols()];
        for i in 0..rows.nrows() {
            let (columns, values) = rows.row(i);
            let reach = self.whitening.reach(columns, values);
            // the triangle inequality settles many rows for the price of their entries
            if outward(reach * reach) <= pass.largest.min(threshold) {
                continue;
            }
            self.whitening.apply_sparse(columns, values, &mut y);
            if !dismisses(&pass, threshold, dot(&y, &y), || self.whitening.error_within(reach)) {
                self.row(
                    &mut pass,
                    &mut threshold,
                    first + i,
                    &Block::Sparse(rows).row(i).to_dense(y.len()),
                    &y,
                );
            }
        }
        pass
    }

    fn row(self, pass: &mut Pass, threshold: &mut f64, index: usize, row: &[f64], y: &[f64]) {
        let g = dot(y, y);
        if !takes_part(row) {
            return;
        }
        let mut above = squared_norm_above(y, self.whitening.error_bound(row));
        if above > pass.largest {
            // precision is worth its price near a gap that might be small
            if g < NEARLY_COVERED {
                let (accurate, error) = self.whitening.apply_accurately(row);
                above = above.min(squared_norm_above(&accurate, error));
            }
            pass.largest = pass.largest.max(outward(above));
        }
        if g > *threshold {
            pass.kept.push(Kept { row: index, g, entries: row.to_vec() });
            if pass.kept.len() > 2 * self.keep.max(1) {
                keep_largest(&mut pass.kept, self.keep);
                // nothing below the least of a full list can be wanted
                *threshold = pass.kept.iter().map(|kept| kept.g).fold(f64::INFINITY, f64::min);
            }
        }
    }
}

/// Whether a row changes nothing: most do not, one with a NaN may (a factor more than any rounding that is not looked into).
fn dismisses(pass: &Pass, threshold: f64, g: f64, error: impl FnOnce() -> f64) -> bool {
    g <= 0.5 * pass.largest.min(threshold) && error() <= 0.1 * pass.largest.sqrt()
}

fn keep_largest(kept: &mut Vec<Kept>, keep: usize) {
    if kept.len() > keep {
        kept.sort_unstable_by(|a, b| b.g.total_cmp(&a.g).then(a.row.cmp(&b.row)));
        kept.truncate(keep);
    }
}
