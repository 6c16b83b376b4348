//! Products of integer matrices, exact in any order.
//!
//! # Why `f64` products can be exact
//!
//! Let `a` and `b` hold integers with `|aᵢ| ≤ A`, `|bᵢ| ≤ B`. Every partial sum of `Σᵢ aᵢbᵢ`, in any order, over any
//! subset, is an integer of magnitude at most `Σᵢ|aᵢbᵢ|`. While
//!
//! ```text
//! Σᵢ |aᵢ bᵢ|  ≤  k·A·B  <  2⁵³
//! ```
//!
//! that integer is a `f64`, so that IEEE 754 returns it without rounding: each multiplication, each addition and each
//! fused multiply-add is exact, and the order of summation, the width of the vector unit and the number of threads
//! cannot be seen in the result. [`ExactProductSum`] counts the terms, and moves its `f64` partial sums into `i64`
//! before the bound could be reached. It counts by the *public* bounds `A` and `B`, never by the entries: what it
//! does, and when, does not depend on the data.

use core::fmt;
use core::ops::Range;

use crate::product::run_one;
use crate::{Accumulate, Error, MatMut, MatRef, Operation};

/// Largest sum of absolute products that may stand in a partial sum: every integer up to 2⁵³ is a `f64`.
const LARGEST_PARTIAL: u64 = (1 << 53) - 1;

/// Rows that one call of the backend takes. Measured at `r = 495`, `c = 65`, one thread: [`ExactProductSum::add_nn`]
/// has the speed of a large square product at 128, 256 and 512 alike; [`ExactProductSum::add_tn`] on 4096 rows is
/// faster at 128 than at 512, because its block of `left` stays in the second-level cache.
const BLOCK: usize = 128;

/// The running sum of integer products `Σ leftᵀ·right`, shape `(r, c)`, exact as integers.
///
/// # Guarantee
/// If every entry of every `left` is an integer of magnitude at most `max_abs_left`, and likewise on the right, then
/// [`into_sums`](Self::into_sums) returns the exact sums modulo 2⁶⁴, and the exact sums as integers while
/// [`rows_seen`](Self::rows_seen) is at most [`exact_rows`](Self::exact_rows). The same multiset of rows gives the
/// same bits in any order, any partition into calls, and any tree of [`merge`](Self::merge).
///
/// An entry beyond its bound, or one that is not an integer, voids this. The hot loop does not look; the caller
/// builds entries that cannot break the bound (by clipping *integers*) or asks [`is_integral_within`].
///
/// `Debug` prints shape, bounds and no sum.
///
/// # Examples
/// ```
/// use dp_linalg::{ExactProductSum, Mat};
///
/// let left = Mat::from_fn(3, 2, |i, j| (i + j) as f64); // 3 terms, r = 2
/// let right = Mat::from_fn(3, 1, |i, _| i as f64 - 1.0); // 3 terms, c = 1
/// let mut sum = ExactProductSum::new(2, 1, 3, 1)?;
/// sum.add_tn(left.as_ref(), right.as_ref())?;
/// sum.add_nn(left.transpose().as_ref(), right.as_ref())?;
/// assert_eq!(sum.rows_seen(), 6);
/// assert_eq!(sum.into_sums(), [2 * (-1 * 0 + 2), 2 * (-1 * 1 + 3)]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Clone)]
pub struct ExactProductSum {
    nrows: usize,
    ncols: usize,
    max_abs_left: u64,
    max_abs_right: u64,
    /// `f64` sums since the last flush, row-major.
    partial: Vec<f64>,
    rows_in_partial: u64,
    /// Row-major, wrapping.
    flushed: Vec<i64>,
    rows_seen: u64,
}

impl ExactProductSum {
    /// An empty sum of shape `(nrows, ncols)` for entries within the two public bounds.
    ///
    /// Memory is 16 bytes an entry, whatever the number of terms.
    ///
    /// # Errors
    /// [`Error::ProductTooLarge`] when `max_abs_left · max_abs_right ≥ 2⁵³`: then one product may already round.
    ///
    /// # Panics
    /// When `nrows · ncols` is beyond `usize`.
    pub fn new(nrows: usize, ncols: usize, max_abs_left: u64, max_abs_right: u64) -> Result<Self, Error> {
        let product = max_abs_left.checked_mul(max_abs_right);
        if product.is_none_or(|product| product > LARGEST_PARTIAL) {
            return Err(Error::ProductTooLarge { max_abs_left, max_abs_right });
        }
        let len = nrows.checked_mul(ncols).expect("the number of sums must be addressable");
        Ok(Self {
            nrows,
            ncols,
            max_abs_left,
            max_abs_right,
            partial: vec![0.0; len],
            rows_in_partial: 0,
            flushed: vec![0; len],
            rows_seen: 0,
        })
    }

    /// Adds `leftᵀ·right`: `left` is `(b, r)`, `right` is `(b, c)`, and each of the `b` rows is one term.
    ///
    /// Any `b` is fine; nothing grows with `b` or with the number of calls.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the shapes do not fit; then nothing was added.
    pub fn add_tn(&mut self, left: MatRef<'_>, right: MatRef<'_>) -> Result<(), Error> {
        let fits = left.nrows() == right.nrows() && (left.ncols(), right.ncols()) == self.shape();
        Self::check(fits, left, right)?;
        self.add_blocks(left.nrows(), |partial, block| {
            let (left, right) = (left.subrows(block.clone()), right.subrows(block));
            run_one(partial, Accumulate::Add, left.to_faer().transpose(), right.to_faer());
        });
        Ok(())
    }

    /// Adds `left·right`: `left` is `(r, b)`, one *column* a term, and `right` is `(b, c)`.
    ///
    /// This is [`add_tn`](Self::add_tn) for a left factor that is stored feature after feature. It is the call for
    /// hot loops: any `b` is fine, and a few hundred are enough for the speed of a large square product.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the shapes do not fit; then nothing was added.
    pub fn add_nn(&mut self, left: MatRef<'_>, right: MatRef<'_>) -> Result<(), Error> {
        let fits = left.ncols() == right.nrows() && (left.nrows(), right.ncols()) == self.shape();
        Self::check(fits, left, right)?;
        self.add_blocks(right.nrows(), |partial, block| {
            let (left, right) = (left.subcols(block.clone()), right.subrows(block));
            run_one(partial, Accumulate::Add, left.to_faer(), right.to_faer());
        });
        Ok(())
    }

    /// Adds the sums of `other`, as if its terms had been added here.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] or [`Error::BoundMismatch`] when the two were not made alike; then nothing was added.
    pub fn merge(&mut self, other: Self) -> Result<(), Error> {
        if self.shape() != other.shape() {
            let (left, right) = (self.shape(), other.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Merge, left, right });
        }
        if self.bounds() != other.bounds() {
            return Err(Error::BoundMismatch { left: self.bounds(), right: other.bounds() });
        }
        self.rows_seen = self.rows_seen.saturating_add(other.rows_seen);
        for (sum, added) in self.flushed.iter_mut().zip(other.into_sums()) {
            *sum = sum.wrapping_add(added);
        }
        Ok(())
    }

    /// The sums, row-major `(r, c)`; see the [guarantee](Self#guarantee).
    #[must_use]
    pub fn into_sums(mut self) -> Vec<i64> {
        self.flush();
        self.flushed
    }

    /// The sums so far, and a new start from zero.
    #[must_use]
    pub fn take_sums(&mut self) -> Vec<i64> {
        self.flush();
        self.rows_seen = 0;
        let zeros = vec![0; self.flushed.len()];
        core::mem::replace(&mut self.flushed, zeros)
    }

    /// `(r, c)`.
    #[must_use]
    pub const fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    /// The public bounds `(max_abs_left, max_abs_right)`.
    #[must_use]
    pub const fn bounds(&self) -> (u64, u64) {
        (self.max_abs_left, self.max_abs_right)
    }

    /// Rows of data added so far, each one term of every sum; those of merged sums are among them.
    #[must_use]
    pub const fn rows_seen(&self) -> u64 {
        self.rows_seen
    }

    /// Rows for which no sum can leave `i64`: the largest `n` with `n · max_abs_left · max_abs_right < 2⁶³`.
    ///
    /// Beyond it sums are exact modulo 2⁶⁴: still order-free, and still right where the true sum fits `i64`.
    #[must_use]
    pub const fn exact_rows(&self) -> u64 {
        quotient_or_max(i64::MAX as u64, self.max_abs_left * self.max_abs_right)
    }

    /// Rows that one `f64` partial sum may take.
    const fn partial_rows(&self) -> u64 {
        quotient_or_max(LARGEST_PARTIAL, self.max_abs_left * self.max_abs_right)
    }

    fn check(fits: bool, left: MatRef<'_>, right: MatRef<'_>) -> Result<(), Error> {
        let operation = Operation::ExactProduct;
        if fits {
            Ok(())
        } else {
            Err(Error::ShapeMismatch { operation, left: left.shape(), right: right.shape() })
        }
    }

    /// Cuts `terms` into blocks that the partial sums have room for, and flushes when they have none.
    fn add_blocks(&mut self, terms: usize, add: impl Fn(faer::MatMut<'_, f64>, Range<usize>)) {
        let mut start = 0;
        while start < terms {
            if self.rows_in_partial == self.partial_rows() {
                self.flush();
            }
            let room = self.partial_rows() - self.rows_in_partial;
            let len = (terms - start).min(BLOCK).min(usize::try_from(room).unwrap_or(usize::MAX));
            if !self.partial.is_empty() {
                let partial = MatMut::from_checked(&mut self.partial, self.nrows, self.ncols, self.ncols);
                add(partial.into_faer(), start..start + len);
            }
            self.rows_in_partial += len as u64;
            start += len;
        }
        self.rows_seen = self.rows_seen.saturating_add(terms as u64);
    }

    /// Moves the partial sums, integers below 2⁵³ in magnitude, into `i64`.
    fn flush(&mut self) {
        for (sum, partial) in self.flushed.iter_mut().zip(&mut self.partial) {
            *sum = sum.wrapping_add(*partial as i64);
            *partial = 0.0;
        }
        self.rows_in_partial = 0;
    }
}

/// `⌊numerator / denominator⌋`, and "no limit" for zero.
const fn quotient_or_max(numerator: u64, denominator: u64) -> u64 {
    match numerator.checked_div(denominator) {
        Some(quotient) => quotient,
        None => u64::MAX,
    }
}

/// Redacted: private data passes through the sums.
impl fmt::Debug for ExactProductSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactProductSum")
            .field("shape", &self.shape())
            .field("bounds", &self.bounds())
            .finish_non_exhaustive()
    }
}

/// Whether every entry is an integer of magnitude at most `max_abs`; NaN and infinities are not.
///
/// ```
/// use dp_linalg::{MatRef, is_integral_within};
///
/// let a = MatRef::new(&[-3.0, 2.0], 1, 2)?;
/// assert!(is_integral_within(a, 3) && !is_integral_within(a, 2));
/// assert!(!is_integral_within(MatRef::new(&[0.5], 1, 1)?, 3));
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[must_use]
pub fn is_integral_within(matrix: MatRef<'_>, max_abs: u64) -> bool {
    // the cast is exact below 2¹²⁸ and saturates above, so that ∞ compares as too large
    let fits = |entry: f64| entry.trunc() == entry && entry.abs() as u128 <= u128::from(max_abs);
    matrix.rows().flatten().all(|&entry| fits(entry))
}
