//! Everything that can go wrong here, as data.

/// Why a call was refused.
///
/// Features of points, sums over them and readouts fail by parameters and shapes alone, never by the entries of a point or of a
/// value row. What depends on entries says so: [`Mass`](Self::Mass) of attention that is normalised here, landmarks, known
/// frequencies, samples of logits.
///
/// ```
/// use poly_kernel::{Error, MonomialMap};
///
/// let refused = MonomialMap::exp_taylor(64, 6).unwrap_err();
/// assert!(matches!(refused, Error::TooManyFeatures { feature_count: 131_115_985, .. }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // parameters
    /// The degree is beyond what is supported.
    #[error("degree {degree} is above the largest supported degree {max}")]
    DegreeTooLarge {
        /// Degree asked for.
        degree: usize,
        /// Largest degree there is.
        max: usize,
    },
    /// A polynomial needs at least one coefficient.
    #[error("a polynomial needs at least one coefficient")]
    NoCoefficients,
    /// A coefficient is not finite, or too far from one for the recurrence of features.
    #[error("coefficient {value} of degree {degree} must be zero or of size 1e-150 to 1e150")]
    CoefficientOutOfRange {
        /// Degree of the coefficient.
        degree: usize,
        /// Its value.
        value: f64,
    },
    /// The coefficient of the highest degree is zero.
    #[error("the leading coefficient, of degree {degree}, is zero")]
    ZeroLeadingCoefficient {
        /// Degree of the coefficient.
        degree: usize,
    },
    /// A range of logits is empty, too wide or no range.
    #[error("the logits from {low} to {high} are no range within -64 to 64")]
    LogitRange {
        /// Smallest logit.
        low: f64,
        /// Largest logit.
        high: f64,
    },
    /// A normal law of logits is out of range.
    #[error("normal logits with mean {mean} and standard deviation {std} are out of range")]
    NormalLogits {
        /// Mean given.
        mean: f64,
        /// Standard deviation given.
        std: f64,
    },
    /// A cap of logits is out of range.
    #[error("the softcap {value} is outside 0.01 to 1e6")]
    Softcap {
        /// Value given.
        value: f64,
    },
    /// An output error must be a fraction of the range of values.
    #[error("the output error {value} is not between 0 and 1")]
    OutputError {
        /// Value given.
        value: f64,
    },
    /// No explicit map reaches an output error within a memory: [`Workload::recommend`](crate::Workload::recommend) says what would.
    #[error(
        "no explicit map of dimension {dim} reaches an output error of {output_error} for logits up to {max_logit} within {max_features} features"
    )]
    NoMapFits {
        /// Dimension of a point.
        dim: usize,
        /// Largest absolute logit.
        max_logit: f64,
        /// Error asked for, as a fraction of the range of values.
        output_error: f64,
        /// Features that memory allows.
        max_features: usize,
    },
    /// Too few different logits to fit a polynomial.
    #[error("{distinct} different logits do not determine a polynomial of degree {degree}")]
    TooFewLogits {
        /// Degree asked for.
        degree: usize,
        /// About how many there are.
        distinct: usize,
    },
    /// Points of dimension zero have no features worth a map.
    #[error("the dimension must be at least one")]
    ZeroDimension,
    /// The map has more features than the limit allows.
    #[error("dimension {dim} at degree {degree} needs {feature_count} features, the limit is {limit}")]
    TooManyFeatures {
        /// Dimension of a point.
        dim: usize,
        /// Degree of the polynomial.
        degree: usize,
        /// `C(dim + degree, degree)`; `u128::MAX` when it is beyond that.
        feature_count: u128,
        /// The limit in force.
        limit: usize,
    },
    /// The factor of the logits must be positive and finite.
    #[error("the softmax scale {value} must be positive and finite")]
    SoftmaxScale {
        /// Value given.
        value: f64,
    },
    /// A radius must be positive (for a scaling) or non-negative (for a bound), finite, and within range.
    #[error("the radius {value} is out of range")]
    Radius {
        /// Value given.
        value: f64,
    },
    /// A coordinate of the key centre is not finite.
    #[error("coordinate {index} of the key centre is not finite")]
    KeyCenter {
        /// First such coordinate.
        index: usize,
    },
    /// The exponent of the fixed-point scale is out of range.
    #[error("the scale exponent {scale_exponent} is outside -200..=200")]
    ScaleExponent {
        /// Exponent given.
        scale_exponent: i32,
    },
    /// Squared norms of integer features could reach 2⁵³: use a smaller scale exponent or radius.
    #[error("squared norms up to {squared_norm} at scale 2^{scale_exponent} reach 2^53")]
    FixedPointOverflow {
        /// Exponent given.
        scale_exponent: i32,
        /// Bound on the squared norm of the integers of one point.
        squared_norm: f64,
    },
    /// Integer values must stay below 2⁵¹ in absolute value.
    #[error("integer values up to {max_abs_value} reach 2^51")]
    ValueBound {
        /// Bound given.
        max_abs_value: u64,
    },
    /// A random map cannot have this many features, or frequencies.
    #[error("{count} random features or frequencies, where {min} to {max} are possible")]
    RandomFeatureCount {
        /// Number asked for.
        count: usize,
        /// Fewest there may be.
        min: usize,
        /// Most there may be.
        max: usize,
    },
    /// The mean of `‖x + y‖²` must be non-negative and at most 1e100.
    #[error("the mean squared norm {value} of sums of points is outside [0, 1e100]")]
    MeanSquaredSum {
        /// Value given.
        value: f64,
    },
    /// A map needs at least one landmark.
    #[error("at least one landmark is needed")]
    NoLandmarks,
    /// The squared norm of a landmark is not finite.
    #[error("the squared norm of landmark {index} is not finite")]
    Landmark {
        /// First such landmark.
        index: usize,
    },
    /// A coordinate of a known frequency is not finite.
    #[error("frequency {index} is not finite")]
    Frequency {
        /// First such frequency.
        index: usize,
    },
    /// The degree leaves nothing to do.
    #[error("degree {degree} is below the smallest supported degree {min}")]
    DegreeTooSmall {
        /// Degree asked for.
        degree: usize,
        /// Smallest degree there is.
        min: usize,
    },
    // shapes
    /// A row, point or buffer has the wrong number of entries.
    #[error("{expected} entries are needed, found {found}")]
    Length {
        /// Entries needed.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// Points and value rows differ in number.
    #[error("{points} points with {values} value rows")]
    RowCount {
        /// Number of points.
        points: usize,
        /// Number of value rows.
        values: usize,
    },
    /// A block of points is larger than its buffer.
    #[error("{points} points in a feature block for {capacity}")]
    BlockCapacity {
        /// Points given.
        points: usize,
        /// Points that fit.
        capacity: usize,
    },
    /// The weights of a query have no positive, finite sum.
    #[error("the weights of query {query} sum to {mass}")]
    Mass {
        /// The first such query.
        query: usize,
        /// The sum.
        mass: f64,
    },
    /// The logarithm of a sum of weights is NaN or positive infinity.
    #[error("the logarithm of the mass of query {query} is {log_mass}")]
    LogMass {
        /// The first such query.
        query: usize,
        /// The logarithm.
        log_mass: f64,
    },
    /// Key and value heads must be shared by equally many query heads.
    #[error("{query} query heads cannot share {key_value} key and value heads equally")]
    HeadCount {
        /// Number of query heads.
        query: usize,
        /// Number of key and value heads.
        key_value: usize,
    },
    /// Two sums of moments were made with different maps, scales or shapes.
    #[error("moments of different maps, scales or shapes do not merge")]
    MomentsMismatch,
    /// The linear algebra refused.
    #[error(transparent)]
    Linalg(#[from] dp_linalg::Error),
}

pub(crate) fn check_len(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { expected, found }) }
}
