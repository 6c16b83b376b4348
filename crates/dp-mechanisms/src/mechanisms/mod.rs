//! Mechanisms: each adds noise of one kind to statistics of one kind of sensitivity, and mints the release.

pub mod continual;
mod gaussian;

pub use gaussian::LatticeGaussian;
