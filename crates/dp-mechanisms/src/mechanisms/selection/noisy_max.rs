//! Report noisy max, with the gap.

use super::noise_of_scale;
use super::scores::{ScoreMovement, Scores};
use crate::accounting::PrivacyProfile;
use crate::claims;
use crate::error::Error;
use crate::mechanisms::exact::least_quotient;
use crate::noise::{DiscreteLaplace, LatticeNoise};
use crate::params::{Epsilon, NoiseScale};
use crate::release::{ArithmeticModel, Certificate, Release};
use core::cmp::Reverse;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};

/// What [`ReportNoisyMax::release_with_gap`] releases.
///
/// # Example
///
/// ```
/// use dp_mechanisms::selection::Winner;
///
/// let winner: Winner = serde_json::from_str(r#"{"index":2,"gap":17}"#).unwrap();
/// assert_eq!((winner.index, winner.gap), (2, Some(17)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Winner {
    /// Index of the candidate with the largest noisy score; of several, the first.
    pub index: usize,
    /// How far its noisy score is above the next one: the difference, less one if the winner comes after the runner-up
    /// in the list. `None` if there was one candidate. Saturates.
    pub gap: Option<u64>,
}

/// Adds discrete Laplace noise of scale b to each score and releases which is largest, and by how much if that is asked
/// for; the noisy scores themselves stay.
///
/// # Guarantee
///
/// `s/b`-differential privacy, s the spread of the scores (2Δ, or Δ where they are monotone), *with or without the
/// gap*, ties included, for any number of candidates. The proof is for noise without bounds; what a sample of 64 bits
/// cannot hold weighs below `e^{−2²³}`.
///
/// # Ties
///
/// On a lattice ties happen, and proofs of free gaps assume that they do not. With ties broken by the position in the
/// list *and* the plain difference as the gap, the loss of an outcome with gap 0 approaches `2s/b` as candidates get
/// many: that gap is not free. Here the gap is that of the numbers `noisy score + θ_i`, `1 > θ_1 > θ_2 > … > 0`,
/// rounded down: the same winner, and a gap that is one less where the winner comes after the runner-up. It costs
/// nothing, and the loss is `s/b` (docs/theorems.md, Selection).
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, secure_rng};
/// use dp_mechanisms::selection::{MonotoneScoreSensitivity, ReportNoisyMax, Scores};
///
/// let sensitivity = MonotoneScoreSensitivity::new(1, AddRemoveRow)?;
/// let counts = Scores::new(vec![812, 790, 1031], sensitivity)?;
/// let mechanism = ReportNoisyMax::calibrate(Epsilon::new(0.5)?, sensitivity)?;
/// let released = mechanism.release_with_gap(&counts, "most frequent diagnosis", &mut secure_rng()?)?;
/// let winner = released.value();
/// println!("number {} by about {}", winner.index, winner.gap.expect("there are three"));
/// # assert!(winner.gap.unwrap() < 500);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, A. Roth, *The algorithmic foundations of differential privacy*, 2014, Claim 3.9. Z. Ding, Y. Wang, D.
/// Zhang, D. Kifer,
/// *Free gap information from the differentially private sparse vector and noisy max mechanisms*, 2019, for continuous noise.
#[derive(Debug, Clone)]
pub struct ReportNoisyMax<S: ScoreMovement> {
    noise: DiscreteLaplace,
    sensitivity: S,
    profile: PrivacyProfile<S::Adjacency>,
}

impl<S: ScoreMovement> ReportNoisyMax<S> {
    /// The least noise that gives ε: the least float `b ≥ s/ε`.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] if it is above `2⁴⁰`.
    pub fn calibrate(epsilon: Epsilon, sensitivity: S) -> Result<Self, Error> {
        let noise = noise_of_scale(least_quotient(sensitivity.spread(), epsilon.get()))?;
        Ok(Self { noise, sensitivity, profile: PrivacyProfile::pure(epsilon, sensitivity.adjacency()) })
    }

    /// A chosen scale b of the noise, in lattice steps: ε is the least float that is at least `s/b`.
    ///
    /// # Errors
    ///
    /// [`Error::ScaleUnsupported`] above `2⁴⁰`, [`Error::OutOfRange`] if `s/b` is beyond `f64`.
    pub fn with_noise_scale(noise_scale: NoiseScale, sensitivity: S) -> Result<Self, Error> {
        let noise = noise_of_scale(noise_scale.get())?;
        let epsilon = Epsilon::new(least_quotient(sensitivity.spread(), noise_scale.get()))?;
        Ok(Self { noise, sensitivity, profile: PrivacyProfile::pure(epsilon, sensitivity.adjacency()) })
    }

    /// Scale b of the noise on each score (not its standard deviation, which is about `√2·b`), in lattice steps.
    #[must_use]
    pub const fn noise_scale(&self) -> NoiseScale {
        self.noise.noise_scale()
    }

    /// How scores may move.
    #[must_use]
    pub const fn sensitivity(&self) -> S {
        self.sensitivity
    }

    /// The guarantee of one release, the gap included.
    pub const fn profile(&self) -> &PrivacyProfile<S::Adjacency> {
        &self.profile
    }

    /// Releases which score is largest after noise. `what` names it for people.
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
        Ok(self.release_with_gap(scores, what, rng)?.postprocess(|winner| winner.index))
    }

    /// The same, with the gap to the runner-up: at no further cost.
    ///
    /// # Errors
    ///
    /// As [`release`](Self::release).
    pub fn release_with_gap<R: CryptoRng + ?Sized>(
        &self,
        scores: &Scores<S>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<Winner, PrivacyProfile<S::Adjacency>>, Error> {
        scores.check(self.sensitivity)?;
        let mut noise = vec![0; scores.candidates()];
        self.noise.fill(&mut noise, rng);
        let noisy =
            scores.steps().iter().zip(&noise).map(|(score, noise)| i128::from(*score) + i128::from(*noise));
        let certificate =
            Certificate::new(what, MECHANISM, self.profile.clone(), ArithmeticModel::ExactLattice)
                .with_parameter("noise_scale", self.noise_scale().get())
                .with_parameter("score_sensitivity", self.sensitivity.get())
                .with_parameter("score_spread", self.sensitivity.spread())
                .with_text_parameter("score_movement", S::NAME.to_owned())
                .with_parameter("candidates", scores.candidates())
                .with_claim(claims::NOISY_MAX_PRIVACY)
                .with_claim(claims::DISCRETE_LAPLACE_LAW);
        Ok(Release::mint(winner(noisy), certificate))
    }
}

/// The first of the largest, and the gap of the numbers plus θ, rounded down.
fn winner(noisy: impl Iterator<Item = i128>) -> Winner {
    let mut best: Option<(i128, Reverse<usize>)> = None;
    let mut second = None;
    for (index, value) in noisy.enumerate() {
        let candidate = Some((value, Reverse(index)));
        if candidate > best {
            (best, second) = (candidate, best);
        } else {
            second = second.max(candidate);
        }
    }
    let (value, Reverse(index)) = best.expect("there is a candidate");
    let gap = second.map(|(below, Reverse(runner_up))| {
        let gap = value - below - i128::from(index > runner_up);
        u64::try_from(gap).unwrap_or(u64::MAX) // never negative: equal values go to the first
    });
    Winner { index, gap }
}

/// As written to certificates.
const MECHANISM: &str = "report noisy max with discrete Laplace noise";

#[cfg(test)]
mod tests {
    use super::super::scores::{MonotoneScoreSensitivity, ScoreSensitivity};
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The winner and the gap rounded down, of real numbers `value + θ`, `θ_i = 1 − (i + 1)/(n + 1)`, in units of `1/(n
    /// + 1)`.
    fn naive(noisy: &[i128]) -> (usize, Option<u64>) {
        let unit = noisy.len() as i128 + 1;
        let real = |i: usize| noisy[i] * unit + unit - 1 - i as i128;
        let index = (0..noisy.len()).max_by_key(|&i| real(i)).unwrap();
        let others = (0..noisy.len()).filter(|&i| i != index).map(real);
        (index, others.max().map(|second| ((real(index) - second).div_euclid(unit)) as u64))
    }

    proptest! {
        #[test]
        fn the_winner_is_that_of_scores_without_ties(noisy in proptest::collection::vec(-4_i128..4, 1..7)) {
            let found = winner(noisy.iter().copied());
            prop_assert_eq!((found.index, found.gap), naive(&noisy));
        }
    }

    #[test]
    fn gaps_saturate_and_one_candidate_has_none() {
        assert_eq!(winner([-5].into_iter()), Winner { index: 0, gap: None });
        assert_eq!(winner([i128::from(i64::MIN) * 2, i128::from(i64::MAX)].into_iter()).gap, Some(u64::MAX));
        assert_eq!(winner([3, 3].into_iter()), Winner { index: 0, gap: Some(0) });
        assert_eq!(winner([3, 4].into_iter()), Winner { index: 1, gap: Some(0) });
    }

    #[test]
    fn the_charge_is_the_spread_over_the_scale() {
        let scale = NoiseScale::new(8.0).unwrap();
        let lipschitz = ScoreSensitivity::new(2, AddRemoveRow).unwrap();
        let monotone = MonotoneScoreSensitivity::new(2, AddRemoveRow).unwrap();
        let (any, one_way) = (
            ReportNoisyMax::with_noise_scale(scale, lipschitz).unwrap(),
            ReportNoisyMax::with_noise_scale(scale, monotone).unwrap(),
        );
        assert!(any.profile().delta(0.5) == 0.0 && any.profile().delta(0.499) > 0.0);
        assert!(one_way.profile().delta(0.25) == 0.0 && one_way.profile().delta(0.249) > 0.0);
    }

    #[test]
    fn scales_beyond_the_supported_one_are_refused() {
        let sensitivity = ScoreSensitivity::new(1 << 61, AddRemoveRow).unwrap();
        for epsilon in [1e-300, 1.0, 1e3] {
            let made = ReportNoisyMax::calibrate(Epsilon::new(epsilon).unwrap(), sensitivity);
            assert!(matches!(made, Err(Error::ScaleUnsupported { .. })));
        }
        assert!(ReportNoisyMax::calibrate(Epsilon::new(1e9).unwrap(), sensitivity).is_ok());
    }

    #[test]
    fn noise_is_added_once_to_each_score() {
        let sensitivity = ScoreSensitivity::new(1, AddRemoveRow).unwrap();
        let mechanism = ReportNoisyMax::with_noise_scale(NoiseScale::new(5.0).unwrap(), sensitivity).unwrap();
        for seed in 0..50 {
            let scores = vec![3, 0, 5, i64::MIN];
            let mut noisy = [0; 4];
            mechanism.noise.fill(&mut noisy, &mut ChaCha8Rng::seed_from_u64(seed));
            let noisy: Vec<i128> =
                noisy.iter().zip(&scores).map(|(k, u)| i128::from(*k) + i128::from(*u)).collect();
            let scores = Scores::new(scores, sensitivity).unwrap();
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let released = mechanism.release_with_gap(&scores, "test", rng).unwrap();
            assert_eq!((released.value().index, released.value().gap), naive(&noisy));
        }
    }
}
