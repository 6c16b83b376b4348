//! Exact softmax attention, streamed in blocks: the non-private reference, and what a release is measured against.

#![allow(
    clippy::inline_always,
    reason = "only what is inlined into `with_simd` is compiled for its instruction set"
)]

use crate::error::{Error, Parameter};
use crate::options::positive;
use crate::rows::check_dimension;
use core::ops::Range;
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into, matmul_nt_into};
use pulp::{Arch, Simd, WithSimd};

/// Queries and keys per block: their scores stay in the second-level cache.
const QUERY_BLOCK: usize = 64;
const KEY_BLOCK: usize = 512;

/// `softmax(softmax_scale·Q Kᵀ) V`, row by row: queries `(m, d)`, keys `(n, d)`, values `(n, d_v)`, result `(m, d_v)`.
///
/// One pass over the keys with a running maximum, so that no exponential overflows and no `(m, n)` matrix is formed
/// (Milakov, Gimelshein 2018). *Not private.*
///
/// # Errors
///
/// [`Error::Dimension`], [`Error::RowCount`], [`Error::OutOfRange`] for a bad scale. Without keys, or with logits that are not finite,
/// the result is NaN.
///
/// # Example
///
/// ```
/// use attention_dp::exact_attention;
/// use dp_linalg::{Mat, Parallelism};
///
/// let keys = Mat::from_vec(2, 1, vec![0.0, 1.0])?;
/// let values = Mat::from_vec(2, 1, vec![10.0, 20.0])?;
/// let query = Mat::from_vec(1, 1, vec![3.0_f64.ln()])?; // weights 1 and 3
/// let (query, keys, values) = (query.as_ref(), keys.as_ref(), values.as_ref());
/// let output = exact_attention(query, keys, values, 1.0, Parallelism::Sequential)?;
/// assert!((output[(0, 0)] - 17.5).abs() < 1e-12);
/// # Ok::<(), attention_dp::Error>(())
/// ```
pub fn exact_attention(
    queries: MatRef<'_>,
    keys: MatRef<'_>,
    values: MatRef<'_>,
    softmax_scale: f64,
    parallelism: Parallelism,
) -> Result<Mat, Error> {
    positive(Parameter::SoftmaxScale, softmax_scale)?;
    check_dimension(Parameter::Query, keys.ncols(), queries.ncols())?;
    if keys.nrows() != values.nrows() {
        return Err(Error::RowCount);
    }
    let all = keys.nrows();
    attend_with_mass((queries, keys, values), softmax_scale, &|_| all, parallelism).map(|(output, _)| output)
}

/// Queries, keys and values.
type Inputs<'a> = (MatRef<'a>, MatRef<'a>, MatRef<'a>);

/// Outputs and logarithms of the masses; query `i` sees the keys before `visible(i)`, a nondecreasing function. NaN and `−∞` where it
/// sees none.
pub(crate) fn attend_with_mass(
    (queries, keys, values): Inputs<'_>,
    scale: f64,
    visible: &(impl Fn(usize) -> usize + Sync),
    parallelism: Parallelism,
) -> Result<(Mat, Vec<f64>), Error> {
    let share = queries.nrows().div_ceil(parallelism.get()).max(1);
    let mut output = Vec::with_capacity(queries.nrows() * values.ncols());
    let mut log_masses = Vec::with_capacity(queries.nrows());
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..queries.nrows())
            .step_by(share)
            .map(|start| start..queries.nrows().min(start + share))
            .map(|part| scope.spawn(move || attend((queries, keys, values), part, scale, visible)))
            .collect();
        running.into_iter().try_for_each(|handle| {
            let part = handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            output.extend(part.0);
            log_masses.extend(part.1);
            Ok::<(), Error>(())
        })
    })?;
    Ok((Mat::from_vec(queries.nrows(), values.ncols(), output)?, log_masses))
}

/// Row-major outputs of some queries, and logarithms of their masses.
fn attend(
    (queries, keys, values): Inputs<'_>,
    part: Range<usize>,
    scale: f64,
    visible: &impl Fn(usize) -> usize,
) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let mut output = Vec::with_capacity(part.len() * values.ncols());
    let mut log_masses = Vec::with_capacity(part.len());
    for start in part.clone().step_by(QUERY_BLOCK) {
        let rows = start..part.end.min(start + QUERY_BLOCK);
        let seen: Vec<usize> = rows.clone().map(visible).collect();
        let block = queries.subrows(rows);
        let mut state = Softmax::new(block.nrows(), values.ncols());
        // keys that no query of the block sees are not touched
        let end = seen.last().map_or(0, |&last| last.min(keys.nrows()));
        for first in (0..end).step_by(KEY_BLOCK) {
            let range = first..end.min(first + KEY_BLOCK);
            let seen = seen.iter().map(|&seen| seen.clamp(first, range.end) - first);
            state.absorb((block, keys.subrows(range.clone()), values.subrows(range.clone())), scale, seen)?;
        }
        log_masses.extend(state.log_masses());
        output.extend(state.into_output());
    }
    Ok((output, log_masses))
}

/// Running maximum, mass and weighted sum of one block of queries.
struct Softmax {
    maximum: Vec<f64>,
    mass: Vec<f64>,
    sums: Mat,
}

impl Softmax {
    fn new(queries: usize, columns: usize) -> Self {
        Self {
            maximum: vec![f64::NEG_INFINITY; queries],
            mass: vec![0.0; queries],
            sums: Mat::zeros(queries, columns),
        }
    }

    /// Adds a block of keys, of which query `i` sees the leading `seen[i]`: hidden ones neither raise its maximum nor count.
    fn absorb(
        &mut self,
        (queries, keys, values): Inputs<'_>,
        scale: f64,
        seen: impl Iterator<Item = usize>,
    ) -> Result<(), Error> {
        let mut weights = Mat::zeros(queries.nrows(), keys.nrows());
        matmul_nt_into(weights.as_mut(), Accumulate::Replace, queries, keys, Parallelism::Sequential)?;
        let arch = Arch::new();
        for (i, seen) in seen.enumerate() {
            let (scores, hidden) = weights.row_mut(i).split_at_mut(seen);
            hidden.fill(0.0);
            if scores.is_empty() {
                continue; // a maximum over nothing would be −∞ − (−∞) below
            }
            let (largest, mass) = arch.dispatch(Exponentials { scores, scale, maximum: self.maximum[i] });
            let rescale = (self.maximum[i] - largest).exp();
            self.mass[i] = self.mass[i] * rescale + mass;
            self.maximum[i] = largest;
            for sum in self.sums.row_mut(i) {
                *sum *= rescale;
            }
        }
        Ok(matmul_into(
            self.sums.as_mut(),
            Accumulate::Add,
            weights.as_ref(),
            values,
            Parallelism::Sequential,
        )?)
    }

    /// `ln Σ e^logit` of each query, `−∞` for one that saw nothing.
    fn log_masses(&self) -> impl Iterator<Item = f64> {
        self.maximum.iter().zip(&self.mass).map(|(maximum, mass)| maximum + mass.ln())
    }

    fn into_output(self) -> Vec<f64> {
        let columns = self.sums.ncols().max(1);
        let mass = self.mass;
        self.sums.into_vec().into_iter().enumerate().map(|(i, sum)| sum / mass[i / columns]).collect()
    }
}

/// Turns scores into `e^(scale·score − largest)`, and returns the largest and their sum; compiled for each instruction set.
struct Exponentials<'a> {
    scores: &'a mut [f64],
    scale: f64,
    /// Largest scaled score of earlier blocks.
    maximum: f64,
}

impl WithSimd for Exponentials<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (f64, f64) {
        for score in self.scores.iter_mut() {
            *score *= self.scale;
        }
        let largest = reduce(self.scores, f64::NEG_INFINITY, larger).max(self.maximum);
        for score in self.scores.iter_mut() {
            *score = exp_nonpositive(*score - largest);
        }
        (largest, reduce(self.scores, 0.0, |a, b| a + b))
    }
}

/// The larger of two numbers, by one comparison; a NaN on the right is kept.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Combines all entries, in eight strided lanes that the processor can work on side by side.
#[inline(always)]
fn reduce(row: &[f64], identity: f64, combine: impl Fn(f64, f64) -> f64) -> f64 {
    let (chunks, rest) = row.as_chunks::<8>();
    let mut lanes = [identity; 8];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = combine(*lane, x);
        }
    }
    lanes.iter().chain(rest).fold(identity, |total, &x| combine(total, x))
}

/// `eˣ` for `x ≤ 0` to a few units in the last place, zero below −708; without branches, so that loops over it vectorise.
///
/// `x = m ln 2 + t` with integer m, `|t| ≤ ½ ln 2`; Taylor polynomial of degree 12 (`0.347¹³/13! < 2·10⁻¹⁶`); `2ᵐ` by its bits.
#[inline(always)]
fn exp_nonpositive(x: f64) -> f64 {
    /// Adding it rounds to an integer, which then stands in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// ln 2 to 32 bits, so that its product with m is exact, and the rest (Cody and Waite 1980).
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let inside = larger(-708.0, x);
    let shifted = inside * core::f64::consts::LOG2_E + ROUND;
    let m = shifted - ROUND;
    let t = (inside - m * LN_2_HIGH) - m * LN_2_LOW;
    let polynomial = INVERSE_FACTORIALS.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if x < -708.0 { 0.0 } else { polynomial * power }
}

/// `1/j!`, `j = 0 … 12`.
const INVERSE_FACTORIALS: [f64; 13] = {
    let mut inverse = [1.0; 13];
    let mut j = 1;
    let mut factorial = 1.0;
    while j < 13 {
        factorial *= j as f64;
        inverse[j] = 1.0 / factorial;
        j += 1;
    }
    inverse
};

#[cfg(test)]
mod tests {
    use super::exp_nonpositive;

    #[test]
    fn the_exponential_is_good_to_a_few_units_in_the_last_place() {
        for i in 0..200_000 {
            let x = -708.0 * f64::from(i) / 200_000.0;
            let (fast, library) = (exp_nonpositive(x), x.exp());
            // 13 Horner steps that contract errors by |t| ≤ 0.35, and the library's own unit
            assert!((fast - library).abs() <= 4.0 * f64::EPSILON * library, "{x}: {fast} {library}");
        }
        assert_eq!(
            (exp_nonpositive(0.0), exp_nonpositive(-800.0), exp_nonpositive(f64::NEG_INFINITY)),
            (1.0, 0.0, 0.0)
        );
    }

    #[test]
    fn not_a_number_stays_so() {
        assert!(exp_nonpositive(f64::NAN).is_nan());
    }
}
