//! The table of the fast path, open to inspection: its rows, and their derivation from the logarithm.
//!
//! Row `i` belongs to the numbers `m ∈ [256 + i, 257 + i)/512` and holds the coefficients of the polynomial of the
//! [parent module](super) for `−ln m`, constant first, and its error bound, in units of `2⁻⁶²`. Octave row `z` holds
//! `z·ln 2` and the error bound of `b·(−ln V) + h` for `V ∈ [2^{−1−z}, 2^{−z})`, in units of `2⁻⁵⁸`.

use super::rows::{OCTAVE_ROWS, ROWS};

pub use super::cell::{CELLS, DEGREE, OCTAVES, OctaveRow, ROW_UNIT_BITS, Row, UNIT_BITS};
pub use super::derive::{derive, derive_octaves, print};

/// The rows that the sampler uses.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::noise::discrete_laplace::table;
///
/// let rows = table::rows();
/// assert_eq!(rows.len(), table::CELLS);
/// // the middle of the first cell is 513/1024
/// let constant = rows[0][0] as f64 * 2.0_f64.powi(-62);
/// assert!((constant - (1024.0_f64 / 513.0).ln()).abs() < 1e-15);
/// ```
#[must_use]
pub fn rows() -> &'static [Row] {
    &ROWS
}

/// The octaves that the sampler uses.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::noise::discrete_laplace::table;
///
/// let [multiple, bound] = table::octave_rows()[3];
/// assert!((multiple as f64 * 2.0_f64.powi(-58) - 3.0 * std::f64::consts::LN_2).abs() < 1e-15);
/// assert_eq!(bound, 5);
/// ```
#[must_use]
pub fn octave_rows() -> &'static [OctaveRow] {
    &OCTAVE_ROWS
}
