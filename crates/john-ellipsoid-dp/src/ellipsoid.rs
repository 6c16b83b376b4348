//! Results: an ellipsoid, its weights and its certificate.

use crate::whitening::{Whitening, squared_norm_above};
use crate::{Certificate, Error};
use dp_linalg::{Mat, MatRef, Operation, Parallelism, matmul_nt, matmul_tn, solve_lower_triangular};

/// How a solve ended. Whatever it was, the certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The certified gap is at most the one asked for.
    Solved,
    /// Floating point does not allow more.
    ReducedAccuracy,
    /// The passes, or the iterations, were used up.
    IterationLimit,
}

/// A row that has weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupportRow {
    /// Its number, from 0.
    pub row: usize,
    /// Its weight; all weights sum to `d`.
    pub weight: f64,
}

/// The John ellipsoid `E = {x : xᵀMx ≤ 1}` of `P = {x : |⟨aᵢ, x⟩| ≤ 1}`, up to its certificate.
///
/// The same `M` is the optimum of three problems: `E` is the largest ellipsoid in `P`; `{y : yᵀM⁻¹y ≤ 1}` is the smallest
/// around the points `±aᵢ`; `M = Σ wᵢaᵢaᵢᵀ` is the D-optimal design with weights `w/d`.
///
/// What is stored is the lower triangular `T` with `M⁻¹ = TTᵀ`, because at condition number 1e8 of the rows `M` itself has no
/// accurate inverse. A summary in `Debug` shows no rows, but support and shape are functions of the rows: this type is not private.
///
/// # Guarantee
/// That of its [`Certificate`].
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use john_ellipsoid_dp::{JohnOptions, Status, john_ellipsoid};
///
/// // the corners of a square, twice as wide as high
/// let rows = Mat::from_vec(4, 2, vec![2.0, 1.0, 2.0, -1.0, -2.0, 1.0, 0.5, 0.2])?;
/// let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default())?;
/// assert_eq!(john.status(), Status::Solved);
/// let m = john.matrix()?;
/// assert!((m[(0, 0)] - 8.0).abs() < 1e-5 && (m[(1, 1)] - 2.0).abs() < 1e-5 && m[(0, 1)].abs() < 1e-5);
/// assert!(john.leverage(&[0.5, 0.2])? < 0.1); // an inner point
/// assert!(john.support().iter().all(|kept| kept.row != 3));
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JohnEllipsoid {
    pub(crate) whitening: Whitening,
    pub(crate) support: Vec<SupportRow>,
    pub(crate) certificate: Certificate,
    pub(crate) status: Status,
    pub(crate) rows: usize,
    pub(crate) dropped: usize,
    pub(crate) passes: usize,
}

impl JohnEllipsoid {
    /// `d`.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.whitening.matrix().ncols()
    }

    /// What is certain.
    #[must_use]
    pub const fn certificate(&self) -> Certificate {
        self.certificate
    }

    /// How the solve ended.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Rows with weight, in order.
    #[must_use]
    pub fn support(&self) -> &[SupportRow] {
        &self.support
    }

    /// The weights of all rows, shape `(n,)`; divided by `d` they are the D-optimal design.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.rows];
        self.support.iter().for_each(|kept| weights[kept.row] = kept.weight);
        weights
    }

    /// Rows that were read, dropped ones included.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Rows that were left out for a NaN, an infinity or an entry beyond 1e150.
    #[must_use]
    pub const fn dropped_rows(&self) -> usize {
        self.dropped
    }

    /// How often all rows were read, the reading for the certificate included.
    #[must_use]
    pub const fn passes(&self) -> usize {
        self.passes
    }

    /// `T`, shape `(d, d)`, lower triangular with a positive diagonal: `M⁻¹ = TTᵀ`, and `aᵀT` are whitened coordinates.
    #[must_use]
    pub fn root(&self) -> MatRef<'_> {
        self.whitening.matrix()
    }

    /// `M`, shape `(d, d)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when entries are beyond `f64`.
    pub fn matrix(&self) -> Result<Mat, Error> {
        let inverse_root = solve_lower_triangular(self.root(), Mat::identity(self.dim()).as_ref())?;
        let m = matmul_tn(inverse_root.as_ref(), inverse_root.as_ref(), Parallelism::Sequential)?;
        finite(m, Operation::ProductTn)
    }

    /// `M⁻¹`, shape `(d, d)`: the shape of the smallest ellipsoid around `±aᵢ`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when entries are beyond `f64`.
    pub fn inverse(&self) -> Result<Mat, Error> {
        finite(matmul_nt(self.root(), self.root(), Parallelism::Sequential)?, Operation::ProductNt)
    }

    /// `ln det M`.
    #[must_use]
    pub fn log_det(&self) -> f64 {
        -2.0 * self.root_log_det()
    }

    /// The logarithm of the volume of `E` in units of the unit ball's.
    #[must_use]
    pub fn log_volume(&self) -> f64 {
        self.root_log_det()
    }

    fn root_log_det(&self) -> f64 {
        (0..self.dim()).map(|i| self.root()[(i, i)].ln()).sum()
    }

    /// `g = aᵀM⁻¹a`: at most 1 in the smallest ellipsoid around `±aᵢ`, above `1 + gap` for no row that took part.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn leverage(&self, a: &[f64]) -> Result<f64, Error> {
        if a.len() != self.dim() {
            return Err(Error::Length { expected: self.dim(), found: a.len() });
        }
        let y = self.whitening.coordinates(a);
        Ok(y.iter().map(|x| x * x).sum())
    }

    /// `xᵀMx`: at most 1 in `E`, at most `d/(1 − defect)` in all of `P`.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Linalg`] when `x` is not finite.
    pub fn quadratic_form(&self, x: &[f64]) -> Result<f64, Error> {
        if x.len() != self.dim() {
            return Err(Error::Length { expected: self.dim(), found: x.len() });
        }
        let solved = solve_lower_triangular(self.root(), MatRef::new(x, x.len(), 1)?)?;
        Ok(solved.as_slice().iter().map(|y| y * y).sum())
    }
}

fn finite(matrix: Mat, operation: Operation) -> Result<Mat, Error> {
    if matrix.as_slice().iter().all(|entry| entry.is_finite()) {
        Ok(matrix)
    } else {
        Err(dp_linalg::Error::Overflow { operation }.into())
    }
}

/// The smallest ellipsoid around points, with a centre of its own, up to its certificate.
///
/// Points are lifted to `(a, 1)`; the lifted problem is symmetric, and the slice of its ellipsoid at height 1 is this one.
///
/// # Guarantee
/// Every point `a` that took part has `squared_distance(a) ≤ 1` in real arithmetic, and no ellipsoid around all of them has a
/// volume smaller by a factor beyond `exp(log_volume_excess)` of the certificate, which is that of the lifted problem
/// (docs/theorems.md, John ellipsoids).
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{JohnOptions, enclosing_ellipsoid};
///
/// // points on the unit circle around (5, 0)
/// let points = Mat::from_fn(200, 2, |i, j| if j == 0 { 5.0 + (i as f64).cos() } else { (i as f64).sin() });
/// let around = enclosing_ellipsoid(points.as_ref(), &JohnOptions::default())?;
/// assert!((around.center()[0] - 5.0).abs() < 1e-3 && around.center()[1].abs() < 1e-3);
/// assert!((around.squared_distance(&[5.5, 0.0])? - 0.25).abs() < 1e-3);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EnclosingEllipsoid {
    lifted: JohnEllipsoid,
    center: Vec<f64>,
}

impl EnclosingEllipsoid {
    /// `Tᵀ(a, 1) = (Pᵀa + t, τ)` for the lower triangular `T = [P 0; tᵀ τ]`: the centre is where `Pᵀc + t = 0`.
    pub(crate) fn new(lifted: JohnEllipsoid) -> Result<Self, Error> {
        let d = lifted.dim() - 1;
        let transposed = lifted.root().transpose();
        let flip = |i: usize, j: usize| transposed[(d - 1 - i, d - 1 - j)];
        let reversed = Mat::from_fn(d, d, flip); // Pᵀ from the other end is lower triangular
        let right = Mat::from_fn(d, 1, |i, _| -transposed[(d - 1 - i, d)]);
        let mut center = solve_lower_triangular(reversed.as_ref(), right.as_ref())?.into_vec();
        center.reverse();
        Ok(Self { lifted, center })
    }

    /// The symmetric problem one dimension up: support, weights, passes, status.
    #[must_use]
    pub const fn lifted(&self) -> &JohnEllipsoid {
        &self.lifted
    }

    /// That of the lifted problem; its volume excess is a bound here.
    #[must_use]
    pub const fn certificate(&self) -> Certificate {
        self.lifted.certificate
    }

    /// The centre, shape `(d,)`.
    #[must_use]
    pub fn center(&self) -> &[f64] {
        &self.center
    }

    /// `1 + gap − τ²`: what `‖Pᵀ(a − c)‖²` may be.
    fn level(&self) -> f64 {
        let d = self.center.len();
        1.0 + self.lifted.certificate.gap() - self.lifted.root()[(d, d)].powi(2)
    }

    /// `Q` of `{a : (a − c)ᵀQ(a − c) ≤ 1}`, shape `(d, d)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when entries are beyond `f64`.
    pub fn matrix(&self) -> Result<Mat, Error> {
        let d = self.center.len();
        let p = self.lifted.root().subrows(0..d).subcols(0..d);
        let mut q = matmul_nt(p, p, Parallelism::Sequential)?;
        let level = self.level();
        q.as_mut_slice().iter_mut().for_each(|entry| *entry /= level);
        finite(q, Operation::ProductNt)
    }

    /// `(a − c)ᵀQ(a − c)`: at most 1 inside.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn squared_distance(&self, a: &[f64]) -> Result<f64, Error> {
        let d = self.center.len();
        if a.len() != d {
            return Err(Error::Length { expected: d, found: a.len() });
        }
        let lifted: Vec<f64> = a.iter().copied().chain([1.0]).collect();
        let y = self.lifted.whitening.coordinates(&lifted);
        Ok(squared_norm_above(&y[..d], 0.0) / self.level())
    }
}
