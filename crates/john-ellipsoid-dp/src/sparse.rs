//! Sparse rows, and blocks of rows as they are stored.

use crate::Error;
use crate::source::{RowSource, takes_part};
use core::ops::Range;
use dp_linalg::{Mat, MatRef};

/// Rows `(n, d)` of which only some entries are stored, row after row (CSR); the others are zero.
///
/// Passes over them cost the number of stored entries times `d`, not `nd²`, and results carry the same
/// [`Certificate`](crate::Certificate) as those of dense rows.
///
/// ```
/// use john_ellipsoid_dp::{JohnOptions, SparseRows, john_ellipsoid};
///
/// // rows (3, 0), (0, −2) and (1, 1)
/// let rows = SparseRows::new(2, &[0, 1, 2, 4], &[0, 1, 0, 1], &[3.0, -2.0, 1.0, 1.0])?;
/// let john = john_ellipsoid(rows, &JohnOptions::default())?;
/// assert!((john.log_det() - 36.0_f64.ln()).abs() < 1e-5); // the third row is inside
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseRows<'a> {
    ncols: usize,
    offsets: &'a [usize],
    columns: &'a [usize],
    values: &'a [f64],
}

impl<'a> SparseRows<'a> {
    /// Row `i` has the entries `values[k]` in `columns[k]`, for `k` from `offsets[i]` up to `offsets[i + 1]`.
    ///
    /// # Errors
    /// [`Error::Length`] when there are not as many columns as values; [`Error::SparseStructure`] when offsets do not rise from 0 to
    /// the number of entries, or the columns of a row do not rise below `ncols`.
    pub fn new(
        ncols: usize,
        offsets: &'a [usize],
        columns: &'a [usize],
        values: &'a [f64],
    ) -> Result<Self, Error> {
        if columns.len() != values.len() {
            return Err(Error::Length { expected: values.len(), found: columns.len() });
        }
        if offsets.first() != Some(&0) || offsets.last() != Some(&values.len()) {
            return Err(Error::SparseStructure { row: offsets.len().saturating_sub(1) });
        }
        let broken = offsets.windows(2).position(|ends| {
            let row = columns.get(ends[0]..ends[1]);
            !row.is_some_and(|row| {
                row.is_sorted_by(|a, b| a < b) && row.last().is_none_or(|&last| last < ncols)
            })
        });
        broken.map_or(Ok(Self { ncols, offsets, columns, values }), |row| Err(Error::SparseStructure { row }))
    }

    /// `n`.
    #[must_use]
    pub const fn nrows(self) -> usize {
        self.offsets.len() - 1
    }

    /// `d`.
    #[must_use]
    pub const fn ncols(self) -> usize {
        self.ncols
    }

    fn subrows(self, range: Range<usize>) -> Self {
        Self { offsets: &self.offsets[range.start..=range.end], ..self }
    }

    /// Columns and values of a row.
    pub(crate) fn row(self, i: usize) -> (&'a [usize], &'a [f64]) {
        let range = self.offsets[i]..self.offsets[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }
}

/// Rows in the form in which a source holds them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Block<'a> {
    /// Every entry is stored.
    Dense(MatRef<'a>),
    /// Only some are.
    Sparse(SparseRows<'a>),
}

impl<'a> Block<'a> {
    /// Rows of this block.
    #[must_use]
    pub const fn nrows(self) -> usize {
        match self {
            Self::Dense(rows) => rows.nrows(),
            Self::Sparse(rows) => rows.nrows(),
        }
    }

    /// `d`.
    #[must_use]
    pub const fn ncols(self) -> usize {
        match self {
            Self::Dense(rows) => rows.ncols(),
            Self::Sparse(rows) => rows.ncols(),
        }
    }

    pub(crate) fn subrows(self, range: Range<usize>) -> Self {
        match self {
            Self::Dense(rows) => Self::Dense(rows.subrows(range)),
            Self::Sparse(rows) => Self::Sparse(rows.subrows(range)),
        }
    }

    pub(crate) fn row(self, i: usize) -> RowRef<'a> {
        match self {
            Self::Dense(rows) => RowRef::Dense(rows.row(i)),
            Self::Sparse(rows) => {
                let (columns, values) = rows.row(i);
                RowRef::Sparse { columns, values }
            }
        }
    }
}

/// A row in the form in which it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowRef<'a> {
    Dense(&'a [f64]),
    Sparse { columns: &'a [usize], values: &'a [f64] },
}

impl RowRef<'_> {
    /// Whether it takes part; a function of this row alone.
    pub(crate) fn takes_part(self) -> bool {
        match self {
            Self::Dense(values) | Self::Sparse { values, .. } => takes_part(values),
        }
    }

    /// All `d` entries.
    pub(crate) fn to_dense(self, d: usize) -> Vec<f64> {
        let mut row = vec![0.0; d];
        self.write(&mut row);
        row
    }

    fn write(self, row: &mut [f64]) {
        match self {
            Self::Dense(values) => row.copy_from_slice(values),
            Self::Sparse { columns, values } => {
                columns.iter().zip(values).for_each(|(&j, &value)| row[j] = value);
            }
        }
    }
}

/// Rows that are made dense at once.
const DENSE_ROWS: usize = 8192;

impl RowSource for SparseRows<'_> {
    fn ncols(&self) -> usize {
        self.ncols
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for start in (0..self.nrows()).step_by(DENSE_ROWS) {
            let part = self.subrows(start..self.nrows().min(start + DENSE_ROWS));
            let mut dense = Mat::zeros(part.nrows(), self.ncols);
            (0..part.nrows()).for_each(|i| Block::Sparse(part).row(i).write(dense.row_mut(i)));
            visit(dense.as_ref())?;
        }
        Ok(())
    }

    fn for_each_stored_block(
        &mut self,
        visit: &mut dyn FnMut(Block<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(Block::Sparse(*self))
    }
}

/// Rows `(a, 1)` of which the entries that are not stored are zero.
#[derive(Debug)]
pub(crate) struct LiftedSparse {
    ncols: usize,
    offsets: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl LiftedSparse {
    pub(crate) fn new(rows: SparseRows<'_>) -> Self {
        let (d, first) = (rows.ncols, rows.offsets[0]);
        let offsets = rows.offsets.iter().enumerate().map(|(i, offset)| offset - first + i).collect();
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for ends in rows.offsets.windows(2) {
            columns.extend_from_slice(&rows.columns[ends[0]..ends[1]]);
            values.extend_from_slice(&rows.values[ends[0]..ends[1]]);
            columns.push(d);
            values.push(1.0);
        }
        Self { ncols: d + 1, offsets, columns, values }
    }

    pub(crate) fn as_rows(&self) -> SparseRows<'_> {
        let Self { ncols, offsets, columns, values } = self;
        SparseRows { ncols: *ncols, offsets, columns, values }
    }
}
