//! How far the ellipsoid of close rows moves.

use super::lattice::OUTWARD;

/// `tr(MM'⁻¹) + tr(M'M⁻¹) − 2d` of the [smoothed](super::SmoothedJohn) matrices of two sets of rows that differ in one row, by at most
/// `relative_move` in units of the floor; an upper bound, for solutions with at most this residual. Infinite where there is none.
///
/// # Guarantee
/// To first order its root is at most `r(1 + √(p/2))` and at most `2√r`. With `r = relative_move·√(1 + η)`, `B = (1 + η)^{1/p}`:
///
/// ```text
/// J ≤ y²/(1 + y),   y² = (1 + y)(y·D₁ + D₂)
/// (D₁, D₂) = (2η + r(2B + r)B^{p−2}, (p/2 − 1) r²(B + r)²B^{p−4})   or   (2η, 4rB^{p−1} + 2r²B^{p−2})
/// ```
///
/// (docs/theorems.md, John ellipsoids of close rows.) Computed outward, with `+ − × ÷ √` only.
///
/// ```
/// use john_ellipsoid_dp::private::close::smoothed_change;
///
/// let root = smoothed_change(1e-4, 16, 0.0).sqrt();
/// assert!(root > 3.82e-4 && root < 3.84e-4);           // r(1 + √8)
/// assert!(smoothed_change(1e-3, 100_000, 0.0) < 4.02e-3); // 4r, whatever the exponent
/// ```
#[must_use]
pub fn smoothed_change(relative_move: f64, exponent: u32, residual: f64) -> f64 {
    let r = relative_move * (1.0 + residual) * OUTWARD; // above √(1 + η)
    let b = (1.0 + residual / f64::from(exponent)) * OUTWARD; // above (1 + η)^{1/p}; 1 + η is above B^{p−1}
    let top = (1.0 + residual) * OUTWARD;
    let half = f64::from(exponent) / 2.0 - 1.0;
    let smooth = (2.0 * residual + r * (2.0 * b + r) * top, half * r * r * (b + r) * (b + r) * top);
    let sharp = (2.0 * residual, 4.0 * r * top + 2.0 * r * r * top);
    solution(smooth).min(solution(sharp))
}

/// The same for John ellipsoids that are optimal up to a gap, `(1 + ξ)`-approximate, with semi-axes of `{x : xᵀMx ≤ 1}` of at most
/// `ρ` for both: `4√(1 + ξ)·wε₀ρ + 2wε₀²ρ² + 2dξ`, where no weight is above `w = (1 + dξ)/(1 + ξ)`; `relative_move` is `ε₀ρ`.
///
/// For comparison: a public ridge or public rows make ρ public, and nothing is smoothed.
///
/// ```
/// assert!((john_ellipsoid_dp::private::close::john_change(0.01, 0.0, 5) - 0.0402).abs() < 1e-10);
/// ```
#[must_use]
pub fn john_change(relative_move: f64, gap: f64, dim: usize) -> f64 {
    let (r, d) = (relative_move * OUTWARD, dim as f64);
    let weight = (1.0 + d * gap) / (1.0 + gap);
    (weight * (4.0 * (1.0 + gap).sqrt() * r + 2.0 * r * r) + 2.0 * d * gap) * OUTWARD
}

/// `y²/(1 + y)` of the larger root of `y² = (1 + y)(y·D₁ + D₂)`, rounded up.
fn solution((linear, constant): (f64, f64)) -> f64 {
    let (rest, sum) = (1.0 - linear * OUTWARD, linear + constant);
    if rest.is_nan() || rest <= 0.0 {
        return f64::INFINITY;
    }
    let y = (sum + (sum * sum + 4.0 * constant * (1.0 - linear)).sqrt()) / (2.0 * rest) * OUTWARD;
    if y.is_finite() { y * y / (1.0 + y) * OUTWARD } else { f64::INFINITY }
}
