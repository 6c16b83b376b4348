//! What a release will be good for, before any data is touched.

use crate::error::Error;
use crate::features::KeyFeatures;
use crate::options::{Bounds, MomentOptions};
use crate::private::MomentGeometry;
use crate::private::power_of_two;
use crate::sensitivity::MomentAdjacency;
use dp_mechanisms::{Delta, Epsilon, LatticeGaussian};
use poly_kernel::{BoundedMap, ExpPolynomial, LogitRange, feature_count};

/// Chooses features, clip radius and normaliser for a release from public knowledge: how many rows, how large logits and
/// norms usually are, which budget.
///
/// # Model
///
/// A typical query has the [typical norm](MomentOptions::typical_query_norm). The logit of a key of norm κ is `N(0, (aκ)²)`, so that the
/// mean weight is `E eᵗ`; by default `a = softmax_scale·‖q‖/√d`, as for directions that do not depend on each other.
/// Values scatter around an answer with a standard deviation `v` a coordinate, by default a quarter of the value range.
/// With n rows and `D = n·E eᵘ`, for one coordinate of an answer,
///
/// ```text
/// noise          τ‖φ(q)‖·√(1 + (ρ/c)²)/D         standard deviation
/// approximation  v·√E(f(u) − eᵘ)²/|E f(u)|       bound of Cauchy and Schwarz
/// clipping       v·√E(eᵘ − eᵗ)²/E eᵘ             the same
/// ```
///
/// with ρ a coordinate of the answer, c the normaliser's constant, and f the function that stands in for the exponential; expectations are
/// over logits t, with `u = tR/κ` that of a key which was scaled back to the radius R, and `u = t` for others. (Weights f in place of g
/// with the average x̄ move it by `|E(f − g)(x − x̄)|/|E f|`, as `E g(x − x̄) = 0`.)
///
/// The noise is exact for its τ; the other two are bounds within the model, not certificates: the error bars of a release say what
/// is certified. For trigonometric features and landmarks the approximation is given as 0, because nothing is known of it. Nothing here may be fitted to the private rows.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, MomentPlanner, Shape};
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
///
/// let shape = Shape { key_dim: 8, value_dim: 10 };
/// let bounds = Bounds::new(3.0, 3.0, 1.0)?;
/// let base = MomentOptions::new(shape, bounds, 4).with_value_range(0.0, 1.0);
/// let key_norms = vec![1.0, 1.5, 1.8, 2.0, 2.2, 2.9]; // public knowledge
/// let planner = MomentPlanner::new(base, 100_000).with_key_norms(key_norms);
/// let plan = planner.plan(AddRemoveRow, Epsilon::new(1.0)?, Delta::new(1e-6)?)?;
/// println!("{plan}");
/// assert!(plan.error().total() < 0.02 && plan.options().bounds().key_radius() <= 3.0);
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MomentPlanner {
    base: MomentOptions,
    rows: u64,
    key_norms: Vec<f64>,
    logit_std: Option<f64>,
    value_std: Option<f64>,
    answer: f64,
    max_features: usize,
}

/// Options that a planner considered, and what it expects of them.
///
/// # Example
///
/// ```
/// fn worth_it(plan: &attention_dp::MomentPlan) -> bool {
///     plan.error().total() < 0.05
/// }
/// ```
#[derive(Debug, Clone)]
pub struct MomentPlan {
    options: MomentOptions,
    feature_count: usize,
    noise_std: f64,
    error: ExpectedError,
}

/// Expected error of a coordinate of a typical answer, by cause, in value units.
///
/// # Example
///
/// ```
/// use attention_dp::ExpectedError;
///
/// let error = ExpectedError { noise: 0.03, approximation: 0.04, clipping: 0.0 };
/// assert!((error.total() - 0.05).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedError {
    /// Standard deviation of what the noise does.
    pub noise: f64,
    /// Bound on what the features do.
    pub approximation: f64,
    /// Bound on what scaling long keys back does.
    pub clipping: f64,
}

impl ExpectedError {
    /// Root of the sum of squares.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.noise.hypot(self.approximation).hypot(self.clipping)
    }
}

/// Degrees that are tried.
const DEGREES: core::ops::RangeInclusive<usize> = 1..=12;

/// Quantiles of key norms that are tried as radii.
const QUANTILES: [f64; 6] = [0.5, 0.75, 0.9, 0.95, 0.99, 1.0];

/// Plans this much worse than the best are as good, if they have fewer features.
const AS_GOOD: f64 = 1.03;

impl MomentPlanner {
    /// Starts from options that say shapes, radii, scale, centre and range, and from the expected number of rows.
    #[must_use]
    pub const fn new(base: MomentOptions, rows: u64) -> Self {
        Self {
            base,
            rows,
            key_norms: Vec::new(),
            logit_std: None,
            value_std: None,
            answer: 0.5,
            max_features: 4096,
        }
    }

    /// Norms that centred keys usually have, from public data or knowledge: radii between them are tried, and what they
    /// would clip is in the expected error. Default: every key has the key radius of the options.
    #[must_use]
    pub fn with_key_norms(self, key_norms: Vec<f64>) -> Self {
        Self { key_norms, ..self }
    }

    /// Standard deviation of the logits of a typical query with a key of the key radius of the options.
    /// Default: `softmax_scale·‖q‖·R_k/√d`.
    #[must_use]
    pub fn with_logit_std(self, std: f64) -> Self {
        Self { logit_std: Some(std), ..self }
    }

    /// Standard deviation of a value's coordinate around the answer. Default: a quarter of the value range.
    #[must_use]
    pub fn with_value_std(self, std: f64) -> Self {
        Self { value_std: Some(std), ..self }
    }

    /// Size of a coordinate of a typical answer, in units of the value radius. Default ½.
    #[must_use]
    pub fn with_typical_answer(self, size: f64) -> Self {
        Self { answer: size, ..self }
    }

    /// Most features to consider. Default 4096.
    #[must_use]
    pub fn with_max_features(self, max_features: usize) -> Self {
        Self { max_features, ..self }
    }

    /// The plan with the least expected error; among those within 3 % of it the one with the fewest features.
    ///
    /// # Errors
    ///
    /// Those of [`MomentGeometry::new`] and of calibration for the options as they are, if nothing can be planned.
    pub fn plan<A: MomentAdjacency>(
        &self,
        adjacency: A,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<MomentPlan, Error> {
        let candidates = self.candidates(adjacency, epsilon, delta);
        let least = candidates.iter().map(|plan| plan.error.total()).fold(f64::INFINITY, f64::min);
        let good = candidates.into_iter().filter(|plan| plan.error.total() <= AS_GOOD * least);
        match good.min_by_key(|plan| plan.feature_count) {
            Some(plan) => Ok(plan),
            None => self.judge(self.base.clone(), (adjacency, epsilon, delta)),
        }
    }

    /// The plan with the fewest features whose expected error is at most `target`, or else the [best one](Self::plan).
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan).
    pub fn plan_for<A: MomentAdjacency>(
        &self,
        target: f64,
        adjacency: A,
        (epsilon, delta): (Epsilon, Delta),
    ) -> Result<MomentPlan, Error> {
        let candidates = self.candidates(adjacency, epsilon, delta).into_iter();
        let enough = candidates.filter(|plan| plan.error.total() <= target);
        match enough.min_by_key(|plan| plan.feature_count) {
            Some(plan) => Ok(plan),
            None => self.plan(adjacency, epsilon, delta),
        }
    }

    /// Everything considered, in no particular order: degrees, Taylor's and least-squares polynomials, radii, normalisers.
    pub fn candidates<A: MomentAdjacency>(
        &self,
        adjacency: A,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Vec<MomentPlan> {
        let options = self.radii().into_iter().flat_map(|radius| self.with_radius(radius));
        options.filter_map(|options| self.judge(options, (adjacency, epsilon, delta)).ok()).collect()
    }

    /// What to expect of the options as they are.
    ///
    /// # Errors
    ///
    /// Those of [`MomentGeometry::new`] and of calibration.
    pub fn expected<A: MomentAdjacency>(
        &self,
        adjacency: A,
        epsilon: Epsilon,
        delta: Delta,
    ) -> Result<MomentPlan, Error> {
        self.judge(self.base.clone(), (adjacency, epsilon, delta))
    }

    fn radii(&self) -> Vec<f64> {
        let largest = self.base.bounds().key_radius();
        let mut norms: Vec<f64> = self.key_norms.iter().copied().filter(|norm| *norm > 0.0).collect();
        norms.sort_by(f64::total_cmp);
        let quantile =
            |level: f64| norms.get(((norms.len() as f64 * level).ceil() as usize).max(1) - 1).copied();
        let mut radii: Vec<f64> = QUANTILES.iter().filter_map(|&level| quantile(level)).collect();
        radii.push(largest);
        radii.retain(|radius| *radius <= largest);
        radii.dedup();
        radii
    }

    /// Degrees, polynomials and normalisers for one radius.
    fn with_radius(&self, key_radius: f64) -> Vec<MomentOptions> {
        let (shape, bounds) = (self.base.shape(), self.base.bounds());
        let Ok(bounds) = Bounds::new(bounds.query_radius(), key_radius, bounds.value_radius()) else {
            return Vec::new();
        };
        let std = self.logit_std_at(key_radius);
        let max_logit = self.base.softmax_scale() * bounds.query_radius() * key_radius;
        let weights = [1.0, self.answer.clamp(1.0 / 16.0, 16.0).sqrt()];
        let degrees =
            DEGREES.filter(|&degree| feature_count(shape.key_dim, degree) <= self.max_features as u128);
        let features = degrees.flat_map(|degree| {
            let fitted = ExpPolynomial::least_squares_normal(degree, 0.0, std);
            let best = LogitRange::symmetric(max_logit)
                .and_then(|range| ExpPolynomial::best_relative(degree, range));
            let others = [fitted, best].into_iter().flatten().map(KeyFeatures::Polynomial);
            others.chain([KeyFeatures::Taylor { degree }])
        });
        let base = self.base.clone().with_bounds(bounds);
        features
            .flat_map(|features| {
                let options = base.clone().with_features(features);
                weights.map(|weight| options.clone().with_normaliser_weight(weight))
            })
            .collect()
    }

    fn judge<A: MomentAdjacency>(
        &self,
        options: MomentOptions,
        (adjacency, epsilon, delta): (A, Epsilon, Delta),
    ) -> Result<MomentPlan, Error> {
        let geometry = MomentGeometry::new(options)?;
        let mechanism = LatticeGaussian::calibrate(epsilon, delta, adjacency.sensitivity(&geometry)?)?;
        let noise_std = mechanism.noise_std().get();
        Ok(MomentPlan {
            feature_count: geometry.feature_count(),
            error: self.error(&geometry, noise_std),
            noise_std,
            options: geometry.options().clone(),
        })
    }

    fn error(&self, geometry: &MomentGeometry, noise_std: f64) -> ExpectedError {
        let options = geometry.options();
        let radius = options.bounds().key_radius();
        let all = [self.base.bounds().key_radius()];
        let norms: &[f64] = if self.key_norms.is_empty() { &all } else { &self.key_norms };
        let kernel = kernel_of(options.features());
        let (mut mass, mut kernel_mass, mut approximation, mut clipping) = (0.0, 0.0, 0.0, 0.0);
        for &norm in norms {
            let shrink = (radius / norm).min(1.0);
            let clipped = self.logit_std_at(norm) * shrink;
            let means = normal_means(clipped, |t| {
                let (exact, shrunk) = ((t / shrink).exp(), t.exp());
                [shrunk, kernel(t), (kernel(t) - shrunk).powi(2), (exact - shrunk).powi(2)]
            });
            mass += means[0];
            kernel_mass += means[1];
            approximation += means[2];
            clipping += means[3];
        }
        let count = norms.len() as f64;
        let (mass, kernel_mass) = (mass / count, kernel_mass / count);
        let (approximation, clipping) = (approximation / count, clipping / count);
        let (low, high) = options.value_range();
        let spread = self.value_std.unwrap_or((high - low) / 4.0);
        let query = geometry.scaling().query_factor() * options.typical_query_norm();
        let mut point = vec![0.0; options.shape().key_dim];
        point[0] = query;
        let norm = geometry.features().map().squared_norm_bound(&point).sqrt();
        let normaliser = geometry.normaliser() as f64 * power_of_two(-geometry.value_exponent());
        let ratio = self.answer * options.bounds().value_radius() / normaliser;
        let noise = noise_std * geometry.lattice().step() * norm * (1.0 + ratio * ratio).sqrt();
        ExpectedError {
            noise: noise / (self.rows as f64 * mass),
            approximation: spread * approximation.sqrt() / kernel_mass.abs(),
            clipping: spread * clipping.sqrt() / mass,
        }
    }

    /// Standard deviation of the logits of keys of this norm.
    fn logit_std_at(&self, norm: f64) -> f64 {
        let (radius, dim) = (self.base.bounds().key_radius(), self.base.shape().key_dim as f64);
        let random = self.base.softmax_scale() * self.base.typical_query_norm() * norm / dim.sqrt();
        self.logit_std.map_or(random, |std| std * norm / radius)
    }
}

/// The function in place of the exponential; the exponential itself where the error is not a function of the logit.
fn kernel_of(features: &KeyFeatures) -> impl Fn(f64) -> f64 {
    let polynomial = match features {
        KeyFeatures::Taylor { degree } => ExpPolynomial::taylor(*degree).ok(),
        KeyFeatures::Polynomial(polynomial) => Some(polynomial.clone()),
        KeyFeatures::Trigonometric(_) | KeyFeatures::Landmarks(_) => None,
    };
    move |t| polynomial.as_ref().map_or_else(|| t.exp(), |polynomial| polynomial.evaluate(t))
}

/// Means under `N(0, std²)` by the trapezoidal rule within ten standard deviations, which is accurate to rounding here.
fn normal_means<const N: usize>(std: f64, f: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    const STEPS: i32 = 400;
    let (mut sums, mut total) = ([0.0; N], 0.0);
    for i in -STEPS..=STEPS {
        let z = 10.0 * f64::from(i) / f64::from(STEPS);
        let weight = (-0.5 * z * z).exp();
        total += weight;
        for (sum, value) in sums.iter_mut().zip(f(std * z)) {
            *sum += weight * value;
        }
    }
    sums.map(|sum| sum / total)
}

impl MomentPlan {
    /// The options to release with.
    #[must_use]
    pub const fn options(&self) -> &MomentOptions {
        &self.options
    }

    /// Number of features `r`.
    #[must_use]
    pub const fn feature_count(&self) -> usize {
        self.feature_count
    }

    /// Bytes of the released moments.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.feature_count * self.options.shape().columns() * size_of::<i64>()
    }

    /// Standard deviation of the noise that a release would add, in lattice steps.
    #[must_use]
    pub const fn noise_std(&self) -> f64 {
        self.noise_std
    }

    /// What to expect.
    #[must_use]
    pub const fn error(&self) -> ExpectedError {
        self.error
    }
}

impl core::fmt::Display for MomentPlan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (kind, degree) = match self.options.features() {
            KeyFeatures::Taylor { degree } => ("Taylor", *degree),
            KeyFeatures::Polynomial(polynomial) => ("fitted polynomial", polynomial.degree()),
            KeyFeatures::Trigonometric(_) => ("trigonometric", 0),
            KeyFeatures::Landmarks(_) => ("landmarks", 0),
        };
        let ExpectedError { noise, approximation, clipping } = self.error;
        write!(
            f,
            "{kind}, degree {degree}, {} features, keys up to {:.3}, normaliser {:.2}: error {:.2e} \
             (noise {noise:.1e}, approximation {approximation:.1e}, clipping {clipping:.1e})",
            self.feature_count,
            self.options.bounds().key_radius(),
            self.options.normaliser_weight(),
            self.error.total()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_features_is_relative_to_their_own_mass() {
        let shape = crate::Shape { key_dim: 4, value_dim: 1 };
        let base = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0).unwrap(), 1);
        let planner = MomentPlanner::new(base, 1_000).with_logit_std(0.5).with_value_std(1.0);
        let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
        let error = planner.expected(dp_mechanisms::AddRemoveRow, epsilon, delta).unwrap().error();
        // E(1 + t − eᵗ)² for t ~ N(0, s), over the mass E(1 + t) = 1 and not over E eᵗ = 1.13
        let s: f64 = 0.25;
        let square = (1.0 + s) * (1.0 - 2.0 * (0.5 * s).exp()) + (2.0 * s).exp();
        assert!((error.approximation - square.sqrt()).abs() < 1e-9, "{error:?}");
    }

    #[test]
    fn means_under_a_normal_law_are_its_moments() {
        for std in [0.1, 1.0, 2.0] {
            let [one, square, exp] = normal_means(std, |t| [1.0, t * t, t.exp()]);
            // the rule's error for these integrands is far below rounding; the cut at ten deviations is 1e-22
            assert!((one - 1.0).abs() < 1e-14 && (square / (std * std) - 1.0).abs() < 1e-12);
            assert!((exp / (0.5 * std * std).exp() - 1.0).abs() < 1e-10, "{exp}");
        }
    }
}
