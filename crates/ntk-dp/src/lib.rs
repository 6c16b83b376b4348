//! Neural tangent kernels of fully connected networks, and regression with them, private or not.
//!
//! A wide network that is trained by gradient descent on the squared loss predicts what regression with one kernel predicts, the inner
//! product of the gradients of its output in its weights (Jacot, Gabriel, Hongler 2018). For fully connected networks it has a closed
//! form, layer by layer:
//!
//! ```text
//! Σ⁰(x, y) = σ_w²⟨x, y⟩/d + σ_b²,      Σˡ⁺¹ = σ_w² E[φ(u)φ(v)] + σ_b²,      (u, v) ~ N(0, Σˡ on {x, y})
//! Θ⁰ = Σ⁰,                             Θˡ⁺¹ = Θˡ σ_w² E[φ′(u)φ′(v)] + Σˡ⁺¹
//! ```
//!
//! | You have | You want | Call |
//! |---|---|---|
//! | an architecture | `Θ` (NTK) or `Σ` (NNGP) of pairs, Gram matrices, diagonals | [`Network`], [`Kernel`] |
//! | variances and a covariance | both expectations of an activation | [`Activation::expectations`] |
//! | points and targets | kernel ridge regression | [`KernelRidge`], [`KernelModel`] |
//! | more points than a matrix of all pairs allows | the same by conjugate gradients | [`KernelRidge::fit_iteratively`] |
//! | a list of ridges | residuals without each point, the best ridge | [`LeaveOneOut`] |
//! | classes | targets, and back | [`one_hot`], [`classify`] |
//! | many points, in blocks | ridge regression on features | [`FeatureRidge`], [`FeatureModel`] |
//! | the quadratic NTK | its features, exact or sketched | [`Kernel::quadratic`], [`quadratic_features`], [`quadratic_sketch`] |
//! | the ReLU NTK | random features | [`ReluFeatures`] |
//! | public landmarks | features of any kernel | [`NystromFeatures`] |
//! | private records | the moments of features and targets, released once; predictions from them | [`private`] |
//! | private points, of which one may move a little | noise on them or on their Gram matrix, fits | [`private::close`] |
//! | private records in classes | a classifier, learned from released gradients | [`private::private_descent`] |
//! | images | features that no data were looked at for | [`image`] |
//! | doubts about infinity | a network of finite width and its tangent kernel | [`FiniteNetwork`] |
//!
//! # Example
//!
//! ```
//! use dp_linalg::{Mat, Parallelism};
//! use ntk_dp::{Activation, Kernel, KernelRidge, LeaveOneOut, Network, classify, one_hot};
//!
//! // two classes: inside and outside of a circle
//! let points = Mat::from_fn(200, 2, |i, j| (0.7 * i as f64 + 1.3 * j as f64 * i as f64).sin());
//! let labels: Vec<usize> = points.rows().map(|x| usize::from(x[0] * x[0] + x[1] * x[1] > 0.8)).collect();
//! let targets = one_hot(&labels, 2)?;
//!
//! let kernel = Kernel::ntk(Network::new(Activation::Relu, 3, 2.0)?.with_bias_variance(0.05)?);
//! let path = LeaveOneOut::new(kernel, points.as_ref(), targets.as_ref(), Parallelism::available())?;
//! let ridge = path.best_ridge(&[1e-3, 1e-2, 1e-1, 1.0])?;
//! let found = classify(path.fit(ridge)?.predict(points.as_ref())?.as_ref());
//! assert!(found.iter().zip(&labels).filter(|(a, b)| a == b).count() > 190);
//! # Ok::<(), ntk_dp::Error>(())
//! ```
//!
//! # Features
//! - `io`: readers of CIFAR-10 batches, of idx and of npy files, compressed or not; saving and loading of releases. It changes no result.
//!
//! # Limits
//! - Only [`private`] is private: what anything else returns is a function of the rows.
//! - Points with a NaN or an infinite entry are refused, and errors name rows; private records are dropped by a rule of their own. Feature
//!   maps ([`ReluFeatures`], [`NystromFeatures`], [`quadratic_features`], [`quadratic_sketch`]) refuse shapes alone, as all maps of `poly_kernel` do:
//!   features of such a point mean nothing, and [`FeatureRidge`] refuses it.
//! - Near equal or opposite points the NTK of a ReLU is good to about `1e-8·√d`; see [`Kernel`].
//!
//! # Notation
//!
//! | here | meaning |
//! |---|---|
//! | `x, y`, `d` | points and their dimension |
//! | `σ_w²`, `σ_b²` | variances of weights and biases |
//! | `φ` | activation, and in regression features |
//! | `a, b, c` | variances and covariance of a pair at a layer |
//! | `K`, `λ`, `α` | Gram matrix, ridge, coefficients |
//! | `u` | `2⁻⁵³` |

mod arcsine;
pub mod claims;
mod dual;
mod erf;
mod error;
mod features;
mod finite;
pub mod image;
#[cfg(feature = "io")]
pub mod io;
mod kernel;
mod network;
mod nystrom;
pub mod private;
mod regression;
mod relu_features;

/// Version of this crate, for records of what computed a result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use arcsine::ARCSINE;
pub use error::{CloseParameter, Error};
pub use features::{quadratic_features, quadratic_sketch};
pub use finite::FiniteNetwork;
pub use kernel::Kernel;
pub use network::{Activation, Expectations, Network};
pub use nystrom::NystromFeatures;
pub use regression::{
    FeatureModel, FeatureRidge, IterativeFit, KernelModel, KernelRidge, LeaveOneOut, Stop, classify, one_hot,
};
pub use relu_features::ReluFeatures;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
