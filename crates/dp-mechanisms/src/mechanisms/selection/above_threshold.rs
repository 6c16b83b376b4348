//! The sparse vector technique.

use super::noise_of_scale;
use super::scores::ScoreMovement;
use crate::accounting::PrivacyProfile;
use crate::claims;
use crate::error::{Error, Parameter};
use crate::mechanisms::exact::{least_quotient, least_remaining_scale};
use crate::noise::{DiscreteLaplace, LatticeNoise};
use crate::params::{Epsilon, NoiseScale};
use crate::release::{ArithmeticModel, Certificate, Release};
use core::fmt;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};

/// Tells of each score in a stream whether it is above a public threshold, up to noise, until it has said so c times.
///
/// The threshold gets noise once, each score gets noise of its own. Any number of answers below are free; answers above
/// come with the gap, how far the noisy score is above the noisy threshold.
///
/// # Guarantee
///
/// ε-differential privacy for the whole stream, gaps included, with the noise
///
/// ```text
/// Δ/b₁ + c·s/b₂ ≤ ε      b₁ of the threshold, b₂ of each score, s the spread: 2Δ, Δ where scores are monotone, or as stated
/// ```
///
/// also where each score is chosen after the answers so far. Spread and monotone are here of *all* scores of the stream:
/// no two move against each other by more, all move in the same direction. The proof is for noise without bounds; what a sample of 64 bits cannot hold weighs below
/// `e^{−2²³}`.
///
/// # What cannot be left out
///
/// Published variants without the noise on scores, without c in its scale, without the bound c, or with the noisy
/// *score* as the answer, are not private at the ε stated or at any (Lyu, Su, Li 2017). The gap is: it shares the
/// threshold's noise.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, secure_rng};
/// use dp_mechanisms::selection::{AboveThreshold, Answer, MonotoneScoreSensitivity};
///
/// // on which of these days did more than 1000 people come? Report at most two.
/// let sensitivity = MonotoneScoreSensitivity::new(1, AddRemoveRow)?;
/// let mechanism = AboveThreshold::calibrate(Epsilon::new(1.0)?, sensitivity, 2)?;
/// let rng = &mut secure_rng()?;
/// let mut stream = mechanism.start(1000, rng);
/// for visitors in [512, 498, 1733, 520, 505] {
///     if let Answer::Above { gap } = stream.push(visitors, rng)? {
///         println!("about {} people", 1000 + gap);
///     }
/// }
/// let released = stream.into_release("busy days");
/// assert_eq!(released.value().queries(), 5);
/// assert_eq!(released.certificate().guarantee().delta(1.0), 0.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, M. Naor, O. Reingold, G. Rothblum, S. Vadhan, *On the complexity of differentially private data release*,
/// 2009. M. Lyu, D. Su, N. Li, *Understanding the sparse vector technique for differential privacy*, 2017, Algorithm 7,
/// and Algorithms 3 to 6 for variants that are not private. Z. Ding, Y. Wang, D. Zhang, D. Kifer, *Free gap
/// information*, 2019, for the gap.
#[derive(Debug, Clone)]
pub struct AboveThreshold<S: ScoreMovement> {
    threshold_noise: DiscreteLaplace,
    score_noise: DiscreteLaplace,
    positives: u32,
    sensitivity: S,
    profile: PrivacyProfile<S::Adjacency>,
}

impl<S: ScoreMovement> AboveThreshold<S> {
    /// Noise for at most so many answers above, split between threshold and scores so that `b₁² + b₂²` is least (about
    /// half the variance of a comparison): `ε₁ : ε₂ = 1 : (c·s/Δ)^{2/3}`, up to rounding; what holds is checked exactly.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for no answers above, [`Error::ScaleUnsupported`] if noise above `2⁴⁰` were needed.
    pub fn calibrate(epsilon: Epsilon, sensitivity: S, positives: u32) -> Result<Self, Error> {
        Parameter::Positives.check(f64::from(positives), positives > 0)?;
        let (steps, cost) = (sensitivity.get(), u128::from(sensitivity.spread()) * u128::from(positives));
        let share = 1.0 / (1.0 + (cost as f64 / steps as f64).powf(2.0 / 3.0));
        let threshold_noise = noise_of_scale(least_quotient(steps, epsilon.get() * share))?;
        let first = threshold_noise.noise_scale().get();
        let score_noise = noise_of_scale(least_remaining_scale(epsilon.get(), (steps, first), cost))?;
        let profile = PrivacyProfile::pure(epsilon, sensitivity.adjacency());
        Ok(Self { threshold_noise, score_noise, positives, sensitivity, profile })
    }

    /// Scale of the noise on the threshold (not its standard deviation), in lattice steps.
    #[must_use]
    pub const fn threshold_noise_scale(&self) -> NoiseScale {
        self.threshold_noise.noise_scale()
    }

    /// Scale of the noise on each score (not its standard deviation), in lattice steps.
    #[must_use]
    pub const fn score_noise_scale(&self) -> NoiseScale {
        self.score_noise.noise_scale()
    }

    /// Number of answers above that the noise was made for.
    #[must_use]
    pub const fn positives(&self) -> u32 {
        self.positives
    }

    /// How scores may move.
    #[must_use]
    pub const fn sensitivity(&self) -> S {
        self.sensitivity
    }

    /// The guarantee of one whole stream.
    pub const fn profile(&self) -> &PrivacyProfile<S::Adjacency> {
        &self.profile
    }

    /// Draws the noise of a public threshold. Each stream is one release, with the whole ε.
    pub fn start<R: CryptoRng + ?Sized>(&self, threshold: i64, rng: &mut R) -> ThresholdStream<S> {
        let noisy = i128::from(threshold) + i128::from(self.threshold_noise.sample(rng));
        ThresholdStream { mechanism: self.clone(), threshold, noisy, answers: ThresholdAnswers::default() }
    }
}

/// What is said of one score.
///
/// # Example
///
/// ```
/// assert_ne!(dp_mechanisms::selection::Answer::Below, dp_mechanisms::selection::Answer::Above { gap: 0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The noisy score is below the noisy threshold.
    Below,
    /// It is not, and by how much it is above; saturates.
    Above {
        /// Noisy score less noisy threshold.
        gap: u64,
    },
}

/// All answers of a stream so far: how many scores there were, and which were above.
///
/// # Example
///
/// ```
/// use dp_mechanisms::selection::ThresholdAnswers;
///
/// let saved = r#"{"queries":9,"above":[[3,17],[8,0]]}"#;
/// let answers: ThresholdAnswers = serde_json::from_str(saved).unwrap();
/// assert_eq!(answers.above(), [(3, 17), (8, 0)]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record")]
pub struct ThresholdAnswers {
    queries: u64,
    above: Vec<(u64, u64)>,
}

/// As read from a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    queries: u64,
    above: Vec<(u64, u64)>,
}

/// Positions that no stream has.
#[derive(Debug, thiserror::Error)]
#[error("the file holds answers that cannot be: positions must rise and be below the number of queries")]
struct Unsound;

impl TryFrom<Record> for ThresholdAnswers {
    type Error = Unsound;

    fn try_from(Record { queries, above }: Record) -> Result<Self, Unsound> {
        let rising = above.is_sorted_by(|a, b| a.0 < b.0);
        let sound = rising && above.last().is_none_or(|(position, _)| *position < queries);
        if sound { Ok(Self { queries, above }) } else { Err(Unsound) }
    }
}

impl ThresholdAnswers {
    /// Number of scores so far.
    #[must_use]
    pub const fn queries(&self) -> u64 {
        self.queries
    }

    /// Positions of those that were above, counted from 0, with their gaps.
    #[must_use]
    pub fn above(&self) -> &[(u64, u64)] {
        &self.above
    }

    fn record(&mut self, answer: Answer) {
        if let Answer::Above { gap } = answer {
            self.above.push((self.queries, gap));
        }
        self.queries += 1;
    }
}

/// A stream of scores in progress: holds the noisy threshold, which is private.
///
/// Not `Clone`, since each answer uses the threshold's noise; not `Serialize`; its `Debug` shows no noise.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Epsilon, Error, secure_rng};
/// use dp_mechanisms::selection::{AboveThreshold, ScoreSensitivity};
///
/// let sensitivity = ScoreSensitivity::new(1, AddRemoveRow)?;
/// let rng = &mut secure_rng()?;
/// let mut stream = AboveThreshold::calibrate(Epsilon::new(1.0)?, sensitivity, 1)?.start(0, rng);
/// stream.push(1_000_000, rng)?;
/// // that was the one answer above
/// assert_eq!(stream.push(0, rng), Err(Error::PositivesExhausted { positives: 1 }));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub struct ThresholdStream<S: ScoreMovement> {
    mechanism: AboveThreshold<S>,
    threshold: i64,
    noisy: i128,
    answers: ThresholdAnswers,
}

impl<S: ScoreMovement> ThresholdStream<S> {
    /// Whether the next score is above. It may have been chosen after all answers so far, and must move as was stated.
    ///
    /// # Errors
    ///
    /// [`Error::PositivesExhausted`] after the agreed number of answers above: a function of what was released.
    pub fn push<R: CryptoRng + ?Sized>(&mut self, score: i64, rng: &mut R) -> Result<Answer, Error> {
        let positives = self.mechanism.positives;
        if self.answers.above.len() as u64 >= u64::from(positives) {
            return Err(Error::PositivesExhausted { positives });
        }
        let noise = self.mechanism.score_noise.sample(rng);
        let answer = compare(i128::from(score) + i128::from(noise), self.noisy);
        self.answers.record(answer);
        Ok(answer)
    }

    /// What has been released so far. Part of one release, that of the whole stream.
    #[must_use]
    pub const fn answers(&self) -> &ThresholdAnswers {
        &self.answers
    }

    /// The mechanism that runs.
    pub const fn mechanism(&self) -> &AboveThreshold<S> {
        &self.mechanism
    }

    /// What is known about the release of the whole stream. `what` names it for people.
    pub fn certificate(&self, what: &str) -> Certificate<PrivacyProfile<S::Adjacency>> {
        let AboveThreshold { positives, sensitivity, profile, .. } = &self.mechanism;
        Certificate::new(what, MECHANISM, profile.clone(), ArithmeticModel::ExactLattice)
            .with_parameter("threshold", self.threshold)
            .with_parameter("positives", positives)
            .with_parameter("threshold_noise_scale", self.mechanism.threshold_noise_scale().get())
            .with_parameter("score_noise_scale", self.mechanism.score_noise_scale().get())
            .with_parameter("score_sensitivity", sensitivity.get())
            .with_parameter("score_spread", sensitivity.spread())
            .with_text_parameter("score_movement", S::NAME.to_owned())
            .with_claim(claims::ABOVE_THRESHOLD_PRIVACY)
            .with_claim(claims::DISCRETE_LAPLACE_LAW)
    }

    /// Ends the stream and lets its answers go, with their certificate.
    pub fn into_release(self, what: &str) -> Release<ThresholdAnswers, PrivacyProfile<S::Adjacency>> {
        let certificate = self.certificate(what);
        Release::mint(self.answers, certificate)
    }
}

impl<S: ScoreMovement> fmt::Debug for ThresholdStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThresholdStream").field("answers", &self.answers).finish_non_exhaustive()
    }
}

fn compare(noisy: i128, threshold: i128) -> Answer {
    if noisy < threshold {
        return Answer::Below;
    }
    Answer::Above { gap: u64::try_from(noisy - threshold).unwrap_or(u64::MAX) }
}

/// As written to certificates.
const MECHANISM: &str = "sparse vector with discrete Laplace noise";

#[cfg(test)]
mod tests {
    use super::super::scores::{MonotoneScoreSensitivity, ScoreSensitivity};
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn made(epsilon: f64, positives: u32) -> AboveThreshold<ScoreSensitivity<AddRemoveRow>> {
        let sensitivity = ScoreSensitivity::new(3, AddRemoveRow).unwrap();
        AboveThreshold::calibrate(Epsilon::new(epsilon).unwrap(), sensitivity, positives).unwrap()
    }

    #[test]
    fn answers_are_comparisons_of_noisy_numbers_with_one_noisy_threshold() {
        let (mechanism, scores) = (made(1.0, 3), [10, -5, 40, 0, 12, i64::MAX, i64::MIN, 9]);
        for seed in 0..50 {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let threshold = 8 + i128::from(mechanism.threshold_noise.sample(rng));
            let (mut expected, mut positives) = (vec![], 0);
            for score in scores {
                if positives == 3 {
                    break;
                }
                let gap = i128::from(score) + i128::from(mechanism.score_noise.sample(rng)) - threshold;
                positives += u32::from(gap >= 0);
                expected.push(u64::try_from(gap).ok());
            }
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let mut stream = mechanism.start(8, rng);
            let said: Vec<_> = scores.iter().map_while(|&score| stream.push(score, rng).ok()).collect();
            let gaps: Vec<_> =
                said.iter().map(|a| if let Answer::Above { gap } = a { Some(*gap) } else { None }).collect();
            assert_eq!(gaps, expected);
            assert_eq!(stream.answers().queries(), expected.len() as u64);
        }
    }

    #[test]
    fn the_noise_pays_for_the_threshold_and_for_each_answer_above() {
        for (epsilon, positives) in [(1.0, 1), (0.3, 7), (2.5, 1000)] {
            let mechanism = made(epsilon, positives);
            let (first, second) =
                (mechanism.threshold_noise_scale().get(), mechanism.score_noise_scale().get());
            let cost = 3.0 / first + f64::from(positives) * 6.0 / second;
            // three roundings of the left side
            assert!((cost / epsilon - 1.0).abs() < 1e-15);
            // the best split: nearby ones with the same cost have a larger variance
            let variance = |a: f64| 1.0 / (a * a) + (f64::from(positives) * 2.0 / (epsilon - a)).powi(2);
            let split = 3.0 / first;
            assert!(variance(split) <= variance(split * 1.01) && variance(split) <= variance(split * 0.99));
        }
    }

    #[test]
    fn monotone_scores_need_half_the_noise() {
        let sensitivity = MonotoneScoreSensitivity::new(1, AddRemoveRow).unwrap();
        let monotone = AboveThreshold::calibrate(Epsilon::new(1.0).unwrap(), sensitivity, 1).unwrap();
        assert!((monotone.threshold_noise_scale().get() - 2.0).abs() < 1e-15);
        assert!((monotone.score_noise_scale().get() - 2.0).abs() < 1e-15);
    }

    #[test]
    fn refuses_what_cannot_be_calibrated() {
        let sensitivity = ScoreSensitivity::new(1 << 61, AddRemoveRow).unwrap();
        let attempt = |epsilon, positives| {
            AboveThreshold::calibrate(Epsilon::new(epsilon).unwrap(), sensitivity, positives).map(|_| ())
        };
        assert!(matches!(attempt(1.0, 0), Err(Error::OutOfRange { parameter: Parameter::Positives, .. })));
        for epsilon in [5e-324, 1e-300, 1.0, 1e6] {
            assert!(matches!(attempt(epsilon, u32::MAX), Err(Error::ScaleUnsupported { .. })), "{epsilon}");
        }
        assert_eq!(attempt(1e20, u32::MAX), Ok(()));
    }

    #[test]
    fn a_stream_shows_no_noise() {
        let text = format!("{:?}", made(1.0, 1).start(123_456, &mut ChaCha8Rng::seed_from_u64(1)));
        assert!(!text.contains("123"), "{text}");
    }
}
