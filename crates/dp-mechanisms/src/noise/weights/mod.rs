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

/// The weights `w(k) = e^{−εk/s}` of integers `k ≥ 0`, and random decisions with exactly these probabilities: a coin
/// that shows heads with probability `w(k)`, and an index drawn in proportion to the weights of a list.
///
/// # Guarantee
///
/// Given independent uniform words, decisions are independent and have exactly the stated probabilities. Each is a
/// function of one infinitely long uniform: its first word is compared with a certified enclosure of the probability,
/// and as long as that leaves the decision open, further words are appended to the *same* uniform. (Redrawing instead
/// would favour what is rarely open.)
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
/// C. Canonne, G. Kamath, T. Steinke, *The discrete Gaussian for differential privacy*, 2020, Algorithm 1: the same
/// coin for rational exponents, from coins for fractions.
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
    /// assert_eq!(weights.probability_bounds(&[5, 5]), [(0.5_f64.next_down(), 0.5_f64.next_up()); 2]);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn probability_bounds(&self, gaps: &[u64]) -> Vec<(f64, f64)> {
        let list = self.list(gaps);
        let all = || 0..list.gaps.len();
        let total = all().fold(Ball::ZERO, |sum, i| sum + list.quick(i));
        let zero = |precision| Interval::integer(0, precision);
        let long_total = |precision| all().fold(zero(precision), |sum, i| &sum + &list.long(i, precision));
        let bounds = |i: usize| {
            tight_bounds(Some(list.quick(i) / total), |precision| {
                self.scaled(list.gaps[i], precision)
                    .quotient(&Scaled::new(long_total(precision), 0).normalized())
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

    /// An index of the list, in proportion to the weights of its entries. A constant that is added to all of them
    /// changes nothing.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn weights(epsilon: f64, spread: u64) -> ExponentialWeights {
        ExponentialWeights::new(Epsilon::new(epsilon).unwrap(), spread).unwrap()
    }

    #[test]
    fn spreads_outside_the_supported_range_are_refused() {
        for spread in [0, ExponentialWeights::MAX_SPREAD + 1, u64::MAX] {
            let made = ExponentialWeights::new(Epsilon::new(1.0).unwrap(), spread);
            assert!(matches!(made, Err(Error::OutOfRange { parameter: Parameter::Spread, .. })));
        }
        assert_eq!(weights(1.0, ExponentialWeights::MAX_SPREAD).spread(), 1 << 62);
    }

    #[test]
    fn a_certain_coin_takes_one_word_like_any_other() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for (epsilon, spread) in [(1e-300, 7), (1.0, 1), (1e300, 1 << 62)] {
            let before = rng.get_word_pos();
            assert!(weights(epsilon, spread).accepts(0, rng));
            assert_eq!(rng.get_word_pos() - before, 2); // words of 32 bits
        }
    }

    #[test]
    fn hopeless_coins_and_far_candidates_are_decided() {
        let rng = &mut ChaCha8Rng::seed_from_u64(2);
        for (epsilon, spread) in [(1e300, 1), (1e3, 1), (50.0, 1)] {
            assert!(!weights(epsilon, spread).accepts(u64::MAX, rng));
            assert_eq!(weights(epsilon, spread).select(&[u64::MAX, 0, 1 << 40], rng), 1);
            assert_eq!(weights(epsilon, spread).weight_bounds(u64::MAX), (0.0, f64::from_bits(1)));
        }
        // weights that no float tells from one
        assert_eq!(weights(1e-300, 1).weight_bounds(3), (1.0_f64.next_down(), 1.0));
    }

    #[test]
    fn coins_and_indices_have_the_frequencies_of_their_weights() {
        let (law, rng, n) = (weights(0.8, 3), &mut ChaCha8Rng::seed_from_u64(3), 30_000_u32);
        let p = (-0.8_f64 * 2.0 / 3.0).exp();
        let heads = (0..n).filter(|_| law.accepts(2, rng)).count() as f64;
        let n_draws = f64::from(n);
        // five standard deviations
        let close = |count: f64, p: f64| (count - n_draws * p).abs() < 5.0 * (n_draws * p * (1.0 - p)).sqrt();
        assert!(close(heads, p), "{heads}");
        let gaps = [5_u64, 1, 9, 1];
        let naive = gaps.map(|gap| (-0.8 * gap as f64 / 3.0).exp());
        let mut counts = [0.0; 4];
        for _ in 0..n {
            counts[law.select(&gaps, rng)] += 1.0;
        }
        for (count, weight) in counts.into_iter().zip(naive) {
            assert!(close(count, weight / naive.iter().sum::<f64>()), "{counts:?}");
        }
    }

    /// What a uniform on 53 bits would select, where it is far from all boundaries.
    fn naive_index(weights: &[f64], uniform: f64) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        for (i, weight) in weights.iter().enumerate() {
            sum += weight / total;
            if (sum - uniform).abs() < 1e-12 {
                return None;
            }
            if uniform < sum {
                return Some(i);
            }
        }
        Some(weights.len() - 1)
    }

    proptest! {
        #[test]
        fn bounds_enclose_the_naive_weight(epsilon in 1e-3..30.0_f64, spread in 1_u64..50, k in 1_u64..200) {
            let (lower, upper) = weights(epsilon, spread).weight_bounds(k);
            let exponent = epsilon * k as f64 / spread as f64;
            // two roundings of the exponent, and exp itself
            let error = (exponent + 2.0) * 4.0 * f64::EPSILON;
            let naive = (-exponent).exp();
            prop_assert!(lower <= upper && upper <= lower.next_up().next_up().max(f64::from_bits(1)));
            prop_assert!(lower <= naive * (1.0 + error) && naive * (1.0 - error) <= upper, "{lower} {naive} {upper}");
        }

        #[test]
        fn the_index_is_that_of_the_uniform(
            gaps in proptest::collection::vec(0_u64..40, 1..12), epsilon in 0.01..3.0_f64, seed in any::<u64>()
        ) {
            let (least, rng) = (*gaps.iter().min().unwrap(), ChaCha8Rng::seed_from_u64(seed));
            let naive: Vec<f64> = gaps.iter().map(|gap| (-epsilon * (gap - least) as f64 / 7.0).exp()).collect();
            let uniform = (rng.clone().next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            if let Some(expected) = naive_index(&naive, uniform) {
                prop_assert_eq!(weights(epsilon, 7).select(&gaps, &mut rng.clone()), expected);
            }
        }

        #[test]
        fn probabilities_sum_to_one(gaps in proptest::collection::vec(any::<u64>(), 1..9), epsilon in 1e-20..1e3_f64) {
            let bounds = weights(epsilon, 1 << 40).probability_bounds(&gaps);
            let (lower, upper) = bounds.iter().fold((0.0, 0.0), |sum, b| (sum.0 + b.0, sum.1 + b.1));
            prop_assert!(lower <= 1.0 + 1e-14 && upper >= 1.0 - 1e-14);
            prop_assert!(bounds.iter().all(|(lower, upper)| lower <= upper));
        }
    }
}
