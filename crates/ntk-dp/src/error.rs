//! Everything that can go wrong here, as data.

use crate::private::{DescentParameter, RecordParameter};

/// Why a call was refused.
///
/// Outside [`private`](crate::private) what an error says may depend on the rows. Calls on private rows fail, and say why, as a function of
/// shapes and public parameters only; so do queries of what was released, but for [`Error::Point`], which names a row of the *query*.
///
/// ```
/// use ntk_dp::{Activation, Error, Network};
///
/// let refused = Network::new(Activation::Relu, 3, -2.0);
/// assert_eq!(refused, Err(Error::WeightVariance { value: -2.0 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // parameters
    /// The variance of weights must be positive and finite.
    #[error("the weight variance {value} is not positive and finite")]
    WeightVariance {
        /// Value given.
        value: f64,
    },
    /// The variance of biases must be non-negative and finite.
    #[error("the bias variance {value} is not non-negative and finite")]
    BiasVariance {
        /// Value given.
        value: f64,
    },
    /// The slope of a leaky ReLU must be finite.
    #[error("the slope {value} is not finite")]
    Slope {
        /// Value given.
        value: f64,
    },
    /// These features are for the ReLU.
    #[error("the activation is not the ReLU")]
    Activation,
    /// The ridge must be positive and finite.
    #[error("the ridge {value} is not positive and finite")]
    Ridge {
        /// Value given.
        value: f64,
    },
    /// The list of ridges is empty, or none has a finite error.
    #[error("no ridge to choose from")]
    NoRidge,
    /// A tolerance must be positive and below one.
    #[error("the tolerance {value} is not between 0 and 1")]
    Tolerance {
        /// Value given.
        value: f64,
    },
    /// A network needs at least one neuron in each layer, a sample of features at least one feature.
    #[error("a width of zero")]
    Width,
    /// A power of standard deviations must be from 0 to 1.
    #[error("the whitening {value} is not between 0 and 1")]
    Whitening {
        /// Value given.
        value: f64,
    },
    /// A parameter of private records is out of its range.
    #[error("{parameter} = {value} is out of range")]
    RecordParameter {
        /// Which one.
        parameter: RecordParameter,
        /// Value given.
        value: f64,
    },
    /// A parameter of a private descent is out of its range.
    #[error("{parameter} = {value} is out of range")]
    DescentParameter {
        /// Which one.
        parameter: DescentParameter,
        /// Value given.
        value: f64,
    },
    // shapes
    /// Channels, height and width of images are from 1 to 1024 each.
    #[error("images of {channels} channels, {height} by {width}")]
    ImageShape {
        /// Channels given.
        channels: usize,
        /// Height given.
        height: usize,
        /// Width given.
        width: usize,
    },
    /// Targets are classes where numbers are needed, or numbers where classes are.
    #[error("the targets are of another kind than the options say")]
    TargetKind,
    /// A block of private records has another number of targets than of rows. How many there are may be private, and is not said.
    #[error("a block has another number of targets than of rows")]
    TargetCount,
    /// Points need at least one coordinate.
    #[error("points without coordinates have no kernel")]
    NoColumns,
    /// There must be at least one row.
    #[error("there is no row")]
    NoRows,
    /// A point, a row of targets or a block has the wrong length.
    #[error("{expected} entries are needed, found {found}")]
    Length {
        /// Entries needed.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// Points and targets, or points and labels, differ in number.
    #[error("{expected} rows are needed, found {found}")]
    RowCount {
        /// Rows needed.
        expected: usize,
        /// Rows found.
        found: usize,
    },
    // data
    /// A point has an entry that is NaN or infinite, or its kernel value with itself overflows.
    #[error("row {row} is not finite, or its kernel value overflows")]
    Point {
        /// First such row.
        row: usize,
    },
    /// A target is NaN or infinite.
    #[error("a target of row {row} is not finite")]
    Target {
        /// First such row.
        row: usize,
    },
    /// A label is not below the number of classes.
    #[error("the label {label} of row {row} is not below {classes}")]
    Label {
        /// First such row.
        row: usize,
        /// Its label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    // numerical
    /// The linear algebra refused.
    #[error(transparent)]
    Linalg(#[from] dp_linalg::Error),
    /// A mechanism or a privacy parameter refused.
    #[error(transparent)]
    Mechanism(#[from] dp_mechanisms::Error),
    /// A source of rows could not be read.
    #[error("rows could not be read: {0}")]
    Source(std::io::ErrorKind),
    // releases of close points
    /// A public parameter of a release of close points is out of its range.
    #[error("{parameter:?} = {value} is out of range")]
    CloseParameter {
        /// Which.
        parameter: CloseParameter,
        /// Value given, or what follows from those given.
        value: f64,
    },
    /// Kernel values of new points are released for the quadratic kernel only.
    #[error("only the quadratic kernel has exact integers")]
    QueryKernel,
    /// As many queries were answered as were allowed.
    #[error("all {allowed} queries were answered")]
    QueriesSpent {
        /// Number of queries in the budget.
        allowed: u32,
    },
    /// The features refused.
    #[error(transparent)]
    Features(#[from] poly_kernel::Error),
}

/// Public parameters of releases of close points that have a range.
///
/// ```
/// use ntk_dp::{CloseParameter, Error, Kernel, private::close::CloseOptions};
///
/// let refused = CloseOptions::new(Kernel::quadratic(1.0)?, (10, 2), -1.0);
/// assert_eq!(refused, Err(Error::CloseParameter { parameter: CloseParameter::Radius, value: -1.0 }));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseParameter {
    /// Largest norm of a point.
    Radius,
    /// The kernel of a point at the radius with itself, or its variance at a layer.
    KernelValue,
    /// The ridge of a sampled Gram matrix; it must be well above rounding.
    Ridge,
    /// Largest L1 norm of a label.
    LabelBound,
}

impl CloseParameter {
    pub(crate) fn check(self, value: f64, inside: bool) -> Result<f64, Error> {
        if inside { Ok(value) } else { Err(Error::CloseParameter { parameter: self, value }) }
    }
}

pub(crate) fn check_len(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { expected, found }) }
}

pub(crate) fn check_rows(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::RowCount { expected, found }) }
}
