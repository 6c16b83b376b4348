//! Private means of the columns of `(n, d)` rows, exact on the machine.
//!
//! # Example
//!
//! ```
//! use column_means_dp::{MeanOptions, private_means};
//! use dp_linalg::Mat;
//! use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
//!
//! let rows = Mat::from_fn(10_000, 2, |i, j| (i as f64).sin() / 4.0 + j as f64 / 2.0);
//! let options = MeanOptions::new(2, 1.0)?; // columns, radius
//! let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
//! let release = private_means((rows.as_ref(), AddRemoveRow), &options, epsilon, delta, &mut secure_rng()?)?;
//! let means = release.value().means().expect("10 000 rows are more than the noise");
//! assert!(means[0].abs() < 0.01 && (means[1] - 0.5).abs() < 0.01);
//! # Ok::<(), column_means_dp::Error>(())
//! ```

pub mod claims;
mod encode;
mod error;
mod mechanism;
mod sensitivity;

pub use encode::{MeanOptions, RADIUS_STEPS};
pub use error::Error;
pub use mechanism::{NoisyMeans, means_statistic, private_means};
pub use sensitivity::MeanAdjacency;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
