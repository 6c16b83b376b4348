//! The sampler of the rounded Gaussian: its table, its fast path, its law.

use super::noise::law::{Draw, smallest_p_value};
use super::{noise, none_fails, reference};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::RoundedGaussian;
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::noise::rounded_gaussian::table::{self, DEGREE, OCTAVES, Row, SUBCELLS, UNIT_BITS};
use rand::Rng;
use std::sync::LazyLock;

/// Bits of a word after its sign and the five that number a cell in its octave.
const PLACE_BITS: u32 = 58;

/// The first word of a cell, sign clear, and `log₂` of the number of its words.
fn cell_words(cell: usize) -> (u64, u32) {
    let shift = PLACE_BITS - (cell / SUBCELLS) as u32 - 1;
    (((SUBCELLS + cell % SUBCELLS) as u64) << shift, shift)
}

/// The polynomial of a word's cell, in units of `2⁻⁶⁰`, written anew from the documentation of the module: Horner's rule
/// with floors in `D = (u − U)/w`, u in the middle of the cell. With it the row; `None` below the table.
fn polynomial(rows: &[Row], word: u64) -> Option<(i128, &Row)> {
    let octave = (word << 1).leading_zeros() as usize;
    if octave >= OCTAVES {
        return None;
    }
    let shift = PLACE_BITS - octave as u32 - 1;
    let row = &rows[octave * SUBCELLS + (word << 1 >> (shift + 1)) as usize % SUBCELLS];
    let place = word & ((1 << shift) - 1);
    // 2⁶⁴·D, less one so that it fits 64 bits: the 2⁻⁶⁴ of the error bound
    let d = ((i128::from(1_u64 << (shift - 1)) - i128::from(place)) << (64 - shift)) - 1;
    let horner = |sum: i128, &c: &i64| i128::from(c) + ((sum * d) >> 64);
    Some((row[..=DEGREE].iter().rev().fold(0, horner), row))
}

/// The table derived again, once for both subjects: it takes seconds.
static DERIVED: LazyLock<Vec<Row>> = LazyLock::new(table::derive);

/// Quantiles of 288 words by another program (first, last and an inner word of every eighth cell) lie within each
/// row's bound, and all rows are what certified arithmetic derives. The twin's error bounds are half as large.
pub(super) fn table(_: &mut Context, subject: Subject) -> Outcome {
    let rows: Vec<Row> = table::rows().iter().map(|row| subject.pick(*row, halved(row))).collect();
    let complete = Outcome::at_least(rows.len() as f64, (OCTAVES * SUBCELLS) as f64, 1);
    let equal = none_fails(rows.iter().zip(DERIVED.iter()), |(row, again)| row == again);
    Outcome::worst([
        probe(&rows).with_note("quantiles of another program beyond a row's bound"),
        equal.with_note("rows that are not what is derived again"),
        complete,
    ])
}

fn halved(row: &Row) -> Row {
    let mut row = *row;
    row[DEGREE + 1] /= 2;
    row
}

/// Whether the quantiles at both ends of the reference words lie within the bound of their row.
fn probe(rows: &[Row]) -> Outcome {
    none_fails(reference::fields("cell"), |fields| {
        let [far, near] = [fields[1], fields[2]].map(reference::number::<i128>);
        // references are in units of 2⁻⁸⁰, rounded outward; one unit of the bound is for the product with σ
        polynomial(rows, reference::number(fields[0])).is_some_and(|(sum, row)| {
            let (center, bound) = (sum << 20, i128::from(row[DEGREE + 1] - 1) << 20);
            far - 1 - center <= bound && center - near - 1 <= bound
        })
    })
}

/// Pearson's test of draws against certified probabilities at four σ. The twin takes σ for a variance.
pub(super) fn law(context: &mut Context, subject: Subject) -> Outcome {
    let shipped: Draw = |std, out, rng| noise(std).fill(out, rng);
    let variance: Draw = |std, out, rng| noise(std.sqrt()).fill(out, rng);
    smallest_p_value(context, &[0.3, 2.5, 7.5, 1e4], (noise, |std| std), subject.pick(shipped, variance))
}

/// Words that the table decides, decided again by certified comparisons alone: random ones at several σ, and the ends of
/// cells where σ is largest and leaves the least room. The twin takes the polynomial without its error bound.
pub(super) fn fast_path(context: &mut Context, subject: Subject) -> Outcome {
    let largest = RoundedGaussian::MAX_STD;
    let mut rng = context.rng(0);
    let step = context.scale(4, 1);
    let ends = (0..OCTAVES * SUBCELLS).step_by(step).flat_map(|cell| {
        let (first, shift) = cell_words(cell);
        [first, first + (1 << shift) - 1]
    });
    let mut words: Vec<(f64, u64)> = ends.map(|word| (largest, word)).collect();
    for (std, quick) in [(0.3, 300), (1.0, 300), (12_346.0, 300), (1e9, 300), (largest, 1_500)] {
        words.extend((0..context.scale(quick, 50 * quick)).map(|_| (std, rng.next_u64())));
    }
    let mut further = context.rng(1);
    let (mut wrong, mut decided) = (0, 0);
    for (i, &(std, word)) in words.iter().enumerate() {
        let law = noise(std);
        let optimistic = || if std == largest { without_margin(word) } else { law.fast_value(word) };
        let fast = match subject {
            Subject::AsShipped => law.fast_value(word),
            Subject::Broken => optimistic(),
        };
        if let Some(value) = fast {
            decided += 1;
            wrong += u64::from(law.exact_value(word, &mut further).value != value);
        }
        context.progress(i + 1, words.len());
    }
    let enough =
        Outcome::at_least(decided as f64, 0.9 * words.len() as f64, 1).with_note("too few words decided");
    Outcome::worst([
        Outcome::all_equal(wrong, decided).with_note("words that fell on the wrong side"),
        enough,
    ])
}

/// `⌊σM⌉` at `σ = 2⁵⁰` from the middle of the enclosure of M.
fn without_margin(word: u64) -> Option<i64> {
    let drop = UNIT_BITS - 50;
    let (sum, _) = polynomial(table::rows(), word)?;
    let magnitude = (sum + (1 << (drop - 1))) >> drop;
    Some(if word >> 63 == 1 { -magnitude as i64 } else { magnitude as i64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    #[test]
    fn another_programs_quantiles_tell_a_halved_bound_from_the_shipped_one() {
        assert_eq!(probe(table::rows()).verdict, Verdict::Holds);
        let halved: Vec<Row> = table::rows().iter().map(halved).collect();
        assert_eq!(probe(&halved).verdict, Verdict::Violated);
    }

    #[test]
    fn cells_and_words_agree() {
        for cell in [0, 31, 32, 300, OCTAVES * SUBCELLS - 1] {
            let (first, shift) = cell_words(cell);
            for word in [first, first + (1 << shift) - 1, first | 1 << 63] {
                assert_eq!(polynomial(table::rows(), word).map(|(_, row)| row), Some(&table::rows()[cell]));
            }
        }
        assert!(polynomial(table::rows(), 1).is_none());
    }
}
