//! The mutants of the worked example, as a file of them stands in dp-verify.

mod means;

use dp_verify::{KnownBug, Mutant};

pub(crate) fn all() -> Vec<Mutant> {
    means::ALL.to_vec()
}
