use crate::{Uniform, forms};
use dp_linalg::{Mat, Parallelism};
use john_ellipsoid_dp::{
    Block, Error, JohnOptions, RowSource, SparseRows, Status, enclosing_ellipsoid, john_ellipsoid,
};

/// Stored entries of a matrix, zeros left out.
struct Stored {
    ncols: usize,
    offsets: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl Stored {
    fn new(rows: &Mat) -> Self {
        let mut stored =
            Self { ncols: rows.ncols(), offsets: vec![0], columns: Vec::new(), values: Vec::new() };
        for row in rows.rows() {
            for (j, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                stored.columns.push(j);
                stored.values.push(value);
            }
            stored.offsets.push(stored.columns.len());
        }
        stored
    }

    fn rows(&self) -> SparseRows<'_> {
        SparseRows::new(self.ncols, &self.offsets, &self.columns, &self.values).unwrap()
    }
}

/// About one entry in four is not zero.
fn sparse_rows(seed: u64, n: usize, d: usize) -> Mat {
    let mut random = Uniform::new(seed);
    Mat::from_fn(n, d, |_, _| if random.next() > 0.5 { random.next() + random.next() } else { 0.0 })
}

#[test]
fn stored_entries_give_what_the_whole_matrix_gives() {
    for (n, d, threads) in [(50, 3, 1), (5000, 8, 1), (5000, 8, 3), (300, 1, 1)] {
        let whole = sparse_rows(n as u64, n, d);
        let options = JohnOptions::default().with_gap(1e-8).unwrap();
        let options = options.with_parallelism(Parallelism::threads(threads));
        let stored = Stored::new(&whole);
        let (john, reference) = (
            john_ellipsoid(stored.rows(), &options).unwrap(),
            john_ellipsoid(whole.as_ref(), &options).unwrap(),
        );
        assert_eq!((john.status(), john.rows()), (Status::Solved, n));
        // both are within dξ of the optimum
        assert!((john.log_det() - reference.log_det()).abs() <= d as f64 * 1e-8 + 1e-10);
        let gap = john.certificate().gap();
        let largest = forms(&whole, &john).into_iter().fold(0.0, f64::max);
        assert!(largest <= 1.0 + gap + 1e-15 && largest >= 1.0 + gap - 1e-12, "{largest} {gap}");
    }
}

#[test]
fn points_with_stored_entries_have_the_same_enclosing_ellipsoid() {
    let whole = sparse_rows(3, 9000, 4);
    let options = JohnOptions::default();
    let around = enclosing_ellipsoid(Stored::new(&whole).rows(), &options).unwrap();
    let reference = enclosing_ellipsoid(whole.as_ref(), &options).unwrap();
    // two optima within (d + 1)ξ = 5e-6 of ln det
    assert!((around.lifted().log_det() - reference.lifted().log_det()).abs() < 5e-6);
    assert!(whole.rows().all(|row| around.squared_distance(row).unwrap() <= 1.0 + 1e-14));
}

#[test]
fn a_source_shows_the_same_rows_dense_and_as_stored() {
    let whole = sparse_rows(4, 20_000, 3);
    let stored = Stored::new(&whole);
    let (mut dense, mut blocks) = (Vec::new(), 0);
    stored
        .rows()
        .for_each_block(&mut |block| {
            dense.extend_from_slice(block.to_owned().as_slice());
            Ok(())
        })
        .unwrap();
    assert_eq!(dense, whole.as_slice());
    stored
        .rows()
        .for_each_stored_block(&mut |block| {
            assert!(matches!(block, Block::Sparse(rows) if rows == stored.rows()));
            blocks += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(blocks, 1);
}

#[test]
fn rows_that_overflow_are_left_out_and_late_directions_found() {
    let mut whole = sparse_rows(5, 4000, 3);
    whole.as_mut_slice().chunks_mut(3).for_each(|row| row[2] = 0.0);
    whole[(3990, 2)] = 1e-6;
    whole[(100, 0)] = f64::NAN;
    whole[(200, 1)] = f64::INFINITY;
    let john = john_ellipsoid(Stored::new(&whole).rows(), &JohnOptions::default()).unwrap();
    assert_eq!((john.status(), john.dropped_rows()), (Status::Solved, 2));
    assert!(john.support().iter().any(|kept| kept.row == 3990));
    let flat = Mat::from_fn(100, 2, |i, j| if j == 0 { i as f64 } else { 0.0 });
    let refused = john_ellipsoid(Stored::new(&flat).rows(), &JohnOptions::default());
    assert!(matches!(refused, Err(Error::Degenerate(span)) if span.rank() == 1));
}

#[test]
fn what_is_not_a_list_of_rows_is_refused() {
    let new = |offsets: &[usize], columns: &[usize], values: &[f64]| {
        SparseRows::new(2, offsets, columns, values).map(SparseRows::nrows)
    };
    assert_eq!(new(&[0, 1, 1, 3], &[1, 0, 1], &[1.0; 3]), Ok(3));
    assert_eq!(new(&[0], &[], &[]), Ok(0));
    assert_eq!(new(&[0, 1], &[0], &[]), Err(Error::Length { expected: 0, found: 1 }));
    let broken = |row| Err(Error::SparseStructure { row });
    assert_eq!(new(&[], &[], &[]), broken(0));
    assert_eq!(new(&[1, 1], &[0], &[1.0]), broken(1)); // does not begin at 0
    assert_eq!(new(&[0, 1], &[0, 1], &[1.0; 2]), broken(1)); // does not end at the end
    assert_eq!(new(&[0, 2, 1, 3], &[0, 1, 0], &[1.0; 3]), broken(1)); // falls
    assert_eq!(new(&[0, 9, 2], &[0, 1], &[1.0; 2]), broken(0)); // beyond the end
    assert_eq!(new(&[0, 1], &[2], &[1.0]), broken(0)); // a column too many
    assert_eq!(new(&[0, 2], &[1, 0], &[1.0; 2]), broken(0)); // out of order
    assert_eq!(new(&[0, 2], &[1, 1], &[1.0; 2]), broken(0)); // twice
}
