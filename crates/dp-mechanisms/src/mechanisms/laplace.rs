//! The Laplace mechanism on the integer lattice.

use super::exact::least_quotient;
use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::claims;
use crate::error::Error;
use crate::lattice::{LatticeStatistic, LatticeVector};
use crate::noise::{DiscreteLaplace, LatticeNoise};
use crate::params::{Epsilon, NoiseScale};
use crate::release::{ArithmeticModel, Certificate, Release};
use crate::sensitivity::LatticeL1Sensitivity;
use rand::CryptoRng;

/// Adds exactly distributed discrete Laplace noise to integer statistics of a stated L1 sensitivity.
///
/// # Guarantee
///
/// For integer statistics with `‖s − s'‖₁ ≤ Δ` between neighbours, releasing `s + K` with `P(K = k) ∝ e^{−|k|/b}`
/// independent in each coordinate is `Δ/b`-differentially private, in any dimension, with δ = 0: the probabilities of an
/// output differ by a factor of `e^{Σ(|x_j − s'_j| − |x_j − s_j|)/b} ≤ e^{Δ/b}`. ε is the least float that is at least
/// `Δ/b`, and nothing on the machine is approximate: the released integers are `s + K` modulo `2⁶⁴`, a function of
/// `s + K`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, Lattice, LatticeL1Sensitivity, LatticeLaplace, LatticeStatistic, secure_rng};
///
/// // a histogram: each person is in one of three cells
/// let sensitivity = LatticeL1Sensitivity::new(1, AddRemoveRow)?;
/// let histogram = LatticeStatistic::new(vec![120, 4, 876], Lattice::new(0)?, sensitivity, 1 << 40);
/// let mechanism = LatticeLaplace::calibrate(Epsilon::new(0.5)?, sensitivity)?;
/// assert_eq!(mechanism.noise_scale().get(), 2.0);
/// let released = mechanism.release(histogram, "people by cell", &mut secure_rng()?)?;
/// assert_eq!(released.certificate().guarantee().delta(0.5), 0.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, F. McSherry, K. Nissim, A. Smith, *Calibrating noise to sensitivity in private data analysis*, 2006,
/// Proposition 1. A. Ghosh, T. Roughgarden, M. Sundararajan, 2009, for the integers.
#[derive(Debug, Clone)]
pub struct LatticeLaplace<A> {
    noise: DiscreteLaplace,
    sensitivity: LatticeL1Sensitivity<A>,
    profile: PrivacyProfile<A>,
}

impl<A: Adjacency> LatticeLaplace<A> {
    /// The least noise that gives ε-differential privacy at this sensitivity: the least float `b ≥ Δ/ε`.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if it is beyond what the sampler supports.
    pub fn calibrate(epsilon: Epsilon, sensitivity: LatticeL1Sensitivity<A>) -> Result<Self, Error> {
        Self::with_noise_scale(scale_for(epsilon, sensitivity)?, sensitivity)
    }

    /// A chosen scale b of the noise, in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if it is beyond what the sampler supports, [`Error::OutOfRange`] if `Δ/b` is beyond
    /// `f64`.
    pub fn with_noise_scale(
        noise_scale: NoiseScale,
        sensitivity: LatticeL1Sensitivity<A>,
    ) -> Result<Self, Error> {
        let noise = DiscreteLaplace::new(noise_scale)?;
        let profile = PrivacyProfile::pure(epsilon_at(noise_scale, sensitivity)?, sensitivity.adjacency());
        Ok(Self { noise, sensitivity, profile })
    }

    /// Scale b of the noise (not its standard deviation, which is about `√2·b`), in lattice steps.
    #[must_use]
    pub const fn noise_scale(&self) -> NoiseScale {
        self.noise.noise_scale()
    }

    /// The law of the noise.
    #[must_use]
    pub const fn noise(&self) -> &DiscreteLaplace {
        &self.noise
    }

    /// The sensitivity it was made for.
    #[must_use]
    pub const fn sensitivity(&self) -> LatticeL1Sensitivity<A> {
        self.sensitivity
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// Adds noise and lets the statistic go, with its certificate. `what` names it for people.
    ///
    /// # Errors
    ///
    /// [`Error::SensitivityExceeded`] if the statistic moves more than this mechanism was made for,
    /// [`Error::LatticeOverflow`] if its public bound and 64 scales of noise do not fit 64 bits. Neither depends on
    /// private values.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        statistic: LatticeStatistic<LatticeL1Sensitivity<A>>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<LatticeVector, PrivacyProfile<A>>, Error> {
        check_sensitivity(statistic.sensitivity, self.sensitivity)?;
        let scale = self.noise_scale().get();
        if statistic.max_abs as f64 + 64.0 * scale >= i64::MAX as f64 / 2.0 {
            return Err(Error::LatticeOverflow {
                max_abs: statistic.max_abs,
                noise_std: scale * core::f64::consts::SQRT_2,
            });
        }
        let LatticeStatistic { mut steps, lattice, .. } = statistic;
        self.noise.add_to(&mut steps, rng);
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("l1_sensitivity", self.sensitivity.get())
                .with_parameter("noise_scale", scale)
                .with_parameter("lattice_exponent", lattice.exponent())
                .with_parameter("entries", steps.len())
                .with_claim(claims::LAPLACE_PRIVACY)
                .with_claim(claims::DISCRETE_LAPLACE_LAW);
        Ok(Release::mint(LatticeVector::new(steps, lattice), certificate))
    }
}

/// The least float `b ≥ Δ/ε`.
pub(super) fn scale_for<A: Adjacency>(
    epsilon: Epsilon,
    sensitivity: LatticeL1Sensitivity<A>,
) -> Result<NoiseScale, Error> {
    let scale = least_quotient(sensitivity.get(), epsilon.get());
    NoiseScale::new(scale)
        .map_err(|_| Error::ScaleUnsupported { noise_scale: scale, max: DiscreteLaplace::MAX_SCALE })
}

/// The least float `ε ≥ Δ/b`.
pub(super) fn epsilon_at<A: Adjacency>(
    scale: NoiseScale,
    sensitivity: LatticeL1Sensitivity<A>,
) -> Result<Epsilon, Error> {
    Epsilon::new(least_quotient(sensitivity.get(), scale.get()))
}

/// Refuses statistics that move more, or between other neighbours.
pub(super) fn check_sensitivity<A: Adjacency>(
    moves: LatticeL1Sensitivity<A>,
    expected: LatticeL1Sensitivity<A>,
) -> Result<(), Error> {
    if moves.get() > expected.get() || moves.adjacency() != expected.adjacency() {
        return Err(Error::SensitivityExceeded {
            statistic: moves.get() as f64,
            mechanism: expected.get() as f64,
        });
    }
    Ok(())
}

/// As written to certificates.
const MECHANISM: &str = "discrete Laplace on the integer lattice";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use crate::lattice::Lattice;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn sensitivity(steps: u64) -> LatticeL1Sensitivity<AddRemoveRow> {
        LatticeL1Sensitivity::new(steps, AddRemoveRow).unwrap()
    }

    fn release(moves: u64, max_abs: u64) -> Result<Vec<i64>, Error> {
        let mechanism = LatticeLaplace::calibrate(Epsilon::new(0.3).unwrap(), sensitivity(3))?;
        let statistic = LatticeStatistic::new(vec![5, -3], Lattice::new(-4)?, sensitivity(moves), max_abs);
        let release = mechanism.release(statistic, "test", &mut ChaCha8Rng::seed_from_u64(7))?;
        Ok(release.value().steps().to_vec())
    }

    #[test]
    fn calibrated_noise_never_promises_more_than_was_asked_for() {
        for (steps, epsilon) in [(1, 0.1), (3, 0.3), (7, 1e-9), (1_000_003, 2.7), (u64::MAX, 1e6)] {
            let target = Epsilon::new(epsilon).unwrap();
            let mechanism = LatticeLaplace::calibrate(target, sensitivity(steps)).unwrap();
            let claimed = epsilon_at(mechanism.noise_scale(), sensitivity(steps)).unwrap();
            assert!(claimed <= target && claimed.get() >= epsilon * (1.0 - 1e-15));
            assert_eq!(mechanism.profile().delta(epsilon), 0.0);
        }
    }

    #[test]
    fn refuses_what_it_was_not_made_for() {
        assert!(release(3, 1 << 40).is_ok());
        assert!(matches!(release(4, 1 << 40), Err(Error::SensitivityExceeded { .. })));
        assert!(matches!(release(3, i64::MAX as u64), Err(Error::LatticeOverflow { .. })));
        let tiny = LatticeLaplace::calibrate(Epsilon::new(1e-300).unwrap(), sensitivity(1));
        assert!(matches!(tiny, Err(Error::ScaleUnsupported { .. })));
    }

    #[test]
    fn the_released_integers_are_the_statistic_plus_noise_that_does_not_depend_on_it() {
        let noise = DiscreteLaplace::new(NoiseScale::new(10.0).unwrap()).unwrap();
        let mut expected = [5, -3];
        noise.add_to(&mut expected, &mut ChaCha8Rng::seed_from_u64(7));
        assert_eq!(release(3, 8).unwrap(), expected);
    }
}
