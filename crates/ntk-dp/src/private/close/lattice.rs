//! Points as integers.

use super::options::CloseOptions;
use crate::Error;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::{FixedSizeAdjacency, RowLattice};

/// Steps of a displacement for each `√d`, as a power of two: `2⁻²⁰` of the sensitivity is rounding.
const BITS: u8 = 20;
/// Largest radius in steps, as a power of two: points are `f64` of 53 bits.
const RADIUS_BITS: u8 = 48;
/// The same for points whose squared products with queries stay below 2¹²⁷ in sums.
const QUERY_BITS: u8 = 24;

/// For noise on points, and for kernels of them.
pub(super) fn point_lattice<A: FixedSizeAdjacency>(options: &CloseOptions, adjacency: A) -> RowLattice<A> {
    RowLattice::fitting(adjacency, options.ball(), (BITS, RADIUS_BITS))
}

/// Coarser, for exact integer kernels.
pub(super) fn query_lattice<A: FixedSizeAdjacency>(options: &CloseOptions, adjacency: A) -> RowLattice<A> {
    RowLattice::fitting(adjacency, options.ball(), (BITS, QUERY_BITS))
}

/// The integers of all points, one after another; each point by itself.
pub(super) fn encoded<A: FixedSizeAdjacency>(
    lattice: &RowLattice<A>,
    points: MatRef<'_>,
) -> Result<Vec<i64>, Error> {
    let mut integers = Vec::with_capacity(points.nrows() * points.ncols());
    for point in points.rows() {
        integers.extend(lattice.encode(point)?);
    }
    Ok(integers)
}

/// The points on the lattice, in units of data.
pub(super) fn rounded<A: FixedSizeAdjacency>(
    lattice: &RowLattice<A>,
    points: MatRef<'_>,
) -> Result<Mat, Error> {
    let values = encoded(lattice, points)?.into_iter().map(|x| x as f64 * lattice.step()).collect();
    Ok(Mat::from_vec(points.nrows(), points.ncols(), values)?)
}
