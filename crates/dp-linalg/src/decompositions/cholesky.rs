//! `A = LLᵀ` for a symmetric positive definite `A`.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltError, LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Accum, MatMut, Par, Spec};

use super::{check_range, check_square};
use crate::product::clear_upper_registers;
use crate::{Error, Mat, MatRef, Operation, Parallelism};

/// Rows that are factored at once: beyond them, most of the work is products.
const BLOCK: usize = 256;
/// Rows, or columns, that one thread works on at a time.
const STRIPE: usize = 256;

/// The factor of `A = LLᵀ`, with `L` lower triangular and a positive diagonal.
///
/// Only the lower triangle of `A` is used; the rest must be finite.
///
/// # Error bound
/// The computed factor is exact for a nearby matrix. Higham 2002, Theorem 10.3, has `γ_{n+1}`, with two roundings for
/// the root of a pivot and the division by it. The backend multiplies by a rounded reciprocal root instead, on both
/// sides of `LLᵀ`: two roundings squared, and one product each, make six.
///
/// ```text
/// |A − LLᵀ|ᵢⱼ ≤ γ_{n+6} (|L||Lᵀ|)ᵢⱼ,    γ_k = k·u / (1 − k·u),  u = 2⁻⁵³.
/// ```
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use dp_linalg::{Cholesky, Mat};
///
/// let a = Mat::from_vec(2, 2, vec![4.0, 2.0, 2.0, 5.0])?;
/// let cholesky = Cholesky::new(a.as_ref())?;
/// assert_eq!(cholesky.l().to_owned().as_slice(), [2.0, 0.0, 1.0, 2.0]);
/// let x = cholesky.solve(Mat::from_vec(2, 1, vec![8.0, 12.0])?.as_ref())?;
/// assert_relative_eq!(x.as_slice(), [1.0, 2.0].as_slice(), max_relative = 1e-14);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    l: Mat,
}

impl Cholesky {
    /// Factors a symmetric matrix of shape `(n, n)`; `n = 0` gives the empty factor.
    ///
    /// # Errors
    /// [`Error::NotSquare`], [`Error::NonFinite`], and [`Error::NotPositiveDefinite`] when a pivot is not positive: a
    /// singular matrix may go either way, by rounding.
    pub fn new(a: MatRef<'_>) -> Result<Self, Error> {
        Self::factor(a.to_owned(), Parallelism::Sequential)
    }

    /// The same, in the memory of the matrix itself, on several threads; [`into_l`](Self::into_l) gives it back.
    ///
    /// The result does not depend on the number of threads.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn factor(mut a: Mat, parallelism: Parallelism) -> Result<Self, Error> {
        check_square(a.as_ref())?;
        a.as_ref().check_finite()?;
        a.mirror_lower();
        let factored = factor_upper(a.as_mut().into_faer(), parallelism.get());
        clear_upper_registers();
        factored.map_err(|pivot| Error::NotPositiveDefinite { pivot })?;
        a.move_upper_to_lower();
        check_range(Operation::Cholesky, a.as_slice())?;
        Ok(Self { l: a })
    }

    /// `L` as its owner.
    #[must_use]
    pub fn into_l(self) -> Mat {
        self.l
    }

    /// `L`, shape `(n, n)`, zero above the diagonal.
    #[must_use]
    pub fn l(&self) -> MatRef<'_> {
        self.l.as_ref()
    }

    /// `A⁻¹B` for `B` of shape `(n, k)`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    pub fn solve(&self, b: MatRef<'_>) -> Result<Mat, Error> {
        let mut x = self.solve_lower(b)?;
        if !b.is_empty() {
            solve_upper_triangular_in_place(self.l().to_faer().transpose(), x.as_mut().into_faer(), Par::Seq);
            clear_upper_registers();
        }
        check_range(Operation::Solve, x.as_slice()).map(|()| x)
    }

    /// `L⁻¹B` for `B` of shape `(n, k)`: whitens columns with covariance `A`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    pub fn solve_lower(&self, b: MatRef<'_>) -> Result<Mat, Error> {
        if b.nrows() != self.l.nrows() {
            let (left, right) = (self.l.shape(), b.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Solve, left, right });
        }
        b.check_finite()?;
        let mut x = b.to_owned();
        if !b.is_empty() {
            solve_lower_triangular_in_place(self.l().to_faer(), x.as_mut().into_faer(), Par::Seq);
            clear_upper_registers();
        }
        check_range(Operation::Solve, x.as_slice()).map(|()| x)
    }

    /// `A⁻¹`, symmetric to the last bit.
    ///
    /// Prefer [`solve`](Self::solve) for a product with the inverse.
    ///
    /// # Errors
    /// [`Error::Overflow`].
    pub fn inverse(&self) -> Result<Mat, Error> {
        let mut inverse = self.solve(Mat::identity(self.l.nrows()).as_ref())?;
        inverse.mirror_lower();
        Ok(inverse)
    }

    /// `ln det A = 2 Σᵢ ln Lᵢᵢ`; 0 for `n = 0`.
    #[must_use]
    pub fn log_det(&self) -> f64 {
        2.0 * (0..self.l.nrows()).map(|i| self.l[(i, i)].ln()).sum::<f64>()
    }

    /// `xᵢᵀA⁻¹xᵢ = ‖L⁻¹xᵢ‖²` for each row of a matrix of shape `(m, n)`.
    ///
    /// With `A = XᵀX` these are the leverage scores of the rows of `X`, with `A = XᵀX + λI` the ridge leverage scores.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NonFinite`], [`Error::Overflow`].
    pub fn inverse_quadratic_forms(&self, rows: MatRef<'_>) -> Result<Vec<f64>, Error> {
        if rows.ncols() != self.l.nrows() {
            let (left, right) = (self.l.shape(), rows.shape());
            return Err(Error::ShapeMismatch { operation: Operation::Solve, left, right });
        }
        rows.check_finite()?;
        let whitened = self.solve_lower(rows.transpose().as_ref())?;
        let mut forms = vec![0.0; rows.nrows()];
        for row in whitened.rows() {
            forms.iter_mut().zip(row).for_each(|(form, entry)| *form += entry * entry);
        }
        check_range(Operation::Solve, &forms).map(|()| forms)
    }
}

/// `A = UᵀU` in the upper triangle, block row by block row; the lower one holds anything. The pivot that is not positive, if there is one.
fn factor_upper(mut a: MatMut<'_, f64>, threads: usize) -> Result<(), usize> {
    let n = a.nrows();
    for start in (0..n).step_by(BLOCK) {
        let end = n.min(start + BLOCK);
        let (_, _, _, rest) = a.as_mut().split_at_mut(start, start);
        let (mut diagonal, mut right, _, below) = rest.split_at_mut(end - start, end - start);
        factor_block(diagonal.as_mut()).map_err(|pivot| start + pivot)?;
        // U₁₂ = U₁₁⁻ᵀ A₁₂, and A₂₂ − U₁₂ᵀU₁₂
        let upper = diagonal.as_ref();
        in_threads(threads, column_stripes(right.as_mut()), |stripe| {
            solve_lower_triangular_in_place(upper.transpose(), stripe, Par::Seq);
        });
        let right = right.as_ref();
        in_threads(threads, row_stripes(below), |(first, stripe)| {
            let (rows, columns) = (stripe.nrows(), stripe.ncols());
            let (left, right) = (right.subcols(first, rows), right.subcols(first, columns));
            matmul(stripe, Accum::Add, left.transpose(), right, -1.0, Par::Seq);
        });
    }
    Ok(())
}

fn factor_block(a: MatMut<'_, f64>) -> Result<(), usize> {
    // columns of the transposed view are contiguous, which is what the backend is fast on
    let columns = a.transpose_mut();
    let mut memory =
        MemBuffer::new(cholesky_in_place_scratch::<f64>(columns.nrows(), Par::Seq, Spec::default()));
    let (stack, none) = (MemStack::new(&mut memory), LltRegularization::default());
    cholesky_in_place(columns, none, Par::Seq, stack, Spec::default())
        .map(|_| ())
        .map_err(|LltError::NonPositivePivot { index }| index)
}

/// Stripes of some rows of an upper triangle, each from its diagonal on, with the number of its first row.
fn row_stripes(mut rest: MatMut<'_, f64>) -> Vec<(usize, MatMut<'_, f64>)> {
    let (mut stripes, mut first) = (Vec::new(), 0);
    while rest.nrows() > 0 {
        let rows = STRIPE.min(rest.nrows());
        let (stripe, below) = rest.split_at_row_mut(rows);
        stripes.push((first, stripe.split_at_col_mut(first).1));
        (rest, first) = (below, first + rows);
    }
    stripes
}

fn column_stripes(mut rest: MatMut<'_, f64>) -> Vec<MatMut<'_, f64>> {
    let mut stripes = Vec::new();
    while rest.ncols() > 0 {
        let columns = STRIPE.min(rest.ncols());
        let (stripe, right) = rest.split_at_col_mut(columns);
        stripes.push(stripe);
        rest = right;
    }
    stripes
}

/// Hands out stripes in turn: neighbours are about equally long.
fn in_threads<T: Send>(threads: usize, stripes: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = threads.min(stripes.len()).max(1);
    let mut hands: Vec<Vec<T>> = (0..threads).map(|_| Vec::new()).collect();
    stripes.into_iter().enumerate().for_each(|(i, stripe)| hands[i % threads].push(stripe));
    let mine = hands.pop().unwrap_or_default();
    std::thread::scope(|scope| {
        for hand in hands {
            scope.spawn(|| hand.into_iter().for_each(&work));
        }
        mine.into_iter().for_each(&work);
    });
}
