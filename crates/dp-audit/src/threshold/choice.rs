//! The choice of an event, on runs that are not tested on. Nothing here decides: a bad choice costs power only.

use super::event::{Event, Side};
use crate::binomial::{normal_quantile, wilson_lower};
use crate::claimed::PrivacyPoint;
use crate::verdict::Which;

/// What a good event is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim<'a> {
    /// To refute one of these.
    Refute(&'a [PrivacyPoint]),
    /// A large lower bound of ε at this δ, from so many runs at this level.
    LargestEpsilon { delta: f64, runs: u64, alpha: f64 },
}

/// How often an event was seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    likelier: u64,
    of: u64,
    other: u64,
    of_other: u64,
}

impl Seen {
    /// Probabilities, shrunk a little, so that an event that was never seen is not thought impossible.
    fn probabilities(self) -> (f64, f64) {
        let share = |hits: u64, runs: u64| (hits as f64 + 0.5) / (runs as f64 + 1.0);
        (share(self.likelier, self.of), share(self.other, self.of_other))
    }
}

impl Aim<'_> {
    /// Larger is better. `factors` are the `e^ε` of the points, computed once.
    fn merit(&self, factors: &[f64], seen: Seen) -> f64 {
        let (p, q) = seen.probabilities();
        match *self {
            Self::Refute(points) => {
                let merits = points
                    .iter()
                    .zip(factors)
                    .map(|(point, factor)| deviations(*factor, point.delta(), p, q));
                merits.fold(f64::NEG_INFINITY, f64::max)
            }
            Self::LargestEpsilon { delta, runs, alpha } => {
                let (n, z) = (runs as f64, normal_quantile(alpha / 2.0));
                let (lower, upper) = (wilson_lower(p, n, z), 1.0 - wilson_lower(1.0 - q, n, z));
                (lower - delta).max(0.0) / upper
            }
        }
    }
}

/// By how many standard deviations of one run `p` exceeds `e^ε q + δ`: the square, with its sign.
fn deviations(factor: f64, delta: f64, p: f64, q: f64) -> f64 {
    let excess = p - factor * q - delta;
    excess * excess.abs() / (p * (1.0 - p) + factor * factor * q * (1.0 - q))
}

/// `e^ε`, where it is a number that squares.
fn factor(point: &PrivacyPoint) -> f64 {
    point.epsilon().min(300.0).exp()
}

/// The point of a guarantee that an event with these probabilities contradicts the most.
pub(crate) fn weakest_point(points: &[PrivacyPoint], p: f64, q: f64) -> Option<PrivacyPoint> {
    let merit = |point: &PrivacyPoint| deviations(factor(point), point.delta(), p, q);
    points.iter().max_by(|a, b| merit(a).total_cmp(&merit(b))).copied()
}

/// The event of the greatest merit among both tails at every threshold, in both orders of the neighbours.
pub(crate) fn choose(scores: [&[f64]; 2], aim: &Aim<'_>) -> Event {
    let sorted = scores.map(|scores| {
        let mut sorted: Vec<f64> = scores.iter().map(|score| clamp(*score)).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    });
    let factors: Vec<f64> = match aim {
        Aim::Refute(points) => points.iter().map(factor).collect(),
        Aim::LargestEpsilon { .. } => Vec::new(),
    };
    let mut best = (f64::NEG_INFINITY, Event { threshold: 0.0, side: Side::AtLeast, likelier: Which::First });
    for threshold in candidates(&sorted) {
        let [first, second] = sorted.each_ref().map(|sorted| Counts::at(sorted, threshold));
        for side in [Side::AtLeast, Side::Below] {
            for likelier in Which::BOTH {
                let (here, there) = likelier.pick((first, second), (second, first));
                let seen = Seen {
                    likelier: here.on(side),
                    of: here.all,
                    other: there.on(side),
                    of_other: there.all,
                };
                let merit = aim.merit(&factors, seen);
                if merit > best.0 {
                    best = (merit, Event { threshold, side, likelier });
                }
            }
        }
    }
    best.1
}

/// Scores that are not finite become the ends of the range; NaN, which is below every threshold, the lower one.
fn clamp(score: f64) -> f64 {
    if score.is_nan() { f64::NEG_INFINITY } else { score.min(f64::MAX) }
}

/// How many scores lie at or above a threshold.
#[derive(Clone, Copy)]
struct Counts {
    at_least: u64,
    all: u64,
}

impl Counts {
    fn at(sorted: &[f64], threshold: f64) -> Self {
        let below = sorted.partition_point(|score| *score < threshold);
        Self { at_least: (sorted.len() - below) as u64, all: sorted.len() as u64 }
    }

    const fn on(self, side: Side) -> u64 {
        match side {
            Side::AtLeast => self.at_least,
            Side::Below => self.all - self.at_least,
        }
    }
}

/// Distinct scores of both neighbours; all of the outermost, and further inside every so many that their ranks from the
/// nearer end grow by a twentieth: some hundreds, whatever the number of runs.
fn candidates(sorted: &[Vec<f64>; 2]) -> Vec<f64> {
    let mut all = sorted.concat();
    all.push(f64::MIN); // tells −∞ and NaN from the rest
    all.retain(|score| *score > f64::NEG_INFINITY);
    all.sort_by(f64::total_cmp);
    all.dedup();
    let n = all.len();
    let rank = |i: usize| i.min(n - 1 - i);
    let cell = |i: usize| (20.0 * (rank(i) as f64).ln()) as usize;
    let is_kept = |i: &usize| rank(*i) <= OUTERMOST || cell(*i) != cell(*i - 1);
    (0..n).filter(is_kept).map(|i| all[i]).collect()
}

/// Ranks from either end that are all kept.
const OUTERMOST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn refute(epsilon: f64) -> Vec<PrivacyPoint> {
        vec![PrivacyPoint::new(epsilon, 0.0).unwrap()]
    }

    #[test]
    fn finds_the_tail_that_tells_the_neighbours_apart_in_every_orientation() {
        let low: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let high: Vec<f64> = (0..100).map(|i| f64::from(i % 10) + f64::from(i % 2)).collect();
        for (first, second) in [(&low, &high), (&high, &low)] {
            let event = choose([first, second], &Aim::Refute(&refute(0.1)));
            // only `high` reaches 10; only `low` stays at 0 below 1 half as often
            let rate = |scores: &[f64]| scores.iter().filter(|score| event.occurs(**score)).count();
            let (here, there) = event.likelier.pick((first, second), (second, first));
            assert!(rate(here) > rate(there), "{event:?}");
        }
    }

    #[test]
    fn sees_a_score_that_is_not_a_number() {
        let (first, second) = (vec![f64::NAN; 50], vec![1.0; 50]);
        let event = choose([&first, &second], &Aim::LargestEpsilon { delta: 0.0, runs: 50, alpha: 0.01 });
        assert!(event.occurs(f64::NAN) != event.occurs(1.0) && event.threshold.is_finite(), "{event:?}");
    }

    #[test]
    fn few_thresholds_represent_many_scores() {
        let many: Vec<f64> = (0..200_000).map(f64::from).collect();
        let thresholds = candidates(&[many.clone(), many]);
        assert!(thresholds.len() < 500 && thresholds.contains(&0.0) && thresholds.contains(&199_999.0));
        let few = candidates(&[vec![1.0, 2.0], vec![f64::NEG_INFINITY, 3.0]]);
        assert_eq!(few, [f64::MIN, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn an_event_is_found_without_any_score() {
        let event = choose([&[], &[]], &Aim::Refute(&refute(1.0)));
        assert!(event.threshold.is_finite());
    }

    #[test]
    fn the_weakest_point_is_where_the_claim_is_exceeded_the_most() {
        let points = [(0.0, 0.5), (1.0, 0.1), (3.0, 0.0)].map(|(e, d)| PrivacyPoint::new(e, d).unwrap());
        assert_eq!(weakest_point(&points, 0.5, 0.01), Some(points[1]));
        assert_eq!(weakest_point(&points, 0.05, 1e-3), Some(points[2]));
    }
}
