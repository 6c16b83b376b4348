//! Noise on the integers whose law is public: exactly sampled, with certified probabilities.

mod blocks;
pub mod discrete_gaussian;
pub mod discrete_laplace;
mod frobenius;
mod law;
pub mod rounded_gaussian;
mod shift;
mod truncated;
mod uniform;

pub use discrete_gaussian::DiscreteGaussian;
pub use discrete_laplace::DiscreteLaplace;
pub use frobenius::FrobeniusGaussian;
pub use rounded_gaussian::RoundedGaussian;
pub use shift::shift_delta_bounds;
pub use truncated::Truncated;
pub use uniform::Traced;

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

    /// Adds independent samples to `values`, modulo `2⁶⁴`: the same samples as [`fill`](Self::fill) from the same words. The
    /// sum wraps silently: the caller proves that it fits, from public bounds.
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

/// Lattice noise with a law that is symmetric about zero and log-concave: `P(k)² ≥ P(k − 1)P(k + 1)`, and a support without gaps.
///
/// For such noise the event that tells two shifts apart best is a half-line, so that [`shift_delta_bounds`] needs two values
/// of the distribution function and no sum. Sealed: a law that is not log-concave would turn that into a false proof.
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
