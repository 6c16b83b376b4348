//! Tables, and all numbers as a file.

use crate::data::Kind;
use crate::measure::Score;
use crate::methods::{DELTA, Method, Neighbours};
use crate::{EPSILONS, MOVES, ROWS, Row};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Median, least and largest of each of [`COLUMNS`].
pub(crate) type Summary = [[f64; 3]; 5];

pub(crate) fn summary(scores: &[Score]) -> Summary {
    COLUMNS.map(|(_, pick)| {
        let mut values: Vec<f64> = scores.iter().map(pick).collect();
        values.sort_unstable_by(f64::total_cmp);
        [values[values.len() / 2], values[0], values[values.len() - 1]]
    })
}

type Pick = fn(&Score) -> f64;
const COLUMNS: [(&str, Pick); 5] = [
    ("log_volume_excess", |score| score.excess),
    ("shape_excess", |score| score.shape_excess),
    ("coverage", |score| score.coverage),
    ("shortest_axis", |score| score.axes[0]),
    ("longest_axis", |score| score.axes[1]),
];

pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut text =
        "set,drawn_again,n,d,adjacency,method,target,target_coverage,epsilon,delta,releases".to_owned();
    for (name, _) in COLUMNS {
        write!(text, ",{name}_median,{name}_least,{name}_largest")?;
    }
    text.push('\n');
    for row in rows {
        let plain = |name: &str| name.replace(',', "");
        write!(
            text,
            "{},{},{},{},{},{},{},{},{},{DELTA},{}",
            plain(row.kind.name()),
            row.kind.resampled(row.n),
            row.n,
            crate::data::DIM,
            row.neighbours.name(),
            plain(row.method.name()),
            plain(row.method.target()),
            row.target_coverage,
            row.epsilon,
            row.releases
        )?;
        match &row.found {
            Some(found) => found.as_flattened().iter().try_for_each(|x| write!(text, ",{x:.6}"))?,
            None => text.push_str(&",infeasible".repeat(3 * COLUMNS.len())),
        }
        text.push('\n');
    }
    Ok(std::fs::write(path, text)?)
}

/// What [`write()`] wrote; nothing where there is no file.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    std::fs::read_to_string(path)?.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> Result<Row, Box<dyn Error>> {
    let fields: Vec<&str> = line.split(',').collect();
    let same = |name: &str, field: usize| name.replace(',', "") == fields[field];
    let pair = groups().into_iter().flat_map(|(n, methods)| methods.into_iter().map(move |m| (n, m)));
    let pair = pair.into_iter().find(|(n, m)| same(&n.name(), 4) && same(m.name(), 5));
    let (neighbours, method) = pair.ok_or("an unknown release")?;
    let kind = Kind::ALL.into_iter().find(|kind| same(kind.name(), 0)).ok_or("an unknown set")?;
    let releases = fields[10].parse()?;
    let mut found = [[0.0; 3]; 5];
    if releases > 0 {
        for (place, field) in found.as_flattened_mut().iter_mut().zip(&fields[11..]) {
            *place = field.parse()?;
        }
    }
    Ok(Row {
        kind,
        n: fields[2].parse()?,
        neighbours,
        method,
        epsilon: fields[8].parse()?,
        target_coverage: fields[7].parse()?,
        releases,
        found: (releases > 0).then_some(found),
    })
}

pub(crate) fn find(
    rows: &[Row],
    kind: Kind,
    n: usize,
    pair: (Method, Neighbours),
    epsilon: f64,
) -> Option<&Row> {
    rows.iter().find(|row| {
        (row.kind, row.n) == (kind, n) && (row.method, row.neighbours) == pair && row.epsilon == epsilon
    })
}

/// Adjacencies with the methods under them.
pub(crate) fn groups() -> Vec<(Neighbours, Vec<Method>)> {
    let close = MOVES.into_iter().map(|share| (Neighbours::Close(share), Method::CLOSE.to_vec()));
    let replace = (Neighbours::Replace, Method::RECORD.to_vec());
    close.chain([replace, (Neighbours::AddRemove, Method::ADD_REMOVE.to_vec())]).collect()
}

pub(crate) fn print(rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for (neighbours, methods) in groups() {
        writeln!(out, "\n### {}\n", neighbours.name())?;
        write!(out, "| rows | release | against |")?;
        ROWS.iter().try_for_each(|n| write!(out, " n = {n} |"))?;
        writeln!(out, "\n|---|---|---|{}", "---|".repeat(ROWS.len()))?;
        for kind in Kind::ALL {
            for &method in &methods {
                write!(out, "| {} | {} | {} |", kind.name(), method.name(), method.target())?;
                for n in ROWS {
                    write!(out, " {} |", cell(rows, kind, n, (method, neighbours)))?;
                }
                writeln!(out)?;
            }
        }
    }
    writeln!(
        out,
        "\nFour numbers are for ε = 0.1 / 0.5 / 1 / 3: median log-volume excess, and the coverage in parentheses."
    )?;
    bar(rows, &mut out)
}

fn cell(rows: &[Row], kind: Kind, n: usize, pair: (Method, Neighbours)) -> String {
    let text = |row: &Row| match &row.found {
        Some(found) => format!("{} ({})", short(found[0][0]), share(found[2][0])),
        None => "infeasible".to_owned(),
    };
    let cells: Vec<String> =
        EPSILONS.iter().filter_map(|&epsilon| find(rows, kind, n, pair, epsilon)).map(text).collect();
    if cells.is_empty() {
        return "not measured".to_owned();
    }
    let alike = cells.iter().all(|cell| *cell == cells[0]);
    if alike { cells[0].clone() } else { cells.join(" / ") }
}

/// The project's bar: n = 100 000, ε = 0.5, axes within 3 %.
fn bar(rows: &[Row], out: &mut impl std::io::Write) -> Result<(), Box<dyn Error>> {
    writeln!(out, "\n### Axes over those of the target at n = 100 000, ε = 0.5\n")?;
    writeln!(
        out,
        "| adjacency | rows | release | shortest, median (least) | longest, median (largest) |\n|---|---|---|---|---|"
    )?;
    for (neighbours, methods) in groups() {
        for kind in Kind::ALL {
            for &method in &methods {
                let row = find(rows, kind, ROWS[2], (method, neighbours), 0.5);
                let Some(found) = row.and_then(|row| row.found) else { continue };
                let [.., short, long] = found;
                let names = format!("{} | {} | {}", neighbours.name(), kind.name(), method.name());
                writeln!(
                    out,
                    "| {names} | {:.3} ({:.3}) | {:.3} ({:.3}) |",
                    short[0], short[1], long[0], long[2]
                )?;
            }
        }
    }
    Ok(())
}

fn short(x: f64) -> String {
    if x.abs() < 0.0005 {
        "0".to_owned()
    } else if x.abs() < 1.0 {
        format!("{x:.3}")
    } else {
        format!("{x:.1}")
    }
}

/// Percent; what is not all is not printed as all.
fn share(x: f64) -> String {
    let percent = (x * 1000.0).floor() / 10.0;
    format!("{percent} %")
}
