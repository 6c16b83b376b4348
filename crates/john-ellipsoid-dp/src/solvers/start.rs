//! Weights to begin with.

use crate::design::dot;
use dp_linalg::MatRef;

/// `d/n` for every row.
///
/// ```
/// let rows = dp_linalg::Mat::zeros(4, 2);
/// assert_eq!(john_ellipsoid_dp::uniform_weights(rows.as_ref()), [0.5; 4]);
/// ```
#[must_use]
pub fn uniform_weights(rows: MatRef<'_>) -> Vec<f64> {
    vec![rows.ncols() as f64 / rows.nrows() as f64; rows.nrows()]
}

/// Weight 1 for `d` rows, each the one with the largest part orthogonal to those before; fewer if they span less.
///
/// Khachiyan's method from such a start needs a number of iterations that does not grow with `n`; the choice of each direction
/// is free there, and greedy here.
///
/// ```
/// let rows = dp_linalg::Mat::from_vec(3, 2, vec![1.0, 0.0, 0.9, 0.1, 0.0, 3.0])?;
/// assert_eq!(john_ellipsoid_dp::spanning_weights(rows.as_ref()), [1.0, 0.0, 1.0]);
/// # Ok::<(), dp_linalg::Error>(())
/// ```
///
/// # References
/// - P. Kumar, E. A. Yıldırım, *Minimum-volume enclosing ellipsoids and core sets*, 2005, Algorithm 3.1.
#[must_use]
pub fn spanning_weights(rows: MatRef<'_>) -> Vec<f64> {
    let mut rest = rows.to_owned();
    let mut weights = vec![0.0; rows.nrows()];
    for _ in 0..rows.ncols() {
        let squares: Vec<f64> = rest.rows().map(|row| dot(row, row)).collect();
        let free = (0..squares.len()).filter(|&i| weights[i] == 0.0);
        let Some(chosen) = free.max_by(|&i, &j| squares[i].total_cmp(&squares[j])) else { break };
        let length = squares[chosen].sqrt();
        if length == 0.0 {
            break;
        }
        weights[chosen] = 1.0;
        let direction: Vec<f64> = rest.row(chosen).iter().map(|x| x / length).collect();
        for i in 0..rest.nrows() {
            let along = dot(rest.row(i), &direction);
            rest.row_mut(i).iter_mut().zip(&direction).for_each(|(x, q)| *x -= along * q);
        }
    }
    weights
}
