//! The published private algorithm (arXiv 2408.06395), broken as designed, and a demonstration of each of its holes.
//!
//! As recorded from the abstract and our notes: the full text was not at hand. Sketches are left out: they are public randomness
//! beside the noise.

mod algorithm;
mod convergence;
mod leak;
mod noise;
mod sensitivity;

pub(super) use convergence::convergence;
pub(super) use leak::{leak, record};
pub(super) use noise::{sampling, scale, support};
pub(super) use sensitivity::lipschitz;
