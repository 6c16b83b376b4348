//! Everything that follows from the options of cross-attention from trees: no data, no randomness.

use super::forest::{Lift, round};
use super::mechanism::{Touched, TreeBudget};
use super::options::{TreeAttentionOptions, check_bits};
use crate::error::Error;
use crate::private::{MomentGeometry, power_of_two};
use core::ops::Range;
use dp_mechanisms::Error as MechanismError;
use dp_mechanisms::continual::TreeShape;
use poly_kernel::MonomialMap;

/// Powers of a feature in a leaf: none, one, two.
pub(crate) const MOMENTS: usize = 3;
/// Plain sums for each column: `Σ w‖φ‖²` and `Σ w`.
pub(crate) const SUMS: usize = 2;

/// How features become entries of trees and of the two sums, and integer bounds that hold row by row.
///
/// With the integer features `φ̃` of a row, `‖φ̃‖² ≤ A²` and `|φ̃_a| ≤ β_a`, tree a holds `(f₀, ⌊f₁φ̃_a⌉, ⌊f₂φ̃_a²⌉)`, the sums
/// `(⌊f_P‖φ̃‖²⌉, f_W)`, each times the quantised value and normaliser.
#[derive(Debug, Clone)]
pub(crate) struct TreeGeometry {
    pub(crate) options: TreeAttentionOptions,
    pub(crate) moments: MomentGeometry,
    pub(crate) lifts: Vec<Lift>,
    /// `f_P`
    pub(crate) norm_factor: f64,
    /// `f_W`, an integer.
    pub(crate) mass: f64,
    /// Bound on the sum over features of the squared entries `⌊f₁φ̃⌉`.
    pub(crate) squared_linear: f64,
    /// The same of `⌊f₂φ̃²⌉`; both are integers below 2⁵³.
    pub(crate) squared_square: f64,
}

impl TreeGeometry {
    pub(crate) fn new(options: TreeAttentionOptions) -> Result<Self, Error> {
        let moments = MomentGeometry::new(options.moments().clone())?;
        let (feature_bits, value_bits) = options.moments().resolution();
        check_bits(feature_bits, value_bits, options.moments().max_rows())?;
        let largest = power_of_two(feature_bits as i32);
        let ranges = ranges(&moments)?;
        let geometry = match options.budget() {
            TreeBudget::Joint => joint(options, moments, &ranges, largest)?,
            TreeBudget::EqualShares | TreeBudget::Accounted => equal(options, moments, &ranges, largest),
        };
        geometry.check_capacity().map(|()| geometry)
    }

    /// Bins, and shape of the leaves: powers, columns, plain sums.
    pub(crate) fn entries(&self) -> (usize, usize, usize) {
        let columns = self.moments.columns();
        (MOMENTS, columns, SUMS * columns)
    }

    /// Entry `⌊f_P‖φ̃‖²⌉` of a row.
    pub(crate) fn norm_entry(&self, squared_norm: f64) -> f64 {
        round(squared_norm * self.norm_factor).min(self.norm_limit())
    }

    fn norm_limit(&self) -> f64 {
        round(self.moments.squared_feature_norm() as f64 * self.norm_factor)
    }

    /// What a row touches, for trees of this many levels.
    ///
    /// A row's contribution is `x ⊗ ũ`, x its entries, one copy a level. `‖ũ‖² ≤ V² + c̃²`. Where `⟨ũ, ũ'⟩ ≥ 0` is
    /// proven only entries `⌊f₁φ̃⌉` of two rows can oppose each other, because constants, squares and norms are nonnegative; else all can.
    pub(crate) fn touched(&self, pieces: u64, levels: u32) -> Result<Touched, MechanismError> {
        let (_, values) = self.moments.squared_row_norm();
        let squared = |x: f64| (x as u128).pow(2);
        let constants: u128 = self.lifts.iter().map(|lift| squared(lift.limits[0])).sum();
        let (linear, levels) = (self.squared_linear as u128, u128::from(levels));
        let trees = levels * (constants + linear + self.squared_square as u128);
        let sums = squared(self.norm_limit()) + squared(self.mass);
        let times_values = |right: u128| {
            values.checked_mul(right).ok_or(MechanismError::SensitivityOverflow { left: values, right })
        };
        let (squared, linear) = (times_values(trees + sums)?, times_values(levels * linear)?);
        Ok(Touched {
            pieces,
            l1: self.largest_entry() as u64 * self.moments.max_abs_value(),
            squared,
            opposition: if self.moments.values_are_acute() { linear } else { squared },
        })
    }

    /// Public bound on all nodes and sums, in lattice steps.
    pub(crate) fn max_abs(&self) -> u64 {
        let entry = self.largest_entry() as u128 * u128::from(self.moments.max_abs_value());
        u64::try_from(entry * u128::from(self.moments.options().max_rows())).unwrap_or(u64::MAX)
    }

    fn largest_entry(&self) -> f64 {
        let limits = self.lifts.iter().flat_map(|lift| lift.limits);
        limits.fold(self.norm_limit().max(self.mass), f64::max)
    }

    fn check_capacity(&self) -> Result<(), Error> {
        let squares = self.squared_linear.max(self.squared_square);
        if self.max_abs() <= 1 << 61 && squares < 9_007_199_254_740_992.0 {
            return Ok(());
        }
        let (feature_bits, value_bits) = self.moments.options().resolution();
        let row_bits = u64::BITS - self.moments.options().max_rows().leading_zeros();
        Err(Error::Resolution { feature_bits, value_bits, row_bits })
    }
}

/// Entries that all reach the same number: what equal shares need.
fn equal(
    options: TreeAttentionOptions,
    moments: MomentGeometry,
    ranges: &[f64],
    largest: f64,
) -> TreeGeometry {
    let lift = |&range: &f64| Lift::new(range, [largest, largest / range, largest / range / range]);
    let all = ranges.len() as f64 * largest * largest;
    TreeGeometry {
        lifts: ranges.iter().map(lift).collect(),
        norm_factor: largest / moments.squared_feature_norm() as f64,
        mass: largest,
        squared_linear: all,
        squared_square: all,
        options,
        moments,
    }
}

/// Entries weighted for a joint L2 sensitivity: of all weights of this form those for which the noise of a query is least.
///
/// One unit of noise on `(f₀, ⌊f₁φ̃⌉, ⌊f₂φ̃²⌉)` and on the sums moves a query by at most (squared, in feature units)
/// `κ(A²/k₀² + 4A²/k₁² + Σβ²/k₂²) + 1/f_P² + A⁴/f_W²` with `f₀ = k₀β_a`, `f₁ = k₁`, `f₂ = k₂/β_a`, κ the mean over cuts of the
/// noise factor of both sides; a row has the squared norm `L(k₀²Σβ² + k₁²A² + k₂²A²) + f_P²A⁴ + f_W²`. By Cauchy and Schwarz the product is least
/// where each term of one is the same multiple of its partner in the other.
fn joint(
    options: TreeAttentionOptions,
    moments: MomentGeometry,
    ranges: &[f64],
    largest: f64,
) -> Result<TreeGeometry, Error> {
    let (count, norm) = (ranges.len() as f64, (moments.squared_feature_norm() as f64).sqrt());
    let spread = (ranges.iter().map(|range| range * range).sum::<f64>()).sqrt() / norm;
    let shape = TreeShape::new(options.bins() as u64)?;
    let levels = (mean_noise_factor(shape) / f64::from(shape.levels())).sqrt();
    let (k0, k1, k2) = ((levels / spread).sqrt(), (2.0 * levels).sqrt(), (levels * spread).sqrt());
    let widest = ranges.iter().copied().fold(0.0, f64::max);
    let scale = (largest - 1.0) / (k0.max(k1).max(k2) * widest).max(norm);
    let squared = |factor: f64| {
        let norm = (scale * factor * norm + 0.5 * count.sqrt()) * (1.0 + 1e-9);
        (norm * norm).ceil()
    };
    let lift = |&range: &f64| Lift::new(range, [k0 * range * scale, k1 * scale, k2 * scale / range]);
    Ok(TreeGeometry {
        lifts: ranges.iter().map(lift).collect(),
        norm_factor: scale / norm,
        mass: (scale * norm).ceil(),
        squared_linear: squared(k1),
        squared_square: squared(k2),
        options,
        moments,
    })
}

/// κ: mean over cuts of the noise factor of both sides; over some 256 cuts where there are more.
fn mean_noise_factor(shape: TreeShape) -> f64 {
    let leaves = shape.horizon();
    let side = |leaves: Range<u64>| shape.range_noise_factor(leaves);
    let step = (leaves / 256).max(1);
    let cuts: Vec<u64> = (0..=leaves).step_by(step as usize).collect();
    cuts.iter().map(|&cut| side(0..cut) + side(cut..leaves)).sum::<f64>() / cuts.len() as f64
}

/// `β_a`: integers that bound `|φ̃_a|` over the ball, by the largest monomial there.
///
/// `|x^a| ≤ ρʲ ∏(aᵢ/j)^{aᵢ/2}` on `‖x‖ ≤ ρ`, `j = |a|`, attained at `xᵢ² = ρ²aᵢ/j`. Entries beyond, of which there are none, would be
/// moved to the bound.
fn ranges(moments: &MomentGeometry) -> Result<Vec<f64>, Error> {
    let (features, map) = (moments.features(), monomials(moments)?);
    let scale = features.scale();
    let beyond = features.entry_error() * scale;
    let range = |exponents: Vec<u32>| {
        (scale * largest_monomial(map, &exponents, features.radius()) * (1.0 + 1e-12) + beyond).ceil()
    };
    Ok(map.exponents().map(range).collect())
}

/// The features, which must be monomials without signs: distances give plain inner products.
pub(crate) fn monomials(moments: &MomentGeometry) -> Result<&MonomialMap, Error> {
    let map = moments.features().map().monomials().filter(|map| map.is_positive_definite());
    map.ok_or(Error::NeedsPolynomial)
}

fn largest_monomial(map: &MonomialMap, exponents: &[u32], radius: f64) -> f64 {
    let degree: u32 = exponents.iter().sum();
    let ratio = |n: u32, m: u32| f64::from(n) / f64::from(m);
    // j!/jʲ and aᵢ^aᵢ/aᵢ!, factor by factor
    let whole: f64 = (1..=degree).map(|m| ratio(m, degree)).product();
    let parts: f64 = exponents.iter().flat_map(|&a| (1..=a).map(move |m| ratio(a, m))).product();
    let coefficient = map.coefficients()[degree as usize];
    (coefficient * whole * parts).sqrt() * (0..degree).map(|_| radius).product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bounds, MomentOptions, Shape};

    fn geometry(budget: TreeBudget) -> TreeGeometry {
        let bounds = Bounds::new(1.0, 1.0, 1.0).unwrap();
        let moments =
            MomentOptions::new(Shape { key_dim: 3, value_dim: 2 }, bounds, 4).with_max_rows(1 << 16);
        TreeGeometry::new(TreeAttentionOptions::new(moments, budget)).unwrap()
    }

    #[test]
    fn the_largest_monomial_is_attained_and_not_exceeded() {
        let geometry = geometry(TreeBudget::Joint);
        let map = monomials(&geometry.moments).unwrap();
        let radius = geometry.moments.features().radius();
        let mut features = vec![0.0; map.feature_count()];
        for (a, exponents) in map.exponents().enumerate() {
            let degree: u32 = exponents.iter().sum();
            let share = |&a: &u32| radius * (f64::from(a) / f64::from(degree.max(1))).sqrt();
            let point: Vec<f64> = exponents.iter().map(share).collect();
            map.apply(&point, &mut features).unwrap();
            let largest = largest_monomial(map, &exponents, radius);
            // some twenty roundings on either side
            assert!((features[a] / largest - 1.0).abs() < 1e-14, "{exponents:?}");
            assert!(
                features
                    .iter()
                    .zip(map.exponents())
                    .all(|(f, e)| { *f <= largest_monomial(map, &e, radius) * (1.0 + 1e-14) })
            );
        }
    }

    #[test]
    fn entries_use_the_bits_that_they_are_given_and_no_more() {
        for budget in [TreeBudget::EqualShares, TreeBudget::Accounted, TreeBudget::Joint] {
            let largest = geometry(budget).largest_entry();
            assert!(largest <= 262_144.0 && largest > 262_000.0, "{budget:?}: {largest}");
        }
    }

    #[test]
    fn joint_scales_attain_the_least_product_of_cost_and_variance() {
        let geometry = geometry(TreeBudget::Joint);
        let shape = TreeShape::new(256).unwrap();
        let (kappa, levels) = (mean_noise_factor(shape), f64::from(shape.levels()));
        let squared_norm = geometry.moments.squared_feature_norm() as f64;
        let first = &geometry.lifts[0];
        let [k0, k1, k2] = [first.factors[0] / first.reach, first.factors[1], first.factors[2] * first.reach];
        let ranges: f64 = geometry.lifts.iter().map(|lift| lift.reach.powi(2)).sum();
        let constants: f64 = geometry.lifts.iter().map(|lift| lift.limits[0].powi(2)).sum();
        let cost = levels * (constants + geometry.squared_linear + geometry.squared_square)
            + geometry.norm_limit().powi(2)
            + geometry.mass.powi(2);
        let variance = kappa
            * (squared_norm / k0.powi(2) + 4.0 * squared_norm / k1.powi(2) + ranges / k2.powi(2))
            + geometry.norm_factor.powi(-2)
            + (squared_norm / geometry.mass).powi(2);
        let spread = (ranges / squared_norm).sqrt();
        let least = squared_norm * ((kappa * levels).sqrt() * (2.0 * spread + 2.0) + 2.0);
        // roundings: half a step in each of 35 features of some ten thousand steps, twice, and constants rounded up
        let ratio = (cost * variance).sqrt() / least;
        assert!((1.0 - 1e-12..1.001).contains(&ratio), "{ratio}");
    }
}
