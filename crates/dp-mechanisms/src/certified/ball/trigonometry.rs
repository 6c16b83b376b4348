//! Sines and cosines of fractions of a turn.

use super::Ball;
use crate::certified::elementary::pi;
use std::sync::LazyLock;

static PI: LazyLock<Ball> = LazyLock::new(|| Ball::from_interval(&pi(192).halved(2)).doubled(2));

/// `(cos 2πt, sin 2πt)` for `t = numerator/2^log2_denominator`.
pub(crate) fn turn(numerator: u64, log2_denominator: u32) -> (Ball, Ball) {
    let denominator = 1_u64 << log2_denominator;
    let numerator = numerator % denominator;
    // eighths of a turn, and the angle from the nearest quarter
    let eighth = (u128::from(numerator) << 3) >> log2_denominator;
    let quarter = eighth.div_ceil(2) as i64;
    let rest = (i128::from(numerator) << 2) - (i128::from(quarter) << log2_denominator);
    let angle = *PI * Ball::new(rest, 0, -1 - i64::from(log2_denominator));
    let (cos, sin) = series(angle);
    match quarter % 4 {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

/// For `|angle| ≤ π/4`: terms below degree 32, and `(π/4)³²/32! < 2⁻¹²⁸` for what follows.
fn series(angle: Ball) -> (Ball, Ball) {
    let square = angle * angle;
    let one = Ball::integer(1);
    // 1 − x²/((n+1)(n+2))·(1 − x²/((n+3)(n+4))·(…))
    let nested = |first: u64| {
        (0..16).rev().fold(one, |sum, k| one - square * sum.over((first + 2 * k + 1) * (first + 2 * k + 2)))
    };
    let rest = one.doubled(-127);
    (nested(0).widened(rest), (angle * nested(1)).widened(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighths_and_twelfths_of_the_circle_have_their_known_values() {
        let half = Ball::integer(1).doubled(-1);
        for eighth in 0..8 {
            let (cos, sin) = turn(eighth, 3);
            let on_axis = eighth % 2 == 0;
            let (larger, smaller) = if on_axis { (1.0, 0.0) } else { (0.5, 0.5) };
            let squares = [cos * cos, sin * sin].map(Ball::to_f64);
            assert!((squares[0].max(squares[1]) - larger).abs() < 1e-30);
            assert!((squares[0].min(squares[1]) - smaller).abs() < 1e-30);
        }
        assert!(turn(1, 3).0.compare(turn(1, 3).1).is_none());
        assert_eq!(half.to_f64(), 0.5);
    }

    #[test]
    fn values_lie_on_the_circle_and_double_angles_agree() {
        for numerator in (0..4096).step_by(37) {
            let (cos, sin) = turn(numerator, 12);
            assert!((cos * cos + sin * sin).compare(Ball::integer(1)).is_none());
            let (cos_2, sin_2) = turn(2 * numerator, 12);
            assert!((cos * cos - sin * sin).compare(cos_2).is_none(), "{numerator}");
            assert!((cos * sin).doubled(1).compare(sin_2).is_none(), "{numerator}");
            assert!(
                (cos.to_f64() - (numerator as f64 / 4096.0 * core::f64::consts::TAU).cos()).abs() < 1e-15
            );
            assert!(cos.widened(Ball::ZERO) == cos && cos.exponent <= -126 + 1);
        }
    }
}
