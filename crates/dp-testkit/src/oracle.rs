//! The obvious algorithms: slow, short, and more accurate than what they judge.

/// Softmax attention of one query, `Σᵢ wᵢ vᵢ / Σᵢ wᵢ` with `wᵢ = exp(scale·⟨query, kᵢ⟩)`.
///
/// `keys` is `(n, d)` with `d = query.len()`, `values` is `(n, d_v)`, both row-major; the answer is `(d_v,)`. The largest
/// logit is subtracted first, so no weight overflows, and all sums are compensated.
///
/// # Panics
/// If there is no row, or if the shapes do not fit.
///
/// ```
/// use dp_testkit::oracle::softmax_attention;
/// let (keys, values) = ([1.0, 0.0, 0.0, 1.0], [5.0, 7.0]);
/// assert_eq!(softmax_attention(&[0.0, 0.0], &keys, &values, 1.0), [6.0]); // equal weights
/// assert_eq!(softmax_attention(&[1.0, 0.0], &keys, &values, 1e6), [5.0]); // all weight on the first
/// ```
#[must_use]
pub fn softmax_attention(query: &[f64], keys: &[f64], values: &[f64], scale: f64) -> Vec<f64> {
    let d = query.len();
    assert!(d > 0 && !keys.is_empty() && keys.len().is_multiple_of(d), "keys are (n, d) with n, d > 0");
    let n = keys.len() / d;
    assert!(values.len().is_multiple_of(n), "values are (n, d_v)");
    let logits: Vec<f64> = keys.chunks_exact(d).map(|key| scale * dot(query, key)).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total = sum(weights.iter().copied());
    let dv = values.len() / n;
    (0..dv).map(|j| sum(weights.iter().enumerate().map(|(i, w)| w * values[i * dv + j])) / total).collect()
}

/// The product of `a` `(n, k)` and `b` `(k, m)`, row-major `(n, m)`, each entry as if computed in twice the precision.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// assert_eq!(dp_testkit::oracle::matmul(&[1.0, 2.0], &[3.0, 4.0], (1, 2, 1)), [11.0]);
/// ```
#[must_use]
pub fn matmul(a: &[f64], b: &[f64], (n, k, m): (usize, usize, usize)) -> Vec<f64> {
    assert_eq!((a.len(), b.len()), (n * k, k * m), "a is (n, k) and b is (k, m)");
    let column = |j: usize| -> Vec<f64> { (0..k).map(|l| b[l * m + j]).collect() };
    let columns: Vec<_> = (0..m).map(column).collect();
    (0..n).flat_map(|i| columns.iter().map(move |c| dot(&a[i * k..(i + 1) * k], c))).collect()
}

/// The sum, as if computed in twice the precision and then rounded.
///
/// # References
/// T. Ogita, S. M. Rump, S. Oishi, *Accurate sum and dot product* (2005), algorithm 4.4 (Sum2).
///
/// ```
/// assert_eq!(dp_testkit::oracle::sum([1e16, 1.0, -1e16]), 1.0);
/// ```
#[must_use]
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = DoubleDouble::ZERO;
    for term in terms {
        total = total.add(DoubleDouble::from(term));
    }
    total.high
}

/// The inner product, as if computed in twice the precision and then rounded.
///
/// # Panics
/// If the lengths differ.
///
/// # References
/// T. Ogita, S. M. Rump, S. Oishi, *Accurate sum and dot product* (2005), algorithm 5.3 (Dot2).
///
/// ```
/// assert_eq!(dp_testkit::oracle::dot(&[1e8, 1.0, -1e8], &[1e8, 1.0, 1e8]), 1.0);
/// ```
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "an inner product of equal lengths");
    let product = |(&x, &y): (&f64, &f64)| DoubleDouble::product(x, y);
    a.iter().zip(b).map(product).fold(DoubleDouble::ZERO, DoubleDouble::add).high
}

/// The Taylor polynomial `Σ_{j ≤ degree} xʲ/j!`, in double-double arithmetic and then rounded.
///
/// ```
/// assert_eq!(dp_testkit::oracle::exp_taylor(1.0, 2), 2.5);
/// assert_eq!(dp_testkit::oracle::exp_taylor(1.0, 30), std::f64::consts::E);
/// ```
#[must_use]
pub fn exp_taylor(x: f64, degree: u32) -> f64 {
    let mut term = DoubleDouble::from(1.0);
    let mut total = term;
    for j in 1..=degree {
        term = term.scale(x).divide(f64::from(j));
        total = total.add(term);
    }
    total.high
}

/// An unevaluated sum `high + low` with `|low| ≤ ulp(high)/2`: about 106 bits.
#[derive(Debug, Clone, Copy)]
struct DoubleDouble {
    high: f64,
    low: f64,
}

impl DoubleDouble {
    const ZERO: Self = Self { high: 0.0, low: 0.0 };

    const fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }

    /// `a + b` exactly (Knuth's two-sum), unless something overflows.
    fn exact_sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let shadow = high - a;
        Self { high, low: (a - (high - shadow)) + (b - shadow) }
    }

    /// `a·b` exactly, unless something over- or underflows.
    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    /// Relative error about 2⁻¹⁰⁴ of `|self| + |other|`.
    fn add(self, other: Self) -> Self {
        let sum = Self::exact_sum(self.high, other.high);
        Self::exact_sum(sum.high, sum.low + (self.low + other.low))
    }

    fn scale(self, x: f64) -> Self {
        let product = Self::product(self.high, x);
        Self::exact_sum(product.high, product.low + self.low * x)
    }

    fn divide(self, x: f64) -> Self {
        let quotient = self.high / x;
        let back = Self::product(quotient, x);
        let rest = ((self.high - back.high) - back.low) + self.low;
        Self::exact_sum(quotient, rest / x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small linear congruential sequence in `[-1, 1)`: tests here need spread, not randomness.
    fn spread(len: usize, mut state: u64) -> Vec<f64> {
        let mut step = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..len).map(|_| step()).collect()
    }

    #[test]
    fn products_of_integers_are_exact() {
        let integers = |seed| spread(12, seed).iter().map(|x| (x * 1e6).round()).collect::<Vec<_>>();
        let (a, b) = (integers(1), integers(2));
        let exact =
            |i: usize, j: usize| (0..3).map(|l| a[i * 3 + l] as i64 * b[l * 4 + j] as i64).sum::<i64>();
        let expected: Vec<f64> =
            (0..4).flat_map(|i| (0..4).map(move |j| (i, j))).map(|(i, j)| exact(i, j) as f64).collect();
        assert_eq!(matmul(&a, &b, (4, 3, 4)), expected);
    }

    #[test]
    fn cancellation_does_not_hurt() {
        let x = spread(1000, 3);
        let there_and_back = x.iter().map(|v| v * 1e15).chain([0.5]).chain(x.iter().map(|v| -v * 1e15));
        assert_eq!(sum(there_and_back), 0.5);
    }

    #[test]
    fn attention_is_a_convex_combination_and_ignores_common_shifts() {
        let (keys, values, query) = (spread(60, 4), spread(40, 5), spread(3, 6));
        let answer = softmax_attention(&query, &keys, &values, 2.0);
        assert!(answer.iter().all(|x| x.abs() <= 1.0));
        let shifted: Vec<f64> =
            keys.chunks_exact(3).flat_map(|k| [k[0] + 300.0, k[1] + 300.0, k[2] + 300.0]).collect();
        for (a, b) in answer.iter().zip(softmax_attention(&query, &shifted, &values, 2.0)) {
            // shifted logits reach 2·3·300: each is wrong by 1800ε, a weight by as much relatively, twice in a ratio
            assert!((a - b).abs() <= 4.0 * 1800.0 * f64::EPSILON, "{a} {b}");
        }
    }

    #[test]
    fn attention_survives_logits_beyond_the_range_of_exp() {
        assert_eq!(softmax_attention(&[1.0], &[1e5, -1e5], &[2.0, 3.0], 1.0), [2.0]);
    }

    #[test]
    fn taylor_polynomials_agree_with_exact_fractions_and_with_exp() {
        // Σ_{j≤10} 1/j! = 9864101/3628800
        assert_eq!(exp_taylor(1.0, 10), 9_864_101.0 / 3_628_800.0);
        // Σ_{j≤5} (−3)ʲ/j! = −13/20 (= 1 − 3 + 9/2 − 27/6 + 81/24 − 243/120)
        assert_eq!(exp_taylor(-3.0, 5), -0.65);
        for x in [-8.0_f64, -1.5, 0.0, 0.3, 8.0] {
            // the remainder at degree 120 is below 8¹²¹/121! < 1e-90; std's exp is good to a few ulps
            assert!((exp_taylor(x, 120) / x.exp() - 1.0).abs() <= 4.0 * f64::EPSILON, "{x}");
        }
    }
}
