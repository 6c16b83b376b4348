//! Exact order of floats and decimal strings, so that certified bounds are compared without rounding.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::cmp::Ordering;
use num_bigint::BigInt;

/// `mantissa·10^exponent`, from text like `-1.25e-7`.
fn parse(decimal: &str) -> (BigInt, i32) {
    let (digits, exponent) =
        decimal.split_once('e').map_or((decimal, 0), |(d, e)| (d, e.parse::<i32>().unwrap()));
    let fraction = digits.split_once('.').map_or(0, |(_, f)| f.len() as i32);
    let mantissa = BigInt::parse_bytes(digits.replace('.', "").as_bytes(), 10).unwrap();
    (mantissa, exponent - fraction)
}

/// `x` as `n·2^e`.
fn dyadic(x: f64) -> (BigInt, i32) {
    let bits = x.abs().to_bits();
    let field = (bits >> 52) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (n, e) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    (if x < 0.0 { -BigInt::from(n) } else { BigInt::from(n) }, e)
}

/// Order of `x` against the decimal, exactly.
pub(crate) fn compare(x: f64, decimal: &str) -> Ordering {
    if x.is_infinite() {
        return x.total_cmp(&0.0);
    }
    let ((n, two), (m, ten)) = (dyadic(x), parse(decimal));
    let power = |base: u32, exponent: i32| BigInt::from(base).pow(exponent.max(0) as u32);
    (n * power(2, two) * power(10, -ten)).cmp(&(m * power(10, ten) * power(2, -two)))
}

#[test]
fn order_is_by_exact_value() {
    // 0.1 as a float is 0.1000000000000000055…
    assert_eq!(compare(0.1, "0.1"), Ordering::Greater);
    assert_eq!(compare(0.1, "1.0000000000000000556e-1"), Ordering::Less);
    assert_eq!(compare(0.5, "5e-1"), Ordering::Equal);
    assert_eq!(compare(-0.1, "-0.1"), Ordering::Less);
    assert_eq!(compare(5e-324, "4.94e-324"), Ordering::Greater);
    assert_eq!(compare(5e-324, "4.95e-324"), Ordering::Less);
    assert_eq!(compare(f64::INFINITY, "1e999"), Ordering::Greater);
}
