//! What can go wrong, by fault: the caller's parameters, the shapes, the query, the layers below.
//!
//! Nothing here depends on the *content* of private rows: entry points check shapes and public parameters before they
//! touch data, and rows that cannot be used are dropped by a row-local rule instead of failing (see [`crate::Rows`]).

use core::fmt;

/// Failures of this crate.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, Error};
///
/// let error = Bounds::new(1.0, f64::NAN, 1.0).unwrap_err();
/// assert!(matches!(error, Error::OutOfRange { .. }));
/// assert_eq!(error.to_string(), "key_radius = NaN is outside 1e-150 … 1e150");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // the caller's parameters
    /// A radius, scale or weight is not in its range.
    #[error("{parameter} = {value} is outside {low:?} … {high:?}")]
    OutOfRange {
        /// Which one.
        parameter: Parameter,
        /// As given.
        value: f64,
        /// Least value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Keys or values without coordinates.
    #[error("keys of dimension {key_dim} and values of dimension {value_dim}: both must be at least 1")]
    EmptyShape {
        /// Coordinates of a key.
        key_dim: usize,
        /// Coordinates of a value.
        value_dim: usize,
    },
    /// The public range of value coordinates is empty, not finite, or does not contain zero.
    #[error(
        "value range {low} … {high} must be finite and contain zero and more: shift all values by a public vector if need be"
    )]
    ValueRange {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// The public centre has a coordinate that is not a number up to 1e150.
    #[error("coordinate {coordinate} of the key centre is not a number between −1e150 and 1e150")]
    CenterNotFinite {
        /// Its first bad coordinate.
        coordinate: usize,
    },
    /// The lattice would be too fine for the stated number of rows, or too coarse to mean anything.
    #[error(
        "{feature_bits} feature bits and {value_bits} value bits with up to 2^{row_bits} rows do not fit the 62 bits of the lattice, \
         or are outside 4 … 26 and 4 … 24: lower one of them"
    )]
    Resolution {
        /// Bits of the largest feature vector.
        feature_bits: u32,
        /// Bits of the largest value vector.
        value_bits: u32,
        /// Binary logarithm of the row capacity, rounded up.
        row_bits: u32,
    },
    /// The degree has no certificate below 1 at these radii: no query could ever be answered with a bar.
    #[error("degree {degree} leaves a relative kernel error of {relative_error} at logits up to {max_logit}: raise the degree{}", suggestion(*.sufficient_degree))]
    DegreeTooSmall {
        /// That of the polynomial; 0 for features without one.
        degree: usize,
        /// Largest logit that the radii allow.
        max_logit: f64,
        /// Certified relative error of the kernel at that logit.
        relative_error: f64,
        /// Smallest degree with a relative error below 1, if there is one.
        sufficient_degree: Option<usize>,
    },
    /// Small moves of a row, and trees, need the features of a polynomial; trees of one without negative coefficients.
    #[error("only the features of polynomials will do, for trees of those without negative coefficients")]
    NeedsPolynomial,
    /// A tree without nodes, or with more than memory is meant for.
    #[error(
        "trees over {leaves} leaves with {entries} entries each have no node or could have more than {max} numbers"
    )]
    TreeSize {
        /// Leaves of a tree.
        leaves: usize,
        /// Entries of a leaf, over all trees.
        entries: usize,
        /// Most numbers in all nodes.
        max: usize,
    },
    /// An interval of coordinates is empty, not finite, too narrow for where it lies, or of a width whose powers are not normal
    /// numbers.
    #[error(
        "the interval {low} … {high} of coordinate {coordinate} must be between 2e-70 and 2e70 wide, and wider than 1e-12 of its ends"
    )]
    Interval {
        /// Which coordinate.
        coordinate: usize,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Rings must grow, and by no more than their own radius.
    #[error("rings that grow by alpha = {alpha}: it must be above 0 and at most 1")]
    RingGrowth {
        /// As given.
        alpha: f64,
    },
    /// More batches than a stream of this factorisation may have.
    #[error("{horizon} batches by the square root, where {limit} is the most: take the binary tree")]
    Horizon {
        /// As given.
        horizon: u64,
        /// Largest horizon.
        limit: u64,
    },
    /// Too few rows to attend to, or rows without coordinates.
    #[error(
        "self-attention over {rows} rows of {dim} coordinates: at least 2 rows and 1 coordinate are needed"
    )]
    TooSmall {
        /// Number of rows.
        rows: usize,
        /// Coordinates of a row.
        dim: usize,
    },
    /// Gaussian sampling of moves or with a ridge that are not well above what rounding does to rows and draws. (The lattice of the normals is
    /// not meant: certificates name it as `real_model_gap`.)
    #[error(
        "rounding of rows of norm {radius} is not small beside a move of {displacement} and a ridge of {ridge}: protect larger moves, or choose another ridge"
    )]
    LostInRounding {
        /// How far a row moves between neighbours.
        displacement: f64,
        /// The ridge, in units of logits.
        ridge: f64,
        /// Largest norm of a row.
        radius: f64,
    },
    // shapes
    /// Another number of rows than the options announce; it is public.
    #[error("{found} rows where the options announce {expected}")]
    AnnouncedRows {
        /// As the options say.
        expected: usize,
        /// As given.
        found: usize,
    },
    /// A row that does not exist was asked for.
    #[error("row {row} of {rows} does not exist: rows count from 0")]
    NoSuchRow {
        /// As given.
        row: usize,
        /// Number of rows.
        rows: usize,
    },
    /// Keys and values have different numbers of rows. Says no numbers: how many rows there are may be private.
    #[error("keys, values and ids have different numbers of rows")]
    RowCount,
    /// A key, value, centre or query has the wrong number of coordinates.
    #[error("{what} has {found} coordinates where {expected} are expected")]
    Dimension {
        /// Which one.
        what: Parameter,
        /// Coordinates expected.
        expected: usize,
        /// Coordinates found.
        found: usize,
    },
    /// No heads at all.
    #[error("there must be at least one head")]
    NoHeads,
    /// Something is not there once for each head.
    #[error("{found} given where there are {expected} heads")]
    HeadCount {
        /// Number of heads.
        expected: usize,
        /// Number given.
        found: usize,
    },
    /// A share of the budget is not between 1e-6 and 1e6.
    #[error("head {head} has a share of {share} of the budget, outside 1e-6 … 1e6")]
    Share {
        /// Which head.
        head: usize,
        /// As given.
        share: f64,
    },
    /// Partial aggregates of different options cannot be merged, nor rows added that were stated under another adjacency, as
    /// moves of another radius.
    #[error(
        "aggregates of different options, or rows and aggregates of different adjacencies, do not go together"
    )]
    DifferentOptions,
    /// Documents are added in one call an aggregate, because all rows of a document are needed at once.
    #[error(
        "this aggregate has its documents: add all of them in one call, or take an aggregate for each share of the documents and merge"
    )]
    DocumentsAdded,
    // the query
    /// A range of leaves is not within a tree.
    #[error("the range {start} … {end} is not within {leaves} leaves")]
    TreeRange {
        /// First leaf.
        start: usize,
        /// Leaf after the last.
        end: usize,
        /// Leaves of the tree.
        leaves: usize,
    },
    /// A query has a coordinate that is not finite.
    #[error("coordinate {coordinate} of query {query} is not finite")]
    QueryNotFinite {
        /// Row of the query.
        query: usize,
        /// Its first bad coordinate.
        coordinate: usize,
    },
    /// A query is longer than the radius that the certificates cover.
    #[error(
        "query {query} has norm {norm}, longer than the query radius {radius}: scale it, or release with a larger radius"
    )]
    QueryTooLong {
        /// Row of the query.
        query: usize,
        /// Its norm.
        norm: f64,
        /// Largest norm.
        radius: f64,
    },
    /// A public token that some query sees has a coordinate that is not finite, or too large to be summed.
    #[error("local token {token} has a coordinate that is not finite or beyond 1e150")]
    LocalNotFinite {
        /// The first bad one.
        token: usize,
    },
    // the layers below
    /// A feature map cannot be built.
    #[error(transparent)]
    Kernel(#[from] poly_kernel::Error),
    /// A mechanism refuses.
    #[error(transparent)]
    Mechanism(#[from] dp_mechanisms::Error),
    /// A matrix operation refuses.
    #[error(transparent)]
    Linalg(#[from] dp_linalg::Error),
    /// A file cannot be read or written.
    #[cfg(feature = "io")]
    #[error(transparent)]
    File(#[from] crate::io::FileError),
}

fn suggestion(degree: Option<usize>) -> DisplaySuggestion {
    DisplaySuggestion(degree)
}

struct DisplaySuggestion(Option<usize>);

impl fmt::Display for DisplaySuggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(degree) => write!(f, " to {degree} or more, or shrink the radii"),
            None => f.write_str(", or shrink the radii"),
        }
    }
}

/// Names of parameters and inputs, for [`Error`].
///
/// # Example
///
/// ```
/// assert_eq!(attention_dp::Parameter::KeyRadius.to_string(), "key_radius");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// Coordinates of a key.
    KeyDim,
    /// Coordinates of a value.
    ValueDim,
    /// Largest norm of a query.
    QueryRadius,
    /// Largest norm of a centred key.
    KeyRadius,
    /// Largest norm of a value.
    ValueRadius,
    /// Factor of the logits.
    SoftmaxScale,
    /// A key.
    Key,
    /// A value.
    Value,
    /// A query.
    Query,
    /// The public centre of the keys.
    KeyCenter,
    /// Norm of the queries for which the noise is least.
    TypicalQueryNorm,
    /// Size of the normaliser's constant, in value radii.
    NormaliserWeight,
    /// Full rows that a document may weigh.
    DocumentWeight,
    /// The vectors of the leaves of a tree.
    LeafVector,
    /// Largest magnitude of a weight.
    WeightBound,
    /// Largest norm of a row that attends to others like it.
    RowRadius,
    /// A row that attends to others like it.
    Row,
    /// Multiple of the identity that is added to the logits before they are sampled.
    Ridge,
    /// Largest magnitude of a logit, `softmax_scale·radius²`.
    MaxLogit,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyDim => "key_dim",
            Self::ValueDim => "value_dim",
            Self::QueryRadius => "query_radius",
            Self::KeyRadius => "key_radius",
            Self::ValueRadius => "value_radius",
            Self::SoftmaxScale => "softmax_scale",
            Self::Key => "key",
            Self::Value => "value",
            Self::Query => "query",
            Self::KeyCenter => "key_center",
            Self::TypicalQueryNorm => "typical_query_norm",
            Self::NormaliserWeight => "normaliser_weight",
            Self::DocumentWeight => "document_weight",
            Self::LeafVector => "leaf_vector",
            Self::WeightBound => "weight_bound",
            Self::RowRadius => "row_radius",
            Self::Row => "row",
            Self::Ridge => "ridge",
            Self::MaxLogit => "max_logit",
        })
    }
}
