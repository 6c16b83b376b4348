//! Releases are statistic plus noise modulo 2⁶⁴, and only of statistics that the mechanism was made for.

use super::noise::{each_part, each_twin};
use super::{noise, noise_std, none_fails};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{
    AddRemoveRow, Adjacency, Error, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic,
    PerturbRow,
};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha20Rng;

/// Integers over the whole range, its ends among them, at several σ; the noise is drawn again from the same seed. The
/// twin adds as `f64`. Then everything that must be refused is, and its neighbour that must not be is not; twins compare
/// sensitivities as `f64`, or no radii, or no bounds.
pub(super) fn release(context: &mut Context, subject: Subject) -> Outcome {
    let refused = |how: Compared| refusals(&context.rng(100), how).with_note("refusals");
    let twins = vec![Compared::AsFloats, Compared::WithoutRadii, Compared::WithoutBounds];
    let refusals = each_twin(subject, Compared::AsShipped, twins, refused);
    each_part(subject, [sums(context, subject), refusals])
}

fn sums(context: &Context, subject: Subject) -> Outcome {
    let n = context.scale(20_000, 1_000_000);
    let sums = (0..).zip([0.3, 40.0, 1e6, 2_f64.powi(50)]).map(|(stream, std)| {
        let statistic = statistic(n, &mut context.rng(2 * stream));
        let rng = || context.rng(2 * stream + 1);
        let mut drawn = vec![0; n];
        noise(std).fill(&mut drawn, &mut rng());
        let released = match subject {
            Subject::AsShipped => released(&statistic, std, &mut rng()),
            Subject::Broken => {
                statistic.iter().zip(&drawn).map(|(&s, &z)| (s as f64 + z as f64) as i64).collect()
            }
        };
        none_fails(statistic.iter().zip(&drawn).zip(&released), |((s, z), r)| {
            i128::from(*r).rem_euclid(1 << 64) == (i128::from(*s) + i128::from(*z)).rem_euclid(1 << 64)
        })
    });
    Outcome::worst(sums.collect::<Vec<_>>()).with_note("sums modulo 2⁶⁴")
}

/// Both ends of the range, zero, and random integers of every length.
fn statistic(n: usize, rng: &mut ChaCha20Rng) -> Vec<i64> {
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let random = |_| (rng.next_u64() as i64) >> rng.random_range(0..64);
    let random: Vec<i64> = (ends.len()..n).map(random).collect();
    [&ends[..], &random].concat()
}

/// The public bound on the entries is wrong here, on purpose: sums must then wrap, not saturate.
fn released(steps: &[i64], std: f64, rng: &mut ChaCha20Rng) -> Vec<i64> {
    let sensitivity = square(1, AddRemoveRow);
    let mechanism = LatticeGaussian::with_noise_std(noise_std(std), sensitivity).expect("σ ≤ 2⁵⁰");
    let statistic = LatticeStatistic::new(steps.to_vec(), zero_lattice(), sensitivity, 1 << 40);
    let released = mechanism.release(statistic, "check", rng).expect("the stated bound fits");
    released.value().steps().to_vec()
}

fn square<A: Adjacency>(square: u128, adjacency: A) -> LatticeL2Sensitivity<A> {
    LatticeL2Sensitivity::from_square(square, adjacency).expect("squares are positive here")
}

fn zero_lattice() -> Lattice {
    Lattice::new(0).expect("integers are a lattice")
}

/// How a statistic is compared with what the mechanism was made for.
#[derive(Clone, Copy)]
enum Compared {
    AsShipped,
    /// Squares of sensitivities that are one float are taken for equal.
    AsFloats,
    /// Radii are taken for those of the mechanism.
    WithoutRadii,
    /// Entries are taken for small.
    WithoutBounds,
}

impl Compared {
    /// What the mechanism is told of the statistic.
    fn told<A: Adjacency>(
        self,
        made_for: LatticeL2Sensitivity<A>,
        (moves, max_abs): (LatticeL2Sensitivity<A>, u64),
    ) -> (LatticeL2Sensitivity<A>, u64) {
        match self {
            Self::AsFloats if moves.square() as f64 == made_for.square() as f64 => (made_for, max_abs),
            Self::WithoutRadii => (square(moves.square(), made_for.adjacency()), max_abs),
            Self::WithoutBounds => (moves, 1),
            _ => (moves, max_abs),
        }
    }
}

/// Whether a statistic of one sensitivity and bound is released by a mechanism for another sensitivity.
fn attempt<A: Adjacency>(
    made_for: LatticeL2Sensitivity<A>,
    statistic: (LatticeL2Sensitivity<A>, u64),
    how: Compared,
    rng: &ChaCha20Rng,
) -> Result<(), Error> {
    let mechanism = LatticeGaussian::with_noise_std(noise_std(1e9), made_for)?;
    let (moves, max_abs) = how.told(made_for, statistic);
    mechanism
        .release(LatticeStatistic::new(vec![0], zero_lattice(), moves, max_abs), "check", &mut rng.clone())
        .map(|_| ())
}

/// Sensitivities one apart are told apart even where `f64` cannot; radii of a perturbation too.
fn refusals(rng: &ChaCha20Rng, how: Compared) -> Outcome {
    let squares = [1, 25, (1 << 53) + 1, (1 << 100) + 7, u128::MAX - 1];
    let sensitivity = none_fails(squares, |s| {
        let made_for = square(s, AddRemoveRow);
        let of = |s: u128| attempt(made_for, (square(s, AddRemoveRow), 1), how, rng);
        matches!(of(s + 1), Err(Error::SensitivityExceeded { .. }))
            && of(s).is_ok()
            && (s == 1 || of(s - 1).is_ok())
    });
    let radius = |r: f64| square(9, PerturbRow::new(r).expect("radii are positive here"));
    let adjacency = none_fails([(0.5, 0.25), (0.5, 0.5_f64.next_up())], |(made_for, moves)| {
        let of = |r: f64| attempt(radius(made_for), (radius(r), 1), how, rng);
        matches!(of(moves), Err(Error::SensitivityExceeded { .. })) && of(made_for).is_ok()
    });
    let bound = none_fails([(1 << 61, true), (1 << 62, false), (u64::MAX, false)], |(max_abs, fits)| {
        let made_for = square(9, AddRemoveRow);
        let released = attempt(made_for, (made_for, max_abs), how, rng);
        released.is_ok() == fits && (fits || matches!(released, Err(Error::LatticeOverflow { .. })))
    });
    Outcome::worst([sensitivity, adjacency, bound])
}
