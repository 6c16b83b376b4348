//! Rows of a matrix in a file, chunk by chunk.

use core::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use dp_linalg::Mat;

use super::element::{ByteOrder, Element};
use super::layout::Layout;
use super::safetensors_header::Header;
use super::{FileError, PIECE, length, npy};

/// Streams the rows of a matrix of shape `(n, d)` from an npy or safetensors file.
///
/// The format is told from the content, not from the name of the file. Elements of any of the types f16, bf16 (safetensors
/// only), f32, f64, bool, and signed or unsigned integers become `f64`: exactly, except integers of 64 bits, which are
/// rounded to nearest. NaN and infinities pass through. One dimension, `(n,)`, is read as one column.
///
/// Memory is that of the chunk that is handed out, and 64 KiB. A file whose length does not fit its header is refused
/// before any row is read.
///
/// ```
/// use attention_dp::io::MatrixReader;
/// use std::io::Cursor;
///
/// // version 1.0, a header of 60 bytes, then 3 rows of 2 bytes
/// let mut npy = b"\x93NUMPY\x01\x00\x3c\x00".to_vec();
/// npy.extend(format!("{:60}", "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2)}").bytes());
/// npy.extend([1, 2, 3, 4, 5, 6]);
///
/// let mut keys = MatrixReader::from_reader(Cursor::new(npy), None)?;
/// assert_eq!(keys.shape(), (3, 2));
/// let mut sum = 0.0;
/// while let Some(chunk) = keys.next_rows(2)? {
///     sum += chunk.as_slice().iter().sum::<f64>();
/// }
/// assert_eq!(sum, 21.0);
/// # Ok::<(), attention_dp::io::FileError>(())
/// ```
pub struct MatrixReader<R = File> {
    reader: R,
    layout: Layout,
    next_row: usize,
}

/// Shows no entry, and not how many rows there are.
impl<R> fmt::Debug for MatrixReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MatrixReader").field("columns", &self.layout.columns).finish_non_exhaustive()
    }
}

impl MatrixReader {
    /// Opens a file and reads its header.
    ///
    /// `tensor` names one of several tensors of a safetensors file; `None` takes the only one. An npy file holds one
    /// array without a name, which is taken whatever `tensor` is.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be opened, is of another format, damaged, or not a matrix of numbers.
    pub fn open(path: impl AsRef<Path>, tensor: Option<&str>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| FileError::at(path, source))?;
        Self::from_reader(file, tensor)
    }
}

impl<R: Read + Seek> MatrixReader<R> {
    /// The same for any source; it is read from its beginning, in pieces of at most 64 KiB.
    ///
    /// # Errors
    /// As [`MatrixReader::open`].
    pub fn from_reader(mut reader: R, tensor: Option<&str>) -> Result<Self, FileError> {
        let length = length(&mut reader)?;
        let layout = if starts_like_npy(&mut reader)? {
            npy::read_layout(&mut reader, length)?
        } else {
            Header::read(&mut reader, length)?.layout(tensor)?
        };
        Ok(Self { reader, layout, next_row: 0 })
    }

    /// Shape `(n, d)` of the whole matrix.
    #[must_use]
    pub const fn shape(&self) -> (usize, usize) {
        (self.layout.rows, self.layout.columns)
    }

    /// Rows that have not been handed out.
    #[must_use]
    pub const fn rows_remaining(&self) -> usize {
        self.layout.rows - self.next_row
    }

    /// The next rows, at most `max_rows` of them (0 counts as 1, so that a loop always ends), or `None` after the last.
    ///
    /// After an error the reader stays where it was: a second call tries the same rows again.
    ///
    /// # Errors
    /// [`FileError::Read`] when the source fails.
    pub fn next_rows(&mut self, max_rows: usize) -> Result<Option<Mat>, FileError> {
        let rows = max_rows.max(1).min(self.rows_remaining());
        if rows == 0 {
            return Ok(None);
        }
        self.read_chunk(rows).map(Some)
    }

    fn read_chunk(&mut self, rows: usize) -> Result<Mat, FileError> {
        let entries = self.read_rows(rows, Element::decode)?;
        Ok(Mat::from_vec(rows, self.layout.columns, entries).expect("as many entries as were asked for"))
    }

    /// Entries of the next rows, converted piece by piece, so that the bytes of a large chunk are never held beside its values.
    fn read_rows<T>(
        &mut self,
        rows: usize,
        decode: impl Fn(Element, ByteOrder, &[u8], &mut Vec<T>),
    ) -> Result<Vec<T>, FileError> {
        let Layout { element, order, columns, .. } = self.layout;
        let position = self.layout.start + self.next_row as u64 * self.layout.row_bytes();
        self.reader.seek(SeekFrom::Start(position)).map_err(FileError::read)?;
        let count = rows * columns;
        let mut entries = Vec::with_capacity(count);
        let mut piece = vec![0; PIECE.min(count * element.size())];
        while entries.len() < count {
            let bytes = piece.len().min((count - entries.len()) * element.size());
            self.reader.read_exact(&mut piece[..bytes]).map_err(FileError::read)?;
            decode(element, order, &piece[..bytes], &mut entries);
        }
        self.next_row += rows;
        Ok(entries)
    }
}

/// Streams a column of integers, such as the document that each row belongs to, from an npy or safetensors file.
///
/// Identifiers are compared and nothing else, so they keep all their bits: signed integers are taken modulo 2⁶⁴, and none goes
/// through a float, in which large ones would become equal. Floats and bools are refused. Shapes `(n,)` and
/// `(n, 1)` are columns. Documents go into an aggregate [in one call](crate::PrivateMoments::push_documents): ask for `usize::MAX`, here
/// and of the readers of their keys and values.
///
/// ```
/// use attention_dp::io::IdReader;
/// use std::io::Cursor;
///
/// let mut npy = b"\x93NUMPY\x01\x00\x3c\x00".to_vec();
/// npy.extend(format!("{:60}", "{'descr': '<u2', 'fortran_order': False, 'shape': (3,)}").bytes());
/// npy.extend([7, 0, 7, 0, 9, 1]);
///
/// let mut documents = IdReader::from_reader(Cursor::new(npy), None)?;
/// assert_eq!(documents.rows_remaining(), 3);
/// assert_eq!(documents.next_ids(100)?, Some(vec![7, 7, 265]));
/// assert_eq!(documents.next_ids(100)?, None);
/// # Ok::<(), attention_dp::io::FileError>(())
/// ```
#[derive(Debug)]
pub struct IdReader<R = File>(MatrixReader<R>);

impl IdReader {
    /// Opens a file and reads its header; `tensor` as for [`MatrixReader::open`].
    ///
    /// # Errors
    /// As [`MatrixReader::open`], and [`FileError::NotAColumn`], [`FileError::NotIntegers`].
    pub fn open(path: impl AsRef<Path>, tensor: Option<&str>) -> Result<Self, FileError> {
        Self::new(MatrixReader::open(path, tensor)?)
    }
}

impl<R: Read + Seek> IdReader<R> {
    /// The same for any source.
    ///
    /// # Errors
    /// As [`IdReader::open`].
    pub fn from_reader(reader: R, tensor: Option<&str>) -> Result<Self, FileError> {
        Self::new(MatrixReader::from_reader(reader, tensor)?)
    }

    fn new(matrix: MatrixReader<R>) -> Result<Self, FileError> {
        let Layout { columns, element, .. } = matrix.layout;
        if columns != 1 {
            return Err(FileError::NotAColumn { columns });
        }
        if !element.is_integer() {
            return Err(FileError::NotIntegers { found: element.name() });
        }
        Ok(Self(matrix))
    }

    /// Rows that have not been handed out.
    #[must_use]
    pub const fn rows_remaining(&self) -> usize {
        self.0.rows_remaining()
    }

    /// The next identifiers, as [`MatrixReader::next_rows`] hands out rows.
    ///
    /// # Errors
    /// [`FileError::Read`] when the source fails.
    pub fn next_ids(&mut self, max_rows: usize) -> Result<Option<Vec<u64>>, FileError> {
        let rows = max_rows.max(1).min(self.rows_remaining());
        if rows == 0 { Ok(None) } else { self.0.read_rows(rows, Element::decode_integers).map(Some) }
    }
}

/// Looks at the first bytes and goes back.
fn starts_like_npy<R: Read + Seek>(reader: &mut R) -> Result<bool, FileError> {
    let mut start = Vec::with_capacity(npy::MAGIC.len());
    reader.take(npy::MAGIC.len() as u64).read_to_end(&mut start).map_err(FileError::read)?;
    reader.rewind().map_err(FileError::read)?;
    Ok(start == npy::MAGIC)
}

// pieces end between elements
const _: () = assert!(PIECE.is_multiple_of(Element::F64.size()));
