//! How far the integers move between neighbours, each bound beside its proof.

use crate::encode::RADIUS_STEPS;
use dp_mechanisms::{AddRemoveRow, Adjacency, LatticeL2Sensitivity, ReplaceRow};

/// `N²`.
const SQUARE: u128 = (RADIUS_STEPS as u128).pow(2);

/// Adjacencies that the means know a sensitivity for.
///
/// # Example
///
/// ```
/// use column_means_dp::MeanAdjacency;
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow};
///
/// let (added, replaced) = (AddRemoveRow.sensitivity()?, ReplaceRow.sensitivity()?);
/// assert_eq!(replaced.square(), 2 * added.square()); // √2 of the noise, not 2: the number of rows stays
/// # Ok::<(), column_means_dp::Error>(())
/// ```
pub trait MeanAdjacency: Adjacency {
    /// Bound on the L2 distance of the integers `(Σ z, N·n)` of neighbours.
    ///
    /// # Errors
    ///
    /// None in practice: the bounds are positive constants.
    fn sensitivity(self) -> Result<LatticeL2Sensitivity<Self>, crate::Error>;
}

impl MeanAdjacency for AddRemoveRow {
    /// One row more adds `(z, N)` with `‖z‖ ≤ N`: at most `2N²` in square.
    fn sensitivity(self) -> Result<LatticeL2Sensitivity<Self>, crate::Error> {
        Ok(LatticeL2Sensitivity::from_square(2 * SQUARE, self)?)
    }
}

impl MeanAdjacency for ReplaceRow {
    /// Another row in its place adds `(z' − z, 0)` with `‖z' − z‖ ≤ 2N`: at most `4N²` in square.
    fn sensitivity(self) -> Result<LatticeL2Sensitivity<Self>, crate::Error> {
        Ok(LatticeL2Sensitivity::from_square(4 * SQUARE, self)?)
    }
}
