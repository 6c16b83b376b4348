//! One page for people: every claim with its evidence, on its own, without network.

use super::figure::{mark, svg, with_twin};
use super::math::{escape, typeset};
use super::number::{Number, Percent};
use super::{notes, promises, proofs};
use crate::{Control, Error, FAMILY_ALPHA, Level, Problem, Registry, Relation, Row, Verdict, family_alpha};
use dp_claims::Claim;
use std::collections::BTreeMap;
use std::io::Write;

/// What a page or a document says about the run as a whole.
///
/// ```
/// use dp_verify::report::{Summary, write_html};
/// use dp_verify::{Level, Registry};
/// let registry = Registry::new(vec![], vec![]);
/// let summary = Summary { registry: &registry, rows: &[], problems: &[], seed: 7, level: Level::Quick };
/// let mut page = Vec::new();
/// write_html(&mut page, &summary)?;
/// assert!(String::from_utf8(page)?.starts_with("<!doctype html>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// Claims and checks.
    pub registry: &'a Registry,
    /// What was found, in claim order.
    pub rows: &'a [Row],
    /// What is incomplete.
    pub problems: &'a [Problem],
    /// Seed of the run.
    pub seed: u64,
    /// Effort of the run.
    pub level: Level,
}

impl Summary<'_> {
    /// Whether something ran and nothing is red.
    #[must_use]
    pub fn is_green(&self) -> bool {
        let sound = self.problems.is_empty() && family_alpha(self.rows) <= FAMILY_ALPHA;
        !self.rows.is_empty() && sound && self.rows.iter().all(Row::is_green)
    }

    /// Rows of a claim.
    fn rows_of(&self, id: &str) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.id == id).collect()
    }

    /// The command that makes a row again.
    pub(super) fn command(&self, id: &str) -> String {
        let full = if self.level == Level::Full { " --full" } else { "" };
        format!("cargo xtask verify{full} --only {id} --seed {}", self.seed)
    }

    /// Green and red rows, by crate in the order of the registry.
    pub(super) fn counts(&self) -> Vec<(&'static str, usize, usize)> {
        let of = |name| {
            let rows = self.rows.iter().filter(|row| row.library == name);
            let (green, red): (Vec<&Row>, Vec<&Row>) = rows.partition(|row| row.is_green());
            (name, green.len(), red.len())
        };
        let all = self.registry.libraries().iter().map(|library| of(library.name));
        all.filter(|(_, green, red)| green + red > 0).collect()
    }
}

/// Writes a page that needs no other file and no network.
///
/// # Errors
/// [`Error::Write`] if the writer refuses.
pub fn write_html(mut out: impl Write, summary: &Summary<'_>) -> Result<(), Error> {
    let colour = if summary.is_green() { "good" } else { "bad" };
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>provable-dp: what holds</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{}</style>\n</head>\n<body>\n",
        include_str!("page.css")
    )?;
    let green = summary.rows.iter().filter(|row| row.is_green()).count();
    writeln!(
        out,
        "<header>\n<h1>What provable-dp claims, and what was found</h1>\n<p class=\"{colour}\"><strong>{green} of {} rows are green</strong>{}{}</p>\n\
         <p class=\"soft\">A row is green if the claim holds on what users get <em>and</em> the check rejects a twin with a planted fault. \
         Level {}, seed {}. A claim that is <em>refuted</em> is false as its row words it: the row holds when the counterexample reproduces. \
         All tests together accuse an honest library with probability {:.1e} at most{}.</p>",
        summary.rows.len(),
        if summary.problems.is_empty() { "." } else { ", and the pairing is incomplete." },
        selection(summary),
        summary.level.name(),
        summary.seed,
        family_alpha(summary.rows),
        if family_alpha(summary.rows) <= FAMILY_ALPHA {
            ""
        } else {
            ": <strong class=\"bad\">too much</strong>"
        }
    )?;
    for problem in summary.problems {
        writeln!(out, "<p class=\"bad\">{}</p>", escape(&problem.to_string()))?;
    }
    counts(&mut out, summary)?;
    writeln!(out, "{LEGEND}")?;
    promises::section(&mut out, summary)?;
    writeln!(out, "</header>\n<main>")?;
    filters(&mut out, summary)?;
    for library in summary.registry.libraries() {
        let claims: Vec<&Claim> =
            library.claims.iter().filter(|claim| summary.rows.iter().any(|row| row.id == claim.id)).collect();
        if claims.is_empty() {
            continue;
        }
        writeln!(out, "<section data-crate=\"{0}\">\n<h2>{0}</h2>", library.name)?;
        for claim in claims {
            card(&mut out, summary, (library.name, claim))?;
        }
        writeln!(out, "</section>")?;
    }
    proofs::section(&mut out, summary)?;
    writeln!(out, "</main>\n<script>\n{}</script>\n</body>\n</html>", include_str!("page.js"))?;
    Ok(())
}

/// That not all claims are here, if so.
fn selection(summary: &Summary<'_>) -> String {
    let all = summary.registry.claims().count();
    let here = summary.registry.claims().filter(|(_, claim)| !summary.rows_of(claim.id).is_empty()).count();
    if here == all { String::new() } else { format!(" A selection: {here} of {all} claims.") }
}

/// What the columns of a row are.
const LEGEND: &str = "<details class=\"soft\"><summary>How to read a row</summary>\n<p><em>Evidence</em>: exact or numeric (computed), search (for a counterexample), \
     statistical or audit (tests at a level). <em>Observed</em> and <em>bound</em>: what the check measured, and what it may be at most (≤) or must be at least (≥); a line below, where \
     there is one, says what was measured. <em>Margin</em>: the part of the bound that is used. <em>Twin</em>: whether the planted fault was rejected. <em>n</em>: cases, draws or \
     comparisons. <em>ms</em>: time, of twin and all.</p>\n</details>";

fn counts(out: &mut impl Write, summary: &Summary<'_>) -> Result<(), Error> {
    writeln!(out, "<table class=\"counts\">\n<tr><th>crate</th><th>green</th><th>red</th></tr>")?;
    for (name, green, red) in summary.counts() {
        let colour = if red == 0 { "soft" } else { "bad" };
        writeln!(out, "<tr><td>{name}</td><td>{green}</td><td class=\"{colour}\">{red}</td></tr>")?;
    }
    writeln!(out, "</table>")?;
    Ok(())
}

fn filters(out: &mut impl Write, summary: &Summary<'_>) -> Result<(), Error> {
    writeln!(
        out,
        "<div class=\"filters\" role=\"search\">\n<input id=\"words\" type=\"search\" placeholder=\"words\" aria-label=\"words\">"
    )?;
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in summary.rows {
        for (name, value) in
            [("crate", row.library), ("status", row.status.name()), ("kind", row.kind.name())]
        {
            let known = values.entry(name).or_default();
            if !known.contains(&value) {
                known.push(value);
            }
        }
    }
    values.insert("state", vec!["green", "red"]);
    for (name, values) in values {
        write!(out, "<select id=\"{name}\" aria-label=\"{name}\"><option value=\"\">any {name}</option>")?;
        for value in values {
            write!(out, "<option>{value}</option>")?;
        }
        writeln!(out, "</select>")?;
    }
    writeln!(out, "<span id=\"shown\" class=\"soft\"></span>\n</div>")?;
    Ok(())
}

fn card(out: &mut impl Write, summary: &Summary<'_>, (library, claim): (&str, &Claim)) -> Result<(), Error> {
    let rows = summary.rows_of(claim.id);
    let state = if rows.iter().all(|row| row.is_green()) { "green" } else { "red" };
    let (kind, status) = (claim.kind.name(), claim.status.name());
    writeln!(
        out,
        "<article id=\"{0}\" class=\"{state}\" data-crate=\"{library}\" data-status=\"{status}\" data-kind=\"{kind}\" data-state=\"{state}\">\n\
         <h3><a href=\"#{0}\">{0}</a> <span class=\"tag\">{kind}</span> <span class=\"tag {status}\">{status}</span></h3>\n\
         <p class=\"statement\">{1}</p>",
        claim.id,
        typeset(claim.statement)
    )?;
    if !claim.hypotheses.is_empty() {
        writeln!(out, "<ul class=\"hypotheses\">")?;
        for hypothesis in claim.hypotheses {
            writeln!(out, "<li>{}</li>", typeset(hypothesis))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(
        out,
        "<p class=\"note\">{}</p>\n<div class=\"rows\"><table>\n<tr><th>evidence</th><th>verdict</th><th>observed</th><th></th>\
         <th>bound</th><th>used</th><th>twin</th><th>n</th><th>ms</th></tr>",
        proofs::source(claim)
    )?;
    for row in &rows {
        evidence(out, row)?;
        for fault in summary.registry.faults_of(row.id, row.evidence) {
            writeln!(
                out,
                "<tr><td></td><td colspan=\"8\" class=\"note\">twin: {}</td></tr>",
                typeset(fault)
            )?;
        }
    }
    writeln!(out, "</table></div>")?;
    for figure in rows.iter().filter_map(|row| with_twin(&row.shipped, &row.broken)) {
        if let Some(picture) = svg(&figure) {
            writeln!(out, "<figure>{picture}<figcaption>{}", escape(&figure.title))?;
            for curve in &figure.curves {
                writeln!(out, "<span class=\"key\">{} {}</span>", mark(curve.role), escape(&curve.name))?;
            }
            writeln!(out, "</figcaption></figure>")?;
        }
    }
    writeln!(out, "<p class=\"note\"><code>{}</code></p>\n</article>", summary.command(claim.id))?;
    Ok(())
}

fn evidence(out: &mut impl Write, row: &Row) -> Result<(), Error> {
    let sign = match row.shipped.relation {
        Relation::AtMost => "≤",
        Relation::AtLeast => "≥",
        Relation::None => "",
    };
    let verdict = if row.shipped.verdict == Verdict::Holds { "good" } else { "bad" };
    let control = if row.control() == Control::Rejected { "good" } else { "bad" };
    writeln!(
        out,
        "<tr><td>{}</td><td class=\"{verdict}\">{}</td><td class=\"number\">{}</td><td>{sign}</td><td class=\"number\">{}</td><td>{}</td>\
         <td class=\"{control}\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
        row.evidence,
        row.shipped.verdict,
        Number(row.shipped.observed),
        Number(row.shipped.bound),
        used(row),
        row.control().name(),
        row.shipped.n,
        row.elapsed.as_millis()
    )?;
    for note in notes(row) {
        writeln!(out, "<tr><td></td><td colspan=\"8\" class=\"note\">{}</td></tr>", escape(&note))?;
    }
    Ok(())
}

/// How much of what is allowed was used, as a bar and in percent; nothing where that makes no sense.
fn used(row: &Row) -> String {
    let Some(used) = row.used() else { return String::new() };
    let width = 100.0 * used.min(1.0);
    format!("<div class=\"used\"><span style=\"width:{width:.1}%\"></span></div>{}", Percent(Some(used)))
}
