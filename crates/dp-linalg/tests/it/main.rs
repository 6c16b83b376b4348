//! Behaviour of dp-linalg, each operation against nalgebra or a naive oracle.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only sees functions marked as such"
)]

mod bad_input;
mod cholesky;
mod claims;
mod eigen;
mod exact;
#[cfg(any(feature = "interop-faer", feature = "interop-nalgebra"))]
mod interop;
mod leverage;
mod matrix;
mod norms;
mod product;
mod psd;
mod qr;
mod support;
mod svd;
mod triangular;
