//! Pictures that several checks draw.

use crate::{Axis, Figure, Role, larger, smaller};

/// What was found, against the bounds that were stated for it; as many pairs as a check has, of which some are drawn.
#[derive(Default)]
pub(super) struct AgainstBounds {
    pairs: Vec<(f64, f64)>,
}

impl AgainstBounds {
    /// Points that are drawn at most.
    const MOST: usize = 150;

    /// One more; what is far below its bound would leave no room on the axes for what is near.
    pub(super) fn push(&mut self, bound: f64, found: f64) {
        if bound > 0.0 && found > 1e-4 * bound {
            self.pairs.push((bound, found));
        }
        if self.pairs.len() >= 32 * Self::MOST {
            self.thin(8 * Self::MOST);
        }
    }

    /// Keeps those that come nearest to their bounds, and about as many as are wanted of the others.
    fn thin(&mut self, wanted: usize) {
        self.pairs.sort_by(|a, b| (b.1 / b.0).total_cmp(&(a.1 / a.0)));
        let near = self.pairs.len().min(Self::MOST / 3);
        let rest = self.pairs.split_off(near);
        let step = rest.len().div_ceil(wanted - Self::MOST / 3).max(1);
        self.pairs.extend(rest.into_iter().step_by(step));
    }

    /// None may lie above the diagonal.
    pub(super) fn picture(mut self, title: &str) -> Figure {
        self.thin(Self::MOST);
        let span = ends(&self.pairs);
        Figure::new(title, Axis::logarithmic("stated bound"), Axis::logarithmic("found"))
            .with_curve(Role::Bound, "as large as stated", span.map(|x| (x, x)))
            .with_curve(Role::Observed, "found (where above a ten-thousandth of its bound)", self.pairs)
    }
}

/// How often bars miss, against how often they may: pairs `(stated, found)` of shares.
pub(super) fn coverage(title: &str, shares: &[(f64, f64)]) -> Figure {
    Figure::new(title, Axis::logarithmic("stated share of misses"), Axis::logarithmic("share found"))
        .with_curve(Role::Bound, "as stated", ends(shares).map(|x| (x, x)))
        .with_curve(Role::Observed, "found (none: not drawn)", shares.iter().copied())
}

/// Least and largest first number.
fn ends(pairs: &[(f64, f64)]) -> [f64; 2] {
    pairs.iter().fold([f64::INFINITY, 0.0], |[low, high], pair| [smaller(low, pair.0), larger(high, pair.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_to_their_bounds_are_always_drawn() {
        let mut pairs = AgainstBounds::default();
        pairs.push(2500.0, 2499.0);
        for i in 1..20_000 {
            pairs.push(f64::from(i), 0.5 * f64::from(i));
        }
        pairs.push(3.0, 0.0);
        let figure = pairs.picture("errors");
        let drawn = &figure.curves[1].points;
        assert!(drawn.len() <= AgainstBounds::MOST + 1, "{}", drawn.len());
        assert!(drawn.contains(&(2500.0, 2499.0)) && !drawn.contains(&(3.0, 0.0)));
        assert!(figure.curves[0].points[1].0 > 10_000.0, "the line spans the bounds");
    }
}
