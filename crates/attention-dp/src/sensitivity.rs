//! How far the integer moments move between neighbours, each bound beside its proof.

use crate::claims;
use crate::error::Error;
use crate::private::{MomentGeometry, clip_margin, power_of_two};
use dp_mechanisms::{
    AddRemoveDocument, AddRemoveRow, Adjacency, LatticeL2Sensitivity, PerturbRow, ReplaceRow,
};

/// Adjacencies that the moment release knows a sensitivity for.
///
/// | adjacency | bound on the squared L2 distance |
/// |---|---|
/// | [`AddRemoveRow`] | `A²U²`, `U² = V² + c̃²` |
/// | [`ReplaceRow`] | `2A²U²` where rows are proven acute, else `4A²U²` |
/// | [`AddRemoveDocument`] | `w²A²U²` for documents that weigh at most w rows |
/// | [`PerturbRow`] | about `β²(2²ˢL²κ²U² + 4ᵉA²)`, and no more than replacing |
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentAdjacency, MomentGeometry, MomentOptions, Shape};
/// use dp_mechanisms::{AddRemoveRow, PerturbRow, ReplaceRow};
///
/// let (shape, bounds) = (Shape { key_dim: 4, value_dim: 2 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let geometry = MomentGeometry::new(MomentOptions::new(shape, bounds, 4))?;
/// let (one, two) = (AddRemoveRow.sensitivity(&geometry)?, ReplaceRow.sensitivity(&geometry)?);
/// assert_eq!(two.square(), 2 * one.square()); // not 4: rows never point apart
/// let little = PerturbRow::new(0.01)?.sensitivity(&geometry)?;
/// assert!(little.square() < one.square() / 5_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait MomentAdjacency: Adjacency {
    /// Id of the claim that states the bound.
    const SENSITIVITY_CLAIM: &'static str;

    /// Bound on the L2 distance of the integer moments of neighbours.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the square does not fit 128 bits; [`Error::NeedsPolynomial`] where only the features of
    /// polynomials are known to move little.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error>;
}

/// Adjacencies whose records are single rows: [`PrivateMoments::push`](crate::PrivateMoments::push) takes them one by one.
///
/// # Example
///
/// ```compile_fail,E0277
/// fn rows_are_records<A: attention_dp::RowAdjacency>(_: A) {}
/// rows_are_records(dp_mechanisms::AddRemoveDocument);
/// ```
pub trait RowAdjacency: MomentAdjacency {}

impl RowAdjacency for AddRemoveRow {}
impl RowAdjacency for ReplaceRow {}
impl RowAdjacency for PerturbRow {}

impl MomentAdjacency for AddRemoveRow {
    const SENSITIVITY_CLAIM: &'static str = claims::SENSITIVITY_ADD_REMOVE;

    /// One row more adds `φ̃ũᵀ`, or nothing if the row is dropped: `Δ² = A²(V² + c̃²)`.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let (features, values) = geometry.squared_row_norm();
        Ok(LatticeL2Sensitivity::from_square_product(features, values, self)?)
    }
}

impl MomentAdjacency for ReplaceRow {
    const SENSITIVITY_CLAIM: &'static str = claims::SENSITIVITY_REPLACE;

    /// `‖φ̃ũᵀ − φ̃'ũ'ᵀ‖² = ‖φ̃ũᵀ‖² + ‖φ̃'ũ'ᵀ‖² − 2⟨φ̃,φ̃'⟩⟨ũ,ũ'⟩`, at most `2A²(V² + c̃²)` where
    /// [the inner products are proven nonnegative](MomentGeometry::rows_are_acute), else at most `4A²(V² + c̃²)`.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let (features, values) = geometry.squared_row_norm();
        let factor = if geometry.rows_are_acute() { 2 } else { 4 };
        Ok(LatticeL2Sensitivity::from_square_product(features, factor * values, self)?)
    }
}

impl MomentAdjacency for AddRemoveDocument {
    const SENSITIVITY_CLAIM: &'static str = claims::SENSITIVITY_DOCUMENT;

    /// A document of at most w rows adds a matrix of norm at most `w·A·√(V² + c̃²)`; a longer one is scaled down to that
    /// norm in integers, rounding towards zero. w is the [document weight](crate::MomentOptions::with_document_weight).
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let (features, values) = geometry.squared_row_norm();
        let weight = u128::from(geometry.options().document_weight());
        Ok(LatticeL2Sensitivity::from_square_product(features, weight * weight * values, self)?)
    }
}

impl MomentAdjacency for PerturbRow {
    const SENSITIVITY_CLAIM: &'static str = claims::SENSITIVITY_PERTURB;

    /// A row is the vector `(k, v)`; its key moves by `β_k`, its value by `β_v`, `β_k² + β_v² ≤ β²`.
    ///
    /// Clipping moves no two vectors apart. With κ the factor of keys, `L² = f'(R²) + R²f''(R²)` for `f(t) = Σ|cⱼ|tʲ` and
    /// `U² = V² + c̃²`,
    ///
    /// ```text
    /// ‖Δφ̃‖ ≤ 2ˢ·L·(κβ_k + 2m_kR) + 2η√r          ‖Δũ‖ ≤ 2ᵉ·(β_v + 2m_vR_v) + √d_v
    /// ‖φ̃ũᵀ − φ̃'ũ'ᵀ‖ ≤ ‖Δφ̃‖·U + A·‖Δũ‖
    /// ```
    ///
    /// with `R = √(s·ρ_q·R_k)` the radius of scaled keys, `m` the relative rounding of clipping and η that of an integer feature, in
    /// steps. The sum over both kinds of
    /// movement is largest, by Cauchy and Schwarz, at `β·√((2ˢLκU)² + (A2ᵉ)²)`. Never more than replacing the row.
    fn sensitivity(self, geometry: &MomentGeometry) -> Result<LatticeL2Sensitivity<Self>, Error> {
        let lipschitz = geometry.feature_lipschitz().ok_or(Error::NeedsPolynomial)?;
        let (shape, bounds) = (geometry.options().shape(), geometry.options().bounds());
        let (features, values) = geometry.squared_row_norm();
        let (feature_norm, value_norm) = ((features as f64).sqrt(), (values as f64).sqrt());
        let (scale, value_scale) = (geometry.features().scale(), power_of_two(geometry.value_exponent()));
        let per_key = scale * lipschitz * value_norm * geometry.scaling().key_factor();
        let per_value = feature_norm * value_scale;
        let moved = self.radius() * (per_key * per_key + per_value * per_value).sqrt();
        let key_rounding = scale * lipschitz * 2.0 * clip_margin(shape.key_dim) * geometry.scaling().radius()
            + 2.0 * geometry.features().entry_error() * scale * (geometry.feature_count() as f64).sqrt();
        let value_rounding = value_scale * 2.0 * clip_margin(shape.value_dim) * bounds.value_radius()
            + (shape.value_dim as f64).sqrt();
        let rounded = key_rounding * value_norm + feature_norm * value_rounding;
        // two dozen roundings, outward
        let distance = (moved + rounded) * (1.0 + 64.0 * f64::EPSILON);
        let square = (distance * distance).next_up().ceil();
        let replaced = ReplaceRow.sensitivity(geometry)?.square();
        // `as` saturates, also at infinity
        Ok(LatticeL2Sensitivity::from_square((square as u128).min(replaced), self)?)
    }
}
