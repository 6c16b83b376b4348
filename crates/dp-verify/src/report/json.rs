//! JSON lines: a stable format that other tools read.

use crate::{Error, Row};
use serde::Serialize;
use std::io::Write;

/// The keys, in the order in which they are written.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    #[serde(rename = "crate")]
    library: &'a str,
    kind: &'a str,
    status: &'a str,
    evidence: &'a str,
    verdict: &'a str,
    observed: Option<f64>,
    bound: Option<f64>,
    control: &'a str,
    n: u64,
    /// A string: readers that keep numbers as f64 would change seeds above 2⁵³.
    seed: String,
    ms: u64,
}

/// Writes one row as one line.
///
/// The keys are `id`, `crate`, `kind`, `status`, `evidence`, `verdict`, `observed`, `bound`, `control`, `n`, `seed`,
/// `ms`, in this order. Numbers that are not finite become `null`.
///
/// # Errors
/// [`Error::Write`] or [`Error::Json`] if the writer refuses.
pub fn write_json_line(mut out: impl Write, row: &Row) -> Result<(), Error> {
    let finite = |x: f64| x.is_finite().then_some(x);
    let line = Line {
        id: row.id,
        library: row.library,
        kind: row.kind.name(),
        status: row.status.name(),
        evidence: row.evidence.name(),
        verdict: row.shipped.verdict.name(),
        observed: finite(row.shipped.observed),
        bound: finite(row.shipped.bound),
        control: row.control().name(),
        n: row.shipped.n,
        seed: row.seed.to_string(),
        ms: u64::try_from(row.elapsed.as_millis()).unwrap_or(u64::MAX),
    };
    serde_json::to_writer(&mut out, &line)?;
    out.write_all(b"\n")?;
    Ok(())
}
