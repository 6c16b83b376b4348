use super::*;

/// `(B, g, P[Poisson(B) > g], ∫₀ᴮ eᵘuᵍ/g! du)` to 25 digits, by `mpmath` at 60: `gammainc(g + 1, 0, B, regularized=True)`
/// and `fsum(B**(g + 1 + k)/(factorial(k)*factorial(g)*(g + 1 + k)) for k in range(600))`.
const REFERENCE: &[(f64, usize, &str, &str)] = &[
    (0.5, 3, "0.001751622556290823652079932", "0.003897565618672577945606816"),
    (1.0, 4, "0.003659846827343712345456456", "0.0193556856721419632601078"),
    (2.0, 6, "0.004533805526248866290803715", "0.1494087265003233686802887"),
    (4.0, 12, "0.0002737168228555030003269107", "0.456067386379080503445942"),
    (0.125, 0, "0.1175030974154045971351079", "0.1331484530668263168290072"),
    (1.0, 30, "4.618047461027192318140661e-35", "3.205506221879713407279226e-34"),
    (10.0, 7, "0.7797793533983010597568886", "25056679.16057798337493368"),
    (50.0, 4, "0.9999999999999999455029802", "1.248395864230485851883655e+27"),
    (50.0, 30, "0.9984059726813937096004093", "1.132350987260736834112746e+40"),
];

fn taylor(degree: usize) -> ExpTaylor {
    ExpTaylor::new(degree).unwrap()
}

#[test]
fn certificates_are_above_the_reference_by_at_most_1e_13() {
    for &(max_logit, degree, one_sided, two_sided) in REFERENCE {
        let taylor = taylor(degree);
        for (bound, reference) in [
            (taylor.relative_error_nonnegative(max_logit), one_sided),
            (taylor.relative_error(max_logit), two_sided),
        ] {
            let reference: f64 = reference.parse().unwrap(); // to nearest: half a unit in the last place
            assert!(bound >= reference, "B = {max_logit}, g = {degree}: {bound} < {reference}");
            let slack = bound / reference - 1.0;
            assert!(slack <= 1e-13, "B = {max_logit}, g = {degree}: slack {slack:e}");
        }
    }
}

#[test]
fn degrees_for_both_signs_are_those_of_an_independent_computation() {
    // smallest degree by mpmath: (max |logit|, target, nonnegative logits, both signs)
    for (max_logit, target, nonnegative, both) in [
        (0.5, 1e-2, 3, 3),
        (0.5, 1e-6, 7, 7),
        (1.0, 1e-2, 4, 5),
        (1.0, 1e-6, 9, 9),
        (2.0, 1e-2, 6, 8),
        (2.0, 1e-6, 12, 14),
        (4.0, 1e-2, 9, 15),
        (4.0, 1e-6, 17, 21),
    ] {
        assert_eq!(ExpTaylor::degree_for_nonnegative(max_logit, target), Some(nonnegative));
        assert_eq!(ExpTaylor::degree_for(max_logit, target), Some(both));
        assert!(taylor(both - 1).relative_error(max_logit) > target);
    }
    assert_eq!(ExpTaylor::degree_for(50.0, 1e-6), None);
    assert_eq!(ExpTaylor::degree_for(f64::NAN, 1e-6), None);
}

#[test]
fn degenerate_arguments_give_the_trivial_certificate() {
    for degree in [0, 1, 2, 29, 30] {
        let taylor = taylor(degree);
        assert_eq!([taylor.relative_error(0.0), taylor.relative_error_nonnegative(0.0)], [0.0; 2]);
        for bad in [-1.0, f64::NAN] {
            assert_eq!(
                [taylor.relative_error(bad), taylor.relative_error_nonnegative(bad)],
                [f64::INFINITY; 2]
            );
            assert_eq!(taylor.lower_bound(bad), f64::NEG_INFINITY);
        }
        for large in [701.0, 1e300, f64::INFINITY] {
            assert_eq!(taylor.relative_error(large), f64::INFINITY);
            assert_eq!(taylor.relative_error_nonnegative(large), 1.0);
        }
        // the true errors are positive but may be far below the smallest f64
        for small in [f64::MIN_POSITIVE, 1e-200, 1e-12] {
            assert!(taylor.relative_error(small) > 0.0 && taylor.relative_error_nonnegative(small) > 0.0);
            assert!(taylor.relative_error(small) <= small * 1.01 + 2.0 * f64::MIN_POSITIVE);
        }
    }
}

#[test]
fn the_lower_bound_touches_the_minimum_found_on_a_grid() {
    for degree in 0..=ExpTaylor::MAX_DEGREE {
        for max_logit in [0.0, 0.3, 1.0, 2.0, 3.7, 8.0] {
            let taylor = taylor(degree);
            let points = (0..=40_000).map(|i| max_logit * (f64::from(i) / 20_000.0 - 1.0));
            let minimum = points.map(|t| taylor.evaluate(t)).fold(f64::INFINITY, f64::min);
            // Horner: (2g + 2) roundings of 2⁻⁵³ on each term; the grid (step B/20 000) misses a minimum by at most
            // step²/8 · max T'' ≤ B² e^B/3.2e9, here below 1e-4 at B = 8
            let rounding = (2 * degree + 4) as f64 * f64::EPSILON * taylor.evaluate(max_logit);
            let grid = max_logit * max_logit * max_logit.exp() / 3.2e9;
            let bound = taylor.lower_bound(max_logit);
            assert!(bound <= minimum + rounding, "g = {degree}, B = {max_logit}: {bound} > {minimum}");
            assert!(
                bound >= minimum - 4.0 * rounding - grid,
                "g = {degree}, B = {max_logit}: {bound} ≪ {minimum}"
            );
        }
    }
}

#[test]
fn even_degrees_have_a_positive_lower_bound_however_large_the_logits() {
    for degree in (0..=ExpTaylor::MAX_DEGREE).step_by(2) {
        for max_logit in [1.0, 10.0, 100.0, 1e300, f64::INFINITY] {
            assert!(taylor(degree).lower_bound(max_logit) > 0.0, "g = {degree}, B = {max_logit}");
        }
    }
    for max_logit in [40.0, 1e300, f64::INFINITY] {
        assert!(taylor(7).lower_bound(max_logit) < 0.0);
    }
}

#[test]
fn coefficients_are_reciprocal_factorials() {
    let mut expected = 1.0;
    for (j, &c) in taylor(ExpTaylor::MAX_DEGREE).coefficients().iter().enumerate() {
        expected /= j.max(1) as f64;
        // the oracle divides j times: j roundings, and the coefficient has two
        assert!((c / expected - 1.0).abs() <= (j + 2) as f64 * f64::EPSILON);
    }
    assert_eq!(ExpTaylor::new(31), Err(Error::DegreeTooLarge { degree: 31, max: 30 }));
}
