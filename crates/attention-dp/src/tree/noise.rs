//! The noise on every node, and how far a weighted sum of nodes can be off.
//!
//! # Derivation
//!
//! A reading is a linear function `Σ aᵢZᵢ` of the noise Zᵢ of *all* nodes that it rests on. With `V = Σaᵢ²`, `A = Σ|aᵢ|`,
//! `M = max|aᵢ|`, except with probability γ:
//!
//! * rounded Gaussian, `Z = σN + e`, `|e| ≤ ½`: `|Σ aᵢZᵢ| ≤ ζσ√V + ½A`, `ζ = Φ⁻¹(1 − γ/2)`;
//! * truncated Laplace of scale b, `|Z| ≤ B`: `|Σ aᵢZᵢ| ≤ A·B` always; and, with `ℓ = ln(2/γ)`, at most
//!   `b·(ℓ/s + sV/(1 − s²M²))` for each s with `0 < sM < 1`, by Chernoff's bound: `E e^{tZ} ≤ 1/(1 − t²b²)` (docs/theorems.md,
//!   Trees), and `−ln(1 − y) ≤ y/(1 − y)`.
//!
//! Gaussian nodes are estimated [from below](super::nodes::NodeLayout::estimate_from_below): the estimate of a node of level h has
//! variance `v_h` and, by induction from `d_h = 2ʰ + 2d_{h−1}` for `(2ʰ⁺¹ − 1)` times it, absolute weights that sum to `(h + 1)v_h`.
//! Nodes with bounded noise are read by themselves, because sums of bounds grow where variances fall.

use core::ops::Range;
use dp_mechanisms::continual::TreeShape;
use dp_mechanisms::{Error as MechanismError, FailureProbability, NoiseScale, NoiseStd, normal};

/// Noise on every node of a tree, independent between nodes and entries; in lattice steps.
///
/// # Example
///
/// ```
/// use attention_dp::NodeNoise;
/// use dp_mechanisms::NoiseStd;
///
/// let noise = NodeNoise::Gaussian(NoiseStd::new(3.0)?);
/// assert!((noise.std() - (9.0_f64 + 1.0 / 12.0).sqrt()).abs() < 1e-12);
/// assert_eq!(noise.bound(), None);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum NodeNoise {
    /// None: the tree was assumed public.
    None,
    /// Rounded Gaussian noise of this standard deviation before rounding.
    Gaussian(NoiseStd),
    /// Discrete Laplace noise of this scale, conditioned on being at most `bound` in magnitude.
    TruncatedLaplace {
        /// Scale before truncation.
        scale: NoiseScale,
        /// Largest magnitude.
        bound: u64,
    },
}

impl NodeNoise {
    /// Standard deviation, in lattice steps; an upper bound for truncated noise.
    #[must_use]
    pub fn std(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Gaussian(std) => (std.get() * std.get() + 1.0 / 12.0).sqrt(),
            Self::TruncatedLaplace { scale, bound } => {
                (core::f64::consts::SQRT_2 * scale.get()).min(bound as f64) * OUTWARD
            }
        }
    }

    /// What no noise exceeds, if there is such a number.
    #[must_use]
    pub const fn bound(self) -> Option<f64> {
        match self {
            Self::None => Some(0.0),
            Self::Gaussian(_) => None,
            Self::TruncatedLaplace { bound, .. } => Some(bound as f64),
        }
    }

    /// Whether nodes are estimated from those below them.
    pub(crate) const fn is_estimated_from_below(self) -> bool {
        matches!(self, Self::Gaussian(_))
    }

    /// What the sum over a range of leaves rests on.
    pub(crate) fn range(self, shape: TreeShape, leaves: Range<usize>) -> Combination {
        let nodes = shape.cover(leaves.start as u64..leaves.end as u64);
        nodes.fold(Combination::default(), |sum, node| sum.and(1.0, &self.node(node.level)))
    }

    fn node(self, level: u32) -> Combination {
        let factor = if self.is_estimated_from_below() { TreeShape::node_factor(level) } else { 1.0 };
        let terms = if self.is_estimated_from_below() { f64::from(level + 1) } else { 1.0 };
        Combination { squares: factor, absolutes: terms * factor, largest: factor }
    }

    /// How far the combination can be off at this confidence, in lattice steps.
    pub(crate) fn half_width(self, of: &Combination, confidence: &Confidence) -> f64 {
        let width = match self {
            Self::None => 0.0,
            Self::Gaussian(std) => confidence.gaussian * std.get() * of.squares.sqrt() + 0.5 * of.absolutes,
            Self::TruncatedLaplace { scale, bound } => {
                (of.absolutes * bound as f64).min(scale.get() * chernoff(of, confidence.log))
            }
        };
        width * OUTWARD
    }
}

/// The least of `ℓ/s + sV/(1 − s²M²)` over a few s: parts of the whole range, and what is best if M is small.
fn chernoff(of: &Combination, log: f64) -> f64 {
    let at = |part: f64| {
        let s = part / of.largest;
        log / s + s * of.squares / (1.0 - part * part)
    };
    let free = (log / of.squares).sqrt() * of.largest;
    let parts = (1..16).map(|sixteenth| f64::from(sixteenth) / 16.0).chain([free.min(0.5)]);
    // of nothing there is no noise
    if of.largest > 0.0 { parts.map(at).fold(f64::INFINITY, f64::min) } else { 0.0 }
}

/// Covers the roundings of these formulas, of sums of a few thousand coefficients and of a logarithm. Readings of more terms are charged
/// for their number too.
pub(crate) const OUTWARD: f64 = 1.0 + 1e-12;

/// Coefficients of independent noise in a reading.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Combination {
    /// `Σ a²`
    pub(crate) squares: f64,
    /// `Σ |a|`
    pub(crate) absolutes: f64,
    /// `max |a|`
    pub(crate) largest: f64,
}

impl Combination {
    /// One node that is read by itself.
    pub(crate) const SINGLE: Self = Self { squares: 1.0, absolutes: 1.0, largest: 1.0 };

    /// This and a multiple of another, of other nodes.
    pub(crate) fn and(self, factor: f64, other: &Self) -> Self {
        let size = factor.abs();
        Self {
            squares: self.squares + size * size * other.squares,
            absolutes: self.absolutes + size * other.absolutes,
            largest: self.largest.max(size * other.largest),
        }
    }
}

/// Quantiles at one failure probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Confidence {
    /// `Φ⁻¹(1 − γ/2)`
    gaussian: f64,
    /// `ln(2/γ)`
    log: f64,
}

impl Confidence {
    /// `failure`, split evenly over this many statements.
    pub(crate) fn new(failure: FailureProbability, statements: f64) -> Result<Self, MechanismError> {
        let each = FailureProbability::new(failure.get() / statements / 2.0)?;
        Ok(Self { gaussian: normal::upper_quantile(each), log: -each.get().ln() * OUTWARD })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_an_estimate_from_below_are_those_of_the_recursion() {
        let shape = TreeShape::new(1 << 12).unwrap();
        let noise = NodeNoise::Gaussian(NoiseStd::new(1.0).unwrap());
        let (mut squares, mut absolutes) = (1.0, 1.0);
        for level in 1..shape.levels() {
            let v = TreeShape::node_factor(level);
            squares = v * v + 2.0 * (1.0 - v) * (1.0 - v) * squares;
            absolutes = v + 2.0 * (1.0 - v) * absolutes;
            let node = noise.node(level);
            // a dozen levels of a few roundings
            assert!((node.squares - squares).abs() < 1e-13 && (node.absolutes - absolutes).abs() < 1e-13);
        }
    }

    #[test]
    fn bounded_noise_is_never_charged_beyond_its_bound() {
        let noise = NodeNoise::TruncatedLaplace { scale: NoiseScale::new(10.0).unwrap(), bound: 100 };
        let confidence = |gamma| Confidence::new(FailureProbability::new(gamma).unwrap(), 1.0).unwrap();
        let few = noise.range(TreeShape::new(8).unwrap(), 0..3);
        assert!((noise.half_width(&few, &confidence(1e-300)) - 200.0).abs() < 1e-9);
        // a hundred nodes of standard deviation 14: near 2√(100·ln 200)·10, far below 100·100
        let many = (0..100).fold(Combination::default(), |sum, _| sum.and(1.0, &Combination::SINGLE));
        assert!(noise.half_width(&many, &confidence(0.01)) < 480.0);
    }
}
