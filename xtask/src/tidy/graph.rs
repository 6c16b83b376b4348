//! Rules about who may depend on whom.

use super::Finding;
use super::workspace::{Dependency, Kind, Member, Workspace};

/// The crates that only dp-linalg may name (and the benchmarks, which measure against them).
const BACKENDS: &[&str] = &["faer", "nalgebra"];
const BACKEND_USERS: &[&str] = &["dp-linalg", "provable-dp-benches"];

/// Every arrow between our crates outside tests, from the architecture page. Whoever adds a crate adds its line.
const ARROWS: &[(&str, &[&str])] = &[
    ("dp-claims", &[]),
    ("dp-linalg", &["dp-claims"]),
    ("dp-mechanisms", &["dp-claims", "dp-linalg"]),
    ("dp-audit", &["dp-claims", "dp-mechanisms"]),
    ("poly-kernel", &["dp-claims", "dp-linalg"]),
    ("attention-dp", &["dp-claims", "dp-linalg", "dp-mechanisms", "poly-kernel"]),
    ("john-ellipsoid-dp", &["dp-claims", "dp-linalg", "dp-mechanisms"]),
    ("ntk-dp", &["dp-claims", "dp-linalg", "dp-mechanisms", "poly-kernel"]),
    ("dp-testkit", &[]),
    (
        "dp-verify",
        &[
            "dp-claims",
            "dp-linalg",
            "dp-mechanisms",
            "dp-audit",
            "poly-kernel",
            "attention-dp",
            "john-ellipsoid-dp",
            "ntk-dp",
            "dp-testkit",
        ],
    ),
    (
        "provable-dp-benches",
        &[
            "dp-claims",
            "dp-linalg",
            "dp-mechanisms",
            "dp-audit",
            "poly-kernel",
            "attention-dp",
            "john-ellipsoid-dp",
            "ntk-dp",
            "dp-testkit",
        ],
    ),
    ("provable-dp-worked-example", &["dp-claims", "dp-linalg", "dp-mechanisms"]),
    (
        "provable-dp-book",
        &[
            "dp-linalg",
            "dp-mechanisms",
            "dp-audit",
            "poly-kernel",
            "attention-dp",
            "john-ellipsoid-dp",
            "ntk-dp",
            "dp-verify",
            "provable-dp-worked-example",
        ],
    ),
    ("xtask", &[]),
];

/// What tests and tools use and a library's users should not have to build.
const TOOLS: &[&str] = &[
    "approx",
    "clap",
    "clarabel",
    "criterion",
    "dp-testkit",
    "dp-verify",
    "indicatif",
    "plotters",
    "proptest",
    "rand_distr",
    "statrs",
];

/// Tools that a library's own job needs: the normal law of random features, networks and sketches, which are public.
const TOOLS_IN_USE: &[(&str, &str)] =
    &[("john-ellipsoid-dp", "rand_distr"), ("ntk-dp", "rand_distr"), ("poly-kernel", "rand_distr")];

/// What only a feature that is off by default brings in.
const BEHIND_FEATURES: &[&str] = &["arrow-array", "arrow-schema", "parquet"];

pub(super) fn backends(workspace: &Workspace) -> Vec<Finding> {
    let may = |member: &Member| BACKEND_USERS.contains(&member.name.as_str());
    of_dependencies(workspace, |member, dependency| {
        (BACKENDS.contains(&dependency.name.as_str()) && !may(member))
            .then(|| format!("names {}; call dp-linalg instead", dependency.name))
    })
}

pub(super) fn arrows(workspace: &Workspace) -> Vec<Finding> {
    let unknown = workspace.members.iter().filter(|member| allowed(&member.name).is_none()).map(|member| {
        member.manifest.finding("name", format!("{} has no line in ARROWS of xtask; add one", member.name))
    });
    let wrong = of_dependencies(workspace, |member, dependency| {
        let arrows = allowed(&member.name)?;
        let name = dependency.name.as_str();
        let in_tests = dependency.kind == Kind::Dev && name == "dp-testkit";
        let is_ours = allowed(name).is_some();
        (is_ours && !arrows.contains(&name) && !in_tests).then(|| {
            format!("{} may not depend on {name}; move what both need into a lower crate", member.name)
        })
    });
    unknown.chain(wrong).collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to)
}

pub(super) fn tools(workspace: &Workspace) -> Vec<Finding> {
    of_dependencies(workspace, |member, dependency| {
        let name = dependency.name.as_str();
        let in_use = TOOLS_IN_USE.contains(&(member.name.as_str(), name));
        (member.published && dependency.kind == Kind::Normal && TOOLS.contains(&name) && !in_use)
            .then(|| format!("{name} is for tests and tools; make it a dev-dependency"))
    })
}

fn of_dependencies(
    workspace: &Workspace,
    complaint: impl Fn(&Member, &Dependency) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        for dependency in &member.dependencies {
            if let Some(message) = complaint(member, dependency) {
                findings.push(member.manifest.finding(&dependency.name, message));
            }
        }
    }
    findings
}

pub(super) fn one_rand(workspace: &Workspace) -> Vec<Finding> {
    let versions_of = |name: &str| {
        let named =
            workspace.packages.iter().filter(|package| package.in_published_graph && package.name == name);
        let mut versions: Vec<&str> = named.map(|package| compatibility(&package.version)).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    };
    let complaint = |name: &&str| {
        let versions = versions_of(name);
        (versions.len() > 1).then(|| {
            let versions = versions.join(" and ");
            let message = format!(
                "{name} {versions} are both built; find the features that ask with `cargo tree -i {name}`"
            );
            workspace.manifest.finding(name, message)
        })
    };
    ["rand", "rand_core"].iter().filter_map(complaint).collect()
}

/// The part of a version that must agree for two packages to be one: `1` of `1.2.3`, `0.9` of `0.9.4`.
fn compatibility(version: &str) -> &str {
    let dots: Vec<usize> = version.match_indices('.').map(|(index, _)| index).collect();
    let end = if version.starts_with("0.") { dots.get(1) } else { dots.first() };
    &version[..end.copied().unwrap_or(version.len())]
}

/// Metadata is that of the default features.
pub(super) fn default_build(workspace: &Workspace) -> Vec<Finding> {
    let heavy = workspace.packages.iter().filter(|package| BEHIND_FEATURES.contains(&package.name.as_str()));
    let complaint = |package: &super::workspace::Package| {
        let message = format!("{} is built by default; leave it to a feature", package.name);
        workspace.manifest.finding(&package.name, message)
    };
    heavy.map(complaint).collect()
}

pub(super) fn rust_version(workspace: &Workspace) -> Vec<Finding> {
    let Some(ours) = workspace.rust_version() else {
        let message = "the workspace promises no rust-version; add it to [workspace.package]".to_owned();
        return vec![workspace.manifest.finding("[workspace.package]", message)];
    };
    let too_new =
        workspace.packages.iter().filter(|package| package.rust_version.is_some_and(|it| it > ours));
    let complaint = |package: &super::workspace::Package| {
        let (major, minor) = package.rust_version.unwrap_or_default();
        let message = format!(
            "{} {} needs Rust {major}.{minor}; take an older one or raise the promise",
            package.name, package.version
        );
        workspace.manifest.finding("rust-version", message)
    };
    too_new.map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::super::workspace::{Package, planted};
    use super::*;

    #[test]
    fn backends_belong_to_the_facade() {
        for kind in [Kind::Normal, Kind::Dev, Kind::Build] {
            let found = backends(&planted::depending("attention-dp", "faer", kind));
            assert_eq!((found.len(), found[0].line), (1, 18));
        }
        assert_eq!(backends(&planted::depending("dp-linalg", "faer", Kind::Normal)), []);
        assert_eq!(backends(&planted::depending("provable-dp-benches", "nalgebra", Kind::Dev)), []);
    }

    #[test]
    fn arrows_point_down() {
        let found = |from, to, kind| arrows(&planted::depending(from, to, kind)).len();
        assert_eq!(found("attention-dp", "dp-mechanisms", Kind::Normal), 0);
        assert_eq!(found("dp-mechanisms", "attention-dp", Kind::Normal), 1);
        assert_eq!(found("poly-kernel", "dp-mechanisms", Kind::Normal), 1);
        assert_eq!(found("poly-kernel", "dp-mechanisms", Kind::Dev), 1);
        assert_eq!(found("poly-kernel", "dp-testkit", Kind::Dev), 0);
        assert_eq!(found("poly-kernel", "dp-testkit", Kind::Normal), 1);
        assert_eq!(found("poly-kernel", "serde", Kind::Normal), 0);
        assert_eq!(found("new-crate", "serde", Kind::Normal), 1);
    }

    #[test]
    fn tools_stay_in_tests() {
        let found = |from, kind| tools(&planted::depending(from, "statrs", kind)).len();
        assert_eq!(found("dp-mechanisms", Kind::Normal), 1);
        assert_eq!(found("dp-mechanisms", Kind::Dev), 0);
        let mut unpublished = planted::depending("dp-testkit", "statrs", Kind::Normal);
        unpublished.members[0].published = false;
        assert_eq!(tools(&unpublished), []);
    }

    fn package(name: &str, version: &str) -> Package {
        Package { name: name.to_owned(), version: version.to_owned(), ..Package::default() }
    }

    fn with_packages(packages: Vec<Package>) -> Workspace {
        Workspace { packages, ..planted::workspace(&[]) }
    }

    #[test]
    fn two_majors_of_rand_are_one_too_many() {
        let two = |versions: [&str; 2], in_published_graph| {
            let rand = |version| Package { in_published_graph, ..package("rand", version) };
            one_rand(&with_packages(versions.map(rand).to_vec())).len()
        };
        assert_eq!(two(["0.9.2", "0.10.1"], true), 1);
        assert_eq!(two(["0.10.0", "0.10.1"], true), 0);
        assert_eq!(two(["1.0.0", "1.2.0"], true), 0);
        assert_eq!(two(["1.0.0", "2.0.0"], true), 1);
        assert_eq!(two(["0.9.2", "0.10.1"], false), 0);
    }

    #[test]
    fn formats_behind_features_are_not_built_by_default() {
        let found = |name| default_build(&with_packages(vec![package(name, "60.1.0")])).len();
        assert_eq!((found("parquet"), found("arrow-array"), found("safetensors")), (1, 1, 0));
    }

    #[test]
    fn dependencies_keep_our_promise_to_old_compilers() {
        let needs = |rust_version| {
            let other = Package { rust_version, ..package("other", "1.0.0") };
            super::rust_version(&with_packages(vec![other])).len()
        };
        assert_eq!(needs(Some((1, 89))), 0);
        assert_eq!(needs(Some((1, 90))), 1);
        assert_eq!(needs(Some((2, 0))), 1);
        assert_eq!(needs(None), 0);
        let mut silent = with_packages(vec![]);
        silent.manifest.text.clear();
        assert_eq!(rust_version(&silent).len(), 1);
    }
}
