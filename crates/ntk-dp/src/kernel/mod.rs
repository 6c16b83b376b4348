//! `Kernel`: values, Gram matrices and the tiles they are made of.

mod gram;
mod mirror;
mod points;
mod recursion;
mod sites;

pub(crate) use points::{Points, RUN, Tiles};

use crate::error::check_len;
use crate::{Error, Network};
use dp_linalg::{Mat, MatRef, Parallelism, Scalar};

/// A positive semidefinite function of two points, of a network of infinite width.
///
/// With the covariances and expectations of the [`Activation`](crate::Activation), for points of dimension `d`,
///
/// ```text
/// Σ⁰(x, y) = σ_w²⟨x, y⟩/d + σ_b²,      Σˡ⁺¹ = σ_w² E[φ(u)φ(v)] + σ_b²,      (u, v) ~ N(0, Σˡ on {x, y})
/// Θ⁰ = Σ⁰,                             Θˡ⁺¹ = Θˡ σ_w² E[φ′(u)φ′(v)] + Σˡ⁺¹
/// ```
///
/// `Σ^{depth}` is the covariance of the outputs at random weights (NNGP), `Θ^{depth}` that of their gradients (NTK): the kernel that
/// gradient descent on the squared loss follows.
///
/// # Cost
/// `2d` operations a pair for the dot product, and for each layer a square root and a polynomial. Memory is the result, and some
/// hundred kilobytes and `3·depth + 2` numbers a point on each side. Points may be `f32`: their dot products and the result take half of
/// the time and memory, the recursion is in double precision as always.
///
/// # Accuracy
/// With the unit roundoff `u` of the points' type, the dot product has the error of [`dp_linalg::matmul_nt`], `2du` of `‖x‖‖y‖` at most with
/// both norms; the recursion adds a few units in the last place of an `f64` a layer, and the diagonal of a Gram matrix is computed from the
/// norms alone. Two kinds of pairs magnify the first error, as any computation from dot products does. Near equal or opposite points the NTK
/// of a (leaky) ReLU is good to about `√(du)` of its value a layer. At large variances `a` of such pairs the NTK of erf and GELU is good to about `a·d·u` of its value.
///
/// # Numbers
/// Points must be finite, and neither twice their squared length nor their kernel with themselves may overflow, in the type of the points.
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use ntk_dp::{Activation, Kernel, Network};
///
/// let kernel = Kernel::ntk(Network::new(Activation::Relu, 2, 2.0)?);
/// let points = Mat::from_vec(3, 2, vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.0])?;
/// let gram = kernel.gram(points.as_ref(), Parallelism::available())?;
/// assert_eq!(gram[(0, 0)], 3.0); // depth + 1, times ‖x‖²σ_w²/d
/// assert_eq!(gram[(0, 1)], gram[(1, 0)]);
/// assert!((kernel.value(&[1.0, 0.0], &[0.0, 1.0])? - gram[(0, 1)]).abs() < 1e-14);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
///
/// # References
/// Cho, Saul 2009 (ReLU); Williams 1997 (erf); Jacot, Gabriel, Hongler 2018 (NTK).
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    pub(crate) form: Form,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    Tangent(Network),
    Covariance(Network),
    SquaredProduct(f64),
}

impl Kernel {
    /// The neural tangent kernel.
    #[must_use]
    pub const fn ntk(network: Network) -> Self {
        Self { form: Form::Tangent(network) }
    }

    /// The covariance of the output at random weights: the neural network Gaussian process.
    #[must_use]
    pub const fn nngp(network: Network) -> Self {
        Self { form: Form::Covariance(network) }
    }

    /// `σ²⟨x, y⟩²`: the tangent kernel of two layers with quadratic activation whose second layer is fixed, as in private NTK
    /// regression.
    ///
    /// Its `d(d + 1)/2` features are [`quadratic_features`](crate::quadratic_features): with more points than that, Gram matrices are
    /// singular.
    ///
    /// # Errors
    /// [`Error::WeightVariance`] unless `σ²` is positive and finite.
    pub fn quadratic(weight_variance: f64) -> Result<Self, Error> {
        if weight_variance > 0.0 && weight_variance.is_finite() {
            Ok(Self { form: Form::SquaredProduct(weight_variance) })
        } else {
            Err(Error::WeightVariance { value: weight_variance })
        }
    }

    /// The kernel of one pair; for many pairs [`cross_gram`](Self::cross_gram) is faster.
    ///
    /// # Errors
    /// As [`cross_gram`](Self::cross_gram).
    pub fn value(&self, x: &[f64], y: &[f64]) -> Result<f64, Error> {
        let (x, y) = (MatRef::new(x, 1, x.len())?, MatRef::new(y, 1, y.len())?);
        Ok(self.cross_gram(x, y, Parallelism::Sequential)?[(0, 0)])
    }

    /// The kernel of each row of `points` `(n, d)` with itself.
    ///
    /// # Errors
    /// [`Error::NoColumns`], [`Error::Point`].
    pub fn diagonal<T: Scalar>(&self, points: MatRef<'_, T>) -> Result<Vec<f64>, Error> {
        Ok(Points::new(self, points)?.into_diagonal())
    }

    /// The kernel of all pairs of rows of `points` `(n, d)`, shape `(n, n)`, symmetric to the last bit.
    ///
    /// # Errors
    /// [`Error::NoColumns`], [`Error::Point`].
    pub fn gram<T: Scalar>(&self, points: MatRef<'_, T>, parallelism: Parallelism) -> Result<Mat<T>, Error> {
        let points = Points::new(self, points)?;
        gram::symmetric(self, &points, parallelism)
    }

    /// The kernel of each row of `left` `(n, d)` with each row of `right` `(m, d)`, shape `(n, m)`.
    ///
    /// Equal rows on both sides are treated as any pair, unlike the diagonal of [`gram`](Self::gram).
    ///
    /// # Errors
    /// [`Error::NoColumns`], [`Error::Length`] for points of different dimensions, [`Error::Point`] with the row on its side.
    pub fn cross_gram<T: Scalar>(
        &self,
        left: MatRef<'_, T>,
        right: MatRef<'_, T>,
        parallelism: Parallelism,
    ) -> Result<Mat<T>, Error> {
        check_len(left.ncols(), right.ncols())?;
        let (left, right) = (Points::new(self, left)?, Points::new(self, right)?);
        gram::rectangular(self, &left, &right, parallelism)
    }
}

fn check_points<T: Scalar>(points: MatRef<'_, T>) -> Result<(), Error> {
    if points.ncols() == 0 { Err(Error::NoColumns) } else { Ok(()) }
}
