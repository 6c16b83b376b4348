//! What is fitted to released points and labels.

use super::labels::Labels;
use crate::{Error, KernelModel};
use core::marker::PhantomData;
use dp_linalg::{Mat, MatRef};

/// A function fitted to released points, and to labels of the kind `L`: post-processing of these and of nothing else.
///
/// The type says whether labels were [public](super::PublicLabels) or [released](super::NoisyLabels). See
/// [`NoisyPoints`](super::NoisyPoints) for an example.
#[derive(Debug, Clone, PartialEq)]
pub struct CloseModel<L> {
    model: KernelModel,
    labels: PhantomData<L>,
}

impl<L: Labels> CloseModel<L> {
    pub(super) const fn new(model: KernelModel) -> Self {
        Self { model, labels: PhantomData }
    }

    /// The function at each row of `points` `(m, d)`, shape `(m, k)`; any number of times.
    ///
    /// # Errors
    /// Those of [`KernelModel::predict`].
    pub fn predict(&self, points: MatRef<'_>) -> Result<Mat, Error> {
        self.model.predict(points)
    }

    /// The function itself. Its points and coefficients are released ones.
    #[must_use]
    pub const fn kernel_model(&self) -> &KernelModel {
        &self.model
    }

    /// Which labels it was fitted to.
    #[must_use]
    pub const fn labels(&self) -> &'static str {
        L::NAME
    }
}

/// Coefficients `α = (Σ̂ + ρI)⁻¹Y` of a sampled Gram matrix, shape `(n, k)`, with labels of the kind `L`.
///
/// They are not a predictor: `f(x) = Σᵢ αᵢK(x, xᵢ)` needs kernel values with private points, and each of these costs
/// ([`PrivateQueries`](super::PrivateQueries)). With public labels they show these: `Y = (Σ̂ + ρI)α`. See
/// [`SampledGram`](super::SampledGram) for an example.
#[derive(Debug, Clone, PartialEq)]
pub struct DualCoefficients<L> {
    coefficients: Mat,
    labels: PhantomData<L>,
}

impl<L: Labels> DualCoefficients<L> {
    pub(super) const fn new(coefficients: Mat) -> Self {
        Self { coefficients, labels: PhantomData }
    }

    /// `α`, shape `(n, k)`.
    #[must_use]
    pub fn matrix(&self) -> MatRef<'_> {
        self.coefficients.as_ref()
    }

    /// Which labels they were computed from.
    #[must_use]
    pub const fn labels(&self) -> &'static str {
        L::NAME
    }
}
