//! What each way out costs, before anything is released: a function of public parameters alone.

use super::bars::Deviation;
use super::lattice::LogitLattice;
use super::mechanisms::{gram_mechanism, published_sampling_mechanism, rows_mechanism, sampling_mechanism};
use super::options::SelfAttentionOptions;
use crate::error::Error;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{Delta, Epsilon, FailureProbability, GaussianSampling};
use serde::{Deserialize, Serialize};

/// Three ways from private rows to released logits.
///
/// # Example
///
/// ```
/// assert_eq!(attention_dp::Route::Gram.name(), "gram");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Noise on the rows: [`release_rows`](crate::PrivateSelfAttention::release_rows).
    Rows,
    /// Noise on all logits: [`release_gram`](crate::PrivateSelfAttention::release_gram).
    Gram,
    /// Draws of a Gaussian: [`release_sampling`](crate::PrivateSelfAttention::release_sampling).
    Sampling,
}

impl Route {
    /// Permanent name, as written to certificates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Gram => "gram",
            Self::Sampling => "sampling",
        }
    }
}

/// What one way out costs.
///
/// # Example
///
/// ```
/// use attention_dp::RouteForecast;
///
/// fn is_useful(forecast: &RouteForecast) -> bool {
///     forecast.total_variation() < 0.1
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RouteForecast {
    route: Route,
    effort: Effort,
    logit_std: f64,
    logit_bar: f64,
    max_logit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Effort {
    Noise(f64),
    Draws(Draws),
}

impl RouteForecast {
    /// Which way.
    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    /// Standard deviation of the noise: on a coordinate of a row in units of data, or on a logit; `None` for sampling.
    #[must_use]
    pub const fn noise_std(&self) -> Option<f64> {
        match self.effort {
            Effort::Noise(std) => Some(std),
            Effort::Draws(_) => None,
        }
    }

    /// Number of draws; `None` unless it is sampling.
    #[must_use]
    pub const fn draws(&self) -> Option<Draws> {
        match self.effort {
            Effort::Noise(_) => None,
            Effort::Draws(draws) => Some(draws),
        }
    }

    /// Standard deviation of the error of a logit of two different rows as long as the radius, at right angles.
    ///
    /// Logits are moved into `±s·radius²`, so that the error of an estimate is never larger than that of one in the range.
    #[must_use]
    pub const fn logit_std(&self) -> f64 {
        self.logit_std
    }

    /// The largest half-width of an interval for a logit that [`bounds`](crate::AttentionLogits::bounds) can have, for rows as long as
    /// the radius and before intervals are cut at `±s·radius²`.
    #[must_use]
    pub const fn logit_bar(&self) -> f64 {
        self.logit_bar
    }

    /// Bound on the total variation of each row of attention that follows: `tanh(bar/2)`, with a bar of no more than the
    /// range of logits.
    #[must_use]
    pub fn total_variation(&self) -> f64 {
        (0.5 * self.logit_bar.min(2.0 * self.max_logit)).tanh()
    }
}

/// What all ways out cost at one budget.
///
/// # Example
///
/// ```
/// use attention_dp::{Route, SelfAttentionOptions, plan_self_attention};
/// use dp_mechanisms::{Delta, Epsilon, FailureProbability, PerturbRow, ReplaceRow};
///
/// let budget = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let failure = FailureProbability::new(0.05)?;
/// let options = SelfAttentionOptions::new(1000, 64, 1.0)?.with_softmax_scale(1.0);
/// let close = plan_self_attention(&options, PerturbRow::new(0.01)?, budget, failure)?;
/// assert_eq!(close.recommended().map(|forecast| forecast.route()), Some(Route::Rows));
/// let (rows, sampling) = (close.rows().expect("always"), close.sampling().expect("700 draws"));
/// assert!(rows.logit_std() < sampling.logit_std());
/// assert!(close.published_sampling().is_none()); // the published condition allows no draw
///
/// // whole rows: no way is of use, and sampling is none
/// let whole = plan_self_attention(&options, ReplaceRow, budget, failure)?;
/// assert!(whole.sampling().is_none());
/// assert!(whole.gram().expect("always").total_variation() > 0.7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfAttentionPlan {
    rows: Option<RouteForecast>,
    gram: Option<RouteForecast>,
    sampling: Option<RouteForecast>,
    published_sampling: Option<RouteForecast>,
}

impl SelfAttentionPlan {
    /// Noise on the rows; `None` if it is more than the lattice carries.
    #[must_use]
    pub const fn rows(&self) -> Option<&RouteForecast> {
        self.rows.as_ref()
    }

    /// Noise on the triangle; `None` if it is more than the lattice carries.
    #[must_use]
    pub const fn gram(&self) -> Option<&RouteForecast> {
        self.gram.as_ref()
    }

    /// Gaussian sampling by the exact profile; `None` if one draw is too many, or the move or the ridge not well above rounding.
    #[must_use]
    pub const fn sampling(&self) -> Option<&RouteForecast> {
        self.sampling.as_ref()
    }

    /// Gaussian sampling by the published condition and bound; `None` if they allow no draw.
    #[must_use]
    pub const fn published_sampling(&self) -> Option<&RouteForecast> {
        self.published_sampling.as_ref()
    }

    /// The way with the narrowest bars, among those that there are.
    ///
    /// That they are narrow enough is another question: see [`RouteForecast::total_variation`].
    #[must_use]
    pub fn recommended(&self) -> Option<&RouteForecast> {
        let ways = [self.rows(), self.gram(), self.sampling()];
        ways.into_iter().flatten().min_by(|a, b| a.logit_bar.total_cmp(&b.logit_bar))
    }
}

/// What all three ways cost under (ε, δ), with bars that hold except with the failure probability. No rows are needed.
///
/// # Example
///
/// ```
/// use attention_dp::{SelfAttentionOptions, plan_self_attention};
/// use dp_mechanisms::{Delta, Epsilon, FailureProbability, PerturbRow};
///
/// let options = SelfAttentionOptions::new(100, 16, 1.0)?;
/// let budget = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let failure = FailureProbability::new(0.05)?;
/// let plan = plan_self_attention(&options, PerturbRow::new(0.001)?, budget, failure)?;
/// assert!(plan.recommended().is_some_and(|forecast| forecast.total_variation() < 0.1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::OutOfRange`] for options that are out of range; [`Error::Mechanism`] if the failure probability underflows. That a
/// way cannot meet the budget is an answer, not an error.
pub fn plan_self_attention<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    budget: (Epsilon, Delta),
    failure: FailureProbability,
) -> Result<SelfAttentionPlan, Error> {
    options.check()?;
    let draws = |mechanism: Result<GaussianSampling<A>, Error>| {
        mechanism.ok().map(|mechanism| sampling_forecast(options, mechanism.draws(), failure))
    };
    Ok(SelfAttentionPlan {
        rows: rows_forecast(options, adjacency, budget, failure)?,
        gram: gram_forecast(options, adjacency, budget, failure)?,
        sampling: draws(sampling_mechanism(options, adjacency, budget)),
        published_sampling: draws(published_sampling_mechanism(options, adjacency, budget)),
    })
}

/// The ridge, among twelve a factor of ten from a tenth to a hundred times [`max_logit`](SelfAttentionOptions::max_logit), with which Gaussian
/// sampling has the least [`logit_std`](RouteForecast::logit_std). `None` if no draw is allowed with any of them.
///
/// # Errors
///
/// [`Error::OutOfRange`] for options that are out of range.
///
/// # Example
///
/// ```
/// use attention_dp::{SelfAttentionOptions, best_ridge};
/// use dp_mechanisms::{Delta, Epsilon, PerturbRow};
///
/// let options = SelfAttentionOptions::new(1000, 64, 1.0)?.with_softmax_scale(1.0);
/// let budget = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// // many draws: where (1 + λ)/√λ is least
/// assert_eq!(best_ridge(&options, PerturbRow::new(0.001)?, budget)?, Some(1.0));
/// // few draws: some are lost to rounding down, and to skewed losses
/// assert!(best_ridge(&options, PerturbRow::new(0.1)?, budget)?.is_some_and(|ridge| ridge > 1.4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn best_ridge<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    budget: (Epsilon, Delta),
) -> Result<Option<f64>, Error> {
    options.check()?;
    let at = |step: i32| {
        let ridge = options.max_logit() * 10.0_f64.powf(f64::from(step) / 12.0);
        let options = options.with_ridge(ridge);
        let draws = sampling_mechanism(&options, adjacency, budget).ok()?.draws();
        Some((ridge, sampling_std(&options, draws)))
    };
    let best = (-12..=24).filter_map(at).min_by(|a, b| a.1.total_cmp(&b.1));
    Ok(best.map(|(ridge, _)| ridge))
}

fn rows_forecast<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    budget: (Epsilon, Delta),
    failure: FailureProbability,
) -> Result<Option<RouteForecast>, Error> {
    let lattice = LogitLattice::of_rows(options, adjacency);
    let Ok(mechanism) = rows_mechanism(options, adjacency, budget) else { return Ok(None) };
    let noise_std = mechanism.noise_std().get() * lattice.integers().step();
    let rounding = lattice.rounding_with_noise();
    let variance = noise_std * noise_std;
    let square = variance * (2.0 * options.radius().powi(2) + options.dim() as f64 * variance);
    let deviation = Deviation::rows(options, (noise_std, rounding), failure)?;
    Ok(Some(forecast(
        options,
        (Route::Rows, Effort::Noise(noise_std)),
        &deviation,
        options.softmax_scale() * square.sqrt(),
    )))
}

fn gram_forecast<A: FixedSizeAdjacency>(
    options: &SelfAttentionOptions,
    adjacency: A,
    budget: (Epsilon, Delta),
    failure: FailureProbability,
) -> Result<Option<RouteForecast>, Error> {
    let lattice = LogitLattice::of_gram(options, adjacency);
    let Ok(mechanism) = gram_mechanism(options, adjacency, budget) else { return Ok(None) };
    let (noise_std, rounding) = lattice.logit_noise(options, mechanism.noise_std().get());
    let deviation = Deviation::gram(options, (noise_std, rounding), failure)?;
    Ok(Some(forecast(options, (Route::Gram, Effort::Noise(noise_std)), &deviation, noise_std)))
}

fn sampling_forecast(
    options: &SelfAttentionOptions,
    draws: Draws,
    failure: FailureProbability,
) -> RouteForecast {
    let deviation = Deviation::sampling(options, draws, failure);
    forecast(options, (Route::Sampling, Effort::Draws(draws)), &deviation, sampling_std(options, draws))
}

/// `(sα² + λ)/√k`.
fn sampling_std(options: &SelfAttentionOptions, draws: Draws) -> f64 {
    (options.max_logit() + options.ridge()) / f64::from(draws.get()).sqrt()
}

fn forecast(
    options: &SelfAttentionOptions,
    (route, effort): (Route, Effort),
    deviation: &Deviation,
    logit_std: f64,
) -> RouteForecast {
    let norm = options.max_logit().sqrt();
    let logit_bar = deviation.off_diagonal(norm, norm).max(deviation.diagonal(norm));
    RouteForecast { route, effort, logit_std, logit_bar, max_logit: options.max_logit() }
}
