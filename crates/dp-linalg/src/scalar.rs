//! `Scalar`: the numbers a matrix may hold.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use crate::Accumulate;

/// `f32` or `f64`.
///
/// Matrices are of `f64` unless their type says otherwise; products exist for both, decompositions and exact sums for
/// `f64` alone.
///
/// ```
/// use dp_linalg::{Mat, Scalar};
///
/// fn trace<T: Scalar>(a: &Mat<T>) -> T {
///     (0..a.nrows().min(a.ncols())).fold(T::ZERO, |sum, i| sum + a[(i, i)])
/// }
/// assert_eq!(trace(&Mat::filled(2, 2, 1.5_f32)), 3.0);
/// ```
pub trait Scalar:
    backend::Multiply
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + fmt::Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + MulAssign
    + Sum
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Unit roundoff `u`: `2⁻²⁴` or `2⁻⁵³`.
    const UNIT_ROUNDOFF: f64;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;

    /// The same number.
    fn to_f64(self) -> f64;

    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

/// Keeps the backend out of the interface, and its code in this crate.
pub(crate) mod backend {
    use super::Accumulate;
    use faer::{MatMut, MatRef};

    pub trait Multiply: faer::traits::RealField {
        /// `out ← AB`, or that added, on the calling thread.
        fn multiply(out: MatMut<'_, Self>, accumulate: Accumulate, a: MatRef<'_, Self>, b: MatRef<'_, Self>);
    }
}

macro_rules! scalar {
    ($T:ident, $unit_roundoff:expr) => {
        impl Scalar for $T {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const UNIT_ROUNDOFF: f64 = $unit_roundoff;

            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
            fn from_f64(x: f64) -> Self {
                x as Self
            }

            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline]
            fn is_finite(self) -> bool {
                $T::is_finite(self)
            }
        }

        impl backend::Multiply for $T {
            fn multiply(
                out: faer::MatMut<'_, Self>,
                accumulate: Accumulate,
                a: faer::MatRef<'_, Self>,
                b: faer::MatRef<'_, Self>,
            ) {
                let beta = match accumulate {
                    Accumulate::Replace => faer::Accum::Replace,
                    Accumulate::Add => faer::Accum::Add,
                };
                faer::linalg::matmul::matmul(out, beta, a, b, 1.0, faer::Par::Seq);
            }
        }
    };
}

scalar!(f32, f32::EPSILON as f64 / 2.0);
scalar!(f64, f64::EPSILON / 2.0);
