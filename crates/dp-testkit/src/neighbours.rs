//! Pairs of data sets that differ in one row: random ones as strategies, and the worst ones as a list.
//!
//! A data set is a row-major slice of rows of `dim` numbers (a caller with keys and values puts both into one row and
//! splits it). Rows are *raw*: some lie outside the clipping radius or are not numbers at all, because what a library
//! must bound is the effect of rows as users hand them over.

use proptest::collection::vec;
use proptest::prelude::*;

/// Two data sets that differ in one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// One data set, `(n, dim)` row-major.
    pub left: Vec<f64>,
    /// Its neighbour.
    pub right: Vec<f64>,
    /// Numbers in a row.
    pub dim: usize,
}

/// Rows at which bounds are attained or broken: zero, both ends of an axis and of the diagonal at this Euclidean
/// radius, far outside it, subnormal, and not a number.
///
/// ```
/// let rows = dp_testkit::neighbours::extreme_rows(3, 2.0);
/// assert!(rows.contains(&vec![2.0, 0.0, 0.0]) && rows.contains(&vec![-2.0, 0.0, 0.0]));
/// assert!(rows.iter().any(|row| row.iter().any(|x| x.is_nan())));
/// ```
#[must_use]
pub fn extreme_rows(dim: usize, radius: f64) -> Vec<Vec<f64>> {
    let axis = |x: f64| (0..dim).map(|j| if j == 0 { x } else { 0.0 }).collect::<Vec<_>>();
    let diagonal = |x: f64| vec![x / (dim as f64).sqrt(); dim];
    let sizes = [radius, 1e3 * radius, f64::MAX, f64::INFINITY, f64::from_bits(1)];
    let signed = sizes.into_iter().flat_map(|x| [x, -x]);
    let mut rows = vec![vec![0.0; dim], axis(f64::NAN), vec![f64::NAN; dim]];
    rows.extend(signed.flat_map(|x| [axis(x), diagonal(x)]));
    rows
}

/// The data set beside itself with one extreme row more, for each extreme row.
///
/// ```
/// use dp_testkit::neighbours::extreme_add_remove;
/// let pairs = extreme_add_remove(&[0.5, 0.5], 2, 1.0);
/// assert!(pairs.iter().all(|pair| pair.left.len() + 2 == pair.right.len()));
/// ```
#[must_use]
pub fn extreme_add_remove(rows: &[f64], dim: usize, radius: f64) -> Vec<Neighbours> {
    let pair = |row: Vec<f64>| Neighbours { left: rows.to_vec(), right: [rows, &row].concat(), dim };
    extreme_rows(dim, radius).into_iter().map(pair).collect()
}

/// The data set with one extreme row more beside the same with another extreme row in its place, for each pair.
///
/// ```
/// use dp_testkit::neighbours::extreme_replace;
/// let pairs = extreme_replace(&[0.5, 0.5], 2, 1.0);
/// // opposite rows at the radius: the pair that attains the bound of a linear statistic
/// assert!(pairs.iter().any(|p| p.left[2..] == [1.0, 0.0] && p.right[2..] == [-1.0, 0.0]));
/// ```
#[must_use]
pub fn extreme_replace(rows: &[f64], dim: usize, radius: f64) -> Vec<Neighbours> {
    let extreme = extreme_rows(dim, radius);
    let with = |row: &Vec<f64>| [rows, row].concat();
    let ordered = extreme.iter().enumerate().flat_map(|(i, a)| extreme[..i].iter().map(move |b| (b, a)));
    ordered.map(|(a, b)| Neighbours { left: with(a), right: with(b), dim }).collect()
}

/// A row as users may hand it over: mostly ordinary, sometimes extreme.
fn row(dim: usize, radius: f64) -> impl Strategy<Value = Vec<f64>> {
    let ordinary = vec(-radius..=radius, dim);
    prop_oneof![3 => ordinary, 1 => proptest::sample::select(extreme_rows(dim, radius))]
}

/// A data set of 0 to `max_rows` rows.
fn rows(max_rows: usize, dim: usize, radius: f64) -> impl Strategy<Value = Vec<Vec<f64>>> {
    vec(row(dim, radius), 0..=max_rows)
}

/// Random add/remove neighbours: the right data set has one row more, at any place.
///
/// ```
/// use dp_testkit::neighbours::add_remove;
/// use proptest::prelude::*;
/// proptest!(|(pair in add_remove(5, 3, 1.0))| {
///     prop_assert_eq!(pair.left.len() + 3, pair.right.len());
/// });
/// ```
pub fn add_remove(max_rows: usize, dim: usize, radius: f64) -> impl Strategy<Value = Neighbours> {
    (rows(max_rows, dim, radius), row(dim, radius), any::<prop::sample::Index>()).prop_map(
        move |(rows, row, place)| {
            let mut more = rows.clone();
            more.insert(place.index(rows.len() + 1), row);
            Neighbours { left: rows.concat(), right: more.concat(), dim }
        },
    )
}

/// Random replace-one neighbours: the same length, one row differs (or happens to be equal).
///
/// ```
/// use dp_testkit::neighbours::replace;
/// use proptest::prelude::*;
/// proptest!(|(pair in replace(5, 3, 1.0))| {
///     let differs = |(a, b): &(&[f64], &[f64])| a.iter().zip(*b).any(|(x, y)| x.to_bits() != y.to_bits());
///     let count = pair.left.chunks(3).zip(pair.right.chunks(3)).filter(differs).count();
///     prop_assert!(pair.left.len() == pair.right.len() && count <= 1);
/// });
/// ```
pub fn replace(max_rows: usize, dim: usize, radius: f64) -> impl Strategy<Value = Neighbours> {
    let others = rows(max_rows.saturating_sub(1), dim, radius);
    (others, row(dim, radius), row(dim, radius), any::<prop::sample::Index>()).prop_map(
        move |(rows, left, right, place)| {
            let place = place.index(rows.len() + 1);
            let with = |row: Vec<f64>| {
                let mut all = rows.clone();
                all.insert(place, row);
                all.concat()
            };
            Neighbours { left: with(left), right: with(right), dim }
        },
    )
}
