//! More is released than was accounted for.

use super::{Bench, Fault, Rows, value};
use crate::Subject;
use crate::checks::audit::noise::two_sided;
use crate::checks::audit::trial::{approximate, pure, trial};
use dp_audit::{CellRatio, LinearRatio, Neighbours, from_fn};
use dp_mechanisms::{AddRemoveRow, ReplaceRow};
use rand::CryptoRng;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault { name: "threshold at equality not charged", claim: "(ln 3, 1/36)", build: equality },
        Fault { name: "failure depends on the exact count", claim: "ε = ln 3", build: failure },
        Fault { name: "normaliser released without noise", claim: "ε = ln 3", build: bare_normaliser },
        Fault { name: "one of two sums without noise", claim: "ε = ln 3", build: bare_sum },
        Fault { name: "the same noise on two outputs", claim: "ε = ln 9", build: same_noise },
        Fault {
            name: "the winner's exact count beside a noisy maximum",
            claim: "ε = ln 9",
            build: winner_count,
        },
        Fault { name: "exact count where the noisy one is negative", claim: "ε = ln 3", build: fallback },
        Fault { name: "sparse vector without noise on queries", claim: "ε = ln 9", build: sparse_vector },
    ]
}

/// A key is published above three; with one row that has probability `P(Z > 2) = 1/36`, but `P(Z ≥ 2) = 1/12`.
fn equality(subject: Subject) -> Bench {
    let publish = from_fn(move |rows: &Rows, rng| {
        let noisy = rows.len() as i64 + two_sided(1, 3, rng);
        (!rows.is_empty() && subject.pick(noisy > 3, noisy >= 3)).then_some(noisy)
    });
    let seen = |output: &Option<i64>| f64::from(u8::from(output.is_some()));
    let pair = Neighbours::new(vec![], vec![7], AddRemoveRow);
    Bench::new(trial(publish, pair, seen, &approximate(3.0, 1.0 / 36.0, AddRemoveRow)))
}

/// Refuses to answer for fewer than two rows: for real ones, or for noisy ones.
fn failure(subject: Subject) -> Bench {
    let count = from_fn(move |rows: &Rows, rng| {
        let noisy = rows.len() as i64 + two_sided(1, 3, rng);
        (subject.pick(noisy, rows.len() as i64) >= 2).then_some(noisy)
    });
    let score = |output: &Option<i64>| output.map_or(f64::NAN, |noisy| noisy as f64);
    Bench::new(trial(
        count,
        Neighbours::new(vec![7], vec![7, 7], AddRemoveRow),
        score,
        &pure(3.0, AddRemoveRow),
    ))
}

/// A release of several integers that all come with noise of ratio 3/5, or not, as a linear statistic sees them.
fn vector(
    release: fn(&Rows, &mut dyn CryptoRng) -> Rows,
    pair: fn() -> Neighbours<Rows, AddRemoveRow>,
    odds: f64,
) -> Bench {
    let entries = LinearRatio::new(|output: &Rows| output.iter().map(|entry| *entry as f64).collect());
    Bench::new(trial(from_fn(release), pair(), entries, &pure(odds, AddRemoveRow)))
}

/// A sum of bits and the number of rows: one row moves both by one.
fn bare_normaliser(subject: Subject) -> Bench {
    let noisy = |rows: &Rows, rng: &mut dyn CryptoRng| {
        vec![rows.iter().sum::<i64>() + two_sided(3, 5, rng), rows.len() as i64 + two_sided(3, 5, rng)]
    };
    let bare = |rows: &Rows, rng: &mut dyn CryptoRng| {
        vec![rows.iter().sum::<i64>() + two_sided(3, 5, rng), rows.len() as i64]
    };
    let pair = || Neighbours::new(vec![1, 0], vec![1, 0, 1], AddRemoveRow);
    vector(subject.pick(noisy, bare), pair, 3.0)
}

/// The sum of bits and the sum of their squares.
fn bare_sum(subject: Subject) -> Bench {
    fn squares(rows: &Rows) -> i64 {
        rows.iter().map(|row| row * row).sum()
    }
    let noisy = |rows: &Rows, rng: &mut dyn CryptoRng| {
        vec![rows.iter().sum::<i64>() + two_sided(3, 5, rng), squares(rows) + two_sided(3, 5, rng)]
    };
    let bare = |rows: &Rows, rng: &mut dyn CryptoRng| {
        vec![rows.iter().sum::<i64>() + two_sided(3, 5, rng), squares(rows)]
    };
    vector(subject.pick(noisy, bare), || Neighbours::new(vec![1, 0], vec![1, 0, 1], AddRemoveRow), 3.0)
}

/// Counts of two kinds of rows; the noise is drawn once.
fn same_noise(subject: Subject) -> Bench {
    fn kind(rows: &Rows, kind: i64) -> i64 {
        rows.iter().filter(|row| **row == kind).count() as i64
    }
    let fresh = |rows: &Rows, rng: &mut dyn CryptoRng| {
        vec![kind(rows, 0) + two_sided(1, 3, rng), kind(rows, 1) + two_sided(1, 3, rng)]
    };
    let reused = |rows: &Rows, rng: &mut dyn CryptoRng| {
        let noise = two_sided(1, 3, rng);
        vec![kind(rows, 0) + noise, kind(rows, 1) + noise]
    };
    vector(subject.pick(fresh, reused), || Neighbours::new(vec![0, 1], vec![0, 1, 1], AddRemoveRow), 9.0)
}

/// The larger of two noisy counts wins. Its name is covered by both noises; its count is not.
fn winner_count(subject: Subject) -> Bench {
    let winner = from_fn(move |counts: &[i64; 2], rng| {
        let noisy = counts.map(|count| count + two_sided(1, 3, rng));
        let best = usize::from(noisy[1] > noisy[0]);
        [best as i64, subject.pick(noisy[best], counts[best])]
    });
    let cells = CellRatio::new(|output: &[i64; 2]| *output);
    Bench::new(trial(winner, Neighbours::new([5, 5], [6, 4], ReplaceRow), cells, &pure(9.0, ReplaceRow)))
}

fn fallback(subject: Subject) -> Bench {
    let count = from_fn(move |rows: &Rows, rng| {
        let (exact, noisy) = (rows.len() as i64, rows.len() as i64 + two_sided(1, 3, rng));
        if noisy < 0 { subject.pick(0, exact) } else { noisy }
    });
    Bench::new(trial(count, Neighbours::new(vec![], vec![7], AddRemoveRow), value, &pure(3.0, AddRemoveRow)))
}

/// Which of two queries are above a noisy threshold (Lyu, Su, Li 2017, Algorithm 5). A row that moves makes one query
/// rise and one fall.
fn sparse_vector(subject: Subject) -> Bench {
    let above = from_fn(move |queries: &[i64; 2], rng| {
        let threshold = 1 + two_sided(1, 3, rng);
        queries.map(|query| query + subject.pick(two_sided(1, 3, rng), 0) >= threshold)
    });
    let cells = CellRatio::new(|output: &[bool; 2]| *output);
    Bench::new(trial(above, Neighbours::new([0, 1], [1, 0], ReplaceRow), cells, &pure(9.0, ReplaceRow)))
}
