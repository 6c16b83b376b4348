//! The exponential mechanism.

use super::scores::{ScoreMovement, Scores, gaps};
use crate::accounting::PrivacyProfile;
use crate::claims;
use crate::error::Error;
use crate::noise::ExponentialWeights;
use crate::params::{Epsilon, Rho};
use crate::release::{ArithmeticModel, Certificate, Release};
use rand::CryptoRng;

/// Selects candidate i with probability in proportion to `e^{εu_i/s}`, s the spread of the scores: 2Δ, or Δ where they
/// are monotone.
///
/// # Guarantee
///
/// ε-differential privacy, exactly, and more: the *range* of the privacy loss over candidates is at most ε, for each
/// pair of neighbours. So it is also ε²/8-zero-concentrated ([`concentrated_profile`](Self::concentrated_profile)), a
/// quarter of what ε-differential privacy alone implies, which pays in compositions.
///
/// # Error bound
///
/// With probability at least `1 − γ` the selected score is at most `(s/ε)·ln(n/γ)` below the best of n.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, secure_rng};
/// use dp_mechanisms::selection::{ExponentialMechanism, MonotoneScoreSensitivity, Scores};
///
/// // the most frequent of three diagnoses; a person adds one to a count
/// let sensitivity = MonotoneScoreSensitivity::new(1, AddRemoveRow)?;
/// let counts = Scores::new(vec![812, 790, 1031], sensitivity)?;
/// let mechanism = ExponentialMechanism::new(Epsilon::new(0.5)?, sensitivity);
/// let released = mechanism.release(&counts, "most frequent diagnosis", &mut secure_rng()?)?;
/// assert_eq!(*released.value(), 2); // but for e⁻¹⁰⁹
/// assert_eq!(released.certificate().guarantee().delta(0.5), 0.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// F. McSherry, K. Talwar, *Mechanism design via differential privacy*, 2007. J. Dong, D. Durfee, R. Rogers, *Optimal
/// differential privacy composition for exponential mechanisms*, 2020, for the range of the loss. M. Cesar, R. Rogers,
/// *Bounding, concentrating, and truncating: unifying privacy loss composition for data analytics*, 2021, for ε²/8.
#[derive(Debug, Clone)]
pub struct ExponentialMechanism<S: ScoreMovement> {
    weights: ExponentialWeights,
    sensitivity: S,
    profile: PrivacyProfile<S::Adjacency>,
}

impl<S: ScoreMovement> ExponentialMechanism<S> {
    /// For scores that move like this.
    #[must_use]
    pub fn new(epsilon: Epsilon, sensitivity: S) -> Self {
        let profile = PrivacyProfile::pure(epsilon, sensitivity.adjacency());
        Self { weights: weights(epsilon, sensitivity), sensitivity, profile }
    }

    /// How scores may move.
    #[must_use]
    pub const fn sensitivity(&self) -> S {
        self.sensitivity
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<S::Adjacency> {
        &self.profile
    }

    /// The other guarantee of one release: `ε²/8`-zero-concentrated privacy, rounded up. Use it instead of
    /// [`profile`](Self::profile) where many selections are composed. `None` if `ε²/8` is beyond `f64`.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
    /// use dp_mechanisms::selection::{ExponentialMechanism, ScoreSensitivity};
    ///
    /// let once = ExponentialMechanism::new(Epsilon::new(0.1)?, ScoreSensitivity::new(1, AddRemoveRow)?);
    /// let delta = Delta::new(1e-6)?;
    /// let by_range = once.concentrated_profile().unwrap().repeated(1000).epsilon(delta);
    /// let by_epsilon = once.profile().repeated(1000).epsilon(delta);
    /// assert!(by_range < 0.6 * by_epsilon);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn concentrated_profile(&self) -> Option<PrivacyProfile<S::Adjacency>> {
        // ε²/2 is exact or rounded up; a quarter of it is exact but for subnormal results
        let quarter = self.profile.zero_concentrated()?.get() / 4.0;
        let rho = if quarter < f64::MIN_POSITIVE { quarter.next_up() } else { quarter };
        Some(PrivacyProfile::zero_concentrated_from(Rho::new(rho).ok()?, self.sensitivity.adjacency()))
    }

    /// Lower and upper bound of the probability of each candidate, at *public* scores.
    ///
    /// # Errors
    ///
    /// [`Error::NoCandidates`] if there are none.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Epsilon};
    /// use dp_mechanisms::selection::{ExponentialMechanism, ScoreSensitivity};
    ///
    /// let mechanism = ExponentialMechanism::new(Epsilon::new(2.0)?, ScoreSensitivity::new(1, AddRemoveRow)?);
    /// let law = mechanism.probability_bounds(&[10, 11])?; // 1/(1 + e) and e/(1 + e)
    /// assert!((law[0].0 - 0.268_941_421_369_995).abs() < 1e-14);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn probability_bounds(&self, scores: &[i64]) -> Result<Vec<(f64, f64)>, Error> {
        if scores.is_empty() {
            Err(Error::NoCandidates)
        } else {
            Ok(self.weights.probability_bounds(&gaps(scores)))
        }
    }

    /// Selects a candidate and lets its index go, with its certificate. `what` names it for people.
    ///
    /// # Errors
    ///
    /// [`Error::SensitivityExceeded`] if the scores move more than this mechanism was made for. It does not depend on scores.
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        scores: &Scores<S>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<usize, PrivacyProfile<S::Adjacency>>, Error> {
        scores.check(self.sensitivity)?;
        let selected = self.weights.select(&gaps(scores.steps()), rng);
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("epsilon", self.weights.epsilon().get())
                .with_parameter("score_sensitivity", self.sensitivity.get())
                .with_parameter("score_spread", self.sensitivity.spread())
                .with_text_parameter("score_movement", S::NAME.to_owned())
                .with_parameter("candidates", scores.candidates())
                .with_claim(claims::EXPONENTIAL_PRIVACY)
                .with_claim(claims::SELECTION_LAW);
        Ok(Release::mint(selected, certificate))
    }
}

/// `e^{−εk/s}` for the spread of these scores.
pub(super) fn weights<S: ScoreMovement>(epsilon: Epsilon, sensitivity: S) -> ExponentialWeights {
    ExponentialWeights::new(epsilon, sensitivity.spread()).expect("spreads are from 1 to 2⁶²")
}

/// As written to certificates.
const MECHANISM: &str = "exponential mechanism on integer scores";

#[cfg(test)]
mod tests {
    use super::super::scores::{MonotoneScoreSensitivity, ScoreSensitivity};
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn epsilon(value: f64) -> Epsilon {
        Epsilon::new(value).unwrap()
    }

    #[test]
    fn probabilities_are_the_normalised_weights_of_the_spread() {
        let scores = [3_i64, -1, 3, 7];
        let naive = |spread: f64| {
            let weights = scores.map(|u| (0.7 * u as f64 / spread).exp());
            weights.map(|w| w / weights.iter().sum::<f64>())
        };
        let lipschitz =
            ExponentialMechanism::new(epsilon(0.7), ScoreSensitivity::new(2, AddRemoveRow).unwrap());
        let monotone =
            ExponentialMechanism::new(epsilon(0.7), MonotoneScoreSensitivity::new(2, AddRemoveRow).unwrap());
        for (bounds, naive) in [
            (lipschitz.probability_bounds(&scores).unwrap(), naive(4.0)),
            (monotone.probability_bounds(&scores).unwrap(), naive(2.0)),
        ] {
            for ((lower, upper), naive) in bounds.into_iter().zip(naive) {
                // ten roundings of the naive value
                assert!(lower <= upper && (lower / naive - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn a_constant_added_to_all_scores_changes_nothing() {
        let mechanism =
            ExponentialMechanism::new(epsilon(1.0), ScoreSensitivity::new(1, AddRemoveRow).unwrap());
        let shifted = |by: i64| mechanism.probability_bounds(&[by, by + 1, by + 5]).unwrap();
        assert_eq!(shifted(0), shifted(i64::MAX - 5));
        assert_eq!(shifted(0), shifted(i64::MIN));
    }

    #[test]
    fn extreme_scores_are_selected_without_overflow() {
        let sensitivity = ScoreSensitivity::new(1, AddRemoveRow).unwrap();
        let scores = Scores::new(vec![i64::MIN, i64::MAX, i64::MIN], sensitivity).unwrap();
        for value in [1e-300, 1.0, 1e300] {
            let mechanism = ExponentialMechanism::new(epsilon(value), sensitivity);
            let released = mechanism.release(&scores, "test", &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
            assert!(*released.value() < 3 && (value < 1.0 || *released.value() == 1));
        }
    }

    #[test]
    fn refuses_scores_that_move_more_than_it_was_made_for() {
        let of = |steps| ScoreSensitivity::new(steps, AddRemoveRow).unwrap();
        let mechanism = ExponentialMechanism::new(epsilon(1.0), of(2));
        let attempt = |steps| {
            let scores = Scores::new(vec![1, 2], of(steps)).unwrap();
            mechanism.release(&scores, "test", &mut ChaCha8Rng::seed_from_u64(1)).map(|_| ())
        };
        assert_eq!((attempt(1), attempt(2)), (Ok(()), Ok(())));
        assert!(matches!(attempt(3), Err(Error::SensitivityExceeded { .. })));
    }

    #[test]
    fn the_concentrated_guarantee_is_an_eighth_of_the_square() {
        let of = |value| {
            ExponentialMechanism::new(epsilon(value), ScoreSensitivity::new(1, AddRemoveRow).unwrap())
        };
        let rho = |value| of(value).concentrated_profile().and_then(|profile| profile.zero_concentrated());
        assert_eq!(rho(2.0).unwrap().get(), 0.5);
        assert!(rho(0.1).unwrap().get() >= 0.1 * 0.1 / 8.0 && rho(0.1).unwrap().get() < 0.001_25 + 1e-15);
        assert!(rho(1e-200).is_some() && rho(1e200).is_none());
    }
}
