//! Which code each section of docs/theorems.md proves, and whether both are still what somebody last read side by side.
//!
//! [`LOCK`] lists for each section the files that it is about, with a fingerprint of the section and of the code of each file
//! (without comments, layout and unit tests). A change of either is red until `cargo xtask proofs --accept SECTION` records
//! that the section was read again. A fingerprint finds forgetting, not malice.

use super::Finding;
use super::code::SourceFile;
use super::workspace::Workspace;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::ExitCode;

/// Sections, files and fingerprints, relative to the root.
pub(crate) const LOCK: &str = "docs/proofs.lock";

/// A section in the lock.
#[derive(Debug)]
struct Locked<'a> {
    heading: &'a str,
    fingerprint: &'a str,
    /// Path and fingerprint of each file.
    files: Vec<(&'a str, &'a str)>,
}

/// A section of docs/theorems.md.
struct Section<'a> {
    heading: &'a str,
    text: &'a str,
}

pub(super) fn fresh(workspace: &Workspace) -> Vec<Finding> {
    let locked = parse(&workspace.docs.proofs.text);
    let sections = sections(&workspace.docs.theorems.text);
    let mut findings = unlisted(workspace, &locked, &sections);
    for entry in &locked {
        let Some(section) = sections.iter().find(|section| section.heading == entry.heading) else {
            let message = format!("docs/theorems.md has no section `{}`", entry.heading);
            findings.push(workspace.docs.proofs.finding(entry.heading, message));
            continue;
        };
        findings.extend(stale(workspace, entry, section));
    }
    findings
}

/// What changed of a section and its files.
fn stale(workspace: &Workspace, entry: &Locked<'_>, section: &Section<'_>) -> Vec<Finding> {
    let heading = entry.heading;
    let advice = format!("then `cargo xtask proofs --accept \"{heading}\"`");
    let mut findings = Vec::new();
    let text_changed = section.fingerprint() != entry.fingerprint;
    if text_changed {
        let message = format!("the section changed; compare it with the code that {LOCK} lists, {advice}");
        findings.push(workspace.docs.theorems.finding(&format!("# {heading}"), message));
    }
    for (path, fingerprint) in &entry.files {
        let Some(file) = workspace.source(path) else {
            findings.push(workspace.docs.proofs.finding(path, format!("there is no {path}")));
            continue;
        };
        if of_code(file) != *fingerprint {
            let but = if text_changed { "" } else { " and its proof did not" };
            let message = format!(
                "this code changed{but}; read docs/theorems.md, {heading}, mend what it says, {advice}"
            );
            findings.push(Finding { path: file.path.clone(), line: 1, message });
        }
    }
    findings
}

/// Sections without code, bounds without a section, and files that name a section which does not know them.
fn unlisted(workspace: &Workspace, locked: &[Locked<'_>], sections: &[Section<'_>]) -> Vec<Finding> {
    let files_of = |heading: &str| -> BTreeSet<&str> {
        let entries = locked.iter().filter(|entry| entry.heading == heading);
        entries.flat_map(|entry| entry.files.iter().map(|(path, _)| *path)).collect()
    };
    let mut findings = Vec::new();
    for section in sections.iter().filter(|section| files_of(section.heading).is_empty()) {
        let message = format!("{LOCK} lists no code that `{}` proves; add its files", section.heading);
        findings.push(workspace.docs.theorems.finding(&format!("# {}", section.heading), message));
    }
    let published = workspace.members.iter().filter(|member| member.published);
    for file in published.flat_map(|member| &member.sources).filter(|file| file.is_shipped()) {
        let path = file.path.as_str();
        let complain = |message| Finding { path: path.to_owned(), line: 1, message };
        for heading in cited(file, sections) {
            if !files_of(heading).contains(path) {
                let message =
                    format!("cites docs/theorems.md, {heading}, which lists it not in {LOCK}; add it");
                findings.push(complain(message));
            }
        }
        let is_listed = sections.iter().any(|section| files_of(section.heading).contains(path));
        if path.ends_with("/sensitivity.rs") && !is_listed {
            findings.push(complain(format!("bounds of sensitivities, and no section of {LOCK} lists them")));
        }
    }
    findings
}

/// The sections that comments of a file name as `docs/theorems.md, Section`. Front pages cite what modules do.
fn cited<'a>(file: &SourceFile, sections: &[Section<'a>]) -> BTreeSet<&'a str> {
    if file.path.ends_with("/lib.rs") || file.path.ends_with("/claims.rs") {
        return BTreeSet::new();
    }
    let words = file.comments.split_whitespace().filter(|word| !word.starts_with("//"));
    let comments = words.collect::<Vec<_>>().join(" ").replace(['*', '`', '"', '('], "").to_lowercase();
    let named = |(at, name): (usize, &str)| {
        let after = &comments[at + name.len()..];
        let after = after.strip_prefix(" of the project").unwrap_or(after).trim_start_matches([',', ' ']);
        let matching = sections.iter().filter(|section| after.starts_with(&section.heading.to_lowercase()));
        matching.map(|section| section.heading).max_by_key(|heading| heading.len())
    };
    comments.match_indices("docs/theorems.md").filter_map(named).collect()
}

fn parse(lock: &str) -> Vec<Locked<'_>> {
    let mut locked: Vec<Locked<'_>> = Vec::new();
    for line in lock.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some((heading, fingerprint)) = line.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            locked.push(Locked { heading, fingerprint: fingerprint.trim(), files: Vec::new() });
        } else if let Some(entry) = locked.last_mut() {
            let (path, fingerprint) = line.split_once(' ').unwrap_or((line, ""));
            entry.files.push((path, fingerprint.trim()));
        }
    }
    locked
}

/// Each heading of level two or deeper, with what stands below it up to the next one.
fn sections(theorems: &str) -> Vec<Section<'_>> {
    let starts: Vec<usize> = theorems.match_indices("\n##").map(|(at, _)| at + 1).collect();
    let ends = starts.iter().skip(1).copied().chain([theorems.len()]);
    let section = |(&start, end): (&usize, usize)| {
        let (heading, text) = theorems[start..end].split_once('\n').unwrap_or((&theorems[start..end], ""));
        Section { heading: heading.trim_start_matches('#').trim(), text }
    };
    starts.iter().zip(ends).map(section).collect()
}

impl Section<'_> {
    /// Of the words, so that wrapping lines anew is no change.
    fn fingerprint(&self) -> String {
        fingerprint(&self.text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn of_code(file: &SourceFile) -> String {
    fingerprint(&file.shipped_tokens())
}

/// FNV-1a in 64 bits, in hexadecimal.
fn fingerprint(text: &str) -> String {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// The lock with fresh fingerprints for the sections of these headings; comments and order stay.
fn accepted(workspace: &Workspace, headings: &[String]) -> Result<String, String> {
    let sections = sections(&workspace.docs.theorems.text);
    let lock = &workspace.docs.proofs.text;
    for heading in headings {
        if !parse(lock).iter().any(|entry| entry.heading == heading) {
            return Err(format!("{LOCK} has no section `{heading}`"));
        }
    }
    let mut inside = false;
    let mut renew = |line: &str| -> Result<String, String> {
        if let Some((heading, _)) = line.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            inside = headings.iter().any(|accepted| accepted == heading);
            let section = sections.iter().find(|section| section.heading == heading);
            return match section {
                _ if !inside => Ok(line.to_owned()),
                Some(section) => Ok(format!("[{heading}] {}", section.fingerprint())),
                None => Err(format!("docs/theorems.md has no section `{heading}`")),
            };
        }
        if !inside || line.trim().is_empty() || line.starts_with('#') {
            return Ok(line.to_owned());
        }
        let path = line.split_once(' ').map_or(line, |(path, _)| path);
        let file = workspace.source(path).ok_or_else(|| format!("there is no {path}"))?;
        Ok(format!("{path} {}", of_code(file)))
    };
    let lines = lock.lines().map(|line| renew(line).map(|line| line + "\n"));
    lines.collect()
}

/// `cargo xtask proofs [--accept SECTION]…`
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    match run(arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("proofs: {message}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "without arguments: which proofs are stale; `--accept SECTION`, after reading that section again: take its fingerprints";

fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut headings = Vec::new();
    for pair in arguments.chunks(2) {
        let [flag, heading] = pair else { return Err(USAGE.to_owned()) };
        if flag != "--accept" {
            return Err(format!("unknown argument {}; {USAGE}", flag.display()));
        }
        headings.push(heading.to_string_lossy().into_owned());
    }
    let workspace = Workspace::read().map_err(|error| error.to_string())?;
    if !headings.is_empty() {
        let path = crate::ci::root().join(LOCK);
        std::fs::write(path, accepted(&workspace, &headings)?).map_err(|error| error.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let findings = fresh(&workspace);
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::super::workspace::planted;
    use super::*;

    const BOUND: &str = "crates/poly-kernel/src/sensitivity.rs";
    const CODE: &str =
        "/// docs/theorems.md, Bounds, says why.\npub fn bound(n: u64) -> u64 {\n    2 * n\n}\n";
    const THEOREMS: &str = "# Theorems\n\n## Bounds\n\nTwo a row. ∎\n\n### Other bounds\n\nNone.\n";

    /// Two sections, one file, and a lock that was accepted.
    fn workspace() -> Workspace {
        let mut workspace = planted::with_source(planted::workspace(&[("poly-kernel", "")]), BOUND, CODE);
        workspace.docs.theorems.text = THEOREMS.to_owned();
        workspace.docs.proofs.text =
            format!("# a comment\n\n[Bounds]\n{BOUND}\n\n[Other bounds]\ncrates/poly-kernel/src/lib.rs\n");
        accept(workspace, &["Bounds", "Other bounds"])
    }

    fn accept(mut workspace: Workspace, headings: &[&str]) -> Workspace {
        let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
        workspace.docs.proofs.text = accepted(&workspace, &headings).unwrap();
        workspace
    }

    fn messages(workspace: &Workspace) -> Vec<String> {
        fresh(workspace).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_accepted_lock_is_fresh_and_keeps_its_comments() {
        let workspace = workspace();
        assert_eq!(messages(&workspace), Vec::<String>::new());
        assert!(workspace.docs.proofs.text.starts_with("# a comment\n\n[Bounds] "));
    }

    #[test]
    fn code_that_changes_without_its_proof_is_found_until_it_is_accepted() {
        let changed = planted::with_source(workspace(), BOUND, &CODE.replace("2 * n", "n"));
        let found = messages(&changed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("{BOUND}:1: this code changed and its proof did not")));
        assert!(found[0].ends_with("then `cargo xtask proofs --accept \"Bounds\"`"), "{found:?}");
        assert_eq!(messages(&accept(changed.clone(), &["Other bounds"])).len(), 1);
        assert_eq!(messages(&accept(changed, &["Bounds"])), Vec::<String>::new());
    }

    #[test]
    fn a_proof_that_changes_is_found_until_it_is_accepted() {
        let mut changed = workspace();
        changed.docs.theorems.text = THEOREMS.replace("Two", "Three");
        let found = messages(&changed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("docs/theorems.md:3: the section changed"), "{found:?}");
        assert_eq!(messages(&accept(changed, &["Bounds"])), Vec::<String>::new());
    }

    #[test]
    fn layout_comments_and_unit_tests_are_no_change() {
        let text = "//! New words.\npub fn bound(\n    n: u64,\n) -> u64 {\n    2 * n // twice\n}\n\
            #[cfg(test)]\nmod tests {}\n";
        assert_eq!(messages(&planted::with_source(workspace(), BOUND, text)), Vec::<String>::new());
        let mut wrapped = workspace();
        wrapped.docs.theorems.text = THEOREMS.replace("Two a", "Two\na");
        assert_eq!(messages(&wrapped), Vec::<String>::new());
    }

    #[test]
    fn what_is_in_no_section_or_in_none_that_exists_is_found() {
        let with_lock = |edit: &dyn Fn(&str) -> String| {
            let mut workspace = workspace();
            workspace.docs.proofs.text = edit(&workspace.docs.proofs.text);
            messages(&workspace)
        };
        // no file: the section, the citation and the bound are each missed
        let without_file = |lock: &str| {
            lock.split_inclusive('\n').filter(|line| !line.starts_with(BOUND)).collect::<String>()
        };
        assert_eq!(with_lock(&without_file).len(), 3);
        let renamed = with_lock(&|lock| lock.replace("[Other bounds]", "[More bounds]"));
        assert!(renamed.iter().any(|message| message.contains("no section `More bounds`")), "{renamed:?}");
        let gone = with_lock(&|lock| lock.replace("src/lib.rs", "src/gone.rs"));
        assert!(gone.iter().any(|message| message.contains("there is no")), "{gone:?}");
    }

    #[test]
    fn citations_are_read_across_lines_and_by_the_longest_heading() {
        let sections = sections("\n## Bounds\n## Bounds of rows\n");
        let cited = |text: &str| cited(&SourceFile::new(planted::file("crates/x/src/a.rs", text)), &sections);
        assert_eq!(
            cited("/// Proof: `docs/theorems.md` of the project,\n/// *Bounds\n/// of rows*.\n"),
            ["Bounds of rows"].into()
        );
        assert_eq!(cited("// (docs/theorems.md, bounds)"), ["Bounds"].into());
        assert_eq!(cited("// see docs/theorems.md. Bounds"), BTreeSet::new());
    }

    #[test]
    fn only_sections_that_exist_are_accepted() {
        let accepted = |heading: &str| accepted(&workspace(), &[heading.to_owned()]);
        assert!(accepted("Nothing").is_err());
        assert!(accepted("Bounds").is_ok());
    }
}
