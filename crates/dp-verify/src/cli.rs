//! The command line.

use crate::report::{Colour, Table, write_json_line};
use crate::{Error, Level, Problem, Registry, Selection, Settings, run};
use clap::Parser;
use indicatif::MultiProgress;
use rand::TryRng;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Seed of `--quick` runs unless `--seed` says otherwise: the same numbers everywhere, so that a statistical check
/// either passes on every machine or on none.
pub const QUICK_SEED: u64 = 20_260_101;

/// Exit code of a run with a red row or an incomplete registry.
const RED: u8 = 1;
/// Exit code of a wrong call (also clap's own).
const USAGE: u8 = 2;

/// Checks every claim of provable-dp, and that each check catches a planted fault.
///
/// ```
/// use clap::Parser;
/// use dp_verify::cli::Options;
/// let options = Options::try_parse_from(["verify", "--full", "--only", "linalg", "--seed", "7"]).unwrap();
/// assert_eq!((options.full, options.seed), (true, Some(7)));
/// ```
#[derive(Debug, Clone, Parser)]
#[command(name = "verify", version)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
pub struct Options {
    /// Few trials, fixed seed (the default)
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Many trials, fresh seed
    #[arg(long)]
    pub full: bool,
    /// Only this claim, or all claims whose id starts with `ID.`; may be repeated
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Seed of every random number, from 0 to 2⁶⁴ − 1
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Print claims and their evidence; run nothing
    #[arg(long)]
    pub list: bool,
    /// Also write one JSON object for each row to this file, which is emptied first
    #[arg(long, value_name = "PATH")]
    pub json: Option<PathBuf>,
    /// Plain text even on a terminal (as the environment variable `NO_COLOR` does)
    #[arg(long)]
    pub no_color: bool,
}

impl Options {
    fn level(&self) -> Level {
        if self.full { Level::Full } else { Level::Quick }
    }

    /// The given seed; else the fixed one of a quick run, or a fresh one for a full run.
    fn resolve_seed(&self) -> Result<u64, Error> {
        match (self.seed, self.level()) {
            (Some(seed), _) => Ok(seed),
            (None, Level::Quick) => Ok(QUICK_SEED),
            (None, Level::Full) => rand::rngs::SysRng.try_next_u64().map_err(|_| Error::NoSeed),
        }
    }

    fn colour(&self) -> Colour {
        let plain = self.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if plain || !std::io::stdout().is_terminal() { Colour::Off } else { Colour::On }
    }
}

/// Runs what the process was asked for.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse();
    let colour = options.colour();
    execute(&options, &Registry::shipped(), &MultiProgress::new(), colour, std::io::stdout())
        .unwrap_or_else(|error| fail(&error))
}

fn fail(error: &Error) -> ExitCode {
    eprintln!("verify: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    ExitCode::from(if matches!(error, Error::UnknownId { .. }) { USAGE } else { RED })
}

/// Runs these options on a registry, writing the table to `out` and progress to `progress` (bars appear only on a
/// terminal). The exit code is 0 if something ran and everything is green, and 1 otherwise.
///
/// # Errors
/// [`Error::UnknownId`] if `--only` names nothing, [`Error::NoSeed`] or [`Error::Write`] if the machine refuses.
pub fn execute(
    options: &Options,
    registry: &Registry,
    progress: &MultiProgress,
    colour: Colour,
    mut out: impl Write,
) -> Result<ExitCode, Error> {
    let selection = Selection::only(options.only.iter().cloned());
    selection.validate(registry)?;
    if options.list {
        list(registry, &selection, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut json = options.json.as_ref().map(File::create).transpose()?.map(BufWriter::new);
    let seed = options.resolve_seed()?;
    let settings = Settings { progress: progress.clone(), ..Settings::new(options.level(), seed) };
    let table = Table::new(registry, &selection, colour);
    writeln!(out, "seed {seed}")?;
    table.header(&mut out)?;
    let rows = run(registry, &selection, &settings, |row| {
        json.as_mut().map_or(Ok(()), |file| write_json_line(file, row))?;
        table.row(&mut out, row)
    })?;
    if let Some(file) = &mut json {
        file.flush()?;
    }
    let problems: Vec<Problem> =
        registry.problems().into_iter().filter(|problem| selection.contains(problem.id())).collect();
    table.summary(&mut out, &rows, &problems)?;
    if rows.is_empty() {
        writeln!(out, "nothing was checked, which proves nothing")?;
    }
    let green = !rows.is_empty() && problems.is_empty() && rows.iter().all(crate::Row::is_green);
    Ok(if green { ExitCode::SUCCESS } else { ExitCode::from(RED) })
}

fn list(registry: &Registry, selection: &Selection, mut out: impl Write) -> Result<(), Error> {
    for (library, claim) in registry.claims().filter(|(_, claim)| selection.contains(claim.id)) {
        let evidence: Vec<_> =
            registry.checks_of(claim.id).iter().map(|check| check.evidence.name()).collect();
        let evidence = if evidence.is_empty() { "no check".to_owned() } else { evidence.join(", ") };
        writeln!(out, "{} ({library}, {}, {})", claim.id, claim.kind, claim.status)?;
        writeln!(out, "    {}", claim.statement)?;
        writeln!(out, "    {}, {}: {evidence}", claim.source.work, claim.source.result)?;
    }
    Ok(())
}
