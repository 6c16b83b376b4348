//! Files: keys and values in, released integers out.
//!
//! The only module of this crate that touches files. Two jobs, input and output, which share nothing but [`FileError`]:
//!
//! - [`MatrixReader`] streams the rows of a matrix from an npy or safetensors file, chunk by chunk, so that a
//!   release over millions of rows never holds them all.
//! - [`IdReader`] streams a column of integers: which document a row belongs to.
//! - `ParquetReader` (feature `parquet`) streams keys, values and document ids of a Parquet file.
//! - [`container`] saves and loads the integers of a release with their metadata: a safetensors file that every
//!   tool for this format can open, with a digest that finds damage.
//!
//! All but Parquet work on any `Read + Seek`, so that parsers can be tested without a disk. Every size that a header announces
//! is compared with the length of the file before anything of that size is allocated.

mod atomic;
pub mod container;
mod digest;
mod element;
mod error;
mod layout;
mod moments;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod safetensors_header;

pub use container::SavedTensor;
pub use error::FileError;
pub use moments::{load_moments, save_moments};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetColumns, ParquetReader, Records};
pub use rows::{IdReader, MatrixReader};

use std::io::{Read, Seek, SeekFrom};

/// Largest piece that is read from a source at once; a multiple of every element size.
const PIECE: usize = 64 * 1024;

/// Length of a source in bytes; leaves it at its beginning.
fn length<R: Seek>(reader: &mut R) -> Result<u64, FileError> {
    let length = reader.seek(SeekFrom::End(0)).map_err(FileError::read)?;
    reader.rewind().map_err(FileError::read)?;
    Ok(length)
}

/// The next `length` bytes; the caller has compared `length` with what the source holds.
fn read_exactly<R: Read>(reader: &mut R, length: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).map_err(FileError::read)?;
    Ok(bytes)
}

/// Refuses a source that is shorter or longer than its header says.
fn check_length(expected: u64, found: u64) -> Result<(), FileError> {
    match found.cmp(&expected) {
        core::cmp::Ordering::Less => Err(FileError::Truncated { expected, found }),
        core::cmp::Ordering::Equal => Ok(()),
        core::cmp::Ordering::Greater => Err(FileError::TrailingBytes { expected, found }),
    }
}
