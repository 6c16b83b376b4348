//! Statistics that move further than declared.

use super::{Bench, Fault, Rows, gaussian_sum, geometric_sum};
use crate::Subject;
use crate::checks::audit::noise::two_sided;
use crate::checks::audit::trial::{pure, trial};
use dp_audit::{Neighbours, Verdict, from_fn, replay};
use dp_mechanisms::{AddRemoveRow, L1Sensitivity, ReplaceRow};

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault {
            name: "sensitivity off by one: 3 for rows in 0 … 4",
            claim: "ε = 3 ln 4/3",
            build: off_by_one,
        },
        Fault { name: "sensitivity rounded down: 1 for 1.5", claim: "ε = 2 ln 4/3", build: rounded_down },
        Fault { name: "replace-one charged as add/remove", claim: "ε = 3 ln 4/3", build: replace_as_add },
        Fault {
            name: "pairs by position; an odd row is dropped",
            claim: "ε = ln 9/4",
            build: pairs_by_position,
        },
        Fault { name: "all ties with the maximum are trimmed", claim: "ε = ln 9/4", build: ties_trimmed },
        Fault { name: "sum overflows 16 bits", claim: "μ = 1/4", build: overflow },
        Fault {
            name: "half-precision sum whose rounding depends on order",
            claim: "μ = 1/4",
            build: half_precision,
        },
        Fault { name: "NaN passes the clip", claim: "ε = ln 9/4", build: nan_passes },
        Fault { name: "clip computed, raw value used", claim: "ε = ln 9/4", build: clip_unused },
        Fault { name: "rows of one user are not bounded", claim: "ε = ln 3", build: unbounded_user },
        Fault { name: "maximum taken before the mask", claim: "μ = 1/4", build: max_before_mask },
    ]
}

fn sum(rows: &Rows) -> i64 {
    rows.iter().sum()
}

fn off_by_one(subject: Subject) -> Bench {
    let pair = Neighbours::new(vec![1, 2], vec![1, 2, 4], AddRemoveRow);
    geometric_sum(sum, subject.pick((5, 6), (3, 4)), pair, (4_f64 / 3.0).powi(3), subject.pick(4, 3))
}

/// In half units, rows up to 1.5.
fn rounded_down(subject: Subject) -> Bench {
    let pair = Neighbours::new(vec![1, 2], vec![1, 2, 3], AddRemoveRow);
    geometric_sum(sum, subject.pick((5, 6), (3, 4)), pair, (4_f64 / 3.0).powi(2), subject.pick(3, 2))
}

/// Rows are in −3 … 3.
fn replace_as_add(subject: Subject) -> Bench {
    let pair = Neighbours::new(vec![1, 3], vec![1, -3], ReplaceRow);
    geometric_sum(sum, subject.pick((7, 8), (3, 4)), pair, (4_f64 / 3.0).powi(3), subject.pick(6, 3))
}

/// Two rows that differ by at most one make one contribution, so a row is thought to move two of them.
fn pairs_by_position(subject: Subject) -> Bench {
    let pairs = |rows: &Rows| rows.chunks_exact(2).map(|pair| (pair[0] - pair[1]).clamp(-1, 1)).sum();
    let rows = [1, 0].repeat(10);
    let shifted = [vec![0], rows.clone()].concat();
    let statistic: fn(&Rows) -> i64 = subject.pick(sum, pairs);
    geometric_sum(statistic, (2, 3), Neighbours::new(rows, shifted, AddRemoveRow), 2.25, 2)
}

/// The sum without its largest row; rows are in 0 … 2.
fn ties_trimmed(subject: Subject) -> Bench {
    let one = |rows: &Rows| sum(rows) - rows.iter().copied().max().unwrap_or(0);
    let all = |rows: &Rows| {
        let largest = rows.iter().copied().max().unwrap_or(0);
        rows.iter().filter(|row| **row < largest).sum()
    };
    let (rows, with_two) = (vec![1; 20], [vec![1; 20], vec![2]].concat());
    let statistic: fn(&Rows) -> i64 = subject.pick(one, all);
    geometric_sum(statistic, (2, 3), Neighbours::new(rows, with_two, AddRemoveRow), 2.25, 2)
}

/// Rows are bytes; 129 of them do not fit.
fn overflow(subject: Subject) -> Bench {
    let wrapping = |rows: &Rows| i64::from(rows.iter().fold(0_i16, |sum, row| sum.wrapping_add(*row as i16)));
    let statistic: fn(&Rows) -> i64 = subject.pick(sum, wrapping);
    let pair = Neighbours::new(vec![255; 128], vec![255; 129], AddRemoveRow);
    gaussian_sum(statistic, 4.0 * 255.0, pair, 0.25_f64.next_up(), 255)
}

/// Rows up to 64, in quarters. Eleven significant bits: above 2048 they step by two, and 1.25 adds 2 instead of 1.
fn half_precision(subject: Subject) -> Bench {
    let exact = |rows: &Vec<f64>| rows.iter().sum::<f64>() as i64;
    let half = |rows: &Vec<f64>| rows.iter().fold(0.0, |sum, row| round_to_half(sum + row)) as i64;
    let statistic: fn(&Vec<f64>) -> i64 = subject.pick(exact, half);
    let rows = [vec![64.0; 31], vec![1.25; 64]].concat();
    let one_more = [vec![64.0; 32], vec![1.25; 64]].concat();
    gaussian_sum(statistic, 256.0, Neighbours::new(rows, one_more, AddRemoveRow), 0.25_f64.next_up(), 64)
}

/// The nearest number with eleven significant bits, ties to even, above zero.
fn round_to_half(x: f64) -> f64 {
    let step = 2_f64.powi(x.log2().floor() as i32 - 10);
    (x / step).round_ties_even() * step
}

/// Rows are clipped to −2 … 2; NaN clamped is NaN.
fn nan_passes(subject: Subject) -> Bench {
    let clamped = |row: f64| row.clamp(-2.0, 2.0);
    let guarded = move |row: f64| if row.is_nan() { 0.0 } else { clamped(row) };
    let clip = move |row: &f64| subject.pick(guarded(*row), clamped(*row));
    let build = move || {
        from_fn(move |rows: &Vec<f64>, rng| {
            rows.iter().map(clip).sum::<f64>().round() + two_sided(2, 3, rng) as f64
        })
    };
    let pair = || Neighbours::new(vec![1.0, 2.0], vec![1.0, 2.0, f64::NAN], AddRemoveRow);
    Bench::new(trial(build(), pair(), |output: &f64| *output, &pure(2.25, AddRemoveRow))).with_replay(
        move |rng| {
            let report =
                replay::real(&build(), &[pair()], |output| vec![*output], rng).expect("there is a pair");
            let declared = L1Sensitivity::new(2.0, AddRemoveRow).expect("positive");
            if report.findings().is_empty() { report.refutes_l1(&declared) } else { Verdict::Refuted }
        },
    )
}

/// Rows are clipped to 0 … 2.
fn clip_unused(subject: Subject) -> Bench {
    let clipped = |rows: &Rows| rows.iter().map(|row| row.clamp(&0, &2)).sum();
    let statistic: fn(&Rows) -> i64 = subject.pick(clipped, sum);
    geometric_sum(statistic, (2, 3), Neighbours::new(vec![1], vec![1, 40], AddRemoveRow), 2.25, 2)
}

/// Rows are users' ids; a user who leaves takes all of them along.
fn unbounded_user(subject: Subject) -> Bench {
    let users = |rows: &Rows| {
        let mut users = rows.clone();
        users.sort_unstable();
        users.dedup();
        users.len() as i64
    };
    let statistic: fn(&Rows) -> i64 = subject.pick(users, |rows| rows.len() as i64);
    geometric_sum(
        statistic,
        (1, 3),
        Neighbours::new(vec![1, 2], vec![1, 2, 9, 9, 9, 9], AddRemoveRow),
        3.0,
        1,
    )
}

/// A score, and whether it is masked.
type Scores = Vec<(i32, bool)>;

/// Sums `1024·2^(score − reference)` over rows without a mask. Scores are at most zero, which is the public reference.
fn max_before_mask(subject: Subject) -> Bench {
    fn weights(scores: &Scores, reference: i32) -> i64 {
        scores
            .iter()
            .filter(|(_, masked)| !masked)
            .map(|(score, _)| 1024 >> (reference - score).clamp(0, 63))
            .sum()
    }
    let public = |scores: &Scores| weights(scores, 0);
    let of_data =
        |scores: &Scores| weights(scores, scores.iter().map(|(score, _)| *score).max().unwrap_or(0));
    let statistic: fn(&Scores) -> i64 = subject.pick(public, of_data);
    let rows = vec![(-12, false); 20];
    let with_masked = [rows.clone(), vec![(0, true)]].concat();
    gaussian_sum(
        statistic,
        4096.0,
        Neighbours::new(rows, with_masked, AddRemoveRow),
        0.25_f64.next_up(),
        1024,
    )
}
