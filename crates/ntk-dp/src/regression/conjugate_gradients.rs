//! Conjugate gradients on `(K + λI)α = Y`, several right-hand sides at a time.

use super::KernelModel;
use super::product::symmetric_product;
use crate::kernel::Points;
use crate::{Error, Kernel};
use dp_linalg::{Mat, MatRef, Parallelism};

/// When an iteration ends: at a residual small enough, or after so many iterations.
///
/// ```
/// let stop = ntk_dp::Stop::new(1e-6, 200)?;
/// assert_eq!((stop.tolerance(), stop.max_iterations()), (1e-6, 200));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    tolerance: f64,
    max_iterations: usize,
}

impl Stop {
    /// The largest `‖(K + λI)α − y‖/‖y‖` over columns `y` of the targets, and the most iterations.
    ///
    /// # Errors
    /// [`Error::Tolerance`] unless between 0 and 1.
    pub fn new(tolerance: f64, max_iterations: usize) -> Result<Self, Error> {
        if tolerance > 0.0 && tolerance < 1.0 {
            Ok(Self { tolerance, max_iterations })
        } else {
            Err(Error::Tolerance { value: tolerance })
        }
    }

    /// The relative residual aimed at.
    #[must_use]
    pub const fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// The most iterations there may be.
    #[must_use]
    pub const fn max_iterations(&self) -> usize {
        self.max_iterations
    }
}

/// A model and how well it solves its equations.
///
/// The residual is computed from the model at the end, not carried along. With it the error is known, up to the rounding of the residual,
/// about `n·2⁻⁵³·‖K‖‖α‖` beside `residual·‖y‖`: `K + λI` has no eigenvalue below `λ`, so `‖α − α*‖ ≤ residual·‖y‖/λ`, and fitted values are
/// off by at most `residual·‖y‖`.
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::{Activation, Kernel, KernelRidge, Network, Stop};
///
/// let points = Mat::from_fn(100, 2, |i, j| ((5 * i + 3 * j) as f64).sin());
/// let targets = Mat::from_fn(100, 1, |i, _| points[(i, 0)].max(points[(i, 1)]));
/// let ridge = KernelRidge::new(Kernel::ntk(Network::new(Activation::Relu, 2, 2.0)?), 0.1)?;
/// let fit = ridge.fit_iteratively(points.as_ref(), targets.as_ref(), Stop::new(1e-6, 300)?)?;
/// assert!(fit.converged() && fit.residual() <= 1e-6);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct IterativeFit {
    model: KernelModel,
    iterations: usize,
    residual: f64,
    converged: bool,
}

impl IterativeFit {
    pub(super) const fn new(model: KernelModel, iterations: usize, residual: f64, converged: bool) -> Self {
        Self { model, iterations, residual, converged }
    }

    /// The fitted function.
    #[must_use]
    pub const fn model(&self) -> &KernelModel {
        &self.model
    }

    /// The fitted function alone.
    #[must_use]
    pub fn into_model(self) -> KernelModel {
        self.model
    }

    /// Iterations done.
    #[must_use]
    pub const fn iterations(&self) -> usize {
        self.iterations
    }

    /// The largest `‖(K + λI)α − y‖/‖y‖` over columns of the targets; a column of zeros is solved exactly.
    #[must_use]
    pub const fn residual(&self) -> f64 {
        self.residual
    }

    /// Whether the residual is at most the tolerance.
    #[must_use]
    pub const fn converged(&self) -> bool {
        self.converged
    }
}

pub(super) struct Solution {
    pub(super) coefficients: Mat,
    pub(super) iterations: usize,
    pub(super) residual: f64,
}

/// Hestenes, Stiefel 1952, for each column by itself; columns share the kernel values. A column that is done stands still.
pub(super) fn conjugate_gradients(
    kernel: &Kernel,
    points: &Points<'_>,
    targets: MatRef<'_>,
    ridge: f64,
    stop: Stop,
    parallelism: Parallelism,
) -> Result<Solution, Error> {
    let times = |vectors: &Mat| {
        let mut out = symmetric_product(kernel, points, vectors.as_ref(), parallelism)?;
        add_scaled(&mut out, &vec![ridge; vectors.ncols()], vectors);
        Ok::<_, Error>(out)
    };
    // columns of size one: squares of targets neither overflow nor vanish
    let units: Vec<f64> = (0..targets.ncols()).map(|j| unit(targets, j)).collect();
    let targets = Mat::from_fn(targets.nrows(), targets.ncols(), |i, j| targets[(i, j)] / units[j]);
    let mut coefficients = Mat::zeros(targets.nrows(), targets.ncols());
    let mut residuals = targets.clone();
    let mut directions = residuals.clone();
    let targets_squared = column_products(&residuals, &residuals);
    // half the tolerance for the residual that is carried along: the true one differs by rounding
    let goals: Vec<f64> = targets_squared.iter().map(|y| y * (0.5 * stop.tolerance).powi(2)).collect();
    let mut squares = targets_squared.clone();
    let mut iterations = 0;
    while iterations < stop.max_iterations && squares.iter().zip(&goals).any(|(r, goal)| r > goal) {
        let images = times(&directions)?;
        let curvatures = column_products(&directions, &images);
        let active = |j: usize| squares[j] > goals[j] && curvatures[j] > 0.0;
        let steps: Vec<f64> =
            (0..squares.len()).map(|j| if active(j) { squares[j] / curvatures[j] } else { 0.0 }).collect();
        add_scaled(&mut coefficients, &steps, &directions);
        add_scaled(&mut residuals, &steps.iter().map(|step| -step).collect::<Vec<_>>(), &images);
        let next = column_products(&residuals, &residuals);
        let ratios: Vec<f64> =
            (0..next.len()).map(|j| if active(j) { next[j] / squares[j] } else { 0.0 }).collect();
        let previous = core::mem::replace(&mut directions, residuals.clone());
        add_scaled(&mut directions, &ratios, &previous);
        squares = next;
        iterations += 1;
    }
    // what is returned, in units of the targets once more: tiny coefficients lose bits on the way
    scale_columns(&mut coefficients, |j, alpha| alpha * units[j]);
    let mut rounded = coefficients.clone();
    scale_columns(&mut rounded, |j, alpha| alpha / units[j]);
    let mut error = times(&rounded)?;
    add_scaled(&mut error, &vec![-1.0; targets.ncols()], &targets);
    let left = column_products(&error, &error);
    let relative =
        left.iter().zip(&targets_squared).map(|(r, y)| if *y > 0.0 { (r / y).sqrt() } else { 0.0 });
    // a NaN is no small residual
    let residual = relative.fold(0.0, |worst: f64, r| if r.is_nan() { f64::INFINITY } else { worst.max(r) });
    let finite = coefficients.as_slice().iter().all(|alpha| alpha.is_finite());
    Ok(Solution { coefficients, iterations, residual: if finite { residual } else { f64::INFINITY } })
}

/// The power of two below the largest entry of a column; one for a column of zeros.
fn unit(targets: MatRef<'_>, j: usize) -> f64 {
    let largest = targets.rows().map(|row| row[j].abs()).fold(0.0, f64::max);
    if largest == 0.0 {
        1.0
    } else if largest < f64::MIN_POSITIVE {
        // a subnormal number is its bits, times the least of them
        f64::from_bits(1 << largest.to_bits().ilog2())
    } else {
        f64::from_bits(largest.to_bits() >> 52 << 52)
    }
}

/// Replaces each entry by a function of its column and itself.
fn scale_columns(matrix: &mut Mat, scaled: impl Fn(usize, f64) -> f64) {
    for i in 0..matrix.nrows() {
        matrix.row_mut(i).iter_mut().enumerate().for_each(|(j, entry)| *entry = scaled(j, *entry));
    }
}

/// `⟨aⱼ, bⱼ⟩` for each column.
fn column_products(a: &Mat, b: &Mat) -> Vec<f64> {
    let mut sums = vec![0.0; a.ncols()];
    for (a, b) in a.rows().zip(b.rows()) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums
}

/// Adds `factors[j]` times column `j` of `vectors` to column `j` of `to`.
fn add_scaled(to: &mut Mat, factors: &[f64], vectors: &Mat) {
    for (i, row) in vectors.rows().enumerate() {
        for ((to, factor), x) in to.row_mut(i).iter_mut().zip(factors).zip(row) {
            *to += factor * x;
        }
    }
}
