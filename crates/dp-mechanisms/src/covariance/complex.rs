//! Complex numbers with a proven error radius, in fixed point.
//!
//! Balls rather than boxes: rotating a box grows it by up to `√2`, rotating a ball does not, so that powers of
//! rotations stay narrow.

use crate::certified::{dyadic::Dyadic, interval::Interval, scaled::round_up};
use num_bigint::BigInt;

/// All complex numbers within `radius` of `(re + i·im)·2⁻ᵖ`.
#[derive(Clone, Debug)]
pub(super) struct Ball {
    re: BigInt,
    im: BigInt,
    radius: f64,
    precision: u64,
}

/// Middle of an interval, and half its width rounded up.
fn centred(x: &Interval) -> (BigInt, f64) {
    let middle: BigInt = (x.lo() + x.hi()) >> 1_u32;
    let radius = round_up(&(x.hi() - &middle), -(x.precision() as i64));
    (middle, radius)
}

/// `2⁻ᵖ`, exactly.
fn unit(precision: u64) -> f64 {
    debug_assert!(precision < 1022, "radii are normal floats");
    f64::from_bits((1023 - precision) << 52)
}

impl Ball {
    pub(super) fn one(precision: u64) -> Self {
        Self { re: BigInt::from(1) << precision, im: BigInt::ZERO, radius: 0.0, precision }
    }

    /// A ball around a box: its radius is at most the sum of half the sides.
    pub(super) fn new(re: &Interval, im: &Interval) -> Self {
        debug_assert_eq!(re.precision(), im.precision());
        let ((re, across), (im, along), precision) = (centred(re), centred(im), re.precision());
        Self { re, im, radius: (across + along).next_up(), precision }
    }

    /// `e^{iθ}`: the Taylor series of `e^{iθ/2ˢ}`, squared s times.
    pub(super) fn rotation(angle: &Interval) -> Self {
        let precision = angle.precision();
        let integer_bits = angle.lo().bits().max(angle.hi().bits()).saturating_sub(precision);
        let halvings = integer_bits + 8;
        let step = Self::new(&Interval::integer(0, precision), &angle.halved(halvings));
        let (mut sum, mut term) = (Self::one(precision), Self::one(precision));
        let mut k = 1_u32;
        while term.modulus() > 16.0 * unit(precision) {
            term = term.times(&step).over(k);
            sum = sum.plus(&term);
            k += 1;
        }
        // terms fall by 2⁻⁸ or more, so that what is left is below the last one
        sum.radius = (sum.radius + term.modulus()).next_up();
        (0..halvings).fold(sum, |power, _| power.times(&power))
    }

    /// Upper bound of the modulus of the centre.
    fn centre(&self) -> f64 {
        let square = |x: &BigInt| {
            let side = round_up(&BigInt::from(x.magnitude().clone()), -(self.precision as i64));
            (side * side).next_up()
        };
        (square(&self.re) + square(&self.im)).next_up().sqrt().next_up()
    }

    /// Upper bound of the modulus.
    pub(super) fn modulus(&self) -> f64 {
        (self.centre() + self.radius).next_up()
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        debug_assert_eq!(self.precision, other.precision);
        let p = self.precision;
        let re: BigInt = (&self.re * &other.re - &self.im * &other.im) >> p;
        let im: BigInt = (&self.re * &other.im + &self.im * &other.re) >> p;
        // |a b − (a + e)(b + f)| ≤ |a||f| + |e|(|b| + |f|); both roundings together move by less than two units
        let (here, there) =
            ((self.centre() * other.radius).next_up(), (self.radius * other.modulus()).next_up());
        let radius = ((here + there).next_up() + 2.0 * unit(p)).next_up();
        Self { re, im, radius, precision: p }
    }

    fn plus(&self, other: &Self) -> Self {
        let (re, im) = (&self.re + &other.re, &self.im + &other.im);
        Self { re, im, radius: (self.radius + other.radius).next_up(), precision: self.precision }
    }

    fn over(&self, n: u32) -> Self {
        let radius = ((self.radius / f64::from(n)).next_up() + 2.0 * unit(self.precision)).next_up();
        Self { re: &self.re / n, im: &self.im / n, radius, precision: self.precision }
    }

    /// The n-th power, by squaring.
    pub(super) fn power(&self, n: u32) -> Self {
        let bits = (0..32 - n.leading_zeros()).rev();
        bits.fold(Self::one(self.precision), |power, bit| {
            let square = power.times(&power);
            if n >> bit & 1 == 1 { square.times(self) } else { square }
        })
    }

    /// Encloses the real parts.
    pub(super) fn re(&self) -> Interval {
        self.around(&self.re)
    }

    #[cfg(test)]
    fn im(&self) -> Interval {
        self.around(&self.im)
    }

    fn around(&self, part: &BigInt) -> Interval {
        let radius = Dyadic::from_f64(self.radius).at(self.precision);
        Interval::point(part.clone(), self.precision).widened(radius.hi())
    }
}

/// `(1 − iτ)^{−1/2}`, the root of positive real part.
///
/// With `r = √(1 + τ²)` and `u = √((r + 1)/2)` it is `(u + iτ/(2u))/r`.
pub(super) fn inverse_root(slope: &Interval) -> Ball {
    let precision = slope.precision();
    let one = Interval::integer(1, precision);
    let length = (&one + &slope.square()).sqrt();
    let u = (&length + &one).halved(1).sqrt();
    let v = slope / &u.times(2);
    Ball::new(&(&u / &length), &(&v / &length))
}

/// `1/(1 + iτ)`.
pub(super) fn inverse(slope: &Interval) -> Ball {
    let square = &Interval::integer(1, slope.precision()) + &slope.square();
    Ball::new(&(&Interval::integer(1, slope.precision()) / &square), &(&-slope / &square))
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: u64 = 128;

    fn at(numerator: i64, denominator: i64) -> Interval {
        Interval::ratio(&numerator.into(), &denominator.into(), P)
    }

    fn approximately(x: &Interval) -> f64 {
        crate::certified::scaled::Scaled::new(x.clone(), 0).to_bounds().0
    }

    /// whether a narrow ball is at `e^{iθ}`, as far as `f64` can tell: θ itself is rounded
    fn is_rotation(ball: &Ball, angle: f64) {
        let tolerance = 1e-15 + angle.abs() * f64::EPSILON;
        assert!((approximately(&ball.re()) - angle.cos()).abs() < tolerance, "{angle}");
        assert!((approximately(&ball.im()) - angle.sin()).abs() < tolerance, "{angle}");
        assert!(ball.radius < 1e-30, "{}", ball.radius);
    }

    #[test]
    fn rotations_agree_with_sine_and_cosine() {
        for hundredths in [-31_400, -157, -1, 0, 3, 100, 314, 4_712, 123_456] {
            is_rotation(&Ball::rotation(&at(hundredths, 100)), hundredths as f64 / 100.0);
        }
    }

    #[test]
    fn rotating_a_thousand_times_adds_radii_and_no_more() {
        let step = Ball::rotation(&at(1, 7));
        let turned = (0..1000).fold(Ball::one(P), |ball, _| ball.times(&step));
        is_rotation(&turned, 1000.0 / 7.0);
        let powered = step.power(1000);
        assert!(
            !(&turned.re() - &powered.re()).is_positive() && !(&turned.re() - &powered.re()).is_negative()
        );
    }

    #[test]
    fn a_root_squared_is_the_inverse() {
        for (numerator, denominator) in [(0, 1), (1, 9), (-5, 2), (1_000, 1)] {
            let slope = at(numerator, denominator);
            let square = inverse_root(&slope).power(2);
            // 1/(1 − iτ) is the conjugate of 1/(1 + iτ)
            let inverse = inverse(&-&slope);
            for difference in [&square.re() - &inverse.re(), &square.im() - &inverse.im()] {
                assert!(!difference.is_positive() && !difference.is_negative(), "{numerator}/{denominator}");
                assert!(difference.width().bits() < 16);
            }
        }
    }

    #[test]
    fn powers_agree_with_repeated_products() {
        let base = inverse_root(&at(1, 3));
        for n in [0, 1, 2, 7, 12] {
            let product = (0..n).fold(Ball::one(P), |product, _| product.times(&base));
            let difference = &product.re() - &base.power(n).re();
            assert!(!difference.is_positive() && !difference.is_negative(), "{n}");
        }
    }
}
