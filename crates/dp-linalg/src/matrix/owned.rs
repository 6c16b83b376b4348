//! The owner of a contiguous row-major matrix.

use core::fmt;
use core::ops::{Index, IndexMut};

use super::{MatMut, MatRef, Rows, debug_matrix};
use crate::{Error, Scalar};

/// Rows and columns of a tile, where both sides of the diagonal are touched.
const TILE: usize = 32;

/// Row-major, contiguous matrix of shape `(nrows, ncols)`, of `f64` unless the type says otherwise.
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
pub struct Mat<T = f64> {
    data: Vec<T>,
    nrows: usize,
    ncols: usize,
}

/// Constructors whose arguments do not tell the type of the entries: for other types see [`filled`](Mat::filled) and
/// [`from_fn`](Mat::from_fn).
impl Mat {
    /// All entries zero.
    ///
    /// # Panics
    /// When `nrows · ncols` is beyond `usize`.
    #[must_use]
    pub fn zeros(nrows: usize, ncols: usize) -> Self {
        Self::filled(nrows, ncols, 0.0)
    }

    /// The identity of order `n`.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| f64::from(u8::from(i == j)))
    }
}

impl<T: Scalar> Mat<T> {
    /// Every entry is `value`.
    ///
    /// ```
    /// assert_eq!(dp_linalg::Mat::filled(2, 2, 1.0_f32).as_slice(), [1.0; 4]);
    /// ```
    ///
    /// # Panics
    /// When `nrows · ncols` is beyond `usize`.
    #[must_use]
    pub fn filled(nrows: usize, ncols: usize, value: T) -> Self {
        let len = nrows.checked_mul(ncols).expect("the number of entries must be addressable");
        Self { data: vec![value; len], nrows, ncols }
    }

    /// Entry `(i, j)` is `f(i, j)`; called row by row, from left to right.
    ///
    /// # Panics
    /// When `nrows · ncols` is beyond `usize`.
    #[must_use]
    pub fn from_fn(nrows: usize, ncols: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let mut out = Self::filled(nrows, ncols, T::ZERO);
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
    pub fn from_vec(nrows: usize, ncols: usize, data: Vec<T>) -> Result<Self, Error> {
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
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef::from_checked(&self.data, self.nrows, self.ncols, self.ncols)
    }

    /// A mutable view of everything.
    #[must_use]
    pub fn as_mut(&mut self) -> MatMut<'_, T> {
        MatMut::from_checked(&mut self.data, self.nrows, self.ncols, self.ncols)
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
        &mut self.data[i * self.ncols..][..self.ncols]
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> Rows<'_, T> {
        self.as_ref().rows()
    }

    /// All entries, row after row.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All entries, row after row, mutable.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The buffer, row after row.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// `Aᵀ`, shape `(ncols, nrows)`.
    #[must_use]
    pub fn transpose(&self) -> Self {
        self.as_ref().transpose()
    }

    /// Copies the strict lower triangle of a square matrix over the upper one.
    pub(crate) fn mirror_lower(&mut self) {
        self.for_each_below_diagonal(|lower, upper| *upper = *lower);
    }

    /// Moves the strict upper triangle of a square matrix to the lower one, and leaves zeros.
    pub(crate) fn move_upper_to_lower(&mut self) {
        self.for_each_below_diagonal(|lower, upper| {
            *lower = *upper;
            *upper = T::ZERO;
        });
    }

    /// Every entry `(i, j)` with `i > j` and its mirror image, tile by tile.
    fn for_each_below_diagonal(&mut self, mut f: impl FnMut(&mut T, &mut T)) {
        let n = self.ncols;
        for top in (0..n).step_by(TILE) {
            for left in (0..=top).step_by(TILE) {
                for i in top.max(left + 1)..n.min(top + TILE) {
                    // rows above the i-th, and the i-th
                    let (above, row) = self.data.split_at_mut(i * n);
                    let end = i.min(left + TILE);
                    for (j, lower) in (left..end).zip(&mut row[left..end]) {
                        f(lower, &mut above[j * n + i]);
                    }
                }
            }
        }
    }
}

impl<T: Scalar> Index<(usize, usize)> for Mat<T> {
    type Output = T;

    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.row(i)[j]
    }
}

impl<T: Scalar> IndexMut<(usize, usize)> for Mat<T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.row_mut(i)[j]
    }
}

impl<T: Scalar> fmt::Debug for Mat<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_matrix(self.as_ref(), "Mat", f)
    }
}
