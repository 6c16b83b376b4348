//! Everything that can go wrong with a file, as data.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be read, written or trusted.
///
/// Fields tell names, shapes and lengths, never entries: whether a file of keys and values loads depends on its
/// header and its length alone. (NaN and infinite entries load; the aggregate has its rule for them.)
///
/// ```
/// use attention_dp::io::{FileError, MatrixReader};
///
/// let refused = MatrixReader::open("no/such/keys.npy", None);
/// assert!(matches!(refused, Err(FileError::NotFound { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    // the system
    /// There is no file of this name.
    #[error("{path:?} does not exist: check the name and the working directory")]
    NotFound {
        /// Name as given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system refused to open, write or rename a file.
    #[error("{path:?} cannot be opened or written: check permissions and free space")]
    Io {
        /// Name as given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A source that was open failed while it was read.
    #[error("reading failed: the file changed meanwhile, or its device has a fault")]
    Read {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A destination that was open failed while it was written.
    #[error("writing failed: check the free space")]
    Write {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A metadata entry of a saved release does not read as what it should be, for instance as another adjacency.
    #[error("metadata entry {key:?}: {source}")]
    Metadata {
        /// Which entry.
        key: &'static str,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// Options, shape, noise and guarantee of a saved release do not belong together.
    #[error(
        "the saved options and noise do not give the guarantee or the shape that the file states: it was not written by this crate"
    )]
    Inconsistent,
    // the file as such
    /// Neither npy nor safetensors, whatever its name says.
    #[error("neither npy nor safetensors: save with numpy.save or safetensors")]
    UnknownFormat,
    /// A safetensors file that was not written as a release.
    #[error("a safetensors file, but not a saved release: it has no mark of this format")]
    ForeignFile,
    /// A saved release of a version that this build does not know.
    #[error("a saved release of version {found:?}: read it with the release of this crate that wrote it")]
    UnsupportedVersion {
        /// Version in the file.
        found: String,
    },
    /// An npy file of a version other than 1.0, 2.0 and 3.0.
    #[error("npy version {major}.{minor}: save it again with numpy.save, which writes 1.0, 2.0 or 3.0")]
    UnsupportedNpyVersion {
        /// Major version in the file.
        major: u8,
        /// Minor version in the file.
        minor: u8,
    },
    /// The file ends early.
    #[error("{found} bytes where {expected} are announced: the file is cut off, copy it again")]
    Truncated {
        /// Bytes that the header announces (`u64::MAX` when it announces more than that).
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The file goes on after its end.
    #[error("{found} bytes where {expected} are announced: keep one array in one file")]
    TrailingBytes {
        /// Bytes that the header announces.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The header is longer than any honest one.
    #[error("a header of {length} bytes, where {limit} is the most: the file is damaged")]
    HeaderTooLong {
        /// Announced length in bytes.
        length: u64,
        /// Largest length that is accepted.
        limit: u64,
    },
    /// The text of an npy header is not the dictionary that the format asks for.
    #[error("the npy header makes no sense from its byte {at} on: save it again with numpy.save")]
    NpyHeader {
        /// Position in the header text.
        at: usize,
    },
    /// The header of a safetensors file is not valid.
    #[error("the safetensors header is not valid: the file is damaged, or its writer is faulty")]
    SafetensorsHeader {
        /// What the parser said.
        #[source]
        source: Box<dyn core::error::Error + Send + Sync>,
    },
    /// The content is not what was saved.
    #[error("the digest does not fit the content: the file was altered or damaged after it was saved")]
    DigestMismatch,
    // its tensors
    /// One or two dimensions are needed, with at least one column.
    #[error("shape {shape:?} where (n, d) or (n,) is needed, d at least 1: reshape before saving")]
    NotAMatrix {
        /// Shape in the file.
        shape: Vec<u64>,
    },
    /// Columns are stored one after another, so that rows cannot be streamed.
    #[error("stored by columns (Fortran order): save numpy.ascontiguousarray(a)")]
    FortranOrder,
    /// The elements are not plain numbers of a supported type.
    #[error("elements of type {found:?}: save as float16, float32, float64, bfloat16 or an integer type")]
    UnsupportedElement {
        /// Type as the file spells it.
        found: String,
    },
    /// Identifiers are one column.
    #[error("{columns} columns where document ids are one")]
    NotAColumn {
        /// Columns in the file.
        columns: usize,
    },
    /// Identifiers are integers: among floats, large ones could not be told apart.
    #[error("elements of type {found} where document ids are integers: save them as int64")]
    NotIntegers {
        /// Type in the file.
        found: &'static str,
    },
    /// No column of this name in a Parquet file.
    #[cfg(feature = "parquet")]
    #[error("no column {wanted:?}: there is {}", Names(available))]
    ColumnNotFound {
        /// Name that was asked for.
        wanted: String,
        /// Names in the file, in its order.
        available: Vec<String>,
    },
    /// A column of a Parquet file has another type than its use asks for.
    #[cfg(feature = "parquet")]
    #[error("column {column:?} is {found}, and has to be {needed}")]
    UnsupportedColumn {
        /// Name of the column.
        column: String,
        /// Its type.
        found: String,
        /// Types that can be read.
        needed: &'static str,
    },
    /// A Parquet file that its library does not read.
    #[cfg(feature = "parquet")]
    #[error(
        "the Parquet file is damaged or cut off, lists in it are not of the length that its schema says, or it is compressed by other than snappy"
    )]
    Parquet {
        /// What the library said.
        #[source]
        source: Box<dyn core::error::Error + Send + Sync>,
    },
    /// No tensor of this name.
    #[error("no tensor {wanted:?}: there is {}", Names(available))]
    TensorNotFound {
        /// Name that was asked for.
        wanted: String,
        /// Names in the file, in alphabetical order.
        available: Vec<String>,
    },
    /// A file of several tensors (or none), and none was asked for.
    #[error("the file does not hold exactly one tensor: name one, there is {}", Names(available))]
    TensorNotNamed {
        /// Names in the file, in alphabetical order.
        available: Vec<String>,
    },
    /// A saved release holds one tensor; this file does not.
    #[error("a saved release holds exactly one tensor, here is {}", Names(found))]
    UnexpectedTensors {
        /// Names in the file, in alphabetical order.
        found: Vec<String>,
    },
    // its metadata
    /// A saved release without an entry that it needs.
    #[error("no entry {key:?} in the metadata: the file was not saved by this crate as it is")]
    MissingMetadata {
        /// Key of the entry.
        key: String,
    },
    /// A saved release with an entry that cannot be read.
    #[error("the entry {key:?} of the metadata cannot be read: {found:?}")]
    BadMetadata {
        /// Key of the entry.
        key: String,
        /// Value in the file.
        found: String,
    },
    // the caller
    /// This name is used by the format itself.
    #[error("the name {name:?} belongs to the format: choose another")]
    ReservedName {
        /// Metadata key or tensor name.
        name: String,
    },
    /// The number of steps is not rows times columns.
    #[error("{steps} steps for the shape {shape:?}")]
    ShapeMismatch {
        /// Shape `(rows, columns)` that was asked for.
        shape: (usize, usize),
        /// Steps that there are.
        steps: usize,
    },
}

impl FileError {
    /// A failure of `path` as the system sees it.
    pub(super) fn at(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path, source },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn read(source: io::Error) -> Self {
        Self::Read { source }
    }

    pub(super) fn write(source: io::Error) -> Self {
        Self::Write { source }
    }
}

/// A few names for a message: quoted, and cut after [`Names::SHOWN`].
struct Names<'a>(&'a [String]);

impl Names<'_> {
    const SHOWN: usize = 8;
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (i, name) in self.0.iter().take(Self::SHOWN).enumerate() {
            write!(f, "{}{name:?}", if i == 0 { "" } else { ", " })?;
        }
        match self.0.len().checked_sub(Self::SHOWN) {
            Some(hidden @ 1..) => write!(f, " and {hidden} more"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(count: usize) -> String {
        let available = (0..count).map(|i| format!("t{i}")).collect();
        FileError::TensorNotFound { wanted: "keys".into(), available }.to_string()
    }

    #[test]
    fn names_are_listed_and_a_long_list_is_cut() {
        assert_eq!(message(0), r#"no tensor "keys": there is none"#);
        assert_eq!(message(2), r#"no tensor "keys": there is "t0", "t1""#);
        assert!(message(8).ends_with(r#""t7""#));
        assert!(message(11).ends_with(r#""t7" and 3 more"#));
    }
}
