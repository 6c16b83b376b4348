//! One reading of the rows by several threads, with results that do not depend on their number.

use super::encode::{RADIUS, RoundEncoder};
use super::scale::ExponentCounts;
use super::tile::{TILE, Tile};
use crate::Error;
use crate::source::{RowSource, check_width};
use dp_linalg::{ExactProductSum, MatRef, Parallelism};
use dp_mechanisms::symmetric;

/// Rows below which a thread is not worth its start.
const ROWS_PER_THREAD: usize = 1024;

/// One thread's share of a pass. Shares of any rows add up to the same.
trait Share: Send {
    fn add(&mut self, rows: MatRef<'_>) -> Result<(), Error>;
}

/// As many shares as some block had work for, and one at least.
fn read<S: Share>(
    source: &mut impl RowSource,
    (dim, threads): (usize, Parallelism),
    empty: impl Fn() -> Result<S, Error>,
) -> Result<Vec<S>, Error> {
    let mut shares = vec![empty()?];
    source.for_each_block(&mut |block| {
        check_width(dim, block)?;
        let n = block.nrows();
        let used = threads.get().min(n.div_ceil(ROWS_PER_THREAD)).max(1);
        while shares.len() < used {
            shares.push(empty()?);
        }
        let rows = n.div_ceil(used);
        let part = |k: usize| block.subrows(n.min(k * rows)..n.min((k + 1) * rows));
        std::thread::scope(|scope| {
            let (mine, others) = shares.split_at_mut(1);
            let running: Vec<_> = others[..used - 1]
                .iter_mut()
                .enumerate()
                .map(|(k, share)| scope.spawn(move || share.add(part(k + 1))))
                .collect();
            let first = mine.iter_mut().try_for_each(|share| share.add(part(0)));
            running.into_iter().fold(first, |outcome, thread| {
                outcome.and(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
        })
    })?;
    Ok(shares)
}

/// Modulo 2⁶⁴, as all sums are.
fn add_up(shares: impl IntoIterator<Item = Vec<i64>>) -> Vec<i64> {
    let mut shares = shares.into_iter();
    let mut total = shares.next().unwrap_or_default();
    for share in shares {
        total.iter_mut().zip(share).for_each(|(sum, added)| *sum = sum.wrapping_add(added));
    }
    total
}

/// Binary exponents of entries by column, and rows.
pub(super) fn count_exponents(
    source: &mut impl RowSource,
    counts: &ExponentCounts,
    threads: Parallelism,
) -> Result<Vec<i64>, Error> {
    let empty = || Ok(Counting { counts: *counts, steps: vec![0; counts.len()] });
    let shares = read(source, (counts.dim(), threads), empty)?;
    Ok(add_up(shares.into_iter().map(|share| share.steps)))
}

struct Counting {
    counts: ExponentCounts,
    steps: Vec<i64>,
}

impl Share for Counting {
    fn add(&mut self, rows: MatRef<'_>) -> Result<(), Error> {
        rows.rows().for_each(|row| self.counts.add(row, &mut self.steps));
        Ok(())
    }
}

/// `Σ zzᵀ` of integer rows, as a packed triangle.
pub(super) fn sum_moments(
    source: &mut impl RowSource,
    encoder: &RoundEncoder,
    (dim, threads): (usize, Parallelism),
) -> Result<Vec<i64>, Error> {
    let bound = u64::from(RADIUS);
    let empty = || {
        let sum = ExactProductSum::new(dim, dim, bound, bound)?;
        Ok(Moments { encoder, tile: Tile::new(dim), sum })
    };
    let shares = read(source, (dim, threads), empty)?;
    let total = add_up(shares.into_iter().map(|share| share.sum.into_sums()));
    Ok(symmetric::pack(dim, |i, j| total[i * dim + j]))
}

struct Moments<'a> {
    encoder: &'a RoundEncoder,
    tile: Tile,
    sum: ExactProductSum,
}

impl Share for Moments<'_> {
    fn add(&mut self, rows: MatRef<'_>) -> Result<(), Error> {
        for start in (0..rows.nrows()).step_by(TILE) {
            let part = rows.subrows(start..rows.nrows().min(start + TILE));
            let (columns, rows) = self.tile.integers(self.encoder, part);
            self.sum.add_nn(columns, rows)?;
        }
        Ok(())
    }
}

/// Cells of radii, in no particular order: 8 bytes a row.
pub(super) fn radius_cells(
    source: &mut impl RowSource,
    encoder: &RoundEncoder,
    (dim, threads): (usize, Parallelism),
) -> Result<Vec<i64>, Error> {
    let empty = || Ok(Radii { encoder, tile: Tile::new(dim), cells: Vec::new() });
    let shares = read(source, (dim, threads), empty)?;
    Ok(shares.into_iter().flat_map(|share| share.cells).collect())
}

struct Radii<'a> {
    encoder: &'a RoundEncoder,
    tile: Tile,
    cells: Vec<i64>,
}

impl Share for Radii<'_> {
    fn add(&mut self, rows: MatRef<'_>) -> Result<(), Error> {
        for start in (0..rows.nrows()).step_by(TILE) {
            let part = rows.subrows(start..rows.nrows().min(start + TILE));
            self.tile.cells(self.encoder, part, &mut self.cells);
        }
        Ok(())
    }
}
