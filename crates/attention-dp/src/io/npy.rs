//! The header of npy files, versions 1.0, 2.0 and 3.0.
//!
//! ```text
//! "\x93NUMPY"  major  minor  length (u16 or u32, little-endian)  text  data
//! ```
//!
//! The text is a Python dictionary with the keys `descr`, `fortran_order` and `shape`, in any order. This parser knows
//! exactly that much Python: no recursion, no arithmetic that can overflow, nothing of an announced size allocated before
//! it was compared with the length of the file. (npyz 0.9.1 multiplies dimensions unchecked and allocates any announced
//! header; it is the oracle of the tests here.)

use std::io::Read;

use super::element::{ByteOrder, Element};
use super::layout::Layout;
use super::{FileError, read_exactly};

pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header text that version 1.0 can announce; matrices need about a hundred bytes in any version.
const LONGEST: u32 = u16::MAX as u32;

/// Most dimensions that numpy has ever written (64 since version 2).
const MOST_DIMENSIONS: usize = 64;

/// Reads the header of a file of `length` bytes from its beginning, and checks the length of the data.
pub(super) fn read_layout<R: Read>(reader: &mut R, length: u64) -> Result<Layout, FileError> {
    let (start, text_length) = read_prefix(reader, length)?;
    let text = read_exactly(reader, text_length)?;
    let header = Parser { text: &text, at: 0 }.header()?;
    if header.fortran_order && header.shape.len() > 1 {
        return Err(FileError::FortranOrder);
    }
    let (order, element) = parse_descr(header.descr)?;
    let layout = Layout::new(&header.shape, element, order, start)?;
    layout.must_fill(length)?;
    Ok(layout)
}

/// Start of the data and length of the header text.
fn read_prefix<R: Read>(reader: &mut R, length: u64) -> Result<(u64, usize), FileError> {
    must_reach(8, length)?;
    let prefix = read_exactly(reader, 8)?;
    let width = match (prefix[6], prefix[7]) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        (major, minor) => return Err(FileError::UnsupportedNpyVersion { major, minor }),
    };
    must_reach(8 + width as u64, length)?;
    let mut number = [0; 4];
    reader.read_exact(&mut number[..width]).map_err(FileError::read)?;
    let text_length = u32::from_le_bytes(number);
    if text_length > LONGEST {
        return Err(FileError::HeaderTooLong { length: text_length.into(), limit: LONGEST.into() });
    }
    let start = 8 + width as u64 + u64::from(text_length);
    must_reach(start, length)?;
    Ok((start, text_length as usize))
}

fn must_reach(expected: u64, found: u64) -> Result<(), FileError> {
    if found < expected { Err(FileError::Truncated { expected, found }) } else { Ok(()) }
}

/// A type string such as `<f4`: byte order, kind, bytes.
fn parse_descr(descr: &str) -> Result<(ByteOrder, Element), FileError> {
    let unsupported = || FileError::UnsupportedElement { found: descr.chars().take(40).collect() };
    let (order, kind) = match descr.split_at_checked(1) {
        Some(("<" | "|", kind)) => (ByteOrder::Little, kind),
        Some((">", kind)) => (ByteOrder::Big, kind),
        _ => return Err(unsupported()),
    };
    let element = match kind {
        "b1" => Element::Bool,
        "u1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "f2" => Element::F16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "f4" => Element::F32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f8" => Element::F64,
        _ => return Err(unsupported()),
    };
    if descr.starts_with('|') && element.size() > 1 { Err(unsupported()) } else { Ok((order, element)) }
}

#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<u64>,
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    /// `{'descr': string, 'fortran_order': bool, 'shape': tuple}` and white space.
    fn header(mut self) -> Result<Header<'a>, FileError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.eat(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key {
                "descr" if descr.is_none() => descr = Some(self.descr()?),
                "fortran_order" if fortran_order.is_none() => fortran_order = Some(self.boolean()?),
                "shape" if shape.is_none() => shape = Some(self.tuple()?),
                _ => return self.nonsense(),
            }
            if !self.eat(b',') && self.peek() != Some(b'}') {
                return self.nonsense();
            }
        }
        match (self.peek(), descr, fortran_order, shape) {
            (None, Some(descr), Some(fortran_order), Some(shape)) => {
                Ok(Header { descr, fortran_order, shape })
            }
            _ => self.nonsense(),
        }
    }

    /// The type string; records are lists there, and not numbers.
    fn descr(&mut self) -> Result<&'a str, FileError> {
        if self.peek() == Some(b'[') {
            let shown = &self.text[self.at..self.text.len().min(self.at + 40)];
            return Err(FileError::UnsupportedElement { found: String::from_utf8_lossy(shown).into_owned() });
        }
        self.string()
    }

    /// A string in either kind of quotes, without escapes.
    fn string(&mut self) -> Result<&'a str, FileError> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else { return self.nonsense() };
        let rest = &self.text[self.at + 1..];
        let Some(length) = rest.iter().position(|&byte| byte == quote || byte == b'\\') else {
            return self.nonsense();
        };
        match core::str::from_utf8(&rest[..length]) {
            Ok(string) if rest[length] == quote => {
                self.at += length + 2;
                Ok(string)
            }
            _ => self.nonsense(),
        }
    }

    fn boolean(&mut self) -> Result<bool, FileError> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.nonsense()
    }

    /// `()`, `(n,)`, `(n, d)`, …
    fn tuple(&mut self) -> Result<Vec<u64>, FileError> {
        let mut entries = Vec::new();
        self.expect(b'(')?;
        while !self.eat(b')') {
            if entries.len() == MOST_DIMENSIONS {
                return self.nonsense();
            }
            entries.push(self.integer()?);
            if !self.eat(b',') && self.peek() != Some(b')') {
                return self.nonsense();
            }
        }
        Ok(entries)
    }

    /// Decimal digits, and the `L` that Python 2 wrote behind them.
    fn integer(&mut self) -> Result<u64, FileError> {
        self.skip_space();
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = core::str::from_utf8(&self.text[self.at..][..digits]);
        let Some(integer) = text.ok().and_then(|text| text.parse().ok()) else { return self.nonsense() };
        self.at += digits;
        self.eat(b'L');
        Ok(integer)
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), FileError> {
        if self.eat(byte) { Ok(()) } else { self.nonsense() }
    }

    fn nonsense<T>(&self) -> Result<T, FileError> {
        Err(FileError::NpyHeader { at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header<'_>, FileError> {
        Parser { text: text.as_bytes(), at: 0 }.header()
    }

    #[test]
    fn reads_what_numpy_writes_in_any_order_and_spacing() {
        let expected = |descr| Header { descr, fortran_order: false, shape: vec![3, 4] };
        let numpy = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n";
        assert_eq!(parse(numpy).unwrap(), expected("<f4"));
        let other = r#"{"shape":(3,4,),"fortran_order":False,"descr":">i2"}"#;
        assert_eq!(parse(other).unwrap(), expected(">i2"));
        let python_2 = "{'descr': '|u1', 'fortran_order': False, 'shape': (3L, 4L)}\n";
        assert_eq!(parse(python_2).unwrap(), expected("|u1"));
        let scalar = "{'descr': '<f8', 'fortran_order': True, 'shape': ()}";
        assert!(parse(scalar).unwrap().shape.is_empty());
    }

    #[test]
    fn refuses_missing_repeated_and_unknown_keys_and_text_behind_the_end() {
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x",
            "{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616,)}",
        ] {
            assert!(matches!(parse(text), Err(FileError::NpyHeader { .. })), "{text}");
        }
    }

    #[test]
    fn the_position_of_the_first_nonsense_is_told() {
        let text = "{'descr': '<f4', 'fortran_order': Nope}";
        assert!(matches!(parse(text), Err(FileError::NpyHeader { at: 34 })));
    }

    #[test]
    fn a_tuple_of_many_dimensions_ends_the_parse_early() {
        let text = format!("{{'shape': ({})", "1,".repeat(30_000));
        assert!(matches!(parse(&text), Err(FileError::NpyHeader { at }) if at < 200));
    }

    #[test]
    fn records_strings_objects_complex_and_nameless_types_are_refused_by_name() {
        for descr in ["|S7", "<U3", "|O", "<c16", "<m8[ns]", "|V2", "<f16", "|f4", "", "é", "f4"] {
            let refused = parse_descr(descr);
            assert!(matches!(refused, Err(FileError::UnsupportedElement { found }) if found == descr));
        }
        let record = parse("{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (3,)}");
        let is_record = |found: &str| found.starts_with("[('a', '<u2')]");
        assert!(matches!(record, Err(FileError::UnsupportedElement { found }) if is_record(&found)));
    }
}
