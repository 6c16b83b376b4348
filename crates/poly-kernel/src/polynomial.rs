//! `ExpPolynomial`: polynomials near the exponential, and certificates of how near.

mod best;
mod certificate;
mod chebyshev;
mod least_squares;
#[cfg(test)]
mod tests;

pub use certificate::ErrorCertificate;

use crate::error::Error;
use crate::exp_taylor::{ExpTaylor, horner};

/// Logits `low ≤ t ≤ high`.
///
/// ```
/// use poly_kernel::LogitRange;
///
/// let range = LogitRange::symmetric(2.0)?;
/// assert_eq!((range.low(), range.high()), (-2.0, 2.0));
/// assert!(LogitRange::new(1.0, f64::NAN).is_err());
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogitRange {
    low: f64,
    high: f64,
}

impl LogitRange {
    /// Largest absolute logit of a range: beyond, no polynomial of a supported degree is of use.
    pub const LIMIT: f64 = 64.0;

    /// From `low` to `high`.
    ///
    /// # Errors
    /// [`Error::LogitRange`] unless `−64 ≤ low < high ≤ 64`.
    pub fn new(low: f64, high: f64) -> Result<Self, Error> {
        if -Self::LIMIT <= low && low < high && high <= Self::LIMIT {
            Ok(Self { low, high })
        } else {
            Err(Error::LogitRange { low, high })
        }
    }

    /// `|t| ≤ max_logit`: dot products of vectors of bounded length.
    ///
    /// # Errors
    /// [`Error::LogitRange`] unless `0 < max_logit ≤ 64`.
    pub fn symmetric(max_logit: f64) -> Result<Self, Error> {
        Self::new(-max_logit, max_logit)
    }

    /// `0 ≤ t ≤ max_logit`: dot products of vectors without negative entries.
    ///
    /// # Errors
    /// [`Error::LogitRange`] unless `0 < max_logit ≤ 64`.
    pub fn nonnegative(max_logit: f64) -> Result<Self, Error> {
        Self::new(0.0, max_logit)
    }

    /// Smallest logit.
    #[must_use]
    pub const fn low(self) -> f64 {
        self.low
    }

    /// Largest logit.
    #[must_use]
    pub const fn high(self) -> f64 {
        self.high
    }

    /// The logit at `−1 ≤ x ≤ 1`.
    fn at(self, x: f64) -> f64 {
        (self.half_width() * x + self.middle()).clamp(self.low, self.high)
    }

    fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    fn half_width(self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// A polynomial `f(t) = Σⱼ cⱼ tʲ` in place of `eᵗ`.
///
/// # Which one
///
/// | constructor | near in what sense | when |
/// |---|---|---|
/// | [`taylor`](Self::taylor) | at `t = 0`; `cⱼ > 0`, so that features need no signs | small logits, positive kernels (even degree) |
/// | [`chebyshev`](Self::chebyshev) | absolute error over a range, within a factor that grows like `ln g` of the best | values near the largest logit count |
/// | [`best_relative`](Self::best_relative) | the smallest relative error over a range | a guarantee for every input: output errors follow |
/// | [`least_squares_normal`](Self::least_squares_normal), [`least_squares`](Self::least_squares) | mean square under a law of logits | typical accuracy; no promise at the ends of the range |
///
/// None of these promises anything by itself: [`certificate`](Self::certificate) bounds the error of the coefficients as
/// they are, over any range, by interval arithmetic.
///
/// ```
/// use poly_kernel::{ExpPolynomial, LogitRange};
///
/// let range = LogitRange::symmetric(1.0)?;
/// let best = ExpPolynomial::best_relative(3, range)?;
/// let taylor = ExpPolynomial::taylor(3)?;
/// let error = best.certificate(range).relative_error();
/// assert!(error < 0.0065 && error < 0.1 * taylor.certificate(range).relative_error());
/// assert!((best.evaluate(-1.0) / (-1.0_f64).exp() - 1.0).abs() <= error);
/// // attention with this kernel: every output column is off by at most 0.33 % of the range of its values
/// assert!(best.certificate(range).output_error().unwrap() < 0.0033);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ExpPolynomial {
    coefficients: Vec<f64>,
}

impl ExpPolynomial {
    /// Highest degree.
    pub const MAX_DEGREE: usize = ExpTaylor::MAX_DEGREE;

    /// The polynomial with these coefficients, the constant first.
    ///
    /// # Errors
    /// [`Error::NoCoefficients`], [`Error::DegreeTooLarge`], [`Error::CoefficientOutOfRange`] unless each is finite.
    pub fn from_coefficients(coefficients: &[f64]) -> Result<Self, Error> {
        check_degree(coefficients.len().checked_sub(1).ok_or(Error::NoCoefficients)?)?;
        match coefficients.iter().position(|c| !c.is_finite()) {
            Some(degree) => Err(Error::CoefficientOutOfRange { degree, value: coefficients[degree] }),
            None => Ok(Self { coefficients: coefficients.to_vec() }),
        }
    }

    /// The Taylor polynomial at zero; [`ExpTaylor`] has its errors in closed form.
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`].
    pub fn taylor(degree: usize) -> Result<Self, Error> {
        Self::from_coefficients(ExpTaylor::new(degree)?.coefficients())
    }

    /// The expansion of `eᵗ` in Chebyshev polynomials of a range, cut off after `degree`.
    ///
    /// With `t = m + hx`, `e^{m + hx} = e^m (I₀(h) + 2 Σⱼ Iⱼ(h) Tⱼ(x))`, so over `[−B, B]` the absolute error is at most
    /// `2 Σ_{j>g} Iⱼ(B)` (NIST DLMF 10.35.1). Relative to `eᵗ` it is bad at the low end.
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`].
    pub fn chebyshev(degree: usize, range: LogitRange) -> Result<Self, Error> {
        check_degree(degree)?;
        Ok(Self { coefficients: chebyshev::truncated_exp(degree, range) })
    }

    /// The polynomial whose largest relative error `|e^{−t} f(t) − 1|` over a range is smallest, to about a thousandth; for ranges of
    /// a half-width of at most 10 and errors well above `2⁻⁴⁵(1 + B)e^{2B}`, with `B` the largest `|t|`.
    ///
    /// Below that, and over wider ranges, the rounding of the coefficients makes the error larger than it need be.
    ///
    /// Found by the exchange algorithm of Remez (1934) with weight `e^{−t}` on a fine grid of the range, in barycentric
    /// form (Pachón, Trefethen 2009, section 3). That no polynomial is better than the smallest error at its `g + 2`
    /// points of alternation is de la Vallée-Poussin's theorem (1910).
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`].
    pub fn best_relative(degree: usize, range: LogitRange) -> Result<Self, Error> {
        check_degree(degree)?;
        Ok(Self { coefficients: best::relative(degree, range) })
    }

    /// The best relative polynomial of the smallest degree whose certified relative error is at most `target`; `None` if
    /// there is none up to [`MAX_DEGREE`](Self::MAX_DEGREE). No smaller degree can do where
    /// [`best_relative`](Self::best_relative) is the best.
    ///
    /// ```
    /// use poly_kernel::{ExpPolynomial, ExpTaylor, LogitRange};
    ///
    /// let found = ExpPolynomial::best_relative_for(LogitRange::symmetric(4.0)?, 1e-2).unwrap();
    /// assert_eq!((found.degree(), ExpTaylor::degree_for(4.0, 1e-2)), (7, Some(15)));
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    #[must_use]
    pub fn best_relative_for(range: LogitRange, target: f64) -> Option<Self> {
        let candidates =
            (0..=Self::MAX_DEGREE).map(|degree| Self { coefficients: best::relative(degree, range) });
        candidates.into_iter().find(|candidate| candidate.certificate(range).relative_error() <= target)
    }

    /// [`best_relative`](Self::best_relative) to softmax weights of capped logits, `e^{c·tanh(t/c)}` with `c = softcap`.
    ///
    /// The same features then stand for attention with a softcap. For `|t|` not much above `c` the capped weight needs a smaller
    /// degree than the exponential; far beyond it is flat, which polynomials are bad at.
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`], [`Error::Softcap`] unless `0.01 ≤ softcap ≤ 1e6`, [`Error::CoefficientOutOfRange`] if a coefficient is
    /// not finite, as for ranges that are very narrow.
    ///
    /// ```
    /// use poly_kernel::{ExpPolynomial, LogitRange};
    ///
    /// let range = LogitRange::symmetric(4.0)?;
    /// let capped = ExpPolynomial::best_relative_softcapped(5, range, 3.0)?;
    /// let error = capped.softcapped_certificate(range, 3.0)?.relative_error();
    /// let plain = ExpPolynomial::best_relative(5, range)?.certificate(range).relative_error();
    /// assert!(error < 0.07 && error < plain, "{error} {plain}");
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn best_relative_softcapped(degree: usize, range: LogitRange, softcap: f64) -> Result<Self, Error> {
        check_degree(degree)?;
        check_softcap(softcap)?;
        Self::from_coefficients(&best::relative_to(degree, range, |t| softcapped(t, softcap)))
    }

    /// The polynomial with the smallest mean square of `f(t) − eᵗ` for `t ~ N(mean, std²)`.
    ///
    /// With `t = m + sz`, `e^{m + sz} = e^{m + s²/2} Σ_k (s^k/k!) He_k(z)`, and this is the sum up to `degree`: Hermite
    /// polynomials are orthogonal, with `E He_k² = k!`. What is left out has mean square
    /// `e^{2m + s²} Σ_{k>g} s^{2k}/k!`; see [`normal_error`](Self::normal_error).
    ///
    /// Errors of single attention weights count by their size there, as they do in the output: with values that are
    /// independent of the keys, its error is the root of a sum of squares of `f(tᵢ) − e^{tᵢ}`.
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`], [`Error::NormalLogits`] unless `|mean| ≤ 64` and `0 < std ≤ 8`.
    ///
    /// ```
    /// use poly_kernel::ExpPolynomial;
    ///
    /// let fit = ExpPolynomial::least_squares_normal(4, 0.0, 1.0)?;
    /// let taylor = ExpPolynomial::taylor(4)?;
    /// // at a logit two and a half deviations out, where much of the weight is
    /// let error = |f: &ExpPolynomial| (f.evaluate(2.5) / 2.5_f64.exp() - 1.0).abs();
    /// assert!(error(&fit) < 0.04 && error(&taylor) > 0.1);
    /// assert!(ExpPolynomial::normal_error(4, 1.0) < 0.061);
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn least_squares_normal(degree: usize, mean: f64, std: f64) -> Result<Self, Error> {
        check_degree(degree)?;
        if mean.abs() <= LogitRange::LIMIT && 0.0 < std && std <= 8.0 {
            Ok(Self { coefficients: least_squares::normal(degree, mean, std) })
        } else {
            Err(Error::NormalLogits { mean, std })
        }
    }

    /// `√(E[(f(t) − eᵗ)²] / E[e^{2t}]) = √P[Poisson(std²) > g]` of
    /// [`least_squares_normal`](Self::least_squares_normal), rounded upward; for every mean.
    ///
    /// No polynomial of that degree has less. `E[e^{2t}] = e^{2m + 2s²}` turns the sum left out into a Poisson tail.
    #[must_use]
    pub fn normal_error(degree: usize, std: f64) -> f64 {
        least_squares::normal_error(degree, std)
    }

    /// The polynomial with the smallest sum of squares of `f(tᵢ) − e^{tᵢ}` over a sample of logits.
    ///
    /// By polynomials that are orthogonal over the sample (Forsythe 1957): no normal equations.
    ///
    /// # Errors
    /// [`Error::DegreeTooLarge`]; [`Error::LogitRange`] with the smallest and largest logit unless they are different and
    /// within ±64 (NaN is neither); [`Error::TooFewLogits`] unless more than `degree` logits differ;
    /// [`Error::CoefficientOutOfRange`] if a coefficient is not finite, as for logits that hardly differ.
    ///
    /// ```
    /// use poly_kernel::ExpPolynomial;
    ///
    /// let logits: Vec<f64> = (0..100).map(|i| 0.01 * f64::from(i)).collect();
    /// let fit = ExpPolynomial::least_squares(2, &logits)?;
    /// assert!(logits.iter().all(|&t| (fit.evaluate(t) - t.exp()).abs() < 0.02));
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn least_squares(degree: usize, logits: &[f64]) -> Result<Self, Error> {
        check_degree(degree)?;
        // min and max would drop a NaN
        let (low, high) = if logits.iter().any(|t| t.is_nan()) {
            (f64::NAN, f64::NAN)
        } else {
            logits
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &t| (t.min(low), t.max(high)))
        };
        let range = LogitRange::new(low, high)?;
        Self::from_coefficients(&least_squares::sample(degree, logits, range)?)
    }

    /// Degree `g` (the leading coefficient may be zero).
    #[must_use]
    pub const fn degree(&self) -> usize {
        self.coefficients.len() - 1
    }

    /// `c₀ … c_g`; what a [`MonomialMap`](crate::MonomialMap) is made from.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// `f(t)` by Horner's rule.
    #[must_use]
    pub fn evaluate(&self, t: f64) -> f64 {
        horner(&self.coefficients, t)
    }

    /// How far the polynomial is from the exponential over a range: bounds that hold for every logit in it, for the
    /// coefficients as stored and in real arithmetic.
    ///
    /// # How
    /// `d(t) = f(t) − eᵗ = Σⱼ (cⱼ − 1/j!) tʲ`: what cancels does so in the coefficients, once. The range is cut into cells
    /// at Chebyshev points; over a cell `[c − h, c + h]`, `d` lies within `Σ_{k≥2} |d_k(c)| hᵏ` of the chord from
    /// `d(c) − h d′(c)` to `d(c) + h d′(c)`, `d_k(c)` the Taylor coefficients of `d` at `c` (from the eighth on, bounded over
    /// the range); likewise `e^{−t} d(t)`. All in interval arithmetic, rounded outward; no library function. The cells are so
    /// small that the bounds exceed the true extrema by a few per cent, as long as those are well above the rounding of the
    /// coefficients themselves, and of the sums of powers of `t` that the expansions at each `c` are: for ranges of a half-width of at
    /// most 10 and errors above `2⁻⁴⁵(1 + B)e^{2B}`, with `B` the largest `|t|`. Beyond, they hold but may be loose.
    #[must_use]
    pub fn certificate(&self, range: LogitRange) -> ErrorCertificate {
        ErrorCertificate::of(&self.coefficients, range)
    }

    /// How far the polynomial is from the weight of a capped logit, `e^{c·tanh(t/c)}` with `c = softcap`, over a range.
    ///
    /// As [`certificate`](Self::certificate), but the bounds are close to the extrema only while these are large relative errors
    /// against `2.5e-11·(2 + 1/c)·w²`, with `w` half the width of the range, at which they may be twice as large.
    ///
    /// # Errors
    /// [`Error::Softcap`] unless `0.01 ≤ softcap ≤ 1e6`.
    pub fn softcapped_certificate(&self, range: LogitRange, softcap: f64) -> Result<ErrorCertificate, Error> {
        check_softcap(softcap)?;
        Ok(ErrorCertificate::softcapped(&self.coefficients, range, softcap))
    }
}

impl From<ExpTaylor> for ExpPolynomial {
    fn from(taylor: ExpTaylor) -> Self {
        Self { coefficients: taylor.coefficients().to_vec() }
    }
}

fn check_degree(degree: usize) -> Result<(), Error> {
    let max = ExpPolynomial::MAX_DEGREE;
    if degree <= max { Ok(()) } else { Err(Error::DegreeTooLarge { degree, max }) }
}

fn check_softcap(value: f64) -> Result<(), Error> {
    if (0.01..=1e6).contains(&value) { Ok(()) } else { Err(Error::Softcap { value }) }
}

/// `e^{c·tanh(t/c)}`, to nearest.
fn softcapped(t: f64, cap: f64) -> f64 {
    (cap * (t / cap).tanh()).exp()
}
