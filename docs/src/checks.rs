//! The checks of the worked example, as a file of them stands in dp-verify.

mod means;

use crate::Check;

pub(crate) fn all() -> Vec<Check> {
    means::checks()
}
