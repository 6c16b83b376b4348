//! Mutants of dp-linalg.

use super::KnownBug::Overflow;
use super::Mutant;
use crate::Evidence::{Numeric, Search};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new("linalg.exact_product.late_flush", "entries are 64 times as large as the bound that they are said to have, so that sums leave the exact integers", &[("linalg.exact_product.integers", Search)]).reproduces(Overflow),
    Mutant::new("linalg.product.single_precision", "entries are rounded to single precision", &[("linalg.product.forward_error", Numeric)]),
    Mutant::new("linalg.cholesky.entry_off", "an entry of the factor is off by 2⁻⁴⁰ relatively", &[("linalg.cholesky.backward_error", Numeric)]),
    Mutant::new("linalg.eigen.value_off", "the eigenvalue of largest magnitude is off by 2⁻³⁶ relatively", &[("linalg.eigen.backward_error", Numeric)]),
    Mutant::new("linalg.leverage.score_off", "a score is off by 2⁻³⁸ relatively", &[("linalg.leverage.trace", Numeric)]),
];
