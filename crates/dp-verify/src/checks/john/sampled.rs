//! Means of designs on samples, and rows of which only some entries are stored.

use super::certificate::covered;
use super::{rows, shape};
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::{Mat, MatRef};
use john_ellipsoid_dp::{Design, JohnOptions, SparseRows, john_ellipsoid};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// `ln max g` of the mean of designs on random rows, against the largest mean of `ln g` over these designs; weights follow the
/// fixed point in every second case and are random in the others. The twin answers with the last design.
pub(super) fn mean_of_designs(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (f64::NEG_INFINITY, 0);
    for trial in 0..context.scale(40, 800) {
        let (n, d) = shape(&mut rng);
        let raw = rows(&mut rng, n + 4 * d, d);
        let basis = dp_linalg::Qr::new(raw.as_ref()).expect("finite rows");
        let count = rng.random_range(1..30);
        let designs = designs(&mut rng, basis.q(), count, trial % 2 == 0);
        let mut logarithms = vec![0.0; basis.q().nrows()];
        for design in &designs {
            logarithms.iter_mut().zip(design.forms()).for_each(|(sum, g)| *sum += g.ln());
        }
        let bound = largest(logarithms.iter().copied()) / count as f64;
        let answer = match subject {
            Subject::AsShipped => mean(basis.q(), &designs),
            Subject::Broken => designs.last().map_or(f64::NAN, Design::gap),
        };
        worst = larger(worst, answer.ln_1p() - bound);
        compared += n as u64;
    }
    // forms of designs on d rows carry some κ(M)·d·u, and κ(M) is 2e4 at most here: rows are orthonormal columns, weights from 1e-4 to 2
    Outcome::at_most(worst, 1e-9, compared)
}

/// Designs on random rows, at least as many as dimensions and one for each.
fn designs<'a>(rng: &mut ChaCha20Rng, rows: MatRef<'a>, count: usize, follow: bool) -> Vec<Design<'a>> {
    let mut weights = vec![1.0; rows.nrows()];
    let mut designs: Vec<Design<'a>> = Vec::new();
    while designs.len() < count {
        let sampled = weights
            .iter()
            .map(|w| if rng.random_range(0..3) > 0 { w * rng.random_range(0.5..2.0) } else { 0.0 });
        let sampled: Vec<f64> = sampled.map(|w: f64| w + 1e-4).collect();
        let design = Design::new(rows, sampled.clone()).expect("every row has some weight");
        if follow {
            // leverages: at most one, as the condition number wants it
            weights = sampled.iter().zip(design.forms()).map(|(w, g)| w * g).collect();
        }
        designs.push(design);
    }
    designs
}

/// The gap of the mean.
fn mean(rows: MatRef<'_>, designs: &[Design<'_>]) -> f64 {
    let mut sum = vec![0.0; rows.nrows()];
    for design in designs {
        sum.iter_mut().zip(design.weights()).for_each(|(sum, w)| *sum += w);
    }
    Design::new(rows, sum).expect("every row has some weight").gap()
}

/// Every row against the certified gap, in exact integers. The twin loses the last stored entry of each row but the first `d`, as a
/// reader of offsets does that stops one too early.
pub(super) fn sparse(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut outside, mut compared) = (0, 0);
    for _ in 0..context.scale(30, 600) {
        let (n, d) = shape(&mut rng);
        let mut whole = rows(&mut rng, n + d, d);
        for i in d..n + d {
            whole.row_mut(i).iter_mut().for_each(|x| *x = if rng.random_range(0..3) == 0 { *x } else { 0.0 });
        }
        let (offsets, columns, values) = stored(&whole, d, subject);
        let read = SparseRows::new(d, &offsets, &columns, &values).expect("rows of stored entries");
        let options = JohnOptions::default().with_gap(1e-9).expect("a gap between 0 and 1");
        let john = john_ellipsoid(read, &options).expect("the first rows span the space");
        let level = 1.0 + john.certificate().gap();
        outside += whole.rows().filter(|row| !covered(john.root(), row, level)).count() as u64;
        compared += (n + d) as u64;
    }
    Outcome::all_equal(outside, compared)
}

fn stored(whole: &Mat, keep: usize, subject: Subject) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
    let (mut offsets, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for (i, row) in whole.rows().enumerate() {
        let mut entries: Vec<(usize, f64)> =
            row.iter().copied().enumerate().filter(|(_, x)| *x != 0.0).collect();
        if i >= keep && subject == Subject::Broken {
            entries.pop();
        }
        columns.extend(entries.iter().map(|(j, _)| *j));
        values.extend(entries.iter().map(|(_, x)| *x));
        offsets.push(columns.len());
    }
    (offsets, columns, values)
}
