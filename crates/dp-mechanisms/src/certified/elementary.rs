//! Enclosures of π, ln 2, exp and ln.

use super::{interval::Interval, scaled::Scaled};
use num_bigint::BigInt;
use std::sync::OnceLock;

/// Bits that the recurrences below may lose to rounding: each loses less than one unit a step, in fewer than `2³²` steps.
const GUARD: u64 = 32;
/// Precisions at which constants are kept: `128·2ⁱ`.
const LEVELS: usize = 12;

/// A constant at precision at least `precision`, computed once per power of two.
fn cached(cache: &[OnceLock<Interval>; LEVELS], precision: u64, compute: fn(u64) -> Interval) -> Interval {
    let level = precision.div_ceil(128).next_power_of_two().trailing_zeros() as usize;
    match cache.get(level) {
        Some(cell) => cell.get_or_init(|| compute(128 << level)).with_precision(precision),
        None => compute(precision),
    }
}

/// Signs of the terms `x^{2k+1}/(2k+1)`.
#[derive(Clone, Copy, PartialEq)]
enum Signs {
    /// All plus: atanh.
    Plus,
    /// Plus and minus in turn: atan.
    Alternating,
}

/// `Σ ±n^{−(2k+1)}/(2k+1)` for `n ≥ 3`.
fn inverse_series(n: u64, signs: Signs, precision: u64) -> Interval {
    let mut power = Interval::integer(1, precision).over(n);
    let mut sum = power.clone();
    let mut k = 1_u64;
    while power.hi().bits() > 1 {
        power = power.over(n * n);
        let term = power.over(2 * k + 1);
        sum = if signs == Signs::Alternating && k % 2 == 1 { &sum - &term } else { &sum + &term };
        k += 1;
    }
    // the tail is at most (1/n²)/(1 − 1/n²) ≤ 1/8 of the last power, and that is at most one unit
    sum.widened(&BigInt::from(1))
}

/// `ln 2 = 2 atanh(1/3)`.
pub(crate) fn ln_2(precision: u64) -> Interval {
    static CACHE: [OnceLock<Interval>; LEVELS] = [const { OnceLock::new() }; LEVELS];
    cached(&CACHE, precision, |p| inverse_series(3, Signs::Plus, p + GUARD).times(2).with_precision(p))
}

/// `π = 16 atan(1/5) − 4 atan(1/239)` (Machin 1706).
pub(crate) fn pi(precision: u64) -> Interval {
    static CACHE: [OnceLock<Interval>; LEVELS] = [const { OnceLock::new() }; LEVELS];
    cached(&CACHE, precision, |p| {
        let fifth = inverse_series(5, Signs::Alternating, p + GUARD).times(16);
        let small = inverse_series(239, Signs::Alternating, p + GUARD).times(4);
        (&fifth - &small).with_precision(p)
    })
}

/// `√(π/2)`.
pub(crate) fn sqrt_half_pi(precision: u64) -> Interval {
    static CACHE: [OnceLock<Interval>; LEVELS] = [const { OnceLock::new() }; LEVELS];
    cached(&CACHE, precision, |p| pi(p + GUARD).halved(1).sqrt().with_precision(p))
}

/// `1/√(2π)`, the density of the standard normal law at zero.
pub(crate) fn inverse_sqrt_two_pi(precision: u64) -> Interval {
    static CACHE: [OnceLock<Interval>; LEVELS] = [const { OnceLock::new() }; LEVELS];
    cached(&CACHE, precision, |p| {
        let root = pi(p + GUARD).times(2).sqrt();
        (&Interval::integer(1, p + GUARD) / &root).with_precision(p)
    })
}

/// `eˣ` as `mantissa·2ᵏ` with a mantissa of about `[1, 2]`, for `|x| < 2⁶⁰`.
///
/// `x = k ln 2 + r`; `eʳ = (e^{r/2ˢ})^{2ˢ}` with the Taylor series in the middle.
pub(crate) fn exp(x: &Interval) -> Scaled {
    let precision = x.precision();
    let magnitude = x.lo().bits().max(x.hi().bits()).saturating_sub(precision);
    let work = precision + GUARD + magnitude;
    let x = x.with_precision(work);
    let ln_2 = ln_2(work);
    let k = super::interval::floor_div(x.lo(), ln_2.lo());
    let k = i64::try_from(&k).expect("arguments of exp are below 2⁶⁰");
    let r = &x - &ln_2.times(k);
    Scaled::new(exp_reduced(&r).with_precision(precision), k)
}

/// `eʳ` for `r` of magnitude about one or less.
fn exp_reduced(r: &Interval) -> Interval {
    let halvings = 4 + r.precision().isqrt() / 4;
    let work = r.precision() + halvings + 8; // every squaring doubles the relative error
    let small = r.with_precision(work).halved(halvings);
    let mut sum = Interval::integer(1, work);
    let mut term = sum.clone();
    for k in 1.. {
        term = (&term * &small).over(k);
        sum = &sum + &term;
        if term.lo().bits().max(term.hi().bits()) <= 1 {
            break;
        }
    }
    // |r/2ˢ| < 1/2, so the tail is below the last term, which is at most one unit
    let mut power = sum.widened(&BigInt::from(2));
    for _ in 0..halvings {
        power = power.square();
    }
    power.with_precision(r.precision())
}

/// `ln(m·2ᵉ)` for a positive number given exactly, to about `precision` bits after the point.
///
/// With `m` in `[2/3, 4/3]`: `e ln 2 + 2 atanh((m − 1)/(m + 1))`.
pub(crate) fn ln(numerator: &BigInt, exponent: i64, precision: u64) -> Interval {
    let work = precision + GUARD + 64;
    let bits = numerator.bits();
    // numerator/2^shift in [2/3, 4/3)
    let shift = if numerator * 3u32 < BigInt::from(1) << (bits + 1) { bits - 1 } else { bits };
    let unit = BigInt::from(1) << shift;
    let t = Interval::ratio(&(numerator - &unit), &(numerator + &unit), work); // |t| ≤ 1/5
    let square = t.square();
    let (mut power, mut sum) = (t.clone(), t);
    for k in 1_u64.. {
        power = &power * &square;
        sum = &sum + &power.over(2 * k + 1);
        if power.lo().bits().max(power.hi().bits()) <= 1 {
            break;
        }
    }
    let series = sum.widened(&BigInt::from(2)).times(2); // the tail is below 1/24 of the last power, which is at most one unit
    (&series + &ln_2(work).times(exponent + shift as i64)).with_precision(precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// the decimal digits of a constant, as printed in the literature, lie in the enclosure and the enclosure is narrow
    fn holds_digits(interval: &Interval, digits: &str) {
        let scale = BigInt::from(10).pow(digits.len() as u32 - 1);
        let n = BigInt::parse_bytes(digits.as_bytes(), 10).unwrap();
        let (below, above) = (Interval::ratio(&n, &scale, 200), Interval::ratio(&(n + 1), &scale, 200));
        assert!(below.lo() <= interval.lo() && interval.hi() <= above.hi(), "{digits}");
        assert!(interval.width().bits() <= 8, "wide: {:?}", interval.width());
    }

    #[test]
    fn constants_agree_with_their_printed_digits() {
        holds_digits(&pi(200), "3141592653589793238462643383279502884197");
        holds_digits(&ln_2(200), "0693147180559945309417232121458176568075");
        holds_digits(&sqrt_half_pi(200), "1253314137315500251207882642405522626503");
        holds_digits(&inverse_sqrt_two_pi(200), "0398942280401432677939946059934381868475");
        holds_digits(&exp(&Interval::integer(1, 200)).to_fixed(), "2718281828459045235360287471352662497757");
        holds_digits(&ln(&10.into(), 0, 200), "2302585092994045684017991454684364207601");
    }

    #[test]
    fn exp_keeps_relative_precision_far_from_one() {
        // e⁻⁸⁰⁰ · e⁸⁰⁰ = 1
        let product = exp(&Interval::integer(-800, 160)).product(&exp(&Interval::integer(800, 160)));
        assert!(product.to_fixed().lo() <= Interval::integer(1, 160).lo());
        assert!(product.to_fixed().hi() >= Interval::integer(1, 160).hi());
        assert!(product.to_fixed().width().bits() < 24);
    }

    #[test]
    fn ln_inverts_exp() {
        for n in [1_u32, 2, 3, 5, 1000, 4_000_000_001] {
            let n = BigInt::from(n);
            let back = exp(&ln(&n, 0, 192)).to_fixed();
            let exact = &n << 192_u64;
            assert!(back.lo() <= &exact && &exact <= back.hi());
            assert!(back.width().bits() < 64, "{n}");
        }
    }
}
