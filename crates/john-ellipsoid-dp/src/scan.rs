//! The first reading: how large columns are, a sample to begin with, and what the rows span.

use crate::reading::Reading;
use crate::source::{RowSource, same_width, takes_part};
use crate::whitening::Whitening;
use crate::{Error, Span, SupportRow};
use dp_linalg::{Mat, Parallelism, Qr, solve_upper_triangular};

/// A row in memory, with its number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CoreRow {
    pub(crate) row: usize,
    pub(crate) entries: Vec<f64>,
}

/// What the first reading leaves, or the first two.
#[derive(Debug)]
pub(crate) struct Scan {
    /// How often all rows were read.
    pub(crate) passes: usize,
    /// Rows read.
    pub(crate) rows: usize,
    /// Rows that do not take part.
    pub(crate) dropped: usize,
    /// The largest absolute entry of each column, 1 for columns of zeros.
    units: Vec<f64>,
    /// Evenly spaced rows, the row with the largest entry of each column, and rows asked for; ordered, distinct.
    pub(crate) sample: Vec<CoreRow>,
}

impl Scan {
    /// A sample that spans the space, with a whitening of it.
    ///
    /// # Errors
    /// [`Error::Degenerate`]; [`Error::Linalg`] when floating point cannot tell; [`Error::SourceChanged`], those of the source.
    pub(crate) fn spanning(
        source: &mut impl RowSource,
        wanted: &[SupportRow],
        parallelism: Parallelism,
    ) -> Result<(Self, Whitening), Error> {
        let mut scan = Self::run(source, wanted, parallelism)?;
        if let Some(t) = scan.whitening()? {
            return Ok((scan, Whitening::new(t)));
        }
        scan.complete(source)?;
        let columns = scan.units.len();
        let t = scan.whitening()?.ok_or(dp_linalg::Error::RankDeficient { rank: columns - 1, columns })?;
        Ok((scan, Whitening::new(t)))
    }

    fn run(
        source: &mut impl RowSource,
        wanted: &[SupportRow],
        parallelism: Parallelism,
    ) -> Result<Self, Error> {
        let d = source.ncols();
        if d == 0 {
            return Err(Error::NoColumns);
        }
        let mut reading = Reading::new(d, wanted.iter().map(|kept| kept.row).collect());
        source.for_each_stored_block(&mut |block| {
            same_width(d, block.ncols())?;
            reading.block(block, parallelism);
            Ok(())
        })?;
        let units = reading.sizes.iter().map(|size| if *size > 0.0 { *size } else { 1.0 }).collect();
        let (rows, dropped) = (reading.rows, reading.dropped);
        Ok(Self { passes: 1, rows, dropped, units, sample: reading.into_sample() })
    }

    /// A matrix whose columns whiten the sample: `T` with `TᵀSᵀST` near the identity, if the sample spans the space.
    fn whitening(&self) -> Result<Option<Mat>, Error> {
        let d = self.units.len();
        if self.sample.len() < d {
            return Ok(None);
        }
        let scaled = Mat::from_fn(self.sample.len(), d, |i, j| self.sample[i].entries[j] / self.units[j]);
        let qr = Qr::new(scaled.as_ref())?;
        if qr.rank() < d {
            return Ok(None);
        }
        // scaled·Π = QR, so that scaled·ΠR⁻¹ has orthonormal columns
        let inverse = solve_upper_triangular(qr.r(), Mat::identity(d).as_ref())?;
        let mut t = Mat::zeros(d, d);
        for (row, &target) in inverse.rows().zip(qr.column_order()) {
            let unit = self.units[target];
            t.row_mut(target).iter_mut().zip(row).for_each(|(entry, x)| *entry = x / unit);
        }
        Ok(Some(t))
    }

    /// Adds rows that the sample does not span, by one more reading: those that have a part orthogonal to all before.
    ///
    /// # Errors
    /// [`Error::SourceChanged`], [`Error::Degenerate`] when there are too few.
    fn complete(&mut self, source: &mut impl RowSource) -> Result<(), Error> {
        self.passes += 1;
        let mut span = IncrementalSpan { units: &self.units, basis: Vec::new() };
        for kept in &self.sample {
            span.offer(&kept.entries);
        }
        let (mut row, mut found): (usize, Vec<CoreRow>) = (0, Vec::new());
        let d = span.units.len();
        source.for_each_stored_block(&mut |block| {
            same_width(d, block.ncols())?;
            for i in 0..block.nrows() {
                if span.basis.len() == d {
                    break;
                }
                let entries = block.row(i).to_dense(d);
                if takes_part(&entries) && span.offer(&entries) {
                    found.push(CoreRow { row: row + i, entries });
                }
            }
            row += block.nrows();
            Ok(())
        })?;
        if row != self.rows {
            return Err(Error::SourceChanged { expected: self.rows, found: row });
        }
        if span.basis.len() < self.units.len() {
            return Err(Error::Degenerate(Box::new(Span::new(&span.basis, &self.units)?)));
        }
        self.sample.extend(found);
        self.sample.sort_unstable_by_key(|kept| kept.row);
        Ok(())
    }
}

/// Below this part of its length, what is orthogonal to the span counts as rounding: rows that are conditioned worse
/// than 1e10 in units of their columns count as degenerate.
const INDEPENDENT: f64 = 1e-10;

/// An orthonormal basis of the scaled rows so far.
#[derive(Debug)]
struct IncrementalSpan<'a> {
    units: &'a [f64],
    basis: Vec<Vec<f64>>,
}

impl IncrementalSpan<'_> {
    /// Whether this row made the basis longer.
    fn offer(&mut self, row: &[f64]) -> bool {
        let mut rest: Vec<f64> = row.iter().zip(self.units).map(|(a, unit)| a / unit).collect();
        let length = norm(&rest);
        // twice is enough (Giraud, Langou, Rozložník 2005)
        for _ in 0..2 {
            for b in &self.basis {
                let along: f64 = rest.iter().zip(b).map(|(x, b)| x * b).sum();
                rest.iter_mut().zip(b).for_each(|(x, b)| *x -= along * b);
            }
        }
        let left = norm(&rest);
        let longer = left > INDEPENDENT * length && self.basis.len() < self.units.len();
        if longer {
            self.basis.push(rest.into_iter().map(|x| x / left).collect());
        }
        longer
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}
