//! Replayed noise: distances of statistics, exactly.

use crate::{Context, Outcome, Subject};
use dp_audit::replay::{self, Finding};
use dp_audit::{Neighbours, from_fn};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{AddRemoveRow, NoiseStd, RoundedGaussian};
use rand::{CryptoRng, RngExt};

/// Random statistics with rounded Gaussian noise: all three distances and the pair that attains each are those of the
/// statistics themselves. And a mechanism that asks for one word more on one neighbour is reported. The twin does not
/// rewind its noise.
pub(super) fn distance(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let noise = RoundedGaussian::new(NoiseStd::new(1e6).expect("positive")).expect("supported");
    let (mut wrong, trials) = (0, context.scale(300, 10_000));
    for _ in 0..trials {
        let row = |rng: &mut rand_chacha::ChaCha20Rng| -> Vec<i64> {
            (0..3).map(|_| rng.random_range(-1000..1000)).collect()
        };
        let pairs: Vec<_> =
            (0..4).map(|_| Neighbours::new(row(&mut rng), row(&mut rng), AddRemoveRow)).collect();
        let add = |row: &Vec<i64>, rng: &mut dyn CryptoRng| {
            let mut released = row.clone();
            noise.add_to(&mut released, rng);
            released
        };
        let fresh = std::cell::RefCell::new(context.rng(1));
        let not_rewound = |row: &Vec<i64>, _: &mut dyn CryptoRng| add(row, &mut *fresh.borrow_mut());
        let report = match subject {
            Subject::AsShipped => {
                replay::lattice(&from_fn(add), &pairs, Clone::clone, &mut rng).expect("four pairs")
            }
            Subject::Broken => {
                replay::lattice(&from_fn(not_rewound), &pairs, Clone::clone, &mut rng).expect("four pairs")
            }
        };
        let moves = |pair: &Neighbours<Vec<i64>, AddRemoveRow>| {
            pair.first()
                .iter()
                .zip(pair.second())
                .map(|(a, b)| u128::from((a - b).unsigned_abs()))
                .collect::<Vec<_>>()
        };
        let all: Vec<Vec<u128>> = pairs.iter().map(moves).collect();
        let agrees = |largest: replay::Largest<u128>, norm: &dyn Fn(&[u128]) -> u128| {
            let values: Vec<u128> = all.iter().map(|moves| norm(moves)).collect();
            values.iter().max() == Some(&largest.value) && values[largest.pair] == largest.value
        };
        let sound = agrees(report.l1(), &|moves| moves.iter().sum())
            && agrees(report.l2_square(), &|moves| moves.iter().map(|x| x * x).sum())
            && agrees(report.linf(), &|moves| moves.iter().copied().max().unwrap_or(0));
        wrong += u64::from(!sound || !report.findings().is_empty());
    }
    let extra = from_fn(|rows: &usize, rng: &mut dyn CryptoRng| {
        let words: Vec<u64> = (0..*rows).map(|_| rng.next_u64()).collect();
        vec![words[0] as i64]
    });
    let report = replay::lattice(&extra, &[Neighbours::new(1, 2, AddRemoveRow)], Clone::clone, &mut rng)
        .expect("a pair");
    let noticed = report.findings() == [Finding::WordsDependOnData { pair: 0, first: 1, second: 2 }];
    Outcome::all_equal(wrong + u64::from(!noticed), trials as u64 + 1)
}
