//! Generators that write down what they gave, and give it again.

use core::convert::Infallible;
use rand::{CryptoRng, TryCryptoRng, TryRng};

/// One request to a generator, with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    Word32(u32),
    Word64(u64),
    Bytes(Vec<u8>),
}

/// Random words in the order in which they were asked for.
///
/// # Example
///
/// ```
/// use dp_audit::replay::{Recorder, Replayer};
/// use rand::Rng;
///
/// let mut rng = dp_mechanisms::secure_rng()?;
/// let mut recorder = Recorder::new(&mut rng);
/// let first = (recorder.next_u64(), recorder.next_u32());
/// let tape = recorder.into_tape();
///
/// let mut replayer = Replayer::new(&tape, &mut rng);
/// assert_eq!((replayer.next_u64(), replayer.next_u32()), first);
/// assert!(replayer.followed());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tape {
    requests: Vec<Request>,
}

impl Tape {
    /// Number of requests.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

/// A generator that passes words on and records them.
///
/// See [`Tape`] for an example.
#[derive(Debug)]
pub struct Recorder<'a, R: ?Sized> {
    inner: &'a mut R,
    tape: Tape,
}

impl<'a, R: CryptoRng + ?Sized> Recorder<'a, R> {
    /// Records what this generator gives.
    pub const fn new(inner: &'a mut R) -> Self {
        Self { inner, tape: Tape { requests: Vec::new() } }
    }

    /// What was recorded.
    #[must_use]
    pub fn into_tape(self) -> Tape {
        self.tape
    }
}

impl<R: CryptoRng + ?Sized> TryRng for Recorder<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let word = self.inner.next_u32();
        self.tape.requests.push(Request::Word32(word));
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let word = self.inner.next_u64();
        self.tape.requests.push(Request::Word64(word));
        Ok(word)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.inner.fill_bytes(bytes);
        self.tape.requests.push(Request::Bytes(bytes.to_vec()));
        Ok(())
    }
}

impl<R: CryptoRng + ?Sized> TryCryptoRng for Recorder<'_, R> {}

/// A generator that gives the words of a tape, as long as it is asked for the same kinds in the same order.
///
/// From the first other request on, and beyond the end, it gives fresh words.
///
/// See [`Tape`] for an example.
#[derive(Debug)]
pub struct Replayer<'a, R: ?Sized> {
    tape: &'a Tape,
    beyond: &'a mut R,
    asked: usize,
    off_tape: bool,
}

impl<'a, R: CryptoRng + ?Sized> Replayer<'a, R> {
    /// Gives what is on the tape, then words of `beyond`.
    pub const fn new(tape: &'a Tape, beyond: &'a mut R) -> Self {
        Self { tape, beyond, asked: 0, off_tape: false }
    }

    /// Number of requests so far.
    #[must_use]
    pub const fn asked(&self) -> usize {
        self.asked
    }

    /// Whether exactly the requests of the tape were made.
    #[must_use]
    pub const fn followed(&self) -> bool {
        !self.off_tape && self.asked == self.tape.len()
    }

    /// The answer on the tape, if the next request there is of the kind that `matches`.
    fn answer<T>(&mut self, matches: impl Fn(&Request) -> Option<T>) -> Option<T> {
        let answer = if self.off_tape { None } else { self.tape.requests.get(self.asked).and_then(matches) };
        self.asked += 1;
        self.off_tape |= answer.is_none();
        answer
    }
}

impl<R: CryptoRng + ?Sized> TryRng for Replayer<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let on_tape =
            self.answer(|request| if let Request::Word32(word) = request { Some(*word) } else { None });
        Ok(on_tape.unwrap_or_else(|| self.beyond.next_u32()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let on_tape =
            self.answer(|request| if let Request::Word64(word) = request { Some(*word) } else { None });
        Ok(on_tape.unwrap_or_else(|| self.beyond.next_u64()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let len = bytes.len();
        let on_tape = self.answer(|request| match request {
            Request::Bytes(recorded) if recorded.len() == len => Some(recorded.clone()),
            _ => None,
        });
        match on_tape {
            Some(recorded) => bytes.copy_from_slice(&recorded),
            None => self.beyond.fill_bytes(bytes),
        }
        Ok(())
    }
}

impl<R: CryptoRng + ?Sized> TryCryptoRng for Replayer<'_, R> {}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn record(requests: impl Fn(&mut dyn CryptoRng)) -> Tape {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut recorder = Recorder::new(&mut rng);
        requests(&mut recorder);
        recorder.into_tape()
    }

    fn follows(tape: &Tape, requests: impl Fn(&mut dyn CryptoRng)) -> bool {
        let mut beyond = ChaCha8Rng::seed_from_u64(2);
        let mut replayer = Replayer::new(tape, &mut beyond);
        requests(&mut replayer);
        replayer.followed()
    }

    #[test]
    fn more_fewer_and_other_requests_are_noticed() {
        let tape = record(|rng| {
            rng.next_u64();
            rng.next_u32();
            rng.fill_bytes(&mut [0; 5]);
        });
        assert_eq!(tape.len(), 3);
        assert!(follows(&tape, |rng| {
            rng.next_u64();
            rng.next_u32();
            rng.fill_bytes(&mut [0; 5]);
        }));
        assert!(!follows(&tape, |rng| {
            rng.next_u64();
            rng.next_u32();
        }));
        assert!(!follows(&tape, |rng| {
            rng.next_u64();
            rng.next_u32();
            rng.fill_bytes(&mut [0; 6]);
        }));
        assert!(!follows(&tape, |rng| {
            rng.next_u32();
            rng.next_u64();
            rng.fill_bytes(&mut [0; 5]);
        }));
        assert!(!follows(&tape, |rng| {
            rng.next_u64();
            rng.next_u32();
            rng.fill_bytes(&mut [0; 5]);
            rng.next_u32();
        }));
    }

    #[test]
    fn words_beyond_the_tape_are_fresh() {
        let tape = record(|rng| {
            rng.next_u64();
        });
        let mut beyond = ChaCha8Rng::seed_from_u64(2);
        let mut replayer = Replayer::new(&tape, &mut beyond);
        let words: Vec<u64> = (0..3).map(|_| replayer.next_u64()).collect();
        let mut fresh = ChaCha8Rng::seed_from_u64(2);
        assert_eq!(words[0], ChaCha8Rng::seed_from_u64(1).next_u64());
        assert_eq!(words[1..], [fresh.next_u64(), fresh.next_u64()]);
    }
}
