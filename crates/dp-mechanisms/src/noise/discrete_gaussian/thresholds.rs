//! The fast path for small σ: the tails themselves, as 64-bit integers, and a guide into them.

use super::tail::Sigma;
use crate::noise::rounded_gaussian::table::{OCTAVES, SUBCELLS};
use crate::noise::uniform::signed;

/// Cells of the guide: those of the table of the rounded Gaussian.
const CELLS: usize = OCTAVES * SUBCELLS;
/// `log₂` of the number of cells in an octave.
const SUB_BITS: u32 = SUBCELLS.trailing_zeros();
/// The smallest word, without sign, that the guide covers: `U ≥ 2⁻²⁵`.
const SMALLEST: u64 = 1 << (63 - OCTAVES);

/// Thresholds of the magnitude.
#[derive(Clone, Debug)]
pub(super) struct Thresholds {
    /// `⌊2⁶⁴·P(K > k)⌋` or one less, for `k = 0, 1, …`, down to the first below the guide.
    tails: Vec<u64>,
    /// How many tails are above all words of the cell.
    guide: Vec<u8>,
}

impl Thresholds {
    /// For `σ < 16`.
    pub(super) fn new(sigma: &Sigma) -> Self {
        let tails = sigma.words_of_tails(SMALLEST);
        let guide =
            (0..CELLS).map(|cell| tails.iter().take_while(|&&tail| tail > last_word(cell)).count() as u8);
        Self { guide: guide.collect(), tails }
    }

    /// The sample for a word, if the thresholds prove it; the sign is the word's first bit.
    #[inline]
    pub(super) fn try_word(&self, word: u64) -> Option<i64> {
        let v = word & (u64::MAX >> 1);
        let mut magnitude = usize::from(*self.guide.get(cell(v))?);
        while v < self.tails[magnitude] {
            magnitude += 1;
        }
        // the tail is below its integer plus two
        (v - self.tails[magnitude] >= 2).then(|| signed(word, magnitude as i64))
    }
}

/// The cell of a word without sign; beyond the guide for the smallest words.
#[inline]
fn cell(v: u64) -> usize {
    let shifted = v << 1;
    let zeros = shifted.leading_zeros();
    let sub = shifted.wrapping_shl(zeros) >> (63 - SUB_BITS) & (SUBCELLS as u64 - 1);
    (u64::from(zeros << SUB_BITS) | sub) as usize
}

/// The largest word of a cell.
fn last_word(cell: usize) -> u64 {
    let shift = 62 - SUB_BITS - (cell / SUBCELLS) as u32;
    ((SUBCELLS + cell % SUBCELLS + 1) as u64).wrapping_shl(shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_end_where_the_next_begin() {
        for index in 0..CELLS {
            let last = last_word(index);
            assert_eq!(cell(last), index);
            let after = if index % SUBCELLS == SUBCELLS - 1 {
                index.checked_sub(2 * SUBCELLS - 1)
            } else {
                Some(index + 1)
            };
            // above the last cell of an octave lies the first of the octave before it
            assert!(after.is_none_or(|after| cell(last + 1) == after), "{index}");
        }
        assert_eq!(cell(SMALLEST), CELLS - SUBCELLS);
        assert!(cell(SMALLEST - 1) >= CELLS);
    }

    #[test]
    fn the_guide_skips_no_threshold() {
        for sigma in [0.05, 0.3, 1.0, 3.3, 15.999] {
            let thresholds = Thresholds::new(&Sigma::new(sigma));
            for word in (0..200_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1) {
                let count = thresholds.tails.iter().take_while(|&&tail| word < tail).count() as i64;
                assert!(thresholds.try_word(word).is_none_or(|value| value == count));
            }
            assert!(thresholds.tails.windows(2).all(|pair| pair[0] > pair[1]));
            assert!(thresholds.tails.last().is_some_and(|&last| last < SMALLEST));
        }
    }
}
