//! Rules about Rust sources.

use super::Finding;
use super::code::{SourceFile, words};
use super::workspace::{Member, Workspace};

/// What makes a library depend on more than its arguments.
const AMBIENT: &[&str] = &[
    "std::time",
    "SystemTime",
    "Instant::now",
    "std::env",
    "env::var",
    "env::vars",
    "env::var_os",
    "env::args",
    "env::args_os",
    "fs::read",
    "fs::read_to_string",
    "fs::read_dir",
    "fs::write",
    "rand::random",
    "rand::rng",
    "thread_rng",
    "ThreadRng",
    "SysRng",
    "OsRng",
    "getrandom",
    "available_parallelism",
    "std::fs",
    "fs::File",
    "File::open",
    "File::create",
];

/// The doors through which a library may look out, each named and documented for that: the seed of production
/// randomness, and the number of processors.
const DOORS: &[(&str, &str)] = &[
    ("crates/dp-mechanisms/src/rng.rs", "SysRng"),
    ("crates/dp-mechanisms/src/rng.rs", "getrandom"),
    ("crates/dp-linalg/src/parallelism.rs", "available_parallelism"),
];

/// Crates whose floats become integers on a lattice, which must agree across processors.
const QUANTISED: &[&str] = &["dp-mechanisms", "poly-kernel", "attention-dp", "john-ellipsoid-dp", "ntk-dp"];

/// The standard library's fused product, and the vector ones of pulp.
const FUSED: &[&str] = &["mul_add", "mul_add_f64s", "mul_add_e_f64s", "mul_add_f32s", "mul_add_e_f32s"];

pub(super) fn registered_claims(workspace: &Workspace) -> Vec<Finding> {
    let registry = workspace.member("dp-verify").map(|verify| &verify.sources);
    let listed = |name: &str| {
        let constant = format!("{}::claims::CLAIMS", name.replace('-', "_"));
        registry.is_some_and(|files| files.iter().any(|file| words(&file.code, &constant).next().is_some()))
    };
    let mut findings = Vec::new();
    for member in workspace.members.iter().filter(|member| member.published && member.name != "dp-claims") {
        if !member.sources.iter().any(|file| file.path.ends_with("/src/claims.rs")) {
            let message = "no src/claims.rs; list there what the crate promises";
            findings.push(member.manifest.finding("[package]", message.to_owned()));
        }
        if !listed(&member.name) {
            let message =
                format!("the registry of dp-verify does not list the claims of {}; add them", member.name);
            findings.push(member.manifest.finding("[package]", message));
        }
    }
    findings
}

pub(super) fn ambient(workspace: &Workspace) -> Vec<Finding> {
    let is_door = |file: &SourceFile, word: &str| DOORS.contains(&(file.path.as_str(), word));
    let is_io = |file: &SourceFile| file.path.ends_with("/io.rs") || file.path.contains("/io/");
    let is_file_word = |word: &str| word.contains("fs") || word.contains("File");
    in_shipped_code(
        workspace,
        |member| member.published,
        AMBIENT,
        |file, word| {
            let excused = is_door(file, word) || (is_file_word(word) && is_io(file));
            (!excused).then(|| {
                format!(
                    "{word}: a library sees only its arguments; take this as one (files: in an `io` module)"
                )
            })
        },
    )
}

pub(super) fn fused(workspace: &Workspace) -> Vec<Finding> {
    let quantised = |member: &Member| QUANTISED.contains(&member.name.as_str());
    in_shipped_code(workspace, quantised, FUSED, |_, word| {
        Some(format!("{word} rounds once where other processors round twice; write a product and a sum"))
    })
}

fn in_shipped_code(
    workspace: &Workspace,
    concerns: impl Fn(&Member) -> bool,
    forbidden: &[&str],
    complaint: impl Fn(&SourceFile, &str) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in workspace.members.iter().filter(|member| concerns(member)) {
        for file in member.sources.iter().filter(|file| file.is_shipped()) {
            let code = file.shipped_code();
            for word in forbidden {
                let places = words(code, word);
                findings.extend(places.filter_map(|at| Some(file.finding(code, at, complaint(file, word)?))));
            }
        }
    }
    findings
}

pub(super) fn unsafe_code(workspace: &Workspace) -> Vec<Finding> {
    let message = "`unsafe` is forbidden; a measured kernel that needs it gets its own crate";
    let mut findings = in_code(workspace, &["unsafe"], message);
    if !workspace.manifest.text.lines().any(|line| line.trim() == "unsafe_code = \"forbid\"") {
        let message = "the workspace's lints do not forbid unsafe code; add `unsafe_code = \"forbid\"`";
        findings.push(workspace.manifest.finding("[workspace.lints", message.to_owned()));
    }
    findings
}

pub(super) fn disabled_tests(workspace: &Workspace) -> Vec<Finding> {
    let message = "a test that does not run protects nothing; mend it or remove it";
    let mut findings = in_code(workspace, &["#[ignore"], message);
    for file in workspace.members.iter().flat_map(|member| &member.sources) {
        let sometimes =
            attributes(file, "#[cfg_attr(").filter(|(_, text)| words(text, "ignore").next().is_some());
        findings.extend(sometimes.map(|(at, _)| file.finding(&file.code, at, message.to_owned())));
    }
    findings
}

/// Attributes that begin so, up to their end.
fn attributes<'a>(file: &'a SourceFile, start: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    words(&file.code, start).map(|at| {
        let end = file.code[at..].find(']').map_or(file.code.len(), |len| at + len);
        (at, &file.code[at..end])
    })
}

pub(super) fn unfinished(workspace: &Workspace) -> Vec<Finding> {
    let mut findings =
        in_code(workspace, &["todo!", "unimplemented!"], "unfinished; finish it or take it out");
    for file in workspace.members.iter().flat_map(|member| &member.sources) {
        for mark in ["TODO", "FIXME", "XXX", "HACK"] {
            let message = format!("{mark}: finish it, or open an issue and take the mark out");
            let places = words(&file.comments, mark);
            findings.extend(places.map(|at| file.finding(&file.comments, at, message.clone())));
        }
    }
    findings
}

pub(super) fn silenced_lints(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let message = "a silenced lint without a reason; add `reason = \"…\"`";
    let has = |text: &str, word: &str| words(text, word).next().is_some();
    for file in workspace.members.iter().flat_map(|member| &member.sources) {
        for start in ["#[allow(", "#![allow(", "#[expect(", "#![expect(", "#[cfg_attr(", "#![cfg_attr("] {
            let silent = attributes(file, start)
                .filter(|(_, text)| (has(text, "allow(") || has(text, "expect(")) && !has(text, "reason"));
            findings.extend(silent.map(|(at, _)| file.finding(&file.code, at, message.to_owned())));
        }
    }
    findings
}

fn in_code(workspace: &Workspace, forbidden: &[&str], message: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in workspace.members.iter().flat_map(|member| &member.sources) {
        for word in forbidden {
            let places = words(&file.code, word);
            findings.extend(places.map(|at| file.finding(&file.code, at, message.to_owned())));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::workspace::planted;
    use super::*;

    /// Lines of the findings in a crate with this source.
    fn lines(rule: fn(&Workspace) -> Vec<Finding>, name: &str, source: &str) -> Vec<usize> {
        rule(&planted::workspace(&[(name, source)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn claims_outside_the_registry_are_found() {
        let mut workspace = planted::workspace(&[("poly-kernel", "")]);
        assert_eq!(registered_claims(&workspace), []);
        workspace.members[1].sources.clear();
        assert_eq!(registered_claims(&workspace).len(), 1);
        workspace.members[0].sources.clear();
        assert_eq!(registered_claims(&workspace).len(), 2);
    }

    #[test]
    fn each_look_outside_is_found_in_libraries_only() {
        for word in AMBIENT {
            let source = format!("fn f() {{\n    {word}();\n}}\n");
            assert!(lines(ambient, "attention-dp", &source).contains(&2), "{word}");
        }
        let in_tests = "#[cfg(test)]\nmod tests { use std::time::Instant; }\n";
        assert!(lines(ambient, "attention-dp", in_tests).is_empty());
        assert!(lines(ambient, "attention-dp", "// std::time\nlet s = \"std::env\";").is_empty());
        let mut workspace = planted::workspace(&[("dp-testkit", "use std::env;")]);
        workspace.members[0].published = false;
        assert_eq!(ambient(&workspace), []);
    }

    #[test]
    fn doors_are_single_words_in_single_files() {
        let with_path = |path: &str, source: &str| {
            let mut workspace = planted::workspace(&[]);
            let mut member = planted::member("any", "");
            member.sources = vec![SourceFile::new(planted::file(path, source))];
            workspace.members.push(member);
            ambient(&workspace).len()
        };
        assert_eq!(with_path("crates/dp-mechanisms/src/rng.rs", "SysRng"), 0);
        assert_eq!(with_path("crates/dp-mechanisms/src/rng.rs", "thread_rng()"), 1);
        assert_eq!(with_path("crates/dp-mechanisms/src/lattice.rs", "SysRng"), 1);
        assert_eq!(with_path("crates/attention-dp/src/io/npy.rs", "fs::File"), 0);
        assert_eq!(with_path("crates/attention-dp/src/build.rs", "fs::File"), 1);
        assert_eq!(with_path("crates/attention-dp/src/io/npy.rs", "std::env"), 1);
        assert_eq!(
            with_path("crates/dp-mechanisms/src/lattice.rs", "use std::{env, fs}; fs::read(env::args())"),
            2
        );
    }

    #[test]
    fn fused_products_are_found_in_quantised_crates() {
        for (name, word) in QUANTISED.iter().flat_map(|name| FUSED.iter().map(move |word| (name, word))) {
            let source = format!("fn f() {{\n    x.{word}(x, x)\n}}\n");
            assert_eq!(lines(fused, name, &source), [2], "{name}: {word}");
        }
        assert!(lines(fused, "dp-linalg", "x.mul_add(x, x)").is_empty());
    }

    #[test]
    fn unsafe_code_and_a_missing_ban_are_found() {
        assert_eq!(lines(unsafe_code, "dp-linalg", "\nunsafe fn f() {}\n// unsafe\n"), [2]);
        let mut workspace = planted::workspace(&[]);
        workspace.manifest.text = workspace.manifest.text.replace("forbid", "warn");
        assert_eq!(unsafe_code(&workspace).len(), 1);
    }

    #[test]
    fn disabled_tests_are_found() {
        let source = "#[test]\n#[ignore]\nfn a() {}\n#[ignore = \"slow\"]\nfn b() {}\n";
        assert_eq!(lines(disabled_tests, "dp-linalg", source), [2, 4]);
        assert_eq!(lines(disabled_tests, "dp-linalg", "\n#[cfg_attr(miri, ignore)]\nfn a() {}\n"), [2]);
        assert!(lines(disabled_tests, "dp-linalg", "#[cfg_attr(miri, derive(Debug))]\n").is_empty());
    }

    #[test]
    fn unfinished_work_is_found() {
        for source in [
            concat!("\n// TO", "DO later"),
            concat!("\n/// FIX", "ME"),
            "\ntodo!()",
            "\nunimplemented!(\"x\")",
        ] {
            assert_eq!(lines(unfinished, "dp-linalg", source), [2], "{source}");
        }
        assert!(lines(unfinished, "dp-linalg", "// no mark here").is_empty());
    }

    #[test]
    fn silenced_lints_need_reasons() {
        let silent = "\n#[allow(dead_code)]\nfn f() {}\n#![expect(clippy::all)]";
        assert_eq!(lines(silenced_lints, "dp-linalg", silent), [2, 4]);
        assert_eq!(
            lines(silenced_lints, "dp-linalg", "\n#[cfg_attr(test, allow(dead_code))]\nfn f() {}"),
            [2]
        );
        let reasoned = "#[allow(\n    dead_code,\n    reason = \"planted\"\n)]\nfn f() {}";
        assert!(lines(silenced_lints, "dp-linalg", reasoned).is_empty());
    }
}
