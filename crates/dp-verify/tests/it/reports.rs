//! The command line and what it writes.

use crate::planted::{TWO, blind, check, panics, registry, skipped, sound, tested};
use clap::Parser;
use dp_verify::cli::{Options, QUICK_SEED, execute};
use dp_verify::report::{Colour, Summary, write_html};
use dp_verify::{Axis, Check, Context, Error, Evidence, Figure, Outcome, Registry, Role, Subject, papers};
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
    vec![check("planted.a", Evidence::Exact, a), check("planted.b.c", Evidence::Statistical, tested)]
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

/// Says that an honest library may be accused more often than a run allows.
fn careless(context: &mut Context, subject: Subject) -> Outcome {
    context.spend(1.1e-3);
    sound(context, subject)
}

#[test]
fn levels_add_up_and_too_much_is_red() {
    let (code, text) = printed(&registry(TWO, both(tested)), &[], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(text.contains("an honest library is accused with probability 4.0e-6 at most"), "{text}");
    let (code, text) = printed(&registry(TWO, both(careless)), &[], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::from(1));
    assert!(text.contains("(too much)") && text.ends_with("2 rows: 2 green, 0 red\n"), "{text}");
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
    assert!(text.ends_with("1 row: 1 green, 1 red (1 of them without a row)\n"), "{text}");
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
    let (before_ms, rest) = lines[0].split_once(",\"ms\":").unwrap();
    let (ms, rest) = rest.split_once(',').unwrap();
    assert_eq!(
        before_ms,
        "{\"id\":\"planted.a\",\"crate\":\"planted\",\"kind\":\"numerical\",\"status\":\"ours\",\"evidence\":\"exact\",\
         \"verdict\":\"holds\",\"observed\":0.1,\"bound\":null,\"control\":\"rejected\",\"n\":4,\"seed\":\"9007199254740993\""
    );
    assert!(ms.parse::<u64>().is_ok());
    let (rest, build) = rest.split_once(",\"build\":\"").unwrap();
    assert!(build.len() == 18 && u64::from_str_radix(&build[..16], 16).is_ok(), "{build}");
    assert_eq!(
        rest,
        "\"level\":\"quick\",\"relation\":\"at_most\",\"note\":\"\",\"twin_verdict\":\"violated\",\"twin_observed\":null,\
         \"twin_bound\":1.0,\"twin_note\":\"\",\"used\":0.0,\"alpha\":0.0"
    );
    assert!(lines[1].contains(",\"alpha\":2e-6,"));
    for line in lines {
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap().is_object());
    }
}

/// A file of rows beside a page and a document, and what they hold.
struct Reports {
    folder: tempfile::TempDir,
}

impl Reports {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for tests") }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("a folder for tests").to_owned()
    }

    fn read_or_nothing(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a folder for tests")
    }
}

#[test]
fn an_interrupted_run_goes_on_where_it_ended() {
    let reports = Reports::new();
    let json = reports.path("rows.jsonl");
    let run = |registry: &Registry, more: &[&str]| {
        let arguments: Vec<&str> = ["--json", &json].into_iter().chain(more.iter().copied()).collect();
        printed(registry, &arguments, Colour::Off)
    };
    // one row, and the beginning of another
    run(&registry(TWO, both(sound)), &["--only", "planted.b", "--seed", "11"]).unwrap();
    std::fs::write(&json, reports.read("rows.jsonl") + "{\"id\":\"plan").unwrap();
    // what is there is not run again: it would panic
    let late =
        vec![check("planted.a", Evidence::Exact, sound), check("planted.b.c", Evidence::Statistical, panics)];
    let (code, text) = run(&registry(TWO, late), &["--resume"]).unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{text}");
    assert!(text.starts_with("seed 11\nof an earlier run: 1 row\n"), "{text}");
    assert!(text.ends_with("2 rows: 2 green, 0 red\n"), "{text}");
    let lines = reports.read("rows.jsonl");
    let whole = lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
    assert_eq!(whole.count(), 2, "{lines}");
}

#[test]
fn a_run_is_not_resumed_from_another_level_or_seed() {
    let reports = Reports::new();
    let json = reports.path("rows.jsonl");
    let registry = registry(TWO, both(sound));
    printed(&registry, &["--json", &json, "--seed", "11"], Colour::Off).unwrap();
    for other in [&["--full"][..], &["--seed", "12"]] {
        let arguments: Vec<&str> =
            ["--json", &json, "--resume"].into_iter().chain(other.iter().copied()).collect();
        assert!(matches!(printed(&registry, &arguments, Colour::Off), Err(Error::Resume)), "{other:?}");
    }
    // what another build has shown
    let rows = reports.read("rows.jsonl");
    let (before, build) = rows.lines().next().unwrap().rsplit_once(",\"build\":\"").unwrap();
    assert!(!before.is_empty() && build.len() > 2);
    std::fs::write(&json, rows.replace(build, "0000000000000000\"}")).unwrap();
    let found = printed(&registry, &["--json", &json, "--resume", "--seed", "11"], Colour::Off);
    assert!(matches!(found, Err(Error::Resume)));
    assert_eq!(options(&["--resume"]).unwrap_err().exit_code(), 2);
    // nothing to resume from is a run from the start
    let fresh = reports.path("fresh.jsonl");
    let (code, _) = printed(&registry, &["--json", &fresh, "--resume"], Colour::Off).unwrap();
    assert_eq!((code, reports.read("fresh.jsonl").lines().count()), (ExitCode::SUCCESS, 2));
}

#[test]
fn reports_that_cannot_be_written_are_refused_before_anything_runs() {
    let reports = Reports::new();
    let (json, nowhere) = (reports.path("rows.jsonl"), reports.path("no/such/folder.html"));
    let registry = registry(TWO, both(sound));
    for kind in ["--html", "--markdown"] {
        let refused = printed(&registry, &["--json", &json, kind, &nowhere], Colour::Off);
        assert!(matches!(refused, Err(Error::File { path, .. }) if path.to_str() == Some(&nowhere)));
        let refused = printed(&registry, &["--json", &json, kind, &json], Colour::Off);
        assert!(matches!(refused, Err(Error::SameFile { path }) if path.to_str() == Some(&json)));
    }
    assert!(!std::path::Path::new(&json).exists(), "a row was written, so something ran");
}

#[test]
fn a_green_line_beside_a_red_one_changes_nothing() {
    let reports = Reports::new();
    let json = reports.path("rows.jsonl");
    for fault in [sound as fn(&mut Context, Subject) -> Outcome, blind] {
        printed(&registry(TWO, both(fault)), &["--json", &json], Colour::Off).unwrap();
        let rows = reports.read("rows.jsonl");
        std::fs::write(reports.path("all.jsonl"), reports.read_or_nothing("all.jsonl") + &rows).unwrap();
    }
    let all = reports.path("all.jsonl");
    let (code, text) =
        printed(&registry(TWO, both(sound)), &["--json", &all, "--resume"], Colour::Off).unwrap();
    assert_eq!(code, ExitCode::from(1), "{text}");
    assert!(text.contains("of an earlier run: 2 rows"), "{text}");
}

#[test]
fn the_index_loses_nothing_by_itself() {
    let docs = tempfile::tempdir().unwrap();
    let folder = docs.path().to_str().unwrap();
    std::fs::write(docs.path().join("theorems.md"), "# Theorems\n").unwrap();
    let write = |checks: Vec<Check>, more: &[&str]| {
        let arguments: Vec<&str> = ["--theorems", folder].into_iter().chain(more.iter().copied()).collect();
        printed(&registry(TWO, checks), &arguments, Colour::Off)
    };
    write(both(sound), &[]).unwrap();
    let fewer = || vec![check("planted.a", Evidence::Exact, sound)];
    assert!(matches!(write(fewer(), &[]), Err(Error::Withdrawn { id, .. }) if id == "planted.b.c"));
    let before = std::fs::read_to_string(docs.path().join("theorem_index.md")).unwrap();
    write(fewer(), &["--withdraw", "planted.b.c"]).unwrap();
    assert_ne!(std::fs::read_to_string(docs.path().join("theorem_index.md")).unwrap(), before);
}

#[test]
fn a_red_row_stays_red_when_it_is_resumed() {
    let reports = Reports::new();
    let json = reports.path("rows.jsonl");
    for (fault, more) in [(blind as fn(&mut Context, Subject) -> Outcome, &[][..]), (sound, &["--resume"])] {
        let arguments: Vec<&str> = ["--json", &json].into_iter().chain(more.iter().copied()).collect();
        let (code, text) = printed(&registry(TWO, both(fault)), &arguments, Colour::Off).unwrap();
        assert_eq!(code, ExitCode::from(1), "{text}");
    }
}

#[test]
fn crates_are_selected_by_name() {
    let checks = both(sound);
    let kept = registry(TWO, checks.clone()).of_crates(&["planted".to_owned()]).unwrap();
    assert_eq!(kept.claims().count(), 2);
    let refused = registry(TWO, checks).of_crates(&["plant".to_owned()]);
    assert!(matches!(refused, Err(Error::UnknownCrate { name }) if name == "plant"));
    let shipped = Registry::shipped().of_crates(&["dp-linalg".to_owned()]).unwrap();
    assert!(shipped.claims().all(|(library, _)| library == "dp-linalg") && shipped.problems().is_empty());
}

/// With a figure, and with characters that HTML reads.
fn drawn(_: &mut Context, subject: Subject) -> Outcome {
    let points = (1..9).map(|n| (f64::from(n), 1.0 / f64::from(n)));
    let figure = Figure::new("a <decay>", Axis::linear("n"), Axis::logarithmic("error")).with_curve(
        Role::Observed,
        "found",
        points,
    );
    Outcome::at_most(subject.pick(0.5, 2.0), 1.0, 8).with_figure(figure).with_note("<b> & more")
}

#[test]
fn the_page_shows_statement_evidence_picture_and_command_and_needs_nothing_else() {
    let reports = Reports::new();
    let (html, markdown) = (reports.path("page.html"), reports.path("page.md"));
    let arguments = ["--html", &html, "--markdown", &markdown, "--seed", "5"];
    let (code, _) = printed(&registry(TWO, both(drawn)), &arguments, Colour::Off).unwrap();
    assert_eq!(code, ExitCode::SUCCESS);
    let page = reports.read("page.html");
    for expected in [
        "2 of 2 rows are green",
        "id=\"planted.a\"",
        "a planted statement",
        "Nobody 1900, Theorem 0",
        "<svg",
        "a &lt;decay&gt;",
        "&lt;b&gt; &amp; more",
        "width:50.0%",
        "cargo xtask verify --only planted.a --seed 5",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert!(!page.contains("A selection"));
    // nothing is loaded: addresses are the name space of SVG, and links that somebody may follow
    let named = page.matches("http://www.w3.org/2000/svg").count() + page.matches("<a href=\"http").count();
    assert_eq!((page.matches("http").count(), page.matches("src=").count()), (named, 0));
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert!(
        reports
            .read("page.md")
            .contains("| ✓ | `planted.a` | ours | exact | holds | 0.50000 | ≤ | 1 | 50.0 % | rejected | 8 |")
    );
}

#[test]
fn the_page_says_what_became_of_each_promise() {
    let shipped = Registry::shipped();
    let summary =
        Summary { registry: &shipped, rows: &[], problems: &[], seed: 1, level: dp_verify::Level::Quick };
    let mut page = Vec::new();
    write_html(&mut page, &summary).unwrap();
    let page = String::from_utf8(page).unwrap();
    for paper in papers() {
        assert!(page.contains(paper.arxiv), "{}", paper.name);
    }
    assert!(page.contains(" A selection: 0 of "));
    // nothing was run, so that there is nothing to link to
    assert!(page.contains("<code>john.published.leak</code>") && !page.contains("href=\"#john"));
}

#[test]
fn a_red_run_is_red_on_the_page() {
    let reports = Reports::new();
    let html = reports.path("page.html");
    let registry = registry(TWO, vec![check("planted.a", Evidence::Exact, blind)]);
    printed(&registry, &["--html", &html], Colour::Off).unwrap();
    let page = reports.read("page.html");
    for expected in
        ["0 of 1 rows are green", "planted.b.c: the claim has no check", "class=\"red\"", "accepted"]
    {
        assert!(page.contains(expected), "{expected}");
    }
}
