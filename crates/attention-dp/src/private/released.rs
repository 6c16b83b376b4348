//! The released moments and what is computed from them: queries with error bars.

use super::bars::{Coverage, ErrorBar, Queries, exp_upper, noise_multiplier, weight_error_effect};
use super::encode::clip_margin;
use super::geometry::{MomentGeometry, power_of_two};
use crate::error::{Error, Parameter};
use crate::options::Shape;
use crate::rows::check_dimension;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{FailureProbability, NoiseStd};
use poly_kernel::{BoundedMap, readout_with_norms};

/// Released attention moments `Ŝ = S + noise`: everything that queries need, safe to store, copy and publish.
///
/// # Example
///
/// See [`PrivateMoments`](crate::PrivateMoments); what has been released no longer depends on who asks:
///
/// ```
/// fn publish(moments: &attention_dp::AttentionMoments) -> usize {
///     std::mem::size_of_val(moments.steps()) // flat in the number of rows
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AttentionMoments {
    geometry: MomentGeometry,
    steps: Vec<i64>,
    noise_std: Option<NoiseStd>,
    /// `Ŝ` in data units, `(r, d_v + 1)`.
    values: Mat,
    /// Norms of its columns.
    column_norms: Vec<f64>,
}

impl AttentionMoments {
    pub(crate) fn new(geometry: MomentGeometry, steps: Vec<i64>, noise_std: Option<NoiseStd>) -> Self {
        let (rows, columns) = (geometry.feature_count(), geometry.columns());
        let step = geometry.lattice().step();
        let values = Mat::from_fn(rows, columns, |i, j| steps[i * columns + j] as f64 * step);
        let column_norms =
            (0..columns).map(|j| (0..rows).map(|i| values[(i, j)].powi(2)).sum::<f64>().sqrt()).collect();
        Self { geometry, steps, noise_std, values, column_norms }
    }

    /// What follows from the public options.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry
    }

    /// The released integers, row-major `(r, d_v + 1)`.
    #[must_use]
    pub fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// Standard deviation of the noise on each integer, in lattice steps; `None` for moments that were
    /// [assumed public](crate::PrivateMoments::assume_public).
    #[must_use]
    pub const fn noise_std(&self) -> Option<NoiseStd> {
        self.noise_std
    }

    /// Standard deviation of the noise on the *unnormalised* sums at a query whose features have norm 1, in value units.
    #[must_use]
    pub fn unit_noise_std(&self) -> f64 {
        self.noise_std.map_or(0.0, |std| std.get() * self.geometry.lattice().step())
    }

    /// Answers queries with bars that hold for *all* queries at once, up to this failure probability.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the failure probability, split over the columns, underflows.
    pub fn reader(&self, failure_probability: FailureProbability) -> Result<MomentReader<'_>, Error> {
        MomentReader::new(self, failure_probability, Coverage::Simultaneous)
    }

    /// Answers queries that were chosen *without sight of this release* (or of any answer from it), with narrower bars
    /// that hold for each query by itself.
    ///
    /// # Errors
    ///
    /// As [`reader`](Self::reader).
    pub fn fixed_query_reader(
        &self,
        failure_probability: FailureProbability,
    ) -> Result<MomentReader<'_>, Error> {
        MomentReader::new(self, failure_probability, Coverage::FixedQuery)
    }
}

/// Queries released moments at a fixed confidence.
///
/// # Error bound
///
/// `P(answered, and some coordinate misses exact attention over the clipped rows by more than its bar) ≤ γ`, for each
/// query ([`Coverage::FixedQuery`]) or for all together ([`Coverage::Simultaneous`]); see [`ErrorBar`] for the parts.
///
/// # Example
///
/// ```
/// use attention_dp::{AttentionMoments, Error};
/// use dp_linalg::Mat;
/// use dp_mechanisms::FailureProbability;
///
/// fn widest_bar(moments: &AttentionMoments, queries: &Mat) -> Result<Option<f64>, Error> {
///     let reader = moments.reader(FailureProbability::new(0.05)?)?;
///     let answers = reader.query_batch(queries.as_ref())?;
///     let bars = answers.iter().filter_map(|answer| answer.estimate()).flat_map(|estimate| estimate.bars());
///     Ok(bars.map(|bar| bar.total()).reduce(f64::max))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct MomentReader<'a> {
    moments: &'a AttentionMoments,
    coverage: Coverage,
    multiplier: f64,
}

/// What the released moments say about one query.
///
/// # Example
///
/// ```
/// use attention_dp::Answer;
///
/// fn first(answer: &Answer) -> Option<f64> {
///     answer.estimate().map(|estimate| estimate.value()[0])
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A value with error bars.
    Estimate(Estimate),
    /// No answer at this confidence: the released normaliser does not rise above its noise.
    Undetermined,
}

impl Answer {
    /// The value and bars, if there are.
    #[must_use]
    pub const fn estimate(&self) -> Option<&Estimate> {
        match self {
            Self::Estimate(estimate) => Some(estimate),
            Self::Undetermined => None,
        }
    }
}

/// Estimated attention output at one query, with one error bar a coordinate.
///
/// # Example
///
/// ```
/// fn interval(estimate: &attention_dp::Estimate, coordinate: usize) -> (f64, f64) {
///     let (value, bar) = (estimate.value()[coordinate], estimate.bars()[coordinate].total());
///     (value - bar, value + bar)
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    value: Vec<f64>,
    bars: Vec<ErrorBar>,
}

impl Estimate {
    /// Estimated output, in value units, within the public value range.
    #[must_use]
    pub fn value(&self) -> &[f64] {
        &self.value
    }

    /// Error bars of its coordinates.
    #[must_use]
    pub fn bars(&self) -> &[ErrorBar] {
        &self.bars
    }
}

/// Public quantities of one query that its bars depend on.
struct QueryNorms {
    /// `‖φ‖₁`
    l1: f64,
    /// `‖φ‖₂`
    l2: f64,
    /// Largest `|logit|` that a clipped key can have with this query.
    max_logit: f64,
}

impl<'a> MomentReader<'a> {
    fn new(
        moments: &'a AttentionMoments,
        failure: FailureProbability,
        coverage: Coverage,
    ) -> Result<Self, Error> {
        let geometry = &moments.geometry;
        let queries = Queries {
            columns: geometry.columns(),
            feature_count: geometry.feature_count(),
            key_dim: geometry.options().shape().key_dim,
            feature_radius: geometry.query_reach() * geometry.normalised_lipschitz(),
        };
        Ok(Self { moments, coverage, multiplier: noise_multiplier(coverage, failure, &queries)? })
    }

    /// Which queries the bars cover.
    #[must_use]
    pub const fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// How many standard deviations of noise the bars allow for.
    #[must_use]
    pub const fn noise_multiplier(&self) -> f64 {
        self.multiplier
    }

    /// Attention at one query `(d)`.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`], [`Error::QueryNotFinite`], [`Error::QueryTooLong`].
    pub fn query(&self, query: &[f64]) -> Result<Answer, Error> {
        let mut answers = self.query_batch(MatRef::new(query, 1, query.len())?)?;
        Ok(answers.swap_remove(0))
    }

    /// Attention at each row of `queries` `(m, d)`.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query), naming the first bad row; then no query is answered.
    pub fn query_batch(&self, queries: MatRef<'_>) -> Result<Vec<Answer>, Error> {
        let geometry = &self.moments.geometry;
        let points = scaled_queries(geometry, queries)?;
        let map = geometry.features().map();
        let parallelism = geometry.options().parallelism();
        let (products, l1_norms) =
            readout_with_norms(map, points.as_ref(), self.moments.values.as_ref(), parallelism)?;
        Ok((0..queries.nrows())
            .map(|i| {
                let norms =
                    self.norms(points.row(i), l1_norms[i], map.squared_norm_bound(points.row(i)).sqrt());
                self.answer(&norms, products.row(i))
            })
            .collect())
    }

    fn norms(&self, point: &[f64], l1: f64, l2: f64) -> QueryNorms {
        let outward = 1.0 + 1e-12;
        let max_logit = largest_logit(&self.moments.geometry, point);
        QueryNorms { l1: l1 * outward, l2: l2 * outward, max_logit }
    }

    fn answer(&self, norms: &QueryNorms, products: &[f64]) -> Answer {
        let geometry = &self.moments.geometry;
        let rounding = geometry.features().entry_error() * norms.l1;
        let errors = deterministic_errors(geometry, norms.max_logit, rounding);
        let noise: Vec<f64> = (0..products.len()).map(|column| self.product_error(norms, column)).collect();
        ratio_answer(geometry, products, &noise, errors)
    }

    /// `h (ζ σ ‖φ‖₂ + ½ ‖φ‖₁)` and the floating-point error of the product in column `j`.
    fn product_error(&self, norms: &QueryNorms, column: usize) -> f64 {
        let noise =
            self.moments.noise_std.map_or(0.0, |std| self.multiplier * std.get() * norms.l2 + 0.5 * norms.l1);
        // r additions and products, at most 30 roundings in a feature and its norm, twice over
        let operations = 2.0 * (self.moments.geometry.feature_count() as f64 + 64.0);
        let arithmetic = operations * f64::EPSILON * norms.l2 * self.moments.column_norms[column];
        noise * self.moments.geometry.lattice().step() + arithmetic
    }
}

/// Checks all queries and scales them to the balanced ball.
pub(crate) fn scaled_queries(geometry: &MomentGeometry, queries: MatRef<'_>) -> Result<Mat, Error> {
    let options = geometry.options();
    let radius = options.bounds().query_radius();
    check_dimension(Parameter::Query, options.shape().key_dim, queries.ncols())?;
    for (query, row) in queries.rows().enumerate() {
        if let Some(coordinate) = row.iter().position(|x| !x.is_finite()) {
            return Err(Error::QueryNotFinite { query, coordinate });
        }
        let norm = norm(row);
        // a query scaled to the radius may exceed it by the rounding of d + 2 operations
        if norm > radius * (1.0 + 1e-12) {
            return Err(Error::QueryTooLong { query, norm, radius });
        }
    }
    let factor = geometry.scaling().query_factor();
    Ok(Mat::from_fn(queries.nrows(), queries.ncols(), |i, j| queries.row(i)[j] * factor))
}

/// Largest `|logit|` that a clipped key can have with this scaled query, rounded up.
pub(crate) fn largest_logit(geometry: &MomentGeometry, point: &[f64]) -> f64 {
    norm(point) * geometry.scaling().radius() * (1.0 + 1e-12)
}

/// The ratio of weighted sums (all but the last) to the normaliser (the last), from their estimates and half-widths in value units.
pub(crate) fn ratio_answer(
    geometry: &MomentGeometry,
    products: &[f64],
    half_widths: &[f64],
    (approximation, quantisation): (f64, f64),
) -> Answer {
    let (sums, normaliser) = (&products[..products.len() - 1], products[products.len() - 1]);
    let unit = geometry.normaliser() as f64 * power_of_two(-geometry.value_exponent());
    let mass = normaliser / unit;
    let mass_error = half_widths[sums.len()] / unit;
    let least_mass = mass - mass_error;
    if least_mass <= 0.0 || !least_mass.is_finite() {
        return Answer::Undetermined;
    }
    let (low, high) = geometry.options().value_range();
    let ratios = sums.iter().map(|sum| sum / mass);
    let bars = ratios.clone().zip(half_widths).map(|(ratio, half_width)| ErrorBar {
        noise: half_width / least_mass,
        ratio: ratio.abs() * mass_error / least_mass,
        approximation,
        quantisation,
    });
    Answer::Estimate(Estimate {
        bars: bars.collect(),
        value: ratios.map(|ratio| ratio.clamp(low, high)).collect(),
    })
}

/// Approximation and quantisation parts, the same for all coordinates; `feature_rounding` bounds how far the kernel of one row is
/// from that of its exact features.
///
/// Where the kernel has no relative error below 1, the approximation part is the whole range: answers are moved into
/// the range, and exact attention lies in it.
pub(crate) fn deterministic_errors(
    geometry: &MomentGeometry,
    max_logit: f64,
    feature_rounding: f64,
) -> (f64, f64) {
    let kernel = geometry.kernel_bound(max_logit);
    let exp = exp_upper(max_logit);
    let rounding = feature_rounding * exp;
    // the features' own coefficients are rounded: f(|t|)·2⁻⁵² against e^t ≥ e^−|t|
    let coefficients = f64::EPSILON * geometry.kernel_size() * exp;
    // a document that is scaled down is rounded by less than a step an entry, and has the mass of its weight at least
    let document = 2.0 * rounding / f64::from(geometry.options().document_weight());
    let per_normaliser = document / geometry.normaliser() as f64;
    let relative = kernel.spread + (rounding + coefficients + per_normaliser) * kernel.weight;
    let value_step = power_of_two(-geometry.value_exponent());
    let (low, high) = geometry.options().value_range();
    let range = high - low;
    let approximation = range * weight_error_effect(kernel.spread);
    let weights = (range + value_step) * weight_error_effect(relative) - approximation;
    // clipping shortens rows by a little more than the radius asks, and rounds them
    let Shape { key_dim, value_dim } = geometry.options().shape();
    let largest = low.abs().max(high.abs());
    let clipping = 2.0 * (range * max_logit * clip_margin(key_dim) + largest * clip_margin(value_dim));
    (approximation, weights + (0.5 + document * kernel.weight) * value_step + clipping)
}

/// Euclidean norm that does not overflow for finite input of ordinary dimension.
fn norm(x: &[f64]) -> f64 {
    let largest = x.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    if largest == 0.0 { 0.0 } else { largest * x.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt() }
}
