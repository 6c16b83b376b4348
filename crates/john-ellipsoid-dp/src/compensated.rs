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

/// `Σ aᵢbᵢ` and a bound of its error, by Dot2.
///
/// The error is at most `u|Σ aᵢbᵢ| + γ_k² Σ|aᵢbᵢ|` (Ogita, Rump, Oishi 2005, Proposition 5.5), for `k` products; twice
/// that is returned, which covers the rounding of the bound.
pub(crate) fn dot(pairs: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut sum, mut low, mut absolute, mut k) = (0.0, 0.0, 0.0, 0_usize);
    for (a, b) in pairs {
        let (product, product_error) = two_product(a, b);
        let (next, sum_error) = two_sum(sum, product);
        sum = next;
        low += product_error + sum_error;
        absolute += product.abs();
        k += 1;
    }
    let value: f64 = sum + low;
    (value, 2.0 * (U * value.abs() + gamma(k).powi(2) * absolute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_cancellation_that_loses_every_digit_of_a_plain_sum() {
        let a = [1e10, 1.0, -1e10, 3e-7];
        let b = [1e10, 1.0, 1e10, 1.0];
        let (value, error) = dot(a.into_iter().zip(b));
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
