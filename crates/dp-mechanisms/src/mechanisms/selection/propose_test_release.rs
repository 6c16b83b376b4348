//! Answers that are released only where they are stable.

use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::certified::search::first_true_integer;
use crate::claims;
use crate::error::Error;
use crate::lattice::{LatticeStatistic, LatticeVector};
use crate::mechanisms::LatticeLaplace;
use crate::mechanisms::exact::least_quotient;
use crate::noise::{DiscreteLaplace, LatticeNoise, LogConcaveNoise};
use crate::params::{Delta, Epsilon, NoiseScale};
use crate::release::{ArithmeticModel, Certificate, Release};
use crate::sensitivity::LatticeL1Sensitivity;
use core::fmt;
use rand::CryptoRng;

use super::noise_of_scale;

/// How far a data set is from instability, in rows; *not* released.
///
/// Its `Debug` shows no distance.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, selection::DistanceToInstability};
///
/// // the most frequent value leads by 31: it takes 31 rows to make it tie
/// let distance = DistanceToInstability::new(31 - 1, AddRemoveRow);
/// assert_eq!(format!("{distance:?}"), "DistanceToInstability { .. }");
/// ```
pub struct DistanceToInstability<A> {
    rows: u64,
    adjacency: A,
}

impl<A: Adjacency> DistanceToInstability<A> {
    /// States that this number moves by at most one between neighbours, and is zero *on both* of two neighbours whose
    /// answers differ (for [`StabilityTest`]) or differ by more than the proposed bound (for [`ProposeTestRelease`]).
    ///
    /// The least number of rows whose change leads to a data set that has such a neighbour is one. So is any smaller
    /// number that moves by at most one and is not negative, which is what can usually be computed.
    #[must_use]
    pub const fn new(rows: u64, adjacency: A) -> Self {
        Self { rows, adjacency }
    }
}

impl<A> fmt::Debug for DistanceToInstability<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistanceToInstability").finish_non_exhaustive()
    }
}

/// Releases an answer as it is, without noise, if a noisy distance to instability is above a threshold; else nothing.
///
/// # Guarantee
///
/// (ε, δ)-differential privacy: discrete Laplace noise of scale `b ≥ 1/ε` on the distance, and the least threshold that
/// the noise exceeds with probability at most δ, certified. The proof is for noise without bounds; what a sample of 64
/// bits cannot hold weighs below `e^{−2²³}`.
///
/// # Error bound
///
/// Nothing is released with probability at most γ if the distance is at least [`threshold`](Self::threshold)` +
/// b·ln(1/γ) + 1`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
/// use dp_mechanisms::selection::{DistanceToInstability, StabilityTest};
///
/// // the most frequent of any number of words, without a list of candidates: 900 people said "ja", 700 said "oui"
/// let test = StabilityTest::calibrate(Epsilon::new(0.5)?, Delta::new(1e-9)?, AddRemoveRow)?;
/// let distance = DistanceToInstability::new(900 - 700 - 1, AddRemoveRow);
/// let released = test.release("ja", &distance, "most frequent word", &mut secure_rng()?)?;
/// assert_eq!(test.threshold(), 40);
/// assert_eq!(*released.value(), Some("ja")); // but for e⁻⁷⁹
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, J. Lei, *Differential privacy and robust statistics*, 2009. A. Smith, A. Thakurta, *Differentially private
/// feature selection via stability arguments*, 2013, for answers without noise.
#[derive(Debug, Clone)]
pub struct StabilityTest<A> {
    noise: DiscreteLaplace,
    threshold: u64,
    profile: PrivacyProfile<A>,
}

impl<A: Adjacency> StabilityTest<A> {
    /// The least noise for ε, and the least threshold for δ.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if noise above `2⁴⁰` were needed.
    pub fn calibrate(epsilon: Epsilon, delta: Delta, adjacency: A) -> Result<Self, Error> {
        let noise = noise_of_scale(least_quotient(1, epsilon.get()))?;
        let threshold = least_threshold(&noise, delta);
        Ok(Self { noise, threshold, profile: PrivacyProfile::approximate(epsilon, delta, adjacency) })
    }

    /// Scale of the noise on the distance (not its standard deviation), in rows.
    #[must_use]
    pub const fn noise_scale(&self) -> NoiseScale {
        self.noise.noise_scale()
    }

    /// The answer is released if distance and noise together are above this number of rows.
    #[must_use]
    pub const fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// Releases the answer or nothing. `what` names it for people.
    ///
    /// # Errors
    ///
    /// [`Error::AdjacencyDiffers`] for a distance between other neighbours.
    pub fn release<T, R: CryptoRng + ?Sized>(
        &self,
        answer: T,
        distance: &DistanceToInstability<A>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<Option<T>, PrivacyProfile<A>>, Error> {
        let stable = self.passes(distance, rng)?;
        let certificate = Certificate::new(what, STABLE, self.profile.clone(), ArithmeticModel::ExactLattice)
            .with_parameter("distance_noise_scale", self.noise_scale().get())
            .with_parameter("threshold", self.threshold)
            .with_claim(claims::STABILITY_PRIVACY)
            .with_claim(claims::DISCRETE_LAPLACE_LAW);
        Ok(Release::mint(stable.then_some(answer), certificate))
    }

    fn passes<R: CryptoRng + ?Sized>(
        &self,
        distance: &DistanceToInstability<A>,
        rng: &mut R,
    ) -> Result<bool, Error> {
        if distance.adjacency != self.profile.adjacency() {
            return Err(Error::AdjacencyDiffers);
        }
        let noisy = i128::from(distance.rows) + i128::from(self.noise.sample(rng));
        Ok(noisy > i128::from(self.threshold))
    }
}

/// The least integer that the noise exceeds with probability at most δ.
fn least_threshold(noise: &DiscreteLaplace, delta: Delta) -> u64 {
    let guess = noise.noise_scale().get() * -delta.get().ln();
    let suffices = |k: i64| noise.tail_bounds(k).1 <= delta.get();
    // far enough out the tail is below every float: the least one is at 745 scales
    let found = first_true_integer(guess as i64, (0, 1 << 51), suffices);
    found.expect("2⁵¹ is beyond 2⁴⁰·745").unsigned_abs()
}

/// Proposes a bound on how far a statistic moves, tests that the data are far from all that exceed it, and releases the
/// statistic with noise for that bound if they are; else nothing.
///
/// For statistics that move little on most data, and by any amount on some: medians, ranges, ratios.
///
/// # Guarantee
///
/// (ε₁ + ε₂, δ)-differential privacy with the [`StabilityTest`]'s (ε₁, δ) and the ε₂ of discrete Laplace noise for the
/// proposed bound. Two neighbours within the bound lose ε₁ + ε₂ and no δ; two beyond it lose no ε, because both have
/// distance zero and seldom pass.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Lattice, LatticeL1Sensitivity, LatticeStatistic, secure_rng};
/// use dp_mechanisms::selection::{DistanceToInstability, ProposeTestRelease};
///
/// // proposed: the median of these data moves by at most 5
/// let bound = LatticeL1Sensitivity::new(5, AddRemoveRow)?;
/// let mechanism = ProposeTestRelease::calibrate((Epsilon::new(0.5)?, Delta::new(1e-6)?), Epsilon::new(0.5)?, bound)?;
/// // counted on the data: at least 80 rows must change before a median can move by more than 5
/// let (median, distance) = (1234, DistanceToInstability::new(80, AddRemoveRow));
/// let statistic = LatticeStatistic::new(vec![median], Lattice::new(0)?, bound, 1 << 40);
/// let released = mechanism.release(statistic, &distance, "median", &mut secure_rng()?)?;
/// let value = released.value().as_ref().expect("but for e⁻²⁶").steps()[0];
/// assert!((value - 1234).abs() < 500);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, J. Lei, *Differential privacy and robust statistics*, 2009, Section 3. S. Vadhan, *The complexity of
/// differential privacy*, 2017, Section 3.2.
#[derive(Debug, Clone)]
pub struct ProposeTestRelease<A> {
    test: StabilityTest<A>,
    noise: LatticeLaplace<A>,
    profile: PrivacyProfile<A>,
}

impl<A: Adjacency> ProposeTestRelease<A> {
    /// With (ε₁, δ) for the test, ε₂ for the statistic, and the proposed bound on how far it moves.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if either noise is beyond what is supported, [`Error::OutOfRange`] if `ε₁ + ε₂` is beyond `f64`.
    pub fn calibrate(
        (test, delta): (Epsilon, Delta),
        statistic: Epsilon,
        proposed: LatticeL1Sensitivity<A>,
    ) -> Result<Self, Error> {
        let adjacency = proposed.adjacency();
        let total = Epsilon::new(sum_above(test.get(), statistic.get()))?;
        Ok(Self {
            test: StabilityTest::calibrate(test, delta, adjacency)?,
            noise: LatticeLaplace::calibrate(statistic, proposed)?,
            profile: PrivacyProfile::approximate(total, delta, adjacency),
        })
    }

    /// The test of the proposal.
    pub const fn test(&self) -> &StabilityTest<A> {
        &self.test
    }

    /// The mechanism that the statistic goes through where the test is passed.
    pub const fn noise(&self) -> &LatticeLaplace<A> {
        &self.noise
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// Releases the statistic with noise, or nothing. The statistic's sensitivity is the bound as proposed: it need not
    /// hold on data at distance zero. `what` names it for people.
    ///
    /// # Errors
    ///
    /// As [`LatticeLaplace::release`], and [`Error::AdjacencyDiffers`] for a distance between other neighbours: whether
    /// or not the test is passed.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        statistic: LatticeStatistic<LatticeL1Sensitivity<A>>,
        distance: &DistanceToInstability<A>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<Option<LatticeVector>, PrivacyProfile<A>>, Error> {
        let stable = self.test.passes(distance, rng)?;
        // in either case, so that failures do not tell which it is
        let noisy = self.noise.release(statistic, what, rng)?;
        let certificate =
            Certificate::new(what, PROPOSED, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("distance_noise_scale", self.test.noise_scale().get())
                .with_parameter("threshold", self.test.threshold)
                .with_parameter("proposed_l1_sensitivity", self.noise.sensitivity().get())
                .with_parameter("noise_scale", self.noise.noise_scale().get())
                .with_claim(claims::PROPOSE_TEST_RELEASE_PRIVACY)
                .with_claim(claims::DISCRETE_LAPLACE_LAW);
        Ok(Release::mint(stable.then(|| noisy.value().clone()), certificate))
    }
}

/// `a + b`, exact or rounded up.
fn sum_above(a: f64, b: f64) -> f64 {
    let sum = a + b;
    // for a ≥ b the rest that rounding left is (a − sum) + b, exactly (Dekker)
    let (large, small) = if a >= b { (a, b) } else { (b, a) };
    if (large - sum) + small > 0.0 { sum.next_up() } else { sum }
}

/// As written to certificates.
const STABLE: &str = "release of a stable answer, by a noisy distance to instability";
const PROPOSED: &str = "propose-test-release with discrete Laplace noise";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{AddRemoveRow, PerturbRow};
    use crate::certified::dyadic::Dyadic;
    use crate::lattice::Lattice;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn epsilon(value: f64) -> Epsilon {
        Epsilon::new(value).unwrap()
    }

    fn delta(value: f64) -> Delta {
        Delta::new(value).unwrap()
    }

    fn bound(steps: u64) -> LatticeL1Sensitivity<AddRemoveRow> {
        LatticeL1Sensitivity::new(steps, AddRemoveRow).unwrap()
    }

    #[test]
    fn the_threshold_is_the_least_that_noise_exceeds_with_probability_delta() {
        for (e, d) in [(1.0, 0.1), (0.3, 1e-6), (0.01, 1e-20), (5.0, 0.9), (1e-11, 1e-300)] {
            let test = StabilityTest::calibrate(epsilon(e), delta(d), AddRemoveRow).unwrap();
            let (b, threshold) = (test.noise_scale().get(), test.threshold() as f64);
            // P(K > t) = q^{t+1}/(1 + q), q = e^{−1/b}
            let tail = |t: f64| (-(t + 1.0) / b).exp() / (1.0 + (-1.0 / b).exp());
            // relative error of exp at arguments of up to 700: 700 roundings
            assert!(tail(threshold) <= d * (1.0 + 1e-12), "{e} {d}");
            assert!(threshold == 0.0 || tail(threshold - 1.0) >= d * (1.0 - 1e-12), "{e} {d}");
        }
    }

    #[test]
    fn stable_answers_pass_and_unstable_ones_do_not() {
        let test = StabilityTest::calibrate(epsilon(1.0), delta(1e-9), AddRemoveRow).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(3);
        let mut run = |rows| {
            let distance = DistanceToInstability::new(rows, AddRemoveRow);
            *test.release(7, &distance, "test", rng).unwrap().value()
        };
        for _ in 0..1000 {
            assert_eq!((run(0), run(100), run(u64::MAX)), (None, Some(7), Some(7)));
        }
    }

    #[test]
    fn failures_do_not_tell_whether_the_test_was_passed() {
        let mechanism =
            ProposeTestRelease::calibrate((epsilon(1.0), delta(1e-6)), epsilon(1.0), bound(2)).unwrap();
        for rows in [0, 1000] {
            let distance = DistanceToInstability::new(rows, AddRemoveRow);
            let rng = &mut ChaCha8Rng::seed_from_u64(3);
            let mut attempt = |moves, max_abs| {
                let statistic =
                    LatticeStatistic::new(vec![5], Lattice::new(0).unwrap(), bound(moves), max_abs);
                mechanism.release(statistic, &distance, "test", rng).map(|release| release.value().is_some())
            };
            assert_eq!(attempt(2, 10), Ok(rows > 0));
            assert!(matches!(attempt(3, 10), Err(Error::SensitivityExceeded { .. })));
            assert!(matches!(attempt(2, u64::MAX), Err(Error::LatticeOverflow { .. })));
        }
        let near = |radius| PerturbRow::new(radius).unwrap();
        let test = StabilityTest::calibrate(epsilon(1.0), delta(1e-6), near(1.0)).unwrap();
        let distance = DistanceToInstability::new(9, near(2.0));
        let attempt = test.release((), &distance, "test", &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!(attempt, Err(Error::AdjacencyDiffers));
    }

    proptest! {
        #[test]
        fn sums_are_never_below_the_exact_one(a in -300.0..300.0_f64, b in -300.0..300.0_f64) {
            let [a, b] = [a, b].map(|exponent| 10_f64.powf(exponent));
            let exact = Dyadic::from_f64(a).plus(&Dyadic::from_f64(b));
            prop_assert!(Dyadic::from_f64(sum_above(a, b)) >= exact);
            prop_assert!(Dyadic::from_f64(sum_above(a, b).next_down()) < exact);
        }
    }
}
