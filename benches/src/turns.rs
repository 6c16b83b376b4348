//! Ratios that survive a noisy machine: what is compared is measured in turns, and medians are divided.

use std::time::Instant;

/// Runs all jobs once in turns, `rounds` times, and returns the median seconds of each.
///
/// ```
/// let (mut short, mut long) = (|| (), || std::thread::sleep(std::time::Duration::from_millis(2)));
/// let seconds = provable_dp_benches::median_seconds_in_turns(3, &mut [&mut short, &mut long]);
/// assert!(seconds[0] < seconds[1]);
/// ```
#[must_use]
pub fn median_seconds_in_turns(rounds: usize, jobs: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut seconds = vec![Vec::with_capacity(rounds); jobs.len()];
    for _ in 0..rounds {
        for (job, seconds) in jobs.iter_mut().zip(&mut seconds) {
            let start = Instant::now();
            job();
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    seconds.into_iter().map(median).collect()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Whether this run measures: not under `--test`, `--list` or `--profile-time`, where criterion does not either.
#[must_use]
pub fn measuring() -> bool {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    given("--bench") && !["--test", "--list", "--profile-time"].into_iter().any(given)
}
