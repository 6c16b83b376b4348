//! Matrix products on row-major views, without copies.
//!
//! # Error bound
//!
//! For every entry, whatever the order of summation and with or without fused multiply-add
//! (Higham 2002, §3.5; `u = 2⁻⁵³`, for `f32` `2⁻²⁴`; `k` the inner dimension),
//!
//! ```text
//! |C − AB|ᵢⱼ ≤ γ_k (|A||B|)ᵢⱼ,    γ_k = k·u / (1 − k·u),
//! ```
//!
//! and with [`Accumulate::Add`] `γ_{k+1}` times `(|C₀| + |A||B|)ᵢⱼ`, barring overflow and underflow. NaN and infinite
//! entries follow IEEE 754.

use faer::{MatMut as FaerMut, MatRef as FaerRef};

use crate::{Error, Mat, MatMut, MatRef, Operation, Parallelism, Scalar};

/// Whether a product replaces what its destination holds, or is added to it.
///
/// ```
/// use dp_linalg::{Accumulate, Mat, Parallelism, matmul_into};
///
/// let eye = Mat::identity(2);
/// let mut out = Mat::identity(2);
/// matmul_into(out.as_mut(), Accumulate::Add, eye.as_ref(), eye.as_ref(), Parallelism::Sequential)?;
/// assert_eq!(out.as_slice(), [2.0, 0.0, 0.0, 2.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accumulate {
    /// `C ← AB`; what `C` held is not read.
    Replace,
    /// `C ← C + AB`.
    Add,
}

/// Multiply-adds for which starting a thread pays: about 20 µs of one core.
const WORK_PER_THREAD: usize = 1 << 20;

/// `A·B`, shape `(a.nrows, b.ncols)`.
///
/// # Errors
/// [`Error::ShapeMismatch`] unless `a.ncols == b.nrows`.
///
/// # Examples
/// ```
/// use dp_linalg::{Mat, Parallelism, matmul};
///
/// let a = Mat::from_fn(2, 3, |i, j| (i + j) as f64);
/// let product = matmul(a.as_ref(), a.transpose().as_ref(), Parallelism::Sequential)?;
/// assert_eq!(product.as_slice(), [5.0, 8.0, 8.0, 14.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
pub fn matmul<T: Scalar>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parallelism: Parallelism,
) -> Result<Mat<T>, Error> {
    let mut out = Mat::filled(a.nrows(), b.ncols(), T::ZERO);
    matmul_into(out.as_mut(), Accumulate::Replace, a, b, parallelism).map(|()| out)
}

/// `Aᵀ·B`, shape `(a.ncols, b.ncols)`: a sum over the rows of both.
///
/// # Errors
/// [`Error::ShapeMismatch`] unless `a.nrows == b.nrows`.
pub fn matmul_tn<T: Scalar>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parallelism: Parallelism,
) -> Result<Mat<T>, Error> {
    let mut out = Mat::filled(a.ncols(), b.ncols(), T::ZERO);
    matmul_tn_into(out.as_mut(), Accumulate::Replace, a, b, parallelism).map(|()| out)
}

/// `A·Bᵀ`, shape `(a.nrows, b.nrows)`: inner products of the rows of both.
///
/// # Errors
/// [`Error::ShapeMismatch`] unless `a.ncols == b.ncols`.
pub fn matmul_nt<T: Scalar>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parallelism: Parallelism,
) -> Result<Mat<T>, Error> {
    let mut out = Mat::filled(a.nrows(), b.nrows(), T::ZERO);
    matmul_nt_into(out.as_mut(), Accumulate::Replace, a, b, parallelism).map(|()| out)
}

/// [`matmul`] into a matrix that exists; allocates nothing that depends on its shape.
///
/// # Errors
/// [`Error::ShapeMismatch`] unless `a.ncols == b.nrows` and `out` is `(a.nrows, b.ncols)`.
pub fn matmul_into<T: Scalar>(
    out: MatMut<'_, T>,
    accumulate: Accumulate,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parallelism: Parallelism,
) -> Result<(), Error> {
    check_inner(Operation::Product, a, b, a.ncols() == b.nrows())?;
    multiply(out, accumulate, a.to_faer(), b.to_faer(), parallelism)
}

/// [`matmul_tn`] into a matrix that exists.
///
/// # Errors
/// [`Error::ShapeMismatch`] unless `a.nrows == b.nrows` and `out` is `(a.ncols, b.ncols)`.
pub fn matmul_tn_into<T: Scalar>(
    out: MatMut<'_, T>,
    accumulate: Accumulate,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parallelism: Parallelism,
) -> Result<(), Error> {
    check_inner(Operation::ProductTn, a, b, a.nrows() == b.nrows())?;
    multiply(out, accumulate, a.to_faer().transpose(), b.to_faer(), parallelism)
}

/// [`matmul_nt`] into a matrix that exists.
///
/// # Errors
/// [`Error::ShapeMismatch`] unless `a.ncols == b.ncols` and `out` is `(a.nrows, b.nrows)`.
pub fn matmul_nt_into<T: Scalar>(
    out: MatMut<'_, T>,
    accumulate: Accumulate,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parallelism: Parallelism,
) -> Result<(), Error> {
    check_inner(Operation::ProductNt, a, b, a.ncols() == b.ncols())?;
    multiply(out, accumulate, a.to_faer(), b.to_faer().transpose(), parallelism)
}

fn check_inner<T: Scalar>(
    operation: Operation,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    fits: bool,
) -> Result<(), Error> {
    if fits { Ok(()) } else { Err(Error::ShapeMismatch { operation, left: a.shape(), right: b.shape() }) }
}

fn multiply<T: Scalar>(
    mut out: MatMut<'_, T>,
    accumulate: Accumulate,
    a: FaerRef<'_, T>,
    b: FaerRef<'_, T>,
    parallelism: Parallelism,
) -> Result<(), Error> {
    let right = (a.nrows(), b.ncols());
    if out.shape() != right {
        return Err(Error::ShapeMismatch { operation: Operation::Output, left: out.shape(), right });
    }
    if a.ncols() == 0 {
        if accumulate == Accumulate::Replace {
            out.fill(T::ZERO);
        }
        return Ok(());
    }
    if right.0 > 0 && right.1 > 0 {
        let useful = (right.0 * right.1).saturating_mul(a.ncols()).div_ceil(WORK_PER_THREAD);
        run(out.into_faer(), accumulate, a, b, parallelism.get().min(useful));
    }
    Ok(())
}

/// Halves the longer side of the output until each thread has its part.
fn run<T: Scalar>(
    out: FaerMut<'_, T>,
    accumulate: Accumulate,
    a: FaerRef<'_, T>,
    b: FaerRef<'_, T>,
    threads: usize,
) {
    let (m, n) = (out.nrows(), out.ncols());
    if threads < 2 || m.max(n) < 2 {
        return run_one(out, accumulate, a, b);
    }
    let (first, second) = (threads / 2, threads - threads / 2);
    if m >= n {
        let cut = (m * first / threads).max(1);
        let (top, bottom) = out.split_at_row_mut(cut);
        let (a_top, a_bottom) = a.split_at_row(cut);
        join(|| run(top, accumulate, a_top, b, first), || run(bottom, accumulate, a_bottom, b, second));
    } else {
        let cut = (n * first / threads).max(1);
        let (left, right) = out.split_at_col_mut(cut);
        let (b_left, b_right) = b.split_at_col(cut);
        join(|| run(left, accumulate, a, b_left, first), || run(right, accumulate, a, b_right, second));
    }
}

/// One call of the backend on the calling thread.
pub(crate) fn run_one<T: Scalar>(
    out: FaerMut<'_, T>,
    accumulate: Accumulate,
    a: FaerRef<'_, T>,
    b: FaerRef<'_, T>,
) {
    T::multiply(out, accumulate, a, b);
    clear_upper_registers();
}

/// The backend's AVX-512 kernels return with the upper halves of vector registers in use; until they are cleared, each
/// SSE instruction on this thread waits for the one before it (measured: a loop of polynomials takes 4.4 times as long).
/// A function that is compiled for wide registers clears them when it returns.
pub(crate) fn clear_upper_registers() {
    let mut lanes = core::hint::black_box([0.0_f64; 8]);
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || lanes.iter_mut().for_each(|lane| *lane += 1.0),
    );
    core::hint::black_box(lanes);
}

fn join(here: impl FnOnce(), there: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(there);
        here();
    });
}
