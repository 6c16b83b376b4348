//! How far from the optimum a result can be, at most.

use crate::Error;
use crate::compensated::{gamma, outward};
use crate::design::moment;
use crate::scan::CoreRow;
use crate::whitening::Whitening;
use dp_linalg::Mat;

/// What is certain of an ellipsoid `E = {x : ‖T⁻¹x‖ ≤ 1}` of rows `aᵢ`, for `T` as it is in memory.
///
/// # Guarantee
/// In real arithmetic, on the floating-point numbers of `T`, of the weights and of the rows that take part:
///
/// - `‖Tᵀaᵢ‖² ≤ 1 + gap` for every row, so that `E/√(1 + gap) ⊆ P = {x : |⟨aᵢ, x⟩| ≤ 1}`;
/// - `‖Tᵀ(Σ wᵢaᵢaᵢᵀ)T − I‖_F ≤ defect`, so that `P ⊆ √(d/(1 − defect))·E`;
/// - no ellipsoid in `P` has a volume larger than that of `E/√(1 + gap)` by more than a factor `exp(log_volume_excess)`, and no
///   ellipsoid around all `±aᵢ` has one smaller than `{y : ‖Tᵀy‖² ≤ 1 + gap}` by more than the same factor.
///
/// The gap is computed by a reading of all rows, or of those that a bound from the last reading does not settle; rounding is bounded
/// and added (docs/theorems.md, John ellipsoids). Nothing here depends on how weights were found.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{JohnOptions, john_ellipsoid};
///
/// let rows = Mat::from_fn(50, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let certificate = john_ellipsoid(rows.as_ref(), &JohnOptions::default())?.certificate();
/// assert!(certificate.gap() <= 1e-6 && certificate.log_volume_excess() <= 1.51e-6); // about dξ/2
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    gap: f64,
    defect: f64,
    log_volume_excess: f64,
}

impl Certificate {
    /// `largest` bounds `‖Tᵀaᵢ‖²` over all rows; the weighted rows are given.
    pub(crate) fn new(
        whitening: &Whitening,
        support: &[(&CoreRow, f64)],
        largest: f64,
    ) -> Result<Self, Error> {
        let d = whitening.matrix().ncols();
        let gap = gap_of(largest);
        let sum: f64 = support.iter().map(|(_, weight)| weight).sum();
        // the sum, and three roundings before one is subtracted
        let above = outward((sum * (1.0 + gamma(support.len() + 4)) / d as f64 - 1.0).max(0.0));
        let defect = outward(defect(whitening, support)? + above);
        let spread = if defect < 1.0 { defect / (1.0 - defect) } else { f64::INFINITY };
        let log_volume_excess = outward(0.5 * d as f64 * (gap + outward(spread) + above));
        Ok(Self { gap, defect, log_volume_excess })
    }

    /// `ξ`: no `gᵢ` is above `1 + ξ`.
    #[must_use]
    pub const fn gap(&self) -> f64 {
        self.gap
    }

    /// How far `M` of the weights is from `(TTᵀ)⁻¹`, in Frobenius norm, in whitened coordinates, and how far their sum is above `d`: rounding only.
    #[must_use]
    pub const fn defect(&self) -> f64 {
        self.defect
    }

    /// The most that the logarithm of the volume can be off; `d·gap/2` and rounding.
    #[must_use]
    pub const fn log_volume_excess(&self) -> f64 {
        self.log_volume_excess
    }
}

/// `ξ` of the largest `g`.
pub(crate) fn gap_of(largest: f64) -> f64 {
    outward((largest - 1.0).max(0.0))
}

/// A bound of `‖Σ wᵢyᵢyᵢᵀ − I‖_F` for `y = Tᵀa` without rounding.
///
/// Coordinates carry the error of a compensated sum; products `√w·y` and their sums of `s` terms have relative errors within
/// `γ_{s+6}` of the sum of absolute terms, which is at most `Σ wᵢ‖yᵢ‖²` in Frobenius norm.
fn defect(whitening: &Whitening, support: &[(&CoreRow, f64)]) -> Result<f64, Error> {
    let (coordinates, errors, weights) = accurate_support(whitening, support);
    let k = moment(coordinates.as_ref(), &weights)?;
    let (mut square, mut size, mut inherited) = (0.0, 0.0, 0.0);
    for (i, row) in k.rows().enumerate() {
        square +=
            row.iter().enumerate().map(|(j, x)| if i == j { (x - 1.0).powi(2) } else { x * x }).sum::<f64>();
        size += row[i];
    }
    for ((y, error), w) in coordinates.rows().zip(&errors).zip(&weights) {
        let norm = y.iter().map(|x| x * x).sum::<f64>().sqrt();
        inherited += w * error * (2.0 * norm + error);
    }
    let d = whitening.matrix().ncols();
    let rounding = gamma(support.len() + 6) * size + inherited * (1.0 + gamma(support.len() + d + 8));
    // a sum of d² squares, differences from one included, and its root
    Ok(outward(square.sqrt() * (1.0 + gamma(d * d + 4)) + outward(2.0 * rounding)))
}

/// `Tᵀaᵢ` of the rows with weight in twice the working precision, bounds of their errors, and the weights.
pub(crate) fn accurate_support(
    whitening: &Whitening,
    support: &[(&CoreRow, f64)],
) -> (Mat, Vec<f64>, Vec<f64>) {
    let d = whitening.matrix().ncols();
    let mut coordinates = Mat::zeros(support.len(), d);
    let mut errors = Vec::with_capacity(support.len());
    for (i, (kept, _)) in support.iter().enumerate() {
        let (y, error) = whitening.apply_accurately(&kept.entries);
        coordinates.row_mut(i).copy_from_slice(&y);
        errors.push(error);
    }
    (coordinates, errors, support.iter().map(|(_, w)| *w).collect())
}
