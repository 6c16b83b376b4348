//! Filling buffers: words are read a block at a time.

use rand::CryptoRng;

/// Words that the samplers' `fill` reads from the generator at a time.
pub const BLOCK: usize = 256;

/// For each block of up to [`BLOCK`] entries: one word an entry (`fill_bytes`, little-endian), then whatever `exact`
/// draws for the words that `fast` leaves open, in their order.
#[inline]
pub(super) fn for_each<R: CryptoRng + ?Sized>(
    entries: &mut [i64],
    rng: &mut R,
    fast: impl Fn(u64) -> Option<i64>,
    exact: impl Fn(u64, &mut R) -> i64,
    put: impl Fn(&mut i64, i64),
) {
    let mut bytes = [0_u8; 8 * BLOCK];
    for block in entries.chunks_mut(BLOCK) {
        let bytes = &mut bytes[..8 * block.len()];
        rng.fill_bytes(bytes);
        for (entry, word) in block.iter_mut().zip(bytes.as_chunks().0) {
            let word = u64::from_le_bytes(*word);
            let noise = fast(word).unwrap_or_else(|| exact(word, rng));
            put(entry, noise);
        }
    }
}
