//! All numbers as a file and as a table.

use crate::methods::{DELTA, Method};
use crate::{EPSILONS, Row};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Accuracies of several runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) runs: usize,
    pub(crate) mean: f64,
    /// Standard deviation.
    pub(crate) sd: f64,
    pub(crate) least: f64,
    pub(crate) largest: f64,
}

impl Summary {
    pub(crate) fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        Self {
            runs: values.len(),
            mean,
            sd: if values.len() > 1 { (square / (n - 1.0)).sqrt() } else { 0.0 },
            least: values.iter().copied().fold(1.0, f64::min),
            largest: values.iter().copied().fold(0.0, f64::max),
        }
    }
}

pub(crate) fn write(path: &Path, rows: &[Row]) -> Outcome<()> {
    let mut text =
        "set,n,method,features,epsilon,delta,adjacency,runs,accuracy_mean,accuracy_sd,least,largest,seconds_a_run\n"
            .to_owned();
    for row in rows {
        let Summary { runs, mean, sd, least, largest } = row.accuracy;
        writeln!(
            text,
            "{},{},{},{},{},{DELTA},add_remove_row,{runs},{mean:.4},{sd:.4},{least:.4},{largest:.4},{:.1}",
            row.set,
            row.n,
            row.method.name(),
            row.dim,
            row.epsilon,
            row.seconds
        )?;
    }
    Ok(std::fs::write(path, text)?)
}

/// Puts rows of one set and method in place of older ones, or behind the last of their set.
pub(crate) fn replace(all: &mut Vec<Row>, rows: Vec<Row>) {
    let Some((set, method)) = rows.first().map(|row| (row.set.clone(), row.method)) else { return };
    all.retain(|row| row.set != set || row.method != method);
    let last = all.iter().rposition(|row| row.set == set);
    let at = last.map_or(all.len(), |last| last + 1);
    all.splice(at..at, rows);
}

/// What `write` wrote.
pub(crate) fn read(path: &Path) -> Outcome<Vec<Row>> {
    let text = std::fs::read_to_string(path)?;
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [set, n, method, dim, epsilon, _, _, runs, mean, sd, least, largest, seconds] = cells[..] else {
            return Err("a line has another number of cells".into());
        };
        let method = Method::ALL.into_iter().find(|known| known.name() == method).ok_or("no such method")?;
        let accuracy = Summary {
            runs: runs.parse()?,
            mean: mean.parse()?,
            sd: sd.parse()?,
            least: least.parse()?,
            largest: largest.parse()?,
        };
        Ok(Row {
            set: set.to_owned(),
            n: n.parse()?,
            method,
            dim: dim.parse()?,
            epsilon: epsilon.parse()?,
            accuracy,
            seconds: seconds.parse()?,
        })
    };
    text.lines().skip(1).map(row).collect()
}

pub(crate) fn print(rows: &[Row]) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "| images | n | method |")?;
    EPSILONS.iter().try_for_each(|epsilon| write!(out, " ε = {epsilon} |"))?;
    writeln!(out, " ε = ∞ |\n|---|---|---|{}", "---|".repeat(EPSILONS.len() + 1))?;
    let mut sets: Vec<&str> = rows.iter().map(|row| &row.set[..]).collect();
    sets.dedup();
    for set in sets {
        for method in Method::ALL {
            let of = |row: &&Row| row.set == set && row.method == method;
            let Some(first) = rows.iter().find(of) else { continue };
            write!(out, "| {set} | {} | {} |", first.n, method.name())?;
            for epsilon in EPSILONS.into_iter().chain([f64::INFINITY]) {
                let row = rows.iter().filter(of).find(|row| row.epsilon == epsilon);
                match row.map(|row| (row.accuracy.mean, row.accuracy.sd)) {
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
