//! The boundary of a monotone predicate on `f64` or on the integers, found exactly and without a bracket.

/// Smallest finite float in `[from, to]` at which `holds`, a predicate that is false up to some point and true after it.
///
/// The result does not depend on `guess`, only the time does: the search doubles its step, in units in the last
/// place, until the boundary is between two tested floats, and then bisects. `None` if the predicate holds nowhere.
pub(crate) fn first_true(
    guess: f64,
    (from, to): (f64, f64),
    mut holds: impl FnMut(f64) -> bool,
) -> Option<f64> {
    let guess = if guess.is_nan() { from } else { guess };
    first_true_integer(key(guess), (key(from), key(to)), |k| holds(unkey(k))).map(unkey)
}

/// The same over the integers.
pub(crate) fn first_true_integer(
    guess: i64,
    (from, to): (i64, i64),
    mut holds: impl FnMut(i64) -> bool,
) -> Option<i64> {
    let start = guess.clamp(from, to);
    let (below, mut above) =
        if holds(start) { descend(start, from, &mut holds) } else { ascend(start, to, &mut holds)? };
    let Some(mut below) = below else { return Some(above) };
    while i128::from(above) - i128::from(below) > 1 {
        let middle = below.midpoint(above);
        if holds(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    Some(above)
}

/// A false integer below a true `start`, if there is one, and a true one above it.
fn descend(start: i64, from: i64, holds: &mut impl FnMut(i64) -> bool) -> (Option<i64>, i64) {
    let (mut above, mut step) = (start, 1_i64);
    while above > from {
        let next = above.saturating_sub(step).max(from);
        if !holds(next) {
            return (Some(next), above);
        }
        above = next;
        step = step.saturating_mul(2);
    }
    (None, above)
}

/// The same upward from a false `start`; `None` if nothing up to `to` is true.
fn ascend(start: i64, to: i64, holds: &mut impl FnMut(i64) -> bool) -> Option<(Option<i64>, i64)> {
    let (mut below, mut step) = (start, 1_i64);
    while below < to {
        let next = below.saturating_add(step).min(to);
        if holds(next) {
            return Some((Some(below), next));
        }
        below = next;
        step = step.saturating_mul(2);
    }
    None
}

/// Position of a float in the order of all floats; both zeros are 0.
fn key(x: f64) -> i64 {
    let magnitude = (x.to_bits() & (u64::MAX >> 1)) as i64;
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

fn unkey(key: i64) -> f64 {
    let magnitude = f64::from_bits(key.unsigned_abs());
    if key < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_boundary_from_any_guess() {
        for boundary in [-1e300, -2.5, -0.0, 5e-324, 1.0, 1e17] {
            for guess in [f64::NAN, f64::NEG_INFINITY, -3.0, 0.0, 0.999_999_9, 1e300, f64::INFINITY] {
                let mut calls = 0;
                let found = first_true(guess, (f64::MIN, f64::MAX), |x| {
                    calls += 1;
                    x >= boundary
                });
                assert_eq!(found, Some(boundary));
                assert!(calls <= 130, "64 doublings and 64 bisections suffice");
            }
        }
    }

    #[test]
    fn says_so_when_the_predicate_never_holds() {
        assert_eq!(first_true(1.0, (0.0, 8.0), |x| x > 8.0), None);
        assert_eq!(first_true(1.0, (2.0, 8.0), |_| true), Some(2.0));
    }
}
