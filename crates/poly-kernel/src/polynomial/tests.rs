use super::*;

/// Errors at many logits, in the order (absolute, ratio below, ratio above).
fn sampled(polynomial: &ExpPolynomial, range: LogitRange) -> (f64, f64, f64) {
    let at = |i: u32| range.low() + (range.high() - range.low()) * f64::from(i) / 20_000.0;
    (0..=20_000).map(at).fold((0.0, f64::INFINITY, 0.0), |(absolute, low, high): (f64, f64, f64), t| {
        let (f, exp) = (polynomial.evaluate(t), t.exp());
        (absolute.max((f - exp).abs()), low.min(f / exp), high.max(f / exp))
    })
}

fn candidates(degree: usize, range: LogitRange) -> [ExpPolynomial; 4] {
    [
        ExpPolynomial::taylor(degree).unwrap(),
        ExpPolynomial::chebyshev(degree, range).unwrap(),
        ExpPolynomial::best_relative(degree, range).unwrap(),
        ExpPolynomial::least_squares_normal(degree, 0.0, 0.5 * range.high().abs()).unwrap(),
    ]
}

fn ranges() -> [LogitRange; 6] {
    let ranges = [(-0.5, 0.5), (-1.0, 1.0), (-4.0, 4.0), (0.0, 2.0), (0.0, 6.0), (-3.0, 1.0)];
    ranges.map(|(low, high)| LogitRange::new(low, high).unwrap())
}

#[test]
fn certificates_hold_and_are_close() {
    for range in ranges() {
        for degree in [0, 1, 2, 3, 5, 8, 11, 15] {
            for polynomial in candidates(degree, range) {
                let certificate = polynomial.certificate(range);
                let (absolute, low, high) = sampled(&polynomial, range);
                let slack = 1e-14 * range.high().exp() * (-range.low()).exp();
                let relative = (high - 1.0).max(1.0 - low);
                assert!(absolute <= certificate.absolute_error() + slack, "{range:?} {degree}");
                assert!(
                    certificate.ratio_lower() <= low + slack && high <= certificate.ratio_upper() + slack
                );
                if absolute > 1e3 * slack {
                    assert!(certificate.absolute_error() < 1.06 * absolute, "{range:?} {degree}");
                }
                if relative > 1e3 * slack {
                    assert!(certificate.relative_error() < 1.06 * relative, "{range:?} {degree} {relative}");
                }
            }
        }
    }
}

#[test]
fn certificates_of_taylor_polynomials_are_a_little_above_their_exact_errors() {
    for degree in 0..=ExpPolynomial::MAX_DEGREE {
        for max_logit in [0.05, 0.5, 2.0, 8.0] {
            let (taylor, general) = (ExpTaylor::new(degree).unwrap(), ExpPolynomial::taylor(degree).unwrap());
            let range = LogitRange::symmetric(max_logit).unwrap();
            let (exact, found) =
                (taylor.relative_error(max_logit), general.certificate(range).relative_error());
            let rounding = 1e-15 * (2.0 * max_logit).exp();
            assert!(
                exact <= found + rounding && found <= 1.1 * exact + rounding,
                "{degree} {max_logit} {exact} {found}"
            );
        }
    }
}

#[test]
fn nothing_is_nearer_than_the_best() {
    for range in ranges() {
        for degree in [0, 1, 2, 3, 5, 7] {
            let best = ExpPolynomial::best_relative(degree, range).unwrap();
            let (_, low, high) = sampled(&best, range);
            // errors of both signs and one size
            assert!(((high - 1.0) / (1.0 - low) - 1.0).abs() < 5e-3, "{range:?} {degree} {low} {high}");
            let error = high - 1.0;
            for mut other in candidates(degree, range) {
                let (_, low, high) = sampled(&other, range);
                assert!(error <= 1.002 * (high - 1.0).max(1.0 - low), "{range:?} {degree}");
                // nor among its own neighbours
                for j in 0..=degree {
                    for change in [-1e-2, 1e-2] {
                        other.coefficients.clone_from(&best.coefficients);
                        other.coefficients[j] *= 1.0 + change * error;
                        let (_, low, high) = sampled(&other, range);
                        assert!(error <= 1.001 * (high - 1.0).max(1.0 - low), "{range:?} {degree} {j}");
                    }
                }
            }
        }
    }
}

#[test]
fn degrees_for_a_target_are_those_of_the_literature() {
    for (max_logit, coarse, fine) in [(0.5, 2, 5), (1.0, 3, 7), (2.0, 5, 9), (4.0, 7, 13)] {
        let range = LogitRange::symmetric(max_logit).unwrap();
        assert_eq!(ExpPolynomial::best_relative_for(range, 1e-2).unwrap().degree(), coarse, "{max_logit}");
        assert_eq!(ExpPolynomial::best_relative_for(range, 1e-6).unwrap().degree(), fine, "{max_logit}");
    }
    assert_eq!(ExpPolynomial::best_relative_for(LogitRange::symmetric(64.0).unwrap(), 1e-2), None);
}

#[test]
fn chebyshev_errors_are_below_the_sum_of_what_was_cut_off() {
    // 2 Σ_{j>g} I_j(1), NIST DLMF 10.25.2
    let bessel = |j: u32| {
        (0..20).map(|k| 0.5_f64.powi((2 * k + j) as i32) / (factorial(k) * factorial(k + j))).sum::<f64>()
    };
    let range = LogitRange::symmetric(1.0).unwrap();
    for degree in [1, 3, 6] {
        let certificate = ExpPolynomial::chebyshev(degree, range).unwrap().certificate(range);
        let cut_off: f64 = (degree as u32 + 1..20).map(|j| 2.0 * bessel(j)).sum();
        assert!(
            certificate.absolute_error() < 1.05 * cut_off && certificate.absolute_error() > 0.95 * cut_off
        );
    }
}

fn factorial(k: u32) -> f64 {
    (1..=k).map(f64::from).product()
}

#[test]
fn normal_fits_have_the_mean_square_error_that_is_stated() {
    // quadrature over ±12 deviations
    for (degree, mean, std) in [(0, 0.3, 0.4), (2, -1.0, 1.0), (4, 0.0, 1.0), (6, 0.5, 2.0)] {
        let fit = ExpPolynomial::least_squares_normal(degree, mean, std).unwrap();
        let (mut error, mut total) = (0.0, 0.0);
        for i in -12_000..=12_000 {
            let z = f64::from(i) * 1e-3;
            let (t, weight) = (mean + std * z, (-0.5 * z * z).exp());
            error += weight * (fit.evaluate(t) - t.exp()).powi(2);
            total += weight * (2.0 * t).exp();
        }
        let (found, stated) = ((error / total).sqrt(), ExpPolynomial::normal_error(degree, std));
        assert!((found / stated - 1.0).abs() < 1e-6, "{degree} {mean} {std} {found} {stated}");
    }
}

#[test]
fn sample_fits_agree_with_normal_fits_on_normal_quantiles_and_have_orthogonal_errors() {
    let logits: Vec<f64> =
        (0..2000).map(|i| (f64::from(i) * 0.7).sin() + 0.3 * (f64::from(i) * 1.3).cos()).collect();
    for degree in [0, 1, 3, 6] {
        let fit = ExpPolynomial::least_squares(degree, &logits).unwrap();
        for j in 0..=degree as i32 {
            let inner: f64 = logits.iter().map(|&t| (fit.evaluate(t) - t.exp()) * t.powi(j)).sum();
            assert!(inner.abs() < 1e-9 * logits.len() as f64, "{degree} {j} {inner}");
        }
    }
}

#[test]
fn interpolation_is_exact_where_it_can_be() {
    let cubic = |logits: &[f64]| ExpPolynomial::least_squares(3, logits).unwrap();
    let logits = [-1.0, 0.0, 0.5, 2.0];
    assert!(logits.iter().all(|&t| (cubic(&logits).evaluate(t) - t.exp()).abs() < 1e-12));
}

#[test]
fn positive_where_certified() {
    let range = LogitRange::symmetric(3.0).unwrap();
    for degree in 0..12 {
        for polynomial in candidates(degree, range) {
            let bound = polynomial.certificate(range).value_lower();
            let least =
                (0..=6000).map(|i| polynomial.evaluate(f64::from(i) * 1e-3 - 3.0)).fold(f64::MAX, f64::min);
            assert!(bound <= least + 1e-12);
            assert!(least - bound < 0.05 * (least.abs() + 3.0_f64.exp()), "{degree} {least} {bound}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-65.0, 0.0)] {
        assert!(matches!(LogitRange::new(low, high), Err(Error::LogitRange { .. })));
    }
    let range = LogitRange::symmetric(1.0).unwrap();
    assert!(matches!(
        ExpPolynomial::best_relative(31, range),
        Err(Error::DegreeTooLarge { degree: 31, max: 30 })
    ));
    assert!(matches!(ExpPolynomial::from_coefficients(&[]), Err(Error::NoCoefficients)));
    assert!(matches!(
        ExpPolynomial::from_coefficients(&[1.0, f64::NAN]),
        Err(Error::CoefficientOutOfRange { degree: 1, .. })
    ));
    for (mean, std) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, f64::NAN), (100.0, 1.0), (0.0, 9.0)] {
        assert!(matches!(ExpPolynomial::least_squares_normal(2, mean, std), Err(Error::NormalLogits { .. })));
    }
    let fit = |logits: &[f64]| ExpPolynomial::least_squares(2, logits);
    assert!(matches!(fit(&[0.0, 1.0, 0.0, 1.0]), Err(Error::TooFewLogits { degree: 2, distinct: 2 })));
    for logits in [&[][..], &[1.0, 1.0], &[0.0, f64::NAN, 1.0], &[0.0, 70.0], &[f64::NAN]] {
        assert!(matches!(fit(logits), Err(Error::LogitRange { .. })), "{logits:?}");
    }
}

#[test]
fn extreme_ranges_and_degrees_give_something_true() {
    for range in [(-64.0, 64.0), (0.0, 1e-300), (63.0, 64.0), (-64.0, -63.0), (-1e-9, 1e-9)] {
        let range = LogitRange::new(range.0, range.1).unwrap();
        for degree in [0, 1, 30] {
            for polynomial in [
                ExpPolynomial::taylor(degree).unwrap(),
                ExpPolynomial::chebyshev(degree, range).unwrap(),
                ExpPolynomial::best_relative(degree, range).unwrap(),
            ] {
                let certificate = polynomial.certificate(range);
                let (_, low, high) = sampled(&polynomial, range);
                assert!(certificate.relative_error() >= 0.0);
                let finite = low.is_finite() && high.is_finite() && certificate.relative_error().is_finite();
                assert!(
                    !finite || certificate.ratio_lower() <= low * (1.0 + 1e-12) + 1e-12 * high.abs().max(1.0)
                );
            }
        }
    }
}

#[test]
fn narrow_ranges_far_from_zero_are_no_worse_than_rounding_allows() {
    for (low, high) in [(4.7, 6.0), (-6.0, -5.9), (3.0, 3.001), (-1.0, -1.0 + 1e-12)] {
        let range = LogitRange::new(low, high).unwrap();
        for degree in [0, 1, 3, 9, 13, 30] {
            let best = ExpPolynomial::best_relative(degree, range).unwrap();
            assert!(best.coefficients.iter().all(|c| c.is_finite()), "{low} {degree}");
            let centered =
                ExpPolynomial::best_relative(degree, LogitRange::symmetric(0.5 * (high - low)).unwrap());
            let centered = centered.unwrap().certificate(LogitRange::symmetric(0.5 * (high - low)).unwrap());
            let size: f64 = best
                .coefficients
                .iter()
                .enumerate()
                .map(|(j, c)| c.abs() * high.abs().max(-low).powi(j as i32))
                .sum();
            let rounding = 1e-14 * size * (-low).exp();
            let found = best.certificate(range).relative_error();
            assert!(found <= 1.02 * centered.relative_error() + rounding, "{low} {degree} {found}");
        }
    }
}

#[test]
fn softcapped_certificates_hold_and_are_close() {
    for range in ranges() {
        for cap in [0.5, 2.0, 5.0, 50.0] {
            for degree in [0, 2, 3, 6] {
                let best = ExpPolynomial::best_relative_softcapped(degree, range, cap).unwrap();
                for polynomial in [best, ExpPolynomial::taylor(degree).unwrap()] {
                    let certificate = polynomial.softcapped_certificate(range, cap).unwrap();
                    let at = |i: u32| range.low() + (range.high() - range.low()) * f64::from(i) / 20_000.0;
                    let (mut low, mut high, mut absolute) = (f64::INFINITY, 0.0_f64, 0.0_f64);
                    for t in (0..=20_000).map(at) {
                        let (f, weight) = (polynomial.evaluate(t), softcapped(t, cap));
                        (low, high) = (low.min(f / weight), high.max(f / weight));
                        absolute = absolute.max((f - weight).abs());
                    }
                    let slack = 1e-13;
                    assert!(
                        certificate.ratio_lower() <= low + slack && high <= certificate.ratio_upper() + slack
                    );
                    assert!(absolute <= certificate.absolute_error() * (1.0 + slack) + slack);
                    let relative = (high - 1.0).max(1.0 - low);
                    assert!(
                        certificate.relative_error() < 1.06 * relative,
                        "{range:?} {cap} {degree}: {} {relative}",
                        certificate.relative_error()
                    );
                }
            }
        }
    }
}

#[test]
fn a_best_softcapped_polynomial_has_levelled_errors() {
    for (range, cap) in
        [(LogitRange::symmetric(3.0).unwrap(), 2.0), (LogitRange::nonnegative(6.0).unwrap(), 4.0)]
    {
        for degree in 1..9 {
            let best = ExpPolynomial::best_relative_softcapped(degree, range, cap).unwrap();
            let error = |i: u32| {
                let t = range.low() + (range.high() - range.low()) * f64::from(i) / 50_000.0;
                best.evaluate(t) / softcapped(t, cap) - 1.0
            };
            // alternations, the least of whose sizes no polynomial of the degree undercuts (de la Vallée-Poussin)
            let mut extrema: Vec<f64> = Vec::new();
            for e in (0..=50_000).map(error) {
                match extrema.last_mut() {
                    Some(last) if (*last < 0.0) == (e < 0.0) => {
                        *last = if e.abs() > last.abs() { e } else { *last }
                    }
                    _ => extrema.push(e),
                }
            }
            let sizes = || extrema.iter().map(|e| e.abs());
            assert!(extrema.len() >= degree + 2, "{degree}: {extrema:?}");
            let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
            assert!(most < 1.02 * least, "{degree} {least} {most}");
        }
    }
    let range = LogitRange::symmetric(1.0).unwrap();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-3, 1e7] {
        assert!(matches!(ExpPolynomial::best_relative_softcapped(2, range, bad), Err(Error::Softcap { .. })));
        assert!(ExpPolynomial::taylor(2).unwrap().softcapped_certificate(range, bad).is_err());
    }
}

#[test]
fn softcapped_errors_of_more_degrees_are_no_larger() {
    // rounding errors lower the level for some of these degrees before it has settled
    for (max_logit, cap) in [(4.0, 30.0), (4.0, 50.0), (3.0, 20.0)] {
        let range = LogitRange::symmetric(max_logit).unwrap();
        let mut best = f64::INFINITY;
        for degree in 0..=ExpPolynomial::MAX_DEGREE {
            let found = ExpPolynomial::best_relative_softcapped(degree, range, cap).unwrap();
            let at = |i: u32| max_logit * (f64::from(i) / 1000.0 - 1.0);
            let error = |t: f64| (found.evaluate(t) / softcapped(t, cap) - 1.0).abs();
            let largest = (0..=2000).map(at).map(error).fold(0.0, f64::max);
            assert!(largest <= (1.02 * best).max(1e-8), "{max_logit} {cap} {degree} {largest} {best}");
            best = best.min(largest);
        }
    }
}

#[test]
fn coefficients_beyond_all_numbers_are_refused() {
    let range = LogitRange::symmetric(1e-20).unwrap();
    assert!(ExpPolynomial::best_relative_softcapped(2, range, 1.0).is_ok());
    assert!(matches!(
        ExpPolynomial::best_relative_softcapped(20, range, 1.0),
        Err(Error::CoefficientOutOfRange { .. })
    ));
    let logits = [0.0, 1e-300, 2e-300, 3e-300];
    assert!(matches!(ExpPolynomial::least_squares(2, &logits), Err(Error::CoefficientOutOfRange { .. })));
}
