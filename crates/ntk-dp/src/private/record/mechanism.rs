//! Noise of both stages, fixed before any record is read, and the release.

use super::encode::{RADIUS, RowEncoder, SQUARED_RADIUS, TargetCode};
use super::moments::NoisyMoments;
use super::options::RecordOptions;
use super::sensitivity::RecordAdjacency;
use super::sums::{sum_moments, sum_rows};
use crate::private::{LabelledRows, PrivateRecords};
use crate::{Error, claims};
use dp_mechanisms::accounting::Target;
use dp_mechanisms::{
    Delta, Epsilon, Lattice, LatticeFrobeniusSensitivity, LatticeGaussian, LatticeL2Sensitivity,
    LatticeStatistic, LatticeVector, NoiseStd, PrivacyProfile, Release, SymmetricGaussian,
};
use rand::CryptoRng;

/// Public bound on sums, for accuracy alone: beyond it they wrap, and stay private.
const MAX_ABS: u64 = 1 << 61;
/// What a record adds to the count beside the sum of rows: `w² = N/16`.
const COUNT: u32 = RADIUS / 4;

/// The noise of every stage under a budget: public, and made before any record is read.
///
/// # Guarantee
/// [`release`](Self::release) has the guarantee [`profile`](Self::profile), which meets the (ε, δ) that was asked for: noise is exact on the integers,
/// and both stages compose. Adjacency: a record, features and target, added or removed, or replaced by any other; entries may be anything.
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
    centre: Option<LatticeGaussian<A>>,
    moments: SymmetricGaussian<A>,
    profile: PrivacyProfile<A>,
}

impl<A> RecordMechanism<A> {
    /// `R`: rows of length one are rounded to integer vectors of length `R`.
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
        let made = |noise: f64| Self::with_noise(options, adjacency, noise);
        let noise = target.least_noise(|noise| made(noise).map(|mechanism| mechanism.profile))?;
        Ok(made(noise)?)
    }

    /// With `1/noise²` as the squared Gaussian budget.
    fn with_noise(options: &RecordOptions, adjacency: A, noise: f64) -> Result<Self, dp_mechanisms::Error> {
        let std = |share: f64, sensitivity: f64| NoiseStd::new(noise * sensitivity / share.sqrt());
        let moves = moment_sensitivity(options, adjacency)?;
        let share = options.centre().unwrap_or(0.0);
        let moments = SymmetricGaussian::with_noise_std(std(1.0 - share, moves.frobenius())?, moves)?;
        let centre = match options.centre() {
            None => None,
            Some(share) => {
                let square = A::squared_mean(u128::from(RADIUS).pow(2), u128::from(COUNT).pow(2));
                let moves = LatticeL2Sensitivity::from_square(square, adjacency)?;
                Some(LatticeGaussian::with_noise_std(std(share, moves.l2())?, moves)?)
            }
        };
        // in the order in which they are released, as certificates add them up
        let profile = match &centre {
            None => moments.profile().clone(),
            Some(centre) => centre.profile().and(moments.profile())?,
        };
        Ok(Self { options: *options, centre, moments, profile })
    }

    /// The guarantee of one release.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }

    /// The options.
    #[must_use]
    pub const fn options(&self) -> &RecordOptions {
        &self.options
    }

    /// Standard deviation of the noise on the diagonal of `ΦᵀΦ`, as a multiple of the square of a row of length one.
    #[must_use]
    pub fn noise_multiplier(&self) -> f64 {
        self.moments.noise_std().get() / SQUARED_RADIUS
    }

    /// The mechanism of the moments.
    pub const fn moments(&self) -> &SymmetricGaussian<A> {
        &self.moments
    }

    /// The mechanism of the centre, if there is one.
    pub const fn centre(&self) -> Option<&LatticeGaussian<A>> {
        self.centre.as_ref()
    }

    /// Reads the records, twice if there is a centre, and releases.
    ///
    /// A record adds nothing if a feature or a number of its target is not finite, or its class is not below the number of classes; every other
    /// one takes part, scaled back if it is long. Memory: `12·D²` bytes, whatever the number of records or threads.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::RowCount`] and [`Error::TargetKind`] for blocks of other shapes, [`Error::Source`]. None depends on entries; what a
    /// source makes known by failing is the source's.
    pub fn release<S: LabelledRows, R: CryptoRng + ?Sized>(
        &self,
        records: PrivateRecords<A, S>,
        rng: &mut R,
    ) -> Result<Release<NoisyMoments, PrivacyProfile<A>>, Error> {
        crate::error::check_len(self.options.dim(), records.dim())?;
        let mut source = records.into_source();
        let Some(mechanism) = &self.centre else {
            return self.release_moments(&mut source, None, rng);
        };
        let encoder = RowEncoder::new(&self.options.with_intercept(0.0)?, None);
        let steps = sum_rows(&mut source, &self.options, &encoder, COUNT)?;
        let statistic = LatticeStatistic::new(steps, Lattice::new(0)?, mechanism.sensitivity(), MAX_ABS);
        let sums = mechanism.release(statistic, "sum and number of rows", rng)?;
        let centre = centre(sums.value(), mechanism.noise_std().get());
        let moments = self.release_moments(&mut source, Some(centre), rng)?;
        Ok(sums.and(moments)?.postprocess(|(_, moments)| moments))
    }

    fn release_moments<R: CryptoRng + ?Sized>(
        &self,
        source: &mut impl LabelledRows,
        centre: Option<Vec<f64>>,
        rng: &mut R,
    ) -> Result<Release<NoisyMoments, PrivacyProfile<A>>, Error> {
        let encoder = RowEncoder::new(&self.options, centre);
        let statistic = self.statistic(source, &encoder)?;
        let release = self.moments.release(statistic, "moments of features and targets", rng)?;
        let noise_std = self.moments.noise_std();
        let options = self.options;
        Ok(self.described(
            release.postprocess(|moments| NoisyMoments::new(options, encoder, moments, noise_std)),
        ))
    }

    fn statistic(
        &self,
        source: &mut impl LabelledRows,
        encoder: &RowEncoder,
    ) -> Result<LatticeStatistic<LatticeFrobeniusSensitivity<A>>, Error> {
        let steps = sum_moments(source, &self.options, encoder)?;
        Ok(LatticeStatistic::new(steps, Lattice::new(0)?, self.moments.sensitivity(), MAX_ABS))
    }

    /// The moments before any noise, for verification: still private. Rows are centred at `centre`, which has to be public or released.
    ///
    /// The packed triangle of `Σ S(z, y)`, of order `D + k` ([`RecordAdjacency`]).
    ///
    /// # Errors
    /// Those of [`release`](Self::release).
    pub fn moment_statistic<S: LabelledRows>(
        &self,
        records: PrivateRecords<A, S>,
        centre: Option<&[f64]>,
    ) -> Result<LatticeStatistic<LatticeFrobeniusSensitivity<A>>, Error> {
        crate::error::check_len(self.options.dim(), records.dim())?;
        if let Some(centre) = centre {
            crate::error::check_len(self.options.dim(), centre.len())?;
        }
        let encoder = RowEncoder::new(&self.options, centre.map(<[f64]>::to_vec));
        self.statistic(&mut records.into_source(), &encoder)
    }

    fn described<T>(&self, release: Release<T, PrivacyProfile<A>>) -> Release<T, PrivacyProfile<A>> {
        release
            .with_parameter("dim", self.options.dim())
            .with_parameter("targets", self.options.targets())
            .with_parameter("norm", self.options.norm())
            .with_parameter("centred_norm", self.options.centred_norm())
            .with_parameter("target_weight", self.options.target_weight())
            .with_parameter("centre_share", self.options.centre())
            .with_parameter("intercept", self.options.intercept())
            .with_claim(A::SENSITIVITY_CLAIM)
            .with_claim(claims::RECORD_PRIVACY)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }
}

pub(super) fn moment_sensitivity<A: RecordAdjacency>(
    options: &RecordOptions,
    adjacency: A,
) -> Result<LatticeFrobeniusSensitivity<A>, dp_mechanisms::Error> {
    let square = A::squared_moments(u128::from(RADIUS).pow(2), TargetCode::new(options).squared_norm());
    LatticeFrobeniusSensitivity::from_square(square, adjacency)
}

/// The mean from noisy sums, drawn toward zero as far as noise alone could explain its length (James, Stein 1961), of length at most one.
fn centre(sums: &LatticeVector, noise_std: f64) -> Vec<f64> {
    let (count, sums) = sums.steps().split_last().expect("the count is last");
    let rows = (*count as f64).max(noise_std) / f64::from(COUNT);
    let square: f64 = sums.iter().map(|sum| (*sum as f64) * (*sum as f64)).sum();
    let noise = (sums.len() as f64 - 2.0).max(0.0) * noise_std * noise_std;
    let shrink = if square > noise { 1.0 - noise / square } else { 0.0 };
    let per_row = shrink / (rows * f64::from(RADIUS));
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
/// [`Error::Length`], [`Error::RowCount`], [`Error::TargetKind`], [`Error::Mechanism`], [`Error::Source`]: none depends on entries.
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
