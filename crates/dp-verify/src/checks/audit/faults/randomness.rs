//! Randomness that is not random.

use super::{Bench, Fault, Rows, replayed, value};
use crate::Subject;
use crate::checks::audit::noise::two_sided;
use crate::checks::audit::trial::{pure, trial};
use core::convert::Infallible;
use dp_audit::{CellRatio, Neighbours, from_fn};
use dp_mechanisms::AddRemoveRow;
use rand::{CryptoRng, SeedableRng, TryCryptoRng, TryRng};
use rand_chacha::ChaCha20Rng;
use std::cell::Cell;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault { name: "seed fixed in production", claim: "ε = ln 3", build: fixed_seed },
        Fault { name: "generator replaced by one of 256 states", claim: "ε = ln 3", build: small_generator },
        Fault { name: "noise drawn once and kept", claim: "ε = ln 3", build: kept_noise },
    ]
}

fn pair() -> Neighbours<Rows, AddRemoveRow> {
    Neighbours::new(vec![7; 10], vec![7; 11], AddRemoveRow)
}

/// A count whose noise comes from the given generator or from another one.
fn count(noise: impl Fn(&mut dyn CryptoRng) -> i64 + Clone + 'static) -> Bench {
    let again = noise.clone();
    let count = from_fn(move |rows: &Rows, rng| rows.len() as i64 + noise(rng));
    let replay = from_fn(move |rows: &Rows, rng| rows.len() as i64 + again(rng));
    Bench::new(trial(count, pair(), value, &pure(3.0, AddRemoveRow))).with_replay(replayed(
        replay,
        pair(),
        |output| vec![*output],
        1,
    ))
}

fn fixed_seed(subject: Subject) -> Bench {
    count(move |rng| match subject {
        Subject::AsShipped => two_sided(1, 3, rng),
        Subject::Broken => two_sided(1, 3, &mut ChaCha20Rng::seed_from_u64(7)),
    })
}

/// Three entries, of which a row moves the first: of all vectors of noise only 256 occur.
fn small_generator(subject: Subject) -> Bench {
    let release = from_fn(move |rows: &Rows, rng| {
        let mut small = Congruential { state: rng.next_u32() as u8 };
        let mut noise = || match subject {
            Subject::AsShipped => two_sided(1, 3, rng),
            Subject::Broken => two_sided(1, 3, &mut small),
        };
        [rows.len() as i64 + noise(), noise(), noise()]
    });
    let cells = CellRatio::new(|output: &[i64; 3]| *output);
    Bench::new(trial(release, pair(), cells, &pure(3.0, AddRemoveRow)))
}

/// `x → 5x + 3` modulo 256, all of it, four bytes a word.
struct Congruential {
    state: u8,
}

impl TryRng for Congruential {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut byte = || {
            self.state = self.state.wrapping_mul(5).wrapping_add(3);
            self.state
        };
        Ok(u32::from_be_bytes([byte(), byte(), byte(), byte()]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.try_next_u32()? as u8;
        }
        Ok(())
    }
}

/// It is none; that is the fault.
impl TryCryptoRng for Congruential {}

fn kept_noise(subject: Subject) -> Bench {
    let kept = Cell::new(None);
    count(move |rng| match subject {
        Subject::AsShipped => two_sided(1, 3, rng),
        Subject::Broken => {
            let noise = kept.get().unwrap_or_else(|| two_sided(1, 3, rng));
            kept.set(Some(noise));
            noise
        }
    })
}
