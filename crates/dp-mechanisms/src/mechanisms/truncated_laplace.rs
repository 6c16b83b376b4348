//! The truncated Laplace mechanism on the integer lattice.

use super::laplace::{check_sensitivity, epsilon_at, scale_for};
use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::certified::search::first_true_integer;
use crate::claims;
use crate::error::Error;
use crate::lattice::{LatticeStatistic, LatticeVector};
use crate::noise::{DiscreteLaplace, LatticeNoise, Truncated};
use crate::params::{Delta, Epsilon, NoiseScale};
use crate::release::{ArithmeticModel, Certificate, Release};
use crate::sensitivity::LatticeL1Sensitivity;
use rand::CryptoRng;

/// Adds exactly distributed truncated discrete Laplace noise, bounded by a public number, to integer statistics of a
/// stated L1 sensitivity.
///
/// # Guarantee
///
/// For integer statistics with `‖s − s'‖₁ ≤ Δ` between neighbours, releasing `s + K` with `P(K = k) ∝ e^{−|k|/b}` on
/// `|k| ≤ B`, independent in each coordinate, is (ε, δ)-differentially private in any dimension, with `ε = Δ/b` and δ the
/// mass of the last Δ integers of the support:
///
/// ```text
/// δ = m(Δ),  m(j) = P(K > B − j)
/// ```
///
/// In one dimension this is the exact profile at that ε. Several dimensions cost nothing more, because splitting a shift
/// never does: `Σ m(|v_j|) ≤ m(Σ|v_j|)` where the right side is below one (docs/theorems.md, Truncated Laplace). That is
/// for the *L1* sensitivity; d coordinates that may *each* move by Δ have L1 sensitivity dΔ, and cost `ε = dΔ/b` and
/// `δ = 1 − (1 − m(Δ))ᵈ ≤ d·m(Δ)`.
///
/// For `ε → 0` the noise becomes uniform on `|k| ≤ B ≈ Δ/2δ`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{
///     AddRemoveRow, Delta, Epsilon, Lattice, LatticeL1Sensitivity, LatticeStatistic, TruncatedLaplace, secure_rng,
/// };
///
/// let sensitivity = LatticeL1Sensitivity::new(1, AddRemoveRow)?;
/// let mechanism = TruncatedLaplace::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
/// // Geng, Ding, Guo and Kumar's real noise is bounded by ln(1 + (e − 1)/2e-6) = 13.66
/// assert_eq!(mechanism.bound(), 14);
///
/// let count = LatticeStatistic::new(vec![876], Lattice::new(0)?, sensitivity, 1 << 40);
/// let released = mechanism.release(count, "people", &mut secure_rng()?)?;
/// assert!((released.value().steps()[0] - 876).abs() <= 14); // always
/// assert!(released.certificate().guarantee().delta(1.0) <= 1e-6);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// Q. Geng, W. Ding, R. Guo, S. Kumar, *Truncated Laplacian mechanism for approximate differential privacy*, 2018 (arXiv
/// 1810.00877), Theorem 1: real noise with density `∝ e^{−|x|ε/Δ}` on `|x| ≤ (Δ/ε)·ln(1 + (e^ε − 1)/2δ)`.
#[derive(Debug, Clone)]
pub struct TruncatedLaplace<A> {
    noise: Truncated<DiscreteLaplace>,
    sensitivity: LatticeL1Sensitivity<A>,
    profile: PrivacyProfile<A>,
}

impl<A: Adjacency> TruncatedLaplace<A> {
    /// The least float `b ≥ Δ/ε`, and the least bound of the support for which δ is certified.
    ///
    /// The bound is about half a step below that of the real law, rounded up.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if the scale is beyond what the sampler supports, [`Error::OutOfRange`] if the bound is.
    pub fn calibrate(
        epsilon: Epsilon,
        delta: Delta,
        sensitivity: LatticeL1Sensitivity<A>,
    ) -> Result<Self, Error> {
        let noise_scale = scale_for(epsilon, sensitivity)?;
        let base = DiscreteLaplace::new(noise_scale)?;
        let guess = real_bound(epsilon, delta, noise_scale);
        let largest = Truncated::<DiscreteLaplace>::MAX_BOUND as i64;
        let suffices = |bound: i64| {
            let law = Truncated::for_probabilities(base.clone(), bound as u64);
            law.infinity_mass_bounds(sensitivity.get()).1 <= delta.get()
        };
        // beyond the largest bound `with_noise_scale_and_bound` reports it
        let bound = first_true_integer(guess as i64, (0, largest), suffices).unwrap_or(largest + 1);
        Self::with_noise_scale_and_bound(noise_scale, bound as u64, sensitivity)
    }

    /// A chosen scale b and bound B of the noise, in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if the scale is beyond what the sampler supports; [`Error::OutOfRange`] if the bound
    /// is, if `Δ/b` is beyond `f64`, or if the bound is so small that `δ = 1`.
    pub fn with_noise_scale_and_bound(
        noise_scale: NoiseScale,
        bound: u64,
        sensitivity: LatticeL1Sensitivity<A>,
    ) -> Result<Self, Error> {
        let noise = Truncated::new(DiscreteLaplace::new(noise_scale)?, bound)?;
        let epsilon = epsilon_at(noise_scale, sensitivity)?;
        let delta = Delta::new(noise.infinity_mass_bounds(sensitivity.get()).1)?;
        let profile = PrivacyProfile::approximate(epsilon, delta, sensitivity.adjacency());
        Ok(Self { noise, sensitivity, profile })
    }

    /// Scale b of the noise before truncation, in lattice steps.
    #[must_use]
    pub const fn noise_scale(&self) -> NoiseScale {
        self.noise.base().noise_scale()
    }

    /// Largest magnitude of the noise, in lattice steps.
    #[must_use]
    pub const fn bound(&self) -> u64 {
        self.noise.bound()
    }

    /// The law of the noise.
    #[must_use]
    pub const fn noise(&self) -> &Truncated<DiscreteLaplace> {
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
    /// [`Error::LatticeOverflow`] if its public bound and that of the noise do not fit 64 bits. Neither depends on
    /// private values.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        statistic: LatticeStatistic<LatticeL1Sensitivity<A>>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<LatticeVector, PrivacyProfile<A>>, Error> {
        check_sensitivity(statistic.sensitivity, self.sensitivity)?;
        let scale = self.noise_scale().get();
        if statistic.max_abs.saturating_add(self.bound()) > i64::MAX as u64 {
            let noise_std = scale.min(self.bound() as f64);
            return Err(Error::LatticeOverflow { max_abs: statistic.max_abs, noise_std });
        }
        let LatticeStatistic { mut steps, lattice, .. } = statistic;
        self.noise.add_to(&mut steps, rng);
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("l1_sensitivity", self.sensitivity.get())
                .with_parameter("noise_scale", scale)
                .with_parameter("noise_bound", self.bound())
                .with_parameter("lattice_exponent", lattice.exponent())
                .with_parameter("entries", steps.len())
                .with_claim(claims::TRUNCATED_LAPLACE_PRIVACY)
                .with_claim(claims::TRUNCATED_LAW)
                .with_claim(claims::DISCRETE_LAPLACE_LAW);
        Ok(Release::mint(LatticeVector::new(steps, lattice), certificate))
    }
}

/// `b·ln(1 + (e^ε − 1)/2δ)`, in plain floating point; steers the search only.
fn real_bound(epsilon: Epsilon, delta: Delta, scale: NoiseScale) -> f64 {
    let (epsilon, delta) = (epsilon.get(), delta.get());
    let units = if epsilon > 40.0 {
        epsilon - (2.0 * delta).ln()
    } else {
        (epsilon.exp_m1() / (2.0 * delta)).ln_1p()
    };
    scale.get() * units
}

/// As written to certificates.
const MECHANISM: &str = "truncated discrete Laplace on the integer lattice";

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

    fn calibrate(epsilon: f64, delta: f64, steps: u64) -> TruncatedLaplace<AddRemoveRow> {
        let (epsilon, delta) = (Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
        TruncatedLaplace::calibrate(epsilon, delta, sensitivity(steps)).unwrap()
    }

    #[test]
    fn the_bound_is_the_least_that_reaches_delta() {
        for (epsilon, delta, steps) in [
            (1.0, 1e-6, 1),
            (0.1, 1e-9, 3),
            (5.0, 0.01, 7),
            (1e-4, 0.03, 1),
            (2.0, 0.4, 5),
            (50.0, 1e-12, 2),
            (0.7, 1e-300, 1000),
        ] {
            let mechanism = calibrate(epsilon, delta, steps);
            let (bound, scale) = (mechanism.bound(), mechanism.noise_scale());
            assert!(mechanism.profile().delta(epsilon) <= delta);
            let smaller = bound
                .checked_sub(1)
                .map(|bound| TruncatedLaplace::with_noise_scale_and_bound(scale, bound, sensitivity(steps)));
            let enough = smaller.is_some_and(|m| m.is_ok_and(|m| m.profile().delta(epsilon) <= delta));
            assert!(!enough, "ε = {epsilon}, δ = {delta}: {bound} is not the least");
        }
    }

    #[test]
    fn the_bound_is_that_of_real_noise_up_to_a_step() {
        // on a fine lattice B + 1/2 is the real bound, up to the rounding of B to an integer
        for (epsilon, delta, steps) in [(1.0, 1e-6, 1000), (0.01, 1e-3, 77), (3.0, 1e-12, 500)] {
            let mechanism = calibrate(epsilon, delta, steps);
            let (epsilon, delta) = (Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
            let real = real_bound(epsilon, delta, mechanism.noise_scale());
            let excess = mechanism.bound() as f64 + 0.5 - real;
            assert!((-0.01..=1.01).contains(&excess), "{excess}");
        }
    }

    #[test]
    fn little_privacy_loss_means_uniform_noise() {
        let mechanism = calibrate(1e-9, 1e-3, 1);
        // δ = 1/(2B + 1)
        assert_eq!(mechanism.bound(), 500);
        let (low, high) = (mechanism.noise().pmf_bounds(0).1, mechanism.noise().pmf_bounds(500).0);
        assert!(low - high < 1e-6 * low);
    }

    #[test]
    fn refuses_what_it_was_not_made_for() {
        let mechanism = calibrate(1.0, 1e-6, 2);
        let release = |moves, max_abs| {
            let statistic =
                LatticeStatistic::new(vec![5, -3], Lattice::new(-4)?, sensitivity(moves), max_abs);
            mechanism.release(statistic, "test", &mut ChaCha8Rng::seed_from_u64(7)).map(|_| ())
        };
        assert!(release(2, 1 << 40).is_ok());
        assert!(matches!(release(3, 1 << 40), Err(Error::SensitivityExceeded { .. })));
        assert!(matches!(release(2, i64::MAX as u64), Err(Error::LatticeOverflow { .. })));
    }

    #[test]
    fn a_support_too_small_for_any_privacy_is_refused() {
        let scale = NoiseScale::new(1.0).unwrap();
        assert!(TruncatedLaplace::with_noise_scale_and_bound(scale, 2, sensitivity(5)).is_err());
        assert!(TruncatedLaplace::with_noise_scale_and_bound(scale, 3, sensitivity(5)).is_ok());
    }
}
