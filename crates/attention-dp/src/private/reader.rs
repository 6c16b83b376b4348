//! Queries of released sums, with or without public tokens beside them.

use super::answer::Answer;
use super::bars::{Coverage, Queries, noise_multiplier};
use super::geometry::MomentGeometry;
use super::merge::{LocalMass, Merge};
use super::released::ReleasedSums;
use crate::error::{Error, Parameter};
use crate::local::LocalTokens;
use crate::rows::check_dimension;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::FailureProbability;
use poly_kernel::{BoundedMap, readout_with_norms};

/// Queries released moments at a fixed confidence.
///
/// # Error bound
///
/// `P(answered, and some coordinate misses exact attention over the clipped rows by more than its bar) ≤ γ`, for each
/// query ([`Coverage::FixedQuery`]) or for all together ([`Coverage::Simultaneous`]); see [`ErrorBar`](crate::ErrorBar) for
/// the parts. With [local tokens](Self::query_with_local) it is attention over the clipped rows and those tokens.
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
///     let estimates = answers.iter().filter_map(|answer| answer.estimate());
///     let bars = estimates.flat_map(|estimate| estimate.bars());
///     Ok(bars.map(|bar| bar.total()).reduce(f64::max))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct MomentReader<'a> {
    sums: &'a ReleasedSums,
    coverage: Coverage,
    multiplier: f64,
}

impl<'a> MomentReader<'a> {
    pub(in crate::private) fn new(
        sums: &'a ReleasedSums,
        failure: FailureProbability,
        coverage: Coverage,
    ) -> Result<Self, Error> {
        let geometry = &sums.geometry;
        let queries = Queries {
            columns: geometry.columns(),
            feature_count: geometry.feature_count(),
            key_dim: geometry.options().shape().key_dim,
            feature_radius: geometry.query_reach() * geometry.normalised_lipschitz(),
        };
        Ok(Self { sums, coverage, multiplier: noise_multiplier(coverage, failure, &queries)? })
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
        let points = scaled_queries(&self.sums.geometry, queries)?;
        let local = vec![LocalMass::none(); queries.nrows()];
        self.answers(&points, &local)
    }

    /// Attention at each row of `queries` `(m, d)` over the released rows *and* public tokens, in one softmax: a private
    /// prefix with the user's own conversation behind it.
    ///
    /// Local tokens take part exactly and without a range of logits or values; their keys are *not* centred by the caller, who
    /// gives them as they are. Every bar of the prefix shrinks with its share of the mass, so that there can be an answer where
    /// the prefix alone has none. Without a visible token the answer is that of the prefix.
    ///
    /// The bars cover whatever local tokens there are, also those that were chosen after answers had been seen; what
    /// [`Coverage::FixedQuery`] asks for concerns the query alone.
    ///
    /// # Errors
    ///
    /// As [`query_batch`](Self::query_batch), and [`Error::Dimension`] or those of [`LocalTokens::attention`] for the tokens.
    ///
    /// # Example
    ///
    /// ```
    /// use attention_dp::{AttentionMoments, Error, LocalTokens, MomentReader};
    /// use dp_linalg::Mat;
    ///
    /// /// Queries, keys and values of a conversation of which the last rows are new.
    /// fn decode(
    ///     reader: &MomentReader<'_>,
    ///     queries: &Mat,
    ///     (keys, values): (&Mat, &Mat),
    /// ) -> Result<Vec<f64>, Error> {
    ///     let earlier = keys.nrows() - queries.nrows();
    ///     let local = LocalTokens::new(keys.as_ref(), values.as_ref())?.with_causal_offset(earlier);
    ///     let answers = reader.query_with_local(queries.as_ref(), local)?;
    ///     let estimates = answers.iter().filter_map(|answer| answer.estimate());
    ///     Ok(estimates.map(|estimate| estimate.value()[0]).collect())
    /// }
    /// ```
    pub fn query_with_local(
        &self,
        queries: MatRef<'_>,
        local: LocalTokens<'_>,
    ) -> Result<Vec<Answer>, Error> {
        let points = scaled_queries(&self.sums.geometry, queries)?;
        let options = self.sums.geometry.options();
        check_dimension(Parameter::Key, options.shape().key_dim, local.keys().ncols())?;
        check_dimension(Parameter::Value, options.shape().value_dim, local.values().ncols())?;
        let masses = LocalMass::of(local, queries, options)?;
        self.answers(&points, &masses)
    }

    /// One answer for each scaled query and what is added to it.
    fn answers(&self, points: &Mat, local: &[LocalMass]) -> Result<Vec<Answer>, Error> {
        let geometry = &self.sums.geometry;
        let map = geometry.features().map();
        let parallelism = geometry.options().parallelism();
        let (products, l1_norms) =
            readout_with_norms(map, points.as_ref(), self.sums.values.as_ref(), parallelism)?;
        let answer = |(i, local): (usize, &LocalMass)| {
            let point = points.row(i);
            // the roundings of features and norms, and of a sum of r features
            let (outward, terms) = (1.0 + 1e-12, geometry.feature_count() as f64);
            let l1 = l1_norms[i] * (outward + terms * f64::EPSILON);
            let l2 = map.squared_norm_bound(point).sqrt() * outward;
            let merge = Merge {
                geometry,
                half_widths: (0..products.ncols()).map(|column| self.product_error(column, l1, l2)).collect(),
                feature_rounding: geometry.features().entry_error() * l1,
                max_logit: largest_logit(geometry, point),
                local,
            };
            merge.answer(products.row(i))
        };
        Ok(local.iter().enumerate().map(answer).collect())
    }

    /// `h (ζ σ ‖φ‖₂ + b ‖φ‖₁)`, b what an entry misses besides noise, and the floating-point error of the product in column `j`.
    fn product_error(&self, column: usize, l1: f64, l2: f64) -> f64 {
        let error = self.sums.error;
        let noise = self.multiplier * error.std * l2 + error.remainder * l1;
        // r additions and products, at most 30 roundings in a feature and its norm, twice over
        let operations = 2.0 * (self.sums.geometry.feature_count() as f64 + 64.0);
        let arithmetic = operations * f64::EPSILON * l2 * self.sums.column_norms[column];
        noise * self.sums.geometry.lattice().step() + arithmetic
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

/// Euclidean norm that does not overflow for finite input of ordinary dimension.
pub(crate) fn norm(x: &[f64]) -> f64 {
    let largest = x.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    if largest == 0.0 { 0.0 } else { largest * x.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt() }
}
