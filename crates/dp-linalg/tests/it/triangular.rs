//! Triangular solves against their backward error bound.

use dp_linalg::{Error, Mat, solve_lower_triangular, solve_upper_triangular};

use crate::support::{abs, assert_within, gamma, nn, random};

fn lower(n: usize, seed: u64) -> Mat {
    let a = random(n, n, seed);
    Mat::from_fn(n, n, |i, j| match i.cmp(&j) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => 2.0 + a[(i, j)],
        std::cmp::Ordering::Greater => a[(i, j)] / n as f64,
    })
}

#[test]
fn solutions_reproduce_the_right_hand_side_within_the_stated_bound() {
    for n in [0, 1, 2, 5, 16, 33, 130] {
        for k in [0, 1, 3, 40] {
            let (l, b) = (lower(n, 1), random(n, k, 2));
            let u = l.transpose();
            for (triangle, x) in [
                (&l, solve_lower_triangular(l.as_ref(), b.as_ref()).unwrap()),
                (&u, solve_upper_triangular(u.as_ref(), b.as_ref()).unwrap()),
            ] {
                let magnitude = nn(&abs(triangle), &abs(&x));
                // γ_{n+1}|L||x| for the solve, γ_n each for forming Lx and |L||x| here
                let bound = |i, j| (gamma(n + 1) + 2.0 * gamma(n)) * magnitude[(i, j)];
                assert_within(&nn(triangle, &x), &b, bound);
            }
        }
    }
}

#[test]
fn the_other_triangle_is_not_used() {
    let (l, b) = (lower(20, 3), random(20, 2, 4));
    let full = Mat::from_fn(20, 20, |i, j| if j > i { 7.0 } else { l[(i, j)] });
    assert_eq!(
        solve_lower_triangular(full.as_ref(), b.as_ref()),
        solve_lower_triangular(l.as_ref(), b.as_ref())
    );
}

#[test]
fn a_zero_on_the_diagonal_is_named() {
    let mut l = lower(5, 5);
    l[(3, 3)] = 0.0;
    assert_eq!(
        solve_lower_triangular(l.as_ref(), Mat::zeros(5, 1).as_ref()),
        Err(Error::Singular { index: 3 })
    );
}
