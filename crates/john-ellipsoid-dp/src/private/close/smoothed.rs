//! A smooth stand-in for the John ellipsoid: one that moves little when a row does.

use super::options::CloseOptions;
use crate::Error;
use crate::compensated::gamma;
use crate::error::Parameter;
use crate::whitening::Whitening;
use dp_linalg::{
    Mat, MatRef, Parallelism, SymmetricEigen, frobenius_norm, matmul, matmul_tn, solve_lower_triangular,
};

/// The smoothed John ellipsoid `{y : yᵀM⁻¹y ≤ 1}` around rows `±aᵢ`: for an even exponent `p ≥ 4` and the floor `f`,
///
/// ```text
/// M = Σ gᵢ^{p/2 − 1} aᵢaᵢᵀ + f²I,   gᵢ = aᵢᵀM⁻¹aᵢ
/// ```
///
/// up to a residual: `‖Tᵀ(Σ gᵢ^{p/2−1}aᵢaᵢᵀ + f²I)T − I‖_F ≤ η` at `M⁻¹ = TTᵀ`. It is the ellipsoid of the ℓ_p Lewis weights
/// (Lewis 1978), with a ridge, and goes to the John ellipsoid with `p → ∞`. All rows are inside, and no semi-axis is below the floor,
/// up to a factor `√(1 + η)`.
///
/// Of the rows alone, it is not private.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::private::close::{CloseOptions, smoothed_john};
///
/// let rows = Mat::from_vec(2, 2, vec![2.0, 0.0, 0.0, 1.0])?;
/// let options = CloseOptions::new(2, 2, 2.0)?.with_floor(0.05)?;
/// let smoothed = smoothed_john(rows.as_ref(), &options, 1e-6)?;
/// let m = smoothed.matrix()?;
/// assert!((m[(0, 0)] - 4.0).abs() < 2e-4 && (m[(1, 1)] - 1.0).abs() < 2e-4); // off by f²/16
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SmoothedJohn {
    whitening: Whitening,
    iterations: usize,
}

/// Solves for rows that are no longer than the radius of the options.
///
/// One step is `M ← M^{1/2}S^{2/p}M^{1/2}` with `S = M^{−1/2}F(M)M^{−1/2}`, F the right side of the equation. A step divides what the
/// objective `(2/p)Σ gᵢ^{p/2} + f²·tr M⁻¹ + ln det M` is above its least value by `1/(1 − 2/p)`, or more: no more than
/// [`max_iterations`](SmoothedJohn::max_iterations) are needed, in real arithmetic, whatever the rows (docs/theorems.md, John
/// ellipsoids of close rows).
///
/// # Errors
/// [`Error::Length`]; [`Error::OutOfRange`] for a residual that floating point cannot be proven to tell from zero. Nothing that
/// depends on entries.
pub fn smoothed_john(rows: MatRef<'_>, options: &CloseOptions, residual: f64) -> Result<SmoothedJohn, Error> {
    options.check_shape((rows.nrows(), rows.ncols()))?;
    let enough = residual <= 0.1 && residual >= least_residual(options);
    Parameter::Residual.check(residual, enough)?;
    let scale = 1.0 / start(options).sqrt();
    let multiple = |i, j| if i == j { scale } else { 0.0 };
    let mut whitening = Whitening::new(Mat::from_fn(options.dim(), options.dim(), multiple));
    let limit = SmoothedJohn::max_iterations(options, residual);
    let mut iterations = 0;
    while let Some(step) = step(rows, &whitening, options).filter(|step| step.residual > 0.5 * residual) {
        if iterations == limit {
            break;
        }
        whitening = step.next;
        iterations += 1;
    }
    Ok(SmoothedJohn { whitening, iterations })
}

impl SmoothedJohn {
    /// `M`, shape `(d, d)`.
    ///
    /// # Errors
    /// [`Error::Linalg`] when entries are beyond `f64`.
    pub fn matrix(&self) -> Result<Mat, Error> {
        let root = self.root();
        let inverse = inverse_root(root)?;
        Ok(matmul_tn(inverse.as_ref(), inverse.as_ref(), Parallelism::Sequential)?)
    }

    /// `T`, shape `(d, d)`, lower triangular: `M⁻¹ = TTᵀ`.
    #[must_use]
    pub fn root(&self) -> MatRef<'_> {
        self.whitening.matrix()
    }

    /// Steps that were taken.
    #[must_use]
    pub const fn iterations(&self) -> usize {
        self.iterations
    }

    /// Steps that suffice in real arithmetic for half the residual, for any rows no longer than the radius: `(p/2) ln((p/2)F₀/G)` at
    /// `F₀ = 1 + d ln(1 + n^{2/p}R²/f²)` and `G = (residual/2)²/3`. And one more, which covers rows on the lattice of a release: those
    /// are longer by `2⁻²³R` at most, so that `F₀` is larger by `2⁻²²p` at most.
    #[must_use]
    pub fn max_iterations(options: &CloseOptions, residual: f64) -> usize {
        let (half, floor) = (0.5 * f64::from(options.exponent()), options.floor());
        let excess = 1.0 + options.dim() as f64 * (start(options) / floor / floor).ln();
        let goal = (0.5 * residual).min(0.1).powi(2) / 3.0;
        ((half * (half * excess / goal).ln()).ceil() as usize).saturating_add(1)
    }
}

/// `f² + n^{2/p}R²`: with `M` that multiple of the identity, `Σ gᵢ^{p/2} ≤ 1`.
pub(super) fn start(options: &CloseOptions) -> f64 {
    let spread = (options.rows() as f64).powf(2.0 / f64::from(options.exponent()));
    options.floor().powi(2) + spread * options.radius().powi(2)
}

/// `T⁻¹` of a lower triangular `T`.
fn inverse_root(root: MatRef<'_>) -> Result<Mat, Error> {
    Ok(solve_lower_triangular(root, Mat::identity(root.ncols()).as_ref())?)
}

struct Step {
    /// Of the `T` that was given, as it is in memory.
    residual: f64,
    next: Whitening,
}

/// `S` at `T`, how far it is from the identity, and `T·S^{−1/p}`. None where it is not finite.
///
/// No eigenvalue of `S` is below `f²λ`, λ the least one of `TᵀT`, which is at least `1/‖T⁻¹‖_F²`: what rounding makes of smaller ones is
/// brought back to half of that.
fn step(rows: MatRef<'_>, whitening: &Whitening, options: &CloseOptions) -> Option<Step> {
    let t = whitening.matrix();
    let s = weighted(rows, t, options).ok()?;
    let eigen = SymmetricEigen::new(s.as_ref()).ok()?;
    let residual = eigen.values().iter().map(|s| (s - 1.0).powi(2)).sum::<f64>().sqrt();
    let power = -1.0 / f64::from(options.exponent());
    let least = 0.5 * (options.floor() / frobenius_norm(inverse_root(t).ok()?.as_ref())).powi(2);
    let mut next = matmul(t, eigen.vectors(), Parallelism::Sequential).ok()?;
    for i in 0..next.nrows() {
        let scales = eigen.values().iter().map(|s| s.max(least).powf(power));
        next.row_mut(i).iter_mut().zip(scales).for_each(|(entry, scale)| *entry *= scale);
    }
    Some(Step { residual, next: Whitening::new(next) })
}

/// `S = Tᵀ(Σ gᵢ^{p/2−1}aᵢaᵢᵀ + f²I)T`.
fn weighted(rows: MatRef<'_>, t: MatRef<'_>, options: &CloseOptions) -> Result<Mat, Error> {
    let mut y = matmul(rows, t, Parallelism::Sequential)?;
    for i in 0..y.nrows() {
        let g: f64 = y.row(i).iter().map(|y| y * y).sum();
        // half of p/2 − 1 on each side
        let root = g.sqrt().powi(options.exponent() as i32 / 2 - 1);
        y.row_mut(i).iter_mut().for_each(|y| *y *= root);
    }
    let mut s = matmul_tn(y.as_ref(), y.as_ref(), Parallelism::Sequential)?;
    let ridge = matmul_tn(t, t, Parallelism::Sequential)?;
    let square = options.floor().powi(2);
    s.as_mut_slice().iter_mut().zip(ridge.as_slice()).for_each(|(s, ridge)| *s += square * ridge);
    Ok(s)
}

/// The least residual that is accepted, by public numbers: the rounding of `S` stays below an eighth of it.
pub(super) fn least_residual(options: &CloseOptions) -> f64 {
    8.0 * rounding(options)
}

/// A bound of the error of `S` near a solution, in Frobenius norm.
///
/// A coordinate `y = Tᵀa` is off by `e = γ_{d+2}‖a‖‖T‖_F ≤ γ_{d+2}·√d·R/f·√(1 + η)`, which moves `‖y‖^{p−2}yyᵀ` by about
/// `p‖y‖^{p−1}e`; over the rows
/// `Σ‖y‖^p ≤ d(1 + η)`, so that `Σ‖y‖^{p−1} ≤ n^{1/p}d(1 + η)`. Powers and sums of `n` products add `(n + (d + 4)p)u` of `d(1 + η)`. Doubled for
/// what is of second order, and for `η ≤ 0.1`.
fn rounding(options: &CloseOptions) -> f64 {
    let (n, d, p) = (options.rows(), options.dim() as f64, f64::from(options.exponent()));
    let coordinate = gamma(options.dim() + 2) * d.sqrt() * options.radius() / options.floor();
    let rows = p * coordinate * (n as f64).powf(1.0 / p) * d;
    2.0 * (rows + (gamma(n) + gamma(options.dim() + 4) * p) * d)
}

/// What forming and factoring `M` as a matrix adds to the residual, with a factor 16 to spare.
///
/// The computed inverse of `T` is `T⁻¹(I + E)`, `|E| ≤ γ_{d+1}|T||T⁻¹|`, so that `M` is `(I + E)ᵀM(I + E)`: in its own metric it is off by
/// `2‖T⁻¹ET‖_F ≤ 2γ_{d+1}‖T‖_F‖T⁻¹‖_F‖T‖‖T⁻¹‖`. With `‖T‖² ≤ (1 + η)/f²` and `‖T⁻¹‖_F² = tr M ≤ d(f² + n^{2/p}R²)` that is
/// `2γ_{d+1}d^{3/2}` times [`start`] over `f²`; the product and a Cholesky factor of `M` add `γ_d` and `γ_{d+1}` times `d` of the same, together
/// less than `e = γ_{4d+20}d^{3/2}` times it. A relative change `e` of `M` moves `S` by up to `(p/2)e`. So the square of the condition number
/// counts.
pub(super) fn matrix_rounding(options: &CloseOptions) -> f64 {
    let (d, p) = (options.dim() as f64, f64::from(options.exponent()));
    let share = gamma(4 * options.dim() + 20) * d.powf(1.5) * start(options) / options.floor().powi(2);
    16.0 * 0.5 * p * share
}
