//! Products of a lower-triangular Toeplitz matrix with a matrix whose rows arrive one by one.
//!
//! After step `t = 2ˡ·odd` the last `2ˡ` inputs are multiplied into the next `2ˡ` outputs, as one square block. A pair of
//! input and later output meets exactly once: at the highest bit in which their numbers differ. Blocks are square Toeplitz
//! matrices, multiplied by Karatsuba's method: with halves `X₀, X₁` of the inputs and blocks `S` (on the diagonal twice),
//! `U` above it, `L` below it,
//!
//! ```text
//! P = S(X₀ + X₁),   Y₀ = P + (U − S)X₁,   Y₁ = P + (L − S)X₀
//! ```
//!
//! three products of half the size instead of four. Only ring operations take part, so the result is exact modulo 2⁶⁴.

/// Integers modulo 2⁶⁴, or floats up to rounding.
pub(super) trait Ring: Copy + Default {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
}

impl Ring for i64 {
    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
}

impl Ring for f64 {
    #[inline]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self - other
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        self * other
    }
}

/// Side up to which a block is multiplied entry by entry.
const SMALL: usize = 32;

/// Columns that are multiplied together where there is more than one.
const LANES: usize = 8;

/// `y_t = Σ_{k ≤ t} c_k x_{t−k}` for rows `x_0, x_1, …` of one width, `t` below a fixed horizon.
///
/// Keeps all inputs and the unfinished outputs: after `t` steps at most `2t` rows. `n` steps take `O(n^1.585)` products a
/// column in all; most steps are cheap, those at multiples of a large power of two pay for the steps to come.
pub(super) struct OnlineToeplitz<R> {
    coefficients: Vec<R>,
    horizon: usize,
    width: usize,
    done: usize,
    /// Inputs of the steps done, then what they owe to later outputs.
    rows: Vec<R>,
    scratch: Vec<R>,
}

impl<R: Ring> OnlineToeplitz<R> {
    /// For `horizon` rows of `width` entries; missing coefficients are zero.
    pub(super) fn new(mut coefficients: Vec<R>, horizon: usize, width: usize) -> Self {
        // blocks reach beyond the last output, to less than twice the next power of two
        coefficients.resize(2 * horizon.next_power_of_two(), R::default());
        Self { coefficients, horizon, width, done: 0, rows: Vec::new(), scratch: Vec::new() }
    }

    /// Takes the next row and writes the next row of the product.
    pub(super) fn push(&mut self, input: &[R], output: &mut [R]) {
        let start = self.done * self.width;
        self.extend_rows(self.done + 1);
        let (first, row) = (self.coefficients[0], &mut self.rows[start..start + self.width]);
        for ((out, owed), &x) in output.iter_mut().zip(row).zip(input) {
            *out = owed.plus(first.times(x));
            *owed = x;
        }
        self.done += 1;
        self.look_ahead();
    }

    fn extend_rows(&mut self, rows: usize) {
        if self.rows.len() < rows * self.width {
            self.rows.resize(rows * self.width, R::default());
        }
    }

    /// Multiplies the last inputs into the outputs that they complete a square block with.
    fn look_ahead(&mut self) {
        let now = self.done;
        let block = 1 << now.trailing_zeros();
        let ahead = block.min(self.horizon - now);
        if ahead == 0 || self.width == 0 {
            return;
        }
        self.extend_rows(now + ahead);
        let side = ahead.next_power_of_two();
        let (past, future) = self.rows.split_at_mut(now * self.width);
        for start in (now - block..now).step_by(side) {
            let inputs = &past[start * self.width..(start + side) * self.width];
            // lags from (last input, first output) to (first input, last output)
            let shortest = now - start - side + 1;
            let lags = &self.coefficients[shortest..shortest + 2 * side - 1];
            let outputs = &mut future[..ahead * self.width];
            if self.width == 1 {
                add_product::<R, 1>(lags, inputs, outputs, self.width, &mut self.scratch);
            } else {
                add_product::<R, LANES>(lags, inputs, outputs, self.width, &mut self.scratch);
            }
        }
    }
}

/// Adds a square Toeplitz block times its inputs to as many outputs as there are, `L` columns at a time.
fn add_product<R: Ring, const L: usize>(
    lags: &[R],
    inputs: &[R],
    outputs: &mut [R],
    width: usize,
    scratch: &mut Vec<R>,
) {
    let side = inputs.len() / width;
    let needed = 4 * side * L + 2 * side;
    if scratch.len() < needed {
        scratch.resize(needed, R::default());
    }
    let (scalars, vectors) = scratch[..needed].split_at_mut(2 * side);
    let (x, vectors) = vectors.as_chunks_mut().0.split_at_mut(side);
    let (y, vectors) = vectors.split_at_mut(side);
    for first in (0..width).step_by(L) {
        let columns = L.min(width - first);
        for (strip, row) in x.iter_mut().zip(inputs.chunks_exact(width)) {
            strip[..columns].copy_from_slice(&row[first..first + columns]);
        }
        y.fill([R::default(); L]);
        karatsuba::<R, L>(lags, x, y, scalars, vectors);
        for (strip, row) in y.iter().zip(outputs.chunks_exact_mut(width)) {
            add(&mut row[first..first + columns], strip);
        }
    }
}

/// Adds a square block's product; `scalars` and `vectors` hold at least `2n` entries each.
fn karatsuba<R: Ring, const L: usize>(
    lags: &[R],
    x: &[[R; L]],
    y: &mut [[R; L]],
    scalars: &mut [R],
    vectors: &mut [[R; L]],
) {
    let n = x.len();
    if n <= SMALL {
        return add_directly(lags, x, y);
    }
    let half = n / 2;
    let ((x0, x1), (y0, y1)) = (x.split_at(half), y.split_at_mut(half));
    let (upper, same, lower) = (&lags[..n - 1], &lags[half..half + n - 1], &lags[n..]);
    let (difference, scalars) = scalars.split_at_mut(n - 1);
    let (sum, vectors) = vectors.split_at_mut(half);
    let (product, vectors) = vectors.split_at_mut(half);

    sum.copy_from_slice(x0);
    add(sum.as_flattened_mut(), x1.as_flattened());
    product.fill([R::default(); L]);
    karatsuba(same, sum, product, scalars, vectors);
    add(y0.as_flattened_mut(), product.as_flattened());
    add(y1.as_flattened_mut(), product.as_flattened());
    subtract(upper, same, difference);
    karatsuba(difference, x1, y0, scalars, vectors);
    subtract(lower, same, difference);
    karatsuba(difference, x0, y1, scalars, vectors);
}

fn add_directly<R: Ring, const L: usize>(lags: &[R], x: &[[R; L]], y: &mut [[R; L]]) {
    // the input that a window of lags belongs to: the last one first
    for (x, lags) in x.iter().rev().zip(lags.windows(x.len())) {
        for (out, &lag) in y.iter_mut().zip(lags) {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = out.plus(lag.times(x));
            }
        }
    }
}

fn add<R: Ring>(to: &mut [R], what: &[R]) {
    for (to, &what) in to.iter_mut().zip(what) {
        *to = to.plus(what);
    }
}

fn subtract<R: Ring>(from: &[R], what: &[R], difference: &mut [R]) {
    for ((difference, &from), &what) in difference.iter_mut().zip(from).zip(what) {
        *difference = from.minus(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Row `t` of the product by its definition.
    fn naive<R: Ring>(coefficients: &[R], rows: &[Vec<R>], t: usize) -> Vec<R> {
        let mut out = vec![R::default(); rows[t].len()];
        for (k, &c) in coefficients.iter().take(t + 1).enumerate() {
            for (out, &x) in out.iter_mut().zip(&rows[t - k]) {
                *out = out.plus(c.times(x));
            }
        }
        out
    }

    fn streamed<R: Ring>(coefficients: &[R], rows: &[Vec<R>]) -> Vec<Vec<R>> {
        let mut product = OnlineToeplitz::new(coefficients.to_vec(), rows.len(), rows[0].len());
        let push = |row: &Vec<R>| {
            let mut out = vec![R::default(); row.len()];
            product.push(row, &mut out);
            out
        };
        rows.iter().map(push).collect()
    }

    #[test]
    fn integers_agree_with_the_definition_modulo_two_to_the_64_for_every_horizon_and_width() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let widths = [(1..=70, 1), (1..=70, 3), (63..=66, 8), (255..=258, 1), (255..=258, 9), (5..=6, 0)];
        for (horizons, width) in widths {
            for horizon in horizons {
                let coefficients: Vec<i64> = (0..horizon).map(|_| rng.next_u64() as i64).collect();
                let row = |_| (0..width).map(|_| rng.next_u64() as i64).collect();
                let rows: Vec<Vec<i64>> = (0..horizon).map(row).collect();
                for (t, out) in streamed(&coefficients, &rows).iter().enumerate() {
                    assert_eq!(
                        out,
                        &naive(&coefficients, &rows, t),
                        "horizon {horizon}, width {width}, t = {t}"
                    );
                }
            }
        }
    }

    #[test]
    fn floats_agree_with_the_definition_up_to_rounding() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut unit = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let coefficients: Vec<f64> = (0..600).map(|k| unit() / f64::from(k + 1)).collect();
        let rows: Vec<Vec<f64>> = (0..600).map(|_| vec![unit() - 0.5, unit()]).collect();
        // Σ|c||x| is at most ln 600 + 1 < 8; Karatsuba's differences and sums at five levels cost a factor 3⁵ at most
        let tolerance = 8.0 * 243.0 * 600.0 * f64::EPSILON;
        for (t, out) in streamed(&coefficients, &rows).iter().enumerate() {
            for (out, exact) in out.iter().zip(naive(&coefficients, &rows, t)) {
                assert!((out - exact).abs() < tolerance, "{out} {exact}");
            }
        }
    }
}
