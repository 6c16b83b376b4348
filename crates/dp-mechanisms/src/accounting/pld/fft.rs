//! Discrete Fourier transforms whose rounding error is proven.
//!
//! # What is transformed
//!
//! A real sequence of length `N = 2M` is a polynomial modulo `X^N + 1`. Putting `i = X^M` makes it a complex one of length M
//! modulo `X^M − i`, whose values at the M roots are a transform of `(x_j + i·x_{j+M})·e^{2πi·j/4M}`. Products of polynomials
//! are products of these values, so no value has to be paired with another, and their order does not matter. What
//! leaves a product at its upper end comes back at its lower end with the opposite sign.
//!
//! # Error bound
//!
//! With `u = 2⁻⁵³` and `‖·‖` the Euclidean norm, a transform of length M is off by at most `(1 + 8u)^{log₂ M + 1} − 1` times the
//! norm of the result (Higham 2002, section 24.1, with these constants). Proof. Factors are products of two correctly
//! rounded complex numbers, off by at most `2u + √5u < 4.3u` (Brent, Percival, Zimmermann 2007: a complex product is off by
//! `√5u`). One level takes `(a, b)` to `(a + b, (a − b)w)`: off by `u|a + b|` and by `(u + √5u + 4.3u)|a − b|`, less than `8u` of the
//! norm, and it is `√2` times a unitary map, so relative errors do not grow by themselves. Two levels in one step round
//! less often than one after the other. The factors at the beginning are one level more. ∎
//!
//! No transform of a library states such a bound, and the platform's `sin` and `cos` have none: hence this one.

#![allow(
    clippy::inline_always,
    reason = "code outside the inlined body of `with_simd` would lose its instruction set"
)]

use super::buffer::Buffer;
use crate::certified::ball::turn;
use pulp::{Arch, Simd, WithSimd};
use std::sync::OnceLock;

/// Vectors of the last levels hold one element of each of as many blocks.
const LANES: usize = 8;
/// Blocks of this many complex numbers and fewer stay in the cache.
const CACHED: usize = 4096;
/// Smallest `log₂ M`: eight blocks of sixteen.
const SMALLEST: u32 = 7;
/// Largest `log₂ M`.
pub(super) const LARGEST: u32 = 22;
/// Relative error of one level.
const LEVEL_ERROR: f64 = 8.0 / (1_u64 << 53) as f64;

/// Real and imaginary parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Complex {
    pub(super) re: Buffer,
    pub(super) im: Buffer,
}

impl Complex {
    fn from_fn(n: usize, f: impl Fn(usize) -> (f64, f64)) -> Self {
        let mut numbers = Self { re: Buffer::zeros(n), im: Buffer::zeros(n) };
        for (j, (re, im)) in numbers.re.iter_mut().zip(numbers.im.iter_mut()).enumerate() {
            (*re, *im) = f(j);
        }
        numbers
    }
}

/// Factors for one length.
#[derive(Debug)]
pub(super) struct Transform {
    log2_len: u32,
    /// For blocks of each length from the whole to four small ones: the first three powers of its roots, one after another.
    passes: Vec<[Complex; 3]>,
    /// `e^{2πi·j/4M}`.
    weights: Complex,
    /// Roots of order 16 for the last levels.
    roots: Complex,
}

impl Transform {
    /// For real sequences of length `2^log2_length` at least, up to the largest.
    pub(super) fn of_real_length(length: usize) -> &'static Self {
        static PLANS: [OnceLock<Transform>; (LARGEST - SMALLEST + 1) as usize] =
            [const { OnceLock::new() }; (LARGEST - SMALLEST + 1) as usize];
        let log2_len = length.div_ceil(2).next_power_of_two().trailing_zeros().clamp(SMALLEST, LARGEST);
        PLANS[(log2_len - SMALLEST) as usize].get_or_init(|| Self::new(log2_len))
    }

    fn new(log2_len: u32) -> Self {
        let turns = Turns::new(log2_len + 2);
        let len = 1_usize << log2_len;
        let powers = |count: usize, step: usize| Complex::from_fn(count, |j| turns.get(j * step));
        let passes = pass_blocks(log2_len)
            .map(|block| [1, 2, 3].map(|power| powers(block / 4, 4 * (len / block) * power)));
        Self {
            log2_len,
            passes: passes.collect(),
            weights: powers(len, 1),
            roots: powers(16, 4 * (len / 16)),
        }
    }

    /// Length of the real sequences.
    pub(super) fn real_len(&self) -> usize {
        2 << self.log2_len
    }

    /// The norm of the error of a transform is at most this times the norm of the result.
    pub(super) fn relative_error(&self) -> f64 {
        let error = f64::from(self.log2_len + 1) * LEVEL_ERROR;
        // (1 + x)ⁿ − 1 ≤ nx/(1 − nx), far below 1.001·nx
        1.001 * error
    }

    /// Blocks of this length are transformed one by one, between [`begin`](Self::begin) and [`finish`](Self::finish).
    pub(super) fn block(&self) -> usize {
        let inner = pass_blocks(self.log2_len).find(|&block| block <= CACHED);
        inner.unwrap_or_else(|| self.base())
    }

    /// The first levels of the transform of the polynomial with these real coefficients, zeros appended.
    pub(super) fn begin(&self, coefficients: &[f64]) -> Complex {
        let len = 1 << self.log2_len;
        let (re, im) = coefficients.split_at(len.min(coefficients.len()));
        let mut values = Complex { re: Buffer::padded(re, len), im: Buffer::padded(im, len) };
        Arch::new().dispatch(Begin { plan: self, filled: re.len(), values: &mut values });
        values
    }

    /// M times the real coefficients of a polynomial, from its blocks: the lower half, and the upper one.
    pub(super) fn finish(&self, mut values: Complex) -> Complex {
        Arch::new().dispatch(Finish { plan: self, values: &mut values });
        values
    }

    /// The last levels, on one block: values of the polynomial, in an order of their own.
    #[inline(always)]
    pub(super) fn forward_block<S: Simd>(&self, simd: S, re: &mut [f64], im: &mut [f64]) {
        let mut block = re.len();
        for pass in &self.passes[self.outer_passes()..] {
            split(simd, re, im, block, pass);
            block /= 4;
        }
        match block {
            8 => last::<8>(re, im, &self.roots),
            _ => last::<16>(re, im, &self.roots),
        }
    }

    /// The first levels of the way back, on one block.
    #[inline(always)]
    pub(super) fn inverse_block<S: Simd>(&self, simd: S, re: &mut [f64], im: &mut [f64]) {
        let mut block = self.base();
        match block {
            8 => first::<8>(re, im, &self.roots),
            _ => first::<16>(re, im, &self.roots),
        }
        for pass in self.passes[self.outer_passes()..].iter().rev() {
            block *= 4;
            join(simd, re, im, block, pass);
        }
    }

    /// Steps of four above the blocks.
    fn outer_passes(&self) -> usize {
        pass_blocks(self.log2_len).take_while(|&block| block > CACHED).count()
    }

    /// Length of the blocks of the last levels.
    fn base(&self) -> usize {
        base_block(self.log2_len)
    }
}

/// Eight or sixteen, so that steps of four lead there.
fn base_block(log2_len: u32) -> usize {
    if log2_len % 2 == 1 { 8 } else { 16 }
}

/// Lengths of blocks that a step of four takes apart, from the whole down.
fn pass_blocks(log2_len: u32) -> impl Iterator<Item = usize> {
    core::iter::successors(Some(1_usize << log2_len), |block| Some(block / 4))
        .take_while(move |&b| b > base_block(log2_len))
}

/// `e^{2πi·t/2^bits}` as products of two correctly rounded numbers.
struct Turns {
    bits: u32,
    coarse: Vec<(f64, f64)>,
    fine: Vec<(f64, f64)>,
}

impl Turns {
    fn new(bits: u32) -> Self {
        let rounded = |(cos, sin): (crate::certified::ball::Ball, crate::certified::ball::Ball)| {
            (cos.to_f64(), sin.to_f64())
        };
        let half = bits / 2;
        let coarse = (0..1_u64 << (bits - half)).map(|t| rounded(turn(t, bits - half))).collect();
        let fine = (0..1_u64 << half).map(|t| rounded(turn(t, bits))).collect();
        Self { bits, coarse, fine }
    }

    fn get(&self, t: usize) -> (f64, f64) {
        let half = self.bits / 2;
        let (a, b) = (self.coarse[(t >> half) % self.coarse.len()], self.fine[t % self.fine.len()]);
        (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
    }
}

struct Begin<'a> {
    plan: &'a Transform,
    /// How many of the numbers are not zero.
    filled: usize,
    values: &'a mut Complex,
}

impl WithSimd for Begin<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (plan, Complex { re, im }) = (self.plan, self.values);
        rotate(simd, &mut re[..self.filled], &mut im[..self.filled], &plan.weights, false);
        let mut block = re.len();
        for pass in &plan.passes[..plan.outer_passes()] {
            split(simd, re, im, block, pass);
            block /= 4;
        }
    }
}

struct Finish<'a> {
    plan: &'a Transform,
    values: &'a mut Complex,
}

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (plan, Complex { re, im }) = (self.plan, self.values);
        let mut block = plan.block();
        for pass in plan.passes[..plan.outer_passes()].iter().rev() {
            block *= 4;
            join(simd, re, im, block, pass);
        }
        rotate(simd, re, im, &plan.weights, true);
    }
}

/// Multiplies each number by its weight, or its conjugate.
#[inline(always)]
fn rotate<S: Simd>(simd: S, re: &mut [f64], im: &mut [f64], weights: &Complex, conjugate: bool) {
    let (re, re_tail) = S::as_mut_simd_f64s(re);
    let (im, im_tail) = S::as_mut_simd_f64s(im);
    let (wr, wi) = (S::as_simd_f64s(&weights.re).0, S::as_simd_f64s(&weights.im).0);
    for ((re, im), w) in re.iter_mut().zip(im.iter_mut()).zip(wr.iter().zip(wi)) {
        let x = Numbers { simd, re: *re, im: *im };
        let w = Numbers { simd, re: *w.0, im: *w.1 };
        let x = if conjugate { x.times_conjugate(w) } else { x.times(w) };
        (*re, *im) = (x.re, x.im);
    }
    let done = re.len() * S::F64_LANES;
    let weights = weights.re.iter().zip(weights.im.iter()).skip(done);
    let sign = if conjugate { -1.0 } else { 1.0 };
    for ((re, im), (c, s)) in re_tail.iter_mut().zip(im_tail).zip(weights) {
        (*re, *im) = (*re * c - *im * (s * sign), *re * (s * sign) + *im * c);
    }
}

/// A vector of complex numbers.
#[derive(Clone, Copy)]
struct Numbers<S: Simd> {
    simd: S,
    re: S::f64s,
    im: S::f64s,
}

impl<S: Simd> Numbers<S> {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        let Self { simd, re, im } = self;
        Self { re: simd.add_f64s(re, other.re), im: simd.add_f64s(im, other.im), ..self }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        let Self { simd, re, im } = self;
        Self { re: simd.sub_f64s(re, other.re), im: simd.sub_f64s(im, other.im), ..self }
    }

    /// `self + i·other`.
    #[inline(always)]
    fn plus_i(self, other: Self) -> Self {
        let Self { simd, re, im } = self;
        Self { re: simd.sub_f64s(re, other.im), im: simd.add_f64s(im, other.re), ..self }
    }

    /// `self − i·other`.
    #[inline(always)]
    fn minus_i(self, other: Self) -> Self {
        let Self { simd, re, im } = self;
        Self { re: simd.add_f64s(re, other.im), im: simd.sub_f64s(im, other.re), ..self }
    }

    #[inline(always)]
    fn times(self, w: Self) -> Self {
        let Self { simd, re, im } = self;
        Self {
            re: simd.sub_f64s(simd.mul_f64s(re, w.re), simd.mul_f64s(im, w.im)),
            im: simd.add_f64s(simd.mul_f64s(re, w.im), simd.mul_f64s(im, w.re)),
            ..self
        }
    }

    #[inline(always)]
    fn times_conjugate(self, w: Self) -> Self {
        let Self { simd, re, im } = self;
        Self {
            re: simd.add_f64s(simd.mul_f64s(re, w.re), simd.mul_f64s(im, w.im)),
            im: simd.sub_f64s(simd.mul_f64s(im, w.re), simd.mul_f64s(re, w.im)),
            ..self
        }
    }
}

/// Two levels from above: `(x₀ … x₃)` at distances of a quarter block.
#[inline(always)]
fn split<S: Simd>(simd: S, re: &mut [f64], im: &mut [f64], block: usize, roots: &[Complex; 3]) {
    for_quarters(
        (simd, block),
        (re, im),
        roots,
        #[inline(always)]
        |[x0, x1, x2, x3]: [Numbers<S>; 4], [w1, w2, w3]: [Numbers<S>; 3]| {
            let (a, b, c, d) = (x0.plus(x2), x1.plus(x3), x0.minus(x2), x1.minus(x3));
            [a.plus(b), a.minus(b).times(w2), c.plus_i(d).times(w1), c.minus_i(d).times(w3)]
        },
    );
}

/// The inverse of [`split`], times four.
#[inline(always)]
fn join<S: Simd>(simd: S, re: &mut [f64], im: &mut [f64], block: usize, roots: &[Complex; 3]) {
    for_quarters(
        (simd, block),
        (re, im),
        roots,
        #[inline(always)]
        |[x0, x1, x2, x3]: [Numbers<S>; 4], [w1, w2, w3]: [Numbers<S>; 3]| {
            let (e, f, g) = (x1.times_conjugate(w2), x2.times_conjugate(w1), x3.times_conjugate(w3));
            let (a, b, c, d) = (x0.plus(e), x0.minus(e), f.plus(g), f.minus(g));
            [a.plus(c), b.minus_i(d), a.minus(c), b.plus_i(d)]
        },
    );
}

/// Replaces four numbers at distances of a quarter block, everywhere, given the three roots of their place.
#[inline(always)]
fn for_quarters<S: Simd>(
    (simd, block): (S, usize),
    (re, im): (&mut [f64], &mut [f64]),
    roots: &[Complex; 3],
    step: impl Fn([Numbers<S>; 4], [Numbers<S>; 3]) -> [Numbers<S>; 4],
) {
    let q = block / 4 / S::F64_LANES;
    let roots = roots.each_ref().map(
        #[inline(always)]
        |w| (&S::as_simd_f64s(&w.re).0[..q], &S::as_simd_f64s(&w.im).0[..q]),
    );
    for (re, im) in re.chunks_exact_mut(block).zip(im.chunks_exact_mut(block)) {
        let [r0, r1, r2, r3] = quarters(S::as_mut_simd_f64s(re).0, q);
        let [i0, i1, i2, i3] = quarters(S::as_mut_simd_f64s(im).0, q);
        for j in 0..q {
            let x = [(r0[j], i0[j]), (r1[j], i1[j]), (r2[j], i2[j]), (r3[j], i3[j])].map(
                #[inline(always)]
                |(re, im)| Numbers { simd, re, im },
            );
            let w = roots.map(
                #[inline(always)]
                |(re, im)| Numbers { simd, re: re[j], im: im[j] },
            );
            let y = step(x, w);
            (r0[j], i0[j]) = (y[0].re, y[0].im);
            (r1[j], i1[j]) = (y[1].re, y[1].im);
            (r2[j], i2[j]) = (y[2].re, y[2].im);
            (r3[j], i3[j]) = (y[3].re, y[3].im);
        }
    }
}

#[inline(always)]
fn quarters<T>(block: &mut [T], q: usize) -> [&mut [T]; 4] {
    let (left, right) = block.split_at_mut(2 * q);
    let ((a, b), (c, d)) = (left.split_at_mut(q), right.split_at_mut(q));
    [&mut a[..q], &mut b[..q], &mut c[..q], &mut d[..q]]
}

/// One element of each of eight blocks.
type Lanes = [f64; LANES];

/// The last levels from above, on eight blocks at a time; they stay side by side.
#[inline(always)]
fn last<const B: usize>(re: &mut [f64], im: &mut [f64], roots: &Complex) {
    for (re, im) in re.chunks_exact_mut(LANES * B).zip(im.chunks_exact_mut(LANES * B)) {
        let (mut r, mut i) = ([[0.0; LANES]; B], [[0.0; LANES]; B]);
        for j in 0..B {
            for b in 0..LANES {
                (r[j][b], i[j][b]) = (re[b * B + j], im[b * B + j]);
            }
        }
        let mut half = B / 2;
        while half > 0 {
            for start in (0..B).step_by(2 * half) {
                for j in 0..half {
                    let root = j * (8 / half);
                    let (w, a, b) = ((roots.re[root], roots.im[root]), start + j, start + j + half);
                    ((r[a], i[a]), (r[b], i[b])) = down((r[a], i[a]), (r[b], i[b]), w);
                }
            }
            half /= 2;
        }
        for j in 0..B {
            re[j * LANES..(j + 1) * LANES].copy_from_slice(&r[j]);
            im[j * LANES..(j + 1) * LANES].copy_from_slice(&i[j]);
        }
    }
}

/// The inverse of [`last`], times the length of a block.
#[inline(always)]
fn first<const B: usize>(re: &mut [f64], im: &mut [f64], roots: &Complex) {
    for (re, im) in re.chunks_exact_mut(LANES * B).zip(im.chunks_exact_mut(LANES * B)) {
        let (mut r, mut i) = ([[0.0; LANES]; B], [[0.0; LANES]; B]);
        for j in 0..B {
            r[j].copy_from_slice(&re[j * LANES..(j + 1) * LANES]);
            i[j].copy_from_slice(&im[j * LANES..(j + 1) * LANES]);
        }
        let mut half = 1;
        while half < B {
            for start in (0..B).step_by(2 * half) {
                for j in 0..half {
                    let root = j * (8 / half);
                    let (w, a, b) = ((roots.re[root], -roots.im[root]), start + j, start + j + half);
                    ((r[a], i[a]), (r[b], i[b])) = up((r[a], i[a]), (r[b], i[b]), w);
                }
            }
            half *= 2;
        }
        for j in 0..B {
            for b in 0..LANES {
                (re[b * B + j], im[b * B + j]) = (r[j][b], i[j][b]);
            }
        }
    }
}

/// `(a + b, (a − b)·w)` in each lane.
#[inline(always)]
fn down(a: (Lanes, Lanes), b: (Lanes, Lanes), w: (f64, f64)) -> ((Lanes, Lanes), (Lanes, Lanes)) {
    let (mut sum, mut rest) = (a, b);
    for l in 0..LANES {
        let (dr, di) = (a.0[l] - b.0[l], a.1[l] - b.1[l]);
        (sum.0[l], sum.1[l]) = (a.0[l] + b.0[l], a.1[l] + b.1[l]);
        (rest.0[l], rest.1[l]) = (dr * w.0 - di * w.1, dr * w.1 + di * w.0);
    }
    (sum, rest)
}

/// `(a + b·w, a − b·w)` in each lane.
#[inline(always)]
fn up(a: (Lanes, Lanes), b: (Lanes, Lanes), w: (f64, f64)) -> ((Lanes, Lanes), (Lanes, Lanes)) {
    let (mut sum, mut rest) = (a, b);
    for l in 0..LANES {
        let (br, bi) = (b.0[l] * w.0 - b.1[l] * w.1, b.0[l] * w.1 + b.1[l] * w.0);
        (sum.0[l], sum.1[l]) = (a.0[l] + br, a.1[l] + bi);
        (rest.0[l], rest.1[l]) = (a.0[l] - br, a.1[l] - bi);
    }
    (sum, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Runs on every block.
    struct Blocks<'a> {
        plan: &'a Transform,
        values: &'a mut Complex,
        forward: bool,
    }

    impl WithSimd for Blocks<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let block = self.plan.block();
            let blocks = self.values.re.chunks_exact_mut(block).zip(self.values.im.chunks_exact_mut(block));
            for (re, im) in blocks {
                if self.forward {
                    self.plan.forward_block(simd, re, im);
                } else {
                    self.plan.inverse_block(simd, re, im);
                }
            }
        }
    }

    impl Transform {
        fn forward(&self, coefficients: &[f64]) -> Complex {
            let mut values = self.begin(coefficients);
            Arch::new().dispatch(Blocks { plan: self, values: &mut values, forward: true });
            values
        }

        fn inverse(&self, mut values: Complex) -> Complex {
            Arch::new().dispatch(Blocks { plan: self, values: &mut values, forward: false });
            self.finish(values)
        }
    }

    fn random(n: usize, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    fn norm(x: &[f64]) -> f64 {
        x.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    #[test]
    fn the_inverse_brings_every_length_back() {
        for log2 in 8..=18 {
            let n = 1_usize << log2;
            let plan = Transform::of_real_length(n);
            assert_eq!(plan.real_len(), n);
            let x = random(n, log2);
            let back = plan.inverse(plan.forward(&x));
            let difference: Vec<f64> =
                back.re.iter().chain(back.im.iter()).zip(&x).map(|(b, x)| b / (n / 2) as f64 - x).collect();
            // two transforms, each within its bound
            assert!(norm(&difference) <= 2.01 * plan.relative_error() * norm(&x), "{log2}");
        }
    }

    #[test]
    fn products_of_values_are_products_of_polynomials_modulo_their_sign() {
        for n in [256_usize, 512, 1024] {
            let plan = Transform::of_real_length(n);
            let (x, y) = (random(n, 1), random(n, 2));
            let (a, b) = (plan.forward(&x), plan.forward(&y));
            let product =
                |j: usize| (a.re[j] * b.re[j] - a.im[j] * b.im[j], a.re[j] * b.im[j] + a.im[j] * b.re[j]);
            let found = plan.inverse(Complex::from_fn(n / 2, product));
            let mut naive = vec![0.0; n];
            for (j, x) in x.iter().enumerate() {
                for (k, y) in y.iter().enumerate() {
                    naive[(j + k) % n] += if j + k < n { x * y } else { -x * y };
                }
            }
            let difference: Vec<f64> = found
                .re
                .iter()
                .chain(found.im.iter())
                .zip(&naive)
                .map(|(f, x)| f / (n / 2) as f64 - x)
                .collect();
            // three transforms of norm at most √n·‖x‖‖y‖ after scaling
            let scale = (n as f64).sqrt() * norm(&x) * norm(&y);
            assert!(norm(&difference) <= 4.0 * plan.relative_error() * scale, "{n}");
            assert!(norm(&difference) > 0.0);
        }
    }

    /// `Σ x_j·r^j` at the roots, slowly: the norm of the error is what the module proves.
    #[test]
    fn transforms_are_within_their_bound_of_direct_sums() {
        let n = 512_usize;
        let plan = Transform::of_real_length(n);
        let x = random(n, 3);
        let found = plan.forward(&x);
        let turns = |t: u64| {
            let (cos, sin) = turn(t % (4 * n as u64), (4 * n).trailing_zeros());
            (cos.to_f64(), sin.to_f64())
        };
        let mut exact: Vec<(f64, f64)> = (0..n as u64 / 2)
            .map(|k| {
                // roots of X^M = i: e^{2πi(1 + 4k)/4M}, and 4M = 2n
                let terms = x.iter().enumerate().map(|(j, x)| {
                    let (cos, sin) = turns(2 * (1 + 4 * k) * j as u64);
                    (x * cos, x * sin)
                });
                terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1))
            })
            .collect();
        let mut found: Vec<(f64, f64)> = found.re.iter().copied().zip(found.im.iter().copied()).collect();
        let order = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0);
        exact.sort_by(order);
        found.sort_by(order);
        let error = exact
            .iter()
            .zip(&found)
            .map(|(e, f)| (e.0 - f.0).powi(2) + (e.1 - f.1).powi(2))
            .sum::<f64>()
            .sqrt();
        let size = exact.iter().map(|e| e.0 * e.0 + e.1 * e.1).sum::<f64>().sqrt();
        // the direct sums are off by 512 roundings of a norm ‖x‖₁ at most; they are the smaller part
        assert!(error <= 2.0 * plan.relative_error() * size, "{error} {size}");
    }
}
