//! Sensitivity, noise and decoding, without chance.

use super::super::{Row, budget, options, random_row, random_rows};
use super::{BOTH, SILENT, integers, matrix, push, store, streaming};
use crate::{Context, Outcome, Subject, larger, smallest};
use attention_dp::{
    Factorization, MomentGeometry, MomentOptions, PrivateMoments, RowAdjacency, Rows, StreamingMoments,
};
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Delta, Epsilon, LatticeGaussian, PerturbRow, ReplaceRow, gaussian,
};
use dp_testkit::neighbours::extreme_rows;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const HORIZONS: [u64; 6] = [1, 2, 3, 8, 21, 64];

/// As for a single release: both sides round `Δ/σ`.
const SLACK: f64 = 1e-12;

/// For the noise of the whole stream and the largest column of the matrix that batches are multiplied with, δ(ε) is at most
/// the δ asked for, and the certificate says so. The twin's budget is new with every batch.
pub(in super::super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    let mut found = Found::default();
    let horizons = &HORIZONS[..context.scale(5, 6)];
    let close = PerturbRow::new(0.05).expect("a radius");
    for &horizon in horizons {
        for (epsilon, delta) in [(0.1, 1e-6), (1.0, 1e-9), (4.0, 0.01)].map(|(e, d)| budget(e, d)) {
            for factorization in BOTH {
                found.judge(AddRemoveRow, (horizon, factorization), (epsilon, delta), subject);
                found.judge(ReplaceRow, (horizon, factorization), (epsilon, delta), subject);
                found.judge(close, (horizon, factorization), (epsilon, delta), subject);
            }
        }
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

impl Found {
    fn judge<A: RowAdjacency>(
        &mut self,
        adjacency: A,
        (horizon, factorization): (u64, Factorization),
        (epsilon, delta): (Epsilon, Delta),
        subject: Subject,
    ) {
        let options = options(2, 1, 2, 1.0);
        let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
        let sensitivity = adjacency.sensitivity(&geometry).expect("small squares");
        let agreed = streaming(adjacency, &options, horizon, factorization);
        let stream = match subject {
            Subject::AsShipped => StreamingMoments::calibrate(epsilon, delta, agreed),
            Subject::Broken => {
                let single =
                    LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise");
                StreamingMoments::with_noise_std(single.noise_std(), agreed)
            }
        }
        .expect("the options are sound");
        let column = squared_column_norm(horizon, factorization);
        let moved = (column as f64).sqrt() * sensitivity.l2();
        let std = stream.noise_std().get();
        let implied = gaussian::delta_bounds(epsilon.get(), (moved / std).next_up()).1;
        self.excess = larger(self.excess, implied / delta.get());
        let certificate = stream.certificate();
        let says = |key: &str| certificate.parameters().get(key).map(String::as_str);
        let honest = certificate.arithmetic() == ArithmeticModel::ExactLattice
            && certificate.guarantee().adjacency() == adjacency
            && certificate.guarantee().delta(epsilon.get()) >= implied * (1.0 - SLACK)
            && says("squared_l2_sensitivity") == Some(&(column * sensitivity.square()).to_string())
            && says("horizon") == Some(&horizon.to_string())
            && says("noise_std") == Some(&format!("{std:?}"));
        self.dishonest += u64::from(!honest);
        self.n += 1;
    }
}

fn squared_column_norm(horizon: u64, factorization: Factorization) -> u128 {
    let matrix = matrix(horizon, factorization);
    let column = |step: usize| matrix.iter().map(|row| u128::from(row[step].unsigned_abs()).pow(2)).sum();
    (0..horizon as usize).map(column).max().unwrap_or(0)
}

/// Extreme and random rows in one batch of a stream, another in their place, or moved a little: all released integers together move by
/// at most what the certificate states. The twin counts a batch once, though it takes part in many of them.
pub(in super::super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let random = context.scale(4, 60);
    let options = options(2, 1, 2, 1.0);
    let extreme = extreme_batch_rows(&options);
    let mut parts = Vec::new();
    for case in [(8, BOTH[0]), (8, BOTH[1]), (5, BOTH[0]), (13, BOTH[1])] {
        let one_more = stated(AddRemoveRow, &options, case, subject);
        let replaced = stated(ReplaceRow, &options, case, subject);
        let moved = stated(PerturbRow::new(0.5).expect("a radius"), &options, case, subject);
        let mut ratio = 0.0_f64;
        let mut n = 0;
        let mut see = |at: u64, pair: [Option<&Row>; 2], stated: f64| {
            ratio = larger(ratio, squared_distance(&options, case, at, pair) / stated);
            n += 1;
        };
        for at in 0..case.0 {
            for (i, row) in extreme.iter().enumerate() {
                see(at, [None, Some(row)], one_more);
                see(at, [Some(&extreme[(i * 7 + 3) % extreme.len()]), Some(row)], replaced);
            }
        }
        for _ in 0..random {
            let (row, at) = (random_row(&mut rng, options.shape(), 3.0), rng.random_range(0..case.0));
            see(at, [None, Some(&row)], one_more);
            // 0.3² + 2·0.25² < 0.5²
            let (key, value) = (row.0.iter().map(|k| k - 0.25).collect(), vec![row.1[0] + 0.3]);
            see(at, [Some(&row), Some(&(key, value))], moved);
        }
        parts.push((ratio, n));
    }
    let least = smallest(parts.iter().map(|part| part.0));
    let note = format!("largest squared distance over the stated square: {least:.4} or more");
    if least < 0.99 {
        return Outcome::inconclusive(note);
    }
    // recovered integers are rounded; squares of norms are compared in floating point
    let judge = |(ratio, n): (f64, u64)| Outcome::at_most(ratio, 1.0 + SLACK, n);
    Outcome::worst(parts.into_iter().map(judge)).with_note(note)
}

fn extreme_batch_rows(options: &MomentOptions) -> Vec<Row> {
    let keys = extreme_rows(options.shape().key_dim, 1.0);
    let values = extreme_rows(options.shape().value_dim, 1.0);
    let pairs = keys.iter().enumerate().map(|(i, key)| (key.clone(), values[i % values.len()].clone()));
    let ends = [-1.0, 1.0].map(|x| (vec![x, 0.0], vec![x]));
    pairs.chain(ends).collect()
}

/// Square of the sensitivity of the whole stream as its certificate has it; in the twin that of one batch.
fn stated<A: RowAdjacency>(
    adjacency: A,
    options: &MomentOptions,
    (horizon, factorization): (u64, Factorization),
    subject: Subject,
) -> f64 {
    let certificate = store(SILENT, streaming(adjacency, options, horizon, factorization)).certificate();
    let square = certificate.parameters().get("squared_l2_sensitivity").and_then(|s| s.parse().ok());
    let batch = MomentGeometry::new(options.clone()).expect("the options are sound");
    let single = adjacency.sensitivity(&batch).expect("small squares").square();
    // the square root's integers are in units of 2⁻ᵇ: its first weight is the unit itself
    let unit = matrix(horizon, factorization)[0][0] as f64;
    subject.pick(square.unwrap_or(f64::NAN), single as f64 * unit * unit)
}

/// Of all integers of two streams that differ by one row of one batch.
fn squared_distance(
    options: &MomentOptions,
    (horizon, factorization): (u64, Factorization),
    at: u64,
    pair: [Option<&Row>; 2],
) -> f64 {
    // silent noise does not depend on the generator
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let mut all = |row: Option<&Row>| {
        let mut stream = store(SILENT, streaming(AddRemoveRow, options, horizon, factorization));
        for batch in 0..horizon {
            let mut rows = vec![(vec![0.1, -0.2], vec![0.3]); 2];
            rows.extend(row.filter(|_| batch == at).cloned());
            push(&mut stream, &rows, &mut rng);
        }
        integers(&stream.released(), horizon).concat()
    };
    let (a, b) = (all(pair[0]), all(pair[1]));
    a.iter().zip(&b).map(|(a, b)| (a.round() - b.round()).powi(2)).sum()
}

/// Without noise, every range has the moments of its batches, up to the stated remainder. The twin's ranges begin a batch late.
pub(in super::super) fn decoding(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rounds = context.scale(1, 20);
    let (mut largest, mut n, mut not_empty) = (0.0_f64, 0, 0);
    let cases = [options(2, 1, 3, 1.0), options(1, 2, 4, 1.0).with_resolution(12, 10)];
    for (options, horizon) in cases.iter().flat_map(|o| HORIZONS.map(|h| (o, h))) {
        for (factorization, _) in BOTH.iter().flat_map(|f| (0..rounds).map(move |i| (*f, i))) {
            let batches: Vec<Vec<Row>> = (0..horizon)
                .map(|_| {
                    let count = rng.random_range(0..5);
                    random_rows(&mut rng, options.shape(), count)
                })
                .collect();
            let mut stream = store(SILENT, streaming(AddRemoveRow, options, horizon, factorization));
            for rows in &batches {
                push(&mut stream, rows, &mut rng);
            }
            let released = stream.released();
            let step = released.geometry().lattice().step();
            for (start, end) in (0..=horizon).step_by(3).map(|end| (end / 3, end)).chain([(0, horizon)]) {
                let late = start + subject.pick(0, u64::from(start < end));
                let range = |start: u64| released.range(start..end).expect("history is kept");
                let (found, allowed) = (range(late), range(start).entry_remainder());
                let exact = batch_integers(options, &batches[start as usize..end as usize]);
                let entries = found.values().rows().flatten().zip(&exact);
                let off = entries.map(|(v, &s)| (v - s as f64 * step).abs()).fold(0.0, larger);
                // the sum over no batches is zero, whatever is stated of it
                if start == end {
                    not_empty += u64::from(off != 0.0);
                } else {
                    largest = larger(largest, off / allowed);
                }
                n += 1;
            }
        }
    }
    Outcome::worst([
        Outcome::at_most(largest, 1.0, n).with_note("error of an entry over its stated remainder"),
        Outcome::all_equal(not_empty, n).with_note("ranges of no batches that are not zero"),
    ])
}

fn batch_integers(options: &MomentOptions, batches: &[Vec<Row>]) -> Vec<i64> {
    let options = options.clone().with_max_rows(1 << 16);
    let mut moments = PrivateMoments::new(AddRemoveRow, options.clone()).expect("the options are sound");
    for rows in batches {
        let (keys, values) = super::matrices(options.shape(), rows);
        let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).expect("one value a key");
        moments.push(rows).expect("rows have the shape of the options");
    }
    super::super::integers_of(moments)
}
