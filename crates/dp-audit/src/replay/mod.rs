//! Sensitivity by replay: the same random words on both neighbours, so that noise cancels and the statistic shows.
//!
//! For a mechanism that adds noise, a function of the random words alone, to a statistic, the outputs of two neighbours
//! under the same words differ exactly by the statistic. So one pair shows what thousands of runs would have to
//! estimate; many pairs show the largest distance among them. That refutes a declared sensitivity that is too small. It
//! says nothing about pairs that were not tried, nor about the amount of noise.
//!
//! It also shows misuse of randomness: whether the words that are asked for depend on the data, whether there are none,
//! and whether the mechanism uses others besides.
//!
//! # Example
//!
//! ```
//! use dp_audit::{Neighbours, from_fn, replay};
//! use dp_mechanisms::{AddRemoveRow, LatticeL2Sensitivity, NoiseStd, noise::{LatticeNoise, RoundedGaussian}, secure_rng};
//!
//! // clips to 0 … 100, then forgets to use what it clipped
//! let noise = RoundedGaussian::new(NoiseStd::new(500.0)?)?;
//! let sum = from_fn(|rows: &Vec<i64>, rng| {
//!     let _clipped: Vec<i64> = rows.iter().map(|x| *x.clamp(&0, &100)).collect();
//!     rows.iter().sum::<i64>() + noise.sample(rng)
//! });
//! let pair = |row| Neighbours::new(vec![5, 60], vec![5, 60, row], AddRemoveRow);
//! let report = replay::lattice(&sum, &[pair(100), pair(-3), pair(7000)], |output| vec![*output], &mut secure_rng()?)?;
//! assert_eq!((report.l1().value, report.l1().pair), (7000, 2));
//! assert!(report.refutes_l2(&LatticeL2Sensitivity::from_square(100 * 100, AddRemoveRow)?).is_refuted());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod distance;
mod report;
mod tape;

pub use report::{Finding, Largest, ReplayReport};
pub use tape::{Recorder, Replayer, Tape};

use crate::error::Error;
use crate::mechanism::{Mechanism, Neighbours};
use dp_mechanisms::Adjacency;
use rand::CryptoRng;

/// Largest distances of integer outputs over these pairs, in lattice steps.
///
/// Differences are taken modulo 2⁶⁴, the nearer way around.
///
/// # Errors
///
/// [`Error::NoPair`] if there is none, [`Error::Adjacencies`] if they are neighbours in different senses.
pub fn lattice<M: Mechanism, A: Adjacency, R: CryptoRng + ?Sized>(
    mechanism: &M,
    pairs: &[Neighbours<M::Data, A>],
    entries: impl Fn(&M::Output) -> Vec<i64>,
    rng: &mut R,
) -> Result<ReplayReport<A, u128>, Error> {
    measure(mechanism, pairs, entries, distance::lattice, rng)
}

/// Largest distances of real outputs over these pairs, from below: each output may have been rounded once.
///
/// # Errors
///
/// [`Error::NoPair`] if there is none, [`Error::Adjacencies`] if they are neighbours in different senses.
pub fn real<M: Mechanism, A: Adjacency, R: CryptoRng + ?Sized>(
    mechanism: &M,
    pairs: &[Neighbours<M::Data, A>],
    entries: impl Fn(&M::Output) -> Vec<f64>,
    rng: &mut R,
) -> Result<ReplayReport<A, f64>, Error> {
    let bits = |output: &M::Output| entries(output).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    measure(mechanism, pairs, bits, distance::real, rng)
}

/// Three runs a pair: recorded on the first neighbour, replayed there (a mechanism without randomness of its own
/// repeats itself), and replayed on the second.
fn measure<M: Mechanism, A: Adjacency, E: Eq, T: PartialOrd + Copy + Default, R: CryptoRng + ?Sized>(
    mechanism: &M,
    pairs: &[Neighbours<M::Data, A>],
    entries: impl Fn(&M::Output) -> Vec<E>,
    distances: impl Fn(&[E], &[E]) -> Option<[T; 3]>,
    rng: &mut R,
) -> Result<ReplayReport<A, T>, Error> {
    let adjacency = pairs.first().ok_or(Error::NoPair)?.adjacency();
    // adjacencies can differ in value, not only in type
    if pairs.iter().any(|pair| pair.adjacency() != adjacency) {
        return Err(Error::Adjacencies);
    }
    let mut report = ReplayReport::new(adjacency, pairs.len());
    for (pair, neighbours) in pairs.iter().enumerate() {
        let mut recorder = Recorder::new(rng);
        let first = entries(&mechanism.run(neighbours.first(), &mut recorder));
        let tape = recorder.into_tape();
        let again = entries(&mechanism.run(neighbours.first(), &mut Replayer::new(&tape, rng)));
        let mut replayer = Replayer::new(&tape, rng);
        let second = entries(&mechanism.run(neighbours.second(), &mut replayer));
        let (asked, followed) = (replayer.asked(), replayer.followed());
        report.saw_words(pair, tape.len(), asked);
        if first != again {
            report.found(Finding::OwnRandomness { pair });
        } else if !followed {
            report.found(Finding::WordsDependOnData { pair, first: tape.len(), second: asked });
        } else if first.len() != second.len() {
            report.found(Finding::ShapeDependsOnData { pair, first: first.len(), second: second.len() });
        } else if let Some(distances) = distances(&first, &second) {
            report.saw(pair, distances);
        } else {
            report.found(Finding::NotANumber { pair });
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::from_fn;
    use dp_mechanisms::{
        AddRemoveRow, L1Sensitivity, LatticeL1Sensitivity, LatticeL2Sensitivity, PerturbRow,
    };
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::cell::Cell;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(9)
    }

    fn pairs(rows: &[(i64, i64)]) -> Vec<Neighbours<(i64, i64), AddRemoveRow>> {
        rows.iter().map(|row| Neighbours::new((0, 0), *row, AddRemoveRow)).collect()
    }

    #[test]
    fn noise_cancels_and_the_pair_of_the_largest_distance_is_named() {
        let noisy = from_fn(|rows: &(i64, i64), rng| {
            let noise = [rng.next_u64() as i64, i64::from(rng.next_u32())];
            vec![rows.0.wrapping_add(noise[0]), rows.1.wrapping_add(noise[1])]
        });
        let report = lattice(&noisy, &pairs(&[(3, 4), (-6, 0), (5, 5)]), Clone::clone, &mut rng()).unwrap();
        assert_eq!(report.findings(), []);
        assert_eq!((report.l1().value, report.l1().pair), (10, 2));
        assert_eq!((report.l2_square().value, report.l2_square().pair), (50, 2));
        assert_eq!((report.linf().value, report.linf().pair), (6, 1));
        assert!(report.refutes_l1(&LatticeL1Sensitivity::new(9, AddRemoveRow).unwrap()).is_refuted());
        assert!(!report.refutes_l1(&LatticeL1Sensitivity::new(10, AddRemoveRow).unwrap()).is_refuted());
        assert!(
            report.refutes_l2(&LatticeL2Sensitivity::from_square(49, AddRemoveRow).unwrap()).is_refuted()
        );
        assert!(
            !report.refutes_l2(&LatticeL2Sensitivity::from_square(50, AddRemoveRow).unwrap()).is_refuted()
        );
    }

    #[test]
    fn pairs_that_are_neighbours_in_different_senses_are_refused() {
        let noisy = from_fn(|row: &i64, rng| row.wrapping_add(rng.next_u64() as i64));
        let pair = |row: i64| Neighbours::new(0, row, PerturbRow::new(row as f64).unwrap());
        let replay = |pairs: &[_]| lattice(&noisy, pairs, |output| vec![*output], &mut rng());
        assert_eq!(replay(&[pair(1), pair(10)]), Err(Error::Adjacencies));
        assert_eq!(replay(&[]), Err(Error::NoPair));
        let declared = LatticeL1Sensitivity::new(1, PerturbRow::new(1.0).unwrap()).unwrap();
        assert!(!replay(&[pair(1), pair(1)]).unwrap().refutes_l1(&declared).is_refuted());
        assert!(!replay(&[pair(10)]).unwrap().refutes_l1(&declared).is_refuted());
    }

    #[test]
    fn real_distances_are_bounded_from_below() {
        let noisy = from_fn(|rows: &(i64, i64), rng| vec![0.1 * rows.0 as f64 + 1e6 * rng.random::<f64>()]);
        let report = real(&noisy, &pairs(&[(3, 0)]), Clone::clone, &mut rng()).unwrap();
        let distance = report.l1().value;
        // two outputs below 1e6, each rounded by at most half a unit of 2⁻³³
        assert!(distance <= 0.3 && distance > 0.3 - 1e-9, "{distance}");
        assert!(report.refutes_l1(&L1Sensitivity::new(0.29, AddRemoveRow).unwrap()).is_refuted());
        assert!(!report.refutes_l1(&L1Sensitivity::new(0.31, AddRemoveRow).unwrap()).is_refuted());
    }

    /// Findings of a mechanism whose distance was not measured.
    fn findings_of(run: impl Fn(&(i64, i64), &mut dyn CryptoRng) -> Vec<i64>) -> Vec<Finding> {
        let report = lattice(&from_fn(run), &pairs(&[(1, 0)]), Clone::clone, &mut rng()).unwrap();
        assert_eq!(report.l1().value, 0);
        report.findings().to_vec()
    }

    #[test]
    fn every_misuse_of_randomness_has_its_finding() {
        let more_words = findings_of(|rows, rng| {
            for _ in 0..rows.0 {
                rng.next_u32();
            }
            vec![rng.next_u64() as i64]
        });
        assert_eq!(more_words, [Finding::WordsDependOnData { pair: 0, first: 1, second: 2 }]);
        let own = Cell::new(0);
        let own_words = findings_of(|_, rng| {
            own.set(own.get() + 1);
            vec![own.get() + (rng.next_u64() as i64 & 1)]
        });
        assert_eq!(own_words, [Finding::OwnRandomness { pair: 0 }]);
        assert_eq!(findings_of(|_, _| vec![4]), [Finding::NoWords { pair: 0 }]);
        let shape = findings_of(|rows, rng| vec![rng.next_u64() as i64; 1 + rows.0 as usize]);
        assert_eq!(shape, [Finding::ShapeDependsOnData { pair: 0, first: 1, second: 2 }]);
    }

    #[test]
    fn a_distance_to_something_that_is_no_number_is_a_finding() {
        let nan = from_fn(|rows: &(i64, i64), rng| {
            vec![if rows.0 > 0 { f64::NAN } else { rng.random::<f64>() }, rng.random()]
        });
        let report = real(&nan, &pairs(&[(1, 0)]), Clone::clone, &mut rng()).unwrap();
        assert!(!report.findings().is_empty());
        let other = from_fn(|rows: &(i64, i64), rng| {
            vec![if rows.0 > 0 { f64::NAN } else { 0.0 } + rng.random::<f64>()]
        });
        assert_eq!(
            real(&other, &pairs(&[(1, 0)]), Clone::clone, &mut rng()).unwrap().findings(),
            [Finding::NotANumber { pair: 0 }]
        );
    }

    #[test]
    fn a_report_reads_back() {
        let noisy = from_fn(|rows: &(i64, i64), rng| vec![rows.0.wrapping_add(rng.next_u64() as i64)]);
        let report = lattice(&noisy, &pairs(&[(i64::MAX, 0)]), Clone::clone, &mut rng()).unwrap();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<ReplayReport<AddRemoveRow, u128>>(&text).unwrap(), report);
    }
}
