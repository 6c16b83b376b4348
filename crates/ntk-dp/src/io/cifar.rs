//! Binary batches of CIFAR-10.

use super::{FileError, Images, read_all};
use dp_linalg::Mat;
use std::io::Read;

/// Bytes of an image: red, green and blue planes of 32 rows of 32.
pub const CIFAR_PIXELS: usize = 3 * 32 * 32;

/// Classes of CIFAR-10.
pub const CIFAR_CLASSES: u8 = 10;

/// Reads a batch: for each image its label, one byte, and 3072 bytes of pixels (Krizhevsky 2009). Gzip is recognised.
///
/// # Errors
/// [`FileError::Read`], [`FileError::Bytes`] if the last record is not whole, [`FileError::Label`].
pub fn read_cifar10(source: impl Read) -> Result<Images, FileError> {
    const RECORD: usize = 1 + CIFAR_PIXELS;
    let bytes = read_all(source)?;
    let count = bytes.len().div_ceil(RECORD);
    let whole = FileError::Bytes { expected: (count * RECORD) as u64, found: bytes.len() as u64 };
    if !bytes.len().is_multiple_of(RECORD) {
        return Err(whole);
    }
    let records = bytes.chunks_exact(RECORD);
    if records.clone().any(|record| record[0] >= CIFAR_CLASSES) {
        return Err(FileError::Label { classes: CIFAR_CLASSES });
    }
    let pixels = records.clone().flat_map(|record| record[1..].iter().map(|&byte| f64::from(byte) / 255.0));
    let pixels = Mat::from_vec(count, CIFAR_PIXELS, pixels.collect()).map_err(|_| whole)?;
    Ok(Images { pixels, labels: records.map(|record| usize::from(record[0])).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_order_and_parts_of_them_refused() {
        let mut batch = Vec::new();
        for label in [9_u8, 0] {
            batch.push(label);
            batch.extend((0..CIFAR_PIXELS).map(|k| (k % 251) as u8));
        }
        let images = read_cifar10(&batch[..]).unwrap();
        assert_eq!(images.labels(), [9, 0]);
        assert_eq!(format!("{images:?}"), "Images { .. }");
        assert_eq!(images.pixels()[(1, 250)], 250.0 / 255.0);
        let short = read_cifar10(&batch[..6145]);
        assert_eq!(short, Err(FileError::Bytes { expected: 6146, found: 6145 }));
        assert_eq!(read_cifar10(&[][..]).unwrap().labels(), &[] as &[usize]);
        batch[3073] = 10;
        let refused = read_cifar10(&batch[..]);
        assert_eq!(refused, Err(FileError::Label { classes: 10 }));
    }
}
