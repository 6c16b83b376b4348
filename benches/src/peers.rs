//! Tables of `peers/RESULTS.md` from the measurements in `peers/results.json`, which `peers/all.py` writes.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One comparison: a script, where it ran, and what it found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// `samplers`, `accountants`, `attention`, `john` or `ntk`.
    pub name: String,
    /// What the tables are about.
    pub title: String,
    /// What measures it again.
    pub command: String,
    /// Where and when.
    pub machine: Machine,
    /// Wall time of the script without installations, seconds.
    pub seconds: f64,
    /// Why it has no tables.
    pub not_run: Option<String>,
    /// Of peers.
    pub versions: BTreeMap<String, String>,
    /// What was found.
    pub tables: Vec<Table>,
}

/// Where and when a comparison ran.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Model name.
    pub cpu: String,
    /// That the script may use.
    pub cores: u32,
    /// Widest vectors.
    pub vectors: String,
    /// GiB.
    pub memory: f64,
    /// Name and release.
    pub kernel: String,
    /// Version.
    pub rustc: String,
    /// Of this project, and whether there were changes.
    pub commit: String,
    /// Mean number of running processes over a minute, before and after.
    pub load: [f64; 2],
}

/// One table, whose medians have one unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What is compared.
    pub title: String,
    /// Of both medians.
    pub unit: String,
    /// Each has our median and theirs, or why not.
    pub rows: Vec<Row>,
}

/// Our median beside that of a peer.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Row {
    /// Both answered, or they were stopped.
    Measured {
        /// The question.
        case: String,
        /// What of ours.
        ours: String,
        /// What of theirs.
        peer: String,
        /// In the unit of the table.
        our_median: f64,
        /// In the unit of the table.
        their_median: f64,
        /// Theirs over ours.
        ratio: f64,
        /// They were stopped: ratio and median are lower bounds.
        at_least: bool,
        /// What else there is to know, such as accuracy.
        note: String,
    },
    /// There is no answer.
    NotRun {
        /// The question.
        case: String,
        /// What of ours.
        ours: String,
        /// What of theirs.
        peer: String,
        /// Why.
        not_run: String,
    },
}

/// Reads `results.json`.
///
/// # Errors
/// Text that is not of this form.
pub fn comparisons(json: &str) -> serde_json::Result<Vec<Comparison>> {
    serde_json::from_str(json)
}

/// The page.
#[must_use]
pub fn page(comparisons: &[Comparison]) -> String {
    let mut out = String::from(HEAD);
    for comparison in comparisons {
        section(&mut out, comparison);
    }
    out
}

const HEAD: &str = "\
# Others beside ours

Made by `cargo xtask peers` (attention with `--torch`; in a clone: Python 3.9 to 3.12 and a Rust toolchain); do not edit, `cargo xtask peers --render` makes the page from `results.json`. Every comparison has peers of pinned versions in an environment of
its own (`requirements/`), and asks both sides in turns in one run. Numbers are medians; a ratio is theirs over ours, so that **above one we are faster** (or, for
ε, lower). A load well above zero means that others used the machine: ratios hold better than times.
";

fn section(out: &mut String, comparison: &Comparison) {
    let Comparison { title, command, machine, seconds, versions, .. } = comparison;
    let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    put(out, format_args!("\n## {title}\n\n```sh\n{command}\n```\n\n"));
    put(
        out,
        format_args!(
            "Measured {} at commit {}: {}, {} cores, {}, {:.0} GiB, {}, {}; load {:.1} before and {:.1} after; {:.0} s.\n",
            machine.date,
            machine.commit,
            machine.cpu,
            machine.cores,
            machine.vectors,
            machine.memory,
            machine.kernel,
            machine.rustc,
            machine.load[0],
            machine.load[1],
            seconds
        ),
    );
    if !versions.is_empty() {
        put(out, format_args!("{}.\n", versions.join(", ")));
    }
    if let Some(reason) = &comparison.not_run {
        put(out, format_args!("\n**Not run**: {reason}\n"));
    }
    comparison.tables.iter().for_each(|each| table(out, each));
}

fn table(out: &mut String, Table { title, unit, rows }: &Table) {
    put(
        out,
        format_args!("\n**{title}**\n\n| case | ours | peer | ours, {unit} | theirs, {unit} | ratio | |\n"),
    );
    out.push_str("|---|---|---|---|---|---|---|\n");
    // claims of ε differ in later digits
    let shown = if unit == "ε" { 7 } else { 3 };
    for row in rows {
        match row {
            Row::Measured { case, ours, peer, our_median, their_median, ratio, at_least, note } => {
                let more = if *at_least { "> " } else { "" };
                let [mine, theirs, ratio] = [our_median, their_median, ratio].map(|x| digits(*x, shown));
                let numbers = format_args!("{mine} | {more}{theirs} | {more}{ratio}").to_string();
                put(out, format_args!("| {case} | {ours} | {peer} | {numbers} | {note} |\n"));
            }
            Row::NotRun { case, ours, peer, not_run } => {
                put(out, format_args!("| {case} | {ours} | {peer} | | | | not run: {not_run} |\n"));
            }
        }
    }
}

/// So many digits, and thousands apart.
fn digits(x: f64, shown: u8) -> String {
    let places =
        (f64::from(shown) - 1.0 - x.abs().max(f64::MIN_POSITIVE).log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{x:.places$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), ""), |parts| parts);
    let mut out = String::new();
    for (k, digit) in whole.chars().enumerate() {
        if k > 0 && (whole.len() - k).is_multiple_of(3) && whole.len() > 4 {
            out.push(' ');
        }
        out.push(digit);
    }
    if fraction.is_empty() { out } else { format!("{out}.{fraction}") }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // a string takes everything
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Row, comparisons, digits, page};
    use std::path::Path;

    fn text(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).expect("the file is in the repository")
    }

    fn committed() -> Vec<Comparison> {
        comparisons(&text("peers/results.json")).expect("of this form")
    }

    #[test]
    fn the_page_is_what_the_measurements_give() {
        assert!(
            page(&committed()) == text("peers/RESULTS.md"),
            "run `cargo xtask peers --render`: RESULTS.md is not what results.json gives"
        );
    }

    #[test]
    fn every_comparison_is_there_with_tables_or_a_reason() {
        let names: Vec<String> = committed().iter().map(|each| each.name.clone()).collect();
        assert_eq!(names, ["samplers", "accountants", "attention", "john", "ntk"]);
        for each in committed() {
            assert_eq!(each.tables.is_empty(), each.not_run.is_some(), "{}", each.name);
        }
    }

    #[test]
    fn ratios_are_theirs_over_ours() {
        for row in committed().iter().flat_map(|each| &each.tables).flat_map(|table| &table.rows) {
            if let Row::Measured { our_median, their_median, ratio, .. } = row {
                assert!((ratio * our_median / their_median - 1.0).abs() < 1e-12, "{row:?}");
            }
        }
    }

    #[test]
    fn both_front_pages_point_to_the_results() {
        assert!(text("../README.md").contains("benches/peers/RESULTS.md"));
        let sections = text("README.md");
        for name in ["samplers", "accountants", "attention", "john", "ntk"] {
            assert!(sections.contains(&format!("cargo xtask peers {name}")), "{name}");
        }
        assert!(sections.contains("peers/RESULTS.md"));
    }

    #[test]
    fn numbers_have_so_many_digits() {
        assert_eq!(digits(26.719_799_57, 7), "26.71980");
        for (x, shown) in [
            (0.012_34, "0.0123"),
            (1.0, "1.00"),
            (45.67, "45.7"),
            (999.4, "999"),
            (1234.5, "1234"),
            (12_345.0, "12 345"),
            (1_234_567.0, "1 234 567"),
        ] {
            assert_eq!(digits(x, 3), shown);
        }
    }
}
