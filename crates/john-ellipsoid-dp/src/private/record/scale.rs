//! Units of columns, and the number of rows, from one noisy histogram.

use super::encode::exponent;
use super::options::{RecordOptions, RecordScale};
use crate::private::floats::power_of_two;
use dp_linalg::Mat;

/// Binary exponents from −128 to 127; smaller ones, and zero, are the least.
const BINS: usize = 256;
const LEAST: i32 = -128;
/// A count is believed at so many standard deviations: false once in some millions.
const SIGNIFICANT: f64 = 5.5;

/// For each column, how many rows have an entry of each binary exponent; and `h` for each row, `h = ⌈√d⌉`.
///
/// # Sensitivity
/// A row is in one bin of each column and counts `h`: squared norm `d + h²`. Two rows differ in at most two bins a column, and `2d ≤ d + h²`;
/// a row that is not finite is in no bin and does not count. So any two rows, or none, differ by at most `d + h²` in squared norm: under
/// add/remove and replace alike. With a public scale there are no bins, and `h = 1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExponentCounts {
    dim: usize,
    columns: usize,
    row: i64,
}

impl ExponentCounts {
    pub(super) fn new(options: &RecordOptions) -> Self {
        let dim = options.dim();
        let root = dim.isqrt();
        let columns = if options.scale() == RecordScale::Private { dim } else { 0 };
        let row = if columns == 0 { 1 } else { root + usize::from(root * root < dim) };
        Self { dim, columns, row: row as i64 }
    }

    pub(super) const fn dim(&self) -> usize {
        self.dim
    }

    pub(super) const fn len(&self) -> usize {
        self.columns * BINS + 1
    }

    pub(super) const fn squared_sensitivity(&self) -> u128 {
        self.columns as u128 + (self.row * self.row) as u128
    }

    pub(super) fn add(&self, row: &[f64], steps: &mut [i64]) {
        if !row.iter().all(|a| a.is_finite()) {
            return;
        }
        let (bins, _) = steps[..self.columns * BINS].as_chunks_mut::<BINS>();
        for (a, bins) in row.iter().zip(bins) {
            let bin = (exponent(*a) - LEAST).clamp(0, BINS as i32 - 1);
            bins[bin as usize] = bins[bin as usize].wrapping_add(1);
        }
        let last = self.columns * BINS;
        steps[last] = steps[last].wrapping_add(self.row);
    }

    /// The number of rows; at least one, and at least what noise looks like.
    pub(super) fn rows(&self, released: &[i64], noise_std: f64) -> f64 {
        let row = self.row as f64;
        (released[self.columns * BINS] as f64 / row).max(2.0 * noise_std / row).max(1.0)
    }

    /// A first root: the diagonal of inverse sizes of columns. Where a column has no bins that stand out, the size is that of all.
    pub(super) fn root(&self, released: &[i64], noise_std: f64, scale: RecordScale) -> Mat {
        let size = |j: usize| match scale {
            RecordScale::Public(size) => size,
            RecordScale::Private => most_frequent(&released[j * BINS..(j + 1) * BINS], noise_std)
                .unwrap_or_else(|| self.common(released, noise_std)),
        };
        Mat::from_fn(self.dim, self.dim, |i, j| if i == j { 1.0 / size(j) } else { 0.0 })
    }

    /// The size of entries of all columns together; 1 if there is none to be seen.
    fn common(&self, released: &[i64], noise_std: f64) -> f64 {
        let column =
            |bin: usize| (0..self.columns).map(|j| released[j * BINS + bin]).fold(0, i64::wrapping_add);
        let pooled: Vec<i64> = (0..BINS).map(column).collect();
        most_frequent(&pooled, noise_std * (self.columns as f64).sqrt()).unwrap_or(1.0)
    }
}

/// `2^{e+1}` for the two neighbouring exponents `e`, `e + 1` with the most entries, if that is more than noise; zeros do not count.
fn most_frequent(counts: &[i64], noise_std: f64) -> Option<f64> {
    let pair = |bin: usize| counts[bin] as f64 + counts[bin + 1] as f64;
    let best = (1..BINS - 1).max_by(|&a, &b| pair(a).total_cmp(&pair(b)))?;
    let stands_out = pair(best) > SIGNIFICANT * core::f64::consts::SQRT_2 * noise_std;
    stands_out.then(|| power_of_two(best as i32 + LEAST + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &ExponentCounts, row: &[f64]) -> Vec<i64> {
        let mut steps = vec![0; counts.len()];
        counts.add(row, &mut steps);
        steps
    }

    fn squared_distance(first: &[i64], second: &[i64]) -> u128 {
        first.iter().zip(second).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum()
    }

    #[test]
    fn no_two_rows_differ_by_more_than_is_charged_and_some_by_as_much() {
        for dim in 1..12 {
            let counts = ExponentCounts::new(&RecordOptions::new(dim).unwrap());
            let sizes = [0.0, 1.0, -3.0, 1e-300, f64::MAX, f64::NAN];
            let all: Vec<Vec<i64>> = sizes.iter().map(|x| counted(&counts, &vec![*x; dim])).collect();
            let none = vec![0; counts.len()];
            let pairs =
                all.iter().chain([&none]).flat_map(|a| all.iter().map(move |b| squared_distance(a, b)));
            assert_eq!(pairs.max(), Some(counts.squared_sensitivity()));
        }
    }

    #[test]
    fn sizes_are_found_in_each_unit_and_zeros_do_not_count() {
        let counts = ExponentCounts::new(&RecordOptions::new(3).unwrap());
        let mut steps = vec![0; counts.len()];
        for i in 0..1000 {
            let x = 0.5 + 0.4 * f64::from(i).sin();
            counts.add(&[1e9 * x, 1e-9 * x, if i % 10 == 0 { x } else { 0.0 }], &mut steps);
        }
        let root = counts.root(&steps, 1.0, RecordScale::Private);
        for (j, unit) in [1e9, 1e-9, 1.0].into_iter().enumerate() {
            let size = root[(j, j)] * unit;
            assert!((0.9..=4.0).contains(&size), "{j}: {size}");
        }
        assert_eq!(counts.rows(&steps, 1.0), 1000.0);
        // all noise: one size for all
        let noise = counts.root(&steps, 1e6, RecordScale::Private);
        assert_eq!((noise[(0, 0)], noise[(1, 1)]), (1.0, 1.0));
    }
}
