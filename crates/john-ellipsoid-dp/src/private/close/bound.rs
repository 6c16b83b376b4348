//! How far the ellipsoid of close rows moves.

/// Covers the roundings of the few operations before it, with room to spare.
const OUTWARD: f64 = 1.0 + 1e-12;

/// `tr(MM'⁻¹) + tr(M'M⁻¹) − 2d` of the [smoothed](super::SmoothedJohn) matrices of two sets of rows that differ in one row, by at most
/// `relative_move` in units of the floor; an upper bound, for solutions with at most this residual. Infinite where there is none.
///
/// # Guarantee
/// With `r` the relative move, `η` the residual and `h = 1 + η`:
///
/// ```text
/// J ≤ y²/(1 + y),   y² = (1 + y)(y·D₁ + D₂)
/// (D₁, D₂) = (2η + h²(√2 r + r²), h²·(p/8)r²)   or   (2η, h²(4r + 2r²))
/// ```
///
/// To first order the root of `J` is at most `r(√½ + √(½ + p/8))`, and at most `2√r` for every `p` (docs/theorems.md, John ellipsoids of
/// close rows). Computed outward, with `+ − × ÷ √` only.
///
/// ```
/// use john_ellipsoid_dp::private::close::smoothed_change;
///
/// let root = smoothed_change(1e-4, 16, 0.0).sqrt();
/// assert!(root > 2.288e-4 && root < 2.290e-4);            // r(√½ + √2.5)
/// assert!(smoothed_change(1e-3, 1_000_000, 0.0) < 4.01e-3); // 4r, whatever the exponent
/// ```
#[must_use]
pub fn smoothed_change(relative_move: f64, exponent: u32, residual: f64) -> f64 {
    let covered = exponent >= 4 && exponent.is_multiple_of(2) && relative_move >= 0.0 && residual >= 0.0;
    if !covered {
        return f64::INFINITY;
    }
    let r = relative_move * OUTWARD;
    let square = (1.0 + residual) * (1.0 + residual) * OUTWARD;
    let smooth = (
        2.0 * residual + square * (2.0_f64.sqrt() * r + r * r),
        square * f64::from(exponent) / 8.0 * r * r * OUTWARD,
    );
    let sharp = (2.0 * residual, square * (4.0 * r + 2.0 * r * r) * OUTWARD);
    solution(smooth).min(solution(sharp))
}

/// The same for John ellipsoids that are optimal up to a gap, `(1 + ξ)`-approximate: `r` and `r'` are `ε₀` over the shortest semi-axis of
/// either ellipsoid around its rows (`ε₀` times the longest one of either ellipsoid in the polytope).
///
/// # Guarantee
/// `w(2√(1 + ξ)(r + r') + r² + r'²) + 2dξ`, where no weight is above `w = (1 + dξ)/(1 + ξ)` (docs/theorems.md, John ellipsoids of close
/// rows). For comparison: a public ridge or public rows would make `r` public, but the root of this is of order `√r`.
///
/// ```
/// assert!((john_ellipsoid_dp::private::close::john_change([0.01, 0.01], 0.0, 5) - 0.0402).abs() < 1e-10);
/// ```
#[must_use]
pub fn john_change(relative_moves: [f64; 2], gap: f64, dim: usize) -> f64 {
    if !(gap >= 0.0 && relative_moves.iter().all(|r| *r >= 0.0)) {
        return f64::INFINITY;
    }
    let d = dim as f64;
    let weight = (1.0 + d * gap) / (1.0 + gap) * OUTWARD;
    let of_row = |r: f64| weight * (2.0 * (1.0 + gap).sqrt() * r + r * r) * OUTWARD;
    (relative_moves.map(of_row).iter().sum::<f64>() + 2.0 * d * gap) * OUTWARD
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
