//! Counts handwritten digits as they come in, one a step, with one budget for all 1797 steps and ten counters.
//!
//! ```text
//! cargo run --release -p dp-mechanisms --example digits_stream
//! ```
//!
//! prints root mean squared errors of the running counts over digits and releases, beside the stated standard deviations.
//! (Only an experiment on public data can print errors.)

use dp_mechanisms::continual::{BinaryTreeSum, SquareRootSum, StreamOptions};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Error, LatticeL2Sensitivity, secure_rng};
use dp_testkit::digits;
use std::ops::Range;

const RELEASES: usize = 50;
const INTERVALS: [Range<u64>; 5] = [0..100, 0..500, 0..1000, 0..1797, 900..1000];

fn main() -> Result<(), Error> {
    let labels = digits::digits().labels;
    let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
    // each step is one row: the bound enforces the sensitivity
    let options = StreamOptions::new(labels.len() as u64, 10, sensitivity).with_step_bound(1);
    let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
    let rng = &mut secure_rng()?;
    let (mut squares, mut stated) = ([[0.0; 2]; INTERVALS.len()], [[0.0; 2]; INTERVALS.len()]);
    for _ in 0..RELEASES {
        let mut root = SquareRootSum::calibrate(epsilon, delta, options)?;
        let mut tree = BinaryTreeSum::calibrate(epsilon, delta, options)?;
        for &label in labels {
            let step = one_hot(label);
            root.push(&step, rng)?;
            tree.push(&step, rng)?;
        }
        for (i, steps) in INTERVALS.into_iter().enumerate() {
            let exact = counts(&labels[steps.start as usize..steps.end as usize]);
            stated[i] = [root.range_std(steps.clone()), tree.range_std(steps.clone())];
            let sums = [root.released().range(steps.clone()), tree.released().range(steps)];
            for (square, sum) in squares[i].iter_mut().zip(sums) {
                let sum = sum.expect("all steps have come");
                *square += sum.iter().zip(exact).map(|(sum, exact)| (sum - exact).powi(2)).sum::<f64>();
            }
        }
    }
    println!("steps        square root, stated     tree, stated     (ε = 1, δ = 1e-6, {RELEASES} releases)");
    for (i, steps) in INTERVALS.into_iter().enumerate() {
        let [root, tree] = squares[i].map(|square| (square / (10 * RELEASES) as f64).sqrt());
        let [stated_root, stated_tree] = stated[i];
        println!(
            "{:<10} {root:>13.1} {stated_root:>7.1} {tree:>9.1} {stated_tree:>7.1}",
            format!("{steps:?}")
        );
    }
    Ok(())
}

fn one_hot(label: u8) -> [i64; 10] {
    core::array::from_fn(|digit| i64::from(digit == usize::from(label)))
}

fn counts(labels: &[u8]) -> [f64; 10] {
    core::array::from_fn(|digit| labels.iter().filter(|&&label| usize::from(label) == digit).count() as f64)
}
