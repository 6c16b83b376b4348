//! The words of an audit: it refutes or it does not. There is no word for "private".

use core::fmt;
use serde::{Deserialize, Serialize};

/// What an audit says about a guarantee.
///
/// There are two answers, and neither is "it holds": an audit looks at one pair of neighbours, at one event, and at
/// finitely many runs.
///
/// # Example
///
/// ```
/// use dp_audit::Verdict;
///
/// assert_eq!(Verdict::NotRefuted.to_string(), "not refuted");
/// assert_eq!(serde_json::to_string(&Verdict::Refuted).unwrap(), r#""refuted""#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Verdict {
    /// The guarantee is false.
    ///
    /// With certainty where the report says so, else unless an event of probability at most α occurred.
    Refuted,
    /// This audit found nothing. That is no evidence that the guarantee holds.
    NotRefuted,
}

impl Verdict {
    /// Refuted if `violated`.
    pub(crate) const fn refuted_if(violated: bool) -> Self {
        if violated { Self::Refuted } else { Self::NotRefuted }
    }

    /// Whether the guarantee was refuted.
    #[must_use]
    pub const fn is_refuted(self) -> bool {
        matches!(self, Self::Refuted)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refuted => "refuted",
            Self::NotRefuted => "not refuted",
        })
    }
}

/// Which of two neighbours: the one under which the event of an audit is the likelier.
///
/// # Example
///
/// ```
/// use dp_audit::Which;
///
/// assert_eq!(Which::First.other(), Which::Second);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The first data set of the pair.
    First,
    /// The second.
    Second,
}

impl Which {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The neighbour of this one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// `first` or `second`, whichever this is.
    pub fn pick<T>(self, first: T, second: T) -> T {
        match self {
            Self::First => first,
            Self::Second => second,
        }
    }
}
