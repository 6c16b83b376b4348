//! Softmax sums and cross-attention from released trees.

use super::distance::{CoordinateScale, DpTreeDistance};
use super::forest::{Lift, ReleasedForest};
use super::geometry::{SUMS, TreeGeometry, monomials};
use super::noise::{Combination, Confidence, NodeNoise, OUTWARD};
use super::options::{DistanceMethod, Power};
use super::reading::Reading;
use crate::error::Error;
use crate::private::{
    Answer, Coverage, LocalMass, Merge, MomentGeometry, largest_logit, power_of_two, scaled_queries,
};
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::FailureProbability;
use poly_kernel::BoundedMap;

/// Weighted sums of exponentials from released trees: `Σᵢ wᵢ exp(s·q·kᵢ)`, for each value column and for the normaliser.
///
/// With the features `b = φ(q)`,
///
/// ```text
/// Σ wᵢ⟨φ(kᵢ), b⟩ = ½ (Σ wᵢ‖φ(kᵢ)‖² + ‖b‖² Σ wᵢ − Σ_a Σᵢ wᵢ(φ_a(kᵢ) − b_a)²)
/// ```
///
/// where each of the three sums over rows has been released with noise, the last from one tree for each feature a.
///
/// # Example
///
/// ```
/// use attention_dp::{Coverage, DpTreeCrossAttention, Error};
/// use dp_mechanisms::FailureProbability;
///
/// fn mass(trees: &DpTreeCrossAttention, query: &[f64]) -> Result<f64, Error> {
///     let sums = trees.softmax().sums(query, Coverage::FixedQuery, FailureProbability::new(0.05)?)?;
///     Ok(*sums.values.last().expect("the normaliser comes last"))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct DpTreeSoftmax {
    geometry: TreeGeometry,
    features: Vec<DpTreeDistance>,
    plain: Vec<f64>,
    noise: NodeNoise,
}

/// Released sums at one query.
///
/// # Example
///
/// ```
/// /// The first column of an answer without its bars.
/// fn quotient(sums: &attention_dp::SoftmaxSums, normaliser: f64) -> Option<f64> {
///     let (mass, values) = sums.values.split_last()?;
///     (*mass > sums.noise).then(|| normaliser * values[0] / mass)
/// }
/// let sums = attention_dp::SoftmaxSums { values: vec![3.0, 12.0], noise: 1.0 };
/// assert_eq!(quotient(&sums, 2.0), Some(0.5));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SoftmaxSums {
    /// `(d_v + 1)`: sums weighted by each value column, and of the weights alone times the
    /// [normaliser](crate::MomentGeometry::normaliser) in value units.
    pub values: Vec<f64>,
    /// Half-width of the noise and floating-point error of each.
    pub noise: f64,
}

impl DpTreeSoftmax {
    fn new(geometry: TreeGeometry, forest: ReleasedForest) -> Self {
        let weight_unit = power_of_two(-geometry.moments.value_exponent());
        let unit = power_of_two(-geometry.moments.features().scale_exponent());
        let weight_bound = geometry.moments.max_abs_value() as f64 * weight_unit;
        let feature = |(tree, lift)| {
            let scale = CoordinateScale { lift, center: 0.0, unit, weight_unit, weight_bound };
            DpTreeDistance::new(tree, scale, (Power::Two, DistanceMethod::Moments))
        };
        let features = forest.trees.into_iter().zip(forest.lifts).map(feature).collect();
        Self { geometry, features, plain: forest.plain, noise: forest.noise }
    }

    /// The noise on every node and sum.
    #[must_use]
    pub const fn noise(&self) -> NodeNoise {
        self.noise
    }

    /// What features, values and lattice follow from.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry.moments
    }

    /// The distances of one feature, for the first value column.
    ///
    /// # Panics
    ///
    /// If there are not as many features.
    #[must_use]
    pub fn feature(&self, a: usize) -> &DpTreeDistance {
        &self.features[a]
    }

    /// The sums at a query `(d)`, with noise that holds for all columns at this coverage.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`], [`Error::QueryNotFinite`], [`Error::QueryTooLong`]; [`Error::Mechanism`] if the probability underflows.
    pub fn sums(
        &self,
        query: &[f64],
        coverage: Coverage,
        failure: FailureProbability,
    ) -> Result<SoftmaxSums, Error> {
        let point = scaled_queries(&self.geometry.moments, MatRef::new(query, 1, query.len())?)?;
        let confidence = self.confidence(coverage, failure)?;
        self.read(&self.features_of(point.row(0))?, point.row(0), (coverage, &confidence))
    }

    fn confidence(&self, coverage: Coverage, failure: FailureProbability) -> Result<Confidence, Error> {
        let statements = match coverage {
            Coverage::FixedQuery => self.geometry.moments.columns() as f64,
            Coverage::Simultaneous => {
                self.features.iter().map(DpTreeDistance::statements).sum::<f64>() + self.plain.len() as f64
            }
        };
        Ok(Confidence::new(failure, statements)?)
    }

    /// `φ` of a scaled query.
    fn features_of(&self, point: &[f64]) -> Result<Vec<f64>, Error> {
        let mut features = vec![0.0; self.features.len()];
        monomials(&self.geometry.moments)?.apply(point, &mut features)?;
        Ok(features)
    }

    fn read(
        &self,
        features: &[f64],
        point: &[f64],
        (coverage, confidence): (Coverage, &Confidence),
    ) -> Result<SoftmaxSums, Error> {
        let columns = self.geometry.moments.columns();
        let mut reading = Reading { values: vec![0.0; columns], ..Reading::default() };
        for (tree, &b) in self.features.iter().zip(features) {
            tree.read(b, &mut reading, confidence)?;
        }
        let unit = self.geometry.moments.features().scale();
        let square = self.geometry.moments.features().map().squared_norm_bound(point);
        let factors = [1.0 / (self.geometry.norm_factor * unit * unit), square / self.geometry.mass];
        for (value, sums) in reading.values.iter_mut().zip(self.plain.chunks_exact(SUMS)) {
            *value = sums[0] * factors[0] + sums[1] * factors[1] - *value;
        }
        let largest = self.plain.iter().fold(0.0, |largest: f64, sum| largest.max(sum.abs()));
        for factor in factors {
            reading.together = reading.together.and(factor, &Combination::SINGLE);
            reading.separate += factor * self.noise.half_width(&Combination::SINGLE, confidence);
            reading.arithmetic += 128.0 * f64::EPSILON * factor * largest;
            reading.terms += 1;
        }
        let noise = reading.noise(self.noise, coverage, confidence);
        let half = 0.5 * power_of_two(-self.geometry.moments.value_exponent());
        Ok(SoftmaxSums {
            values: reading.values.iter().map(|value| half * value).collect(),
            noise: half * noise * OUTWARD,
        })
    }

    /// How far the rounding of features and entries moves the kernel of one row: `η‖b‖₁`, and half of the rounding of the norm, the
    /// squares and the linear entries.
    fn kernel_rounding(&self, features: &[f64]) -> f64 {
        let quantised = self.geometry.moments.features();
        let unit = 1.0 / quantised.scale();
        let l1: f64 = features.iter().map(|b| b.abs()).sum();
        let l2: f64 = features.iter().map(|b| b * b).sum();
        let entry =
            |(lift, b): (&Lift, &f64)| 0.5 * unit * unit / lift.factors[2] + unit * b.abs() / lift.factors[1];
        let entries: f64 = self.geometry.lifts.iter().zip(features).map(entry).sum();
        let norm = 0.5 * unit * unit / self.geometry.norm_factor;
        // the last part: ‖b‖² and entries are themselves computed, and all are sums over features
        let rounding = quantised.entry_error() * l1 + 0.5 * (norm + entries) + 1e-12 * (l2 + entries);
        rounding * (1.0 + features.len() as f64 * f64::EPSILON)
    }
}

/// Cross-attention from released trees: one softmax structure for each value column, over one for the normaliser, all with noise.
///
/// # Example
///
/// From [`PrivateTreeAttention`](crate::PrivateTreeAttention); what has been released no longer depends on who asks:
///
/// ```
/// use attention_dp::{DpTreeCrossAttention, Error};
/// use dp_mechanisms::FailureProbability;
///
/// fn first(trees: &DpTreeCrossAttention, query: &[f64]) -> Result<Option<f64>, Error> {
///     let reader = trees.fixed_query_reader(FailureProbability::new(0.05)?)?;
///     Ok(reader.query(query)?.estimate().map(|estimate| estimate.value()[0]))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct DpTreeCrossAttention {
    softmax: DpTreeSoftmax,
}

impl DpTreeCrossAttention {
    pub(crate) fn new(geometry: TreeGeometry, forest: ReleasedForest) -> Self {
        Self { softmax: DpTreeSoftmax::new(geometry, forest) }
    }

    /// The sums that answers are ratios of.
    #[must_use]
    pub const fn softmax(&self) -> &DpTreeSoftmax {
        &self.softmax
    }

    /// Answers queries with bars that hold for *all* queries at once, up to this failure probability.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the failure probability, split over all ranges of all trees, underflows.
    pub fn reader(&self, failure: FailureProbability) -> Result<TreeReader<'_>, Error> {
        TreeReader::new(&self.softmax, failure, Coverage::Simultaneous)
    }

    /// Answers queries that were chosen *without sight of this release*, with narrower bars that hold for each by itself.
    ///
    /// # Errors
    ///
    /// As [`reader`](Self::reader).
    pub fn fixed_query_reader(&self, failure: FailureProbability) -> Result<TreeReader<'_>, Error> {
        TreeReader::new(&self.softmax, failure, Coverage::FixedQuery)
    }
}

/// Queries released trees at a fixed confidence.
///
/// # Error bound
///
/// As that of [`MomentReader`](crate::MomentReader): `P(answered, and some coordinate misses exact attention over the clipped rows by
/// more than its bar) ≤ γ`, for each query or for all together.
///
/// # Example
///
/// ```
/// use attention_dp::{DpTreeCrossAttention, Error};
/// use dp_mechanisms::FailureProbability;
///
/// fn first(trees: &DpTreeCrossAttention, query: &[f64]) -> Result<Option<f64>, Error> {
///     let answer = trees.reader(FailureProbability::new(0.05)?)?.query(query)?;
///     Ok(answer.estimate().map(|estimate| estimate.value()[0]))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct TreeReader<'a> {
    softmax: &'a DpTreeSoftmax,
    coverage: Coverage,
    confidence: Confidence,
}

impl<'a> TreeReader<'a> {
    fn new(
        softmax: &'a DpTreeSoftmax,
        failure: FailureProbability,
        coverage: Coverage,
    ) -> Result<Self, Error> {
        Ok(Self { softmax, coverage, confidence: softmax.confidence(coverage, failure)? })
    }

    /// Which queries the bars cover.
    #[must_use]
    pub const fn coverage(&self) -> Coverage {
        self.coverage
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
        let points: Mat = scaled_queries(&self.softmax.geometry.moments, queries)?;
        (0..points.nrows()).map(|i| self.answer(points.row(i))).collect()
    }

    fn answer(&self, point: &[f64]) -> Result<Answer, Error> {
        let (softmax, moments) = (self.softmax, &self.softmax.geometry.moments);
        let features = softmax.features_of(point)?;
        let sums = softmax.read(&features, point, (self.coverage, &self.confidence))?;
        let rounding = softmax.kernel_rounding(&features);
        let merge = Merge {
            geometry: moments,
            half_widths: vec![sums.noise; sums.values.len()],
            feature_rounding: rounding,
            max_logit: largest_logit(moments, point),
            local: &LocalMass::none(),
        };
        Ok(merge.answer(&sums.values))
    }
}
