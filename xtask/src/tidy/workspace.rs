//! What the rules look at, read once.

use super::Finding;
use super::code::SourceFile;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A compiler version, major and minor.
pub(crate) type RustVersion = (u32, u32);

/// The workspace, its manifests and sources, and the packages it resolves to on this platform.
#[derive(Debug, Clone, Default)]
pub(crate) struct Workspace {
    /// The root manifest.
    pub(crate) manifest: TextFile,
    /// What `docs` says of claims and proofs.
    pub(crate) docs: Docs,
    /// Our crates.
    pub(crate) members: Vec<Member>,
    /// Everything in the resolved graph.
    pub(crate) packages: Vec<Package>,
}

/// The documents that rules compare with the code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Docs {
    /// Statements with proofs, by section.
    pub(crate) theorems: TextFile,
    /// Every claim with its evidence: the register of ids.
    pub(crate) index: TextFile,
    /// Which code each section proves, with fingerprints of both.
    pub(crate) proofs: TextFile,
    /// What introduces the workspace: each names every published crate.
    pub(crate) introductions: Vec<TextFile>,
}

/// One of our crates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) published: bool,
    pub(crate) has_readme: bool,
    /// Beside the manifest, so that packages carry them.
    pub(crate) has_licences: bool,
    /// Features other than `default`.
    pub(crate) features: Vec<String>,
    pub(crate) manifest: TextFile,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) sources: Vec<SourceFile>,
}

/// A line of a member's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// Which table a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
}

/// A resolved package.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: Option<RustVersion>,
    /// Whether a published crate of ours needs it outside tests.
    pub(crate) in_published_graph: bool,
}

/// A text with its path relative to the root.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    /// A finding at the first line that contains `needle`, or at the first line of all.
    pub(crate) fn finding(&self, needle: &str, message: String) -> Finding {
        let line = self.text.lines().position(|line| line.contains(needle)).map_or(1, |index| index + 1);
        Finding { path: self.path.clone(), line, message }
    }
}

impl Workspace {
    /// Reads the workspace that this crate is part of.
    pub(crate) fn read() -> io::Result<Self> {
        let metadata = metadata()?;
        let root = PathBuf::from(text(&metadata["workspace_root"]));
        let ids: BTreeSet<&str> = list(&metadata["workspace_members"]).iter().map(text).collect();
        let is_member = |package: &&Value| ids.contains(text(&package["id"]));
        let members: Vec<&Value> = list(&metadata["packages"]).iter().filter(is_member).collect();
        let published =
            members.iter().filter(|package| is_published(package)).map(|package| text(&package["id"]));
        let reachable = normal_closure(&metadata, published.collect());
        Ok(Self {
            manifest: read(&root, &root.join("Cargo.toml"))?,
            docs: Docs {
                theorems: read(&root, &root.join("docs/theorems.md"))?,
                index: read(&root, &root.join("docs/theorem_index.md"))?,
                proofs: read(&root, &root.join(super::proofs::LOCK))?,
                introductions: ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
                    .map(|path| read(&root, &root.join(path)))
                    .into_iter()
                    .collect::<io::Result<_>>()?,
            },
            members: members.into_iter().map(|package| member(&root, package)).collect::<io::Result<_>>()?,
            packages: packages(&metadata, &reachable),
        })
    }

    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The source at this path.
    pub(crate) fn source(&self, path: &str) -> Option<&SourceFile> {
        self.members.iter().flat_map(|member| &member.sources).find(|file| file.path == path)
    }

    /// The compiler version that the root manifest promises.
    pub(crate) fn rust_version(&self) -> Option<RustVersion> {
        let line = self.manifest.text.lines().find_map(|line| line.strip_prefix("rust-version = "))?;
        parse_version(line.trim_matches('"'))
    }
}

/// `cargo metadata` for this platform: without a platform, packages of foreign systems would have to be downloaded.
fn metadata() -> io::Result<Value> {
    let rustc = Command::new("rustc").arg("-vV").output()?;
    let rustc = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let output = Command::new(crate::cargo_path())
        .args(["metadata", "--format-version", "1", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn member(root: &Path, package: &Value) -> io::Result<Member> {
    let manifest_path = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest_path.parent().unwrap_or(root);
    let mut paths = Vec::new();
    collect_rust_files(folder, &mut paths)?;
    paths.sort();
    let source = |path: &PathBuf| read(root, path).map(SourceFile::new);
    Ok(Member {
        name: text(&package["name"]).to_owned(),
        published: is_published(package),
        has_readme: folder.join("README.md").is_file(),
        has_licences: ["LICENSE-MIT", "LICENSE-APACHE"].iter().all(|name| folder.join(name).is_file()),
        features: features(package),
        manifest: read(root, &manifest_path)?,
        dependencies: list(&package["dependencies"]).iter().map(dependency).collect(),
        sources: paths.iter().map(source).collect::<io::Result<_>>()?,
    })
}

fn features(package: &Value) -> Vec<String> {
    let names = package["features"].as_object().into_iter().flat_map(|features| features.keys());
    names.filter(|name| *name != "default").cloned().collect()
}

fn dependency(value: &Value) -> Dependency {
    let kind = match text(&value["kind"]) {
        "dev" => Kind::Dev,
        "build" => Kind::Build,
        _ => Kind::Normal,
    };
    Dependency { name: text(&value["name"]).to_owned(), kind }
}

/// A package with `publish = false` has an empty list of registries.
fn is_published(package: &Value) -> bool {
    package["publish"].as_array().is_none_or(|registries| !registries.is_empty())
}

fn packages(metadata: &Value, in_published_graph: &BTreeSet<&str>) -> Vec<Package> {
    let resolved: BTreeSet<&str> =
        list(&metadata["resolve"]["nodes"]).iter().map(|node| text(&node["id"])).collect();
    let is_resolved = |package: &&Value| resolved.contains(text(&package["id"]));
    let package = |value: &Value| Package {
        name: text(&value["name"]).to_owned(),
        version: text(&value["version"]).to_owned(),
        rust_version: parse_version(text(&value["rust_version"])),
        in_published_graph: in_published_graph.contains(text(&value["id"])),
    };
    list(&metadata["packages"]).iter().filter(is_resolved).map(package).collect()
}

/// Everything that these packages need outside tests and build scripts, themselves included.
fn normal_closure<'a>(metadata: &'a Value, mut open: Vec<&'a str>) -> BTreeSet<&'a str> {
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), node)).collect();
    let is_normal = |edge: &&Value| list(&edge["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
    let mut closure = BTreeSet::new();
    while let Some(id) = open.pop() {
        if closure.insert(id) {
            let edges = nodes.get(id).map_or(&[][..], |node| list(&node["deps"]));
            open.extend(edges.iter().filter(is_normal).map(|edge| text(&edge["pkg"])));
        }
    }
    closure
}

fn collect_rust_files(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                collect_rust_files(&path, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> io::Result<TextFile> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let path_text = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>();
    Ok(TextFile { path: path_text.join("/"), text: std::fs::read_to_string(path)? })
}

fn parse_version(version: &str) -> Option<RustVersion> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Workspaces to break.
#[cfg(test)]
pub(crate) mod planted {
    use super::*;

    /// A tidy manifest of a published crate.
    const MANIFEST: &str = "[package]\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\nrepository.workspace = true\n\
        authors.workspace = true\n[lints]\nworkspace = true\n";

    /// What a published crate says besides.
    fn introduction(name: &str) -> String {
        format!(
            "[package.metadata.docs.rs]\nall-features = true\n\
             description = \"\"\nkeywords = []\ncategories = []\nreadme = \"README.md\"\ndocumentation = \"https://docs.rs/{name}\"\n"
        )
    }

    /// A front page whose README is run.
    const README_IS_RUN: &str = "#[cfg(doctest)]\n#[doc = include_str!(\"../README.md\")]\nstruct Readme;\n";

    pub(crate) fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn member(name: &str, source: &str) -> Member {
        Member {
            name: name.to_owned(),
            published: true,
            has_readme: true,
            has_licences: true,
            features: Vec::new(),
            manifest: file(
                &format!("crates/{name}/Cargo.toml"),
                &(MANIFEST.to_owned() + &introduction(name)),
            ),
            dependencies: Vec::new(),
            sources: vec![
                SourceFile::new(file(&format!("crates/{name}/src/claims.rs"), "")),
                SourceFile::new(file(
                    &format!("crates/{name}/src/lib.rs"),
                    &(source.to_owned() + README_IS_RUN),
                )),
            ],
        }
    }

    /// A tidy workspace of these published crates and a registry that lists their claims.
    pub(crate) fn workspace(crates: &[(&str, &str)]) -> Workspace {
        let listed = crates.iter().map(|(name, _)| format!("{}::claims::CLAIMS;\n", name.replace('-', "_")));
        let registry = file("crates/dp-verify/src/registry.rs", &listed.collect::<String>());
        let mut verify = member("dp-verify", "");
        verify.published = false;
        verify.sources.push(SourceFile::new(registry));
        let mut members: Vec<Member> = crates.iter().map(|(name, source)| member(name, source)).collect();
        members.push(verify);
        let manifest = "[workspace.package]\nrust-version = \"1.89\"\n\
            [workspace.dependencies]\ndp-verify = { path = \"crates/dp-verify\" }\n\
            [workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        let docs = Docs {
            theorems: file("docs/theorems.md", "# Theorems\n"),
            index: file("docs/theorem_index.md", "# Index of theorems\n"),
            proofs: file(crate::tidy::proofs::LOCK, ""),
            introductions: vec![file("README.md", "`poly-kernel` and others\n")],
        };
        Workspace { manifest: file("Cargo.toml", manifest), docs, members, packages: Vec::new() }
    }

    /// The same with this text for a source, which is added if it is new.
    pub(crate) fn with_source(mut workspace: Workspace, path: &str, text: &str) -> Workspace {
        let folder =
            |member: &&mut Member| path.starts_with(member.manifest.path.trim_end_matches("Cargo.toml"));
        let member = workspace.members.iter_mut().find(folder).expect("the path is in a member");
        member.sources.retain(|source| source.path != path);
        member.sources.push(SourceFile::new(file(path, text)));
        workspace
    }

    /// The same with one dependency of the first crate.
    pub(crate) fn depending(name: &str, on: &str, kind: Kind) -> Workspace {
        let mut workspace = workspace(&[(name, "")]);
        workspace.members[0].manifest.text.extend(["[dependencies]\n", on, " = \"1\"\n"]);
        workspace.members[0].dependencies.push(Dependency { name: on.to_owned(), kind });
        workspace
    }
}
