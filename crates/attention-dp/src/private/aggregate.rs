//! The private aggregate: exact integer moments of all rows seen so far.

use super::encode::RowEncoder;
use super::geometry::MomentGeometry;
use super::released::AttentionMoments;
use crate::error::Error;
use crate::options::{MomentOptions, Shape};
use crate::rows::{Rows, check_dimension};
use crate::sensitivity::MomentAdjacency;
use crate::{Parameter, claims};
use core::fmt;
use core::ops::Range;
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::{
    Delta, Epsilon, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, PrivacyProfile, Release,
};
use poly_kernel::FixedPointMoments;
use rand::CryptoRng;

/// Rows that are encoded at a time: their keys and values stay in cache until they are multiplied.
const BLOCK: usize = 512;

/// Exact integer moments `S = Σᵢ φ̃(kᵢ) ũᵢᵀ` of private rows, not yet released.
///
/// Memory is `O(r·d_v)` per thread, independent of the number of rows. The sum is exact, so the order of rows, the
/// chunks they arrive in, the number of threads and the merging of partial aggregates change no bit of it.
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private under the adjacency `A`, on the machine as run
/// ([`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice)): integer statistic, enforced integer sensitivity,
/// exactly distributed integer noise.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, PrivateMoments, Rows, Shape};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
///
/// // 10 000 keys on a circle; the value says on which side
/// let keys = Mat::from_fn(10_000, 2, |i, j| if j == 0 { (i as f64).cos() } else { (i as f64).sin() });
/// let values = Mat::from_fn(10_000, 1, |i, _| if keys[(i, 0)] > 0.0 { 1.0 } else { -1.0 });
///
/// let options = MomentOptions::new(Shape { key_dim: 2, value_dim: 1 }, Bounds::new(2.0, 1.0, 1.0)?, 8);
/// let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
/// moments.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?)?;
/// let released = moments.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let reader = released.value().reader(FailureProbability::new(0.01)?)?;
/// let answer = reader.query(&[2.0, 0.0])?;
/// let estimate = answer.estimate().expect("10 000 rows are enough at ε = 1");
/// let exact = attention_dp::exact_attention(
///     Mat::from_vec(1, 2, vec![2.0, 0.0])?.as_ref(), keys.as_ref(), values.as_ref(), 0.5_f64.sqrt(), dp_linalg::Parallelism::Sequential,
/// )?;
/// assert!((estimate.value()[0] - exact[(0, 0)]).abs() <= estimate.bars()[0].total()); // at 99 %, for all queries at once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateMoments<A> {
    adjacency: A,
    geometry: MomentGeometry,
    workers: Vec<Worker>,
}

/// One thread's share: an encoder with its buffers and an exact sum.
#[derive(Clone)]
struct Worker {
    encoder: RowEncoder,
    points: Mat,
    integers: Mat,
    sums: FixedPointMoments,
}

impl<A: MomentAdjacency> PrivateMoments<A> {
    /// An empty aggregate. Checks all options; no data is involved.
    ///
    /// # Errors
    ///
    /// Those of [`MomentGeometry::new`].
    pub fn new(adjacency: A, options: MomentOptions) -> Result<Self, Error> {
        Self::with_geometry(adjacency, MomentGeometry::new(options)?)
    }

    pub(crate) fn with_geometry(adjacency: A, geometry: MomentGeometry) -> Result<Self, Error> {
        adjacency.sensitivity(&geometry)?;
        let workers = (0..geometry.options().parallelism().get())
            .map(|_| Worker::new(&geometry))
            .collect::<Result<_, _>>()?;
        Ok(Self { adjacency, geometry, workers })
    }

    /// What follows from the options: lattice, integer bounds, features.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry
    }

    /// Adds a chunk of rows, on all threads.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`] before any row is looked at; never because of the content of a row.
    pub fn push(&mut self, rows: Rows<'_, A>) -> Result<(), Error> {
        rows.check_shape(self.geometry.options().shape())?;
        let shares = split(rows.keys().nrows(), self.workers.len());
        std::thread::scope(|scope| {
            let running: Vec<_> = self
                .workers
                .iter_mut()
                .zip(shares)
                .filter(|(_, share)| !share.is_empty())
                .map(|(worker, share)| {
                    let (keys, values) = (rows.keys().subrows(share.clone()), rows.values().subrows(share));
                    move || worker.push(keys, values)
                })
                .collect();
            run_last_here(scope, running)
        })
    }

    /// Adds rows one by one from an iterator of keys and values, in blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`] at the first row of a wrong length; exactly the rows before it have been added.
    pub fn extend<K, V>(&mut self, rows: impl IntoIterator<Item = (K, V)>) -> Result<(), Error>
    where
        K: AsRef<[f64]>,
        V: AsRef<[f64]>,
    {
        let Shape { key_dim, value_dim } = self.geometry.options().shape();
        let capacity = BLOCK * self.workers.len();
        let (mut keys, mut values) = (Mat::zeros(capacity, key_dim), Mat::zeros(capacity, value_dim));
        let mut filled = 0;
        let mut outcome = Ok(());
        for (key, value) in rows {
            let (key, value) = (key.as_ref(), value.as_ref());
            outcome = check_dimension(Parameter::Key, key_dim, key.len())
                .and_then(|()| check_dimension(Parameter::Value, value_dim, value.len()));
            if outcome.is_err() {
                break;
            }
            keys.row_mut(filled).copy_from_slice(key);
            values.row_mut(filled).copy_from_slice(value);
            filled += 1;
            if filled == capacity {
                self.push(Rows::new(self.adjacency, keys.as_ref(), values.as_ref())?)?;
                filled = 0;
            }
        }
        let (keys, values) = (keys.as_ref().subrows(0..filled), values.as_ref().subrows(0..filled));
        self.push(Rows::new(self.adjacency, keys, values)?)?;
        outcome
    }

    /// Adds the rows of another aggregate, for instance of another machine or shard.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] unless both were made with the same options and adjacency.
    pub fn merge(&mut self, other: Self) -> Result<(), Error> {
        other.check_same(self.adjacency, &self.geometry)?;
        let sums = &mut self.workers[0].sums;
        other.workers.into_iter().try_for_each(|worker| sums.merge(worker.sums)).map_err(Error::from)
    }

    /// Refuses another adjacency and other options; the number of threads may differ.
    pub(crate) fn check_same(&self, adjacency: A, geometry: &MomentGeometry) -> Result<(), Error> {
        let sequential =
            |geometry: &MomentGeometry| geometry.options().clone().with_parallelism(Parallelism::Sequential);
        if sequential(&self.geometry) == sequential(geometry) && self.adjacency == adjacency {
            Ok(())
        } else {
            Err(Error::DifferentOptions)
        }
    }

    /// The integer statistic with its sensitivity, still private: for other mechanisms than the one here.
    ///
    /// # Errors
    ///
    /// None that [`new`](Self::new) has not already excluded.
    pub fn into_statistic(self) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let sensitivity = self.adjacency.sensitivity(&self.geometry)?;
        let (lattice, max_abs) = (self.geometry.lattice(), self.geometry.max_abs_sum());
        Ok(LatticeStatistic::new(self.into_sums()?, lattice, sensitivity, max_abs))
    }

    /// The mechanism that [`release`](Self::release) would use at this budget; to be asked before rows are read, because
    /// whether there is one depends on the options alone.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the target needs more noise than the lattice carries (take fewer
    /// [bits](MomentOptions::with_resolution)).
    pub fn calibrate(&self, epsilon: Epsilon, delta: Delta) -> Result<LatticeGaussian<A>, Error> {
        Ok(LatticeGaussian::calibrate(epsilon, delta, self.adjacency.sensitivity(&self.geometry)?)?)
    }

    /// Releases the moments with rounded Gaussian noise, calibrated to (ε, δ) for the adjacency `A`.
    ///
    /// Every query of the result is post-processing: their number is unlimited, and they may be chosen adaptively.
    ///
    /// # Errors
    ///
    /// As [`calibrate`](Self::calibrate), by options and budget alone. The aggregate is gone then: calibrate first if it is dear.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionMoments, PrivacyProfile<A>>, Error> {
        let mechanism =
            LatticeGaussian::calibrate(epsilon, delta, self.adjacency.sensitivity(&self.geometry)?)?;
        self.release_with(&mechanism, rng).map(|release| {
            release
                .with_parameter("target_epsilon", epsilon.get())
                .with_parameter("target_delta", delta.get())
        })
    }

    /// Releases the moments with a mechanism that was calibrated elsewhere, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the mechanism was made for a smaller sensitivity, or its noise leaves the lattice.
    pub fn release_with<R: CryptoRng + ?Sized>(
        self,
        mechanism: &LatticeGaussian<A>,
        rng: &mut R,
    ) -> Result<Release<AttentionMoments, PrivacyProfile<A>>, Error> {
        let geometry = self.geometry.clone();
        let noise_std = mechanism.noise_std();
        let release = mechanism.release(self.into_statistic()?, "attention moments Σ φ(k)[v; c]ᵀ", rng)?;
        let options = geometry.options().recorded();
        let release =
            options.into_iter().fold(release, |r, (name, value)| r.with_text_parameter(name, value));
        Ok(release
            .with_parameter("feature_count", geometry.feature_count())
            .with_parameter("columns", geometry.columns())
            .with_version("dp-linalg", dp_linalg::VERSION)
            .with_version("poly-kernel", poly_kernel::VERSION)
            .with_claim(claims::RELEASE_PRIVACY)
            .with_claim(A::SENSITIVITY_CLAIM)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .postprocess(|moments| AttentionMoments::new(geometry, moments.into_steps(), Some(noise_std))))
    }

    /// The moments without any noise: *not private*, for measuring what the feature map alone costs.
    ///
    /// # Errors
    ///
    /// None that [`new`](Self::new) has not already excluded.
    pub fn assume_public(self) -> Result<AttentionMoments, Error> {
        let geometry = self.geometry.clone();
        Ok(AttentionMoments::new(geometry, self.into_sums()?, None))
    }

    pub(crate) fn into_sums(self) -> Result<Vec<i64>, Error> {
        let mut workers = self.workers.into_iter();
        let mut first = workers.next().expect("an aggregate has at least one worker").sums;
        workers.try_for_each(|worker| first.merge(worker.sums))?;
        Ok(first.into_sums())
    }
}

impl Worker {
    fn new(geometry: &MomentGeometry) -> Result<Self, Error> {
        let shape = geometry.options().shape();
        Ok(Self {
            encoder: RowEncoder::new(geometry),
            points: Mat::zeros(BLOCK, shape.key_dim),
            integers: Mat::zeros(BLOCK, shape.columns()),
            sums: FixedPointMoments::new(
                geometry.features().clone(),
                shape.columns(),
                geometry.normaliser(),
            )?,
        })
    }

    fn push(&mut self, keys: MatRef<'_>, values: MatRef<'_>) -> Result<(), Error> {
        for start in (0..keys.nrows()).step_by(BLOCK) {
            let block = start..keys.nrows().min(start + BLOCK);
            let count = block.len();
            for (row, i) in block.enumerate() {
                self.encoder.encode(
                    keys.row(i),
                    values.row(i),
                    self.points.row_mut(row),
                    self.integers.row_mut(row),
                );
            }
            self.sums.add_block(
                self.points.as_ref().subrows(0..count),
                self.integers.as_ref().subrows(0..count),
            )?;
        }
        Ok(())
    }
}

/// Runs all jobs but the last on scoped threads and the last on this one; the first error wins.
fn run_last_here<'scope, J>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    mut jobs: Vec<J>,
) -> Result<(), Error>
where
    J: FnOnce() -> Result<(), Error> + Send + 'scope,
{
    let Some(last) = jobs.pop() else { return Ok(()) };
    let running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
    let mut outcome = last();
    for handle in running {
        outcome = outcome.and(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    }
    outcome
}

/// `parts` contiguous ranges that cover `0..n`.
fn split(n: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let share = n.div_ceil(parts.max(1)).max(1);
    (0..parts).map(move |part| (part * share).min(n)..((part + 1) * share).min(n))
}

impl<A: MomentAdjacency> fmt::Debug for PrivateMoments<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateMoments")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("feature_count", &self.geometry.feature_count())
            .field("columns", &self.geometry.columns())
            .finish_non_exhaustive()
    }
}
