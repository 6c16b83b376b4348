//! The rule that checks keep NaN.
//!
//! `f64::max` and `f64::min` drop it, so that a failure among many cases vanishes in the largest of them. What is a float is not to be
//! seen in a text, but what gathers observations is: a fold by one of these functions, and a variable that becomes the larger of itself
//! and something else. A floor under a divisor is neither, and may stay.

use super::Finding;
use super::code::{SourceFile, words};
use super::workspace::Workspace;

/// Where checks are, and where those are that the book shows.
const CHECKS: &[&str] = &["crates/dp-verify/src/checks/", "docs/src/checks/"];

/// Functions that drop NaN.
const DROPPING: &[&str] = &["f64::max", "f64::min", "f32::max", "f32::min"];

pub(super) fn nan_is_kept(workspace: &Workspace) -> Vec<Finding> {
    sources_of_checks(workspace).flat_map(of_file).collect()
}

/// The files that checks are in.
pub(super) fn sources_of_checks(workspace: &Workspace) -> impl Iterator<Item = &SourceFile> {
    let sources = workspace.members.iter().flat_map(|member| &member.sources);
    sources.filter(|file| CHECKS.iter().any(|folder| file.path.starts_with(folder)))
}

fn of_file(file: &SourceFile) -> Vec<Finding> {
    let functions = DROPPING.iter().flat_map(|name| words(&file.code, name).map(move |at| (at, *name)));
    let methods = [".max(", ".min("].into_iter().flat_map(|name| {
        let calls = file.code.match_indices(name).map(|(at, _)| at);
        calls.filter(|at| gathers(&file.code[..*at])).map(move |at| (at, name))
    });
    let complain = |(at, name): (usize, &str)| {
        let name = name.trim_matches(['.', '(']);
        let advice = "gather by `larger`, `smaller`, `largest` or `smallest` (integers by `Ord::max`)";
        file.finding(&file.code, at, format!("`{name}` drops NaN; {advice}"))
    };
    functions.chain(methods).map(complain).collect()
}

/// Whether a method of what stands last in this code would go to a variable of the same name, or to the next step of a fold.
fn gathers(before: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let receiver = before.rsplit(|c| !is_part(c)).next().unwrap_or_default();
    let statement = &before[before.rfind(';').map_or(0, |at| at + 1)..before.len() - receiver.len()];
    !receiver.is_empty() && (is_assigned(statement, receiver) || is_folded(statement, receiver))
}

/// Whether the name stands to the left of an assignment that is no declaration.
fn is_assigned(statement: &str, name: &str) -> bool {
    let assignments = statement.match_indices(" =").filter(|(at, _)| {
        let after = statement[at + 2..].chars().next();
        after.is_some_and(char::is_whitespace)
    });
    let mut targets =
        assignments.map(|(at, _)| statement[..at].rsplit(['{', '}']).next().unwrap_or_default());
    targets.any(|target| words(target, "let").next().is_none() && words(target, name).next().is_some())
}

/// Whether the name is a parameter of the closure of a fold.
fn is_folded(statement: &str, name: &str) -> bool {
    let mut closures = words(statement, "fold(").filter_map(|at| statement[at..].split('|').nth(1));
    closures.any(|parameters| words(parameters, name).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::super::workspace::planted;
    use super::*;

    /// Lines of findings in a file of this path.
    fn lines(path: &str, source: &str) -> Vec<usize> {
        let mut workspace = planted::workspace(&[]);
        let mut member = planted::member("dp-verify", "");
        member.sources = vec![SourceFile::new(planted::file(path, source))];
        workspace.members.push(member);
        nan_is_kept(&workspace).iter().map(|finding| finding.line).collect()
    }

    fn in_checks(source: &str) -> Vec<usize> {
        lines("crates/dp-verify/src/checks/any/kind.rs", source)
    }

    #[test]
    fn folds_that_drop_nan_are_found_in_checks_only() {
        let source = "\nlet worst = ratios.fold(0.0, f64::max);\nlet least = ratios.fold(1.0, f64::min);\n";
        assert_eq!(in_checks(source), [2, 3]);
        assert_eq!(lines("docs/src/checks/any.rs", source), [2, 3]);
        assert_eq!(lines("crates/dp-verify/src/report/figure.rs", source), Vec::<usize>::new());
        assert_eq!(in_checks("// f64::max\nlet top = f64::MAX;\n"), Vec::<usize>::new());
    }

    #[test]
    fn variables_that_gather_are_found() {
        for source in [
            "\nworst = worst.max(ratio);",
            "\n*worst = worst.max(ratio);",
            "\nself.excess = self.excess.max(implied / delta);",
            "n += 1;\nworst =\n    worst.max(first).max(second);",
            "\nworst = if honest { worst.max(ratio) } else { f64::NAN };",
            "\n(excess, n) = (excess.max(met), n + 1);",
            "\nlet x = all.iter().fold(0.0_f64, |worst, x| worst.max(x.abs()));",
            "\nlet x = all.iter().fold((0.0, 1.0), |(a, b), x| (a, b.min(*x)));",
        ] {
            assert_eq!(in_checks(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn floors_and_what_keeps_nan_are_not_found() {
        for source in [
            "let step = radius / norm.max(1e-300);",
            "let size = size.min(0.9);",
            "let n = counts.iter().max();",
            "if worst == 0.0 { return; }\nlet a = worst.max(1.0);",
            "worst = larger(worst, ratio / bound.max(1e-300));",
            "worst = Ord::max(worst, ratio);",
            "let x = all.iter().fold(0.0, larger);",
        ] {
            assert_eq!(in_checks(source), Vec::<usize>::new(), "{source}");
        }
    }
}
