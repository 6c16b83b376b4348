//! Parquet files, written by the library that reads them.

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder, Float64Builder, ListBuilder};
use arrow_array::{ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray};
use attention_dp::io::{FileError, ParquetColumns, ParquetReader};
use attention_dp::{Documents, MomentOptions, PrivateMoments, Rows, Shape};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveDocument, AddRemoveRow};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::{aggregate, integers, options};

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

fn keys(n: usize) -> Mat {
    Mat::from_fn(n, 3, |i, j| (i * 3 + j) as f64 / 1024.0)
}

fn values(n: usize) -> Mat {
    Mat::from_fn(n, 2, |i, j| (i + j) as f64 / 512.0 - 0.5)
}

/// Lists of 32-bit floats; these entries lose nothing by it. `None` is a null list.
fn short(matrix: &Mat, is_null: impl Fn(usize) -> bool) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float32Builder::new(), matrix.ncols() as i32);
    for (i, row) in matrix.rows().enumerate() {
        for &x in row {
            builder.values().append_value(x as f32);
        }
        builder.append(!is_null(i));
    }
    Arc::new(builder.finish())
}

/// Lists of 64-bit floats whose NaN entries are nulls.
fn long(matrix: &Mat) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float64Builder::new(), matrix.ncols() as i32);
    for row in matrix.rows() {
        for &x in row {
            builder.values().append_option((!x.is_nan()).then_some(x));
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// A file with these columns in row groups of at most this many rows.
fn write(directory: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) -> PathBuf {
    let path = directory.join("rows.parquet");
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

fn columns() -> ParquetColumns {
    ParquetColumns::new("k", "v")
}

/// All rows in chunks of at most this many.
fn read(path: &Path, columns: &ParquetColumns, chunk: usize) -> (Vec<f64>, Vec<f64>, Vec<u64>) {
    let mut reader = ParquetReader::open(path, columns).unwrap();
    let mut all = (Vec::new(), Vec::new(), Vec::new());
    while let Some(records) = reader.next_records(chunk).unwrap() {
        assert!((1..=chunk.max(1)).contains(&records.keys().nrows()));
        all.0.extend(records.keys().as_slice());
        all.1.extend(records.values().as_slice());
        all.2.extend(records.documents().unwrap_or_default());
    }
    all
}

#[test]
fn chunks_of_any_size_give_the_same_rows_across_row_groups() {
    let directory = tempfile::tempdir().unwrap();
    let n = 5_000; // more than is decoded at a time
    let columns_of =
        || vec![("v", long(&values(n))), ("other", long(&values(n))), ("k", short(&keys(n), |_| false))];
    for group in [n, 700] {
        let path = write(directory.path(), columns_of(), group);
        for chunk in [0, 1_000, 4_096, 100_000] {
            let (found_keys, found_values, documents) = read(&path, &columns(), chunk);
            assert_eq!(found_keys, keys(n).as_slice(), "row groups of {group}, chunks of {chunk}");
            let first = ParquetReader::open(&path, &columns()).unwrap().next_records(chunk).unwrap().unwrap();
            assert_eq!(first.keys().nrows(), chunk.clamp(1, n), "as many rows as asked for, or all");
            assert_eq!(found_values, values(n).as_slice());
            assert!(documents.is_empty());
        }
    }
}

#[test]
fn rows_go_into_an_aggregate_as_they_would_from_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path =
        write(directory.path(), vec![("k", short(&keys(400), |_| false)), ("v", long(&values(400)))], 150);
    let options: MomentOptions = options(SHAPE, 1.0, 3);
    let mut reader = ParquetReader::open(&path, &columns()).unwrap();
    assert_eq!(reader.shape(), SHAPE);
    let mut moments = PrivateMoments::new(AddRemoveRow, options.clone()).unwrap();
    while let Some(records) = reader.next_records(64).unwrap() {
        let rows = Rows::new(AddRemoveRow, records.keys().as_ref(), records.values().as_ref()).unwrap();
        moments.push(rows).unwrap();
    }
    assert_eq!(integers(moments), integers(aggregate(options, &keys(400), &values(400))));
}

#[test]
fn a_null_anywhere_drops_its_row_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut some_values = values(6);
    some_values[(3, 1)] = f64::NAN; // written as a null entry
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None, Some(5), Some(-1), Some(7), Some(7)]));
    let path = write(
        directory.path(),
        vec![("k", short(&keys(6), |row| row == 0)), ("v", long(&some_values)), ("d", ids)],
        6,
    );
    let (found_keys, found_values, documents) = read(&path, &columns().with_documents("d"), 100);
    // row 1 has no document and is not here
    let null_key = |row: usize| found_keys[3 * row..3 * row + 3].iter().all(|x| x.is_nan());
    assert_eq!((0..5).filter(|&row| null_key(row)).collect::<Vec<_>>(), [0]);
    assert_eq!(found_keys[3..], keys(6).as_slice()[6..]);
    assert!(found_values[5].is_nan() && found_values[4] == some_values[(3, 0)]);
    assert_eq!(documents, [5, 5, u64::MAX, 7, 7]);
    // rows 0 and 3 are dropped, too: what is left is that of the other three
    let kept = |matrix: &Mat| Mat::from_fn(3, matrix.ncols(), |i, j| matrix[([2, 4, 5][i], j)]);
    let found = |data: Vec<f64>, dim| Mat::from_vec(5, dim, data).unwrap();
    assert_eq!(
        integers(aggregate(options(SHAPE, 1.0, 2), &found(found_keys, 3), &found(found_values, 2))),
        integers(aggregate(options(SHAPE, 1.0, 2), &kept(&keys(6)), &kept(&values(6))))
    );
}

#[test]
fn names_of_documents_are_numbered_by_first_appearance_also_across_chunks() {
    let directory = tempfile::tempdir().unwrap();
    let names = vec![Some("b"), Some("a"), None, Some("b"), Some(""), Some("a")];
    for documents in [
        Arc::new(StringArray::from(names.clone())) as ArrayRef,
        Arc::new(LargeStringArray::from(names.clone())),
    ] {
        let columns_of = vec![("k", long(&keys(6))), ("v", long(&values(6))), ("d", documents)];
        let path = write(directory.path(), columns_of, 2);
        for chunk in [1, 2, 6] {
            assert_eq!(read(&path, &columns().with_documents("d"), chunk).2, [0, 1, 0, 2, 1]);
        }
    }
}

/// The integers of all documents of a file with these ids, each key and value that of its number, and the square that one may move them by.
fn of_named(ids: &[Option<String>], numbers: &[usize]) -> (Vec<i64>, u128) {
    let directory = tempfile::tempdir().unwrap();
    let key = Mat::from_fn(ids.len(), 3, |i, j| (numbers[i] + j) as f64 / 32_768.0);
    let value = Mat::from_fn(ids.len(), 2, |_, _| 0.5);
    let names: ArrayRef = Arc::new(ids.iter().map(Option::as_deref).collect::<StringArray>());
    let path = write(directory.path(), vec![("k", long(&key)), ("v", long(&value)), ("d", names)], 700);
    let mut reader = ParquetReader::open(&path, &columns().with_documents("d")).unwrap();
    let options: MomentOptions = options(SHAPE, 1.0, 2);
    let mut moments = PrivateMoments::new(AddRemoveDocument, options).unwrap();
    if let Some(records) = reader.next_records(usize::MAX).unwrap() {
        let (ids, keys, values) = (records.documents().unwrap(), records.keys(), records.values());
        moments.push_documents(Documents::new(ids, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
    }
    assert!(reader.next_records(1).unwrap().is_none(), "one call has the whole file");
    let square = moments.sensitivity().unwrap().square();
    (moments.into_statistic().unwrap().assume_public(), square)
}

/// With all documents of these ids, and with all but the one of this name.
fn move_of(ids: &[Option<String>], name: &str) -> (u128, u128) {
    let others: Vec<usize> = (0..ids.len()).filter(|&i| ids[i].as_deref() != Some(name)).collect();
    let other_ids: Vec<_> = others.iter().map(|&i| ids[i].clone()).collect();
    let (with, square) = of_named(ids, &(0..ids.len()).collect::<Vec<_>>());
    let (without, _) = of_named(&other_ids, &others);
    let moved = with.iter().zip(without).map(|(a, b)| u128::from(a.abs_diff(b)).pow(2)).sum();
    (moved, square)
}

#[test]
fn a_document_moves_the_sums_by_its_weight_whatever_is_null_and_wherever_batches_end() {
    let name = |name: &str| Some(name.to_owned());
    for ids in
        [vec![None, name("bob"), None, name("alice")], vec![name("bob"), None], vec![None, name("bob")]]
    {
        let (moved, square) = move_of(&ids, "bob");
        assert!(0 < moved && moved <= square, "{ids:?}");
    }
    // 4095 documents of one row, then documents of two: a batch of 4096 rows ends in one of these, and without the first it does not
    let many: Vec<_> =
        (0..4095_usize).chain((4095..6144).flat_map(|id| [id; 2])).map(|id| name(&id.to_string())).collect();
    let (moved, square) = move_of(&many, "0");
    assert!(0 < moved && moved <= square);
}

#[test]
fn rows_without_a_document_are_no_rows() {
    let directory = tempfile::tempdir().unwrap();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![None; 6]));
    let path = write(directory.path(), vec![("k", long(&keys(6))), ("v", long(&values(6))), ("d", ids)], 2);
    let mut reader = ParquetReader::open(&path, &columns().with_documents("d")).unwrap();
    assert!(reader.next_records(2).unwrap().is_none());
    assert_eq!(read(&path, &columns(), 2).0, keys(6).as_slice());
}

#[test]
fn wrong_names_and_types_are_told_before_any_row_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut lists = ListBuilder::new(Float32Builder::new());
    (0..3).for_each(|_| lists.append(true));
    let scalars: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let path = write(
        directory.path(),
        vec![
            ("k", long(&keys(3))),
            ("v", long(&values(3))),
            ("lists", Arc::new(lists.finish())),
            ("i", scalars),
        ],
        3,
    );
    let refused = |columns: ParquetColumns| ParquetReader::open(&path, &columns).unwrap_err();
    match refused(ParquetColumns::new("key", "v")) {
        FileError::ColumnNotFound { wanted, available } => {
            assert_eq!((wanted.as_str(), available.len()), ("key", 4));
        }
        other => panic!("{other}"),
    }
    for columns in [
        ParquetColumns::new("lists", "v"),
        ParquetColumns::new("k", "i"),
        columns().with_documents("k"),
        columns().with_documents("lists"),
    ] {
        assert!(matches!(refused(columns), FileError::UnsupportedColumn { .. }));
    }
    let message = refused(ParquetColumns::new("lists", "v")).to_string();
    assert!(message.contains("fixed size") && message.contains("lists"), "{message}");
    assert!(matches!(refused(columns().with_documents("x")), FileError::ColumnNotFound { .. }));
    let missing = ParquetReader::open(directory.path().join("none"), &columns());
    assert!(matches!(missing, Err(FileError::NotFound { .. })));
}

/// Opens and reads everything, or fails; what it yields is not looked at.
fn try_read(path: &Path) -> Result<usize, FileError> {
    let mut reader = ParquetReader::open(path, &columns().with_documents("d"))?;
    let mut rows = 0;
    while let Some(records) = reader.next_records(7)? {
        rows += records.keys().nrows();
    }
    Ok(rows)
}

fn small_file(directory: &Path) -> Vec<u8> {
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["x", "y", "x", "z"]));
    let path =
        write(directory, vec![("k", short(&keys(4), |_| false)), ("v", long(&values(4))), ("d", ids)], 2);
    assert_eq!(try_read(&path).unwrap(), 4);
    std::fs::read(path).unwrap()
}

#[test]
fn a_file_cut_at_any_length_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let whole = small_file(directory.path());
    let path = directory.path().join("cut.parquet");
    for length in (0..whole.len()).step_by(3).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(try_read(&path), Err(FileError::Parquet { .. })), "cut at {length}");
    }
}

#[test]
fn one_altered_byte_never_panics() {
    let directory = tempfile::tempdir().unwrap();
    let whole = small_file(directory.path());
    let path = directory.path().join("altered.parquet");
    let mut failed = 0;
    // every seventh, because backtraces of the library's own panics take long
    for position in (0..whole.len()).step_by(7) {
        for mask in [0x01, 0xff] {
            let mut bytes = whole.clone();
            bytes[position] ^= mask;
            std::fs::write(&path, &bytes).unwrap();
            failed += u32::from(try_read(&path).is_err());
        }
    }
    assert!(failed > 0);
}

#[test]
fn a_reader_that_failed_stays_so() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = small_file(directory.path());
    let path = directory.path().join("altered.parquet");
    bytes[4..40].fill(0xff); // the first page, behind the mark of the format
    std::fs::write(&path, &bytes).unwrap();
    let mut reader = ParquetReader::open(&path, &columns()).unwrap();
    for _ in 0..3 {
        assert!(matches!(reader.next_records(4), Err(FileError::Parquet { .. })));
    }
}

#[test]
fn foreign_bytes_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign.parquet");
    for bytes in [&b""[..], b"PAR1", b"PAR1PAR1", b"PAR1\0\0\0\0PAR1", b"\x93NUMPY\x01\0", &[0xff; 64]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(try_read(&path), Err(FileError::Parquet { .. })), "{bytes:?}");
    }
}

#[test]
fn debug_shows_no_entry() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), vec![("k", long(&keys(3))), ("v", long(&values(3)))], 3);
    let mut reader = ParquetReader::open(&path, &columns()).unwrap();
    assert!(!format!("{reader:?}").contains("0.00"));
    let records = reader.next_records(3).unwrap().unwrap();
    assert_eq!(format!("{records:?}"), "Records { key_dim: 3, value_dim: 2, .. }");
}
