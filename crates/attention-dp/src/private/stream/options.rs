//! What a growing store is: all of it public.

use crate::error::Error;
use crate::options::MomentOptions;
use crate::private::MomentGeometry;
use crate::sensitivity::RowAdjacency;
use dp_mechanisms::continual::{History, StreamOptions};

/// How noise is shared between the batches of a stream.
///
/// # Example
///
/// ```
/// assert_eq!(attention_dp::Factorization::default(), attention_dp::Factorization::BinaryTree);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Factorization {
    /// Sums over dyadic intervals of batches ([`BinaryTreeSum`](dp_mechanisms::continual::BinaryTreeSum)): up to 2⁴⁰ batches,
    /// private memory for `log₂ T` moment matrices, and lattices of any size.
    #[default]
    BinaryTree,
    /// The square root of the prefix-sum matrix ([`SquareRootSum`](dp_mechanisms::continual::SquareRootSum)): for prefixes as for
    /// windows a smaller error than the tree's, three quarters of it at 32 batches and less than half at a thousand. It keeps up to 2T moment matrices, and takes `5 + ½ log₂ T` bits of
    /// the lattice: [`with_max_rows`](MomentOptions::with_max_rows) must be smaller by that. Up to
    /// [2¹⁴](StreamingOptions::MAX_SQUARE_ROOT_HORIZON) batches.
    SquareRoot,
}

/// Everything that determines a stream of moments, apart from the data, the budget and the random bits.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, Factorization, MomentOptions, Shape, StreamingOptions};
/// use dp_mechanisms::AddRemoveRow;
///
/// let (shape, bounds) = (Shape { key_dim: 4, value_dim: 2 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let moments = MomentOptions::new(shape, bounds, 4)
///     .with_max_rows(1 << 20);
/// let options = StreamingOptions::new(AddRemoveRow, moments, 365)
///     .with_factorization(Factorization::SquareRoot);
/// assert_eq!(options.horizon(), 365);
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamingOptions<A> {
    adjacency: A,
    moments: MomentOptions,
    horizon: u64,
    factorization: Factorization,
    history: History,
}

impl<A: RowAdjacency> StreamingOptions<A> {
    /// Longest stream for [`Factorization::SquareRoot`]: its decoder is checked in time quadratic in the horizon.
    pub const MAX_SQUARE_ROOT_HORIZON: u64 = 1 << 14;

    /// A stream of at most `horizon` batches. [`max_rows`](MomentOptions::with_max_rows) of the moments counts the rows of the
    /// *whole* stream. Nothing is checked until the options are used.
    #[must_use]
    pub const fn new(adjacency: A, moments: MomentOptions, horizon: u64) -> Self {
        Self { adjacency, moments, horizon, factorization: Factorization::BinaryTree, history: History::Kept }
    }

    /// How noise is shared. Default [`Factorization::BinaryTree`]. The guarantee is the same, errors are not.
    #[must_use]
    pub fn with_factorization(self, factorization: Factorization) -> Self {
        Self { factorization, ..self }
    }

    /// Whether earlier prefixes and ranges can be asked for. Default [`History::Kept`], which takes one or two moment
    /// matrices a batch. No effect on the guarantee.
    #[must_use]
    pub fn with_history(self, history: History) -> Self {
        Self { history, ..self }
    }

    /// What counts as a neighbour within a batch.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Options of the moments.
    #[must_use]
    pub const fn moments(&self) -> &MomentOptions {
        &self.moments
    }

    /// Number of batches that may come.
    #[must_use]
    pub const fn horizon(&self) -> u64 {
        self.horizon
    }

    /// How noise is shared.
    #[must_use]
    pub const fn factorization(&self) -> Factorization {
        self.factorization
    }

    /// Whether earlier prefixes and ranges can be asked for.
    #[must_use]
    pub const fn history(&self) -> History {
        self.history
    }

    pub(super) fn geometry(&self) -> Result<MomentGeometry, Error> {
        let limit = Self::MAX_SQUARE_ROOT_HORIZON;
        if self.factorization == Factorization::SquareRoot && self.horizon > limit {
            return Err(Error::Horizon { horizon: self.horizon, limit });
        }
        MomentGeometry::new(self.moments.clone())
    }

    /// The stream of integer matrices: a step is the sum over one batch.
    pub(super) fn stream(&self, geometry: &MomentGeometry) -> Result<StreamOptions<A>, Error> {
        let width = geometry.feature_count() * geometry.columns();
        let sensitivity = self.adjacency.sensitivity(geometry)?;
        Ok(StreamOptions::new(self.horizon, width, sensitivity)
            .with_lattice(geometry.lattice())
            .with_max_abs(geometry.max_abs_sum())
            .with_history(self.history))
    }
}
