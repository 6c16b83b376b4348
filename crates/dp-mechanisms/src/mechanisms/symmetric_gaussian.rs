//! The Gaussian mechanism for symmetric integer matrices.

use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::claims;
use crate::error::Error;
use crate::gaussian;
use crate::lattice::LatticeStatistic;
use crate::noise::FrobeniusGaussian;
use crate::params::{Delta, Epsilon, FailureProbability, Mu, NoiseStd};
use crate::release::{ArithmeticModel, Certificate, Release};
use crate::sensitivity::LatticeFrobeniusSensitivity;
use crate::symmetric::{SymmetricLatticeMatrix, packed_order};
use rand::CryptoRng;

/// Adds Frobenius-isotropic rounded Gaussian noise to a symmetric integer matrix of a stated Frobenius sensitivity.
///
/// The statistic is a [packed triangle](crate::symmetric). Second moments `Σ vᵢvᵢᵀ` are the usual one, with sensitivity
/// `max ‖v‖²` under add/remove.
///
/// # Guarantee
///
/// For symmetric integer matrices with `‖S − S'‖_F ≤ Δ` between neighbours, noise of standard deviation σ on the diagonal
/// and at least `σ/√2` off it, rounded, gives at most the privacy profile of the Gaussian mechanism with `μ = Δ/σ`.
/// *Proof.* The map `S ↦ (s_ii, √2·s_ij)` is an isometry from the Frobenius to the L2 norm; the released matrix is a
/// function (divide by √2 and round; `s + ⌊τN⌉ = ⌊s + τN⌉` as s is integral) of that vector plus independent noise of
/// standard deviation at least σ in every coordinate. ∎
///
/// # Example
///
/// ```
/// use dp_mechanisms::{
///     AddRemoveRow, Delta, Epsilon, Lattice, LatticeFrobeniusSensitivity, LatticeStatistic, SymmetricGaussian, secure_rng, symmetric,
/// };
///
/// let rows = [[3_i64, -1], [2, 2], [0, 3]]; // each of squared norm at most 10
/// let moment = symmetric::pack(2, |i, j| rows.iter().map(|v| v[i] * v[j]).sum());
/// let sensitivity = LatticeFrobeniusSensitivity::from_square(10 * 10, AddRemoveRow)?;
/// let statistic = LatticeStatistic::new(moment, Lattice::new(0)?, sensitivity, 1 << 40);
///
/// let mechanism = SymmetricGaussian::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
/// let released = mechanism.release(statistic, "second moments", &mut secure_rng()?)?;
/// assert_eq!(released.value().get(0, 1), released.value().get(1, 0));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, K. Talwar, A. Thakurta, L. Zhang, *Analyze Gauss*, 2014, with the same noise on all entries.
#[derive(Debug, Clone)]
pub struct SymmetricGaussian<A> {
    noise: FrobeniusGaussian,
    sensitivity: LatticeFrobeniusSensitivity<A>,
    profile: PrivacyProfile<A>,
}

impl<A: Adjacency> SymmetricGaussian<A> {
    /// Noise that is certified to give (ε, δ)-differential privacy at this sensitivity, a few units in the last place
    /// above the least.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] if it is beyond what the sampler supports, [`Error::CalibrationOverflow`] beyond `f64`.
    pub fn calibrate(
        epsilon: Epsilon,
        delta: Delta,
        sensitivity: LatticeFrobeniusSensitivity<A>,
    ) -> Result<Self, Error> {
        let (mu, frobenius) = (gaussian::mu_for(epsilon, delta).get(), sensitivity.frobenius());
        let mut noise_std = frobenius / mu;
        while rounded_mu(frobenius, noise_std) > mu {
            noise_std = noise_std.next_up();
        }
        let overflow = || Error::CalibrationOverflow {
            epsilon: epsilon.get(),
            delta: delta.get(),
            sensitivity: frobenius,
        };
        Self::with_noise_std(NoiseStd::new(noise_std).map_err(|_| overflow())?, sensitivity)
    }

    /// A chosen amount of noise: the standard deviation σ on the diagonal, in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] if it is beyond what the sampler supports, [`Error::OutOfRange`] if `Δ/σ` is beyond
    /// `f64`.
    pub fn with_noise_std(
        noise_std: NoiseStd,
        sensitivity: LatticeFrobeniusSensitivity<A>,
    ) -> Result<Self, Error> {
        let mu = Mu::new(rounded_mu(sensitivity.frobenius(), noise_std.get()))?;
        let profile = PrivacyProfile::gaussian(mu, sensitivity.adjacency());
        Ok(Self { noise: FrobeniusGaussian::new(noise_std)?, sensitivity, profile })
    }

    /// Standard deviation of the noise on the diagonal before rounding, in lattice steps; `1/√2` of it off the diagonal.
    #[must_use]
    pub const fn noise_std(&self) -> NoiseStd {
        self.noise.diagonal().noise_std()
    }

    /// The noise.
    #[must_use]
    pub const fn noise(&self) -> &FrobeniusGaussian {
        &self.noise
    }

    /// [`FrobeniusGaussian::spectral_radius`] of the noise.
    #[must_use]
    pub fn spectral_radius(&self, order: usize, failure: FailureProbability) -> f64 {
        self.noise.spectral_radius(order, failure)
    }

    /// The sensitivity it was made for.
    #[must_use]
    pub const fn sensitivity(&self) -> LatticeFrobeniusSensitivity<A> {
        self.sensitivity
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// Adds noise and lets the matrix go, with its certificate. `what` names it for people.
    ///
    /// # Errors
    ///
    /// [`Error::NotTriangular`] if the statistic's entries are no packed triangle, [`Error::SensitivityExceeded`] if it
    /// moves more than this mechanism was made for, [`Error::LatticeOverflow`] if its public bound and 40 standard
    /// deviations of noise do not fit 64 bits. None depends on private values.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        statistic: LatticeStatistic<LatticeFrobeniusSensitivity<A>>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<SymmetricLatticeMatrix, PrivacyProfile<A>>, Error> {
        self.check(&statistic)?;
        let LatticeStatistic { mut steps, lattice, .. } = statistic;
        self.noise.add_to_packed(&mut steps, rng)?;
        let matrix = SymmetricLatticeMatrix::new(steps, lattice)?;
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("squared_frobenius_sensitivity", self.sensitivity.square())
                .with_parameter("noise_std", self.noise_std().get())
                .with_parameter("off_diagonal_noise_std", self.noise.off_diagonal().noise_std().get())
                .with_parameter("lattice_exponent", lattice.exponent())
                .with_parameter("order", matrix.order())
                .with_claim(claims::SYMMETRIC_GAUSSIAN_PRIVACY)
                .with_claim(claims::ROUNDED_GAUSSIAN_LAW);
        Ok(Release::mint(matrix, certificate))
    }

    fn check(&self, statistic: &LatticeStatistic<LatticeFrobeniusSensitivity<A>>) -> Result<(), Error> {
        packed_order(statistic.len())?;
        let (moves, expected) = (statistic.sensitivity, self.sensitivity);
        if moves.square() > expected.square() || moves.adjacency() != expected.adjacency() {
            return Err(Error::SensitivityExceeded {
                statistic: moves.frobenius(),
                mechanism: expected.frobenius(),
            });
        }
        let noise_std = self.noise_std().get();
        let fits = statistic.max_abs as f64 + 40.0 * noise_std < i64::MAX as f64 / 2.0;
        if fits { Ok(()) } else { Err(Error::LatticeOverflow { max_abs: statistic.max_abs, noise_std }) }
    }
}

/// `Δ/σ`, rounded up.
fn rounded_mu(frobenius: f64, noise_std: f64) -> f64 {
    (frobenius / noise_std).next_up()
}

/// As written to certificates.
const MECHANISM: &str = "Frobenius-isotropic rounded Gaussian on symmetric integer matrices";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use crate::lattice::Lattice;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn sensitivity(square: u128) -> LatticeFrobeniusSensitivity<AddRemoveRow> {
        LatticeFrobeniusSensitivity::from_square(square, AddRemoveRow).unwrap()
    }

    fn mechanism() -> SymmetricGaussian<AddRemoveRow> {
        let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
        SymmetricGaussian::calibrate(epsilon, delta, sensitivity(100)).unwrap()
    }

    fn release(packed: Vec<i64>, square: u128, max_abs: u64) -> Result<SymmetricLatticeMatrix, Error> {
        let statistic = LatticeStatistic::new(packed, Lattice::new(-4)?, sensitivity(square), max_abs);
        let release = mechanism().release(statistic, "test", &mut ChaCha8Rng::seed_from_u64(7))?;
        Ok(release.value().clone())
    }

    #[test]
    fn noise_does_not_depend_on_the_matrix() {
        let (zero, moved) = (release(vec![0; 6], 100, 1 << 50).unwrap(), vec![5, -3, 1 << 50, 7, 0, -1]);
        let other = release(moved.clone(), 100, 1 << 50).unwrap();
        let difference: Vec<i64> = other.packed().iter().zip(zero.packed()).map(|(a, b)| a - b).collect();
        assert_eq!(difference, moved);
    }

    #[test]
    fn refuses_what_it_was_not_made_for() {
        assert!(release(vec![0; 6], 100, 1).is_ok());
        assert_eq!(release(vec![0; 5], 100, 1), Err(Error::NotTriangular { entries: 5 }));
        assert!(matches!(release(vec![0; 6], 101, 1), Err(Error::SensitivityExceeded { .. })));
        assert!(matches!(release(vec![0; 6], 100, i64::MAX as u64), Err(Error::LatticeOverflow { .. })));
    }

    #[test]
    fn the_profile_is_that_of_the_noise_on_the_diagonal() {
        let mechanism = mechanism();
        assert!(mechanism.profile().mu().unwrap().get() * mechanism.noise_std().get() >= 10.0);
        assert!(mechanism.profile().delta(1.0) <= 1e-6);
        let off_diagonal = mechanism.noise().off_diagonal().noise_std().get();
        assert!((off_diagonal * 2.0_f64.sqrt() / mechanism.noise_std().get() - 1.0).abs() < 1e-15);
    }
}
