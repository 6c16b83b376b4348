//! Time against the number of rows, which are in memory, on one thread.

use crate::{Outcome, data};
use dp_linalg::Parallelism;
use john_ellipsoid_dp::{JohnOptions, john_ellipsoid};
use provable_dp_benches::median_seconds_in_turns;
use provable_dp_benches::picture::{Axes, Line, draw};
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;

const COLUMNS: usize = 20;
const SIZES: [usize; 7] = [3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000];
const KINDS: [&str; 3] = ["normal", "t3", "cube"];
const ROUNDS: usize = 5;

pub(crate) fn write(folder: &Path) -> Outcome {
    let mut csv = String::from("data,n,d,seconds,passes,gap\n");
    let mut lines = Vec::new();
    for (name, colour) in KINDS.into_iter().zip([5, 0, 9]) {
        let mut points = Vec::new();
        for n in SIZES {
            let rows = data::rows(name, n, COLUMNS)?;
            let options = JohnOptions::default().with_parallelism(Parallelism::Sequential);
            let john = john_ellipsoid(rows.as_ref(), &options)?;
            let mut solve = || _ = black_box(john_ellipsoid(rows.as_ref(), &options));
            let seconds = median_seconds_in_turns(ROUNDS, &mut [&mut solve])[0];
            let (passes, gap) = (john.passes(), john.certificate().gap());
            writeln!(csv, "{name},{n},{COLUMNS},{seconds:.5},{passes},{gap:.1e}")?;
            points.push((n as f64, seconds));
        }
        println!("{name:8} {}", slopes(&points));
        lines.push(Line { name: name.to_owned(), colour, points });
    }
    let last = lines.iter().filter_map(|line| line.points.last()).map(|p| p.1).fold(f64::INFINITY, f64::min);
    let last_size = SIZES[SIZES.len() - 1] as f64;
    let slope = SIZES.map(|n| n as f64).map(|n| (n, 0.5 * last * n / last_size)).to_vec();
    lines.push(Line { name: "slope 1".to_owned(), colour: 11, points: slope });
    std::fs::write(folder.join("john_seconds.csv"), csv)?;
    let axes =
        Axes { title: "John ellipsoid to gap 1e-6, d = 20, one thread", across: "rows n", up: "seconds" };
    draw(&folder.join("john_seconds.svg"), &axes, &lines)
}

fn slopes(points: &[(f64, f64)]) -> String {
    let slope = |pair: &[(f64, f64)]| (pair[1].1 / pair[0].1).ln() / (pair[1].0 / pair[0].0).ln();
    let each = points.windows(2).map(slope).map(|slope| format!("{slope:.2}"));
    let seconds = points.iter().map(|(n, seconds)| format!("{n:.0}: {seconds:.4} s"));
    format!("{}; slopes {}", seconds.collect::<Vec<_>>().join(", "), each.collect::<Vec<_>>().join(" "))
}
