//! What runs on two neighbours are sure of: compared with what is claimed, and drawn beside it.

use super::twins::each_part;
use crate::{Axis, Context, Figure, Outcome, Role, Subject, Verdict, larger};
use dp_audit::{Experiment, Neighbours, ThresholdAudit, ThresholdReport, from_fn};
use dp_linalg::Mat;
use dp_mechanisms::{Adjacency, FailureProbability};
use dp_testkit::statistics::{epsilon_lower_bound, proportion_lower_bound, proportion_upper_bound};
use rand::CryptoRng;

/// Lower bounds on a privacy profile, all of which hold unless an event of one small probability occurred.
pub(super) trait LowerBound {
    /// On ε at this δ.
    fn epsilon(&self, delta: f64) -> f64;
    /// On δ at this ε.
    fn delta(&self, epsilon: f64) -> f64;
    /// Runs of the mechanism behind them, on both neighbours together.
    fn runs(&self) -> u64;
}

impl<A: Adjacency> LowerBound for ThresholdReport<A> {
    fn epsilon(&self, delta: f64) -> f64 {
        self.epsilon_lower_bound(delta)
    }

    fn delta(&self, epsilon: f64) -> f64 {
        self.delta_lower_bound(epsilon)
    }

    fn runs(&self) -> u64 {
        self.total_runs()
    }
}

/// How often events that were fixed beforehand occurred on the neighbour where they are likelier, and on the other.
pub(super) struct Events {
    hits: Vec<[u64; 2]>,
    runs: u64,
    /// Level of all events together, of which each has an equal part.
    alpha: f64,
}

impl Events {
    /// Scores above thresholds, of runs of the neighbour where they are higher and of as many of the other. The level is that of all
    /// thresholds together.
    pub(super) fn above(thresholds: &[f64], [higher, lower]: [&[f64]; 2], alpha: f64) -> Self {
        assert_eq!(higher.len(), lower.len(), "as many runs of both");
        // which is above nothing
        assert!(!higher.iter().chain(lower).any(|score| score.is_nan()), "a score is a number");
        let count = |scores: &[f64], t: f64| scores.iter().filter(|score| **score > t).count() as u64;
        let hits = thresholds.iter().map(|&t| [count(higher, t), count(lower, t)]).collect();
        Self { hits, runs: higher.len() as u64, alpha }
    }

    /// With other events of the same runs, all of them together at the level that either had.
    pub(super) fn and(mut self, other: &Self) -> Self {
        assert!(self.runs == other.runs && self.alpha <= other.alpha, "events of the same runs");
        self.hits.extend(&other.hits);
        self
    }

    /// Level of one event.
    fn share(&self) -> f64 {
        self.alpha / self.hits.len() as f64
    }
}

impl LowerBound for Events {
    fn epsilon(&self, delta: f64) -> f64 {
        let of = |&[likelier, other]: &[u64; 2]| {
            epsilon_lower_bound(likelier, other, self.runs, delta, self.share())
        };
        self.hits.iter().map(of).fold(0.0, larger)
    }

    fn delta(&self, epsilon: f64) -> f64 {
        let of = |&[likelier, other]: &[u64; 2]| {
            let low = proportion_lower_bound(likelier, self.runs, self.share() / 2.0);
            low - epsilon.exp() * proportion_upper_bound(other, self.runs, self.share() / 2.0)
        };
        self.hits.iter().map(of).fold(0.0, larger)
    }

    fn runs(&self) -> u64 {
        2 * self.runs
    }
}

/// What is claimed of a release.
pub(super) struct Stated<'a> {
    /// What is released, for the title of a picture.
    pub(super) of: &'a str,
    /// At δ.
    pub(super) epsilon: f64,
    /// Where both are compared.
    pub(super) delta: f64,
    /// δ of the certificate, by ε.
    pub(super) profile: &'a dyn Fn(f64) -> f64,
}

impl Stated<'_> {
    /// The bound found is at most the claim; one below `least` of it is no evidence.
    pub(super) fn against(&self, found: &impl LowerBound, least: f64) -> Outcome {
        let audited = found.epsilon(self.delta);
        let note = format!("audited ε: {audited:.3}, claimed {:.3}", self.epsilon);
        let outcome = Outcome::at_most(audited, self.epsilon, found.runs()).with_note(note);
        let is_weak = audited < least * self.epsilon;
        let verdict = if is_weak { Verdict::Inconclusive } else { outcome.verdict };
        Outcome { verdict, ..outcome }.with_figure(self.picture(found))
    }

    /// An audit whose picture shows what the law itself loses, too, which is between the two.
    pub(super) fn with_law(&self, audited: Outcome, delta: &dyn Fn(f64) -> f64) -> Outcome {
        let drawn =
            |figure: Figure| figure.with_curve(Role::Exact, "divergence of the law", self.over(delta));
        Outcome { figure: audited.figure.map(drawn), ..audited }
    }

    fn over(&self, delta: &dyn Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..=24)
            .map(|i| self.epsilon * f64::from(i) / 12.0)
            .map(|epsilon| (epsilon, delta(epsilon)))
            .collect()
    }

    /// δ against ε, as claimed and as found.
    pub(super) fn picture(&self, found: &impl LowerBound) -> Figure {
        let title = format!("Privacy profile of {}: certificate and audit", self.of);
        Figure::new(&title, Axis::linear("ε"), Axis::logarithmic("δ"))
            .with_curve(Role::Bound, "certificate", self.over(self.profile))
            .with_curve(
                Role::Observed,
                "lower bound of the audit",
                self.over(&|epsilon| found.delta(epsilon)),
            )
    }
}

/// Several audits as one: of the thing as shipped the worst verdict, of twins the mildest. Among equals the one that found most of what is
/// claimed speaks, of twins the one that found least.
pub(super) fn together(mut audits: Vec<Outcome>, subject: Subject) -> Outcome {
    let share = |audit: &Outcome| audit.observed / audit.bound;
    audits.sort_by(|a, b| share(b).total_cmp(&share(a)));
    each_part(subject, audits)
}

/// What each of these found, in their order.
pub(super) fn list(audits: &[Outcome]) -> String {
    audits.iter().map(|audit| format!("{:.3}", audit.observed)).collect::<Vec<_>>().join(", ")
}

/// A threshold audit of a mechanism on matrices whose output is a score, at this δ.
pub(super) fn audit<A: Adjacency>(
    context: &Context,
    (first, second, adjacency): (Mat, Mat, A),
    (runs, delta, alpha): (usize, f64, f64),
    score: impl Fn(&Mat, &mut dyn CryptoRng) -> f64,
) -> ThresholdReport<A> {
    let mechanism = from_fn(|rows: &Mat, rng| score(rows, rng));
    let neighbours = Neighbours::new(first, second, adjacency);
    let experiment = Experiment::new(&mechanism, &neighbours, |score: &f64| *score);
    let alpha = FailureProbability::new(context.spend(alpha)).expect("a probability");
    let audit = ThresholdAudit::new(runs, alpha).expect("enough runs");
    audit.measure(&experiment, delta, &mut context.rng(0)).expect("δ is a probability")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_events_hold_of_randomised_response() {
        // an answer that is right with probability 3/4: ε = ln 3
        let answers =
            |right: usize| (0..4000).map(|i| f64::from(u8::from(i % 4 < right))).collect::<Vec<_>>();
        let (higher, lower) = (answers(3), answers(1));
        let events = Events::above(&[0.5, 2.0], [&higher, &lower], 1e-6);
        let found = events.epsilon(0.0);
        assert!(found > 0.7 * 3_f64.ln() && found < 3_f64.ln(), "{found}");
        assert!(events.delta(0.0) > 0.3 && events.delta(0.0) < 0.5 && events.delta(3_f64.ln()) == 0.0);
        assert_eq!(events.runs(), 8000);
    }

    #[test]
    fn events_share_one_level_however_many_they_are() {
        let (higher, lower) = ([1.0, 1.0, 1.0, 0.0].repeat(500), [1.0, 0.0, 0.0, 0.0].repeat(500));
        let some = |thresholds: &[f64], alpha| Events::above(thresholds, [&higher, &lower], alpha);
        let four = some(&[0.1, 0.2, 0.3, 0.4], 4e-6).epsilon(0.0);
        assert_eq!(four, some(&[0.1], 1e-6).epsilon(0.0));
        assert_eq!(four, some(&[0.1, 0.2], 4e-6).and(&some(&[0.3, 0.4], 4e-6)).epsilon(0.0));
        assert!(four < some(&[0.1], 4e-6).epsilon(0.0));
    }

    #[test]
    fn of_several_audits_the_worst_decides_as_shipped_and_the_mildest_of_twins() {
        let found = |observed: f64| Outcome::at_most(observed, 1.0, 10);
        let weak = || Outcome { verdict: Verdict::Inconclusive, ..found(0.1) };
        let verdict = |audits: Vec<Outcome>, subject| {
            let outcome = together(audits, subject);
            (outcome.verdict, outcome.observed)
        };
        let shipped = |audits| verdict(audits, Subject::AsShipped);
        assert_eq!(shipped(vec![found(0.4), found(0.9), found(0.7)]), (Verdict::Holds, 0.9));
        assert_eq!(shipped(vec![found(0.9), weak()]), (Verdict::Inconclusive, 0.1));
        assert_eq!(shipped(vec![found(0.9), weak(), found(1.1)]), (Verdict::Violated, 1.1));
        let broken = |audits| verdict(audits, Subject::Broken);
        assert_eq!(broken(vec![found(3.0), found(1.1), found(2.0)]), (Verdict::Violated, 1.1));
        assert_eq!(broken(vec![found(3.0), found(0.9), found(2.0)]), (Verdict::Holds, 0.9));
        assert_eq!(broken(vec![found(3.0), weak()]).0, Verdict::Inconclusive);
        assert_eq!(together(vec![], Subject::Broken).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_weak_audit_is_no_evidence() {
        let same = vec![0.0; 100];
        let events = Events::above(&[0.5], [&same, &same], 1e-6);
        let stated = Stated { of: "nothing", epsilon: 1.0, delta: 0.1, profile: &|_| 0.1 };
        assert_eq!(stated.against(&events, 0.5).verdict, Verdict::Inconclusive);
        assert_eq!(stated.against(&events, 0.0).verdict, Verdict::Holds);
    }
}
