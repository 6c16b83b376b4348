//! Dot products with twice the working precision, and outward rounding.

/// `u`, the unit roundoff of binary64.
pub(crate) const U: f64 = f64::EPSILON / 2.0;

/// `γ_k = ku/(1 − ku)`, for `k` well below `1/u`.
pub(crate) fn gamma(k: usize) -> f64 {
    let ku = k as f64 * U;
    ku / (1.0 - ku)
}

/// More than what a few correctly rounded operations on positive numbers lose.
pub(crate) fn outward(value: f64) -> f64 {
    value * (1.0 + 16.0 * U)
}

/// `a·b = high + low` exactly, barring overflow and underflow (Dekker 1971); no fused multiply-add.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |x: f64| {
        let scaled = 134_217_729.0 * x; // 2²⁷ + 1
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    let high = a * b;
    (high, a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low))
}

/// `a + b = high + low` exactly (Knuth 1969).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let high = a + b;
    let part = high - a;
    (high, (a - (high - part)) + (b - part))
}

/// One product, its rounding, and that of the sum.
#[inline]
fn add_product(a: f64, b: f64, high: &mut f64, low: &mut f64, absolute: &mut f64) {
    let (product, product_error) = two_product(a, b);
    let (sum, sum_error) = two_sum(*high, product);
    *high = sum;
    *low += product_error + sum_error;
    *absolute += product.abs();
}

/// Sums that are worked on at once.
const LANES: usize = 4;

/// Many sums `Σᵢ aᵢbᵢⱼ` side by side, by Dot2: an operation works on all `j` at once.
#[derive(Debug)]
pub(crate) struct DotProducts {
    high: Vec<f64>,
    low: Vec<f64>,
    absolute: Vec<f64>,
}

impl DotProducts {
    pub(crate) fn zeros(len: usize) -> Self {
        Self { high: vec![0.0; len], low: vec![0.0; len], absolute: vec![0.0; len] }
    }

    /// Adds `a·bⱼ` to the first sums, as many as `b` is long.
    pub(crate) fn add(&mut self, a: f64, b: &[f64]) {
        let k = b.len();
        let (b, b_rest) = b.as_chunks::<LANES>();
        let (high, high_rest) = self.high[..k].as_chunks_mut::<LANES>();
        let (low, low_rest) = self.low[..k].as_chunks_mut::<LANES>();
        let (absolute, absolute_rest) = self.absolute[..k].as_chunks_mut::<LANES>();
        for (((high, low), absolute), b) in high.iter_mut().zip(low).zip(absolute).zip(b) {
            for j in 0..LANES {
                add_product(a, b[j], &mut high[j], &mut low[j], &mut absolute[j]);
            }
        }
        for (((high, low), absolute), &b) in high_rest.iter_mut().zip(low_rest).zip(absolute_rest).zip(b_rest)
        {
            add_product(a, b, high, low, absolute);
        }
    }

    /// The sums, and bounds of their errors, for at most `k` products each.
    ///
    /// The error is at most `u|Σ aᵢbᵢ| + γ_k² Σ|aᵢbᵢ|` (Ogita, Rump, Oishi 2005, Proposition 5.5); twice that is returned, which
    /// covers the rounding of the bound.
    pub(crate) fn finish(self, k: usize) -> (Vec<f64>, Vec<f64>) {
        let square = gamma(k).powi(2);
        let values: Vec<f64> = self.high.iter().zip(&self.low).map(|(high, low)| high + low).collect();
        let bound = |(value, absolute): (&f64, &f64)| 2.0 * (U * value.abs() + square * absolute);
        let errors = values.iter().zip(&self.absolute).map(bound).collect();
        (values, errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_cancellation_that_loses_every_digit_of_a_plain_sum() {
        let a = [1e10, 1.0, -1e10, 3e-7];
        let b = [1e10, 1.0, 1e10, 1.0];
        let mut products = DotProducts::zeros(1);
        a.into_iter().zip(b).for_each(|(a, b)| products.add(a, &[b]));
        let (values, errors) = products.finish(4);
        let (value, error) = (values[0], errors[0]);
        // the exact value is 1 + 3e-7 (the constant as a float)
        assert!((value - (1.0 + 3e-7)).abs() <= error + U);
        assert!(error < 1e-10, "γ₄²·2e20 is 4e-11: {error}");
    }

    #[test]
    fn products_split_exactly() {
        let (high, low) = two_product(1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
        assert_eq!((high, low), (1.0, -f64::EPSILON * f64::EPSILON));
    }
}
