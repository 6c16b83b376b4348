//! Differential-privacy vocabulary, exact lattice noise, certified calibration and release types.
//!
//! # What this crate guarantees
//!
//! Let `s ∈ ℤᴰ` be a statistic of private data that moves by at most Δ in Euclidean norm between neighbouring data sets.
//! [`LatticeGaussian`] releases `s + ⌊σN⌉`. Because `s` is integral this equals `⌊s + σN⌉`, post-processing of the Gaussian
//! mechanism: it is (ε, δ)-differentially private for *all* ε at once with
//!
//! ```text
//! δ(ε) = Φ(Δ/2σ − εσ/Δ) − e^ε Φ(−Δ/2σ − εσ/Δ)           (Balle, Wang 2018, Theorem 8)
//! ```
//!
//! in any dimension, with no discretisation term. And it holds on the machine as run, not only for real numbers: Δ² is an
//! exact integer, noise is sampled from exactly that law ([`RoundedGaussian`]), and σ is found in certified arithmetic that
//! rounds toward more noise ([`gaussian`]). Where a guarantee holds for real numbers only, its certificate says
//! [`RealModel`](ArithmeticModel::RealModel).
//!
//! # What it does not
//!
//! Guarantees rest on the stated sensitivity: it is the caller's theorem. They do not cover timing, memory, or a generator
//! that is not a source of uniform bits.
//!
//! # Tour
//!
//! | module or type | what it is |
//! |---|---|
//! | [`Epsilon`], [`Delta`], [`Rho`], [`NoiseStd`], … | parameters, checked once; none has a default |
//! | [`AddRemoveRow`], [`ReplaceRow`], [`AddRemoveDocument`], [`PerturbRow`] | adjacency as a type: mixing two does not compile |
//! | [`L1Sensitivity`], [`L2Sensitivity`], [`LatticeL1Sensitivity`], [`LatticeL2Sensitivity`], [`LatticeFrobeniusSensitivity`] | how far a statistic moves, and between which neighbours |
//! | [`gaussian`], [`normal`], [`certified`] | profile, calibration, quantiles with proven bounds |
//! | [`covariance`] | what Gaussian draws tell about a covariance that changes: exact, or bounded over all changes |
//! | [`noise`] | exact samplers on the integers, their pmf and cdf, the exact privacy of a shift |
//! | [`Lattice`], [`LatticeStatistic`], [`symmetric`] | statistics on the integers |
//! | [`rows`] | private rows as integers, for releases with a place for each row |
//! | [`LatticeGaussian`], [`LatticeLaplace`], [`TruncatedLaplace`], [`SymmetricGaussian`] | from integers to a release |
//! | [`selection`] | the best of several candidates, scores above a threshold, quantiles, stable answers |
//! | [`continual`] | all prefix sums of a stream under one guarantee: binary tree and square root |
//! | [`GaussianSampling`], [`ChangeBound`] | draws of `N(0, Σ)` for a private Σ (releases: feature `linalg`) |
//! | [`PrivacyProfile`] | a guarantee, of one mechanism or of many, with its (ε, δ), zero-concentrated, Rényi and Gaussian views |
//! | [`accounting`] | how guarantees add up: loss distributions and five other accountants, samples, groups, targets, filters, odometers |
//! | [`Release`], [`Certificate`] | what may leave, and what is known about it |
//!
//! # Which mechanism when
//!
//! | you want to release | it moves between neighbours by | take | guarantee |
//! |---|---|---|---|
//! | a vector of sums, a histogram | a bounded L2 norm | [`LatticeGaussian`] | (ε, δ) for all ε at once; the default for more than a few numbers |
//! | a few counts, a histogram of disjoint cells | a bounded L1 norm | [`LatticeLaplace`] | pure ε |
//! | the same, with noise that is never large | a bounded L1 norm | [`TruncatedLaplace`] | (ε, δ), all noise within a bound |
//! | a symmetric matrix (moments, covariances) | a bounded Frobenius norm | [`SymmetricGaussian`] | as Gaussian, half the entries |
//! | every prefix sum of a stream | one step by a bounded norm | [`continual::SquareRootSum`]; [`continual::BinaryTreeSum`] where memory counts | as Gaussian, for the whole stream |
//! | draws of `N(0, Σ)` | Σ by a bounded relative change | [`GaussianSampling`] | (ε, δ), real arithmetic |
//! | the best of several options | each score by at most Δ | [`selection::PermuteAndFlip`]; [`selection::ExponentialMechanism`] if it is composed often | pure ε |
//! | … and by how much it is better | each score by at most Δ | [`selection::ReportNoisyMax`] | pure ε, the gap for free |
//! | which of many queries exceed a threshold | each query by at most Δ | [`selection::AboveThreshold`] | pure ε, paid only for those above |
//! | a median, a quantile | (one row) | [`selection::PrivateQuantile`] | pure ε |
//! | an exact answer that hardly ever changes | the distance to change by at most one | [`selection::StabilityTest`], [`selection::ProposeTestRelease`] | (ε, δ) |
//!
//! Then add up what was lost with [`PrivacyProfile`]: [`accounting`] says which accountant when.
//!
//! # Example
//!
//! ```
//! use dp_mechanisms::{
//!     AddRemoveRow, Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, secure_rng,
//! };
//!
//! // total and squares of readings in 0 … 255, in whole units: one record moves them by at most (255, 255²)
//! let readings = [12_i64, 250, 77, 31, 199];
//! let steps = vec![readings.iter().sum(), readings.iter().map(|x| x * x).sum()];
//! let sensitivity = LatticeL2Sensitivity::from_square(255_u128.pow(2) + 255_u128.pow(4), AddRemoveRow)?;
//! let statistic = LatticeStatistic::new(steps, Lattice::new(0)?, sensitivity, 1 << 48);
//!
//! let mechanism = LatticeGaussian::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
//! let release = mechanism.release(statistic, "sum and sum of squares", &mut secure_rng()?)?;
//! println!("{:?} {:?}", release.value().to_f64(), release.certificate().guarantee().epsilon(Delta::new(1e-9)?));
//! # Ok::<(), dp_mechanisms::Error>(())
//! ```
//!
//! # Features
//!
//! - `linalg`: [`GaussianSampling`] releases whole matrices; brings in dp-linalg and its backend. Changes no result.
//!
//! # References
//!
//! Balle, Wang 2018, *Improving the Gaussian Mechanism for Differential Privacy*. Canonne, Kamath, Steinke 2020, *The
//! Discrete Gaussian for Differential Privacy*. Dong, Roth, Su 2019, *Gaussian Differential Privacy*. Proofs of what is
//! new here: `docs/theorems.md` of the project.

pub mod accounting;
mod adjacency;
pub mod certified;
pub mod claims;
pub mod covariance;
mod error;
pub mod gaussian;
mod lattice;
mod mechanisms;
pub mod noise;
pub mod normal;
mod params;
mod release;
mod rng;
pub mod rows;
mod sensitivity;
pub mod symmetric;

pub use accounting::{Accountant, PrivacyProfile};
pub use adjacency::{AddRemoveDocument, AddRemoveRow, Adjacency, Group, PerturbRow, ReplaceRow};
pub use error::{Error, Parameter};
pub use lattice::{Lattice, LatticeStatistic, LatticeVector};
#[cfg(feature = "linalg")]
pub use mechanisms::PrivateCovariance;
pub use mechanisms::{
    ChangeBound, Feasibility, GaussianSampling, GaussianSamplingProfile, LatticeGaussian, LatticeLaplace,
    SamplingError, SymmetricGaussian, TruncatedLaplace, continual, selection,
};
pub use noise::{DiscreteGaussian, DiscreteLaplace, RoundedGaussian};
pub use params::{
    Delta, Epsilon, FailureProbability, Mu, NoiseScale, NoiseStd, QuantileLevel, RenyiOrder, Rho,
    SamplingRate,
};
pub use release::{ArithmeticModel, Certificate, Provenance, Release};
pub use rng::secure_rng;
pub use sensitivity::{
    L1Sensitivity, L2Sensitivity, LatticeFrobeniusSensitivity, LatticeL1Sensitivity, LatticeL2Sensitivity,
};
pub use symmetric::SymmetricLatticeMatrix;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
