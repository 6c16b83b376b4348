//! A store that grows: moments of batches under continual release.

mod options;
mod released;
mod sums;

pub use options::{Factorization, StreamingOptions};
pub use released::{IntervalMoments, StreamedMoments};

use super::aggregate::PrivateMoments;
use super::geometry::MomentGeometry;
use crate::claims;
use crate::error::Error;
use crate::rows::Rows;
use crate::sensitivity::RowAdjacency;
use core::fmt;
use core::ops::Range;
use dp_mechanisms::{Certificate, Delta, Epsilon, NoiseStd, PrivacyProfile, Release};
use rand::CryptoRng;
use sums::Sums;

/// Moments of a private store whose rows come in batches: after each batch the sums so far are released, all of them
/// together under *one* (ε, δ).
///
/// Noise is shared between batches, so that the error of a prefix grows with the logarithm of the number of batches. Every
/// prefix, and every range of batches such as a sliding window, answers queries with the same readers and bars as a single
/// release ([`IntervalMoments`]).
///
/// The number of batches that may come (the horizon) is public and fixed beforehand; so are when they come and whether one does. How
/// many rows a batch has is hidden under [`AddRemoveRow`](dp_mechanisms::AddRemoveRow), and may be none.
///
/// # Guarantee
///
/// The releases of the whole stream together are (ε, δ)-differentially private, also if later batches (and queries)
/// depend on everything that was released before, on the machine as run
/// ([`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice)). Neighbours are two streams of equally many batches that
/// agree in all batches but one, where they differ by one row: one more or less
/// ([`AddRemoveRow`](dp_mechanisms::AddRemoveRow)), another one in its place ([`ReplaceRow`](dp_mechanisms::ReplaceRow)), or one
/// that has moved a little ([`PerturbRow`](dp_mechanisms::PerturbRow)).
///
/// A row that is pushed twice is two rows; one that moves to another batch is two changes; a document whose rows come in several
/// batches is several rows. Deleting a row from the store does not take it out of what was released.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, Rows, Shape, StreamingMoments, StreamingOptions};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
///
/// let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let moments = MomentOptions::new(shape, bounds, 6);
/// let options = StreamingOptions::new(AddRemoveRow, moments, 16); // at most 16 batches
/// let mut store = StreamingMoments::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, options)?;
///
/// let rng = &mut secure_rng()?;
/// for batch in 0..8 {
///     let keys = Mat::from_fn(20_000, 2, |i, j| ((i + j) as f64).sin() / 2.0);
///     let values = Mat::from_fn(20_000, 1, |_, _| if batch < 4 { -0.5 } else { 0.5 });
///     store.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?, rng)?;
/// }
/// let gamma = FailureProbability::new(0.01)?;
/// let recent = store.released().window(4).expect("history is kept");
/// let answer = recent.reader(gamma)?.query(&[0.3, 0.4])?;
/// let estimate = answer.estimate().expect("80 000 rows are enough");
/// assert!((estimate.value()[0] - 0.5).abs() <= estimate.bars()[0].total());
///
/// let release = store.into_release();
/// assert!(release.certificate().guarantee().delta(1.0) <= 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Mechanisms and their sources: [`dp_mechanisms::continual`]. Proofs: `docs/theorems.md` of the project, Streaming store.
pub struct StreamingMoments<A> {
    options: StreamingOptions<A>,
    geometry: MomentGeometry,
    sums: Sums<A>,
    target: Option<(Epsilon, Delta)>,
    /// Largest absolute value of a released integer: bounds the arithmetic of decoding.
    largest: u64,
}

impl<A: RowAdjacency> StreamingMoments<A> {
    /// An empty store with the least noise that is certified to give the whole stream (ε, δ)-differential privacy.
    ///
    /// # Errors
    ///
    /// Those of [`MomentGeometry::new`], [`Error::Horizon`] for one that the factorisation does not support, and
    /// [`Error::Mechanism`] if sums or noise do not fit the lattice: then lower
    /// [bits](crate::MomentOptions::with_resolution) or [rows](crate::MomentOptions::with_max_rows).
    pub fn calibrate(epsilon: Epsilon, delta: Delta, options: StreamingOptions<A>) -> Result<Self, Error> {
        let geometry = options.geometry()?;
        let sums = Sums::calibrate(epsilon, delta, options.factorization(), options.stream(&geometry)?)?;
        Ok(Self { options, geometry, sums, target: Some((epsilon, delta)), largest: 0 })
    }

    /// An empty store with a chosen amount of noise on every released integer, in lattice steps, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// As [`calibrate`](Self::calibrate).
    pub fn with_noise_std(noise_std: NoiseStd, options: StreamingOptions<A>) -> Result<Self, Error> {
        let geometry = options.geometry()?;
        let sums = Sums::with_noise_std(noise_std, options.factorization(), options.stream(&geometry)?)?;
        Ok(Self { options, geometry, sums, target: None, largest: 0 })
    }

    /// Adds a batch, in which all its rows must be: the next call is the next batch. Releases what belongs to it.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] for rows of another adjacency, [`Error::Dimension`], and [`Error::Mechanism`] after the last batch of the horizon; never because of the content of a
    /// row. Nothing has changed then.
    pub fn push<R: CryptoRng + ?Sized>(&mut self, rows: Rows<'_, A>, rng: &mut R) -> Result<(), Error> {
        let mut batch = self.empty_batch()?;
        batch.push(rows)?;
        self.push_aggregate(batch, rng)
    }

    /// Adds a batch that was aggregated elsewhere: from an [iterator](PrivateMoments::extend), in chunks, or in shards
    /// ([`merge`](PrivateMoments::merge)).
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] unless it was made with the options and adjacency of this store; as [`push`](Self::push).
    pub fn push_aggregate<R: CryptoRng + ?Sized>(
        &mut self,
        batch: PrivateMoments<A>,
        rng: &mut R,
    ) -> Result<(), Error> {
        batch.check_same(self.options.adjacency(), &self.geometry)?;
        let integers = self.sums.push(&batch.into_sums(), rng)?;
        self.largest = integers.iter().fold(self.largest, |largest, x| largest.max(x.unsigned_abs()));
        Ok(())
    }

    /// An aggregate for the rows of one batch.
    ///
    /// # Errors
    ///
    /// None that the constructor has not already excluded.
    pub fn empty_batch(&self) -> Result<PrivateMoments<A>, Error> {
        PrivateMoments::with_geometry(self.options.adjacency(), self.geometry.clone())
    }

    /// What has been released so far. Part of one release, that of the whole stream: its certificate is
    /// [`certificate`](Self::certificate).
    #[must_use]
    pub fn released(&self) -> StreamedMoments<'_> {
        StreamedMoments::new(self.geometry.clone(), self.sums.released(), self.error_scale())
    }

    /// What was agreed on.
    #[must_use]
    pub const fn options(&self) -> &StreamingOptions<A> {
        &self.options
    }

    /// What follows from the options of the moments.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry
    }

    /// Number of batches that have come.
    #[must_use]
    pub const fn batches(&self) -> u64 {
        self.sums.steps()
    }

    /// Standard deviation of the noise on each released integer before rounding, in units of these integers.
    #[must_use]
    pub fn noise_std(&self) -> NoiseStd {
        self.sums.noise_std()
    }

    /// Standard deviation of an entry of the moments of the first `batches` batches, rounding included, in data units.
    /// Infinite beyond the horizon.
    #[must_use]
    pub fn prefix_std(&self, batches: u64) -> f64 {
        self.sums.prefix_std(batches)
    }

    /// The same for a range of batches, counted from 0.
    #[must_use]
    pub fn range_std(&self, batches: Range<u64>) -> f64 {
        self.sums.range_std(batches)
    }

    /// The guarantee of the whole stream.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        self.sums.profile()
    }

    /// What is known about the release of the whole stream, whether or not all batches have come.
    pub fn certificate(&self) -> Certificate<PrivacyProfile<A>> {
        let parameters = self.recorded().into_iter();
        parameters
            .fold(self.sums.certificate(WHAT), |c, (name, value)| c.with_text_parameter(name, value))
            .with_claim(claims::STREAM_PRIVACY)
            .with_claim(A::SENSITIVITY_CLAIM)
            .with_version("dp-linalg", dp_linalg::VERSION)
            .with_version("poly-kernel", poly_kernel::VERSION)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    /// Ends the stream and lets what was released go, with its certificate.
    pub fn into_release(self) -> Release<StreamedMoments<'static>, PrivacyProfile<A>> {
        let (parameters, scale) = (self.recorded().into_iter(), self.error_scale());
        let geometry = self.geometry;
        let release = self.sums.into_release(WHAT);
        parameters
            .fold(release, |r, (name, value)| r.with_text_parameter(name, value))
            .with_claim(claims::STREAM_PRIVACY)
            .with_claim(A::SENSITIVITY_CLAIM)
            .with_version("dp-linalg", dp_linalg::VERSION)
            .with_version("poly-kernel", poly_kernel::VERSION)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .postprocess(|source| StreamedMoments::new(geometry, source, scale))
    }

    fn error_scale(&self) -> released::ErrorScale {
        released::ErrorScale { noise_std: self.noise_std().get(), largest: self.largest as f64 }
    }

    /// Names and values of the options and of the target, as certificates record them.
    fn recorded(&self) -> Vec<(&'static str, String)> {
        let mut parameters = self.geometry.options().recorded().to_vec();
        parameters.push(("feature_count", self.geometry.feature_count().to_string()));
        parameters.push(("columns", self.geometry.columns().to_string()));
        if let Some((epsilon, delta)) = self.target {
            parameters.push(("target_epsilon", format!("{:?}", epsilon.get())));
            parameters.push(("target_delta", format!("{:?}", delta.get())));
        }
        parameters
    }
}

/// As written to certificates.
const WHAT: &str = "attention moments Σ φ(k)[v; c]ᵀ after each batch";

impl<A: RowAdjacency> fmt::Debug for StreamingMoments<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingMoments")
            .field("adjacency", &format_args!("{}", self.options.adjacency()))
            .field("factorization", &self.options.factorization())
            .field("horizon", &self.options.horizon())
            .field("batches", &self.batches())
            .finish_non_exhaustive()
    }
}
