//! What structures of trees are made of: all of it public.

use super::mechanism::TreeBudget;
use crate::error::{Error, Parameter};
use crate::options::{MomentOptions, within};
use serde::{Deserialize, Serialize};

/// Which power p of distances is summed.
///
/// # Example
///
/// ```
/// assert_eq!(attention_dp::Power::default(), attention_dp::Power::One);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Power {
    /// `|y − x|`: what trees are for.
    #[default]
    One,
    /// `|y − x|²`: a sum of three moments, for which a tree is not needed (docs/theorems.md, Trees); kept because the published
    /// structures for softmax are made of it.
    Two,
}

/// How distances are read from a tree.
///
/// # Example
///
/// ```
/// use attention_dp::DistanceMethod;
///
/// assert_ne!(DistanceMethod::Moments, DistanceMethod::Rings { alpha: 0.1 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum DistanceMethod {
    /// Moments of the points left and right of y: no error but at the one bin that y is in.
    Moments,
    /// Weights of the points in rings around y, whose radii grow by a factor of at most `1 + alpha` from the size of a bin on
    /// (a ring is at least one bin): one number a leaf instead of two or three, and a relative error of `((1 + alpha)ᵖ − 1)/2`.
    Rings {
        /// Growth of the radii, `0 < alpha ≤ 1`.
        alpha: f64,
    },
}

/// What sums of distances are made of.
///
/// # Example
///
/// ```
/// use attention_dp::{DistanceMethod, DistanceOptions, Power, TreeBudget};
///
/// let options = DistanceOptions::new(vec![(0.0, 10.0), (-1.0, 1.0)], 5.0, TreeBudget::Joint)
///     .with_power(Power::Two)
///     .with_bins(4096)
///     .with_method(DistanceMethod::Rings { alpha: 0.1 });
/// assert_eq!(options.dim(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DistanceOptions {
    pub(crate) intervals: Vec<(f64, f64)>,
    pub(crate) weight_bound: f64,
    pub(crate) power: Power,
    pub(crate) budget: TreeBudget,
    pub(crate) method: DistanceMethod,
    pub(crate) bins: usize,
    pub(crate) coordinate_bits: u32,
    pub(crate) weight_bits: u32,
    pub(crate) max_rows: u64,
}

impl DistanceOptions {
    /// Sums of `|y − x|` by exact moments over 1024 bins, for up to 2²⁰ rows. One interval a coordinate: points beyond are moved to its ends, weights
    /// to `±weight_bound`. Nothing is checked until the options are used.
    #[must_use]
    pub const fn new(intervals: Vec<(f64, f64)>, weight_bound: f64, budget: TreeBudget) -> Self {
        Self {
            intervals,
            weight_bound,
            power: Power::One,
            budget,
            method: DistanceMethod::Moments,
            bins: 1024,
            coordinate_bits: 18,
            weight_bits: 14,
            max_rows: 1 << 20,
        }
    }

    /// Power of the distances. Default one.
    #[must_use]
    pub fn with_power(self, power: Power) -> Self {
        Self { power, ..self }
    }

    /// How distances are read. Default exact moments.
    #[must_use]
    pub fn with_method(self, method: DistanceMethod) -> Self {
        Self { method, ..self }
    }

    /// Bins of each coordinate. Default 1024. More bins make the error at the bin of y smaller, and add levels that cost noise.
    #[must_use]
    pub fn with_bins(self, bins: usize) -> Self {
        Self { bins, ..self }
    }

    /// Bits of a coordinate and of a weight. Default 18 and 14.
    #[must_use]
    pub fn with_resolution(self, coordinate_bits: u32, weight_bits: u32) -> Self {
        Self { coordinate_bits, weight_bits, ..self }
    }

    /// Rows up to which sums cannot leave the lattice. Default 2²⁰. Privacy holds beyond it, error bounds do not.
    #[must_use]
    pub fn with_max_rows(self, max_rows: u64) -> Self {
        Self { max_rows, ..self }
    }

    /// Bins of each coordinate.
    #[must_use]
    pub const fn bins(&self) -> usize {
        self.bins
    }

    /// Number of coordinates.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.intervals.len()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.intervals.is_empty() {
            return Err(Error::EmptyShape { key_dim: 0, value_dim: 1 });
        }
        for (coordinate, &(low, high)) in self.intervals.iter().enumerate() {
            let half = 0.5 * high - 0.5 * low;
            // squares of distances up to 10¹² half-widths, times all weights, and of steps of either, are normal numbers
            if !(1e-70..=1e70).contains(&half) || low.abs().max(high.abs()) > 1e12 * half {
                return Err(Error::Interval { coordinate, low, high });
            }
        }
        within(Parameter::WeightBound, self.weight_bound, (1e-100, 1e100))?;
        if let DistanceMethod::Rings { alpha } = self.method
            && !(alpha > 0.0 && alpha <= 1.0)
        {
            return Err(Error::RingGrowth { alpha });
        }
        check_bits(self.coordinate_bits, self.weight_bits, self.max_rows)
    }

    /// Names and values as certificates record them.
    pub(crate) fn recorded(&self) -> [(&'static str, String); 6] {
        [
            ("intervals", format!("{:?}", self.intervals)),
            ("weight_bound", format!("{:?}", self.weight_bound)),
            ("power", format!("{:?}", self.power)),
            ("method", format!("{:?}", self.method)),
            ("bits", format!("{:?}", (self.coordinate_bits, self.weight_bits))),
            ("max_rows", format!("{:?}", self.max_rows)),
        ]
    }
}

/// Products of entries and weights must be exact in `f64`, sums must fit 62 bits.
pub(crate) fn check_bits(feature_bits: u32, value_bits: u32, max_rows: u64) -> Result<(), Error> {
    let row_bits = u64::BITS - max_rows.saturating_sub(1).leading_zeros();
    let sound = (4..=24).contains(&feature_bits)
        && (4..=24).contains(&value_bits)
        && feature_bits + value_bits + row_bits <= 60;
    if sound { Ok(()) } else { Err(Error::Resolution { feature_bits, value_bits, row_bits }) }
}

/// What cross-attention from trees is made of: the features and values of the moment release, and trees over each feature.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, Shape, TreeAttentionOptions, TreeBudget};
///
/// let (shape, bounds) = (Shape { key_dim: 4, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let moments = MomentOptions::new(shape, bounds, 2);
/// let options = TreeAttentionOptions::new(moments, TreeBudget::EqualShares).with_bins(64);
/// assert_eq!(options.bins(), 64);
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeAttentionOptions {
    moments: MomentOptions,
    budget: TreeBudget,
    bins: usize,
}

impl TreeAttentionOptions {
    /// Trees over 256 bins of each feature. All that [`MomentOptions`] say of radii, degree, scale, centre, range, bits, rows and
    /// threads holds here too. Nothing is checked until the options are used.
    #[must_use]
    pub const fn new(moments: MomentOptions, budget: TreeBudget) -> Self {
        Self { moments, budget, bins: 256 }
    }

    /// Bins of each feature. Default 256. Answers do not depend on bins except through noise, which grows with their logarithm.
    #[must_use]
    pub fn with_bins(self, bins: usize) -> Self {
        Self { bins, ..self }
    }

    /// Features, values, lattice and threads.
    #[must_use]
    pub const fn moments(&self) -> &MomentOptions {
        &self.moments
    }

    /// How the budget covers all trees.
    #[must_use]
    pub const fn budget(&self) -> TreeBudget {
        self.budget
    }

    /// Bins of each feature.
    #[must_use]
    pub const fn bins(&self) -> usize {
        self.bins
    }
}
