//! The discrete Laplace law `P(k) ∝ e^{−|k|/b}` (two-sided geometric), sampled exactly and fast.
//!
//! # What it is for
//!
//! Added to an integer statistic that moves by at most Δ in L1 norm, it gives `Δ/b`-differential privacy, in any
//! dimension and with no δ: probabilities of neighbouring outputs differ by at most a factor `e^{Δ/b}` pointwise. That is
//! ruined by any point that a floating-point sampler cannot reach (Mironov 2012). This sampler has exactly the law, given
//! uniform words.
//!
//! # Method
//!
//! The law is drawn by inversion, as for the [rounded Gaussian](super::rounded_gaussian). Put `q = e^{−1/b}`. A word
//! gives a sign and the first 63 bits of a uniform `V`; with `U = V/2`, the tail `P(K > k) = q^{k+1}/(1 + q)` exceeds U
//! if and only if
//!
//! ```text
//! k + 1 < b(−ln U − ln(1 + q)) = b(−ln V) + h,   h = b·ln(2/(1 + q)) ∈ (0, b·ln 2)
//! ```
//!
//! so that the sample is `±⌊b(−ln V) + h⌋`. (For a large b, h is about one half, and zero gets both signs' share. No case
//! "minus zero" needs rejection: the offset h has removed it.)
//!
//! *Fast path.* `−ln V = z·ln 2 − ln m` with `m ∈ [1/2, 1)`, z the leading zeros of the word, and a polynomial for
//! `−ln m` in each of 256 cells. If all numbers in the enclosure of the position have one integer part, that is the
//! sample.
//!
//! *Exact path.* Otherwise the next 64 bits of the *same* V are drawn, and the position is enclosed in certified
//! arithmetic, until one integer part is left. Nothing is ever redrawn.
//!
//! # Error bound
//!
//! In cell i, with middle c, width `w = 2⁻⁹` and `m = c − wD`, `−ln m = −ln c + Σ_k (w/c)ᵏDᵏ/k`, cut after the sixth
//! power. In units of `2⁻⁶²` the bound in a row is the sum of
//!
//! | source | bound |
//! |---|---|
//! | remainder, `t = (w/c)·\|D\| ≤ 2⁻⁹` | `t⁷/7(1 − t) < 0.1` |
//! | the place d against D | `2⁻¹⁰` |
//! | coefficients rounded to integers, one floor for each step of Horner's rule | 3 |
//!
//! and for the position `b(−ln V) + h`, in units of `2⁻⁵⁸` of `−ln V` (b is a 64-bit mantissa below one there):
//!
//! | source | bound |
//! |---|---|
//! | the row | its bound over 16 |
//! | change of units, rounding of `z·ln 2`, floors of the product and of h | 3½ |
//! | V anywhere in its word, that is in `[1, 1 + 2^{z−62}]` times its lower end | `2^{z−4}` |
//!
//! A word is ambiguous with probability about `8b·2⁻⁵⁸ + 44b·2⁻⁶²`: below `10⁻¹⁰` for `b ≤ 10⁶`, one in twenty-five at
//! `b = 2⁵⁰`.
//!
//! [`table::derive`] and [`table::derive_octaves`] compute every number again; a test compares.
//!
//! # Limits
//!
//! Samples are `i64`, reduced modulo `2⁶⁴`. Sums of statistics and noise are, too, and `(s + K) mod 2⁶⁴` is a function of
//! `s + K`: so pure differential privacy is *not* impaired by the bounded range. The reduction matters with probability
//! below `10⁻³⁵⁵⁷` (at the largest b). Time depends on the word, and words are not wiped from memory.
//!
//! # References
//!
//! A. Ghosh, T. Roughgarden, M. Sundararajan, *Universally utility-maximizing privacy mechanisms*, 2009. C. Canonne, G.
//! Kamath, T. Steinke, *The discrete Gaussian for differential privacy*, 2020, Algorithm 2. I. Mironov, *On significance
//! of the least significant bits for differential privacy*, 2012.

mod cell;
mod derive;
mod exact;
mod law;
mod rows;
pub mod table;

use super::{LatticeNoise, LogConcaveNoise, Traced, blocks, law as probabilities, uniform};
use crate::{Error, NoiseScale, certified::dyadic::Dyadic};
use cell::Scale;
use law::Constants;
use rand::{CryptoRng, Rng};

/// The law `P(K = k) = e^{−|k|/b}·(1 − q)/(1 + q)`, `q = e^{−1/b}`, on the integers: the noise of the exact Laplace
/// mechanism.
///
/// b is a scale, in lattice steps. The variance is `2q/(1 − q)²`, about `2b²`.
///
/// # Guarantee
///
/// Given independent uniform words, samples are independent and have exactly this law, modulo `2⁶⁴`.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{NoiseScale, noise::{DiscreteLaplace, LatticeNoise}};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha20Rng;
///
/// let noise = DiscreteLaplace::new(NoiseScale::new(100.0)?)?;
/// let mut draws = vec![0; 1000];
/// noise.fill(&mut draws, &mut ChaCha20Rng::seed_from_u64(3));
/// let mean_magnitude = draws.iter().map(|k| k.abs() as f64).sum::<f64>() / 1000.0;
/// // the relative standard deviation of the mean magnitude is 1/√1000; six of them
/// assert!((mean_magnitude / 100.0 - 1.0).abs() < 6.0 * 0.032);
///
/// let (lower, upper) = noise.pmf_bounds(0); // tanh(1/200)
/// assert!(lower <= 0.004_999_958_333_750 && 0.004_999_958_333_749 <= upper);
/// assert_eq!(noise.pmf_bounds(-7), noise.pmf_bounds(7));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DiscreteLaplace {
    noise_scale: NoiseScale,
    exact_scale: Dyadic,
    quick: Option<Constants>,
    fast: Scale,
}

impl DiscreteLaplace {
    /// Largest supported scale, `2⁵⁰`: sums of such noise and an `f64`-exact statistic stay far inside `i64`.
    pub const MAX_SCALE: f64 = (1_u64 << 50) as f64;

    /// The law with parameter b = `noise_scale`, in lattice steps, `0 < b ≤ 2⁵⁰`.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] above [`MAX_SCALE`](Self::MAX_SCALE).
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseScale, noise::DiscreteLaplace};
    ///
    /// assert!(DiscreteLaplace::new(NoiseScale::new(1e-3)?).is_ok());
    /// assert!(DiscreteLaplace::new(NoiseScale::new(1e16)?).is_err());
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn new(noise_scale: NoiseScale) -> Result<Self, Error> {
        let value = noise_scale.get();
        if value > Self::MAX_SCALE {
            return Err(Error::ScaleUnsupported { noise_scale: value, max: Self::MAX_SCALE });
        }
        let mut fast = Scale::new(value);
        fast.offset = exact::offset(&Dyadic::from_f64(value.max(Scale::SMALLEST)), fast.fraction_bits);
        Ok(Self { noise_scale, exact_scale: Dyadic::from_f64(value), quick: Constants::new(value), fast })
    }

    /// The parameter b.
    #[must_use]
    pub const fn noise_scale(&self) -> NoiseScale {
        self.noise_scale
    }

    /// One sample, and how it was found: the same value from the same words as [`sample`](Self::sample).
    pub fn sample_traced<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> Traced {
        let word = rng.next_u64();
        self.fast_value(word).map_or_else(|| self.refine(word, exact::reduced, rng), Traced::fast)
    }

    /// The sample that the fast path proves for a word, `None` where it is ambiguous: a function of the word and b alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseScale, noise::DiscreteLaplace};
    ///
    /// let noise = DiscreteLaplace::new(NoiseScale::new(3.0)?)?;
    /// assert_eq!(noise.fast_value(u64::MAX >> 1), Some(0)); // V next to 1: the centre
    /// assert_eq!(noise.fast_value(0), None); // V below 2⁻⁶³: beyond the table
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn fast_value(&self, word: u64) -> Option<i64> {
        self.fast.try_word(word)
    }

    /// The sample for a word without the table, by certified arithmetic alone: the oracle of the fast path.
    ///
    /// Takes further words from `rng` where the first does not decide.
    pub fn exact_value<R: Rng + ?Sized>(&self, word: u64, rng: &mut R) -> Traced {
        exact::resolve(word, &self.exact_scale, exact::reduced, rng)
    }

    /// The exact path, helped by what the table proves of the magnitude.
    #[cold]
    #[inline(never)]
    fn refine<R: Rng + ?Sized>(&self, word: u64, fit: exact::Fit, rng: &mut R) -> Traced {
        match self.fast.magnitudes(word) {
            Some(range) => uniform::resolve(word, range, || range.0, self, rng),
            None => exact::resolve(word, &self.exact_scale, fit, rng),
        }
    }

    fn sample_with<R: CryptoRng + ?Sized>(&self, fit: exact::Fit, rng: &mut R) -> i64 {
        let word = rng.next_u64();
        self.fast_value(word).unwrap_or_else(|| self.refine(word, fit, rng).value)
    }

    #[inline]
    fn for_each<R: CryptoRng + ?Sized>(
        &self,
        entries: &mut [i64],
        fit: exact::Fit,
        rng: &mut R,
        put: impl Fn(&mut i64, i64),
    ) {
        let exact = |word, rng: &mut R| self.refine(word, fit, rng).value;
        blocks::for_each(entries, rng, |word| self.fast.try_word(word), exact, put);
    }
}

impl LatticeNoise for DiscreteLaplace {
    /// Reads one word, and further ones only if that is ambiguous.
    fn sample<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64 {
        self.sample_with(exact::reduced, rng)
    }

    /// # Words used
    ///
    /// As for [`RoundedGaussian`](super::RoundedGaussian): blocks of one word a sample, each followed by its refinements.
    fn fill<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R) {
        self.for_each(out, exact::reduced, rng, |entry, noise| *entry = noise);
    }

    fn add_to<R: CryptoRng + ?Sized>(&self, values: &mut [i64], rng: &mut R) {
        self.for_each(values, exact::reduced, rng, |entry, noise| *entry = entry.wrapping_add(noise));
    }

    fn pmf_bounds(&self, k: i64) -> (f64, f64) {
        probabilities::pmf_bounds(self, k)
    }

    fn cdf_bounds(&self, k: i64) -> (f64, f64) {
        probabilities::cdf_bounds(self, k)
    }
}

impl LogConcaveNoise for DiscreteLaplace {}
