//! What a release needs: packages, features, the oldest dependencies, documentation of every item.

use crate::ci::{each, root, target};
use crate::tidy::workspace::{Member, Workspace};
use crate::{cargo_of, cargo_path, finish};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

fn published() -> io::Result<Vec<Member>> {
    Ok(Workspace::read()?.members.into_iter().filter(|member| member.published).collect())
}

/// The exit code of a step that may fail by itself.
fn report(result: io::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

/// Packages what is here, committed or not, and builds each crate from its package and those of the others.
pub(crate) fn package() -> ExitCode {
    report(published().map(|members| {
        let names = members.iter().flat_map(|member| ["--package", &member.name]);
        let mut command = Command::new(cargo_path());
        command.args(["package", "--allow-dirty", "--locked"]).args(names);
        // said explicitly, the folder is one for all crates, and what they share is compiled once
        finish(command.env("CARGO_TARGET_DIR", target()))
    }))
}

/// Checks each published library alone, so that no other crate's features help: by default, and with every set.
pub(crate) fn features() -> ExitCode {
    let check = |member: &Member, features: Option<&str>| {
        let mut command = Command::new(cargo_path());
        command.args(["check", "--quiet", "--lib", "--locked", "--package", &member.name]);
        if let Some(features) = features {
            command.args(["--no-default-features", "--features", features]);
        }
        command
    };
    report(published().map(|members| {
        each(members.iter().flat_map(|member| {
            let sets = subsets(&member.features).into_iter().map(Some).chain([None]);
            sets.map(|set| check(member, set.as_deref())).collect::<Vec<_>>()
        }))
    }))
}

/// Every set of these, as lists with commas.
fn subsets(features: &[String]) -> Vec<String> {
    let mut sets = vec![String::new()];
    for feature in features {
        let with = |set: &String| if set.is_empty() { feature.clone() } else { format!("{set},{feature}") };
        let more: Vec<String> = sets.iter().map(with).collect();
        sets.extend(more);
    }
    sets
}

/// Resolves a copy of the workspace to the oldest direct dependencies and checks the published crates there: the lock of
/// the workspace stays.
pub(crate) fn minimal_versions() -> ExitCode {
    report(minimal_versions_in(&target().join("minimal-versions")))
}

fn minimal_versions_in(folder: &Path) -> io::Result<ExitCode> {
    let copy = folder.join("workspace");
    copy_tracked(&copy)?;
    let members = published()?;
    let mut resolve = cargo_of("nightly", &["update", "-Z", "direct-minimal-versions"]);
    if finish(resolve.current_dir(&copy)) != ExitCode::SUCCESS {
        return Ok(ExitCode::FAILURE);
    }
    let names = members.iter().flat_map(|member| ["--package", &member.name]);
    let mut check = Command::new(cargo_path());
    check.args(["check", "--lib", "--all-features", "--locked"]).args(names);
    Ok(finish(check.current_dir(&copy).env("CARGO_TARGET_DIR", folder.join("target"))))
}

/// Copies what git knows of the workspace.
fn copy_tracked(copy: &Path) -> io::Result<()> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output()?;
    if copy.exists() {
        std::fs::remove_dir_all(copy)?;
    }
    for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        let (from, to) = (root().join(path), copy.join(path));
        if from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap_or(copy))?;
            std::fs::copy(from, to)?;
        }
    }
    Ok(())
}

/// Counts what is documented, and what of it has an example, in each published crate.
pub(crate) fn doc_coverage() -> ExitCode {
    report(published().and_then(|members| {
        let mut code = ExitCode::SUCCESS;
        for member in &members {
            let coverage = coverage(&member.name)?;
            println!("{:20} {coverage}", member.name);
            if coverage.documented < coverage.items {
                code = ExitCode::FAILURE;
            }
        }
        Ok(code)
    }))
}

/// Items of a crate, how many are documented, how many of these have an example.
#[derive(Debug, Default, PartialEq, Eq)]
struct Coverage {
    items: u64,
    documented: u64,
    examples: u64,
}

impl core::fmt::Display for Coverage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} of {} items documented, {} with an example", self.documented, self.items, self.examples)
    }
}

fn coverage(name: &str) -> io::Result<Coverage> {
    let arguments = ["rustdoc", "--quiet", "--lib", "--all-features", "--locked", "--package", name, "--"];
    let mut command = cargo_of("nightly", &arguments);
    command.args(["-Z", "unstable-options", "--show-coverage", "--output-format", "json"]);
    let output = command.current_dir(root()).stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| io::Error::other(format!("no coverage of {name}")))?;
    Ok(sum(&serde_json::from_str(line)?))
}

/// The sum over files of what rustdoc counts.
fn sum(files: &Value) -> Coverage {
    let counts = files.as_object().into_iter().flat_map(|files| files.values());
    counts.fold(Coverage::default(), |sum, file| {
        let count = |key: &str| file[key].as_u64().unwrap_or_default();
        Coverage {
            items: sum.items + count("total"),
            documented: sum.documented + count("with_docs"),
            examples: sum.examples + count("with_examples"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sets_of_features_are_listed_once() {
        assert_eq!(subsets(&[]), [""]);
        assert_eq!(subsets(&["a".to_owned(), "b".to_owned()]), ["", "a", "b", "a,b"]);
    }

    #[test]
    fn coverage_adds_files_up() {
        let files = serde_json::json!({
            "a.rs": {"total": 3, "with_docs": 2, "total_examples": 3, "with_examples": 1},
            "b.rs": {"total": 1, "with_docs": 1, "total_examples": 1, "with_examples": 1},
        });
        assert_eq!(sum(&files), Coverage { items: 4, documented: 3, examples: 2 });
    }
}
