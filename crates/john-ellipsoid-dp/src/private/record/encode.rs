//! From a row to integers: each a bit-exact function of the row and of what is released before.
//!
//! Only `+ − × ÷ √`, rounding, comparisons and powers of two, in one order and none contracted.

use super::options::{RecordParameter, check};
use crate::Error;
use crate::private::floats::power_of_two;
use crate::whitening::Whitening;
use dp_linalg::{Mat, MatRef};

/// `R`: integer rows have `‖z‖² ≤ R²`. Sums of `2³⁰` rows fit 62 bits; rounding toward zero takes some `√d/R` of a row.
pub(super) const RADIUS: u32 = 1 << 15;
/// `R` less what rounding of norms of up to 1000 coordinates can add; norms are checked in integers all the same.
const SAFE_RADIUS: f64 = RADIUS as f64 * (1.0 - 1.0 / (1_u64 << 40) as f64);
/// Radii on the public grid: so many bits of the fraction are kept, steps of at most `2⁻¹⁰`.
const FRACTION_BITS: u32 = 10;

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

/// The `k` by which a row is scaled to the size of 1, `2^{−k}a`, so that nothing overflows that decides; none if an entry is not finite.
pub(super) fn unit_exponent(row: &[f64]) -> Option<i32> {
    let largest = row.iter().fold(0.0, |largest: f64, a| if a.abs() > largest { a.abs() } else { largest });
    row.iter().all(|a| a.is_finite()).then(|| exponent(largest).clamp(-1022, 1022))
}

/// To integers, and a NaN to zero.
fn scale_toward_zero(z: &mut [f64], factor: f64) {
    for z in z {
        *z = f64::from((*z * factor) as i32);
    }
}

/// Sees to `‖z‖² ≤ R²` in integers, whatever rounding did; whether anything had to be done.
pub(super) fn shrunk(z: &mut [f64], mut square: f64) -> bool {
    let largest = f64::from(RADIUS) * f64::from(RADIUS);
    let beyond = square > largest;
    while square > largest {
        let factor = SAFE_RADIUS / square.sqrt();
        scale_toward_zero(z, factor);
        square = z.iter().fold(0.0, |sum, z| sum + z * z);
    }
    beyond
}

/// `‖y‖` and `k` of `y = Tᵀ(2^{−k}a)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    pub(super) norm: f64,
    pub(super) exponent: i32,
}

impl Length {
    /// `‖Tᵀa‖`: infinite where it is beyond `f64`.
    pub(super) fn radius(self) -> f64 {
        self.norm * power_of_two(self.exponent)
    }
}

/// What one round makes of one row: whitened by a public lower triangular `T`, clipped, weighted, rounded to integers.
///
/// [`RecordMechanism`](super::RecordMechanism) does this inside; alone it serves to check the guarantee, and to encode rows where they are.
///
/// # Sensitivity
/// Integers `z` have `‖z‖² ≤ R²`, R = [`RADIUS`](Self::RADIUS), for every row: entries that are not finite give zero. They are a bit-exact function of
/// the row and of `T`, `c` and `p`. `zzᵀ` therefore has at most the Frobenius norm `R²`, and two of them differ by at most `√2·R²`.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::private::RoundEncoder;
///
/// let encoder = RoundEncoder::new(Mat::identity(2).as_ref(), 4.0, 2)?; // ‖y‖² ≤ 4
/// let mut z = [0.0; 2];
/// encoder.encode(&[0.0, -1.0], &mut z)?;
/// assert_eq!(z, [0.0, -16383.0]); // R/2, toward zero
/// encoder.encode(&[3e300, 4e300], &mut z)?;
/// assert!(z[0] * z[0] + z[1] * z[1] <= 32768.0 * 32768.0 && z[0] >= 19_660.0);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RoundEncoder {
    root: Mat,
    /// `√c`.
    clip: f64,
    /// `p/2`.
    half_order: u32,
}

impl RoundEncoder {
    /// `R`, in integers.
    pub const RADIUS: u32 = RADIUS;

    /// For a public `T` of shape `(d, d)`, a largest squared length `c` and an even order `p`. A `T` that is not lower triangular is rotated.
    ///
    /// # Errors
    /// [`Error::Length`] unless `T` is square; [`Error::RecordParameter`] unless `c` is positive and finite, `p` even and positive.
    pub fn new(root: MatRef<'_>, squared_clip: f64, order: u32) -> Result<Self, Error> {
        let (expected, found) = root.shape();
        if expected != found {
            return Err(Error::Length { expected, found });
        }
        let inside = squared_clip > 0.0 && squared_clip.is_finite();
        check(RecordParameter::Clip, squared_clip, inside)?;
        check(RecordParameter::LewisOrder, f64::from(order), order > 0 && order.is_multiple_of(2))?;
        Ok(Self::of_triangle(Whitening::new(root.to_owned()).matrix(), squared_clip, order))
    }

    pub(super) fn of_triangle(root: MatRef<'_>, squared_clip: f64, order: u32) -> Self {
        Self { root: root.to_owned(), clip: squared_clip.sqrt(), half_order: order / 2 }
    }

    /// Writes the integers of a row, as `f64`. They are as private as the row.
    ///
    /// # Errors
    /// [`Error::Length`] unless both have `d` entries.
    pub fn encode(&self, row: &[f64], integers: &mut [f64]) -> Result<(), Error> {
        for found in [row.len(), integers.len()] {
            if found != self.root.nrows() {
                return Err(Error::Length { expected: self.root.nrows(), found });
            }
        }
        self.integers(row, integers);
        Ok(())
    }

    pub(super) fn root(&self) -> MatRef<'_> {
        self.root.as_ref()
    }

    /// The row in whitened coordinates; none if it has an entry that is not finite.
    fn whiten(&self, row: &[f64], y: &mut [f64]) -> Option<Length> {
        y.fill(0.0);
        let exponent = unit_exponent(row)?;
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

    /// `z = (R/√c)·√φ·y` toward zero, with `φ = u^{p/2}·c/‖y‖²`, `u = min(1, ‖y‖²/c)`; zero for a row that is not finite.
    fn integers(&self, row: &[f64], z: &mut [f64]) {
        let gain = self.whiten(row, z).map_or(0.0, |length| self.gain(length));
        scale_toward_zero(z, gain);
        let square = z.iter().fold(0.0, |sum, z| sum + z * z);
        shrunk(z, square);
    }

    /// `(R/‖y‖)·u^{p/4}`, with `√u = min(1, ‖y‖/√c)`; zero where nothing is left of a row.
    pub(super) fn gain(&self, length: Length) -> f64 {
        let ratio = length.radius() / self.clip;
        let root = if ratio < 1.0 { ratio } else { 1.0 };
        let gain = (0..self.half_order).fold(SAFE_RADIUS / length.norm, |gain, _| gain * root);
        if gain.is_finite() { gain } else { 0.0 }
    }

    /// The cell of `‖Tᵀa‖`; the largest integer for a row that is not finite.
    #[cfg(test)]
    pub(super) fn cell(&self, row: &[f64], y: &mut [f64]) -> i64 {
        self.whiten(row, y).map_or(i64::MAX, |length| radius_to_grid(length.radius()))
    }
}
