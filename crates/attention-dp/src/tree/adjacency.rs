//! How far the nodes of trees move between neighbours, each bound beside its proof.

use dp_mechanisms::{AddRemoveRow, Adjacency, Error, LatticeL1Sensitivity, LatticeL2Sensitivity, ReplaceRow};

/// Adjacencies that trees over *bins of values* know a sensitivity for: a row falls into the leaf that its own value names, and
/// no other row decides about that.
///
/// # Example
///
/// ```
/// use attention_dp::TreeAdjacency;
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow};
///
/// assert_eq!((AddRemoveRow::ROWS, ReplaceRow::ROWS), (1, 2));
/// ```
pub trait TreeAdjacency: Adjacency {
    /// Rows that come or go: one is added or removed; a replacement is both.
    const ROWS: u64;

    /// Bound on the L1 distance over nodes of which one row fills at most one, with entries of L1 norm at most `row`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero, [`Error::SensitivityOverflow`] beyond 64 bits.
    fn l1(self, row: u64) -> Result<LatticeL1Sensitivity<Self>, Error> {
        let overflow = Error::SensitivityOverflow { left: row.into(), right: Self::ROWS.into() };
        LatticeL1Sensitivity::new(row.checked_mul(Self::ROWS).ok_or(overflow)?, self)
    }

    /// Bound on the L2 distance over all nodes, where what one row adds has squared norm at most `squared_row`, and what two
    /// rows add never has an inner product below `−opposition`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero, [`Error::SensitivityOverflow`] beyond 128 bits.
    fn l2(self, squared_row: u128, opposition: u128) -> Result<LatticeL2Sensitivity<Self>, Error>;
}

impl TreeAdjacency for AddRemoveRow {
    const ROWS: u64 = 1;

    fn l2(self, squared_row: u128, _: u128) -> Result<LatticeL2Sensitivity<Self>, Error> {
        LatticeL2Sensitivity::from_square(squared_row, self)
    }
}

impl TreeAdjacency for ReplaceRow {
    const ROWS: u64 = 2;

    /// `‖x − x'‖² = ‖x‖² + ‖x'‖² − 2⟨x, x'⟩`.
    fn l2(self, squared_row: u128, opposition: u128) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let overflow = Error::SensitivityOverflow { left: squared_row, right: opposition };
        let sum = squared_row.checked_add(opposition).ok_or(overflow)?;
        LatticeL2Sensitivity::from_square_product(2, sum, self)
    }
}
