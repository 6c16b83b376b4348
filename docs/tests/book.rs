//! The book holds together: chapters exist, links lead somewhere, Rust is run, what is shown as a file is that file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Where files outside of `docs/` are linked to, so that rendered pages find them.
const REPOSITORY: &str = "https://github.com/provable-dp/provable-dp/";

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn root() -> PathBuf {
    docs().join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Paths of all chapters, relative to `docs/`, in the order of the book.
fn chapters() -> Vec<String> {
    let summary = read(&docs().join("SUMMARY.md"));
    links(&summary).into_iter().map(|(_, target)| target).collect()
}

/// Lines outside of fenced blocks, with their numbers from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let (mut fence, mut lines) = (None, Vec::new());
    for (i, line) in text.lines().enumerate() {
        let marks = ["```", "~~~"].into_iter().find(|marks| line.trim_start().starts_with(marks));
        match (fence, marks) {
            (None, Some(_)) => fence = marks,
            (Some(_), Some(_)) if fence == marks => fence = None,
            (None, None) => lines.push((i + 1, line)),
            _ => {}
        }
    }
    lines
}

/// Targets of Markdown links and pictures, with their lines. What stands in code spans is no link.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        for (at, _) in line.match_indices("](") {
            let is_code = line[..at].matches('`').count() % 2 == 1;
            let rest = &line[at + 2..];
            if let Some(end) = rest.find(')').filter(|_| !is_code) {
                found.push((number, rest[..end].to_owned()));
            }
        }
    }
    found
}

/// As mdBook and GitHub make anchors of headings: lower case, blanks to hyphens, punctuation gone.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).into_iter().filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#'))).collect()
}

/// Without `.` and `..`, which need not exist on the way.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// What is wrong with a link of this chapter, if anything.
fn fault(chapter: &str, target: &str) -> Option<String> {
    if let Some(path) = target.strip_prefix(REPOSITORY) {
        let path = ["blob/main/", "tree/main/"].iter().find_map(|kind| path.strip_prefix(kind))?;
        let (path, fragment) = path.split_once('#').unwrap_or((path, ""));
        return missing(&root().join(path), fragment);
    }
    if target.contains("://") {
        return None;
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let here = docs().join(chapter);
    let path = if path.is_empty() { here } else { normal(&here.parent()?.join(path)) };
    if !path.starts_with(docs()) {
        return Some(format!("leads out of docs/; link to {REPOSITORY}blob/main/…"));
    }
    missing(&path, fragment)
}

fn missing(path: &Path, fragment: &str) -> Option<String> {
    if !path.exists() {
        return Some("no such file".to_owned());
    }
    let is_markdown = path.extension().is_some_and(|extension| extension == "md");
    (is_markdown && !fragment.is_empty() && !anchors(&read(path)).contains(fragment))
        .then(|| "no such heading".to_owned())
}

/// Every Markdown file below `docs/`, relative to it, but for the worked example's own.
fn files(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("worked_example") {
                files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let relative = path.strip_prefix(docs()).expect("it is below docs/").components();
            let parts: Vec<_> = relative.map(|part| part.as_os_str().to_string_lossy()).collect();
            found.push(parts.join("/"));
        }
    }
}

/// Fenced blocks of Rust: their tags, their text and the last line of prose before them.
fn rust_blocks(text: &str) -> Vec<(String, String, String)> {
    let (mut blocks, mut before) = (Vec::new(), "");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("~~~") {
            lines.by_ref().find(|line| *line == "~~~");
        } else if let Some(tags) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if tags.starts_with("rust") {
                blocks.push((tags.to_owned(), block.join("\n") + "\n", before.to_owned()));
            }
        } else if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

#[test]
fn every_file_is_a_chapter_and_every_chapter_a_file() {
    let mut found = Vec::new();
    files(&docs(), &mut found);
    found.retain(|file| file != "SUMMARY.md");
    // mdBook renders it as `index.html`, and leaves links to it as they are
    assert!(found.iter().all(|file| !file.ends_with("README.md")), "call it index.md");
    let chapters: BTreeSet<String> = chapters().into_iter().collect();
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), chapters);
}

#[test]
fn every_link_leads_somewhere() {
    let mut faults = Vec::new();
    let mut count = 0;
    for chapter in chapters() {
        for (line, target) in links(&read(&docs().join(&chapter))) {
            count += 1;
            faults
                .extend(fault(&chapter, &target).map(|fault| format!("{chapter}:{line}: {target}: {fault}")));
        }
    }
    assert!(count > 200, "links were found: {count}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_wrong_link_is_noticed() {
    assert_eq!(
        links("a [b](c.md#d) `[e](f)` [`g`](h)\n```text\n[i](j)\n```"),
        [(1, "c.md#d".into()), (1, "h".into())]
    );
    for (target, is_wrong) in [
        ("errata.md", false),
        ("errata.md#our-own-notes", false),
        ("errata.md#our-own-notices", true),
        ("no_such_chapter.md", true),
        ("../SECURITY.md", true),
        ("https://github.com/provable-dp/provable-dp/blob/main/SECURITY.md#the-adversary", false),
        ("https://github.com/provable-dp/provable-dp/blob/main/NOTHING.md", true),
    ] {
        assert_eq!(fault("introduction.md", target).is_some(), is_wrong, "{target}");
    }
}

/// A block of Rust is run, if its chapter is listed in `src/chapters.rs`, or it is a file of the worked example or a part of a file, word for word.
#[test]
fn all_rust_is_run_or_is_a_file() {
    let listed = read(&docs().join("src/chapters.rs"));
    let mut shown = BTreeSet::new();
    for chapter in chapters() {
        let blocks = rust_blocks(&read(&docs().join(&chapter)));
        let is_listed = listed.contains(&format!("include_str!(\"../{chapter}\")"));
        let runs = |tags: &str| !["ignore", "no_run"].iter().any(|tag| tags.contains(tag));
        if is_listed {
            assert!(!blocks.is_empty(), "{chapter} has no Rust; take it out of src/chapters.rs");
            assert!(blocks.iter().all(|(tags, ..)| runs(tags)), "{chapter} has Rust that is not run");
        } else {
            shown.extend(blocks.iter().filter_map(|block| shown_file(&chapter, block)));
        }
    }
    assert_eq!(shown, worked_example().into_keys().collect());
}

#[test]
fn the_readme_that_is_shown_is_the_readme() {
    let readme = read(&docs().join("worked_example/README.md"));
    assert!(read(&docs().join("adding_a_mechanism.md")).contains(&format!("\n~~~text\n{readme}~~~\n")));
}

/// The path on the line before a block, whose text must be this file's; nothing for a part of a file, which it must have.
fn shown_file(chapter: &str, (_, text, before): &(String, String, String)) -> Option<String> {
    if let Some(path) = before.trim_end().strip_suffix("`, in part:").and_then(|path| path.rsplit('`').next())
    {
        assert!(read(&root().join(path)).contains(text.as_str()), "{chapter}: {path} has no such part");
        return None;
    }
    let files = worked_example();
    let named = before.split('`').find_map(|code| files.get_key_value(code));
    let (path, file) =
        named.unwrap_or_else(|| panic!("{chapter}: `{before}` names no file of the worked example"));
    assert!(text == file, "{chapter}: {path} is not what the book shows");
    Some(path.clone())
}

/// Files of the worked example by their path in the book.
fn worked_example() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for name in ["lib", "error", "encode", "sensitivity", "mechanism", "claims"] {
        let text = read(&docs().join(format!("worked_example/src/{name}.rs")));
        files.insert(format!("crates/column-means-dp/src/{name}.rs"), text);
    }
    for folder in ["checks", "mutants"] {
        let text = read(&docs().join(format!("src/{folder}/means.rs")));
        files.insert(format!("crates/dp-verify/src/{folder}/means.rs"), text);
    }
    files
}

#[test]
fn claims_and_mutants_that_are_named_exist() {
    let registry = dp_verify::Registry::shipped();
    let worked = provable_dp_book::worked_example();
    let claims = registry.claims().chain(worked.claims()).map(|(_, claim)| claim.id);
    let ids: Vec<&str> = claims.chain(registry.mutants().iter().map(|mutant| mutant.name)).collect();
    let prefixes: BTreeSet<&str> = ids.iter().filter_map(|id| id.split('.').next()).collect();
    let mut wrong = Vec::new();
    for chapter in chapters() {
        for (line, text) in prose(&read(&docs().join(&chapter))) {
            for code in text.split('`').skip(1).step_by(2) {
                let is_id = code.contains('.')
                    && code
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._*".contains(c))
                    && code.split('.').next().is_some_and(|first| prefixes.contains(first));
                let stem = code.trim_end_matches('*').trim_end_matches('.');
                if is_id && !ids.iter().any(|id| *id == stem || id.starts_with(&format!("{stem}."))) {
                    wrong.push(format!("{chapter}:{line}: {code}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "neither claims nor mutants:\n{}", wrong.join("\n"));
}

/// mdBook finds pictures in `docs/` only, so some that a benchmark draws are there a second time.
#[test]
fn pictures_of_benchmarks_are_those_of_benchmarks() {
    let mut same = 0;
    for entry in std::fs::read_dir(docs().join("pictures")).unwrap() {
        let path = entry.unwrap().path();
        let original = root().join("benches/plots").join(path.file_name().unwrap());
        if original.exists() {
            assert!(
                std::fs::read(&path).unwrap() == std::fs::read(&original).unwrap(),
                "copy {} again",
                original.display()
            );
            same += 1;
        }
    }
    assert!(same > 0);
}
