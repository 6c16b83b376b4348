//! The noise of trees against the privacy that they state, by formulas that share nothing with the accountants.

use super::super::{budget, options};
use super::{BUDGETS, attention, distances, tree_options};
use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject, larger};
use attention_dp::{DistanceOptions, NodeNoise, Power, TreeAdjacency, TreeBudget};
use dp_mechanisms::noise::{DiscreteLaplace, Truncated};
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Delta, Epsilon, PrivacyProfile, Release, ReplaceRow, gaussian,
};
use rand_chacha::ChaCha20Rng;

const TARGETS: [(f64, f64); 4] = [(0.2, 1e-6), (1.0, 1e-9), (1.0, 0.01), (8.0, 1e-6)];

/// Rounding of the formulas below: sums of up to a thousand positive terms, and logarithms of factorials.
const SLACK: f64 = 1e-9;

/// What can be wrong with the noise.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Noise for a tree with one level less.
    ForgottenLevel,
    /// Each coordinate has noise as if it were alone.
    OneCoordinate,
}

/// δ(ε) at the recorded noise and the integer sensitivity is at most the δ asked for, and the certificate says no less than it.
/// Two twins are judged; the milder finding counts.
pub(super) fn calibration(context: &mut Context, subject: Subject) -> Outcome {
    let targets = &TARGETS[..context.scale(2, 4)];
    let twins = vec![Fault::ForgottenLevel, Fault::OneCoordinate];
    each_twin(subject, Fault::None, twins, |fault| under(context, targets, fault))
}

fn under(context: &Context, targets: &[(f64, f64)], fault: Fault) -> Outcome {
    let mut rng = context.rng(0);
    let mut found = Found::default();
    for (budget, &target) in BUDGETS.iter().flat_map(|b| targets.iter().map(move |t| (*b, t))) {
        found.distances(AddRemoveRow, budget, target, fault, &mut rng);
        found.distances(ReplaceRow, budget, target, fault, &mut rng);
        found.attention(AddRemoveRow, budget, target, fault, &mut rng);
        found.attention(ReplaceRow, budget, target, fault, &mut rng);
    }
    Outcome::worst([
        Outcome::at_most(found.excess, 1.0 + SLACK, found.n)
            .with_note("δ(ε) of the noise over the δ asked for"),
        Outcome::all_equal(found.dishonest, found.n).with_note("certificates that do not fit"),
    ])
}

#[derive(Default)]
struct Found {
    excess: f64,
    dishonest: u64,
    n: u64,
}

/// What a row touches, stated apart from the library.
struct Row {
    pieces: u64,
    l1: u64,
    squared: u128,
}

impl Found {
    fn distances<A: TreeAdjacency>(
        &mut self,
        adjacency: A,
        split: TreeBudget,
        target: (f64, f64),
        fault: Fault,
        rng: &mut ChaCha20Rng,
    ) {
        let case = |dim: usize, bins| {
            DistanceOptions::new(vec![(-1.0, 1.0); dim], 1.0, split)
                .with_bins(bins)
                .with_power(Power::Two)
                .with_resolution(8, 6)
        };
        let options = case(3, 16);
        let (epsilon, delta) = budget(target.0, target.1);
        let noisy = match fault {
            Fault::None => options.clone(),
            Fault::ForgottenLevel => case(3, 8),
            Fault::OneCoordinate => case(1, 16),
        };
        let mechanism = distances(adjacency, &noisy, &[]).calibrate(epsilon, delta).expect("supported noise");
        // 3 levels of 3 powers of 3 coordinates, each entry at most 2⁸·2⁶
        let row = Row {
            pieces: 27,
            l1: (1 << 14) * A::ROWS,
            squared: 27 * (1 << 28) * if A::ROWS == 1 { 1 } else { 4 },
        };
        self.judge((epsilon, delta), &row, mechanism.noise());
        if fault == Fault::None {
            let release =
                distances(adjacency, &options, &[]).release(epsilon, delta, rng).expect("little noise");
            self.check_certificate(&release, (epsilon, delta), &row, mechanism.noise());
        }
    }

    fn attention<A: TreeAdjacency>(
        &mut self,
        adjacency: A,
        split: TreeBudget,
        target: (f64, f64),
        fault: Fault,
        rng: &mut ChaCha20Rng,
    ) {
        let moments = |degree| options(2, 1, degree, 1.0).with_resolution(10, 8);
        let (epsilon, delta) = budget(target.0, target.1);
        let shipped = tree_options(moments(2), split, 16);
        let noisy = match fault {
            Fault::None => shipped.clone(),
            Fault::ForgottenLevel => tree_options(moments(2), split, 8),
            // the noise of one feature more than the constant, scaled to the same entries, where six features are released
            Fault::OneCoordinate => tree_options(options(1, 1, 1, 0.4).with_resolution(10, 8), split, 16),
        };
        let mechanism = attention(adjacency, &noisy, &[]).calibrate(epsilon, delta).expect("supported noise");
        let trees = attention(adjacency, &shipped, &[]);
        let (l1, squared) = trees.sensitivities().expect("small squares");
        let row = Row {
            // 3 levels of 3 powers of 6 features, for two columns, and two sums each
            pieces: 3 * 3 * 6 * 2 + 4,
            l1,
            squared,
        };
        self.judge((epsilon, delta), &row, mechanism.noise());
        if fault == Fault::None {
            let release = trees.release(epsilon, delta, rng).expect("little noise");
            self.check_certificate(&release, (epsilon, delta), &row, mechanism.noise());
        }
    }

    fn judge(&mut self, (epsilon, delta): (Epsilon, Delta), row: &Row, noise: NodeNoise) {
        self.excess = larger(self.excess, implied(noise, row, epsilon.get()) / delta.get());
        self.n += 1;
    }

    fn check_certificate<T, A: TreeAdjacency>(
        &mut self,
        release: &Release<T, PrivacyProfile<A>>,
        (epsilon, delta): (Epsilon, Delta),
        row: &Row,
        noise: NodeNoise,
    ) {
        let certificate = release.certificate();
        let stated = certificate.guarantee().delta(epsilon.get());
        let honest = certificate.arithmetic() == ArithmeticModel::ExactLattice
            && stated >= implied(noise, row, epsilon.get()) * (1.0 - SLACK)
            && certificate.guarantee().epsilon(delta) <= epsilon.get()
            && certificate.parameters().get("touched_pieces").is_some_and(|n| *n == row.pieces.to_string());
        self.dishonest += u64::from(!honest);
        self.n += 1;
    }
}

/// δ(ε) of this noise for all that a row touches.
fn implied(noise: NodeNoise, row: &Row, epsilon: f64) -> f64 {
    match noise {
        NodeNoise::Gaussian(std) => {
            gaussian::delta_bounds(epsilon, ((row.squared as f64).sqrt() / std.get()).next_up()).1
        }
        NodeNoise::TruncatedLaplace { scale, bound } => {
            let law = Truncated::new(DiscreteLaplace::new(scale).expect("a supported scale"), bound)
                .expect("a supported bound");
            let failing = law.infinity_mass_bounds(row.l1).1;
            composed(row.pieces, row.l1 as f64 / scale.get(), failing, epsilon)
        }
        _ => f64::INFINITY,
    }
}

/// δ(ε) of the worst D mechanisms that are (ε₀, δ₀)-private each: `1 − (1 − δ₀)ᴰ(1 − δ')`, with
/// `δ' = Σ_l C(D, l) (e^{(D − l)ε₀} − e^{ε + lε₀})₊ / (1 + e^{ε₀})ᴰ` (Kairouz, Oh, Viswanath 2015, Theorem 3.3).
fn composed(pieces: u64, each: f64, failing: f64, epsilon: f64) -> f64 {
    let d = pieces as f64;
    let normaliser = d * each.exp().ln_1p();
    let mut log_choose = 0.0;
    let mut pure = 0.0;
    for l in 0..=pieces {
        let l = l as f64;
        let loss = (d - 2.0 * l) * each - epsilon;
        if loss <= 0.0 {
            break;
        }
        pure += (log_choose + (d - l) * each - normaliser).exp() * -(-loss).exp_m1();
        log_choose += ((d - l) / (l + 1.0)).ln();
    }
    // 1 − (1 − δ₀)ᴰ(1 − δ'), without cancellation
    let kept = d * (-failing).ln_1p();
    -kept.exp_m1() + kept.exp() * pure
}
