//! Rows as integers.

use super::options::CloseOptions;
use crate::Error;
use dp_linalg::MatRef;
use dp_mechanisms::rows::{FixedSizeAdjacency, RowLattice};

/// Steps of a displacement for each `√d`, as a power of two: `2⁻²⁰` of the sensitivity is rounding.
const BITS: u8 = 20;
/// Largest radius in steps, as a power of two: rows are `f64` of 53 bits.
const RADIUS_BITS: u8 = 48;

/// The lattice of rows under these options.
pub(super) fn row_lattice<A: FixedSizeAdjacency>(options: &CloseOptions, adjacency: A) -> RowLattice<A> {
    RowLattice::fitting(adjacency, options.ball(), (BITS, RADIUS_BITS))
}

/// The integers of all rows, one after another; each row by itself.
pub(super) fn encoded<A: FixedSizeAdjacency>(
    lattice: &RowLattice<A>,
    rows: MatRef<'_>,
) -> Result<Vec<i64>, Error> {
    let mut integers = Vec::with_capacity(rows.nrows() * rows.ncols());
    for row in rows.rows() {
        integers.extend(lattice.encode(row)?);
    }
    Ok(integers)
}
