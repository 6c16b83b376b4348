//! A shared view of a row-major matrix.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Index, Range};

use super::{Mat, check_layout, debug_matrix};
use crate::{Error, Scalar};

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
pub struct MatRef<'a, T = f64> {
    data: &'a [T],
    nrows: usize,
    ncols: usize,
    row_stride: usize,
}

impl<'a, T: Scalar> MatRef<'a, T> {
    /// Rows one after another.
    ///
    /// # Errors
    /// [`Error::BufferLength`] unless `data.len() == nrows · ncols`.
    pub fn new(data: &'a [T], nrows: usize, ncols: usize) -> Result<Self, Error> {
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
        data: &'a [T],
        nrows: usize,
        ncols: usize,
        row_stride: usize,
    ) -> Result<Self, Error> {
        check_layout(data.len(), nrows, ncols, row_stride)?;
        Ok(Self { data, nrows, ncols, row_stride })
    }

    pub(crate) const fn from_checked(data: &'a [T], nrows: usize, ncols: usize, row_stride: usize) -> Self {
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
    pub fn row(self, i: usize) -> &'a [T] {
        assert!(i < self.nrows, "row {i} of {}", self.nrows);
        if self.ncols == 0 { &[] } else { &self.data[i * self.row_stride..][..self.ncols] }
    }

    /// The rows, in order.
    #[must_use]
    pub const fn rows(self) -> Rows<'a, T> {
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
    pub fn to_owned(self) -> Mat<T> {
        let mut out = Mat::filled(self.nrows, self.ncols, T::ZERO);
        self.rows().enumerate().for_each(|(i, row)| out.row_mut(i).copy_from_slice(row));
        out
    }

    /// `Aᵀ` as a copy, shape `(ncols, nrows)`.
    #[must_use]
    pub fn transpose(self) -> Mat<T> {
        Mat::from_fn(self.ncols, self.nrows, |i, j| self[(j, i)])
    }

    /// Position of the first entry that is NaN or infinite, in row order.
    #[must_use]
    pub fn first_non_finite(self) -> Option<(usize, usize)> {
        let in_row = |row: &[T]| row.iter().position(|entry| !entry.is_finite());
        self.rows().enumerate().find_map(|(i, row)| in_row(row).map(|j| (i, j)))
    }

    pub(crate) fn check_finite(self) -> Result<(), Error> {
        self.first_non_finite().map_or(Ok(()), |(row, column)| Err(Error::NonFinite { row, column }))
    }

    pub(crate) fn to_faer(self) -> faer::MatRef<'a, T> {
        let data = if self.is_empty() { &[] } else { self.data };
        faer::MatRef::from_row_major_slice_with_stride(data, self.nrows, self.ncols, self.row_stride)
    }
}

impl<'a, T: Scalar> From<&'a Mat<T>> for MatRef<'a, T> {
    fn from(matrix: &'a Mat<T>) -> Self {
        matrix.as_ref()
    }
}

impl<T: Scalar> Index<(usize, usize)> for MatRef<'_, T> {
    type Output = T;

    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.row(i)[j]
    }
}

impl<T: Scalar> PartialEq for MatRef<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.rows().eq(other.rows())
    }
}

impl<T: Scalar> fmt::Debug for MatRef<'_, T> {
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
pub struct Rows<'a, T: Scalar = f64> {
    matrix: MatRef<'a, T>,
    range: Range<usize>,
}

impl<'a, T: Scalar> Iterator for Rows<'a, T> {
    type Item = &'a [T];

    fn next(&mut self) -> Option<Self::Item> {
        self.range.next().map(|i| self.matrix.row(i))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl<T: Scalar> DoubleEndedIterator for Rows<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.range.next_back().map(|i| self.matrix.row(i))
    }
}

impl<T: Scalar> ExactSizeIterator for Rows<'_, T> {}
impl<T: Scalar> FusedIterator for Rows<'_, T> {}
