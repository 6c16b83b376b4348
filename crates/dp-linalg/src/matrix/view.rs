//! A shared view of a row-major matrix.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Index, Range};

use super::{Mat, check_layout, debug_matrix};
use crate::Error;

/// Row-major view of shape `(nrows, ncols)`; cheap to copy.
///
/// Rows may lie further apart than they are long: `subrows`, `subcols` and [`MatRef::with_row_stride`] copy nothing.
/// Two views are equal when shape and entries are (with `NaN ≠ NaN`).
///
/// ```
/// use dp_linalg::MatRef;
///
/// let rows_with_padding = [1.0, 2.0, -1.0, 3.0, 4.0];
/// let a = MatRef::with_row_stride(&rows_with_padding, 2, 2, 3)?;
/// assert_eq!(a.to_owned().as_slice(), [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(a.subrows(1..2).row(0), [3.0, 4.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct MatRef<'a> {
    data: &'a [f64],
    nrows: usize,
    ncols: usize,
    row_stride: usize,
}

impl<'a> MatRef<'a> {
    /// Rows one after another.
    ///
    /// # Errors
    /// [`Error::BufferLength`] unless `data.len() == nrows · ncols`.
    pub fn new(data: &'a [f64], nrows: usize, ncols: usize) -> Result<Self, Error> {
        let expected = nrows.checked_mul(ncols).ok_or(Error::TooLarge { nrows, row_stride: ncols })?;
        if data.len() == expected {
            Ok(Self { data, nrows, ncols, row_stride: ncols })
        } else {
            Err(Error::BufferLength { expected, found: data.len() })
        }
    }

    /// Row `i` starts at `data[i · row_stride]`; entries between the rows, and after the last one, are ignored.
    ///
    /// # Errors
    /// [`Error::RowStride`] when `row_stride < ncols`; [`Error::BufferLength`] when the last row would end outside.
    pub fn with_row_stride(
        data: &'a [f64],
        nrows: usize,
        ncols: usize,
        row_stride: usize,
    ) -> Result<Self, Error> {
        check_layout(data.len(), nrows, ncols, row_stride)?;
        Ok(Self { data, nrows, ncols, row_stride })
    }

    pub(crate) const fn from_checked(data: &'a [f64], nrows: usize, ncols: usize, row_stride: usize) -> Self {
        Self { data, nrows, ncols, row_stride }
    }

    /// Number of rows.
    #[must_use]
    pub const fn nrows(self) -> usize {
        self.nrows
    }

    /// Number of columns.
    #[must_use]
    pub const fn ncols(self) -> usize {
        self.ncols
    }

    /// `(nrows, ncols)`.
    #[must_use]
    pub const fn shape(self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    /// Distance between the starts of two rows.
    #[must_use]
    pub const fn row_stride(self) -> usize {
        self.row_stride
    }

    /// Whether there is no entry at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.nrows == 0 || self.ncols == 0
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When `i ≥ nrows`.
    #[must_use]
    pub fn row(self, i: usize) -> &'a [f64] {
        assert!(i < self.nrows, "row {i} of {}", self.nrows);
        if self.ncols == 0 { &[] } else { &self.data[i * self.row_stride..][..self.ncols] }
    }

    /// The rows, in order.
    #[must_use]
    pub const fn rows(self) -> Rows<'a> {
        Rows { matrix: self, range: 0..self.nrows }
    }

    /// The rows of a range, as a view.
    ///
    /// # Panics
    /// When the range is reversed or ends after `nrows`.
    #[must_use]
    pub fn subrows(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.nrows, "rows {range:?} of {}", self.nrows);
        let start = if self.ncols == 0 || range.is_empty() { 0 } else { range.start * self.row_stride };
        Self { data: &self.data[start..], nrows: range.len(), ..self }
    }

    /// The columns of a range, as a view.
    ///
    /// # Panics
    /// When the range is reversed or ends after `ncols`.
    #[must_use]
    pub fn subcols(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.ncols, "columns {range:?} of {}", self.ncols);
        let start = if self.nrows == 0 || range.is_empty() { 0 } else { range.start };
        Self { data: &self.data[start..], ncols: range.len(), ..self }
    }

    /// A contiguous copy.
    #[must_use]
    pub fn to_owned(self) -> Mat {
        let mut out = Mat::zeros(self.nrows, self.ncols);
        self.rows().enumerate().for_each(|(i, row)| out.row_mut(i).copy_from_slice(row));
        out
    }

    /// `Aᵀ` as a copy, shape `(ncols, nrows)`.
    #[must_use]
    pub fn transpose(self) -> Mat {
        Mat::from_fn(self.ncols, self.nrows, |i, j| self[(j, i)])
    }

    /// Position of the first entry that is NaN or infinite, in row order.
    #[must_use]
    pub fn first_non_finite(self) -> Option<(usize, usize)> {
        let in_row = |row: &[f64]| row.iter().position(|entry| !entry.is_finite());
        self.rows().enumerate().find_map(|(i, row)| in_row(row).map(|j| (i, j)))
    }

    pub(crate) fn check_finite(self) -> Result<(), Error> {
        self.first_non_finite().map_or(Ok(()), |(row, column)| Err(Error::NonFinite { row, column }))
    }

    pub(crate) fn to_faer(self) -> faer::MatRef<'a, f64> {
        let data = if self.is_empty() { &[] } else { self.data };
        faer::MatRef::from_row_major_slice_with_stride(data, self.nrows, self.ncols, self.row_stride)
    }
}

impl<'a> From<&'a Mat> for MatRef<'a> {
    fn from(matrix: &'a Mat) -> Self {
        matrix.as_ref()
    }
}

impl Index<(usize, usize)> for MatRef<'_> {
    type Output = f64;

    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.row(i)[j]
    }
}

impl PartialEq for MatRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.rows().eq(other.rows())
    }
}

impl fmt::Debug for MatRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_matrix(*self, "MatRef", f)
    }
}

/// The rows of a matrix, from the first to the last.
///
/// ```
/// let a = dp_linalg::Mat::from_fn(3, 2, |i, _| i as f64);
/// assert_eq!(a.rows().rev().map(|row| row[0]).collect::<Vec<_>>(), [2.0, 1.0, 0.0]);
/// ```
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    matrix: MatRef<'a>,
    range: Range<usize>,
}

impl<'a> Iterator for Rows<'a> {
    type Item = &'a [f64];

    fn next(&mut self) -> Option<Self::Item> {
        self.range.next().map(|i| self.matrix.row(i))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.range.next_back().map(|i| self.matrix.row(i))
    }
}

impl ExactSizeIterator for Rows<'_> {}
impl FusedIterator for Rows<'_> {}
