//! John ellipsoids of many rows, each with a certificate; and private releases of them.
//!
//! Rows `aᵢ` describe the polytope `P = {x : |⟨aᵢ, x⟩| ≤ 1}`. Three problems have one optimum, weights `w ≥ 0` with `Σ wᵢ = d`
//! and `M = Σ wᵢaᵢaᵢᵀ`:
//!
//! ```text
//! E = {x : xᵀMx ≤ 1}        the largest ellipsoid in P (John 1948)
//! {y : yᵀM⁻¹y ≤ 1}          the smallest ellipsoid around the points ±aᵢ
//! w/d                       the D-optimal design on the rows (Kiefer, Wolfowitz 1960)
//! ```
//!
//! It is optimal if and only if `gᵢ = aᵢᵀM⁻¹aᵢ ≤ 1` for every row, and up to `ξ` when `gᵢ ≤ 1 + ξ`: one reading of the rows
//! decides, however the weights were found. That reading makes the [`Certificate`], and nothing is returned without.
//!
//! | You have | You want | Call |
//! |---|---|---|
//! | rows, in memory, [sparse](SparseRows) or [streamed](StreamedRows) | the John ellipsoid, the design, the symmetric enclosing ellipsoid | [`john_ellipsoid`] |
//! | weights of similar rows | the same, sooner, with reports | [`john_ellipsoid_from`] |
//! | points around no known centre | the smallest ellipsoid around them | [`enclosing_ellipsoid`] |
//! | rows in memory | a comparison of solvers | [`john_ellipsoid_with`], [`FixedPoint`], [`LazyFixedPoint`], [`SketchedFixedPoint`], [`Khachiyan`], [`WolfeAtwood`], [`PairwiseExchange`], [`RandomizedExchange`], [`InteriorPoint`], [`SafeDeletion`] |
//! | rows that span less than the space | their span, and coordinates in it | [`Error::Degenerate`], [`Span`] |
//!
//! # Private releases
//!
//! Everything above is a function of the rows and not private: weights and support least of all. [`private`] has what may leave.
//! Its releases protect different things, and their errors do not compare:
//!
//! | What is protected | What is released | Call | Arithmetic |
//! |---|---|---|---|
//! | a whole row, added, removed or replaced | an ellipsoid around all but a share of the rows; whitening, outlier scores | [`private::private_ellipsoid`] | exact on the machine |
//! | a move of one row by at most `ε₀` | the rows with noise, and any ellipsoid of them | [`private::close::release_rows`] | exact on the machine |
//! | a move of one row by at most `ε₀` | a matrix near the smoothed John ellipsoid | [`private::close::release_stable`] | real numbers |
//! | a move of one row by at most `ε₀` | weights, one a row (the published mechanism, repaired) | [`private::noisy_weights`] | exact on the machine |
//!
//! Take the first if rows are people's. What privacy costs is measured in the project's benches/README.md, *Utility of private
//! ellipsoids*; the published algorithm and its holes stand in docs/errata.md, and the example `leak` plays them back.
//!
//! # Example
//!
//! ```
//! use dp_linalg::{Mat, Parallelism};
//! use john_ellipsoid_dp::{JohnOptions, Status, john_ellipsoid};
//!
//! let rows = Mat::from_fn(10_000, 5, |i, j| ((i + 1) as f64 * (j + 1) as f64).sin());
//! let options = JohnOptions::default().with_gap(1e-8)?.with_parallelism(Parallelism::available());
//! let john = john_ellipsoid(rows.as_ref(), &options)?;
//! assert_eq!(john.status(), Status::Solved);
//! assert!(john.certificate().gap() <= 1e-8);
//! assert!(rows.rows().all(|row| john.leverage(row).is_ok_and(|g| g <= 1.0 + 1e-8)));
//! # Ok::<(), john_ellipsoid_dp::Error>(())
//! ```
//!
//! # The default
//!
//! One pass looks at the size of columns and keeps a sample, which is solved for by first-order steps with away steps. A second pass
//! keeps the rows that stick out most: some `2d²` candidates. They are searched as if they were all there is, until little sticks out;
//! a third pass finds what they were missing, and an interior-point method does the rest. What a pass saw of all other rows bounds
//! their `g` under every later shape (docs/theorems.md, John ellipsoids), so that most solves end with the third or fourth pass.
//! Everything happens in whitened coordinates, which are refined each time, so that units and correlations of columns do not matter.
//!
//! # Limits
//! - Rows with a NaN, an infinity or an entry beyond 1e150 are left out, and counted. Columns whose largest entry is below about 1e-290 may end in
//!   [`Error::Linalg`].
//! - At condition number κ (in units of the columns), the gap cannot be certified below about `κ·1e-15`.
//! - Newton's systems are dense, in up to 3000 rows with weight; an optimum may have `d(d + 1)/2`, so that beyond `d` of about 75
//!   first-order steps have to finish alone.
//!
//! # Notation
//!
//! | here | meaning |
//! |---|---|
//! | `aᵢ`, `n`, `d` | rows, their number and dimension |
//! | `w`, `M`, `gᵢ` | weights with sum `d`, `Σ wᵢaᵢaᵢᵀ`, `aᵢᵀM⁻¹aᵢ` |
//! | `T` | lower triangular, `M⁻¹ = TTᵀ`; `y = Tᵀa` are whitened coordinates |
//! | `ξ` | gap, `max gᵢ − 1` |
//! | `u`, `γ_k` | `2⁻⁵³`, `ku/(1 − ku)` |

mod candidates;
mod certificate;
pub mod claims;
mod compensated;
mod design;
mod ellipsoid;
mod error;
mod options;
mod parts;
mod pass;
pub mod private;
mod reading;
mod scan;
mod solve;
mod solvers;
mod source;
mod span;
mod sparse;
mod whitening;

/// Version of this crate, for records of what computed a result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use certificate::Certificate;
pub use design::Design;
pub use ellipsoid::{EnclosingEllipsoid, JohnEllipsoid, Status, SupportRow};
pub use error::{Error, Parameter};
pub use options::{JohnOptions, Progress};
pub use solve::{enclosing_ellipsoid, john_ellipsoid, john_ellipsoid_from, john_ellipsoid_with};
pub use solvers::{
    FixedPoint, InteriorPoint, Iterate, Khachiyan, LazyFixedPoint, PairwiseExchange, RandomizedExchange,
    SafeDeletion, SketchedFixedPoint, Solver, Stop, WolfeAtwood, deletion_threshold, samples_with_proof,
    spanning_weights, uniform_weights,
};
pub use source::{RowSource, StreamedRows};
pub use span::Span;
pub use sparse::{Block, SparseRows};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
