//! Likelihood ratios of real vectors that differ in their means.

use super::Statistic;

/// Scores a vector by its projection on the direction that tells the two neighbours apart best (Fisher 1936).
///
/// The direction is `C⁻¹(m₁ − m₂)`, with the means and the pooled covariance of half the choosing part: for Gaussian
/// outputs of equal covariance this is the likelihood ratio. It also finds combinations of entries in which noise
/// cancels, such as the difference of two entries that share it. Outputs of another length than most score NaN, hence
/// below every threshold; entries that are not finite count as zero while learning. Meant for tens of entries: learning
/// takes `O(d³)`.
///
/// # Example
///
/// ```
/// use dp_audit::{LinearRatio, Statistic};
///
/// // both entries carry the same noise; only their difference knows the data
/// let linear = LinearRatio::new(|output: &[f64; 2]| output.to_vec());
/// let score = linear.learn(&[[5.0, 4.0], [-3.0, -4.0], [9.0, 8.0]], &[[2.0, 2.0], [7.0, 7.0], [-6.0, -6.0]]);
/// assert!(score(&[100.0, 99.0]) > score(&[-50.0, -50.0]));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LinearRatio<F> {
    entries: F,
}

impl<F> LinearRatio<F> {
    /// Entries of the vector by this function.
    pub const fn new(entries: F) -> Self {
        Self { entries }
    }
}

impl<O, F: Fn(&O) -> Vec<f64>> Statistic<O> for LinearRatio<F> {
    fn training_runs(&self, choosing: usize) -> usize {
        choosing / 2
    }

    fn learn(&self, first: &[O], second: &[O]) -> impl Fn(&O) -> f64 {
        let rows = |outputs: &[O]| outputs.iter().map(|output| (self.entries)(output)).collect::<Vec<_>>();
        let direction = direction(&rows(first), &rows(second));
        move |output| {
            let entries = (self.entries)(output);
            let product = || entries.iter().zip(&direction).map(|(x, w)| x * w).sum();
            if entries.len() == direction.len() { product() } else { f64::NAN }
        }
    }
}

/// What is added to the diagonal of the covariance, relative to its mean: keeps directions without noise finite.
const RIDGE: f64 = 1e-9;

fn direction(first: &[Vec<f64>], second: &[Vec<f64>]) -> Vec<f64> {
    let dim = first.iter().chain(second).map(Vec::len).max().unwrap_or(0);
    let [left, right] = [first, second].map(|rows| mean(rows, dim));
    let mut covariance = vec![vec![0.0; dim]; dim];
    for (rows, center) in [(first, &left), (second, &right)] {
        for row in rows.iter().filter(|row| row.len() == dim) {
            let centered: Vec<f64> = row.iter().zip(center).map(|(x, m)| finite(*x) - m).collect();
            for (line, x) in covariance.iter_mut().zip(&centered) {
                line.iter_mut().zip(&centered).for_each(|(entry, y)| *entry += x * y);
            }
        }
    }
    let trace: f64 = (0..dim).map(|i| covariance[i][i]).sum();
    let ridge = (RIDGE * trace / dim.max(1) as f64).max(f64::MIN_POSITIVE);
    (0..dim).for_each(|i| covariance[i][i] += ridge);
    solve(covariance, left.iter().zip(&right).map(|(a, b)| a - b).collect())
}

fn mean(rows: &[Vec<f64>], dim: usize) -> Vec<f64> {
    let complete = rows.iter().filter(|row| row.len() == dim);
    let (mut sum, mut n) = (vec![0.0; dim], 0.0_f64);
    for row in complete {
        sum.iter_mut().zip(row).for_each(|(entry, x)| *entry += finite(*x));
        n += 1.0;
    }
    sum.into_iter().map(|total| total / n.max(1.0)).collect()
}

fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { 0.0 }
}

/// `A⁻¹b` for a positive definite matrix, by elimination.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let dim = b.len();
    for pivot in 0..dim {
        let line = a[pivot].clone();
        for row in pivot + 1..dim {
            let factor = a[row][pivot] / line[pivot];
            a[row].iter_mut().zip(&line).skip(pivot).for_each(|(entry, above)| *entry -= factor * above);
            b[row] -= factor * b[pivot];
        }
    }
    for row in (0..dim).rev() {
        let known: f64 = (row + 1..dim).map(|column| a[row][column] * b[column]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elimination_solves_small_systems() {
        let x =
            solve(vec![vec![4.0, 2.0, 0.0], vec![2.0, 5.0, 1.0], vec![0.0, 1.0, 3.0]], vec![8.0, 15.0, 11.0]);
        // by hand: x = (1, 2, 3)
        for (x, exact) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((x - exact).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn the_direction_ignores_entries_that_are_only_noisy() {
        let rows = |shift: f64| -> Vec<Vec<f64>> {
            (0..100).map(|i| vec![shift + f64::from(i % 5), f64::from((i * 37) % 100)]).collect()
        };
        let w = direction(&rows(1.0), &rows(0.0));
        // the second entry has equal means, and its small covariance with the first is within a hundredth of its variance
        assert!(w[0] > 0.0 && w[1].abs() < 1e-2 * w[0], "{w:?}");
    }

    #[test]
    fn short_and_infinite_outputs_break_nothing() {
        let linear = LinearRatio::new(|output: &Vec<f64>| output.clone());
        let first = [vec![1.0, 2.0], vec![f64::NAN, f64::INFINITY], vec![3.0]];
        let second = [vec![0.0, 2.0], vec![0.5, 1.0]];
        let score = linear.learn(&first, &second);
        assert!(score(&vec![1.0, 1.0]).is_finite() && score(&vec![1.0]).is_nan());
        let none = LinearRatio::new(|output: &Vec<f64>| output.clone());
        assert!(none.learn(&[], &[])(&vec![1.0]).is_nan());
    }
}
