//! Which features stand in for the exponential: a public choice, saved with a release.

use core::fmt;
use dp_linalg::Mat;
use poly_kernel::{ExpPolynomial, TrigonometricFeatures};
use serde::{Deserialize, Serialize};

/// Features with a bounded norm that stand in for `exp(softmax_scale·q·k)`.
///
/// | choice | certified error | take it for |
/// |---|---|---|
/// | [`Taylor`](Self::Taylor) | yes, in closed form | the default: logits up to about 2 in few dimensions |
/// | [`Polynomial`](Self::Polynomial) | yes, where the polynomial has one | fewer features for the same error; least squares where logits are known to be small mostly |
/// | [`Trigonometric`](Self::Trigonometric) | no: right on average over the draw | many dimensions, where monomials are too many |
/// | [`Landmarks`](Self::Landmarks) | no: as good as the landmarks are close | many dimensions and *public* keys that resemble the private ones |
///
/// All of it is public and written to files and certificates: frequencies must be drawn, and landmarks chosen, without the
/// private rows.
///
/// The integers of a row are a function of that row alone with each choice. With a polynomial they are the same on every platform; the
/// others use the platform's `exp`, `sin` and `cos`, so that sums made on different machines may differ in a few last bits.
/// Norms are checked in integers, row by row, on any of them. What privacy needs besides is that a row more changes no *other* row's integers:
/// with these features encode all rows on one platform, or each on one that is chosen by the row alone.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, KeyFeatures, MomentGeometry, MomentOptions, Shape};
/// use poly_kernel::{ExpPolynomial, LogitRange};
///
/// let (shape, bounds) = (Shape { key_dim: 4, value_dim: 1 }, Bounds::new(2.0, 1.0, 1.0)?);
/// let options = MomentOptions::new(shape, bounds, 3);
/// assert_eq!(options.features(), &KeyFeatures::Taylor { degree: 3 });
/// let best = ExpPolynomial::best_relative(3, LogitRange::symmetric(1.0)?)?;
/// let best = options.clone().with_polynomial(best);
/// let (taylor, best) = (MomentGeometry::new(options)?, MomentGeometry::new(best)?);
/// assert!(best.kernel_error() < 0.3 * taylor.kernel_error());
/// assert_eq!(best.feature_count(), taylor.feature_count());
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
#[non_exhaustive]
pub enum KeyFeatures {
    /// Monomials of the Taylor polynomial of this degree.
    Taylor {
        /// Its degree.
        degree: usize,
    },
    /// Monomials of another polynomial.
    Polynomial(ExpPolynomial),
    /// Cosines and sines at random frequencies.
    Trigonometric(TrigonometricFeatures),
    /// Nyström's features of public keys `(m, d)`, in data units.
    Landmarks(Mat),
}

impl KeyFeatures {
    /// Degree of the polynomial, if it is one.
    #[must_use]
    pub const fn degree(&self) -> Option<usize> {
        match self {
            Self::Taylor { degree } => Some(*degree),
            Self::Polynomial(polynomial) => Some(polynomial.degree()),
            Self::Trigonometric(_) | Self::Landmarks(_) => None,
        }
    }
}

/// As certificates record it: long lists by their number and a fingerprint.
impl fmt::Display for KeyFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taylor { degree } => write!(f, "taylor({degree})"),
            Self::Polynomial(polynomial) => write!(f, "polynomial({:?})", polynomial.coefficients()),
            Self::Trigonometric(map) => {
                let frequencies = map.frequencies();
                let numbers = frequencies.rows().flatten().copied();
                write!(f, "trigonometric({} frequencies, {:016x})", frequencies.nrows(), fingerprint(numbers))
            }
            Self::Landmarks(rows) => {
                let numbers = rows.as_slice().iter().copied();
                write!(f, "landmarks({}, {:016x})", rows.nrows(), fingerprint(numbers))
            }
        }
    }
}

/// The 64-bit hash of Fowler, Noll and Vo over the bits of numbers: finds mistakes, not forgeries.
fn fingerprint(numbers: impl Iterator<Item = f64>) -> u64 {
    let bytes = numbers.flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// As written to files.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Taylor { degree: usize },
    Polynomial { coefficients: Vec<f64> },
    Trigonometric { dim: usize, frequencies: Vec<f64> },
    Landmarks { dim: usize, rows: Vec<f64> },
}

impl From<KeyFeatures> for Record {
    fn from(features: KeyFeatures) -> Self {
        match features {
            KeyFeatures::Taylor { degree } => Self::Taylor { degree },
            KeyFeatures::Polynomial(polynomial) => {
                Self::Polynomial { coefficients: polynomial.coefficients().to_vec() }
            }
            KeyFeatures::Trigonometric(map) => {
                let frequencies = map.frequencies();
                Self::Trigonometric {
                    dim: frequencies.ncols(),
                    frequencies: frequencies.rows().flatten().copied().collect(),
                }
            }
            KeyFeatures::Landmarks(rows) => Self::Landmarks { dim: rows.ncols(), rows: rows.into_vec() },
        }
    }
}

impl TryFrom<Record> for KeyFeatures {
    type Error = poly_kernel::Error;

    fn try_from(record: Record) -> Result<Self, poly_kernel::Error> {
        let matrix = |dim: usize, numbers: Vec<f64>| {
            Mat::from_vec(numbers.len().checked_div(dim).unwrap_or(0), dim, numbers)
        };
        Ok(match record {
            Record::Taylor { degree } => Self::Taylor { degree },
            Record::Polynomial { coefficients } => {
                Self::Polynomial(ExpPolynomial::from_coefficients(&coefficients)?)
            }
            Record::Trigonometric { dim, frequencies } => {
                let frequencies = matrix(dim, frequencies)?;
                Self::Trigonometric(TrigonometricFeatures::from_frequencies(frequencies.as_ref())?)
            }
            Record::Landmarks { dim, rows } => Self::Landmarks(matrix(dim, rows)?),
        })
    }
}
