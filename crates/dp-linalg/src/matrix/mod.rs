//! Row-major matrices: the owner [`Mat`] and its views [`MatRef`] and [`MatMut`].
//!
//! Rows are records. An entry `(i, j)` lives at `i · row_stride + j`; an owner is contiguous, a view may skip entries
//! between rows. Shapes with no row or no column are ordinary values everywhere.

mod owned;
mod view;
mod view_mut;

pub use owned::Mat;
pub use view::{MatRef, Rows};
pub use view_mut::MatMut;

use crate::{Error, Scalar};

/// Entries a buffer must have for a view of this shape; the last row needs no padding.
fn required_len(nrows: usize, ncols: usize, row_stride: usize) -> Result<usize, Error> {
    if nrows == 0 || ncols == 0 {
        return Ok(0);
    }
    let too_large = Error::TooLarge { nrows, row_stride };
    (nrows - 1).checked_mul(row_stride).and_then(|start| start.checked_add(ncols)).ok_or(too_large)
}

/// Refuses overlapping rows and buffers that are too short.
fn check_layout(len: usize, nrows: usize, ncols: usize, row_stride: usize) -> Result<(), Error> {
    if row_stride < ncols {
        return Err(Error::RowStride { ncols, row_stride });
    }
    let expected = required_len(nrows, ncols, row_stride)?;
    if len < expected { Err(Error::BufferLength { expected, found: len }) } else { Ok(()) }
}

/// Shape and at most a corner of 4 × 4 entries.
fn debug_matrix<T: Scalar>(
    matrix: MatRef<'_, T>,
    name: &str,
    f: &mut core::fmt::Formatter<'_>,
) -> core::fmt::Result {
    const SHOWN: usize = 4;
    write!(f, "{name} {} x {} [", matrix.nrows(), matrix.ncols())?;
    for (i, row) in matrix.rows().take(SHOWN).enumerate() {
        let corner = &row[..row.len().min(SHOWN)];
        let columns_left = if row.len() > SHOWN { ", …" } else { "" };
        write!(f, "{}[", if i == 0 { "" } else { ", " })?;
        for (j, entry) in corner.iter().enumerate() {
            write!(f, "{}{entry:?}", if j == 0 { "" } else { ", " })?;
        }
        write!(f, "{columns_left}]")?;
    }
    f.write_str(if matrix.nrows() > SHOWN { ", …]" } else { "]" })
}
