//! Test oracles, neighbour strategies and embedded data of provable-dp.
//!
//! Unpublished, and a dev-dependency of everything else. It works on slices and knows no other crate of the workspace,
//! so that it can judge them: an oracle that shares code with what it judges repeats its faults.
//!
//! - [`digits`]: 1797 handwritten digits and a *public* projection of them;
//! - [`oracle`]: the obvious algorithms, slow and accurate;
//! - [`neighbours`]: pairs of data sets that differ in one row, the worst ones first;
//! - [`statistics`]: tests and confidence bounds with stated levels.
//!
//! Functions here panic on wrong shapes: a test that calls them wrongly should stop.
//!
//! # Example
//!
//! ```
//! use dp_testkit::{digits, oracle};
//! let keys = digits::projected(8);
//! let values: Vec<f64> = digits::digits().labels.iter().map(|&label| f64::from(label)).collect();
//! let answer = oracle::softmax_attention(&keys[..8], &keys, &values, 1.0);
//! assert!((0.0..=9.0).contains(&answer[0]));
//! ```

pub mod digits;
pub mod neighbours;
pub mod oracle;
pub mod statistics;
