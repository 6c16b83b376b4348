//! The idx format of MNIST.

use super::{FileError, read_all};
use std::io::Read;

/// An array of bytes.
///
/// ```
/// let file = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9]; // bytes, one dimension, two of them
/// let labels = ntk_dp::io::read_idx(&file[..])?;
/// assert_eq!((labels.shape(), labels.bytes()), (&[2][..], &[7, 9][..]));
/// # Ok::<(), ntk_dp::io::FileError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Idx {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The number of dimensions only: entries, and how many there are, may be private.
impl core::fmt::Debug for Idx {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Idx").field("dimensions", &self.shape.len()).finish_non_exhaustive()
    }
}

impl Idx {
    /// Lengths, the slowest index first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The entries, the last index fastest.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads an array of unsigned bytes: two zeros, the type 8, the number of dimensions, their lengths as big-endian 32-bit numbers, the
/// entries (LeCun, Cortes, Burges 1998). Gzip is recognised.
///
/// # Errors
/// [`FileError::Read`], [`FileError::Magic`] for other types and formats, [`FileError::Bytes`].
pub fn read_idx(source: impl Read) -> Result<Idx, FileError> {
    let bytes = read_all(source)?;
    let found = bytes.len() as u64;
    let &[first, second, kind, dimensions, ref rest @ ..] = &bytes[..] else {
        return Err(FileError::Bytes { expected: 4, found });
    };
    if (first, second, kind) != (0, 0, 8) {
        return Err(FileError::Magic { found: [first, second, kind, dimensions] });
    }
    let header = 4 * usize::from(dimensions);
    if rest.len() < header {
        return Err(FileError::Bytes { expected: 4 + header as u64, found });
    }
    let (lengths, entries) = rest.split_at(header);
    let lengths = lengths.as_chunks::<4>().0.iter().map(|&length| u32::from_be_bytes(length));
    let count = lengths.clone().fold(1_u64, |count, length| count.saturating_mul(length.into()));
    if entries.len() as u64 != count {
        return Err(FileError::Bytes { expected: count.saturating_add(4 + header as u64), found });
    }
    Ok(Idx { shape: lengths.map(|length| length as usize).collect(), bytes: entries.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const FILE: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    #[test]
    fn plain_and_compressed_files_are_the_same() {
        let plain = read_idx(&FILE[..]).unwrap();
        assert_eq!((plain.shape(), plain.bytes()), (&[2, 3][..], &[1, 2, 3, 4, 5, 6][..]));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&FILE).unwrap();
        let mut compressed = encoder.finish().unwrap();
        assert_eq!(read_idx(&compressed[..]).unwrap(), plain);
        compressed.truncate(compressed.len() - 9);
        assert!(matches!(read_idx(&compressed[..]), Err(FileError::Read(_))));
    }

    #[test]
    fn files_that_end_early_or_late_say_how_many_bytes_they_need() {
        for (length, expected) in [(0, 4), (3, 4), (4, 12), (11, 12), (12, 18), (17, 18)] {
            let found = length as u64;
            assert_eq!(read_idx(&FILE[..length]), Err(FileError::Bytes { expected, found }));
        }
        let long = [&FILE[..], &[0]].concat();
        assert_eq!(read_idx(&long[..]), Err(FileError::Bytes { expected: 18, found: 19 }));
    }

    #[test]
    fn other_types_and_impossible_lengths_are_refused() {
        let floats = [0, 0, 13, 1, 0, 0, 0, 0];
        assert_eq!(read_idx(&floats[..]), Err(FileError::Magic { found: [0, 0, 13, 1] }));
        let mut huge = vec![0, 0, 8, 3];
        huge.extend([255; 12]);
        assert_eq!(read_idx(&huge[..]), Err(FileError::Bytes { expected: u64::MAX, found: 16 }));
    }
}
