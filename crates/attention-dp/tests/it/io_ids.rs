//! Document ids from columns of integers.

use attention_dp::io::{FileError, IdReader};
use npyz::{AutoSerialize, Serialize, WriterBuilder};
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::io::Cursor;

fn npy<T: Serialize + AutoSerialize>(shape: &[u64], entries: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    for entry in entries {
        writer.push(entry).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

fn read(bytes: Vec<u8>, tensor: Option<&str>, chunk: usize) -> Result<Vec<u64>, FileError> {
    let mut reader = IdReader::from_reader(Cursor::new(bytes), tensor)?;
    let mut all = Vec::new();
    while let Some(ids) = reader.next_ids(chunk)? {
        assert!((1..=chunk.max(1)).contains(&ids.len()));
        all.extend(ids);
    }
    assert_eq!(reader.rows_remaining(), 0);
    Ok(all)
}

/// Integers that round to the same double.
const LARGE: [i64; 4] = [(1 << 53) + 1, 1 << 53, i64::MAX, -1];

#[test]
fn identifiers_keep_all_their_bits_in_chunks_of_any_size() {
    let expected = LARGE.map(|id| id as u64);
    for chunk in [0, 1, 3, 100, usize::MAX] {
        assert_eq!(read(npy(&[4], &LARGE), None, chunk).unwrap(), expected);
        assert_eq!(read(npy(&[4, 1], &LARGE), None, chunk).unwrap(), expected);
        assert_eq!(read(npy(&[4], &expected), None, chunk).unwrap(), expected);
    }
    let bytes: Vec<u8> = LARGE.iter().flat_map(|id| id.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::I64, vec![4], &bytes).unwrap();
    let file = serialize([("documents", view)], None).unwrap();
    assert_eq!(read(file, Some("documents"), 2).unwrap(), expected);
}

#[test]
fn more_ids_than_one_piece_holds_are_read() {
    let ids: Vec<u64> = (0..20_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    assert_eq!(read(npy(&[20_000], &ids), None, 15_000).unwrap(), ids);
    assert!(read(npy::<u64>(&[0], &[]), None, 5).unwrap().is_empty());
}

#[test]
fn floats_and_matrices_are_no_identifiers() {
    assert!(matches!(
        read(npy(&[2], &[1.0_f32, 2.0]), None, 5),
        Err(FileError::NotIntegers { found: "f32" })
    ));
    assert!(matches!(
        read(npy(&[2], &[true, false]), None, 5),
        Err(FileError::NotIntegers { found: "bool" })
    ));
    assert!(matches!(read(npy(&[2, 2], &[1_u8; 4]), None, 5), Err(FileError::NotAColumn { columns: 2 })));
    let cut = npy(&[4], &LARGE);
    assert!(matches!(read(cut[..cut.len() - 1].to_vec(), None, 5), Err(FileError::Truncated { .. })));
}

#[test]
fn debug_shows_no_identifier() {
    let reader = IdReader::from_reader(Cursor::new(npy(&[1], &[123_456_u32])), None).unwrap();
    assert_eq!(format!("{reader:?}"), "IdReader(MatrixReader { columns: 1, .. })");
}
