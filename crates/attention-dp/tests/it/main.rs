//! Behaviour of the crate through its public interface.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod aggregate;
mod bad_input;
mod data;
mod exact;
#[cfg(feature = "io")]
mod io_container;
#[cfg(feature = "io")]
mod io_moments;
#[cfg(feature = "io")]
mod io_rows;
mod queries;
mod self_attention_bad_input;
mod self_attention_release;
