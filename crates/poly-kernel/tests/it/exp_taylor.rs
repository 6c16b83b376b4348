use poly_kernel::ExpTaylor;
use proptest::prelude::*;

/// `e^{−t}T_g(t) − 1` without cancellation: `∓∫ e^{∓u}uᵍ/g! du` by Simpson's rule on 2 000 panels.
fn signed_error(degree: usize, t: f64) -> f64 {
    let panels = 2_000;
    let width = t / f64::from(panels);
    let integrand = |u: f64| -(-u).exp() * (1..=degree).map(|j| u / j as f64).product::<f64>();
    let panel = |i: i32| {
        let a = f64::from(i) * width;
        integrand(a) + 4.0 * integrand(a + 0.5 * width) + integrand(a + width)
    };
    (0..panels).map(panel).sum::<f64>() * width / 6.0
}

#[test]
fn the_certificates_are_attained_at_the_ends_and_never_exceeded_inside() {
    for degree in 0..=12 {
        for max_logit in [0.25, 1.0, 3.0] {
            let taylor = ExpTaylor::new(degree).unwrap();
            let (both, nonnegative) =
                (taylor.relative_error(max_logit), taylor.relative_error_nonnegative(max_logit));
            // Simpson with 2 000 panels on [0, 3]: (w/2)⁴·t·max|f⁗|/180 with |f⁗| < 1e4 here, below 1e-10 relative
            let tolerance = 1.0 + 1e-9;
            for i in -50..=50 {
                let t = max_logit * f64::from(i) / 50.0;
                let error = signed_error(degree, t).abs();
                assert!(error <= both * tolerance, "g = {degree}, t = {t}: {error} > {both}");
                assert!(t < 0.0 || error <= nonnegative * tolerance);
            }
            assert!(signed_error(degree, -max_logit).abs() * tolerance >= both);
            assert!(signed_error(degree, max_logit).abs() * tolerance >= nonnegative);
        }
    }
}

#[test]
fn the_bound_of_one_degree_more_is_violated_by_this_degree() {
    for degree in 1..=10 {
        let (lower, higher) = (ExpTaylor::new(degree - 1).unwrap(), ExpTaylor::new(degree).unwrap());
        let t = -1.5_f64;
        let error = (lower.evaluate(t) / t.exp() - 1.0).abs();
        assert!(error > higher.relative_error(1.5), "g = {degree}");
    }
}

proptest! {
    #[test]
    fn values_are_within_the_certificate(degree in 0_usize..=30, max_logit in 0.0..6.0_f64, place in -1.0..=1.0_f64) {
        let (taylor, t) = (ExpTaylor::new(degree).unwrap(), place * max_logit);
        let error = (taylor.evaluate(t) / t.exp() - 1.0).abs();
        // Horner and the coefficients: (2g + 2)·2⁻⁵³·T_g(|t|) ≤ (2g + 2)·2⁻⁵³·e^{|t|}, divided by eᵗ; library exp and
        // the division a few units more
        let rounding = (2 * degree + 8) as f64 * f64::EPSILON * (2.0 * max_logit).exp();
        prop_assert!(error <= taylor.relative_error(max_logit) + rounding);
        if t >= 0.0 {
            prop_assert!(error <= taylor.relative_error_nonnegative(max_logit) + rounding);
        }
        prop_assert!(taylor.evaluate(t) >= taylor.lower_bound(max_logit) - rounding * t.exp());
    }

    #[test]
    fn certificates_grow_with_the_logit_and_fall_with_the_degree(degree in 0_usize..30, b in 0.01..40.0_f64) {
        let (this, next) = (ExpTaylor::new(degree).unwrap(), ExpTaylor::new(degree + 1).unwrap());
        prop_assert!(this.relative_error_nonnegative(b * 1.01) >= this.relative_error_nonnegative(b) * (1.0 - 1e-13));
        prop_assert!(this.relative_error(b * 1.01) > this.relative_error(b));
        prop_assert!(this.relative_error_nonnegative(b) >= next.relative_error_nonnegative(b) * (1.0 - 1e-13));
    }
}
