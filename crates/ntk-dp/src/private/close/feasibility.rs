//! What releases of close points cost, before any point is looked at.

use super::gram::{gram_bound, gram_mechanism, lattice_move, published_gram_mechanism};
use super::lattice::point_lattice;
use super::options::CloseOptions;
use super::points::points_mechanism;
use crate::Error;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{Delta, Epsilon, FailureProbability, GaussianSamplingProfile, PerturbRow, SamplingError};

/// What a budget allows: a function of options, adjacency and budget alone. That it allows nothing is an answer, not an error.
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon, PerturbRow};
/// use ntk_dp::{Kernel, private::close::{CloseOptions, feasibility, gram_epsilon}};
///
/// let options = CloseOptions::new(Kernel::quadratic(1.0)?, (1000, 16), 1.0)?;
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let found = feasibility(PerturbRow::new(1e-3)?, &options, epsilon, delta);
/// assert!(found.draws().is_some_and(|draws| draws.get() > 10_000));
/// assert!(found.published_draws().is_none());
/// assert!(found.noise_std().is_some_and(|std| std < 0.005));
/// // whole points: as many draws as there are points cost an ε in the hundreds
/// let whole = PerturbRow::new(2.0)?;
/// assert!(gram_epsilon(whole, &options, 1000, delta)? > 300.0);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CloseFeasibility {
    feature_move: f64,
    draws: Option<Draws>,
    published_draws: Option<Draws>,
    noise_std: Option<f64>,
    rows: usize,
}

/// How many draws of `N(0, K + λI)`, and how little noise on points, the budget allows. See [`CloseFeasibility`] for an example.
#[must_use]
pub fn feasibility(
    adjacency: PerturbRow,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> CloseFeasibility {
    let lattice = point_lattice(options, adjacency);
    let noise = points_mechanism(adjacency, options, epsilon, delta).ok();
    CloseFeasibility {
        feature_move: lattice_move(adjacency, options).0,
        draws: gram_mechanism(adjacency, options, epsilon, delta).ok().map(|m| m.draws()),
        published_draws: published_gram_mechanism(adjacency, options, epsilon, delta).ok().map(|m| m.draws()),
        noise_std: noise.map(|mechanism| mechanism.noise_std().get() * lattice.step()),
        rows: options.rows(),
    }
}

/// Upper bound on the ε of so many draws of `N(0, K + λI)` at this δ; infinite if none is found.
///
/// # Errors
/// [`Error::Mechanism`] for no draw; those of [`gram_bound`].
///
/// # Examples
/// See [`CloseFeasibility`].
pub fn gram_epsilon(
    adjacency: PerturbRow,
    options: &CloseOptions,
    draws: u32,
    delta: Delta,
) -> Result<f64, Error> {
    Ok(GaussianSamplingProfile::new(gram_bound(adjacency, options)?, Draws::new(draws)?).epsilon(delta))
}

impl CloseFeasibility {
    /// `β_φ`, how far features move, for points on the lattice.
    #[must_use]
    pub const fn feature_move(&self) -> f64 {
        self.feature_move
    }

    /// Draws by the exact profile, at most [`CloseOptions::max_draws`]; `None` if one is too many.
    #[must_use]
    pub const fn draws(&self) -> Option<Draws> {
        self.draws
    }

    /// Draws by the published condition; `None` if it allows none.
    #[must_use]
    pub const fn published_draws(&self) -> Option<Draws> {
        self.published_draws
    }

    /// Standard deviation of Gaussian noise on each coordinate of a point, in units of data; `None` if it is more than the lattice
    /// carries.
    #[must_use]
    pub const fn noise_std(&self) -> Option<f64> {
        self.noise_std
    }

    /// Error bounds of a Gram matrix with as many draws as the exact profile allows.
    #[must_use]
    pub fn error(&self, failure: FailureProbability) -> Option<SamplingError> {
        self.draws.map(|draws| SamplingError::new(draws, self.rows, failure))
    }
}
