//! Probabilities as integers over a common denominator, and their order against floats.

use core::cmp::Ordering;
use num_bigint::BigUint;

/// Order of a finite `x ≥ 0` and `numerator/denominator`.
pub(super) fn order(x: f64, numerator: &BigUint, denominator: &BigUint) -> Ordering {
    let (mantissa, exponent) = parts(x);
    let left = BigUint::from(mantissa) * denominator;
    if exponent >= 0 {
        (left << exponent.unsigned_abs()).cmp(numerator)
    } else {
        left.cmp(&(numerator << exponent.unsigned_abs()))
    }
}

/// `numerator/denominator`, to some digits, for people.
pub(super) fn approximate(numerator: &BigUint, denominator: &BigUint) -> f64 {
    let scaled = (numerator << 40_u32) / denominator;
    u64::try_from(scaled).map_or(f64::INFINITY, |scaled| scaled as f64 * 2_f64.powi(-40))
}

/// `x = mantissa·2^exponent` for a finite `x ≥ 0`.
pub(super) fn parts(x: f64) -> (u64, i64) {
    assert!(x.is_finite() && x >= 0.0, "{x} has a mantissa and an exponent");
    let biased = (x.to_bits() >> 52) as i64;
    let mantissa = (x.to_bits() & ((1 << 52) - 1)) | u64::from(biased > 0) << 52;
    (mantissa, biased.max(1) - 1075)
}

/// A finite `p ≥ 0` as `numerator/2^bits`.
pub(super) fn dyadic(p: f64, bits: u64) -> BigUint {
    let (mantissa, exponent) = parts(p);
    let shift = exponent + bits as i64;
    assert!(shift >= 0 || i64::from(mantissa.trailing_zeros()) >= -shift, "{p} has at most {bits} bits");
    let mantissa = BigUint::from(mantissa);
    if shift >= 0 { mantissa << shift.unsigned_abs() } else { mantissa >> shift.unsigned_abs() }
}

/// Numerators over `2^(bits·n)` of `P(X = k)`, `k = 0 … n`, for `n` trials of probability `p = numerator/2^bits`.
pub(super) fn binomial(n: u64, p: &BigUint, bits: u64) -> Vec<BigUint> {
    let q = (BigUint::from(1_u32) << bits) - p;
    let mut choose = BigUint::from(1_u32);
    let mut masses = Vec::new();
    for k in 0..=n {
        masses.push(&choose * p.pow(k as u32) * q.pow((n - k) as u32));
        choose = choose * (n - k) / (k + 1);
    }
    masses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_compared_exactly() {
        let (one, three) = (BigUint::from(1_u32), BigUint::from(3_u32));
        assert_eq!(order(0.5, &one, &BigUint::from(2_u32)), Ordering::Equal);
        assert_eq!(order(1.0 / 3.0, &one, &three), Ordering::Less);
        assert_eq!(order((1.0_f64 / 3.0).next_up(), &one, &three), Ordering::Greater);
        assert_eq!(order(5e-324, &BigUint::ZERO, &three), Ordering::Greater);
        assert_eq!(order(3e10, &BigUint::from(30_000_000_000_u64), &one), Ordering::Equal);
    }

    #[test]
    fn masses_sum_to_one() {
        let p = dyadic(0.3125, 6);
        assert_eq!(p, BigUint::from(20_u32));
        assert_eq!(binomial(9, &p, 6).iter().sum::<BigUint>(), BigUint::from(1_u32) << 54_u32);
    }
}
