//! Classes as targets, and back.

use crate::Error;
use dp_linalg::{Mat, MatRef};

/// Targets `(n, classes)` of labels `0 … classes − 1`: one for the class, zero for the others, less `1/classes`.
///
/// Centred, each row sums to zero: no offset has to be learned where classes are equally frequent.
///
/// # Errors
/// [`Error::Label`].
///
/// ```
/// let targets = ntk_dp::one_hot(&[1, 0], 2)?;
/// assert_eq!(targets.as_slice(), [-0.5, 0.5, 0.5, -0.5]);
/// assert_eq!(ntk_dp::classify(targets.as_ref()), [1, 0]);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
pub fn one_hot(labels: &[usize], classes: usize) -> Result<Mat, Error> {
    if let Some(row) = labels.iter().position(|&label| label >= classes) {
        return Err(Error::Label { row, label: labels[row], classes });
    }
    let mean = 1.0 / classes as f64;
    Ok(Mat::from_fn(labels.len(), classes, |i, j| f64::from(u8::from(labels[i] == j)) - mean))
}

/// The class with the largest score in each row of `(n, classes)`; the first of several, and 0 if there is no class.
#[must_use]
pub fn classify(scores: MatRef<'_>) -> Vec<usize> {
    let best = |row: &[f64]| (1..row.len()).fold(0, |best, j| if row[j] > row[best] { j } else { best });
    scores.rows().map(best).collect()
}
