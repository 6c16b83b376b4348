//! Noise of the centre and of every step, fixed before any record is read, and the descent.

use super::super::encode::{RADIUS, RowEncoder};
use super::super::mechanism::{COUNT, MAX_ABS, centre, released_rows};
use super::super::sums::{Encoded, encoded_records, sum_rows};
use super::classifier::PrivateClassifier;
use super::options::DescentOptions;
use super::sensitivity::DescentAdjacency;
use super::steps::{Walk, sum_gradient};
use crate::error::check_len;
use crate::private::{LabelledRows, PrivateRecords};
use crate::{Error, claims};
use dp_mechanisms::accounting::Target;
use dp_mechanisms::{
    Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, Mu, NoiseStd,
    PrivacyProfile, Release,
};
use rand::CryptoRng;

/// The noise of a private descent under a budget: public, and made before any record is read.
///
/// Rows are encoded as for [`RecordMechanism`](crate::private::RecordMechanism): clipped or normalised, centred by a released mean, normalised, rounded to integer vectors
/// `z` of length at most `R = 2¹⁷`. Then each of `T` steps computes for every record the residual `r` at the weights so far, a one-hot vector less
/// softmax probabilities, clips and rounds it to an integer vector of length at most `R`, and releases `Σ zrᵀ` with Gaussian noise. The steps are those of gradient
/// descent on the logistic loss with momentum; what leaves is the mean of the weights of the second half.
///
/// # Guarantee
/// [`release`](Self::release) has the guarantee [`profile`](Self::profile), which meets the (ε, δ) that was asked for: noise is exact on the integers,
/// and centre and steps compose; each statistic is a sum over records of integers that depend on the record and on what was released before.
/// Adjacency: a record, features and class, added or removed, or replaced by any other; entries may be anything.
///
/// # Sensitivity
/// [`DescentAdjacency`] with `N = M = R²`.
///
/// # References
/// Song, Chaudhuri, Sarwate 2013 and Abadi et al. 2016, with all records in each step, so that no sampling has to be secret; linear models on scattering coefficients: Tramèr, Boneh 2021.
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
/// use ntk_dp::private::{DescentMechanism, DescentOptions};
///
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-5)?);
/// let mechanism = DescentMechanism::calibrate(&DescentOptions::new(100, 10)?, AddRemoveRow, epsilon, delta)?;
/// let spent = mechanism.profile().epsilon(delta);
/// assert!(spent <= 1.0 && spent > 0.99999);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DescentMechanism<A> {
    options: DescentOptions,
    mu: Mu,
    centre: LatticeGaussian<A>,
    step: LatticeGaussian<A>,
    profile: PrivacyProfile<A>,
}

impl<A: DescentAdjacency> DescentMechanism<A> {
    /// The least noise that is certified to meet (ε, δ).
    ///
    /// # Errors
    /// [`Error::Mechanism`] if the noise would be beyond what the sampler supports.
    pub fn calibrate(
        options: &DescentOptions,
        adjacency: A,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<Self, Error> {
        let target = Target::new(epsilon, delta);
        let made = |noise: f64| Self::with_mu(options, adjacency, Mu::new(1.0 / noise)?);
        let noise = target.least_noise(|noise| made(noise).map(|mechanism| mechanism.profile))?;
        Ok(made(noise)?)
    }

    /// With Gaussian privacy μ in all, up to rounding: the centre has its share of `μ²`, steps share the rest equally.
    ///
    /// # Errors
    /// [`dp_mechanisms::Error`] if the noise would be beyond what the sampler supports.
    pub fn with_mu(options: &DescentOptions, adjacency: A, mu: Mu) -> Result<Self, dp_mechanisms::Error> {
        let row = u128::from(RADIUS).pow(2);
        let made = |square: u128, share: f64| {
            let moves = LatticeL2Sensitivity::from_square(square, adjacency)?;
            LatticeGaussian::with_noise_std(NoiseStd::new(moves.l2() / (share.sqrt() * mu.get()))?, moves)
        };
        let centre = made(A::squared_mean(row, u128::from(COUNT).pow(2)), options.centre())?;
        let share = (1.0 - options.centre()) / f64::from(options.steps());
        let step = made(A::squared_gradient(row, row), share)?;
        let mut profile = centre.profile().clone();
        for _ in 0..options.steps() {
            profile = profile.and(step.profile())?;
        }
        Ok(Self { options: *options, mu, centre, step, profile })
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// `μ` of all.
    #[must_use]
    pub const fn mu(&self) -> Mu {
        self.mu
    }

    /// The options.
    #[must_use]
    pub const fn options(&self) -> &DescentOptions {
        &self.options
    }

    /// The mechanism of the centre.
    pub const fn centre(&self) -> &LatticeGaussian<A> {
        &self.centre
    }

    /// The mechanism of each step.
    pub const fn step(&self) -> &LatticeGaussian<A> {
        &self.step
    }

    /// Reads the records twice, and learns.
    ///
    /// A record adds nothing if a feature is not finite or its class is not below the number of classes; every other one takes part, scaled back if it is
    /// long. Memory: `4·D` bytes a record, and `32·D·k`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TargetCount`] and [`Error::TargetKind`] for blocks of other shapes, [`Error::Source`]. None depends on entries, or says
    /// how many rows there are; what a source makes known by failing is the source's.
    pub fn release<S: LabelledRows, R: CryptoRng + ?Sized>(
        &self,
        records: PrivateRecords<A, S>,
        rng: &mut R,
    ) -> Result<Release<PrivateClassifier, PrivacyProfile<A>>, Error> {
        check_len(self.options.record().dim(), records.dim())?;
        let mut source = records.into_source();
        let encoder = RowEncoder::new(self.options.record()).without_intercept();
        let steps = sum_rows(&mut source, self.options.record(), &encoder, COUNT)?;
        let statistic = LatticeStatistic::new(steps, Lattice::new(0)?, self.centre.sensitivity(), MAX_ABS);
        let sums = self.centre.release(statistic, "sum and number of rows", rng)?;
        let noise_std = self.centre.noise_std().get();
        let rows = released_rows(sums.value(), noise_std);
        let encoder =
            RowEncoder::new(self.options.record()).with_centre(Some(centre(sums.value(), noise_std)));
        let encoded = encoded_records(&mut source, self.options.record(), &encoder)?;
        let mut walk = sums.postprocess(|_| Walk::new(&self.options, rows));
        for _ in 0..self.options.steps() {
            let statistic = self.statistic(&encoded, &walk.value().weights)?;
            let gradient = self.step.release(statistic, "gradient of the logistic loss", rng)?;
            walk = walk
                .and(gradient)?
                .postprocess(|(walk, gradient)| walk.step(&self.options, gradient.steps()));
        }
        let weights = walk.value().clone().finish()?;
        let learned = PrivateClassifier::new(self.options, encoder, weights, rows);
        Ok(self.described(walk.postprocess(|_| learned)))
    }

    fn statistic(
        &self,
        encoded: &Encoded,
        weights: &dp_linalg::Mat,
    ) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let steps = sum_gradient(encoded, weights.as_ref(), &self.options)?;
        Ok(LatticeStatistic::new(steps, Lattice::new(0)?, self.step.sensitivity(), MAX_ABS))
    }

    /// The gradient at the weights of `like`, with its centre, before any noise, for verification: still private. Row by row `(D, k)`.
    ///
    /// # Errors
    /// Those of [`release`](Self::release), and [`Error::Length`] if `like` is of other shapes.
    pub fn gradient_statistic<S: LabelledRows>(
        &self,
        records: PrivateRecords<A, S>,
        like: &PrivateClassifier,
    ) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let (record, learned) = (self.options.record(), like.options().record());
        check_len(record.dim(), records.dim())?;
        check_len(record.dim(), learned.dim())?;
        check_len(record.columns(), learned.columns())?;
        check_len(record.encoded_dim(), learned.encoded_dim())?;
        let mut source = records.into_source();
        let encoded = encoded_records(&mut source, record, like.encoder())?;
        self.statistic(&encoded, &like.weights().to_owned())
    }

    /// What the certificate records beside the noise.
    pub(crate) fn recorded(&self) -> Vec<(&'static str, String)> {
        let options = &self.options;
        let record = options.record();
        vec![
            ("dim", record.dim().to_string()),
            ("targets", format!("{:?}", record.targets())),
            ("norm", format!("{:?}", record.norm())),
            ("centre_share", format!("{:?}", options.centre())),
            ("intercept", format!("{:?}", record.intercept())),
            ("steps", options.steps().to_string()),
            ("step_size", format!("{:?}", options.step_size())),
            ("momentum", format!("{:?}", options.momentum())),
            ("residual_clip", format!("{:?}", options.residual_clip())),
            ("mu", format!("{:?}", self.mu.get())),
        ]
    }

    fn described<T>(&self, release: Release<T, PrivacyProfile<A>>) -> Release<T, PrivacyProfile<A>> {
        let named = release
            .with_claim(A::GRADIENT_CLAIM)
            .with_claim(claims::DESCENT_PRIVACY)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        self.recorded()
            .into_iter()
            .fold(named, |release, (name, value)| release.with_text_parameter(name, value))
    }
}

/// Learns a linear classifier from private records: [`DescentMechanism::calibrate`] and [`release`](DescentMechanism::release).
///
/// # Guarantee
/// (ε, δ)-differential privacy under the adjacency of the records: features and classes are protected, whatever they hold. On the machine as
/// run ([`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice)).
///
/// # Errors
/// [`Error::Length`], [`Error::TargetCount`], [`Error::TargetKind`], [`Error::Mechanism`], [`Error::Source`]: none depends on entries.
///
/// See [`PrivateClassifier`] for an example.
pub fn private_descent<A: DescentAdjacency, S: LabelledRows, R: CryptoRng + ?Sized>(
    records: PrivateRecords<A, S>,
    options: &DescentOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<PrivateClassifier, PrivacyProfile<A>>, Error> {
    DescentMechanism::calibrate(options, records.adjacency(), epsilon, delta)?.release(records, rng)
}
