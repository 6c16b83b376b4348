//! How far an integer gradient moves between neighbours, each bound beside its proof.

use super::super::sensitivity::RecordAdjacency;
use crate::claims;
use dp_mechanisms::{AddRemoveRow, ReplaceRow};

/// Adjacencies that gradients know a sensitivity for.
///
/// At given weights a record is an integer row `z`, `‖z‖² ≤ N`, with an integer residual `r`, `‖r‖² ≤ M`. It adds the matrix `zrᵀ`, with
/// `‖zrᵀ‖_F = ‖z‖‖r‖`.
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow};
/// use ntk_dp::private::DescentAdjacency;
///
/// assert_eq!(AddRemoveRow::squared_gradient(9, 4), 36);
/// assert_eq!(ReplaceRow::squared_gradient(9, 4), 144);
/// ```
pub trait DescentAdjacency: RecordAdjacency {
    /// Id of the claim that states the bound.
    const GRADIENT_CLAIM: &'static str;

    /// Bound on the square of the distance of `Σ zrᵀ` between neighbours.
    fn squared_gradient(squared_row: u128, squared_residual: u128) -> u128;
}

impl DescentAdjacency for AddRemoveRow {
    const GRADIENT_CLAIM: &'static str = claims::DESCENT_SENSITIVITY;

    /// `NM`.
    fn squared_gradient(squared_row: u128, squared_residual: u128) -> u128 {
        squared_row * squared_residual
    }
}

impl DescentAdjacency for ReplaceRow {
    const GRADIENT_CLAIM: &'static str = claims::DESCENT_SENSITIVITY;

    /// `4NM`: by the triangle inequality, and attained by `z' = −z`, `r' = r`.
    fn squared_gradient(squared_row: u128, squared_residual: u128) -> u128 {
        4 * squared_row * squared_residual
    }
}
