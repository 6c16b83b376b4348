//! What pairs need to know of points, layer by layer.

use crate::Network;
use crate::dual::{Dual, Site};
use dp_linalg::{MatRef, Scalar};

/// One layer of [`Sites`]: the [`Site`] of each point, as three lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    pub(super) variance: Vec<f64>,
    pub(super) scale: Vec<f64>,
    pub(super) root: Vec<f64>,
}

impl Layer {
    pub(super) fn at(&self, i: usize) -> Site {
        Site { variance: self.variance[i], scale: self.scale[i], root: self.root[i] }
    }

    fn push(&mut self, site: Site) {
        self.variance.push(site.variance);
        self.scale.push(site.scale);
        self.root.push(site.root);
    }
}

/// Every layer, and both kernels of each point with itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Sites {
    pub(super) layers: Vec<Layer>,
    /// NNGP kernel of each point with itself.
    pub(super) variance: Vec<f64>,
    /// NTK of each point with itself.
    pub(super) tangent: Vec<f64>,
}

impl Sites {
    /// Kernel values of a point that is not finite, or too long, are NaN. Memory: `3·depth + 2` numbers a point.
    pub(super) fn new<T: Scalar>(dual: impl Dual, network: &Network, points: MatRef<'_, T>) -> Self {
        let mut sites = Self { layers: vec![Layer::default(); network.depth()], ..Self::default() };
        for point in points.rows() {
            let mut variance = first_covariance(network, points.ncols(), square(point));
            let mut tangent = variance;
            for layer in &mut sites.layers {
                layer.push(dual.site(variance));
                let (value, derivative) = dual.diagonal(variance);
                variance = network.weight_variance() * value + network.bias_variance();
                tangent = tangent * (network.weight_variance() * derivative) + variance;
            }
            sites.variance.push(variance);
            sites.tangent.push(tangent);
        }
        sites
    }
}

/// `‖x‖²`, or NaN unless dot products of points that are no longer than `x` stay finite in `T`: they and their partial sums are at most that,
/// but for rounding.
pub(super) fn square<T: Scalar>(point: &[T]) -> f64 {
    let square: f64 = point.iter().map(|x| x.to_f64() * x.to_f64()).sum();
    if T::from_f64(2.0 * square).is_finite() { square } else { f64::NAN }
}

/// `Σ⁰ = σ_w²⟨x, y⟩/d + σ_b²`.
pub(super) fn first_covariance(network: &Network, dim: usize, product: f64) -> f64 {
    network.weight_variance() / dim as f64 * product + network.bias_variance()
}
