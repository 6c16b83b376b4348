//! The table of the fast path, open to inspection: its rows, and their derivation from the normal law.
//!
//! Row `32·(octave − 1) + sub` belongs to the cell `(32 + sub)·2^{−6−octave} ≤ U < (33 + sub)·2^{−6−octave}`, and holds the
//! coefficients of the polynomial of the [parent module](super), constant first, and its error bound, all in units of `2⁻⁶⁰`.

use super::rows::ROWS;

pub use super::cell::{DEGREE, OCTAVES, Row, SUBCELLS, UNIT_BITS};
pub use super::derive::{derive, derive_octave, print};

/// The rows that the sampler uses.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::noise::rounded_gaussian::table;
///
/// let rows = table::rows();
/// assert_eq!(rows.len(), table::OCTAVES * table::SUBCELLS);
/// // the first cell begins at U = 1/4, and its expansion point is a little below Φ⁻¹(3/4) = 0.6745
/// let expansion_point = rows[0][0] as f64 * 2.0_f64.powi(-60);
/// assert!((0.64..0.6745).contains(&expansion_point));
/// ```
#[must_use]
pub fn rows() -> &'static [Row] {
    &ROWS
}
