//! The rules of the house that a machine can check, as a plain list of named functions.
//!
//! `cargo xtask tidy` runs them, and so does a test, so that `cargo test` alone finds a broken rule. Each rule looks at
//! a [`Workspace`] that was read beforehand; each has a test with a planted violation.

mod claims;
mod code;
mod extremes;
mod graph;
mod manifests;
mod parts;
pub(crate) mod proofs;
mod sources;
pub(crate) mod workspace;

use core::fmt;
use std::process::ExitCode;
use workspace::Workspace;

/// A rule: its permanent number, what it keeps, and how.
pub(crate) struct Rule {
    /// Permanent; documents may cite it.
    pub(crate) number: u32,
    /// What holds.
    pub(crate) name: &'static str,
    /// Lists every place where it does not.
    pub(crate) check: fn(&Workspace) -> Vec<Finding>,
}

/// Every rule, in the order of its number.
pub(crate) const RULES: &[Rule] = &[
    Rule { number: 1, name: "only dp-linalg names the linear-algebra backends", check: graph::backends },
    Rule { number: 2, name: "crates depend along the allowed arrows", check: graph::arrows },
    Rule { number: 3, name: "published libraries do without test and tool crates", check: graph::tools },
    Rule { number: 4, name: "one major version of rand", check: graph::one_rand },
    Rule { number: 5, name: "no dependency needs a newer compiler", check: graph::rust_version },
    Rule { number: 6, name: "manifests inherit from the workspace", check: manifests::inheritance },
    Rule { number: 7, name: "published crates introduce themselves", check: manifests::introduction },
    Rule { number: 8, name: "unpublished crates are path-only", check: manifests::path_only },
    Rule { number: 9, name: "every library's claims are in the registry", check: sources::registered_claims },
    Rule { number: 10, name: "no ambient clock, environment, file or randomness", check: sources::ambient },
    Rule { number: 11, name: "no fused multiply-add where integers must agree", check: sources::fused },
    Rule { number: 12, name: "no unsafe code", check: sources::unsafe_code },
    Rule { number: 13, name: "no disabled test", check: sources::disabled_tests },
    Rule { number: 14, name: "no unfinished work", check: sources::unfinished },
    Rule { number: 15, name: "each silenced lint gives its reason", check: sources::silenced_lints },
    Rule { number: 16, name: "the default build is free of optional formats", check: graph::default_build },
    Rule { number: 17, name: "claims, checks and the register of ids agree", check: claims::register },
    Rule { number: 18, name: "a proof and its code change together", check: proofs::fresh },
    Rule { number: 19, name: "checks keep NaN in what they gather", check: extremes::nan_is_kept },
    Rule { number: 20, name: "every part of a check rejects its own twin", check: parts::each_rejects },
];

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// File, relative to the root.
    pub(crate) path: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks the workspace that this program was built from.
pub(crate) fn main() -> ExitCode {
    let workspace = match Workspace::read() {
        Ok(workspace) => workspace,
        Err(error) => {
            eprintln!("tidy: cannot read the workspace: {error}");
            return ExitCode::FAILURE;
        }
    };
    let findings = findings(&workspace);
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} rules hold", RULES.len());
        return ExitCode::SUCCESS;
    }
    eprintln!("tidy: {} finding{}", findings.len(), if findings.len() == 1 { "" } else { "s" });
    ExitCode::FAILURE
}

fn findings(workspace: &Workspace) -> Vec<String> {
    let of_rule = |rule: &Rule| {
        let describe = |finding| format!("{finding} [rule {}: {}]", rule.number, rule.name);
        (rule.check)(workspace).into_iter().map(describe).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(of_rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_tidy() {
        let workspace = Workspace::read().unwrap();
        assert!(workspace.members.len() >= 9, "the members were read");
        assert!(workspace.members.iter().all(|member| !member.sources.is_empty()), "the sources were read");
        assert_eq!(findings(&workspace), Vec::<String>::new());
    }

    #[test]
    fn rules_are_numbered_in_order() {
        let numbers: Vec<u32> = RULES.iter().map(|rule| rule.number).collect();
        assert_eq!(numbers, (1..=RULES.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn findings_say_where_and_which_rule() {
        let workspace = workspace::planted::workspace(&[("poly-kernel", "let x = 1;\nunsafe {}\n")]);
        let [finding] = &findings(&workspace)[..] else { panic!("one finding") };
        assert!(finding.starts_with("crates/poly-kernel/src/lib.rs:2: "), "{finding}");
        assert!(finding.ends_with("[rule 12: no unsafe code]"), "{finding}");
    }
}
