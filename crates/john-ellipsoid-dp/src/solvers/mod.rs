//! Solvers for rows in memory, behind one trait.

pub(crate) mod active_set;
mod deletion;
mod exchange;
mod fixed_point;
mod interior_point;
mod khachiyan;
mod lazy;
mod randomized_exchange;
mod sampling;
mod sketched;
mod start;
mod wolfe_atwood;

pub use deletion::{SafeDeletion, deletion_threshold};
pub use exchange::PairwiseExchange;
pub use fixed_point::{FixedPoint, Iterate};
pub use interior_point::InteriorPoint;
pub use khachiyan::Khachiyan;
pub use lazy::LazyFixedPoint;
pub use randomized_exchange::RandomizedExchange;
pub use sketched::{SketchedFixedPoint, samples_with_proof};
pub use start::{spanning_weights, uniform_weights};
pub use wolfe_atwood::WolfeAtwood;

use crate::{Design, Error};

/// When a solver may stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// At `max gᵢ ≤ 1 + gap`.
    pub gap: f64,
    /// After so many iterations; what one is, depends on the solver.
    pub max_iterations: usize,
}

/// Moves the weights of a design towards the optimum.
///
/// Rows should be near isotropic, as [`john_ellipsoid_with`](crate::john_ellipsoid_with) makes them: `M⁻¹` is formed. A solver
/// promises nothing: what its weights are worth, the certificate says.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{Design, Solver, Stop, WolfeAtwood, uniform_weights};
///
/// let rows = Mat::from_fn(100, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref()))?;
/// let iterations = WolfeAtwood.improve(&mut design, Stop { gap: 1e-6, max_iterations: 10_000 })?;
/// assert!(design.gap() <= 1e-6 && iterations < 10_000);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
pub trait Solver {
    /// Improves until told to stop; returns the number of iterations.
    ///
    /// # Errors
    /// [`Error::Linalg`] when rows are too badly conditioned.
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error>;
}
