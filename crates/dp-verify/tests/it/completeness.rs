//! The pairing of claims and checks: every kind of incompleteness is named.

use crate::planted::{TWO, check, claim, registry, sound};
use dp_claims::{Claim, ClaimKind};
use dp_verify::{Evidence, Library, Problem, Registry, Selection, Standing, papers};

#[test]
fn a_complete_registry_has_no_problem() {
    let checks =
        vec![check("planted.a", Evidence::Exact, sound), check("planted.b.c", Evidence::Statistical, sound)];
    assert_eq!(registry(TWO, checks).problems(), []);
}

#[test]
fn claims_and_checks_without_partner_are_problems() {
    let checks = vec![check("planted.a", Evidence::Exact, sound), check("planted.d", Evidence::Exact, sound)];
    let problems = registry(TWO, checks).problems();
    assert_eq!(problems, [Problem::Unchecked("planted.b.c"), Problem::Unclaimed("planted.d")]);
}

#[test]
fn doubtful_ids_are_problems_also_across_crates() {
    const BAD: &[Claim] = &[claim("Planted.A", ClaimKind::Utility), claim("planted.a", ClaimKind::Utility)];
    let libraries = vec![Library { name: "one", claims: TWO }, Library { name: "two", claims: BAD }];
    let checks =
        ["planted.a", "planted.b.c", "Planted.A"].map(|id| check(id, Evidence::Exact, sound)).to_vec();
    let problems = Registry::new(libraries, checks).problems();
    let repeated = Problem::RepeatedId("planted.a");
    assert_eq!(problems, [repeated, Problem::MalformedId("Planted.A"), repeated]);
}

#[test]
fn two_checks_of_one_kind_are_a_problem() {
    let checks = vec![
        check("planted.a", Evidence::Exact, sound),
        check("planted.b.c", Evidence::Search, sound),
        check("planted.b.c", Evidence::Search, sound),
    ];
    let problems = registry(TWO, checks).problems();
    assert_eq!(problems, [Problem::RepeatedCheck("planted.b.c", Evidence::Search)]);
}

#[test]
fn privacy_needs_a_proof_and_an_audit() {
    const PRIVACY: &[Claim] = &[claim("planted.p", ClaimKind::Privacy)];
    let problems = |kinds: &[Evidence]| {
        registry(PRIVACY, kinds.iter().map(|&kind| check("planted.p", kind, sound)).collect()).problems()
    };
    let (no_proof, no_audit) =
        (Problem::PrivacyWithoutProof("planted.p"), Problem::PrivacyWithoutAudit("planted.p"));
    assert_eq!(problems(&[Evidence::Exact, Evidence::Audit]), []);
    assert_eq!(problems(&[Evidence::Numeric, Evidence::Audit]), []);
    assert_eq!(problems(&[Evidence::Audit]), [no_proof]);
    assert_eq!(problems(&[Evidence::Exact]), [no_audit]);
    assert_eq!(problems(&[Evidence::Search, Evidence::Statistical]), [no_proof, no_audit]);
    assert_eq!(problems(&[]), [Problem::Unchecked("planted.p")]);
}

#[test]
fn the_index_of_theorems_is_what_the_claims_say() {
    let docs = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let theorems = std::fs::read_to_string(docs.join("theorems.md")).unwrap();
    let mut index = Vec::new();
    dp_verify::report::write_index(&mut index, &Registry::shipped(), &theorems).unwrap();
    let written = std::fs::read_to_string(docs.join("theorem_index.md")).unwrap();
    assert!(String::from_utf8(index).unwrap() == written, "run `cargo xtask theorems`");
    // a heading that is gone is noticed
    let missing = dp_verify::report::write_index(Vec::new(), &Registry::shipped(), "# Theorems");
    assert!(matches!(missing, Err(dp_verify::Error::NoProof { .. })));
}

#[test]
fn the_papers_promises_are_shown_by_claims_and_their_claims_are_listed() {
    let registry = Registry::shipped();
    let claim = |id: &str| {
        registry
            .claims()
            .map(|(_, claim)| claim)
            .find(|claim| claim.id == id)
            .unwrap_or_else(|| panic!("{id}"))
    };
    for paper in papers() {
        for promise in paper.promises {
            let shows = |id: &&str| promise.verdict.shown_by().contains(&claim(id).status);
            let shown = promise.verdict == Standing::Open || promise.claims.iter().any(shows);
            assert!(shown, "{}: {}", paper.name, promise.statement);
        }
        let listed = |id: &str| paper.promises.iter().any(|promise| promise.claims.contains(&id));
        let about = registry.claims().filter(|(_, claim)| claim.source.work.contains(paper.arxiv));
        let unlisted: Vec<&str> = about.map(|(_, claim)| claim.id).filter(|id| !listed(id)).collect();
        assert!(unlisted.is_empty(), "{}: {unlisted:?}", paper.name);
    }
}

#[test]
fn the_shipped_registry_is_complete() {
    assert_eq!(Registry::shipped().problems(), []);
}

#[test]
fn a_selection_goes_by_whole_words_and_must_name_something() {
    let registry = registry(TWO, vec![]);
    let only = |id: &str| Selection::only([id.to_owned()]);
    assert!(only("planted.b").contains("planted.b.c"));
    assert!(!only("planted.b").contains("planted.bb"));
    assert!(!only("planted.b.c").contains("planted.b"));
    for known in ["planted", "planted.b", "planted.b.c"] {
        assert!(only(known).validate(&registry).is_ok());
    }
    for unknown in ["plant", "planted.", "planted.b.c.d", ""] {
        assert!(only(unknown).validate(&registry).is_err(), "{unknown:?}");
    }
}

#[test]
fn the_readme_counts_what_is_shipped() {
    let registry = Registry::shipped();
    let claims: Vec<_> = registry.claims().collect();
    let rows: usize = claims.iter().map(|(_, claim)| registry.checks_of(claim.id).len()).sum();
    let said = format!("{} claims in {rows} rows", claims.len());
    assert!(include_str!("../../../../README.md").contains(&said), "README.md should say: {said}");
}
