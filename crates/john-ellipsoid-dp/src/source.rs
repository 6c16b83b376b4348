//! Rows in memory, and rows that are read again in each pass.

use crate::sparse::LiftedSparse;
use crate::{Block, Error};
use core::ops::Range;
use dp_linalg::{Mat, MatRef};

/// Rows `(n, d)` that can be read from beginning to end as often as needed, in blocks of any size.
///
/// Each pass must give the same rows in the same order; a pass of another length is refused
/// ([`Error::SourceChanged`]). A matrix is one block, and so are [`SparseRows`](crate::SparseRows). [`StreamedRows`] reads blocks that
/// are made or loaded anew in each pass.
///
/// In a solve, a row with a NaN, an infinite entry or one beyond 1e150 is left out, whatever the other rows are, and counted
/// ([`JohnEllipsoid::dropped_rows`](crate::JohnEllipsoid::dropped_rows)). Rows keep their numbers.
pub trait RowSource {
    /// `d`.
    fn ncols(&self) -> usize;

    /// Shows every block to the visitor, in order.
    ///
    /// # Errors
    /// Those of the visitor, as they are; [`Error::Source`] when rows cannot be read.
    fn for_each_block(&mut self, visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), Error>)
    -> Result<(), Error>;

    /// The same rows in the form in which they are stored; sources of sparse rows override it, and solvers ask for it.
    ///
    /// # Errors
    /// Those of [`for_each_block`](Self::for_each_block).
    fn for_each_stored_block(
        &mut self,
        visit: &mut dyn FnMut(Block<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.for_each_block(&mut |block| visit(Block::Dense(block)))
    }
}

impl RowSource for MatRef<'_> {
    fn ncols(&self) -> usize {
        MatRef::ncols(*self)
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        visit(*self)
    }
}

impl<S: RowSource + ?Sized> RowSource for &mut S {
    fn ncols(&self) -> usize {
        (**self).ncols()
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        (**self).for_each_block(visit)
    }

    fn for_each_stored_block(
        &mut self,
        visit: &mut dyn FnMut(Block<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        (**self).for_each_stored_block(visit)
    }
}

/// Blocks that a closure makes anew in each pass; only one is in memory at a time.
///
/// Blocks of some ten thousand rows keep several threads busy.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{JohnOptions, StreamedRows, john_ellipsoid};
///
/// // 5 blocks of 100 points on the unit circle, never in memory together
/// let block = |b: usize| Mat::from_fn(100, 2, |i, j| {
///     let angle = (100 * b + i) as f64;
///     if j == 0 { angle.cos() } else { angle.sin() }
/// });
/// let rows = StreamedRows::new(2, || (0..5).map(|b| Ok(block(b))));
/// let john = john_ellipsoid(rows, &JohnOptions::default())?;
/// assert_eq!(john.rows(), 500);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct StreamedRows<F> {
    ncols: usize,
    blocks: F,
}

impl<F, I> StreamedRows<F>
where
    F: FnMut() -> I,
    I: Iterator<Item = Result<Mat, std::io::ErrorKind>>,
{
    /// `blocks()` begins a pass: its iterator yields matrices with `ncols` columns.
    pub const fn new(ncols: usize, blocks: F) -> Self {
        Self { ncols, blocks }
    }
}

impl<F, I> RowSource for StreamedRows<F>
where
    F: FnMut() -> I,
    I: Iterator<Item = Result<Mat, std::io::ErrorKind>>,
{
    fn ncols(&self) -> usize {
        self.ncols
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        (self.blocks)().try_for_each(|block| visit(block.map_err(Error::Source)?.as_ref()))
    }
}

/// Rows of a lifted block that are held at once.
const LIFTED_ROWS: usize = 8192;

/// The rows `(a, 1)` of another source: general points become a symmetric problem in one dimension more.
#[derive(Debug)]
pub(crate) struct Lifted<S>(pub(crate) S);

impl<S: RowSource> RowSource for Lifted<S> {
    fn ncols(&self) -> usize {
        self.0.ncols() + 1
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let d = self.0.ncols();
        self.0.for_each_block(&mut |block| {
            check_width(d, block)?;
            parts(block.nrows()).try_for_each(|part| visit(lift(block.subrows(part)).as_ref()))
        })
    }

    fn for_each_stored_block(
        &mut self,
        visit: &mut dyn FnMut(Block<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let d = self.0.ncols();
        self.0.for_each_stored_block(&mut |block| {
            same_width(d, block.ncols())?;
            parts(block.nrows()).try_for_each(|part| match block.subrows(part) {
                Block::Dense(rows) => visit(Block::Dense(lift(rows).as_ref())),
                Block::Sparse(rows) => visit(Block::Sparse(LiftedSparse::new(rows).as_rows())),
            })
        })
    }
}

fn parts(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(LIFTED_ROWS).map(move |start| start..n.min(start + LIFTED_ROWS))
}

fn lift(rows: MatRef<'_>) -> Mat {
    let d = rows.ncols();
    Mat::from_fn(rows.nrows(), d + 1, |i, j| if j < d { rows[(i, j)] } else { 1.0 })
}

pub(crate) fn check_width(expected: usize, block: MatRef<'_>) -> Result<(), Error> {
    same_width(expected, block.ncols())
}

pub(crate) fn same_width(expected: usize, found: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Length { expected, found }) }
}

/// Beyond this, an entry counts as an overflow of whoever made it: products of two stay finite.
const LARGEST_ENTRY: f64 = 1e150;

/// Whether a row takes part; a function of this row alone.
pub(crate) fn takes_part(row: &[f64]) -> bool {
    // without a branch: the compiler may use vectors
    row.iter().fold(true, |all, entry| all & (entry.abs() <= LARGEST_ENTRY))
}
