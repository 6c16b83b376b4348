//! Private documents: rows with an id that says which belong together.

use crate::error::Error;
use crate::options::Shape;
use crate::rows::check_dimension;
use crate::{Parameter, Rows};
use core::fmt;
use core::ops::Range;
use dp_linalg::MatRef;
use dp_mechanisms::AddRemoveDocument;

/// Private keys `(n, d)` and values `(n, d_v)` with the id of the document that each row belongs to, `(n)`: all of an aggregate.
///
/// Rows with the same id are one record, in whatever order they stand, under
/// [`AddRemoveDocument`]. An aggregate takes them [in one call](crate::PrivateMoments::push_documents).
///
/// # Example
///
/// ```
/// use attention_dp::Documents;
/// use dp_linalg::Mat;
///
/// let (keys, values) = (Mat::zeros(3, 8), Mat::zeros(3, 2));
/// let documents = Documents::new(&[7, 4, 7], keys.as_ref(), values.as_ref())?;
/// assert_eq!(format!("{documents:?}"), "Documents { key_dim: 8, value_dim: 2, .. }");
/// assert!(Documents::new(&[7, 4], keys.as_ref(), values.as_ref()).is_err());
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Documents<'a> {
    ids: &'a [u64],
    rows: Rows<'a, AddRemoveDocument>,
}

impl<'a> Documents<'a> {
    /// Pairs ids, keys and values.
    ///
    /// # Errors
    ///
    /// [`Error::RowCount`] if their numbers differ.
    pub fn new(ids: &'a [u64], keys: MatRef<'a>, values: MatRef<'a>) -> Result<Self, Error> {
        let rows = Rows::new(AddRemoveDocument, keys, values)?;
        if ids.len() == keys.nrows() { Ok(Self { ids, rows }) } else { Err(Error::RowCount) }
    }

    pub(crate) const fn ids(&self) -> &'a [u64] {
        self.ids
    }

    pub(crate) const fn rows(&self) -> Rows<'a, AddRemoveDocument> {
        self.rows
    }

    pub(crate) fn check_shape(&self, shape: Shape) -> Result<(), Error> {
        check_dimension(Parameter::Key, shape.key_dim, self.rows.keys().ncols())?;
        check_dimension(Parameter::Value, shape.value_dim, self.rows.values().ncols())
    }

    /// The rows in an order in which documents are contiguous, and the range of each document there.
    pub(crate) fn grouped(&self) -> (Vec<usize>, Vec<Range<usize>>) {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by_key(|&row| self.ids[row]);
        let of_one = order.chunk_by(|a, b| self.ids[*a] == self.ids[*b]);
        let mut end = 0;
        let groups = of_one.map(|rows| {
            let start = end;
            end += rows.len();
            start..end
        });
        let groups = groups.collect();
        (order, groups)
    }
}

impl fmt::Debug for Documents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents")
            .field("key_dim", &self.rows.keys().ncols())
            .field("value_dim", &self.rows.values().ncols())
            .finish_non_exhaustive()
    }
}

/// Scales integers down to at most this squared norm, each rounded towards zero; leaves those within it as they are.
pub(crate) fn scale_down(entries: &mut [i64], max_square: u128) {
    let (mut high, mut low) = (0_u128, 0_u128);
    for entry in entries.iter() {
        let square = u128::from(entry.unsigned_abs()).pow(2);
        high += square >> 64;
        low += square & u128::from(u64::MAX);
    }
    (high, low) = (high + (low >> 64), low & u128::from(u64::MAX));
    let exact = (high < 1 << 64).then_some((high << 64) | low);
    if exact.is_some_and(|square| square <= max_square) {
        return;
    }
    let norm = (high as f64 * 18_446_744_073_709_551_616.0 + low as f64).sqrt();
    // fewer than eight roundings
    let factor = (max_square as f64).sqrt() / norm * (1.0 - 16.0 * f64::EPSILON);
    for entry in entries {
        *entry = entry.signum() * times(entry.unsigned_abs(), factor) as i64;
    }
}

/// `⌊x·factor⌋` of a factor below one, exactly: zero, or a normal number `mantissa·2⁻ˢʰⁱᶠᵗ`.
fn times(x: u64, factor: f64) -> u64 {
    let bits = factor.to_bits();
    let (mantissa, shift) = ((bits & ((1 << 52) - 1)) | (1 << 52), 1075 - (bits >> 52) as u32);
    (u128::from(x) * u128::from(mantissa)).checked_shr(shift).unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_linalg::Mat;

    #[test]
    fn documents_are_found_in_any_order() {
        let zeros = Mat::zeros(5, 1);
        let documents = Documents::new(&[9, 2, 9, 2, 5], zeros.as_ref(), zeros.as_ref()).unwrap();
        let (order, groups) = documents.grouped();
        assert_eq!(order, [1, 3, 4, 0, 2]);
        assert_eq!(groups, [0..2, 2..3, 3..5]);
    }

    #[test]
    fn integers_are_scaled_to_the_norm_and_never_beyond() {
        let square = |x: &[i64]| x.iter().map(|&x| u128::from(x.unsigned_abs()).pow(2)).sum::<u128>();
        let mut within = vec![3, -4];
        scale_down(&mut within, 25);
        assert_eq!(within, [3, -4]);
        for entries in
            [vec![3_i64, -4], vec![1 << 40, 7, -(1 << 39)], vec![1; 1000], vec![i64::MIN / 2, 5, 1]]
        {
            for limit in [1_u128, 24, 999, 1 << 60, 1 << 90] {
                let mut scaled = entries.clone();
                scale_down(&mut scaled, limit);
                assert!(square(&scaled) <= limit, "{entries:?} {limit}");
                // each entry loses less than a step to rounding, and a relative 2⁻⁴⁶
                let factor = (limit as f64 / square(&entries) as f64).sqrt().min(1.0);
                for (scaled, entry) in scaled.iter().zip(&entries) {
                    let exact = *entry as f64 * factor;
                    assert!((*scaled as f64 - exact).abs() <= 1.0 + exact.abs() * 2_f64.powi(-46));
                }
            }
        }
    }

    #[test]
    fn products_are_exact_where_floats_are_not() {
        for x in [1_u64, 12_345, (1 << 53) + 1, (1 << 61) + 12_345, (1 << 62) - 1] {
            for factor in [0.7, 1.0 - f64::EPSILON, 1e-3, 1e-17] {
                let (one, two) = (times(x, factor), times(2 * x, factor));
                assert!(two - 2 * one <= 1, "{x} {factor}");
                let exact = x as f64 * factor;
                assert!((one as f64 - exact).abs() <= 1.0 + 2.0 * f64::EPSILON * exact, "{x} {factor}");
            }
            assert_eq!((times(x, 0.5), times(x, 0.0), times(x, 1e-300)), (x / 2, 0, 0));
        }
    }

    #[test]
    fn sums_of_squares_beyond_128_bits_are_scaled_too() {
        let mut entries = vec![i64::MIN; 100];
        scale_down(&mut entries, 1 << 40);
        assert!(entries.iter().map(|&x| u128::from(x.unsigned_abs()).pow(2)).sum::<u128>() <= 1 << 40);
        assert!(entries[0] < -100_000);
    }
}
