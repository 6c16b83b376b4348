//! How far integer moments move with a document and with a small move of a row, by search.

use super::sensitivity::{Tightest, extremes, squared_distance, with};
use super::{
    Row, aggregate_documents, climb, integers, integers_of, options, random_row, random_rows, unflatten,
};
use crate::{Context, Outcome, Subject};
use attention_dp::{MomentAdjacency, MomentGeometry, MomentOptions};
use dp_mechanisms::{AddRemoveDocument, PerturbRow};
use poly_kernel::ExpPolynomial;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// One document more, of as many rows as it may weigh and of more, all alike, extreme or climbed to. The twin clips rows and not documents.
pub(super) fn document(context: &mut Context, subject: Subject) -> Outcome {
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
    tightest.outcome_from(0.99)
}

fn sums(options: &MomentOptions, documents: &[Vec<Row>], subject: Subject) -> Vec<i64> {
    match subject {
        Subject::AsShipped => integers_of(aggregate_documents(options, documents)),
        Subject::Broken => integers(options, &documents.concat()),
    }
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
    let seen = found.iter().filter(|(radius, _)| *radius == 0.2).map(|(_, t)| t.ratio).fold(0.0, f64::max);
    let note = format!("squared distance over the stated square, at most {seen:.3} for a move by 0.2");
    if seen < 0.5 {
        return Outcome::inconclusive(note);
    }
    let largest = found.iter().map(|(_, tightest)| tightest.ratio).fold(0.0, f64::max);
    Outcome::at_most(largest, 1.0, found.iter().map(|(_, tightest)| tightest.n).sum()).with_note(note)
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
