//! The exact hockey-stick divergence, against sums in integers.

use super::exact::{order, parts};
use crate::{Context, Outcome, Subject};
use dp_audit::{ExactDivergence, Which};
use dp_mechanisms::{ReplaceRow, certified};
use num_bigint::{BigInt, BigUint, Sign};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Random laws with weights in `2⁻³⁰`: the bounds hold the sums at both ends of an enclosure of `e^ε`, lie close
/// together, and ε(δ) inverts δ(ε). The twin looks at one order of the neighbours only.
pub(super) fn divergence(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, trials) = (0, context.scale(2_000, 100_000));
    for _ in 0..trials {
        let laws = [law(&mut rng), law(&mut rng)];
        let epsilon = [0.0, 0.1, 1.0, 3.0][rng.random_range(0..4)];
        wrong += u64::from(!holds(&laws, epsilon, subject));
    }
    Outcome::all_equal(wrong, trials as u64)
}

const OUTCOMES: usize = 6;
const BITS: u32 = 30;

/// Weights that sum to `2³⁰`; some are zero.
fn law(rng: &mut ChaCha20Rng) -> [u64; OUTCOMES] {
    let mut cuts: Vec<u64> = (1..OUTCOMES).map(|_| rng.random_range(0..=1_u64 << BITS)).collect();
    if rng.random_range(0..3) == 0 {
        cuts[0] = 0;
    }
    cuts.extend([0, 1 << BITS]);
    cuts.sort_unstable();
    core::array::from_fn(|i| cuts[i + 1] - cuts[i])
}

fn holds(laws: &[[u64; OUTCOMES]; 2], epsilon: f64, subject: Subject) -> bool {
    let bounds = laws.map(|law| law.map(|weight| (weight as f64, weight as f64)).map(scaled));
    let divergence = ExactDivergence::new(&bounds[0], &bounds[1], ReplaceRow).expect("weights sum to one");
    let (lower, upper) = match subject {
        Subject::AsShipped => divergence.delta_bounds(epsilon),
        Subject::Broken => divergence.delta_bounds_of(Which::First, epsilon),
    };
    let (below, above) = certified::exp_bounds(epsilon);
    let at = |factor: f64| [(0, 1), (1, 0)].map(|(p, q)| sum(&laws[p], &laws[q], factor)).into_iter().max();
    // exact sums over 2^(30 + 60): larger factors give smaller sums
    let (least, most) = (at(above).unwrap_or_default(), at(below).unwrap_or_default());
    let one = BigUint::from(1_u32) << (BITS + FACTOR_BITS);
    let encloses = order(lower, &least, &one).is_le() && order(upper, &most, &one).is_ge();
    let delta = f64::midpoint(lower, upper) / 2.0;
    let inverse = divergence.epsilon_bounds(delta);
    let inverts = inverse.0 <= inverse.1 && (inverse.1 >= epsilon || delta >= upper);
    encloses && upper - lower < 1e-14 && inverts
}

fn scaled((lo, hi): (f64, f64)) -> (f64, f64) {
    let unit = 2_f64.powi(-(BITS as i32));
    (lo * unit, hi * unit)
}

/// Bits after the point of `e^ε`: enough for floats above 2⁻⁷.
const FACTOR_BITS: u32 = 60;

/// `Σ max(0, p − factor·q)` over `2⁹⁰`.
fn sum(p: &[u64], q: &[u64], factor: f64) -> BigUint {
    let (mantissa, exponent) = parts(factor);
    let factor = BigInt::from(mantissa) << (exponent + i64::from(FACTOR_BITS)).unsigned_abs();
    let excess = |(p, q): (&u64, &u64)| (BigInt::from(*p) << FACTOR_BITS) - &factor * q;
    let positive = p.iter().zip(q).map(excess).filter(|excess| excess.sign() == Sign::Plus);
    positive.map(|excess| excess.magnitude().clone()).sum()
}
