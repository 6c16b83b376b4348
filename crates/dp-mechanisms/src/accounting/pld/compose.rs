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
//! tree of squarings, of which there are at most as many as factors, `Σ T_i`. Coefficients are off by at most `1/M` of
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
    pub(super) first: i64,
    pub(super) values: Vec<f64>,
    pub(super) error: f64,
}

/// The convolution of tilted laws, each with its count, at the points from `first` on.
pub(super) fn compose(parts: &[(Tilted, u64)], plan: &Transform, first: i64) -> Composed {
    let mut powers = Powers::new(plan.real_len() / 2);
    for (tilted, count) in parts {
        powers.multiply(tilted, *count, plan);
    }
    let error = powers.error(plan);
    let begin: i64 = parts.iter().map(|(tilted, count)| tilted.first * *count as i64).sum();
    let mut values = plan.inverse(powers.product);
    to_window(&mut values, first - begin);
    Composed { first, values, error }
}

/// Coefficients from an offset on, scaled: one length further they come with the other sign.
fn to_window(coefficients: &mut [f64], offset: i64) {
    let n = coefficients.len() as i64;
    let (turns, begin) = (offset.div_euclid(n), offset.rem_euclid(n) as usize);
    let scale = 2.0 / n as f64; // a power of two
    let scale = if turns % 2 == 0 { scale } else { -scale };
    coefficients.rotate_left(begin);
    let (straight, wrapped) = coefficients.split_at_mut(n as usize - begin);
    for c in straight {
        *c *= scale;
    }
    for c in wrapped {
        *c *= -scale;
    }
}

/// The product of powers so far, and what its error is made of.
struct Powers {
    product: Complex,
    /// `F_j`.
    bounds: Vec<f64>,
    /// For each part its count, D and `B_j`.
    parts: Vec<(f64, f64, Vec<f64>)>,
}

impl Powers {
    fn new(len: usize) -> Self {
        let product = Complex { re: vec![1.0; len], im: vec![0.0; len] };
        Self { product, bounds: vec![1.0; len], parts: Vec::new() }
    }

    fn multiply(&mut self, tilted: &Tilted, count: u64, plan: &Transform) {
        let values = plan.forward(&tilted.values);
        let norm = norm(tilted.values.iter().map(|value| value * value).sum(), tilted.values.len());
        let deviation = 1.01 * plan.relative_error() * (values.re.len() as f64).sqrt() * norm;
        let mut own_bounds = vec![0.0; values.re.len()];
        let raise = Raise { values: &values, count, deviation, own_bounds: &mut own_bounds, powers: self };
        Arch::new().dispatch(raise);
        self.parts.push((count as f64, deviation, own_bounds));
    }

    fn error(&self, plan: &Transform) -> f64 {
        let len = self.bounds.len() as f64;
        let of_transforms = |(count, deviation, bounds): &(f64, f64, Vec<f64>)| {
            let squares = self.bounds.iter().zip(bounds).map(|(all, own)| (all / own).powi(2)).sum::<f64>();
            count * deviation * squares.sqrt()
        };
        let factors: f64 = self.parts.iter().map(|(count, ..)| count + 1.0).sum();
        let of_products = 1.5 * f64::EPSILON * factors * self.bounds.iter().sum::<f64>();
        let forward = self.parts.iter().map(of_transforms).sum::<f64>() + of_products;
        let squares = self.product.re.iter().zip(&self.product.im).map(|(re, im)| re * re + im * im);
        let backward = plan.relative_error() * squares.sum::<f64>().sqrt() / len.sqrt();
        // one percent for the roundings of this bound itself, and what was set to zero on the way
        1.01 * (forward / len + backward) + SMALLEST
    }
}

/// Powers below this are set to zero.
const SMALLEST: f64 = 1e-90;

/// An upper bound of the root of a sum of n squares.
fn norm(squares: f64, n: usize) -> f64 {
    (squares * (1.0 + (n + 4) as f64 * f64::EPSILON)).sqrt()
}

/// Values a vector register or two hold.
const LANES: usize = 8;

struct Raise<'a> {
    values: &'a Complex,
    count: u64,
    deviation: f64,
    own_bounds: &'a mut [f64],
    powers: &'a mut Powers,
}

impl WithSimd for Raise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, count, deviation, own_bounds, powers } = self;
        // smaller bases have powers that are nothing, and would take long to get there
        let least = SMALLEST.powf(1.0 / count as f64).max(deviation);
        let values = values.re.as_chunks::<LANES>().0.iter().zip(values.im.as_chunks::<LANES>().0);
        let product = &mut powers.product;
        let products =
            product.re.as_chunks_mut::<LANES>().0.iter_mut().zip(product.im.as_chunks_mut::<LANES>().0);
        let bounds =
            powers.bounds.as_chunks_mut::<LANES>().0.iter_mut().zip(own_bounds.as_chunks_mut::<LANES>().0);
        for (((re, im), (product_re, product_im)), (all, own)) in values.zip(products).zip(bounds) {
            let (mut base, mut magnitude) = ((*re, *im), [0.0; LANES]);
            for l in 0..LANES {
                let size = (re[l] * re[l] + im[l] * im[l]).sqrt() * (1.0 + 4.0 * f64::EPSILON) + deviation;
                let keep = if size > least { 1.0 } else { 0.0 };
                (base.0[l], base.1[l], magnitude[l]) = (re[l] * keep, im[l] * keep, size.max(least));
            }
            *own = magnitude;
            raise(base, magnitude, count, (product_re, product_im), all);
        }
    }
}

/// Multiplies products and bounds by the power of a base and its magnitude.
#[inline(always)]
fn raise(
    mut base: ([f64; LANES], [f64; LANES]),
    mut magnitude: [f64; LANES],
    mut count: u64,
    (re, im): (&mut [f64; LANES], &mut [f64; LANES]),
    bound: &mut [f64; LANES],
) {
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
            return;
        }
        for l in 0..LANES {
            let (x, y) = (base.0[l], base.1[l]);
            (base.0[l], base.1[l]) = (x * x - y * y, 2.0 * x * y);
        }
        for m in &mut magnitude {
            *m *= *m;
        }
    }
}
