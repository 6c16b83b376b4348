//! The Mills ratio, and tails and density of the normal law from it.

use super::arithmetic::{length, product_shifted};
use super::{Ball, exp};
use crate::certified::{dyadic::Dyadic, elementary::inverse_sqrt_two_pi, interval::Interval, mills as long};
use std::sync::{LazyLock, OnceLock};

/// Series are in units of `2⁻¹²⁴`.
const UNIT: u32 = 124;
/// Middles of cells are multiples of `2⁻⁶`.
const MIDDLE: i64 = -6;
/// Cells in an octave, and in `[0, 1)`.
const CELLS: usize = 32;
/// Octaves of the table, `[0, 1)` counted: it ends at 64.
const OCTAVES: usize = 7;
/// Degree of a cell's polynomial.
const DEGREE: usize = 20;
/// Levels of the continued fraction from 64 on: level n narrows it by `n/z² ≤ n/2¹²`, and `14!/2¹⁶⁸ < 2⁻¹³¹`.
const LEVELS: i64 = 15;

/// `m⁽ⁿ⁾(c)/n!` at a cell's middle, each within one unit.
type Cell = [i128; DEGREE + 1];

static TABLE: [OnceLock<Cell>; OCTAVES * CELLS] = [const { OnceLock::new() }; OCTAVES * CELLS];
static INVERSE_SQRT_TWO_PI: LazyLock<Ball> = LazyLock::new(|| Ball::from_interval(&inverse_sqrt_two_pi(192)));

/// `m(z) = (1 − Φ(z))/φ(z)`, for `z ≥ 0` up to its own error, which is below ¼ where it reaches below zero.
pub(crate) fn mills(z: Ball) -> Ball {
    // |m'| = 1 − z·m(z) ≤ 1 for z ≥ 0, and m is defined below: only the centre matters, kept from going below zero
    let center = if z.mantissa <= 0 { Ball::ZERO } else { Ball::new(z.mantissa, 0, z.exponent) };
    let value = if center.magnitude() >= OCTAVES as i64 { by_fraction(center) } else { by_cell(center) };
    let away = z - center;
    if z.is_positive() {
        return if is_known(z) { value.widened(away) } else { up_to(3, -1) }; // m(0) < 3/2
    }
    // below zero |m'(z)| ≤ 1 + 2|z|, as m'' ≤ 2 for z ≥ −¼
    value.widened(away).widened(away * away)
}

/// Whether the error is below ¼.
fn is_known(z: Ball) -> bool {
    z.radius == 0 || i64::from(length(z.radius.into())) + z.exponent <= -2
}

/// The smallest integer that `log₂` of the smallest absolute value is below.
fn least_magnitude(z: Ball) -> i64 {
    i64::from(length(z.mantissa.unsigned_abs().saturating_sub(z.radius.into()))) + z.exponent
}

/// All numbers from zero to `n·2ᵏ`.
fn up_to(n: i64, k: i64) -> Ball {
    let half = Ball::integer(n).doubled(k - 1);
    half.widened(half)
}

/// In the cell with middle c, `m(c + u) = Σ m⁽ⁿ⁾(c)uⁿ/n!`. From `m(z) = ∫ e^{−zt − t²/2} dt`, `|m⁽ⁿ⁾(c)|/n! ≤ min(c^{−n−1}, 1.26)`,
/// and `|u| ≤ max(c, 1)/64`: what follows degree 20 is below `1.3·2⁻¹²⁶`.
fn by_cell(z: Ball) -> Ball {
    let (index, middle) = locate(z);
    let cell = TABLE[index].get_or_init(|| derive(middle));
    let offset = z - Ball::integer(middle).doubled(MIDDLE);
    let offset = offset.mantissa >> (-offset.exponent - i64::from(UNIT)).clamp(0, 127);
    // cut: the argument, 21 coefficients and 20 products, of which all but the first are multiplied by offsets below 1/2
    Ball::new(horner(cell, offset), 6, -i64::from(UNIT))
}

/// Number and middle of a cell, the middle in units of `2⁻⁶`.
fn locate(z: Ball) -> (usize, i64) {
    let octave = z.magnitude().max(0);
    // in units of a cell: 0 … 31 below one, 32 … 63 in other octaves
    let (width, first) = if octave == 0 { (-5, 0) } else { (octave - 6, CELLS as i64) };
    let place = (z.mantissa >> (width - z.exponent).clamp(0, 127)) as i64;
    (octave as usize * CELLS + (place - first) as usize, (2 * place + 1) << (width + 5))
}

fn horner(cell: &Cell, u: i128) -> i128 {
    let magnitude = u.unsigned_abs();
    let step = |sum: i128, c: &i128| {
        let product = product_shifted(sum.unsigned_abs(), magnitude, UNIT) as i128;
        c + if (sum < 0) == (u < 0) { product } else { -product }
    };
    cell.iter().rev().fold(0, step)
}

/// The coefficients at a cell's middle: `m` by long intervals, then `(n + 1)·a_{n+1} = c·a_n + a_{n−1}` from `m' = z·m − 1`.
fn derive(middle: i64) -> Cell {
    // an error grows at most like cⁿ/n! < 64²⁰/20!, 2⁵⁹
    const PRECISION: u64 = 256;
    let c = Dyadic::integer(middle).doubled(MIDDLE).at(PRECISION);
    let mut last = long::mills(&c);
    let mut next = &(&c * &last) - &Interval::integer(1, PRECISION);
    core::array::from_fn(|n| {
        let rounded = last.with_precision(UNIT.into());
        assert!(rounded.width() <= 2.into(), "the recurrence keeps enough bits");
        let after = (&(&c * &next) + &last).over(n as u64 + 2);
        last = core::mem::replace(&mut next, after);
        i128::try_from(rounded.lo()).expect("coefficients are below two")
    })
}

/// `1/(z + 1/(z + 2/(z + …)))` from the tail `n/(z + …) ∈ [0, n/z]` inwards.
fn by_fraction(z: Ball) -> Ball {
    let half = Ball::integer(LEVELS) / z.doubled(1);
    let tail = half.widened(half);
    let inner = (1..LEVELS).rev().fold(tail, |tail, n| Ball::integer(n) / (z + tail));
    Ball::integer(1) / (z + inner)
}

/// `φ(z) = e^{−z²/2}/√(2π)`; between zero and `2^{−2²⁸}` if all of the ball has `|z| ≥ 2¹⁵`, between zero and ½ if z is
/// hardly known.
pub(crate) fn density(z: Ball) -> Ball {
    if least_magnitude(z) > 15 {
        return up_to(1, -(1 << 28));
    }
    let exponent = (z * z).doubled(-1);
    if exponent.magnitude() > 31 || !is_known(exponent) {
        return up_to(1, -1);
    }
    exp(-exponent) * *INVERSE_SQRT_TWO_PI
}

/// `1 − Φ(z)`; between zero and one if z is hardly known.
pub(crate) fn upper_tail(z: Ball) -> Ball {
    if !is_known(z) && least_magnitude(z) <= 15 {
        up_to(1, 0)
    } else if z.mantissa < 0 {
        Ball::integer(1) - upper_tail(-z)
    } else {
        density(z) * mills(z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::ball::oracle;
    use crate::certified::scaled::Scaled;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ratios_agree_with_long_intervals(z in prop_oneof![0.0..1.0, 1.0..64.0, 64.0..20_000.0]) {
            let ball = mills(Ball::from_f64(z));
            let interval = Scaled::new(long::mills(&Dyadic::from_f64(z).at(256)), 0);
            prop_assert!(oracle::overlap(ball, &interval), "{z}: {ball:?}");
            prop_assert!(ball.is_tight(112), "{z}: {ball:?}");
        }

        #[test]
        fn tails_agree_with_long_intervals(z in -40.0..200.0) {
            let ball = upper_tail(Ball::from_f64(z));
            let interval = long::upper_tail(&Dyadic::from_f64(z).at(400));
            prop_assert!(oracle::overlap(ball, &interval), "{z}: {ball:?}");
            prop_assert!(ball.is_tight(98), "{z}: {ball:?}");
        }
    }

    #[test]
    fn cells_hold_at_their_ends() {
        for cell in 0..OCTAVES * CELLS {
            let (octave, place) = (cell / CELLS, (cell % CELLS) as f64 / 32.0);
            let start = if octave == 0 { place } else { f64::from(1 << (octave - 1)) * (1.0 + place) };
            for z in [start, start.next_down().max(0.0)] {
                let interval = Scaled::new(long::mills(&Dyadic::from_f64(z).at(256)), 0);
                let ball = mills(Ball::from_f64(z));
                assert!(oracle::overlap(ball, &interval) && ball.is_tight(112), "{z}: {ball:?}");
            }
        }
    }

    #[test]
    fn balls_that_are_wide_enclose_all_they_hold() {
        let wide = |center: f64, error: f64| Ball::from_f64(center).widened(Ball::from_f64(error));
        // among them −1 … 1 and more, where tails and densities are anything
        for z in [wide(0.0, 1e6), wide(3e4, 1e5), wide(-3e4, 1e5), wide(1e9, 2e9), wide(1.0, 2.0)] {
            let (density, tail) = (density(z).to_bounds(), upper_tail(z).to_bounds());
            assert!(density.0 <= 1e-3 && density.1 >= 0.398, "{z:?} {density:?}");
            assert!(tail.0 <= 0.16 && tail.1 >= 0.84, "{z:?} {tail:?}");
        }
        // φ and m at the near ends: 0.2420, 0.6557
        let z = wide(1e4, 9_999.0);
        assert!(density(z).to_bounds().1 >= 0.242 && upper_tail(z).to_bounds().1 >= 0.1587);
        assert!(mills(z).to_bounds().1 >= 0.6557 && mills(z).to_bounds().0 <= 5e-5);
        // far out next to nothing is left, however wide
        let z = wide(1e9, 1e8);
        assert!(density(z).to_bounds().1 <= 5e-324 && upper_tail(z).to_bounds().1 <= 5e-324);
    }

    #[test]
    fn an_uncertain_argument_makes_an_uncertain_ratio() {
        let z = Ball::from_f64(0.5).widened(Ball::from_f64(1e-6));
        let (low, high) = mills(z).to_bounds();
        let ends = [0.5 - 1e-6, 0.5 + 1e-6].map(|z| mills(Ball::from_f64(z)).to_bounds());
        assert!(low <= ends[1].0 && ends[0].1 <= high && high - low < 3e-6);
        // the centre of a wide ball has few bits
        let wide = mills(Ball::from_f64(0.2).widened(Ball::from_f64(0.2))).to_bounds();
        assert!(wide.0 <= 0.9356 && wide.1 >= 1.2534, "m(0.4) = 0.9357, m(0) = 1.2533: {wide:?}");
        // below zero by rounding only
        assert!(mills(Ball::from_f64(-1e-30)).is_tight(90));
        // m falls faster than at slope one below zero: m(−0.2) = Φ(0.2)/φ(0.2) = 1.4813…
        for z in [
            Ball::ZERO.widened(Ball::from_f64(0.2)),
            Ball::from_f64(-0.2),
            Ball::from_f64(0.1).widened(Ball::from_f64(0.3)),
        ] {
            assert!(mills(z).to_bounds().1 >= 1.4814, "{z:?}");
        }
    }
}
