//! Rows shared out among threads.

use core::ops::Range;
use dp_linalg::Parallelism;

/// Rows below which a thread is not worth its start.
const ROWS_PER_THREAD: usize = 2048;

/// Consecutive ranges of `0..n`, each worked on by a thread of its own; results in the order of the ranges.
pub(crate) fn in_parts<T: Send>(
    n: usize,
    parallelism: Parallelism,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let threads = parallelism.get().min(n.div_ceil(ROWS_PER_THREAD)).max(1);
    let share = n.div_ceil(threads);
    let part = |k: usize| work(n.min(k * share)..n.min((k + 1) * share));
    let part = &part;
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|k| scope.spawn(move || part(k))).collect();
        let mine = part(0);
        let joined = others.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        core::iter::once(mine).chain(joined).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_everything_once_and_in_order() {
        for (n, threads) in [(0, 3), (1, 4), (5000, 1), (5000, 2), (10_001, 7)] {
            let ranges = in_parts(n, Parallelism::threads(threads), |range| range);
            let ends: Vec<usize> = ranges.iter().map(|range| range.end).collect();
            assert!(ranges[0].start == 0 && ends.last() == Some(&n));
            assert!(ranges.iter().skip(1).zip(&ends).all(|(range, end)| range.start == *end));
        }
    }
}
