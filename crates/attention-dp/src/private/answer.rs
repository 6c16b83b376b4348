//! What a reader says about one query.

use super::bars::ErrorBar;

/// What the released moments say about one query.
///
/// # Example
///
/// ```
/// use attention_dp::Answer;
///
/// fn first(answer: &Answer) -> Option<f64> {
///     answer.estimate().map(|estimate| estimate.value()[0])
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A value with error bars.
    Estimate(Estimate),
    /// No answer at this confidence: the released normaliser, and the mass of local tokens if there are, do not rise above
    /// its noise.
    Undetermined,
}

impl Answer {
    /// The value and bars, if there are.
    #[must_use]
    pub const fn estimate(&self) -> Option<&Estimate> {
        match self {
            Self::Estimate(estimate) => Some(estimate),
            Self::Undetermined => None,
        }
    }
}

/// Estimated attention output at one query, with one error bar a coordinate.
///
/// # Example
///
/// ```
/// fn interval(estimate: &attention_dp::Estimate, coordinate: usize) -> (f64, f64) {
///     let (value, bar) = (estimate.value()[coordinate], estimate.bars()[coordinate].total());
///     (value - bar, value + bar)
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    pub(super) value: Vec<f64>,
    pub(super) bars: Vec<ErrorBar>,
}

impl Estimate {
    /// Estimated output, in value units, within the public value range; with local tokens, within the hull of that range and
    /// of their own average.
    #[must_use]
    pub fn value(&self) -> &[f64] {
        &self.value
    }

    /// Error bars of its coordinates.
    #[must_use]
    pub fn bars(&self) -> &[ErrorBar] {
        &self.bars
    }
}
