//! `ln x`.

use super::{Ball, exp};
use core::f64::consts::LN_2;
use std::sync::LazyLock;

static THIRD: LazyLock<Ball> = LazyLock::new(|| Ball::integer(1).over(3));

/// `ln x` for positive x: with a float y near it, `ln x = y + ln(1 + d)`, `1 + d = x·e^{−y}`.
pub(crate) fn ln(x: Ball) -> Ball {
    assert!(x.is_positive(), "logarithms are taken of positive numbers");
    let (m, e) = x.approximate();
    let mut near = m.ln() + e as f64 * LN_2;
    for _ in 0..8 {
        let difference = x * exp(Ball::from_f64(-near)) - Ball::integer(1);
        if difference.magnitude() <= -30 {
            return Ball::from_f64(near) + ln_one_plus(difference);
        }
        near += difference.to_f64();
    }
    // a wrong start, or a ball too wide to be worth more: every number is within the largest float
    Ball::ZERO.widened(Ball::from_f64(f64::MAX))
}

/// `ln(1 + d)` for `|d| ≤ 2⁻³⁰`: four terms, and `|d|⁵` for what follows.
fn ln_one_plus(d: Ball) -> Ball {
    let third = *THIRD - d.doubled(-2);
    let second = Ball::integer(1).doubled(-1) - d * third;
    let sum = d * (Ball::integer(1) - d * second);
    let square = d * d;
    sum.widened(square * square * d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::ball::oracle;
    use crate::certified::{dyadic::Dyadic, elementary, scaled::Scaled};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_long_intervals(x in prop_oneof![1e-3..1e3, 0.999..1.001, 1e-300..1e300, 5e-324..1e-308]) {
            let ball = ln(Ball::from_f64(x));
            let d = Dyadic::from_f64(x);
            let interval = Scaled::new(elementary::ln(d.numerator(), d.exponent(), 320), 0);
            prop_assert!(oracle::overlap(ball, &interval));
            prop_assert!(ball.exponent <= -110 + 4, "{ball:?}");
        }
    }

    #[test]
    fn of_one_is_zero() {
        let (low, high) = ln(Ball::integer(1)).to_bounds();
        assert!(low <= 0.0 && 0.0 <= high && high - low < 1e-30);
    }
}
