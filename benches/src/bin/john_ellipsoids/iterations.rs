//! Iterations of every solver against the accuracy that is asked for.

use crate::{Outcome, data};
use john_ellipsoid_dp::{
    Design, FixedPoint, InteriorPoint, Iterate, JohnOptions, Khachiyan, LazyFixedPoint, PairwiseExchange,
    RandomizedExchange, SafeDeletion, SketchedFixedPoint, Solver, Stop, WolfeAtwood, john_ellipsoid,
    uniform_weights,
};
use provable_dp_benches::picture::{Axes, Line, draw};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use std::path::Path;

const ROWS: usize = 1000;
const COLUMNS: usize = 10;
/// Where the default has more rows than it keeps in memory.
const MANY_ROWS: usize = 100_000;
const MAX_ITERATIONS: usize = 30_000;
/// A step of the interior point is a dense system of all rows with weight.
const MAX_NEWTON_STEPS: usize = 60;
/// Rows that the randomised fixed points draw in a round.
const SAMPLES: usize = 500;

pub(crate) fn write(folder: &Path) -> Outcome {
    let rows = data::rows("normal", ROWS, COLUMNS)?;
    let mut lines = Vec::new();
    let mut generators = [1, 2, 3].map(ChaCha8Rng::seed_from_u64);
    for (colour, (name, solver)) in solvers(&mut generators).into_iter().enumerate() {
        let mut points = Vec::new();
        for gap in gaps() {
            let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref()))?;
            let max_iterations = if name == "interior point" { MAX_NEWTON_STEPS } else { MAX_ITERATIONS };
            let spent = solver.improve(&mut design, Stop { gap, max_iterations })?;
            if design.gap() > gap {
                break;
            }
            points.push((1.0 / gap, spent.max(1) as f64));
        }
        println!("{name:40} {}", summary(&points));
        lines.push(Line { name: name.to_owned(), colour, points });
    }
    lines.push(default()?);
    let mut csv = String::from("solver,gap,iterations\n");
    for line in &lines {
        for (inverse, iterations) in &line.points {
            writeln!(csv, "\"{}\",{:.3e},{iterations}", line.name, 1.0 / inverse)?;
        }
    }
    std::fs::write(folder.join("john_iterations.csv"), csv)?;
    let title = format!("normal rows, n = {ROWS}, d = {COLUMNS}, from uniform weights");
    let axes = Axes { title: &title, across: "1/ξ, ξ the gap reached", up: "iterations" };
    draw(&folder.join("john_iterations.svg"), &axes, &lines)
}

fn solvers([lazy, sketched, exchange]: &mut [ChaCha8Rng; 3]) -> Vec<(&'static str, Box<dyn Solver + '_>)> {
    let deleting = SafeDeletion { solver: WolfeAtwood, period: 100 };
    vec![
        ("fixed point, average (CCLY)", Box::new(FixedPoint { iterate: Iterate::Average })),
        ("fixed point, last iterate", Box::new(FixedPoint { iterate: Iterate::Last })),
        ("fixed point, lazy", Box::new(LazyFixedPoint::new(SAMPLES, 8, lazy))),
        ("fixed point, sketched", Box::new(SketchedFixedPoint::new(SAMPLES, 16, sketched))),
        ("Khachiyan", Box::new(Khachiyan)),
        ("Wolfe–Atwood", Box::new(WolfeAtwood)),
        ("Wolfe–Atwood, safe deletion", Box::new(deleting)),
        ("pairwise exchange", Box::new(PairwiseExchange)),
        ("randomised exchange (batches)", Box::new(RandomizedExchange::new(exchange))),
        ("interior point", Box::new(InteriorPoint)),
    ]
}

/// 1, 1/2, 1/5, 1/10, … 1e-8.
fn gaps() -> Vec<f64> {
    let steps = (0..8).flat_map(|k| [1.0, 0.5, 0.2].map(|x| x * 10.0_f64.powi(-k)));
    steps.chain([1e-8]).collect()
}

/// Passes over all rows, the one that looks at columns included.
fn default() -> Result<Line, Box<dyn std::error::Error>> {
    let rows = data::rows("normal", MANY_ROWS, COLUMNS)?;
    let mut points = Vec::new();
    for gap in gaps() {
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default().with_gap(gap)?)?;
        points.push((1.0 / gap, john.passes() as f64));
    }
    println!("{:40} {}", "default, passes", summary(&points));
    Ok(Line { name: format!("default: passes, n = {MANY_ROWS}"), colour: 10, points })
}

/// Iterations at some gaps, and the slope over the last decade.
fn summary(points: &[(f64, f64)]) -> String {
    let Some(&(last, iterations)) = points.last() else { return "no gap reached".to_owned() };
    let at = |inverse: f64| points.iter().find(|p| (p.0 / inverse - 1.0).abs() < 1e-9).map(|p| p.1);
    let cells = [10.0, 100.0, 1e3, 1e4, 1e6, 1e8]
        .map(|x| at(x).map_or("–".to_owned(), |count| format!("{count:.0}")));
    let slope = at(last / 10.0).map_or(f64::NAN, |before| (iterations / before).log10());
    format!("at 1e-1, -2, -3, -4, -6, -8: {}; slope over the last decade {slope:.2}", cells.join(", "))
}
