//! Sums over points of features times values, `Σᵢ φ(xᵢ) vᵢᵀ`, block by block: the matrix of all features never exists.

mod fixed_point;
mod real;

pub use fixed_point::FixedPointMoments;
pub use real::Moments;

use crate::error::{Error, check_len};
use core::ops::Range;
use dp_linalg::{Mat, MatRef};

/// Points of one block: enough to amortise a pass over the `(r, c)` sums, few enough that 495 features of each take half
/// a second-level cache of one megabyte. Measured there, no size from 64 to 1024 was clearly faster.
pub(crate) const BLOCK_POINTS: usize = 128;

/// The ranges of rows that make up blocks of at most `size`.
pub(crate) fn blocks(rows: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(size).map(move |start| start..rows.min(start + size))
}

fn check_block(dim: usize, columns: usize, points: MatRef<'_>, values: MatRef<'_>) -> Result<(), Error> {
    check_len(dim, points.ncols())?;
    check_len(columns, values.ncols())?;
    if points.nrows() == values.nrows() {
        Ok(())
    } else {
        Err(Error::RowCount { points: points.nrows(), values: values.nrows() })
    }
}

/// A copy of a block of value rows in which invalid rows are zero.
#[derive(Clone)]
struct ValueRows(Mat);

impl ValueRows {
    fn new(block: usize, columns: usize) -> Self {
        Self(Mat::zeros(block, columns))
    }

    /// A row counts if each of its entries is valid; otherwise all of it is zero.
    fn load(&mut self, values: MatRef<'_>, is_valid: impl Fn(f64) -> bool) -> MatRef<'_> {
        for (i, row) in values.rows().enumerate() {
            let copy = self.0.row_mut(i);
            copy.copy_from_slice(row);
            // no early exit: the loop is branch-free and vectorises
            if !row.iter().fold(true, |valid, &value| valid & is_valid(value)) {
                copy.fill(0.0);
            }
        }
        self.0.as_ref().subrows(0..values.nrows())
    }
}
