//! One reading of the records by several threads, with integer sums that depend neither on their number nor on blocks.

use super::encode::{RADIUS, RowEncoder, TargetCode, quantise};
use super::options::{RecordOptions, RecordTargets};
use crate::Error;
use crate::error::check_len;
use crate::private::{LabelledRows, Targets};
use core::ops::Range;
use dp_linalg::{ExactProductSum, Mat, MatMut, MatRef};
use dp_mechanisms::symmetric::packed_len;

/// Records that are encoded together.
const TILE: usize = 1024;
/// Rows of a stripe of the triangle: what is computed above the diagonal is at most this wide.
const STRIPE: usize = 256;

/// Whether a block has the shape and the kind of targets that the options name. What is said of numbers of columns is public; that of rows may be
/// private, and is not said.
fn check_block(options: &RecordOptions, features: MatRef<'_>, targets: Targets<'_>) -> Result<(), Error> {
    check_len(options.dim(), features.ncols())?;
    if features.nrows() != targets.rows() {
        return Err(Error::TargetCount);
    }
    match (options.targets(), targets) {
        (RecordTargets::Classes(_), Targets::Classes(_)) => Ok(()),
        (RecordTargets::Values { columns, .. }, Targets::Values(values)) => {
            check_len(columns, values.ncols())
        }
        _ => Err(Error::TargetKind),
    }
}

/// Runs `work` on each part, each on a thread of its own, the first on this one.
fn in_threads<T: Send>(parts: Vec<T>, work: impl Fn(T) -> Result<(), Error> + Sync) -> Result<(), Error> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else { return Ok(()) };
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        running.into_iter().fold(work(first), |outcome, thread| {
            outcome.and(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    })
}

/// Integer records of a tile: rows `(TILE, D)` and targets `(TILE, k)`; a record that is dropped is zero in both.
struct Tile<'a> {
    encoder: &'a RowEncoder,
    code: TargetCode,
    scaled: Mat,
    rows: Mat,
    targets: Mat,
    /// Whether the record takes part.
    used: Vec<bool>,
    threads: usize,
}

/// A thread's part of a tile.
struct Part<'t> {
    records: Range<usize>,
    scaled: &'t mut [f64],
    rows: &'t mut [f64],
    targets: &'t mut [f64],
    used: &'t mut [bool],
}

impl<'a> Tile<'a> {
    fn new(encoder: &'a RowEncoder, options: &RecordOptions) -> Self {
        Self {
            encoder,
            code: TargetCode::new(options),
            scaled: Mat::zeros(TILE, options.dim()),
            rows: Mat::zeros(TILE, encoder.encoded_dim()),
            targets: Mat::zeros(TILE, options.columns()),
            used: vec![false; TILE],
            threads: options.parallelism().get(),
        }
    }

    /// Encodes at most `TILE` records.
    fn fill(
        &mut self,
        features: MatRef<'_>,
        targets: Targets<'_>,
        records: &Range<usize>,
    ) -> Result<(), Error> {
        let each = records.len().div_ceil(self.threads).max(1);
        let (dim, encoded, columns) = (self.scaled.ncols(), self.rows.ncols(), self.targets.ncols());
        let parts: Vec<Part<'_>> = self
            .scaled
            .as_mut_slice()
            .chunks_mut(each * dim)
            .zip(self.rows.as_mut_slice().chunks_mut(each * encoded))
            .zip(self.targets.as_mut_slice().chunks_mut(each * columns))
            .zip(self.used.chunks_mut(each))
            .enumerate()
            .map(|(k, (((scaled, rows), targets), used))| {
                let start = (records.start + k * each).min(records.end);
                Part { records: start..records.end.min(start + each), scaled, rows, targets, used }
            })
            .take_while(|part| !part.records.is_empty())
            .collect();
        let (encoder, code) = (self.encoder, self.code);
        in_threads(parts, |part| part.encode((encoder, code), features, targets))
    }
}

impl Part<'_> {
    /// Each record by itself; zero if an entry is not finite or there is no such class.
    fn encode(
        self,
        (encoder, code): (&RowEncoder, TargetCode),
        features: MatRef<'_>,
        targets: Targets<'_>,
    ) -> Result<(), Error> {
        let Self { records, scaled, rows, targets: out, used } = self;
        let m = records.len();
        let (dim, encoded, columns) = (features.ncols(), encoder.encoded_dim(), out.len() / used.len());
        let (scaled, rows) = (&mut scaled[..m * dim], &mut rows[..m * encoded]);
        for (k, i) in records.enumerate() {
            let y = &mut out[k * columns..(k + 1) * columns];
            let known = match targets {
                Targets::Classes(labels) => code.class(labels[i], y),
                Targets::Values(values) => code.values(values.row(i), y),
            };
            used[k] = encoder.scaled(features.row(i), &mut scaled[k * dim..(k + 1) * dim]) && known;
            if !used[k] {
                y.fill(0.0);
            }
        }
        encoder.finish(scaled, MatMut::new(rows, m, encoded)?)?;
        for (row, used) in rows.chunks_mut(encoded).zip(used) {
            if *used { quantise(row, f64::from(RADIUS)) } else { row.fill(0.0) }
        }
        Ok(())
    }
}

/// Reads all records, tile by tile.
fn for_each_tile(
    source: &mut impl LabelledRows,
    options: &RecordOptions,
    tile: &mut Tile<'_>,
    mut visit: impl FnMut(&Tile<'_>, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    source.for_each_block(&mut |features, targets| {
        check_block(options, features, targets)?;
        for start in (0..features.nrows()).step_by(TILE) {
            let records = start..features.nrows().min(start + TILE);
            tile.fill(features, targets, &records)?;
            visit(tile, records.len())?;
        }
        Ok(())
    })
}

/// `Σ(z, w)`: `D` sums and the number of records times `count`, modulo 2⁶⁴.
pub(super) fn sum_rows(
    source: &mut impl LabelledRows,
    options: &RecordOptions,
    encoder: &RowEncoder,
    count: u32,
) -> Result<Vec<i64>, Error> {
    let dim = encoder.encoded_dim();
    let mut sums = vec![0_i64; dim + 1];
    let mut tile = Tile::new(encoder, options);
    for_each_tile(source, options, &mut tile, |tile, records| {
        // at most 2¹⁰ integers of at most 2¹⁷: exact
        let mut partial = vec![0.0; dim];
        for i in 0..records {
            partial.iter_mut().zip(tile.rows.row(i)).for_each(|(sum, z)| *sum += z);
            sums[dim] = sums[dim].wrapping_add(i64::from(tile.used[i]) * i64::from(count));
        }
        sums.iter_mut().zip(partial).for_each(|(sum, partial)| *sum = sum.wrapping_add(partial as i64));
        Ok(())
    })?;
    Ok(sums)
}

/// Records that take part, encoded.
pub(super) struct Encoded {
    /// Integers of length at most [`RADIUS`], one row after another: below 2²⁴, and so exact.
    pub(super) rows: Vec<f32>,
    /// One class each.
    pub(super) labels: Vec<u32>,
}

/// All records of classes that take part.
pub(super) fn encoded_records(
    source: &mut impl LabelledRows,
    options: &RecordOptions,
    encoder: &RowEncoder,
) -> Result<Encoded, Error> {
    let mut encoded = Encoded { rows: Vec::new(), labels: Vec::new() };
    let mut tile = Tile::new(encoder, options);
    for_each_tile(source, options, &mut tile, |tile, records| {
        for i in (0..records).filter(|&i| tile.used[i]) {
            encoded.rows.extend(tile.rows.row(i).iter().map(|&z| z as f32));
            let label = tile.targets.row(i).iter().position(|y| *y > 0.0);
            encoded.labels.push(label.unwrap_or(0) as u32);
        }
        Ok(())
    })?;
    Ok(encoded)
}

/// Rows `start..end` of a triangle: sums of products of their columns with all columns up to `end`.
struct Stripe {
    rows: Range<usize>,
    sum: ExactProductSum,
}

/// Whether targets are part of a sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum With {
    /// `Σ zzᵀ`.
    Rows,
    /// `Σ S(z, y)`.
    Targets,
}

/// Second moments as a packed triangle, with targets of order `D + k`, their block zero, modulo 2⁶⁴.
pub(super) fn sum_moments(
    source: &mut impl LabelledRows,
    options: &RecordOptions,
    (encoder, with): (&RowEncoder, With),
) -> Result<Vec<i64>, Error> {
    let dim = encoder.encoded_dim();
    let columns = if with == With::Targets { options.columns() } else { 0 };
    let mut tile = Tile::new(encoder, options);
    let bound = u64::from(RADIUS);
    let stripe = |start: usize| {
        let rows = start..dim.min(start + STRIPE);
        Ok(Stripe { sum: ExactProductSum::new(rows.len(), rows.end, bound, bound)?, rows })
    };
    let mut stripes = (0..dim).step_by(STRIPE).map(stripe).collect::<Result<Vec<_>, Error>>()?;
    let mut cross = ExactProductSum::new(columns, dim, tile.code.max_abs(), bound)?;
    let threads = tile.threads;
    for_each_tile(source, options, &mut tile, |tile, records| {
        let (z, y) = (tile.rows.as_ref().subrows(0..records), tile.targets.as_ref().subrows(0..records));
        cross.add_tn(y.subcols(0..columns), z)?;
        in_threads(shares(&mut stripes, threads), |share| {
            share.iter_mut().try_for_each(|stripe| {
                Ok(stripe.sum.add_tn(z.subcols(stripe.rows.clone()), z.subcols(0..stripe.rows.end))?)
            })
        })
    })?;
    Ok(packed((dim, columns), stripes, cross))
}

/// Stripes in as many shares as threads, each with about as much of the triangle.
fn shares(stripes: &mut [Stripe], threads: usize) -> Vec<&mut [Stripe]> {
    let count = stripes.len();
    let threads = threads.min(count).max(1);
    // stripes up to √(k/threads) of all hold k/threads of the triangle
    let bound = |k: usize| (count as f64 * (k as f64 / threads as f64).sqrt()).round() as usize;
    let mut rest = stripes;
    let mut shares = Vec::with_capacity(threads);
    for k in 0..threads {
        let (share, after) = core::mem::take(&mut rest).split_at_mut(bound(k + 1) - bound(k));
        shares.push(share);
        rest = after;
    }
    shares
}

fn packed((dim, columns): (usize, usize), stripes: Vec<Stripe>, cross: ExactProductSum) -> Vec<i64> {
    let mut packed = Vec::with_capacity(packed_len(dim + columns));
    for Stripe { rows, sum } in stripes {
        let sums = sum.into_sums();
        let width = rows.end;
        rows.enumerate().for_each(|(k, i)| packed.extend(&sums[k * width..=k * width + i]));
    }
    let cross = cross.into_sums();
    for (j, row) in cross.chunks(dim).enumerate() {
        packed.extend(row);
        packed.extend(core::iter::repeat_n(0, j + 1));
    }
    packed
}
