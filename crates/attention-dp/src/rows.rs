//! Private rows: keys, values and the adjacency that protects them.

use crate::error::{Error, Parameter};
use crate::options::Shape;
use core::fmt;
use dp_linalg::MatRef;
use dp_mechanisms::Adjacency;

/// A chunk of private keys `(n, d)` and values `(n, d_v)`, one record a row, with the adjacency that protects it.
///
/// The adjacency is chosen here, once, and follows by type inference into the aggregate and the guarantee.
///
/// # Which rows count
///
/// A row whose key (centred) or value has a coordinate that is NaN or infinite contributes nothing. The rule looks at one row alone, so it does not change the sensitivity, and no error tells that it was used.
///
/// # Example
///
/// ```
/// use attention_dp::Rows;
/// use dp_linalg::Mat;
/// use dp_mechanisms::AddRemoveRow;
///
/// let (keys, values) = (Mat::zeros(100, 8), Mat::zeros(100, 3));
/// let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?;
/// assert_eq!(format!("{rows:?}"), "Rows { adjacency: add_remove_row, key_dim: 8, value_dim: 3, .. }");
/// assert!(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref().subrows(0..99)).is_err());
/// # Ok::<(), attention_dp::Error>(())
/// ```
///
/// Rows under one adjacency do not go into an aggregate under another:
///
/// ```compile_fail,E0308
/// # use attention_dp::{Bounds, MomentOptions, PrivateMoments, Rows, Shape};
/// # use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, ReplaceRow};
/// # let (keys, values) = (Mat::zeros(1, 1), Mat::zeros(1, 1));
/// # let options = MomentOptions::new(Shape { key_dim: 1, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?, 2);
///
/// let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
/// moments.push(Rows::new(ReplaceRow, keys.as_ref(), values.as_ref())?)?;
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Rows<'a, A> {
    adjacency: A,
    keys: MatRef<'a>,
    values: MatRef<'a>,
}

impl<'a, A: Adjacency> Rows<'a, A> {
    /// Pairs keys with values.
    ///
    /// # Errors
    ///
    /// [`Error::RowCount`] if their numbers differ.
    pub fn new(adjacency: A, keys: MatRef<'a>, values: MatRef<'a>) -> Result<Self, Error> {
        if keys.nrows() == values.nrows() {
            Ok(Self { adjacency, keys, values })
        } else {
            Err(Error::RowCount)
        }
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    pub(crate) const fn keys(&self) -> MatRef<'a> {
        self.keys
    }

    pub(crate) const fn values(&self) -> MatRef<'a> {
        self.values
    }

    /// Refuses rows stated under other neighbours than an aggregate is for, as moves of another radius.
    pub(crate) fn check_adjacency(&self, expected: A) -> Result<(), Error> {
        if self.adjacency == expected { Ok(()) } else { Err(Error::DifferentOptions) }
    }

    /// Checks the dimensions against what an aggregate expects.
    pub(crate) fn check_shape(&self, shape: Shape) -> Result<(), Error> {
        check_dimension(Parameter::Key, shape.key_dim, self.keys.ncols())?;
        check_dimension(Parameter::Value, shape.value_dim, self.values.ncols())
    }
}

/// Checks one dimension.
pub(crate) fn check_dimension(what: Parameter, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Dimension { what, expected, found }) }
}

impl<A: Adjacency> fmt::Debug for Rows<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("key_dim", &self.keys.ncols())
            .field("value_dim", &self.values.ncols())
            .finish_non_exhaustive()
    }
}
