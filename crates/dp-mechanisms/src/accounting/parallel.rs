//! Two threads for one question.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `work` on every item, in the order of the items; a second thread helps where there is more than one.
pub(crate) fn side_by_side<T: Sync, R: Send + Sync>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let (next, results) = (AtomicUsize::new(0), items.iter().map(|_| OnceLock::new()).collect::<Vec<_>>());
    let claim = || {
        let i = next.fetch_add(1, Ordering::Relaxed);
        Some((items.get(i)?, results.get(i)?))
    };
    let run = || {
        while let Some((item, result)) = claim() {
            result.get_or_init(|| work(item));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(run);
        run();
    });
    results.into_iter().map(|result| result.into_inner().expect("all items were taken")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..100).collect();
        assert_eq!(side_by_side(&items, |i| i * i), items.iter().map(|i| i * i).collect::<Vec<_>>());
        assert!(side_by_side(&items[..0], |i| *i).is_empty());
    }
}
