//! Conversions from and into the matrices of other crates, each under a feature; all of them copy.
//!
//! The crates are re-exported, so that a caller names the version that fits.

#[cfg(feature = "interop-faer")]
pub use faer;
#[cfg(feature = "interop-nalgebra")]
pub use nalgebra;

#[cfg(feature = "interop-nalgebra")]
mod with_nalgebra {
    use crate::{Mat, MatRef};
    use nalgebra::DMatrix;

    impl From<MatRef<'_>> for DMatrix<f64> {
        fn from(a: MatRef<'_>) -> Self {
            Self::from_row_iterator(a.nrows(), a.ncols(), a.rows().flatten().copied())
        }
    }

    impl From<&Mat> for DMatrix<f64> {
        fn from(a: &Mat) -> Self {
            a.as_ref().into()
        }
    }

    impl From<Mat> for DMatrix<f64> {
        fn from(a: Mat) -> Self {
            a.as_ref().into()
        }
    }

    impl From<&DMatrix<f64>> for Mat {
        fn from(a: &DMatrix<f64>) -> Self {
            Self::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)])
        }
    }

    impl From<DMatrix<f64>> for Mat {
        fn from(a: DMatrix<f64>) -> Self {
            (&a).into()
        }
    }
}

#[cfg(feature = "interop-faer")]
mod with_faer {
    use crate::{Mat, MatRef};

    impl From<MatRef<'_>> for faer::Mat<f64> {
        fn from(a: MatRef<'_>) -> Self {
            a.to_faer().to_owned()
        }
    }

    impl From<&Mat> for faer::Mat<f64> {
        fn from(a: &Mat) -> Self {
            a.as_ref().into()
        }
    }

    impl From<Mat> for faer::Mat<f64> {
        fn from(a: Mat) -> Self {
            a.as_ref().into()
        }
    }

    impl From<faer::MatRef<'_, f64>> for Mat {
        fn from(a: faer::MatRef<'_, f64>) -> Self {
            Self::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)])
        }
    }

    impl From<&faer::Mat<f64>> for Mat {
        fn from(a: &faer::Mat<f64>) -> Self {
            a.as_ref().into()
        }
    }

    impl From<faer::Mat<f64>> for Mat {
        fn from(a: faer::Mat<f64>) -> Self {
            a.as_ref().into()
        }
    }
}
