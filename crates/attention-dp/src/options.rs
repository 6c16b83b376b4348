//! What a release of attention moments is made of: all of it public, and all of it but the threads recorded in the certificate.

use crate::error::{Error, Parameter};
use crate::features::KeyFeatures;
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{ExpPolynomial, TrigonometricFeatures};
use serde::{Deserialize, Serialize};

/// Dimensions of keys (and queries) and of values.
///
/// # Example
///
/// ```
/// let shape = attention_dp::Shape { key_dim: 16, value_dim: 10 };
/// assert_eq!(shape.columns(), 11); // values and the normaliser
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Coordinates of a key and of a query.
    pub key_dim: usize,
    /// Coordinates of a value.
    pub value_dim: usize,
}

impl Shape {
    /// Columns of the moment matrix: one for each value coordinate and one for the normaliser.
    #[must_use]
    pub const fn columns(self) -> usize {
        self.value_dim.saturating_add(1)
    }
}

/// Public bounds on Euclidean norms; rows beyond are scaled back to them, queries beyond are refused.
///
/// # Example
///
/// ```
/// use attention_dp::Bounds;
///
/// let bounds = Bounds::new(2.0, 1.5, 1.0)?;
/// assert_eq!(bounds.key_radius(), 1.5);
/// assert!(Bounds::new(2.0, -1.5, 1.0).is_err());
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "each is the radius of something else, and files name them")]
pub struct Bounds {
    query_radius: f64,
    key_radius: f64,
    value_radius: f64,
}

impl Bounds {
    /// Norm bounds of queries, of keys (after centring) and of values, in data units.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless all are between 1e-150 and 1e150.
    pub fn new(query_radius: f64, key_radius: f64, value_radius: f64) -> Result<Self, Error> {
        Ok(Self {
            query_radius: positive(Parameter::QueryRadius, query_radius)?,
            key_radius: positive(Parameter::KeyRadius, key_radius)?,
            value_radius: positive(Parameter::ValueRadius, value_radius)?,
        })
    }

    /// Largest norm of a query.
    #[must_use]
    pub const fn query_radius(self) -> f64 {
        self.query_radius
    }

    /// Largest norm of a centred key.
    #[must_use]
    pub const fn key_radius(self) -> f64 {
        self.key_radius
    }

    /// Largest norm of a value.
    #[must_use]
    pub const fn value_radius(self) -> f64 {
        self.value_radius
    }
}

/// Most coordinates of a key or a value, `2²⁴`.
const MAX_DIM: f64 = (1_u32 << 24) as f64;

/// Checks a scale or radius: its square must be a normal number.
pub(crate) fn positive(parameter: Parameter, value: f64) -> Result<f64, Error> {
    within(parameter, value, (1e-150, 1e150))
}

pub(crate) fn within(parameter: Parameter, value: f64, (low, high): (f64, f64)) -> Result<f64, Error> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(Error::OutOfRange { parameter, value, low, high })
    }
}

/// Everything that determines a moment release, apart from the data, the budget and the random bits.
///
/// All of it is public. What it may *not* depend on is the private rows: see each setter.
///
/// | setter | default | what it changes |
/// |---|---|---|
/// | [`with_softmax_scale`](Self::with_softmax_scale) | `1/√key_dim` | the logits themselves; a larger one needs a higher degree |
/// | [`with_value_range`](Self::with_value_range) | `±value_radius` | width of the approximation part of bars |
/// | [`with_key_center`](Self::with_key_center) | none | the key radius that is needed, hence noise and degree |
/// | [`with_polynomial`](Self::with_polynomial), [`with_trigonometric_features`](Self::with_trigonometric_features), [`with_landmarks`](Self::with_landmarks) | Taylor's polynomial | error and number of features ([`KeyFeatures`]) |
/// | [`with_normaliser_weight`](Self::with_normaliser_weight) | 1 | noise of values against noise of the normaliser |
/// | [`with_typical_query_norm`](Self::with_typical_query_norm) | query radius | for which queries the noise is least |
/// | [`with_document_weight`](Self::with_document_weight) | 1 | rows that a document may weigh; noise in proportion |
/// | [`with_resolution`](Self::with_resolution) | 18 and 14 bits | quantisation part of bars |
/// | [`with_max_rows`](Self::with_max_rows) | 2²⁸ | rows up to which bars hold; privacy holds beyond |
/// | [`with_uncertified_kernel`](Self::with_uncertified_kernel) | refused | whether a kernel error of 1 or more is allowed |
/// | [`with_parallelism`](Self::with_parallelism) | all threads | time alone |
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, Shape};
///
/// let (shape, bounds) = (Shape { key_dim: 8, value_dim: 10 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let options = MomentOptions::new(shape, bounds, 4)
///     .with_softmax_scale(1.0)
///     .with_value_range(0.0, 1.0);
/// assert_eq!(options.softmax_scale(), 1.0);
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MomentOptions {
    shape: Shape,
    bounds: Bounds,
    features: KeyFeatures,
    softmax_scale: f64,
    key_center: Option<Vec<f64>>,
    value_range: Option<(f64, f64)>,
    feature_bits: u32,
    value_bits: u32,
    max_rows: u64,
    certified_kernel: bool,
    normaliser_weight: f64,
    typical_query_norm: Option<f64>,
    document_weight: u32,
    #[serde(skip, default = "Parallelism::available")]
    parallelism: Parallelism,
}

impl MomentOptions {
    /// Options with `softmax_scale = 1/√key_dim` and a lattice for up to 2²⁸ rows.
    ///
    /// `degree` is the Taylor degree of `exp`: the error of the kernel falls with it, the number of features
    /// `C(key_dim + degree, degree)` (time and memory, not noise) grows. Nothing is checked until the options are used.
    #[must_use]
    pub fn new(shape: Shape, bounds: Bounds, degree: usize) -> Self {
        Self {
            shape,
            bounds,
            features: KeyFeatures::Taylor { degree },
            softmax_scale: 1.0 / (shape.key_dim.max(1) as f64).sqrt(),
            key_center: None,
            value_range: None,
            feature_bits: 18,
            value_bits: 14,
            max_rows: 1 << 28,
            certified_kernel: true,
            normaliser_weight: 1.0,
            typical_query_norm: None,
            document_weight: 1,
            parallelism: Parallelism::available(),
        }
    }

    /// Other norm bounds.
    #[must_use]
    pub fn with_bounds(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Other features, of any kind. Whether a kernel without a certificate is allowed stays as it was said before.
    #[must_use]
    pub fn with_features(self, features: KeyFeatures) -> Self {
        Self { features, ..self }
    }

    /// Another polynomial in place of Taylor's, with as many features; where its kernel has no certified error below 1 the
    /// options are refused unless [allowed](Self::with_uncertified_kernel). Changes privacy in nothing: the noise follows the norms.
    #[must_use]
    pub fn with_polynomial(self, polynomial: ExpPolynomial) -> Self {
        Self { features: KeyFeatures::Polynomial(polynomial), ..self }
    }

    /// Trigonometric features, drawn without the private rows, in place of a polynomial's. Nothing about their error is
    /// certified: bars span the value range, and replacing a row costs twice what adding one does.
    #[must_use]
    pub fn with_trigonometric_features(self, features: TrigonometricFeatures) -> Self {
        Self { features: KeyFeatures::Trigonometric(features), certified_kernel: false, ..self }
    }

    /// Nyström's features of *public* keys `(m, d)`, in data units, in place of a polynomial's. Nothing about their error is
    /// certified, as for [trigonometric features](Self::with_trigonometric_features). Landmarks from private keys would leak them.
    #[must_use]
    pub fn with_landmarks(self, public_keys: Mat) -> Self {
        Self { features: KeyFeatures::Landmarks(public_keys), certified_kernel: false, ..self }
    }

    /// Size of the constant that rows carry for the normaliser, in units of the value radius. Default 1.
    ///
    /// The noise grows with `√(1 + w²)`, that of the normaliser falls with `1/w`: for answers `ρ` times as long as the value radius
    /// the sum is least near `w = √ρ`. Below 1, replacing a row costs twice what adding one does unless values have
    /// no negative coordinates ([`with_value_range`](Self::with_value_range)).
    #[must_use]
    pub fn with_normaliser_weight(self, weight: f64) -> Self {
        Self { normaliser_weight: weight, ..self }
    }

    /// Norm of the queries for which the noise should be least; others up to the query radius have their answers too. Default: the query radius.
    ///
    /// Noise that differs by degree can do no better: see *Noise by degree* in `docs/theorems.md` of the project.
    #[must_use]
    pub fn with_typical_query_norm(self, norm: f64) -> Self {
        Self { typical_query_norm: Some(norm), ..self }
    }

    /// How many full rows a document may weigh where documents are protected
    /// ([`AddRemoveDocument`](dp_mechanisms::AddRemoveDocument)); longer ones are scaled down as a whole. Default 1. The noise
    /// is proportional to it.
    #[must_use]
    pub fn with_document_weight(self, rows: u32) -> Self {
        Self { document_weight: rows, ..self }
    }

    /// Factor of the logits `softmax_scale·q·k`. Default `1/√key_dim`. A larger one makes attention sharper, and needs a higher degree.
    #[must_use]
    pub fn with_softmax_scale(self, softmax_scale: f64) -> Self {
        Self { softmax_scale, ..self }
    }

    /// A *public* vector that is subtracted from every key. Attention does not change under a shift of all keys, but the
    /// key radius, and with it noise and degree, can shrink. Never fit it to the private keys.
    #[must_use]
    pub fn with_key_center(self, key_center: Vec<f64>) -> Self {
        Self { key_center: Some(key_center), ..self }
    }

    /// A public range of value coordinates, `low ≤ 0 ≤ high`; after scaling back to the radius, coordinates beyond are moved
    /// to its ends. Default `±value_radius`. A narrower one narrows the approximation part of every error bar.
    #[must_use]
    pub fn with_value_range(self, low: f64, high: f64) -> Self {
        Self { value_range: Some((low, high)), ..self }
    }

    /// Bits of the quantised feature vector and of the quantised value vector. Default 18 and 14.
    /// More bits shrink the quantisation part of the error bars. The noise, relative to the data, hardly changes while
    /// `2^bits` is far above `√r` and `√value_dim`, and grows below.
    #[must_use]
    pub fn with_resolution(self, feature_bits: u32, value_bits: u32) -> Self {
        Self { feature_bits, value_bits, ..self }
    }

    /// Number of rows up to which sums cannot leave the 64-bit lattice. Default 2²⁸. Privacy holds beyond it, error bars do not.
    #[must_use]
    pub fn with_max_rows(self, max_rows: u64) -> Self {
        Self { max_rows, ..self }
    }

    /// Allows a degree whose relative kernel error is not below 1 at the largest logit that the radii allow.
    ///
    /// Such options are refused otherwise, before a budget is spent on them. Answers can still be useful, because real
    /// logits are mostly small; but where the error is not certified below 1, error bars span the whole value range.
    #[must_use]
    pub fn with_uncertified_kernel(self) -> Self {
        Self { certified_kernel: false, ..self }
    }

    /// Threads to use. Default: what the machine has. Never changes any result.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Dimensions of keys and values.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Norm bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Which features stand in for the exponential.
    #[must_use]
    pub const fn features(&self) -> &KeyFeatures {
        &self.features
    }

    /// The normaliser's constant, in units of the value radius.
    #[must_use]
    pub const fn normaliser_weight(&self) -> f64 {
        self.normaliser_weight
    }

    /// Norm of the queries for which the noise is least.
    #[must_use]
    pub fn typical_query_norm(&self) -> f64 {
        self.typical_query_norm.unwrap_or(self.bounds.query_radius)
    }

    /// Full rows that a document may weigh.
    #[must_use]
    pub const fn document_weight(&self) -> u32 {
        self.document_weight
    }

    /// Factor of the logits.
    #[must_use]
    pub const fn softmax_scale(&self) -> f64 {
        self.softmax_scale
    }

    /// Public centre of the keys.
    #[must_use]
    pub fn key_center(&self) -> Option<&[f64]> {
        self.key_center.as_deref()
    }

    /// Public range of value coordinates.
    #[must_use]
    pub fn value_range(&self) -> (f64, f64) {
        let radius = self.bounds.value_radius;
        self.value_range.map_or((-radius, radius), |(low, high)| (low.max(-radius), high.min(radius)))
    }

    /// Bits of the quantised features and values.
    #[must_use]
    pub const fn resolution(&self) -> (u32, u32) {
        (self.feature_bits, self.value_bits)
    }

    /// Row capacity of the lattice.
    #[must_use]
    pub const fn max_rows(&self) -> u64 {
        self.max_rows
    }

    /// Whether a relative kernel error of 1 or more is refused.
    #[must_use]
    pub const fn certified_kernel(&self) -> bool {
        self.certified_kernel
    }

    /// Threads to use.
    #[must_use]
    pub const fn parallelism(&self) -> Parallelism {
        self.parallelism
    }

    /// Names and values as certificates record them.
    pub(crate) fn recorded(&self) -> [(&'static str, String); 15] {
        [
            ("key_dim", format!("{:?}", self.shape.key_dim)),
            ("value_dim", format!("{:?}", self.shape.value_dim)),
            ("query_radius", format!("{:?}", self.bounds.query_radius)),
            ("key_radius", format!("{:?}", self.bounds.key_radius)),
            ("value_radius", format!("{:?}", self.bounds.value_radius)),
            ("features", self.features.to_string()),
            ("normaliser_weight", format!("{:?}", self.normaliser_weight)),
            ("typical_query_norm", format!("{:?}", self.typical_query_norm())),
            ("document_weight", format!("{:?}", self.document_weight)),
            ("softmax_scale", format!("{:?}", self.softmax_scale)),
            ("key_center", format!("{:?}", self.key_center)),
            ("value_range", format!("{:?}", self.value_range())),
            ("bits", format!("{:?}", self.resolution())),
            ("max_rows", format!("{:?}", self.max_rows)),
            ("certified_kernel", format!("{:?}", self.certified_kernel)),
        ]
    }

    /// Checks everything that does not need a feature map.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Shape { key_dim, value_dim } = self.shape;
        if key_dim == 0 || value_dim == 0 {
            return Err(Error::EmptyShape { key_dim, value_dim });
        }
        within(Parameter::KeyDim, key_dim as f64, (1.0, MAX_DIM))?;
        within(Parameter::ValueDim, value_dim as f64, (1.0, MAX_DIM))?;
        Bounds::new(self.bounds.query_radius, self.bounds.key_radius, self.bounds.value_radius)?;
        positive(Parameter::SoftmaxScale, self.softmax_scale)?;
        positive(Parameter::TypicalQueryNorm, self.typical_query_norm())?;
        within(Parameter::NormaliserWeight, self.normaliser_weight, (1.0 / 64.0, 64.0))?;
        within(Parameter::DocumentWeight, f64::from(self.document_weight), (1.0, f64::from(1 << 20)))?;
        self.check_center()?;
        self.check_range()?;
        self.check_resolution()
    }

    fn check_center(&self) -> Result<(), Error> {
        let Some(center) = &self.key_center else { return Ok(()) };
        if center.len() != self.shape.key_dim {
            return Err(Error::Dimension {
                what: Parameter::KeyCenter,
                expected: self.shape.key_dim,
                found: center.len(),
            });
        }
        // beyond, the difference to a finite key could overflow
        match center.iter().position(|x| x.abs().partial_cmp(&1e150).is_none_or(core::cmp::Ordering::is_gt)) {
            Some(coordinate) => Err(Error::CenterNotFinite { coordinate }),
            None => Ok(()),
        }
    }

    fn check_range(&self) -> Result<(), Error> {
        let Some((low, high)) = self.value_range else { return Ok(()) };
        let (inner_low, inner_high) = self.value_range();
        if low.is_finite() && high.is_finite() && low <= 0.0 && 0.0 <= high && inner_low < inner_high {
            Ok(())
        } else {
            Err(Error::ValueRange { low, high })
        }
    }

    fn check_resolution(&self) -> Result<(), Error> {
        let (feature_bits, value_bits) = self.resolution();
        let row_bits = u64::BITS - self.max_rows.saturating_sub(1).leading_zeros();
        let sound = (4..=26).contains(&feature_bits)
            && (4..=24).contains(&value_bits)
            && feature_bits + value_bits + row_bits <= 60;
        if sound { Ok(()) } else { Err(Error::Resolution { feature_bits, value_bits, row_bits }) }
    }
}
