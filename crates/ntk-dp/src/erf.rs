//! The error function.

/// `erf x`, to 3e-15.
///
/// `2/√π e^{−x²} Σₙ 2ⁿx²ⁿ⁺¹/(2n + 1)!!`, all terms of one sign; from 6 on the complement is below `3e-17`.
pub(crate) fn erf(x: f64) -> f64 {
    let size = x.abs();
    if size.is_nan() {
        return x;
    }
    if size >= 6.0 {
        return 1.0_f64.copysign(x);
    }
    let (mut term, mut sum, mut odd) = (size, 0.0, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= 2.0 * size * size / odd;
    }
    (core::f64::consts::FRAC_2_SQRT_PI * (-size * size).exp() * sum).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::erf;

    /// NIST DLMF, table 7.23 of Abramowitz and Stegun 1964 to ten digits and more.
    #[test]
    fn known_values() {
        for (x, value) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (-1.0, -0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (7.0, 1.0),
        ] {
            assert!((erf(x) - value).abs() < 1e-15, "{x}");
        }
        assert!(erf(f64::NAN).is_nan());
        assert!((erf(5.999_999) - erf(6.0)).abs() < 1e-15);
    }
}
