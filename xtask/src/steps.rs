//! The steps of continuous integration, in their order.

use crate::ci::{Need, Step, each, root};
use crate::{cargo, cargo_of, cargo_path, finish, release, tidy};
use std::ffi::OsString;
use std::process::{Command, ExitCode};

pub(crate) const STEPS: &[Step] = &[
    step("fmt", "sources are formatted", fmt),
    step("tidy", "the numbered rules of the house hold", |_| tidy::main()),
    step("clippy", "no lint warns, in any target with all features", clippy),
    step("doc", "documentation builds without a warning", doc),
    step("test", "tests, and examples in documentation and READMEs", |more| {
        cargo(&["test", "--workspace", "--locked"], more)
    }),
    Step {
        in_ci: &["--quick", "--html", "target/verify.html"],
        ..step("verify", "every claim holds, every broken twin is rejected", |more| {
            cargo(&["run", "--release", "--package", "dp-verify", "--"], more)
        })
    },
    Step {
        needs: &[SELENIUM],
        in_ci: &["target/verify.html"],
        ..step(
            "page",
            "the page that verify wrote works in a browser: filters, links, widths, colours",
            |more| finish(Command::new("python3").arg("crates/dp-verify/tests/page.py").args(more)),
        )
    },
    step("mutants", "every broken variant is killed", |more| {
        cargo(&["run", "--release", "--package", "dp-verify", "--", "--mutants"], more)
    }),
    // numbers of a shared machine are noise
    Step {
        in_ci: &["--no-run"],
        ..step("bench", "benchmarks; in `ci` they are only built", |more| {
            cargo(&["bench", "--package", "provable-dp-benches"], more)
        })
    },
    step("features", "each published crate builds alone with every set of its features", |_| {
        release::features()
    }),
    step("package", "published crates are packaged, and build from their packages", |_| release::package()),
    Step {
        needs: &[NIGHTLY],
        ..step("doc-coverage", "every public item is documented", |_| release::doc_coverage())
    },
    Step {
        needs: &[NIGHTLY, GIT],
        ..step(
            "minimal-versions",
            "published crates build with the oldest dependencies that they name",
            |_| release::minimal_versions(),
        )
    },
    Step { needs: &[OLDEST], ..step("msrv", "everything builds with the oldest compiler", msrv) },
    Step {
        needs: &[NIGHTLY, FUZZ],
        ..step("fuzz", "each fuzz target runs 20 seconds, or the seconds that are given", fuzz)
    },
    Step {
        needs: &[NIGHTLY, MIRI],
        ..step("miri", "words that become noise, and the lattice, interpreted", miri)
    },
    Step {
        needs: &[DENY],
        ..step("deny", "licences, sources and versions of dependencies are as deny.toml says", |_| {
            cargo(&["deny", "check", "licenses", "bans", "sources"], &[])
        })
    },
    Step {
        needs: &[DENY, ADVISORIES],
        ..step("advisories", "no dependency has a known vulnerability or was withdrawn", |_| {
            cargo(&["deny", "check", "advisories"], &[])
        })
    },
    Step {
        needs: &[SEMVER, GIT],
        ..step("semver", "nothing breaks since the branch main, or the revision that is given", semver)
    },
    Step {
        needs: &[MDBOOK],
        ..step("book", "the book builds", |_| finish(Command::new("mdbook").args(["build", "docs"])))
    },
];

/// A step that needs no other tool, and no arguments in `ci`.
const fn step(name: &'static str, about: &'static str, run: fn(&[OsString]) -> ExitCode) -> Step {
    Step { name, about, needs: &[], in_ci: &[], run }
}

const GIT: Need = Need { name: "git", probe: &["git", "--version"], install: "install git" };
const NIGHTLY: Need = Need {
    name: "nightly toolchain",
    probe: &["rustup", "run", "nightly", "cargo", "--version"],
    install: "rustup toolchain install nightly --profile minimal",
};
/// The oldest compiler that the workspace promises; a test compares it with the root manifest.
const RUST_VERSION: &str = "1.89";
const OLDEST: Need = Need {
    name: "toolchain of the oldest compiler",
    probe: &["rustup", "run", RUST_VERSION, "cargo", "--version"],
    install: "rustup toolchain install 1.89 --profile minimal",
};
const MIRI: Need = Need {
    name: "miri",
    probe: &["rustup", "run", "nightly", "cargo", "miri", "--version"],
    install: "rustup component add miri rust-src --toolchain nightly",
};
const FUZZ: Need = Need {
    name: "cargo-fuzz",
    probe: &["cargo-fuzz", "--version"],
    install: "cargo install --locked cargo-fuzz",
};
const DENY: Need = Need {
    name: "cargo-deny",
    probe: &["cargo-deny", "--version"],
    install: "cargo install --locked cargo-deny",
};
const ADVISORIES: Need = Need {
    name: "database of advisories",
    probe: &["cargo-deny", "fetch", "db"],
    install: "it is fetched over the network",
};
const SEMVER: Need = Need {
    name: "cargo-semver-checks",
    probe: &["cargo-semver-checks", "--version"],
    install: "cargo install --locked cargo-semver-checks",
};
const SELENIUM: Need = Need {
    name: "selenium with Chromium and its driver",
    probe: &["python3", "-c", "import selenium, shutil; assert shutil.which('chromedriver')"],
    install: "install Chromium and its driver, and selenium by pip",
};
const MDBOOK: Need =
    Need { name: "mdbook", probe: &["mdbook", "--version"], install: "cargo install --locked mdbook" };

fn fmt(_: &[OsString]) -> ExitCode {
    cargo(&["fmt", "--all", "--check"], &[])
}

fn clippy(_: &[OsString]) -> ExitCode {
    cargo(
        &["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"],
        &[],
    )
}

fn doc(_: &[OsString]) -> ExitCode {
    let mut flags = std::env::var_os("RUSTDOCFLAGS").unwrap_or_default();
    flags.push(" -D warnings");
    let arguments = ["doc", "--workspace", "--all-features", "--no-deps", "--locked"];
    finish(Command::new(cargo_path()).args(arguments).env("RUSTDOCFLAGS", flags))
}

/// What is promised to old compilers is what users build: libraries and binaries with all features, not tests.
fn msrv(_: &[OsString]) -> ExitCode {
    finish(&mut cargo_of(RUST_VERSION, &["check", "--workspace", "--all-features", "--locked"]))
}

/// Seconds of each fuzz target in `ci`.
const FUZZ_SECONDS: &str = "20";

fn fuzz(more: &[OsString]) -> ExitCode {
    let seconds = more.first().map_or(FUZZ_SECONDS.into(), |seconds| seconds.to_string_lossy());
    let manifest = match std::fs::read_to_string(root().join("fuzz/Cargo.toml")) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("fuzz/Cargo.toml: {error}");
            return ExitCode::FAILURE;
        }
    };
    let limit = format!("-max_total_time={seconds}");
    each(targets(&manifest).map(|name| cargo_of("nightly", &["fuzz", "run", name, "--", &limit])))
}

/// Names of the binaries of a manifest.
fn targets(manifest: &str) -> impl Iterator<Item = &str> {
    let name = |part: &'static str| move |text: &str| text.starts_with(part);
    let tables = manifest.split("[[bin]]").skip(1);
    tables.filter_map(move |table| {
        let line = table.lines().find(|line| name("name = ")(line))?;
        line.split('"').nth(1)
    })
}

/// Unit tests of what turns words into noise, and of the lattice; long arithmetic takes an interpreter too long.
const INTERPRETED: &[&str] =
    &["noise::uniform", "noise::rounded_gaussian::cell", "noise::discrete_laplace::cell", "lattice::tests"];

fn miri(_: &[OsString]) -> ExitCode {
    let arguments = ["miri", "test", "--package", "dp-mechanisms", "--lib", "--"];
    finish(cargo_of("nightly", &arguments).args(INTERPRETED))
}

/// Nothing has been published yet, so that the baseline is a revision and not a release.
fn semver(more: &[OsString]) -> ExitCode {
    let revision = more.first().map_or("main".into(), |revision| revision.to_string_lossy());
    cargo(&["semver-checks", "--workspace", "--all-features", "--baseline-rev", &revision], &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_compiler_is_that_of_the_manifest() {
        let line = format!("rust-version = \"{RUST_VERSION}\"");
        assert!(
            std::fs::read_to_string(root().join("Cargo.toml")).unwrap().lines().any(|other| other == line)
        );
        assert!(OLDEST.install.contains(RUST_VERSION));
    }

    #[test]
    fn every_fuzz_target_is_run() {
        let root = root().join("fuzz");
        let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let mut named: Vec<String> = targets(&manifest).map(str::to_owned).collect();
        let files = std::fs::read_dir(root.join("fuzz_targets")).unwrap();
        let stem = |path: std::path::PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut present: Vec<String> = files.map(|entry| stem(entry.unwrap().path())).collect();
        named.sort();
        present.sort();
        assert_eq!(named, present);
    }
}
