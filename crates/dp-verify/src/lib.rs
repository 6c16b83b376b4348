//! A check and a negative control for every claim of provable-dp.
//!
//! Each library crate lists what it promises as data (`claims::CLAIMS`). Here every promise meets evidence: a
//! [`Check`] names a claim and runs one function twice, on the thing as shipped and on a deliberately broken twin. The
//! claim is green only if the first run holds **and** the second is rejected; a check that cannot tell them apart
//! proves nothing. [`Registry::problems`] makes the pairing complete: a claim without a check, a check without a claim,
//! a doubtful id or missing evidence is red as well.
//!
//! The binary is a thin shell around [`cli::main`]; `cargo xtask verify` runs it.
//!
//! # Writing a check
//!
//! ```
//! use dp_verify::{Check, Context, Evidence, Outcome, Subject, largest};
//!
//! /// Rounding to nearest moves a number by at most one half.
//! fn rounding_error(context: &mut Context, subject: Subject) -> Outcome {
//!     use rand::RngExt;
//!     let round = match subject {
//!         Subject::AsShipped => f64::round,
//!         Subject::Broken => f64::floor,
//!     };
//!     let n = context.scale(1_000, 100_000);
//!     let mut rng = context.rng(0);
//!     let errors = (0..n).map(|_| rng.random_range(-1e3..1e3)).map(|x: f64| (round(x) - x).abs());
//!     // `f64::max` would drop a NaN
//!     Outcome::at_most(largest(errors), 0.5, n as u64)
//! }
//!
//! let check = Check { claim: "example.round.error", evidence: Evidence::Search, run: rounding_error };
//! # use dp_verify::{Level, Verdict};
//! let mut context = Context::new(Level::Quick, 7, check.claim, check.evidence);
//! assert_eq!((check.run)(&mut context, Subject::AsShipped).verdict, Verdict::Holds);
//! assert_eq!((check.run)(&mut context, Subject::Broken).verdict, Verdict::Violated);
//! ```

mod certificate;
mod check;
pub mod checks;
pub mod cli;
mod context;
mod document;
mod error;
mod extremes;
mod figure;
pub mod mutants;
mod outcome;
mod papers;
mod registry;
pub mod report;
mod run;

pub use certificate::{Examination, examine};
pub use check::{Check, Evidence, Subject};
pub use context::{Context, Level};
pub use error::Error;
pub use extremes::{exceeds, larger, largest, smaller, smallest};
pub use figure::{Axis, Curve, Figure, Role, Scale};
pub use mutants::{Fate, KnownBug, Mutant, Trial, Variant};
pub use outcome::{Outcome, Relation, Verdict};
pub use papers::{Paper, Promise, Standing, papers};
pub use registry::{Library, Problem, Registry, Selection};
pub use run::{Control, FAMILY_ALPHA, Row, Settings, family_alpha, run, run_mutants};
