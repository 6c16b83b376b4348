//! The recursion over layers, for one point on the left and a run of points on the right.

use super::sites::Sites;
use crate::Network;
use crate::dual::{Dual, Site};
use core::ops::Range;
use pulp::{Arch, Simd, WithSimd};

/// Turns dot products into kernel values, in place: all layers while a run is in cache.
///
/// Each value is a function of the dot product and of both points' sites alone, by one order of operations and without fused
/// products, so that it does not depend on the width of vectors.
pub(super) struct Run<'a, D> {
    pub(super) dual: D,
    pub(super) network: &'a Network,
    pub(super) dim: usize,
    pub(super) left: (&'a Sites, usize),
    pub(super) right: (&'a Sites, Range<usize>),
    /// Dot products, then covariances.
    pub(super) covariance: &'a mut [f64],
}

impl<D: Dual> Run<'_, D> {
    /// Leaves the NNGP kernel.
    pub(super) fn covariances(self) {
        Arch::new().dispatch(Layers::<_, false> { run: self, tangent: &mut [] });
    }

    /// Leaves the NTK; `tangent` is scratch space of the same length.
    pub(super) fn tangents(self, tangent: &mut [f64]) {
        Arch::new().dispatch(Layers::<_, true> { run: self, tangent });
    }
}

struct Layers<'a, 'b, D, const TANGENT: bool> {
    run: Run<'a, D>,
    tangent: &'b mut [f64],
}

impl<D: Dual, const TANGENT: bool> WithSimd for Layers<'_, '_, D, TANGENT> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn with_simd<S: Simd>(self, _: S) {
        let Run { dual, network, dim, left: (left, i), right: (right, range), covariance } = self.run;
        let (weight, bias) = (network.weight_variance(), network.bias_variance());
        let per_dim = weight / dim as f64;
        for c in covariance.iter_mut() {
            *c = per_dim * *c + bias;
        }
        if TANGENT {
            self.tangent.copy_from_slice(covariance);
        }
        for (left, right) in left.layers.iter().zip(&right.layers) {
            let site = left.at(i);
            let variance = &right.variance[range.clone()];
            let (scale, root) = (&right.scale[range.clone()], &right.root[range.clone()]);
            let right = variance.iter().zip(scale).zip(root);
            for (j, (c, ((&variance, &scale), &root))) in covariance.iter_mut().zip(right).enumerate() {
                let (value, derivative) = dual.expectations(*c, site, Site { variance, scale, root });
                *c = weight * value + bias;
                if TANGENT {
                    self.tangent[j] = self.tangent[j] * (weight * derivative) + *c;
                }
            }
        }
        if TANGENT {
            covariance.copy_from_slice(self.tangent);
        }
    }
}
