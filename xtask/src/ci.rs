//! Everything that continuous integration does, on any machine: steps in order, what they need, how long they took.

use crate::steps::STEPS;
use crate::{finish, usage};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// One thing that continuous integration does.
pub(crate) struct Step {
    /// The command.
    pub(crate) name: &'static str,
    /// What it shows, in one line.
    pub(crate) about: &'static str,
    /// What must be there besides the toolchain of the workspace.
    pub(crate) needs: &'static [Need],
    /// Arguments of it in `ci`.
    pub(crate) in_ci: &'static [&'static str],
    /// Runs it with the arguments behind the command.
    pub(crate) run: fn(&[OsString]) -> ExitCode,
}

/// A tool that not every machine has.
pub(crate) struct Need {
    pub(crate) name: &'static str,
    /// A call that succeeds where the tool is.
    pub(crate) probe: &'static [&'static str],
    /// How to get it.
    pub(crate) install: &'static str,
}

impl Need {
    fn is_met(&self) -> bool {
        let [program, arguments @ ..] = self.probe else { return true };
        let mut probe = Command::new(program);
        probe.args(arguments).env_remove("RUSTUP_TOOLCHAIN").stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }
}

/// What becomes of a step whose tool is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is listed with the reason.
    Skipped,
    /// It is as if it had failed.
    Red,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Green,
    Red,
    Skipped(String),
}

/// A line of the summary.
struct Outcome {
    name: &'static str,
    verdict: Verdict,
    time: Duration,
}

pub(crate) fn find(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

/// Name and purpose of each step.
pub(crate) fn list() -> String {
    let lines: Vec<String> =
        STEPS.iter().map(|step| format!("  {:24} {}\n", step.name, step.about)).collect();
    lines.concat()
}

/// `cargo xtask ci [--strict] [STEP]…`
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let missing = if arguments.contains(&"--strict") { Missing::Red } else { Missing::Skipped };
    let named: Vec<&str> = arguments.into_iter().filter(|argument| *argument != "--strict").collect();
    if named.iter().any(|name| find(name).is_none()) {
        return usage();
    }
    let all = STEPS.iter().map(|step| step.name);
    run(&if named.is_empty() { all.collect::<Vec<_>>() } else { named }, missing)
}

/// One step by itself, where a missing tool is a failure.
pub(crate) fn alone(name: &str, arguments: &[OsString]) -> ExitCode {
    let Some(step) = find(name) else { return usage() };
    if let Some(need) = step.needs.iter().find(|need| !need.is_met()) {
        eprintln!("{}", reason(need));
        return ExitCode::FAILURE;
    }
    (step.run)(arguments)
}

/// Runs every step even if one fails, so that one round shows all there is to mend.
pub(crate) fn run(names: &[&str], missing: Missing) -> ExitCode {
    let (start, before) = (Instant::now(), bytes_below(&target()));
    let outcomes: Vec<Outcome> = names.iter().filter_map(|name| find(name)).map(one).collect();
    eprint!("\n{}", summary(&outcomes));
    let after = bytes_below(&target());
    eprintln!(
        "{:.0} s in all; the target folder has {:.2} GB, {:+.2} GB by this run",
        start.elapsed().as_secs_f64(),
        gigabytes(after),
        gigabytes(after) - gigabytes(before)
    );
    if is_green(&outcomes, missing) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(step: &Step) -> Outcome {
    eprintln!("\n==> {}: {}", step.name, step.about);
    let start = Instant::now();
    let arguments: Vec<OsString> = step.in_ci.iter().map(OsString::from).collect();
    let verdict = match step.needs.iter().find(|need| !need.is_met()) {
        Some(need) => Verdict::Skipped(reason(need)),
        None if (step.run)(&arguments) == ExitCode::SUCCESS => Verdict::Green,
        None => Verdict::Red,
    };
    Outcome { name: step.name, verdict, time: start.elapsed() }
}

fn reason(need: &Need) -> String {
    format!("no {}; {}", need.name, need.install)
}

fn is_green(outcomes: &[Outcome], missing: Missing) -> bool {
    outcomes.iter().all(|outcome| match outcome.verdict {
        Verdict::Green => true,
        Verdict::Red => false,
        Verdict::Skipped(_) => missing == Missing::Skipped,
    })
}

fn summary(outcomes: &[Outcome]) -> String {
    let line = |outcome: &Outcome| {
        let (verdict, reason) = match &outcome.verdict {
            Verdict::Green => ("green", String::new()),
            Verdict::Red => ("RED", String::new()),
            Verdict::Skipped(reason) => ("skipped", format!("  {reason}")),
        };
        format!("{:18} {:8} {:7.1} s{reason}\n", outcome.name, verdict, outcome.time.as_secs_f64())
    };
    outcomes.iter().map(line).collect::<Vec<_>>().concat()
}

/// Where the workspace is.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Lengths of all files in a folder; what cannot be read counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// Runs each command even if one fails.
pub(crate) fn each(commands: impl IntoIterator<Item = Command>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for mut command in commands {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        eprintln!("    {}", arguments.join(" "));
        if finish(&mut command) != ExitCode::SUCCESS {
            code = ExitCode::FAILURE;
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &'static str, verdict: Verdict) -> Outcome {
        Outcome { name, verdict, time: Duration::from_millis(1500) }
    }

    #[test]
    fn a_missing_tool_is_listed_and_red_when_strict() {
        let absent = Need { name: "mint", probe: &["no-such-program-here"], install: "grow it" };
        assert!(!absent.is_met());
        let outcomes = [outcome("a", Verdict::Green), outcome("b", Verdict::Skipped(reason(&absent)))];
        assert!(summary(&outcomes).contains("b                  skipped      1.5 s  no mint; grow it\n"));
        assert!(is_green(&outcomes, Missing::Skipped));
        assert!(!is_green(&outcomes, Missing::Red));
        assert!(!is_green(&[outcome("c", Verdict::Red)], Missing::Skipped));
    }

    #[test]
    fn steps_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
        for other in ["check", "ci", "proofs", "theorems", "help"] {
            assert!(find(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_workflow_calls_steps_that_exist_and_leaves_none_out() {
        let workflow = std::fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
        let called: Vec<&str> = workflow
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .filter_map(|line| line.split("cargo xtask ").nth(1)?.split_whitespace().next())
            .collect();
        assert!(called.iter().all(|name| find(name).is_some() || *name == "check"), "{called:?}");
        for step in STEPS.iter().filter(|step| step.name != "book") {
            let in_check = ["fmt", "tidy", "clippy", "doc"].contains(&step.name) && called.contains(&"check");
            assert!(in_check || called.contains(&step.name), "no job runs {}", step.name);
        }
    }
}
