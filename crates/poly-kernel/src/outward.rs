//! Outward rounding of short positive computations.
//!
//! Let `x̂` be computed from positive numbers by `+ − × ÷ √` without cancellation, with at most `k` roundings on any
//! path from an input to the result (a rounding counts once for each time its value is a factor). Each rounding is a
//! factor in `[1 − u, 1 + u]`, `u = 2⁻⁵³`, so `x ≤ x̂ (1 − u)^{−k}` and `x ≥ x̂ (1 + u)^{−k}` while nothing underflows.
//! The factors below use `2u` a rounding and two roundings more for their own arithmetic, which covers `k ≤ 2²⁰`.

/// An upper bound of the exact value behind `computed`, after at most `roundings` roundings.
///
/// The smallest normal number is added: it covers results that underflowed in a last step.
pub(crate) fn up(computed: f64, roundings: usize) -> f64 {
    computed * (1.0 + (roundings + 2) as f64 * f64::EPSILON) + f64::MIN_POSITIVE
}

/// A lower bound of the exact non-negative value behind `computed`, after at most `roundings` roundings.
pub(crate) fn down(computed: f64, roundings: usize) -> f64 {
    (computed * (1.0 - (roundings + 2) as f64 * f64::EPSILON) - f64::MIN_POSITIVE).max(0.0)
}

/// `2ᵉ` for `−1022 ≤ e ≤ 1023`, without a library call.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    debug_assert!((-1022..=1023).contains(&exponent));
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_outside_by_at_least_the_stated_roundings() {
        for k in [0, 1, 10, 1000] {
            let unit = k as f64 * f64::EPSILON / 2.0;
            assert!(up(1.0, k) > 1.0 + unit && down(1.0, k) < 1.0 - unit);
        }
        assert!(up(0.0, 0) > 0.0 && down(0.0, 0) == 0.0);
    }

    #[test]
    fn powers_of_two_are_exact() {
        assert_eq!([power_of_two(0), power_of_two(10), power_of_two(-3)], [1.0, 1024.0, 0.125]);
        assert_eq!(power_of_two(-1022), f64::MIN_POSITIVE);
    }
}
