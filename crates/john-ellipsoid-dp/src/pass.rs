//! One reading of all rows: the largest `gᵢ`, rounded up, and the rows that stick out most.

use crate::design::dot;
use crate::source::{RowSource, check_width, takes_part};
use crate::whitening::{Whitening, squared_norm_above};
use crate::{Error, compensated::outward};
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into};

/// Rows whose coordinates are in memory at once, a thread: they stay in the cache.
const TILE: usize = 256;
/// Rows below which a thread is not worth its start.
const ROWS_PER_THREAD: usize = 2048;
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
    /// No `Σⱼ |aⱼ|‖Tⱼ‖` of any row is larger: what rounding is measured by.
    pub(crate) products: f64,
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
        source.for_each_block(&mut |block| {
            check_width(d, block)?;
            self.block(&mut pass, block)
        })?;
        pass.keep_largest(self.keep);
        Ok(pass)
    }

    fn block(self, pass: &mut Pass, block: MatRef<'_>) -> Result<(), Error> {
        let n = block.nrows();
        let threads = self.parallelism.get().min(n.div_ceil(ROWS_PER_THREAD)).max(1);
        let share = n.div_ceil(threads).max(1);
        let first = pass.rows;
        let part = |start: usize| self.part(block.subrows(start..n.min(start + share)), first + start);
        let parts: Vec<Result<Pass, Error>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .map(|k| n.min(k * share))
                .map(|start| scope.spawn(move || part(start)))
                .collect();
            let mine = part(0);
            let joined = others.into_iter().map(|thread| match thread.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            core::iter::once(mine).chain(joined).collect()
        });
        for part in parts {
            let part = part?;
            pass.rows += part.rows;
            pass.largest = pass.largest.max(part.largest);
            pass.left = pass.left.max(part.left);
            pass.products = pass.products.max(part.products);
            pass.kept.extend(part.kept);
        }
        if pass.kept.len() > 2 * self.keep {
            pass.keep_largest(self.keep);
        }
        Ok(())
    }

    fn part(self, rows: MatRef<'_>, first: usize) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        let mut threshold = self.threshold;
        let mut buffer = Mat::zeros(TILE, rows.ncols());
        for start in (0..rows.nrows()).step_by(TILE) {
            let tile = rows.subrows(start..rows.nrows().min(start + TILE));
            let mut out = buffer.as_mut().subrows(0..tile.nrows());
            let t = self.whitening.matrix();
            matmul_into(out.reborrow(), Accumulate::Replace, tile, t, Parallelism::Sequential)?;
            for (i, (row, y)) in tile.rows().zip(out.as_ref().rows()).enumerate() {
                pass.rows += 1;
                self.row(&mut pass, &mut threshold, first + start + i, row, y);
            }
        }
        Ok(pass)
    }

    fn row(self, pass: &mut Pass, threshold: &mut f64, index: usize, row: &[f64], y: &[f64]) {
        let g = dot(y, y);
        let products = self.whitening.products(row);
        let error = self.whitening.error_bound(products);
        // most rows end here; a NaN does not (a factor more than any rounding that is not looked into below)
        if g <= 0.5 * pass.largest.min(*threshold) && error <= 0.1 * pass.largest.sqrt() {
            pass.leave(g, products);
            return;
        }
        if !takes_part(row) {
            return;
        }
        let mut above = squared_norm_above(y, error);
        if above > pass.largest {
            // precision is worth its price near a gap that might be small
            if g < NEARLY_COVERED {
                let (accurate, error) = self.whitening.apply_accurately(row);
                above = above.min(squared_norm_above(&accurate, error));
            }
            pass.largest = pass.largest.max(outward(above));
        }
        if g > *threshold {
            pass.products = pass.products.max(products);
            pass.kept.push(Kept { row: index, g, entries: row.to_vec() });
            if pass.kept.len() > 2 * self.keep.max(1) {
                pass.keep_largest(self.keep);
                // nothing below the least of a full list can be wanted
                *threshold = pass.kept.iter().map(|kept| kept.g).fold(f64::INFINITY, f64::min);
            }
        } else {
            pass.leave(g, products);
        }
    }
}

impl Pass {
    fn leave(&mut self, g: f64, products: f64) {
        self.left = self.left.max(g);
        self.products = self.products.max(products);
    }

    fn keep_largest(&mut self, keep: usize) {
        if self.kept.len() > keep {
            self.kept.select_nth_unstable_by(keep, |a, b| b.g.total_cmp(&a.g).then(a.row.cmp(&b.row)));
            self.left = self.left.max(self.kept[keep].g);
            self.kept.truncate(keep);
        }
    }
}
