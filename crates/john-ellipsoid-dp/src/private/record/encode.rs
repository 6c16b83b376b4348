//! From a row to integers: each a bit-exact function of the row and of what is released before.
//!
//! Only `+ − × ÷ √`, rounding, comparisons and powers of two, in one order and none contracted.

use dp_linalg::{Mat, MatRef};

/// `R`: integer rows have `‖z‖² ≤ R²`. Sums of `2³⁰` rows fit 62 bits; rounding toward zero takes some `√d/R` of a row.
pub(super) const RADIUS: u32 = 1 << 15;
/// `R` less what rounding of norms of up to 1000 coordinates can add; norms are checked in integers all the same.
const SAFE_RADIUS: f64 = RADIUS as f64 * (1.0 - 1.0 / (1_u64 << 40) as f64);
/// Radii on the public grid: so many bits of the fraction are kept, steps of at most `2⁻⁸`.
const FRACTION_BITS: u32 = 8;

/// `2^k`, for `|k| ≤ 1022`.
pub(super) const fn power_of_two(k: i32) -> f64 {
    f64::from_bits(((k + 1023) as u64) << 52)
}

/// The binary exponent of a finite number; −1023 for zero and subnormal ones.
pub(super) const fn exponent(x: f64) -> i32 {
    ((x.abs().to_bits() >> 52) as i32) - 1023
}

/// The number of a cell of the grid: increasing in the radius.
pub(super) const fn radius_to_grid(radius: f64) -> i64 {
    (radius.to_bits() >> (52 - FRACTION_BITS)) as i64
}

/// No radius of this cell, or of one below, is larger.
pub(super) const fn grid_to_radius(cell: i64) -> f64 {
    f64::from_bits(((cell + 1) as u64) << (52 - FRACTION_BITS))
}

/// `y = Tᵀ(2^{−k}a)` of a row, with `‖y‖` and `k`.
#[derive(Debug, Clone, Copy)]
struct Length {
    norm: f64,
    exponent: i32,
}

impl Length {
    /// `‖Tᵀa‖`: infinite where it is beyond `f64`.
    fn radius(self) -> f64 {
        self.norm * power_of_two(self.exponent)
    }
}

/// Whitens by a public lower triangular `T`, clips, weights and rounds.
#[derive(Debug, Clone)]
pub(super) struct RowEncoder {
    root: Mat,
    /// `√c`.
    clip: f64,
    /// `p/2`.
    half_order: u32,
}

impl RowEncoder {
    /// For a lower triangular `T` of shape `(d, d)`, a largest squared length `c` and an even order `p`.
    pub(super) fn new(root: MatRef<'_>, squared_clip: f64, order: u32) -> Self {
        Self { root: root.to_owned(), clip: squared_clip.sqrt(), half_order: order / 2 }
    }

    /// The row in whitened coordinates; none if it has an entry that is not finite.
    ///
    /// Rows of any length are scaled to the size of 1 first, so that nothing overflows that decides.
    fn whiten(&self, row: &[f64], y: &mut [f64]) -> Option<Length> {
        y.fill(0.0);
        let largest = row.iter().fold(0.0, |largest: f64, a| if a.abs() > largest { a.abs() } else { largest });
        if !row.iter().all(|a| a.is_finite()) {
            return None;
        }
        let exponent = exponent(largest).clamp(-1022, 1022);
        let unit = power_of_two(-exponent);
        for (j, a) in row.iter().enumerate() {
            let a = a * unit;
            for (y, t) in y[..=j].iter_mut().zip(&self.root.row(j)[..=j]) {
                *y += a * t;
            }
        }
        let square = y.iter().fold(0.0, |sum, y| sum + y * y);
        Some(Length { norm: square.sqrt(), exponent })
    }

    /// `z = ⌊(R/√c)·√φ·y⌋` toward zero, with `φ = u^{p/2}·c/‖y‖²`, `u = min(1, ‖y‖²/c)`; zero for a row that is not finite.
    ///
    /// `‖z‖² ≤ R²`, whatever the row: the last lines see to it, in integers.
    pub(super) fn integers(&self, row: &[f64], z: &mut [f64]) {
        let gain = self.whiten(row, z).map_or(0.0, |length| self.gain(length));
        for z in z.iter_mut() {
            *z = (*z * gain).trunc();
        }
        while z.iter().fold(0.0, |sum, z| sum + z * z) > f64::from(RADIUS) * f64::from(RADIUS) {
            z.iter_mut().for_each(|z| *z = (*z * 0.9999).trunc());
        }
    }

    /// `(R/‖y‖)·u^{p/4}`, with `√u = min(1, ‖y‖/√c)`; zero where nothing is left of a row.
    fn gain(&self, length: Length) -> f64 {
        let ratio = length.radius() / self.clip;
        let root = if ratio < 1.0 { ratio } else { 1.0 };
        let gain = (0..self.half_order).fold(SAFE_RADIUS / length.norm, |gain, _| gain * root);
        if gain.is_finite() { gain } else { 0.0 }
    }

    /// The cell of `‖Tᵀa‖`; the largest integer for a row that is not finite.
    pub(super) fn cell(&self, row: &[f64], y: &mut [f64]) -> i64 {
        self.whiten(row, y).map_or(i64::MAX, |length| radius_to_grid(length.radius()))
    }
}
