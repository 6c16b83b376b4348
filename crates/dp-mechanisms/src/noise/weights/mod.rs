//! Exact random decisions with exponential weights.

mod decay;
mod index;

pub(crate) use decay::Decay;
pub(crate) use index::{Weights, sample as sample_index};

use super::uniform::Uniform;
use crate::certified::{ball::Ball, dyadic::Dyadic, interval::Interval, scaled::Scaled};
use crate::error::{Error, Parameter};
use crate::normal::tight_bounds;
use crate::params::Epsilon;
use rand::CryptoRng;

/// The weights `w(k) = e^{−εk/s}` of integers `k ≥ 0`, and random decisions with exactly these probabilities: a coin that shows
/// heads with probability `w(k)`, and an index drawn in proportion to the weights of a list.
///
/// # Guarantee
///
/// Given independent uniform words, decisions are independent and have exactly the stated probabilities. Each is a function of
/// one infinitely long uniform: its first word is compared with a certified enclosure of the probability, and as long as
/// that leaves the decision open, further words are appended to the *same* uniform. (Redrawing instead would favour what is rarely
/// open.)
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Epsilon, noise::ExponentialWeights, secure_rng};
///
/// let weights = ExponentialWeights::new(Epsilon::new(1.0)?, 2)?;
/// let (lower, upper) = weights.weight_bounds(3);
/// assert!(lower <= (-1.5_f64).exp() && (-1.5_f64).exp() <= upper && upper <= lower.next_up().next_up());
///
/// let rng = &mut secure_rng()?;
/// assert!(weights.accepts(0, rng)); // with probability one
/// let heads = (0..1000).filter(|_| weights.accepts(3, rng)).count();
/// assert!(heads.abs_diff(223) < 80); // six standard deviations
/// assert!(weights.select(&[7, 0, 1000], rng) < 2); // but for e⁻⁵⁰⁰
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Canonne, G. Kamath, T. Steinke, *The discrete Gaussian for differential privacy*, 2020, Algorithm 1: the same coin for
/// rational exponents, from coins for fractions.
#[derive(Clone, Debug)]
pub struct ExponentialWeights {
    epsilon: Epsilon,
    spread: u64,
    decay: Decay,
}

impl ExponentialWeights {
    /// Largest supported spread, `2⁶²`.
    pub const MAX_SPREAD: u64 = 1 << 62;

    /// The weights `e^{−εk/spread}`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `1 ≤ spread ≤ 2⁶²`.
    pub fn new(epsilon: Epsilon, spread: u64) -> Result<Self, Error> {
        let supported = (1..=Self::MAX_SPREAD).contains(&spread);
        Parameter::Spread.check(spread as f64, supported)?;
        let decay = Decay::new(epsilon.get(), Dyadic::integer(spread), Ball::dyadic(spread.into(), 0));
        Ok(Self { epsilon, spread, decay })
    }

    /// ε.
    #[must_use]
    pub const fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    /// The s by which ε is divided.
    #[must_use]
    pub const fn spread(&self) -> u64 {
        self.spread
    }

    /// Lower and upper bound of `e^{−εk/s}`; at most one `f64` lies strictly between them.
    #[must_use]
    pub fn weight_bounds(&self, k: u64) -> (f64, f64) {
        if k == 0 {
            return (1.0, 1.0);
        }
        tight_bounds(Some(self.quick(k)), |precision| self.scaled(k, precision))
    }

    /// Lower and upper bound of the probability of each index in [`select`](Self::select).
    ///
    /// # Panics
    ///
    /// If there are none.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{Epsilon, noise::ExponentialWeights};
    ///
    /// let weights = ExponentialWeights::new(Epsilon::new(1.0)?, 1)?;
    /// assert_eq!(weights.probability_bounds(&[5, 5]), [(0.5, 0.5); 2]);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn probability_bounds(&self, gaps: &[u64]) -> Vec<(f64, f64)> {
        let list = self.list(gaps);
        let all = || 0..list.gaps.len();
        let total = all().fold(Ball::ZERO, |sum, i| sum + list.quick(i));
        let zero = |precision| Interval::integer(0, precision);
        let long_total =
            |precision| all().fold(zero(precision), |sum, i| &sum + &list.long(i, precision));
        let bounds = |i: usize| {
            tight_bounds(Some(list.quick(i) / total), |precision| {
                self.scaled(list.gaps[i], precision).quotient(&Scaled::new(long_total(precision), 0).normalized())
            })
        };
        all().map(bounds).collect()
    }

    /// Heads of a coin: true with probability `e^{−εk/s}`.
    ///
    /// Reads one word, and further ones only if that leaves it open.
    pub fn accepts<R: CryptoRng + ?Sized>(&self, k: u64, rng: &mut R) -> bool {
        let long = |precision| self.decay.fixed(&Dyadic::integer(k), precision);
        Uniform::new(rng.next_u64()).is_below(Some(self.quick(k)), long, rng)
    }

    /// An index of the list, in proportion to the weights of its entries. A constant that is added to all of them changes nothing.
    ///
    /// Reads one word, and further ones only if that leaves it open. Time is proportional to the length of the list.
    ///
    /// # Panics
    ///
    /// If the list is empty.
    pub fn select<R: CryptoRng + ?Sized>(&self, gaps: &[u64], rng: &mut R) -> usize {
        sample_index(&self.list(gaps), rng)
    }

    fn list(&self, gaps: &[u64]) -> List<'_> {
        let least = gaps.iter().min().expect("an index is drawn from a list that is not empty");
        List { weights: self, gaps: gaps.iter().map(|gap| gap - least).collect() }
    }

    fn quick(&self, k: u64) -> Ball {
        self.decay.quick(Ball::dyadic(k.into(), 0))
    }

    fn scaled(&self, k: u64, precision: u64) -> Scaled {
        self.decay.scaled(&Dyadic::integer(k), precision).normalized()
    }
}

/// The weights of a list, of which the largest is one.
struct List<'a> {
    weights: &'a ExponentialWeights,
    gaps: Vec<u64>,
}

impl Weights for List<'_> {
    fn len(&self) -> usize {
        self.gaps.len()
    }

    fn quick(&self, index: usize) -> Ball {
        self.weights.quick(self.gaps[index])
    }

    fn long(&self, index: usize, precision: u64) -> Interval {
        self.weights.decay.fixed(&Dyadic::integer(self.gaps[index]), precision)
    }
}
