//! Where the entries of a matrix lie in a file.

use super::element::{ByteOrder, Element};
use super::{FileError, check_length};

/// A matrix of `rows · columns` elements, row after row, that starts at byte `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) element: Element,
    pub(super) order: ByteOrder,
    pub(super) start: u64,
}

impl Layout {
    /// One dimension is read as one column.
    pub(super) fn new(
        shape: &[u64],
        element: Element,
        order: ByteOrder,
        start: u64,
    ) -> Result<Self, FileError> {
        let refused = || FileError::NotAMatrix { shape: shape.to_vec() };
        let (rows, columns) = match *shape {
            [rows] => (rows, 1),
            [rows, columns] if columns > 0 => (rows, columns),
            _ => return Err(refused()),
        };
        let rows = usize::try_from(rows).map_err(|_| refused())?;
        let columns = usize::try_from(columns).map_err(|_| refused())?;
        Ok(Self { rows, columns, element, order, start })
    }

    /// Bytes of one row, `u64::MAX` when they are more.
    pub(super) fn row_bytes(self) -> u64 {
        (self.columns as u64).saturating_mul(self.element.size() as u64)
    }

    /// Refuses a file of `length` bytes that does not end with the last element.
    pub(super) fn must_fill(self, length: u64) -> Result<(), FileError> {
        let data = (self.rows as u64).saturating_mul(self.row_bytes());
        check_length(self.start.saturating_add(data), length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: &[u64]) -> Result<Layout, FileError> {
        Layout::new(shape, Element::F64, ByteOrder::Little, 10)
    }

    #[test]
    fn a_vector_is_one_column_and_more_than_two_dimensions_are_refused() {
        let vector = layout(&[7]).unwrap();
        assert_eq!((vector.rows, vector.columns), (7, 1));
        for shape in [&[][..], &[1, 2, 3], &[4, 0]] {
            assert!(matches!(layout(shape), Err(FileError::NotAMatrix { shape: s }) if s == shape));
        }
    }

    #[test]
    fn sizes_beyond_the_range_of_integers_are_truncated_files() {
        for shape in [[u64::MAX, u64::MAX], [1 << 40, 1 << 40], [1, u64::MAX], [1 << 61, 1]] {
            let refused = layout(&shape).and_then(|layout| layout.must_fill(1000));
            assert!(matches!(refused, Err(FileError::Truncated { expected: u64::MAX, found: 1000 })));
        }
    }

    #[test]
    fn the_file_must_end_with_the_last_element() {
        let layout = layout(&[3, 2]).unwrap();
        assert!(layout.must_fill(58).is_ok());
        assert!(matches!(layout.must_fill(57), Err(FileError::Truncated { expected: 58, found: 57 })));
        assert!(matches!(layout.must_fill(59), Err(FileError::TrailingBytes { expected: 58, found: 59 })));
    }
}
