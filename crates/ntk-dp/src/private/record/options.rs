//! What is public: shapes, how rows are scaled, what a target weighs, what goes to a centre.

use crate::Error;
use core::fmt;
use dp_linalg::Parallelism;
use serde::{Deserialize, Serialize};

/// A parameter of [`RecordOptions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordParameter {
    /// Features of a row: from 1 to 16384.
    Dimension,
    /// Classes: from 2 to 1000.
    Classes,
    /// Columns of numeric targets: from 1 to 1000.
    Columns,
    /// Largest length of the targets of a row: between 2⁻¹⁰⁰ and 2¹⁰⁰.
    TargetBound,
    /// Length at which rows are clipped: between 2⁻¹⁰⁰ and 2¹⁰⁰.
    Clip,
    /// Weight of targets: from 2⁻⁶ to 8.
    TargetWeight,
    /// Share of the squared Gaussian budget: above 0, at most 0.45.
    CentreShare,
    /// Share of the squared Gaussian budget: above 0, at most 0.45.
    FlatteningShare,
    /// From 1 to 8.
    FlatteningRounds,
    /// Share of each row's square that is constant: at least 0, below 1.
    InterceptShare,
    /// Ridge as a multiple of the radius of the noise: positive and finite.
    RidgeMultiple,
}

impl fmt::Display for RecordParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dimension => "the dimension",
            Self::Classes => "the number of classes",
            Self::Columns => "the number of targets",
            Self::TargetBound => "the bound on targets",
            Self::Clip => "the clip",
            Self::TargetWeight => "the weight of targets",
            Self::CentreShare => "the share of the centre",
            Self::FlatteningShare => "the share of the flattening",
            Self::FlatteningRounds => "the number of rounds of the flattening",
            Self::InterceptShare => "the share of the intercept",
            Self::RidgeMultiple => "the multiple of the noise radius",
        })
    }
}

pub(super) fn check(parameter: RecordParameter, value: f64, inside: bool) -> Result<f64, Error> {
    if inside { Ok(value) } else { Err(Error::RecordParameter { parameter, value }) }
}

const LARGEST: f64 = 1.267_650_600_228_229_4e30; // 2¹⁰⁰

fn moderate(value: f64) -> bool {
    (1.0 / LARGEST..=LARGEST).contains(&value)
}

/// How rows come to a length of at most one.
///
/// ```
/// use ntk_dp::private::{RecordOptions, RowNorm};
///
/// let options = RecordOptions::values(3, 1, 10.0)?;
/// assert_eq!(options.norm(), RowNorm::Normalise);
/// assert_eq!(options.with_norm(RowNorm::Clip(2.0))?.centred_norm(), RowNorm::Clip(1.0));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowNorm {
    /// Every row is scaled to length one, up or down; a row of zeros stays.
    Normalise,
    /// Rows longer than this are scaled back to it; all are then divided by it.
    Clip(f64),
}

impl RowNorm {
    fn checked(self) -> Result<Self, Error> {
        match self {
            Self::Normalise => Ok(self),
            Self::Clip(length) => check(RecordParameter::Clip, length, moderate(length)).map(|_| self),
        }
    }
}

/// What is predicted.
///
/// ```
/// use ntk_dp::private::{RecordOptions, RecordTargets};
///
/// assert_eq!(RecordOptions::classes(3, 7)?.targets(), RecordTargets::Classes(7));
/// assert_eq!(RecordOptions::values(3, 2, 0.5)?.targets(), RecordTargets::Values { columns: 2, bound: 0.5 });
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordTargets {
    /// One of so many classes, centred: `1 − 1/k` for the class, `−1/k` for the others.
    Classes(usize),
    /// Numbers, clipped together.
    Values {
        /// How many a row.
        columns: usize,
        /// Rows of targets longer than this are scaled back to it: public.
        bound: f64,
    },
}

/// Public parameters of record-level regression. They are read from a file only if in range; threads are not written.
///
/// None changes what is guaranteed, as noise is calibrated to the budget, whatever they are.
///
/// | Your rows | Ask for |
/// |---|---|
/// | have a mean that is not small beside them, as features of a ReLU do | [`with_centre(0.05)`](Self::with_centre) |
/// | lie mostly in a few directions, in hundreds of dimensions or more | [`with_flattening(0.2)`](Self::with_flattening) |
/// | are few, or ε is small | fewer features: noise has the radius `σ√(2D)` |
/// | have classes of unequal frequency | [`with_intercept(0.05)`](Self::with_intercept) |
/// | have a public bound on their length, and length matters | [`RowNorm::Clip`] |
///
/// ```
/// use ntk_dp::private::{RecordOptions, RowNorm};
///
/// let options = RecordOptions::classes(512, 10)?.with_norm(RowNorm::Clip(3.0))?.with_centre(0.05)?;
/// assert_eq!((options.dim(), options.columns()), (512, 10));
/// assert!(options.with_centre(0.9).is_err() && RecordOptions::classes(512, 1).is_err());
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct RecordOptions {
    dim: usize,
    targets: RecordTargets,
    norm: RowNorm,
    centred_norm: RowNorm,
    target_weight: f64,
    centre: Option<f64>,
    flattening: Option<f64>,
    flattening_rounds: u32,
    intercept: f64,
    parallelism: Parallelism,
}

/// As in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    dim: usize,
    targets: RecordTargets,
    norm: RowNorm,
    centred_norm: RowNorm,
    target_weight: f64,
    centre: Option<f64>,
    flattening: Option<f64>,
    flattening_rounds: u32,
    intercept: f64,
}

impl From<RecordOptions> for Written {
    fn from(options: RecordOptions) -> Self {
        let RecordOptions {
            dim,
            targets,
            norm,
            centred_norm,
            target_weight,
            centre,
            flattening,
            flattening_rounds,
            intercept,
            parallelism: _,
        } = options;
        Self {
            dim,
            targets,
            norm,
            centred_norm,
            target_weight,
            centre,
            flattening,
            flattening_rounds,
            intercept,
        }
    }
}

impl TryFrom<Written> for RecordOptions {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self, Error> {
        let options = match written.targets {
            RecordTargets::Classes(classes) => Self::classes(written.dim, classes),
            RecordTargets::Values { columns, bound } => Self::values(written.dim, columns, bound),
        }?
        .with_norm(written.norm)?
        .with_centred_norm(written.centred_norm)?
        .with_target_weight(written.target_weight)?
        .with_flattening_rounds(written.flattening_rounds)?
        .with_intercept(written.intercept)?;
        let options = written.centre.map_or(Ok(options), |share| options.with_centre(share))?;
        written.flattening.map_or(Ok(options), |share| options.with_flattening(share))
    }
}

/// What a stage before the moments may take of the budget.
const LARGEST_SHARE: f64 = 0.45;

impl RecordOptions {
    /// For rows of `dim` features in `classes` classes: rows normalised, target weight 1, no centre, no intercept, one thread.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless `dim` is from 1 to 16384, `classes` from 2 to 1000.
    pub fn classes(dim: usize, classes: usize) -> Result<Self, Error> {
        check(RecordParameter::Classes, classes as f64, (2..=1000).contains(&classes))?;
        Self::new(dim, RecordTargets::Classes(classes))
    }

    /// For rows of `dim` features with `columns` numbers each, of Euclidean length at most `bound`; else as [`classes`](Self::classes).
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless `dim` is from 1 to 16384, `columns` from 1 to 1000, `bound` between `2⁻¹⁰⁰` and `2¹⁰⁰`.
    pub fn values(dim: usize, columns: usize, bound: f64) -> Result<Self, Error> {
        check(RecordParameter::Columns, columns as f64, (1..=1000).contains(&columns))?;
        check(RecordParameter::TargetBound, bound, moderate(bound))?;
        Self::new(dim, RecordTargets::Values { columns, bound })
    }

    fn new(dim: usize, targets: RecordTargets) -> Result<Self, Error> {
        check(RecordParameter::Dimension, dim as f64, (1..=16_384).contains(&dim))?;
        Ok(Self {
            dim,
            targets,
            norm: RowNorm::Normalise,
            centred_norm: RowNorm::Normalise,
            target_weight: 1.0,
            centre: None,
            flattening: None,
            flattening_rounds: 2,
            intercept: 0.0,
            parallelism: Parallelism::Sequential,
        })
    }

    /// How rows come to a length of at most one. Centred rows follow the same rule, clipped ones at 1: see
    /// [`with_centred_norm`](Self::with_centred_norm).
    ///
    /// # Errors
    /// [`Error::RecordParameter`] for a clip outside `2⁻¹⁰⁰ … 2¹⁰⁰`.
    pub fn with_norm(self, norm: RowNorm) -> Result<Self, Error> {
        let centred_norm = match norm {
            RowNorm::Normalise => norm,
            RowNorm::Clip(_) => RowNorm::Clip(1.0),
        };
        norm.checked().map(|norm| Self { norm, centred_norm, ..self })
    }

    /// How rows come to a length of at most one again after the centre is subtracted, and after flattening: lengths are in units of the
    /// clip before, so that at most 2 is possible.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] for a clip outside `2⁻¹⁰⁰ … 2¹⁰⁰`.
    pub fn with_centred_norm(self, centred_norm: RowNorm) -> Result<Self, Error> {
        centred_norm.checked().map(|centred_norm| Self { centred_norm, ..self })
    }

    /// The weight `b` of targets against features: what a row adds has the square `‖φ‖⁴ + b²‖y‖²‖φ‖²`, with `‖y‖² ≤ 1 − 1/k` for classes and
    /// `‖y‖ ≤ 1` for numbers (in units of their bound). More weight means less noise on `ΦᵀY` and more on `ΦᵀΦ`. It is rounded to an
    /// integer multiple of about `10⁻⁵k`.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless it is from `2⁻⁶` to 8.
    pub fn with_target_weight(self, weight: f64) -> Result<Self, Error> {
        check(RecordParameter::TargetWeight, weight, (1.0 / 64.0..=8.0).contains(&weight))
            .map(|target_weight| Self { target_weight, ..self })
    }

    /// First releases the mean of rows, with this share of the squared Gaussian budget, and subtracts it from each row before it is brought to
    /// length one again. The direction of the mean, which all rows share, then costs no more noise. Rows are read twice.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless above 0 and at most 0.45.
    pub fn with_centre(self, share: f64) -> Result<Self, Error> {
        check(RecordParameter::CentreShare, share, share > 0.0 && share <= LARGEST_SHARE)
            .map(|share| Self { centre: Some(share), ..self })
    }

    /// First releases second moments of (centred) rows, with this share of the squared Gaussian budget, and shrinks each row in the directions
    /// that noise does not hide, before it is brought to length one again: an eigenvalue `λ` above `t`, half of the noise's radius, becomes
    /// `t`. What a few strong directions took of each row's length goes to all the others, where noise was larger than they are. Rows are read
    /// once more for each round.
    ///
    /// Each round costs `4·D·r` operations a row in each later pass, r directions being shrunk, usually less than half of D.
    ///
    /// Worth it where a few directions hold most of the rows' squares and classes differ in the rest: of images, a share of 0.2
    /// is well spent. With
    /// [`Clip`](RowNorm::Clip), see to it that shrunken rows get longer again ([`with_centred_norm`](Self::with_centred_norm)).
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless above 0 and at most 0.45.
    pub fn with_flattening(self, share: f64) -> Result<Self, Error> {
        check(RecordParameter::FlatteningShare, share, share > 0.0 && share <= LARGEST_SHARE)
            .map(|share| Self { flattening: Some(share), ..self })
    }

    /// In so many rounds, which share the share: each sees what noise hid from the one before. Two without this call.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless from 1 to 8.
    pub fn with_flattening_rounds(self, rounds: u32) -> Result<Self, Error> {
        check(RecordParameter::FlatteningRounds, f64::from(rounds), (1..=8).contains(&rounds))
            .map(|_| Self { flattening_rounds: rounds, ..self })
    }

    /// Gives each row a constant coordinate that has this share of its square: after centring, nothing else is constant. Wanted where classes
    /// are not equally frequent, or targets have a mean.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless at least 0 and below 1.
    pub fn with_intercept(self, share: f64) -> Result<Self, Error> {
        check(RecordParameter::InterceptShare, share, (0.0..1.0).contains(&share))
            .map(|intercept| Self { intercept, ..self })
    }

    /// Threads of a pass. No result depends on it.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// `D`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.dim
    }

    /// What is predicted.
    #[must_use]
    pub const fn targets(&self) -> RecordTargets {
        self.targets
    }

    /// Columns of a prediction: classes, or numbers a row.
    #[must_use]
    pub const fn columns(&self) -> usize {
        match self.targets {
            RecordTargets::Classes(columns) | RecordTargets::Values { columns, .. } => columns,
        }
    }

    /// How rows come to length one.
    #[must_use]
    pub const fn norm(&self) -> RowNorm {
        self.norm
    }

    /// How centred rows come to length one.
    #[must_use]
    pub const fn centred_norm(&self) -> RowNorm {
        self.centred_norm
    }

    /// The weight of targets as asked for.
    #[must_use]
    pub const fn target_weight(&self) -> f64 {
        self.target_weight
    }

    /// Share of the centre, if there is one.
    #[must_use]
    pub const fn centre(&self) -> Option<f64> {
        self.centre
    }

    /// Share of the flattening, if there is one.
    #[must_use]
    pub const fn flattening(&self) -> Option<f64> {
        self.flattening
    }

    /// Rounds of the flattening; 0 without one.
    #[must_use]
    pub fn flattening_rounds(&self) -> u32 {
        if self.flattening.is_some() { self.flattening_rounds } else { 0 }
    }

    /// Share of the constant coordinate.
    #[must_use]
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Threads of a pass.
    #[must_use]
    pub const fn parallelism(&self) -> Parallelism {
        self.parallelism
    }

    /// Coordinates of an encoded row: `D`, and one more for an intercept.
    #[must_use]
    pub fn encoded_dim(&self) -> usize {
        self.dim + usize::from(self.intercept > 0.0)
    }
}
