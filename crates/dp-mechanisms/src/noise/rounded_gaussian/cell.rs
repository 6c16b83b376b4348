//! The fast path: one word of randomness, one row of the table, integer arithmetic only.
//!
//! See the [parent module](super) for the notation and the proof of the error bound.

use super::{rows::ROWS, signed};
use crate::certified::interval::Interval;

/// Octaves of U that the table covers: `2^{−25} ≤ U < 1/2`.
pub const OCTAVES: usize = 24;
/// `log₂` of the number of cells in an octave.
pub(super) const SUB_BITS: u32 = 5;
/// Cells in an octave.
pub const SUBCELLS: usize = 1 << SUB_BITS;
/// Cells of the table.
pub(super) const CELLS: usize = OCTAVES * SUBCELLS;
/// Degree of the polynomial in a cell.
pub const DEGREE: usize = 8;
/// Entries of a row: the coefficients, constant first, and the error bound.
pub(super) const ROW: usize = DEGREE + 2;
/// Coefficients and error bounds are integers in units of `2^{−UNIT_BITS}`.
pub const UNIT_BITS: u64 = 60;
/// Length of a word of randomness.
pub(super) const WORD_BITS: u32 = 64;

/// Polynomial and error bound of one cell, in units of `2⁻⁶⁰`.
pub type Row = [i64; ROW];

/// `σ` as the fast path uses it: `σ = mantissa · 2^{−4−fraction_bits}`, `2⁶³ ≤ mantissa`.
#[derive(Clone, Copy, Debug)]
pub(in crate::noise) struct Scale {
    mantissa: u64,
    /// Bits after the point in the upper half of the 128-bit product.
    fraction_bits: u32,
    /// What is added to every error bound, in units of the last of them.
    slack: u64,
}

/// What the fast path knows of a magnitude `⌊σM⌉`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::noise) enum Magnitude {
    /// Proven.
    Known(i64),
    /// Between the two, both included.
    Between(i64, i64),
    /// U is below the table.
    Beyond,
}

impl Scale {
    /// For `0 < σ ≤ 2⁵⁰`.
    ///
    /// Below `2⁻⁴`, `σM < 1/2` in every cell of the table (`M < 5.5`), so the sample is 0 whatever σ is: `2⁻⁴` stands for
    /// it.
    pub(in crate::noise) fn new(noise_std: f64) -> Self {
        let bits = noise_std.max(0.0625).to_bits();
        let exponent = (bits >> 52) as u32; // biased by 1023; σ is a normal number from 2⁻⁴ on
        let mantissa = (bits << 11) | 1 << 63;
        Self { mantissa, fraction_bits: 59 + 1023 - exponent, slack: 0 }
    }

    /// For a factor `2⁻⁴ ≤ factor < 2⁵¹` of 64 bits or more, cut to 64, when the integers' boundaries may lie up to
    /// `displacement` away from the half-integers.
    pub(in crate::noise) fn displaced(factor: &Interval, displacement: &Interval) -> Self {
        let bits = factor.lo().bits();
        let mantissa = u64::try_from(factor.lo() >> (bits - 64)).expect("64 bits are kept");
        let fraction_bits = u32::try_from(60 + factor.precision() - bits).expect("at least 2⁻⁴");
        let away = displacement.with_precision(u64::from(fraction_bits));
        // cutting the factor costs less than M·2⁻⁴ units, and M < 5.5
        let slack = 1 + u64::try_from(away.hi()).expect("displacements are below one");
        Self { mantissa, fraction_bits, slack }
    }

    /// The upper half of `mantissa·x`, for `x ≥ 0`: `σ·x` with `fraction_bits` bits after the point, plus one half.
    #[inline]
    fn product(self, x: i64) -> u64 {
        let product = u128::from(self.mantissa) * x as u128;
        (product >> 64) as u64 + (1 << (self.fraction_bits - 1))
    }

    /// The sample for a word, if its row proves it; the sign is the word's first bit.
    #[inline]
    pub(in crate::noise) fn try_word(self, word: u64) -> Option<i64> {
        let (row, d) = locate(word)?;
        let shifted = self.product(horner(row, d));
        let one = 1_u64 << self.fraction_bits;
        let margin = row[DEGREE + 1] as u64 + self.slack;
        let fraction = shifted & (one - 1);
        if fraction.wrapping_sub(margin) < one.saturating_sub(2 * margin) {
            Some(signed(word, (shifted >> self.fraction_bits) as i64))
        } else {
            None
        }
    }

    /// What the row proves of the magnitude.
    pub(in crate::noise) fn magnitude(self, word: u64) -> Magnitude {
        let Some((row, d)) = locate(word) else { return Magnitude::Beyond };
        let shifted = self.product(horner(row, d));
        let margin = row[DEGREE + 1] as u64 + self.slack;
        let low = shifted.saturating_sub(margin) >> self.fraction_bits;
        let high = (shifted + margin) >> self.fraction_bits;
        if low == high { Magnitude::Known(low as i64) } else { Magnitude::Between(low as i64, high as i64) }
    }
}

/// The row of a word and its place in the cell, `d·2⁻⁶⁴ ∈ [−1/2, 1/2)`, tailward positive.
#[inline]
pub(super) fn locate(word: u64) -> Option<(&'static Row, i64)> {
    let v = word << 1;
    let zeros = v.leading_zeros();
    let normalized = v.wrapping_shl(zeros);
    let sub = normalized >> (63 - SUB_BITS) & (SUBCELLS as u64 - 1);
    let row = ROWS.get((u64::from(zeros << SUB_BITS) | sub) as usize)?;
    let place = normalized << (1 + SUB_BITS);
    Some((row, (!place ^ 1 << 63) as i64))
}

/// The cell's polynomial at `d·2⁻⁶⁴`, in units of `2⁻⁶⁰`; floors may put it just below zero at `U ≈ 1/2`, where M is not,
/// so that zero is nearer to M.
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
    fn scale_is_exactly_sigma() {
        // `powi` promises no precision
        let power = |k: i64| f64::from_bits(((1023 + k) as u64) << 52);
        for sigma in [0.0625, 0.1, 1.0, 1.5, 12_346.0, 1e6 + 0.1, (1_u64 << 50) as f64] {
            let scale = Scale::new(sigma);
            // 53 of the 64 bits are used, so the conversion and the power of two are exact
            let value = scale.mantissa as f64 * power(-4 - i64::from(scale.fraction_bits));
            assert_eq!(value, sigma);
        }
        assert_eq!(Scale::new(1e-300).fraction_bits, Scale::new(0.0625).fraction_bits);
    }

    #[test]
    fn cells_tile_the_words() {
        // first and last word of each cell, in order: rows follow one another and places run from tail to centre
        for (index, row) in ROWS.iter().enumerate() {
            let (octave, sub) = (index / SUBCELLS + 1, (index % SUBCELLS) as u64);
            let shift = 63 - SUB_BITS as usize - octave;
            let first = (SUBCELLS as u64 + sub) << shift;
            let last = first + (1 << shift) - 1;
            for (word, place) in [(first, i64::MAX), (last, i64::MIN + (1 << (64 - shift)) - 1)] {
                let (found, d) = locate(word).unwrap();
                assert!(core::ptr::eq(found, row));
                assert_eq!(d, place);
            }
        }
        assert!(locate(0).is_none() && locate(1 << 63).is_none());
        assert!(locate((1 << (64 - 1 - OCTAVES)) - 1).is_none());
    }

    #[test]
    fn the_sign_is_the_first_bit_alone() {
        let scale = Scale::new(1e6);
        for word in [1_u64 << 62, 0x1234_5678_9abc_def0, (1 << 63) - 1, 1 << 45] {
            assert_eq!(scale.try_word(word | 1 << 63), scale.try_word(word).map(|k| -k));
        }
    }

    #[test]
    fn the_two_views_of_the_row_agree() {
        let scale = Scale::new((1_u64 << 44) as f64);
        // an interpreter takes a thousand times as long
        let words = if cfg!(miri) { 200_u64 } else { 100_000 };
        let mut known = 0;
        for i in 0..words {
            let word = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
            match scale.magnitude(word) {
                Magnitude::Known(k) => {
                    known += 1;
                    // acceptance may be stricter by one value of the fraction, never laxer
                    assert!(scale.try_word(word).is_none_or(|value| value == k));
                }
                _ => assert_eq!(scale.try_word(word), None),
            }
        }
        assert!(known > words / 10 * 9, "the table decides nearly all words: {known}");
    }
}
