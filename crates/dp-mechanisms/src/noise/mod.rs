//! Noise on the integers whose law is public: exactly sampled, with certified probabilities.

pub mod rounded_gaussian;

pub use rounded_gaussian::RoundedGaussian;

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
