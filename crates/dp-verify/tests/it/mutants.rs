//! The catalogue of mutants: what is incomplete, who kills whom, and what is written about it.

use crate::planted::{TWO, blind, check, draws, panics, panics_on_broken, registry, skipped, sound};
use clap::Parser;
use dp_verify::cli::{Options, execute};
use dp_verify::report::Colour;
use dp_verify::{
    Check, Context, Error, Evidence, Fate, KnownBug, Level, Mutant, Outcome, Problem, Registry, Selection,
    Settings, Subject, mutants, run_mutants,
};
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

type Run = fn(&mut Context, Subject) -> Outcome;

const A: Mutant = Mutant::new("planted.a.off", "is off & <away>", &[("planted.a", Evidence::Exact)]);
const B: Mutant = Mutant::new("planted.b.off", "is off too", &[("planted.b.c", Evidence::Audit)])
    .reproduces(KnownBug::NanPassesClip);
const BOTH: Mutant = Mutant::new(
    "planted.both",
    "is off twice",
    &[("planted.a", Evidence::Exact), ("planted.b.c", Evidence::Audit)],
);

fn with(mutants: &[Mutant], a: Run, b: Run) -> Registry {
    let checks: Vec<Check> =
        vec![check("planted.a", Evidence::Exact, a), check("planted.b.c", Evidence::Audit, b)];
    registry(TWO, checks).with_mutants(mutants.to_vec())
}

fn printed(registry: &Registry, arguments: &[&str]) -> Result<(ExitCode, String), Error> {
    let progress = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let options = Options::try_parse_from(["verify"].iter().chain(arguments)).expect("planted options parse");
    let mut out = Vec::new();
    let code = execute(&options, registry, &progress, Colour::Off, &mut out)?;
    Ok((code, String::from_utf8(out).expect("the table is UTF-8")))
}

fn fates(registry: &Registry, threads: usize) -> Vec<Fate> {
    let threads = NonZeroUsize::new(threads).expect("some threads");
    let settings = Settings { threads, ..Settings::new(Level::Quick, 1) };
    run_mutants(registry, &Selection::everything(), &settings, |_| Ok(())).expect("nothing refuses fates")
}

#[test]
fn a_check_without_mutant_a_mutant_without_check_and_a_repeated_name_are_problems() {
    const NOTHING: Mutant = Mutant::new("planted.nothing", "is off", &[]);
    const NOWHERE: Mutant = Mutant::new("planted.nowhere", "is off", &[("planted.a", Evidence::Audit)]);
    let problems = |mutants: &[Mutant]| with(mutants, sound, sound).problems();
    assert_eq!(problems(&[A, B]), []);
    assert_eq!(problems(&[BOTH]), []);
    assert_eq!(problems(&[A]), [Problem::WithoutMutant("planted.b.c", Evidence::Audit)]);
    assert_eq!(problems(&[BOTH, NOTHING]), [Problem::MutantWithoutCheck("planted.nothing")]);
    assert_eq!(problems(&[BOTH, NOWHERE]), [Problem::MutantWithoutCheck("planted.nowhere")]);
    assert_eq!(problems(&[A, B, A]), [Problem::RepeatedMutant("planted.a.off")]);
    let texts: Vec<String> = problems(&[A, A, NOTHING]).iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "planted.b.c: no mutant names the audit check",
            "planted.a.off: two mutants share the name",
            "planted.nothing: the mutant names no check that exists"
        ]
    );
}

#[test]
fn the_shipped_catalogue_covers_every_known_bug_and_names_faults() {
    let all = mutants::all();
    assert!(all.len() >= 40, "{}", all.len());
    for bug in KnownBug::ALL {
        assert!(all.iter().any(|mutant| mutant.known == Some(bug)), "{bug}");
    }
    let shipped = Registry::shipped();
    for library in shipped.libraries() {
        let own = Registry::shipped().of_crates(&[library.name.to_owned()]).unwrap();
        assert!(!own.mutants().is_empty() && own.problems().is_empty(), "{}", library.name);
        let prefix = library.claims[0].id.split('.').next().unwrap();
        for mutant in own.mutants() {
            let (crate_name, rest) = mutant.name.split_once('.').expect("a dotted name");
            assert_eq!(crate_name, prefix, "{}", mutant.name);
            assert!(
                rest.split('.').all(|word| !word.is_empty()
                    && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')),
                "{}",
                mutant.name
            );
            assert!(!mutant.fault.is_empty() && !mutant.fault.ends_with('.'), "{}", mutant.name);
        }
    }
}

#[test]
fn a_mutant_is_killed_by_rejection_alone() {
    for (run, killed) in
        [(sound as Run, true), (panics, true), (blind, false), (skipped, true), (panics_on_broken, false)]
    {
        let fates = fates(&with(&[A], run, sound), 1);
        assert_eq!((fates.len(), fates[0].is_killed(), fates[0].library), (1, killed, "planted"));
    }
}

#[test]
fn one_check_that_does_not_reject_is_red_and_named() {
    let registry = with(&[BOTH], sound, blind);
    let (code, text) = printed(&registry, &["--mutants", "--seed", "3"]).unwrap();
    assert_eq!(code, ExitCode::from(1), "{text}");
    assert!(text.starts_with("seed 3\n"), "{text}");
    assert!(text.contains("✗ planted.both  planted  planted.a\n"), "{text}");
    assert!(text.contains("survived planted.b.c (audit): "), "{text}");
    assert!(text.ends_with("\n1 mutants: 0 killed, 1 survived\n"), "{text}");
    // the other check is not asked
    let (code, text) = printed(&registry, &["--mutants", "--only", "planted.a"]).unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{text}");
}

#[test]
fn a_survivor_is_red_and_so_is_a_run_of_nothing() {
    let (code, text) = printed(&with(&[A, B], blind, sound), &["--mutants"]).unwrap();
    assert_eq!(code, ExitCode::from(1));
    assert!(text.contains("✗ planted.a.off  planted  nothing") && text.contains("✓ planted.b.off"), "{text}");
    assert!(text.ends_with("\n2 mutants: 1 killed, 1 survived\n"), "{text}");
    let survivor_not_selected = &["--mutants", "--only", "planted.b"];
    assert_eq!(printed(&with(&[A, B], blind, sound), survivor_not_selected).unwrap().0, ExitCode::SUCCESS);
    assert_eq!(printed(&with(&[], sound, sound), &["--mutants"]).unwrap().0, ExitCode::from(1));
    let unknown = printed(&with(&[A], sound, sound), &["--mutants", "--only", "planted.x"]);
    assert!(matches!(unknown, Err(Error::UnknownId { .. })));
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

fn counted(_: &mut Context, subject: Subject) -> Outcome {
    assert!(subject == Subject::Broken, "the shipped thing is left alone");
    RUNS.fetch_add(1, Ordering::Relaxed);
    Outcome::all_equal(1, 1)
}

#[test]
fn a_check_of_several_mutants_runs_once_and_on_its_twin_alone() {
    let fates = fates(&with(&[A, BOTH], counted, sound), 2);
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    assert_eq!(fates[0].killed_by(), ["planted.a"]);
    assert_eq!(fates[1].killed_by(), ["planted.a", "planted.b.c"]);
}

#[test]
fn fates_come_in_the_order_of_the_catalogue_whatever_the_threads() {
    let registry = with(&[B, BOTH, A], draws, draws);
    let observe = |threads| -> Vec<(&str, u64)> {
        let all = fates(&registry, threads);
        all.iter().map(|fate| (fate.mutant.name, fate.trials[0].outcome.observed.to_bits())).collect()
    };
    let sequential = observe(1);
    assert_eq!(
        sequential.iter().map(|fate| fate.0).collect::<Vec<_>>(),
        ["planted.b.off", "planted.both", "planted.a.off"]
    );
    assert_eq!(observe(2), sequential);
}

#[test]
fn the_faults_on_the_bench_are_refuted_one_by_one() {
    let shipped = Registry::shipped();
    let audit = shipped.of_crates(&["dp-audit".to_owned()]).unwrap();
    let few: Vec<Mutant> =
        audit.mutants().iter().filter(|mutant| mutant.name.starts_with("audit.planted.")).copied().collect();
    let power = dp_verify::checks::all().into_iter().filter(|check| check.claim == "audit.power").collect();
    let few = vec![few[0], few[few.len() - 1]];
    let registry = Registry::new(audit.libraries().to_vec(), power).with_mutants(few);
    for fate in fates(&registry, 2) {
        assert!(fate.is_killed(), "{}: {:?}", fate.mutant.name, fate.trials);
        assert_eq!(fate.killed_by(), ["audit.power"]);
    }
}

#[test]
fn json_has_one_line_a_mutant_with_stable_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mutants.jsonl");
    std::fs::write(&path, "what was here before\n").unwrap();
    printed(&with(&[A, B], blind, sound), &["--mutants", "--json", path.to_str().unwrap()]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "{\"mutant\":\"planted.a.off\",\"crate\":\"planted\",\"fault\":\"is off & <away>\",\"known\":null,\"killed_by\":[],\
             \"survived_by\":[\"planted.a (exact)\"]}",
            "{\"mutant\":\"planted.b.off\",\"crate\":\"planted\",\"fault\":\"is off too\",\"known\":\"NaN passes a clip\",\
             \"killed_by\":[\"planted.b.c\"],\"survived_by\":[]}"
        ]
    );
}

#[test]
fn lists_and_pages_say_what_is_wrong_with_twins() {
    let registry = with(&[A, B], sound, sound);
    let (_, text) = printed(&registry, &["--list"]).unwrap();
    assert!(text.contains("    exact twin: is off & <away>\n"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    printed(&registry, &["--html", path.to_str().unwrap()]).unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("twin: is off &amp; &lt;away&gt;"), "{page}");
}

#[test]
fn flags_that_need_the_shipped_thing_are_refused() {
    for other in [&["--list"][..], &["--html", "x"], &["--markdown", "x"], &["--json", "x", "--resume"]] {
        let wrong = Options::try_parse_from(["verify", "--mutants"].iter().chain(other));
        assert_eq!(wrong.unwrap_err().exit_code(), 2, "{other:?}");
    }
}
