//! How far integer moments move between neighbours, each bound beside its proof.

use crate::claims;
use dp_mechanisms::{AddRemoveRow, Adjacency, ReplaceRow};

/// Adjacencies that the moments of records know a sensitivity for.
///
/// A record is an integer row `z`, `‖z‖² ≤ N`, with an integer target `y`, `‖y‖² ≤ Y`. It adds the symmetric matrix
///
/// ```text
/// S(z, y) = [ zzᵀ  zyᵀ ]        ‖S(z, y)‖_F² = ‖z‖⁴ + 2‖z‖²‖y‖²
///           [ yzᵀ   0  ]
/// ```
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow};
/// use ntk_dp::private::RecordAdjacency;
///
/// let (row, target) = (1_u128 << 34, 1 << 33);
/// assert_eq!(AddRemoveRow::squared_moments(row, target), 2 * row * row);
/// assert_eq!(ReplaceRow::squared_moments(row, target), 2 * (row + target) * (row + target)); // 4.5 in place of 2, not 8
/// ```
pub trait RecordAdjacency: Adjacency {
    /// Id of the claim that states the bound.
    const SENSITIVITY_CLAIM: &'static str;

    /// Bound on `‖S − S'‖_F²` between neighbours.
    fn squared_moments(squared_row: u128, squared_target: u128) -> u128;

    /// Bound on the square of the distance of `Σ(z, w)` between neighbours, `w` a constant with the square `squared_count`.
    fn squared_mean(squared_row: u128, squared_count: u128) -> u128;
}

impl RecordAdjacency for AddRemoveRow {
    const SENSITIVITY_CLAIM: &'static str = claims::RECORD_SENSITIVITY_ADD_REMOVE;

    /// `N² + 2NY`.
    fn squared_moments(squared_row: u128, squared_target: u128) -> u128 {
        squared_row * squared_row + 2 * squared_row * squared_target
    }

    /// `N + w²`.
    fn squared_mean(squared_row: u128, squared_count: u128) -> u128 {
        squared_row + squared_count
    }
}

impl RecordAdjacency for ReplaceRow {
    const SENSITIVITY_CLAIM: &'static str = claims::RECORD_SENSITIVITY_REPLACE;

    /// `2(N + Y)²` for `Y ≤ N`, else `8NY`.
    ///
    /// With `a = ‖z‖²`, `p = ⟨z, z'⟩`, `s = ⟨y, y'⟩` and so on,
    ///
    /// ```text
    /// ‖S − S'‖_F² = a² + a'² − 2p² + 2a‖y‖² + 2a'‖y'‖² − 4ps
    /// ```
    ///
    /// For fixed `p` and `s` this grows in `a`, `a'`, `‖y‖²` and `‖y'‖²`, and larger ones forbid no `p`, `|p| ≤ √(aa')`, and no `s`. So it
    /// is largest at `a = a' = N`, `‖y‖² = ‖y'‖² = Y`: there it is `2N² + 4NY + 2s² − 2(p + s)²` with `|p| ≤ N`, `|s| ≤ Y`. The best `p` is
    /// the one nearest to `−s`, which leaves `2N² + 4NY + 2s²` or, where `|s| > N`, `4N(Y + |s|)`. Both grow in `|s|`: `|s| = Y`. ∎
    ///
    /// Attained, in real numbers, by two rows of one class with `cos(z, z') = −Y/N`.
    fn squared_moments(squared_row: u128, squared_target: u128) -> u128 {
        if squared_target <= squared_row {
            2 * (squared_row + squared_target) * (squared_row + squared_target)
        } else {
            8 * squared_row * squared_target
        }
    }

    /// `4N`, from `‖z − z'‖ ≤ 2√N` with `w` in both; or `N + w²`, where one of the records is dropped.
    fn squared_mean(squared_row: u128, squared_count: u128) -> u128 {
        (4 * squared_row).max(squared_row + squared_count)
    }
}
