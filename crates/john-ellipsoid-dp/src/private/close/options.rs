//! What a release of close rows is made of, apart from the rows: all of it public.

use crate::Error;
use crate::error::Parameter;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::rows::RowBall;

/// Shape and radius of private rows, and how the stable release smooths.
///
/// ```
/// use john_ellipsoid_dp::private::close::CloseOptions;
///
/// let options = CloseOptions::new(1000, 5, 2.0)?; // rows, dimension, radius
/// assert_eq!((options.floor(), options.exponent()), (0.2, 32));
/// assert!(CloseOptions::new(1000, 5, f64::NAN).is_err());
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CloseOptions {
    rows: usize,
    ball: RowBall,
    floor: f64,
    exponent: u32,
    max_draws: Draws,
}

impl CloseOptions {
    /// So many rows of so many coordinates; longer rows than the radius are scaled back to it.
    ///
    /// # Errors
    /// [`Error::NoColumns`] for no coordinate, [`Error::Length`] for no row, [`Error::OutOfRange`] for a radius outside 1e-100 … 1e100.
    pub fn new(rows: usize, dim: usize, radius: f64) -> Result<Self, Error> {
        if dim == 0 {
            return Err(Error::NoColumns);
        }
        if rows == 0 {
            return Err(Error::Length { expected: 1, found: 0 });
        }
        let radius = Parameter::RowRadius.check(radius, (1e-100..=1e100).contains(&radius))?;
        let max_draws = Draws::new(1 << 22)?;
        let ball = RowBall::new(dim, radius)?;
        Ok(Self { rows, ball, floor: 0.1 * radius, exponent: 32, max_draws })
    }

    /// Least semi-axis of a stable ellipsoid before noise, in units of rows; default a tenth of the radius. Only
    /// [`release_stable`](super::release_stable) looks at it: what counts there is how far a row moves in units of the floor.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless it is positive and at most the radius.
    pub fn with_floor(self, floor: f64) -> Result<Self, Error> {
        let floor = Parameter::Floor.check(floor, floor >= 1e-100 && floor <= self.radius())?;
        Ok(Self { floor, ..self })
    }

    /// `p` of the smoothed John ellipsoid, even; default 32. Only [`release_stable`](super::release_stable) looks at it: its error by noise grows with `√p`,
    /// its distance from the John ellipsoid falls with `p`. Its volume is within `(ln n)/p` an axis *on average* of that of the John
    /// ellipsoid, but for the floor; a single axis may be off by more.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless it is even and in 4 … 1000.
    pub fn with_exponent(self, exponent: u32) -> Result<Self, Error> {
        let inside = (4..=1000).contains(&exponent) && exponent.is_multiple_of(2);
        Parameter::Exponent.check(f64::from(exponent), inside)?;
        Ok(Self { exponent, ..self })
    }

    /// Most draws of the stable release, whatever the budget allows; default 2²². Fewer are faster and more private.
    #[must_use]
    pub const fn with_max_draws(self, max_draws: Draws) -> Self {
        Self { max_draws, ..self }
    }

    /// `n`.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// `d`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.ball.dim()
    }

    /// Largest norm of a row.
    #[must_use]
    pub const fn radius(&self) -> f64 {
        self.ball.radius()
    }

    /// Least semi-axis of a stable ellipsoid.
    #[must_use]
    pub const fn floor(&self) -> f64 {
        self.floor
    }

    /// `p` of the smoothed ellipsoid.
    #[must_use]
    pub const fn exponent(&self) -> u32 {
        self.exponent
    }

    /// Most draws of the stable release.
    #[must_use]
    pub const fn max_draws(&self) -> Draws {
        self.max_draws
    }

    /// The ball that rows are scaled back to.
    pub(super) const fn ball(&self) -> RowBall {
        self.ball
    }

    /// Whether a matrix has the announced shape.
    pub(super) fn check_shape(&self, (rows, dim): (usize, usize)) -> Result<(), Error> {
        let same =
            |expected, found| if expected == found { Ok(()) } else { Err(Error::Length { expected, found }) };
        same(self.rows, rows).and(same(self.dim(), dim))
    }

    /// Names and values as certificates record them.
    pub(super) fn recorded(&self) -> [(&'static str, String); 3] {
        [
            ("rows", self.rows.to_string()),
            ("dim", self.dim().to_string()),
            ("row_radius", format!("{:?}", self.radius())),
        ]
    }
}
