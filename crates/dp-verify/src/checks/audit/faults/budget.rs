//! Less is charged than was spent.

use super::{Bench, Fault, Rows, replayed, value};
use crate::Subject;
use crate::checks::audit::noise::{bernoulli, two_sided};
use crate::checks::audit::trial::{pure, trial};
use dp_audit::{LinearRatio, Neighbours, from_fn};
use dp_mechanisms::{AddRemoveRow, ReplaceRow};

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault { name: "composition forgets a level of the tree", claim: "ε = ln 3", build: forgotten_level },
        Fault {
            name: "a budget for each coordinate, charged once",
            claim: "ε = ln 3/2",
            build: each_coordinate,
        },
        Fault { name: "amplification claimed, first rows taken", claim: "ε = ln 3/2", build: first_rows },
        Fault {
            name: "randomised response with a wrong constant",
            claim: "ε = ln 2.72",
            build: wrong_constant,
        },
    ]
}

/// Every entry is the number of rows at or after its index, with noise of this ratio; one row moves all of them.
fn counts(entries: usize, (numerator, denominator): (u32, u32), odds: f64, declared: u64) -> Bench {
    let build = move || {
        from_fn(move |rows: &Rows, rng| {
            (0..entries).map(|_| rows.len() as i64 + two_sided(numerator, denominator, rng)).collect::<Rows>()
        })
    };
    let linear = LinearRatio::new(|output: &Rows| output.iter().map(|entry| *entry as f64).collect());
    let pair = || Neighbours::new(vec![], vec![7], AddRemoveRow);
    Bench::new(trial(build(), pair(), linear, &pure(odds, AddRemoveRow))).with_replay(replayed(
        build(),
        pair(),
        Clone::clone,
        declared,
    ))
}

/// A row is in the root and in one leaf.
fn forgotten_level(subject: Subject) -> Bench {
    counts(2, subject.pick((3, 5), (1, 3)), 3.0, subject.pick(2, 1))
}

fn each_coordinate(subject: Subject) -> Bench {
    counts(4, subject.pick((10, 11), (2, 3)), 1.5, subject.pick(4, 1))
}

/// Each row is to take part with probability ¼: `1 + (3 − 1)/4` are the odds then.
fn first_rows(subject: Subject) -> Bench {
    let count = from_fn(move |rows: &Rows, rng| {
        let sampled = rows.iter().filter(|_| bernoulli(1, 4, rng)).count();
        subject.pick(sampled, rows.len().div_ceil(4)) as i64 + two_sided(1, 3, rng)
    });
    Bench::new(trial(count, Neighbours::new(vec![], vec![7], AddRemoveRow), value, &pure(1.5, AddRemoveRow)))
}

fn wrong_constant(subject: Subject) -> Bench {
    let truth = subject.pick(73, 80);
    let response = from_fn(move |bit: &bool, rng| bernoulli(truth, 100, rng) == *bit);
    let score = |output: &bool| f64::from(u8::from(*output));
    let laws = [truth, 100 - truth].map(|p| f64::from(p) / 100.0).map(|p| (p.next_down(), p.next_up()));
    let claim = pure(2.72, ReplaceRow);
    Bench::new(trial(response, Neighbours::new(true, false, ReplaceRow), score, &claim)).with_exact(
        move || {
            let swapped = [laws[1], laws[0]];
            dp_audit::ExactDivergence::new(&laws, &swapped, ReplaceRow).expect("a law").refutes(&claim)
        },
    )
}
