//! Whole matrices from tiles.

use super::mirror::mirror_lower;
use super::{Kernel, Points, Tiles};
use crate::Error;
use core::ops::Range;
use dp_linalg::{Mat, MatMut, Parallelism, Scalar};

/// Rows and columns of a tile: 4 MiB of results, as packing the left side of its product costs the less the wider it is.
const ROW_BLOCK: usize = 256;
const COLUMN_BLOCK: usize = 2048;

/// Pairs for which starting a thread pays.
const PAIRS_PER_THREAD: usize = 1 << 14;

/// The lower triangle by tiles, rows divided among threads so that each has about as many pairs, then its mirror image.
pub(super) fn symmetric<T: Scalar>(
    kernel: &Kernel,
    points: &Points<'_, T>,
    parallelism: Parallelism,
) -> Result<Mat<T>, Error> {
    let n = points.len();
    let mut out = Mat::filled(n, n, T::ZERO);
    let threads = parallelism.get().min((n * n).div_ceil(PAIRS_PER_THREAD)).max(1);
    // rows up to n√(k/threads) hold k/threads of the triangle
    let bound = |k: usize| (n as f64 * (k as f64 / threads as f64).sqrt()).round() as usize;
    let parts = (0..threads).map(|k| bound(k)..bound(k + 1));
    in_parts(&mut out, parts, |rows, out| {
        let mut tiles = Tiles::new(kernel, points, points);
        write_rows(&mut tiles, rows, n, out, |last| last + 1)
    })?;
    for (i, &value) in points.diagonal().iter().enumerate() {
        out[(i, i)] = T::from_f64(value);
    }
    mirror_lower(out.as_mut_slice(), n, threads);
    Ok(out)
}

pub(super) fn rectangular<T: Scalar>(
    kernel: &Kernel,
    left: &Points<'_, T>,
    right: &Points<'_, T>,
    parallelism: Parallelism,
) -> Result<Mat<T>, Error> {
    let (n, m) = (left.len(), right.len());
    let mut out = Mat::filled(n, m, T::ZERO);
    let threads = parallelism.get().min((n * m).div_ceil(PAIRS_PER_THREAD)).max(1);
    let parts = (0..threads).map(|k| n * k / threads..n * (k + 1) / threads);
    in_parts(&mut out, parts, |rows, out| {
        let mut tiles = Tiles::new(kernel, left, right);
        write_rows(&mut tiles, rows, m, out, |_| m)
    })?;
    Ok(out)
}

/// Tiles of `rows`, in a buffer that holds them at distance `stride`; a block of rows needs `width(its last row)` columns.
fn write_rows<T: Scalar>(
    tiles: &mut Tiles<'_, T>,
    rows: Range<usize>,
    stride: usize,
    out: &mut [T],
    width: impl Fn(usize) -> usize,
) -> Result<(), Error> {
    for first in rows.clone().step_by(ROW_BLOCK) {
        let block = first..rows.end.min(first + ROW_BLOCK);
        let columns = width(block.end - 1);
        for start in (0..columns).step_by(COLUMN_BLOCK) {
            let range = start..columns.min(start + COLUMN_BLOCK);
            let at = (first - rows.start) * stride + start;
            let tile = MatMut::with_row_stride(&mut out[at..], block.len(), range.len(), stride)?;
            tiles.write(block.clone(), range, tile)?;
        }
    }
    Ok(())
}

/// Runs `work` on ranges of rows that follow each other, each on a thread, the last on this one.
fn in_parts<T: Scalar>(
    out: &mut Mat<T>,
    parts: impl Iterator<Item = Range<usize>>,
    work: impl Fn(Range<usize>, &mut [T]) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let columns = out.ncols();
    let mut rest = out.as_mut_slice();
    let mut parts = parts.filter(|rows| !rows.is_empty()).peekable();
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        let mut here = Ok(());
        while let Some(rows) = parts.next() {
            let (part, after) = core::mem::take(&mut rest).split_at_mut(rows.len() * columns);
            rest = after;
            if parts.peek().is_some() {
                let work = &work;
                running.push(scope.spawn(move || work(rows, part)));
            } else {
                here = work(rows, part);
            }
        }
        running.into_iter().fold(here, |result, thread| match thread.join() {
            Ok(found) => result.and(found),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}
