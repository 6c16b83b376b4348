//! Readings of a tree: which ranges with which factors, and what their noise rests on.

use super::noise::{Combination, Confidence, NodeNoise, OUTWARD};
use super::options::Power;
use crate::private::Coverage;
use core::ops::Range;

/// One range of leaves in a reading: `factor` times entry `moment`, in steps of a weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) moment: usize,
    pub(crate) leaves: Range<usize>,
    pub(crate) factor: f64,
}

/// A reading before weights are scaled: values by column, and what its noise rests on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) values: Vec<f64>,
    pub(crate) together: Combination,
    /// Sum of half-widths of single ranges.
    pub(crate) separate: f64,
    /// Floating-point error of its terms, each charged 128 roundings.
    pub(crate) arithmetic: f64,
    /// Number of terms.
    pub(crate) terms: usize,
}

impl Reading {
    /// Noise at this coverage and floating-point error, in steps of a weight. Sums over the terms, of values and of what they rest
    /// on, round as many times as there are terms.
    pub(crate) fn noise(&self, noise: NodeNoise, coverage: Coverage, confidence: &Confidence) -> f64 {
        let width = match coverage {
            Coverage::FixedQuery => noise.half_width(&self.together, confidence),
            Coverage::Simultaneous => self.separate,
        };
        let terms = self.terms as f64;
        width * (1.0 + terms * f64::EPSILON) + (1.0 + terms / 128.0) * self.arithmetic
    }
}

/// Rings found so far, and the largest errors of their representatives.
#[derive(Default)]
pub(crate) struct Rings {
    pub(crate) power: Power,
    /// Steps of the count of one row.
    pub(crate) unit: f64,
    pub(crate) alpha: f64,
    pub(crate) terms: Vec<Term>,
    pub(crate) absolute: f64,
    pub(crate) relative: f64,
}

impl Rings {
    pub(crate) fn add(&mut self, leaves: Range<usize>, near: f64, far: f64) {
        let (low, high) = (power(near, self.power), power(far, self.power));
        self.terms.push(Term { moment: 0, leaves, factor: 0.5 * (low + high) / self.unit });
        let error = 0.5 * (high - low);
        if far <= (1.0 + self.alpha) * near {
            self.relative = self.relative.max(error / low * OUTWARD);
        } else {
            self.absolute = self.absolute.max(error);
        }
    }
}

/// `xᵖ`
pub(crate) fn power(x: f64, power: Power) -> f64 {
    match power {
        Power::One => x,
        Power::Two => x * x,
    }
}
