//! Noise of all stages, fixed before any record is read, and the release.

use super::encode::{RADIUS, RowEncoder, TargetCode, row_unit};
use super::flatten::Flattening;
use super::moments::NoisyMoments;
use super::options::RecordOptions;
use super::sensitivity::RecordAdjacency;
use super::sums::{With, sum_moments, sum_rows};
use crate::error::check_len;
use crate::private::{LabelledRows, PrivateRecords};
use crate::{Error, claims};
use dp_mechanisms::accounting::Target;
use dp_mechanisms::{
    Delta, Epsilon, Lattice, LatticeFrobeniusSensitivity, LatticeGaussian, LatticeL2Sensitivity,
    LatticeStatistic, LatticeVector, Mu, NoiseStd, PrivacyProfile, Release, SymmetricGaussian,
};
use rand::CryptoRng;

/// Public bound on sums, for accuracy alone: beyond it they wrap, and stay private.
pub(super) const MAX_ABS: u64 = 1 << 61;
/// What a record adds to the count beside the sum of rows: `w² = N/16`.
pub(super) const COUNT: u32 = RADIUS / 4;

/// Moments under the guarantee of the adjacency `A`.
type MomentRelease<A> = Release<NoisyMoments, PrivacyProfile<A>>;

/// The noise of every stage under a budget: public, and made before any record is read.
///
/// # Guarantee
/// [`release`](Self::release) has the guarantee [`profile`](Self::profile), which meets the (ε, δ) that was asked for: noise is exact on the integers,
/// and all stages compose: centre, rounds of a flattening, moments. Adjacency: a record, features and target, added or removed, or replaced by any other; entries may be anything.
///
/// # Sensitivity
/// [`RecordAdjacency`] with `N = R²`, R = [`RADIUS`](Self::RADIUS), and `Y` the largest square of an integer target.
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, ReplaceRow};
/// use ntk_dp::private::{RecordMechanism, RecordOptions};
///
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-5)?);
/// let options = RecordOptions::classes(100, 10)?.with_centre(0.05)?;
/// let added = RecordMechanism::calibrate(&options, AddRemoveRow, epsilon, delta)?;
/// assert!(added.profile().epsilon(delta) <= 1.0);
/// // one row of length one has the square 1
/// assert!((4.0..7.0).contains(&added.noise_multiplier()));
/// let replaced = RecordMechanism::calibrate(&options, ReplaceRow, epsilon, delta)?;
/// let ratio = replaced.noise_multiplier() / added.noise_multiplier();
/// assert!(ratio > 1.41 && ratio < 1.49); // a little more than √2
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecordMechanism<A> {
    options: RecordOptions,
    mu: Mu,
    centre: Option<LatticeGaussian<A>>,
    flattening: Option<SymmetricGaussian<A>>,
    moments: SymmetricGaussian<A>,
    profile: PrivacyProfile<A>,
}

impl<A> RecordMechanism<A> {
    /// `R`: rows of length one are rounded to integer vectors of length `R` at most.
    pub const RADIUS: u32 = RADIUS;
}

impl<A: RecordAdjacency> RecordMechanism<A> {
    /// The least noise that is certified to meet (ε, δ) with the shares of the options.
    ///
    /// # Errors
    /// [`Error::Mechanism`] if the noise would be beyond what the sampler supports.
    pub fn calibrate(
        options: &RecordOptions,
        adjacency: A,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<Self, Error> {
        let target = Target::new(epsilon, delta);
        let made = |noise: f64| Self::with_mu(options, adjacency, Mu::new(1.0 / noise)?);
        let noise = target.least_noise(|noise| made(noise).map(|mechanism| mechanism.profile))?;
        Ok(made(noise)?)
    }

    /// With Gaussian privacy μ in all, up to rounding: stages share `μ²` as the options say.
    ///
    /// # Errors
    /// [`dp_mechanisms::Error`] if the noise would be beyond what the sampler supports.
    pub fn with_mu(options: &RecordOptions, adjacency: A, mu: Mu) -> Result<Self, dp_mechanisms::Error> {
        let std = |share: f64, moves: f64| NoiseStd::new(moves / (share.sqrt() * mu.get()));
        let row = u128::from(RADIUS).pow(2);
        let (centre_share, flattening_share) =
            (options.centre().unwrap_or(0.0), options.flattening().unwrap_or(0.0));
        let centre = match options.centre() {
            None => None,
            Some(share) => {
                let square = A::squared_mean(row, u128::from(COUNT).pow(2));
                let moves = LatticeL2Sensitivity::from_square(square, adjacency)?;
                Some(LatticeGaussian::with_noise_std(std(share, moves.l2())?, moves)?)
            }
        };
        let symmetric = |share: f64, target: u128| {
            let moves = LatticeFrobeniusSensitivity::from_square(A::squared_moments(row, target), adjacency)?;
            SymmetricGaussian::with_noise_std(std(share, moves.frobenius())?, moves)
        };
        let rounds = options.flattening_rounds();
        let flattening =
            options.flattening().map(|share| symmetric(share / f64::from(rounds), 0)).transpose()?;
        let target = TargetCode::new(options).squared_norm();
        let moments = symmetric(1.0 - centre_share - flattening_share, target)?;
        // in the order in which they are released, as certificates add them up
        let mut profile = moments.profile().clone();
        if let Some(flattening) = &flattening {
            for _ in 0..rounds {
                profile = flattening.profile().and(&profile)?;
            }
        }
        if let Some(centre) = &centre {
            profile = centre.profile().and(&profile)?;
        }
        Ok(Self { options: *options, mu, centre, flattening, moments, profile })
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// `μ` of all stages.
    #[must_use]
    pub const fn mu(&self) -> Mu {
        self.mu
    }

    /// The options.
    #[must_use]
    pub const fn options(&self) -> &RecordOptions {
        &self.options
    }

    /// Standard deviation of the noise on the diagonal of `ΦᵀΦ`, as a multiple of the square of a row of length one.
    #[must_use]
    pub fn noise_multiplier(&self) -> f64 {
        self.moments.noise_std().get() / row_unit(self.options.encoded_dim()).powi(2)
    }

    /// The mechanism of the moments.
    pub const fn moments(&self) -> &SymmetricGaussian<A> {
        &self.moments
    }

    /// The mechanism of the centre, if there is one.
    pub const fn centre(&self) -> Option<&LatticeGaussian<A>> {
        self.centre.as_ref()
    }

    /// The mechanism of each round of the flattening, if there is one.
    pub const fn flattening(&self) -> Option<&SymmetricGaussian<A>> {
        self.flattening.as_ref()
    }

    /// Reads the records once for each stage, and releases.
    ///
    /// A record adds nothing if a feature or a number of its target is not finite, or its class is not below the number of classes; every other
    /// one takes part, scaled back if it is long. Memory: about `12·D²` bytes, with flattening `30·D²`, whatever the number of records or threads.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TargetCount`] and [`Error::TargetKind`] for blocks of other shapes, [`Error::Source`]. None depends on entries, or says
    /// how many rows there are; what a source makes known by failing is the source's. With a flattening, [`Error::Linalg`] if the decomposition of
    /// released moments does not converge.
    pub fn release<S: LabelledRows, R: CryptoRng + ?Sized>(
        &self,
        records: PrivateRecords<A, S>,
        rng: &mut R,
    ) -> Result<MomentRelease<A>, Error> {
        check_len(self.options.dim(), records.dim())?;
        let mut source = records.into_source();
        let Some(mechanism) = &self.centre else {
            let first = (RowEncoder::new(&self.options), 0);
            return self.release_flattened(&mut source, first, rng).map(|release| self.described(release));
        };
        let statistic = self.mean_statistic(&mut source, mechanism)?;
        let sums = mechanism.release(statistic, "sum and number of rows", rng)?;
        let centre = centre(sums.value(), mechanism.noise_std().get());
        let encoder = RowEncoder::new(&self.options).with_centre(Some(centre));
        let moments = self.release_flattened(&mut source, (encoder, 0), rng)?;
        Ok(self.described(sums.and(moments)?.postprocess(|(_, moments)| moments)))
    }

    /// The stages after the centre: rounds of the flattening from the `round`-th on, and the moments.
    fn release_flattened<R: CryptoRng + ?Sized>(
        &self,
        source: &mut impl LabelledRows,
        (encoder, round): (RowEncoder, u32),
        rng: &mut R,
    ) -> Result<MomentRelease<A>, Error> {
        let Some(mechanism) = self.flattening.as_ref().filter(|_| round < self.options.flattening_rounds())
        else {
            return self.release_moments(source, encoder, rng);
        };
        let statistic = self.row_statistic(source, &encoder, mechanism)?;
        let squares = mechanism.release(statistic, "second moments of rows", rng)?;
        let flattening = Flattening::new(squares.value(), mechanism.noise_std().get())?;
        let next = (encoder.with_flattening(flattening), round + 1);
        let moments = self.release_flattened(source, next, rng)?;
        Ok(squares.and(moments)?.postprocess(|(_, moments)| moments))
    }

    fn release_moments<R: CryptoRng + ?Sized>(
        &self,
        source: &mut impl LabelledRows,
        encoder: RowEncoder,
        rng: &mut R,
    ) -> Result<MomentRelease<A>, Error> {
        let statistic = self.statistic(source, &encoder)?;
        let release = self.moments.release(statistic, "moments of features and targets", rng)?;
        Ok(release.postprocess(|moments| NoisyMoments::new(self, encoder, moments)))
    }

    fn mean_statistic(
        &self,
        source: &mut impl LabelledRows,
        mechanism: &LatticeGaussian<A>,
    ) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let encoder = RowEncoder::new(&self.options).without_intercept();
        let steps = sum_rows(source, &self.options, &encoder, COUNT)?;
        Ok(LatticeStatistic::new(steps, Lattice::new(0)?, mechanism.sensitivity(), MAX_ABS))
    }

    fn row_statistic(
        &self,
        source: &mut impl LabelledRows,
        encoder: &RowEncoder,
        mechanism: &SymmetricGaussian<A>,
    ) -> Result<LatticeStatistic<LatticeFrobeniusSensitivity<A>>, Error> {
        let rows = encoder.clone().without_intercept();
        let steps = sum_moments(source, &self.options, (&rows, With::Rows))?;
        Ok(LatticeStatistic::new(steps, Lattice::new(0)?, mechanism.sensitivity(), MAX_ABS))
    }

    fn statistic(
        &self,
        source: &mut impl LabelledRows,
        encoder: &RowEncoder,
    ) -> Result<LatticeStatistic<LatticeFrobeniusSensitivity<A>>, Error> {
        let steps = sum_moments(source, &self.options, (encoder, With::Targets))?;
        Ok(LatticeStatistic::new(steps, Lattice::new(0)?, self.moments.sensitivity(), MAX_ABS))
    }

    /// The moments before any noise, for verification: still private. Rows are centred and flattened as those of `like` were, if it is given, or not
    /// at all.
    ///
    /// The packed triangle of `Σ S(z, y)`, of order `D + k` ([`RecordAdjacency`]).
    ///
    /// # Errors
    /// Those of [`release`](Self::release).
    pub fn moment_statistic<S: LabelledRows>(
        &self,
        records: PrivateRecords<A, S>,
        like: Option<&NoisyMoments>,
    ) -> Result<LatticeStatistic<LatticeFrobeniusSensitivity<A>>, Error> {
        let encoder = self.encoder_like(&records, like)?;
        self.statistic(&mut records.into_source(), &encoder)
    }

    /// The sums of rows, and the count, before any noise, for verification: still private. None without a centre.
    ///
    /// # Errors
    /// Those of [`release`](Self::release).
    pub fn centre_statistic<S: LabelledRows>(
        &self,
        records: PrivateRecords<A, S>,
    ) -> Result<Option<LatticeStatistic<LatticeL2Sensitivity<A>>>, Error> {
        check_len(self.options.dim(), records.dim())?;
        let mut source = records.into_source();
        self.centre.as_ref().map(|mechanism| self.mean_statistic(&mut source, mechanism)).transpose()
    }

    /// The second moments of rows, as a packed triangle, before any noise, for verification: still private. None without a flattening. Rows are centred
    /// and flattened as those of `like` were.
    ///
    /// # Errors
    /// Those of [`release`](Self::release).
    pub fn flattening_statistic<S: LabelledRows>(
        &self,
        records: PrivateRecords<A, S>,
        like: Option<&NoisyMoments>,
    ) -> Result<Option<LatticeStatistic<LatticeFrobeniusSensitivity<A>>>, Error> {
        let encoder = self.encoder_like(&records, like)?;
        let mut source = records.into_source();
        let statistic = |mechanism| self.row_statistic(&mut source, &encoder, mechanism);
        self.flattening.as_ref().map(statistic).transpose()
    }

    fn encoder_like<S: LabelledRows>(
        &self,
        records: &PrivateRecords<A, S>,
        like: Option<&NoisyMoments>,
    ) -> Result<RowEncoder, Error> {
        check_len(self.options.dim(), records.dim())?;
        let Some(like) = like else { return Ok(RowEncoder::new(&self.options)) };
        check_len(self.options.encoded_dim(), like.order())?;
        check_len(self.options.dim(), like.options().dim())?;
        Ok(like.encoder().clone())
    }

    /// Public parameters, as certificates record them.
    pub(crate) fn recorded(&self) -> Vec<(&'static str, String)> {
        let options = &self.options;
        vec![
            ("dim", options.dim().to_string()),
            ("targets", format!("{:?}", options.targets())),
            ("norm", format!("{:?}", options.norm())),
            ("centred_norm", format!("{:?}", options.centred_norm())),
            ("target_weight", format!("{:?}", options.target_weight())),
            ("centre_share", format!("{:?}", options.centre())),
            ("flattening_share", format!("{:?}", options.flattening())),
            ("flattening_rounds", options.flattening_rounds().to_string()),
            ("intercept", format!("{:?}", options.intercept())),
            ("mu", format!("{:?}", self.mu.get())),
        ]
    }

    fn described<T>(&self, release: Release<T, PrivacyProfile<A>>) -> Release<T, PrivacyProfile<A>> {
        let named = release
            .with_claim(A::SENSITIVITY_CLAIM)
            .with_claim(claims::RECORD_PRIVACY)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        self.recorded()
            .into_iter()
            .fold(named, |release, (name, value)| release.with_text_parameter(name, value))
    }
}

/// The number of rows from noisy sums, at least what noise alone could make of none.
pub(super) fn released_rows(sums: &LatticeVector, noise_std: f64) -> f64 {
    let count = sums.steps().last().expect("the count is last");
    (*count as f64).max(noise_std) / f64::from(COUNT)
}

/// The mean from noisy sums, drawn toward zero as far as noise alone could explain its length (James, Stein 1961), of length at most one.
pub(super) fn centre(sums: &LatticeVector, noise_std: f64) -> Vec<f64> {
    let rows = released_rows(sums, noise_std);
    let (_, sums) = sums.steps().split_last().expect("the count is last");
    let square: f64 = sums.iter().map(|sum| (*sum as f64) * (*sum as f64)).sum();
    let noise = (sums.len() as f64 - 2.0).max(0.0) * noise_std * noise_std;
    let shrink = if square > noise { 1.0 - noise / square } else { 0.0 };
    let per_row = shrink / (rows * row_unit(sums.len()));
    let length = square.sqrt() * per_row;
    let unit = if length > 1.0 { per_row / length } else { per_row };
    sums.iter().map(|sum| *sum as f64 * unit).collect()
}

/// Releases the moments of features and targets of private records: [`RecordMechanism::calibrate`] and [`release`](RecordMechanism::release).
///
/// # Guarantee
/// (ε, δ)-differential privacy under the adjacency of the records: features and targets are protected, whatever they hold. On the machine as
/// run ([`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice)).
///
/// # Errors
/// [`Error::Length`], [`Error::TargetCount`], [`Error::TargetKind`], [`Error::Mechanism`], [`Error::Source`], [`Error::Linalg`]: none
/// depends on entries but through what was released.
///
/// See [`NoisyMoments`] for an example.
pub fn private_moments<A: RecordAdjacency, S: LabelledRows, R: CryptoRng + ?Sized>(
    records: PrivateRecords<A, S>,
    options: &RecordOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<NoisyMoments, PrivacyProfile<A>>, Error> {
    RecordMechanism::calibrate(options, records.adjacency(), epsilon, delta)?.release(records, rng)
}
