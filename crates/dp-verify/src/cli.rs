//! The command line.

use crate::report::{
    Colour, FateTable, Summary, Table, count_of_rows, keeps_claims, read_json_lines, write_fate_line,
    write_html, write_index, write_json_line, write_markdown,
};
use crate::{
    Error, Examination, Fate, Level, Problem, Registry, Row, Selection, Settings, document, examine, run,
    run_mutants,
};
use clap::Parser;
use indicatif::MultiProgress;
use rand::TryRng;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Seed of `--quick` runs unless `--seed` says otherwise: the same numbers everywhere, so that a statistical check
/// either passes on every machine or on none.
pub const QUICK_SEED: u64 = 20_260_101;

/// The index of theorems, in the folder of docs/theorems.md.
const INDEX: &str = "theorem_index.md";

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
#[command(name = "verify", version, long_about = None)]
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
    /// Only claims of this crate; may be repeated
    #[arg(long = "crate", value_name = "NAME")]
    pub crates: Vec<String>,
    /// Seed of every random number, from 0 to 2⁶⁴ − 1
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Print claims, their evidence and the faults of broken twins; run nothing
    #[arg(long, conflicts_with_all = ["theorems", "certificate", "full", "seed", "json", "html", "markdown"])]
    pub list: bool,
    /// Run the broken variants alone, and print which checks reject them
    #[arg(long, conflicts_with_all = ["list", "theorems", "certificate", "resume", "html", "markdown"])]
    pub mutants: bool,
    /// Write the index of theorems into this folder, which has `theorems.md`; run nothing
    #[arg(long, value_name = "DOCS", conflicts_with_all = ["certificate", "only", "crates", "full", "seed", "json", "html", "markdown"])]
    pub theorems: Option<PathBuf>,
    /// Let the index lose this claim, its kind or some evidence of it; may be repeated
    #[arg(long, value_name = "ID", requires = "theorems")]
    pub withdraw: Vec<String>,
    /// Examine the certificate of a saved release, or one that was written as JSON; run nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "crates", "full", "seed", "json", "html", "markdown"])]
    pub certificate: Option<PathBuf>,
    /// Also write one JSON object for each row to this file, which is emptied first (but for `--resume`)
    #[arg(long, value_name = "PATH")]
    pub json: Option<PathBuf>,
    /// Keep the rows that the file of `--json` holds, with their seed, and run the rest
    #[arg(long, requires = "json")]
    pub resume: bool,
    /// Also write a page with every claim, its evidence and pictures; it needs no network
    #[arg(long, value_name = "PATH")]
    pub html: Option<PathBuf>,
    /// Also write the rows as Markdown
    #[arg(long, value_name = "PATH")]
    pub markdown: Option<PathBuf>,
    /// Worker threads, of which each needs a core; two unless said
    #[arg(long, value_name = "N", default_value = "2")]
    pub threads: NonZeroUsize,
    /// Plain text even on a terminal (as the environment variable `NO_COLOR` does)
    #[arg(long)]
    pub no_color: bool,
}

impl Options {
    fn level(&self) -> Level {
        if self.full { Level::Full } else { Level::Quick }
    }

    fn settings(&self, seed: u64, progress: &MultiProgress) -> Settings {
        let (threads, progress) = (self.threads, progress.clone());
        Settings { threads, progress, ..Settings::new(self.level(), seed) }
    }

    /// The given seed; else the fixed one of a quick run, or a fresh one for a full run.
    fn resolve_seed(&self) -> Result<u64, Error> {
        match (self.seed, self.level()) {
            (Some(seed), _) => Ok(seed),
            (None, Level::Quick) => Ok(QUICK_SEED),
            (None, Level::Full) => rand::rngs::SysRng.try_next_u64().map_err(|_| Error::NoSeed),
        }
    }

    /// Rows of the run that is to be resumed.
    fn earlier(&self, registry: &Registry) -> Result<Option<(u64, Vec<Row>)>, Error> {
        let Some(path) = self.json.as_ref().filter(|path| self.resume && path.exists()) else {
            return Ok(None);
        };
        let file = File::open(path).map_err(|source| document::at(path, source))?;
        let found = read_json_lines(BufReader::new(file), registry, self.level())?;
        match (&found, self.seed) {
            (Some((known, _)), Some(asked)) if *known != asked => Err(Error::Resume),
            _ => Ok(found),
        }
    }

    fn json_file(&self) -> Result<Option<BufWriter<File>>, Error> {
        let Some(path) = &self.json else { return Ok(None) };
        let opened = if self.resume {
            File::options().create(true).append(true).open(path)
        } else {
            File::create(path)
        };
        let mut file = opened.map_err(|source| document::at(path, source))?;
        if self.resume && std::fs::read(path)?.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?; // a line that was cut off stays alone
        }
        Ok(Some(BufWriter::new(file)))
    }

    /// Pages that are written when all is known, each to a file of its own that can be written.
    fn probe_documents(&self) -> Result<(), Error> {
        let paths: Vec<_> = [&self.json, &self.html, &self.markdown].into_iter().flatten().collect();
        if let Some(path) =
            paths.iter().enumerate().find_map(|(i, path)| paths[..i].contains(path).then_some(path))
        {
            return Err(Error::SameFile { path: (*path).clone() });
        }
        [&self.html, &self.markdown].into_iter().flatten().try_for_each(|path| document::probe(path))
    }

    fn write_documents(&self, summary: &Summary<'_>) -> Result<(), Error> {
        if let Some(path) = &self.html {
            document::replace(path, |out| write_html(out, summary))?;
        }
        if let Some(path) = &self.markdown {
            document::replace(path, |out| write_markdown(out, summary))?;
        }
        Ok(())
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
    let registry = Registry::shipped().of_crates(&options.crates);
    registry
        .and_then(|registry| execute(&options, &registry, &MultiProgress::new(), colour, std::io::stdout()))
        .unwrap_or_else(|error| fail(&error))
}

fn fail(error: &Error) -> ExitCode {
    eprintln!("verify: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    ExitCode::from(
        if matches!(
            error,
            Error::UnknownId { .. }
                | Error::UnknownCrate { .. }
                | Error::SameFile { .. }
                | Error::Resume
                | Error::Withdrawn { .. }
        ) {
            USAGE
        } else {
            RED
        },
    )
}

/// Runs these options on a registry, writing the table to `out` and progress to `progress` (bars appear only on a
/// terminal). The exit code is 0 if something ran and everything is green, and 1 otherwise.
///
/// # Errors
/// [`Error::UnknownId`] if `--only` names nothing, [`Error::SameFile`] if two reports have one name, [`Error::Resume`] if the rows to resume
/// from are of another run, [`Error::File`], [`Error::NoSeed`] or [`Error::Write`] if the machine refuses. What can be known to fail does so
/// before anything runs.
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
    if let Some(path) = &options.certificate {
        let Examination { facts, problems } = examine(path, registry)?;
        facts.iter().try_for_each(|fact| writeln!(out, "✓ {}", visible(fact)))?;
        problems.iter().try_for_each(|problem| writeln!(out, "✗ {}", visible(problem)))?;
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(RED) });
    }
    if let Some(folder) = &options.theorems {
        let mut index = Vec::new();
        write_index(&mut index, registry, &std::fs::read_to_string(folder.join("theorems.md"))?)?;
        let old = match std::fs::read_to_string(folder.join(INDEX)) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read?,
        };
        keeps_claims(&old, &String::from_utf8_lossy(&index), &options.withdraw)?;
        document::replace(&folder.join(INDEX), |out| Ok(out.write_all(&index)?))?;
        let claims: Vec<_> = registry.claims().collect();
        let rows: usize = claims.iter().map(|(_, claim)| registry.checks_of(claim.id).len()).sum();
        writeln!(out, "{} claims in {rows} rows", claims.len())?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.mutants {
        return execute_mutants(options, registry, progress, colour, out);
    }
    options.probe_documents()?;
    let earlier = options.earlier(registry)?;
    let seed = match &earlier {
        Some((seed, _)) => *seed,
        None => options.resolve_seed()?,
    };
    let earlier: Vec<Row> = earlier.into_iter().flat_map(|(_, rows)| rows).collect();
    let mut json = options.json_file()?;
    let done = earlier.iter().map(|row| (row.id, row.evidence)).collect();
    let settings = Settings { done, ..options.settings(seed, progress) };
    let table = Table::new(registry, &selection, colour);
    writeln!(out, "seed {seed}")?;
    if !earlier.is_empty() {
        writeln!(out, "of an earlier run: {}", count_of_rows(earlier.len()))?;
    }
    table.header(&mut out)?;
    for row in in_claim_order(registry, &selection, earlier.clone()) {
        table.row(&mut out, &row)?;
    }
    let fresh = run(registry, &selection, &settings, |row| {
        json.as_mut().map_or(Ok(()), |file| write_json_line(file, row, options.level()))?;
        // an interrupted run is resumed from what is on the disk
        json.as_mut().map_or(Ok(()), Write::flush)?;
        table.row(&mut out, row)
    })?;
    let rows = in_claim_order(registry, &selection, earlier.into_iter().chain(fresh).collect());
    let problems: Vec<Problem> =
        registry.problems().into_iter().filter(|problem| selection.contains(problem.id())).collect();
    table.summary(&mut out, &rows, &problems)?;
    if rows.is_empty() {
        writeln!(out, "nothing was checked, which proves nothing")?;
    }
    let (rows, problems) = (rows.as_slice(), problems.as_slice());
    let summary = Summary { registry, rows, problems, seed, level: options.level() };
    options.write_documents(&summary)?;
    Ok(if summary.is_green() { ExitCode::SUCCESS } else { ExitCode::from(RED) })
}

/// The exit code is 0 if some mutant was run and each is killed.
fn execute_mutants(
    options: &Options,
    registry: &Registry,
    progress: &MultiProgress,
    colour: Colour,
    mut out: impl Write,
) -> Result<ExitCode, Error> {
    let selection = Selection::only(options.only.iter().cloned());
    let seed = options.resolve_seed()?;
    let settings = options.settings(seed, progress);
    let mut json = options.json_file()?;
    let table = FateTable::new(registry, &selection, colour);
    writeln!(out, "seed {seed}")?;
    table.header(&mut out)?;
    let fates = run_mutants(registry, &selection, &settings, |fate| {
        json.as_mut().map_or(Ok(()), |file| write_fate_line(file, fate))?;
        json.as_mut().map_or(Ok(()), Write::flush)?;
        table.row(&mut out, fate)
    })?;
    table.summary(&mut out, &fates)?;
    let green = !fates.is_empty() && fates.iter().all(Fate::is_killed);
    Ok(if green { ExitCode::SUCCESS } else { ExitCode::from(RED) })
}

/// Text from a file of somebody else's on one line of a terminal, which it cannot steer.
fn visible(text: &str) -> String {
    // marks that turn the direction of text, and separators of lines
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn in_claim_order(registry: &Registry, selection: &Selection, rows: Vec<Row>) -> Vec<Row> {
    let order: Vec<&str> = registry.claims().map(|(_, claim)| claim.id).collect();
    let place = |row: &Row| (order.iter().position(|id| *id == row.id), row.evidence);
    let mut rows: Vec<Row> = rows.into_iter().filter(|row| selection.contains(row.id)).collect();
    rows.sort_by_key(place);
    rows
}

fn list(registry: &Registry, selection: &Selection, mut out: impl Write) -> Result<(), Error> {
    for (library, claim) in registry.claims().filter(|(_, claim)| selection.contains(claim.id)) {
        let evidence: Vec<_> =
            registry.checks_of(claim.id).iter().map(|check| check.evidence.name()).collect();
        let evidence = if evidence.is_empty() { "no check".to_owned() } else { evidence.join(", ") };
        writeln!(out, "{} ({library}, {}, {})", claim.id, claim.kind, claim.status)?;
        writeln!(out, "    {}", claim.statement)?;
        writeln!(out, "    {}, {}: {evidence}", claim.source.work, claim.source.result)?;
        for check in registry.checks_of(claim.id) {
            for fault in registry.faults_of(claim.id, check.evidence) {
                writeln!(out, "    {} twin: {fault}", check.evidence)?;
            }
        }
    }
    Ok(())
}
