//! The upper triangle of a symmetric matrix, from the lower one.

use dp_linalg::Scalar;

/// Side of a square that is transposed while both its sides are in cache.
const SQUARE: usize = 32;

/// Copies the strict lower triangle of `(n, n)` over the upper one.
///
/// In halves: the square on the upper right is the image of the one on the lower left, which are different rows.
pub(super) fn mirror_lower<T: Scalar>(matrix: &mut [T], n: usize, threads: usize) {
    diagonal_block(matrix, 0, n, n, threads);
}

/// The block of rows and columns `first .. first + size`; `rows` are its rows, of `stride` entries.
fn diagonal_block<T: Scalar>(rows: &mut [T], first: usize, size: usize, stride: usize, threads: usize) {
    if size <= SQUARE {
        for i in 0..size {
            for j in 0..i {
                rows[j * stride + first + i] = rows[i * stride + first + j];
            }
        }
        return;
    }
    let half = size / 2;
    let (top, bottom) = rows.split_at_mut(half * stride);
    transpose_onto(top, bottom, (first, half, size - half), stride, threads);
    let upper = |rows| diagonal_block(rows, first, half, stride, threads / 2);
    let lower = |rows| diagonal_block(rows, first + half, size - half, stride, threads - threads / 2);
    if threads < 2 {
        upper(top);
        lower(bottom);
    } else {
        std::thread::scope(|scope| {
            scope.spawn(|| upper(top));
            lower(bottom);
        });
    }
}

/// The columns after `first + half` of `top` from the columns after `first` of `bottom`.
fn transpose_onto<T: Scalar>(
    top: &mut [T],
    bottom: &[T],
    (first, half, other): (usize, usize, usize),
    stride: usize,
    threads: usize,
) {
    let per_thread = half.div_ceil(threads.max(1));
    std::thread::scope(|scope| {
        let mut parts = top.chunks_mut(per_thread * stride).enumerate();
        let here = parts.next();
        for (k, part) in parts {
            scope.spawn(move || {
                transpose_rows(part, bottom, first + k * per_thread, first + half, other, stride);
            });
        }
        if let Some((_, part)) = here {
            transpose_rows(part, bottom, first, first + half, other, stride);
        }
    });
}

/// Row `i` of `out`, from column `to` on, from column `from + i` of `source`.
fn transpose_rows<T: Scalar>(
    out: &mut [T],
    source: &[T],
    from: usize,
    to: usize,
    columns: usize,
    stride: usize,
) {
    let rows = out.len() / stride;
    for i0 in (0..rows).step_by(SQUARE) {
        for j0 in (0..columns).step_by(SQUARE) {
            for i in i0..rows.min(i0 + SQUARE) {
                let end = columns.min(j0 + SQUARE);
                let line = &mut out[i * stride + to..][j0..end];
                for (entry, j) in line.iter_mut().zip(j0..end) {
                    *entry = source[j * stride + from + i];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mirror_lower;

    #[test]
    fn each_entry_above_is_the_one_below() {
        for n in [0, 1, 2, 31, 32, 33, 65, 100, 257] {
            for threads in [1, 2, 3, 5] {
                let mut matrix: Vec<f64> = (0..n * n).map(|k| k as f64).collect();
                mirror_lower(&mut matrix, n, threads);
                for i in 0..n {
                    for j in 0..n {
                        assert_eq!(
                            matrix[i * n + j],
                            (i.max(j) * n + i.min(j)) as f64,
                            "{n} {threads} {i} {j}"
                        );
                    }
                }
            }
        }
    }
}
