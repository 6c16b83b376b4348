//! Coins, guesses, and how many were right.

use rand::{CryptoRng, RngExt};
use serde::{Deserialize, Serialize};

/// Whether a canary is part of the data.
///
/// # Example
///
/// ```
/// use dp_audit::{Guess, Membership};
///
/// assert!(Guess::About(Membership::Included) != Guess::Abstain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// It is.
    Included,
    /// It is not, or another row stands in its place.
    Excluded,
}

/// What is guessed about a canary.
///
/// # Example
///
/// ```
/// use dp_audit::{Guess, Guesses, Membership};
///
/// let guesses = Guesses::new(vec![Guess::Abstain, Guess::About(Membership::Excluded)]);
/// assert_eq!((guesses.len(), guesses.made()), (2, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guess {
    /// A guess.
    About(Membership),
    /// None.
    Abstain,
}

/// For each canary, the fall of its coin.
///
/// # Example
///
/// ```
/// use dp_audit::{Inclusion, Membership};
///
/// let inclusion = Inclusion::draw(1000, &mut dp_mechanisms::secure_rng()?);
/// let included = inclusion.iter().filter(|canary| *canary == Membership::Included).count();
/// assert!((300..700).contains(&included));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    canaries: Vec<Membership>,
}

impl Inclusion {
    /// An independent fair coin for each canary: never an exact half of them.
    #[must_use]
    pub fn draw<R: CryptoRng + ?Sized>(canaries: usize, rng: &mut R) -> Self {
        let coin = |_| if rng.random::<bool>() { Membership::Included } else { Membership::Excluded };
        Self { canaries: (0..canaries).map(coin).collect() }
    }

    /// Coins that were thrown elsewhere. They must have been fair and independent; nothing here can check that.
    #[must_use]
    pub const fn assume_fair(canaries: Vec<Membership>) -> Self {
        Self { canaries }
    }

    /// Coin by coin, in the order of canaries.
    pub fn iter(&self) -> impl Iterator<Item = Membership> + '_ {
        self.canaries.iter().copied()
    }

    /// Number of canaries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.canaries.len()
    }

    /// Whether there are no canaries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.canaries.is_empty()
    }
}

/// For each canary, a guess or an abstention.
///
/// # Example
///
/// ```
/// use dp_audit::{Guess, Guesses, Membership};
///
/// let guesses = Guesses::by_score(&[0.3, 9.0, -4.0, 0.1], 2);
/// assert_eq!(guesses.iter().nth(1), Some(Guess::About(Membership::Included)));
/// assert_eq!(guesses.iter().nth(2), Some(Guess::About(Membership::Excluded)));
/// assert_eq!(guesses.made(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guesses {
    guesses: Vec<Guess>,
}

impl Guesses {
    /// These guesses, in the order of canaries.
    #[must_use]
    pub const fn new(guesses: Vec<Guess>) -> Self {
        Self { guesses }
    }

    /// Guesses about `count` canaries by their scores: half of them (rounded up) from the top, half from the bottom.
    ///
    /// The highest are guessed to be included, the lowest to be excluded. NaN counts as lowest. There are at most as
    /// many guesses as scores.
    #[must_use]
    pub fn by_score(scores: &[f64], count: usize) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        let key = |i: &usize| if scores[*i].is_nan() { f64::NEG_INFINITY } else { scores[*i] };
        order.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let count = count.min(scores.len());
        let mut guesses = vec![Guess::Abstain; scores.len()];
        for &low in &order[..count / 2] {
            guesses[low] = Guess::About(Membership::Excluded);
        }
        for &high in &order[scores.len() - count.div_ceil(2)..] {
            guesses[high] = Guess::About(Membership::Included);
        }
        Self { guesses }
    }

    /// Guess by guess, in the order of canaries.
    pub fn iter(&self) -> impl Iterator<Item = Guess> + '_ {
        self.guesses.iter().copied()
    }

    /// Number of canaries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.guesses.len()
    }

    /// Whether there are no canaries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.guesses.is_empty()
    }

    /// Number of guesses that are none of them abstentions.
    #[must_use]
    pub fn made(&self) -> usize {
        self.iter().filter(|guess| *guess != Guess::Abstain).count()
    }

    /// Number of guesses that the coins confirm.
    pub(super) fn right(&self, inclusion: &Inclusion) -> usize {
        self.iter().zip(inclusion.iter()).filter(|(guess, truth)| *guess == Guess::About(*truth)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_many_guesses_are_made_as_were_asked_for(scores in proptest::collection::vec(-5.0..5.0_f64, 0..40), count in 0..50_usize) {
            let guesses = Guesses::by_score(&scores, count);
            prop_assert_eq!(guesses.made(), count.min(scores.len()));
            prop_assert_eq!(guesses.len(), scores.len());
            let worst_in = scores.iter().zip(guesses.iter()).filter(|(_, g)| *g == Guess::About(Membership::Included)).map(|(s, _)| *s).fold(f64::INFINITY, f64::min);
            let best_out = scores.iter().zip(guesses.iter()).filter(|(_, g)| *g == Guess::About(Membership::Excluded)).map(|(s, _)| *s).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(best_out <= worst_in);
        }
    }

    #[test]
    fn only_guesses_that_the_coins_confirm_are_right() {
        use Membership::{Excluded, Included};
        let inclusion = Inclusion::assume_fair(vec![Included, Excluded, Included, Excluded]);
        let guesses = Guesses::new(vec![
            Guess::About(Included),
            Guess::About(Included),
            Guess::Abstain,
            Guess::About(Excluded),
        ]);
        assert_eq!((guesses.made(), guesses.right(&inclusion)), (3, 2));
    }
}
