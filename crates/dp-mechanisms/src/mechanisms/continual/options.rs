//! What a stream is: all of it public, and all of it recorded in the certificate.

use crate::adjacency::{AddRemoveRow, Adjacency, ReplaceRow};
use crate::error::Error;
use crate::lattice::Lattice;
use crate::sensitivity::LatticeL2Sensitivity;

/// Whether what was released at earlier steps is kept for later questions.
///
/// # Example
///
/// ```
/// use dp_mechanisms::continual::History;
///
/// assert_eq!(History::default(), History::Kept);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum History {
    /// Every prefix and every interval so far can be asked for: memory grows with the stream.
    #[default]
    Kept,
    /// Only the newest prefix.
    Dropped,
}

/// Everything that determines a continual release, apart from the data, the budget and the random bits.
///
/// # What counts as a neighbour
///
/// A stream is a vector of integers a step. Its neighbours under the adjacency `A` have the same number of steps and the
/// same vectors at all steps *but one*, where the two vectors are at most `sensitivity` apart in Euclidean norm (event-level
/// privacy):
///
/// | adjacency | a row belongs to one step, and a neighbour |
/// |---|---|
/// | [`AddRemoveRow`](crate::AddRemoveRow) | has it or has it not *at that step*; a step without rows is a vector of zeros |
/// | [`ReplaceRow`](crate::ReplaceRow) | has another row in its place, *at that step* |
/// | [`PerturbRow`](crate::PerturbRow) | has it moved by at most the radius |
///
/// Not covered: inserting or deleting a *step*, which shifts all later ones; a row that moves to another step (that is two
/// changes); a person with rows at several steps (as many changes). The number of steps and when they come are public.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Lattice, LatticeL2Sensitivity};
/// use dp_mechanisms::continual::StreamOptions;
///
/// // a year of days; each person is counted in one of four groups, on one day
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let options = StreamOptions::new(365, 4, sensitivity).with_max_abs(1 << 32);
/// assert_eq!((options.horizon(), options.width()), (365, 4));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StreamOptions<A> {
    horizon: u64,
    width: usize,
    sensitivity: LatticeL2Sensitivity<A>,
    lattice: Lattice,
    max_abs: u64,
    step_bound: Option<u128>,
    history: History,
}

impl<A: Adjacency> StreamOptions<A> {
    /// A stream of at most `horizon` steps, each a vector of `width` integers, at least one, that moves by at most `sensitivity` between
    /// neighbours, on the lattice of the integers.
    ///
    /// That it does is the caller's theorem, as for a [`LatticeStatistic`](crate::LatticeStatistic): a step may sum many
    /// rows, and then its own norm says nothing about one of them. Where each step is one row, [`of_rows`](StreamOptions::of_rows) and
    /// [`of_replaced_rows`](StreamOptions::of_replaced_rows) derive the sensitivity and enforce it.
    #[must_use]
    pub fn new(horizon: u64, width: usize, sensitivity: LatticeL2Sensitivity<A>) -> Self {
        Self {
            horizon,
            width,
            sensitivity,
            lattice: integers(),
            max_abs: 1 << 40,
            step_bound: None,
            history: History::Kept,
        }
    }

    /// What one unit of the integers stands for. Released values are in data units. Default 1. No effect on the guarantee.
    #[must_use]
    pub const fn with_lattice(self, lattice: Lattice) -> Self {
        Self { lattice, ..self }
    }

    /// A *public* bound on the absolute value of every entry of every prefix sum, in lattice steps. Default 2⁴⁰. If it is
    /// wrong, released values may wrap, but the guarantee stands.
    #[must_use]
    pub const fn with_max_abs(self, max_abs: u64) -> Self {
        Self { max_abs, ..self }
    }

    /// Counts a step whose squared Euclidean norm (in lattice steps) exceeds `square` as a vector of zeros. The rule looks at
    /// that step alone, in integers.
    ///
    /// It does *not* derive a sensitivity: the stated one stays the caller's theorem about two steps that are kept. Where each step is
    /// one row of at most this norm its square is `square` if neighbours blank a step (add/remove), and `4·square` if they
    /// replace one by any other: [`of_rows`](StreamOptions::of_rows) and [`of_replaced_rows`](StreamOptions::of_replaced_rows)
    /// say so, and a larger bound given after them undoes it. A larger bound than the squared sensitivity costs noise: of two
    /// steps that are close, one may be kept and the other count as zeros, so that the larger of the two is what noise is
    /// calibrated to.
    #[must_use]
    pub const fn with_step_bound(self, square: u128) -> Self {
        Self { step_bound: Some(square), ..self }
    }

    /// Whether earlier steps can be asked for later. Default [`History::Kept`]. No effect on the guarantee.
    #[must_use]
    pub const fn with_history(self, history: History) -> Self {
        Self { history, ..self }
    }

    /// Number of steps that may come.
    #[must_use]
    pub const fn horizon(&self) -> u64 {
        self.horizon
    }

    /// Entries of a step.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// How far one step moves between neighbours, as stated; a larger [step bound](Self::with_step_bound) counts in its place.
    #[must_use]
    pub const fn sensitivity(&self) -> LatticeL2Sensitivity<A> {
        self.sensitivity
    }

    /// What one unit of the integers stands for.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Public bound on the entries of prefix sums, in lattice steps.
    #[must_use]
    pub const fn max_abs(&self) -> u64 {
        self.max_abs
    }

    /// Squared norm beyond which a step counts as zeros.
    #[must_use]
    pub const fn step_bound(&self) -> Option<u128> {
        self.step_bound
    }

    /// Whether earlier steps can be asked for later.
    #[must_use]
    pub const fn history(&self) -> History {
        self.history
    }

    /// Writes the step as it counts.
    pub(super) fn admit(&self, step: &[i64], admitted: &mut [i64]) {
        if self.step_bound.is_some_and(|bound| square_exceeds(step, bound)) {
            admitted.fill(0);
        } else {
            admitted.copy_from_slice(step);
        }
    }
}

impl StreamOptions<AddRemoveRow> {
    /// A stream each of whose steps is one row, or zeros where there is none: a row whose squared Euclidean norm (in lattice steps)
    /// exceeds `squared_norm` counts as zeros, so that this is the squared sensitivity, whatever comes.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::continual::StreamOptions;
    ///
    /// let options = StreamOptions::of_rows(365, 4, 25)?;
    /// assert_eq!((options.sensitivity().square(), options.step_bound()), (25, Some(25)));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn of_rows(horizon: u64, width: usize, squared_norm: u128) -> Result<Self, Error> {
        let sensitivity = LatticeL2Sensitivity::from_square(squared_norm, AddRemoveRow)?;
        Ok(Self::new(horizon, width, sensitivity).with_step_bound(squared_norm))
    }
}

impl StreamOptions<ReplaceRow> {
    /// As [`of_rows`](StreamOptions::of_rows), where neighbours have any other row at one step: two rows of this norm are up to
    /// twice as far apart.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero, [`Error::SensitivityOverflow`] if four times the square does not fit 128 bits.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::continual::StreamOptions;
    ///
    /// // 5 and −5 are ten apart
    /// let options = StreamOptions::of_replaced_rows(365, 1, 25)?;
    /// assert_eq!((options.sensitivity().square(), options.step_bound()), (100, Some(25)));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn of_replaced_rows(horizon: u64, width: usize, squared_norm: u128) -> Result<Self, Error> {
        let sensitivity = LatticeL2Sensitivity::from_square_product(4, squared_norm, ReplaceRow)?;
        Ok(Self::new(horizon, width, sensitivity).with_step_bound(squared_norm))
    }
}

/// Whether the exact squared norm exceeds the bound, also where it does not fit 128 bits.
fn square_exceeds(step: &[i64], bound: u128) -> bool {
    let square = |x: &i64| u128::from(x.unsigned_abs()).pow(2);
    let norm = step.iter().map(square).try_fold(0, u128::checked_add);
    norm.is_none_or(|norm| norm > bound)
}

fn integers() -> Lattice {
    Lattice::new(0).expect("0 is in the range of exponents")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(width: usize) -> StreamOptions<AddRemoveRow> {
        StreamOptions::new(4, width, LatticeL2Sensitivity::from_square(25, AddRemoveRow).unwrap())
    }

    fn admitted(options: &StreamOptions<AddRemoveRow>, step: &[i64]) -> Vec<i64> {
        let mut admitted = vec![7; options.width()];
        options.admit(step, &mut admitted);
        admitted
    }

    #[test]
    fn a_step_beyond_the_bound_counts_as_zeros_and_one_at_the_bound_as_itself() {
        let bounded = options(2).with_step_bound(25);
        assert_eq!(admitted(&bounded, &[3, -4]), [3, -4]);
        assert_eq!(admitted(&bounded, &[3, -5]), [0, 0]);
        assert_eq!(admitted(&options(2), &[3, -5]), [3, -5]);
    }

    #[test]
    fn squares_do_not_wrap() {
        // four squares of 2⁶³ are 2¹²⁸, which wraps to zero
        let bounded = options(4).with_step_bound(u128::MAX);
        assert_eq!(admitted(&bounded, &[i64::MIN; 4]), [0; 4]);
        assert_eq!(admitted(&bounded, &[i64::MIN, 0, 0, i64::MAX]), [i64::MIN, 0, 0, i64::MAX]);
    }
}
