//! Row-major matrices, decompositions and exact integer products: a small facade over faer.
//!
//! Rows are records: an `(n, d)` matrix holds `n` rows of `d` numbers, one after another. Numbers are `f64`, and in
//! products `f32` if you like; the generic backend is compiled once, here, at full optimisation, and no caller names it.
//!
//! | You have | You want | Call |
//! |---|---|---|
//! | a buffer | a matrix or a view | [`Mat::from_vec`], [`MatRef::new`], [`MatMut::new`] |
//! | `A`, `B` | `AB`, `AᵀB`, `ABᵀ` | [`matmul`], [`matmul_tn`], [`matmul_nt`], and `…_into` to add to a result |
//! | integers, row by row | `Σ leftᵀ·right`, exact in any order | [`ExactProductSum`] |
//! | `A` positive definite | solves, `ln det`, `xᵀA⁻¹x` | [`Cholesky`] |
//! | `A` symmetric | spectrum, `f(A)`, nearest PSD matrix | [`SymmetricEigen`], [`is_positive_semidefinite`], [`project_onto_psd`] |
//! | any `A` | rank, pseudo-inverse, least squares | [`Svd`], [`Qr`] |
//! | rows of data | their leverage scores, their norms | [`leverage_scores`], [`row_norms`] |
//!
//! ```
//! use dp_linalg::{Cholesky, Mat, Parallelism, leverage_scores, matmul_tn};
//!
//! // four points on a line: design (n, 2) = [1, x]
//! let design = Mat::from_fn(4, 2, |i, j| if j == 0 { 1.0 } else { i as f64 });
//! let gram = matmul_tn(design.as_ref(), design.as_ref(), Parallelism::Sequential)?;
//! assert_eq!(gram.as_slice(), [4.0, 6.0, 6.0, 14.0]);
//! let by_cholesky = Cholesky::new(gram.as_ref())?.inverse_quadratic_forms(design.as_ref())?;
//! let by_qr = leverage_scores(design.as_ref())?;
//! approx::assert_relative_eq!(by_cholesky.as_slice(), by_qr.as_slice(), max_relative = 1e-13);
//! approx::assert_relative_eq!(by_qr.iter().sum::<f64>(), 2.0, max_relative = 1e-13); // the rank
//! # Ok::<(), dp_linalg::Error>(())
//! ```
//!
//! # What is exact, and what is not
//!
//! Floating-point results carry error bounds, stated beside each function with `u = 2⁻⁵³`, `ε = 2u`, `γ_k = ku/(1 −
//! ku)`; their last bits may change with the processor and the thread count. One thing is exact, on every machine:
//! sums of products of *integers*, in [`ExactProductSum`], because while the absolute products sum to less than 2⁵³
//! no operation rounds. A private aggregate is built on that and on nothing else in this crate.
//!
//! # Conventions
//! - Shapes with no row or no column are ordinary inputs: products are zeros, factors are empty, norms are 0.
//! - Decompositions refuse NaN and infinite entries with [`Error::NonFinite`]; products treat them as IEEE 754 does.
//! - Symmetric inputs are read from their lower triangle.
//! - Threads are asked for with [`Parallelism`], call by call. Decompositions use one, but for [`Cholesky::factor`].
//! - Where an error names a position it depends on the data: private code keeps such errors to itself.
//!
//! # Features
//! - `interop-nalgebra`: conversions from and into `nalgebra::DMatrix<f64>`.
//! - `interop-faer`: conversions from and into `faer::Mat<f64>`.
//!
//! Neither changes any result.
//!
//! # References
//! - N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, second edition, 2002.
//! - G. H. Golub and C. F. Van Loan, *Matrix Computations*, fourth edition, 2013.
//! - N. J. Higham, *Computing a nearest symmetric positive semidefinite matrix*, 1988.

pub mod claims;
mod decompositions;
mod error;
mod exact;
#[cfg(any(feature = "interop-faer", feature = "interop-nalgebra"))]
pub mod interop;
mod leverage;
mod matrix;
mod norms;
mod parallelism;
mod product;
mod psd;
mod scalar;

/// Version of this crate, for records of what computed a result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use decompositions::{Cholesky, Qr, Svd, SymmetricEigen, solve_lower_triangular, solve_upper_triangular};
pub use error::{Error, Operation};
pub use exact::{ExactProductSum, is_integral_within};
pub use leverage::leverage_scores;
pub use matrix::{Mat, MatMut, MatRef, Rows};
pub use norms::{frobenius_norm, max_abs, max_row_norm, nuclear_norm, row_norms, spectral_norm};
pub use parallelism::Parallelism;
pub use product::{Accumulate, matmul, matmul_into, matmul_nt, matmul_nt_into, matmul_tn, matmul_tn_into};
pub use psd::{is_positive_semidefinite, min_eigenvalue, project_onto_psd};
pub use scalar::Scalar;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
