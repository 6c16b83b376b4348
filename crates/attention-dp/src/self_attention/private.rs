//! Private rows, and the three ways out.

use super::encode::{clipped, quantised};
use super::lattice::{RowLattice, eigenvalue_change, published_change};
use super::logits::{AttentionLogits, Source};
use super::options::{SelfAttentionAdjacency, SelfAttentionOptions};
use super::plan::Route;
use crate::claims;
use crate::error::{Error, Parameter};
use crate::rows::check_dimension;
use core::fmt;
use dp_linalg::{ExactProductSum, Mat, MatRef};
use dp_mechanisms::covariance::{EigenvalueChange, Neighbourhood};
use dp_mechanisms::selection::{ExponentialMechanism, ScoreSensitivity, Scores};
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
/// [`ReplaceRow`](dp_mechanisms::ReplaceRow) whole rows. The arithmetic is on the certificate. [`plan`](super::plan) says before any release what each
/// costs. For whole rows at ε about one every entry is noise: an entry of the matrix is about two people. What remains
/// useful then are [tokens](Self::sample_token).
///
/// # Example
///
/// ```
/// use attention_dp::{PrivateSelfAttention, SelfAttentionOptions};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, FailureProbability, PerturbRow, secure_rng};
///
/// let rows = Mat::from_fn(40, 3, |i, j| ((i * (j + 2)) as f64).sin() / 2.0);
/// let options = SelfAttentionOptions::new(40, 3, 1.0)?;
/// let close = PerturbRow::new(0.005)?; // moves by up to 0.005 are protected, not rows
/// let private = PrivateSelfAttention::new(close, options, rows.as_ref())?;
/// let release = private.release_rows(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
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
    adjacency: A,
    options: SelfAttentionOptions,
    rows: Mat,
}

impl<A: SelfAttentionAdjacency> PrivateSelfAttention<A> {
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
        let lattice = RowLattice::of_rows(&self.options, self.adjacency);
        let steps = quantised(self.rows.as_ref(), lattice.exponent()).into_vec().into_iter();
        let max_abs = lattice.squared_norm().isqrt() as u64;
        let steps = steps.map(|x| x as i64).collect();
        Ok(LatticeStatistic::new(steps, lattice.row_lattice()?, lattice.row_sensitivity()?, max_abs))
    }

    /// The [packed](symmetric) triangle of the integer Gram matrix with its sensitivity, still private.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options alone: a radius that no lattice carries, or a sensitivity beyond 128 bits.
    pub fn into_gram_statistic(self) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
        let lattice = RowLattice::of_gram(&self.options, self.adjacency);
        let (sensitivity, rows) = (lattice.gram_sensitivity()?, self.options.rows());
        let gram = integer_gram(&quantised(self.rows.as_ref(), lattice.exponent()), &lattice)?;
        let triangle = symmetric::pack(rows, |i, j| gram[i * rows + j]);
        let max_abs = u64::try_from(lattice.squared_norm()).unwrap_or(u64::MAX);
        Ok(LatticeStatistic::new(triangle, lattice.gram_lattice()?, sensitivity, max_abs))
    }

    /// The covariance `s·XXᵀ + λI` with the bound on its change, still private.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options alone: a change that is out of range.
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

    /// Releases the rows with exact noise on every coordinate; logits and attention are post-processing.
    ///
    /// The noise `dτ²` that a squared norm gains in the mean is taken off again.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] by options and budget alone: more noise than the lattice carries.
    pub fn release_rows<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, PrivacyProfile<A>>, Error> {
        let (options, lattice) = (self.options, RowLattice::of_rows(&self.options, self.adjacency));
        let mechanism = LatticeGaussian::calibrate(epsilon, delta, lattice.row_sensitivity()?)?;
        let release = mechanism.release(self.into_row_statistic()?, "rows that attend to each other", rng)?;
        let release = described(release, &options, Route::Rows.name(), claims::SELF_ROWS_PRIVACY);
        let noise_std = mechanism.noise_std().get() * lattice.step();
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
    /// [`Error::Mechanism`] by options and budget alone: more noise than the lattice carries.
    pub fn release_gram<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, PrivacyProfile<A>>, Error> {
        let (options, lattice) = (self.options, RowLattice::of_gram(&self.options, self.adjacency));
        let mechanism = LatticeGaussian::calibrate(epsilon, delta, lattice.gram_sensitivity()?)?;
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
    /// [`Error::Mechanism`] by options and budget alone: [`dp_mechanisms::Error::Infeasible`] if one draw is too many.
    pub fn release_sampling<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, GaussianSamplingProfile<A>>, Error> {
        let mechanism = sampling(&self.options, self.adjacency, (epsilon, delta))?;
        self.release_sampling_with(&mechanism, rng)
    }

    /// The same with the published bound on the change and the published condition on the number of draws, for comparison.
    ///
    /// # Errors
    ///
    /// As [`release_sampling`](Self::release_sampling), which the published condition meets far less often.
    pub fn release_sampling_as_published<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<AttentionLogits, GaussianSamplingProfile<A>>, Error> {
        let mechanism = published_sampling(&self.options, self.adjacency, (epsilon, delta))?;
        self.release_sampling_with(&mechanism, rng)
    }

    /// The same with a mechanism that was calibrated elsewhere, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if it was made for another change than [`into_covariance`](Self::into_covariance) states, or than the published one.
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

    /// One token from row `query` of the attention matrix: index j with probability proportional to `e^{s·x_query·x_j}`,
    /// exactly so for the quantised logits.
    ///
    /// No noise is added: softmax is the exponential mechanism, and ε is what it costs, `s·D·max{2α, 3α − D}` for rows that
    /// move by D (and its lattice units). Each call is charged anew; [`token_mechanism`](Self::token_mechanism) has the profile, also the
    /// concentrated one for many tokens.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchRow`]; [`Error::Mechanism`] by options alone.
    ///
    /// # Example
    ///
    /// ```
    /// use attention_dp::{PrivateSelfAttention, SelfAttentionOptions};
    /// use dp_linalg::Mat;
    /// use dp_mechanisms::{ReplaceRow, secure_rng};
    ///
    /// let rows = Mat::from_fn(100, 4, |i, j| (i + j) as f64);
    /// let options = SelfAttentionOptions::new(100, 4, 1.0)?; // logits within ±½
    /// let private = PrivateSelfAttention::new(ReplaceRow, options, rows.as_ref())?;
    /// let token = private.sample_token(3, &mut secure_rng()?)?;
    /// assert!(*token.value() < 100);
    /// assert!(token.certificate().guarantee().delta(2.0001) == 0.0); // pure: 4·½
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sample_token<R: CryptoRng + ?Sized>(
        &self,
        query: usize,
        rng: &mut R,
    ) -> Result<Release<usize, PrivacyProfile<A>>, Error> {
        let mechanism = token_mechanism(&self.options, self.adjacency)?;
        let scores = self.scores(query)?;
        let release = mechanism.release(&scores, "token from a row of self-attention", rng)?;
        Ok(described(release, &self.options, "token", claims::SELF_TOKEN_PRIVACY))
    }

    /// The mechanism of [`sample_token`](Self::sample_token), whose profile and law are public.
    ///
    /// # Errors
    ///
    /// As [`sample_token`](Self::sample_token).
    pub fn token_mechanism(&self) -> Result<ExponentialMechanism<ScoreSensitivity<A>>, Error> {
        token_mechanism(&self.options, self.adjacency)
    }

    /// Integer logits of one row, still private.
    ///
    /// # Errors
    ///
    /// As [`sample_token`](Self::sample_token).
    pub fn scores(&self, query: usize) -> Result<Scores<ScoreSensitivity<A>>, Error> {
        let rows = self.options.rows();
        if query >= rows {
            return Err(Error::NoSuchRow { row: query, rows });
        }
        let lattice = RowLattice::of_scores(&self.options, self.adjacency);
        let integers = quantised(self.rows.as_ref(), lattice.exponent());
        let dot = |i: usize| {
            integers.row(i).iter().zip(integers.row(query)).map(|(a, b)| *a as i64 * *b as i64).sum()
        };
        Ok(Scores::new((0..rows).map(dot).collect(), lattice.score_sensitivity()?)?)
    }
}

/// `X̃X̃ᵀ`, exact: one term a coordinate.
fn integer_gram<A: SelfAttentionAdjacency>(
    integers: &Mat,
    lattice: &RowLattice<A>,
) -> Result<Vec<i64>, Error> {
    let rows = integers.nrows();
    let largest = lattice.squared_norm().isqrt() as u64;
    let mut sum = ExactProductSum::new(rows, rows, largest, largest)?;
    sum.add_nn(integers.as_ref(), integers.transpose().as_ref())?;
    Ok(sum.into_sums())
}

/// Softmax at the scale of the options, as an exponential mechanism: `e^{−ε·gap/spread}` with `ε = s·spread·step²`.
fn token_mechanism<A: SelfAttentionAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
) -> Result<ExponentialMechanism<ScoreSensitivity<A>>, Error> {
    use dp_mechanisms::selection::ScoreMovement;
    let lattice = RowLattice::of_scores(options, adjacency);
    let sensitivity = lattice.score_sensitivity()?;
    let epsilon = options.softmax_scale() * sensitivity.spread() as f64 * lattice.gram_lattice()?.step();
    Ok(ExponentialMechanism::new(Epsilon::new(epsilon)?, sensitivity))
}

/// The bound that is proven: two eigenvalues change, in opposite directions.
pub(super) fn change_bound<A: SelfAttentionAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
) -> Result<ChangeBound<A>, Error> {
    let change = eigenvalue_change(options, adjacency.displacement(options.radius()));
    Ok(ChangeBound::assume_opposite_pair(EigenvalueChange::new(change)?, adjacency)?)
}

/// The published bound.
pub(super) fn published_bound<A: SelfAttentionAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
) -> Result<ChangeBound<A>, Error> {
    let change = published_change(options, adjacency.displacement(options.radius()));
    Ok(ChangeBound::new(Neighbourhood::frobenius(change)?, adjacency))
}

/// The most draws that the exact profile allows, and no more than the options do.
pub(super) fn sampling<A: SelfAttentionAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    (epsilon, delta): (Epsilon, Delta),
) -> Result<GaussianSampling<A>, Error> {
    let bound = change_bound(options, adjacency)?;
    limited(GaussianSampling::calibrate(epsilon, delta, bound)?, options)
}

/// The most draws that the published condition allows at the published bound, and no more than the options do.
pub(super) fn published_sampling<A: SelfAttentionAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    (epsilon, delta): (Epsilon, Delta),
) -> Result<GaussianSampling<A>, Error> {
    let bound = published_bound(options, adjacency)?;
    limited(GaussianSampling::calibrate_as_published(epsilon, delta, bound)?, options)
}

fn limited<A: SelfAttentionAdjacency>(
    mechanism: GaussianSampling<A>,
    options: &SelfAttentionOptions,
) -> Result<GaussianSampling<A>, Error> {
    let draws = mechanism.draws().min(options.max_draws());
    Ok(GaussianSampling::with_draws(draws, mechanism.profile().bound()))
}

fn described<T, G>(
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

impl<A: SelfAttentionAdjacency> fmt::Debug for PrivateSelfAttention<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateSelfAttention")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
