//! Scores, and how they move between neighbours.

use crate::adjacency::Adjacency;
use crate::error::{Error, Parameter};
use core::fmt;

mod sealed {
    pub trait Sealed {}
}

/// How scores move between neighbours: [`ScoreSensitivity`], [`MonotoneScoreSensitivity`] or [`SpreadSensitivity`]. Sealed: a
/// spread that is too small would turn proofs into false ones.
///
/// # Example
///
/// ```
/// use dp_mechanisms::AddRemoveRow;
/// use dp_mechanisms::selection::{MonotoneScoreSensitivity, ScoreMovement, ScoreSensitivity};
///
/// assert_eq!(ScoreSensitivity::new(3, AddRemoveRow)?.spread(), 6);
/// assert_eq!(MonotoneScoreSensitivity::new(3, AddRemoveRow)?.spread(), 3);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub trait ScoreMovement: sealed::Sealed + Copy + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// What counts as a neighbour.
    type Adjacency: Adjacency;

    /// Permanent name, as written to certificates.
    const NAME: &'static str;

    /// How far one score moves, in lattice steps.
    fn get(self) -> u64;

    /// How far two scores move against each other: `max_i (u_i − u'_i) − min_i (u_i − u'_i)` is at most this.
    fn spread(self) -> u64;

    /// The neighbour relation that it holds for.
    fn adjacency(self) -> Self::Adjacency;
}

/// Largest supported movement of one score, `2⁶¹`.
const MAX_STEPS: u64 = 1 << 61;

macro_rules! score_movement {
    ($(#[$doc:meta])* $name:ident, $label:literal, spread $factor:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name<A> {
            steps: u64,
            adjacency: A,
        }

        impl<A: Adjacency> $name<A> {
            /// States the movement of one score, in lattice steps.
            ///
            /// # Errors
            ///
            /// [`Error::OutOfRange`] unless `1 ≤ steps ≤ 2⁶¹`: scores that never move need no mechanism.
            pub fn new(steps: u64, adjacency: A) -> Result<Self, Error> {
                Parameter::ScoreSensitivity
                    .check(steps as f64, (1..=MAX_STEPS).contains(&steps))
                    .map(|_| Self { steps, adjacency })
            }
        }

        impl<A> sealed::Sealed for $name<A> {}

        impl<A: Adjacency> ScoreMovement for $name<A> {
            type Adjacency = A;

            const NAME: &'static str = $label;

            fn get(self) -> u64 {
                self.steps
            }

            fn spread(self) -> u64 {
                $factor * self.steps
            }

            fn adjacency(self) -> A {
                self.adjacency
            }
        }
    };
}

score_movement!(
    /// Between neighbours each score moves by at most Δ integer steps, up or down.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{ReplaceRow, selection::ScoreSensitivity};
    ///
    /// // replacing a person raises one count and lowers another
    /// assert!(ScoreSensitivity::new(1, ReplaceRow).is_ok());
    /// assert!(ScoreSensitivity::new(0, ReplaceRow).is_err());
    /// ```
    ScoreSensitivity, "each score moves", spread 2
);
score_movement!(
    /// Between neighbours each score moves by at most Δ integer steps, and *all of them in the same direction*: none
    /// rises while another one falls. In return, scores move against each other by Δ only, and the same ε costs half
    /// the noise.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, selection::MonotoneScoreSensitivity};
    ///
    /// // adding a person raises any number of counts by one each, and lowers none
    /// assert!(MonotoneScoreSensitivity::new(1, AddRemoveRow).is_ok());
    /// ```
    MonotoneScoreSensitivity, "all scores move in one direction", spread 1
);

/// Between neighbours each score moves by at most `each` integer steps, up or down, and two scores move against each other by at
/// most `spread`, where that is less than twice as much.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{ReplaceRow, selection::{ScoreMovement, SpreadSensitivity}};
///
/// // one score moves by up to 3, all others by up to 1
/// let sensitivity = SpreadSensitivity::new(3, 4, ReplaceRow)?;
/// assert_eq!((sensitivity.get(), sensitivity.spread()), (3, 4));
/// assert!(SpreadSensitivity::new(3, 2, ReplaceRow).is_err() && SpreadSensitivity::new(3, 7, ReplaceRow).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpreadSensitivity<A> {
    each: u64,
    spread: u64,
    adjacency: A,
}

impl<A: Adjacency> SpreadSensitivity<A> {
    /// States both movements, in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `1 ≤ each ≤ 2⁶¹` and `each ≤ spread ≤ 2·each`: a larger spread is never needed, and a smaller one
    /// not supported.
    pub fn new(each: u64, spread: u64, adjacency: A) -> Result<Self, Error> {
        Parameter::ScoreSensitivity.check(each as f64, (1..=MAX_STEPS).contains(&each))?;
        Parameter::Spread.check(spread as f64, (each..=2 * each).contains(&spread)).map(|_| Self {
            each,
            spread,
            adjacency,
        })
    }
}

impl<A> sealed::Sealed for SpreadSensitivity<A> {}

impl<A: Adjacency> ScoreMovement for SpreadSensitivity<A> {
    type Adjacency = A;

    const NAME: &'static str = "each score moves, and two against each other by the spread";

    fn get(self) -> u64 {
        self.each
    }

    fn spread(self) -> u64 {
        self.spread
    }

    fn adjacency(self) -> A {
        self.adjacency
    }
}

/// Scores of candidates, larger ones better, that have *not* been released.
///
/// Not `Serialize`, not `Clone`, and its `Debug` shows no score. Their number is public.
///
/// # Example
///
/// ```
/// use dp_mechanisms::AddRemoveRow;
/// use dp_mechanisms::selection::{MonotoneScoreSensitivity, Scores};
///
/// let votes = Scores::new(vec![412, 380, 9], MonotoneScoreSensitivity::new(1, AddRemoveRow)?)?;
/// assert_eq!(format!("{votes:?}"), "Scores { candidates: 3, .. }");
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub struct Scores<S> {
    steps: Vec<i64>,
    sensitivity: S,
}

impl<S: ScoreMovement> Scores<S> {
    /// States that these scores, one a candidate, move like this between neighbours.
    ///
    /// # Errors
    ///
    /// [`Error::NoCandidates`] if there are none.
    pub fn new(steps: Vec<i64>, sensitivity: S) -> Result<Self, Error> {
        if steps.is_empty() { Err(Error::NoCandidates) } else { Ok(Self { steps, sensitivity }) }
    }

    /// How they move.
    #[must_use]
    pub const fn sensitivity(&self) -> S {
        self.sensitivity
    }

    /// Number of candidates.
    #[must_use]
    pub const fn candidates(&self) -> usize {
        self.steps.len()
    }

    /// The private scores themselves, for verification. Whatever is computed from them is *not* private.
    #[must_use]
    pub fn assume_public(self) -> Vec<i64> {
        self.steps
    }

    pub(super) fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// Refuses scores that move more than a mechanism was made for, or between other neighbours.
    pub(super) fn check(&self, expected: S) -> Result<(), Error> {
        let moves = self.sensitivity;
        let exceeded = |statistic: u64, mechanism: u64| {
            Err(Error::SensitivityExceeded { statistic: statistic as f64, mechanism: mechanism as f64 })
        };
        if moves.get() > expected.get() || moves.adjacency() != expected.adjacency() {
            return exceeded(moves.get(), expected.get());
        }
        if moves.spread() > expected.spread() {
            return exceeded(moves.spread(), expected.spread());
        }
        Ok(())
    }
}

impl<S> fmt::Debug for Scores<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scores").field("candidates", &self.steps.len()).finish_non_exhaustive()
    }
}

/// How far each score is below the best one; at least one of them is not.
pub(super) fn gaps(scores: &[i64]) -> Vec<u64> {
    let best = scores.iter().max().copied().unwrap_or(0);
    scores.iter().map(|score| best.abs_diff(*score)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{AddRemoveRow, PerturbRow};

    #[test]
    fn the_largest_movement_has_a_spread_that_weights_support() {
        let most = ScoreSensitivity::new(MAX_STEPS, AddRemoveRow).unwrap();
        assert_eq!(most.spread(), crate::noise::ExponentialWeights::MAX_SPREAD);
        assert!(ScoreSensitivity::new(MAX_STEPS + 1, AddRemoveRow).is_err());
        assert!(MonotoneScoreSensitivity::new(0, AddRemoveRow).is_err());
    }

    #[test]
    fn a_spread_is_between_one_movement_and_two() {
        let of = |each, spread| SpreadSensitivity::new(each, spread, AddRemoveRow);
        assert!(of(5, 5).is_ok() && of(5, 10).is_ok() && of(MAX_STEPS, 2 * MAX_STEPS).is_ok());
        for (each, spread) in [(5, 4), (5, 11), (0, 0), (MAX_STEPS + 1, MAX_STEPS + 1), (u64::MAX, u64::MAX)]
        {
            assert!(matches!(of(each, spread), Err(Error::OutOfRange { .. })), "{each} {spread}");
        }
    }

    #[test]
    fn scores_that_move_more_in_either_way_are_refused() {
        let of = |each, spread| SpreadSensitivity::new(each, spread, AddRemoveRow).unwrap();
        let scores = Scores::new(vec![1], of(4, 6)).unwrap();
        assert_eq!([of(4, 6), of(5, 6), of(4, 8)].map(|expected| scores.check(expected)), [Ok(()); 3]);
        for (expected, [statistic, mechanism]) in [(of(3, 6), [4.0, 3.0]), (of(5, 5), [6.0, 5.0])] {
            assert_eq!(scores.check(expected), Err(Error::SensitivityExceeded { statistic, mechanism }));
        }
    }

    #[test]
    fn gaps_of_any_scores_fit() {
        assert_eq!(gaps(&[i64::MIN, i64::MAX, 0]), [u64::MAX, 0, i64::MAX as u64]);
        assert_eq!(gaps(&[i64::MIN]), [0]);
    }

    #[test]
    fn scores_of_other_neighbours_are_refused() {
        let of = |radius| ScoreSensitivity::new(2, PerturbRow::new(radius).unwrap()).unwrap();
        let scores = Scores::new(vec![1], of(1.0)).unwrap();
        assert_eq!(scores.check(of(1.0)), Ok(()));
        assert!(matches!(scores.check(of(2.0)), Err(Error::SensitivityExceeded { .. })));
        let less = ScoreSensitivity::new(1, PerturbRow::new(1.0).unwrap()).unwrap();
        assert!(matches!(scores.check(less), Err(Error::SensitivityExceeded { .. })));
        assert!(matches!(Scores::new(vec![], less), Err(Error::NoCandidates)));
    }
}
