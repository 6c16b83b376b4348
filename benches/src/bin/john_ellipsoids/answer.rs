//! Answers questions, one a line: our half of `peers/john.py`.
//!
//! A question is a method, the gap, the number of threads and an npy file; the answer is a line of JSON. Methods are `default`,
//! `enclosing`, `average` (the fixed point) and `wolfe_atwood`.

use crate::Outcome;
use dp_linalg::{Mat, MatRef, Parallelism};
use john_ellipsoid_dp::{
    Certificate, FixedPoint, Iterate, JohnEllipsoid, JohnOptions, Solver, Stop, WolfeAtwood,
    enclosing_ellipsoid, john_ellipsoid, john_ellipsoid_with,
};
use serde_json::{Value, json};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::time::Instant;

/// Both first-order methods end well before.
const MAX_ITERATIONS: usize = 1_000_000;

pub(crate) fn questions() -> Outcome {
    let mut out = std::io::stdout().lock();
    let mut last = (String::new(), Mat::zeros(0, 0));
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let &[method, gap, threads, path] = words.as_slice() else {
            return Err(format!("four words expected: {line}").into());
        };
        if path != last.0 {
            last = (path.to_owned(), read(path)?);
        }
        let options = JohnOptions::default().with_gap(gap.parse()?)?;
        let options = options.with_parallelism(Parallelism::threads(threads.parse()?));
        writeln!(out, "{}", answer(method, last.1.as_ref(), &options)?)?;
        out.flush()?;
    }
    Ok(())
}

fn read(path: &str) -> Result<Mat, Box<dyn Error>> {
    let file = npyz::NpyFile::new(BufReader::new(File::open(path)?))?;
    let &[n, d] = file.shape() else { return Err("a matrix expected".into()) };
    Ok(Mat::from_vec(n as usize, d as usize, file.into_vec()?)?)
}

fn answer(method: &str, rows: MatRef<'_>, options: &JohnOptions) -> Result<Value, Box<dyn Error>> {
    let start = Instant::now();
    if method == "enclosing" {
        let around = enclosing_ellipsoid(rows, options)?;
        let seconds = start.elapsed().as_secs_f64();
        let root = around.lifted().root();
        let d = rows.ncols();
        // the slice at height 1 of the lifted ellipsoid
        let level = 1.0 + around.certificate().gap() - root[(d, d)].powi(2);
        let log_volume: f64 = (0..d).map(|i| 0.5 * level.ln() - root[(i, i)].ln()).sum();
        let (asked, gap, passes) = (options.gap(), around.certificate().gap(), around.lifted().passes());
        return Ok(
            json!({ "seconds": seconds, "asked": asked, "gap": gap, "iterations": passes, "log_volume": log_volume }),
        );
    }
    if method == "default" {
        let john = john_ellipsoid(rows, options)?;
        return Ok(described(start, options.gap(), &john.certificate(), john.passes(), &john));
    }
    let counted = Counted { solver: chosen(method)?, iterations: std::cell::Cell::new(0) };
    let stop = Stop { gap: options.gap(), max_iterations: MAX_ITERATIONS };
    let john = john_ellipsoid_with(&counted, rows, stop, options)?;
    Ok(described(start, options.gap(), &john.certificate(), counted.iterations.get(), &john))
}

fn chosen(method: &str) -> Result<Box<dyn Solver>, Box<dyn Error>> {
    match method {
        "average" => Ok(Box::new(FixedPoint { iterate: Iterate::Average })),
        "wolfe_atwood" => Ok(Box::new(WolfeAtwood)),
        _ => Err(format!("no method {method}").into()),
    }
}

fn described(
    start: Instant,
    asked: f64,
    certificate: &Certificate,
    iterations: usize,
    john: &JohnEllipsoid,
) -> Value {
    let (seconds, gap, log_det) = (start.elapsed().as_secs_f64(), certificate.gap(), john.log_det());
    json!({ "seconds": seconds, "asked": asked, "gap": gap, "iterations": iterations, "log_det": log_det })
}

/// A solver that remembers how many iterations it took.
struct Counted {
    solver: Box<dyn Solver>,
    iterations: std::cell::Cell<usize>,
}

impl Solver for Counted {
    fn improve(
        &self,
        design: &mut john_ellipsoid_dp::Design<'_>,
        stop: Stop,
    ) -> Result<usize, john_ellipsoid_dp::Error> {
        let spent = self.solver.improve(design, stop)?;
        self.iterations.set(spent);
        Ok(spent)
    }
}
