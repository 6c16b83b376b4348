//! Kernel matrices times vectors, tile by tile: no matrix of all pairs.

use crate::kernel::{Points, RUN, Tiles};
use crate::{Error, Kernel};
use core::ops::Range;
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_into, matmul_tn_into};

/// Points of a tile on the left, and on both sides of a symmetric product.
const BLOCK: usize = 256;

/// `K(left, right)·vectors`, shape `(n, k)`, for vectors `(m, k)`.
pub(super) fn kernel_product(
    kernel: &Kernel,
    left: &Points<'_>,
    right: &Points<'_>,
    vectors: MatRef<'_>,
    parallelism: Parallelism,
) -> Result<Mat, Error> {
    let (n, k) = (left.len(), vectors.ncols());
    let threads = parallelism.get().min(n.div_ceil(BLOCK)).max(1);
    let parts = (0..threads).map(|part| n * part / threads..n * (part + 1) / threads);
    let sums = in_threads(parts, |rows| {
        let mut tiles = Tiles::new(kernel, left, right);
        let mut out = Mat::zeros(rows.len(), k);
        let mut buffer = vec![0.0; BLOCK * RUN];
        for block in blocks(rows.clone(), BLOCK) {
            for columns in blocks(0..right.len(), RUN) {
                let tile = tile(&mut tiles, &mut buffer, block.clone(), columns.clone())?;
                let out = out.as_mut().subrows(block.start - rows.start..block.end - rows.start);
                matmul_into(out, Accumulate::Add, tile, vectors.subrows(columns), Parallelism::Sequential)?;
            }
        }
        Ok(out)
    })?;
    let entries = sums.into_iter().flat_map(Mat::into_vec).collect();
    Ok(Mat::from_vec(n, k, entries)?)
}

/// `K·vectors`, shape `(n, k)`: each tile off the diagonal serves twice.
///
/// Memory: `n·k` numbers a thread, and a tile.
pub(super) fn symmetric_product(
    kernel: &Kernel,
    points: &Points<'_>,
    vectors: MatRef<'_>,
    parallelism: Parallelism,
) -> Result<Mat, Error> {
    let (n, k) = (points.len(), vectors.ncols());
    let count = n.div_ceil(BLOCK);
    let threads = parallelism.get().min(count).max(1);
    // block rows up to count·√(part/threads) hold part/threads of the triangle
    let bound = |part: usize| (count as f64 * (part as f64 / threads as f64).sqrt()).round() as usize;
    let parts = (0..threads).map(|part| n.min(BLOCK * bound(part))..n.min(BLOCK * bound(part + 1)));
    let sums = in_threads(parts, |rows| {
        let mut tiles = Tiles::new(kernel, points, points);
        let mut out = Mat::zeros(n, k);
        let mut buffer = vec![0.0; BLOCK * BLOCK];
        for block in blocks(rows, BLOCK) {
            for columns in blocks(0..block.end, BLOCK) {
                let tile = tile(&mut tiles, &mut buffer, block.clone(), columns.clone())?;
                let (here, there) = (block.clone(), columns.clone());
                let add = Accumulate::Add;
                let above = out.as_mut().subrows(here.clone());
                matmul_into(above, add, tile, vectors.subrows(there.clone()), Parallelism::Sequential)?;
                if here != there {
                    let below = out.as_mut().subrows(there);
                    matmul_tn_into(below, add, tile, vectors.subrows(here), Parallelism::Sequential)?;
                }
            }
        }
        Ok(out)
    })?;
    let mut total = Mat::zeros(n, k);
    for sum in sums {
        total.as_mut_slice().iter_mut().zip(sum.as_slice()).for_each(|(total, part)| *total += part);
    }
    Ok(total)
}

/// A tile in `buffer`; on the diagonal of a symmetric matrix the two kernels of a point with itself may differ by rounding from
/// those of a Gram matrix.
fn tile<'b>(
    tiles: &mut Tiles<'_>,
    buffer: &'b mut [f64],
    rows: Range<usize>,
    columns: Range<usize>,
) -> Result<MatRef<'b>, Error> {
    let (n, m) = (rows.len(), columns.len());
    let buffer = &mut buffer[..n * m];
    tiles.write(rows, columns, MatMut::new(buffer, n, m)?)?;
    Ok(MatRef::new(buffer, n, m)?)
}

fn blocks(range: Range<usize>, size: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(size).map(move |start| start..end.min(start + size))
}

/// The results of `work` on each part, in order, each on a thread of its own, the first on this one.
fn in_threads(
    parts: impl Iterator<Item = Range<usize>>,
    work: impl Fn(Range<usize>) -> Result<Mat, Error> + Sync,
) -> Result<Vec<Mat>, Error> {
    let mut parts = parts;
    let Some(first) = parts.next() else { return Ok(Vec::new()) };
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = parts.map(|rows| scope.spawn(move || work(rows))).collect();
        let mut results = vec![work(first)?];
        for thread in running {
            results.push(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(results)
    })
}
