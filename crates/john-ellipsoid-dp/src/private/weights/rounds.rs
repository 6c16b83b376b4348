//! T rounds: a private statistic, noise, and weights made of what was released.

use super::options::WeightOptions;
use super::released::NoisyWeights;
use super::statistic::Plan;
use crate::Error;
use crate::private::PrivateRows;
use crate::private::floats::clipped;
use dp_linalg::MatRef;
use dp_mechanisms::{LatticeL2Sensitivity, LatticeStatistic, PerturbRow, PrivacyProfile, Release};
use rand::CryptoRng;

/// As written to certificates.
const WHAT: &str = "weights of rows towards their John ellipsoid";

/// Weights of private rows `(n, d)` after T rounds of `w ← (w∘g + θ)∘exp(noise)`; the number of rows is public.
///
/// Rows beyond the [radius](WeightOptions::radius) are scaled back to it, one by one; rows that are not finite become zero. For most
/// purposes noise on the rows themselves is better by far: at equal privacy its gap was some forty times smaller, or more, in measurements
/// (docs/theorems.md, noisy weights). This is the published mechanism in a form whose guarantee holds.
///
/// # Guarantee
/// (ε, δ)-differentially private for moves of one row by up to the radius of [`PerturbRow`], with
/// [`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice) arithmetic: logarithms are rounded to integers whose sensitivity is charged with a
/// proven bound on the error of every float before them. It does *not* protect rows as a whole: one number a row cannot.
///
/// What is computed from weights *and rows*, first of all `Σ wᵢaᵢaᵢᵀ`, is not covered.
///
/// # Errors
/// [`Error::NoColumns`], [`Error::Length`], [`Error::WeightPrecision`], [`Error::Weights`], [`Error::Mechanism`], by shapes and
/// public parameters alone.
///
/// # References
/// Repairs the mechanism of arXiv 2408.06395; docs/errata.md says what does not hold there.
///
/// # Examples
/// See [`NoisyWeights`].
pub fn noisy_weights<R: CryptoRng + ?Sized>(
    rows: PrivateRows<PerturbRow, MatRef<'_>>,
    options: &WeightOptions,
    rng: &mut R,
) -> Result<Release<NoisyWeights, PrivacyProfile<PerturbRow>>, Error> {
    let (adjacency, rows) = (rows.adjacency(), rows.into_source());
    let plan = plan(adjacency, rows, options)?;
    let rows = clipped(rows, options.radius());
    let mut state = NoisyWeights::uniform((rows.nrows(), rows.ncols()), options.floor());
    let mut round = || {
        let scale = plan.scale(state.last());
        let statistic = plan.statistic(rows.as_ref(), state.last())?;
        let release = plan.mechanism().release(statistic, WHAT, rng)?;
        Ok::<_, Error>(release.postprocess(|steps| {
            let logarithms: Vec<f64> = steps.steps().iter().map(|&s| s as f64 / scale).collect();
            state.error += plan.error(scale);
            state.advance(&logarithms, plan.mechanism().noise_std().get() / scale, plan.theta());
        }))
    };
    let first = round()?;
    let others = (1..options.rounds()).map(|_| round()).collect::<Result<Vec<_>, Error>>()?;
    let all = first.joined(others, WHAT)?;
    Ok(all
        .postprocess(|_| state)
        .with_parameter("rounds", options.rounds())
        .with_parameter("ridge", options.ridge())
        .with_parameter("radius", options.radius())
        .with_parameter("floor", options.floor())
        .with_parameter("theta", plan.theta())
        .with_claim("john.weights.privacy")
        .with_claim("john.weights.sensitivity")
        .with_version(env!("CARGO_PKG_NAME"), crate::VERSION))
}

/// The integers of one round under public weights, with their sensitivity, *not yet released*: for verification.
///
/// `weights` must be public, or released: the sensitivity holds for weights that are the same for both neighbours.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, PerturbRow};
/// use john_ellipsoid_dp::private::{PrivateRows, WeightOptions, weight_statistic};
///
/// let rows = Mat::from_fn(50, 2, |i, j| ((i * (j + 1)) as f64).sin());
/// let options = WeightOptions::new(Epsilon::new(1.0)?, Delta::new(1e-6)?, 2.0)?;
/// let private = PrivateRows::new(PerturbRow::new(1e-3)?, rows.as_ref());
/// let statistic = weight_statistic(private, &[2.0 / 50.0; 50], &options)?;
/// assert!(statistic.sensitivity().l2() >= 4096.0 * 50.0_f64.sqrt());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`noisy_weights`]; [`Error::Weight`] for weights that are negative, not finite, or beyond the sum d.
pub fn weight_statistic(
    rows: PrivateRows<PerturbRow, MatRef<'_>>,
    weights: &[f64],
    options: &WeightOptions,
) -> Result<LatticeStatistic<LatticeL2Sensitivity<PerturbRow>>, Error> {
    let (adjacency, rows) = (rows.adjacency(), rows.into_source());
    let plan = plan(adjacency, rows, options)?;
    plan.check_weights(weights)?;
    plan.statistic(clipped(rows, options.radius()).as_ref(), weights)
}

fn plan(adjacency: PerturbRow, rows: MatRef<'_>, options: &WeightOptions) -> Result<Plan, Error> {
    match (rows.nrows(), rows.ncols()) {
        (_, 0) => Err(Error::NoColumns),
        (0, _) => Err(Error::Length { expected: 1, found: 0 }),
        shape => Plan::new(adjacency, options, shape),
    }
}
