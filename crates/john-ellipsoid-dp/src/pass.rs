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
    /// No `g` of the rows that are not kept is larger, up to the rounding of its computation.
    pub(crate) left: f64,
    /// No `Σⱼ |aⱼ|‖Tⱼ‖` of these is larger: what rounding is measured by.
    pub(crate) reach: f64,
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
        pass.keep_largest(self.keep);
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
            pass.left = pass.left.max(part.left);
            pass.reach = pass.reach.max(part.reach);
            pass.kept.extend(part.kept);
        }
        if pass.kept.len() > 2 * self.keep {
            pass.keep_largest(self.keep);
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
                let (g, reach) = (dot(y, y), self.whitening.reach(row));
                if dismisses(&pass, threshold, g, self.whitening.error_within(reach)) {
                    pass.leave(g, reach);
                } else if takes_part(row) {
                    self.row(&mut pass, &mut threshold, Seen { number: first + start + i, row, y, g, reach });
                }
            }
        }
        pass.keep_largest(self.keep);
        // entries of those alone that were not pushed out
        pass.kept.iter_mut().for_each(|kept| kept.entries = rows.row(kept.row - first).to_vec());
        Ok(pass)
    }

    fn sparse(self, rows: SparseRows<'_>, first: usize) -> Pass {
        let mut pass = Pass { rows: rows.nrows(), ..Pass::default() };
        let mut threshold = self.threshold;
        let mut y = vec![0.0; rows.ncols()];
        for i in 0..rows.nrows() {
            let (columns, values) = rows.row(i);
            let reach = self.whitening.reach_of_stored(columns, values);
            // the triangle inequality settles many rows for the price of their entries
            let above = outward(reach * reach);
            if above <= pass.largest.min(threshold) {
                pass.leave(above, reach);
                continue;
            }
            self.whitening.apply_sparse(columns, values, &mut y);
            let g = dot(&y, &y);
            if dismisses(&pass, threshold, g, self.whitening.error_within(reach)) {
                pass.leave(g, reach);
                continue;
            }
            let row = &Block::Sparse(rows).row(i).to_dense(y.len());
            if takes_part(row) {
                self.row(&mut pass, &mut threshold, Seen { number: first + i, row, y: &y, g, reach });
            }
        }
        pass.keep_largest(self.keep);
        let entries = |i: usize| Block::Sparse(rows).row(i - first).to_dense(y.len());
        pass.kept.iter_mut().for_each(|kept| kept.entries = entries(kept.row));
        pass
    }

    fn row(self, pass: &mut Pass, threshold: &mut f64, seen: Seen<'_>) {
        let Seen { number, row, y, g, reach } = seen;
        let mut above = squared_norm_above(y, self.whitening.error_within(reach));
        if above.is_nan() {
            above = f64::INFINITY; // an overflow bounds nothing
        }
        if above > pass.largest {
            // precision is worth its price near a gap that might be small
            if g < NEARLY_COVERED {
                let (accurate, error) = self.whitening.apply_accurately(row);
                above = above.min(squared_norm_above(&accurate, error));
            }
            pass.largest = pass.largest.max(outward(above));
        }
        if g > *threshold {
            pass.reach = pass.reach.max(reach); // it may have to leave later
            pass.kept.push(Kept { row: number, g, entries: Vec::new() });
            if pass.kept.len() > 2 * self.keep.max(1) {
                pass.keep_largest(self.keep);
                // nothing below the least of a full list can be wanted
                *threshold = pass.kept.iter().map(|kept| kept.g).fold(f64::INFINITY, f64::min);
            }
        } else {
            pass.leave(g, reach);
        }
    }
}

/// A row that takes part, `y = Tᵀa`, `‖y‖²` and the row's [`reach`](Whitening::reach).
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    number: usize,
    row: &'a [f64],
    y: &'a [f64],
    g: f64,
    reach: f64,
}

/// Whether a row changes nothing: most do not, one with a NaN may. `(√0.9 + 0.01)² < 0.92` leaves room for rounding.
fn dismisses(pass: &Pass, threshold: f64, g: f64, error: f64) -> bool {
    g <= threshold && g <= 0.9 * pass.largest && error * error <= 1e-4 * pass.largest
}

impl Pass {
    fn leave(&mut self, g: f64, reach: f64) {
        self.left = self.left.max(g);
        self.reach = self.reach.max(reach);
    }

    fn keep_largest(&mut self, keep: usize) {
        if self.kept.len() > keep {
            self.kept.select_nth_unstable_by(keep, |a, b| b.g.total_cmp(&a.g).then(a.row.cmp(&b.row)));
            self.left = self.left.max(self.kept[keep].g);
            self.kept.truncate(keep);
        }
    }
}
