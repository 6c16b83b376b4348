//! The losses at which distributions are kept: multiples of a step.

use crate::certified::ball::{self, Ball};

/// The losses `k·step`, k integer; the step is a real number, known to 120 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// The step is exactly `unit/parts`.
    unit: f64,
    parts: u64,
    step: Ball,
}

impl Grid {
    /// Steps of `unit/parts`.
    pub(crate) fn dividing(unit: f64, parts: u64) -> Self {
        Self { unit, parts, step: Ball::from_f64(unit).over(parts) }
    }

    pub(crate) fn step(&self) -> Ball {
        self.step
    }

    /// The step to nearest, for steering.
    pub(crate) fn approximate_step(&self) -> f64 {
        self.step.to_f64()
    }

    pub(crate) fn loss(&self, k: i64) -> Ball {
        self.step * Ball::integer(k)
    }

    /// `e^{k·step}`.
    pub(crate) fn exp(&self, k: i64) -> Ball {
        ball::exp(self.loss(k))
    }

    /// Largest k with `k·step ≤ loss`, up to rounding: for steering.
    pub(crate) fn floor(&self, loss: f64) -> i64 {
        (loss / self.approximate_step()).floor() as i64
    }

    /// k, if `loss` is exactly `k·step`; known of multiples of the unit only.
    pub(crate) fn index_of(&self, loss: f64) -> Option<i64> {
        let ratio = (loss / self.unit).round();
        let is_multiple = ratio.abs() < 1_048_576.0 && is_exact_product(self.unit, ratio as i64, loss);
        is_multiple.then(|| ratio as i64 * self.parts as i64)
    }
}

/// Whether `a·n = b`, as real numbers.
fn is_exact_product(a: f64, n: i64, b: f64) -> bool {
    if n == 0 || b == 0.0 {
        return b == 0.0 && (n == 0 || a == 0.0);
    }
    let parts = |x: f64| {
        let field = (x.to_bits() >> 52 & 0x7ff) as i32;
        let fraction = i128::from(x.to_bits() & ((1 << 52) - 1)) | if field == 0 { 0 } else { 1 << 52 };
        (if x < 0.0 { -fraction } else { fraction }, field.max(1))
    };
    let ((a, ea), (b, eb)) = (parts(a), parts(b));
    let (left, shift) = (a * i128::from(n), eb - ea);
    (0..64).contains(&shift) && left == b << shift || (-64..0).contains(&shift) && left << -shift == b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_of_the_unit_have_exact_places_and_nothing_else_has() {
        let grid = Grid::dividing(0.02, 100);
        for n in [-7, -1, 0, 1, 2, 4, 1024] {
            // small multiples by powers of two are exact, others may round
            let loss = 0.02 * f64::from(n);
            let exact = is_exact_product(0.02, n.into(), loss);
            assert_eq!(grid.index_of(loss), exact.then_some(i64::from(n) * 100));
            assert!(exact || n == -7);
        }
        assert_eq!(grid.index_of(0.02_f64.next_up()), None);
        assert_eq!(grid.index_of(0.06), None); // 0.06 is not three times 0.02 as floats
        assert_eq!(grid.index_of(0.03), None);
    }

    #[test]
    fn losses_and_their_exponentials_agree() {
        let grid = Grid::dividing(1.0, 3);
        assert!((grid.loss(7).to_f64() - 7.0 / 3.0).abs() < 1e-15);
        assert!((grid.exp(-7).to_f64() - (-7.0_f64 / 3.0).exp()).abs() < 1e-16);
        assert_eq!((grid.floor(-0.1), grid.floor(0.7)), (-1, 2));
    }
}
