//! Mechanisms: each adds noise of one kind to statistics of one kind of sensitivity, and mints the release.

mod gaussian;

pub use gaussian::LatticeGaussian;
