//! Checks of the claims of column-means-dp.

use crate::{Check, Context, Evidence, Outcome, Subject, larger};
use column_means_dp::{MeanAdjacency, MeanOptions, means_statistic, private_means};
use dp_audit::{Experiment, Neighbours, ThresholdAudit, from_fn};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, ReplaceRow};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    vec![
        Check { claim: "means.sensitivity", evidence: Evidence::Search, run: sensitivity },
        Check { claim: "means.privacy", evidence: Evidence::Numeric, run: calibration },
        Check { claim: "means.privacy", evidence: Evidence::Audit, run: audit },
    ]
}

/// The integers of rows `(n, 2)` at radius 1.
fn integers<A: MeanAdjacency>(adjacency: A, entries: Vec<f64>) -> Vec<i64> {
    let rows = Mat::from_vec(entries.len() / 2, 2, entries).expect("pairs");
    let options = MeanOptions::new(2, 1.0).expect("in range");
    means_statistic((rows.as_ref(), adjacency), &options).expect("two columns").assume_public()
}

/// An entry that a rule could forget: none, one, on the border, beyond, huge, and what is no number.
fn hostile(rng: &mut ChaCha20Rng) -> f64 {
    let special =
        [0.0, 1.0, -1.0, 0.6, 0.8, 1.0_f64.next_up(), -1e300, f64::MAX, f64::INFINITY, f64::NAN, 1e-320];
    let choice = rng.random_range(0..2 * special.len());
    special.get(choice).copied().unwrap_or_else(|| rng.random_range(-2.0..2.0))
}

fn squared_distance(first: &[i64], second: &[i64]) -> u128 {
    first.iter().zip(second).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum()
}

/// Hostile rows beside none, and in place of each other: integers in 128 bits against what is charged. The twin charges a row that is
/// replaced as one that comes.
fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let added = AddRemoveRow.sensitivity().expect("a constant").square();
    let replaced = ReplaceRow.sensitivity().expect("a constant").square();
    let charged = subject.pick(replaced, added);
    let (mut over, trials) = (0, context.scale(20_000, 1_000_000));
    for _ in 0..trials {
        let [first, second] = [0; 2].map(|_| vec![hostile(&mut rng), hostile(&mut rng)]);
        let none = integers(AddRemoveRow, vec![]);
        over += u64::from(squared_distance(&none, &integers(AddRemoveRow, first.clone())) > added);
        let pair = [first, second].map(|row| integers(ReplaceRow, row));
        over += u64::from(squared_distance(&pair[0], &pair[1]) > charged);
    }
    Outcome::all_equal(over, 2 * trials as u64)
}

/// δ from the noise on the certificate and the largest distance in real numbers, over the δ asked for. The twin has nine tenths of the noise.
fn calibration(context: &mut Context, subject: Subject) -> Outcome {
    let (mut rng, normal) = (context.rng(0), Normal::standard());
    let (options, row) = (MeanOptions::new(1, 1.0).expect("in range"), Mat::filled(1, 1, 1.0));
    let (mut worst, trials) = (0.0_f64, context.scale(40, 1000));
    for _ in 0..trials {
        let (epsilon, delta) = (rng.random_range(0.1..4.0), 10.0_f64.powi(rng.random_range(-8..=-3)));
        let budget = (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("a probability"));
        let release = private_means((row.as_ref(), ReplaceRow), &options, budget.0, budget.1, &mut rng);
        let release = release.expect("noise that is supported");
        let noise: f64 = release.certificate().parameters()["noise_std"].parse().expect("a number");
        let mu = 2.0 * f64::from(1 << 20) / (subject.pick(1.0, 0.9) * noise);
        let spent =
            normal.cdf(mu / 2.0 - epsilon / mu) - epsilon.exp() * normal.cdf(-mu / 2.0 - epsilon / mu);
        worst = larger(worst, spent / delta);
    }
    // erfc here has some 1e-12, times cancellation of at most 1e3
    Outcome::at_most(worst, 1.0 + 1e-8, trials as u64).with_note("δ spent over δ asked for")
}

/// Level of the audit.
const ALPHA: f64 = 1e-7;
/// A large δ: an audit sees no event rarer than one in its number of runs.
const AUDITED: (f64, f64) = (1.0, 0.1);

/// A row at one end in place of one at the other, by the released sum. The twin's noise is that for rows that come and go.
fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let (epsilon, delta) =
        (Epsilon::new(AUDITED.0).expect("positive"), Delta::new(AUDITED.1).expect("small"));
    let options = MeanOptions::new(1, 1.0).expect("in range");
    let shipped = from_fn(|rows: &Mat, mut rng| {
        let release = private_means((rows.as_ref(), ReplaceRow), &options, epsilon, delta, &mut rng);
        release.expect("one column").value().steps()[0] as f64
    });
    let broken = from_fn(|rows: &Mat, mut rng| {
        let release = private_means((rows.as_ref(), AddRemoveRow), &options, epsilon, delta, &mut rng);
        release.expect("one column").value().steps()[0] as f64
    });
    let pair = Neighbours::new(Mat::filled(1, 1, 1.0), Mat::filled(1, 1, -1.0), ReplaceRow);
    let n = context.scale(12_000, 300_000);
    let audit = ThresholdAudit::new(n, FailureProbability::new(context.spend(ALPHA)).expect("a probability"));
    let (audit, mut rng) = (audit.expect("enough runs"), context.rng(0));
    let report = match subject {
        Subject::AsShipped => {
            audit.measure(&Experiment::new(&shipped, &pair, |s: &f64| *s), AUDITED.1, &mut rng)
        }
        Subject::Broken => audit.measure(&Experiment::new(&broken, &pair, |s: &f64| *s), AUDITED.1, &mut rng),
    };
    let lower = report.expect("a probability").epsilon_lower_bound(AUDITED.1);
    let note = format!("audited ε under replace: {lower:.3}");
    // an audit that sees nothing at all is no evidence
    if lower < 0.5 * AUDITED.0 {
        Outcome::inconclusive(note)
    } else {
        Outcome::at_most(lower, AUDITED.0, 2 * n as u64).with_note(note)
    }
}
