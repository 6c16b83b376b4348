//! Bounds of a polynomial's distance from the exponential, by interval arithmetic over cells.

mod softcap;

use super::LogitRange;
use crate::exp_taylor::{exp_lower, exp_upper};
use crate::interval::Interval;
use crate::output_error::output_error;
use core::f64::consts::PI;

/// Cells for each degree and one more: the errors of good polynomials are like Chebyshev polynomials, with one
/// half-wave a degree between Chebyshev points.
const CELLS: usize = 32;
/// And for each unit of the range: the exponential bends, too.
const CELLS_PER_LOGIT: usize = 8;
/// Terms of a series about the centre of a cell: what is beyond is bounded over the whole range, and small as its power.
const LOCAL: usize = 8;
/// Terms of the series of `eᵗ` are summed until they are this small against the first that a polynomial lacks.
const NEGLIGIBLE: f64 = 1e-26;

/// How far a polynomial `f` is from the exponential over a range of logits, in real arithmetic.
///
/// Made by [`ExpPolynomial::certificate`](crate::ExpPolynomial::certificate); by
/// [`ExpPolynomial::softcapped_certificate`](crate::ExpPolynomial::softcapped_certificate), `e^{c·tanh(t/c)}` stands wherever these
/// docs say `eᵗ`.
///
/// ```
/// use poly_kernel::{ExpPolynomial, LogitRange};
///
/// let range = LogitRange::nonnegative(2.0)?;
/// let certificate = ExpPolynomial::taylor(4)?.certificate(range);
/// // T₄ is below the exponential here, and positive
/// assert!(certificate.ratio_upper() < 1.0 + 1e-9 && certificate.ratio_lower() > 0.94);
/// assert!(certificate.value_lower() > 0.99);
/// assert!(certificate.absolute_error() < 0.4);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorCertificate {
    range: LogitRange,
    absolute_error: f64,
    /// Of `e^{−t} f(t) − 1`.
    deviation: Interval,
    value_lower: f64,
    /// No `eᵗ` of the range is outside.
    weights: Interval,
}

impl ErrorCertificate {
    fn nothing_seen(range: LogitRange, weights: Interval) -> Self {
        Self {
            range,
            absolute_error: 0.0,
            deviation: Interval { low: f64::INFINITY, high: f64::NEG_INFINITY },
            value_lower: f64::INFINITY,
            weights,
        }
    }

    pub(super) fn of(coefficients: &[f64], range: LogitRange) -> Self {
        let polynomial = coefficients.iter().map(|&c| Interval::exact(c)).collect();
        let polynomial = Series::new(polynomial, Interval::ZERO, range);
        let difference = Series::difference(coefficients, range);
        let count = CELLS * coefficients.len() + CELLS_PER_LOGIT * (range.high - range.low) as usize;
        let weights = Interval { low: exp_lower(range.low), high: exp_upper(range.high) };
        let mut found = Self::nothing_seen(range, weights);
        let mut left = range.low;
        for i in 1..=count {
            let right = if i == count {
                range.high
            } else {
                range.at(-(PI * i as f64 / count as f64).cos()).max(left)
            };
            let cell = Cell::new(left, right);
            let error = cell.expand(&difference);
            found.absolute_error = found.absolute_error.max(cell.values(&error).magnitude());
            found.deviation = found.deviation.hull(cell.weighted_values(&error));
            found.value_lower = found.value_lower.min(cell.values(&cell.expand(&polynomial)).low);
            left = right;
        }
        found
    }

    /// The logits for which the bounds hold.
    #[must_use]
    pub const fn range(&self) -> LogitRange {
        self.range
    }

    /// `|f(t) − eᵗ|` is at most this.
    #[must_use]
    pub const fn absolute_error(&self) -> f64 {
        self.absolute_error
    }

    /// `|e^{−t} f(t) − 1|` is at most this.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        self.deviation.magnitude()
    }

    /// `f(t)/eᵗ` is at least this.
    #[must_use]
    pub fn ratio_lower(&self) -> f64 {
        (1.0 + self.deviation.low).next_down()
    }

    /// `f(t)/eᵗ` is at most this.
    #[must_use]
    pub fn ratio_upper(&self) -> f64 {
        (1.0 + self.deviation.high).next_up()
    }

    /// `f(t)` is at least this; sums of weights keep their sign if it is positive.
    #[must_use]
    pub fn value_lower(&self) -> f64 {
        self.value_lower.max((self.ratio_lower() * self.weight_at_low_ratio()).next_down())
    }

    /// Attention with weights `f(tᵢ)` differs from attention with weights `e^{tᵢ}` by at most this fraction of the range
    /// `max V − min V` of each value column, [`output_error`] of the ratios; `None` if `f` may not be positive.
    #[must_use]
    pub fn output_error(&self) -> Option<f64> {
        output_error(self.ratio_lower(), self.ratio_upper())
    }

    /// `f ≥ ratio·eᵗ`: the smallest exponential for a positive ratio, the largest for a negative one.
    fn weight_at_low_ratio(&self) -> f64 {
        if self.ratio_lower() > 0.0 { self.weights.low } else { self.weights.high }
    }
}

/// A power series over a range.
struct Series {
    coefficients: Vec<Interval>,
    /// What is to be added to its values.
    rest: Interval,
    /// No Taylor coefficient of order `LOCAL`, at any logit of the range, is larger.
    beyond: Interval,
}

impl Series {
    fn new(coefficients: Vec<Interval>, rest: Interval, range: LogitRange) -> Self {
        // Σⱼ |dⱼ| C(j, LOCAL) reach^{j − LOCAL}
        let reach = Interval::exact(reach(range));
        let (mut factor, mut beyond) = (Interval::ONE, Interval::ZERO);
        for (j, coefficient) in coefficients.iter().enumerate().skip(LOCAL) {
            beyond = beyond + coefficient.absolute() * factor;
            factor = (factor * reach * Interval::exact((j + 1) as f64)).over((j + 1 - LOCAL) as f64);
        }
        Self { coefficients, rest, beyond }
    }

    /// `f(t) − eᵗ`.
    fn difference(coefficients: &[f64], range: LogitRange) -> Self {
        let reach = reach(range);
        let (mut reciprocal, mut term, mut first_missing) = (Interval::ONE, 1.0, 0.0_f64);
        let mut difference = Vec::new();
        for j in 0.. {
            if j > 0 {
                reciprocal = reciprocal.over(j as f64);
                term = (term * (reach / j as f64)).next_up().next_up();
            }
            if j == coefficients.len() {
                first_missing = term;
            }
            // from here on terms fall by at least a half each time: all together are at most twice the first
            let negligible = (NEGLIGIBLE * first_missing).max(f64::MIN_POSITIVE);
            if j > coefficients.len() && 2.0 * reach <= j as f64 && term <= negligible {
                return Self::new(difference, Interval::around_zero(2.0 * negligible), range);
            }
            difference.push(Interval::exact(coefficients.get(j).copied().unwrap_or(0.0)) - reciprocal);
        }
        unreachable!("the terms of the exponential series fall below any bound")
    }

    /// Taylor coefficients below order `LOCAL`, by repeated synthetic division.
    fn shifted(&self, center: f64) -> Vec<Interval> {
        let mut shifted = self.coefficients.clone();
        let center = Interval::exact(center);
        for k in 0..LOCAL.min(shifted.len()) {
            for j in (k..shifted.len() - 1).rev() {
                shifted[j] = shifted[j] + shifted[j + 1] * center;
            }
        }
        shifted.truncate(LOCAL);
        shifted
    }
}

fn reach(range: LogitRange) -> f64 {
    range.low.abs().max(range.high.abs())
}

/// All logits within `half` of `center`.
#[derive(Clone, Copy)]
struct Cell {
    center: f64,
    half: f64,
}

impl Cell {
    fn new(left: f64, right: f64) -> Self {
        let center = f64::midpoint(left, right);
        Self { center, half: (right - center).max(center - left).next_up() }
    }

    /// A series about the centre.
    fn expand(&self, series: &Series) -> Expansion {
        let shifted = series.shifted(self.center);
        let half = Interval::exact(self.half);
        let slope = shifted.get(1).map_or(Interval::ZERO, |&slope| slope);
        let (mut power, mut higher) = (half, Interval::ZERO);
        for order in 2..=LOCAL {
            power = power * half;
            let coefficient = if order == LOCAL { Some(&series.beyond) } else { shifted.get(order) };
            higher = higher + coefficient.map_or(Interval::ZERO, |c| c.absolute()) * power;
        }
        Expansion { value: shifted[0] + series.rest, slope, higher: higher.high }
    }

    /// Encloses the values: ends of a chord, and the higher terms.
    fn values(&self, of: &Expansion) -> Interval {
        let slope = of.slope * Interval::exact(self.half);
        (of.value - slope).hull(of.value + slope) + Interval::around_zero(of.higher)
    }

    /// Encloses the values times `e^{−t}`. With `t = c + s`,
    /// `(a + bs + r)e^{−s} = a + (b − a)s − bs² + (a + bs)(e^{−s} − 1 + s) + re^{−s}`, and `0 ≤ e^{−s} − 1 + s ≤ ½h²eʰ`.
    fn weighted_values(&self, of: &Expansion) -> Interval {
        let half = Interval::exact(self.half);
        let growth = Interval::exact(exp_upper(self.half));
        let (value, slope) = (of.value.absolute(), of.slope.absolute());
        let bent = (value + slope * half) * half * half * growth * Interval::exact(0.5) + slope * half * half;
        let higher = bent + Interval::exact(of.higher) * growth;
        let weighted = Expansion { value: of.value, slope: of.slope - of.value, higher: higher.high };
        self.values(&weighted) * Interval { low: exp_lower(-self.center), high: exp_upper(-self.center) }
    }
}

/// `a + bs + r` for `|s| ≤ h`.
struct Expansion {
    value: Interval,
    slope: Interval,
    /// `|r|` is at most this.
    higher: f64,
}
