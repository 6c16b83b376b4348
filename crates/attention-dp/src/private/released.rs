//! The released moments: integers, and the sums in data units that readers answer from.

use super::bars::Coverage;
use super::geometry::MomentGeometry;
use super::reader::MomentReader;
use crate::error::Error;
use dp_linalg::Mat;
use dp_mechanisms::{FailureProbability, NoiseStd};

/// Released attention moments `Ŝ = S + noise`: everything that queries need, safe to store, copy and publish.
///
/// # Example
///
/// See [`PrivateMoments`](crate::PrivateMoments); what has been released no longer depends on who asks:
///
/// ```
/// fn publish(moments: &attention_dp::AttentionMoments) -> usize {
///     std::mem::size_of_val(moments.steps()) // flat in the number of rows
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AttentionMoments {
    steps: Vec<i64>,
    noise_std: Option<NoiseStd>,
    sums: ReleasedSums,
}

impl AttentionMoments {
    pub(crate) fn new(geometry: MomentGeometry, steps: Vec<i64>, noise_std: Option<NoiseStd>) -> Self {
        let step = geometry.lattice().step();
        let values: Vec<f64> = steps.iter().map(|&s| s as f64 * step).collect();
        // rounded noise is ⌊σN⌉; without noise the integers are exact
        let error = noise_std.map_or(EntryError::NONE, |std| EntryError { std: std.get(), remainder: 0.5 });
        Self { steps, noise_std, sums: ReleasedSums::new(geometry, &values, error) }
    }

    /// What follows from the public options.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.sums.geometry
    }

    /// The released integers, row-major `(r, d_v + 1)`.
    #[must_use]
    pub fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// Standard deviation of the noise on each integer, in lattice steps; `None` for moments that were
    /// [assumed public](crate::PrivateMoments::assume_public).
    #[must_use]
    pub const fn noise_std(&self) -> Option<NoiseStd> {
        self.noise_std
    }

    /// Standard deviation of the noise on the *unnormalised* sums at a query whose features have norm 1, in value units.
    #[must_use]
    pub fn unit_noise_std(&self) -> f64 {
        self.sums.error.std * self.geometry().lattice().step()
    }

    /// Answers queries with bars that hold for *all* queries at once, up to this failure probability.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the failure probability, split over the columns, underflows.
    pub fn reader(&self, failure_probability: FailureProbability) -> Result<MomentReader<'_>, Error> {
        MomentReader::new(&self.sums, failure_probability, Coverage::Simultaneous)
    }

    /// Answers queries that were chosen *without sight of this release* (or of any answer from it), with narrower bars
    /// that hold for each query by itself.
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

/// Released sums with what is known about their error: all that a reader needs.
#[derive(Debug, Clone)]
pub(crate) struct ReleasedSums {
    pub(crate) geometry: MomentGeometry,
    /// `Ŝ` in data units, `(r, d_v + 1)`.
    pub(crate) values: Mat,
    /// Norms of its columns.
    pub(crate) column_norms: Vec<f64>,
    pub(crate) error: EntryError,
}

/// How an entry of the released sums misses the exact one, in lattice steps: by a normal variable that is independent of
/// all other entries', and by no more than `remainder` besides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EntryError {
    pub(crate) std: f64,
    pub(crate) remainder: f64,
}

impl EntryError {
    const NONE: Self = Self { std: 0.0, remainder: 0.0 };
}

impl ReleasedSums {
    /// `values` are row-major `(r, d_v + 1)`, in data units.
    pub(crate) fn new(geometry: MomentGeometry, values: &[f64], error: EntryError) -> Self {
        let (rows, columns) = (geometry.feature_count(), geometry.columns());
        let values = Mat::from_fn(rows, columns, |i, j| values[i * columns + j]);
        let column_norms =
            (0..columns).map(|j| (0..rows).map(|i| values[(i, j)].powi(2)).sum::<f64>().sqrt()).collect();
        Self { geometry, values, column_norms, error }
    }
}
