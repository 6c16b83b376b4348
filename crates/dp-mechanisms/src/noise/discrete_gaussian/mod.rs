//! The discrete Gaussian law `P(k) ∝ e^{−k²/2σ²}` on the integers, sampled exactly and fast.
//!
//! # What it is for
//!
//! Added to an integer statistic of L2 sensitivity Δ, it gives `Δ²/2σ²`-zero-concentrated differential privacy, in any
//! dimension (Canonne, Kamath, Steinke 2020, Theorem 4), and its probabilities have a closed form. The
//! [rounded Gaussian](super::rounded_gaussian) does the same with the profile of the real Gaussian mechanism at the same
//! σ: prefer that where an (ε, δ) of several dimensions or compositions is wanted, and this law where peers agreed on it.
//! The variance of this law is below σ², that of the rounded one above (by 1/12 on a fine lattice).
//!
//! # Method
//!
//! By inversion, as for the rounded Gaussian: a word gives a sign and the first bits of a uniform `U < 1/2`, and the
//! magnitude is the number of `k ≥ 0` with `U < P(K > k)`. No proposal is ever rejected: one word, one sample.
//!
//! *Fast path, `σ ≥ 16`.* Let `M = Q⁻¹(U)` for the normal tail Q, and `z_k` with `Q(z_k) = P(K > k)`. By the formula of
//! Euler and Maclaurin `z_k = z + z/24σ² + O(σ⁻⁴)`, `z = (k + 1/2)/σ`, and more precisely
//!
//! ```text
//! |σ'z_k − (k + 1/2)| ≤ 1/20σ³     for σ' = σ/(1 + 1/24σ²), k + 1/2 ≤ 5.6σ
//! ```
//!
//! (docs/theorems.md, Discrete Gaussian). So the sample is `⌊σ'M⌉` unless `σ'M` is that close to a half-integer: the
//! table of the rounded Gaussian serves, with a margin that is larger by `1/20σ³`.
//!
//! *Fast path, `σ < 16`.* At most 87 tails are above `2⁻²⁵`. They are kept as 64-bit integers, and a guide tells where to
//! begin.
//!
//! *Exact path.* Otherwise the *same* U is refined and compared with certified enclosures of `P(K > k)`, until k is
//! decided. Nothing is ever redrawn.
//!
//! # Tails
//!
//! `Σ_{j>k} e^{−j²/2σ²}` is summed term by term where few terms matter, and else (from `σ = 16` on, for `k ≤ σ²/2`)
//! expanded around the normal tail with a proven remainder; the normaliser is the sum itself for `σ < 1` and its Poisson
//! dual from there on. Both keep their *relative* accuracy however far out k is, and take microseconds for every σ.
//!
//! # Limits
//!
//! As for the rounded Gaussian: samples are `i64`, a magnitude of `2⁶³` or more saturates, and none beyond `2²⁰σ` is drawn
//! (probability together below `10⁻¹⁴⁵⁷²⁵⁰⁰`). So outputs exist that are possible under the law on ℤ and never occur: its
//! Rényi divergences, and with them zCDP, are those of the law on ℤ, and every δ of a release of D coordinates is off by
//! at most `(1 + e^ε)·D·10⁻¹⁴⁵⁷²⁵⁰⁰`. Time depends on the word, and words are not wiped from memory.
//!
//! # References
//!
//! C. Canonne, G. Kamath, T. Steinke, *The discrete Gaussian for differential privacy*, 2020.

mod bernoulli;
mod displacement;
mod law;
mod quick;
mod tail;
mod thresholds;

use super::rounded_gaussian::{Magnitude, Scale, guess};
use super::uniform::{self, FULL_RANGE, signed};
use super::{LatticeNoise, LogConcaveNoise, Traced, blocks, law as probabilities};
use crate::{Error, NoiseStd};
use quick::Quick;
use rand::{CryptoRng, Rng};
use tail::Sigma;
use thresholds::Thresholds;

/// The law `P(K = k) = e^{−k²/2σ²}/Σ_j e^{−j²/2σ²}` on the integers.
///
/// σ is a parameter in lattice steps; the standard deviation is below it, and equal to it to 15 digits from `σ = 2` on.
///
/// # Guarantee
///
/// Given independent uniform words, samples are independent and have exactly this law.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{NoiseStd, noise::{DiscreteGaussian, LatticeNoise}};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha20Rng;
///
/// let noise = DiscreteGaussian::new(NoiseStd::new(100.0)?)?;
/// let mut draws = vec![0; 1000];
/// noise.fill(&mut draws, &mut ChaCha20Rng::seed_from_u64(3));
/// let mean_square = draws.iter().map(|&k| (k * k) as f64).sum::<f64>() / 1000.0;
/// // the relative standard deviation of the mean square is √(2/1000); six of them
/// assert!((mean_square / 1e4 - 1.0).abs() < 6.0 * 0.045);
///
/// let (lower, upper) = noise.pmf_bounds(0); // 1/(100·√(2π)), to 85 000 digits
/// assert!(lower <= 0.003_989_422_804_015 && 0.003_989_422_804_014 <= upper);
/// assert_eq!(noise.pmf_bounds(-7), noise.pmf_bounds(7));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DiscreteGaussian {
    noise_std: NoiseStd,
    sigma: Sigma,
    quick: Option<Quick>,
    fast: Fast,
}

/// How words are decided.
#[derive(Clone, Debug)]
enum Fast {
    /// `σ < 16`.
    Thresholds(Thresholds),
    /// `σ ≥ 16`.
    Scale(Scale),
}

impl DiscreteGaussian {
    /// Largest supported parameter, `2⁵⁰`: sums of such noise and an `f64`-exact statistic stay far inside `i64`.
    pub const MAX_STD: f64 = (1_u64 << 50) as f64;

    /// The law with parameter σ = `noise_std`, in lattice steps, `0 < σ ≤ 2⁵⁰`.
    ///
    /// Takes microseconds from `σ = 16` on, and up to 0.2 milliseconds below, where the tails are tabulated.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] above [`MAX_STD`](Self::MAX_STD).
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, noise::DiscreteGaussian};
    ///
    /// assert!(DiscreteGaussian::new(NoiseStd::new(1e-3)?).is_ok());
    /// assert!(DiscreteGaussian::new(NoiseStd::new(1e16)?).is_err());
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn new(noise_std: NoiseStd) -> Result<Self, Error> {
        let value = noise_std.get();
        if value > Self::MAX_STD {
            return Err(Error::NoiseUnsupported {
                noise_std: value,
                min: f64::from_bits(1),
                max: Self::MAX_STD,
            });
        }
        let sigma = Sigma::new(value);
        let fast = if value < 16.0 {
            Fast::Thresholds(Thresholds::new(&sigma))
        } else {
            Fast::Scale(sigma.normal_scale())
        };
        Ok(Self { noise_std, sigma, quick: Quick::new(value), fast })
    }

    /// The parameter σ.
    #[must_use]
    pub const fn noise_std(&self) -> NoiseStd {
        self.noise_std
    }

    /// One sample, and how it was found: the same value from the same words as [`sample`](Self::sample).
    pub fn sample_traced<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> Traced {
        let word = rng.next_u64();
        self.fast_value(word).map_or_else(|| self.refine(word, rng), Traced::fast)
    }

    /// The sample that the fast path proves for a word, `None` where it is ambiguous: a function of the word and σ alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, noise::DiscreteGaussian};
    ///
    /// let noise = DiscreteGaussian::new(NoiseStd::new(3.0)?)?;
    /// assert_eq!(noise.fast_value(u64::MAX >> 1), Some(0)); // U next to 1/2: the centre
    /// assert_eq!(noise.fast_value(0), None); // U below 2⁻⁶⁴: beyond the table
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn fast_value(&self, word: u64) -> Option<i64> {
        match &self.fast {
            Fast::Thresholds(thresholds) => thresholds.try_word(word),
            Fast::Scale(scale) => scale.try_word(word),
        }
    }

    /// The sample for a word without tables, by certified comparisons alone: the oracle of the fast path.
    ///
    /// Takes further words from `rng` where the first does not decide.
    pub fn exact_value<R: Rng + ?Sized>(&self, word: u64, rng: &mut R) -> Traced {
        self.resolve(word, FULL_RANGE, rng)
    }

    /// The exact path, helped by what the table proves of the magnitude.
    #[cold]
    #[inline(never)]
    fn refine<R: Rng + ?Sized>(&self, word: u64, rng: &mut R) -> Traced {
        match &self.fast {
            Fast::Thresholds(_) => self.exact_value(word, rng),
            Fast::Scale(scale) => match scale.magnitude(word) {
                Magnitude::Known(k) => Traced::exact(signed(word, k), 0),
                Magnitude::Between(low, high) => self.resolve(word, (low, high), rng),
                Magnitude::Beyond => self.exact_value(word, rng),
            },
        }
    }

    /// The sample of a word when its magnitude is known to lie in `range`.
    fn resolve<R: Rng + ?Sized>(&self, word: u64, range: (i64, i64), rng: &mut R) -> Traced {
        let guess = || guess(word, self.sigma.exact());
        uniform::resolve(word, range, guess, self, rng)
    }

    #[inline]
    fn for_each<R: CryptoRng + ?Sized>(&self, entries: &mut [i64], rng: &mut R, put: impl Fn(&mut i64, i64)) {
        let exact = |word, rng: &mut R| self.refine(word, rng).value;
        match &self.fast {
            Fast::Thresholds(thresholds) => {
                blocks::for_each(entries, rng, |word| thresholds.try_word(word), exact, put);
            }
            &Fast::Scale(scale) => blocks::for_each(entries, rng, |word| scale.try_word(word), exact, put),
        }
    }
}

impl LatticeNoise for DiscreteGaussian {
    /// Reads one word, and further ones only if that is ambiguous.
    fn sample<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64 {
        let word = rng.next_u64();
        self.fast_value(word).unwrap_or_else(|| self.refine(word, rng).value)
    }

    /// # Words used
    ///
    /// As for [`RoundedGaussian`](super::RoundedGaussian): blocks of one word a sample, each followed by its refinements.
    fn fill<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R) {
        self.for_each(out, rng, |entry, noise| *entry = noise);
    }

    fn add_to<R: CryptoRng + ?Sized>(&self, values: &mut [i64], rng: &mut R) {
        self.for_each(values, rng, |entry, noise| *entry = entry.wrapping_add(noise));
    }

    fn pmf_bounds(&self, k: i64) -> (f64, f64) {
        probabilities::pmf_bounds(self, k)
    }

    fn cdf_bounds(&self, k: i64) -> (f64, f64) {
        probabilities::cdf_bounds(self, k)
    }
}

impl LogConcaveNoise for DiscreteGaussian {}
