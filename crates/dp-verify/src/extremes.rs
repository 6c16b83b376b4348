//! Largest and smallest numbers that do not lose NaN.
//!
//! `f64::max` and `f64::min` take the other number where one is NaN: a failure among thousands of cases would vanish in the largest of
//! them. Here NaN stays, so that no [`Outcome`](crate::Outcome) holds or is violated by what is left. IEEE 754 has these functions as
//! `maximum` and `minimum`; the standard library does not yet. Rule 19 of `cargo xtask tidy` keeps checks to them.

/// The larger of two numbers, NaN if either is.
///
/// ```
/// use dp_verify::larger;
/// assert_eq!(larger(1.0, 2.0), 2.0);
/// assert!(larger(1.0, f64::NAN).is_nan() && larger(f64::NAN, 1.0).is_nan());
/// assert_eq!(1.0_f64.max(f64::NAN), 1.0); // the NaN is lost
/// ```
#[must_use]
pub fn larger(a: f64, b: f64) -> f64 {
    if a >= b || a.is_nan() { a } else { b }
}

/// The smaller of two numbers, NaN if either is.
#[must_use]
pub fn smaller(a: f64, b: f64) -> f64 {
    if a <= b || a.is_nan() { a } else { b }
}

/// Whether a number is beyond its bound, or either is NaN: what is not known to be within was missed.
///
/// ```
/// use dp_verify::exceeds;
/// assert!(exceeds(2.0, 1.0) && exceeds(f64::NAN, 1.0) && exceeds(1.0, f64::NAN));
/// assert!(!exceeds(1.0, 1.0));
/// ```
#[must_use]
pub fn exceeds(x: f64, bound: f64) -> bool {
    x > bound || x.is_nan() || bound.is_nan()
}

/// The largest of these numbers, NaN if any is or if there are none.
///
/// ```
/// use dp_verify::largest;
/// assert_eq!(largest([0.5, 2.0, 1.0]), 2.0);
/// assert!(largest([0.5, f64::NAN, 1.0]).is_nan() && largest([]).is_nan());
/// ```
#[must_use]
pub fn largest(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().reduce(larger).unwrap_or(f64::NAN)
}

/// The smallest of these numbers, NaN if any is or if there are none.
#[must_use]
pub fn smallest(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().reduce(smaller).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_stays_wherever_it_stands() {
        for numbers in [[f64::NAN, 1.0, 2.0], [1.0, f64::NAN, 2.0], [1.0, 2.0, f64::NAN]] {
            assert!(largest(numbers).is_nan() && smallest(numbers).is_nan(), "{numbers:?}");
        }
        assert!(larger(f64::NAN, f64::INFINITY).is_nan() && smaller(f64::NEG_INFINITY, f64::NAN).is_nan());
    }

    #[test]
    fn numbers_are_ordered_as_they_are() {
        let numbers = [1.0, f64::NEG_INFINITY, -2.0, f64::INFINITY, 0.0];
        assert_eq!((largest(numbers), smallest(numbers)), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!((larger(3.0, -3.0), smaller(3.0, -3.0)), (3.0, -3.0));
    }

    #[test]
    fn nothing_is_no_number() {
        assert!(largest([]).is_nan() && smallest([]).is_nan());
    }
}
