//! An exclusive view of a row-major matrix.

use core::fmt;
use core::ops::{Index, IndexMut, Range};

use super::{Mat, MatRef, Rows, check_layout, debug_matrix};
use crate::{Error, Operation, Scalar};

/// Row-major mutable view of shape `(nrows, ncols)`.
///
/// ```
/// use dp_linalg::{Mat, MatMut};
///
/// let mut buffer = [0.0; 5];
/// let mut a = MatMut::with_row_stride(&mut buffer, 2, 2, 3)?;
/// a.copy_from(Mat::from_fn(2, 2, |i, j| (1 + 2 * i + j) as f64).as_ref())?;
/// a.reborrow().row_mut(0)[1] = -2.0;
/// assert_eq!(buffer, [1.0, -2.0, 0.0, 3.0, 4.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub struct MatMut<'a, T = f64> {
    data: &'a mut [T],
    nrows: usize,
    ncols: usize,
    row_stride: usize,
}

impl<'a, T: Scalar> MatMut<'a, T> {
    /// Rows one after another.
    ///
    /// # Errors
    /// [`Error::BufferLength`] unless `data.len() == nrows · ncols`.
    pub fn new(data: &'a mut [T], nrows: usize, ncols: usize) -> Result<Self, Error> {
        let expected = nrows.checked_mul(ncols).ok_or(Error::TooLarge { nrows, row_stride: ncols })?;
        if data.len() == expected {
            Ok(Self { data, nrows, ncols, row_stride: ncols })
        } else {
            Err(Error::BufferLength { expected, found: data.len() })
        }
    }

    /// Row `i` starts at `data[i · row_stride]`; entries between the rows, and after the last one, stay as they are.
    ///
    /// # Errors
    /// [`Error::RowStride`] when `row_stride < ncols`; [`Error::BufferLength`] when the last row would end outside.
    pub fn with_row_stride(
        data: &'a mut [T],
        nrows: usize,
        ncols: usize,
        row_stride: usize,
    ) -> Result<Self, Error> {
        check_layout(data.len(), nrows, ncols, row_stride)?;
        Ok(Self { data, nrows, ncols, row_stride })
    }

    pub(crate) const fn from_checked(
        data: &'a mut [T],
        nrows: usize,
        ncols: usize,
        row_stride: usize,
    ) -> Self {
        Self { data, nrows, ncols, row_stride }
    }

    /// Number of rows.
    #[must_use]
    pub const fn nrows(&self) -> usize {
        self.nrows
    }

    /// Number of columns.
    #[must_use]
    pub const fn ncols(&self) -> usize {
        self.ncols
    }

    /// `(nrows, ncols)`.
    #[must_use]
    pub const fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    /// Distance between the starts of two rows.
    #[must_use]
    pub const fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// The same entries, shared.
    #[must_use]
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef::from_checked(self.data, self.nrows, self.ncols, self.row_stride)
    }

    /// The same entries, for a shorter time.
    #[must_use]
    pub fn reborrow(&mut self) -> MatMut<'_, T> {
        MatMut::from_checked(self.data, self.nrows, self.ncols, self.row_stride)
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When `i ≥ nrows`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[T] {
        self.as_ref().row(i)
    }

    /// Row `i`, mutable.
    ///
    /// # Panics
    /// When `i ≥ nrows`.
    #[must_use]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        assert!(i < self.nrows, "row {i} of {}", self.nrows);
        if self.ncols == 0 { &mut [] } else { &mut self.data[i * self.row_stride..][..self.ncols] }
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> Rows<'_, T> {
        self.as_ref().rows()
    }

    /// The rows of a range, as a mutable view.
    ///
    /// # Panics
    /// When the range is reversed or ends after `nrows`.
    #[must_use]
    pub fn subrows(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.nrows, "rows {range:?} of {}", self.nrows);
        let start = if self.ncols == 0 || range.is_empty() { 0 } else { range.start * self.row_stride };
        Self { data: &mut self.data[start..], nrows: range.len(), ..self }
    }

    /// The first `rows` rows, and the others.
    ///
    /// # Panics
    /// When `rows > nrows`.
    #[must_use]
    pub fn split_at_row(self, rows: usize) -> (Self, Self) {
        assert!(rows <= self.nrows, "row {rows} of {}", self.nrows);
        let at = if self.ncols == 0 { 0 } else { (rows * self.row_stride).min(self.data.len()) };
        let (head, tail) = self.data.split_at_mut(at);
        let (ncols, row_stride) = (self.ncols, self.row_stride);
        (
            Self { data: head, nrows: rows, ncols, row_stride },
            Self { data: tail, nrows: self.nrows - rows, ncols, row_stride },
        )
    }

    /// Every entry becomes `value`.
    pub fn fill(&mut self, value: T) {
        (0..self.nrows).for_each(|i| self.row_mut(i).fill(value));
    }

    /// Copies the entries of a matrix of the same shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the shapes differ.
    pub fn copy_from(&mut self, source: MatRef<'_, T>) -> Result<(), Error> {
        if self.shape() != source.shape() {
            let (left, right) = (self.shape(), source.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Copy, left, right });
        }
        source.rows().enumerate().for_each(|(i, row)| self.row_mut(i).copy_from_slice(row));
        Ok(())
    }

    /// Built as the transpose of a column-major view: in faer 0.24 the row-major constructor with a stride sets
    /// column-major strides, and writes out of bounds (sarah-quinones/faer-rs, pull request 267).
    pub(crate) fn into_faer(self) -> faer::MatMut<'a, T> {
        let (nrows, ncols, row_stride) = (self.nrows, self.ncols, self.row_stride);
        let data = if self.as_ref().is_empty() { &mut [] } else { self.data };
        faer::MatMut::from_column_major_slice_with_stride_mut(data, ncols, nrows, row_stride).transpose_mut()
    }
}

impl<'a, T: Scalar> From<&'a mut Mat<T>> for MatMut<'a, T> {
    fn from(matrix: &'a mut Mat<T>) -> Self {
        matrix.as_mut()
    }
}

impl<T: Scalar> Index<(usize, usize)> for MatMut<'_, T> {
    type Output = T;

    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.row(i)[j]
    }
}

impl<T: Scalar> IndexMut<(usize, usize)> for MatMut<'_, T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.row_mut(i)[j]
    }
}

impl<T: Scalar> fmt::Debug for MatMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_matrix(self.as_ref(), "MatMut", f)
    }
}
