//! What a release of close points is made of, apart from the points: all of it public.

use super::moved::{feature_move, largest_value, largest_variance};
use crate::error::CloseParameter;
use crate::{Error, Kernel};
use dp_linalg::Parallelism;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::rows::RowBall;

/// Kernel, shape and radius of private points, and the public ridge of a sampled Gram matrix.
///
/// All of it must be chosen without sight of the points: a ridge that was the best of several on private points is an answer about them.
///
/// ```
/// use ntk_dp::{Kernel, private::close::CloseOptions};
///
/// let options = CloseOptions::new(Kernel::quadratic(1.0)?, (1000, 16), 1.0)?; // rows and coordinates, radius
/// assert_eq!(options.largest_value(), 1.0); // σ²R⁴
/// assert_eq!(options.ridge(), 1.0); // the same, unless chosen
/// assert!(CloseOptions::new(Kernel::quadratic(1.0)?, (1000, 16), f64::NAN).is_err());
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CloseOptions {
    kernel: Kernel,
    rows: usize,
    ball: RowBall,
    largest_value: f64,
    ridge: f64,
    max_draws: Draws,
    parallelism: Parallelism,
}

impl CloseOptions {
    /// A kernel of points of shape `(rows, dim)`; points longer than the radius are scaled back to it.
    ///
    /// # Errors
    /// [`Error::NoRows`], [`Error::NoColumns`]; [`Error::CloseParameter`] for a radius outside 1e-60 … 1e60, or one with which kernel
    /// values leave 1e-90 … 1e90 or variances of a layer are beyond 1e90.
    pub fn new(kernel: Kernel, (rows, dim): (usize, usize), radius: f64) -> Result<Self, Error> {
        if rows == 0 {
            return Err(Error::NoRows);
        }
        if dim == 0 {
            return Err(Error::NoColumns);
        }
        let radius = CloseParameter::Radius.check(radius, (1e-60..=1e60).contains(&radius))?;
        let largest = largest_value(&kernel, dim, radius);
        let largest_value = CloseParameter::KernelValue.check(largest, (1e-90..=1e90).contains(&largest))?;
        // no layer of a private point overflows, so that none is refused
        let variance = largest_variance(&kernel, dim, radius);
        CloseParameter::KernelValue.check(variance, variance <= 1e90)?;
        let max_draws = Draws::new(1 << 20)?;
        let parallelism = Parallelism::Sequential;
        let ball = RowBall::new(dim, radius)?;
        Ok(Self { kernel, rows, ball, largest_value, ridge: largest_value, max_draws, parallelism })
    }

    /// Multiple λ of the identity that is added to the Gram matrix before it is sampled, in units of kernel values; default the largest
    /// of them. Only [`release_gram`](super::release_gram) looks at it: more draws are allowed with a larger one, and each is
    /// noisier. It must be well above the rounding of kernel values: [`gram_bound`](super::gram_bound) refuses smaller ones.
    ///
    /// # Errors
    /// [`Error::CloseParameter`] outside 1e-90 … 1e90.
    pub fn with_ridge(self, ridge: f64) -> Result<Self, Error> {
        let ridge = CloseParameter::Ridge.check(ridge, (1e-90..=1e90).contains(&ridge))?;
        Ok(Self { ridge, ..self })
    }

    /// Most draws of a sampled Gram matrix, whatever the budget allows; default 2²⁰. Fewer are faster and more private.
    #[must_use]
    pub fn with_max_draws(self, max_draws: Draws) -> Self {
        Self { max_draws, ..self }
    }

    /// Threads for kernel values and products. Last bits of a sampled Gram matrix may change with it, its law does not.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// The kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// `n`, which is public.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// `d`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.ball.dim()
    }

    /// Largest norm of a point.
    #[must_use]
    pub const fn radius(&self) -> f64 {
        self.ball.radius()
    }

    /// Upper bound of the kernel of a point with itself.
    #[must_use]
    pub const fn largest_value(&self) -> f64 {
        self.largest_value
    }

    /// `λ`.
    #[must_use]
    pub const fn ridge(&self) -> f64 {
        self.ridge
    }

    /// Most draws of a sampled Gram matrix.
    #[must_use]
    pub const fn max_draws(&self) -> Draws {
        self.max_draws
    }

    /// How far features move where a point of the ball moves by `step`: [`feature_move`] at this kernel, dimension and radius.
    #[must_use]
    pub fn feature_move(&self, step: f64) -> f64 {
        feature_move(&self.kernel, self.dim(), (self.radius(), step))
    }

    /// The ball that points are scaled back to.
    pub(super) const fn ball(&self) -> RowBall {
        self.ball
    }

    pub(super) const fn parallelism(&self) -> Parallelism {
        self.parallelism
    }

    /// Whether a matrix has the announced shape.
    pub(super) fn check_shape(&self, (rows, dim): (usize, usize)) -> Result<(), Error> {
        crate::error::check_rows(self.rows, rows)?;
        crate::error::check_len(self.dim(), dim)
    }

    /// Names and values as certificates record them.
    pub(super) fn recorded(&self) -> [(&'static str, String); 4] {
        [
            ("rows", self.rows.to_string()),
            ("dim", self.dim().to_string()),
            ("point_radius", format!("{:?}", self.radius())),
            ("kernel", format!("{:?}", self.kernel)),
        ]
    }
}
