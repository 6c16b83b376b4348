//! Keys, values and document ids of a Parquet file, row group by row group.

use super::FileError;
use crate::options::Shape;
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, FixedSizeListArray, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, Schema};
use core::fmt;
use dp_linalg::Mat;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

/// Rows that are decoded at a time.
const BATCH: usize = 4096;

/// Names of the columns to read.
///
/// ```
/// use attention_dp::io::ParquetColumns;
///
/// let columns = ParquetColumns::new("embedding", "label").with_documents("url");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParquetColumns {
    keys: String,
    values: String,
    documents: Option<String>,
}

impl ParquetColumns {
    /// Columns of keys and of values: lists of fixed size, of 32-bit or 64-bit floats.
    #[must_use]
    pub fn new(keys: impl Into<String>, values: impl Into<String>) -> Self {
        Self { keys: keys.into(), values: values.into(), documents: None }
    }

    /// A column of document ids: 64-bit integers or strings.
    #[must_use]
    pub fn with_documents(self, documents: impl Into<String>) -> Self {
        Self { documents: Some(documents.into()), ..self }
    }
}

/// Streams keys, values and document ids from a Parquet file; other columns are not read.
///
/// # Which rows count
///
/// A null in the place of a key or a value, or of one of their entries, is NaN: such a row is dropped by the
/// [rule of its own](crate::Rows). A row whose document id is null is left out here: no id is made up for it. So a null never
/// changes another row, and no error tells of it.
///
/// # What can be read
///
/// Keys and values must be lists of a *fixed* size, which the schema names: `FixedSizeList` of Arrow, written for instance by
/// pyarrow from `pa.list_(pa.float32(), 768)`. Lists without a size are refused, because the length of each would then be data.
/// Compression is none or snappy, the default of pyarrow, pandas and others.
///
/// Memory is that of the pages of one row group that are decoded, of the rows that are asked for at a time, and of the names of the
/// documents if they are strings. Files are for their owner: errors of a damaged file may depend on what is in it, and a hostile file can ask
/// the library underneath for much memory, or make it panic: that is contained and an error, unless panics abort. Open your own.
///
/// ```
/// use attention_dp::io::{FileError, ParquetColumns, ParquetReader};
/// use attention_dp::{Error, PrivateMoments, Rows};
/// use dp_mechanisms::AddRemoveRow;
///
/// fn add(path: &str, moments: &mut PrivateMoments<AddRemoveRow>) -> Result<(), Error> {
///     let mut reader = ParquetReader::open(path, &ParquetColumns::new("key", "value"))?;
///     while let Some(records) = reader.next_records(10_000)? {
///         moments.push(Rows::new(AddRemoveRow, records.keys().as_ref(), records.values().as_ref())?)?;
///     }
///     Ok(())
/// }
/// ```
///
/// Documents go into an aggregate [in one call](crate::PrivateMoments::push_documents), so they are read in one, too: where a chunk ends
/// depends on the documents before it.
///
/// ```
/// use attention_dp::io::{ParquetColumns, ParquetReader};
/// use attention_dp::{Documents, Error, PrivateMoments};
/// use dp_mechanisms::AddRemoveDocument;
///
/// fn add(path: &str, moments: &mut PrivateMoments<AddRemoveDocument>) -> Result<(), Error> {
///     let columns = ParquetColumns::new("key", "value").with_documents("url");
///     if let Some(records) = ParquetReader::open(path, &columns)?.next_records(usize::MAX)? {
///         let ids = records.documents().expect("the column is named");
///         moments.push_documents(Documents::new(ids, records.keys().as_ref(), records.values().as_ref())?)?;
///     }
///     Ok(())
/// }
/// ```
pub struct ParquetReader {
    batches: ParquetRecordBatchReader,
    columns: ParquetColumns,
    shape: Shape,
    /// Rows that were decoded and not handed out.
    pending: Option<RecordBatch>,
    /// Number of each document with a name, in the order of their first rows.
    names: HashMap<String, u64>,
    /// After a failure the library's state is unknown.
    failed: bool,
}

impl ParquetReader {
    /// Opens a file, reads its footer and checks the types of the columns.
    ///
    /// # Errors
    /// [`FileError::NotFound`], [`FileError::Io`], [`FileError::Parquet`] for a damaged or foreign file,
    /// [`FileError::ColumnNotFound`], [`FileError::UnsupportedColumn`].
    pub fn open(path: impl AsRef<Path>, columns: &ParquetColumns) -> Result<Self, FileError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| FileError::at(path, source))?;
        contained(|| Self::from_file(file, columns))
    }

    fn from_file(file: File, columns: &ParquetColumns) -> Result<Self, FileError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        let schema = builder.schema();
        let shape = Shape {
            key_dim: dimension(schema, &columns.keys)?,
            value_dim: dimension(schema, &columns.values)?,
        };
        let mut roots = vec![position(schema, &columns.keys)?, position(schema, &columns.values)?];
        if let Some(documents) = &columns.documents {
            roots.push(check_documents(schema, documents)?);
        }
        let projection = ProjectionMask::roots(builder.parquet_schema(), roots);
        let batches = builder.with_projection(projection).with_batch_size(BATCH).build().map_err(damaged)?;
        let columns = columns.clone();
        Ok(Self { batches, columns, shape, pending: None, names: HashMap::new(), failed: false })
    }

    /// Dimensions of keys and values.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The next `max_rows` rows or all that are left, across batches and row groups (0 counts as 1, so that a loop always ends), or
    /// `None` after the last. `usize::MAX` is the whole file.
    ///
    /// # Errors
    /// [`FileError::Parquet`] when the rest of the file cannot be read, then and ever after.
    pub fn next_records(&mut self, max_rows: usize) -> Result<Option<Records>, FileError> {
        if self.failed {
            return Err(damaged("reading this file has failed before"));
        }
        let outcome = contained(|| self.read_records(max_rows));
        self.failed = outcome.is_err();
        outcome
    }

    fn read_records(&mut self, max_rows: usize) -> Result<Option<Records>, FileError> {
        let max_rows = max_rows.max(1);
        let mut gathered = Gathered::default();
        while gathered.rows < max_rows {
            let Some(batch) = self.next_batch()? else { break };
            let rows = batch.num_rows().min(max_rows - gathered.rows);
            if rows < batch.num_rows() {
                self.pending = Some(batch.slice(rows, batch.num_rows() - rows));
            }
            self.gather(&batch.slice(0, rows), &mut gathered)?;
        }
        if gathered.rows == 0 { Ok(None) } else { self.records(gathered).map(Some) }
    }

    /// Rows that are pending, or the next that are not empty.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, FileError> {
        if let Some(batch) = self.pending.take() {
            return Ok(Some(batch));
        }
        loop {
            match self.batches.next() {
                None => return Ok(None),
                Some(Err(error)) => return Err(damaged(error)),
                Some(Ok(batch)) if batch.num_rows() > 0 => return Ok(Some(batch)),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Adds the rows of a batch, but for those whose document id is null.
    fn gather(&mut self, batch: &RecordBatch, gathered: &mut Gathered) -> Result<(), FileError> {
        let column = |name: &str| batch.column_by_name(name).ok_or_else(unexpected);
        let mut kept: Vec<usize> = (0..batch.num_rows()).collect();
        if let Some(name) = &self.columns.documents {
            let ids = ids(column(name)?, &mut self.names)?;
            kept.retain(|&row| ids[row].is_some());
            gathered.documents.extend(ids.into_iter().flatten());
        }
        append(column(&self.columns.keys)?, &kept, &mut gathered.keys)?;
        append(column(&self.columns.values)?, &kept, &mut gathered.values)?;
        gathered.rows += kept.len();
        Ok(())
    }

    fn records(&self, gathered: Gathered) -> Result<Records, FileError> {
        let Gathered { rows, keys, values, documents } = gathered;
        let keys = Mat::from_vec(rows, self.shape.key_dim, keys).map_err(damaged)?;
        let values = Mat::from_vec(rows, self.shape.value_dim, values).map_err(damaged)?;
        Ok(Records { keys, values, documents: self.columns.documents.is_some().then_some(documents) })
    }
}

/// Rows of several batches one behind the other.
#[derive(Default)]
struct Gathered {
    rows: usize,
    keys: Vec<f64>,
    values: Vec<f64>,
    documents: Vec<u64>,
}

/// Shows no entry, and not how many rows there are.
impl fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetReader")
            .field("columns", &self.columns)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// Some rows of a file.
///
/// ```
/// use attention_dp::io::Records;
///
/// fn rows(records: &Records) -> usize {
///     assert_eq!(records.keys().nrows(), records.values().nrows());
///     records.documents().map_or(records.keys().nrows(), <[u64]>::len)
/// }
/// ```
#[derive(Clone)]
pub struct Records {
    keys: Mat,
    values: Mat,
    documents: Option<Vec<u64>>,
}

impl Records {
    /// Keys `(n, d)`; NaN where the file has a null.
    #[must_use]
    pub const fn keys(&self) -> &Mat {
        &self.keys
    }

    /// Values `(n, d_v)`; NaN where the file has a null.
    #[must_use]
    pub const fn values(&self) -> &Mat {
        &self.values
    }

    /// Which document each row belongs to, if a column of ids was named: equal numbers are equal ids. Integers keep their bits; names
    /// are numbered by first appearance in the file, so that their numbers mean nothing in another. Rows whose id is null are not here.
    #[must_use]
    pub fn documents(&self) -> Option<&[u64]> {
        self.documents.as_deref()
    }
}

/// Shows no entry, and not how many rows there are.
impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("key_dim", &self.keys.ncols())
            .field("value_dim", &self.values.ncols())
            .finish_non_exhaustive()
    }
}

fn position(schema: &Schema, column: &str) -> Result<usize, FileError> {
    schema.index_of(column).map_err(|_| FileError::ColumnNotFound {
        wanted: column.to_owned(),
        available: schema.fields().iter().map(|field| field.name().clone()).collect(),
    })
}

/// Length of the lists of a column of keys or values.
fn dimension(schema: &Schema, column: &str) -> Result<usize, FileError> {
    let found = schema.field(position(schema, column)?).data_type();
    match found {
        DataType::FixedSizeList(item, size)
            if *size > 0 && matches!(item.data_type(), DataType::Float32 | DataType::Float64) =>
        {
            Ok(*size as usize)
        }
        _ => Err(FileError::UnsupportedColumn {
            column: column.to_owned(),
            found: found.to_string(),
            needed: "a list of fixed size, at least 1, of 32-bit or 64-bit floats",
        }),
    }
}

fn check_documents(schema: &Schema, column: &str) -> Result<usize, FileError> {
    let position = position(schema, column)?;
    match schema.field(position).data_type() {
        DataType::Int64 | DataType::Utf8 | DataType::LargeUtf8 => Ok(position),
        found => Err(FileError::UnsupportedColumn {
            column: column.to_owned(),
            found: found.to_string(),
            needed: "a column of 64-bit integers or of strings",
        }),
    }
}

/// Appends the entries of the lists in these rows.
fn append(column: &ArrayRef, rows: &[usize], entries: &mut Vec<f64>) -> Result<(), FileError> {
    let list = column.as_fixed_size_list_opt().ok_or_else(unexpected)?;
    let items = list.values();
    if let Some(items) = items.as_primitive_opt::<Float32Type>() {
        append_items((list, items), rows, f64::from, entries);
    } else {
        let items = items.as_primitive_opt::<Float64Type>().ok_or_else(unexpected)?;
        append_items((list, items), rows, |x| x, entries);
    }
    Ok(())
}

fn append_items<T: ArrowPrimitiveType>(
    (list, items): (&FixedSizeListArray, &PrimitiveArray<T>),
    rows: &[usize],
    to_f64: impl Fn(T::Native) -> f64,
    entries: &mut Vec<f64>,
) {
    let size = list.value_length() as usize;
    let entry = |row: usize, item: usize| {
        if list.is_null(row) || items.is_null(item) { f64::NAN } else { to_f64(items.value(item)) }
    };
    for &row in rows {
        let first = list.value_offset_at(row);
        entries.extend((first..first + size).map(|item| entry(row, item)));
    }
}

/// Identifiers, `None` where they are null.
fn ids(column: &ArrayRef, names: &mut HashMap<String, u64>) -> Result<Vec<Option<u64>>, FileError> {
    let mut number = |name: &str| {
        let next = names.len() as u64;
        names.get(name).copied().unwrap_or_else(|| *names.entry(name.to_owned()).or_insert(next))
    };
    if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
        Ok(integers.iter().map(|id| id.map(|id| id as u64)).collect())
    } else if let Some(strings) = column.as_string_opt::<i32>() {
        Ok(strings.iter().map(|name| name.map(&mut number)).collect())
    } else {
        let strings = column.as_string_opt::<i64>().ok_or_else(unexpected)?;
        Ok(strings.iter().map(|name| name.map(&mut number)).collect())
    }
}

/// The library underneath panics on some damaged files (footers with negative lengths, missing dictionaries): an error here.
fn contained<T>(read: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    let outcome = std::panic::catch_unwind(core::panic::AssertUnwindSafe(read));
    outcome.unwrap_or_else(|_| Err(damaged("the library that reads it panicked")))
}

fn damaged(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> FileError {
    FileError::Parquet { source: source.into() }
}

/// The library hands out other types than the schema announced.
fn unexpected() -> FileError {
    damaged("the columns are not those of the schema")
}
