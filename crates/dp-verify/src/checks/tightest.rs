//! How far the integers of neighbours are apart, over what is stated.

use super::picture::AgainstBounds;
use crate::{Outcome, larger, smaller};

/// The largest distance found, over the stated one; compared as integers.
#[derive(Default)]
pub(super) struct Tightest {
    pub(super) ratio: f64,
    pub(super) n: u64,
    seen: AgainstBounds,
}

impl Tightest {
    /// One more pair of neighbours; its distance over the stated one.
    pub(super) fn see(&mut self, distance: u128, stated: u128) -> f64 {
        let ratio = distance as f64 / stated as f64;
        let ratio = match distance {
            0 => 0.0,
            // quotients of large integers may round to one
            _ if distance > stated => larger(ratio, 1.0_f64.next_up()),
            _ => smaller(ratio, 1.0),
        };
        self.ratio = larger(self.ratio, ratio);
        self.n += 1;
        self.seen.push(stated as f64, distance as f64);
        ratio
    }

    /// A search that stays below `near` of what is stated is no evidence for it.
    pub(super) fn outcome(self, near: f64) -> Outcome {
        let note = format!("largest distance over the stated one: {:.6}", self.ratio);
        let outcome = if self.ratio < near {
            Outcome::inconclusive(note)
        } else {
            Outcome::at_most(self.ratio, 1.0, self.n).with_note(note)
        };
        outcome
            .with_figure(self.seen.picture("Distances of the integers of neighbours, against what is stated"))
    }
}
