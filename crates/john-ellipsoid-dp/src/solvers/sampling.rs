//! Rows drawn by their weights.

use rand::{Rng, RngExt};

/// Draws `count` rows with replacement, each with probability in proportion to its weight: distinct rows in order, and how often.
pub(super) fn draw<R: Rng + ?Sized>(weights: &[f64], count: usize, rng: &mut R) -> Vec<(usize, f64)> {
    let mut sum = 0.0;
    let cumulative: Vec<f64> = weights
        .iter()
        .map(|w| {
            sum += w;
            sum
        })
        .collect();
    let mut times = vec![0.0; weights.len()];
    for _ in 0..count {
        let point = sum * rng.random::<f64>();
        let row = cumulative.partition_point(|end| *end <= point);
        times[row.min(weights.len() - 1)] += 1.0;
    }
    times.into_iter().enumerate().filter(|(_, times)| *times > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn rows_are_drawn_as_often_as_they_weigh() {
        let weights = [0.0, 1.0, 3.0, 0.0];
        let drawn = draw(&weights, 40_000, &mut ChaCha8Rng::seed_from_u64(1));
        let [(1, ones), (2, threes)] = drawn[..] else { panic!("{drawn:?}") };
        assert_eq!(ones + threes, 40_000.0);
        // a binomial of mean 10 000 and standard deviation 87: seven of these
        assert!((ones - 10_000.0).abs() < 610.0, "{ones}");
    }
}
