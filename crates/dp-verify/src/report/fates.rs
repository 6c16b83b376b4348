//! What became of mutants: an aligned table, and one JSON object a line.

use super::Colour;
use crate::{Error, Fate, KnownBug, Registry, Selection, Trial};
use serde::Serialize;
use std::io::Write;

/// Writes who kills whom, then a summary.
///
/// ```
/// use dp_verify::report::{Colour, FateTable};
/// use dp_verify::{Registry, Selection};
/// let (registry, mut out) = (Registry::new(vec![], vec![]), Vec::new());
/// FateTable::new(&registry, &Selection::everything(), Colour::Off).summary(&mut out, &[])?;
/// assert_eq!(String::from_utf8(out)?, "\n0 mutants: 0 killed, 0 survived\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FateTable {
    name_width: usize,
    library_width: usize,
    colour: Colour,
}

impl FateTable {
    /// A table wide enough for the mutants of the selected claims.
    #[must_use]
    pub fn new(registry: &Registry, selection: &Selection, colour: Colour) -> Self {
        let is_selected = |checks: &[(&str, _)]| checks.iter().any(|(claim, _)| selection.contains(claim));
        let mutants = registry.mutants().iter().filter(|mutant| is_selected(mutant.checks));
        let name_width = mutants.map(|mutant| mutant.name.len()).max().unwrap_or(0).max("mutant".len());
        let libraries = registry.libraries().iter().map(|library| library.name.len());
        Self { name_width, library_width: libraries.max().unwrap_or(0).max("crate".len()), colour }
    }

    /// The line of column names.
    ///
    /// # Errors
    /// [`Error::Write`] if the writer refuses.
    pub fn header(&self, mut out: impl Write) -> Result<(), Error> {
        let (name, library) = (self.name_width, self.library_width);
        writeln!(out, "  {:name$}  {:library$}  killed by", "mutant", "crate")?;
        Ok(())
    }

    /// One mutant; below it each check that did not reject it, with what that check said.
    ///
    /// # Errors
    /// [`Error::Write`] if the writer refuses.
    pub fn row(&self, mut out: impl Write, fate: &Fate) -> Result<(), Error> {
        let (name, library) = (self.name_width, self.library_width);
        let killers = fate.killed_by();
        writeln!(
            out,
            "{} {:name$}  {:library$}  {}",
            if fate.is_killed() { self.colour.green("✓") } else { self.colour.red("✗") },
            fate.mutant.name,
            fate.library,
            if killers.is_empty() { self.colour.red("nothing") } else { killers.join(", ") },
        )?;
        for trial in fate.survived_by() {
            let outcome = &trial.outcome;
            let note = if outcome.note.is_empty() { "" } else { "; " };
            let survived = self.colour.red("survived");
            writeln!(out, "    {survived} {}: {}{note}{}", named(trial), outcome.verdict, outcome.note)?;
        }
        Ok(())
    }

    /// One line of counts.
    ///
    /// # Errors
    /// [`Error::Write`] if the writer refuses.
    pub fn summary(&self, mut out: impl Write, fates: &[Fate]) -> Result<(), Error> {
        let survived = fates.iter().filter(|fate| !fate.is_killed()).count();
        let text = format!("{survived} survived");
        let text = if survived == 0 { self.colour.green(&text) } else { self.colour.red(&text) };
        writeln!(out, "\n{} mutants: {} killed, {text}", fates.len(), fates.len() - survived)?;
        Ok(())
    }
}

fn named(trial: &Trial) -> String {
    format!("{} ({})", trial.claim, trial.evidence)
}

/// The keys, in the order in which they are written.
#[derive(Serialize)]
struct Line<'a> {
    mutant: &'a str,
    #[serde(rename = "crate")]
    library: &'a str,
    fault: &'a str,
    known: Option<&'a str>,
    killed_by: Vec<&'a str>,
    survived_by: Vec<String>,
}

/// Writes one mutant as one line.
///
/// The keys are `mutant`, `crate`, `fault`, `known` (the bug of other libraries, or `null`), `killed_by` (ids of claims) and `survived_by`
/// (ids of claims, each with the evidence of the check that did not reject it), in this order.
///
/// # Errors
/// [`Error::Write`] or [`Error::Json`] if the writer refuses.
pub fn write_fate_line(mut out: impl Write, fate: &Fate) -> Result<(), Error> {
    let line = Line {
        mutant: fate.mutant.name,
        library: fate.library,
        fault: fate.mutant.fault,
        known: fate.mutant.known.map(KnownBug::name),
        killed_by: fate.killed_by(),
        survived_by: fate.survived_by().map(named).collect(),
    };
    serde_json::to_writer(&mut out, &line)?;
    out.write_all(b"\n")?;
    Ok(())
}
