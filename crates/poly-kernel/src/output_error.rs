//! From errors of weights to errors of attention's output.

use crate::outward::up;

/// By how much attention's output moves at most when each weight is multiplied by a factor between `ratio_lower` and
/// `ratio_upper`, as a fraction of the range `max V − min V` of a value column; also the total variation between the
/// rows of weights.
///
/// `tanh(¼ ln(ratio_upper/ratio_lower)) = (√u − √l)/(√u + √l)`, rounded upward; `None` unless `0 < l ≤ u < ∞`.
///
/// # Proof
/// Let `p` be the normalised weights, `f` the factors and `V` in `[0, 1]`. For fixed factors the difference
/// `Σ pᵢ fᵢ Vᵢ / Σ pᵢ fᵢ − Σ pᵢ Vᵢ` is linear in each `Vᵢ`, so it is largest where each is 0 or 1; then it grows with the
/// factors where `V = 1` and falls with the others. With `q` the weight of `V = 1` it is at most
/// `qu/(qu + (1 − q)l) − q`, whose maximum, at `q = √l/(√u + √l)`, is the bound. It is attained: nothing smaller holds
/// for all `V`. ∎
///
/// - Relative kernel error `e < 1`: `u/l = (1 + e)/(1 − e)` gives `e/(1 + √(1 − e²))`, close to `e/2`.
/// - An approximation from below, factors in `[1 − e, 1]`: `tanh(−¼ ln(1 − e))`, close to `e/4`.
/// - Logits off by at most `η`: factors in `[e^{−η}, e^{η}]` give `tanh(η/2)`.
///
/// ```
/// use poly_kernel::output_error;
///
/// let e = 0.1;
/// let bound = output_error(1.0 - e, 1.0 + e).unwrap();
/// assert!((bound - e / (1.0 + f64::sqrt(1.0 - e * e))).abs() < 1e-15);
/// // attained by two keys
/// let (l, u, q) = (0.9_f64, 1.1_f64, 0.9_f64.sqrt() / (0.9_f64.sqrt() + 1.1_f64.sqrt()));
/// assert!((q * u / (q * u + (1.0 - q) * l) - q - bound).abs() < 1e-15);
/// assert_eq!(output_error(-0.1, 1.0), None);
/// ```
#[must_use]
pub fn output_error(ratio_lower: f64, ratio_upper: f64) -> Option<f64> {
    if !(0.0 < ratio_lower && ratio_lower <= ratio_upper && ratio_upper < f64::INFINITY) {
        return None;
    }
    // ((u − l)/u)/(1 + √(l/u))²: at most nine roundings, and ratios of any size neither overflow nor underflow
    let root = 1.0 + (ratio_lower / ratio_upper).sqrt();
    let change = (ratio_upper - ratio_lower) / ratio_upper;
    Some(up(change / (root * root), 9).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_any_size_have_an_upper_bound() {
        assert!(output_error(f64::MAX / 4.0, f64::MAX).unwrap() >= 1.0 / 3.0);
        // twice the smallest number: (√2 − 1)/(√2 + 1)
        let smallest = f64::from_bits(1);
        let bound = output_error(smallest, 2.0 * smallest).unwrap();
        assert!((0.171_572_875_253..0.171_572_875_255).contains(&bound), "{bound}");
        assert_eq!(output_error(smallest, f64::MAX), Some(1.0));
        assert!(output_error(1.0, 1.0).unwrap() < 1e-300);
    }
}
