//! Certificates that are examined from files alone.

use attention_dp::{
    Bounds, MomentOptions, PrivateMoments, PrivateTree, RowBound, Shape, TreeBudget, TreeOptions,
};
use clap::Parser;
use dp_linalg::Mat;
use dp_mechanisms::covariance::{Draws, Neighbourhood};
use dp_mechanisms::selection::{ExponentialMechanism, ReportNoisyMax, ScoreSensitivity, Scores};
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Certificate, ChangeBound, Delta, Epsilon, FailureProbability,
    GaussianSampling, Lattice, LatticeL1Sensitivity, LatticeLaplace, LatticeStatistic, Mu, PrivacyProfile,
    PrivateCovariance, Release, ReplaceRow, Rho, TruncatedLaplace, secure_rng,
};
use dp_verify::cli::{Options, execute};
use dp_verify::report::Colour;
use dp_verify::{Error, Examination, Registry, examine};
use indicatif::{MultiProgress, ProgressDrawTarget};
use john_ellipsoid_dp::private::{PrivateRows, RecordOptions as EllipsoidOptions, private_ellipsoid};
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

/// What error bars are made of follows from the file: the same numbers as those of the release that was saved.
#[test]
fn constants_of_error_bars_are_recomputed_from_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let failure = FailureProbability::new(0.05).unwrap();
    let loaded = ntk_dp::io::load_moments::<ReplaceRow>(saved(folder.path())).unwrap();
    let spectral =
        format!("at most {:.6e} in spectral norm", loaded.value().spectral_bound(failure).unwrap());
    let found = examined(&folder.path().join("release.safetensors")).unwrap();
    assert!(has(&found.facts, &spectral), "{spectral}: {:?}", found.facts);

    let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0).unwrap());
    let empty = PrivateMoments::new(AddRemoveRow, MomentOptions::new(shape, bounds, 4)).unwrap();
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let release = empty.release(epsilon, delta, &mut secure_rng().unwrap()).unwrap();
    let path = folder.path().join("attention.safetensors");
    attention_dp::io::save_moments(&path, &release).unwrap();
    let found = examined(&path).unwrap();
    assert_eq!(found.problems, [""; 0]);
    let moments = release.value();
    let [all, fixed] = [moments.reader(failure), moments.fixed_query_reader(failure)]
        .map(|reader| reader.unwrap().noise_multiplier());
    for words in [
        format!("noise of {:.6e} in sums", moments.unit_noise_std()),
        format!("times {all:.4} for all queries or {fixed:.4} for one"),
        format!("off by {:.3e} relatively", moments.geometry().kernel_error()),
    ] {
        assert!(has(&found.facts, &words), "{words}: {:?}", found.facts);
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
    assert!(has(&examined(&path).unwrap().problems, "sensitivities and noise"));
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
    let nothing = folder.path().join("nothing");
    assert!(matches!(examined(&nothing), Err(Error::File { path, .. }) if path == nothing));
}

#[test]
fn less_noise_another_target_and_doubtful_claims_are_problems() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path());
    let path = folder.path().join("certificate.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let first = text.split("noise_std\":\"").nth(1).unwrap().split('"').next().unwrap();
    let less = format!("{:?}", first.parse::<f64>().unwrap() * 0.99);
    let pairs = text.split("off_diagonal_noise_std\":\"").nth(1).unwrap().split('"').next().unwrap();
    for (wrong, words) in [
        (text.replace(pairs, "0.001"), "cannot be recomputed"),
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
fn a_target_is_a_pair() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.json");
    let guarantee = PrivacyProfile::gaussian(Mu::new(0.5).unwrap(), AddRemoveRow);
    let noise = "squared_l2_sensitivity = 1\nnoise_std = 2.0";
    for (target, is_pair) in [
        ("target_epsilon = 3\ntarget_delta = 1e-6", true),
        ("target_epsilon = 3", false),
        ("target_delta = 1e-6", false),
        ("target_epsilon = 3\ntarget_delta = 2", false),
        ("target_epsilon = NaN\ntarget_delta = 1e-6", false),
    ] {
        std::fs::write(&path, composed(&format!("{noise}\n{target}"), &guarantee)).unwrap();
        let problems = examined(&path).unwrap().problems;
        assert_eq!(has(&problems, "no pair of ε and δ"), !is_pair, "{target}: {problems:?}");
        assert_eq!(problems.len(), usize::from(!is_pair), "{target}");
    }
}

#[test]
fn other_noise_than_that_of_the_options_is_no_release_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let release = ntk_dp::io::load_moments::<ReplaceRow>(saved(folder.path())).unwrap();
    let text = serde_json::to_string(release.certificate()).unwrap();
    let path = folder.path().join("other.safetensors");
    let save = |text: &str| {
        let certificate: Certificate<PrivacyProfile<ReplaceRow>> = serde_json::from_str(text).unwrap();
        let other = Release::assume_released(release.value().clone(), certificate);
        ntk_dp::io::save_moments(&path, &other).unwrap();
        examined(&path)
    };
    assert_eq!(save(&text).unwrap().problems, [""; 0]);
    for name in ["noise_std", "squared_l2_sensitivity", "squared_frobenius_sensitivity"] {
        let recorded = text.split(&format!("{name}\":\"")).nth(1).unwrap().split('"').next().unwrap();
        let ten = recorded.split("; ").next().unwrap().parse::<f64>().unwrap() * 10.0;
        let ten = if name == "noise_std" { format!("{ten:?}") } else { format!("{ten:.0}") };
        assert!(matches!(save(&text.replace(recorded, &ten)), Err(Error::NoCertificate)), "{name}");
    }
}

/// A certificate as JSON, a parameter of it, and a value that does not give the guarantee.
type Planted = (String, &'static str, &'static str);

/// Certificates whose guarantee is not that of Gaussian noise alone.
fn others() -> Result<Vec<Planted>, Box<dyn std::error::Error>> {
    let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
    let rng = &mut secure_rng()?;
    let integers = Lattice::new(0)?;
    let l1 = LatticeL1Sensitivity::new(2, AddRemoveRow)?;
    let count = |n: i64| LatticeStatistic::new(vec![n], integers, l1, 1 << 20);
    let laplace = LatticeLaplace::calibrate(epsilon, l1)?;
    let truncated = TruncatedLaplace::calibrate(epsilon, delta, l1)?;
    let half = LatticeLaplace::calibrate(Epsilon::new(0.5)?, l1)?;
    let pair = laplace.release(count(3), "a count", rng)?;
    let pair = pair.joined([half.release(count(4), "a count", rng)?], "two counts")?;
    let movement = ScoreSensitivity::new(1, AddRemoveRow)?;
    let scores = Scores::new(vec![3, 9, 4], movement)?;
    let winner = ReportNoisyMax::calibrate(epsilon, movement)?.release_with_gap(&scores, "a winner", rng);
    let chosen = ExponentialMechanism::new(epsilon, movement).release(&scores, "a choice", rng)?;
    let bound = ChangeBound::new(Neighbourhood::frobenius(0.01)?, AddRemoveRow);
    let draws = GaussianSampling::with_draws(Draws::new(50)?, bound);
    let covariance = PrivateCovariance::new(Mat::identity(2), bound)?;
    let rows = Mat::from_fn(400, 2, |i, j| ((i * (j + 2)) as f64).sin());
    let ellipsoid = private_ellipsoid(
        PrivateRows::new(AddRemoveRow, rows.as_ref()),
        &EllipsoidOptions::new(2)?,
        epsilon,
        delta,
        rng,
    );
    let mut tree = PrivateTree::over_bins(
        AddRemoveRow,
        TreeOptions::new(8, RowBound::entries(1, 3), TreeBudget::EqualShares),
    )?;
    tree.add(2, &[3])?;
    Ok(vec![
        (
            serde_json::to_string(laplace.release(count(3), "a count", rng)?.certificate())?,
            "noise_scale",
            "1.5",
        ),
        (
            serde_json::to_string(truncated.release(count(3), "a count", rng)?.certificate())?,
            "noise_bound",
            "9",
        ),
        (serde_json::to_string(pair.certificate())?, "noise_scale", "2.0; 3.0"),
        (serde_json::to_string(winner?.certificate())?, "noise_scale", "1.5"),
        (serde_json::to_string(chosen.certificate())?, "epsilon", "1.5"),
        (
            serde_json::to_string(draws.release(&covariance, "a covariance", rng)?.certificate())?,
            "draws",
            "49",
        ),
        (serde_json::to_string(ellipsoid?.certificate())?, "1.epsilon", "0.9"),
        (serde_json::to_string(tree.release(epsilon, delta, rng)?.certificate())?, "noise_bound", "9"),
    ])
}

#[test]
fn guarantees_of_other_kinds_are_recomputed_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.json");
    for (text, parameter, wrong) in others().unwrap() {
        std::fs::write(&path, &text).unwrap();
        assert_eq!(examined(&path).unwrap().problems, [""; 0], "{text}");
        let begins = format!("\"{parameter}\":\"");
        let at = text.find(&begins).unwrap_or_else(|| panic!("{parameter}: {text}")) + begins.len();
        let end = at + text[at..].find('"').unwrap();
        std::fs::write(&path, format!("{}{wrong}{}", &text[..at], &text[end..])).unwrap();
        let found = examined(&path).unwrap();
        assert_eq!(found.problems.len(), 1, "{parameter}: {found:?}");
    }
}

#[test]
fn draws_are_for_real_numbers_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.json");
    let draws = others().unwrap().into_iter().find(|(_, parameter, _)| *parameter == "draws").unwrap().0;
    let stated = draws.replace("\"real_model\"", "\"exact_lattice\"");
    assert_ne!(stated, draws);
    std::fs::write(&path, stated).unwrap();
    assert!(has(&examined(&path).unwrap().problems, "real numbers only"));
}

/// A certificate with these parameters, each on a line of its own, and this guarantee.
fn composed(parameters: &str, guarantee: &PrivacyProfile<AddRemoveRow>) -> String {
    let bare = Certificate::new("parts", "mechanisms", guarantee.clone(), ArithmeticModel::ExactLattice);
    let pairs = parameters.lines().filter_map(|line| line.trim().split_once('='));
    let certificate = pairs.fold(bare, |certificate, (name, value)| {
        certificate.with_text_parameter(name.trim(), value.trim().to_owned())
    });
    serde_json::to_string(&certificate).expect("certificates are plain data")
}

#[test]
fn a_part_that_is_missing_or_unknown_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.json");
    let problems = |parameters: &str, guarantee: &PrivacyProfile<AddRemoveRow>| {
        std::fs::write(&path, composed(parameters, guarantee)).unwrap();
        examined(&path).unwrap().problems
    };
    let gaussian = |mu: f64| PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow);
    let pure = |epsilon: f64| PrivacyProfile::pure(Epsilon::new(epsilon).unwrap(), AddRemoveRow);
    let one = "squared_l2_sensitivity = 1\nnoise_std = 2.0";
    let two =
        "0.squared_l2_sensitivity = 1\n0.noise_std = 2.0\n1.squared_l2_sensitivity = 1\n1.noise_std = 2.0";
    // sound ones: 1/4 each, so many of them
    for (parameters, releases) in [
        (one.to_owned(), 1.0_f64),
        (format!("{one}\njoined_releases = 4"), 4.0),
        (two.to_owned(), 2.0),
        (format!("{two}\njoined_releases = 3"), 6.0),
        (format!("{two}\n0.joined_releases = 3"), 4.0),
        (one.replace("2.0", "2.0; 2.0; 2.0") + "\njoined_releases = 3", 3.0),
        (format!("{one}\njoined_releases = 300000000"), 3e8),
    ] {
        let mu = (0.25 * releases).sqrt();
        assert_eq!(problems(&parameters, &gaussian(mu * (1.0 + 1e-9))), [""; 0], "{parameters}");
        assert_eq!(problems(&parameters, &gaussian(mu * 0.999)).len(), 1, "{parameters}");
    }
    // what cannot be recomputed, whatever is stated
    for parameters in [
        "0.squared_l2_sensitivity = 1\n0.noise_std = 2.0\n1.distance_noise_scale = 1.0\n1.threshold = 9",
        "0.squared_l2_sensitivity = 1\n0.noise_std = 2.0",
        &format!("{two}\nsquared_l2_sensitivity = 1000000\nnoise_std = 1.0"),
        &format!("{two}\nthreshold = 9"),
        "0.squared_l2_sensitivity = 1\n0.noise_std = 2.0\n1.noise_std = 1.0\n1.joined_releases = 65\n1.left_out = squared_l2_sensitivity",
        "squared_l2_sensitivity = 1\nnoise_std = 2.0\njoined_releases = 0",
        "squared_frobenius_sensitivity = 1\nnoise_std = 2.0",
        "l1_sensitivity = 1\nnoise_scale = 1.0\ntouched_pieces = 27",
        "l1_sensitivity = 1\nnoise_scale = 1.0\ntouched_pieces = 27\njoined_releases = 26",
        "l1_sensitivity = 1\nnoise_scale = 1.0\ntouched_pieces = 0",
        "squared_l2_sensitivity = 1\nnoise_std = 2.0\njoined_releases = 1e3",
        "squared_l2_sensitivity = 1\nnoise_std = 2.0; 2.0\njoined_releases = 3",
        "squared_l2_sensitivity = 1\nnoise_std = 2.0\nl1_sensitivity = 1\nnoise_scale = 1.0",
        "score_sensitivity = 1\nscore_movement = each score moves\nthreshold = 3\nnoise_scale = 2.0",
    ] {
        assert!(has(&problems(parameters, &gaussian(100.0)), "cannot be recomputed"), "{parameters}");
    }
    // no finite table of δ and ε shows that these do not follow: Gaussian noise has no ε of its own, and δ(1.08) is 6.3e-16, ρ is 8
    let noise = |std: f64| format!("squared_l2_sensitivity = 1\nnoise_std = {std:?}");
    let approximate =
        PrivacyProfile::approximate(Epsilon::new(1.08).unwrap(), Delta::new(1e-45).unwrap(), AddRemoveRow);
    let concentrated = PrivacyProfile::zero_concentrated_from(Rho::new(7.65).unwrap(), AddRemoveRow);
    for (std, stated) in [(1.0 / 3.0, pure(40.0)), (7.0, approximate), (0.25, concentrated)] {
        assert!(has(&problems(&noise(std), &stated), "does not follow"), "{std}: {stated:?}");
    }
    // large ε, where δ says nothing
    let laplace = "l1_sensitivity = 29\nnoise_scale = 1.0";
    assert_eq!(problems(laplace, &pure(29.1)), [""; 0]);
    for stated in [24.0, 28.9] {
        assert_eq!(problems(laplace, &pure(stated)).len(), 1, "{stated}");
    }
    // two trees, of two and of three pieces
    let trees = "l1_sensitivity = 1\nnoise_scale = 2.0\ntouched_pieces = 2; 2; 3; 3; 3\njoined_releases = 5";
    assert_eq!(problems(trees, &pure(2.501)), [""; 0]);
    assert!(has(&problems(&trees.replace("2; 2", "2; 3"), &pure(2.501)), "cannot be recomputed"));
}

#[test]
fn releases_of_releases_are_recomputed() {
    let rng = &mut secure_rng().unwrap();
    let l1 = LatticeL1Sensitivity::new(1, AddRemoveRow).unwrap();
    let mut release = |epsilon: f64| {
        let mechanism = LatticeLaplace::calibrate(Epsilon::new(epsilon).unwrap(), l1).unwrap();
        let statistic = LatticeStatistic::new(vec![1], Lattice::new(0).unwrap(), l1, 1 << 20);
        mechanism.release(statistic, "a count", rng).unwrap().with_parameter("target_epsilon", epsilon)
    };
    let first = release(0.5).joined([release(0.25), release(0.5)], "three").unwrap();
    let all = first.and(release(1.0).joined([release(1.0)], "two").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.json");
    std::fs::write(&path, serde_json::to_string(all.certificate()).unwrap()).unwrap();
    let found = examined(&path).unwrap();
    assert_eq!(found.problems, [""; 0], "{:?}", all.certificate().parameters());
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
    // a file cannot write lines of its own, nor hide others
    let steering =
        serde_json::to_string(&bare).unwrap().replace("\"x\"", r#""x – y\n✓ all is well\u001b[8m\u202e""#);
    std::fs::write(&path, steering).unwrap();
    let (code, text) = run(&path);
    assert_eq!(code, ExitCode::from(1));
    assert!(text.starts_with("✓ x – y\u{fffd}✓ all is well\u{fffd}[8m\u{fffd}, by y\n"), "{text}");
}

#[test]
fn what_runs_nothing_writes_no_report_and_does_one_thing() {
    for together in [
        &["--list", "--certificate", "a"][..],
        &["--list", "--html", "a"],
        &["--certificate", "a", "--json", "b"],
        &["--certificate", "a", "--theorems", "b"],
        &["--certificate", "a", "--mutants"],
        &["--theorems", "a", "--markdown", "b"],
        &["--certificate", "a", "--crate", "ntk-dp"],
        &["--theorems", "a", "--full"],
        &["--list", "--seed", "1"],
    ] {
        let arguments = ["verify"].iter().chain(together);
        assert!(Options::try_parse_from(arguments).is_err(), "{together:?}");
    }
}
