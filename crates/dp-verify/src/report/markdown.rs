//! The rows as a document for where HTML is not rendered.

use super::Summary;
use super::notes;
use super::number::{Number, Percent};
use crate::{Error, FAMILY_ALPHA, Relation, family_alpha};
use std::io::Write;

/// Writes a heading a crate, and a table of its rows.
///
/// # Errors
/// [`Error::Write`] if the writer refuses.
pub fn write_markdown(mut out: impl Write, summary: &Summary<'_>) -> Result<(), Error> {
    let green = summary.rows.iter().filter(|row| row.is_green()).count();
    writeln!(out, "# What provable-dp claims, and what was found\n")?;
    writeln!(
        out,
        "{green} of {} rows are green; level {}, seed {}.",
        summary.rows.len(),
        summary.level.name(),
        summary.seed
    )?;
    let alpha = family_alpha(summary.rows);
    if alpha > 0.0 {
        let excess = if alpha > FAMILY_ALPHA { ", which is **too much**" } else { "" };
        writeln!(out, "An honest library is accused with probability {alpha:.1e} at most{excess}.")?;
    }
    for problem in summary.problems {
        writeln!(out, "\n**{problem}**")?;
    }
    for (library, ..) in summary.counts() {
        writeln!(
            out,
            "\n## {library}\n\n| | claim | status | evidence | verdict | observed | | bound | used | twin | n |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|---|---|---|")?;
        for row in summary.rows.iter().filter(|row| row.library == library) {
            let sign = match row.shipped.relation {
                Relation::AtMost => "≤",
                Relation::AtLeast => "≥",
                Relation::None => "",
            };
            writeln!(
                out,
                "| {} | `{}` | {} | {} | {} | {} | {sign} | {} | {} | {} | {} |",
                if row.is_green() { "✓" } else { "✗" },
                row.id,
                row.status,
                row.evidence,
                row.shipped.verdict,
                Number(row.shipped.observed),
                Number(row.shipped.bound),
                Percent(row.used()),
                row.control().name(),
                row.shipped.n
            )?;
        }
        for row in summary.rows.iter().filter(|row| row.library == library && !row.is_green()) {
            writeln!(out, "\n`{}`, {}: `{}`", row.id, row.evidence, summary.command(row.id))?;
            notes(row).iter().try_for_each(|note| writeln!(out, "\n> {}", note.replace('\n', " ")))?;
        }
    }
    Ok(())
}
