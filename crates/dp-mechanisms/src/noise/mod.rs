//! Noise on the integers whose law is public: exactly sampled, with certified probabilities.
//!
//! # Which one
//!
//! | law | parameter | gives, at sensitivity Δ | choose it for |
//! |---|---|---|---|
//! | [`RoundedGaussian`] `⌊σN⌉` | σ, a standard deviation | the profile of the Gaussian mechanism with `μ = Δ/σ`, Δ in L2 | vectors, composition: the default |
//! | [`DiscreteGaussian`] `P(k) ∝ e^{−k²/2σ²}` | σ, the standard deviation from 2 on | `Δ²/2σ²`-zCDP, Δ in L2 | agreement with others who use it |
//! | [`DiscreteLaplace`] `P(k) ∝ e^{−\|k\|/b}` | b, a scale | `Δ/b`-DP, no δ, Δ in L1 | pure privacy, a few counts |
//! | [`Truncated`] any of them, `\|k\| ≤ B` | its own, and B | (ε, δ) by its exact probabilities | answers that must never be absurd |
//! | [`FrobeniusGaussian`] for symmetric matrices | σ, on the diagonal | as the rounded Gaussian, Δ in Frobenius norm | second moments |
//!
//! [`LatticeGaussian`](crate::LatticeGaussian), [`LatticeLaplace`](crate::LatticeLaplace),
//! [`TruncatedLaplace`](crate::TruncatedLaplace) and [`SymmetricGaussian`](crate::SymmetricGaussian) are the mechanisms
//! that use them: they check sensitivities and mint releases. For any of the scalar laws, [`shift_delta_bounds`] is the
//! exact `δ(ε)` of a shift.
//!
//! Decisions instead of noise: [`ExponentialWeights`] draws coins and indices with exponential weights, as
//! [`selection`](crate::selection) needs them.
//!
//! # How they are sampled
//!
//! All by inversion: a word of randomness is a sign and the first bits of a uniform U, and the magnitude is the number of
//! `k ≥ 0` with `U < P(K > k)`. Integers of machine size decide nearly every word; the others are *refined* with further
//! bits and compared with certified tails. Nothing undecided is ever redrawn: that would change the law, since which
//! words are undecided depends on the value.

mod blocks;
pub mod discrete_gaussian;
pub mod discrete_laplace;
mod frobenius;
mod law;
pub mod rounded_gaussian;
mod shift;
mod truncated;
mod uniform;
mod weights;

pub use discrete_gaussian::DiscreteGaussian;
pub use discrete_laplace::DiscreteLaplace;
pub use frobenius::FrobeniusGaussian;
pub use rounded_gaussian::RoundedGaussian;
pub use shift::shift_delta_bounds;
pub use truncated::Truncated;
pub use uniform::Traced;
pub(crate) use uniform::uniform_up_to;
pub use weights::ExponentialWeights;
pub(crate) use weights::{Decay, Weights, sample_index};

use rand::CryptoRng;

/// Integer noise that is sampled exactly from a law with certified probabilities.
///
/// # Guarantee
///
/// Given independent uniform words, samples are independent and have exactly the law that [`pmf_bounds`](Self::pmf_bounds)
/// encloses. How many words are used, and how long it takes, is a function of the words and the law alone: the data that
/// noise is added to take no part.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{NoiseStd, noise::{LatticeNoise, RoundedGaussian}, secure_rng};
///
/// fn noisy<N: LatticeNoise>(count: i64, noise: &N) -> Result<i64, dp_mechanisms::Error> {
///     let mut released = [count];
///     noise.add_to(&mut released, &mut secure_rng()?);
///     Ok(released[0])
/// }
///
/// let noise = RoundedGaussian::new(NoiseStd::new(4.0)?)?;
/// assert!((noisy(1000, &noise)? - 1000).abs() < 100);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub trait LatticeNoise {
    /// One sample.
    fn sample<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64;

    /// Overwrites `out` with independent samples.
    fn fill<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R) {
        for entry in out {
            *entry = self.sample(rng);
        }
    }

    /// Adds independent samples to `values`, modulo `2⁶⁴`: the same samples as [`fill`](Self::fill) from the same words.
    /// The sum wraps silently: the caller proves that it fits, from public bounds. If the generator panics, some of `values` have
    /// no noise.
    fn add_to<R: CryptoRng + ?Sized>(&self, values: &mut [i64], rng: &mut R) {
        for entry in values {
            *entry = entry.wrapping_add(self.sample(rng));
        }
    }

    /// Lower and upper bound of `P(K = k)`; at most one `f64` lies strictly between them.
    fn pmf_bounds(&self, k: i64) -> (f64, f64);

    /// Lower and upper bound of `P(K ≤ k)`; at most one `f64` lies strictly between them.
    fn cdf_bounds(&self, k: i64) -> (f64, f64);
}

/// Lattice noise with a law that is symmetric about zero and log-concave: `P(k)² ≥ P(k − 1)P(k + 1)`, and a support
/// without gaps.
///
/// For such noise the event that tells two shifts apart best is a half-line, so that [`shift_delta_bounds`] needs two
/// values of the distribution function and no sum. Sealed: a law that is not log-concave would turn that into a false
/// proof.
pub trait LogConcaveNoise: LatticeNoise + law::Law {
    /// Lower and upper bound of `P(K > k)`, of good relative precision far out: `P(K ≤ −k − 1)`, by symmetry.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, noise::{LogConcaveNoise, RoundedGaussian}};
    ///
    /// let noise = RoundedGaussian::new(NoiseStd::new(1.0)?)?;
    /// let (lower, upper) = noise.tail_bounds(29); // 1 − Φ(29.5)
    /// assert!(lower > 1.439e-191 && upper < 1.44e-191);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    fn tail_bounds(&self, k: i64) -> (f64, f64) {
        law::tail_bounds(self, k.into())
    }
}
