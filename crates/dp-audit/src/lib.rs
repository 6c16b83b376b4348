//! Audits of differential privacy: lower bounds on ε for any mechanism, each with its confidence.
//!
//! An audit runs a mechanism on two neighbouring data sets and looks for an event that is too much likelier on one of
//! them. It can **refute** a guarantee. It can never establish one: it looks at one pair, at one event, and at finitely
//! many runs. So the types have two verdicts, [`Refuted`](Verdict::Refuted) and [`NotRefuted`](Verdict::NotRefuted),
//! and no word for "private".
//!
//! # Audit your own mechanism
//!
//! ```
//! use dp_audit::{Claimed, Experiment, Neighbours, ThresholdAudit, from_fn};
//! use dp_mechanisms::{AddRemoveRow, Epsilon, FailureProbability, PrivacyProfile, secure_rng};
//! use rand::RngExt;
//!
//! // a count of rows, with noise that is uniform on −3 … 3: no ε suffices
//! let mechanism = from_fn(|rows: &Vec<f64>, rng| rows.len() as i64 + rng.random_range(-3..=3));
//! let pair = Neighbours::new(vec![], vec![1.0], AddRemoveRow);
//! let claimed = Claimed::from(&PrivacyProfile::pure(Epsilon::new(1.0)?, AddRemoveRow));
//!
//! let experiment = Experiment::new(&mechanism, &pair, |output: &i64| *output as f64);
//! let audit = ThresholdAudit::new(2_000, FailureProbability::new(1e-6)?)?;
//! let report = audit.refute(&experiment, &claimed, &mut secure_rng()?);
//! assert!(report.refutes_claimed(&claimed).is_refuted());
//! println!("ε ≥ {:.2} at confidence 1 − 10⁻⁶", report.epsilon_lower_bound(0.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which auditor when
//!
//! | you have | take | it shows | it needs |
//! |---|---|---|---|
//! | the output's probabilities on both neighbours | [`ExactDivergence`] | δ(ε) of the pair, with certainty, down to `1e-300` | no run |
//! | a mechanism that adds noise to a statistic | [`replay`] | a sensitivity that is too small, with certainty; misuse of randomness | one pair of runs a pair of neighbours |
//! | runs that cost little | [`ThresholdAudit`] | a lower bound of ε for *every* δ, and of δ for every ε | about `10/P(event)` runs |
//! | runs that cost much, and perhaps a gross fault | [`SequentialAudit`], [`SequentialTest`] | a refutation as early as the data allow, at any stopping time | tens of runs for gross faults |
//! | … and you want to watch ε | [`EpsilonLadder`] | a lower bound of ε that holds at all times | as above |
//! | one run only (a training) | [`OneRunAudit`] | a lower bound of ε from many canaries at once | hundreds of canaries that do not disturb each other |
//!
//! | part | what it is |
//! |---|---|
//! | [`Mechanism`], [`from_fn`] | what is audited: one method, or a closure |
//! | [`Neighbours`] | the pair, with its adjacency as a type |
//! | [`Statistic`]: a closure, [`CellRatio`], [`LinearRatio`] | how an output becomes a score; the latter two learn it |
//! | [`Claimed`], [`PrivacyPoint`] | the guarantee under attack |
//! | [`ThresholdReport`], [`SequentialReport`], [`OneRunReport`], [`replay::ReplayReport`] | α, runs, what was chosen on which part, the bounds; all `Serialize` |
//! | [`binomial`] | certified binomial tails and Clopper-Pearson bounds |
//!
//! # What holds, and why
//!
//! Every probability of error is a theorem about the numbers that the code computes, not about those it approximates:
//! binomial tails, logarithms and exponentials are enclosed in intervals that round outward, the capital of a
//! sequential test rounds down, and what steers (the choice of an event, the size of a bet) cannot spoil what decides.
//! Proofs: `docs/theorems.md` of the project, "Auditing". Where the outcomes of an audit can be enumerated, `dp-verify`
//! sums the probability of a false statement over all of them, exactly.
//!
//! # Limits
//!
//! What no audit of runs sees: events rarer than about ten in the number of runs (so nothing about `δ = 1e-9`: compute
//! it), other neighbours than those given, and any leak that the statistic does not show. Runs must be independent: a
//! mechanism that keeps state between runs is outside the guarantee, and [`replay`] says so if it sees it. α is per
//! report: who makes a hundred reports at `α = 1e-2` has to expect a false one.

pub mod binomial;
mod claimed;
pub mod claims;
mod enclosure;
mod error;
mod exact;
mod experiment;
mod mechanism;
mod one_run;
pub mod replay;
mod sequential;
mod statistic;
mod threshold;
mod verdict;

pub use claimed::{Claimed, PrivacyPoint};
pub use error::Error;
pub use exact::ExactDivergence;
pub use experiment::Experiment;
pub use mechanism::{FnMechanism, Mechanism, Neighbours, from_fn};
pub use one_run::{Guess, Guesses, Inclusion, Membership, OneRunAudit, OneRunReport, guess_tail_bound};
pub use sequential::{EpsilonLadder, Round, SequentialAudit, SequentialReport, SequentialTest};
pub use statistic::{CellRatio, LinearRatio, Statistic};
pub use threshold::{Event, Side, ThresholdAudit, ThresholdReport};
pub use verdict::{Verdict, Which};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
