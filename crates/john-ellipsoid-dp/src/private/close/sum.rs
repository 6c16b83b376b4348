//! An ellipsoid around the sum of an ellipsoid and a ball.

use crate::private::ReleasedEllipsoid;
use crate::{Error, JohnEllipsoid};
use dp_linalg::{Mat, SymmetricEigen, frobenius_norm};

/// Around `{y : ‖Tᵀy‖² ≤ 1 + gap}` plus a ball of this radius.
///
/// With `M = (1 + gap)(TTᵀ)⁻¹` and any `c > 0` the matrix `(1 + c)M + (1 + 1/c)r²I` does it, since the support function satisfies
/// `(√(uᵀMu) + r)² ≤ (1 + c)uᵀMu + (1 + 1/c)r²`. The one of least volume is taken. The inverse of `T` is off by `γ_d‖T⁻¹‖‖T‖‖T⁻¹‖` (Higham 2002,
/// section 8.3): that share of the largest axis, some `d²u` times the condition number of the rows, is added to all.
pub(super) fn ellipsoid_and_ball(john: &JohnEllipsoid, radius: f64) -> Result<ReleasedEllipsoid, Error> {
    let level = 1.0 + john.certificate().gap();
    let m = john.matrix()?;
    let eigen = SymmetricEigen::new(m.as_ref())?;
    let trace: f64 = (0..john.dim()).map(|i| m[(i, i)]).sum();
    let condition = frobenius_norm(john.root()) * trace.sqrt();
    let slack = 8.0 * (john.dim() * john.dim()) as f64 * f64::EPSILON * condition * trace;
    let squares: Vec<f64> = eigen.values().iter().map(|m| (m.max(0.0) + slack) * level).collect();
    let c = best_weight(&squares, radius);
    let axes: Vec<f64> =
        squares.iter().map(|m| ((1.0 + c) * m + (1.0 + 1.0 / c) * radius * radius).sqrt()).collect();
    let vectors = eigen.vectors();
    let root = Mat::from_fn(axes.len(), axes.len(), |i, j| vectors[(i, j)] / axes[j]);
    Ok(ReleasedEllipsoid::from_root(root)?.scaled(1.0 + ROUNDING))
}

/// Covers the few operations on axes after that.
const ROUNDING: f64 = 1e-9;

/// Where `Σ ln((1 + c)m + (1 + 1/c)r²)` is least: `Σ (m − r²/c²)/(m + r²/c)` changes its sign there, between `r/√m` of the largest and of
/// the smallest `m`. Any positive answer is sound.
fn best_weight(squares: &[f64], radius: f64) -> f64 {
    let slope = |c: f64| -> f64 {
        let ball = radius * radius;
        squares.iter().map(|m| (m - ball / (c * c)) / (m + ball / c)).sum()
    };
    let ends = |f: fn(f64, f64) -> f64, start: f64| squares.iter().copied().fold(start, f);
    let (largest, least) = (ends(f64::max, 0.0), ends(f64::min, f64::INFINITY));
    let (mut low, mut high) = (radius / largest.sqrt(), (radius / least.sqrt()).min(1e12));
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    (low * high).sqrt().max(f64::MIN_POSITIVE)
}
