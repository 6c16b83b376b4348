//! One mechanism on one pair of neighbours with its claim, ready for every auditor.

use dp_audit::{
    Claimed, Experiment, Mechanism, Neighbours, SequentialAudit, Statistic, ThresholdAudit, ThresholdReport,
    Verdict,
};
use dp_mechanisms::{Adjacency, Delta, Epsilon, FailureProbability, Mu, PrivacyProfile};
use rand_chacha::ChaCha20Rng;

/// What an auditor said, and how many runs it took, on both neighbours together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) verdict: Verdict,
    pub(super) runs: u64,
    /// Whether the tested runs contradict the claim as they stand, without any allowance for chance: what an auditor
    /// without a level would say.
    pub(super) at_face_value: bool,
}

/// A mechanism with everything around it, whatever its types.
pub(super) trait Trial {
    fn threshold(&self, runs: usize, alpha: f64, rng: &mut ChaCha20Rng) -> Heard;
    fn sequential(&self, max_rounds: usize, alpha: f64, rng: &mut ChaCha20Rng) -> Heard;
}

struct Bound<M: Mechanism, A, S> {
    mechanism: M,
    neighbours: Neighbours<M::Data, A>,
    statistic: S,
    claimed: Claimed<A>,
}

/// Puts a mechanism on trial for a claim.
pub(super) fn trial<M, A, S>(
    mechanism: M,
    neighbours: Neighbours<M::Data, A>,
    statistic: S,
    claim: &PrivacyProfile<A>,
) -> Box<dyn Trial>
where
    M: Mechanism + 'static,
    A: Adjacency,
    S: Statistic<M::Output> + Clone + 'static,
{
    Box::new(Bound { mechanism, neighbours, statistic, claimed: Claimed::from(claim) })
}

impl<M: Mechanism, A: Adjacency, S: Statistic<M::Output> + Clone> Bound<M, A, S> {
    fn experiment(&self) -> Experiment<'_, M, A, S> {
        Experiment::new(&self.mechanism, &self.neighbours, self.statistic.clone())
    }

    fn at_face_value(&self, report: &ThresholdReport<A>) -> bool {
        let share = |part: dp_audit::binomial::Proportion| part.hits() as f64 / part.runs() as f64;
        let (p, q) = (share(report.likelier()), share(report.other()));
        self.claimed.points().iter().any(|point| p > point.epsilon().exp() * q + point.delta())
    }
}

impl<M: Mechanism, A: Adjacency, S: Statistic<M::Output> + Clone> Trial for Bound<M, A, S> {
    fn threshold(&self, runs: usize, alpha: f64, rng: &mut ChaCha20Rng) -> Heard {
        let audit = ThresholdAudit::new(runs, level(alpha)).expect("four runs or more");
        let report = audit.refute(&self.experiment(), &self.claimed, rng);
        let verdict = report.refutes_claimed(&self.claimed);
        Heard { verdict, runs: report.total_runs(), at_face_value: self.at_face_value(&report) }
    }

    fn sequential(&self, max_rounds: usize, alpha: f64, rng: &mut ChaCha20Rng) -> Heard {
        let audit = SequentialAudit::new(max_rounds, level(alpha)).expect("two rounds or more");
        let report = audit.refute(&self.experiment(), &self.claimed, rng);
        // a capital that has grown at all
        let at_face_value = report.test().p_value() < 1.0;
        Heard { verdict: report.verdict(), runs: report.total_runs(), at_face_value }
    }
}

pub(super) fn level(alpha: f64) -> FailureProbability {
    FailureProbability::new(alpha).expect("levels are below one")
}

/// ε-differential privacy with `ε = ln odds`, rounded up.
pub(super) fn pure<A: Adjacency>(odds: f64, adjacency: A) -> PrivacyProfile<A> {
    // two floats up: the platform's logarithm is good to one
    PrivacyProfile::pure(Epsilon::new(odds.ln().next_up().next_up()).expect("odds above one"), adjacency)
}

/// (ln odds, δ), both rounded up.
pub(super) fn approximate<A: Adjacency>(odds: f64, delta: f64, adjacency: A) -> PrivacyProfile<A> {
    let epsilon = Epsilon::new(odds.ln().next_up().next_up()).expect("odds above one");
    PrivacyProfile::approximate(epsilon, Delta::new(delta.next_up()).expect("δ of the list"), adjacency)
}

/// μ-Gaussian differential privacy.
pub(super) fn gaussian<A: Adjacency>(mu: f64, adjacency: A) -> PrivacyProfile<A> {
    PrivacyProfile::gaussian(Mu::new(mu).expect("μ of the list"), adjacency)
}
