//! The fast path: one word of randomness, one row of the table, integer arithmetic only.
//!
//! See the [parent module](super) for the notation and the proof of the error bound.

use super::rows::{OCTAVE_ROWS, ROWS};
use crate::noise::uniform::signed;

/// Octaves of V that the table covers: `2⁻⁴⁴ ≤ V < 1`.
pub const OCTAVES: usize = 44;
/// `log₂` of the number of cells.
pub(super) const SUB_BITS: u32 = 8;
/// Cells of an octave; all octaves share them.
pub const CELLS: usize = 1 << SUB_BITS;
/// Degree of the polynomial in a cell.
pub const DEGREE: usize = 6;
/// Entries of a row: the coefficients, constant first, and the error bound.
pub(super) const ROW: usize = DEGREE + 2;
/// Coefficients and error bounds of rows are integers in units of `2^{−ROW_UNIT_BITS}`.
pub const ROW_UNIT_BITS: u64 = 62;
/// Multiples of ln 2, and what the fast path takes for `−ln V`, are integers in units of `2^{−UNIT_BITS}`.
pub const UNIT_BITS: u64 = 58;

/// Polynomial and error bound of one cell, in units of `2⁻⁶²`.
pub type Row = [i64; ROW];
/// `z·ln 2` and the error bound of the whole in octave z, in units of `2⁻⁵⁸`.
pub type OctaveRow = [u64; 2];

/// b and the offset h as the fast path uses them: `b = mantissa·2^{−6−fraction_bits}`, `2⁶³ ≤ mantissa`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) mantissa: u64,
    /// Bits after the point in the upper half of the 128-bit product.
    pub(super) fraction_bits: u32,
    /// h, in units of the last of them.
    pub(super) offset: u64,
}

impl Scale {
    /// Smallest b that is distinguished. Below, `b(−ln V + ln 2) < 1/2` in all the table (`−ln V < 30.6`), so the sample
    /// is 0.
    pub(super) const SMALLEST: f64 = 0.015_625;

    /// For `b ≤ 2⁵⁰`, without the offset.
    pub(super) fn new(scale: f64) -> Self {
        let bits = scale.max(Self::SMALLEST).to_bits();
        let exponent = (bits >> 52) as u32; // biased by 1023; a normal number from 2⁻⁶ on
        Self { mantissa: (bits << 11) | 1 << 63, fraction_bits: 57 + 1023 - exponent, offset: 0 }
    }

    /// The sample for a word, if the table proves it; the sign is the word's first bit.
    #[inline]
    pub(super) fn try_word(self, word: u64) -> Option<i64> {
        let (position, margin) = self.position(word)?;
        let one = 1_u64 << self.fraction_bits;
        let fraction = position & (one - 1);
        if fraction.wrapping_sub(margin) < one.saturating_sub(2 * margin) {
            Some(signed(word, (position >> self.fraction_bits) as i64))
        } else {
            None
        }
    }

    /// The position of a word and a bound of its error, with `fraction_bits` bits after the point.
    #[inline]
    fn position(self, word: u64) -> Option<(u64, u64)> {
        let (exponential, margin) = exponential(word)?;
        let product = (u128::from(self.mantissa) * u128::from(exponential)) >> 64;
        Some((product as u64 + self.offset, margin))
    }

    /// Bounds of the magnitude, both included, if the word is in the table.
    pub(super) fn magnitudes(self, word: u64) -> Option<(i64, i64)> {
        let (position, margin) = self.position(word)?;
        let low = position.saturating_sub(margin) >> self.fraction_bits;
        Some((low as i64, ((position + margin) >> self.fraction_bits) as i64))
    }
}

/// `−ln V` for the 63 bits of V after the sign, and a bound of its error and of the product's, in units of `2⁻⁵⁸`.
#[inline]
pub(super) fn exponential(word: u64) -> Option<(u64, u64)> {
    let v = word << 1;
    let zeros = v.leading_zeros();
    let [multiple, margin] = *OCTAVE_ROWS.get(zeros as usize)?;
    let (row, d) = locate(v.wrapping_shl(zeros));
    Some((multiple + (horner(row, d) >> (ROW_UNIT_BITS - UNIT_BITS)) as u64, margin))
}

/// The row of a number `normalized·2⁻⁶⁴ ∈ [1/2, 1)` and its place in the cell, `d·2⁻⁶⁴ ∈ [−1/2, 1/2)`, tailward positive.
#[inline]
pub(super) fn locate(normalized: u64) -> (&'static Row, i64) {
    let cell = normalized >> (63 - SUB_BITS) & (CELLS as u64 - 1);
    let place = normalized << (1 + SUB_BITS);
    (&ROWS[cell as usize], (!place ^ 1 << 63) as i64)
}

/// The cell's polynomial at `d·2⁻⁶⁴`, in units of `2⁻⁶²`; floors may put it just below zero at `V ≈ 1`.
#[inline]
pub(super) fn horner(row: &Row, d: i64) -> i64 {
    let mut sum = row[DEGREE];
    for k in (0..DEGREE).rev() {
        sum = row[k] + ((i128::from(sum) * i128::from(d)) >> 64) as i64;
    }
    sum.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_is_exactly_b() {
        // `powi` promises no precision
        let power = |k: i64| f64::from_bits(((1023 + k) as u64) << 52);
        for b in [Scale::SMALLEST, 0.1, 1.0, 1.5, 12_346.0, 1e6 + 0.1, (1_u64 << 50) as f64] {
            let scale = Scale::new(b);
            assert_eq!(scale.mantissa as f64 * power(-6 - i64::from(scale.fraction_bits)), b);
        }
        assert_eq!(Scale::new(1e-300).fraction_bits, 63);
        assert_eq!(Scale::new((1_u64 << 50) as f64).fraction_bits, 7);
    }

    #[test]
    fn cells_tile_the_words_of_an_octave() {
        for (index, row) in ROWS.iter().enumerate() {
            let first = (CELLS as u64 + index as u64) << (63 - SUB_BITS);
            let last = first + ((1 << (63 - SUB_BITS)) - 1);
            for (normalized, place) in [(first, i64::MAX), (last, i64::MIN + (1 << (1 + SUB_BITS)) - 1)] {
                let (found, d) = locate(normalized);
                assert!(core::ptr::eq(found, row));
                assert_eq!(d, place);
            }
        }
    }

    #[test]
    fn words_below_the_table_are_left_open() {
        let smallest = 1_u64 << (63 - OCTAVES);
        assert!(exponential(smallest).is_some() && exponential(smallest | 1 << 63).is_some());
        assert!(
            exponential(smallest - 1).is_none() && exponential(0).is_none() && exponential(1 << 63).is_none()
        );
    }

    #[test]
    fn no_position_overflows() {
        // the largest −ln V with the largest mantissa and offset, at every exponent: below 2⁶⁴ with the margin
        let largest = OCTAVE_ROWS.iter().map(|row| row[0]).max().unwrap() + (1 << UNIT_BITS);
        for fraction_bits in 7..=63_u32 {
            let position = ((u128::from(u64::MAX) * u128::from(largest)) >> 64) + (1 << UNIT_BITS);
            assert!(position < 1 << 63, "{fraction_bits}");
        }
    }
}
