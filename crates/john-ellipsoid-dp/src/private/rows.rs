//! Private rows, with the adjacency that protects them.

use crate::RowSource;
use core::fmt;
use dp_mechanisms::Adjacency;

/// Private rows `(n, d)`, in memory or read in passes, with the adjacency that protects them.
///
/// The adjacency is chosen here, once, and follows by type inference into the guarantee. `Debug` shows no entry.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::AddRemoveRow;
/// use john_ellipsoid_dp::private::PrivateRows;
///
/// let rows = Mat::zeros(100, 8);
/// let private = PrivateRows::new(AddRemoveRow, rows.as_ref());
/// assert_eq!(format!("{private:?}"), "PrivateRows { adjacency: add_remove_row, dim: 8, .. }");
/// ```
pub struct PrivateRows<A, S> {
    adjacency: A,
    source: S,
}

impl<A: Adjacency, S: RowSource> PrivateRows<A, S> {
    /// States what counts as a neighbour of these rows.
    pub const fn new(adjacency: A, source: S) -> Self {
        Self { adjacency, source }
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// `d`.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.source.ncols()
    }

    pub(crate) fn into_source(self) -> S {
        self.source
    }
}

impl<A: Adjacency, S: RowSource> fmt::Debug for PrivateRows<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateRows")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("dim", &self.source.ncols())
            .finish_non_exhaustive()
    }
}
