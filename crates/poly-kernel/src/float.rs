//! `Float`: the precision that features and attention are computed in.

use crate::{
    error::Error,
    feature_map::{DifferentiableMap, FeatureMap, Role},
    monomial::FeatureBlock,
};
use dp_linalg::{MatMut, MatRef, Scalar};
use pulp::Simd;

/// `f64`, or `f32` where half the memory and twice the speed are worth seven digits.
///
/// Error certificates are those of real arithmetic in both; what rounding adds is of the order of the unit roundoff (`6e-8` for `f32`)
/// times the number of terms. Sums that must be exact are of integers: [`FixedPointMoments`](crate::FixedPointMoments).
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{LinearAttention, MonomialMap};
///
/// let points = Mat::from_fn(3, 2, |i, j| 0.1 * (i + j) as f32);
/// let map = MonomialMap::exp_taylor(2, 2)?;
/// let [q, k, v] = [points.as_ref(); 3];
/// let output: Mat<f32> = LinearAttention::new(1.0)?.forward(&map, q, k, v)?;
/// assert_eq!(output.shape(), (3, 2));
/// # Ok::<(), poly_kernel::Error>(())
/// ```
pub trait Float: Lanes {}

impl Float for f32 {}
impl Float for f64 {}

/// Vector registers of a type of number, and which methods of a map are for it.
pub trait Lanes: Scalar {
    /// Points in a group: two AVX-512 vectors, four of AVX2, eight of NEON.
    const WIDTH: usize;
    /// `1.5·2ᵖ⁻¹` for a significand of `p` bits: adding it leaves the integers only.
    const MAGIC: Self;
    /// A register.
    type Vector<S: Simd>: Copy;

    fn lanes<S: Simd>() -> usize;
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];

    fn feature_block<M: FeatureMap + ?Sized>(map: &M, max_points: usize) -> FeatureBlock<Self>
    where
        Self: Float;
    fn apply_block<M: FeatureMap + ?Sized>(
        map: &M,
        role: Role,
        points: MatRef<'_, Self>,
        out: &mut FeatureBlock<Self>,
    ) -> Result<(), Error>
    where
        Self: Float;
    fn pullback_block<M: DifferentiableMap + ?Sized>(
        map: &M,
        role: Role,
        points: MatRef<'_, Self>,
        adjoints: &FeatureBlock<Self>,
        gradients: MatMut<'_, Self>,
    ) -> Result<(), Error>
    where
        Self: Float;
}

macro_rules! lanes {
    (
        $T:ident, $width:literal, $magic:literal, $vector:ident, $lanes:ident,
        $splat:ident, $plus:ident, $minus:ident, $times:ident, $vectors:ident, $vectors_mut:ident,
        $feature_block:ident, $apply_block:ident, $pullback_block:ident
    ) => {
        #[allow(clippy::inline_always, reason = "part of a kernel that is compiled for each instruction set")]
        impl Lanes for $T {
            const WIDTH: usize = $width;
            const MAGIC: Self = $magic;
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }

            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$plus(a, b)
            }

            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$minus(a, b)
            }

            #[inline(always)]
            fn times<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$times(a, b)
            }

            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[S::$vector] {
                S::$vectors(slice).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [S::$vector] {
                S::$vectors_mut(slice).0
            }

            fn feature_block<M: FeatureMap + ?Sized>(map: &M, max_points: usize) -> FeatureBlock<Self> {
                map.$feature_block(max_points)
            }

            fn apply_block<M: FeatureMap + ?Sized>(
                map: &M,
                role: Role,
                points: MatRef<'_, Self>,
                out: &mut FeatureBlock<Self>,
            ) -> Result<(), Error> {
                map.$apply_block(role, points, out)
            }

            fn pullback_block<M: DifferentiableMap + ?Sized>(
                map: &M,
                role: Role,
                points: MatRef<'_, Self>,
                adjoints: &FeatureBlock<Self>,
                gradients: MatMut<'_, Self>,
            ) -> Result<(), Error> {
                map.$pullback_block(role, points, adjoints, gradients)
            }
        }
    };
}

lanes!(
    f64,
    16,
    6_755_399_441_055_744.0,
    f64s,
    F64_LANES,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    feature_block,
    apply_block,
    pullback_block
);
lanes!(
    f32,
    32,
    12_582_912.0,
    f32s,
    F32_LANES,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    feature_block_f32,
    apply_block_f32,
    pullback_block_f32
);
