//! Private rows, and the three ways out.

use super::encode::{clipped, quantised};
use super::lattice::LogitLattice;
use super::logits::{AttentionLogits, Source};
use super::mechanisms::{
    change_bound, gram_mechanism, published_bound, published_sampling_mechanism, rows_mechanism,
    sampling_mechanism,
};
use super::options::SelfAttentionOptions;
use super::plan::Route;
use crate::claims;
use crate::error::{Error, Parameter};
use crate::rows::check_dimension;
use core::fmt;
use dp_linalg::{ExactProductSum, Mat, MatRef};
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    ChangeBound, Delta, Epsilon, GaussianSampling, GaussianSamplingProfile, LatticeGaussian,
    LatticeL2Sensitivity, LatticeStatistic, PrivacyProfile, PrivateCovariance, Release, symmetric,
};
use rand::CryptoRng;

/// Private rows X of shape `(n, d)` whose self-attention `softmax(s·XXᵀ)` is to be released, *not yet released*.
///
/// Not `Clone`, not `Serialize`; `Debug` shows no entry. Rows are scaled back to the radius one by one, rows that are not
/// finite become zero: `n` is public, so that none can be left out.
///
/// # Guarantee
///
/// | release | noise | arithmetic | error of a logit grows with |
/// |---|---|---|---|
/// | [`release_rows`](Self::release_rows) | on every coordinate of X | exact | β, and `√d·β²` |
/// | [`release_gram`](Self::release_gram) | on the triangle of `XXᵀ` | exact | `√n·β` |
/// | [`release_sampling`](Self::release_sampling) | draws of `N(0, s·XXᵀ + λI)` | real numbers | β, at most `λ/√k` |
///
/// Each is (ε, δ)-differentially private under the adjacency A: [`PerturbRow`](dp_mechanisms::PerturbRow) protects moves of one row by up to β, and
/// [`ReplaceRow`](dp_mechanisms::ReplaceRow) whole rows. The arithmetic is on the certificate. [`plan_self_attention`](super::plan_self_attention) says before any release what each
/// costs. For whole rows at ε about one every entry is noise: an entry of the matrix is about two people. What remains
/// useful then are [tokens](Self::sample_token).
///
/// # Example
///
/// ```
/// use attention_dp::{PrivateSelfAttention, SelfAttentionOptions};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{
///     ArithmeticModel, Delta, Epsilon, FailureProbability, PerturbRow, secure_rng,
/// };
///
/// let rows = Mat::from_fn(40, 3, |i, j| ((i * (j + 2)) as f64).sin() / 2.0);
/// let options = SelfAttentionOptions::new(40, 3, 1.0)?;
/// let close = PerturbRow::new(0.005)?; // moves by up to 0.005 are protected, not rows
/// let private = PrivateSelfAttention::new(close, options, rows.as_ref())?;
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let release = private.release_rows(epsilon, delta, &mut secure_rng()?)?;
///
/// assert_eq!(release.certificate().arithmetic(), ArithmeticModel::ExactLattice);
/// let attention = release.value().attention();
/// assert!((attention.row(7).iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// let bounds = release.value().bounds(FailureProbability::new(0.01)?)?;
/// assert!(bounds.lower()[(7, 3)] > 0.02 && bounds.upper()[(7, 3)] < 0.03);
/// assert!(bounds.total_variation().iter().all(|distance| *distance < 0.1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateSelfAttention<A> {
    pub(super) adjacency: A,
    pub(super) options: SelfAttentionOptions,
    pub(super) rows: Mat,
}

impl<A: FixedSizeAdjacency> PrivateSelfAttention<A> {
    /// Takes rows `(n, d)`, scaled back to the radius.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::AnnouncedRows`], [`Error::Dimension`], by options and shapes alone.
    pub fn new(adjacency: A, options: SelfAttentionOptions, rows: MatRef<'_>) -> Result<Self, Error> {
        options.check()?;
        if rows.nrows() != options.rows() {
            return Err(Error::AnnouncedRows { expected: options.rows(), found: rows.nrows() });
        }
        check_dimension(Parameter::Row, options.dim(), rows.ncols())?;
        Ok(Self { adjacency, options, rows: clipped(rows, options.radius()) })
    }

    /// The public options.
    #[must_use]
    pub const fn options(&self) -> &SelfAttentionOptions {
        &self.options
    }

    /// The integer rows with their sensitivity, still private: for other mechanisms than the one here.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options alone: a radius that no lattice carries.
    pub fn into_row_statistic(self) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let lattice = LogitLattice::of_rows(&self.options, self.adjacency);
        let steps = quantised(self.rows.as_ref(), lattice.integers().exponent()).into_vec().into_iter();
        let max_abs = lattice.integers().largest();
        let steps = steps.map(|x| x as i64).collect();
        Ok(LatticeStatistic::new(
            steps,
            lattice.integers().lattice()?,
            lattice.integers().l2_sensitivity()?,
            max_abs,
        ))
    }

    /// The [packed](symmetric) triangle of the integer Gram matrix with its sensitivity, still private.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options alone: a radius that no lattice carries, or a sensitivity beyond 128 bits.
    pub fn into_gram_statistic(self) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let lattice = LogitLattice::of_gram(&self.options, self.adjacency);
        let (sensitivity, rows) = (lattice.gram_sensitivity()?, self.options.rows());
        let gram = integer_gram(&quantised(self.rows.as_ref(), lattice.integers().exponent()), &lattice)?;
        let triangle = symmetric::pack(rows, |i, j| gram[i * rows + j]);
        let max_abs = u64::try_from(lattice.integers().squared_norm()).unwrap_or(u64::MAX);
        Ok(LatticeStatistic::new(triangle, lattice.gram_lattice()?, sensitivity, max_abs))
    }

    /// The covariance `s·XXᵀ + λI` with the bound on its change, still private.
    ///
    /// # Errors
    ///
    /// By options alone: [`Error::LostInRounding`] for a move or a ridge that is not well above rounding, [`Error::Mechanism`] for
    /// a change that is out of range.
    pub fn into_covariance(self) -> Result<PrivateCovariance<A>, Error> {
        let bound = change_bound(&self.options, self.adjacency)?;
        self.covariance(bound)
    }

    fn covariance(self, bound: ChangeBound<A>) -> Result<PrivateCovariance<A>, Error> {
        let root = self.options.softmax_scale().sqrt();
        let mut factor = self.rows;
        factor.as_mut_slice().iter_mut().for_each(|x| *x *= root);
        Ok(PrivateCovariance::from_factor(factor, self.options.ridge(), bound)?)
    }

    /// The mechanism that [`release_rows`](Self::release_rows) uses at this budget, a function of options alone.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options and budget alone: more noise than the lattice carries.
    pub fn rows_mechanism(&self, epsilon: Epsilon, delta: Delta) -> Result<LatticeGaussian<A>, Error> {
        rows_mechanism(&self.options, self.adjacency, (epsilon, delta))
    }

    /// The mechanism that [`release_gram`](Self::release_gram) uses at this budget, a function of options alone.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options and budget alone: more noise than the lattice carries.
    pub fn gram_mechanism(&self, epsilon: Epsilon, delta: Delta) -> Result<LatticeGaussian<A>, Error> {
        gram_mechanism(&self.options, self.adjacency, (epsilon, delta))
    }

    /// The mechanism that [`release_sampling`](Self::release_sampling) uses at this budget, a function of options alone.
    ///
    /// # Errors
    ///
    /// By options and budget alone: [`Error::LostInRounding`] for a move or a ridge that is not well above rounding;
    /// [`Error::Mechanism`] with [`dp_mechanisms::Error::Infeasible`] if one draw is too many.
    pub fn sampling_mechanism(&self, epsilon: Epsilon, delta: Delta) -> Result<GaussianSampling<A>, Error> {
        sampling_mechanism(&self.options, self.adjacency, (epsilon, delta))
    }

    /// Gaussian sampling by the published bound on the change and the published condition on the number of draws, for
    /// comparison.
    ///
    /// # Errors
    ///
    /// As [`sampling_mechanism`](Self::sampling_mechanism), and far more often.
    pub fn published_sampling_mechanism(
        &self,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<GaussianSampling<A>, Error> {
        published_sampling_mechanism(&self.options, self.adjacency, (epsilon, delta))
    }

    /// Releases the rows with exact noise on every coordinate; logits and attention are post-processing.
    ///
    /// What a squared norm gains by the noise in the mean, `dτ²`, is taken off again.
    ///
    /// # Errors
    ///
    /// As [`rows_mechanism`](Self::rows_mechanism).
    pub fn release_rows<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, PrivacyProfile<A>>, Error> {
        let mechanism = self.rows_mechanism(epsilon, delta)?;
        self.release_rows_with(&mechanism, rng)
    }

    /// The same with a mechanism that was calibrated elsewhere, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if it was made for a smaller sensitivity, or its noise leaves the lattice.
    pub fn release_rows_with<R: CryptoRng + ?Sized>(
        self,
        mechanism: &LatticeGaussian<A>,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, PrivacyProfile<A>>, Error> {
        let (options, lattice) = (self.options, LogitLattice::of_rows(&self.options, self.adjacency));
        let release = mechanism.release(self.into_row_statistic()?, "rows that attend to each other", rng)?;
        let release = described(release, &options, Route::Rows.name(), claims::SELF_ROWS_PRIVACY);
        let noise_std = mechanism.noise_std().get() * lattice.integers().step();
        let rounding = lattice.rounding_with_noise();
        Ok(release.with_claim(claims::SELF_ROWS_SENSITIVITY).postprocess(|vector| {
            let values = vector.to_f64();
            let points = Mat::from_fn(options.rows(), options.dim(), |i, j| values[i * options.dim() + j]);
            AttentionLogits::new(options, Source::Rows { points, noise_std, rounding })
        }))
    }

    /// Releases all logits with exact noise on the triangle of the Gram matrix.
    ///
    /// # Errors
    ///
    /// As [`gram_mechanism`](Self::gram_mechanism).
    pub fn release_gram<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, PrivacyProfile<A>>, Error> {
        let mechanism = self.gram_mechanism(epsilon, delta)?;
        self.release_gram_with(&mechanism, rng)
    }

    /// The same with a mechanism that was calibrated elsewhere.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if it was made for a smaller sensitivity, or its noise leaves the lattice.
    pub fn release_gram_with<R: CryptoRng + ?Sized>(
        self,
        mechanism: &LatticeGaussian<A>,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, PrivacyProfile<A>>, Error> {
        let (options, lattice) = (self.options, LogitLattice::of_gram(&self.options, self.adjacency));
        let release = mechanism.release(self.into_gram_statistic()?, "products of rows", rng)?;
        let release = described(release, &options, Route::Gram.name(), claims::SELF_GRAM_PRIVACY);
        let unit = options.softmax_scale() * lattice.gram_lattice()?.step();
        let (noise_std, rounding) = lattice.logit_noise(&options, mechanism.noise_std().get());
        Ok(release.with_claim(claims::SELF_GRAM_SENSITIVITY).postprocess(|vector| {
            let steps = vector.into_steps();
            let logits = Mat::from_fn(options.rows(), options.rows(), |i, j| {
                steps[symmetric::packed_index(i, j)] as f64 * unit
            });
            AttentionLogits::new(options, Source::Gram { logits, noise_std, rounding })
        }))
    }

    /// Releases the average of as many outer products of draws of `N(0, s·XXᵀ + λI)` as the budget allows; logits are what
    /// it has beyond λ.
    ///
    /// # Errors
    ///
    /// As [`sampling_mechanism`](Self::sampling_mechanism).
    pub fn release_sampling<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, GaussianSamplingProfile<A>>, Error> {
        let mechanism = self.sampling_mechanism(epsilon, delta)?;
        self.release_sampling_with(&mechanism, rng)
    }

    /// The same with a mechanism that was calibrated elsewhere, also with the
    /// [published one](Self::published_sampling_mechanism).
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if it was made for another change than [`into_covariance`](Self::into_covariance) states, or
    /// than the published one; [`Error::LostInRounding`] as there.
    pub fn release_sampling_with<R: CryptoRng + ?Sized>(
        self,
        mechanism: &GaussianSampling<A>,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, GaussianSamplingProfile<A>>, Error> {
        let options = self.options;
        let (bound, published) =
            (change_bound(&options, self.adjacency)?, published_bound(&options, self.adjacency)?);
        let stated = if mechanism.profile().bound() == published { published } else { bound };
        let release = mechanism.release(&self.covariance(stated)?, "ridged logits", rng)?;
        let release = described(release, &options, Route::Sampling.name(), claims::SELF_SAMPLING_PRIVACY)
            .with_parameter("ridge", options.ridge())
            .with_claim(claims::SELF_CHANGE);
        let draws = mechanism.draws();
        Ok(release.postprocess(|average| {
            let logits = Mat::from_fn(options.rows(), options.rows(), |i, j| {
                average[(i, j)] - if i == j { options.ridge() } else { 0.0 }
            });
            AttentionLogits::new(options, Source::Sampling { logits, draws })
        }))
    }
}

/// `X̃X̃ᵀ`, exact: one term a coordinate.
fn integer_gram<A: FixedSizeAdjacency>(integers: &Mat, lattice: &LogitLattice<A>) -> Result<Vec<i64>, Error> {
    let rows = integers.nrows();
    let largest = lattice.integers().largest();
    let mut sum = ExactProductSum::new(rows, rows, largest, largest)?;
    sum.add_nn(integers.as_ref(), integers.transpose().as_ref())?;
    Ok(sum.into_sums())
}

pub(super) fn described<T, G>(
    release: Release<T, G>,
    options: &SelfAttentionOptions,
    route: &str,
    claim: &str,
) -> Release<T, G> {
    let recorded = options.recorded().into_iter();
    recorded
        .fold(release, |release, (name, value)| release.with_text_parameter(name, value))
        .with_text_parameter("route", route.to_owned())
        .with_claim(claim)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

impl<A: FixedSizeAdjacency> fmt::Debug for PrivateSelfAttention<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateSelfAttention")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
