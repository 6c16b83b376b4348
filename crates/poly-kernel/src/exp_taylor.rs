//! `ExpTaylor`: the Taylor polynomial of `exp` and exact certificates of its relative error.

mod series;

use crate::error::Error;
pub(crate) use series::{exp_lower, exp_upper, poisson_tail};
use series::{exp_lower_reciprocal, growth_integral};

/// The Taylor polynomial `T_g(t) = Σ_{j≤g} tʲ/j!` of the exponential.
///
/// # Error
/// Let `E(t) = e^{−t} T_g(t) − 1` be the signed relative error. Since `T_g' = T_{g−1}`,
///
/// ```text
/// E'(t) = e^{−t} (T_{g−1}(t) − T_g(t)) = −e^{−t} tᵍ/g!,        E(0) = 0.
/// ```
///
/// For `t ≥ 0` this gives `−E(t) = ∫₀ᵗ e^{−u} uᵍ/g! du = P[Poisson(t) > g]`. For `t = −s ≤ 0` it gives
/// `|E(−s)| = ∫₀ˢ eᵘ uᵍ/g! du`, with the sign of `(−1)ᵍ`. Both integrands are non-negative, so both errors grow
/// with `|t|`, and the second is the larger. Hence the two certificates below are the exact suprema over `[0, B]` and
/// `[−B, B]`, not estimates; the familiar `e^B B^{g+1}/(g+1)!` is larger than the second, by a factor of about
/// `1 + B/(g+2)` for small `B`.
///
/// # Sign
/// For even `g`, `T_g(−s) = e^{−s}(1 + |E(−s)|) ≥ e^{−s}`: the polynomial is positive everywhere. For odd `g` it
/// increases through exactly one zero.
///
/// # Rounding
/// The certificates are rounded outward and use no library `exp`. They are about real arithmetic: the `f64`
/// coefficients differ from `1/j!` by a relative [`COEFFICIENT_ERROR`](Self::COEFFICIENT_ERROR) at most, which moves
/// `T_g(t)` by that fraction of `T_g(|t|)`.
///
/// ```
/// use poly_kernel::ExpTaylor;
///
/// let taylor = ExpTaylor::new(4)?;
/// let (t, bound) = (-0.8_f64, taylor.relative_error(1.0)); // 1.9 % over |t| ≤ 1
/// assert!((taylor.evaluate(t) / t.exp() - 1.0).abs() <= bound && bound < 0.02);
/// assert!(taylor.relative_error_nonnegative(1.0) < 0.0037);
/// assert!(taylor.lower_bound(10.0) > 0.0);
/// assert_eq!(ExpTaylor::degree_for(1.0, 1e-2), Some(5));
/// # Ok::<(), poly_kernel::Error>(())
/// ```
///
/// # References
/// The first integral is the regularised incomplete gamma function (NIST DLMF 8.2.4 and 8.4.10).
#[derive(Debug, Clone, PartialEq)]
pub struct ExpTaylor {
    coefficients: Vec<f64>,
}

impl ExpTaylor {
    /// Highest degree.
    pub const MAX_DEGREE: usize = 30;

    /// Relative error of a coefficient: `j!` is converted from an exact integer and inverted, two roundings of `2⁻⁵³`.
    pub const COEFFICIENT_ERROR: f64 = f64::EPSILON;

    /// The polynomial of this degree.
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`] above [`MAX_DEGREE`](Self::MAX_DEGREE).
    pub fn new(degree: usize) -> Result<Self, Error> {
        if degree > Self::MAX_DEGREE {
            return Err(Error::DegreeTooLarge { degree, max: Self::MAX_DEGREE });
        }
        // 30! < 2¹²⁸
        let factorials = (0..=degree as u128).scan(1_u128, |factorial, j| {
            *factorial *= j.max(1);
            Some(*factorial)
        });
        Ok(Self { coefficients: factorials.map(|factorial| 1.0 / factorial as f64).collect() })
    }

    /// Degree `g`.
    #[must_use]
    pub const fn degree(&self) -> usize {
        self.coefficients.len() - 1
    }

    /// `1/j!` for `j = 0 … g`.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// `T_g(t)` by Horner's rule.
    #[must_use]
    pub fn evaluate(&self, t: f64) -> f64 {
        horner(&self.coefficients, t)
    }

    /// `sup { |e^{−t} T_g(t) − 1| : 0 ≤ t ≤ max_logit } = P[Poisson(max_logit) > g]`, rounded outward.
    ///
    /// On this side the polynomial is below the exponential: `T_g(t)/eᵗ ∈ [1 − error, 1]`. At most 1; the slack is below
    /// `10⁻¹³` relative for `max_logit ≤ 50` and results above `10⁻²⁹⁰`. `+∞` unless `max_logit ≥ 0`.
    #[must_use]
    pub fn relative_error_nonnegative(&self, max_logit: f64) -> f64 {
        if max_logit >= 0.0 { poisson_tail(self.degree(), max_logit) } else { f64::INFINITY }
    }

    /// `sup { |e^{−t} T_g(t) − 1| : |t| ≤ max_logit } = ∫₀^{max_logit} eᵘ uᵍ/g! du`, rounded outward.
    ///
    /// The slack is below `10⁻¹³` relative for `max_logit ≤ 50` and results above `10⁻²⁹⁰`. `+∞` on overflow (certainly above 700) and unless
    /// `max_logit ≥ 0`.
    #[must_use]
    pub fn relative_error(&self, max_logit: f64) -> f64 {
        if max_logit >= 0.0 { growth_integral(self.degree(), max_logit) } else { f64::INFINITY }
    }

    /// A number that `T_g(t)` does not fall below for `|t| ≤ max_logit`; positive if `g` is even.
    ///
    /// For even `g` the polynomial is convex and its minimum is the zero of `T_{g−1}`, which lies in `[−g, 0]` (Eneström
    /// and Kakeya); a tangent near it is a bound wherever it touches. For odd `g` the minimum is `T_g(−max_logit)`.
    /// `−∞` unless `max_logit ≥ 0`.
    #[must_use]
    pub fn lower_bound(&self, max_logit: f64) -> f64 {
        let degree = self.degree();
        if max_logit.is_nan() || max_logit < 0.0 {
            f64::NEG_INFINITY
        } else if degree.is_multiple_of(2) {
            let reach = max_logit.min(degree as f64);
            self.tangent_bound(reach).max(exp_lower_reciprocal(reach))
        } else {
            let direct = self.evaluate(-max_logit) - self.evaluation_error(max_logit);
            let gap = 1.0 - self.relative_error(max_logit);
            let product = gap * exp_lower_reciprocal(max_logit) * (1.0 - 4.0 * f64::EPSILON);
            // max drops a NaN, which an infinite argument makes
            if gap > 0.0 { direct.max(product) } else { direct.max(f64::NEG_INFINITY) }
        }
    }

    /// The smallest degree with [`relative_error`](Self::relative_error) at most `target` over `|t| ≤ max_logit`.
    #[must_use]
    pub fn degree_for(max_logit: f64, target: f64) -> Option<usize> {
        (0..=Self::MAX_DEGREE)
            .find(|&degree| max_logit >= 0.0 && growth_integral(degree, max_logit) <= target)
    }

    /// The smallest degree with [`relative_error_nonnegative`](Self::relative_error_nonnegative) at most `target`.
    #[must_use]
    pub fn degree_for_nonnegative(max_logit: f64, target: f64) -> Option<usize> {
        (0..=Self::MAX_DEGREE).find(|&degree| max_logit >= 0.0 && poisson_tail(degree, max_logit) <= target)
    }

    /// The least value on `[−reach, reach]` of the tangent at a computed minimiser; even degrees.
    fn tangent_bound(&self, reach: f64) -> f64 {
        let derivative = &self.coefficients[..self.degree()];
        let (mut low, mut high) = (-reach, 0.0);
        if horner(derivative, low) >= 0.0 {
            high = low;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if horner(derivative, middle) < 0.0 { low = middle } else { high = middle }
        }
        let (slope, error) = (horner(derivative, high), self.evaluation_error(high.abs()));
        // the tangent falls towards −reach where its slope is positive, towards +reach where it is negative
        let fall = ((slope + error) * (high + reach)).max((error - slope) * (reach - high)).max(0.0);
        self.evaluate(high) - (error + fall) * (1.0 + 8.0 * f64::EPSILON)
    }

    /// A bound on the error of [`evaluate`](Self::evaluate) at `±t` against real arithmetic, also of the derivative's.
    ///
    /// Horner makes 2g roundings of at most `u` on each term, a coefficient has two: `(2g + 2) u Σ|t|ʲ/j!`.
    fn evaluation_error(&self, t: f64) -> f64 {
        (2 * self.degree() + 4) as f64 * f64::EPSILON * self.evaluate(t)
    }
}

pub(crate) fn horner(coefficients: &[f64], t: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, &c| sum * t + c)
}

#[cfg(test)]
mod tests;
