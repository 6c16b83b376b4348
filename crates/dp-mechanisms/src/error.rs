//! What can go wrong, by fault: the caller's parameter, the shape of the data, the machine.

use core::fmt;

/// Failures of this crate. Every field is a public parameter or a shape, never private data.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Epsilon, Error, Parameter};
///
/// let error = Epsilon::new(-1.0).unwrap_err();
/// assert_eq!(error, Error::OutOfRange { parameter: Parameter::Epsilon, value: -1.0 });
/// assert_eq!(error.to_string(), "epsilon = -1 is outside 0 < epsilon < ∞");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // the caller's parameter
    /// A parameter is NaN or outside its range.
    #[error("{parameter} = {value} is outside {}", parameter.range())]
    OutOfRange {
        /// Which parameter.
        parameter: Parameter,
        /// The value as given.
        value: f64,
    },
    /// The noise that the target needs is beyond what the sampler supports.
    #[error(
        "a noise standard deviation of {noise_std} lattice steps is outside {min} … {max}: choose a lattice of another step"
    )]
    NoiseUnsupported {
        /// Standard deviation in lattice steps.
        noise_std: f64,
        /// Smallest supported one.
        min: f64,
        /// Largest supported one.
        max: f64,
    },
    /// The noise that the target needs is beyond what the sampler supports.
    #[error("a noise scale of {noise_scale} lattice steps is above {max}: choose a lattice of another step")]
    ScaleUnsupported {
        /// Scale in lattice steps.
        noise_scale: f64,
        /// Largest supported one.
        max: f64,
    },
    /// Statistic and noise together could leave the 64-bit lattice.
    #[error(
        "entries up to {max_abs} plus noise of standard deviation {noise_std} do not fit 64-bit integers: choose a coarser lattice"
    )]
    LatticeOverflow {
        /// Public bound on the statistic's entries, in lattice steps.
        max_abs: u64,
        /// Standard deviation in lattice steps.
        noise_std: f64,
    },
    /// A squared lattice sensitivity does not fit 128 bits.
    #[error(
        "the squared sensitivity {left} · {right} does not fit 128-bit integers: choose a coarser lattice"
    )]
    SensitivityOverflow {
        /// First factor of the product that overflowed.
        left: u128,
        /// Second factor.
        right: u128,
    },
    /// A statistic moves more between neighbours, or between other neighbours, than the mechanism was made for.
    #[error(
        "the statistic moves by up to {statistic} steps, the mechanism covers {mechanism}; their adjacencies must agree too"
    )]
    SensitivityExceeded {
        /// Sensitivity of the statistic, in the mechanism's norm.
        statistic: f64,
        /// Sensitivity that the mechanism was calibrated for.
        mechanism: f64,
    },
    /// Two guarantees are for neighbours of one type that are not the same, as perturbations of different radius.
    #[error("the guarantees are for different neighbours, and say nothing of both together")]
    AdjacencyDiffers,
    /// A sampled mechanism must be one of those whose loss on a sample is known.
    #[error(
        "only one pure, approximate, Laplace or Gaussian mechanism, or several Gaussian ones, can run on a sample"
    )]
    NotSampleable,
    /// More than what is left of a budget; nothing was spent.
    #[error("the mechanism would exceed the privacy budget")]
    BudgetExceeded,
    /// The budget is measured in a unit that the guarantee does not have.
    #[error("the guarantee cannot be measured in the unit of this budget")]
    NotInThisUnit,
    /// No noise can reach the target: the calibrated value leaves the range of `f64`.
    #[error("no finite noise gives ({epsilon}, {delta})-differential privacy at sensitivity {sensitivity}")]
    CalibrationOverflow {
        /// Target ε.
        epsilon: f64,
        /// Target δ.
        delta: f64,
        /// L2 sensitivity.
        sensitivity: f64,
    },
    /// Even a single draw of a Gaussian output tells more than the target allows.
    #[error(
        "one draw is already too many for ({epsilon}, {delta})-differential privacy with covariances that change by up to {change}"
    )]
    Infeasible {
        /// Target ε.
        epsilon: f64,
        /// Target δ.
        delta: f64,
        /// Bound on the change of the covariance, as its neighbourhood measures it.
        change: f64,
    },
    /// A covariance changes more between neighbours, or is bounded in another way, than the mechanism was made for.
    #[error(
        "the covariance changes by up to {statistic}, the mechanism covers {mechanism}; measure, rank and adjacency must agree too"
    )]
    ChangeExceeded {
        /// Bound on the change of the covariance.
        statistic: f64,
        /// Bound that the mechanism covers.
        mechanism: f64,
    },
    // the shape of the data
    /// A list of entries is not the packed triangle of any symmetric matrix.
    #[error("{entries} entries are no packed triangle: a symmetric matrix of order m has m(m + 1)/2")]
    NotTriangular {
        /// Number of entries given.
        entries: usize,
    },
    /// A vector has another number of entries than was agreed.
    #[error("expected {expected} entries, found {found}")]
    Dimension {
        /// Entries agreed on.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// There is nothing to select from.
    #[error("a selection needs at least one candidate")]
    NoCandidates,
    /// A range holds no point.
    #[error("the range {low} … {high} is empty")]
    EmptyRange {
        /// Its lower end.
        low: i64,
        /// Its upper end.
        high: i64,
    },
    /// A stream has had all the queries above the threshold that its noise was made for.
    #[error("all {positives} answers above the threshold have been given")]
    PositivesExhausted {
        /// Number of such answers agreed on.
        positives: u32,
    },
    /// A stream has had all the steps that its noise was made for.
    #[error("the stream was set up for {horizon} steps, and all of them have come")]
    HorizonExceeded {
        /// Number of steps agreed on.
        horizon: u64,
    },
    /// A covariance is not a square matrix.
    #[error("a covariance of shape ({rows}, {columns}) is not square")]
    NotSquare {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
    },
    // the machine
    /// The operating system gave no randomness; nothing may be released.
    #[error("the operating system's random number generator is unavailable")]
    EntropyUnavailable,
}

/// Names of the validated parameters, for [`Error::OutOfRange`].
///
/// # Example
///
/// ```
/// assert_eq!(dp_mechanisms::Parameter::Delta.range(), "0 < delta < 1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// Privacy loss ε.
    Epsilon,
    /// Failure mass δ.
    Delta,
    /// Zero-concentrated privacy loss ρ.
    Rho,
    /// Mean μ of Gaussian differential privacy.
    Mu,
    /// Order α of a Rényi divergence.
    RenyiOrder,
    /// Probability that an error bar misses.
    FailureProbability,
    /// Standard deviation of noise.
    NoiseStd,
    /// Scale of Laplace noise.
    NoiseScale,
    /// Probability with which a row takes part.
    SamplingRate,
    /// Level of a quantile.
    QuantileLevel,
    /// L1 sensitivity.
    L1Sensitivity,
    /// L2 sensitivity.
    L2Sensitivity,
    /// Sensitivity of a symmetric matrix in the Frobenius norm.
    FrobeniusSensitivity,
    /// How far one score moves.
    ScoreSensitivity,
    /// How far scores move against each other.
    Spread,
    /// Number of queries above a threshold.
    Positives,
    /// Radius of a perturbation.
    Radius,
    /// Multiple of the identity that is added to a Gram matrix.
    Ridge,
    /// Number of rows in a group.
    GroupSize,
    /// Exponent of a lattice's step.
    LatticeExponent,
    /// Largest magnitude of truncated noise.
    TruncationBound,
    /// Number of steps of a stream.
    Horizon,
    /// Number of steps of a stream whose prefixes are released by the square root.
    SquareRootHorizon,
    /// Number of levels of a tree over the steps of a stream.
    TreeLevels,
    /// Number of independent draws.
    Draws,
    /// Relative change of an eigenvalue of a covariance.
    EigenvalueChange,
    /// Frobenius norm of the relative change of a covariance.
    FrobeniusChange,
    /// Jeffreys' divergence between two covariances.
    JeffreysChange,
    /// Number of entries of each step of a stream.
    StreamWidth,
}

impl Parameter {
    /// Its range, in words.
    #[must_use]
    pub const fn range(self) -> &'static str {
        match self {
            Self::Epsilon => "0 < epsilon < ∞",
            Self::Delta => "0 < delta < 1",
            Self::Rho => "0 < rho < ∞",
            Self::Mu => "0 < mu < ∞",
            Self::RenyiOrder => "1 < order < ∞",
            Self::FailureProbability => "0 < failure_probability < 1",
            Self::NoiseStd => "0 < noise_std < ∞",
            Self::NoiseScale => "0 < noise_scale < ∞",
            Self::SamplingRate => "0 < sampling_rate ≤ 1",
            Self::QuantileLevel => "0 < level < 1",
            Self::L1Sensitivity => "0 < l1_sensitivity < ∞",
            Self::L2Sensitivity => "0 < l2_sensitivity < ∞",
            Self::FrobeniusSensitivity => "0 < frobenius_sensitivity < ∞",
            Self::ScoreSensitivity => "1 ≤ score_sensitivity ≤ 2⁶¹",
            Self::Spread => "1 ≤ spread ≤ 2⁶² (of scores, from their movement to twice it)",
            Self::Positives => "1 ≤ positives",
            Self::Radius => "0 < radius < ∞",
            Self::Ridge => "0 < ridge < ∞",
            Self::GroupSize => "1 ≤ size",
            Self::LatticeExponent => "-1000 ≤ exponent ≤ 900",
            Self::TruncationBound => "0 ≤ bound ≤ 2⁶²",
            Self::Horizon => "1 ≤ horizon ≤ 2⁴⁰",
            Self::SquareRootHorizon => "1 ≤ horizon ≤ 2²⁰: take a binary tree for more",
            Self::TreeLevels => "1 ≤ levels ≤ log₂ horizon + 1",
            Self::Draws => "1 ≤ draws ≤ 4294967295",
            Self::EigenvalueChange => "-1 < change < ∞",
            Self::FrobeniusChange => "0 < change ≤ 1e100 (below 1 where one order alone is bounded)",
            Self::JeffreysChange => "0 < change ≤ 1e100",
            Self::StreamWidth => "1 ≤ width",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Epsilon => "epsilon",
            Self::Delta => "delta",
            Self::Rho => "rho",
            Self::Mu => "mu",
            Self::RenyiOrder => "order",
            Self::FailureProbability => "failure_probability",
            Self::NoiseStd => "noise_std",
            Self::NoiseScale => "noise_scale",
            Self::SamplingRate => "sampling_rate",
            Self::QuantileLevel => "level",
            Self::L1Sensitivity => "l1_sensitivity",
            Self::L2Sensitivity => "l2_sensitivity",
            Self::FrobeniusSensitivity => "frobenius_sensitivity",
            Self::ScoreSensitivity => "score_sensitivity",
            Self::Spread => "spread",
            Self::Positives => "positives",
            Self::Radius => "radius",
            Self::Ridge => "ridge",
            Self::GroupSize => "size",
            Self::LatticeExponent => "exponent",
            Self::TruncationBound => "bound",
            Self::Horizon | Self::SquareRootHorizon => "horizon",
            Self::TreeLevels => "levels",
            Self::Draws => "draws",
            Self::EigenvalueChange | Self::FrobeniusChange | Self::JeffreysChange => "change",
            Self::StreamWidth => "width",
        }
    }

    /// `value` if `inside`, else the error that names this parameter.
    pub(crate) fn check(self, value: f64, inside: bool) -> Result<f64, Error> {
        if inside { Ok(value) } else { Err(Error::OutOfRange { parameter: self, value }) }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
