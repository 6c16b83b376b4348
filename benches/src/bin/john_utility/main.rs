//! What private ellipsoids are worth: log-volume and coverage against ε, rows and data, each with its adjacency.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin john_utility -- [--out FOLDER] [--rows N]
//! ```
//!
//! prints tables, and writes `john_utility.csv` and pictures. With `--rows`, other numbers of rows are taken from the file that is
//! there. d = 10, δ = 1e-6.
//!
//! Every release is measured against the ellipsoid that it would be without noise. *Excess* is the logarithm of the ratio of volumes, *coverage*
//! the share of rows inside; *shape excess* is what is left of the excess when the release is scaled to cover as many rows as its target.
//! All three look at the private rows: an experiment on public data may, a user may not. Rows are scaled back to a public radius first, one by
//! one, and stay so for everything.
//!
//! Adjacencies are never in one curve: *a row moves by a share of the radius R* protects small changes of a row, *a row is
//! replaced*, and *a row is added or removed*, protect the row.

mod baseline;
mod data;
mod measure;
mod methods;
mod picture;
mod table;
mod targets;

use data::{Kind, rows};
use dp_linalg::Mat;
use dp_mechanisms::secure_rng;
use john_ellipsoid_dp::Error as Refusal;
use john_ellipsoid_dp::private::ReleasedEllipsoid;
use measure::{Score, Target};
use methods::{Case, Method, Neighbours};
use rand::CryptoRng;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use table::Summary;

pub(crate) const EPSILONS: [f64; 4] = [0.1, 0.5, 1.0, 3.0];
pub(crate) const ROWS: [usize; 3] = [1000, 10_000, 100_000];
/// How far close rows move, as shares of the radius.
pub(crate) const MOVES: [f64; 2] = [0.001, 0.01];
/// Releases of one kind at each of [`ROWS`].
const RELEASES: [usize; 3] = [9, 7, 3];
/// Beyond so many rows, noisy weights and the stability release are made once: one takes seconds.
const SLOW_ROWS: usize = 50_000;

/// All releases of one kind.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) n: usize,
    pub(crate) neighbours: Neighbours,
    pub(crate) method: Method,
    pub(crate) epsilon: f64,
    pub(crate) target_coverage: f64,
    pub(crate) releases: usize,
    /// None when public parameters do not allow a release.
    pub(crate) found: Option<Summary>,
}

struct Arguments {
    folder: PathBuf,
    rows: Option<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    std::fs::create_dir_all(&arguments.folder)?;
    let path = arguments.folder.join("john_utility.csv");
    let mut all = match arguments.rows {
        Some(only) => table::read(&path)?.into_iter().filter(|row| row.n != only).collect(),
        None => Vec::new(),
    };
    for (n, releases) in
        ROWS.into_iter().zip(RELEASES).filter(|(n, _)| arguments.rows.is_none_or(|only| only == *n))
    {
        all.extend(every_set(n, releases)?);
        all.sort_by_key(|row| row.n);
        table::write(&path, &all)?;
        writeln!(std::io::stderr(), "{n} rows: done")?;
    }
    table::print(&all)?;
    picture::draw(&arguments.folder, &all)
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments { folder: "benches/plots".into(), rows: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("a value is missing")?;
        match word.as_str() {
            "--out" => parsed.folder = value.into(),
            "--rows" => parsed.rows = Some(value.parse()?),
            _ => return Err(format!("unknown: {word}").into()),
        }
    }
    Ok(parsed)
}

/// Methods with the adjacency that they are measured under.
fn pairs() -> Vec<(Method, Neighbours)> {
    let close =
        MOVES.into_iter().flat_map(|share| Method::CLOSE.map(|method| (method, Neighbours::Close(share))));
    let replace = Method::RECORD.map(|method| (method, Neighbours::Replace));
    close.chain(replace).chain(Method::ADD_REMOVE.map(|method| (method, Neighbours::AddRemove))).collect()
}

/// A thread for each set; the order is that of the sets.
fn every_set(n: usize, releases: usize) -> Result<Vec<Row>, Box<dyn Error>> {
    let measured: Vec<Result<Vec<Row>, String>> = std::thread::scope(|scope| {
        let run = |kind| scope.spawn(move || measure(kind, (n, releases)).map_err(|error| error.to_string()));
        let threads = Kind::ALL.map(run);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread stopped".into())))
            .collect()
    });
    let mut all = Vec::new();
    for rows in measured {
        all.extend(rows?);
    }
    Ok(all)
}

fn measure(kind: Kind, (n, releases): (usize, usize)) -> Result<Vec<Row>, Box<dyn Error>> {
    let rows = within(rows(kind, n)?, kind.radius());
    let (case, rng) = (Case { rows: &rows, kind }, &mut secure_rng()?);
    let (mut all, mut targets) = (Vec::new(), Vec::<(&str, ReleasedEllipsoid)>::new());
    let slow = |method| n > SLOW_ROWS && matches!(method, Method::Weights | Method::Stable);
    for (method, neighbours) in pairs() {
        let releases = if slow(method) { 1 } else { releases };
        let name = method.target();
        let target = match targets.iter().find(|(known, _)| *known == name) {
            Some((_, found)) => found.clone(),
            None => case.target(method)?,
        };
        targets.push((name, target.clone()));
        let target = Target::new(&rows, target)?;
        for epsilon in EPSILONS {
            let found = repeat(&case, &target, ((method, neighbours), epsilon, releases), rng)?;
            let found = found.as_deref().map(table::summary);
            let releases = if found.is_some() { releases } else { 0 };
            let target_coverage = target.coverage();
            all.push(Row { kind, n, neighbours, method, epsilon, target_coverage, releases, found });
        }
    }
    Ok(all)
}

fn repeat<R: CryptoRng>(
    case: &Case<'_>,
    target: &Target<'_>,
    (pair, epsilon, count): ((Method, Neighbours), f64, usize),
    rng: &mut R,
) -> Result<Option<Vec<Score>>, Box<dyn Error>> {
    match case.releases(pair, (epsilon, count), rng) {
        Ok(released) => Ok(Some(released.iter().map(|one| target.score(one)).collect::<Result<_, _>>()?)),
        Err(refusal) if infeasible(&refusal) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Refused by public parameters: budget, move, number of rows.
const fn infeasible(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Mechanism(_) | Refusal::FewDraws { .. } | Refusal::OutOfRange { .. })
}

/// Longer rows scaled back.
fn within(mut rows: Mat, radius: f64) -> Mat {
    for i in 0..rows.nrows() {
        let norm = rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
        let factor = (radius / norm).min(1.0);
        rows.row_mut(i).iter_mut().for_each(|x| *x *= factor);
    }
    rows
}
