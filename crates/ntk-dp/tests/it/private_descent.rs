//! Classes learned in released steps: what a user sees of it.

use crate::uniform;
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, ArithmeticModel, Delta, Epsilon, Mu, PrivacyProfile, Release, ReplaceRow};
use ntk_dp::Error;
use ntk_dp::private::{
    DescentMechanism, DescentOptions, DescentParameter, PrivateClassifier, PrivateRecords, RowNorm,
    StreamedRecords, private_descent,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn options(dim: usize, classes: usize) -> DescentOptions {
    DescentOptions::new(dim, classes).unwrap()
}

/// Four classes in `d` dimensions around the first four axes.
fn clusters(seed: u64, n: usize, d: usize) -> (Mat, Vec<usize>) {
    let noise = uniform(seed, n, d);
    let labels: Vec<usize> = (0..n).map(|i| (i * i + 3 * i / 7) % 4).collect();
    let features =
        Mat::from_fn(n, d, |i, j| 0.6 * noise[(i, j)] + f64::from(u8::from(j % 4 == labels[i])) + 0.4);
    (features, labels)
}

type Released = Release<PrivateClassifier, PrivacyProfile<AddRemoveRow>>;

fn release((features, labels): (&Mat, &[usize]), options: &DescentOptions) -> Result<Released, Error> {
    let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), labels));
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    private_descent(records, options, epsilon, delta, &mut ChaCha20Rng::seed_from_u64(7))
}

fn accuracy(found: &[usize], labels: &[usize]) -> f64 {
    found.iter().zip(labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
}

#[test]
fn classes_are_found_and_the_certificate_says_under_which_guarantee() {
    let (features, labels) = clusters(1, 20_000, 20);
    let (queries, truth) = clusters(2, 1000, 20);
    let plain = options(20, 4);
    for options in [plain, plain.with_norm(RowNorm::Clip(3.0)).unwrap(), plain.with_intercept(0.1).unwrap()] {
        let released = release((&features, &labels), &options).unwrap();
        let found = accuracy(&released.value().classify(queries.as_ref()).unwrap(), &truth);
        assert!(found > 0.95, "{found} {options:?}");
        let certificate = released.certificate();
        assert_eq!(certificate.arithmetic(), ArithmeticModel::ExactLattice);
        assert!(certificate.guarantee().delta(1.0) <= 1e-6);
        for claim in ["ntk.descent.privacy", "ntk.descent.sensitivity"] {
            assert!(certificate.claims().iter().any(|named| named == claim));
        }
        assert_eq!(certificate.parameters()["steps"], "48");
        // 20 000 records, counted with noise
        assert!((released.value().rows() / 20_000.0 - 1.0).abs() < 0.05);
    }
}

#[test]
fn weights_depend_on_neither_blocks_nor_threads_nor_what_is_dropped() {
    let (features, labels) = clusters(3, 1000, 6);
    let plain = release((&features, &labels), &options(6, 4)).unwrap();
    let threaded = options(6, 4).with_parallelism(Parallelism::threads(3));
    let other = release((&features, &labels), &threaded).unwrap();
    assert_eq!(plain.value().weights().to_owned(), other.value().weights().to_owned());

    // in blocks of 70, with a record of no class and one that is not finite among them
    let blocks = || {
        (0..1000).step_by(70).map(|start| {
            let rows = start..(start + 70).min(1000);
            let mut block = features.as_ref().subrows(rows.clone()).to_owned().into_vec();
            let mut classes = labels[rows].to_vec();
            block.extend([f64::NAN; 6].iter().chain(&[1.0; 6]));
            classes.extend([0, 4]);
            Ok((Mat::from_vec(classes.len(), 6, block).unwrap(), classes))
        })
    };
    let records = PrivateRecords::new(AddRemoveRow, StreamedRecords::new(6, blocks));
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let rng = &mut ChaCha20Rng::seed_from_u64(7);
    let streamed = private_descent(records, &options(6, 4), epsilon, delta, rng).unwrap();
    assert_eq!(plain.value().weights().to_owned(), streamed.value().weights().to_owned());
}

#[test]
fn any_records_are_learned_from_without_failing() {
    let hard = [f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX, 5e-324, 0.0, 1.0];
    let features = Mat::from_fn(49, 2, |i, j| hard[if j == 0 { i % 7 } else { i / 7 }]);
    let labels: Vec<usize> = (0..49).map(|i| [0, 1, 2, usize::MAX][i % 4]).collect();
    for (features, labels) in [(features, labels), (Mat::zeros(0, 2), vec![]), (Mat::zeros(3, 2), vec![0; 3])]
    {
        let released = release((&features, &labels), &options(2, 2)).unwrap();
        assert!(released.value().weights().rows().flatten().all(|w| w.is_finite()));
    }
}

#[test]
fn shapes_and_parameters_are_refused_by_name() {
    let (features, labels) = clusters(5, 10, 3);
    let refused = release((&features, &labels), &options(4, 4)).unwrap_err();
    assert_eq!(refused, Error::Length { expected: 4, found: 3 });
    assert_eq!(release((&features, &labels[..9]), &options(3, 4)).unwrap_err(), Error::TargetCount);
    let parameter = |result: Result<DescentOptions, Error>| match result {
        Err(Error::DescentParameter { parameter, .. }) => parameter,
        other => panic!("{other:?}"),
    };
    let plain = options(3, 4);
    assert_eq!(parameter(plain.with_steps(0)), DescentParameter::Steps);
    assert_eq!(parameter(plain.with_step_size(f64::NAN)), DescentParameter::StepSize);
    assert_eq!(parameter(plain.with_momentum(1.0)), DescentParameter::Momentum);
    assert_eq!(parameter(plain.with_residual_clip(1.5)), DescentParameter::ResidualClip);
    let queries = Mat::from_vec(2, 3, vec![0.0, 0.0, 0.0, 0.0, f64::NAN, 0.0]).unwrap();
    let model = release((&features, &labels), &plain).unwrap();
    assert_eq!(model.value().classify(queries.as_ref()), Err(Error::Point { row: 1 }));
    assert_eq!(
        model.value().classify(Mat::zeros(1, 2).as_ref()),
        Err(Error::Length { expected: 3, found: 2 })
    );
}

#[test]
fn replaced_records_need_twice_the_noise_in_each_step() {
    let mu = Mu::new(0.5).unwrap();
    let added = DescentMechanism::with_mu(&options(3, 4), AddRemoveRow, mu).unwrap();
    let replaced = DescentMechanism::with_mu(&options(3, 4), ReplaceRow, mu).unwrap();
    let ratio = replaced.step().noise_std().get() / added.step().noise_std().get();
    assert!((ratio - 2.0).abs() < 1e-12);
    // shares of the squared budget: 5 %, and a 48th of the rest
    let share = |mechanism: &DescentMechanism<AddRemoveRow>| mechanism.step().profile().mu().unwrap().get();
    assert!((share(&added) / (0.5 * (0.95_f64 / 48.0).sqrt()) - 1.0).abs() < 1e-9);
}

#[cfg(feature = "io")]
mod files {
    use super::*;
    use dp_mechanisms::Provenance;
    use ntk_dp::io::{FileError, load_classifier, save_classifier};

    fn learned(options: &DescentOptions) -> Released {
        let (features, labels) = clusters(11, 500, 5);
        release((&features, &labels), options).unwrap()
    }

    fn saved() -> (tempfile::TempDir, std::path::PathBuf, Released) {
        let options = options(5, 4)
            .with_norm(RowNorm::Clip(3.0))
            .and_then(|options| options.with_centre(0.07)?.with_intercept(0.1)?.with_steps(6))
            .and_then(|options| options.with_step_size(0.03)?.with_momentum(0.7)?.with_residual_clip(1.1))
            .unwrap();
        let release = learned(&options);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("classifier");
        save_classifier(&path, &release).unwrap();
        (directory, path, release)
    }

    #[test]
    fn a_loaded_classifier_is_the_one_that_was_saved() {
        let (_directory, path, release) = saved();
        let loaded = load_classifier::<AddRemoveRow>(&path).unwrap();
        assert_eq!(loaded.value(), release.value());
        assert_eq!(loaded.certificate(), release.certificate());
        assert_eq!((release.provenance(), loaded.provenance()), (Provenance::Minted, Provenance::Loaded));
        let queries = uniform(12, 10, 5);
        let scores = |release: &Released| release.value().scores(queries.as_ref()).unwrap();
        assert_eq!(scores(&loaded), scores(&release));
    }

    #[test]
    fn every_flipped_byte_and_every_cut_of_a_classifier_is_found() {
        let (directory, path, _) = saved();
        let bytes = std::fs::read(&path).unwrap();
        let other = directory.path().join("other");
        for at in (0..bytes.len()).step_by(11) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&other, &changed).unwrap();
            assert!(load_classifier::<AddRemoveRow>(&other).is_err(), "byte {at}");
            std::fs::write(&other, &bytes[..at]).unwrap();
            assert!(load_classifier::<AddRemoveRow>(&other).is_err(), "cut at {at}");
        }
        let missing = load_classifier::<AddRemoveRow>(directory.path().join("none"));
        assert_eq!(missing.unwrap_err(), FileError::Read(std::io::ErrorKind::NotFound));
        assert_eq!(load_classifier::<ReplaceRow>(&path).unwrap_err(), FileError::Inconsistent);
        // another kind of release in the same container
        assert_eq!(ntk_dp::io::load_moments::<AddRemoveRow>(&path).unwrap_err(), FileError::ForeignFile);
    }

    #[test]
    fn classifiers_that_contradict_their_certificate_are_refused() {
        let (directory, _, one) = saved();
        let path = directory.path().join("contradiction");
        let load = |value: &Released, certificate: &Released| {
            let both = Release::assume_released(value.value().clone(), certificate.certificate().clone());
            save_classifier(&path, &both).unwrap();
            load_classifier::<AddRemoveRow>(&path)
        };
        let same = one.value().options();
        for other in [
            same.with_steps(7),
            same.with_step_size(0.04),
            same.with_momentum(0.6),
            same.with_residual_clip(1.0),
            same.with_centre(0.08),
            same.with_intercept(0.2),
            same.with_norm(RowNorm::Normalise),
        ] {
            let other = learned(&other.unwrap());
            assert_eq!(
                load(&other, &one).unwrap_err(),
                FileError::Inconsistent,
                "{:?}",
                other.value().options()
            );
            assert_eq!(load(&one, &other).unwrap_err(), FileError::Inconsistent);
        }
        // as many bytes, but of another run: no file can show that
        assert_eq!(load(&learned(same), &one).unwrap().value(), learned(same).value());
    }

    #[test]
    fn descent_options_are_read_only_if_in_range() {
        let options = options(5, 4).with_norm(RowNorm::Clip(3.0)).unwrap();
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<DescentOptions>(&text).unwrap(), options);
        for (name, wrong) in [
            ("dim", "0"),
            ("classes", "1"),
            ("norm", r#"{"clip":-1.0}"#),
            ("centre", "0.9"),
            ("intercept", "1.0"),
            ("steps", "0"),
            ("step_size", "2.0"),
            ("momentum", "1.0"),
            ("residual_clip", "0.0"),
            ("depth", "1"),
        ] {
            let mut values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
            values.insert(name.to_owned(), serde_json::from_str(wrong).unwrap());
            let changed = serde_json::Value::Object(values);
            assert!(serde_json::from_value::<DescentOptions>(changed).is_err(), "{name}");
        }
    }
}

/// A verifier that takes the wrong classifier is told so before any record is read: records tell nothing by a panic.
#[test]
fn gradients_at_weights_of_other_shapes_are_refused_whatever_the_records() {
    let (features, labels) = clusters(3, 500, 4);
    let mechanism = DescentMechanism::with_mu(&options(4, 4), AddRemoveRow, Mu::new(1.0).unwrap()).unwrap();
    let refused = |like: &DescentOptions, (features, labels): (&Mat, &[usize])| {
        let (learned, classes) = clusters(4, 500, like.record().dim());
        let classes: Vec<usize> = classes.iter().map(|class| class % like.record().columns()).collect();
        let like = release((&learned, &classes), like).unwrap();
        let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), labels));
        mechanism.gradient_statistic(records, like.value()).err()
    };
    let (nobody, none) = (Mat::zeros(0, 4), Vec::new());
    for (like, expected, found) in
        [(options(4, 2), 4, 2), (options(3, 4), 4, 3), (options(4, 4).with_intercept(0.1).unwrap(), 4, 5)]
    {
        for records in [(&features, &labels[..]), (&nobody, &none[..])] {
            let error = refused(&like, records);
            assert!(
                matches!(error, Some(Error::Length { expected: e, found: f }) if (e, f) == (expected, found)),
                "{error:?}"
            );
        }
    }
    assert!(refused(&options(4, 4), (&features, &labels[..])).is_none());
}
