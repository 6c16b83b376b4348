//! Permute and flip.

use super::exponential::weights;
use super::scores::{ScoreMovement, Scores, gaps};
use crate::accounting::PrivacyProfile;
use crate::claims;
use crate::error::Error;
use crate::noise::{ExponentialWeights, uniform_up_to};
use crate::params::Epsilon;
use crate::release::{ArithmeticModel, Certificate, Release};
use rand::CryptoRng;

/// Goes through candidates in a random order, flips for each a coin that shows heads with probability `e^{−εg_i/s}`, g
/// the gap to the best score and s the spread, and selects the first with heads.
///
/// # Guarantee
///
/// ε-differential privacy, exactly. (The *range* of its loss can exceed ε, already with two candidates, so that the
/// concentrated guarantee of the [`ExponentialMechanism`](super::ExponentialMechanism) is not claimed here: prefer that
/// one where many selections are composed.)
///
/// # Error bound
///
/// At the same ε the selected score is never worse than that of the exponential mechanism: it is below any threshold
/// with at most that mechanism's probability, whatever the scores. The mean gap to the best score is up to a factor of
/// two smaller.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, secure_rng};
/// use dp_mechanisms::selection::{MonotoneScoreSensitivity, PermuteAndFlip, Scores};
///
/// let sensitivity = MonotoneScoreSensitivity::new(1, AddRemoveRow)?;
/// let counts = Scores::new(vec![812, 790, 1031], sensitivity)?;
/// let mechanism = PermuteAndFlip::new(Epsilon::new(0.5)?, sensitivity);
/// let released = mechanism.release(&counts, "most frequent diagnosis", &mut secure_rng()?)?;
/// assert_eq!(*released.value(), 2); // but for e⁻¹⁰⁹
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// R. McKenna, D. Sheldon, *Permute-and-flip: a new mechanism for differentially private selection*, 2020, Theorems 1
/// and 2. Z. Ding, D. Kifer, S. Saghaian, T. Steinke, Y. Wang, Y. Xiao, D. Zhang, *The permute-and-flip mechanism is
/// identical to report-noisy-max with exponential noise*, 2021.
#[derive(Debug, Clone)]
pub struct PermuteAndFlip<S: ScoreMovement> {
    weights: ExponentialWeights,
    sensitivity: S,
    profile: PrivacyProfile<S::Adjacency>,
}

impl<S: ScoreMovement> PermuteAndFlip<S> {
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
        let selected = self.first_heads(&gaps(scores.steps()), rng);
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("epsilon", self.weights.epsilon().get())
                .with_parameter("score_sensitivity", self.sensitivity.get())
                .with_parameter("score_spread", self.sensitivity.spread())
                .with_text_parameter("score_movement", S::NAME.to_owned())
                .with_parameter("candidates", scores.candidates())
                .with_claim(claims::PERMUTE_AND_FLIP_PRIVACY)
                .with_claim(claims::SELECTION_LAW);
        Ok(Release::mint(selected, certificate))
    }

    /// The order is drawn as it is needed, each candidate uniformly from those that are left (Fisher and Yates).
    fn first_heads<R: CryptoRng + ?Sized>(&self, gaps: &[u64], rng: &mut R) -> usize {
        let mut left: Vec<usize> = (0..gaps.len()).collect();
        loop {
            let last = left.len() - 1;
            let candidate = left.swap_remove(uniform_up_to(last as u64, rng) as usize);
            // the best one shows heads for certain: that the list never runs out does not hang on it
            if last == 0 || self.weights.accepts(gaps[candidate], rng) {
                return candidate;
            }
        }
    }
}

/// As written to certificates.
const MECHANISM: &str = "permute and flip on integer scores";

#[cfg(test)]
mod tests {
    use super::super::scores::{MonotoneScoreSensitivity, ScoreSensitivity};
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Over all orders: the probability that the first heads is each candidate's.
    fn naive(probabilities: &[f64]) -> Vec<f64> {
        fn visit(left: &[usize], heads: &[f64], reached: f64, law: &mut [f64]) {
            for &next in left {
                let share = reached / left.len() as f64;
                law[next] += share * heads[next];
                let rest: Vec<usize> = left.iter().copied().filter(|&i| i != next).collect();
                visit(&rest, heads, share * (1.0 - heads[next]), law);
            }
        }
        let mut law = vec![0.0; probabilities.len()];
        visit(&(0..law.len()).collect::<Vec<_>>(), probabilities, 1.0, &mut law);
        law
    }

    #[test]
    fn frequencies_are_those_of_all_orders_and_all_coins() {
        let sensitivity = MonotoneScoreSensitivity::new(1, AddRemoveRow).unwrap();
        let mechanism = PermuteAndFlip::new(Epsilon::new(0.6).unwrap(), sensitivity);
        let scores = Scores::new(vec![4, 7, 5, 7], sensitivity).unwrap();
        let law = naive(&[3.0, 0.0, 2.0, 0.0].map(|gap: f64| (-0.6 * gap).exp()));
        let (n, mut rng) = (40_000, ChaCha8Rng::seed_from_u64(2));
        let mut counts = [0_u32; 4];
        for _ in 0..n {
            counts[*mechanism.release(&scores, "test", &mut rng).unwrap().value()] += 1;
        }
        for (count, p) in counts.into_iter().zip(law) {
            let std = (f64::from(n) * p * (1.0 - p)).sqrt();
            assert!((f64::from(count) - f64::from(n) * p).abs() < 5.0 * std, "{counts:?}"); // five deviations
        }
    }

    #[test]
    fn the_best_candidate_is_never_passed_over() {
        let sensitivity = ScoreSensitivity::new(1, AddRemoveRow).unwrap();
        let mechanism = PermuteAndFlip::new(Epsilon::new(1e6).unwrap(), sensitivity);
        let scores = Scores::new(vec![i64::MIN, 5, i64::MAX, -7], sensitivity).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..100 {
            assert_eq!(*mechanism.release(&scores, "test", &mut rng).unwrap().value(), 2);
        }
    }
}
