//! Private quantiles.

mod stretches;

use crate::accounting::PrivacyProfile;
use crate::adjacency::{AddRemoveRow, Adjacency, ReplaceRow};
use crate::certified::{ball::Ball, dyadic::Dyadic, interval::Interval, scaled::Scaled};
use crate::claims;
use crate::error::Error;
use crate::noise::{Decay, Weights, sample_index, uniform_up_to};
use crate::normal::tight_bounds;
use crate::params::{Epsilon, QuantileLevel};
use crate::release::{ArithmeticModel, Certificate, Release};
use rand::CryptoRng;
use stretches::{Stretch, Stretches};

/// Adjacencies of data sets with one number a row, for which it is known how ranks move: rows added and removed, or
/// replaced.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow, selection::QuantileAdjacency};
///
/// assert!(!AddRemoveRow::NUMBER_OF_ROWS_IS_PUBLIC && ReplaceRow::NUMBER_OF_ROWS_IS_PUBLIC);
/// ```
pub trait QuantileAdjacency: Adjacency {
    /// Whether neighbours have equally many rows.
    const NUMBER_OF_ROWS_IS_PUBLIC: bool;
}

impl QuantileAdjacency for AddRemoveRow {
    const NUMBER_OF_ROWS_IS_PUBLIC: bool = false;
}

impl QuantileAdjacency for ReplaceRow {
    const NUMBER_OF_ROWS_IS_PUBLIC: bool = true;
}

/// The integers `low ..= high` among which a quantile is looked for: public, chosen without sight of the data.
///
/// # Example
///
/// ```
/// use dp_mechanisms::selection::QuantileRange;
///
/// let ages = QuantileRange::new(0, 120)?;
/// assert_eq!((ages.low(), ages.high()), (0, 120));
/// assert!(QuantileRange::new(1, 0).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuantileRange {
    low: i64,
    high: i64,
}

impl QuantileRange {
    /// From the least to the largest integer, both included.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyRange`] if `low > high`.
    pub const fn new(low: i64, high: i64) -> Result<Self, Error> {
        if low <= high { Ok(Self { low, high }) } else { Err(Error::EmptyRange { low, high }) }
    }

    /// Its least integer.
    #[must_use]
    pub const fn low(self) -> i64 {
        self.low
    }

    /// Its largest integer.
    #[must_use]
    pub const fn high(self) -> i64 {
        self.high
    }
}

/// Releases an integer of a public range, x with probability in proportion to `e^{−ε·d(x)/s}`, d the distance of its
/// rank from that of the quantile.
///
/// With n values, of which L are below x and U at most x, and level q, the distance is that of `q·n` from `[L, U]`:
///
/// ```text
/// d(x) = max(0, L − q·n, q·n − U)
/// ```
///
/// Values outside the range count as its ends. Between two neighbouring values d is constant, so that a stretch is
/// chosen with its number of integers as part of its weight, and an integer inside it uniformly: time is that of
/// sorting, whatever the range.
///
/// # Guarantee
///
/// ε-differential privacy, exactly. A row moves `L − q·n` and `q·n − U` by at most `max(q, 1 − q)` if it is added or
/// removed, and by at most 1 if it is replaced; `s` is twice that: 1 for a median under add/remove. Nothing is assumed
/// of the data. Under add/remove the number of rows is private, and is not released.
///
/// # Error bound
///
/// With N integers in the range, `d(x) ≤ (s/ε)·ln(N/γ)` with probability at least `1 − γ`: an error in *rank*. If
/// data lie in a small part of a wide range, choose it narrower; if they are far apart, no lattice is too coarse.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, QuantileLevel, secure_rng};
/// use dp_mechanisms::selection::{PrivateQuantile, QuantileRange};
///
/// // incomes in whole units
/// let incomes: Vec<i64> = (0..2000).map(|i| 20_000 + 17 * i).collect();
/// let median = PrivateQuantile::new(Epsilon::new(1.0)?, QuantileLevel::new(0.5)?, QuantileRange::new(0, 1 << 20)?, AddRemoveRow);
/// let released = median.release(&incomes, "median income", &mut secure_rng()?);
/// // ranks are off by more than 40 with probability below 2²⁰·e⁻⁴⁰
/// assert!((released.value() - 37_000).abs() <= 17 * 41);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// A. Smith, *Privacy-preserving statistical estimation with optimal convergence rates*, 2011, Algorithm 2, for
/// intervals of real numbers: there equal values leave an interval of width zero, which is never chosen, and the median
/// of a constant is lost. Here a repeated value has its own weight.
#[derive(Debug, Clone)]
pub struct PrivateQuantile<A> {
    epsilon: Epsilon,
    level: QuantileLevel,
    range: QuantileRange,
    decay: Decay,
    profile: PrivacyProfile<A>,
}

impl<A: QuantileAdjacency> PrivateQuantile<A> {
    /// For a level and a range, both public.
    #[must_use]
    pub fn new(epsilon: Epsilon, level: QuantileLevel, range: QuantileRange, adjacency: A) -> Self {
        let spread = spread::<A>(level);
        let decay = Decay::new(epsilon.get(), spread.clone(), Ball::from_dyadic(&spread));
        Self { epsilon, level, range, decay, profile: PrivacyProfile::pure(epsilon, adjacency) }
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> QuantileLevel {
        self.level
    }

    /// The range.
    #[must_use]
    pub const fn range(&self) -> QuantileRange {
        self.range
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// Lower and upper bound of the probability that this integer is released, at *public* values.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Epsilon, QuantileLevel};
    /// use dp_mechanisms::selection::{PrivateQuantile, QuantileRange};
    ///
    /// let (range, level) = (QuantileRange::new(0, 9)?, QuantileLevel::new(0.5)?);
    /// let median = PrivateQuantile::new(Epsilon::new(2.0)?, level, range, AddRemoveRow);
    /// assert_eq!(median.probability_bounds(&[], 3), (0.1_f64.next_down(), 0.1)); // no values: all are alike
    /// // one value: its own integer is at distance 0, the nine others at ½
    /// let (lower, upper) = median.probability_bounds(&[7], 7);
    /// assert!(lower <= upper && (lower - 1.0 / (1.0 + 9.0 * (-1.0_f64).exp())).abs() < 1e-14);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn probability_bounds(&self, values: &[i64], point: i64) -> (f64, f64) {
        let stretches = Stretches::new(&self.decay, self.level, self.range, values);
        let Some(stretch) = stretches.list.iter().find(|stretch| stretch.contains(point)) else {
            return (0.0, 0.0);
        };
        let total = (0..stretches.len()).fold(Ball::ZERO, |sum, i| sum + stretches.quick(i));
        tight_bounds(Some(stretches.quick_weight(stretch) / total), |precision| {
            let zero = Interval::integer(0, precision);
            let total = (0..stretches.len()).fold(zero, |sum, i| &sum + &stretches.long(i, precision));
            stretches.weight(stretch, precision).quotient(&Scaled::new(total, 0).normalized())
        })
    }

    /// Releases an integer near the quantile of the values, one a row, in any order. `what` names it for people.
    ///
    /// Never fails: any values, also none at all, have an output.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        values: &[i64],
        what: &str,
        rng: &mut R,
    ) -> Release<i64, PrivacyProfile<A>> {
        let stretches = Stretches::new(&self.decay, self.level, self.range, values);
        let Stretch { first, width, .. } = stretches.list[sample_index(&stretches, rng)];
        let place = uniform_up_to((width - 1) as u64, rng);
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("epsilon", self.epsilon.get())
                .with_parameter("level", self.level.get())
                .with_parameter("low", self.range.low)
                .with_parameter("high", self.range.high)
                .with_claim(claims::QUANTILE_PRIVACY)
                .with_claim(claims::SELECTION_LAW);
        Release::mint(first.wrapping_add_unsigned(place), certificate)
    }
}

/// How far two distances move against each other: `2·max(q, 1 − q)`, or 2.
fn spread<A: QuantileAdjacency>(level: QuantileLevel) -> Dyadic {
    if A::NUMBER_OF_ROWS_IS_PUBLIC {
        return Dyadic::integer(2);
    }
    let below = Dyadic::from_f64(level.get());
    let above = difference(&Dyadic::integer(1), &below);
    (if below > above { below } else { above }).doubled(1)
}

fn difference(a: &Dyadic, b: &Dyadic) -> Dyadic {
    a.plus(&b.times(&Dyadic::integer(-1)))
}

/// As written to certificates.
const MECHANISM: &str = "exponential mechanism on ranks over an integer range";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn quantile<A: QuantileAdjacency>(
        epsilon: f64,
        level: f64,
        range: (i64, i64),
        adjacency: A,
    ) -> PrivateQuantile<A> {
        let (epsilon, level) = (Epsilon::new(epsilon).unwrap(), QuantileLevel::new(level).unwrap());
        PrivateQuantile::new(epsilon, level, QuantileRange::new(range.0, range.1).unwrap(), adjacency)
    }

    /// Weights of all integers, by the definition.
    fn naive(epsilon_over_spread: f64, level: f64, range: (i64, i64), values: &[i64]) -> Vec<f64> {
        let clamped: Vec<i64> = values.iter().map(|v| (*v).clamp(range.0, range.1)).collect();
        let target = level * clamped.len() as f64;
        let weight = |x: i64| {
            let below = clamped.iter().filter(|v| **v < x).count() as f64;
            let upto = clamped.iter().filter(|v| **v <= x).count() as f64;
            (-epsilon_over_spread * (below - target).max(target - upto).max(0.0)).exp()
        };
        let weights: Vec<f64> = (range.0..=range.1).map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / total).collect()
    }

    proptest! {
        #[test]
        fn probabilities_are_those_of_the_definition(
            values in proptest::collection::vec(-8_i64..12, 0..9), level in 0.05..0.95_f64, epsilon in 0.1..4.0_f64
        ) {
            let range = (-5, 7);
            let (added, replaced) =
                (quantile(epsilon, level, range, AddRemoveRow), quantile(epsilon, level, range, ReplaceRow));
            let spread = 2.0 * level.max(1.0 - level);
            for (i, point) in (range.0..=range.1).enumerate() {
                let close = |(lower, upper): (f64, f64), naive: f64| lower <= upper && (lower / naive - 1.0).abs() < 1e-13;
                prop_assert!(close(added.probability_bounds(&values, point), naive(epsilon / spread, level, range, &values)[i]));
                prop_assert!(close(replaced.probability_bounds(&values, point), naive(epsilon / 2.0, level, range, &values)[i]));
            }
        }

        #[test]
        fn stretches_cover_the_range_once(values in proptest::collection::vec(any::<i64>(), 0..6), ends in any::<(i64, i64)>()) {
            let range = QuantileRange::new(ends.0.min(ends.1), ends.0.max(ends.1)).unwrap();
            let made = PrivateQuantile::new(Epsilon::new(1.0).unwrap(), QuantileLevel::new(0.3).unwrap(), range, ReplaceRow);
            let stretches = Stretches::new(&made.decay, made.level, range, &values);
            let mut next = i128::from(range.low);
            for stretch in &stretches.list {
                prop_assert_eq!(i128::from(stretch.first), next);
                prop_assert!(stretch.width > 0);
                next += stretch.width as i128;
            }
            prop_assert_eq!(next, i128::from(range.high) + 1);
            let released = made.release(&values, "test", &mut ChaCha8Rng::seed_from_u64(1));
            prop_assert!((range.low..=range.high).contains(released.value()));
        }
    }

    #[test]
    fn the_median_of_equal_values_is_not_lost() {
        let median = quantile(1.0, 0.5, (0, 99), ReplaceRow);
        assert!(median.probability_bounds(&[42; 40], 42).0 > 0.99);
        assert_eq!(median.probability_bounds(&[42; 40], 100), (0.0, 0.0));
    }

    #[test]
    fn the_whole_range_of_integers_is_supported() {
        let median = quantile(1e-9, 0.5, (i64::MIN, i64::MAX), AddRemoveRow);
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let signs: i64 = (0..1000).map(|_| median.release(&[], "test", rng).value().signum()).sum();
        assert!(signs.abs() < 160); // five standard deviations
        let (lower, upper) = median.probability_bounds(&[], 17);
        assert!(lower <= 2.0_f64.powi(-64) && 2.0_f64.powi(-64) <= upper);
    }
}
