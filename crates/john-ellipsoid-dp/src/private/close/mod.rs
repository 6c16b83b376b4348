//! Rows that are protected against small moves: two releases of their ellipsoid.
//!
//! Neighbours differ in one row, which moves by at most `ε₀` ([`PerturbRow`](dp_mechanisms::PerturbRow)): small changes of a record
//! are protected, not the record. The number of rows is public.
//!
//! | release | noise | arithmetic | what comes out |
//! |---|---|---|---|
//! | [`release_rows`] | on every coordinate of every row | exact | rows, and any ellipsoid of them |
//! | [`release_stable`] | draws of `N(0, M)` | real numbers | one matrix, near the smoothed John ellipsoid |
//!
//! Take the first: it was the more accurate one wherever both were measured, but for rows flatter than its noise; there the second looks better
//! only because the floor is part of what it is measured against. The first one's noise also serves whole rows
//! ([`ReplaceRow`](dp_mechanisms::ReplaceRow)), where it is large. The second lets a single matrix go, and shows what a stable
//! ellipsoid costs. Normal rows, `d = 10`, ε = 1, δ = 1e-6, floor half the least semi-axis, moves in units of that semi-axis; the worst
//! eigenvalue of `M*⁻¹M̂ − I` for the John ellipsoid `M*`, and how much longer than its semi-axes those of the enclosing ellipsoid are
//! (β = 0.01):
//!
//! | n | move | on rows | enclosing | stable, `p = 64` | enclosing |
//! |---|---|---|---|---|---|
//! | 1000 | 1e-2 | 0.35 | 27 % | 2.9 | none |
//! | 1000 | 1e-3 | 0.032 | 2.6 % | 0.24 | 19 % |
//! | 1000 | 1e-4 | 0.0030 | 0.2 % | 0.16 | 3.4 % |
//! | 100 000 | 1e-3 | 0.044 | 3.0 % | 0.26 | 20 % |
//! | 100 000 | 1e-4 | 0.0045 | 0.3 % | 0.20 | 4.2 % |
//!
//! (`cargo run --release -p john-ellipsoid-dp --example close_rows`, medians of five releases.) At a move of 1e-4 the stable columns are
//! mostly the smoothing. Draws from the John ellipsoid itself would be off by about `2√(d/k) = 0.4` there, with the 214 draws that
//! [`john_change`] allows: that change is of the order of the move, not of its square.
//!
//! Rows longer than the public radius are scaled back to it, rows that are not finite become zero; then rows are rounded to a lattice.
//! Each of these is a bit-exact function of the row alone.

mod bound;
mod lattice;
mod options;
mod rows;
mod smoothed;
mod stable;
mod sum;

pub use bound::{john_change, smoothed_change};
pub use options::CloseOptions;
pub use rows::{NoisyRows, release_rows, release_rows_with, row_statistic, rows_mechanism};
pub use smoothed::{SmoothedJohn, smoothed_john};
pub use stable::{
    StableEllipsoid, release_stable, release_stable_with, stable_bound, stable_covariance, stable_mechanism,
};
