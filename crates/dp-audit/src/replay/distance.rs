//! Distances of outputs: L1, squared L2, L∞.

/// Of integers, modulo 2⁶⁴ and the nearer way around; there always is one. The squared distance saturates at 2¹²⁸ − 1.
#[expect(clippy::unnecessary_wraps, reason = "the same signature as for floats")]
pub(super) fn lattice(first: &[i64], second: &[i64]) -> Option<[u128; 3]> {
    let moves = first.iter().zip(second).map(|(a, b)| u128::from(a.wrapping_sub(*b).unsigned_abs()));
    Some(moves.fold([0_u128; 3], |[l1, square, linf], step| {
        [l1.saturating_add(step), square.saturating_add(step * step), linf.max(step)]
    }))
}

/// Of floats given by their bits, from below; `None` if one of them is not finite and they differ.
///
/// Each output is within half a step of the sum of statistic and noise, the noise is the same, and every operation here
/// is rounded down.
pub(super) fn real(first: &[u64], second: &[u64]) -> Option<[f64; 3]> {
    let mut norms = [0.0_f64; 3];
    for (a, b) in first.iter().zip(second).filter(|(a, b)| a != b) {
        let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
        if !(a.is_finite() && b.is_finite()) {
            return None;
        }
        let half_steps = (0.5 * (step(a) + step(b))).next_up();
        let least = ((a - b).abs().next_down() - half_steps).next_down().max(0.0);
        norms[0] = (norms[0] + least).next_down().max(0.0);
        norms[1] = (norms[1] + (least * least).next_down()).next_down().max(0.0);
        norms[2] = norms[2].max(least);
    }
    Some(norms)
}

/// Distance of a finite float to the next larger magnitude.
fn step(x: f64) -> f64 {
    let magnitude = x.abs().min(f64::MAX.next_down());
    magnitude.next_up() - magnitude
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wrapped_differences_go_the_nearer_way() {
        assert_eq!(lattice(&[i64::MAX, 0], &[i64::MIN, 3]), Some([4, 10, 3]));
        assert_eq!(lattice(&[i64::MIN], &[0]), Some([1 << 63, 1 << 126, 1 << 63]));
    }

    proptest! {
        #[test]
        fn the_bound_of_a_rounded_sum_is_below_the_statistic(s in -1e3..1e3_f64, t in -1e3..1e3_f64, noise in -1e9..1e9_f64) {
            let bits = |x: f64| vec![(x + noise).to_bits()];
            let [l1, square, linf] = real(&bits(s), &bits(t)).unwrap();
            let exact = (s - t).abs(); // rounded once, at a precision far beyond the slack of the sums
            prop_assert!(l1 <= exact * (1.0 + f64::EPSILON) && linf <= exact * (1.0 + f64::EPSILON) && square <= exact * exact * (1.0 + 3.0 * f64::EPSILON));
            // four half steps at 1e9
            prop_assert!(l1 >= exact - 1e-6);
        }
    }
}
