//! Selection and queries by score: which of several candidates is best, whether a score is above a threshold, where a
//! quantile lies, whether an answer is stable. All in integers, and exact on the machine.
//!
//! # Which one
//!
//! | question | mechanism | guarantee |
//! |---|---|---|
//! | which candidate has the best score? | [`PermuteAndFlip`] | ε, and never a worse answer than the exponential mechanism at that ε |
//! | the same, many times over | [`ExponentialMechanism`] | ε, and ε²/8 zero-concentrated: a quarter of what ε alone gives |
//! | the same, and by how much it is the best | [`ReportNoisyMax`] | ε, the gap included |
//! | which of a stream of scores are above a threshold? | [`AboveThreshold`] | ε for all of them, gaps included; only answers above cost |
//! | the median or another quantile | [`PrivateQuantile`] | ε |
//! | an answer that rarely depends on one row | [`StabilityTest`], [`ProposeTestRelease`] | (ε, δ) |
//!
//! # Scores and how they move
//!
//! A score is an integer for each candidate, as [`Scores`]. How it moves between neighbours is part of its type:
//!
//! | type | between neighbours | spread |
//! |---|---|---|
//! | [`ScoreSensitivity`] | each score moves by at most Δ | 2Δ |
//! | [`MonotoneScoreSensitivity`] | and all of them in the same direction | Δ |
//! | [`SpreadSensitivity`] | and two against each other by at most s | s, from Δ to 2Δ |
//!
//! The *spread* is how far two scores can move against each other, and all that selection depends on (but for
//! [`AboveThreshold`], which compares scores with a number that does not move). Counts of rows
//! are monotone when a row is added or removed; they are not when one is replaced. Losses that a row raises for some
//! candidates and lowers for others are never.
//!
//! # What is exact
//!
//! Scores and noise are integers; a random decision compares one uniform number with a certified enclosure of the
//! probability on paper and refines that same number until it is decided. So the law of what is released is the one in
//! the proof ([`ExactLattice`](crate::ArithmeticModel::ExactLattice)), ties included; where noise is added, but for the
//! tails that a sample of 64 bits cannot hold, `e^{−2²³}` at most. Scores may be any `i64`: differences, of scores and of
//! noisy ones, are taken in wider integers and do not overflow. Whether a call fails depends on the number of
//! candidates, on public parameters and on what was released before. Time does depend on scores; see the project's
//! security notes on side channels.
//!
//! Proofs: `docs/theorems.md` of the project, Selection.

mod above_threshold;
mod exponential;
mod noisy_max;
mod permute_and_flip;
mod propose_test_release;
mod quantile;
mod scores;

pub use above_threshold::{AboveThreshold, Answer, ThresholdAnswers, ThresholdStream};
pub use exponential::ExponentialMechanism;
pub use noisy_max::{ReportNoisyMax, Winner};
pub use permute_and_flip::PermuteAndFlip;
pub use propose_test_release::{DistanceToInstability, ProposeTestRelease, StabilityTest};
pub use quantile::{PrivateQuantile, QuantileAdjacency, QuantileRange};
pub use scores::{MonotoneScoreSensitivity, ScoreMovement, ScoreSensitivity, Scores, SpreadSensitivity};

use crate::error::Error;
use crate::noise::DiscreteLaplace;
use crate::params::NoiseScale;

/// Largest scale of noise on scores, `2⁴⁰`: samples beyond 64 bits then weigh below `e^{−2²³}`.
const MAX_SCALE: f64 = (1_u64 << 40) as f64;

/// Noise of this scale on scores.
fn noise_of_scale(scale: f64) -> Result<DiscreteLaplace, Error> {
    let unsupported = || Error::ScaleUnsupported { noise_scale: scale, max: MAX_SCALE };
    if scale > MAX_SCALE {
        return Err(unsupported());
    }
    DiscreteLaplace::new(NoiseScale::new(scale).map_err(|_| unsupported())?)
}
