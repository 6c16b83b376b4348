//! What the benchmarks share: rows that are made on the fly, ratios of quantities measured in turns, pictures, tables of
//! others beside ours.
//!
//! Each file in `benches/` answers one question of a user; `README.md` has commands and measured numbers.

pub mod peers;
pub mod picture;
mod rows;
mod turns;

pub use rows::{MomentCase, RowSource};
pub use turns::{measuring, median_seconds_in_turns};
