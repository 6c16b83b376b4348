//! Images as they are published: CIFAR-10 in binary batches, and idx, compressed or not; matrices as numpy saves them; and files of released moments and classifiers.
//!
//! Readers take any [`Read`]; [`read_file`] opens one. Nothing of an announced size is allocated before that many bytes
//! were read. Behind the feature `io`.

mod cifar;
mod classifier;
mod idx;
mod moments;
mod npy;
mod sealed;

pub use cifar::{CIFAR_CLASSES, CIFAR_PIXELS, read_cifar10};
pub use classifier::{load_classifier, read_classifier, save_classifier};
pub use idx::{Idx, read_idx};
pub use moments::{load_moments, read_moments, save_moments};
pub use npy::read_npy;

use dp_linalg::Mat;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Images with their labels.
///
/// ```
/// let mut record = vec![3_u8]; // the label, then 3 · 32 · 32 bytes
/// record.extend([255; ntk_dp::io::CIFAR_PIXELS]);
/// let images = ntk_dp::io::read_cifar10(&record[..])?;
/// assert_eq!((images.labels(), images.pixels().shape()), (&[3_usize][..], (1, 3072)));
/// assert_eq!(images.pixels()[(0, 0)], 1.0);
/// # Ok::<(), ntk_dp::io::FileError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Images {
    pixels: Mat,
    labels: Vec<usize>,
}

/// Nothing: images, and how many there are, may be private.
impl core::fmt::Debug for Images {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Images").finish_non_exhaustive()
    }
}

impl Images {
    /// One image a row, bytes over 255.
    #[must_use]
    pub const fn pixels(&self) -> &Mat {
        &self.pixels
    }

    /// One label an image.
    #[must_use]
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }
}

/// Why a file was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system, or the decompressor, refused.
    #[error("the file could not be read: {0}")]
    Read(ErrorKind),
    /// The file ends too early, or does not end.
    #[error("{expected} bytes are needed, found {found}")]
    Bytes {
        /// Bytes that the header, or whole records, need.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// Not a file of this format.
    #[error("the file begins with {found:?}")]
    Magic {
        /// The first bytes.
        found: [u8; 4],
    },
    /// A label is beyond the last class. Neither which label nor where: images may be private.
    #[error("a label is not below {classes}")]
    Label {
        /// Number of classes.
        classes: u8,
    },
    /// An npy file that does not hold numbers of a type and order that is read.
    #[error("the file holds no array of f64, f32 or bytes in row order")]
    Array,
    /// The operating system refused to write.
    #[error("the file could not be written: {0}")]
    Write(ErrorKind),
    /// Not a file of this kind of release, or of another version.
    #[error("the file does not hold a release of this kind and version")]
    ForeignFile,
    /// The content is not what was saved.
    #[error("the digest does not fit the content")]
    Digest,
    /// Options, certificate and numbers do not belong together, or the adjacency is another one.
    #[error("options, certificate and numbers contradict each other")]
    Inconsistent,
}

/// Opens a file for one of the readers.
///
/// # Errors
/// [`FileError::Read`], and those of the reader.
///
/// ```
/// use ntk_dp::io::{FileError, read_cifar10, read_file};
///
/// let missing = read_file("no/such/file.bin", read_cifar10);
/// assert_eq!(missing.unwrap_err(), FileError::Read(std::io::ErrorKind::NotFound));
/// ```
pub fn read_file<T>(
    path: impl AsRef<Path>,
    read: impl FnOnce(std::fs::File) -> Result<T, FileError>,
) -> Result<T, FileError> {
    read(std::fs::File::open(path).map_err(|error| FileError::Read(error.kind()))?)
}

/// Everything, decompressed if it begins like gzip.
fn read_all(mut source: impl Read) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| FileError::Read(error.kind()))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .read_to_end(&mut plain)
            .map_err(|error| FileError::Read(error.kind()))?;
        return Ok(plain);
    }
    Ok(bytes)
}
