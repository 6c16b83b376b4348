//! The Gaussian mechanism on the integer lattice.

use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::claims;
use crate::error::Error;
use crate::gaussian;
use crate::lattice::{LatticeStatistic, LatticeVector};
use crate::noise::{LatticeNoise, RoundedGaussian};
use crate::params::{Delta, Epsilon, Mu, NoiseStd};
use crate::release::{ArithmeticModel, Certificate, Release};
use crate::sensitivity::LatticeL2Sensitivity;
use rand::CryptoRng;

/// Adds exactly distributed rounded Gaussian noise to integer statistics of a stated sensitivity.
///
/// # Guarantee
///
/// For integer statistics with `‖s − s'‖₂ ≤ Δ` between neighbours, releasing `s + ⌊σN⌉` with `N` standard normal in each
/// coordinate has at most the privacy profile of the Gaussian mechanism with `μ = Δ/σ`, in any dimension: because `s` is
/// integral, `s + ⌊σN⌉ = ⌊s + σN⌉`, which is post-processing of `s + σN`. No discretisation term, and no floating-point
/// gap: the statistic is integral, Δ² is an exact integer, and the noise is sampled from exactly that law.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{
///     AddRemoveRow, ArithmeticModel, Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, secure_rng,
/// };
///
/// // a histogram: each person is in one of three cells
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let histogram = LatticeStatistic::new(vec![120, 4, 876], Lattice::new(0)?, sensitivity, 1 << 40);
/// let mechanism = LatticeGaussian::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
/// let released = mechanism.release(histogram, "people by cell", &mut secure_rng()?)?;
///
/// assert_eq!(released.certificate().arithmetic(), ArithmeticModel::ExactLattice);
/// assert!(released.certificate().guarantee().delta(1.0) <= 1e-6);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LatticeGaussian<A> {
    noise: RoundedGaussian,
    sensitivity: LatticeL2Sensitivity<A>,
    profile: PrivacyProfile<A>,
}

impl<A: Adjacency> LatticeGaussian<A> {
    /// Noise that is certified to give (ε, δ)-differential privacy at this sensitivity, a few units in the last place
    /// above the least.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] if it is beyond what the sampler supports, [`Error::CalibrationOverflow`] beyond `f64`.
    pub fn calibrate(
        epsilon: Epsilon,
        delta: Delta,
        sensitivity: LatticeL2Sensitivity<A>,
    ) -> Result<Self, Error> {
        let (mu, l2) = (gaussian::mu_for(epsilon, delta).get(), sensitivity.l2());
        let mut noise_std = l2 / mu;
        while rounded_mu(l2, noise_std) > mu {
            noise_std = noise_std.next_up();
        }
        let overflow =
            || Error::CalibrationOverflow { epsilon: epsilon.get(), delta: delta.get(), sensitivity: l2 };
        Self::with_noise_std(NoiseStd::new(noise_std).map_err(|_| overflow())?, sensitivity)
    }

    /// A chosen amount of noise, in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] if it is beyond what the sampler supports, [`Error::OutOfRange`] if `Δ/σ` is beyond
    /// `f64`.
    pub fn with_noise_std(noise_std: NoiseStd, sensitivity: LatticeL2Sensitivity<A>) -> Result<Self, Error> {
        let mu = Mu::new(rounded_mu(sensitivity.l2(), noise_std.get()))?;
        let profile = PrivacyProfile::gaussian(mu, sensitivity.adjacency());
        Ok(Self { noise: RoundedGaussian::new(noise_std)?, sensitivity, profile })
    }

    /// Standard deviation of the noise before rounding, in lattice steps.
    #[must_use]
    pub fn noise_std(&self) -> NoiseStd {
        self.noise.noise_std()
    }

    /// The sensitivity it was made for.
    #[must_use]
    pub const fn sensitivity(&self) -> LatticeL2Sensitivity<A> {
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
    /// [`Error::SensitivityExceeded`] if the statistic moves more than this mechanism was made for, [`Error::LatticeOverflow`] if its
    /// public bound and 40 standard deviations of noise do not fit 64 bits. Neither depends on private values.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        statistic: LatticeStatistic<LatticeL2Sensitivity<A>>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<LatticeVector, PrivacyProfile<A>>, Error> {
        self.check(&statistic)?;
        let LatticeStatistic { mut steps, lattice, .. } = statistic;
        self.noise.add_to(&mut steps, rng);
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("squared_l2_sensitivity", self.sensitivity.square())
                .with_parameter("noise_std", self.noise_std().get())
                .with_parameter("lattice_exponent", lattice.exponent())
                .with_parameter("entries", steps.len())
                .with_claim(claims::ROUNDED_GAUSSIAN_PRIVACY)
                .with_claim(claims::ROUNDED_GAUSSIAN_LAW);
        Ok(Release::mint(LatticeVector::new(steps, lattice), certificate))
    }

    fn check(&self, statistic: &LatticeStatistic<LatticeL2Sensitivity<A>>) -> Result<(), Error> {
        let (moves, expected) = (statistic.sensitivity, self.sensitivity);
        if moves.square() > expected.square() || moves.adjacency() != expected.adjacency() {
            return Err(Error::SensitivityExceeded { statistic: moves.l2(), mechanism: expected.l2() });
        }
        let noise_std = self.noise_std().get();
        let fits = statistic.max_abs as f64 + 40.0 * noise_std < i64::MAX as f64 / 2.0;
        if fits { Ok(()) } else { Err(Error::LatticeOverflow { max_abs: statistic.max_abs, noise_std }) }
    }
}

/// `Δ/σ`, rounded up.
fn rounded_mu(l2: f64, noise_std: f64) -> f64 {
    (l2 / noise_std).next_up()
}

/// As written to certificates.
const MECHANISM: &str = "rounded Gaussian on the integer lattice";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use crate::lattice::Lattice;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn mechanism(square: u128) -> LatticeGaussian<AddRemoveRow> {
        let sensitivity = LatticeL2Sensitivity::from_square(square, AddRemoveRow).unwrap();
        LatticeGaussian::calibrate(Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap(), sensitivity)
            .unwrap()
    }

    fn statistic(
        steps: Vec<i64>,
        square: u128,
        max_abs: u64,
    ) -> LatticeStatistic<LatticeL2Sensitivity<AddRemoveRow>> {
        let sensitivity = LatticeL2Sensitivity::from_square(square, AddRemoveRow).unwrap();
        LatticeStatistic::new(steps, Lattice::new(-4).unwrap(), sensitivity, max_abs)
    }

    #[test]
    fn the_released_integers_are_the_statistic_plus_noise_that_does_not_depend_on_it() {
        let release = |steps| {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let release = mechanism(9).release(statistic(steps, 9, 1 << 50), "test", &mut rng).unwrap();
            release.value().steps().to_vec()
        };
        let (base, zero) = (vec![5_i64, -3, 1 << 50, -(1 << 50)], release(vec![0; 4]));
        let difference: Vec<i64> = release(base.clone()).iter().zip(&zero).map(|(a, b)| a - b).collect();
        assert_eq!(difference, base);
    }

    #[test]
    fn refuses_a_statistic_that_moves_more_than_it_was_calibrated_for() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let result = mechanism(9).release(statistic(vec![0], 10, 1), "test", &mut rng);
        assert!(matches!(result, Err(Error::SensitivityExceeded { .. })));
    }

    #[test]
    fn refuses_a_lattice_that_statistic_and_noise_could_leave() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let result = mechanism(9).release(statistic(vec![0], 9, i64::MAX as u64), "test", &mut rng);
        assert!(matches!(result, Err(Error::LatticeOverflow { .. })));
    }

    #[test]
    fn the_certificate_states_the_profile_of_the_noise_that_was_added() {
        let mechanism = mechanism(9);
        let mu = mechanism.profile().mu().unwrap().get();
        assert!(mu * mechanism.noise_std().get() >= 3.0);
        assert!(mechanism.profile().delta(1.0) <= 1e-6);
    }
}
