//! What is compared, and its errors.

use crate::DELTA;
use crate::data::Projected;
use attention_dp::{
    AttentionMoments, Bounds, Coverage, MomentGeometry, MomentOptions, PrivateMoments, PrivateTreeAttention,
    PublishedParameters, Rows, Shape, TreeAttentionOptions, TreeBudget, exact_attention, published_error,
};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{Delta, Epsilon, FailureProbability, ReplaceRow, secure_rng};
use poly_kernel::{BoundedMap, readout};
use std::error::Error;

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    /// The paper's error formula, leading term, hidden constants set to one.
    Formula,
    /// Equal shares with a normaliser that has no noise: as published, *not private*.
    TreesPublished,
    /// All sums noised, the budget in equal shares.
    TreesEqual,
    /// All sums noised, shares found by the accountant.
    TreesAccounted,
    /// All sums noised, one joint Gaussian budget: the best a tree can have here.
    TreesJoint,
    /// The moment release.
    Moments,
    /// What the noise of moments is in theory: `σ√κ(q, q)`.
    Floor,
    /// Features without noise.
    Features,
    /// The mean of all values, whatever the query.
    Mean,
}

impl Method {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Formula => "formula of the paper",
            Self::TreesPublished => "trees as published",
            Self::TreesEqual => "trees, equal shares",
            Self::TreesAccounted => "trees, accountant",
            Self::TreesJoint => "trees, joint budget",
            Self::Moments => "moments",
            Self::Floor => "noise floor",
            Self::Features => "features, no noise",
            Self::Mean => "uniform mean",
        }
    }
}

/// Noise of both sums at each query `(m, 2)`, in value units.
pub(crate) type Draws = Vec<Mat>;

fn options((dim, degree): (usize, usize)) -> Result<MomentOptions, Box<dyn Error>> {
    let shape = Shape { key_dim: dim, value_dim: 1 };
    Ok(MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0)?, degree)
        .with_softmax_scale(1.0)
        .with_max_rows(1 << 20))
}

/// Releases of no rows.
pub(crate) fn noises(
    queries: &Mat,
    shape: (usize, usize),
    epsilon: f64,
) -> Result<Vec<(Method, Draws)>, Box<dyn Error>> {
    let (epsilon, delta) = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
    let rng = &mut secure_rng()?;
    let mut all = Vec::new();
    let trees = [
        (Method::TreesEqual, TreeBudget::EqualShares),
        (Method::TreesAccounted, TreeBudget::Accounted),
        (Method::TreesJoint, TreeBudget::Joint),
    ];
    for (method, budget) in trees {
        let mut draws = Vec::new();
        for _ in 0..9 {
            // equal shares need more noise than a finer lattice carries; rounding is far below it
            let coarse = options(shape)?.with_resolution(12, 8);
            let empty = PrivateTreeAttention::new(ReplaceRow, TreeAttentionOptions::new(coarse, budget))?;
            let release = empty.release(epsilon, delta, rng)?;
            let mut sums = Mat::zeros(queries.nrows(), 2);
            for (i, query) in queries.rows().enumerate() {
                let found = release.value().softmax().sums(
                    query,
                    Coverage::FixedQuery,
                    FailureProbability::new(0.5)?,
                )?;
                sums.row_mut(i).copy_from_slice(&found.values);
            }
            draws.push(sums);
        }
        all.push((method, draws));
    }
    let mut draws = Vec::new();
    for _ in 0..30 {
        let release = PrivateMoments::new(ReplaceRow, options(shape)?)?.release(epsilon, delta, rng)?;
        draws.push(sums_of(release.value(), queries)?);
    }
    all.push((Method::Moments, draws));
    Ok(all)
}

/// Both sums at each query, in value units.
pub(crate) fn sums_of(moments: &AttentionMoments, queries: &Mat) -> Result<Mat, Box<dyn Error>> {
    let geometry = moments.geometry();
    let step = geometry.lattice().step();
    let values = moments.steps().iter().map(|&steps| steps as f64 * step).collect();
    let values = Mat::from_vec(geometry.feature_count(), geometry.columns(), values)?;
    let factor = geometry.scaling().query_factor();
    let points = Mat::from_fn(queries.nrows(), queries.ncols(), |i, j| queries[(i, j)] * factor);
    Ok(readout(geometry.features().map(), points.as_ref(), values.as_ref(), Parallelism::available())?)
}

/// Exact answers and sums of features for n rows.
pub(crate) struct Case {
    pub(crate) features: usize,
    geometry: MomentGeometry,
    queries: Mat,
    rows: usize,
    exact: Mat,
    sums: Mat,
    /// The normaliser of one row.
    unit: f64,
    mean: f64,
}

impl Case {
    pub(crate) fn new(data: &Projected, shape: (usize, usize), rows: usize) -> Result<Self, Box<dyn Error>> {
        let (keys, values) = data.take(rows);
        let mut moments = PrivateMoments::new(ReplaceRow, options(shape)?)?;
        moments.push(Rows::new(ReplaceRow, keys.as_ref(), values.as_ref())?)?;
        let moments = moments.assume_public()?;
        let geometry = moments.geometry().clone();
        let threads = Parallelism::available();
        let exact = exact_attention(data.queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, threads)?;
        Ok(Self {
            features: geometry.feature_count(),
            sums: sums_of(&moments, &data.queries)?,
            unit: geometry.normaliser() as f64 * 0.5_f64.powi(geometry.value_exponent()),
            mean: values.as_slice().iter().sum::<f64>() / rows as f64,
            queries: data.queries.clone(),
            geometry,
            rows,
            exact,
        })
    }

    /// Errors of the weighted sum and of the answer, with noise in both sums.
    pub(crate) fn private(&self, draws: &Draws) -> (f64, f64) {
        self.errors(draws, 1.0)
    }

    /// The same with noise in the weighted sum alone.
    pub(crate) fn bare_normaliser(&self, draws: &Draws) -> (f64, f64) {
        self.errors(draws, 0.0)
    }

    fn errors(&self, draws: &Draws, normaliser: f64) -> (f64, f64) {
        let (mut sum, mut answer) = (0.0, 0.0);
        for noise in draws {
            for i in 0..noise.nrows() {
                sum += noise[(i, 0)].powi(2);
                let mass = (self.sums[(i, 1)] + normaliser * noise[(i, 1)]) / self.unit;
                let ratio = if mass > 0.0 { (self.sums[(i, 0)] + noise[(i, 0)]) / mass } else { 0.0 };
                answer += (ratio.clamp(-1.0, 1.0) - self.exact[(i, 0)]).powi(2);
            }
        }
        let count = (draws.len() * self.queries.nrows()) as f64;
        ((sum / count).sqrt() / self.rows as f64, (answer / count).sqrt())
    }

    pub(crate) fn features_alone(&self) -> f64 {
        let zeros = vec![Mat::zeros(self.queries.nrows(), 2)];
        self.errors(&zeros, 1.0).1
    }

    /// Largest error of an answer of the features, over the range of values.
    pub(crate) fn worst_feature_error(&self) -> f64 {
        let ratio = |i: usize| self.sums[(i, 0)] / (self.sums[(i, 1)] / self.unit);
        (0..self.queries.nrows()).map(|i| (ratio(i) - self.exact[(i, 0)]).abs() / 2.0).fold(0.0, f64::max)
    }

    pub(crate) fn kernel_error(&self) -> f64 {
        self.geometry.kernel_error()
    }

    pub(crate) fn uniform(&self) -> f64 {
        let square = |i: usize| (self.mean - self.exact[(i, 0)]).powi(2);
        let count = self.queries.nrows();
        ((0..count).map(square).sum::<f64>() / count as f64).sqrt()
    }

    pub(crate) fn published_formula(&self, degree: usize, epsilon: f64) -> f64 {
        let parameters = PublishedParameters {
            rows: self.rows as u64,
            epsilon,
            radius: 1.0,
            value_bound: 1.0,
            degree: degree as u32,
            feature_count: self.features,
            kernel_error: self.geometry.kernel_error(),
            alpha: None,
        };
        published_error(&parameters).additive
    }

    /// `τ‖φ(q)‖` in rows, and what it does to an answer: both sums have it.
    pub(crate) fn floor(&self, epsilon: f64) -> Result<(f64, f64), Box<dyn Error>> {
        let moments = PrivateMoments::new(ReplaceRow, self.geometry.options().clone())?;
        let std = moments.calibrate(Epsilon::new(epsilon)?, Delta::new(DELTA)?)?.noise_std().get();
        let factor = self.geometry.scaling().query_factor();
        let (mut sum, mut answer) = (0.0, 0.0);
        for (i, query) in self.queries.rows().enumerate() {
            let point: Vec<f64> = query.iter().map(|q| q * factor).collect();
            let noise = std * self.geometry.lattice().step();
            let square = noise * noise * self.geometry.features().map().squared_norm_bound(&point);
            let (mass, ratio) = (self.sums[(i, 1)] / self.unit, self.exact[(i, 0)]);
            sum += square;
            answer += square * (1.0 + (ratio / self.unit).powi(2)) / (mass * mass);
        }
        let count = self.queries.nrows() as f64;
        Ok(((sum / count).sqrt() / self.rows as f64, (answer / count).sqrt()))
    }
}
