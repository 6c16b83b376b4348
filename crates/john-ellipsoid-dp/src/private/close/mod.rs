//! Rows that are protected against small moves: two releases of their ellipsoid.
//!
//! Neighbours differ in one row, which moves by at most `ε₀` ([`PerturbRow`](dp_mechanisms::PerturbRow)): small changes of a record are protected, not the
//! record. The number of rows is public.
//!
//! | release | noise | arithmetic | what comes out |
//! |---|---|---|---|
//! | [`release_rows`] | on every coordinate of every row | exact | rows, and any ellipsoid of them |
//! | [`release_stable`] | draws of `N(0, M)` | real numbers | one matrix, near the smoothed John ellipsoid |
//!
//! The first is the one to take unless `n` is large and the shape may be smoothed: docs/theorems.md has a table. Its noise also serves
//! whole rows ([`ReplaceRow`](dp_mechanisms::ReplaceRow)), where it is large.
//!
//! Rows longer than the public radius are scaled back to it, rows that are not finite become zero; then rows are rounded to a lattice. Each of these is a
//! bit-exact function of the row alone.

mod bound;
mod lattice;
mod options;
mod rows;
mod smoothed;
mod stable;
mod sum;

pub use bound::{john_change, smoothed_change};
pub use options::{CloseAdjacency, CloseOptions};
pub use rows::{NoisyRows, release_rows, release_rows_with, row_statistic, rows_mechanism};
pub use smoothed::{SmoothedJohn, smoothed_john};
pub use stable::{
    StableEllipsoid, release_stable, release_stable_with, stable_bound, stable_covariance, stable_mechanism,
};
