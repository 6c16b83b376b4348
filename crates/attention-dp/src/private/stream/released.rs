//! What has been released of a growing store, and the moments of any range of batches.

use super::options::Factorization;
use crate::error::Error;
use crate::private::bars::Coverage;
use crate::private::geometry::MomentGeometry;
use crate::private::reader::MomentReader;
use crate::private::released::{EntryError, ReleasedSums};
use core::ops::Range;
use dp_linalg::MatRef;
use dp_mechanisms::FailureProbability;
use dp_mechanisms::continual::{Decoding, ReleasedPrefixes, ReleasedTree, SquareRootFactor};
use std::borrow::Cow;

/// All that has been released of a [`StreamingMoments`](crate::StreamingMoments): moments of every range of batches so far are
/// post-processing.
///
/// # Example
///
/// ```
/// use attention_dp::{IntervalMoments, StreamedMoments};
///
/// /// The last week, and the same week a year ago.
/// fn then_and_now(days: &StreamedMoments<'_>) -> Option<[IntervalMoments; 2]> {
///     let today = days.batches();
///     Some([days.window(7)?, days.range(today.checked_sub(372)?..today.checked_sub(365)?)?])
/// }
/// ```
#[derive(Debug, Clone)]
pub struct StreamedMoments<'a> {
    geometry: MomentGeometry,
    source: Source<'a>,
    scale: ErrorScale,
}

#[derive(Debug, Clone)]
pub(crate) enum Source<'a> {
    Tree(Cow<'a, ReleasedTree>),
    SquareRoot(Cow<'a, ReleasedPrefixes>, Cow<'a, SquareRootFactor>),
}

/// What the error of a decoded sum is a multiple of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorScale {
    /// Of the noise on each released integer.
    pub(crate) noise_std: f64,
    /// Largest absolute value of a released integer.
    pub(crate) largest: f64,
}

impl<'a> StreamedMoments<'a> {
    pub(super) const fn new(geometry: MomentGeometry, source: Source<'a>, scale: ErrorScale) -> Self {
        Self { geometry, source, scale }
    }

    /// What follows from the public options of the moments.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry
    }

    /// How noise was shared between batches.
    #[must_use]
    pub const fn factorization(&self) -> Factorization {
        match self.source {
            Source::Tree(_) => Factorization::BinaryTree,
            Source::SquareRoot(..) => Factorization::SquareRoot,
        }
    }

    /// Number of batches so far.
    #[must_use]
    pub fn batches(&self) -> u64 {
        match &self.source {
            Source::Tree(tree) => tree.steps(),
            Source::SquareRoot(prefixes, _) => prefixes.steps(),
        }
    }

    /// Moments of all batches so far.
    #[must_use]
    pub fn latest(&self) -> IntervalMoments {
        let values = match &self.source {
            Source::Tree(tree) => tree.latest(),
            Source::SquareRoot(prefixes, _) => prefixes.latest(),
        };
        self.interval(0..self.batches(), values)
    }

    /// Moments of the first batches. `None` as for [`range`](Self::range).
    #[must_use]
    pub fn prefix(&self, batches: u64) -> Option<IntervalMoments> {
        self.range(0..batches)
    }

    /// Moments of the last batches: a sliding window. `None` if there are not so many yet, or as for [`range`](Self::range).
    #[must_use]
    pub fn window(&self, batches: u64) -> Option<IntervalMoments> {
        let end = self.batches();
        self.range(end.checked_sub(batches)?..end)
    }

    /// Moments of a range of batches, counted from 0. `None` if it reaches beyond the batches so far, or history is not kept and it
    /// is not the range of all of them.
    #[must_use]
    pub fn range(&self, batches: Range<u64>) -> Option<IntervalMoments> {
        let values = match &self.source {
            Source::Tree(tree) => tree.range(batches.clone()),
            Source::SquareRoot(prefixes, _) => prefixes.range(batches.clone()),
        };
        values.map(|values| self.interval(batches, &values))
    }

    fn interval(&self, batches: Range<u64>, values: &[f64]) -> IntervalMoments {
        let decoding = self.decoding(batches.clone());
        let error = EntryError {
            std: decoding.noise_std(self.scale.noise_std),
            remainder: decoding.remainder(self.scale.largest),
        };
        IntervalMoments { batches, sums: ReleasedSums::new(self.geometry.clone(), values, error) }
    }

    fn decoding(&self, batches: Range<u64>) -> Decoding {
        match &self.source {
            Source::Tree(tree) => tree.shape().decoding(batches),
            Source::SquareRoot(_, factor) => factor.decoding(batches),
        }
    }
}

/// Released moments of the rows of some consecutive batches: queries and bars as for
/// [`AttentionMoments`](crate::AttentionMoments).
///
/// # Error bound
///
/// That of [`MomentReader`], for a range of batches that was chosen *without sight of the releases* (the last n at a given time,
/// say). Who picks the range after looking multiplies the failure probability by the number of ranges to pick from: γ
/// divided by it covers all of them at once. The rows may well have been chosen after looking.
///
/// # Example
///
/// ```
/// use attention_dp::{Error, IntervalMoments};
/// use dp_mechanisms::FailureProbability;
///
/// fn first_coordinate(moments: &IntervalMoments, query: &[f64]) -> Result<Option<(f64, f64)>, Error> {
///     let answer = moments.reader(FailureProbability::new(0.05)?)?.query(query)?;
///     Ok(answer.estimate().map(|estimate| (estimate.value()[0], estimate.bars()[0].total())))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct IntervalMoments {
    batches: Range<u64>,
    sums: ReleasedSums,
}

impl IntervalMoments {
    /// Which batches, counted from 0.
    #[must_use]
    pub fn batches(&self) -> Range<u64> {
        self.batches.clone()
    }

    /// What follows from the public options of the moments.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.sums.geometry
    }

    /// The released sums `(r, d_v + 1)`, in data units.
    #[must_use]
    pub fn values(&self) -> MatRef<'_> {
        self.sums.values.as_ref()
    }

    /// Standard deviation of the noise on the *unnormalised* sums at a query whose features have norm 1, in value units; without
    /// rounding.
    #[must_use]
    pub fn unit_noise_std(&self) -> f64 {
        self.sums.error.std * self.geometry().lattice().step()
    }

    /// Bound on what an entry of the sums misses besides noise, rounding and arithmetic, in data units.
    #[must_use]
    pub fn entry_remainder(&self) -> f64 {
        self.sums.error.remainder * self.geometry().lattice().step()
    }

    /// Answers queries with bars that hold for *all* queries at once, up to this failure probability.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the failure probability, split over the columns, underflows.
    pub fn reader(&self, failure_probability: FailureProbability) -> Result<MomentReader<'_>, Error> {
        MomentReader::new(&self.sums, failure_probability, Coverage::Simultaneous)
    }

    /// Answers queries that were chosen *without sight of the releases* (or of any answer from them), with narrower bars that
    /// hold for each query by itself.
    ///
    /// # Errors
    ///
    /// As [`reader`](Self::reader).
    pub fn fixed_query_reader(
        &self,
        failure_probability: FailureProbability,
    ) -> Result<MomentReader<'_>, Error> {
        MomentReader::new(&self.sums, failure_probability, Coverage::FixedQuery)
    }
}
