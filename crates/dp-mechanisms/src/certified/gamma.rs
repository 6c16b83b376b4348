//! The gamma function at half-integers, and both tails of the gamma law: with `a = k/2` those of chi-square.
//!
//! With `D = xᵃe^{−x}/Γ(a)`, the tails are `Q(a, x) = D·R` and `P(a, x) = D·S`, where
//!
//! ```text
//! R(x) = ∫₀^∞ (1 + u)^{a−1} e^{−xu} du = Σ_j (a−1)(a−2)…(a−j)/x^{j+1}       falls in x
//! S(x) = ∫₀¹ (1 − u)^{a−1} e^{xu} du   = Σ_n xⁿ/(a(a+1)…(a+n))              rises in x
//! ```
//!
//! The first sum is finite for integers a and ends in a Mills ratio for others. All terms are positive, so that nothing
//! cancels; for `x ≥ a` (and `x ≤ a`) they fall from the start, and about `√(1.4·a·precision)` of them count.

use super::{
    elementary::{exp, ln, pi},
    interval::Interval,
    mills::mills,
    scaled::Scaled,
};
use num_bigint::BigInt;
use std::sync::OnceLock;

/// Bits that rounding may eat in the recurrences below; they have fewer than `2²⁴` steps of a few units each.
const GUARD: u64 = 32;

/// `ln x` of a positive interval: at the lower end, and `ln(hi/lo) ≤ (hi − lo)/lo`.
pub(crate) fn ln_of(x: &Interval) -> Interval {
    let precision = x.precision();
    let low = ln(x.lo(), -(precision as i64), precision);
    let spread = Interval::ratio(&x.width(), x.lo(), precision);
    Interval::new(low.lo().clone(), low.hi() + spread.hi(), precision)
}

/// `½ ln 2π`.
fn half_ln_two_pi(precision: u64) -> Interval {
    const KEPT: u64 = 640;
    static CELL: OnceLock<Interval> = OnceLock::new();
    let compute = |p: u64| ln_of(&pi(p + GUARD).times(2)).halved(1).with_precision(p);
    if precision > KEPT {
        return compute(precision);
    }
    CELL.get_or_init(|| compute(KEPT)).with_precision(precision)
}

/// The tangent numbers `1, 2, 16, 272, …`: `tan x = Σ Tⱼ x^{2j−1}/(2j−1)!` (Brent, Harvey 2011, algorithm
/// TangentNumbers).
fn tangent_numbers(count: usize) -> Vec<BigInt> {
    let mut t = vec![BigInt::from(1); count];
    for k in 1..count {
        t[k] = &t[k - 1] * k;
    }
    for k in 1..count {
        for j in k..count {
            t[j] = &t[j - 1] * (j - k) + &t[j] * (j - k + 2);
        }
    }
    t
}

/// The first tangent numbers, at least `count` of them where that is many.
fn with_tangent_numbers<T>(count: usize, f: impl FnOnce(&[BigInt]) -> T) -> T {
    const KEPT: usize = 64;
    static CELL: OnceLock<Vec<BigInt>> = OnceLock::new();
    if count <= KEPT { f(CELL.get_or_init(|| tangent_numbers(KEPT))) } else { f(&tangent_numbers(count)) }
}

/// `ln Γ(k/2)` for `k ≥ 1`.
///
/// Stirling's series at `a = k/2 + n ≥ precision/4`, from where the recurrence `Γ(a + 1) = aΓ(a)` leads down exactly.
pub(crate) fn ln_gamma(k: u64, precision: u64) -> Interval {
    let work = precision + GUARD + 64;
    let steps = (work / 2).saturating_sub(k).div_ceil(2);
    let raised = stirling(k + 2 * steps, work);
    let product = (0..steps).fold(BigInt::from(1), |product, i| product * (k + 2 * i));
    // Γ(a + n) = Γ(a)·a(a + 1)…(a + n − 1), each factor an integer over two
    let lowered = if steps == 0 { raised } else { &raised - &ln(&product, -(steps as i64), work) };
    lowered.with_precision(precision)
}

/// `(a − ½) ln a − a + ½ ln 2π + Σ B₂ⱼ/(2j(2j − 1)a^{2j−1})`, `a = k/2`; what follows a term is smaller than the term.
///
/// With the tangent numbers `Tⱼ`, the terms are `±Tⱼ/(2(4ʲ − 1)(2j − 1)k^{2j−1})`.
fn stirling(k: u64, precision: u64) -> Interval {
    let log = ln(&BigInt::from(k), -1, precision);
    let main = &log.times(k as i64 - 1).halved(1) - &Interval::integer(k as i64, precision).halved(1);
    let sum = &main + &half_ln_two_pi(precision);
    // at a ≥ precision/4 this many terms reach 2^−precision
    with_tangent_numbers(precision as usize / 8 + 8, |tangents| add_stirling_terms(sum, k, tangents))
}

fn add_stirling_terms(mut sum: Interval, k: u64, tangents: &[BigInt]) -> Interval {
    let precision = sum.precision();
    let mut power = BigInt::from(k);
    let mut remainder = BigInt::from(1) << precision;
    for (j, tangent) in (1_u64..).zip(tangents) {
        let divisor = ((BigInt::from(1) << (2 * j)) - 1) * (2 * (2 * j - 1)) * &power;
        let term = Interval::ratio(tangent, &divisor, precision);
        remainder.clone_from(term.hi());
        if remainder.bits() <= 1 {
            break;
        }
        sum = if j % 2 == 1 { &sum + &term } else { &sum - &term };
        power = power * k * k;
    }
    sum.widened(&remainder)
}

/// `ln D = a ln x − x − ln Γ(a)` with `a = k/2`, given x and its logarithm.
pub(crate) fn ln_density(k: u64, x: &Interval, ln_x: &Interval) -> Interval {
    let a_ln_x = ln_x.times(k as i64).halved(1);
    &(&a_ln_x - x) - &ln_gamma(k, x.precision())
}

/// `D = xᵃe^{−x}/Γ(a)` with `a = k/2` for a positive x below `2⁴⁸`.
pub(crate) fn density(k: u64, x: &Interval) -> Scaled {
    exp(&ln_density(k, x, &ln_of(x)))
}

/// `R(x)` for `x ≥ a = k/2`; rounding may have put the lower end of x a little below.
pub(crate) fn upper_ratio(k: u64, x: &Interval) -> Interval {
    let precision = x.precision();
    let work = precision + GUARD + 2 * integer_bits(x);
    let x = x.with_precision(work);
    let half_inverse = &Interval::integer(1, work) / &x.times(2);
    let mut sum = Interval::integer(0, work);
    let mut term = Interval::integer(1, work);
    // x·R_a = sum + term·x·R_b with b = left/2 from here on
    let mut left = k;
    while left > 1 {
        sum = &sum + &term;
        left -= 2;
        term = product_with(&term, &half_inverse, left);
        if left == 0 || term.hi().bits() <= GUARD {
            break;
        }
    }
    let rest = if left == 1 { half_ratio(&x) } else { rest_bound(left, &x) };
    let sum = &sum + &(&term * &rest);
    (&sum * &half_inverse.times(2)).with_precision(precision)
}

/// `x·R(x)` at `a = ½`, which is `z·m(z)` with `z = √(2x)` and the Mills ratio m.
fn half_ratio(x: &Interval) -> Interval {
    let z = x.times(2).sqrt();
    &z * &mills(&z)
}

/// `x·R_b(x) ∈ [0, x/(x − b + 1)]` for `1 ≤ b = left/2`, as `(1 + u)^{b−1} ≤ e^{(b−1)u}`; nothing is left at `b = 0`.
fn rest_bound(left: u64, x: &Interval) -> Interval {
    let precision = x.precision();
    if left == 0 {
        return Interval::integer(0, precision);
    }
    let bound = x / &(&x.times(2) - &Interval::integer(left as i64 - 2, precision)).halved(1);
    Interval::new(BigInt::ZERO, bound.hi().clone(), precision)
}

/// `S(x)` for `0 ≤ x ≤ a = k/2`; rounding may have put the upper end of x a little above.
pub(crate) fn lower_ratio(k: u64, x: &Interval) -> Interval {
    let precision = x.precision();
    let work = precision + GUARD + 2 * u64::from(k.ilog2());
    let x = x.with_precision(work);
    let twice = x.times(2);
    let mut term = Interval::integer(1, work);
    let mut sum = term.clone();
    let mut below = k; // twice the last divisor
    while term.hi().bits() > GUARD {
        below += 2;
        term = quotient_of(&term, &twice, below);
        sum = &sum + &term;
    }
    // the terms from here on fall at least by the factor x/(a + n + 1)
    let room = &Interval::integer(below as i64 + 2, work) - &twice;
    let rest = &(&term * &twice) / &room;
    let sum = Interval::new(sum.lo().clone(), sum.hi() + rest.hi(), work);
    sum.times(2).over(k).with_precision(precision)
}

/// `term·factor·n` for non-negative intervals, each end within two units.
fn product_with(term: &Interval, factor: &Interval, n: u64) -> Interval {
    let precision = term.precision();
    let lo = (term.lo() * factor.lo() * n) >> precision;
    let hi = ((term.hi() * factor.hi() * n) >> precision) + 1;
    Interval::new(lo, hi, precision)
}

/// `term·factor/n` for non-negative intervals, each end within two units.
fn quotient_of(term: &Interval, factor: &Interval, n: u64) -> Interval {
    let precision = term.precision();
    let lo = ((term.lo() * factor.lo()) >> precision) / n;
    let hi = ((term.hi() * factor.hi()) >> precision) / n + 1;
    Interval::new(lo, hi, precision)
}

/// Bits before the point of a positive interval.
fn integer_bits(x: &Interval) -> u64 {
    x.hi().bits().saturating_sub(x.precision())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::mills::upper_tail;

    fn at(numerator: i64, denominator: i64, precision: u64) -> Interval {
        Interval::ratio(&numerator.into(), &denominator.into(), precision)
    }

    fn overlap(a: &Interval, b: &Interval) -> bool {
        a.lo() <= b.hi() && b.lo() <= a.hi()
    }

    #[test]
    fn factorials_are_recovered_from_their_logarithm() {
        let mut factorial = BigInt::from(1);
        for n in 1_u32..=60 {
            // Γ(n) = (n − 1)!
            let enclosure = exp(&ln_gamma(2 * u64::from(n), 192)).to_fixed();
            let exact = &factorial << 192_u32;
            assert!(enclosure.lo() <= &exact && &exact <= enclosure.hi(), "{n}");
            assert!(enclosure.width() < (&factorial << 30_u32) + 1, "{n}");
            factorial *= n;
        }
    }

    #[test]
    fn half_integers_follow_from_the_root_of_pi() {
        // Γ(½) = √π, and Γ(a + 1) = aΓ(a)
        let root = ln_of(&pi(224)).halved(1).with_precision(192);
        assert!(overlap(&ln_gamma(1, 192), &root) && ln_gamma(1, 192).width().bits() <= 4);
        for k in [1_u64, 3, 77, 1001, 123_457] {
            let step = ln(&BigInt::from(k), -1, 192);
            let difference = &ln_gamma(k + 2, 192) - &ln_gamma(k, 192);
            assert!(overlap(&difference, &step) && difference.width().bits() <= 6, "{k}");
        }
    }

    #[test]
    fn stirlings_series_does_not_depend_on_where_it_starts() {
        for k in [1_u64, 2, 50, 99] {
            let [coarse, fine] = [128, 512].map(|precision| ln_gamma(k, precision).with_precision(512));
            assert!(coarse.lo() <= fine.lo() && fine.hi() <= coarse.hi(), "{k}");
        }
    }

    #[test]
    fn two_and_four_degrees_have_elementary_tails() {
        for tenths in [15, 40, 333, 5000] {
            let x = at(tenths, 10, 160).lower_end();
            let inverse = &Interval::integer(1, 160) / &x;
            assert!(overlap(&upper_ratio(2, &x), &inverse));
            assert!(overlap(&upper_ratio(4, &x), &(&inverse + &inverse.square())));
        }
    }

    #[test]
    fn one_degree_is_the_square_of_a_normal() {
        for tenths in [10, 25, 80, 300] {
            let z = at(tenths, 10, 192).lower_end();
            let tail = density(1, &z.square().halved(1)).times(&upper_ratio(1, &z.square().halved(1)));
            let normal = upper_tail(&z).times(&Interval::integer(2, 192));
            let ratio = tail.to_bounds().0 / normal.to_bounds().1;
            assert!((ratio - 1.0).abs() < 1e-13, "{tenths}: {ratio}");
        }
    }

    #[test]
    fn both_tails_sum_to_one() {
        // two unrelated series; x = a is where both are used, and where both are longest
        for k in [1_u64, 2, 3, 7, 100, 1001, 20_000] {
            let x = at(k as i64, 2, 160);
            let sum = density(k, &x).times(&(&upper_ratio(k, &x) + &lower_ratio(k, &x))).to_fixed();
            assert!(overlap(&sum, &Interval::integer(1, 160)), "{k}");
            assert!(sum.width().bits() <= 160 - 110, "{k}: {}", sum.width().bits());
        }
    }

    #[test]
    fn wide_arguments_enclose_the_values_inside() {
        let wide = Interval::new(at(50, 1, 128).lo().clone(), at(51, 1, 128).hi().clone(), 128);
        let (upper, lower) = (upper_ratio(100, &wide), lower_ratio(102, &wide));
        for tenths in 500..=510 {
            let x = at(tenths, 10, 128);
            let (inside, below) = (upper_ratio(100, &x), lower_ratio(102, &x));
            assert!(upper.lo() <= inside.lo() && inside.hi() <= upper.hi());
            assert!(lower.lo() <= below.lo() && below.hi() <= lower.hi());
        }
    }
}
