//! JSON lines: a stable format that other tools read, and that an interrupted run is resumed from.

use crate::{Check, Error, Level, Outcome, Registry, Relation, Row, Verdict};
use dp_claims::Claim;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{BufRead, Write};
use std::sync::OnceLock;
use std::time::Duration;

/// The keys, in the order in which they are written.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "crate")]
    library: Cow<'a, str>,
    kind: Cow<'a, str>,
    status: Cow<'a, str>,
    evidence: Cow<'a, str>,
    verdict: Cow<'a, str>,
    observed: Option<f64>,
    bound: Option<f64>,
    control: Cow<'a, str>,
    n: u64,
    /// A string: readers that keep numbers as f64 would change seeds above 2⁵³.
    seed: String,
    ms: u64,
    level: Cow<'a, str>,
    relation: Cow<'a, str>,
    note: Cow<'a, str>,
    twin_verdict: Cow<'a, str>,
    twin_observed: Option<f64>,
    twin_bound: Option<f64>,
    #[serde(default)]
    twin_note: Cow<'a, str>,
    used: Option<f64>,
    alpha: f64,
    build: Cow<'a, str>,
}

/// Writes one row as one line.
///
/// The keys are `id`, `crate`, `kind`, `status`, `evidence`, `verdict`, `observed`, `bound`, `control`, `n`, `seed`,
/// `ms`, `level`, `relation`, `note`, `twin_verdict`, `twin_observed`, `twin_bound`, `twin_note`, `used`, `alpha`, `build`, in this order. Numbers that are not finite become
/// `null`.
///
/// # Errors
/// [`Error::Write`] or [`Error::Json`] if the writer refuses.
pub fn write_json_line(mut out: impl Write, row: &Row, level: Level) -> Result<(), Error> {
    let finite = |x: f64| x.is_finite().then_some(x);
    let line = Line {
        id: row.id.into(),
        library: row.library.into(),
        kind: row.kind.name().into(),
        status: row.status.name().into(),
        evidence: row.evidence.name().into(),
        verdict: row.shipped.verdict.name().into(),
        observed: finite(row.shipped.observed),
        bound: finite(row.shipped.bound),
        control: row.control().name().into(),
        n: row.shipped.n,
        seed: row.seed.to_string(),
        ms: u64::try_from(row.elapsed.as_millis()).unwrap_or(u64::MAX),
        level: level.name().into(),
        relation: row.shipped.relation.name().into(),
        note: row.shipped.note.as_str().into(),
        twin_verdict: row.broken.verdict.name().into(),
        twin_observed: finite(row.broken.observed),
        twin_bound: finite(row.broken.bound),
        twin_note: row.broken.note.as_str().into(),
        used: row.used(),
        alpha: row.shipped.alpha,
        build: build()?.into(),
    };
    serde_json::to_writer(&mut out, &line)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Rows that a run at this level wrote before it ended, with the seed of all of them; without pictures.
///
/// Rows of checks that the registry does not have are left out, and so is whatever is no whole line. Of several lines about one row the first red
/// one counts, or the first.
///
/// # Errors
/// [`Error::Write`] if the reader fails, [`Error::Resume`] when the rows are of another level, of several seeds, or of another build: what other code
/// has shown says nothing of this one.
pub fn read_json_lines(
    lines: impl BufRead,
    registry: &Registry,
    level: Level,
) -> Result<Option<(u64, Vec<Row>)>, Error> {
    let mut found: Option<(u64, Vec<Row>)> = None;
    for line in lines.split(b'\n') {
        let line = line?;
        let Ok(line) = serde_json::from_slice::<Line<'_>>(&line) else { continue };
        let seed: u64 = line.seed.parse().map_err(|_| Error::Resume)?;
        let is_of_another_run = found.as_ref().is_some_and(|(known, _)| *known != seed);
        if line.level != level.name() || line.build != build()? || is_of_another_run {
            return Err(Error::Resume);
        }
        let (_, rows) = found.get_or_insert_with(|| (seed, Vec::new()));
        if let Some(row) = row(&line, registry, seed) {
            keep(rows, row);
        }
    }
    Ok(found)
}

/// Adds a row, or puts it in the place of a green one.
fn keep(rows: &mut Vec<Row>, row: Row) {
    match rows.iter_mut().find(|known| (known.id, known.evidence) == (row.id, row.evidence)) {
        Some(known) if known.is_green() => *known = row,
        Some(_) => {}
        None => rows.push(row),
    }
}

/// A fingerprint (FNV-1a in 64 bits) of the program that runs, which is another one after any change of code.
fn build() -> Result<&'static str, Error> {
    static BUILD: OnceLock<String> = OnceLock::new();
    if let Some(known) = BUILD.get() {
        return Ok(known);
    }
    let program = std::fs::read(std::env::current_exe()?)?;
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    Ok(BUILD.get_or_init(|| format!("{:016x}", program.iter().fold(0xcbf2_9ce4_8422_2325, mix))))
}

fn row(line: &Line<'_>, registry: &Registry, seed: u64) -> Option<Row> {
    let (library, claim): (&'static str, &'static Claim) =
        registry.claims().find(|(_, claim)| claim.id == line.id)?;
    let known = |check: &Check| check.evidence.name() == line.evidence;
    let check = registry.checks_of(claim.id).into_iter().find(known)?;
    if claim.kind.name() != line.kind || claim.status.name() != line.status {
        return None;
    }
    let number = |x: Option<f64>| x.unwrap_or(f64::NAN);
    let shipped = Outcome {
        verdict: Verdict::named(&line.verdict)?,
        observed: number(line.observed),
        bound: number(line.bound),
        n: line.n,
        relation: Relation::named(&line.relation)?,
        note: line.note.clone().into_owned(),
        alpha: line.alpha,
        figure: None,
    };
    let broken = Outcome {
        verdict: Verdict::named(&line.twin_verdict)?,
        observed: number(line.twin_observed),
        bound: number(line.twin_bound),
        note: line.twin_note.clone().into_owned(),
        ..shipped.clone()
    };
    let (kind, status, evidence) = (claim.kind, claim.status, check.evidence);
    let elapsed = Duration::from_millis(line.ms);
    Some(Row { id: claim.id, library, kind, status, evidence, shipped, broken, seed, elapsed })
}
