//! The owner of a contiguous row-major matrix.

use core::fmt;
use core::ops::{Index, IndexMut};

use super::{MatMut, MatRef, Rows, debug_matrix};
use crate::Error;

/// Row-major, contiguous `f64` matrix of shape `(nrows, ncols)`.
///
/// `Debug` prints the shape and at most a 4 × 4 corner: a type that holds private rows needs a `Debug` of its own.
///
/// ```
/// use dp_linalg::Mat;
///
/// let a = Mat::from_fn(2, 3, |i, j| (10 * i + j) as f64);
/// assert_eq!(a.row(1), [10.0, 11.0, 12.0]);
/// assert_eq!(a.transpose()[(2, 1)], a[(1, 2)]);
/// assert_eq!(format!("{a:?}"), "Mat 2 x 3 [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]");
/// ```
#[derive(Clone, PartialEq)]
pub struct Mat {
    data: Vec<f64>,
    nrows: usize,
    ncols: usize,
}

impl Mat {
    /// All entries zero.
    ///
    /// # Panics
    /// When `nrows · ncols` is beyond `usize`.
    #[must_use]
    pub fn zeros(nrows: usize, ncols: usize) -> Self {
        let len = nrows.checked_mul(ncols).expect("the number of entries must be addressable");
        Self { data: vec![0.0; len], nrows, ncols }
    }

    /// The identity of order `n`.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| f64::from(u8::from(i == j)))
    }

    /// Entry `(i, j)` is `f(i, j)`; called row by row, from left to right.
    ///
    /// # Panics
    /// When `nrows · ncols` is beyond `usize`.
    #[must_use]
    pub fn from_fn(nrows: usize, ncols: usize, mut f: impl FnMut(usize, usize) -> f64) -> Self {
        let mut out = Self::zeros(nrows, ncols);
        for i in 0..nrows {
            for (j, entry) in out.row_mut(i).iter_mut().enumerate() {
                *entry = f(i, j);
            }
        }
        out
    }

    /// Takes a buffer that holds the rows one after another.
    ///
    /// # Errors
    /// [`Error::BufferLength`] unless `data.len() == nrows · ncols`.
    pub fn from_vec(nrows: usize, ncols: usize, data: Vec<f64>) -> Result<Self, Error> {
        let expected = nrows.checked_mul(ncols).ok_or(Error::TooLarge { nrows, row_stride: ncols })?;
        if data.len() == expected {
            Ok(Self { data, nrows, ncols })
        } else {
            Err(Error::BufferLength { expected, found: data.len() })
        }
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

    /// A view of everything.
    #[must_use]
    pub fn as_ref(&self) -> MatRef<'_> {
        MatRef::from_checked(&self.data, self.nrows, self.ncols, self.ncols)
    }

    /// A mutable view of everything.
    #[must_use]
    pub fn as_mut(&mut self) -> MatMut<'_> {
        MatMut::from_checked(&mut self.data, self.nrows, self.ncols, self.ncols)
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When `i ≥ nrows`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        self.as_ref().row(i)
    }

    /// Row `i`, mutable.
    ///
    /// # Panics
    /// When `i ≥ nrows`.
    #[must_use]
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        assert!(i < self.nrows, "row {i} of {}", self.nrows);
        &mut self.data[i * self.ncols..][..self.ncols]
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        self.as_ref().rows()
    }

    /// All entries, row after row.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.data
    }

    /// All entries, row after row, mutable.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// The buffer, row after row.
    #[must_use]
    pub fn into_vec(self) -> Vec<f64> {
        self.data
    }

    /// `Aᵀ`, shape `(ncols, nrows)`.
    #[must_use]
    pub fn transpose(&self) -> Self {
        self.as_ref().transpose()
    }

    /// Copies the strict lower triangle of a square matrix over the upper one.
    pub(crate) fn mirror_lower(&mut self) {
        for i in 0..self.nrows {
            for j in 0..i {
                self[(j, i)] = self[(i, j)];
            }
        }
    }
}

impl Index<(usize, usize)> for Mat {
    type Output = f64;

    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.row(i)[j]
    }
}

impl IndexMut<(usize, usize)> for Mat {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.row_mut(i)[j]
    }
}

impl fmt::Debug for Mat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_matrix(self.as_ref(), "Mat", f)
    }
}
