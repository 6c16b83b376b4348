//! Events that an audit can look for.

use crate::verdict::Which;
use serde::{Deserialize, Serialize};

/// Which side of a threshold.
///
/// # Example
///
/// ```
/// assert_eq!(serde_json::to_string(&dp_audit::Side::AtLeast).unwrap(), r#""at_least""#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Scores at or above the threshold.
    AtLeast,
    /// All others: scores below, and NaN.
    Below,
}

/// A tail of the score, and the neighbour on which it was found to be the likelier.
///
/// # Example
///
/// ```
/// use dp_audit::{Event, Side, Which};
///
/// let event = Event { threshold: 2.0, side: Side::Below, likelier: Which::First };
/// assert!(event.occurs(1.5) && event.occurs(f64::NAN) && !event.occurs(2.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Where the tail begins; finite.
    pub threshold: f64,
    /// Upper or lower tail.
    pub side: Side,
    /// On which neighbour it was the likelier while choosing.
    pub likelier: Which,
}

impl Event {
    /// Whether a run with this score counts.
    #[must_use]
    pub fn occurs(self, score: f64) -> bool {
        (score >= self.threshold) == (self.side == Side::AtLeast)
    }

    /// Whether it could have been chosen; what is read from a file may not have been.
    pub(crate) const fn is_sound(self) -> bool {
        self.threshold.is_finite()
    }
}
