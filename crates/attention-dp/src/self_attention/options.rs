//! What a self-attention matrix is made of, apart from the rows: all of it public.

use crate::error::{Error, Parameter};
use crate::options::positive;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::rows::RowBall;

/// Shape, radius and scale of a self-attention matrix: `softmax(s·XXᵀ)` by rows, X of shape `(n, d)`.
///
/// The number of rows is public, because the matrix shows it: that is why
/// [`AddRemoveRow`](dp_mechanisms::AddRemoveRow) is no adjacency here.
///
/// # Example
///
/// ```
/// use attention_dp::SelfAttentionOptions;
///
/// let options = SelfAttentionOptions::new(1000, 64, 2.0)?; // rows, coordinates, radius
/// assert_eq!(options.softmax_scale(), 0.125);              // 1/√64
/// assert_eq!(options.max_logit(), 0.5);                    // s·radius²
/// assert_eq!(options.ridge(), 0.5);                        // the same, unless chosen
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfAttentionOptions {
    rows: usize,
    ball: RowBall,
    softmax_scale: f64,
    ridge: Option<f64>,
    max_draws: Draws,
}

impl SelfAttentionOptions {
    /// So many rows of so many coordinates; rows longer than the radius are scaled back to it. The logits' factor is
    /// `1/√dim` unless [chosen](Self::with_softmax_scale).
    ///
    /// # Errors
    ///
    /// [`Error::TooSmall`] below two rows or one coordinate, [`Error::OutOfRange`] for a radius outside 1e-150 … 1e150.
    pub fn new(rows: usize, dim: usize, radius: f64) -> Result<Self, Error> {
        if rows < 2 || dim == 0 {
            return Err(Error::TooSmall { rows, dim });
        }
        let radius = positive(Parameter::RowRadius, radius)?;
        let max_draws = Draws::new(1 << 20)?;
        let ball = RowBall::new(dim, radius)?;
        Ok(Self { rows, ball, softmax_scale: 1.0 / (dim as f64).sqrt(), ridge: None, max_draws })
    }

    /// Factor of the logits, `s` in `s·xᵢ·xⱼ`. Default `1/√dim`. Noise grows with it.
    #[must_use]
    pub const fn with_softmax_scale(self, softmax_scale: f64) -> Self {
        Self { softmax_scale, ..self }
    }

    /// Multiple λ of the identity that Gaussian sampling adds to the logits, in units of logits. It must not depend on the
    /// rows. Default [`max_logit`](Self::max_logit), where the noise is least to first order;
    /// [`best_ridge`](super::best_ridge) searches. Only Gaussian sampling looks at it: its draws grow with λ, as does the
    /// error of each; a ridge next to rounding is refused there.
    #[must_use]
    pub const fn with_ridge(self, ridge: f64) -> Self {
        Self { ridge: Some(ridge), ..self }
    }

    /// Most draws that Gaussian sampling takes, whatever the budget allows. Default 2²⁰. Fewer draws are faster and more
    /// private.
    #[must_use]
    pub const fn with_max_draws(self, max_draws: Draws) -> Self {
        Self { max_draws, ..self }
    }

    /// Number of rows `n`, which is public.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Coordinates of a row.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.ball.dim()
    }

    /// Largest norm of a row.
    #[must_use]
    pub const fn radius(&self) -> f64 {
        self.ball.radius()
    }

    /// Factor of the logits.
    #[must_use]
    pub const fn softmax_scale(&self) -> f64 {
        self.softmax_scale
    }

    /// `s·radius²`: no logit is larger in magnitude.
    #[must_use]
    pub fn max_logit(&self) -> f64 {
        self.softmax_scale * self.radius() * self.radius()
    }

    /// The ridge of Gaussian sampling.
    #[must_use]
    pub fn ridge(&self) -> f64 {
        self.ridge.unwrap_or_else(|| self.max_logit())
    }

    /// Most draws of Gaussian sampling.
    #[must_use]
    pub const fn max_draws(&self) -> Draws {
        self.max_draws
    }

    /// The ball that rows are scaled back to.
    pub(super) const fn ball(&self) -> RowBall {
        self.ball
    }

    /// Checks what setters take as it comes.
    pub(super) fn check(&self) -> Result<(), Error> {
        positive(Parameter::SoftmaxScale, self.softmax_scale)?;
        positive(Parameter::MaxLogit, self.max_logit())?;
        positive(Parameter::Ridge, self.ridge()).map(|_| ())
    }

    /// Names and values as certificates record them.
    pub(super) fn recorded(&self) -> [(&'static str, String); 4] {
        [
            ("rows", format!("{:?}", self.rows)),
            ("dim", format!("{:?}", self.dim())),
            ("row_radius", format!("{:?}", self.radius())),
            ("softmax_scale", format!("{:?}", self.softmax_scale)),
        ]
    }
}
