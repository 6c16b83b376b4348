//! The moment release: what is aggregated, what is released, what is answered.

mod aggregate;
mod answer;
mod bars;
mod encode;
mod geometry;
mod kernel;
mod merge;
mod reader;
mod released;
mod stream;
mod workers;

pub use aggregate::PrivateMoments;
pub use answer::{Answer, Estimate};
pub use bars::{Coverage, ErrorBar};
pub(crate) use encode::{RowEncoder, clip_margin};
pub use geometry::MomentGeometry;
pub(crate) use geometry::power_of_two;
pub(crate) use merge::{LocalMass, Merge};
pub use reader::MomentReader;
pub(crate) use reader::{largest_logit, norm, scaled_queries};
pub use released::AttentionMoments;
pub use stream::{Factorization, IntervalMoments, StreamedMoments, StreamingMoments, StreamingOptions};
