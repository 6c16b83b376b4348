//! Everything that follows from the options alone: feature map, lattice, integer bounds. No data, no randomness.

use super::kernel::{
    KernelAccuracy, KernelBound, feature_map, kernel_size, lipschitz, normalised_lipschitz, smallest_product,
};
use crate::error::Error;
use crate::options::MomentOptions;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::Lattice;
use poly_kernel::{
    BoundedFeatures, ExpTaylor, FeatureMap, FixedPointFeatures, LogitScaling, NormBound, NystromMap,
};

/// The public quantities of a moment release, derived from its options.
///
/// A row `(k, v)` contributes the integer matrix `φ̃ ũᵀ`, where `φ̃ ∈ ℤʳ` are its quantised features and
/// `ũ = (ṽ, c̃) ∈ ℤ^(d_v+1)` its quantised value and the constant normaliser `c̃`. Both factors have integer norm bounds
/// that are enforced row by row:
///
/// ```text
/// ‖φ̃‖² ≤ A²      ‖ṽ‖² ≤ V²      c̃ = ⌈w⌈V⌉⌉      ‖φ̃ ũᵀ‖² = ‖φ̃‖²‖ũ‖² ≤ A²(V² + c̃²)
/// ```
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentGeometry, MomentOptions, Shape};
///
/// let (shape, bounds) = (Shape { key_dim: 8, value_dim: 10 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let options = MomentOptions::new(shape, bounds, 4);
/// let geometry = MomentGeometry::new(options)?;
/// assert_eq!(geometry.feature_count(), 495); // C(8 + 4, 4)
/// assert!(geometry.kernel_error() < 1e-4);   // logits up to 1/√8
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MomentGeometry {
    options: MomentOptions,
    scaling: LogitScaling,
    features: FixedPointFeatures<BoundedFeatures>,
    lattice: Lattice,
    value_exponent: i32,
    squared_value_norm: u64,
    normaliser: u64,
    kernel: KernelAccuracy,
    /// `Σ|cⱼ|tʲ` at the largest logit.
    kernel_size: f64,
}

impl MomentGeometry {
    /// Checks the options and derives the geometry.
    ///
    /// # Errors
    ///
    /// Every parameter out of range has its variant; [`Error::Kernel`] if the degree asks for too many features (the
    /// error says how many), [`Error::DegreeTooSmall`] if the kernel's relative error is 1 or more at the largest logit
    /// (unless [allowed](MomentOptions::with_uncertified_kernel)),
    /// [`Error::Resolution`] if `max_rows` rows would not fit the lattice.
    pub fn new(options: MomentOptions) -> Result<Self, Error> {
        options.check()?;
        let bounds = options.bounds();
        // balanced for typical queries; longer ones are longer points
        let scaling =
            LogitScaling::new(options.softmax_scale(), options.typical_query_norm(), bounds.key_radius())?;
        let max_logit = query_reach(&scaling, bounds.query_radius()) * scaling.radius() * (1.0 + 1e-15);
        let kernel = checked_kernel(&options, max_logit)?;
        let map = feature_map(options.features(), options.shape().key_dim, |keys| {
            landmarks(&options, &scaling, keys)
        })?;
        let (feature_bits, value_bits) = options.resolution();
        let feature_exponent = feature_bits as i32 - ceil_log2(norm_bound(&map, scaling.radius()));
        let kernel_size = kernel_size(&map, max_logit);
        let features = FixedPointFeatures::new(map, feature_exponent, scaling.radius())?;
        let value_exponent = value_bits as i32 - ceil_log2(bounds.value_radius());
        let squared_value_norm =
            squared_value_norm(bounds.value_radius(), value_exponent, options.shape().value_dim);
        let geometry = Self {
            normaliser: normaliser(squared_value_norm, options.normaliser_weight()),
            lattice: Lattice::new(-(feature_exponent + value_exponent))?,
            options,
            scaling,
            features,
            value_exponent,
            squared_value_norm,
            kernel,
            kernel_size,
        };
        geometry.check_capacity().map(|()| geometry)
    }

    /// The options it was derived from.
    #[must_use]
    pub const fn options(&self) -> &MomentOptions {
        &self.options
    }

    /// Balanced scaling of typical queries and keys.
    #[must_use]
    pub const fn scaling(&self) -> &LogitScaling {
        &self.scaling
    }

    /// Quantised feature map of the keys.
    #[must_use]
    pub const fn features(&self) -> &FixedPointFeatures<BoundedFeatures> {
        &self.features
    }

    /// Number of features `r`: rows of the moment matrix.
    #[must_use]
    pub fn feature_count(&self) -> usize {
        self.features.map().feature_count()
    }

    /// Columns of the moment matrix: `value_dim + 1`.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.options.shape().columns()
    }

    /// Largest norm of a scaled query.
    #[must_use]
    pub fn query_reach(&self) -> f64 {
        query_reach(&self.scaling, self.options.bounds().query_radius())
    }

    /// Largest `|logit|` within the radii.
    #[must_use]
    pub fn max_logit(&self) -> f64 {
        self.query_reach() * self.scaling.radius() * (1.0 + 1e-15)
    }

    /// Certified relative error of the kernel, up to a constant factor, at [`max_logit`](Self::max_logit); infinite if there is none.
    #[must_use]
    pub fn kernel_error(&self) -> f64 {
        self.kernel.bound_at_largest(self.max_logit()).spread
    }

    /// What is certified of the kernel for all logits up to this size.
    pub(crate) fn kernel_bound(&self, max_logit: f64) -> KernelBound {
        self.kernel.bound(max_logit)
    }

    pub(crate) const fn kernel_size(&self) -> f64 {
        self.kernel_size
    }

    /// How fast features move with points, within the keys' radius; `None` unless they are monomials.
    pub(crate) fn feature_lipschitz(&self) -> Option<f64> {
        lipschitz(self.features.map(), self.scaling.radius())
    }

    /// How fast normalised features move with points, within the queries' reach.
    pub(crate) fn normalised_lipschitz(&self) -> f64 {
        normalised_lipschitz(self.options.features(), self.features.map(), self.query_reach())
    }

    /// A bound on `‖φ(x)‖` over scaled keys.
    pub(crate) fn feature_norm(&self) -> f64 {
        norm_bound(self.features.map(), self.scaling.radius())
    }

    /// The lattice of the moments: a step is one unit of feature times one unit of value.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// `e` such that values are quantised to multiples of `2^−e`.
    #[must_use]
    pub const fn value_exponent(&self) -> i32 {
        self.value_exponent
    }

    /// `A²`: bound on the squared norm of a row's integer features.
    #[must_use]
    pub fn squared_feature_norm(&self) -> u64 {
        self.features.max_squared_norm()
    }

    /// `V²`: bound on the squared norm of a row's integer value.
    #[must_use]
    pub const fn squared_value_norm(&self) -> u64 {
        self.squared_value_norm
    }

    /// `c̃ = ⌈w⌈V⌉⌉`, w the [weight](MomentOptions::with_normaliser_weight): the integer normaliser that every row carries.
    #[must_use]
    pub const fn normaliser(&self) -> u64 {
        self.normaliser
    }

    /// `A²(V² + c̃²)`: bound on the squared Frobenius norm of one row's integer contribution, as its two factors.
    #[must_use]
    pub fn squared_row_norm(&self) -> (u128, u128) {
        let (value, normaliser) = (u128::from(self.squared_value_norm), u128::from(self.normaliser));
        (u128::from(self.squared_feature_norm()), value + normaliser * normaliser)
    }

    /// A bound on the entries of `ũ`.
    #[must_use]
    pub fn max_abs_value(&self) -> u64 {
        self.normaliser.max(self.squared_value_norm.isqrt())
    }

    /// Public bound on the entries of the sum over [`max_rows`](MomentOptions::max_rows) rows, in lattice steps.
    #[must_use]
    pub fn max_abs_sum(&self) -> u64 {
        let entry = u128::from(self.features.max_abs_entry()) * u128::from(self.max_abs_value());
        u64::try_from(entry * u128::from(self.options.max_rows())).unwrap_or(u64::MAX)
    }

    /// Whether the contributions of any two rows are proven to have a nonnegative inner product.
    ///
    /// `⟨φ̃ũᵀ, φ̃'ũ'ᵀ⟩ = ⟨φ̃, φ̃'⟩·⟨ũ, ũ'⟩`. The second factor is at least `c̃² − V²`, or `c̃²` if no value is negative. The first is at
    /// least `4ˢ·min f − 2e·A_φ·2ˢ√r − e²r` for the kernel `f(t) = Σ|cⱼ|tʲ` of two keys, where `min f > 0` on the logits
    /// that two keys can have for Taylor's polynomial if its relative error is below 1 there; `A_φ` bounds `‖φ‖` and `e` is
    /// the rounding error of an entry in lattice units.
    #[must_use]
    pub fn rows_are_acute(&self) -> bool {
        if !self.values_are_acute() {
            return false;
        }
        let unit = power_of_two(self.features.scale_exponent());
        let rounding = self.features.entry_error() * unit * (self.feature_count() as f64).sqrt();
        let norm = self.feature_norm() * unit;
        let smallest = smallest_product(self.options.features(), self.scaling.max_logit()) * unit * unit;
        // the last factor covers the rounding of this line itself
        smallest > (2.0 * norm + rounding) * rounding * (1.0 + 1e-12)
    }

    /// Whether `⟨ũ, ũ'⟩ ≥ 0` for any two rows.
    pub(crate) fn values_are_acute(&self) -> bool {
        let (value, normaliser) = (u128::from(self.squared_value_norm), u128::from(self.normaliser));
        self.options.value_range().0 >= 0.0 || normaliser * normaliser >= value
    }

    fn check_capacity(&self) -> Result<(), Error> {
        let (feature_bits, value_bits) = self.options.resolution();
        if self.max_abs_sum() <= 1 << 61 {
            return Ok(());
        }
        let row_bits = u64::BITS - self.options.max_rows().leading_zeros();
        Err(Error::Resolution { feature_bits, value_bits, row_bits })
    }
}

fn checked_kernel(options: &MomentOptions, max_logit: f64) -> Result<KernelAccuracy, Error> {
    let kernel = KernelAccuracy::new(options.features(), max_logit)?;
    if !options.certified_kernel() {
        return Ok(kernel);
    }
    let relative_error = kernel.bound_at_largest(max_logit).spread;
    if relative_error < 1.0 {
        return Ok(kernel);
    }
    let degree = options.features().degree().unwrap_or(0);
    let sufficient_degree = ExpTaylor::degree_for(max_logit, 1.0);
    Err(Error::DegreeTooSmall { degree, max_logit, relative_error, sufficient_degree })
}

/// Largest norm of a scaled query. Readers take queries up to 1e-12 beyond the radius and round their logits up by as much, and
/// what is certified must cover these too: else the very queries that were scaled to the radius have no certificate.
fn query_reach(scaling: &LogitScaling, query_radius: f64) -> f64 {
    scaling.query_factor() * query_radius * (1.0 + 4e-12)
}

/// Public keys as points, with their feature map.
fn landmarks(
    options: &MomentOptions,
    scaling: &LogitScaling,
    keys: MatRef<'_>,
) -> Result<NystromMap, poly_kernel::Error> {
    let center = options.key_center();
    let factor = scaling.key_factor();
    let points = Mat::from_fn(keys.nrows(), keys.ncols(), |i, j| {
        (keys.row(i)[j] - center.map_or(0.0, |center| center[j])) * factor
    });
    NystromMap::new(points.as_ref())
}

fn norm_bound(map: &BoundedFeatures, radius: f64) -> f64 {
    match map.norm_bound(radius) {
        NormBound::Deterministic(norm) => norm,
        NormBound::Random { .. } => f64::INFINITY,
    }
}

/// `⌈w⌈√V²⌉⌉`, exactly the root rounded up for `w = 1`.
fn normaliser(squared_value_norm: u64, weight: f64) -> u64 {
    let root = ceil_sqrt(squared_value_norm);
    if weight == 1.0 { root } else { (weight * root as f64).ceil().max(1.0) as u64 }
}

/// `⌈(R·2ᵉ + ½√d)²⌉`: what the squared norm of a rounded value can be, rounded up.
fn squared_value_norm(radius: f64, exponent: i32, value_dim: usize) -> u64 {
    let rounding = 0.5 * (value_dim as f64).sqrt().next_up();
    let norm = (radius * power_of_two(exponent) + rounding).next_up();
    (norm * norm).next_up().ceil() as u64
}

fn ceil_sqrt(square: u64) -> u64 {
    let root = square.isqrt();
    root + u64::from(root * root < square)
}

/// Smallest `e` with `x ≤ 2ᵉ`, for positive normal `x`.
fn ceil_log2(x: f64) -> i32 {
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    exponent + i32::from(bits << 12 != 0)
}

/// `2ᵉ`, or zero or infinity beyond the range of normal `f64`.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    match exponent {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((exponent + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_logarithms_round_up_exactly() {
        for (x, e) in [(1.0, 0), (1.5, 1), (2.0, 1), (0.5, -1), (0.5_f64.next_up(), 0), (1e-3, -9)] {
            assert_eq!(ceil_log2(x), e, "{x}");
        }
    }

    #[test]
    fn integer_roots_round_up() {
        for square in [0, 1, 2, 3, 4, 5, 99, 100, 101, (1 << 60) + 1] {
            let root = ceil_sqrt(square);
            assert!(root * root >= square && (root == 0 || (root - 1) * (root - 1) < square));
        }
    }
}
