//! The terminal table.

use super::number::{Number, Percent, count_of_rows};
use crate::{Control, Error, FAMILY_ALPHA, Problem, Registry, Row, Selection, Verdict, family_alpha};
use std::io::Write;

/// Whether escape codes may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// A terminal that did not ask for plain text.
    On,
    /// A pipe, a file, or `NO_COLOR`.
    Off,
}

impl Colour {
    pub(super) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

/// Writes aligned rows, then a summary.
///
/// ```
/// use dp_verify::report::{Colour, Table};
/// use dp_verify::{Registry, Selection};
/// let (registry, mut out) = (Registry::new(vec![], vec![]), Vec::new());
/// let table = Table::new(&registry, &Selection::everything(), Colour::Off);
/// table.summary(&mut out, &[], &registry.problems())?;
/// assert_eq!(String::from_utf8(out)?, "\n0 rows: 0 green, 0 red\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Table {
    id_width: usize,
    colour: Colour,
}

impl Table {
    /// A table wide enough for the ids of the selected claims.
    #[must_use]
    pub fn new(registry: &Registry, selection: &Selection, colour: Colour) -> Self {
        let ids = registry.claims().map(|(_, claim)| claim.id).filter(|id| selection.contains(id));
        Self { id_width: ids.map(str::len).max().unwrap_or(0).max("claim".len()), colour }
    }

    /// The line of column names.
    ///
    /// # Errors
    /// [`Error::Write`] if the writer refuses.
    pub fn header(&self, mut out: impl Write) -> Result<(), Error> {
        let width = self.id_width;
        writeln!(
            out,
            "  {:width$}  {:11}  {:12}  {:>12}  {:>12}  {:>8}  {:8}  {:>10}  {:>8}",
            "claim", "evidence", "verdict", "observed", "bound", "used", "control", "n", "ms"
        )?;
        Ok(())
    }

    /// One row; below it the notes, if the row is red or has something to say.
    ///
    /// # Errors
    /// [`Error::Write`] if the writer refuses.
    pub fn row(&self, mut out: impl Write, row: &Row) -> Result<(), Error> {
        let width = self.id_width;
        writeln!(
            out,
            "{} {:width$}  {:11}  {}  {:>12}  {:>12}  {:>8}  {}  {:>10}  {:>8}",
            if row.is_green() { self.green("✓") } else { self.red("✗") },
            row.id,
            row.evidence,
            self.verdict(row.shipped.verdict),
            Number(row.shipped.observed),
            Number(row.shipped.bound),
            Percent(row.used()),
            self.control(row.control()),
            row.shipped.n,
            row.elapsed.as_millis()
        )?;
        if !row.shipped.note.is_empty() {
            writeln!(out, "    {}", row.shipped.note)?;
        }
        if row.control() == Control::Accepted {
            self.accepted_control(out, row)?;
        }
        Ok(())
    }

    fn accepted_control(self, mut out: impl Write, row: &Row) -> Result<(), Error> {
        let twin = &row.broken;
        let (observed, bound) = (Number(twin.observed), Number(twin.bound));
        let note = if twin.note.is_empty() { "" } else { "; " };
        writeln!(
            out,
            "    {}: {}, observed {observed}, bound {bound}{note}{}",
            self.red("broken twin"),
            twin.verdict,
            twin.note
        )?;
        Ok(())
    }

    /// The problems of the registry and one line of counts.
    ///
    /// # Errors
    /// [`Error::Write`] if the writer refuses.
    pub fn summary(&self, mut out: impl Write, rows: &[Row], problems: &[Problem]) -> Result<(), Error> {
        for problem in problems {
            writeln!(out, "{} {problem}", self.red("✗"))?;
        }
        let green = rows.iter().filter(|row| row.is_green()).count();
        let red = rows.len() - green + problems.len();
        let unpaired = match problems.len() {
            0 => String::new(),
            count => format!(" ({count} of them without a row)"),
        };
        let red = format!("{red} red");
        let red = if red == "0 red" { self.green(&red) } else { self.red(&red) };
        writeln!(out)?;
        let alpha = family_alpha(rows);
        if alpha > 0.0 {
            let excess = if alpha > FAMILY_ALPHA { self.red(" (too much)") } else { String::new() };
            writeln!(
                out,
                "an honest library is accused with probability {alpha:.1e} at most, of {FAMILY_ALPHA:.0e} allowed{excess}"
            )?;
        }
        writeln!(out, "{}: {green} green, {red}{unpaired}", count_of_rows(rows.len()))?;
        Ok(())
    }

    fn verdict(self, verdict: Verdict) -> String {
        let text = format!("{:12}", verdict.name());
        if verdict == Verdict::Holds { self.green(&text) } else { self.red(&text) }
    }

    fn control(self, control: Control) -> String {
        let text = format!("{:8}", control.name());
        if control == Control::Rejected { self.green(&text) } else { self.red(&text) }
    }

    fn green(self, text: &str) -> String {
        self.colour.green(text)
    }

    fn red(self, text: &str) -> String {
        self.colour.red(text)
    }
}
