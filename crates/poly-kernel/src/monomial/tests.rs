//! Bit-for-bit agreement of every instruction set with the scalar reference.

use super::kernel::{Features, Kernel};
use super::*;
use dp_linalg::Mat;
use pulp::{Scalar, Simd};

/// Deterministic points in `[−1, 1)`, with a few zeros, huge and tiny numbers.
fn points(n: usize, d: usize) -> Mat {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    Mat::from_fn(n, d, |i, j| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match (i + 3 * j) % 41 {
            7 => 0.0,
            11 => 1e-310,
            13 => -1e160,
            _ => (state >> 11) as f64 * 2.0_f64.powi(-52) - 1.0,
        }
    })
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Runs the kernel on one instruction set and compares with the scalar recurrence.
fn agrees_with_the_scalar_reference<S: Simd>(simd: S) {
    for (d, coefficients, scale) in [
        (1, &[1.0][..], 1.0),
        (3, &[1.0, 1.0, 0.5, 0.1][..], 4096.0),
        (5, &[0.0, 2.0, 0.0, 0.3, 0.01][..], 1e5),
        (8, &[1.0, 1.0, 0.5][..], 1e7),
    ] {
        let map = MonomialMap::new(d, coefficients).unwrap();
        let (points, start) = (points(37, d), map.plan.start * scale);
        let mut block = map.feature_block(37);
        for features in [Features::Real, Features::Integer] {
            let build = block.kernel(&map.plan, points.as_ref(), start);
            match features {
                Features::Real => simd.vectorize(Kernel::<f64, false>(build)),
                Features::Integer => simd.vectorize(Kernel::<f64, true>(build)),
            }
            block.points = 37;
            for (i, x) in points.rows().enumerate() {
                let mut expected = vec![0.0; map.feature_count()];
                map.plan.apply_scalar(start, x, &mut expected);
                if features == Features::Integer {
                    for value in &mut expected {
                        *value = round_to_integer(*value);
                    }
                }
                map.plan.clear_absent_degrees(&mut expected);
                let found: Vec<f64> = block.as_ref().rows().map(|row| row[i]).collect();
                let (finite, other): (Vec<_>, Vec<_>) =
                    expected.iter().zip(&found).partition(|(value, _)| value.is_finite());
                assert!(finite.iter().all(|(a, b)| a.to_bits() == b.to_bits()), "point {i} of {simd:?}");
                // the bits of a NaN are not specified; infinities and NaNs must stay what they are
                assert!(other.iter().all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
            }
        }
    }
}

#[test]
fn every_instruction_set_agrees_with_the_scalar_reference() {
    agrees_with_the_scalar_reference(Scalar);
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V3::try_new() {
            agrees_with_the_scalar_reference(simd);
        }
        if let Some(simd) = pulp::x86::V4::try_new() {
            agrees_with_the_scalar_reference(simd);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = pulp::aarch64::Neon::try_new() {
        agrees_with_the_scalar_reference(simd);
    }
}

#[test]
fn a_point_has_the_same_bits_at_every_place_of_a_block() {
    let map = MonomialMap::exp_taylor(4, 3).unwrap();
    let x = [0.3, -0.7, 0.011, 0.5];
    let mut expected = vec![0.0; map.feature_count()];
    map.apply(&x, &mut expected).unwrap();
    let mut block = map.feature_block(40);
    for n in 1..=40 {
        for place in 0..n {
            let mut points = points(n, 4);
            points.row_mut(place).copy_from_slice(&x);
            map.apply_block(points.as_ref(), &mut block).unwrap();
            let found: Vec<f64> = block.as_ref().rows().map(|row| row[place]).collect();
            assert_eq!(bits(&found), bits(&expected), "place {place} of {n}");
        }
    }
}

#[test]
fn magic_rounding_is_to_the_nearest_integer_with_ties_to_even() {
    let limit = 2_f64.powi(51);
    for y in
        [0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.499_999_999_999_999_94, 1e9 + 0.5, limit - 0.75, -limit + 0.75]
    {
        assert_eq!(round_to_integer(y), y.round_ties_even());
        assert!(!(y == 0.0 && round_to_integer(y).is_sign_negative()));
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(!round_to_integer(bad).is_finite());
    }
}
