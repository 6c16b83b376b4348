//! Ways to learn, with the same features.

use crate::baseline;
use crate::data::Split;
use dp_linalg::{Mat, MatRef, Parallelism, matmul};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, gaussian, secure_rng};
use ntk_dp::classify;
use ntk_dp::image::{ImageFeatures, Scattering, Textures};
use ntk_dp::private::{
    DescentMechanism, DescentOptions, PrivateRecords, RecordMechanism, RecordOptions, RowNorm,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) const DELTA: f64 = 1e-5;
const CLASSES: usize = 10;
/// Pictures of nothing, and the seed that they are drawn from.
const TEXTURES: usize = 3000;
const SEED: u64 = 2026;
/// More features are not made.
const MOST: usize = 2048;
/// Features of the release of moments, whose noise grows with their square.
const MOST_MOMENTS: usize = 512;
/// Rows are clipped at so many times the length that public images have.
const CLIP: f64 = 2.0;
/// Rows a feature, at μ = 1.
const ROWS_A_FEATURE: f64 = 25.0;
/// Of the budget, for the centre of the moments.
const CENTRE: f64 = 0.05;

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
    pub(crate) fn new(split: Split) -> Outcome<Self> {
        let threads = Parallelism::available();
        let textures = Textures::new(split.shape).draw(TEXTURES, &mut ChaCha8Rng::seed_from_u64(SEED));
        let scattering = Scattering::new(split.shape).with_symmetry(split.symmetry);
        let dim = MOST.min(scattering.dim() / 2);
        let features = ImageFeatures::fit(scattering, textures.as_ref(), dim, threads)?;
        let Split { train, test, name, announced, .. } = split;
        Ok(Self {
            name,
            announced,
            train: features.apply(train.pixels.as_ref(), threads)?,
            test: features.apply(test.pixels.as_ref(), threads)?,
            labels: train.labels,
            test_labels: test.labels,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// How many features a budget is worth: a public rule, of the announced number of rows and μ.
    pub(crate) fn dim(&self, method: Method, epsilon: f64) -> Outcome<usize> {
        let mu = gaussian::mu_for(Epsilon::new(epsilon)?, Delta::new(DELTA)?).get();
        let worth = (self.announced as f64 * mu / ROWS_A_FEATURE) as usize;
        let most = if method == Method::Moments { MOST_MOMENTS } else { MOST };
        let dim = if method == Method::Exact { MOST } else { worth.max(16) };
        Ok(dim.min(most).min(self.train.ncols()))
    }

    /// Learns `count` times, each with other noise; accuracies on the other part.
    pub(crate) fn accuracies(&self, method: Method, epsilon: f64, count: usize) -> Outcome<Vec<f64>> {
        let dim = self.dim(method, epsilon)?;
        let (train, test) = (self.train.as_ref().subcols(0..dim), self.test.as_ref().subcols(0..dim));
        match method {
            Method::Descent => self.descent((train, test), epsilon, count),
            Method::Moments => self.moments((train, test), epsilon, count),
            Method::Stochastic => self.stochastic((train, test), epsilon, count),
            Method::Exact => {
                let n = train.nrows() as f64;
                let mean: Vec<f64> = column_sums(train).iter().map(|sum| sum / n).collect();
                let [train, test] = [train, test].map(|rows| baseline::normalised(rows, &mean));
                Ok(vec![self.linear(&test, &baseline::exact(train.as_ref(), &self.labels, CLASSES)?)?])
            }
        }
    }

    fn stochastic(
        &self,
        (train, test): (MatRef<'_>, MatRef<'_>),
        epsilon: f64,
        count: usize,
    ) -> Outcome<Vec<f64>> {
        let (for_centre, for_steps) = baseline::noise_multipliers(epsilon, DELTA)?;
        let clip = CLIP * (train.ncols() as f64).sqrt();
        let rng = &mut secure_rng()?;
        let mut learn = |_| {
            let centre = baseline::centre(train, (clip, for_centre), rng);
            let [train, test] = [train, test].map(|rows| baseline::normalised(rows, &centre));
            let rows = (train.as_ref(), &self.labels[..]);
            self.linear(&test, &baseline::stochastic(rows, CLASSES, for_steps, rng)?)
        };
        (0..count).map(&mut learn).collect()
    }

    fn descent(
        &self,
        (train, test): (MatRef<'_>, MatRef<'_>),
        epsilon: f64,
        count: usize,
    ) -> Outcome<Vec<f64>> {
        let clip = RowNorm::Clip(CLIP * (train.ncols() as f64).sqrt());
        let options = DescentOptions::new(train.ncols(), CLASSES)?
            .with_norm(clip)?
            .with_parallelism(Parallelism::available());
        let (epsilon, delta) = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
        let mechanism = DescentMechanism::calibrate(&options, AddRemoveRow, epsilon, delta)?;
        let learn = |_| {
            let records = PrivateRecords::new(AddRemoveRow, (train, &self.labels[..]));
            let release = mechanism.release(records, &mut secure_rng()?)?;
            Ok(self.accuracy(&release.value().classify(test)?))
        };
        (0..count).map(learn).collect()
    }

    fn moments(
        &self,
        (train, test): (MatRef<'_>, MatRef<'_>),
        epsilon: f64,
        count: usize,
    ) -> Outcome<Vec<f64>> {
        let options = RecordOptions::classes(train.ncols(), CLASSES)?
            .with_norm(RowNorm::Clip(CLIP * (train.ncols() as f64).sqrt()))?
            .with_centred_norm(RowNorm::Normalise)?
            .with_centre(CENTRE)?
            .with_parallelism(Parallelism::available());
        let (epsilon, delta) = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
        let mechanism = RecordMechanism::calibrate(&options, AddRemoveRow, epsilon, delta)?;
        let learn = |_| {
            let records = PrivateRecords::new(AddRemoveRow, (train, &self.labels[..]));
            let release = mechanism.release(records, &mut secure_rng()?)?;
            let ridge = release.value().spectrum()?.least_risk()?;
            Ok(self.accuracy(&ridge.classify(test)?))
        };
        (0..count).map(learn).collect()
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

fn column_sums(rows: MatRef<'_>) -> Vec<f64> {
    let mut sums = vec![0.0; rows.ncols()];
    for row in rows.rows() {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sums
}
