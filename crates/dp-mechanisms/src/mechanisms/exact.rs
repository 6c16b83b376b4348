//! Exact comparisons of parameters: what rounding to nearest would leave to luck.

use crate::certified::{dyadic::Dyadic, interval::Interval, scaled::Scaled};
use core::cmp::Ordering;
use num_bigint::BigInt;

/// Order of two floats' exact expressions.
fn order(a: &Dyadic, b: &Dyadic) -> Ordering {
    let exact = Scaled::new(Interval::point(a.numerator().clone(), 0), a.exponent());
    exact.compare(b).expect("points are ordered")
}

/// The least positive float for which `holds`, a condition that is false up to some point and true after it, from a guess
/// that is off by a few units in the last place. Infinite if no float satisfies it.
fn least(guess: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let mut x = guess.max(f64::from_bits(1));
    while x.is_finite() && !holds(x) {
        x = x.next_up();
    }
    while x.is_finite() && x.next_down() > 0.0 && holds(x.next_down()) {
        x = x.next_down();
    }
    x
}

/// The least float x with `x·other ≥ steps`.
pub(super) fn least_quotient(steps: u64, other: f64) -> f64 {
    let (target, factor) = (Dyadic::integer(BigInt::from(steps)), Dyadic::from_f64(other));
    least(steps as f64 / other, |x| order(&Dyadic::from_f64(x).times(&factor), &target).is_ge())
}

/// The least float x with `steps/scale + cost/x ≤ ε`, that is `x·(ε·scale − steps) ≥ cost·scale`, where `ε·scale > steps`; infinite
/// where that is not so.
pub(super) fn least_remaining_scale(epsilon: f64, (steps, scale): (u64, f64), cost: u128) -> f64 {
    let exact = Dyadic::from_f64(scale);
    let left = Dyadic::from_f64(epsilon).times(&exact).plus(&Dyadic::integer(-BigInt::from(steps)));
    let target = Dyadic::integer(cost).times(&exact);
    if left <= Dyadic::integer(0) {
        return f64::INFINITY;
    }
    // at least half of ε is left, so that the guess is off by a few roundings
    let guess = cost as f64 / (epsilon - steps as f64 / scale);
    least(guess, |x| order(&Dyadic::from_f64(x).times(&left), &target).is_ge())
}

/// The least float x with `2x² ≥ value²`.
pub(crate) fn least_over_root_two(value: f64) -> f64 {
    let exact = Dyadic::from_f64(value);
    let target = exact.times(&exact);
    least(value * core::f64::consts::FRAC_1_SQRT_2, |x| {
        let exact = Dyadic::from_f64(x);
        order(&exact.times(&exact).doubled(1), &target).is_ge()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_exact_where_they_can_be_and_round_up_elsewhere() {
        assert_eq!(least_quotient(6, 2.0), 3.0);
        assert_eq!(least_quotient(1, 3.0), (1.0_f64 / 3.0).next_up()); // 1/3 as a float is below a third
        assert_eq!(least_quotient(u64::MAX, 1.0), 18_446_744_073_709_551_616.0);
        assert_eq!(least_quotient(1, f64::from_bits(1)), f64::INFINITY);
    }

    #[test]
    fn what_is_left_of_epsilon_is_spent_to_the_last_float() {
        // 1 − 1/4 = 3/4 is left, and 6/(3/4) = 8
        assert_eq!(least_remaining_scale(1.0, (1, 4.0), 6), 8.0);
        assert_eq!(least_remaining_scale(1.0, (1, 1.0), 6), f64::INFINITY);
        for i in 1..500_u64 {
            let (epsilon, steps, cost) = (1e-3 * 1.02_f64.powi(i as i32), i, u128::from(i * i + 3));
            let scale = 2.5 * steps as f64 / epsilon;
            let x = least_remaining_scale(epsilon, (steps, scale), cost);
            let spent = |x: f64| {
                // x·(ε·scale − steps) against cost·scale
                let exact = |x: f64| Dyadic::from_f64(x);
                let left = exact(epsilon).times(&exact(scale)).plus(&Dyadic::integer(-BigInt::from(steps)));
                exact(x).times(&left).partial_cmp(&Dyadic::integer(cost).times(&exact(scale))).unwrap()
            };
            assert!(spent(x).is_ge() && spent(x.next_down()).is_lt());
        }
    }

    #[test]
    fn the_next_float_below_never_suffices() {
        for i in 1..2000_u64 {
            let (steps, other) = (i * i * 37, 1e-3 * 1.013_f64.powi(i as i32));
            let x = least_quotient(steps, other);
            let exact =
                |x: f64| order(&Dyadic::from_f64(x).times(&Dyadic::from_f64(other)), &Dyadic::integer(steps));
            assert!(exact(x).is_ge() && exact(x.next_down()).is_lt());
            let root = least_over_root_two(other);
            let twice = |x: f64| Dyadic::from_f64(x).times(&Dyadic::from_f64(x)).doubled(1);
            let square = Dyadic::from_f64(other).times(&Dyadic::from_f64(other));
            assert!(order(&twice(root), &square).is_ge() && order(&twice(root.next_down()), &square).is_lt());
        }
    }
}
