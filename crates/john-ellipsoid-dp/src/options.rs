//! What a user may choose.

use crate::Error;
use dp_linalg::Parallelism;

/// Accuracy and effort.
///
/// Neither changes what a certificate means.
///
/// ```
/// use dp_linalg::Parallelism;
/// use john_ellipsoid_dp::JohnOptions;
///
/// let options = JohnOptions::default().with_gap(1e-8)?.with_parallelism(Parallelism::available());
/// assert_eq!((options.gap(), options.max_passes()), (1e-8, 40));
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct JohnOptions {
    gap: f64,
    max_passes: usize,
    parallelism: Parallelism,
}

impl Default for JohnOptions {
    /// Gap 1e-6, at most 40 passes, one thread.
    fn default() -> Self {
        Self { gap: 1e-6, max_passes: 40, parallelism: Parallelism::Sequential }
    }
}

impl JohnOptions {
    /// `ξ`: how far the largest `gᵢ` may be above 1; the logarithm of the volume is then off by at most about `dξ/2`.
    ///
    /// Rows of condition number κ in their own units limit what can be certified to about `κ·1e-15`.
    ///
    /// # Errors
    /// [`Error::Gap`] outside `(0, 1]`.
    pub fn with_gap(self, gap: f64) -> Result<Self, Error> {
        if gap > 0.0 && gap <= 1.0 { Ok(Self { gap, ..self }) } else { Err(Error::Gap { value: gap }) }
    }

    /// How often the rows may be read from beginning to end; at least three (two to begin, one to certify).
    #[must_use]
    pub fn with_max_passes(self, max_passes: usize) -> Self {
        Self { max_passes: max_passes.max(3), ..self }
    }

    /// Threads of a pass. Last bits of results may change with it.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// The gap aimed at.
    #[must_use]
    pub const fn gap(&self) -> f64 {
        self.gap
    }

    /// The most passes there may be.
    #[must_use]
    pub const fn max_passes(&self) -> usize {
        self.max_passes
    }

    /// Threads of a pass.
    #[must_use]
    pub const fn parallelism(&self) -> Parallelism {
        self.parallelism
    }
}

/// Where a solve stands when a gap is certified: after a pass over the rows, or after a look at the few that matter since.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Passes so far.
    pub passes: usize,
    /// Certified gap of the present weights.
    pub gap: f64,
    /// Rows in memory.
    pub core_rows: usize,
}
