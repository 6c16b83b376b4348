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
//! tree of squarings, of which there are at most as many as factors, `Σ T_i`. Where a small value was set to zero the product is
//! off by `F_j` at most. Coefficients are off by at most `1/M` of
//! `Σ_j |W̃_j − W_j|`, and the way back adds `κ‖W̃‖/√M`.

#![allow(
    clippy::inline_always,
    reason = "code outside the inlined body of `with_simd` would lose its instruction set"
)]

use super::fft::{Complex, Transform};
use super::masses::Tilted;
use pulp::{Arch, Simd, WithSimd};

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

    /// The values at no more points than that, from `first` on.
    pub(super) fn values(&self, first: i64) -> impl Iterator<Item = f64> {
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
        slices
            .into_iter()
            .zip([scale, scale, -scale, -scale])
            .flat_map(|(slice, scale)| slice.iter().map(move |c| c * scale))
    }
}

/// The convolution of tilted laws, each with its count.
pub(super) fn compose(parts: &[(Tilted, u64)], plan: &Transform) -> Composed {
    let mut powers = Powers::default();
    for (tilted, count) in parts {
        powers.multiply(tilted, *count, plan);
    }
    let error = powers.error(plan);
    let begin = parts.iter().map(|(tilted, count)| tilted.first * *count as i64).sum();
    Composed { halves: plan.inverse(powers.product), begin, error }
}

/// The product of powers so far, and what its error is made of.
#[derive(Debug, Default)]
struct Powers {
    product: Complex,
    /// `F_j`.
    bounds: Vec<f64>,
    /// For each part its count, D and `B_j`.
    parts: Vec<(f64, f64, Vec<f64>)>,
}

impl Powers {
    fn multiply(&mut self, tilted: &Tilted, count: u64, plan: &Transform) {
        let mut values = plan.forward(&tilted.values);
        let len = values.re.len();
        let norm = norm(tilted.values.iter().map(|value| value * value).sum(), tilted.values.len());
        let deviation = 1.01 * plan.relative_error() * (len as f64).sqrt() * norm;
        let (mut bounds, mut powers) = (vec![0.0; len], vec![0.0; len]);
        let raise = Raise { values: &mut values, count, deviation, bounds: &mut bounds, powers: &mut powers };
        Arch::new().dispatch(raise);
        if self.parts.is_empty() {
            (self.product, self.bounds) = (values, powers);
        } else {
            let product = self.product.re.iter_mut().zip(&mut self.product.im);
            for ((re, im), (x, y)) in product.zip(values.re.iter().zip(&values.im)) {
                (*re, *im) = (*re * x - *im * y, *re * y + *im * x);
            }
            self.bounds.iter_mut().zip(&powers).for_each(|(all, own)| *all *= own);
        }
        self.parts.push((count as f64, deviation, bounds));
    }

    fn error(&self, plan: &Transform) -> f64 {
        let len = self.bounds.len();
        let of_transforms = |(count, deviation, own): &(f64, f64, Vec<f64>)| {
            count * deviation * sum(len, |j| (self.bounds[j] / own[j]).powi(2)).sqrt()
        };
        let factors: f64 = self.parts.iter().map(|(count, ..)| count + 1.0).sum();
        let of_products = 1.5 * f64::EPSILON * factors * sum(len, |j| self.bounds[j]);
        let forward = self.parts.iter().map(of_transforms).sum::<f64>() + of_products;
        let is_zero = |j: usize| self.product.re[j] == 0.0 && self.product.im[j] == 0.0;
        let of_zeros = sum(len, |j| if is_zero(j) { self.bounds[j] } else { 0.0 });
        let squares = sum(len, |j| self.product.re[j].powi(2) + self.product.im[j].powi(2));
        let backward = plan.relative_error() * (squares / len as f64).sqrt();
        // one percent for the roundings of this bound itself, and what is below the range of f64
        1.01 * ((forward + of_zeros) / len as f64 + backward) + SMALLEST
    }
}

/// Powers below this are set to zero.
const SMALLEST: f64 = 1e-90;

/// An upper bound of the root of a sum of n squares.
fn norm(squares: f64, n: usize) -> f64 {
    (squares * (1.0 + (n + 4) as f64 * f64::EPSILON)).sqrt()
}

/// `Σ f(j)`, in several sums side by side.
fn sum(len: usize, f: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    for start in (0..len).step_by(LANES) {
        sums.iter_mut().enumerate().for_each(|(l, sum)| *sum += f(start + l));
    }
    sums.iter().sum()
}

/// Values a vector register or two hold; lengths are multiples of it.
const LANES: usize = 8;

/// Raises values to a power where they stand, and writes bounds of their absolute values, and the powers of these.
struct Raise<'a> {
    values: &'a mut Complex,
    count: u64,
    deviation: f64,
    bounds: &'a mut [f64],
    powers: &'a mut [f64],
}

impl WithSimd for Raise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, count, deviation, bounds, powers } = self;
        // smaller bases have powers that are nothing, and would take long to get there
        let least = SMALLEST.powf(1.0 / count as f64).max(deviation);
        let values =
            values.re.as_chunks_mut::<LANES>().0.iter_mut().zip(values.im.as_chunks_mut::<LANES>().0);
        let bounds = bounds.as_chunks_mut::<LANES>().0.iter_mut().zip(powers.as_chunks_mut::<LANES>().0);
        for ((re, im), (bound, power)) in values.zip(bounds) {
            let mut base = (*re, *im);
            for l in 0..LANES {
                let size = (re[l] * re[l] + im[l] * im[l]).sqrt() * (1.0 + 4.0 * f64::EPSILON) + deviation;
                let keep = if size > least { 1.0 } else { 0.0 };
                (base.0[l], base.1[l], bound[l]) = (re[l] * keep, im[l] * keep, size.max(least));
            }
            (*re, *im, *power) = raise(base, *bound, count);
        }
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
