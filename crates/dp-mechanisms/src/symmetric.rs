//! Symmetric integer matrices, packed: each pair of entries is stored, noised and released once.
//!
//! # Convention
//!
//! A symmetric matrix of order m is a list of `m(m + 1)/2` entries: the lower triangle row by row, the diagonal last in
//! each row,
//!
//! ```text
//! s₀₀,  s₁₀, s₁₁,  s₂₀, s₂₁, s₂₂,  …      entry (i, j), j ≤ i, at i(i + 1)/2 + j
//! ```
//!
//! The place of an entry does not depend on the order, so a list of a larger matrix begins with those of its leading
//! blocks.

use crate::error::Error;
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// Number of entries of the packed triangle of a symmetric matrix: `m(m + 1)/2`.
///
/// # Panics
///
/// If the count does not fit `usize`: such a list could not be stored.
///
/// # Example
///
/// ```
/// assert_eq!(dp_mechanisms::symmetric::packed_len(3), 6);
/// ```
#[must_use]
pub const fn packed_len(order: usize) -> usize {
    let (half, other) = if order.is_multiple_of(2) { (order / 2, order + 1) } else { (order, order / 2 + 1) };
    half.checked_mul(other).expect("a packed triangle fits the address space")
}

/// Where the entry `(i, j)`, or its mirror image, is in the list.
///
/// # Example
///
/// ```
/// use dp_mechanisms::symmetric::packed_index;
///
/// assert_eq!(packed_index(2, 1), 4);
/// assert_eq!(packed_index(1, 2), 4);
/// ```
#[must_use]
pub const fn packed_index(i: usize, j: usize) -> usize {
    if j <= i { packed_len(i) + j } else { packed_len(j) + i }
}

/// The order of a symmetric matrix whose packed triangle has so many entries.
///
/// # Errors
///
/// [`Error::NotTriangular`] if there is none.
///
/// # Example
///
/// ```
/// use dp_mechanisms::symmetric::packed_order;
///
/// assert_eq!(packed_order(6)?, 3);
/// assert!(packed_order(7).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub fn packed_order(entries: usize) -> Result<usize, Error> {
    // m ≤ √(2·entries) < m + 1
    let order = (2 * entries as u128).isqrt() as usize;
    if packed_len(order) == entries { Ok(order) } else { Err(Error::NotTriangular { entries }) }
}

/// The packed triangle of the matrix with entries `entry(i, j)`, which is asked for `j ≤ i` only.
///
/// # Example
///
/// ```
/// use dp_mechanisms::symmetric::pack;
///
/// let rows = [[1, 2], [2, 5]];
/// assert_eq!(pack(2, |i, j| rows[i][j]), [1, 2, 5]);
/// ```
pub fn pack<T>(order: usize, mut entry: impl FnMut(usize, usize) -> T) -> Vec<T> {
    let mut packed = Vec::with_capacity(packed_len(order));
    for i in 0..order {
        for j in 0..=i {
            packed.push(entry(i, j));
        }
    }
    packed
}

/// `Σ_i s_ii² + 2 Σ_{i<j} s_ij²` of a packed triangle.
///
/// # Errors
///
/// [`Error::NotTriangular`] if it is none, [`Error::SensitivityOverflow`] if the sum does not fit 128 bits.
///
/// # Example
///
/// ```
/// assert_eq!(dp_mechanisms::symmetric::squared_frobenius_norm(&[1, 2, 5])?, 1 + 2 * 4 + 25);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub fn squared_frobenius_norm(packed: &[i64]) -> Result<u128, Error> {
    let order = packed_order(packed.len())?;
    let mut sum = 0_u128;
    for i in 0..order {
        for j in 0..=i {
            let square = u128::from(packed[packed_index(i, j)].unsigned_abs()).pow(2);
            let overflow = Error::SensitivityOverflow { left: sum, right: square };
            let counted = if i == j { Some(square) } else { square.checked_mul(2) };
            sum = counted.and_then(|counted| sum.checked_add(counted)).ok_or(overflow)?;
        }
    }
    Ok(sum)
}

/// A released symmetric matrix of lattice points.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Lattice, SymmetricLatticeMatrix};
///
/// let matrix = SymmetricLatticeMatrix::new(vec![2, -1, 6], Lattice::new(-1)?)?;
/// assert_eq!(matrix.order(), 2);
/// assert_eq!(matrix.get(0, 1), matrix.get(1, 0));
/// assert_eq!(matrix.to_f64(), [1.0, -0.5, -0.5, 3.0]);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct SymmetricLatticeMatrix {
    packed: Vec<i64>,
    order: usize,
    lattice: Lattice,
}

impl SymmetricLatticeMatrix {
    /// The matrix with this packed triangle, in steps of the lattice.
    ///
    /// # Errors
    ///
    /// [`Error::NotTriangular`] if the number of entries is not `m(m + 1)/2`.
    pub fn new(packed: Vec<i64>, lattice: Lattice) -> Result<Self, Error> {
        packed_order(packed.len()).map(|order| Self { packed, order, lattice })
    }

    /// Number of rows.
    #[must_use]
    pub const fn order(&self) -> usize {
        self.order
    }

    /// The packed triangle, in lattice steps.
    #[must_use]
    pub fn packed(&self) -> &[i64] {
        &self.packed
    }

    /// The lattice they live on.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// The entry in row i and column j, in lattice steps.
    ///
    /// # Panics
    ///
    /// If `i` or `j` is not below [`order`](Self::order).
    #[must_use]
    pub fn get(&self, i: usize, j: usize) -> i64 {
        assert!(i < self.order && j < self.order, "({i}, {j}) is outside a matrix of order {}", self.order);
        self.packed[packed_index(i, j)]
    }

    /// All `order²` entries row by row, as the real numbers they stand for.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        let rows = (0..self.order).flat_map(|i| (0..self.order).map(move |j| (i, j)));
        rows.map(|(i, j)| self.lattice.value(self.get(i, j))).collect()
    }
}

/// As written to files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    packed: Vec<i64>,
    lattice: Lattice,
}

impl TryFrom<Record> for SymmetricLatticeMatrix {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self, Error> {
        Self::new(record.packed, record.lattice)
    }
}

impl From<SymmetricLatticeMatrix> for Record {
    fn from(matrix: SymmetricLatticeMatrix) -> Self {
        Self { packed: matrix.packed, lattice: matrix.lattice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_packed_in_the_stated_order() {
        let listed = pack(5, |i, j| (i, j));
        assert_eq!(listed.len(), packed_len(5));
        for (index, (i, j)) in listed.into_iter().enumerate() {
            assert_eq!((packed_index(i, j), packed_index(j, i)), (index, index));
        }
    }

    #[test]
    fn only_triangular_numbers_have_an_order() {
        for order in [0, 1, 2, 3, 10, 1000, 4_000_000_000] {
            let entries = packed_len(order);
            assert_eq!(packed_order(entries), Ok(order));
            assert!(order == 0 || packed_order(entries + 1).is_err() || entries + 1 == packed_len(order + 1));
        }
        assert_eq!(packed_order(2), Err(Error::NotTriangular { entries: 2 }));
        assert!(packed_order(usize::MAX).is_err());
    }

    #[test]
    fn the_frobenius_norm_counts_off_diagonal_entries_twice() {
        let full = [[3_i64, -4, 1], [-4, 0, 7], [1, 7, -2]];
        let naive: u128 = full.iter().flatten().map(|x| (x * x) as u128).sum();
        assert_eq!(squared_frobenius_norm(&pack(3, |i, j| full[i][j])), Ok(naive));
        assert!(matches!(
            squared_frobenius_norm(&[0, i64::MIN, i64::MIN, i64::MIN, i64::MIN, i64::MIN]),
            Err(Error::SensitivityOverflow { .. })
        ));
    }

    #[test]
    fn a_matrix_loads_only_with_a_triangle() {
        let matrix = SymmetricLatticeMatrix::new(vec![1, 2, 3], Lattice::new(-3).unwrap()).unwrap();
        let text = serde_json::to_string(&matrix).unwrap();
        assert_eq!(serde_json::from_str::<SymmetricLatticeMatrix>(&text).unwrap(), matrix);
        let broken = text.replace("[1,2,3]", "[1,2]");
        assert!(serde_json::from_str::<SymmetricLatticeMatrix>(&broken).is_err());
    }
}
