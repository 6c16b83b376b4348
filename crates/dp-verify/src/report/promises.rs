//! What abstracts promise, as a part of the page.

use super::Summary;
use super::math::{escape, typeset};
use super::proofs::with_papers;
use crate::{Error, Paper, Registry, Standing, papers};
use std::io::Write;

/// Papers of which the registry has some claim.
pub(super) fn of(registry: &Registry) -> Vec<&'static Paper> {
    let is_claimed = |id: &&str| registry.claims().any(|(_, claim)| claim.id == *id);
    let has_claims = |paper: &&Paper| {
        let mut ids = paper.promises.iter().flat_map(|promise| promise.claims);
        ids.any(is_claimed)
    };
    papers().iter().filter(has_claims).collect()
}

/// One paragraph a promise, folded by papers; claims that the page has are links.
pub(super) fn section(out: &mut impl Write, summary: &Summary<'_>) -> Result<(), Error> {
    // of a selection, papers that some row is about
    let is_here = |id: &&str| summary.rows.iter().any(|row| row.id == *id);
    let has_rows = |paper: &&Paper| paper.promises.iter().any(|promise| promise.claims.iter().any(is_here));
    let mut papers = of(summary.registry);
    papers.retain(|paper| summary.rows.is_empty() || has_rows(paper));
    if papers.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"promises\">\n<h2>What the papers promise</h2>")?;
    for paper in papers {
        let count = |standing: Standing| paper.promises.iter().filter(|p| p.verdict == standing).count();
        let counts: Vec<String> = Standing::ALL
            .into_iter()
            .filter(|standing| count(*standing) > 0)
            .map(|standing| format!("{} {standing}", count(standing)))
            .collect();
        writeln!(
            out,
            "<details><summary>{} <span class=\"soft\">({}): {}</span></summary>",
            escape(paper.name),
            with_papers(&format!("arXiv {}", paper.arxiv)),
            counts.join(", ")
        )?;
        paragraphs(out, summary, paper)?;
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</section>")?;
    Ok(())
}

fn paragraphs(out: &mut impl Write, summary: &Summary<'_>, paper: &Paper) -> Result<(), Error> {
    for promise in paper.promises {
        let is_here = |id: &str| summary.rows.iter().any(|row| row.id == id);
        let link = |id: &&str| {
            let name = format!("<code>{id}</code>");
            if is_here(id) { format!("<a href=\"#{id}\">{name}</a>") } else { name }
        };
        writeln!(
            out,
            "<p class=\"statement\">{} <span class=\"tag {1}\">{1}</span></p>\n<p class=\"note\">{2}</p>\n<p class=\"note\">{3}</p>",
            typeset(promise.statement),
            promise.verdict,
            typeset(promise.reason),
            promise.claims.iter().map(link).collect::<Vec<_>>().join(", ")
        )?;
    }
    Ok(())
}
