//! All numbers as a file and as a table.

use crate::methods::{DELTA, Method};
use crate::{EPSILONS, Row};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Mean and standard deviation.
pub(crate) fn summary(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, if values.len() > 1 { (square / (n - 1.0)).sqrt() } else { 0.0 })
}

pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut text =
        "set,n,method,features,epsilon,delta,adjacency,runs,accuracy_mean,accuracy_sd,least,largest,seconds_a_run\n"
            .to_owned();
    for row in rows {
        let (mean, sd) = summary(&row.accuracies);
        let least = row.accuracies.iter().copied().fold(1.0, f64::min);
        let largest = row.accuracies.iter().copied().fold(0.0, f64::max);
        writeln!(
            text,
            "{},{},{},{},{},{DELTA},add_remove_row,{},{mean:.4},{sd:.4},{least:.4},{largest:.4},{:.1}",
            row.set.replace(',', ""),
            row.n,
            row.method.name(),
            row.dim,
            row.epsilon,
            row.accuracies.len(),
            row.seconds
        )?;
    }
    Ok(std::fs::write(path, text)?)
}

pub(crate) fn print(rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    write!(out, "| images | n | method |")?;
    EPSILONS.iter().try_for_each(|epsilon| write!(out, " ε = {epsilon} |"))?;
    writeln!(out, " ε = ∞ |\n|---|---|---|{}", "---|".repeat(EPSILONS.len() + 1))?;
    let mut sets: Vec<&str> = rows.iter().map(|row| row.set).collect();
    sets.dedup();
    for set in sets {
        for method in Method::ALL {
            let of = |row: &&Row| row.set == set && row.method == method;
            let Some(first) = rows.iter().find(of) else { continue };
            write!(out, "| {set} | {} | {} |", first.n, method.name())?;
            for epsilon in EPSILONS.into_iter().chain([f64::INFINITY]) {
                let row = rows.iter().filter(of).find(|row| row.epsilon == epsilon);
                match row.map(|row| summary(&row.accuracies)) {
                    Some((mean, _)) if epsilon.is_infinite() => write!(out, " {:.1} |", 100.0 * mean)?,
                    Some((mean, sd)) => write!(out, " {:.1} ± {:.1} |", 100.0 * mean, 100.0 * sd)?,
                    None => write!(out, " |")?,
                }
            }
            writeln!(out)?;
        }
    }
    Ok(())
}
