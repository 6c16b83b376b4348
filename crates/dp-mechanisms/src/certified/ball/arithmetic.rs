//! Ring operations and division.

use crate::certified::power_of_two;
use core::cmp::Ordering;
use core::ops::{Add, Div, Mul, Neg, Sub};

/// Bits of a normalised mantissa; sums then stay inside 128 bits.
pub(super) const BITS: u32 = 126;
/// Radii stay below `2^RADIUS_BITS`.
const RADIUS_BITS: u32 = 62;

/// All numbers within `radius·2^exponent` of `mantissa·2^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ball {
    pub(super) mantissa: i128,
    pub(super) radius: u64,
    pub(super) exponent: i64,
}

/// `⌊log₂ n⌋ + 1`, zero for zero.
pub(super) fn length(n: u128) -> u32 {
    u128::BITS - n.leading_zeros()
}

/// An upper bound of `n·r/2^shift`, which is to be below `2¹²⁷`.
fn scaled_up(n: u128, r: u64, shift: u32) -> u128 {
    let low = u128::from(n as u64) * u128::from(r);
    let high = (n >> 64) * u128::from(r) + (low >> 64);
    let upper = if shift >= 64 {
        high >> (shift - 64).min(127)
    } else {
        (high << (64 - shift)) | u128::from(low as u64 >> shift)
    };
    upper + 1
}

/// `⌊a·b/2^shift⌋`, which is to be below `2¹²⁸`; `1 ≤ shift < 256`.
#[inline]
pub(super) fn product_shifted(a: u128, b: u128, shift: u32) -> u128 {
    let wide = |x: u128, y: u128| u128::from(x as u64) * u128::from(y as u64);
    let (low, high) = (wide(a, b), wide(a >> 64, b >> 64));
    let (left, right) = (wide(a >> 64, b), wide(a, b >> 64));
    let middle = (low >> 64) + u128::from(left as u64) + u128::from(right as u64);
    let low = (middle << 64) | u128::from(low as u64);
    let high = high + (left >> 64) + (right >> 64) + (middle >> 64);
    if shift < 128 { (high << (128 - shift)) | (low >> shift) } else { high >> (shift - 128) }
}

impl Ball {
    pub(crate) const ZERO: Self = Self { mantissa: 0, radius: 0, exponent: 0 };
    /// All numbers from zero to one.
    pub(crate) const UNIT: Self = Self { mantissa: 1 << 59, radius: 1 << 59, exponent: -60 };

    /// The ball of these parts; bits are dropped where they do not fit, and zeros appended where they do.
    #[inline]
    pub(super) fn new(mantissa: i128, radius: u128, exponent: i64) -> Self {
        let excess = length(mantissa.unsigned_abs()).saturating_sub(BITS);
        let excess = excess.max(length(radius).saturating_sub(RADIUS_BITS - 2));
        if excess > 0 {
            // two units: one for the mantissa's cut, one for the radius's
            let radius = (radius >> excess) as u64 + 2;
            return Self { mantissa: mantissa >> excess, radius, exponent: exponent + i64::from(excess) };
        }
        if mantissa == 0 && radius == 0 {
            return Self::ZERO;
        }
        let room = BITS - length(mantissa.unsigned_abs());
        let room = if radius == 0 { room } else { room.min(RADIUS_BITS - 2 - length(radius)) };
        Self {
            mantissa: mantissa << room,
            radius: (radius as u64).unbounded_shl(room),
            exponent: exponent - i64::from(room),
        }
    }

    pub(crate) fn integer(n: i64) -> Self {
        Self::new(i128::from(n), 0, 0)
    }

    /// `mantissa·2^exponent`; exact if the mantissa has at most 126 bits.
    pub(crate) fn dyadic(mantissa: i128, exponent: i64) -> Self {
        Self::new(mantissa, 0, exponent)
    }

    /// Times `2ᵏ`, exactly.
    pub(crate) fn doubled(self, k: i64) -> Self {
        if self == Self::ZERO { self } else { Self { exponent: self.exponent + k, ..self } }
    }

    /// Divided by `n`, `0 < n < 2⁶³`.
    pub(crate) fn over(self, n: u64) -> Self {
        if self == Self::ZERO {
            return self;
        }
        let d = i128::from(n);
        let (quotient, rest) = (self.mantissa.div_euclid(d), self.mantissa.rem_euclid(d));
        // the remainder gives the bits that the division took
        let further = 64 - n.leading_zeros();
        let quotient = (quotient << further) + ((rest << further) / d);
        let radius = (u128::from(self.radius) << further).div_ceil(d.unsigned_abs()) + 1;
        Self::new(quotient, radius, self.exponent - i64::from(further))
    }

    /// Square root of a positive number: Newton's method proposes r, and `√x − r = (x − r²)/(√x + r)` bounds its error, whatever r is.
    pub(crate) fn sqrt(self) -> Self {
        assert!(self.is_positive(), "square roots are taken of positive numbers");
        // an even exponent can be halved
        let even = self.exponent - self.exponent.rem_euclid(2);
        let scaled = self.doubled(-even);
        let mut root = Self::from_f64((scaled.center().to_f64_near_one()).sqrt());
        for _ in 0..2 {
            root = (root + scaled.center() / root).doubled(-1).center();
        }
        let rest = (scaled - root * root).largest();
        // √x + r ≥ r
        root.widened((rest / root).largest()).doubled(even / 2)
    }

    /// The centre, for exponents of no more than one bit.
    fn to_f64_near_one(self) -> f64 {
        self.mantissa as f64 * power_of_two(self.exponent as i32)
    }

    /// The centre alone.
    pub(super) fn center(self) -> Self {
        Self { radius: 0, ..self }
    }

    /// The ball with every number within `|error|` of it.
    pub(crate) fn widened(self, error: Self) -> Self {
        let largest = error.mantissa.unsigned_abs() + u128::from(error.radius);
        let error = Self::new(0, largest, error.exponent);
        self + error
    }

    /// The product of two balls with full mantissas.
    #[inline]
    fn times_normalized(self, other: Self) -> Self {
        let (a, b) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        let magnitude = product_shifted(a, b, BITS);
        // each part of the radius is cut to 63 bits of a mantissa and rounded up; the product of the radii is below one unit
        let part = |n: u128, r: u64| (((n >> 63) + 1) * u128::from(r)) >> 63;
        let radius = 4 + part(a, other.radius) + part(b, self.radius);
        let room = BITS - length(magnitude); // zero or one
        let magnitude = (magnitude << room) as i128;
        let mantissa = if (self.mantissa < 0) == (other.mantissa < 0) { magnitude } else { -magnitude };
        let exponent = self.exponent + other.exponent + i64::from(BITS - room);
        if radius >> (RADIUS_BITS - 3) == 0 {
            return Self { mantissa, radius: (radius as u64) << room, exponent };
        }
        Self::new(mantissa, radius << room, exponent)
    }

    /// An upper bound of all absolute values.
    fn largest(self) -> Self {
        Self::new((self.mantissa.unsigned_abs() + u128::from(self.radius)) as i128, 0, self.exponent)
    }

    /// The largest number of the ball, if it is positive.
    pub(crate) fn upper_end(self) -> Option<Self> {
        let end = self.mantissa + i128::from(self.radius);
        (end > 0).then(|| Self::new(end, 0, self.exponent))
    }

    pub(crate) fn is_positive(self) -> bool {
        self.mantissa > i128::from(self.radius)
    }

    pub(crate) fn is_negative(self) -> bool {
        self.mantissa < -i128::from(self.radius)
    }

    /// Order of the two numbers, or `None` where the balls do not tell.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        let difference = self - other;
        if difference.is_positive() {
            Some(Ordering::Greater)
        } else if difference.is_negative() {
            Some(Ordering::Less)
        } else {
            (difference == Self::ZERO).then_some(Ordering::Equal)
        }
    }

    /// Whether the radius is below `2⁻ᵇ` of the centre.
    pub(crate) fn is_tight(self, b: u32) -> bool {
        length(self.mantissa.unsigned_abs()) > length(self.radius.into()) + b
    }

    /// The smallest integer that `log₂` of all absolute values is below.
    pub(crate) fn magnitude(self) -> i64 {
        i64::from(length(self.mantissa.unsigned_abs() + u128::from(self.radius))) + self.exponent
    }
}

impl Neg for Ball {
    type Output = Self;

    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, ..self }
    }
}

impl Add for Ball {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        let (coarse, fine) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if coarse == Self::ZERO || fine == Self::ZERO {
            return if fine == Self::ZERO { coarse } else { fine };
        }
        let shift = (coarse.exponent - fine.exponent).min(127) as u32;
        // two units where bits are cut: one for the mantissa's cut, one for the radius's
        let cut = if shift > 0 { 2 } else { 0 };
        let radius = coarse.radius + fine.radius.unbounded_shr(shift) + cut;
        Self::new(coarse.mantissa + (fine.mantissa >> shift), radius.into(), coarse.exponent)
    }
}

impl Sub for Ball {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Ball {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        if a.min(b) >> (BITS - 1) == 1 {
            return self.times_normalized(other);
        }
        if self == Self::ZERO || other == Self::ZERO {
            return Self::ZERO;
        }
        let (alpha, beta) = (self.radius, other.radius);
        let lengths = [length(a), length(b), length(alpha.into()), length(beta.into())];
        // the centre gets 126 bits, and each part of the radius fewer than 60
        let shift = (lengths[0] + lengths[1]).saturating_sub(BITS);
        let radii = (lengths[0] + lengths[3]).max(lengths[1] + lengths[2]).max(lengths[2] + lengths[3]);
        let shift = shift.max(radii.saturating_sub(RADIUS_BITS - 4)).max(1);
        let part = |n: u128, r: u64| if n == 0 || r == 0 { 0 } else { scaled_up(n, r, shift) };
        let radius = 1 + part(a, beta) + part(b, alpha) + part(alpha.into(), beta);
        let magnitude = product_shifted(a, b, shift) as i128;
        let mantissa = if (self.mantissa < 0) == (other.mantissa < 0) { magnitude } else { -magnitude };
        Self::new(mantissa, radius, self.exponent + other.exponent + i64::from(shift))
    }
}

impl Div for Ball {
    type Output = Self;

    /// Newton's method proposes a quotient q, and `self/divisor = q + (self − q·divisor)/divisor` bounds its error, whatever q is.
    fn div(self, divisor: Self) -> Self {
        assert!(divisor.is_positive() || divisor.is_negative(), "a ball that contains zero divides nothing");
        let two = Self::integer(2);
        let mut inverse = Self::from_f64(1.0 / divisor.mantissa as f64).doubled(-divisor.exponent);
        for _ in 0..2 {
            inverse = (inverse * (two - divisor.center() * inverse)).center();
        }
        let quotient = (self.center() * inverse).center();
        let rest = (self - quotient * divisor).largest();
        // the divisor's absolute value is at least least·2^drop
        let least = divisor.mantissa.unsigned_abs() - u128::from(divisor.radius);
        let drop = length(least).saturating_sub(62);
        let error = rest.over((least >> drop) as u64).doubled(-divisor.exponent - i64::from(drop));
        quotient.widened(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    /// The ends of a ball as exact integers in units of `2^exponent`.
    fn ends(ball: Ball, exponent: i64) -> (BigInt, BigInt) {
        let shift = u64::try_from(ball.exponent - exponent).unwrap();
        let end = |n: i128| BigInt::from(n) << shift;
        let radius = i128::from(ball.radius);
        (end(ball.mantissa - radius), end(ball.mantissa + radius))
    }

    fn balls() -> impl Strategy<Value = Ball> {
        let mantissa = (any::<i128>(), 1_u32..128).prop_map(|(m, drop)| m >> drop);
        let radius = prop_oneof![Just(0), (any::<u64>(), 0_u32..64).prop_map(|(r, drop)| r >> drop)];
        (mantissa, radius, -100_i64..100).prop_map(|(m, r, e)| Ball::new(m, r.into(), e))
    }

    const UNIT: i64 = -900;

    proptest! {
        #[test]
        fn sums_and_products_hold_the_sums_and_products_of_all_ends(a in balls(), b in balls()) {
            let ((a0, a1), (b0, b1)) = (ends(a, UNIT / 2), ends(b, UNIT / 2));
            let (low, high) = ends(a + b, UNIT / 2);
            prop_assert!(low <= &a0 + &b0 && &a1 + &b1 <= high);
            let (low, high) = ends(a - b, UNIT / 2);
            prop_assert!(low <= &a0 - &b1 && &a1 - &b0 <= high);
            let (low, high) = ends(a * b, UNIT);
            for product in [&a0 * &b0, &a0 * &b1, &a1 * &b0, &a1 * &b1] {
                prop_assert!(low <= product && product <= high);
            }
        }

        #[test]
        fn quotients_times_divisors_hold_the_dividend(a in balls(), b in balls(), n in 1_u64..1 << 62) {
            if b.is_positive() || b.is_negative() {
                // q·b ∋ a for the centres and for both ends of a
                let (low, high) = ends((a / b) * b, UNIT);
                let (a0, a1) = ends(a, UNIT);
                prop_assert!(low <= a0 && a1 <= high);
            }
            let (low, high) = ends(a.over(n), UNIT);
            let (a0, a1) = ends(a, UNIT);
            prop_assert!(low * n <= a0 && a1 <= high * n);
        }

        #[test]
        fn roots_squared_hold_the_number(a in balls()) {
            if a.is_positive() {
                let (low, high) = ends(a.sqrt() * a.sqrt(), UNIT);
                let (a0, a1) = ends(a, UNIT);
                prop_assert!(low <= a0 && a1 <= high);
                prop_assert!(a.radius > 0 || a.sqrt().is_tight(115));
            }
        }

        #[test]
        fn operations_on_exact_numbers_keep_118_bits(a in any::<i64>(), b in 1_i64..i64::MAX) {
            let (x, y) = (Ball::integer(a), Ball::integer(b));
            let (same, opposite) = if a < 0 { (-y, y) } else { (y, -y) };
            for result in [x * y, x / y, x.over(b as u64), x + same] {
                prop_assert!(result == Ball::ZERO || result.is_tight(118), "{result:?}");
            }
            // where terms cancel, what is kept is relative to the larger one
            let difference = x + opposite;
            let error = i64::from(length(difference.radius.into())) + difference.exponent;
            prop_assert!(difference.radius == 0 || error <= x.magnitude().max(y.magnitude()) - 118, "{difference:?}");
        }
    }

    #[test]
    fn order_is_known_exactly_where_balls_are_disjoint() {
        let third = Ball::integer(1).over(3);
        assert_eq!(third.compare(third), None);
        assert_eq!(third.compare(Ball::integer(1).over(2)), Some(Ordering::Less));
        assert_eq!(Ball::integer(7).compare(Ball::integer(7)), Some(Ordering::Equal));
        assert_eq!(Ball::integer(7).compare(Ball::integer(-7)), Some(Ordering::Greater));
    }
}
