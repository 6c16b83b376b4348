//! The book as a crate: every Rust block of a chapter is a doc test, and the mechanism that the book shows how to add is built and
//! verified like any other.
//!
//! The chapters are the Markdown files beside `SUMMARY.md`; `mdbook build docs` renders them. `tests/` reads their links.

mod chapters;
mod checks;
mod mutants;

use dp_verify::{Check, Context, Evidence, Library, Outcome, Registry, Subject, larger};

/// The worked example's claims, checks and mutants, as dp-verify would list them.
///
/// ```
/// assert_eq!(provable_dp_book::worked_example().problems(), []);
/// ```
#[must_use]
pub fn worked_example() -> Registry {
    let libraries = vec![Library { name: "column-means-dp", claims: column_means_dp::claims::CLAIMS }];
    Registry::new(libraries, checks::all()).with_mutants(mutants::all())
}
