//! Proofs on the page: where claims say they stand, and what is written there.

use super::Summary;
use super::math::{escape, formula, typeset};
use crate::Error;
use dp_claims::Claim;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::io::Write;

/// Name of the document as claims have it, and the document.
const NAME: &str = "docs/theorems.md";
const TEXT: &str = include_str!("../../../../docs/theorems.md");

/// Headings of a document in Markdown.
pub(super) fn headings(document: &str) -> impl Iterator<Item = &str> + Clone {
    document.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim())
}

/// The heading under which the proof of a claim stands: the longest that its source names. Nothing if the proof is elsewhere.
pub(super) fn heading<'a>(claim: &Claim, headings: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = format!("{}, {}", claim.source.work, claim.source.result);
    let named = headings.filter(|heading| text.contains(NAME) && text.contains(*heading));
    named.max_by_key(|heading| heading.len())
}

/// As renderers of Markdown make it.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Who says so; a proof of ours is a link to where it stands on this page, a paper one to its abstract.
pub(super) fn source(claim: &Claim) -> String {
    let text = format!("{}, {}", typeset(claim.source.work), typeset(claim.source.result));
    let text = heading(claim, headings(TEXT)).map_or_else(
        || text.clone(),
        |heading| text.replace(NAME, &format!("<a href=\"#proof-{}\">{NAME}</a>", anchor(heading))),
    );
    with_papers(&text)
}

/// Numbers on arXiv as links.
pub(super) fn with_papers(text: &str) -> String {
    let mut parts = text.split("arXiv ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let address = format!("https://arxiv.org/abs/{number}");
        out.extend(["<a href=\"", &address, "\">arXiv ", number, "</a>", rest]);
    }
    out
}

/// The parts of the document that claims on this page cite, with their proofs.
pub(super) fn section(out: &mut impl Write, summary: &Summary<'_>) -> Result<(), Error> {
    let here =
        summary.registry.claims().filter(|(_, claim)| summary.rows.iter().any(|row| row.id == claim.id));
    let cited: Vec<&str> = here.filter_map(|(_, claim)| heading(claim, headings(TEXT))).collect();
    if cited.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section class=\"proofs\">\n<h2>Proofs</h2>\n<p class=\"soft\">From {NAME}, as far as claims above cite it.</p>"
    )?;
    for (heading, text) in parts(TEXT).filter(|(heading, _)| cited.contains(heading)) {
        let (anchor, heading) = (anchor(heading), escape(heading));
        write!(
            out,
            "<article id=\"proof-{anchor}\" class=\"proof\">\n<h3><a href=\"#proof-{anchor}\">{heading}</a></h3>\n"
        )?;
        writeln!(out, "{}</article>", rendered(text, &cited))?;
    }
    writeln!(out, "</section>")?;
    Ok(())
}

/// As HTML. Links to other parts lead to where these stand on the page, if they are `here`; others are words.
fn rendered(text: &str, here: &[&str]) -> String {
    let place = |target: &str| {
        let part =
            here.iter().map(|heading| anchor(heading)).find(|part| target.strip_prefix('#') == Some(part));
        part.map(|part| format!("#proof-{part}"))
    };
    let mut is_open = false;
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let place = place(&dest_url);
            is_open = place.is_some();
            place.map(|place| Event::Start(Tag::Link { link_type, dest_url: place.into(), title, id }))
        }
        Event::End(TagEnd::Link) => is_open.then_some(event),
        Event::Code(text) if !is_code(&text) => {
            Some(Event::InlineHtml(format!("<span class=\"formula\">{}</span>", formula(&text)).into()))
        }
        other => Some(other),
    });
    let mut body = String::new();
    html::push_html(&mut body, events);
    body
}

/// Whether what stands between backticks is of a program, and no formula: names and paths, without blanks and signs of mathematics.
fn is_code(text: &str) -> bool {
    let names = ["rank", "sign", "diag", "tanh", "cosh", "sinh", "erfc"];
    let is_type = |word: &str| matches!(word, "f32" | "f64" | "i64" | "u64" | "i128" | "u128");
    // of `x_i` and `He_n` one part is a letter
    let is_name =
        |word: &str| word.len() > 3 && !names.contains(&word) && word.split('_').all(|part| part.len() > 1);
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_command = text.starts_with("cargo ") || text.contains(" --");
    is_command
        || text.is_ascii()
            && !text.contains([' ', '^', '{'])
            && words.any(|word| is_type(word) || is_name(word))
}

/// Headings, each with what stands under it before the next one.
fn parts(document: &str) -> impl Iterator<Item = (&str, &str)> {
    document.split("\n#").skip(1).filter_map(|part| {
        let (heading, text) = part.split_once('\n')?;
        Some((heading.trim_start_matches('#').trim(), text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    #[test]
    fn anchors_are_those_of_renderers() {
        assert_eq!(anchor("Privacy-loss distributions"), "privacy-loss-distributions");
        assert_eq!(anchor("`Kernels` of two, or more"), "kernels-of-two-or-more");
    }

    #[test]
    fn every_heading_has_its_part_and_an_anchor_of_its_own() {
        let found: Vec<&str> = parts(TEXT).map(|(heading, _)| heading).collect();
        assert_eq!(found, headings(TEXT).skip(1).collect::<Vec<_>>());
        let mut anchors: Vec<String> = found.iter().map(|heading| anchor(heading)).collect();
        anchors.sort();
        anchors.dedup();
        assert_eq!(anchors.len(), found.len());
    }

    #[test]
    fn a_claim_with_a_proof_of_ours_links_to_it() {
        let registry = Registry::shipped();
        let ours = registry.claims().filter(|(_, claim)| claim.source.work.contains(NAME));
        for (_, claim) in ours {
            let heading = heading(claim, headings(TEXT)).unwrap_or_else(|| panic!("{}", claim.id));
            assert!(source(claim).contains(&format!("href=\"#proof-{}\"", anchor(heading))), "{}", claim.id);
        }
    }

    #[test]
    fn links_between_parts_stay_on_the_page() {
        let text = "See [this](#one-part), [that](#other) and [a file](errata.md) & more.";
        let html = rendered(text, &["One part"]);
        assert_eq!(html, "<p>See <a href=\"#proof-one-part\">this</a>, that and a file &amp; more.</p>\n");
    }

    #[test]
    fn formulas_are_told_from_code() {
        assert!(
            ["max_abs", "RealModel", "f64", "selection/mod.rs", "ChangeBound::assume", "cargo xtask verify"]
                .iter()
                .all(|text| is_code(text))
        );
        assert!(
            ["N(0, 1)", "x_i", "e^{-x}", "q = e^{−1/b}", "ln n", "diag(M)", "m > k", "He_n", "u_out"]
                .iter()
                .all(|text| !is_code(text))
        );
    }

    #[test]
    fn papers_are_linked_to_their_abstracts() {
        let link = "<a href=\"https://arxiv.org/abs/2408.06395\">arXiv 2408.06395</a>";
        assert_eq!(with_papers("arXiv 2408.06395, repaired"), format!("{link}, repaired"));
        assert_eq!(with_papers("John 1948"), "John 1948");
    }
}
