//! Certificates that are examined from files alone.

use clap::Parser;
use dp_linalg::Mat;
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Certificate, Delta, Epsilon, Mu, PrivacyProfile, ReplaceRow, secure_rng,
};
use dp_verify::cli::{Options, execute};
use dp_verify::report::Colour;
use dp_verify::{Error, Examination, Registry, examine};
use indicatif::{MultiProgress, ProgressDrawTarget};
use ntk_dp::private::{DescentOptions, PrivateRecords, RecordOptions, private_descent, private_moments};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A saved release of moments with a centre and a flattening, which has several Gaussian parts.
fn saved(folder: &Path) -> PathBuf {
    let features = Mat::from_fn(60, 3, |i, j| ((i * (j + 2)) as f64).sin());
    let labels: Vec<usize> = (0..60).map(|i| i % 2).collect();
    let records = PrivateRecords::new(ReplaceRow, (features.as_ref(), &labels[..]));
    let options = RecordOptions::classes(3, 2)
        .expect("planted parameters are in range")
        .with_centre(0.1)
        .expect("planted parameters are in range")
        .with_flattening(0.2)
        .expect("planted parameters are in range");
    let (epsilon, delta) = (
        Epsilon::new(1.0).expect("planted parameters are in range"),
        Delta::new(1e-6).expect("planted parameters are in range"),
    );
    let release = private_moments(
        records,
        &options,
        epsilon,
        delta,
        &mut secure_rng().expect("planted parameters are in range"),
    )
    .expect("planted parameters are in range");
    let path = folder.join("release.safetensors");
    ntk_dp::io::save_moments(&path, &release).expect("planted parameters are in range");
    std::fs::write(
        folder.join("certificate.json"),
        serde_json::to_string(release.certificate()).expect("planted parameters are in range"),
    )
    .expect("planted parameters are in range");
    path
}

fn examined(path: &Path) -> Result<Examination, Error> {
    examine(path, &Registry::shipped())
}

fn has(lines: &[String], words: &str) -> bool {
    lines.iter().any(|line| line.contains(words))
}

#[test]
fn a_saved_release_is_recomputed_from_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path());
    for path in [path, folder.path().join("certificate.json")] {
        let found = examined(&path).unwrap();
        assert_eq!(found.problems, [""; 0]);
        for words in
            ["neighbours: replace_row", "on the machine as run", "at δ = 1e-6", "rests on ntk.record.privacy"]
        {
            assert!(has(&found.facts, words), "{words}: {:?}", found.facts);
        }
    }
}

#[test]
fn a_saved_classifier_is_recomputed_from_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classifier.safetensors");
    let features = Mat::from_fn(60, 3, |i, j| ((i * (j + 2)) as f64).sin());
    let labels: Vec<usize> = (0..60).map(|i| i % 2).collect();
    let records = PrivateRecords::new(ReplaceRow, (features.as_ref(), &labels[..]));
    let options = DescentOptions::new(3, 2).unwrap();
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let release = private_descent(records, &options, epsilon, delta, &mut secure_rng().unwrap()).unwrap();
    ntk_dp::io::save_classifier(&path, &release).unwrap();
    let found = examined(&path).unwrap();
    assert_eq!(found.problems, [""; 0]);
    for words in [
        "neighbours: replace_row",
        "on the machine as run",
        "at δ = 1e-6",
        "rests on ntk.descent.privacy",
        "digest",
    ] {
        assert!(has(&found.facts, words), "{words}: {:?}", found.facts);
    }
    let mut damaged = std::fs::read(&path).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&path, damaged).unwrap();
    assert!(matches!(examined(&path), Err(Error::NoCertificate)));
    // one step with less noise than the guarantee needs
    let text = serde_json::to_string(release.certificate()).unwrap();
    let last = text.rfind("noise_std\":\"").unwrap() + "noise_std\":\"".len();
    let number = text[last..].split('"').next().unwrap();
    let less = format!("{:?}", 0.9 * number.parse::<f64>().unwrap());
    std::fs::write(&path, format!("{}{less}{}", &text[..last], &text[last + number.len()..])).unwrap();
    assert!(has(&examined(&path).unwrap().problems, "from sensitivities and noise"));
}

#[test]
fn damage_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for position in [whole.len() - 1, whole.len() / 2] {
        let mut damaged = whole.clone();
        damaged[position] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(matches!(examined(&path), Err(Error::NoCertificate)), "{position}");
    }
    for foreign in [&b""[..], b"{}", b"[1]", &whole[..40]] {
        std::fs::write(&path, foreign).unwrap();
        assert!(matches!(examined(&path), Err(Error::NoCertificate)), "{foreign:?}");
    }
    assert!(matches!(examined(&folder.path().join("nothing")), Err(Error::Write(_))));
}

#[test]
fn less_noise_another_target_and_doubtful_claims_are_problems() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let path = folder.path().join("certificate.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let first = text.split("noise_std\":\"").nth(1).unwrap().split('"').next().unwrap();
    let less = format!("{:?}", first.parse::<f64>().unwrap() * 0.99);
    for (wrong, words) in [
        (text.replacen(first, &less, 1), "from sensitivities and noise"),
        (text.replace("ntk.record.privacy", "ntk.record.hearsay"), "which no crate claims"),
        (text.replace("ntk.record.privacy", "ntk.published.labels"), "which is refuted"),
    ] {
        assert_ne!(wrong, text);
        std::fs::write(&path, wrong).unwrap();
        let problems = examined(&path).unwrap().problems;
        assert!(has(&problems, words), "{words}: {problems:?}");
    }
    let target = Certificate::new(
        "x",
        "y",
        PrivacyProfile::gaussian(Mu::new(1.0).unwrap(), AddRemoveRow),
        ArithmeticModel::RealModel,
    )
    .with_parameter("target_epsilon", 0.1)
    .with_parameter("target_delta", 1e-6);
    std::fs::write(&path, serde_json::to_string(&target).unwrap()).unwrap();
    let found = examined(&path).unwrap();
    assert!(
        has(&found.problems, "which the guarantee does not give")
            && has(&found.problems, "cannot be recomputed")
    );
    assert!(has(&found.facts, "for real numbers only"));
}

#[test]
fn the_exit_code_says_whether_a_certificate_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path());
    let run = |path: &Path| {
        let options = Options::try_parse_from(["verify", "--certificate", path.to_str().unwrap()]).unwrap();
        let progress = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let mut out = Vec::new();
        let code = execute(&options, &Registry::shipped(), &progress, Colour::Off, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    };
    let (code, text) = run(&path);
    assert_eq!(code, ExitCode::SUCCESS, "{text}");
    assert!(text.contains("✓ μ = ") && !text.contains('✗'));
    let guarantee = PrivacyProfile::pure(Epsilon::new(1.0).unwrap(), AddRemoveRow);
    let bare = Certificate::new("x", "y", guarantee, ArithmeticModel::ExactLattice);
    let path = folder.path().join("bare.json");
    std::fs::write(&path, serde_json::to_string(&bare).unwrap()).unwrap();
    assert_eq!(run(&path).0, ExitCode::from(1));
}
