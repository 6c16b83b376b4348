//! Noise of all stages, fixed before any row is read, and the release.

use super::ellipsoid::RecordEllipsoid;
use super::encode::{RADIUS, RoundEncoder, grid_to_radius, radius_to_grid};
use super::options::RecordOptions;
use super::pass::{count_exponents, radius_cells, sum_moments};
use super::scale::ExponentCounts;
use super::shape::{Reading, change_order};
use crate::private::{PrivateRows, ReleasedEllipsoid};
use crate::{Error, RowSource, claims};
use dp_linalg::Mat;
use dp_mechanisms::accounting::Target;
use dp_mechanisms::selection::{PrivateQuantile, QuantileAdjacency, QuantileRange};
use dp_mechanisms::{
    Delta, Epsilon, Lattice, LatticeFrobeniusSensitivity, LatticeGaussian, LatticeL2Sensitivity,
    LatticeStatistic, NoiseStd, PrivacyProfile, QuantileLevel, Release, SymmetricGaussian,
    SymmetricLatticeMatrix,
};
use rand::CryptoRng;

/// Public bound on sums, for accuracy alone: beyond it they wrap, and stay private.
const MAX_ABS: u64 = 1 << 60;
/// Shares of the squared Gaussian budget: scale and number of rows; whitening; the rest refines.
const SCALE_SHARE: f64 = 0.05;
const WHITENING_SHARE: f64 = 0.25;

/// What one round releases.
type RoundRelease<A> = Release<SymmetricLatticeMatrix, PrivacyProfile<A>>;

/// The noise of every stage under a budget: public, and made before any row is read.
///
/// # Guarantee
/// [`release`](Self::release) has the guarantee [`profile`](Self::profile), which meets the (ε, δ) that was asked for: noise is exact on the integers,
/// and all of it composes. Adjacency: a row added or removed, or a row replaced by any other; entries may be anything.
///
/// # Sensitivity
/// Integer rows have `‖z‖² ≤ R²`, and `‖zzᵀ − z'z'ᵀ‖_F² = ‖z‖⁴ + ‖z'‖⁴ − 2⟨z, z'⟩²`: at most `R⁴` for a row that comes or goes, `2R⁴` for a row
/// that is replaced (docs/theorems.md, John ellipsoids).
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon, ReplaceRow};
/// use john_ellipsoid_dp::private::{RecordMechanism, RecordOptions};
///
/// let (epsilon, delta) = (Epsilon::new(0.5)?, Delta::new(1e-6)?);
/// let mechanism = RecordMechanism::calibrate(&RecordOptions::new(10)?, ReplaceRow, epsilon, delta)?;
/// assert!(mechanism.profile().epsilon(delta) <= 0.5);
/// // noise of the last round, as a multiple of the longest row's square
/// assert!(mechanism.noise_multipliers().last().is_some_and(|last| (10.0..30.0).contains(last)));
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecordMechanism<A> {
    options: RecordOptions,
    scale: LatticeGaussian<A>,
    whitening: Option<SymmetricGaussian<A>>,
    refining: SymmetricGaussian<A>,
    quantile: PrivateQuantile<A>,
    quantile_epsilon: Epsilon,
    profile: PrivacyProfile<A>,
}

impl<A: QuantileAdjacency> RecordMechanism<A> {
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
        let quantile_epsilon = Epsilon::new(options.quantile_share() * epsilon.get())?;
        let made = |noise: f64| Self::with_noise(options, adjacency, quantile_epsilon, noise);
        let noise = target.least_noise(|noise| made(noise).map(|mechanism| mechanism.profile))?;
        Ok(made(noise)?)
    }

    /// With `1/noise²` as the squared Gaussian budget.
    fn with_noise(
        options: &RecordOptions,
        adjacency: A,
        quantile_epsilon: Epsilon,
        noise: f64,
    ) -> Result<Self, dp_mechanisms::Error> {
        let std = |share: f64, sensitivity: f64| NoiseStd::new(noise * sensitivity / share.sqrt());
        let counted =
            LatticeL2Sensitivity::from_square(ExponentCounts::new(options).squared_sensitivity(), adjacency)?;
        let scale = LatticeGaussian::with_noise_std(std(SCALE_SHARE, counted.l2())?, counted)?;
        let moves = moment_sensitivity(adjacency)?;
        let round = |share: f64, rounds: u32| {
            SymmetricGaussian::with_noise_std(std(share / f64::from(rounds), moves.frobenius())?, moves)
        };
        let (rounds, rest) = (options.whitening_rounds(), 1.0 - SCALE_SHARE);
        let whitening = if rounds == 0 { None } else { Some(round(WHITENING_SHARE, rounds)?) };
        let left = if rounds == 0 { rest } else { rest - WHITENING_SHARE };
        let refining = round(left, options.refining_rounds())?;
        let quantile = quantile(options, adjacency, quantile_epsilon)?;
        // in the order in which they are released, as certificates add them up
        let mut profile = scale.profile().clone();
        if let Some(whitening) = &whitening {
            profile = profile.and(&whitening.profile().repeated(rounds.into()))?;
        }
        let refined = refining.profile().repeated(options.refining_rounds().into());
        let profile = profile.and(&refined)?.and(quantile.profile())?;
        Ok(Self { options: *options, scale, whitening, refining, quantile, quantile_epsilon, profile })
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

    /// The mechanism of round `t`, from 0.
    fn round(&self, t: u32) -> &SymmetricGaussian<A> {
        let whitening = self.whitening.as_ref().filter(|_| t < self.options.whitening_rounds());
        whitening.unwrap_or(&self.refining)
    }

    /// Standard deviation of the noise of each round on the diagonal, as a multiple of `R²`, the largest square of a row.
    #[must_use]
    pub fn noise_multipliers(&self) -> Vec<f64> {
        let square = f64::from(RADIUS) * f64::from(RADIUS);
        (0..self.options.rounds()).map(|t| self.round(t).noise_std().get() / square).collect()
    }

    /// Standard deviation of the noise of the first histogram, in rows.
    #[must_use]
    pub fn histogram_noise_std(&self) -> NoiseStd {
        self.scale.noise_std()
    }

    /// The mechanism of the level.
    pub const fn quantile(&self) -> &PrivateQuantile<A> {
        &self.quantile
    }

    /// Reads the rows `rounds + 2` times, and releases.
    ///
    /// A row that has an entry that is not finite adds nothing to any sum and counts as uncovered; every other row takes part, scaled back if it
    /// is long. Memory: `d²` numbers a thread, and 8 bytes a row in the last pass.
    ///
    /// # Errors
    /// [`Error::Length`] for rows of another dimension, [`Error::Source`]. Neither depends on entries; what a source makes known by
    /// failing is the source's.
    pub fn release<S: RowSource, R: CryptoRng + ?Sized>(
        &self,
        rows: PrivateRows<A, S>,
        rng: &mut R,
    ) -> Result<Release<RecordEllipsoid, PrivacyProfile<A>>, Error> {
        let (dim, threads) = (self.options.dim(), self.options.parallelism());
        if rows.dim() != dim {
            return Err(Error::Length { expected: dim, found: rows.dim() });
        }
        let mut source = rows.into_source();
        let counts = ExponentCounts::new(&self.options);
        let steps = count_exponents(&mut source, &counts, threads)?;
        let statistic = LatticeStatistic::new(steps, Lattice::new(0)?, self.scale.sensitivity(), MAX_ABS);
        let scale = self.scale.release(statistic, "sizes of columns and number of rows", rng)?;
        let (released, noise_std) = (scale.value().steps(), self.scale.noise_std().get());
        let rows = counts.rows(released, noise_std);
        let root = counts.root(released, noise_std, self.options.scale());
        let (root, rounds) = self.iterate(&mut source, root, rows, rng)?;
        let encoder = RoundEncoder::of_triangle(root.as_ref(), self.options.squared_clip(), 2);
        let cells = radius_cells(&mut source, &encoder, (dim, threads))?;
        let level = self.quantile.release(&cells, "level", rng);
        let radius = grid_to_radius(*level.value());
        let ellipsoid = self.levelled(root, radius, rows)?;
        let mut rounds = rounds.into_iter();
        let first = rounds.next().ok_or(Error::NoColumns)?;
        let moments = first.joined(rounds, "second moments of whitened rows")?;
        let all = scale.and(moments)?.and(level)?;
        Ok(self.described(all.postprocess(|_| ellipsoid)))
    }

    /// All rounds, from the first root.
    fn iterate<R: CryptoRng + ?Sized>(
        &self,
        source: &mut impl RowSource,
        mut root: Mat,
        rows: f64,
        rng: &mut R,
    ) -> Result<(Mat, Vec<RoundRelease<A>>), Error> {
        let mut releases = Vec::new();
        for t in 0..self.options.rounds() {
            let whitens = t < self.options.whitening_rounds();
            if t == self.options.whitening_rounds() {
                change_order(&mut root, &self.options);
            }
            let order = if whitens { 2 } else { self.options.target().order() };
            let release = self.moments(source, &root, (t, order), rng)?;
            let reading = Reading {
                moments: release.value(),
                noise_std: self.round(t).noise_std().get(),
                rows,
                squared_clip: self.options.squared_clip(),
                order,
            };
            root = reading.next_root(root.as_ref())?;
            releases.push(release);
        }
        Ok((root, releases))
    }

    /// One round's sum, released.
    fn moments<R: CryptoRng + ?Sized>(
        &self,
        source: &mut impl RowSource,
        root: &Mat,
        (t, order): (u32, u32),
        rng: &mut R,
    ) -> Result<RoundRelease<A>, Error> {
        let (dim, threads) = (self.options.dim(), self.options.parallelism());
        let encoder = RoundEncoder::of_triangle(root.as_ref(), self.options.squared_clip(), order);
        let steps = sum_moments(source, &encoder, (dim, threads))?;
        let round = self.round(t);
        let statistic = LatticeStatistic::new(steps, Lattice::new(0)?, round.sensitivity(), MAX_ABS);
        Ok(round.release(statistic, "second moments of whitened rows", rng)?)
    }

    fn levelled(&self, mut root: Mat, radius: f64, rows: f64) -> Result<RecordEllipsoid, Error> {
        root.as_mut_slice().iter_mut().for_each(|entry| *entry /= radius);
        let range = self.quantile.range();
        let level = self.quantile.level().get();
        let spread = if A::NUMBER_OF_ROWS_IS_PUBLIC { 2.0 } else { 2.0 * level.max(1.0 - level) };
        Ok(RecordEllipsoid {
            ellipsoid: ReleasedEllipsoid::from_root(root)?,
            rows,
            uncovered: self.options.uncovered(),
            rank_scale: spread / self.quantile_epsilon.get(),
            cells: (range.high() - range.low() + 1) as f64,
            clip_score: self.options.squared_clip() / (radius * radius),
            order: self.options.target().order(),
        })
    }

    fn described<T>(&self, release: Release<T, PrivacyProfile<A>>) -> Release<T, PrivacyProfile<A>> {
        release
            .with_parameter("dim", self.options.dim())
            .with_parameter("order", self.options.target().order())
            .with_parameter("clip", self.options.clip())
            .with_parameter("scale", self.options.scale())
            .with_parameter("whitening_rounds", self.options.whitening_rounds())
            .with_parameter("refining_rounds", self.options.refining_rounds())
            .with_parameter("uncovered", self.options.uncovered())
            .with_parameter("quantile_share", self.options.quantile_share())
            .with_claim(claims::RECORD_SENSITIVITY)
            .with_claim(claims::RECORD_PRIVACY)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }
}

/// `R⁴` for a row that comes or goes, `2R⁴` for one that is replaced: squares.
fn moment_sensitivity<A: QuantileAdjacency>(
    adjacency: A,
) -> Result<LatticeFrobeniusSensitivity<A>, dp_mechanisms::Error> {
    let rows = if A::NUMBER_OF_ROWS_IS_PUBLIC { 2 } else { 1 };
    LatticeFrobeniusSensitivity::from_square(rows * u128::from(RADIUS).pow(4), adjacency)
}

/// Over radii from `√d/2⁶` to `2⁵√d`: at the target, whitened rows have some `√d`. Wider, and a weak budget would more often end far out.
fn quantile<A: QuantileAdjacency>(
    options: &RecordOptions,
    adjacency: A,
    epsilon: Epsilon,
) -> Result<PrivateQuantile<A>, dp_mechanisms::Error> {
    let typical = (options.dim() as f64).sqrt();
    let range = QuantileRange::new(radius_to_grid(typical / 64.0), radius_to_grid(typical * 32.0))?;
    let level = QuantileLevel::new(1.0 - options.uncovered())?;
    Ok(PrivateQuantile::new(epsilon, level, range, adjacency))
}

/// Releases an ellipsoid around all but a share of private rows: [`RecordMechanism::calibrate`] and [`release`](RecordMechanism::release).
///
/// # Guarantee
/// (ε, δ)-differential privacy under the adjacency of the rows: whole rows are protected, whatever they hold. On the machine as run
/// ([`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice)).
///
/// # Errors
/// [`Error::Length`], [`Error::Mechanism`], [`Error::Source`]: none depends on entries; what a source makes known by failing is the
/// source's.
///
/// See [`RecordEllipsoid`] for an example.
pub fn private_ellipsoid<A: QuantileAdjacency, S: RowSource, R: CryptoRng + ?Sized>(
    rows: PrivateRows<A, S>,
    options: &RecordOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<RecordEllipsoid, PrivacyProfile<A>>, Error> {
    RecordMechanism::calibrate(options, rows.adjacency(), epsilon, delta)?.release(rows, rng)
}
