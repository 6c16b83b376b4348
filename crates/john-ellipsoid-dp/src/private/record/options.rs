//! What is public: target, clip, rounds, shares.

use crate::Error;
use core::fmt;
use dp_linalg::Parallelism;

/// A parameter of [`RecordOptions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordParameter {
    /// Columns of the rows: from 1 to 1000.
    Dimension,
    /// Even, from 2 to 32.
    LewisOrder,
    /// Between 1 and 1000, 1 excluded.
    Clip,
    /// At most 40.
    WhiteningRounds,
    /// From 1 to 40.
    RefiningRounds,
    /// Share of rows left outside: above 0, below 1.
    Uncovered,
    /// Share of ε for the level: above 0, below 1.
    QuantileShare,
    /// Between 2⁻¹⁰⁰ and 2¹⁰⁰.
    PublicScale,
}

impl fmt::Display for RecordParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dimension => "the dimension",
            Self::LewisOrder => "the order of Lewis weights",
            Self::Clip => "the clip",
            Self::WhiteningRounds => "the number of whitening rounds",
            Self::RefiningRounds => "the number of refining rounds",
            Self::Uncovered => "the uncovered share of rows",
            Self::QuantileShare => "the share of the level",
            Self::PublicScale => "the public scale",
        })
    }
}

/// Which ellipsoid the rounds aim at.
///
/// In coordinates `y = Tᵀa`, with `c = clip·d` and u = min(1, ‖y‖²/c), both are a `T` at which
/// `Σ u^{p/2}·yyᵀ/‖y‖² = (n/c)·I`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RecordTarget {
    /// `p = 2`: second moments of rows that are scaled back to `‖y‖² ≤ c`. One refining round does.
    #[default]
    Covariance,
    /// The ℓ_p-Lewis ellipsoid: the John ellipsoid as `p → ∞` (Cohen, Peng 2015). Needs some four refining rounds.
    Lewis {
        /// `p`: even, from 2 to 32.
        order: u32,
    },
}

impl RecordTarget {
    /// `p`.
    #[must_use]
    pub const fn order(self) -> u32 {
        match self {
            Self::Covariance => 2,
            Self::Lewis { order } => order,
        }
    }
}

/// Where the units of columns come from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum RecordScale {
    /// A private histogram of the binary exponents of each column: units may differ, and nobody has to know them.
    #[default]
    Private,
    /// Entries are of this size, in each column: public knowledge, right within a factor of some 10.
    Public(f64),
}

/// Public parameters of a record-level ellipsoid.
///
/// None changes what is guaranteed, as noise is calibrated to the budget, whatever they are.
///
/// ```
/// use john_ellipsoid_dp::private::{RecordOptions, RecordTarget};
///
/// let options = RecordOptions::new(10)?.with_uncovered(0.01)?.with_target(RecordTarget::Lewis { order: 4 })?;
/// assert_eq!((options.dim(), options.uncovered(), options.rounds()), (10, 0.01, 9));
/// assert!(options.with_clip(0.5).is_err());
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordOptions {
    dim: usize,
    target: RecordTarget,
    clip: f64,
    whitening_rounds: u32,
    refining_rounds: Option<u32>,
    uncovered: f64,
    quantile_share: f64,
    scale: RecordScale,
    parallelism: Parallelism,
}

/// Lewis weights of other orders contract by some half in each round.
const LEWIS_ROUNDS: u32 = 4;

pub(super) fn check(parameter: RecordParameter, value: f64, inside: bool) -> Result<f64, Error> {
    if inside { Ok(value) } else { Err(Error::RecordParameter { parameter, value }) }
}

impl RecordOptions {
    /// For rows of `dim` entries: the covariance, clip 2, five whitening rounds, 5 % of rows uncovered, 25 % of ε for the level, units of
    /// columns private, one thread.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless `dim` is from 1 to 1000.
    pub fn new(dim: usize) -> Result<Self, Error> {
        check(RecordParameter::Dimension, dim as f64, (1..=1000).contains(&dim))?;
        Ok(Self {
            dim,
            target: RecordTarget::Covariance,
            clip: 2.0,
            whitening_rounds: 5,
            refining_rounds: None,
            uncovered: 0.05,
            quantile_share: 0.25,
            scale: RecordScale::Private,
            parallelism: Parallelism::Sequential,
        })
    }

    /// Another target.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] for an order that is odd, or not from 2 to 32.
    pub fn with_target(self, target: RecordTarget) -> Result<Self, Error> {
        let order = target.order();
        let inside = order.is_multiple_of(2) && (2..=32).contains(&order);
        check(RecordParameter::LewisOrder, f64::from(order), inside).map(|_| Self { target, ..self })
    }

    /// Rows are scaled back to `‖y‖² ≤ clip·d` in whitened coordinates, where rows have `‖y‖² ≈ d`.
    ///
    /// Noise is in proportion. At least a share `1 − 1/clip` of rows may lie in one subspace before the rest is out of sight.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless it is above 1 and at most 1000.
    pub fn with_clip(self, clip: f64) -> Result<Self, Error> {
        check(RecordParameter::Clip, clip, clip > 1.0 && clip <= 1000.0).map(|clip| Self { clip, ..self })
    }

    /// Rounds, with little of the budget, that only look for coordinates in which all directions are alike. At `n` rows, each removes a
    /// factor of some `√(n·μ)/d` of the condition number; columns in different units need none.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] above 40.
    pub fn with_whitening_rounds(self, rounds: u32) -> Result<Self, Error> {
        check(RecordParameter::WhiteningRounds, f64::from(rounds), rounds <= 40)
            .map(|_| Self { whitening_rounds: rounds, ..self })
    }

    /// Rounds toward the target after that. Without this call, one for the covariance and four for Lewis weights.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless it is from 1 to 40.
    pub fn with_refining_rounds(self, rounds: u32) -> Result<Self, Error> {
        check(RecordParameter::RefiningRounds, f64::from(rounds), (1..=40).contains(&rounds))
            .map(|_| Self { refining_rounds: Some(rounds), ..self })
    }

    /// Share of rows that the level is to leave outside; rows that are not finite count as outside, as long as they are fewer than that share.
    ///
    /// With fewer than about `20/ε` rows outside, ε that of the level, noise alone may set the level, at the upper end of its range:
    /// [`rank_error`](super::RecordEllipsoid::rank_error) is then above their number.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless it is between 0 and 1.
    pub fn with_uncovered(self, share: f64) -> Result<Self, Error> {
        check(RecordParameter::Uncovered, share, share < 1.0 && 1.0 - share < 1.0)
            .map(|uncovered| Self { uncovered, ..self })
    }

    /// Share of ε that the quantile of the level takes, a pure mechanism.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless it is between 0 and 1.
    pub fn with_quantile_share(self, share: f64) -> Result<Self, Error> {
        check(RecordParameter::QuantileShare, share, share > 0.0 && share < 1.0)
            .map(|quantile_share| Self { quantile_share, ..self })
    }

    /// Where units of columns come from.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] for a public scale outside `2⁻¹⁰⁰ … 2¹⁰⁰`.
    pub fn with_scale(self, scale: RecordScale) -> Result<Self, Error> {
        if let RecordScale::Public(size) = scale {
            let largest = 2.0_f64.powi(100);
            check(RecordParameter::PublicScale, size, size >= 1.0 / largest && size <= largest)?;
        }
        Ok(Self { scale, ..self })
    }

    /// Threads of a pass. No result depends on it.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// `d`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.dim
    }

    /// The target.
    #[must_use]
    pub const fn target(&self) -> RecordTarget {
        self.target
    }

    /// The largest squared length in whitened coordinates, a dimension.
    #[must_use]
    pub const fn clip(&self) -> f64 {
        self.clip
    }

    /// Rounds that whiten.
    #[must_use]
    pub const fn whitening_rounds(&self) -> u32 {
        self.whitening_rounds
    }

    /// Rounds toward the target.
    #[must_use]
    pub fn refining_rounds(&self) -> u32 {
        self.refining_rounds.unwrap_or(if self.target.order() == 2 { 1 } else { LEWIS_ROUNDS })
    }

    /// All rounds; the rows are read once more for the level, and before for scale and number.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.whitening_rounds + self.refining_rounds()
    }

    /// Share of rows left outside.
    #[must_use]
    pub const fn uncovered(&self) -> f64 {
        self.uncovered
    }

    /// Share of ε for the level.
    #[must_use]
    pub const fn quantile_share(&self) -> f64 {
        self.quantile_share
    }

    /// Where units of columns come from.
    #[must_use]
    pub const fn scale(&self) -> RecordScale {
        self.scale
    }

    /// Threads of a pass.
    #[must_use]
    pub const fn parallelism(&self) -> Parallelism {
        self.parallelism
    }

    /// `c`.
    pub(super) fn squared_clip(&self) -> f64 {
        self.clip * self.dim as f64
    }
}
