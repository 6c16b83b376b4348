//! Any header text and data: rows or an error, and never more entries than bytes.
#![no_main]

use attention_dp::io::MatrixReader;
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|parts: (&str, &[u8], Option<&str>)| {
    let (text, data, tensor) = parts;
    let file = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), data].concat();
    let Ok(mut reader) = MatrixReader::from_reader(Cursor::new(&file), tensor) else { return };
    let (rows, columns) = reader.shape();
    assert!(rows.checked_mul(columns).is_some_and(|entries| entries <= file.len()));
    while let Some(chunk) = reader.next_rows(16).expect("the length was checked when the file was opened") {
        assert_eq!(chunk.ncols(), columns);
    }
});
