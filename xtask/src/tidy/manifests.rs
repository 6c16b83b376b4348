//! Rules about manifests.

use super::Finding;
use super::code::SourceFile;
use super::workspace::Workspace;

/// What every member takes from the root, so that it is written once.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "repository", "authors"];

pub(super) fn inheritance(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        let lines: Vec<&str> = member.manifest.text.lines().map(str::trim).collect();
        for key in INHERITED.iter().map(|key| format!("{key}.workspace = true")) {
            if !lines.contains(&key.as_str()) {
                findings
                    .push(member.manifest.finding("[package]", format!("[package] lacks `{key}`; add it")));
            }
        }
        if !lines.windows(2).any(|pair| pair == ["[lints]", "workspace = true"]) {
            let message = "the workspace's lints are not inherited; add `[lints]` with `workspace = true`";
            findings.push(member.manifest.finding("[lints]", message.to_owned()));
        }
    }
    findings
}

/// What a registry and its documentation server show of a crate, as the beginnings of lines.
const SHOWN: &[&str] =
    &["description = \"", "keywords = [", "categories = [", "readme = \"README.md\"", "all-features = true"];

pub(super) fn introduction(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in workspace.members.iter().filter(|member| member.published) {
        let mut complain = |holds: bool, message: &str| {
            if !holds {
                findings.push(member.manifest.finding("[package]", message.to_owned()));
            }
        };
        complain(
            member.has_readme,
            "no README.md beside the manifest; write what the crate guarantees and how to start",
        );
        complain(
            member.has_licences,
            "no LICENSE-MIT and LICENSE-APACHE beside the manifest; link those of the root",
        );
        for page in &workspace.docs.introductions {
            let named = page.text.contains(member.name.as_str());
            complain(named, &format!("{} does not name {}; say there what it is", page.path, member.name));
        }
        let has = |start: &str| member.manifest.text.lines().any(|line| line.starts_with(start));
        for start in SHOWN {
            complain(has(start), &format!("no line `{start}…`; add it"));
        }
        let documentation = format!("documentation = \"https://docs.rs/{}\"", member.name);
        complain(has(&documentation), &format!("no line `{documentation}`; add it"));
        let front = member.sources.iter().find(|file| file.path.ends_with("/src/lib.rs"));
        let runs = |file: &SourceFile| file.shipped_literals().any(|(_, text)| text == "../README.md");
        complain(
            front.is_some_and(runs),
            "the examples of README.md are not run; include it in src/lib.rs under `cfg(doctest)`",
        );
    }
    findings
}

/// An unpublished crate with a version in the root manifest makes `cargo package` of its users fail.
pub(super) fn path_only(workspace: &Workspace) -> Vec<Finding> {
    let unpublished = workspace.members.iter().filter(|member| !member.published);
    let complaint = |member: &super::workspace::Member| {
        let entry = format!("{} = ", member.name);
        let line = workspace.manifest.text.lines().find(|line| line.starts_with(&entry))?;
        line.contains("version =").then(|| {
            let message = format!("{} is unpublished; name its path only", member.name);
            workspace.manifest.finding(&entry, message)
        })
    };
    unpublished.filter_map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::super::workspace::planted;
    use super::*;

    #[test]
    fn each_inherited_line_is_missed() {
        let tidy = planted::workspace(&[("poly-kernel", "")]);
        assert_eq!(inheritance(&tidy), []);
        for key in ["version", "edition", "rust-version", "license", "repository", "authors"] {
            let mut broken = tidy.clone();
            let line = format!("{key}.workspace = true\n");
            let text = &mut broken.members[0].manifest.text;
            *text = text.replace(&format!("\n{line}"), "\n");
            let found = inheritance(&broken);
            assert_eq!(found.len(), 1, "{key}");
            assert!(found[0].message.contains(line.trim()), "{key}");
        }
    }

    #[test]
    fn lints_are_inherited_or_missed() {
        let mut broken = planted::workspace(&[("poly-kernel", "")]);
        let text = &mut broken.members[0].manifest.text;
        *text = text.replace("[lints]\nworkspace = true", "[lints]\nworkspace = false");
        let found = inheritance(&broken);
        assert_eq!((found.len(), found[0].line), (1, 8));
    }

    #[test]
    fn published_crates_need_a_readme_that_is_run_and_licences() {
        let mut broken = planted::workspace(&[("poly-kernel", "")]);
        assert_eq!(introduction(&broken), []);
        broken.members[0].has_readme = false;
        broken.members[0].has_licences = false;
        assert_eq!(introduction(&broken).len(), 2);
        broken.members[0].sources.clear();
        assert_eq!(introduction(&broken).len(), 3);
        broken.docs.introductions[0].text.clear();
        assert_eq!(introduction(&broken).len(), 4);
        broken.members[0].published = false;
        assert_eq!(introduction(&broken), []);
    }

    #[test]
    fn each_line_that_a_registry_shows_is_missed() {
        for line in SHOWN.iter().copied().chain(["documentation = \"https://docs.rs/poly-kernel\""]) {
            let mut broken = planted::workspace(&[("poly-kernel", "")]);
            let text = &mut broken.members[0].manifest.text;
            *text = text.replace(line, "");
            let found = introduction(&broken);
            assert_eq!(found.len(), 1, "{line}");
            assert!(found[0].message.contains(line), "{line}");
        }
    }

    #[test]
    fn a_version_of_an_unpublished_crate_is_found() {
        let mut broken = planted::workspace(&[]);
        assert_eq!(path_only(&broken), []);
        broken.manifest.text = "dp-verify = { path = \"crates/dp-verify\" } # no version here\n".to_owned();
        assert_eq!(path_only(&broken), []);
        broken.manifest.text = "dp-verify = { path = \"crates/dp-verify\", version = \"0.1\" }\n".to_owned();
        assert_eq!(path_only(&broken).len(), 1);
    }
}
