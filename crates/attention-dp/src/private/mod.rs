//! The moment release: what is aggregated, what is released, what is answered.

mod aggregate;
mod answer;
mod bars;
mod encode;
mod geometry;
mod merge;
mod reader;
mod released;
mod stream;

pub use aggregate::PrivateMoments;
pub use answer::{Answer, Estimate};
pub use bars::{Coverage, ErrorBar};
pub use geometry::MomentGeometry;
pub use reader::MomentReader;
pub use released::AttentionMoments;
pub use stream::{Factorization, IntervalMoments, StreamedMoments, StreamingMoments, StreamingOptions};

pub(crate) use reader::norm;
