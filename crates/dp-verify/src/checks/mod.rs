//! Every check, listed by hand: a registry that assembles itself at link time silently loses what nobody references.

use crate::Check;

mod attention;
mod audit;
mod certificates;
mod john;
mod kernel;
mod linalg;
mod lower_bound;
mod mechanisms;
mod misses;
mod ntk;
mod picture;
mod tightest;
mod twins;

/// That a normal number is more than six standard deviations away from its mean, on either side.
const SIX_DEVIATIONS: f64 = 2e-9;

pub(crate) use audit::audit_of_planted;
pub use audit::audit_table;
#[cfg(test)]
pub(crate) use audit::planted_faults;

/// All checks of the workspace.
///
/// ```
/// use dp_verify::{Registry, checks};
/// let registry = Registry::shipped();
/// assert!(checks::all().iter().all(|check| !registry.checks_of(check.claim).is_empty()));
/// ```
#[must_use]
pub fn all() -> Vec<Check> {
    [
        linalg::checks(),
        mechanisms::checks(),
        audit::checks(),
        kernel::checks(),
        attention::checks(),
        john::checks(),
        ntk::checks(),
    ]
    .concat()
}
