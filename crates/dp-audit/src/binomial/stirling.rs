//! The remainder of Stirling's formula, `R(n) = ln n! − (½ ln 2πn + n ln n − n)`.

use crate::enclosure::Enclosure;
use core::f64::consts::TAU;

/// `22!` is the largest factorial that is a float.
const LARGEST_EXACT: u64 = 22;

/// `1/12, −1/360, 1/1260, −1/1680, 1/1188`: Binet's series `Σ B₂ⱼ/(2j(2j − 1)n^{2j−1})`.
const DENOMINATORS: [f64; 5] = [12.0, -360.0, 1260.0, -1680.0, 1188.0];

pub(super) const TWO_PI: Enclosure = Enclosure::new(TAU, TAU.next_up());

/// `R(n)` for `1 ≤ n ≤ 2⁵³`, to `6e-15`.
///
/// Binet's series envelops: two successive partial sums hold the remainder between them (Whittaker, Watson 1927,
/// §12.33; its first two are the bounds of Robbins 1955 up to his `1/(12n + 1)`). From 23 on the fifth term is below
/// `5e-16`.
pub(super) fn remainder(n: u64) -> Enclosure {
    if n <= LARGEST_EXACT {
        return from_factorial(n);
    }
    let inverse = Enclosure::point(1.0) / Enclosure::point(n as f64);
    let square = inverse * inverse;
    let mut power = inverse;
    let (mut sum, mut before) = (Enclosure::point(0.0), Enclosure::point(0.0));
    for denominator in DENOMINATORS {
        before = sum;
        let term = power / Enclosure::point(f64::abs(denominator));
        sum = if denominator > 0.0 { sum + term } else { sum - term };
        power = power * square;
    }
    // the fifth term is positive: the sum of four lies below, the sum of five above
    Enclosure::new(before.lo, sum.hi)
}

fn from_factorial(n: u64) -> Enclosure {
    let factorial = (1..=n).fold(1.0, |product, k| product * k as f64); // exact up to 22!
    let n = Enclosure::point(n as f64);
    let half = Enclosure::point(0.5);
    Enclosure::point(factorial).ln() - (half * (TWO_PI * n).ln() + n * n.ln() - n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    #[test]
    fn two_pi_lies_in_its_enclosure() {
        // 2π = 6.28318530717958647692…, against m·2⁻⁵⁰ and (m + 1)·2⁻⁵⁰
        let mantissa = u128::from((TAU.to_bits() & ((1 << 52) - 1)) | 1 << 52);
        let digits = 628_318_530_717_958_647_692_u128;
        assert!(
            mantissa * 10_u128.pow(20) < digits << 50
                && (digits + 1) << 50 < (mantissa + 1) * 10_u128.pow(20)
        );
        assert_eq!((TWO_PI.lo, TWO_PI.hi), (TAU, TAU.next_up()));
    }

    #[test]
    fn factorials_come_back_from_the_remainder() {
        let mut factorial = BigUint::from(1_u32);
        for n in 1_u64..=170 {
            factorial *= n;
            // the float below and above n!: its leading 53 bits, and one more
            let shift = factorial.bits().saturating_sub(53);
            let leading = u64::try_from(&(&factorial >> shift)).unwrap() as f64;
            let power = 2_f64.powi(shift as i32);
            let exact = Enclosure::new(leading * power, (leading + 1.0) * power).ln();
            let m = Enclosure::point(n as f64);
            let ours = remainder(n) + Enclosure::point(0.5) * (TWO_PI * m).ln() + m * m.ln() - m;
            assert!(ours.lo <= exact.hi && exact.lo <= ours.hi, "{n}: {ours:?} {exact:?}");
            let r = remainder(n);
            assert!(r.hi - r.lo < 2e-14 * (n as f64).min(22.0), "{n}: {r:?}");
        }
    }

    #[test]
    fn the_remainder_is_between_the_bounds_of_robbins() {
        for n in [1, 2, 5, 22, 23, 24, 1000, 1 << 30, 1 << 53] {
            let (r, x) = (remainder(n), 12.0 * n as f64);
            assert!(r.hi >= 1.0 / (x + 1.0) && r.lo <= 1.0 / x, "{n}: {r:?}");
        }
    }

    #[test]
    fn both_formulas_agree_where_they_meet() {
        // R(22) − R(23) = (22 + ½) ln(23/22) − 1, by the definition
        let step = Enclosure::point(22.5) * (Enclosure::point(23.0) / Enclosure::point(22.0)).ln()
            - Enclosure::point(1.0);
        let difference = remainder(22) - remainder(23);
        assert!(difference.lo <= step.hi && step.lo <= difference.hi, "{difference:?} {step:?}");
        assert!(difference.hi - difference.lo < 1e-12);
    }
}
