//! Ways to learn, with the same features.

use crate::baseline::{self, Sampled, Step};
use crate::data::Split;
use crate::settings::{
    CENTRE, COLOURS, FREQUENCIES, LEAVES, MOMENTUM, POWER, RATE, RESIDUAL_CLIP, ROW_CLIP, ROWS_A_WEIGHT,
    SIGNAL, STEPS, Settings, TARGET_WEIGHT, TIME, WHITENING,
};
use dp_linalg::{Mat, MatRef, Parallelism, matmul};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, gaussian};
use ntk_dp::classify;
use ntk_dp::image::{
    CellBasis, Colours, Compression, FeatureOptions, ImageFeatures, ImageShape, Scattering, Textures,
};
use ntk_dp::private::{
    DescentMechanism, DescentOptions, PrivateRecords, RecordMechanism, RecordOptions, RowNorm,
};
use rand::{CryptoRng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::io::Write as _;

type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) const DELTA: f64 = 1e-5;
const CLASSES: usize = 10;
/// Pictures of nothing, and the seed that they are drawn from.
const TEXTURES: usize = 3000;
const SEED: u64 = 2026;
/// More features are not made.
const MOST: usize = 2048;
/// Features of the release of moments, whose time grows with their square.
const MOST_MOMENTS: usize = 1024;
/// Fewer are worth nothing.
const LEAST: usize = 16;

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Gradients on the lattice, all rows in each step.
    Descent,
    /// One release of second moments, and the ridge of least estimated risk.
    Moments,
    /// Stochastic gradients of a sample in each step, noise in floating point.
    Stochastic,
    /// Without privacy.
    Exact,
}

impl Method {
    pub(crate) const ALL: [Self; 4] = [Self::Descent, Self::Moments, Self::Stochastic, Self::Exact];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Descent => "private descent",
            Self::Moments => "one release of moments",
            Self::Stochastic => "DP-SGD",
            Self::Exact => "not private",
        }
    }
}

/// Features of both parts.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    announced: usize,
    train: Mat,
    test: Mat,
    labels: Vec<usize>,
    test_labels: Vec<usize>,
}

impl Case {
    /// Features from public parameters alone.
    pub(crate) fn new(split: &Split, settings: &Settings) -> Outcome<Self> {
        let threads = Parallelism::available();
        let scattering = scattering(split.shape, settings).with_symmetry(split.symmetry);
        let options = feature_options(MOST.min(scattering.dim() / 2), settings)?;
        let public = pictures_of_nothing(split.shape, settings);
        let features = ImageFeatures::fit(scattering, public.as_ref(), &options, threads)?;
        let Split { train, test, name, announced, .. } = split;
        Ok(Self {
            name,
            announced: *announced,
            train: features.apply(train.pixels.as_ref(), threads)?,
            test: features.apply(test.pixels.as_ref(), threads)?,
            labels: train.labels.clone(),
            test_labels: test.labels.clone(),
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// How many features a budget is worth: a public rule, of the announced number of rows and μ.
    pub(crate) fn dim(&self, settings: &Settings, epsilon: f64) -> Outcome<usize> {
        let mu = gaussian::mu_for(Epsilon::new(epsilon)?, Delta::new(DELTA)?).get();
        let rows = self.announced as f64 * mu;
        let worth = match settings.method() {
            Method::Descent | Method::Stochastic => rows / (settings.get(ROWS_A_WEIGHT) * CLASSES as f64),
            Method::Moments => (rows / settings.get(SIGNAL)).powf(2.0 / 3.0),
            Method::Exact => MOST as f64,
        };
        let most = if settings.method() == Method::Moments { MOST_MOMENTS } else { MOST };
        Ok((worth as usize).max(LEAST).min(most).min(self.train.ncols()))
    }

    /// Learns `count` times, each with other noise; accuracies on the other part.
    pub(crate) fn accuracies<R: CryptoRng>(
        &self,
        settings: &Settings,
        (epsilon, count): (f64, usize),
        rng: &mut R,
    ) -> Outcome<Vec<f64>> {
        let dim = self.dim(settings, epsilon)?;
        let parts = (self.train.as_ref().subcols(0..dim), self.test.as_ref().subcols(0..dim));
        match settings.method() {
            Method::Descent => self.descent(parts, settings, (epsilon, count), rng),
            Method::Moments => self.moments(parts, settings, (epsilon, count), rng),
            Method::Stochastic => self.stochastic(parts, settings, (epsilon, count), rng),
            Method::Exact => self.exact(parts),
        }
    }

    fn exact(&self, (train, test): (MatRef<'_>, MatRef<'_>)) -> Outcome<Vec<f64>> {
        let n = train.nrows() as f64;
        let mean: Vec<f64> = column_sums(train).iter().map(|sum| sum / n).collect();
        let [train, test] = [train, test].map(|rows| baseline::normalised(rows, &mean));
        let (weights, (steps, size)) = baseline::exact(train.as_ref(), &self.labels, CLASSES)?;
        writeln!(std::io::stderr(), "{}: {steps} steps of {size} without privacy", self.name)?;
        Ok(vec![self.linear(&test, &weights)?])
    }

    fn stochastic<R: CryptoRng>(
        &self,
        (train, test): (MatRef<'_>, MatRef<'_>),
        settings: &Settings,
        (epsilon, count): (f64, usize),
        rng: &mut R,
    ) -> Outcome<Vec<f64>> {
        let sampled = Sampled {
            steps: settings.get(STEPS) as u32,
            rate: settings.get(RATE),
            centre: settings.get(CENTRE),
            step: step(settings),
        };
        let (for_centre, for_steps) = baseline::noise_multipliers(sampled, epsilon, DELTA)?;
        let clip = row_clip(settings, train.ncols());
        let mut learn = |_| {
            let centre = baseline::centre(train, (clip, for_centre), rng);
            let [train, test] = [train, test].map(|rows| baseline::normalised(rows, &centre));
            let rows = (train.as_ref(), &self.labels[..]);
            self.linear(&test, &baseline::stochastic(rows, CLASSES, (sampled, for_steps), rng)?)
        };
        (0..count).map(&mut learn).collect()
    }

    fn descent<R: CryptoRng>(
        &self,
        (train, test): (MatRef<'_>, MatRef<'_>),
        settings: &Settings,
        (epsilon, count): (f64, usize),
        rng: &mut R,
    ) -> Outcome<Vec<f64>> {
        let step = step(settings);
        let options = DescentOptions::new(train.ncols(), CLASSES)?
            .with_norm(RowNorm::Clip(row_clip(settings, train.ncols())))?
            .with_centre(settings.get(CENTRE))?
            .with_steps(settings.get(STEPS) as u32)?
            .with_step_size(step.size)?
            .with_momentum(step.momentum)?
            .with_residual_clip(step.clip)?
            .with_parallelism(Parallelism::available());
        let (epsilon, delta) = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
        let mechanism = DescentMechanism::calibrate(&options, AddRemoveRow, epsilon, delta)?;
        let mut learn = |_| {
            let records = PrivateRecords::new(AddRemoveRow, (train, &self.labels[..]));
            let release = mechanism.release(records, rng)?;
            Ok(self.accuracy(&release.value().classify(test)?))
        };
        (0..count).map(&mut learn).collect()
    }

    fn moments<R: CryptoRng>(
        &self,
        (train, test): (MatRef<'_>, MatRef<'_>),
        settings: &Settings,
        (epsilon, count): (f64, usize),
        rng: &mut R,
    ) -> Outcome<Vec<f64>> {
        let options = RecordOptions::classes(train.ncols(), CLASSES)?
            .with_norm(RowNorm::Clip(row_clip(settings, train.ncols())))?
            .with_centred_norm(RowNorm::Normalise)?
            .with_target_weight(settings.get(TARGET_WEIGHT))?
            .with_centre(settings.get(CENTRE))?
            .with_parallelism(Parallelism::available());
        let (epsilon, delta) = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
        let mechanism = RecordMechanism::calibrate(&options, AddRemoveRow, epsilon, delta)?;
        let mut learn = |_| {
            let records = PrivateRecords::new(AddRemoveRow, (train, &self.labels[..]));
            let release = mechanism.release(records, rng)?;
            let ridge = release.value().spectrum()?.least_risk()?;
            Ok(self.accuracy(&ridge.classify(test)?))
        };
        (0..count).map(&mut learn).collect()
    }

    fn linear(&self, test: &Mat, weights: &Mat) -> Outcome<f64> {
        let scores = matmul(test.as_ref(), weights.as_ref(), Parallelism::available())?;
        Ok(self.accuracy(&classify(scores.as_ref())))
    }

    fn accuracy(&self, found: &[usize]) -> f64 {
        let right = found.iter().zip(&self.test_labels).filter(|(a, b)| a == b).count();
        right as f64 / self.test_labels.len() as f64
    }
}

pub(crate) fn scattering(shape: ImageShape, settings: &Settings) -> Scattering {
    Scattering::new(shape)
        .with_compression(if settings.get(POWER) < 1.0 { Compression::Root } else { Compression::None })
        .with_colours(if settings.get(COLOURS) > 0.0 { Colours::Opponent } else { Colours::Given })
}

pub(crate) fn feature_options(dim: usize, settings: &Settings) -> Outcome<FeatureOptions> {
    let basis = if settings.get(FREQUENCIES) > 0.0 { CellBasis::Frequencies } else { CellBasis::Cells };
    Ok(FeatureOptions::new(dim).with_basis(basis).with_whitening(settings.get(WHITENING))?)
}

/// Pictures that features are weighted by.
fn pictures_of_nothing(shape: ImageShape, settings: &Settings) -> Mat {
    let rng = &mut ChaCha8Rng::seed_from_u64(SEED);
    if settings.get(LEAVES) > 0.0 {
        Textures::new(shape).draw(TEXTURES, rng)
    } else {
        Mat::from_fn(TEXTURES, shape.len(), |_, _| rng.random())
    }
}

/// All steps together are as long as the time says.
fn step(settings: &Settings) -> Step {
    let size = settings.get(TIME) * (1.0 - MOMENTUM) / settings.get(STEPS);
    Step { size, momentum: MOMENTUM, clip: settings.get(RESIDUAL_CLIP) }
}

/// Textures have a length of about `√D`.
fn row_clip(settings: &Settings, dim: usize) -> f64 {
    settings.get(ROW_CLIP) * (dim as f64).sqrt()
}

fn column_sums(rows: MatRef<'_>) -> Vec<f64> {
    let mut sums = vec![0.0; rows.ncols()];
    for row in rows.rows() {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sums
}
