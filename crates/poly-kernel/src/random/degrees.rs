//! `Degrees`: a polynomial whose degrees share a number of random features.

use super::{check_count, check_dim, max_features};
use crate::{
    error::Error,
    exp_taylor::exp_upper,
    feature_map::{KernelError, NormBound, max_logit, nan_to_infinity, polynomial_error},
    monomial::MonomialMap,
    outward::up,
};

/// A polynomial `Σⱼ cⱼ tʲ` with `cⱼ ≥ 0` on points of dimension `d`, and the number of features of each degree.
///
/// The bounds are derived where the maps that have them are documented.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Degrees {
    dim: usize,
    coefficients: Vec<f64>,
    counts: Vec<usize>,
    variance: Variance,
}

/// The variance of the `m` features of a degree `n`, over `(c_n Bⁿ)²`, at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Variance {
    /// `((3 − 2/d)ⁿ − 1)/m`: all factors are multiplied at once.
    AtOnce,
    /// `(2(1 + q)ⁿ − 2)/m + gcd(2, m)((2 + q)ⁿ − 2ⁿ − (1 + q)ⁿ + 1)/m²` with `q = 1 − 1/d`: all factors are hashed at once.
    Hashed,
    /// `ρ(m) ρ(m')^{n−2} − 1` for `ρ(m) = 1 + 6/m + 2 gcd(2, m)/m²`, and `(2 − 2/d)/m` for `n = 1`: products are sketched two
    /// by two, in `m'` [inner buckets](Degree::inner_buckets) but for the last.
    TwoByTwo,
}

impl Variance {
    /// Rounded outward.
    fn bound(self, dim: usize, of: Degree) -> f64 {
        let (dim, count) = (dim as f64, of.count as f64);
        match (self, of.power) {
            (Self::TwoByTwo, 0) => 0.0,
            (Self::AtOnce, _) | (Self::TwoByTwo, 1) => {
                let moment = up(power(3.0 - 2.0 / dim, of.power), 3 * of.power) - 1.0;
                up(moment / count, 2)
            }
            (Self::Hashed, n) => {
                let q = up(1.0 - 1.0 / dim, 1);
                let [one, two, three] = [1.0 + q, 2.0, 2.0 + q].map(|base| up(power(base, n), 3 * n + 1));
                let pairs = up(2.0 * one - 2.0, 1) / count;
                // what is subtracted is rounded up, too: by less than its rounding is added at the end
                let slack = 8.0 * (n + 1) as f64 * f64::EPSILON * three;
                let mixed = (three - two - one + 1.0 + slack).max(0.0);
                up(pairs + gcd_with_two(of.count) * mixed / (count * count), 6)
            }
            (Self::TwoByTwo, _) => {
                let moment = node_moment(of.count) * power(node_moment(of.inner_buckets()), of.power - 2);
                up(up(moment, 6 * of.power) - 1.0, 1)
            }
        }
    }

    /// What `m` times the bound is at most in the limit of many features.
    fn growth(self, power: usize) -> f64 {
        match (self, power) {
            (Self::AtOnce, _) => 3.0_f64.powi(power as i32) - 1.0,
            (Self::Hashed, _) => 2.0 * (2.0_f64.powi(power as i32) - 1.0),
            (Self::TwoByTwo, 0 | 1) => 2.0 * power as f64,
            (Self::TwoByTwo, _) => 6.0 * (power as f64 - 1.0),
        }
    }
}

fn power(base: f64, exponent: usize) -> f64 {
    (0..exponent).fold(1.0, |value, _| value * base)
}

/// `ρ(m)`, up to five roundings.
fn node_moment(buckets: usize) -> f64 {
    let m = buckets as f64;
    1.0 + 6.0 / m + 2.0 * gcd_with_two(buckets) / (m * m)
}

/// `gcd(2, m)`: how many solutions `2h = 0` has modulo `m`.
pub(super) const fn gcd_with_two(m: usize) -> f64 {
    if m.is_multiple_of(2) { 2.0 } else { 1.0 }
}

/// A degree with a nonzero coefficient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Degree {
    /// `n`.
    pub(super) power: usize,
    /// `m_n`, at least one.
    pub(super) count: usize,
    /// `c_n`.
    pub(super) coefficient: f64,
}

impl Degree {
    /// `m'`, the buckets of all nodes of a tree but the root. These are no features, so that there may be as many as it takes for
    /// `ρ(m')^{n−2} ≤ e^{2/5}`; a power of two for the transforms.
    pub(super) fn inner_buckets(self) -> usize {
        self.count.max(16 * self.power).next_power_of_two()
    }
}

impl Degrees {
    /// Divides `total` features, for each of which `numbers` random numbers will be drawn.
    pub(super) fn new(
        dim: usize,
        coefficients: &[f64],
        total: usize,
        numbers: usize,
        variance: Variance,
    ) -> Result<Self, Error> {
        check_dim(dim)?;
        check_coefficients(coefficients)?;
        let counts = divide(coefficients, variance, total, max_features(numbers))?;
        Ok(Self { dim, coefficients: coefficients.to_vec(), counts, variance })
    }

    pub(super) const fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    pub(super) fn feature_count(&self) -> usize {
        self.counts.iter().sum()
    }

    pub(super) fn features_of_degree(&self, degree: usize) -> usize {
        self.counts.get(degree).copied().unwrap_or(0)
    }

    /// In the order of the features.
    pub(super) fn kept(&self) -> impl Iterator<Item = Degree> {
        let all = self.coefficients.iter().zip(&self.counts).enumerate();
        all.filter(|(_, (_, count))| **count > 0).map(|(power, (&coefficient, &count))| Degree {
            power,
            count,
            coefficient,
        })
    }

    /// `Σ_n (c_n Bⁿ)²` times the variance of each degree for `B = radius²`, rounded outward.
    pub(super) fn variance_bound(&self, radius: f64) -> f64 {
        let logit = max_logit(radius);
        let term = |of: Degree| {
            let scaled = (0..of.power).fold(of.coefficient, |value, _| value * logit);
            scaled * (scaled * self.variance.bound(self.dim, of))
        };
        nan_to_infinity(up(self.kept().map(term).sum(), 3 * self.coefficients.len() + 10))
    }

    /// `f(d·radius²)`, rounded outward.
    pub(super) fn squared_norm_bound(&self, radius: f64) -> f64 {
        let largest = up(self.dim as f64 * max_logit(radius), 1);
        let sum = self.coefficients.iter().rev().fold(0.0, |sum, &c| sum * largest + c);
        nan_to_infinity(up(sum, 2 * self.coefficients.len()))
    }

    pub(super) fn norm_bound(&self, radius: f64) -> NormBound {
        NormBound::Deterministic(up(self.squared_norm_bound(radius).sqrt(), 1))
    }

    pub(super) fn kernel_error(&self, radius: f64) -> KernelError {
        let logit = max_logit(radius);
        rms_error(polynomial_error(&self.coefficients, logit), self.variance_bound(radius), logit)
    }
}

/// `√(bias² + e^{2B}·variance)`.
pub(super) fn rms_error(bias: f64, variance: f64, max_logit: f64) -> KernelError {
    let largest = exp_upper(max_logit);
    let rms = up((bias * bias + largest * largest * variance).sqrt(), 6);
    KernelError::RelativeRms(nan_to_infinity(rms))
}

fn check_coefficients(coefficients: &[f64]) -> Result<(), Error> {
    let degree = coefficients.len().checked_sub(1).ok_or(Error::NoCoefficients)?;
    if degree > MonomialMap::MAX_DEGREE {
        return Err(Error::DegreeTooLarge { degree, max: MonomialMap::MAX_DEGREE });
    }
    for (degree, &value) in coefficients.iter().enumerate() {
        if value != 0.0 && !(1e-150..=1e150).contains(&value) {
            return Err(Error::CoefficientOutOfRange { degree, value });
        }
    }
    if coefficients[degree] == 0.0 { Err(Error::ZeroLeadingCoefficient { degree }) } else { Ok(()) }
}

/// Features of each degree: one for a constant; one for every other, and the rest in proportion to `c_n` times the root of
/// the [growth](Variance::growth).
///
/// What rounding down leaves goes to the degree of the largest weight.
fn divide(coefficients: &[f64], variance: Variance, total: usize, max: usize) -> Result<Vec<usize>, Error> {
    let mut counts: Vec<usize> = coefficients.iter().map(|&c| usize::from(c != 0.0)).collect();
    let needed = counts.iter().sum();
    let is_constant = coefficients.len() == 1;
    check_count(total, needed, if is_constant { needed } else { max })?;
    let weights: Vec<f64> =
        coefficients.iter().enumerate().map(|(n, c)| c * variance.growth(n).sqrt()).collect();
    let sum: f64 = weights.iter().sum();
    let spare = total - needed;
    let mut left = spare;
    for (count, weight) in counts.iter_mut().zip(&weights).skip(1) {
        let share = ((spare as f64 * (weight / sum)) as usize).min(left);
        *count += share;
        left -= share;
    }
    let largest = (0..weights.len()).max_by(|&i, &j| weights[i].total_cmp(&weights[j]));
    if let Some(largest) = largest {
        counts[largest] += left;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::Variance::{AtOnce, TwoByTwo};
    use super::*;

    #[test]
    fn features_are_divided_without_rest_and_every_degree_has_one() {
        for total in [5, 6, 100, 1001] {
            let counts = divide(&[1.0, 1.0, 0.0, 1.0 / 6.0, 1e-9, 0.1], AtOnce, total, 2000).unwrap();
            assert_eq!(counts.iter().sum::<usize>(), total);
            assert_eq!((counts[0], counts[2]), (1, 0));
            assert!(counts.iter().enumerate().all(|(n, &count)| count > 0 || n == 2));
        }
        // √2 : ½·√8 is one to one, and 1 + 1 + 1 go first
        assert_eq!(divide(&[1.0, 1.0, 0.5], AtOnce, 103, 103).unwrap(), [1, 51, 51]);
        // √2 : ⅓·√18
        assert_eq!(divide(&[1.0, 1.0, 0.0, 0.0, 1.0 / 3.0], TwoByTwo, 103, 103).unwrap(), [1, 51, 0, 0, 51]);
    }

    #[test]
    fn a_constant_has_one_feature() {
        assert_eq!(divide(&[2.0], AtOnce, 1, 9).unwrap(), [1]);
        assert_eq!(
            divide(&[2.0], TwoByTwo, 2, 9),
            Err(Error::RandomFeatureCount { count: 2, min: 1, max: 1 })
        );
    }
}
