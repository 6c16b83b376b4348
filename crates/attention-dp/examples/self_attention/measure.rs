//! Releases beside what they are of.

use crate::{FAILURE, budget, data};
use attention_dp::{
    AttentionLogits, PrivateSelfAttention, Route, RouteForecast, SelfAttentionPlan, plan_self_attention,
};
use dp_linalg::Mat;
use dp_mechanisms::FailureProbability;
use dp_mechanisms::rows::FixedSizeAdjacency;
use rand::CryptoRng;
use std::error::Error;

/// One way out, measured on one release.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) forecast: RouteForecast,
    /// Root mean square of the error of logits of different rows, as released.
    pub(crate) logit_error: f64,
    /// The same for the estimate of low rank.
    pub(crate) low_rank_error: f64,
    /// Largest error of an entry of attention, by the estimate of low rank.
    pub(crate) attention_error: f64,
    /// Largest total variation of a row from the exact one, by the estimate of low rank.
    pub(crate) distance: f64,
    /// The bound on it that comes with the release.
    pub(crate) distance_bound: f64,
}

/// The ways that there are, in the order rows, Gram, sampling.
pub(crate) fn measure<A: FixedSizeAdjacency, R: CryptoRng>(
    (rows, adjacency): (&Mat, A),
    rng: &mut R,
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let exact = data::exact_logits(rows)?;
    let ways = forecasts(&forecast(rows.nrows(), adjacency)?);
    ways.into_iter()
        .map(|way| measured(way, &exact, &release(way.route(), (rows, adjacency), rng)?))
        .collect()
}

pub(crate) fn forecast<A: FixedSizeAdjacency>(
    n: usize,
    adjacency: A,
) -> Result<SelfAttentionPlan, Box<dyn Error>> {
    Ok(plan_self_attention(&data::options(n)?, adjacency, budget()?, FailureProbability::new(FAILURE)?)?)
}

fn forecasts(plan: &SelfAttentionPlan) -> Vec<RouteForecast> {
    [plan.rows(), plan.gram(), plan.sampling()].into_iter().flatten().copied().collect()
}

fn release<A: FixedSizeAdjacency, R: CryptoRng>(
    route: Route,
    (rows, adjacency): (&Mat, A),
    rng: &mut R,
) -> Result<AttentionLogits, Box<dyn Error>> {
    let private = PrivateSelfAttention::new(adjacency, data::options(rows.nrows())?, rows.as_ref())?;
    let (epsilon, delta) = budget()?;
    Ok(match route {
        Route::Rows => private.release_rows(epsilon, delta, rng)?.value().clone(),
        Route::Gram => private.release_gram(epsilon, delta, rng)?.value().clone(),
        Route::Sampling => private.release_sampling(epsilon, delta, rng)?.value().clone(),
    })
}

fn measured(
    forecast: RouteForecast,
    exact: &Mat,
    logits: &AttentionLogits,
) -> Result<Measured, Box<dyn Error>> {
    let low_rank = logits.clone().with_low_rank();
    let (found, expected) = (low_rank.attention(), data::softmax(exact));
    let errors = || found.as_slice().iter().zip(expected.as_slice()).map(|(a, b)| (a - b).abs());
    let distance = |i: usize| {
        let pairs = found.row(i).iter().zip(expected.row(i));
        0.5 * pairs.map(|(a, b)| (a - b).abs()).sum::<f64>()
    };
    let bounds = low_rank.bounds(FailureProbability::new(FAILURE)?)?;
    Ok(Measured {
        forecast,
        logit_error: off_diagonal_error(logits.released(), exact),
        low_rank_error: off_diagonal_error(low_rank.logits(), exact),
        attention_error: errors().fold(0.0, f64::max),
        distance: (0..exact.nrows()).map(distance).fold(0.0, f64::max),
        distance_bound: bounds.total_variation().iter().copied().fold(0.0, f64::max),
    })
}

fn off_diagonal_error(logits: &Mat, exact: &Mat) -> f64 {
    let n = exact.nrows();
    let entries = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|(i, j)| i != j);
    let sum: f64 = entries.map(|at| (logits[at] - exact[at]).powi(2)).sum();
    (sum / (n * (n - 1)) as f64).sqrt()
}
