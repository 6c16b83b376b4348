//! How far the integer moments move between neighbours, each bound beside its proof.

use crate::claims;
use crate::error::Error;
use crate::private::MomentGeometry;
use dp_mechanisms::{AddRemoveRow, Adjacency, LatticeL2Sensitivity, ReplaceRow};

/// Adjacencies that the moment release knows a sensitivity for.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentAdjacency, MomentGeometry, MomentOptions, Shape};
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow};
///
/// let geometry = MomentGeometry::new(MomentOptions::new(Shape { key_dim: 4, value_dim: 2 }, Bounds::new(1.0, 1.0, 1.0)?, 4))?;
/// let (one, two) = (AddRemoveRow.sensitivity(&geometry)?, ReplaceRow.sensitivity(&geometry)?);
/// assert_eq!(two.square(), 2 * one.square()); // not 4: rows never point apart
/// # Ok::<(), attention_dp::Error>(())
/// ```
pub trait MomentAdjacency: Adjacency {
    /// Id of the claim that states the bound.
    const SENSITIVITY_CLAIM: &'static str;

    /// Bound on the L2 distance of the integer moments of neighbours.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the square does not fit 128 bits.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error>;
}

impl MomentAdjacency for AddRemoveRow {
    const SENSITIVITY_CLAIM: &'static str = claims::SENSITIVITY_ADD_REMOVE;

    /// One row more adds `φ̃ũᵀ`, or nothing if the row is dropped: `Δ² = A²(V² + c̃²)`.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let (features, values) = geometry.squared_row_norm();
        Ok(LatticeL2Sensitivity::from_square_product(features, values, self)?)
    }
}

impl MomentAdjacency for ReplaceRow {
    const SENSITIVITY_CLAIM: &'static str = claims::SENSITIVITY_REPLACE;

    /// `‖φ̃ũᵀ − φ̃'ũ'ᵀ‖² = ‖φ̃ũᵀ‖² + ‖φ̃'ũ'ᵀ‖² − 2⟨φ̃,φ̃'⟩⟨ũ,ũ'⟩`, at most `2A²(V² + c̃²)` where
    /// [the inner products are proven nonnegative](MomentGeometry::rows_are_acute), else at most `4A²(V² + c̃²)`.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let (features, values) = geometry.squared_row_norm();
        let factor = if geometry.rows_are_acute() { 2 } else { 4 };
        Ok(LatticeL2Sensitivity::from_square_product(features, factor * values, self)?)
    }
}
