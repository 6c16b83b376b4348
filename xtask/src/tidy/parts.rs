//! The rule that no part of a check hides behind another.
//!
//! The worst of several outcomes is violated if one of them is. Of the shipped thing that is right; of a broken twin it lets a part
//! pass that cannot fail. Parts that each look at the subject go through `each_part`, where every one of them must reject.

use super::Finding;
use super::code::{SourceFile, words};
use super::extremes::sources_of_checks;
use super::workspace::Workspace;

const WORST: &str = "Outcome::worst(";

pub(super) fn each_rejects(workspace: &Workspace) -> Vec<Finding> {
    sources_of_checks(workspace).flat_map(of_file).collect()
}

fn of_file(file: &SourceFile) -> Vec<Finding> {
    let calls = file.code.match_indices(WORST).map(|(at, _)| at);
    let hidden = calls.filter(|at| words(in_brackets(&file.code[at + WORST.len()..]), "subject").count() > 1);
    let advice = "several parts look at the subject, and one that cannot fail would hide: use `each_part`";
    hidden.map(|at| file.finding(&file.code, at, advice.to_owned())).collect()
}

/// The text up to the bracket that closes.
fn in_brackets(code: &str) -> &str {
    let mut depth = 1_i32;
    let end = code.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &code[..end.unwrap_or(code.len())]
}

#[cfg(test)]
mod tests {
    use super::super::workspace::planted;
    use super::*;

    fn lines(path: &str, source: &str) -> Vec<usize> {
        let mut workspace = planted::workspace(&[]);
        let mut member = planted::member("dp-verify", "");
        member.sources = vec![SourceFile::new(planted::file(path, source))];
        workspace.members.push(member);
        each_rejects(&workspace).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn parts_of_the_same_subject_may_not_hide_each_other() {
        let path = "crates/dp-verify/src/checks/any.rs";
        assert_eq!(lines(path, "\nOutcome::worst([law(subject), (size)(rng, subject)])"), [2]);
        assert_eq!(lines(path, "Outcome::worst([\n    a(subject),\n    b(subject),\n])"), [1]);
        for source in [
            "each_part(subject, [a(subject), b(subject)])",
            "Outcome::worst([a(subject), whole()]); b(subject)",
            "Outcome::worst([each, large(context)])",
        ] {
            assert_eq!(lines(path, source), Vec::<usize>::new(), "{source}");
        }
        assert_eq!(
            lines("crates/dp-verify/src/run.rs", "Outcome::worst([a(subject), b(subject)])"),
            Vec::<usize>::new()
        );
    }
}
