//! The command line and what it writes.

use crate::planted::{TWO, blind, check, panics, registry, skipped, sound};
use clap::Parser;
use dp_verify::cli::{Options, QUICK_SEED, execute};
use dp_verify::report::Colour;
use dp_verify::{Check, Context, Error, Evidence, Outcome, Registry, Subject};
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::process::ExitCode;

fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
    Options::try_parse_from(["verify"].iter().chain(arguments))
}

fn printed(registry: &Registry, arguments: &[&str], colour: Colour) -> Result<(ExitCode, String), Error> {
    let progress = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let mut out = Vec::new();
    let code =
        execute(&options(arguments).expect("planted options parse"), registry, &progress, colour, &mut out)?;
    Ok((code, String::from_utf8(out).expect("the table is UTF-8")))
}

fn both(a: fn(&mut Context, Subject) -> Outcome) -> Vec<Check> {
    vec![check("planted.a", Evidence::Exact, a), check("planted.b.c", Evidence::Statistical, sound)]
}

fn column(line: &str, word: &str) -> usize {
    let byte = line.find(word).expect("the word is in the line");
    line[..byte].chars().count()
}

#[test]
fn green_exits_with_zero_and_aligned_columns() {
    let (code, text) = printed(&registry(TWO, both(sound)), &[], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::SUCCESS);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("seed {QUICK_SEED}"));
    assert_eq!(column(lines[1], "verdict"), column(lines[2], "holds"));
    assert_eq!(column(lines[2], "holds"), column(lines[3], "holds"));
    assert_eq!(lines.last(), Some(&"2 rows: 2 green, 0 red"));
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn every_red_exits_with_one_and_says_why() {
    for (fault, word) in [
        (blind as fn(&mut Context, Subject) -> Outcome, "broken twin: holds"),
        (skipped, "no time"),
        (panics, "panicked: planted panic"),
    ] {
        let (code, text) = printed(&registry(TWO, both(fault)), &[], Colour::Off).unwrap();
        assert_eq!(code, ExitCode::from(1));
        assert!(text.contains(word) && text.ends_with("2 rows: 1 green, 1 red\n"), "{text}");
    }
}

#[test]
fn an_incomplete_registry_is_red_unless_the_gap_is_not_selected() {
    let registry = registry(TWO, vec![check("planted.a", Evidence::Exact, sound)]);
    let (code, text) = printed(&registry, &[], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::from(1));
    assert!(text.contains("planted.b.c: the claim has no check"), "{text}");
    assert!(text.ends_with("1 rows: 1 green, 1 red (1 of them without a row)\n"), "{text}");
    assert_eq!(printed(&registry, &["--only", "planted.a"], Colour::Off).unwrap().0, ExitCode::SUCCESS);
    assert_eq!(printed(&registry, &["--only", "planted.b"], Colour::Off).unwrap().0, ExitCode::from(1));
}

#[test]
fn a_run_of_nothing_is_red() {
    let (code, text) = printed(&Registry::new(vec![], vec![]), &[], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::from(1));
    assert!(text.contains("nothing was checked"), "{text}");
}

#[test]
fn colours_are_escape_codes_only_when_asked_for() {
    let (_, text) = printed(&registry(TWO, both(sound)), &[], Colour::On).unwrap();
    assert!(text.contains("\u{1b}[32mholds"));
}

#[test]
fn unknown_ids_and_contradicting_flags_are_usage_errors() {
    let unknown = printed(&registry(TWO, both(sound)), &["--only", "planted.x"], Colour::Off);
    assert!(matches!(unknown, Err(Error::UnknownId { id }) if id == "planted.x"));
    for wrong in
        [&["--quick", "--full"][..], &["--seed", "-1"], &["--seed", "1e3"], &["--sed", "1"], &["planted.a"]]
    {
        assert_eq!(options(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
    }
}

#[test]
fn full_draws_a_fresh_seed_and_prints_it() {
    let registry = registry(TWO, both(sound));
    let seed_line = |arguments: &[&str]| {
        let (_, text) = printed(&registry, arguments, Colour::Off).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    // two fresh 64-bit seeds agree with probability 2⁻⁶⁴
    assert_ne!(seed_line(&["--full"]), seed_line(&["--full"]));
    assert_eq!(seed_line(&["--full", "--seed", "18446744073709551615"]), "seed 18446744073709551615");
    assert_eq!(seed_line(&["--quick"]), format!("seed {QUICK_SEED}"));
}

#[test]
fn list_runs_nothing_and_names_the_evidence() {
    let registry = registry(TWO, vec![check("planted.a", Evidence::Exact, panics)]);
    let (code, text) = printed(&registry, &["--list"], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(text.contains("planted.a (planted, numerical, ours)"), "{text}");
    assert!(text.contains("Nobody 1900, Theorem 0: exact"), "{text}");
    assert!(text.contains("Nobody 1900, Theorem 0: no check"), "{text}");
}

/// Infinite as shipped, in an honest way: no bound is known.
fn unbounded(_: &mut Context, subject: Subject) -> Outcome {
    Outcome::at_most(subject.pick(0.1, f64::INFINITY), subject.pick(f64::INFINITY, 1.0), 4)
}

#[test]
fn json_has_stable_keys_in_stable_order_and_truncates_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.jsonl");
    std::fs::write(&path, "what was here before\n".repeat(100)).unwrap();
    let path_text = path.to_str().unwrap();
    printed(
        &registry(TWO, both(unbounded)),
        &["--seed", "9007199254740993", "--json", path_text],
        Colour::Off,
    )
    .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    let (before_ms, ms) = lines[0].split_once(",\"ms\":").unwrap();
    assert_eq!(
        before_ms,
        "{\"id\":\"planted.a\",\"crate\":\"planted\",\"kind\":\"numerical\",\"status\":\"ours\",\"evidence\":\"exact\",\
         \"verdict\":\"holds\",\"observed\":0.1,\"bound\":null,\"control\":\"rejected\",\"n\":4,\"seed\":\"9007199254740993\""
    );
    assert!(ms.strip_suffix('}').unwrap().parse::<u64>().is_ok());
    for line in lines {
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap().is_object());
    }
}
