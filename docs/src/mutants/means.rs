//! Mutants of column-means-dp.

use super::KnownBug::ReplaceChargedAsAddRemove;
use super::Mutant;
use crate::Evidence::{Audit, Numeric, Search};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "means.sensitivity.replace_as_add",
        "a row that is replaced is charged as one that comes",
        &[("means.sensitivity", Search), ("means.privacy", Audit)],
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::new(
        "means.privacy.less_noise",
        "there is nine tenths of the noise",
        &[("means.privacy", Numeric)],
    ),
];
