//! The table, and all numbers as a file.

use crate::methods::Method;
use crate::{EPSILONS, ROWS, Row, SHAPES};
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

const METHODS: [Method; 9] = [
    Method::Formula,
    Method::TreesPublished,
    Method::TreesEqual,
    Method::TreesAccounted,
    Method::TreesJoint,
    Method::Moments,
    Method::Floor,
    Method::Features,
    Method::Mean,
];

pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut text = "set,resampled,d,degree,features,n,epsilon,method,sum_error,answer_error\n".to_owned();
    for row in rows {
        let Row { set, resampled, dim, degree, features, rows, epsilon, method, sum, answer } = row;
        let name = method.name().replace(',', "");
        writeln!(
            text,
            "{set},{resampled},{dim},{degree},{features},{rows},{epsilon},{name},{sum:.6e},{answer:.6e}"
        )?;
    }
    Ok(std::fs::write(path, text)?)
}

/// Rows of this kind.
pub(crate) fn find<'a>(
    rows: &'a [Row],
    set: &str,
    (dim, degree): (usize, usize),
    (n, epsilon): (usize, f64),
    method: Method,
) -> Option<&'a Row> {
    rows.iter().find(|row| {
        row.set == set
            && (row.dim, row.degree) == (dim, degree)
            && (row.rows, row.epsilon) == (n, epsilon)
            && row.method == method
    })
}

pub(crate) fn sets(rows: &[Row]) -> Vec<String> {
    let mut sets: Vec<String> = rows.iter().map(|row| row.set.clone()).collect();
    sets.dedup();
    sets
}

/// Errors of answers at each ε, for each set, shape and number of rows.
pub(crate) fn print(rows: &[Row]) {
    for set in sets(rows) {
        for shape in SHAPES {
            let Some(first) = find(rows, &set, shape, (ROWS[0], EPSILONS[0]), Method::Moments) else {
                continue;
            };
            println!("\n### {set}, d = {}, degree {}, {} features\n", shape.0, shape.1, first.features);
            print!("| error of an answer |");
            for n in ROWS {
                let again =
                    find(rows, &set, shape, (n, EPSILONS[0]), Method::Moments).is_some_and(|r| r.resampled);
                print!(" n = {n}{} |", if again { "*" } else { "" });
            }
            println!("\n|---|{}", "---|".repeat(ROWS.len()));
            for method in METHODS {
                print!("| {} |", method.name());
                for n in ROWS {
                    let at =
                        |&epsilon: &f64| find(rows, &set, shape, (n, epsilon), method).map(|row| row.answer);
                    let cells: Vec<String> = EPSILONS.iter().filter_map(at).map(short).collect();
                    let alike = cells.iter().all(|cell| *cell == cells[0]);
                    print!(" {} |", if alike { cells[0].clone() } else { cells.join(" / ") });
                }
                println!();
            }
        }
    }
    println!("\nFour numbers are for ε = 0.1 / 0.5 / 1 / 3; * with rows drawn again, with jitter.");
}

pub(crate) fn short(x: f64) -> String {
    match x {
        _ if x.is_nan() => "–".to_owned(),
        0.0..0.001 => format!("{x:.0e}"),
        0.001..10.0 => format!("{x:.3}"),
        _ => format!("{x:.0}"),
    }
}
