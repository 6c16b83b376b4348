//! Claims, checks and the register of ids, compared as texts: no crate has to be built to see that one is missing.
//!
//! The register is docs/theorem_index.md, which is generated and committed. A claim that is renamed, or a check that is deleted,
//! therefore shows in the difference of a document or is found here.

use super::Finding;
use super::code::{SourceFile, words};
use super::workspace::Workspace;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of evidence, as variants in checks and in lower case in the register.
const EVIDENCE: &[&str] = &["Exact", "Numeric", "Search", "Statistical", "Audit"];

/// Where checks are.
const CHECKS: &str = "crates/dp-verify/src/checks/";

/// Kinds of evidence by id.
type Evidence = BTreeMap<String, BTreeSet<String>>;

pub(super) fn register(workspace: &Workspace) -> Vec<Finding> {
    let index = &workspace.docs.index;
    let registered = registered(&index.text);
    let claimed = claimed(workspace);
    let checked = checked(workspace);
    let mut findings = Vec::new();
    for (id, finding) in &claimed {
        let complain = |message: String| Finding { message, ..finding.clone() };
        if !registered.contains_key(id) {
            let advice = "run `cargo xtask theorems` if it is new; ids of old claims are permanent";
            findings.push(complain(format!("claim `{id}` is not in the register; {advice}")));
        }
        if !checked.contains_key(id) {
            findings.push(complain(format!("claim `{id}` has no check in {CHECKS}; write one")));
        }
    }
    for (id, evidence) in &registered {
        let row = format!("`{id}`");
        if !claimed.contains_key(id) {
            let advice =
                "ids are permanent, so restore it; `cargo xtask theorems --withdraw` if that was meant";
            findings.push(index.finding(&row, format!("no claim has the id {row} any more; {advice}")));
        }
        let found = checked.get(id).map_or(BTreeSet::new(), |(_, found)| found.clone());
        for kind in evidence.symmetric_difference(&found) {
            let what = if found.contains(kind) {
                "lacks the evidence of a check"
            } else {
                "has evidence of no check"
            };
            let advice = "restore the check, or `cargo xtask theorems` (with `--withdraw` for a loss) if that was meant";
            findings.push(index.finding(&row, format!("{row}: the register {what}: {kind}; {advice}")));
        }
    }
    let unclaimed = checked.iter().filter(|(id, _)| !claimed.contains_key(*id));
    findings.extend(unclaimed.map(|(id, (finding, _))| Finding {
        message: format!("a check names `{id}`, which nobody claims"),
        ..finding.clone()
    }));
    findings
}

/// Whether a text could be the id of a claim: words of lower case between dots, two at least.
fn is_id(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.contains('.') && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('.').all(is_word)
}

/// Every id in a `claims.rs`, with its place.
fn claimed(workspace: &Workspace) -> BTreeMap<String, Finding> {
    let ids = |file: &SourceFile| {
        let place = |at| file.finding(&file.code, at, String::new());
        let literals = file.shipped_literals().filter(|(_, text)| is_id(text));
        literals.map(|(at, text)| (text.clone(), place(*at))).collect::<Vec<_>>()
    };
    claim_files(workspace).flat_map(ids).collect()
}

fn claim_files(workspace: &Workspace) -> impl Iterator<Item = &SourceFile> {
    let published = workspace.members.iter().filter(|member| member.published);
    published.flat_map(|member| &member.sources).filter(|file| file.path.ends_with("/src/claims.rs"))
}

/// Every id that a check names, with the place of one of its checks, and its kinds of evidence.
fn checked(workspace: &Workspace) -> BTreeMap<String, (Finding, BTreeSet<String>)> {
    let sources = || workspace.members.iter().flat_map(|member| &member.sources);
    let files = || sources().filter(|file| file.path.starts_with(CHECKS));
    let constants: Vec<(String, String)> =
        claim_files(workspace).chain(files()).flat_map(constants).collect();
    let mut all: BTreeMap<String, (Finding, BTreeSet<String>)> = BTreeMap::new();
    for file in files() {
        for (at, id, kind) in checks(file, &constants) {
            let place = file.finding(&file.code, at, String::new());
            all.entry(id).or_insert_with(|| (place, BTreeSet::new())).1.insert(kind);
        }
    }
    all
}

/// `NAME: &str = "an.id"`, by name.
fn constants(file: &SourceFile) -> Vec<(String, String)> {
    let named = |(at, text): &(usize, String)| {
        let before = file.code[..*at].trim_end().strip_suffix("&str =")?.trim_end().strip_suffix(':')?;
        let name = before.rsplit(char::is_whitespace).next()?;
        is_id(text).then(|| (name.to_owned(), text.clone()))
    };
    file.literals.iter().filter_map(named).collect()
}

/// Each `claim: ID, evidence: KIND` and `check(ID, KIND`: its place, id and kind.
fn checks(file: &SourceFile, constants: &[(String, String)]) -> Vec<(usize, String, String)> {
    let code = file.shipped_code();
    // constants of several crates may share a name; the folder is the first word of its crate's ids
    let folder = file.path.strip_prefix(CHECKS).and_then(|path| path.split(['/', '.']).next());
    let constant = |name: &str| {
        let named = constants.iter().filter(|(constant, _)| constant == name).map(|(_, id)| id);
        named.into_iter().find(|id| id.split('.').next() == folder)
    };
    let check = |word: &str, at: usize| {
        let start = at + word.len();
        let comma = start + code[start..].find(',')?;
        let name = code[start..comma].trim().rsplit("::").next().unwrap_or_default();
        let literal = file.literals.iter().find(|(at, _)| (start..comma).contains(at));
        let id = literal.map(|(_, text)| text).or_else(|| constant(name))?;
        let rest = code[comma + 1..].trim_start();
        let rest = rest.strip_prefix("evidence:").unwrap_or(rest).trim_start();
        let rest = rest.strip_prefix("Evidence::").unwrap_or(rest);
        let kind = EVIDENCE.iter().find(|kind| words(rest, kind).next() == Some(0))?;
        Some((at, id.clone(), kind.to_lowercase()))
    };
    ["claim:", "check("]
        .iter()
        .flat_map(|word| words(code, word).filter_map(move |at| check(word, at)))
        .collect()
}

/// Ids and kinds of evidence in the tables of the register.
fn registered(index: &str) -> Evidence {
    let row = |line: &str| {
        let line = line.replace("\\|", " ");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let id = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        Some((id.to_owned(), cells.get(4)?.split(", ").map(str::to_owned).collect()))
    };
    index.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::workspace::planted;
    use super::*;

    const CLAIMS: &str = "pub const B: &str = \"kernel.b\";\n\
        pub const CLAIMS: &[Claim] = &[Claim { id: \"kernel.a\", statement: \"a.\" }, Claim { id: B }];\n";
    const CHECKED: &str = "vec![\n    check(\"kernel.a\", Search, a::search),\n    \
        Check { claim: \"kernel.a\", evidence: Audit, run: a::audit },\n    check(claims::B, Exact, b),\n]\n";
    const INDEX: &str = "## poly-kernel\n\n| claim | statement | | evidence | source |\n|---|---|---|---|---|\n\
        | `kernel.a` | \\|x\\| ≤ 1 | ours | search, audit | here |\n| `kernel.b` | b | ours | exact | here |\n";

    /// A workspace with two claims, three checks and their register.
    fn workspace(claims: &str, checks: &str, index: &str) -> Workspace {
        let workspace = planted::workspace(&[("poly-kernel", "")]);
        let workspace = planted::with_source(workspace, "crates/poly-kernel/src/claims.rs", claims);
        let path = "crates/dp-verify/src/checks/kernel/mod.rs";
        let mut workspace = planted::with_source(workspace, path, checks);
        workspace.docs.index.text = index.to_owned();
        workspace
    }

    /// Messages about that workspace.
    fn messages(claims: &str, checks: &str, index: &str) -> Vec<String> {
        register(&workspace(claims, checks, index)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn claims_checks_and_register_that_agree_are_tidy() {
        assert_eq!(messages(CLAIMS, CHECKED, INDEX), Vec::<String>::new());
    }

    #[test]
    fn a_deleted_check_is_found() {
        let only = CHECKED.replace("    check(claims::B, Exact, b),\n", "");
        let found = messages(CLAIMS, &only, INDEX);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("claim `kernel.b` has no check"), "{found:?}");
        // one of two checks of a claim
        let one = CHECKED.replace("    check(\"kernel.a\", Search, a::search),\n", "");
        let found = messages(CLAIMS, &one, INDEX);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(
                "docs/theorem_index.md:5: `kernel.a`: the register has evidence of no check: search"
            ),
            "{found:?}"
        );
        // one that is only commented out
        let commented = CHECKED.replace("    check(claims::B", "    // check(claims::B");
        assert_eq!(messages(CLAIMS, &commented, INDEX).len(), 2);
    }

    #[test]
    fn a_renamed_claim_is_found_even_if_its_checks_follow() {
        let claims = CLAIMS.replace("kernel.a", "kernel.c");
        let found = messages(&claims, CHECKED, INDEX);
        assert!(found.iter().any(|message| message.contains("a check names `kernel.a`")), "{found:?}");
        let found = messages(&claims, &CHECKED.replace("kernel.a", "kernel.c"), INDEX);
        assert!(found.iter().any(|message| message.contains("claim `kernel.c` is not in the register")));
        assert!(found.iter().any(|message| message.contains("no claim has the id `kernel.a` any more")));
    }

    #[test]
    fn an_added_claim_or_check_needs_its_row() {
        let claims = CLAIMS.replace("&[Claim", "&[Claim { id: \"kernel.new\" }, Claim");
        assert_eq!(messages(&claims, CHECKED, INDEX).len(), 2);
        let checks = CHECKED.replace("vec![", "vec![check(claims::B, Numeric, more),");
        let found = messages(CLAIMS, &checks, INDEX);
        assert!(found[0].contains("the register lacks the evidence of a check: numeric"), "{found:?}");
    }

    #[test]
    fn a_constant_is_that_of_the_folder() {
        let other = "pub const B: &str = \"linalg.b\";";
        let workspace = workspace(CLAIMS, CHECKED, INDEX);
        let workspace = planted::with_source(workspace, "crates/dp-verify/src/checks/linalg/mod.rs", other);
        assert_eq!(register(&workspace), []);
    }

    #[test]
    fn ids_are_dotted_words() {
        assert!(is_id("kernel.exp_taylor.2"));
        for other in ["kernel", "kernel.", ".a", "Kernel.a", "a b.c", "1.5", "e.g. this"] {
            assert!(!is_id(other), "{other}");
        }
    }
}
