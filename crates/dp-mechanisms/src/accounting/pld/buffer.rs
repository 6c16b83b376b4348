//! Buffers that are used again.
//!
//! A question needs a dozen arrays of a few hundred kilobytes for a few milliseconds. Allocators give such memory back to
//! the system at once, and a third of the time went into getting its pages again (benches/README.md).

use core::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shorter buffers are left to the allocator.
const SHORTEST: usize = 1 << 12;
/// Most numbers that are kept: 32 MiB.
const MOST_KEPT: usize = 1 << 22;

static KEPT: Mutex<Vec<Vec<f64>>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Vec<f64>>> {
    // whoever panicked held a list of vectors, which is good whatever happened
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Numbers whose memory goes to the next buffer of about that length.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<f64>);

impl Buffer {
    pub(super) fn zeros(len: usize) -> Self {
        Self::padded(&[], len)
    }

    /// These numbers and then zeros.
    pub(super) fn padded(numbers: &[f64], len: usize) -> Self {
        let mut buffer = Self::taken(len);
        buffer.extend_from_slice(numbers);
        buffer.resize(len, 0.0);
        Self(buffer)
    }

    /// Empty, with room for so many numbers.
    fn taken(len: usize) -> Vec<f64> {
        if len < SHORTEST {
            return Vec::with_capacity(len);
        }
        let mut kept = kept();
        let fitting = (0..kept.len()).filter(|&i| (len..=4 * len).contains(&kept[i].capacity()));
        let mut found = match fitting.min_by_key(|&i| kept[i].capacity()) {
            Some(i) => kept.swap_remove(i),
            None => Vec::with_capacity(len),
        };
        found.clear();
        found
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let buffer = core::mem::take(&mut self.0);
        if buffer.capacity() < SHORTEST {
            return;
        }
        let mut kept = kept();
        let held: usize = kept.iter().map(Vec::capacity).sum();
        if held + buffer.capacity() <= MOST_KEPT {
            kept.push(buffer);
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::padded(self, self.len())
    }
}

impl Deref for Buffer {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_buffer_held_before_is_not_seen() {
        for len in [0, 1, SHORTEST, 3 * SHORTEST, MOST_KEPT + 1] {
            let mut used = Buffer::zeros(len);
            used.fill(7.0);
            drop(used);
            assert!(Buffer::zeros(len).iter().all(|&x| x == 0.0));
            let padded = Buffer::padded(&[1.0, 2.0][..len.min(2)], len);
            assert_eq!(padded.len(), len);
            assert!(padded.iter().skip(2).all(|&x| x == 0.0) && padded.iter().take(2).all(|&x| x > 0.0));
        }
        assert!(kept().iter().map(Vec::capacity).sum::<usize>() <= MOST_KEPT);
    }
}
