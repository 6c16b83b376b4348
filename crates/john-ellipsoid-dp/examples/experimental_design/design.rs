//! The candidates, the model, and designs with a whole number of runs.

use dp_linalg::{Cholesky, Mat, Parallelism, matmul_tn};
use john_ellipsoid_dp::{Error, JohnEllipsoid, JohnOptions, john_ellipsoid};

/// Steps of the grid in each factor.
const STEPS: usize = 400;
/// Monomials up to degree three in two factors.
pub(crate) const TERMS: usize = 10;
/// Candidates closer than this (in coded units) are run as one.
const NEIGHBOURS: f64 = 0.05;

/// Settings that may be run, as `(temperature, pressure)` in coded units.
pub(crate) struct Candidates {
    pub(crate) settings: Vec<(f64, f64)>,
    /// `(n, TERMS)`: the regressors of each setting.
    pub(crate) rows: Mat,
}

/// Settings with weights that sum to [`TERMS`].
pub(crate) struct Weighted {
    pub(crate) settings: Vec<(f64, f64)>,
    pub(crate) weights: Vec<f64>,
}

/// Both high is not safe.
pub(crate) fn allowed((x, y): (f64, f64)) -> bool {
    x + y <= 1.0 + 1e-9
}

/// `1, x, y, x², xy, y², x³, x²y, xy², y³`.
pub(crate) fn regressors((x, y): (f64, f64)) -> [f64; TERMS] {
    [1.0, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y]
}

pub(crate) fn rows(settings: &[(f64, f64)]) -> Mat {
    Mat::from_fn(settings.len(), TERMS, |i, j| regressors(settings[i])[j])
}

impl Candidates {
    pub(crate) fn new() -> Self {
        let level = |k: usize| 2.0 * k as f64 / STEPS as f64 - 1.0;
        let grid = (0..=STEPS).flat_map(|i| (0..=STEPS).map(move |j| (level(i), level(j))));
        let settings: Vec<(f64, f64)> = grid.filter(|&setting| allowed(setting)).collect();
        Self { rows: rows(&settings), settings }
    }
}

/// Neighbours of the support run as one setting, at the heaviest of them, with the best weights for what is left.
pub(crate) fn merged(candidates: &Candidates, optimum: &JohnEllipsoid) -> Result<Weighted, Error> {
    let mut support = optimum.support().to_vec();
    support.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut settings: Vec<(f64, f64)> = Vec::new();
    for kept in support {
        let (x, y) = candidates.settings[kept.row];
        if settings.iter().all(|(u, v)| (u - x).hypot(v - y) > NEIGHBOURS) {
            settings.push((x, y));
        }
    }
    let john = john_ellipsoid(rows(&settings).as_ref(), &JohnOptions::default().with_gap(1e-9)?)?;
    let kept = john.support().iter().filter(|kept| kept.weight > 1e-6);
    let (settings, weights) = kept.map(|kept| (settings[kept.row], kept.weight)).unzip();
    Ok(Weighted { settings, weights })
}

/// `ln det` of the mean information `Σ wᵢaᵢaᵢᵀ/Σ wᵢ`; minus infinity when some coefficient cannot be estimated.
pub(crate) fn log_det(settings: &[(f64, f64)], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let regressors = rows(settings);
    let weighted =
        Mat::from_fn(settings.len(), TERMS, |i, j| (weights[i] / total).sqrt() * regressors[(i, j)]);
    let information = matmul_tn(weighted.as_ref(), weighted.as_ref(), Parallelism::Sequential);
    let factor = information.and_then(|information| Cholesky::new(information.as_ref()));
    factor.map_or(f64::NEG_INFINITY, |factor| factor.log_det())
}

/// How many runs at each setting, `n` in all: multiplier method (Pukelsheim, Rieder 1992, *Efficient rounding of approximate
/// designs*).
pub(crate) fn runs(design: &Weighted, n: usize) -> Vec<usize> {
    let share: Vec<f64> = design.weights.iter().map(|w| w / TERMS as f64).collect();
    let multiplier = n as f64 - share.len() as f64 / 2.0;
    let mut runs: Vec<usize> = share.iter().map(|w| (multiplier * w).ceil().max(0.0) as usize).collect();
    while runs.iter().sum::<usize>() < n {
        let ratio = |i: &usize| runs[*i] as f64 / share[*i];
        let Some(i) = (0..runs.len()).min_by(|i, j| ratio(i).total_cmp(&ratio(j))) else { break };
        runs[i] += 1;
    }
    while runs.iter().sum::<usize>() > n {
        let ratio = |i: &usize| (runs[*i] as f64 - 1.0) / share[*i];
        let Some(i) = (0..runs.len()).max_by(|i, j| ratio(i).total_cmp(&ratio(j))) else { break };
        runs[i] -= 1;
    }
    runs
}
