//! Convolution powers of masses, with every error charged.
//!
//! # Method
//!
//! Masses are tilted by `w^k`, so that the losses of interest are the bulk of the tilted law, and divided by their sum. The
//! tilted laws are transformed, raised to their counts, multiplied and transformed back. The result is `c̃_k`, and with the
//! exact convolution c of the tilted laws
//!
//! ```text
//! | c̃_k − Σ_m (−1)^m c_{k + mN} | ≤ E
//! ```
//!
//! # Error bound
//!
//! Let `Ẑ` be the exact transform of one tilted law a, `Z̃` the computed one, M the number of values. Then
//! `‖Z̃ − Ẑ‖ ≤ D = κ√M‖a‖` (see [`fft`](super::fft)), so each value is off by at most D too. With `B_j = |Z̃_j| + D ≥ |Ẑ_j|` and
//! counts `T_i`, the product of powers is off by `Σ_j |W̃_j − W_j| ≤ Σ_i T_i Σ_j d_ij F_j/B_ij`, `F_j = Π_i B_ij^{T_i}`, and by Cauchy and
//! Schwarz that is at most `Σ_i T_i D_i (Σ_j (F_j/B_ij)²)^½`. Computing the powers adds `√5u·F_j` for each complex product in the
//! tree of squarings, counted as often as its result enters: fewer than factors, `Σ T_i ≤ 2⁴⁰`. (Then `F_j < e²⁵⁶`.) Where a small
//! value was set to zero the product is off by `F_j` at most. Coefficients are off by at most `1/M` of `Σ_j |W̃_j − W_j|`, and the way
//! back adds `κ‖W̃‖/√M`.

#![allow(
    clippy::inline_always,
    reason = "code outside the inlined body of `with_simd` would lose its instruction set"
)]

use super::fft::{Complex, Transform};
use super::masses::Tilted;
use crate::accounting::parallel::side_by_side;
use pulp::{Arch, Simd, WithSimd};
use std::sync::{Mutex, PoisonError};

/// Values at consecutive points, each within `error` of the exact, folded convolution.
#[derive(Clone, Debug)]
pub(super) struct Composed {
    /// Lower and upper half, unscaled.
    halves: Complex,
    /// The point of the first value.
    begin: i64,
    pub(super) error: f64,
}

impl Composed {
    /// Number of points after which values come again, with the other sign.
    pub(super) fn len(&self) -> usize {
        2 * self.halves.re.len()
    }

    /// Writes the values from `first` on, no more than that.
    pub(super) fn copy_values(&self, first: i64, out: &mut [f64]) {
        let (half, len) = (self.halves.re.len(), self.len() as i64);
        let (turns, place) =
            ((first - self.begin).div_euclid(len), (first - self.begin).rem_euclid(len) as usize);
        let (lower, upper) = (&self.halves.re[..], &self.halves.im[..]);
        let slices = if place < half {
            [&lower[place..], upper, &lower[..place], &[]]
        } else {
            [&upper[place - half..], &[], lower, &upper[..place - half]]
        };
        let scale = if turns % 2 == 0 { 1.0 } else { -1.0 } / half as f64; // a power of two
        let mut rest = out;
        for (slice, scale) in slices.into_iter().zip([scale, scale, -scale, -scale]) {
            let (here, after) = rest.split_at_mut(slice.len().min(rest.len()));
            here.iter_mut().zip(slice).for_each(|(out, value)| *out = value * scale);
            rest = after;
        }
    }
}

/// The convolution of tilted laws, each with its count; at least one, and at most `2⁴⁰` in all.
pub(super) fn compose(parts: &[(Tilted, u64)], plan: &Transform) -> Composed {
    let mut begun: Vec<Complex> = parts.iter().map(|(tilted, _)| plan.begin(&tilted.values)).collect();
    let powers: Vec<Power> = parts.iter().map(|(tilted, count)| Power::new(tilted, *count, plan)).collect();
    // between the first levels and the last, blocks have nothing to do with each other
    let blocks = blocks(&mut begun, plan.block());
    let sums = side_by_side(&blocks, |values| {
        let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
        Arch::new().dispatch(Block { plan, powers: &powers, values: &mut values })
    });
    let sums = sums.into_iter().fold(Sums::new(parts.len()), Sums::plus);
    let error = sums.error(&powers, plan);
    let begin = parts.iter().map(|(tilted, count)| tilted.first * *count as i64).sum();
    Composed { halves: plan.finish(begun.swap_remove(0)), begin, error }
}

/// Part of the values of each law, at the same places.
type Values<'a> = Vec<(&'a mut [f64], &'a mut [f64])>;

fn blocks(laws: &mut [Complex], len: usize) -> Vec<Mutex<Values<'_>>> {
    let mut blocks: Vec<Values<'_>> = Vec::new();
    for law in laws {
        let chunks = law.re.chunks_exact_mut(len).zip(law.im.chunks_exact_mut(len));
        for (i, chunk) in chunks.enumerate() {
            if blocks.len() <= i {
                blocks.push(Vec::new());
            }
            blocks[i].push(chunk);
        }
    }
    blocks.into_iter().map(Mutex::new).collect()
}

/// How often a law is composed, and how far its transform may be off: D.
#[derive(Clone, Copy, Debug)]
struct Power {
    count: u64,
    deviation: f64,
}

impl Power {
    fn new(tilted: &Tilted, count: u64, plan: &Transform) -> Self {
        let norm = norm(tilted.values.iter().map(|value| value * value).sum(), tilted.values.len());
        let len = plan.real_len() / 2;
        Self { count, deviation: 1.01 * plan.relative_error() * (len as f64).sqrt() * norm }
    }
}

/// Takes a block of each law from the middle of its transform to its power, multiplies them, and goes as far back. The product is
/// left in the place of the first.
struct Block<'a, 'b> {
    plan: &'a Transform,
    powers: &'a [Power],
    values: &'a mut Values<'b>,
}

impl WithSimd for Block<'_, '_> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Sums {
        let Self { plan, powers, values } = self;
        let len = plan.block();
        // B_ij of each law, and F_j
        let (mut bounds, mut all, mut own) = (vec![0.0; len * powers.len()], vec![1.0; len], vec![0.0; len]);
        for ((power, (re, im)), bounds) in
            powers.iter().zip(values.iter_mut()).zip(bounds.chunks_exact_mut(len))
        {
            plan.forward_block(simd, re, im);
            raise_all(re, im, *power, (bounds, &mut own));
            all.iter_mut().zip(&own).for_each(|(all, own)| *all *= own);
        }
        let (product, others) = values.split_first_mut().expect("there is a law");
        for (re, im) in others {
            multiply(product, (re, im));
        }
        let (re, im) = product;
        let sums = Sums::of(re, im, &bounds, &all);
        plan.inverse_block(simd, re, im);
        sums
    }
}

#[inline(always)]
fn multiply((re, im): &mut (&mut [f64], &mut [f64]), (x, y): (&mut [f64], &mut [f64])) {
    for ((re, im), (x, y)) in re.iter_mut().zip(im.iter_mut()).zip(x.iter().zip(y.iter())) {
        (*re, *im) = (*re * x - *im * y, *re * y + *im * x);
    }
}

/// What the error is made of, summed over j.
#[derive(Clone, Debug)]
struct Sums {
    /// `(F_j/B_ij)²` for each part.
    quotients: Vec<f64>,
    /// `F_j`, and that where the product is zero.
    bounds: f64,
    zeros: f64,
    /// `|W̃_j|²`.
    squares: f64,
}

impl Sums {
    fn new(parts: usize) -> Self {
        Self { quotients: vec![0.0; parts], bounds: 0.0, zeros: 0.0, squares: 0.0 }
    }

    #[inline(always)]
    fn of(re: &[f64], im: &[f64], bounds: &[f64], all: &[f64]) -> Self {
        let quotients =
            bounds.chunks_exact(all.len()).map(|own| sum(all, own, |all, own| (all / own) * (all / own)));
        Self {
            quotients: quotients.collect(),
            bounds: sum(all, all, |all, _| all),
            zeros: sum(re, all, |re, all| if re == 0.0 { all } else { 0.0 }),
            squares: sum(re, im, |re, im| re * re + im * im),
        }
    }

    fn plus(mut self, other: Self) -> Self {
        self.quotients.iter_mut().zip(other.quotients).for_each(|(sum, more)| *sum += more);
        let (bounds, zeros) = (self.bounds + other.bounds, self.zeros + other.zeros);
        Self { bounds, zeros, squares: self.squares + other.squares, ..self }
    }

    fn error(&self, powers: &[Power], plan: &Transform) -> f64 {
        let len = (plan.real_len() / 2) as f64;
        let of_transform =
            |(power, quotients): (&Power, &f64)| power.count as f64 * power.deviation * quotients.sqrt();
        let of_transforms: f64 = powers.iter().zip(&self.quotients).map(of_transform).sum();
        let factors: f64 = powers.iter().map(|power| power.count as f64 + 1.0).sum();
        let of_products = 1.5 * f64::EPSILON * factors * self.bounds;
        let backward = plan.relative_error() * (self.squares / len).sqrt();
        // one percent for the roundings of this bound itself, and what is below the range of f64
        1.01 * ((of_transforms + of_products + self.zeros) / len + backward) + SMALLEST
    }
}

/// Powers below this are set to zero.
const SMALLEST: f64 = 1e-90;

/// An upper bound of the root of a sum of n squares.
fn norm(squares: f64, n: usize) -> f64 {
    (squares * (1.0 + (n + 4) as f64 * f64::EPSILON)).sqrt()
}

/// `Σ f(x_j, y_j)`, in several sums side by side; lengths are multiples of their number.
#[inline(always)]
fn sum(x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    for (x, y) in x.as_chunks::<LANES>().0.iter().zip(y.as_chunks::<LANES>().0) {
        for l in 0..LANES {
            sums[l] += f(x[l], y[l]);
        }
    }
    sums.iter().sum()
}

/// Values a vector register or two hold; lengths are multiples of it.
const LANES: usize = 8;

/// Raises values to a power where they stand, and writes bounds of their absolute values, and the powers of these.
#[inline(always)]
fn raise_all(re: &mut [f64], im: &mut [f64], power: Power, (bounds, powers): (&mut [f64], &mut [f64])) {
    let Power { count, deviation } = power;
    // smaller bases have powers that are nothing, and would take long to get there
    let least = SMALLEST.powf(1.0 / count as f64).max(deviation);
    let (_, _, nothing) = raise(([0.0; LANES], [0.0; LANES]), [least; LANES], count);
    let values = re.as_chunks_mut::<LANES>().0.iter_mut().zip(im.as_chunks_mut::<LANES>().0);
    let bounds = bounds.as_chunks_mut::<LANES>().0.iter_mut().zip(powers.as_chunks_mut::<LANES>().0);
    for ((re, im), (bound, power)) in values.zip(bounds) {
        let mut base = (*re, *im);
        let mut kept = 0.0;
        for l in 0..LANES {
            let size = (re[l] * re[l] + im[l] * im[l]).sqrt() * (1.0 + 4.0 * f64::EPSILON) + deviation;
            let keep = if size > least { 1.0 } else { 0.0 };
            (base.0[l], base.1[l], bound[l]) = (re[l] * keep, im[l] * keep, size.max(least));
            kept += keep;
        }
        // of many laws together hardly any frequency is left
        (*re, *im, *power) =
            if kept > 0.0 { raise(base, *bound, count) } else { ([0.0; LANES], [0.0; LANES], nothing) };
    }
}

/// The power of complex numbers, and of their bounds.
#[inline(always)]
fn raise(
    mut base: ([f64; LANES], [f64; LANES]),
    mut magnitude: [f64; LANES],
    mut count: u64,
) -> ([f64; LANES], [f64; LANES], [f64; LANES]) {
    let (mut re, mut im, mut bound) = ([1.0; LANES], [0.0; LANES], [1.0; LANES]);
    loop {
        if count & 1 == 1 {
            for l in 0..LANES {
                (re[l], im[l]) =
                    (re[l] * base.0[l] - im[l] * base.1[l], re[l] * base.1[l] + im[l] * base.0[l]);
                bound[l] *= magnitude[l];
            }
        }
        count >>= 1;
        if count == 0 {
            return (re, im, bound);
        }
        for l in 0..LANES {
            let (x, y) = (base.0[l], base.1[l]);
            (base.0[l], base.1[l]) = (x * x - y * y, 2.0 * x * y);
        }
        magnitude = magnitude.map(|m| m * m);
    }
}
