//! The private aggregate: exact integer moments of all rows seen so far.

use super::geometry::MomentGeometry;
use super::released::AttentionMoments;
use super::workers::{BLOCK, Worker, add, run_last_here, split};
use crate::documents::Documents;
use crate::error::Error;
use crate::options::{MomentOptions, Shape};
use crate::rows::{Rows, check_dimension};
use crate::sensitivity::{MomentAdjacency, RowAdjacency};
use crate::{Parameter, claims};
use core::fmt;
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{
    AddRemoveDocument, Delta, Epsilon, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic,
    PrivacyProfile, Release,
};
use rand::CryptoRng;

/// Exact integer moments `S = Σᵢ φ̃(kᵢ) ũᵢᵀ` of private rows, not yet released.
///
/// Memory is `O(r·d_v)` per thread, independent of the number of rows. The sum is exact, so the order of rows, the
/// chunks they arrive in, the number of threads and the merging of partial aggregates change no bit of it. Documents come
/// [in one call](Self::push_documents).
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private under the adjacency `A`, on the machine as run
/// ([`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice)): integer statistic, enforced integer sensitivity,
/// exactly distributed integer noise. [`MomentAdjacency`] has the sensitivities, [`Rows`] says which rows count.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, PrivateMoments, Rows, Shape, exact_attention};
/// use dp_linalg::{Mat, Parallelism};
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
///
/// // 10 000 keys on a circle; the value says on which side
/// let keys = Mat::from_fn(10_000, 2, |i, j| [(i as f64).cos(), (i as f64).sin()][j]);
/// let values = Mat::from_fn(10_000, 1, |i, _| if keys[(i, 0)] > 0.0 { 1.0 } else { -1.0 });
///
/// let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(2.0, 1.0, 1.0)?);
/// let options = MomentOptions::new(shape, bounds, 8);
/// let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
/// moments.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?)?;
/// let released = moments.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let reader = released.value().reader(FailureProbability::new(0.01)?)?;
/// let query = [2.0, 0.0];
/// let answer = reader.query(&query)?;
/// let estimate = answer.estimate().expect("10 000 rows are enough at ε = 1");
///
/// // only the owner of the rows can compute this; it lies within the bar
/// let (queries, scale) = (Mat::from_vec(1, 2, query.to_vec())?, 0.5_f64.sqrt());
/// let (queries, keys, values) = (queries.as_ref(), keys.as_ref(), values.as_ref());
/// let exact = exact_attention(queries, keys, values, scale, Parallelism::Sequential)?;
/// assert!((estimate.value()[0] - exact[(0, 0)]).abs() <= estimate.bars()[0].total());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateMoments<A> {
    adjacency: A,
    geometry: MomentGeometry,
    workers: Vec<Worker>,
    /// Whether documents have been added: there is one call for them.
    has_documents: bool,
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

    pub(crate) const fn adjacency(&self) -> A {
        self.adjacency
    }

    pub(crate) fn with_geometry(adjacency: A, geometry: MomentGeometry) -> Result<Self, Error> {
        adjacency.sensitivity(&geometry)?;
        let workers = (0..geometry.options().parallelism().get())
            .map(|_| Worker::new(&geometry))
            .collect::<Result<_, _>>()?;
        Ok(Self { adjacency, geometry, workers, has_documents: false })
    }

    /// What follows from the options: lattice, integer bounds, features.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry
    }

    /// Bound on the L2 distance of the integers of neighbours, by options alone.
    ///
    /// # Errors
    ///
    /// None that [`new`](Self::new) has not already excluded.
    pub fn sensitivity(&self) -> Result<LatticeL2Sensitivity<A>, Error> {
        self.adjacency.sensitivity(&self.geometry)
    }

    fn absorb(&mut self, other: Self) -> Result<(), Error> {
        other.check_same(self.adjacency, &self.geometry)?;
        self.has_documents |= other.has_documents;
        let first = &mut self.workers[0];
        other.workers.into_iter().try_for_each(|worker| first.absorb(worker))
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
        let sensitivity = self.sensitivity()?;
        let (lattice, max_abs) = (self.geometry.lattice(), self.geometry.max_abs_sum());
        Ok(LatticeStatistic::new(self.into_sums(), lattice, sensitivity, max_abs))
    }

    /// The mechanism that [`release`](Self::release) would use at this budget; to be asked before rows are read, because
    /// whether there is one depends on the options alone.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the target needs more noise than the lattice carries (take fewer
    /// [bits](MomentOptions::with_resolution)).
    pub fn calibrate(&self, epsilon: Epsilon, delta: Delta) -> Result<LatticeGaussian<A>, Error> {
        Ok(LatticeGaussian::calibrate(epsilon, delta, self.sensitivity()?)?)
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
        let mechanism = self.calibrate(epsilon, delta)?;
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
        Ok(AttentionMoments::new(geometry, self.into_sums(), None))
    }

    pub(crate) fn into_sums(self) -> Vec<i64> {
        let mut workers = self.workers.into_iter().map(Worker::into_sums);
        let mut sums = workers.next().expect("an aggregate has at least one worker");
        workers.for_each(|other| add(&mut sums, &other));
        sums
    }
}

/// # Records are rows
impl<A: RowAdjacency> PrivateMoments<A> {
    /// Adds the rows of another aggregate, for instance of another thread or shard. If it comes from another platform, and features are not
    /// [polynomial](crate::KeyFeatures), which rows went there must be a function of each row alone, and not of its position.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] unless both were made with the same options and adjacency.
    pub fn merge(&mut self, other: Self) -> Result<(), Error> {
        self.absorb(other)
    }

    /// Adds a chunk of rows, on all threads.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] for rows of another adjacency, [`Error::Dimension`], before any row is looked at; never
    /// because of the content of a row.
    pub fn push(&mut self, rows: Rows<'_, A>) -> Result<(), Error> {
        rows.check_adjacency(self.adjacency)?;
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
                    move || worker.push(0..keys.nrows(), keys, values)
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
}

/// # Records are documents
impl PrivateMoments<AddRemoveDocument> {
    /// Adds all documents of this aggregate, in one call, on all threads.
    ///
    /// A document of more rows than the [document weight](MomentOptions::with_document_weight) w is summed by itself and scaled
    /// down to the norm of w full rows: all its rows count, with equal factors. That needs all of them at once: hence one call.
    /// Where they do not fit into memory, take an aggregate for each share of the *documents* and
    /// [merge](Self::assume_disjoint_merge) them. Chunks of a file as they come are no such shares.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`], [`Error::DocumentsAdded`] by the second call, before any row is looked at; never because of the content of a row
    /// or an id.
    ///
    /// # Example
    ///
    /// ```
    /// use attention_dp::{Bounds, Documents, MomentOptions, PrivateMoments, Shape};
    /// use dp_linalg::Mat;
    /// use dp_mechanisms::{AddRemoveDocument, Delta, Epsilon, secure_rng};
    ///
    /// // 3 000 passages of 1 000 people
    /// let ids: Vec<u64> = (0..3000).map(|i| i % 1000).collect();
    /// let keys = Mat::from_fn(3000, 2, |i, j| ((i * (j + 1)) as f64).sin() / 2.0);
    /// let values = Mat::from_fn(3000, 1, |i, _| keys[(i, 0)]);
    ///
    /// let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?);
    /// let options = MomentOptions::new(shape, bounds, 4)
    ///     .with_document_weight(2); // of three passages: none counts less than two thirds
    /// let mut moments = PrivateMoments::new(AddRemoveDocument, options)?;
    /// moments.push_documents(Documents::new(&ids, keys.as_ref(), values.as_ref())?)?;
    /// let release = moments.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
    /// # Ok::<(), attention_dp::Error>(())
    /// ```
    pub fn push_documents(&mut self, documents: Documents<'_>) -> Result<(), Error> {
        documents.check_shape(self.geometry.options().shape())?;
        self.check_no_documents()?;
        self.has_documents = true;
        let (order, groups) = documents.grouped();
        let (rows, order) = (documents.rows(), order.as_slice());
        let (weight, max_square) = self.document_bounds()?;
        let share = groups.len().div_ceil(self.workers.len()).max(1);
        std::thread::scope(|scope| {
            let running: Vec<_> = self
                .workers
                .iter_mut()
                .zip(groups.chunks(share))
                .map(|(worker, groups)| {
                    move || {
                        let (short, long): (Vec<_>, Vec<_>) = groups
                            .iter()
                            .map(|group| &order[group.clone()])
                            .partition(|rows| rows.len() <= weight);
                        worker.push(short.into_iter().flatten().copied(), rows.keys(), rows.values())?;
                        long.into_iter().try_for_each(|document| {
                            worker.push_long(document, rows.keys(), rows.values(), max_square)
                        })
                    }
                })
                .collect();
            run_last_here(scope, running)
        })
    }

    /// Adds the documents of another aggregate, for instance of another machine.
    ///
    /// # What is assumed
    ///
    /// Which aggregate a row went to is a function of its own document alone, such as of its id (a hash, a residue, the machine where that
    /// person's rows are kept). Then all rows of a document are in one aggregate, whatever other documents there are, and the sums are those of
    /// a single call. It must hold for *all* data, not for those at hand: where shares end at every so many rows, a document more moves all ends
    /// behind it, and others are cut in two.
    ///
    /// The guarantee does *not* hold for a document with rows in both: each part may weigh what a document may. That cannot be refused without
    /// telling that there is one, nor taken back: a sum does not know its parts.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] unless both were made with the same options.
    ///
    /// # Example
    ///
    /// ```
    /// use attention_dp::{Bounds, Documents, MomentOptions, PrivateMoments, Shape};
    /// use dp_linalg::Mat;
    /// use dp_mechanisms::AddRemoveDocument;
    ///
    /// // a pass over the rows for each quarter of the documents: a quarter of them in memory
    /// let options = MomentOptions::new(Shape { key_dim: 2, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?, 4);
    /// let rows = (0..3000_u64).map(|i| (i * i % 1000, [(i as f64).sin(), 0.5, (i as f64).cos()])); // id, key and value
    /// let mut moments = PrivateMoments::new(AddRemoveDocument, options.clone())?;
    /// for quarter in 0..4 {
    ///     let (mut ids, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
    ///     for (id, row) in rows.clone().filter(|(id, _)| id % 4 == quarter) {
    ///         ids.push(id);
    ///         keys.extend(&row[..2]);
    ///         values.push(row[2]);
    ///     }
    ///     let (keys, values) = (Mat::from_vec(ids.len(), 2, keys)?, Mat::from_vec(ids.len(), 1, values)?);
    ///     let mut part = PrivateMoments::new(AddRemoveDocument, options.clone())?;
    ///     part.push_documents(Documents::new(&ids, keys.as_ref(), values.as_ref())?)?;
    ///     moments.assume_disjoint_merge(part)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn assume_disjoint_merge(&mut self, other: Self) -> Result<(), Error> {
        self.absorb(other)
    }

    /// Refuses more documents where there are some; that is a function of calls, not of rows.
    pub(crate) const fn check_no_documents(&self) -> Result<(), Error> {
        if self.has_documents { Err(Error::DocumentsAdded) } else { Ok(()) }
    }

    /// Rows that a document may have without being scaled, and the largest squared norm of one that is.
    fn document_bounds(&self) -> Result<(usize, u128), Error> {
        let square = self.sensitivity()?.square();
        Ok((self.geometry.options().document_weight() as usize, square))
    }
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
