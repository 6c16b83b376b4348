//! Documents and small moves of a row, by search: how far integer moments move, and what answers over documents miss.

use super::accuracy::best_polynomial;
use super::sensitivity::{extremes, squared_distance, with};
use super::{
    Row, aggregate_documents, climb, failure_probability, integers, integers_of, matrices, options,
    random_row, random_rows, unflatten,
};
use crate::checks::tightest::Tightest;
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger, largest};
use attention_dp::{Documents, MomentAdjacency, MomentGeometry, MomentOptions, PrivateMoments, Rows};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveDocument, PerturbRow};
use dp_testkit::oracle;
use poly_kernel::ExpPolynomial;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// One document more: of any rows in one call, and where aggregates of documents are merged. Each part has a twin.
pub(super) fn document(context: &mut Context, subject: Subject) -> Outcome {
    each_part(subject, [one_call(context, subject), shares(subject)])
}

/// One document more, of as many rows as it may weigh and of more, all alike, extreme or climbed to. The twin clips rows and not documents.
fn one_call(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(4, 30), context.scale(60, 1_500));
    let mut tightest = Tightest::default();
    for (options, weight) in [
        (options(1, 1, 2, 1.0), 1),
        (options(2, 1, 3, 1.0), 3),
        (options(2, 2, 2, 0.7).with_value_range(-0.2, 1.0), 2),
        (options(2, 2, 2, 1.0).with_resolution(5, 4), 5),
    ] {
        let options = options.with_document_weight(weight);
        let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
        let stated = AddRemoveDocument.sensitivity(&geometry).expect("small squares").square();
        let background = random_rows(&mut rng, options.shape(), 3);
        let others: Vec<Vec<Row>> = background.iter().map(|row| vec![row.clone(); 2]).collect();
        let without = sums(&options, &others, subject);
        let mut moved = |document: Vec<Row>| {
            let mut documents = others.clone();
            documents.insert(1, document);
            let distance = squared_distance(&sums(&options, &documents, subject), &without);
            tightest.see(distance, stated);
            distance
        };
        let weight = weight as usize;
        for count in [weight, weight + 1, 4 * weight] {
            for row in extremes(&options) {
                moved(vec![row; count]);
            }
            for _ in 0..starts {
                let rows = random_rows(&mut rng, options.shape(), count);
                let start = rows.into_iter().flat_map(|(key, value)| [key, value].concat()).collect();
                climb(&mut rng, start, steps, |point| moved(unflatten(options.shape(), point)));
            }
        }
    }
    tightest.outcome(0.99)
}

/// Aggregates of documents by their ids, merged. The twin takes every so many rows as they come, so that a document fewer moves all ends.
fn shares(subject: Subject) -> Outcome {
    let options = options(1, 1, 2, 1.0);
    let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
    let stated = AddRemoveDocument.sensitivity(&geometry).expect("small squares").square();
    let mut tightest = Tightest::default();
    for row in extremes(&options) {
        // fifteen documents of one row, then forty of two: sixteen rows end in one of these, and without the first they do not
        let rows_of = |id: u64| vec![(id, row.clone()); if id < 15 { 1 } else { 2 }];
        let rows: Vec<(u64, Row)> = (0..55).flat_map(rows_of).collect();
        let [all, fewer] = [&rows[..], &rows[1..]].map(|rows| merged(&options, rows, subject));
        tightest.see(squared_distance(&all, &fewer), stated);
    }
    tightest.outcome(0.99)
}

fn merged(options: &MomentOptions, rows: &[(u64, Row)], subject: Subject) -> Vec<i64> {
    let new = || PrivateMoments::new(AddRemoveDocument, options.clone()).expect("the options are sound");
    let mut whole = new();
    for share in 0..6 {
        let is_here =
            |(place, (id, _)): &(usize, &(u64, Row))| subject.pick(id % 6, *place as u64 / 16) == share;
        let here = rows.iter().enumerate().filter(is_here).map(|(_, row)| row.clone());
        let (ids, rows): (Vec<u64>, Vec<Row>) = here.unzip();
        let (keys, values) = matrices(options.shape(), &rows);
        let documents = Documents::new(&ids, keys.as_ref(), values.as_ref()).expect("one value and id a key");
        let mut part = new();
        part.push_documents(documents).expect("rows have the shape of the options");
        whole.assume_disjoint_merge(part).expect("the same options");
    }
    integers_of(whole)
}

fn sums(options: &MomentOptions, documents: &[Vec<Row>], subject: Subject) -> Vec<i64> {
    match subject {
        Subject::AsShipped => integers_of(aggregate_documents(options, documents)),
        Subject::Broken => integers(options, &documents.concat()),
    }
}

/// Without noise, over documents of which some are scaled down: no answer misses attention whose rows weigh the factors of their
/// documents by more than approximation and quantisation, on lattices from fine to as coarse as they get. The twin lets all rows weigh the same.
pub(super) fn document_error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rounds = context.scale(600, 40_000);
    let (mut largest, mut n) = (0.0_f64, 0);
    for options in [
        options(1, 1, 4, 1.0),
        options(1, 1, 0, 1e-6).with_resolution(4, 24).with_value_range(0.0, 1.0),
        options(1, 1, 2, 0.5).with_resolution(4, 4).with_value_range(0.0, 1.0).with_normaliser_weight(0.1),
        options(2, 2, 3, 0.9).with_resolution(6, 5).with_document_weight(3),
        options(2, 1, 1, 0.8).with_polynomial(best_polynomial(2, 0.8)).with_resolution(7, 12),
    ] {
        for _ in 0..rounds {
            let documents: Vec<Vec<Row>> = (0..rng.random_range(1..4))
                .map(|_| {
                    let row = within_radii(&mut rng, &options);
                    let other = within_radii(&mut rng, &options);
                    (0..rng.random_range(1..12))
                        .map(|i| if i % 3 == 0 { other.clone() } else { row.clone() })
                        .collect()
                })
                .collect();
            let query = within_radii(&mut rng, &options).0;
            let exact = weighted_attention(&options, &documents, &query, subject);
            let moments = aggregate_documents(&options, &documents).assume_public().expect("sound options");
            let reader = moments.reader(failure_probability(0.5)).expect("a sound probability");
            let answer = reader.query(&query).expect("the query is within the radius");
            let Some(estimate) = answer.estimate() else { continue };
            for ((value, exact), bar) in estimate.value().iter().zip(&exact).zip(estimate.bars()) {
                largest = larger(largest, (value - exact).abs() / (bar.approximation + bar.quantisation));
                n += 1;
            }
        }
    }
    Outcome::at_most(largest, 1.0, n).with_note("error over approximation and quantisation")
}

/// A row that needs no clipping.
fn within_radii(rng: &mut ChaCha20Rng, options: &MomentOptions) -> Row {
    let (low, high) = options.value_range();
    let (key, value) = random_row(rng, options.shape(), 0.7);
    (key, value.into_iter().map(|v| v.clamp(low, high)).collect())
}

/// The average of values, each with its exponential times the factor by which its document's integers are scaled down.
fn weighted_attention(
    options: &MomentOptions,
    documents: &[Vec<Row>],
    query: &[f64],
    subject: Subject,
) -> Vec<f64> {
    let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
    let most = AddRemoveDocument.sensitivity(&geometry).expect("small squares").square() as f64;
    let (mut sums, mut mass) = (vec![0.0; options.shape().value_dim], 0.0);
    for document in documents {
        let square: f64 = integers(options, document).iter().map(|&x| (x as f64).powi(2)).sum();
        let is_long = document.len() > options.document_weight() as usize;
        let factor = if is_long { subject.pick((most / square).sqrt().min(1.0), 1.0) } else { 1.0 };
        for (key, value) in document {
            let weight = factor * (options.softmax_scale() * oracle::dot(query, key)).exp();
            mass += weight;
            sums.iter_mut().zip(value).for_each(|(sum, v)| *sum += weight * v);
        }
    }
    sums.into_iter().map(|sum| sum / mass).collect()
}

/// A row that moves by at most β, for β from far below a lattice step to the whole ball, from random and from climbed places.
/// The twin's bound is proportional to β: it forgets that rounding moves a row however little it moves.
pub(super) fn perturb(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(6, 40), context.scale(250, 4_000));
    let fitted = ExpPolynomial::least_squares_normal(3, 0.0, 0.9).expect("a polynomial of low degree");
    let mut found = Vec::new();
    for options in [
        options(1, 1, 2, 1.0),
        options(2, 1, 3, 1.3).with_key_center(vec![0.5, -3.0]),
        options(2, 3, 2, 0.7).with_value_range(-0.1, 1.0),
        options(2, 2, 2, 1.0).with_resolution(4, 4),
        options(2, 1, 3, 1.0).with_polynomial(fitted).with_uncertified_kernel(),
    ] {
        let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
        for radius in [1e-9, 1e-4, 0.01, 0.2, 4.0] {
            let mut tightest = Tightest::default();
            let close = PerturbRow::new(radius).expect("a radius");
            let stated = close.sensitivity(&geometry).expect("polynomials").square();
            let proportional = || {
                let tenth =
                    PerturbRow::new(0.1).expect("a radius").sensitivity(&geometry).expect("polynomials");
                (tenth.square() as f64 * (radius / 0.1).powi(2)).ceil() as u128
            };
            let stated = subject.pick(stated, stated.min(proportional()));
            for start in 0..starts {
                let spread = [1.0, 3.0, 1e200][start % 3];
                search(&mut tightest, &options, (radius, spread, stated), steps, &mut rng);
            }
            found.push((radius, tightest));
        }
    }
    // where the move itself matters, the bound must be nearly seen
    let seen = largest(found.iter().filter(|(radius, _)| *radius == 0.2).map(|(_, t)| t.ratio));
    let note = format!("squared distance over the stated square, at most {seen:.3} for a move by 0.2");
    if seen < 0.5 {
        return Outcome::inconclusive(note);
    }
    let largest = largest(found.iter().map(|(_, tightest)| tightest.ratio));
    let radii = [1e-9, 1e-4, 0.2, 4.0];
    let taken =
        radii.iter().flat_map(|from| radii.map(|to| u64::from(takes(*from, to) != (*from == to)))).sum();
    Outcome::worst([
        Outcome::at_most(largest, 1.0, found.iter().map(|(_, tightest)| tightest.n).sum()).with_note(note),
        Outcome::all_equal(taken, 16).with_note("rows of another radius taken, or of the same refused"),
    ])
}

/// Whether rows that move by up to the one radius go into moments for moves of up to the other.
fn takes(rows: f64, moments: f64) -> bool {
    let [rows, moments] = [rows, moments].map(|radius| PerturbRow::new(radius).expect("a radius"));
    let (keys, values) = (Mat::zeros(1, 2), Mat::zeros(1, 1));
    let rows = Rows::new(rows, keys.as_ref(), values.as_ref()).expect("one row");
    let moments = PrivateMoments::new(moments, options(2, 1, 2, 1.0));
    moments.expect("the options are sound").push(rows).is_ok()
}

/// Climbs on a row and the direction in which it moves.
fn search(
    tightest: &mut Tightest,
    options: &MomentOptions,
    (radius, spread, stated): (f64, f64, u128),
    steps: usize,
    rng: &mut ChaCha20Rng,
) {
    let shape = options.shape();
    let background = random_rows(rng, shape, 2);
    let (key, value) = random_row(rng, shape, spread);
    let row = [key, value].concat();
    let direction: Vec<f64> = row.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
    let start = row.into_iter().chain(direction).collect();
    climb(rng, start, steps, |point| {
        let (row, direction) = point.split_at(point.len() / 2);
        let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        // short of the radius by more than rounding
        let step = radius * (1.0 - 1e-9) / norm.max(1e-300);
        let moved: Vec<f64> = row.iter().zip(direction).map(|(x, u)| x + u * step).collect();
        let difference = row.iter().zip(&moved).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        if difference.is_nan() || difference > radius {
            return 0;
        }
        let sums = |row: &[f64]| integers(options, &with(&background, &unflatten(shape, row)[0]));
        let distance = squared_distance(&sums(row), &sums(&moved));
        tightest.see(distance, stated);
        distance
    });
}
