//! Regression with kernels and with features, and classification by it.

mod conjugate_gradients;
mod feature_ridge;
mod kernel_ridge;
mod labels;
mod leave_one_out;
mod product;

pub use conjugate_gradients::{IterativeFit, Stop};
pub use feature_ridge::{FeatureModel, FeatureRidge};
pub use kernel_ridge::{KernelModel, KernelRidge};
pub use labels::{classify, one_hot};
pub use leave_one_out::LeaveOneOut;

use crate::Error;
use crate::error::check_rows;
use dp_linalg::MatRef;

fn check_ridge(ridge: f64) -> Result<(), Error> {
    if ridge > 0.0 && ridge.is_finite() { Ok(()) } else { Err(Error::Ridge { value: ridge }) }
}

/// At least one row, a target for each, and no NaN or infinity among targets.
fn check_targets(points: usize, targets: MatRef<'_>) -> Result<(), Error> {
    if points == 0 {
        return Err(Error::NoRows);
    }
    check_rows(points, targets.nrows())?;
    match targets.first_non_finite() {
        Some((row, _)) => Err(Error::Target { row }),
        None => Ok(()),
    }
}
