//! One thread's share of an aggregate: rows are encoded in blocks and summed, long documents one by one.

use super::encode::RowEncoder;
use super::geometry::MomentGeometry;
use crate::documents::scale_down;
use crate::error::Error;
use core::ops::Range;
use dp_linalg::{Mat, MatRef};
use poly_kernel::{BoundedFeatures, FeatureMap, FixedPointMoments};

/// Rows that are encoded at a time: their keys and values stay in cache until they are multiplied.
pub(super) const BLOCK: usize = 512;

/// One thread's share: an encoder with its buffers and an exact sum.
pub(super) struct Worker {
    buffer: Buffer,
    sums: Sums,
    long: Option<LongDocuments>,
}

type Sums = FixedPointMoments<BoundedFeatures>;

/// Rows that are encoded before they are multiplied.
struct Buffer {
    encoder: RowEncoder,
    points: Mat,
    integers: Mat,
}

/// Documents of more rows than they may weigh, scaled down one by one.
struct LongDocuments {
    /// The document at hand.
    scratch: Sums,
    /// Those before it.
    total: Vec<i64>,
}

impl Worker {
    pub(super) fn new(geometry: &MomentGeometry) -> Result<Self, Error> {
        let shape = geometry.options().shape();
        let buffer = Buffer {
            encoder: RowEncoder::new(geometry),
            points: Mat::zeros(BLOCK, shape.key_dim),
            integers: Mat::zeros(BLOCK, shape.columns()),
        };
        let sums =
            FixedPointMoments::new(geometry.features().clone(), shape.columns(), geometry.max_abs_value())?;
        Ok(Self { buffer, sums, long: None })
    }

    pub(super) fn push(
        &mut self,
        rows: impl Iterator<Item = usize>,
        keys: MatRef<'_>,
        values: MatRef<'_>,
    ) -> Result<(), Error> {
        self.buffer.add(rows, keys, values, &mut self.sums)
    }

    /// Adds a document scaled down to the largest squared norm.
    pub(super) fn push_long(
        &mut self,
        rows: &[usize],
        keys: MatRef<'_>,
        values: MatRef<'_>,
        max_square: u128,
    ) -> Result<(), Error> {
        let sums = &self.sums;
        let long = match &mut self.long {
            Some(long) => long,
            empty => empty.insert(LongDocuments::new(sums)?),
        };
        self.buffer.add(rows.iter().copied(), keys, values, &mut long.scratch)?;
        let mut document = long.scratch.take_sums();
        scale_down(&mut document, max_square);
        add(&mut long.total, &document);
        Ok(())
    }

    pub(super) fn absorb(&mut self, other: Self) -> Result<(), Error> {
        self.sums.merge(other.sums)?;
        match (&mut self.long, other.long) {
            (Some(mine), Some(theirs)) => add(&mut mine.total, &theirs.total),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        Ok(())
    }

    pub(super) fn into_sums(self) -> Vec<i64> {
        let mut sums = self.sums.into_sums();
        if let Some(long) = self.long {
            add(&mut sums, &long.total);
        }
        sums
    }
}

impl LongDocuments {
    fn new(like: &Sums) -> Result<Self, Error> {
        let scratch = FixedPointMoments::new(like.features().clone(), like.columns(), like.max_abs_value())?;
        let entries = scratch.features().map().feature_count() * like.columns();
        Ok(Self { scratch, total: vec![0; entries] })
    }
}

impl Buffer {
    fn add(
        &mut self,
        mut rows: impl Iterator<Item = usize>,
        keys: MatRef<'_>,
        values: MatRef<'_>,
        sums: &mut Sums,
    ) -> Result<(), Error> {
        loop {
            let mut count = 0;
            for row in rows.by_ref().take(BLOCK) {
                let (point, integers) = (self.points.row_mut(count), self.integers.row_mut(count));
                self.encoder.encode(keys.row(row), values.row(row), point, integers);
                count += 1;
            }
            if count == 0 {
                return Ok(());
            }
            sums.add_block(self.points.as_ref().subrows(0..count), self.integers.as_ref().subrows(0..count))?;
        }
    }
}

/// Modulo 2⁶⁴, as all sums are.
pub(super) fn add(sums: &mut [i64], added: &[i64]) {
    for (sum, added) in sums.iter_mut().zip(added) {
        *sum = sum.wrapping_add(*added);
    }
}

/// Runs all jobs but the last on scoped threads and the last on this one; the first error wins.
pub(super) fn run_last_here<'scope, J>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    mut jobs: Vec<J>,
) -> Result<(), Error>
where
    J: FnOnce() -> Result<(), Error> + Send + 'scope,
{
    let Some(last) = jobs.pop() else { return Ok(()) };
    let running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
    let mut outcome = last();
    for handle in running {
        outcome = outcome.and(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    }
    outcome
}

/// `parts` contiguous ranges that cover `0..n`.
pub(super) fn split(n: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let share = n.div_ceil(parts.max(1)).max(1);
    (0..parts).map(move |part| (part * share).min(n)..((part + 1) * share).min(n))
}
