//! Leverages in floating point, with a bound on their error that holds for all rows of a ball.
//!
//! # Error bound
//!
//! Let `u = 2⁻⁵³`, `‖aᵢ‖ ≤ R`, `Σ wᵢ ≤ W`, `B = λ + WR²`. Sums of m products differ by `γ_m` times the sum of sizes, whatever the
//! order (Higham 2002, section 3.1). A sum in blocks of [`BLOCK`] rows has depth `m = BLOCK + ⌈n/BLOCK⌉ + 4`, so the matrix is off by at most `γ_m·B` in
//! spectral norm. The Cholesky factor `L` is that of a matrix off by `γ_{d+1}|L||Lᵀ|` (Theorem 10.3), and forward substitution is exact for
//! an `L` off by `γ_d|L|` (Theorem 8.5); `‖L‖_F² ≤ 1.01·dB`. Together `y` is exact for a matrix off by
//!
//! ```text
//! ηλ ≤ 1.1u·B·(m + d(d + 1) + 3d²),     so that   ‖y‖² = aᵀM⁻¹a·(1 + e),  |e| ≤ η/(1 − η) + γ_{d+2}
//! ```
//!
//! because `M ⪰ λI`. Underflow is beside the point: `λ` is at least `10⁻²⁵⁰`.

use dp_linalg::{Mat, MatRef};

/// Rows that are summed one after the other before they join the total.
const BLOCK: usize = 512;

/// `2⁻⁵³`.
const UNIT: f64 = 0.5 * f64::EPSILON;

/// A bound on the relative error of every `wᵢ·aᵢᵀM⁻¹aᵢ`; infinite where nothing is proven.
///
/// `ratio` is `B/λ`.
pub(super) fn relative_error(rows: usize, dim: usize, ratio: f64) -> f64 {
    let (d, depth) = (dim as f64, (BLOCK + rows.div_ceil(BLOCK) + 4) as f64);
    let eta = 1.1 * UNIT * ratio * (depth + d * (d + 1.0) + 3.0 * d * d);
    if eta < 0.5 { 1.1 * (eta / (1.0 - eta) + (d + 4.0) * UNIT) } else { f64::INFINITY }
}

/// `wᵢ·aᵢᵀM⁻¹aᵢ` for `M = λI + Σ wᵢaᵢaᵢᵀ`, with the error of the module's bound. Cannot fail.
pub(super) fn leverages(rows: MatRef<'_>, weights: &[f64], ridge: f64) -> Vec<f64> {
    let factor = cholesky(&moment(rows, weights, ridge), ridge);
    let mut y = vec![0.0; rows.ncols()];
    let each = rows.rows().zip(weights);
    each.map(|(row, w)| w * squared_norm_of_solution(&factor, row, &mut y)).collect()
}

/// Lower triangle of `M`.
fn moment(rows: MatRef<'_>, weights: &[f64], ridge: f64) -> Mat {
    let d = rows.ncols();
    let mut total = Mat::zeros(d, d);
    for start in (0..rows.nrows()).step_by(BLOCK) {
        let mut block = Mat::zeros(d, d);
        let end = rows.nrows().min(start + BLOCK);
        for (i, &w) in (start..end).zip(&weights[start..end]) {
            add_outer(&mut block, rows.row(i), w);
        }
        total.as_mut_slice().iter_mut().zip(block.as_slice()).for_each(|(sum, x)| *sum += x);
    }
    (0..d).for_each(|j| total[(j, j)] += ridge);
    total
}

fn add_outer(matrix: &mut Mat, row: &[f64], weight: f64) {
    for (j, &x) in row.iter().enumerate() {
        let scaled = weight * x;
        matrix.row_mut(j)[..=j].iter_mut().zip(row).for_each(|(entry, y)| *entry += scaled * y);
    }
}

/// Row by row. An exact pivot is at least λ, and a computed one at least `λ(1 − η)`: the floor is for no input but promises that none fails.
fn cholesky(matrix: &Mat, ridge: f64) -> Mat {
    let d = matrix.ncols();
    let mut factor = Mat::zeros(d, d);
    for i in 0..d {
        for j in 0..i {
            let rest = matrix[(i, j)] - dot(&factor.row(i)[..j], &factor.row(j)[..j]);
            factor[(i, j)] = rest / factor[(j, j)];
        }
        let row = &factor.row(i)[..i];
        factor[(i, i)] = (matrix[(i, i)] - dot(row, row)).max(0.25 * ridge).sqrt();
    }
    factor
}

/// `‖y‖²` for `Ly = a`.
fn squared_norm_of_solution(factor: &Mat, a: &[f64], y: &mut [f64]) -> f64 {
    for (i, x) in a.iter().enumerate() {
        let row = factor.row(i);
        y[i] = (x - dot(&row[..i], &y[..i])) / row[i];
    }
    dot(y, y)
}

/// In order: few entries, and one order on every machine.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leverages_are_those_of_the_ridge_in_two_dimensions() {
        let rows = Mat::from_vec(3, 2, vec![1.0, 0.0, 0.0, 2.0, 3.0, 4.0]).unwrap();
        let weights = [0.5, 1.0, 0.5];
        // M = [0.25 + 0.5 + 4.5, 6; 6, 0.25 + 4 + 8], determinant 5.25·12.25 − 36
        let determinant = 5.25 * 12.25 - 36.0;
        let expected = [
            0.5 * 12.25 / determinant,
            4.0 * 5.25 / determinant,
            0.5 * (9.0 * 12.25 - 2.0 * 12.0 * 6.0 + 16.0 * 5.25) / determinant,
        ];
        // a bound for B/λ = (0.25 + 2·25)/0.25
        let bound = relative_error(3, 2, 201.0);
        assert!(bound < 1e-10);
        for (found, expected) in leverages(rows.as_ref(), &weights, 0.25).iter().zip(expected) {
            assert!((found - expected).abs() <= expected * bound, "{found} {expected}");
        }
    }

    #[test]
    fn rows_and_weights_of_any_kind_have_leverages_between_zero_and_one() {
        for rows in [vec![0.0; 6], vec![1.0; 6], vec![1e-200, 1.0, 1e-8, -1.0, 0.0, 1e-300]] {
            let rows = Mat::from_vec(3, 2, rows).unwrap();
            for weights in [[0.0, 0.0, 2.0], [2.0, 0.0, 0.0], [1e-300, 1.0, 1.0]] {
                let found = leverages(rows.as_ref(), &weights, 1e-6);
                assert!(found.iter().all(|t| (0.0..=1.0 + 1e-9).contains(t)), "{found:?}");
            }
        }
    }

    #[test]
    fn nothing_is_proven_when_radius_and_ridge_are_far_apart() {
        assert!(relative_error(100, 5, 1e16).is_infinite());
        assert!(relative_error(1_000_000, 50, 1e4) < 1e-6);
    }
}
