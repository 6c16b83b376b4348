//! The moment release: what is aggregated, what is released, what is answered.

mod aggregate;
mod bars;
mod encode;
mod geometry;
mod released;

pub use aggregate::PrivateMoments;
pub use bars::{Coverage, ErrorBar};
pub(crate) use encode::clip_margin;
pub use geometry::MomentGeometry;
pub(crate) use geometry::{ceil_log2, power_of_two};
pub use released::{Answer, AttentionMoments, Estimate, MomentReader};
