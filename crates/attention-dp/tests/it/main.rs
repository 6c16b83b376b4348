//! Behaviour of the crate through its public interface.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod aggregate;
mod bad_input;
mod data;
mod exact;
mod features;
mod interplay;
#[cfg(feature = "io")]
mod io_container;
#[cfg(feature = "io")]
mod io_ids;
#[cfg(feature = "io")]
mod io_moments;
#[cfg(feature = "parquet")]
mod io_parquet;
#[cfg(feature = "io")]
mod io_rows;
mod local;
mod queries;
mod records;
mod self_attention_bad_input;
mod self_attention_release;
mod stream;
mod tree_attention;
mod tree_distances;
mod tree_ranges;
