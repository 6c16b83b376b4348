//! Private rows with their targets, and the adjacency that protects them.

use crate::Error;
use core::fmt;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::Adjacency;

/// What is to be predicted, one for each row.
///
/// ```
/// use ntk_dp::private::Targets;
///
/// let labels = [0, 2, 1];
/// assert_eq!(Targets::Classes(&labels).rows(), 3);
/// assert_eq!(format!("{:?}", Targets::Classes(&labels)), "Targets::Classes { .. }");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Targets<'a> {
    /// Classes, from 0. A record with a label that is no class counts as nothing.
    Classes(&'a [usize]),
    /// Numbers `(n, k)`. A record with one that is not finite counts as nothing.
    Values(MatRef<'a>),
}

impl Targets<'_> {
    /// For how many rows.
    #[must_use]
    pub fn rows(self) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Values(values) => values.nrows(),
        }
    }
}

/// The kind only: how many rows there are may be private.
impl fmt::Debug for Targets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Classes(_) => "Targets::Classes",
            Self::Values(_) => "Targets::Values",
        };
        f.debug_struct(name).finish_non_exhaustive()
    }
}

/// Rows of features `(n, D)` with their targets, which can be read from beginning to end as often as needed, in blocks of any size.
///
/// # Features must be a function of their record alone
/// To the last bit, or removing one record moves others. Entries as they are stored, sums and products of one row in a fixed order, and
/// integer products below `2⁵³` are. A floating-point product of a *block* of records with a matrix need not be: last bits depend on a record's place in
/// the block, which shifts where another record is removed. Compute such features one row at a time, or with integer weights on integer
/// entries; under [`ReplaceRow`](dp_mechanisms::ReplaceRow), blocks of a fixed shape do.
///
/// `(features, labels)` and `(features, values)` are one block each. [`StreamedRecords`] makes or loads blocks anew in each pass. Each pass
/// should give the same rows; what is released is private all the same, for the rows that each pass gave.
///
/// # Every record has its target
/// Blocks hold as many targets as rows. Calls fail if one does not ([`Error::TargetCount`]): that is a mistake of the source, which must not depend on
/// what records hold.
pub trait LabelledRows {
    /// `D`.
    fn dim(&self) -> usize;

    /// Shows every block to the visitor.
    ///
    /// # Errors
    /// Those of the visitor, as they are; [`Error::Source`] when rows cannot be read.
    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>, Targets<'_>) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

impl LabelledRows for (MatRef<'_>, &[usize]) {
    fn dim(&self) -> usize {
        self.0.ncols()
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>, Targets<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(self.0, Targets::Classes(self.1))
    }
}

impl LabelledRows for (MatRef<'_>, MatRef<'_>) {
    fn dim(&self) -> usize {
        self.0.ncols()
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>, Targets<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(self.0, Targets::Values(self.1))
    }
}

impl<S: LabelledRows + ?Sized> LabelledRows for &mut S {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>, Targets<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        (**self).for_each_block(visit)
    }
}

/// Blocks that a closure makes anew in each pass; only one is in memory at a time.
///
/// Blocks of some thousand rows keep several threads busy.
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::private::{LabelledRows, StreamedRecords};
///
/// // 3 blocks of 100 rows, never in memory together
/// let block = |b: usize| (Mat::from_fn(100, 4, |i, j| ((100 * b + i) * (j + 1)) as f64), vec![b; 100]);
/// let mut rows = StreamedRecords::new(4, || (0..3).map(|b| Ok(block(b))));
/// let mut seen = 0;
/// rows.for_each_block(&mut |features, _| {
///     seen += features.nrows();
///     Ok(())
/// })?;
/// assert_eq!(seen, 300);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct StreamedRecords<F> {
    dim: usize,
    blocks: F,
}

impl<F> StreamedRecords<F> {
    /// `blocks()` begins a pass: its iterator yields features with `dim` columns, and their classes (`Vec<usize>`) or values ([`Mat`]).
    pub const fn new(dim: usize, blocks: F) -> Self {
        Self { dim, blocks }
    }
}

/// Targets that a block owns.
pub trait OwnedTargets {
    /// A view of them.
    fn targets(&self) -> Targets<'_>;
}

impl OwnedTargets for Vec<usize> {
    fn targets(&self) -> Targets<'_> {
        Targets::Classes(self)
    }
}

impl OwnedTargets for Mat {
    fn targets(&self) -> Targets<'_> {
        Targets::Values(self.as_ref())
    }
}

impl<F, I, T> LabelledRows for StreamedRecords<F>
where
    F: FnMut() -> I,
    I: Iterator<Item = Result<(Mat, T), std::io::ErrorKind>>,
    T: OwnedTargets,
{
    fn dim(&self) -> usize {
        self.dim
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>, Targets<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        (self.blocks)().try_for_each(|block| {
            let (features, targets) = block.map_err(Error::Source)?;
            visit(features.as_ref(), targets.targets())
        })
    }
}

/// Private records, features with a target each, and the adjacency that protects them: features *and* targets.
///
/// The adjacency is chosen here, once, and follows by type inference into the guarantee. `Debug` shows no entry.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::AddRemoveRow;
/// use ntk_dp::private::PrivateRecords;
///
/// let (features, labels) = (Mat::zeros(100, 8), vec![0_usize; 100]);
/// let private = PrivateRecords::new(AddRemoveRow, (features.as_ref(), &labels[..]));
/// assert_eq!(format!("{private:?}"), "PrivateRecords { adjacency: add_remove_row, dim: 8, .. }");
/// ```
pub struct PrivateRecords<A, S> {
    adjacency: A,
    source: S,
}

impl<A: Adjacency, S: LabelledRows> PrivateRecords<A, S> {
    /// States what counts as a neighbour of these records.
    pub const fn new(adjacency: A, source: S) -> Self {
        Self { adjacency, source }
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// `D`.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.source.dim()
    }

    pub(crate) fn into_source(self) -> S {
        self.source
    }
}

impl<A: Adjacency, S: LabelledRows> fmt::Debug for PrivateRecords<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateRecords")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("dim", &self.source.dim())
            .finish_non_exhaustive()
    }
}
