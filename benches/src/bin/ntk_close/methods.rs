//! Ways from private points to predictions at new ones, each under one (ε, δ) for moves by β.

use crate::data::{DIM, Set};
use dp_linalg::{Mat, MatRef, Parallelism, matmul};
use dp_mechanisms::{Delta, Epsilon, GaussianSampling, PerturbRow};
use ntk_dp::private::close::{
    CloseOptions, Labels, PrivateLabels, PrivatePoints, PublicLabels, gram_mechanism,
    published_gram_mechanism, release_gram_with, release_labels, release_points, release_points_as_published,
};
use ntk_dp::{Error as Refusal, Kernel, KernelRidge};
use rand::CryptoRng;
use std::error::Error;

pub(crate) const DELTA: f64 = 1e-5;
/// A last coordinate that is the same in all points, public: the kernel is `(⟨x, y⟩ + ½)²`.
const CONSTANT: f64 = core::f64::consts::FRAC_1_SQRT_2;
/// Ridge of fits without a sampled matrix.
const RIDGE: f64 = 0.3;
/// Draws of a matrix: more take longer than they are worth here.
pub(crate) const MAX_DRAWS: u32 = 1 << 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Half of the budget for draws by the published condition, half for truncated Laplace noise on points.
    Published,
    /// The same with draws by the exact profile.
    Exact,
    /// The noise on points of the published algorithm alone, with the whole budget.
    LaplacePoints,
    /// Gaussian noise on points with the whole budget.
    Points,
    /// The same with half of ε, and Laplace noise on labels with the other half: the only one that covers labels.
    PointsAndLabels,
}

impl Method {
    pub(crate) const ALL: [Self; 5] =
        [Self::Published, Self::Exact, Self::LaplacePoints, Self::Points, Self::PointsAndLabels];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Published => "published: draws and Laplace",
            Self::Exact => "the same, exact account",
            Self::LaplacePoints => "its Laplace noise alone",
            Self::Points => "Gaussian noise on points",
            Self::PointsAndLabels => "and private labels, half of ε",
        }
    }
}

/// Share of `test` whose sign is predicted.
pub(crate) fn without_privacy(train: &Set, test: &Set, ridge: f64) -> Result<f64, Box<dyn Error>> {
    fit_and_score(&train.points, train.labels.as_ref(), test, ridge)
}

/// One release; none where public parameters do not allow it.
pub(crate) fn accuracy<R: CryptoRng>(
    (train, test): (&Set, &Set),
    (method, beta, epsilon): (Method, f64, f64),
    rng: &mut R,
) -> Result<Option<f64>, Box<dyn Error>> {
    let close = PerturbRow::new(beta)?;
    let whole = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
    let half = (Epsilon::new(epsilon / 2.0)?, Delta::new(DELTA / 2.0)?);
    let found = match method {
        Method::Published => published_gram_mechanism(close, &options(train)?, half.0, half.1)
            .map(|mechanism| sampled((train, test), (close, half), &mechanism, rng)),
        Method::Exact => gram_mechanism(close, &options(train)?, half.0, half.1)
            .map(|mechanism| sampled((train, test), (close, half), &mechanism, rng)),
        Method::LaplacePoints => laplace_points(train, (close, whole), rng)
            .map(|points| fit_and_score(&points, train.labels.as_ref(), test, RIDGE)),
        Method::Points => gaussian_points(train, (close, whole), rng)
            .map(|points| fit_and_score(&points, train.labels.as_ref(), test, RIDGE)),
        Method::PointsAndLabels => gaussian_points(train, (close, (half.0, whole.1)), rng)
            .map(|points| with_labels((train, &points), test, (close, half.0), rng)),
    };
    match found {
        Ok(score) => score.map(Some),
        Err(Refusal::Mechanism(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

pub(crate) fn kernel() -> Kernel {
    Kernel::quadratic(1.0).expect("a positive variance")
}

/// Of points with the constant.
pub(crate) fn options(train: &Set) -> Result<CloseOptions, Refusal> {
    let radius = (1.0 + CONSTANT * CONSTANT).sqrt();
    let options = CloseOptions::new(kernel(), (train.points.nrows(), DIM + 1), radius)?;
    Ok(options
        .with_max_draws(dp_mechanisms::covariance::Draws::new(MAX_DRAWS)?)
        .with_parallelism(Parallelism::available()))
}

/// Of points without it: noise on what is public would be wasted.
pub(crate) fn bare_options(train: &Set) -> Result<CloseOptions, Refusal> {
    CloseOptions::new(kernel(), (train.points.nrows(), DIM), 1.0)
}

pub(crate) fn with_constant(points: MatRef<'_>) -> Mat {
    Mat::from_fn(points.nrows(), DIM + 1, |i, j| points.row(i).get(j).copied().unwrap_or(CONSTANT))
}

fn laplace_points<R: CryptoRng>(
    train: &Set,
    (close, (epsilon, delta)): (PerturbRow, (Epsilon, Delta)),
    rng: &mut R,
) -> Result<Mat, Refusal> {
    let private = PrivatePoints::new(close, train.points.as_ref());
    let release = release_points_as_published(private, &bare_options(train)?, epsilon, delta, rng)?;
    Ok(release.value().projected())
}

fn gaussian_points<R: CryptoRng>(
    train: &Set,
    (close, (epsilon, delta)): (PerturbRow, (Epsilon, Delta)),
    rng: &mut R,
) -> Result<Mat, Refusal> {
    let private = PrivatePoints::new(close, train.points.as_ref());
    Ok(release_points(private, &bare_options(train)?, epsilon, delta, rng)?.value().projected())
}

/// Noise of variance `2b²` on labels of size one asks for a ridge so much larger.
fn with_labels<R: CryptoRng>(
    (train, points): (&Set, &Mat),
    test: &Set,
    (close, epsilon): (PerturbRow, Epsilon),
    rng: &mut R,
) -> Result<f64, Box<dyn Error>> {
    let labels = release_labels(PrivateLabels::new(close, train.labels.as_ref()), 1.0, epsilon, rng)?;
    let scale = labels.value().noise_scale();
    fit_and_score(points, labels.value().clipped().targets(), test, RIDGE * (1.0 + 2.0 * scale * scale))
}

/// Coefficients from draws, kernel values of new points from noised ones.
fn sampled<R: CryptoRng>(
    (train, test): (&Set, &Set),
    (close, half): (PerturbRow, (Epsilon, Delta)),
    mechanism: &GaussianSampling<PerturbRow>,
    rng: &mut R,
) -> Result<f64, Box<dyn Error>> {
    let (points, options) = (with_constant(train.points.as_ref()), options(train)?);
    let private = PrivatePoints::new(close, points.as_ref());
    let gram = release_gram_with(private, &options, mechanism, rng)?;
    // as much as the noise of so many draws on λI, whose eigenvalues lie within (1 ± √(n/k))²λ
    let ratio = options.rows() as f64 / f64::from(gram.value().draws().get());
    let ridge = options.ridge() * (2.0 * ratio.sqrt() + ratio);
    let coefficients =
        gram.value().coefficients(ridge, &PublicLabels::assume_public(train.labels.clone())?)?;
    let noised = with_constant(laplace_points(train, (close, half), rng)?.as_ref());
    let rows = with_constant(test.points.as_ref());
    let values = kernel().cross_gram(rows.as_ref(), noised.as_ref(), Parallelism::available())?;
    let scores = matmul(values.as_ref(), coefficients.matrix(), Parallelism::available())?;
    Ok(score(scores.as_ref(), test))
}

fn fit_and_score(points: &Mat, labels: MatRef<'_>, test: &Set, ridge: f64) -> Result<f64, Box<dyn Error>> {
    let ridge = KernelRidge::new(kernel(), ridge)?.with_parallelism(Parallelism::available());
    let model = ridge.fit(with_constant(points.as_ref()).as_ref(), labels)?;
    let scores = model.predict(with_constant(test.points.as_ref()).as_ref())?;
    Ok(score(scores.as_ref(), test))
}

fn score(scores: MatRef<'_>, test: &Set) -> f64 {
    let pairs = scores.rows().flatten().zip(test.labels.as_slice());
    let right = pairs.filter(|(score, label)| *score * *label > 0.0).count();
    right as f64 / test.labels.nrows() as f64
}
