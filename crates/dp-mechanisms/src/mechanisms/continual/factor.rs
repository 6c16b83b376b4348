//! The square root of the prefix-sum matrix, in integers, and its error constants.

use super::toeplitz::OnlineToeplitz;
use crate::error::{Error, Parameter};
use core::ops::Range;
use std::sync::OnceLock;

/// The integer Toeplitz matrix that a stream is multiplied with before noise, the matrix that decodes prefixes from the
/// result, and the error constants of the two.
///
/// The prefix-sum matrix A (ones on and below the diagonal) is the square of the Toeplitz matrix of `r_k = C(2k, k)/4ᵏ`
/// (Bennett 1977). Its coefficients are rounded to integers `c_k = ⌊2ᵇ r_k⌉`, so that the noised statistic is integral and its
/// sensitivity exact; what remains is decoded with `B = A·C⁻¹`, which is exact for the *rounded* C: rounding adds no bias. B is
/// Toeplitz too; below, `b_k` is its first column.
///
/// # Error bound
///
/// One step moves the released integers by at most `(Σ c_k²)^½` times its own norm. With noise of variance `Σc_k²·Δ²/μ²`
/// the expected squared error of the prefix after t steps is [`error_constant`](Self::error_constant)`(t)·Δ²/μ²`, where
/// `error_constant(t) = Σ_{k<T} c_k²·Σ_{k<t} b_k²`. Without rounding it would be `G_T·G_t` with Landau's constants
///
/// ```text
/// G_n = Σ_{k<n} r_k²,       1 + ln n/π ≤ G_n < 1.0663 + ln n/π
/// ```
///
/// so the largest is about `(ln T/π + 1.066)²`. With `⌈½ log₂ T⌉ + 4` fractional bits rounding moves it by less than a thousandth
/// (computed for every T up to 2²⁰): errors of `r` and of its inverse cancel to first order. These functions give the values *with*
/// rounding.
///
/// # Example
///
/// ```
/// use dp_mechanisms::continual::SquareRootFactor;
///
/// let factor = SquareRootFactor::new(1024)?;
/// assert_eq!(factor.bits(), 9);
/// assert_eq!(factor.coefficients()[..4], [512, 256, 192, 160]);
/// let unrounded = 10.709_610_666;
/// assert!((factor.max_error_constant() / unrounded - 1.0).abs() < 1e-3);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// G. Bennett, *Schur multipliers*, 1977. H. Fichtenberger, M. Henzinger, J. Upadhyay, *Constant matters: fine-grained error bound on
/// differentially private continual observation*, 2023. M. Henzinger, J. Upadhyay, S. Upadhyay, *Almost tight error bounds on
/// differentially private continual counting*, 2023. L. Brutman, *A sharp estimate of the Landau constants*, 1982.
#[derive(Debug, Clone, PartialEq)]
pub struct SquareRootFactor {
    bits: u32,
    coefficients: Vec<i64>,
    squared_norm: u128,
    decoder: Vec<f64>,
    /// Sums of the squares of the decoder's first t entries, for `t = 0 … T`.
    squares: Vec<f64>,
    /// [`decoder_error`](Self::decoder_error), once it was asked for.
    decoder_error: OnceLock<f64>,
}

/// Fractional bits with which `r_k` is computed before it is rounded.
const ROOT_BITS: u32 = 96;

impl SquareRootFactor {
    /// Largest number of steps: beyond, a tree is the better choice.
    pub const MAX_HORIZON: u64 = 1 << 20;

    /// For a stream of at most `horizon` steps.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `1 ≤ horizon ≤ 2²⁰`.
    pub fn new(horizon: u64) -> Result<Self, Error> {
        let inside = (1..=Self::MAX_HORIZON).contains(&horizon);
        Parameter::SquareRootHorizon.check(horizon as f64, inside)?;
        let bits = horizon.next_power_of_two().ilog2().div_ceil(2) + 4;
        let coefficients = rounded_roots(horizon as usize, bits);
        let squared_norm = coefficients.iter().map(|&c| u128::from(c.unsigned_abs()).pow(2)).sum();
        let decoder = decoder(&coefficients);
        let squares = partial_sums(decoder.iter().map(|b| b * b));
        Ok(Self { bits, coefficients, squared_norm, decoder, squares, decoder_error: OnceLock::new() })
    }

    /// Number of steps that may come.
    #[must_use]
    pub fn horizon(&self) -> u64 {
        self.coefficients.len() as u64
    }

    /// Fractional bits b of the coefficients.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// `c_k = ⌊2ᵇ r_k⌉` for `k < horizon`: positive to begin with, never increasing.
    #[must_use]
    pub fn coefficients(&self) -> &[i64] {
        &self.coefficients
    }

    /// `Σ c_k²`, exactly: by how much the squared sensitivity of a step grows. Attained by step 0.
    #[must_use]
    pub const fn squared_norm(&self) -> u128 {
        self.squared_norm
    }

    /// First column of `2ᵇ·A·C⁻¹`: the prefix after t steps is `2⁻ᵇ·Σ_{k<t} decoder_k·y_{t−1−k}`.
    #[must_use]
    pub fn decoder(&self) -> &[f64] {
        &self.decoder
    }

    /// Expected squared error of an entry of the prefix after `steps` steps, in units of the variance of an entry's noise.
    /// Infinite beyond the horizon.
    #[must_use]
    pub fn noise_factor(&self, steps: u64) -> f64 {
        let squares = usize::try_from(steps).ok().and_then(|steps| self.squares.get(steps));
        squares.map_or(f64::INFINITY, |squares| squares * self.unit())
    }

    /// Expected squared error of an entry of the sum over these steps, a difference of two prefixes, in units of the variance of
    /// an entry's noise. Infinite beyond the horizon. Takes time proportional to the end of the interval.
    #[must_use]
    pub fn range_noise_factor(&self, steps: Range<u64>) -> f64 {
        if steps.end > self.horizon() || steps.is_empty() {
            return if steps.is_empty() { 0.0 } else { f64::INFINITY };
        }
        let (len, before) = ((steps.end - steps.start) as usize, steps.start as usize);
        let earlier = self.decoder[len..].iter().zip(&self.decoder).take(before);
        let shared: f64 = earlier.map(|(long, short)| (long - short).powi(2)).sum();
        (shared + self.squares[len]) * self.unit()
    }

    /// Expected squared error of an entry of the prefix after `steps` steps at `Δ = μ = 1`.
    #[must_use]
    pub fn error_constant(&self, steps: u64) -> f64 {
        self.squared_norm as f64 * self.noise_factor(steps)
    }

    /// The largest of [`error_constant`](Self::error_constant) over all steps: that of the last.
    #[must_use]
    pub fn max_error_constant(&self) -> f64 {
        self.error_constant(self.horizon())
    }

    /// The mean of [`error_constant`](Self::error_constant) over all steps `1 … horizon`.
    #[must_use]
    pub fn mean_error_constant(&self) -> f64 {
        let total: f64 = self.squares[1..].iter().sum();
        self.squared_norm as f64 * (total * self.unit()) / self.horizon() as f64
    }

    /// Bound on `Σ|b̂_k − b_k|`, the floating-point error of [`decoder`](Self::decoder).
    ///
    /// The residual `ρ` of `(1 − q)·c·b̂ = c_0(1 + ρ)` gives `b̂ − b = ρ·b`, so the sum is at most `‖ρ‖₁‖b̂‖₁/(1 − ‖ρ‖₁)`. Residuals
    /// are computed by their definition, in time quadratic in the horizon, and charged with the rounding of that.
    pub(super) fn decoder_error(&self) -> f64 {
        *self.decoder_error.get_or_init(|| {
            let first = self.coefficients[0] as f64;
            let drops: Vec<f64> =
                self.coefficients.windows(2).map(|pair| (pair[0] - pair[1]) as f64 / first).collect();
            let residual = |(k, b): (usize, &f64)| {
                let expected: f64 = if k == 0 {
                    1.0
                } else {
                    drops[..k].iter().zip(self.decoder[..k].iter().rev()).map(|(drop, b)| drop * b).sum()
                };
                (b - expected).abs() + (k as f64 + 2.0) * f64::EPSILON * b.abs()
            };
            let residuals: f64 = self.decoder.iter().enumerate().map(residual).sum();
            let weight: f64 = self.decoder.iter().map(|b| b.abs()).sum();
            if residuals < 0.5 { 2.0 * residuals * weight } else { f64::INFINITY }
        })
    }

    /// `4⁻ᵇ`.
    fn unit(&self) -> f64 {
        1.0 / (1_u64 << (2 * self.bits)) as f64
    }
}

/// `⌊2ᵇ r_k⌉` from `r_k = r_{k−1}·(2k − 1)/(2k)` with floors at `2⁻⁹⁶`: off by at most `k·2⁻⁹⁶` before it is rounded.
fn rounded_roots(count: usize, bits: u32) -> Vec<i64> {
    let mut root = 1_u128 << ROOT_BITS;
    let drop = ROOT_BITS - bits;
    let next = |k: usize| {
        if k > 0 {
            root = root * (2 * k as u128 - 1) / (2 * k as u128);
        }
        ((root + (1 << (drop - 1))) >> drop) as i64
    };
    (0..count).map(next).collect()
}

/// `b` with `(1 − q)·c(q)·b(q) = c_0`: `b_0 = 1`, `b_{k+1} = Σ_{j ≤ k} (c_j − c_{j+1})/c_0·b_{k−j}`, a sum without cancellation.
fn decoder(coefficients: &[i64]) -> Vec<f64> {
    let first = coefficients[0] as f64; // a power of two: quotients are exact
    let drops = coefficients.windows(2).map(|pair| (pair[0] - pair[1]) as f64 / first);
    let mut next = OnlineToeplitz::new(drops.collect(), coefficients.len(), 1);
    let mut decoder = vec![1.0; coefficients.len()];
    for k in 1..coefficients.len() {
        let (known, unknown) = decoder.split_at_mut(k);
        next.push(&known[k - 1..], &mut unknown[..1]);
    }
    decoder
}

fn partial_sums(terms: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |term| {
        sum += term;
        sum
    };
    core::iter::once(0.0).chain(terms.map(add)).collect()
}
