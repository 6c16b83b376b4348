//! Starting values for certified searches, in plain floating point: they cost time when wrong, and decide nothing.

/// Bracketing and regula-falsi steps together; with the usual smooth functions a dozen are taken.
const STEPS: usize = 80;

/// Where an increasing function changes sign, near `start`: steps that double until the sign changes, then regula
/// falsi with Illinois weights. Infinite values count as their sign; on a plateau it stops.
pub(super) fn zero(start: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let mut near = (start, f(start));
    let mut step = if near.1 > 0.0 { -0.125 } else { 0.125 };
    let mut far = near;
    for _ in 0..STEPS {
        far = (near.0 + step, f(near.0 + step));
        if far.1.is_nan() || (far.1 > 0.0) != (near.1 > 0.0) {
            break;
        }
        (near, step) = (far, 2.0 * step);
    }
    let (mut a, mut b) = (near, far);
    for _ in 0..STEPS {
        let secant = b.0 - b.1 * (b.0 - a.0) / (b.1 - a.1);
        let next = if secant.is_finite() { secant } else { f64::midpoint(a.0, b.0) };
        let value = f(next);
        if value.is_nan() {
            break;
        }
        if (value > 0.0) == (b.1 > 0.0) {
            a.1 /= 2.0;
        } else {
            a = b;
        }
        let (moved, stuck) = ((next - b.0).abs(), value == b.1);
        b = (next, value);
        if value == 0.0 || stuck || moved <= 1e-15 * next.abs() {
            break;
        }
    }
    b.0
}

/// Where a function with one valley in the range is least, to about six digits (golden sections).
pub(super) fn minimum((mut low, mut high): (f64, f64), mut f: impl FnMut(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let mut inner = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    let mut values = inner.map(&mut f);
    while high - low > 1e-6 * high.abs().max(1.0) {
        if values[0] < values[1] {
            high = inner[1];
            inner = [high - GOLDEN * (high - low), inner[0]];
            values = [f(inner[0]), values[0]];
        } else {
            low = inner[0];
            inner = [inner[1], low + GOLDEN * (high - low)];
            values = [values[1], f(inner[1])];
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_zeros_near_and_far_in_few_steps() {
        for root in [-30.0, -1e-3, 0.25, 12.0] {
            let mut calls = 0;
            let found = zero(0.0, |x| {
                calls += 1;
                (x - root).exp() - 1.0
            });
            assert!((found - root).abs() < 1e-12, "{root}: {found}");
            assert!(calls < 60, "{root}: {calls}");
        }
    }

    #[test]
    fn finds_the_bottom_of_a_valley() {
        for bottom in [-7.5, 0.0, 11.0] {
            let found = minimum((-12.0, 20.0), |x| (x - bottom).cosh());
            assert!((found - bottom).abs() < 1e-4, "{bottom}: {found}");
        }
    }

    #[test]
    fn infinite_values_count_as_their_sign() {
        let found = zero(3.0, |x| if x < 1.0 { f64::NEG_INFINITY } else { x - 1.5 });
        assert!((found - 1.5).abs() < 1e-12, "{found}");
    }
}
