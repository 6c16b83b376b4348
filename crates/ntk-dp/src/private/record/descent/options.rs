//! What is public of a descent: shapes, how rows are scaled, steps.

use super::super::options::{RecordOptions, RowNorm};
use crate::Error;
use core::fmt;
use dp_linalg::Parallelism;
use dp_mechanisms::Mu;
use serde::{Deserialize, Serialize};

/// A parameter of [`DescentOptions`] that [`RecordOptions`] do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescentParameter {
    /// From 1 to 10 000.
    Steps,
    /// Above 0, at most 1.
    StepSize,
    /// At least 0, below 1.
    Momentum,
    /// From 2⁻⁶ to √2.
    ResidualClip,
}

impl fmt::Display for DescentParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "the number of steps",
            Self::StepSize => "the step size",
            Self::Momentum => "the momentum",
            Self::ResidualClip => "the clip of residuals",
        })
    }
}

fn check(parameter: DescentParameter, value: f64, inside: bool) -> Result<f64, Error> {
    if inside { Ok(value) } else { Err(Error::DescentParameter { parameter, value }) }
}

/// Rows times `μ` for each weight.
const ROWS_A_WEIGHT: f64 = 0.6;
/// Features that any budget is given.
const LEAST_DIM: usize = 16;
/// Features that options allow.
const LARGEST_DIM: usize = 16_384;

/// Public parameters of a private descent. They are read from a file only if in range; threads are not written.
///
/// None changes what is guaranteed, as noise is calibrated to the budget, whatever they are. The defaults (48 steps of 1/480, momentum 0.9, residuals clipped
/// at 0.5, 5 % of the budget for the centre) are for whitened features, such as [`ImageFeatures`](crate::image::ImageFeatures), in as many dimensions as
/// [`worthwhile_dim`](Self::worthwhile_dim) says. They were searched on drawn pictures and on a part of MNIST (benches/README.md), so that who takes them has spent
/// no budget on choosing.
///
/// ```
/// use ntk_dp::private::DescentOptions;
///
/// let options = DescentOptions::new(500, 10)?.with_steps(24)?.with_residual_clip(1.0)?;
/// assert_eq!((options.steps(), options.record().dim()), (24, 500));
/// assert!(options.with_steps(0).is_err() && DescentOptions::new(500, 1).is_err());
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct DescentOptions {
    record: RecordOptions,
    centre: f64,
    steps: u32,
    step_size: f64,
    momentum: f64,
    residual_clip: f64,
}

/// As in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    dim: usize,
    classes: usize,
    norm: RowNorm,
    centre: f64,
    intercept: f64,
    steps: u32,
    step_size: f64,
    momentum: f64,
    residual_clip: f64,
}

impl From<DescentOptions> for Written {
    fn from(options: DescentOptions) -> Self {
        let DescentOptions { record, centre, steps, step_size, momentum, residual_clip } = options;
        Self {
            dim: record.dim(),
            classes: record.columns(),
            norm: record.norm(),
            centre,
            intercept: record.intercept(),
            steps,
            step_size,
            momentum,
            residual_clip,
        }
    }
}

impl TryFrom<Written> for DescentOptions {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self, Error> {
        Self::new(written.dim, written.classes)?
            .with_norm(written.norm)?
            .with_centre(written.centre)?
            .with_intercept(written.intercept)?
            .with_steps(written.steps)?
            .with_step_size(written.step_size)?
            .with_momentum(written.momentum)?
            .with_residual_clip(written.residual_clip)
    }
}

impl DescentOptions {
    /// For rows of `dim` features in `classes` classes.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless `dim` is from 1 to 16384, `classes` from 2 to 1000.
    pub fn new(dim: usize, classes: usize) -> Result<Self, Error> {
        let centre = 0.05;
        let record = RecordOptions::classes(dim, classes)?.with_centre(centre)?;
        Ok(Self { record, centre, steps: 48, step_size: 1.0 / 480.0, momentum: 0.9, residual_clip: 0.5 })
    }

    /// How many whitened features are worth learning from: weights are `D·k` numbers, and the noise of a score grows with their number over `nμ`. The rule is
    /// `nμ/(0.6·k)`, at least 16, at most what options allow; take the first features where they are ordered, as those of
    /// [`ImageFeatures`](crate::image::ImageFeatures) are. A heuristic, searched up to 2048 features: it decides about accuracy, never about privacy.
    ///
    /// `rows` must be public: an announced number, or a guess, never the number of private rows itself. `mu` is what the budget allows, as of
    /// [`gaussian::mu_for`](dp_mechanisms::gaussian::mu_for).
    ///
    /// ```
    /// use dp_mechanisms::{Delta, Epsilon, gaussian};
    /// use ntk_dp::private::DescentOptions;
    ///
    /// // some fifty thousand images in ten classes
    /// let dim = |epsilon| {
    ///     let mu = gaussian::mu_for(Epsilon::new(epsilon)?, Delta::new(1e-5)?);
    ///     Ok::<_, ntk_dp::Error>(DescentOptions::worthwhile_dim(50_000, 10, mu))
    /// };
    /// assert!(dim(0.1)? < dim(1.0)? && dim(1.0)? < dim(8.0)?);
    /// let options = DescentOptions::new(dim(1.0)?, 10)?;
    /// # Ok::<(), ntk_dp::Error>(())
    /// ```
    #[must_use]
    pub fn worthwhile_dim(rows: usize, classes: usize, mu: Mu) -> usize {
        let weights = rows as f64 * mu.get() / ROWS_A_WEIGHT;
        ((weights / classes as f64) as usize).clamp(LEAST_DIM, LARGEST_DIM)
    }

    /// How rows come to a length of at most one before they are centred. Centred rows are scaled to length one.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] for a clip outside `2⁻¹⁰⁰ … 2¹⁰⁰`.
    pub fn with_norm(self, norm: RowNorm) -> Result<Self, Error> {
        let record = self.record.with_norm(norm)?.with_centred_norm(RowNorm::Normalise)?;
        Ok(Self { record, ..self })
    }

    /// The share of the squared Gaussian budget that the mean of rows takes, and their number.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless above 0 and at most 0.45.
    pub fn with_centre(self, share: f64) -> Result<Self, Error> {
        Ok(Self { record: self.record.with_centre(share)?, centre: share, ..self })
    }

    /// Gives each row a constant coordinate that has this share of its square: wanted where classes are not equally frequent.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless at least 0 and below 1.
    pub fn with_intercept(self, share: f64) -> Result<Self, Error> {
        Ok(Self { record: self.record.with_intercept(share)?, ..self })
    }

    /// Gradients that are released, each with its part of the budget. The result is the mean of the weights after each step of the second half.
    ///
    /// # Errors
    /// [`Error::DescentParameter`] unless from 1 to 10 000.
    pub fn with_steps(self, steps: u32) -> Result<Self, Error> {
        check(DescentParameter::Steps, f64::from(steps), (1..=10_000).contains(&steps))?;
        Ok(Self { steps, ..self })
    }

    /// The length of a step, as a multiple of `D·k` times the mean gradient: that is what a step of Newton is for whitened rows, where all classes
    /// are about equally probable. With momentum `m` steps add up to `1/(1 − m)` times as much.
    ///
    /// # Errors
    /// [`Error::DescentParameter`] unless above 0 and at most 1.
    pub fn with_step_size(self, step_size: f64) -> Result<Self, Error> {
        check(DescentParameter::StepSize, step_size, step_size > 0.0 && step_size <= 1.0)?;
        Ok(Self { step_size, ..self })
    }

    /// What part of the last step is made again with the next.
    ///
    /// # Errors
    /// [`Error::DescentParameter`] unless at least 0 and below 1.
    pub fn with_momentum(self, momentum: f64) -> Result<Self, Error> {
        check(DescentParameter::Momentum, momentum, (0.0..1.0).contains(&momentum))?;
        Ok(Self { momentum, ..self })
    }

    /// Residuals, one-hot vectors less probabilities, are scaled back to this length: noise grows with it.
    ///
    /// # Errors
    /// [`Error::DescentParameter`] unless from `2⁻⁶` to `√2`, which no residual exceeds.
    pub fn with_residual_clip(self, length: f64) -> Result<Self, Error> {
        let inside = (1.0 / 64.0..=core::f64::consts::SQRT_2).contains(&length);
        check(DescentParameter::ResidualClip, length, inside)?;
        Ok(Self { residual_clip: length, ..self })
    }

    /// Threads of a pass. No result depends on it.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { record: self.record.with_parallelism(parallelism), ..self }
    }

    /// How rows are encoded.
    #[must_use]
    pub const fn record(&self) -> &RecordOptions {
        &self.record
    }

    /// Share of the centre.
    #[must_use]
    pub const fn centre(&self) -> f64 {
        self.centre
    }

    /// Gradients that are released.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    /// Length of a step.
    #[must_use]
    pub const fn step_size(&self) -> f64 {
        self.step_size
    }

    /// Part of the last step that is made again.
    #[must_use]
    pub const fn momentum(&self) -> f64 {
        self.momentum
    }

    /// Length at which residuals are clipped.
    #[must_use]
    pub const fn residual_clip(&self) -> f64 {
        self.residual_clip
    }
}
