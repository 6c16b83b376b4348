//! The moment release: what is aggregated, what is released, what is answered.

mod aggregate;
mod bars;
mod encode;
mod geometry;
mod kernel;
mod released;

pub use aggregate::PrivateMoments;
pub use bars::{Coverage, ErrorBar};
pub(crate) use encode::clip_margin;
pub use geometry::MomentGeometry;
pub(crate) use geometry::power_of_two;
pub use released::{Answer, AttentionMoments, Estimate, MomentReader};

pub(crate) use encode::RowEncoder;
pub(crate) use released::{deterministic_errors, largest_logit, ratio_answer, scaled_queries};
