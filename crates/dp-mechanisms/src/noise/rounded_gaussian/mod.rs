//! The rounded Gaussian `⌊σN⌉` on the integers, sampled exactly and fast.
//!
//! # What it is for
//!
//! Let `s` be an integer statistic. Since s is integral, `s + ⌊σN⌉ = ⌊s + σN⌉`: adding rounded noise is rounding the output of
//! the *real* Gaussian mechanism, a post-processing. So it loses at most what [`gaussian`](crate::gaussian) says, in any
//! dimension, with no discretisation slack. That holds on the machine only if the integer has *exactly* this law, and
//! floating-point samplers do not provide it. This one does, given uniform words.
//!
//! # Method
//!
//! N is drawn by inversion. A 64-bit word gives a sign (its first bit) and 63 bits `v`; these are the first bits of a uniform
//! number `U ∈ [v, v + 1)·2⁻⁶⁴` below 1/2, whose further bits have not been drawn yet. The sample is `±⌊σM⌉` with
//! `M = Q⁻¹(U)`, `Q = 1 − Φ`.
//!
//! *Fast path.* A table of polynomials encloses M. If all numbers in the enclosure of `σM` round to one integer, that is the
//! sample.
//!
//! *Exact path.* Otherwise the *same* U is refined: its next 64 bits are drawn and it is compared with certified enclosures
//! of `Q((k + 1/2)/σ)`, at a precision that grows with U, until k is decided. Nothing is ever redrawn: which words are
//! ambiguous depends on the value, so that discarding them would change the law. Whether a word is accepted, how often it is
//! refined, and the sample itself are functions of U and σ alone; the statistic takes no part.
//!
//! # The table
//!
//! Cells: the octave `2^{−1−j} ≤ U < 2^{−j}`, `j = 1 … 24`, is cut into 32 cells of width `w = 2^{−6−j}`. In a cell with expansion point
//! `u` (the middle of the word that begins the upper half) put `D = (u − U)/w`, so that D grows toward the tail and
//! `|D| ≤ 1/2 + 2⁻³⁰`. The inverse `G(s) = Q⁻¹(u − s)` satisfies `G' = 1/φ(G)`, hence
//!
//! ```text
//! G⁽ᵏ⁾ = P_k(G)/φ(G)ᵏ,   P₁ = 1,   P_{k+1}(x) = P_k'(x) + k·x·P_k(x)
//! M = Σ_{k ≤ 8} c_k Dᵏ + remainder,   c_k = G⁽ᵏ⁾(0)·wᵏ/k!
//! ```
//!
//! All coefficients of `P_k` are non-negative, so every derivative grows toward the tail and the remainder is at most
//! `P₉(x)/φ(x)⁹·w⁹/9!·|D|⁹` at the cell's tailward end x.
//!
//! # Error bound
//!
//! The polynomial is evaluated in *integers*, in units of `2⁻⁶⁰`, so the same word gives the same sample on every CPU. With
//! `d` the 64-bit place in the cell, `d·2⁻⁶⁴ ∈ [−1/2, 1/2)`, the bound stored in a row is the sum of
//!
//! | source | bound, in units |
//! |---|---|
//! | remainder | as above, enclosed in interval arithmetic |
//! | position: U anywhere in its word, d against D | `2⁶⁰·G'(x)·w·(half a word + 2⁻⁶⁴)` |
//! | coefficients rounded to integers | `Σ_k 2^{−k−1} < 1` |
//! | one floor for each step of Horner's rule | `Σ_k 2^{−k} < 2` |
//! | floor of the product with σ | 1 |
//!
//! The product uses σ's 53 bits exactly (scaled to `2⁶³ ≤ mantissa < 2⁶⁴`), and a scaled mantissa below `2⁶⁴` does not enlarge the
//! error. A bound of e units makes a word ambiguous with probability about `2e·σ·2⁻⁶⁰`, so the exact path is a curiosity for
//! small σ and rare up to `σ = 2⁴⁰`; beyond, it begins to cost time, never exactness.
//!
//! [`table::derive`] computes every number of the table again; a test compares.
//!
//! # Limits
//!
//! Samples are `i64`. A magnitude of `2⁶³` or more saturates. That needs `|N| ≥ 8192` even at the largest σ: it changes the law by
//! `η < 10⁻¹⁴⁵⁷²⁵⁰⁰` in total variation; "exactly" everywhere else is up to this. D coordinates add at most `(1 + e^ε)·D·η` to
//! δ, below `10⁻¹⁴⁵⁶⁸⁰⁰⁰` for `ε ≤ 10⁴`. (Nor are magnitudes beyond `2²⁰σ` drawn: there the exact path does not tell tails
//! from zero. They weigh below `2^{−2³⁸}`.) Time depends on the word (an ambiguous one takes thousands of times longer),
//! and words are not wiped from memory.
//!
//! # References
//!
//! C. Canonne, G. Kamath, T. Steinke, *The discrete Gaussian for differential privacy*, 2020, for the alternative law. I. Mironov, *On
//! significance of the least significant bits for differential privacy*, 2012, for what floating-point noise loses.

mod cell;
mod derive;
mod exact;
mod law;
mod rows;
pub mod table;

pub use super::blocks::BLOCK;
pub use super::uniform::Traced;

use super::{
    LatticeNoise, LogConcaveNoise, blocks, law as probabilities,
    uniform::{self, FULL_RANGE, signed},
};
use crate::{Error, NoiseStd, certified::dyadic::Dyadic};
pub(in crate::noise) use cell::{Magnitude, Scale};
pub(in crate::noise) use exact::{boundary, guess, is_far};
use rand::{CryptoRng, Rng};

/// The law of `⌊σN⌉` on the integers, N standard normal: the noise of the exact Gaussian mechanism on a lattice.
///
/// # Guarantee
///
/// Given independent uniform words, samples are independent and have exactly this law.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{NoiseStd, noise::{LatticeNoise, RoundedGaussian}};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha20Rng;
///
/// let noise = RoundedGaussian::new(NoiseStd::new(100.0)?)?;
/// let mut draws = vec![0; 1000];
/// noise.fill(&mut draws, &mut ChaCha20Rng::seed_from_u64(3));
/// let mean_square = draws.iter().map(|&k| (k * k) as f64).sum::<f64>() / 1000.0;
/// // the relative standard deviation of the mean square is √(2/1000); six of them
/// assert!((mean_square / 1e4 - 1.0).abs() < 6.0 * 0.045);
///
/// let (lower, upper) = noise.pmf_bounds(0); // Φ(1/200) − Φ(−1/200)
/// assert!(lower <= 0.003_989_406_181_482 && 0.003_989_406_181_481 <= upper);
/// assert_eq!(noise.pmf_bounds(-7), noise.pmf_bounds(7));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RoundedGaussian {
    noise_std: NoiseStd,
    sigma: Dyadic,
    scale: Scale,
}

impl RoundedGaussian {
    /// Largest supported standard deviation, `2⁵⁰`: sums of such noise and an `f64`-exact statistic stay far inside `i64`.
    pub const MAX_STD: f64 = (1_u64 << 50) as f64;

    /// The law with parameter σ = `noise_std`, a standard deviation in lattice steps, `0 < σ ≤ 2⁵⁰`.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] above [`MAX_STD`](Self::MAX_STD).
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, noise::RoundedGaussian};
    ///
    /// assert!(RoundedGaussian::new(NoiseStd::new(1e-3)?).is_ok());
    /// assert!(RoundedGaussian::new(NoiseStd::new(1e16)?).is_err());
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
        Ok(Self { noise_std, sigma: Dyadic::from_f64(value), scale: Scale::new(value) })
    }

    /// The parameter σ: the standard deviation before rounding.
    #[must_use]
    pub const fn noise_std(&self) -> NoiseStd {
        self.noise_std
    }

    /// One sample, and how it was found: the same value from the same words as [`sample`](Self::sample).
    pub fn sample_traced<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> Traced {
        let word = rng.next_u64();
        match self.scale.try_word(word) {
            Some(value) => Traced::fast(value),
            None => self.refine(word, rng),
        }
    }

    /// The sample that the fast path proves for a word, `None` where it is ambiguous: a function of the word and σ alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use dp_mechanisms::{NoiseStd, noise::RoundedGaussian};
    ///
    /// let noise = RoundedGaussian::new(NoiseStd::new(3.0)?)?;
    /// assert_eq!(noise.fast_value(u64::MAX >> 1), Some(0)); // U next to 1/2: the centre
    /// assert_eq!(noise.fast_value(0), None); // U below 2⁻⁶⁴: beyond the table
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn fast_value(&self, word: u64) -> Option<i64> {
        self.scale.try_word(word)
    }

    /// The sample for a word without the table, by certified comparisons alone: the oracle of the fast path.
    ///
    /// Takes further words from `rng` where the first does not decide.
    pub fn exact_value<R: Rng + ?Sized>(&self, word: u64, rng: &mut R) -> Traced {
        self.resolve(word, FULL_RANGE, rng)
    }

    /// The sample of a word when its magnitude is known to lie in `range`.
    fn resolve<R: Rng + ?Sized>(&self, word: u64, range: (i64, i64), rng: &mut R) -> Traced {
        uniform::resolve(word, range, || guess(word, &self.sigma), self, rng)
    }

    /// The exact path, helped by what the table proves of the magnitude.
    #[cold]
    #[inline(never)]
    fn refine<R: Rng + ?Sized>(&self, word: u64, rng: &mut R) -> Traced {
        let range = match self.scale.magnitude(word) {
            Magnitude::Known(k) => {
                return Traced::exact(signed(word, k), 0);
            }
            Magnitude::Between(low, high) => (low, high),
            Magnitude::Beyond => FULL_RANGE,
        };
        self.resolve(word, range, rng)
    }
}

impl LatticeNoise for RoundedGaussian {
    /// Reads one word, and further ones only if that is ambiguous.
    fn sample<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64 {
        let word = rng.next_u64();
        self.scale.try_word(word).unwrap_or_else(|| self.refine(word, rng).value)
    }

    /// # Words used
    ///
    /// For each block of up to [`BLOCK`] samples: first one word a sample (`fill_bytes`, little-endian), then the refinements
    /// of the block's ambiguous words in their order (`next_u64`). The result is a function of these words, so of the seed.
    ///
    fn fill<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R) {
        let exact = |word, rng: &mut R| self.refine(word, rng).value;
        blocks::for_each(out, rng, |word| self.scale.try_word(word), exact, |entry, noise| *entry = noise);
    }

    fn add_to<R: CryptoRng + ?Sized>(&self, values: &mut [i64], rng: &mut R) {
        let exact = |word, rng: &mut R| self.refine(word, rng).value;
        let add = |entry: &mut i64, noise| *entry = entry.wrapping_add(noise);
        blocks::for_each(values, rng, |word| self.scale.try_word(word), exact, add);
    }

    fn pmf_bounds(&self, k: i64) -> (f64, f64) {
        probabilities::pmf_bounds(self, k)
    }

    fn cdf_bounds(&self, k: i64) -> (f64, f64) {
        probabilities::cdf_bounds(self, k)
    }
}

impl LogConcaveNoise for RoundedGaussian {}
