//! The recursion over layers, for one point on the left and a run of points on the right.

use super::sites::Sites;
use crate::Network;
use crate::dual::{Dual, Site};
use core::ops::Range;
use dp_linalg::Scalar;
use pulp::{Arch, Simd, WithSimd};

/// Turns dot products into kernel values, in place: all layers, in double precision, while a run is in cache.
///
/// Each value is a function of the dot product and of both points' sites alone, by one order of operations and without fused
/// products, so that it does not depend on the width of vectors.
pub(super) struct Run<'a, D, T> {
    pub(super) dual: D,
    pub(super) network: &'a Network,
    pub(super) dim: usize,
    pub(super) left: (&'a Sites, usize),
    pub(super) right: (&'a Sites, Range<usize>),
    /// Dot products, then kernel values.
    pub(super) values: &'a mut [T],
    /// Scratch space.
    pub(super) scratch: &'a mut Scratch,
}

/// Both kernels of a run, so far.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    covariance: Vec<f64>,
    tangent: Vec<f64>,
}

impl<D: Dual, T: Scalar> Run<'_, D, T> {
    /// Leaves the NNGP kernel.
    pub(super) fn covariances(self) {
        Arch::new().dispatch(Layers::<_, _, false> { run: self });
    }

    /// Leaves the NTK.
    pub(super) fn tangents(self) {
        Arch::new().dispatch(Layers::<_, _, true> { run: self });
    }
}

struct Layers<'a, D, T, const TANGENT: bool> {
    run: Run<'a, D, T>,
}

impl<D: Dual, T: Scalar, const TANGENT: bool> WithSimd for Layers<'_, D, T, TANGENT> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn with_simd<S: Simd>(self, _: S) {
        let Run { dual, network, dim, left: (left, i), right: (right, range), values, scratch } = self.run;
        scratch.covariance.resize(values.len(), 0.0);
        scratch.tangent.resize(values.len(), 0.0);
        let (covariance, tangent) = (&mut scratch.covariance[..], &mut scratch.tangent[..]);
        let (weight, bias) = (network.weight_variance(), network.bias_variance());
        let per_dim = weight / dim as f64;
        for (c, product) in covariance.iter_mut().zip(values.iter()) {
            *c = per_dim * product.to_f64() + bias;
        }
        if TANGENT {
            tangent.copy_from_slice(covariance);
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
                    tangent[j] = tangent[j] * (weight * derivative) + *c;
                }
            }
        }
        let found = if TANGENT { tangent } else { covariance };
        values.iter_mut().zip(found.iter()).for_each(|(value, found)| *value = T::from_f64(*found));
    }
}
