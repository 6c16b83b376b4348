//! Record-level regression: what a user sees of it.

use crate::uniform;
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Delta, Epsilon, FailureProbability, Mu, PrivacyProfile, Release,
    ReplaceRow,
};
use ntk_dp::private::{
    LabelledRows, NoisyMoments, PrivateRecords, RecordAdjacency, RecordMechanism, RecordOptions, RowNorm,
    StreamedRecords, Targets, private_moments,
};
use ntk_dp::{Error, one_hot};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn budget() -> (Epsilon, Delta) {
    (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap())
}

type Released = Release<NoisyMoments, PrivacyProfile<AddRemoveRow>>;

fn release(source: impl LabelledRows, options: &RecordOptions, epsilon: f64) -> Result<Released, Error> {
    let rng = &mut ChaCha20Rng::seed_from_u64(7);
    let epsilon = Epsilon::new(epsilon).unwrap();
    private_moments(PrivateRecords::new(AddRemoveRow, source), options, epsilon, budget().1, rng)
}

/// Four classes in `d` dimensions around the first four axes.
fn clusters(seed: u64, n: usize, d: usize) -> (Mat, Vec<usize>) {
    let noise = uniform(seed, n, d);
    let labels: Vec<usize> = (0..n).map(|i| (i * i + 3 * i / 7) % 4).collect();
    let features =
        Mat::from_fn(n, d, |i, j| 0.6 * noise[(i, j)] + f64::from(u8::from(j % 4 == labels[i])) + 0.4);
    (features, labels)
}

fn accuracy(found: &[usize], labels: &[usize]) -> f64 {
    found.iter().zip(labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
}

#[test]
fn classes_are_found_with_every_stage_and_every_readout() {
    let (features, labels) = clusters(1, 20_000, 20);
    let plain = RecordOptions::classes(20, 4).unwrap();
    let staged = plain.with_centre(0.1).unwrap().with_flattening(0.2).unwrap().with_intercept(0.05).unwrap();
    for options in [plain, plain.with_centre(0.1).unwrap(), plain.with_flattening(0.2).unwrap(), staged] {
        let released = release((features.as_ref(), &labels[..]), &options, 1.0).unwrap();
        let moments = released.value();
        let (queries, truth) = clusters(2, 1000, 20);
        for model in [
            moments.ridge(2.0).unwrap(),
            moments.spectrum().unwrap().projected_ridge(0.3).unwrap(),
            moments.spectrum().unwrap().least_risk().unwrap(),
        ] {
            let found = accuracy(&model.classify(queries.as_ref()).unwrap(), &truth);
            assert!(found > 0.95, "{found} {options:?}");
        }
        let certificate = released.certificate();
        assert_eq!(certificate.arithmetic(), ArithmeticModel::ExactLattice);
        assert!(certificate.guarantee().delta(1.0) <= 1e-6);
        assert!(certificate.claims().iter().any(|claim| claim == "ntk.record.privacy"));
    }
}

#[test]
fn numbers_are_predicted_up_to_their_noise() {
    let features = uniform(3, 30_000, 5);
    let targets = Mat::from_fn(30_000, 2, |i, j| 2.0 * features[(i, j)] - features[(i, 4)]);
    let options = RecordOptions::values(5, 2, 5.0).unwrap().with_norm(RowNorm::Clip(3.0)).unwrap();
    let released = release((features.as_ref(), targets.as_ref()), &options, 1.0).unwrap();
    let model = released.value().ridge(2.0).unwrap();
    let found = model.predict(features.as_ref().subrows(0..50)).unwrap();
    for (a, b) in found.as_slice().iter().zip(targets.as_slice()) {
        assert!((a - b).abs() < 0.3, "{a} {b}");
    }
}

#[test]
fn small_targets_in_many_columns_come_back_at_their_size() {
    // a radius of 1448 steps, of which rounding of 1000 columns leaves 1432
    let features = Mat::filled(4000, 1, 1.0);
    let targets = Mat::from_fn(4000, 1000, |_, j| if j == 0 { 1.0 } else { 0.0 });
    let options = RecordOptions::values(1, 1000, 1.0).unwrap().with_target_weight(1.0 / 64.0).unwrap();
    let moments = release((features.as_ref(), targets.as_ref()), &options, 1e6).unwrap().value().clone();
    // one step is 7e-4 of a target, and noise is less
    assert!((moments.cross()[(0, 0)] / 4000.0 - 1.0).abs() < 5e-4, "{}", moments.cross()[(0, 0)]);
}

#[test]
fn moments_of_many_features_come_back_at_their_size() {
    let (n, d) = (64, 1024);
    let features = uniform(4, n, d);
    let targets = Mat::filled(n, 1, 1.0);
    let options = RecordOptions::values(d, 1, 1.0).unwrap();
    // hardly any noise: 1e-5 of a row
    let mechanism = RecordMechanism::with_mu(&options, AddRemoveRow, Mu::new(1e5).unwrap()).unwrap();
    let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), targets.as_ref()));
    let moments = mechanism.release(records, &mut ChaCha20Rng::seed_from_u64(8)).unwrap().value().clone();
    let (gram, cross) = (moments.gram(), moments.cross());
    let trace: f64 = (0..d).map(|i| gram[(i, i)]).sum();
    let mut sums = vec![0.0; d];
    for row in features.as_ref().rows() {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / norm);
    }
    let square: f64 = sums.iter().map(|x| x * x).sum();
    let product: f64 = sums.iter().enumerate().map(|(i, x)| x * cross[(i, 0)]).sum();
    // divided by R² and R instead of what rows were multiplied by they would be 2.5e-4 and 1.2e-4 too small
    assert!((trace / n as f64 - 1.0).abs() < 2e-5, "{trace}");
    assert!((product / square - 1.0).abs() < 2e-5, "{product} {square}");
}

#[test]
fn integers_do_not_depend_on_blocks_threads_or_order() {
    let (features, labels) = clusters(5, 3000, 7);
    let options = RecordOptions::classes(7, 4).unwrap().with_intercept(0.1).unwrap();
    let staged = options.with_centre(0.1).unwrap().with_flattening(0.2).unwrap();
    let like = release((features.as_ref(), &labels[..]), &staged, 1.0).unwrap().value().clone();
    assert!(like.flattened_directions().all(|directions| directions.ncols() > 0));
    let steps = |options: &RecordOptions, source: &mut dyn LabelledRows| {
        let mechanism = RecordMechanism::calibrate(options, ReplaceRow, budget().0, budget().1).unwrap();
        let records = PrivateRecords::new(ReplaceRow, source);
        mechanism.moment_statistic(records, Some(&like)).unwrap().assume_public()
    };
    let whole = steps(&staged, &mut (features.as_ref(), &labels[..]));
    for threads in [2, 3] {
        let threaded = staged.with_parallelism(Parallelism::threads(threads));
        assert_eq!(steps(&threaded, &mut (features.as_ref(), &labels[..])), whole);
    }
    for size in [1, 17, 2999] {
        let mut blocks = StreamedRecords::new(7, || {
            (0..3000_usize).step_by(size).rev().map(|start| {
                let rows = start..3000.min(start + size);
                Ok((features.as_ref().subrows(rows.clone()).to_owned(), labels[rows].to_vec()))
            })
        });
        assert_eq!(steps(&staged, &mut blocks), whole);
    }
}

/// Entries that a record must not fail on.
fn poisoned() -> (Mat, Vec<usize>) {
    let (mut features, mut labels) = clusters(6, 200, 6);
    let poison = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, f64::MAX, 5e-324, 0.0];
    for (i, poison) in poison.into_iter().enumerate() {
        features.row_mut(i).fill(poison);
        features[(10 + i, i % 6)] = poison;
    }
    labels[50] = 4;
    labels[51] = usize::MAX;
    (features, labels)
}

#[test]
fn no_entry_makes_a_release_fail() {
    let (features, labels) = poisoned();
    for norm in [RowNorm::Normalise, RowNorm::Clip(1.0), RowNorm::Clip(1e-20), RowNorm::Clip(1e20)] {
        let options = RecordOptions::classes(6, 4)
            .unwrap()
            .with_norm(norm)
            .unwrap()
            .with_centre(0.1)
            .unwrap()
            .with_flattening(0.1)
            .unwrap()
            .with_intercept(0.1)
            .unwrap();
        let released = release((features.as_ref(), &labels[..]), &options, 1.0).unwrap();
        assert!(released.value().gram().as_slice().iter().all(|entry| entry.is_finite()));
        let values = (features.as_ref(), features.as_ref().subcols(0..3));
        let options = RecordOptions::values(6, 3, 1e-3).unwrap().with_norm(norm).unwrap();
        let released = release(values, &options, 1.0).unwrap();
        assert!(released.value().cross().as_slice().iter().all(|entry| entry.is_finite()));
    }
}

#[test]
fn a_record_that_is_dropped_is_as_if_it_were_not_there() {
    let (features, labels) = poisoned();
    let options = RecordOptions::classes(6, 4).unwrap().with_intercept(0.2).unwrap();
    let mechanism = RecordMechanism::calibrate(&options, AddRemoveRow, budget().0, budget().1).unwrap();
    let sums = |features: MatRef<'_>, labels: &[usize]| {
        let records = PrivateRecords::new(AddRemoveRow, (features, labels));
        mechanism.moment_statistic(records, None).unwrap().assume_public()
    };
    let kept: Vec<usize> =
        (0..200).filter(|&i| features.row(i).iter().all(|x| x.is_finite()) && labels[i] < 4).collect();
    assert_eq!(kept.len(), 200 - 3 - 3 - 2);
    let rest = Mat::from_fn(kept.len(), 6, |i, j| features[(kept[i], j)]);
    let rest_labels: Vec<usize> = kept.iter().map(|&i| labels[i]).collect();
    assert_eq!(sums(features.as_ref(), &labels), sums(rest.as_ref(), &rest_labels));
}

#[test]
fn shapes_and_kinds_that_do_not_fit_are_refused_whatever_they_hold() {
    let options = RecordOptions::classes(3, 2).unwrap();
    let nan = Mat::filled(4, 3, f64::NAN);
    let (two, labels) = (Mat::filled(4, 2, f64::NAN), [7_usize; 4]);
    let length = Error::Length { expected: 3, found: 2 };
    assert_eq!(release((two.as_ref(), &labels[..]), &options, 1.0).unwrap_err(), length);
    // without the numbers, which are private where records come and go
    assert_eq!(release((nan.as_ref(), &labels[..3]), &options, 1.0).unwrap_err(), Error::TargetCount);
    assert_eq!(release((nan.as_ref(), two.as_ref()), &options, 1.0).unwrap_err(), Error::TargetKind);
    let values = RecordOptions::values(3, 1, 1.0).unwrap();
    assert_eq!(release((nan.as_ref(), &labels[..]), &values, 1.0).unwrap_err(), Error::TargetKind);
    let columns = Error::Length { expected: 1, found: 2 };
    assert_eq!(release((nan.as_ref(), two.as_ref()), &values, 1.0).unwrap_err(), columns);
    let failing = StreamedRecords::new(3, || {
        [Ok((Mat::zeros(2, 3), vec![0_usize; 2])), Err(std::io::ErrorKind::UnexpectedEof)].into_iter()
    });
    let source = Error::Source(std::io::ErrorKind::UnexpectedEof);
    assert_eq!(release(failing, &options, 1.0).unwrap_err(), source);
}

#[test]
fn options_out_of_range_are_refused() {
    assert!(RecordOptions::classes(0, 2).is_err() && RecordOptions::classes(16_385, 2).is_err());
    assert!(RecordOptions::classes(3, 1).is_err() && RecordOptions::classes(3, 1001).is_err());
    assert!(RecordOptions::values(3, 0, 1.0).is_err());
    let options = RecordOptions::classes(3, 2).unwrap();
    for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300, 1e-300] {
        assert!(RecordOptions::values(3, 1, bad).is_err(), "{bad}");
        assert!(options.with_norm(RowNorm::Clip(bad)).is_err(), "{bad}");
        assert!(options.with_target_weight(bad).is_err(), "{bad}");
        if bad != 1e-300 {
            assert!(options.with_centre(bad).is_err() && options.with_flattening(bad).is_err(), "{bad}");
        }
        if bad != 0.0 && bad != 1e-300 {
            assert!(options.with_intercept(bad).is_err(), "{bad}");
        }
    }
}

#[test]
fn nothing_and_one_feature_are_ordinary_inputs() {
    for (n, d) in [(0, 1), (0, 5), (1, 1), (2, 3)] {
        let (features, labels) = (Mat::filled(n, d, 1.0), vec![1_usize; n]);
        let options = RecordOptions::classes(d, 2).unwrap().with_centre(0.1).unwrap();
        for options in [options, options.with_flattening(0.3).unwrap()] {
            let released = release((features.as_ref(), &labels[..]), &options, 1.0).unwrap();
            let model = released.value().ridge(3.0).unwrap();
            let found = model.predict(Mat::filled(1, d, 2.0).as_ref()).unwrap();
            assert!(found.as_slice().iter().all(|score| score.is_finite()));
            assert!(released.value().spectrum().unwrap().least_risk().is_ok());
        }
    }
}

#[test]
fn so_much_budget_that_nothing_is_lost_gives_the_ridge_fit() {
    let (features, labels) = clusters(8, 500, 6);
    let options = RecordOptions::classes(6, 4).unwrap().with_target_weight(2.0).unwrap();
    let released = release((features.as_ref(), &labels[..]), &options, 1e6).unwrap();
    let moments = released.value();
    let ridge = 5.0 / moments.noise_radius();
    let model = moments.ridge(ridge).unwrap();
    assert!((model.ridge() - 5.0).abs() < 1e-12);
    let unit = Mat::from_fn(500, 6, |i, j| {
        features[(i, j)] / features.row(i).iter().map(|x| x * x).sum::<f64>().sqrt()
    });
    let targets = one_hot(&labels, 4).unwrap();
    let mut gram = dp_linalg::matmul_tn(unit.as_ref(), unit.as_ref(), Parallelism::Sequential).unwrap();
    (0..6).for_each(|i| gram[(i, i)] += 5.0);
    let cross = dp_linalg::matmul_tn(unit.as_ref(), targets.as_ref(), Parallelism::Sequential).unwrap();
    let exact = dp_linalg::Cholesky::new(gram.as_ref()).unwrap().solve(cross.as_ref()).unwrap();
    // noise 10⁻³ on sums of 500, and rounding 2⁻¹⁷
    for (a, b) in model.weights().rows().flatten().zip(exact.as_slice()) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
    // bars and bounds of so little noise are small, and positive
    let gamma = FailureProbability::new(1e-6).unwrap();
    let bars = model.standard_errors(features.as_ref().subrows(0..3)).unwrap();
    let bounds = model.error_bounds(features.as_ref().subrows(0..3), gamma).unwrap();
    for (bar, bound) in bars.as_slice().iter().zip(bounds.as_slice()) {
        assert!(*bar > 0.0 && 3.0 * bar < *bound && *bound < 0.1, "{bar} {bound}");
    }
}

#[test]
fn queries_are_checked_and_named() {
    let (features, labels) = clusters(9, 500, 3);
    let options = RecordOptions::classes(3, 4).unwrap();
    let model = release((features.as_ref(), &labels[..]), &options, 1.0).unwrap().value().ridge(2.0).unwrap();
    let mut queries = Mat::zeros(1500, 3);
    assert!(model.predict(queries.as_ref()).unwrap().as_slice().iter().all(|score| *score == 0.0));
    queries[(1200, 1)] = f64::NAN;
    assert_eq!(model.predict(queries.as_ref()), Err(Error::Point { row: 1200 }));
    assert_eq!(model.classify(Mat::zeros(1, 2).as_ref()), Err(Error::Length { expected: 3, found: 2 }));
    assert!(model.moments().ridge(f64::NAN).is_err() && model.moments().ridge(-1.0).is_err());
    assert!(model.moments().spectrum().unwrap().risk(0.0).is_err());
}

#[test]
fn what_holds_private_rows_shows_none() {
    let (features, labels) = clusters(10, 3, 2);
    let targets = Targets::Classes(&labels);
    assert_eq!(format!("{targets:?}"), "Targets::Classes { .. }");
    let records = PrivateRecords::new(ReplaceRow, (features.as_ref(), &labels[..]));
    assert_eq!(format!("{records:?}"), "PrivateRecords { adjacency: replace_row, dim: 2, .. }");
}

/// All integer vectors of two entries with a squared norm of at most `square`.
fn short_vectors(square: i64) -> Vec<[i64; 2]> {
    let entries = || (-square..=square).filter(move |x| x * x <= square);
    entries().flat_map(|a| entries().map(move |b| [a, b])).filter(|[a, b]| a * a + b * b <= square).collect()
}

#[test]
fn no_pair_of_small_integer_records_moves_more_than_is_charged() {
    // ‖S − S'‖² entry by entry, over every pair of rows and of targets in two dimensions
    let distance = |z: [i64; 2], y: [i64; 2], z2: [i64; 2], y2: [i64; 2]| {
        let pairs = || (0..2).flat_map(|i| (0..2).map(move |j| (i, j)));
        let gram: i64 = pairs().map(|(i, j)| (z[i] * z[j] - z2[i] * z2[j]).pow(2)).sum();
        let cross: i64 = pairs().map(|(i, j)| (z[i] * y[j] - z2[i] * y2[j]).pow(2)).sum();
        (gram + 2 * cross) as u128
    };
    for (square, target) in [(5, 1), (5, 5), (4, 9), (25, 4), (2, 13), (10, 2)] {
        let (rows, targets) = (short_vectors(square), short_vectors(target));
        let (mut alone, mut replaced) = (0, 0);
        for &z in &rows {
            for &y in &targets {
                alone = alone.max(distance(z, y, [0, 0], [0, 0]));
                for &z2 in &rows {
                    for &y2 in &targets {
                        replaced = replaced.max(distance(z, y, z2, y2));
                    }
                }
            }
        }
        let (n, y) = (square as u128, target as u128);
        assert_eq!(alone, AddRemoveRow::squared_moments(n, y), "{square} {target}");
        let charged = ReplaceRow::squared_moments(n, y);
        assert!(replaced <= charged, "{square} {target}: {replaced} {charged}");
        // integer angles are few, and yet the bound is nearly attained
        assert!(replaced as f64 >= 0.9 * charged as f64, "{square} {target}: {replaced} {charged}");
    }
}

#[cfg(feature = "io")]
mod files {
    use super::*;
    use dp_mechanisms::Provenance;
    use ntk_dp::io::{FileError, load_moments, save_moments};

    fn saved() -> (tempfile::TempDir, std::path::PathBuf, Released) {
        let (features, labels) = clusters(11, 2000, 5);
        let options = RecordOptions::classes(5, 4)
            .unwrap()
            .with_centre(0.07)
            .unwrap()
            .with_flattening(0.13)
            .unwrap()
            .with_flattening_rounds(2)
            .unwrap()
            .with_intercept(0.1)
            .unwrap();
        let release = release((features.as_ref(), &labels[..]), &options, 0.7).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("release");
        save_moments(&path, &release).unwrap();
        (directory, path, release)
    }

    #[test]
    fn what_is_loaded_is_what_was_saved() {
        let (_directory, path, release) = saved();
        let loaded = load_moments::<AddRemoveRow>(&path).unwrap();
        assert_eq!(loaded.value(), release.value());
        assert_eq!(loaded.certificate(), release.certificate());
        assert_eq!((release.provenance(), loaded.provenance()), (Provenance::Minted, Provenance::Loaded));
        let queries = uniform(12, 10, 5);
        let predict =
            |release: &Released| release.value().ridge(2.0).unwrap().predict(queries.as_ref()).unwrap();
        assert_eq!(predict(&loaded), predict(&release));
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_found() {
        let (directory, path, _) = saved();
        let bytes = std::fs::read(&path).unwrap();
        let other = directory.path().join("other");
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&other, &changed).unwrap();
            assert!(load_moments::<AddRemoveRow>(&other).is_err(), "byte {at}");
            std::fs::write(&other, &bytes[..at]).unwrap();
            assert!(load_moments::<AddRemoveRow>(&other).is_err(), "cut at {at}");
        }
        assert_eq!(
            load_moments::<AddRemoveRow>(directory.path().join("none")).unwrap_err(),
            FileError::Read(std::io::ErrorKind::NotFound)
        );
        assert!(matches!(load_moments::<ReplaceRow>(&path), Err(FileError::Inconsistent)));
    }

    #[test]
    fn options_are_read_only_if_in_range() {
        let options = RecordOptions::values(5, 2, 3.0).unwrap().with_centre(0.1).unwrap();
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<RecordOptions>(&text).unwrap(), options);
        for (from, to) in [
            (r#""dim":5"#, r#""dim":0"#),
            (r#""columns":2"#, r#""columns":0"#),
            ("3.0", "-3.0"),
            ("0.1", "0.9"),
            (r#""intercept":0.0"#, r#""intercept":1.0"#),
            (r#""dim":5"#, r#""dim":5,"depth":1"#),
        ] {
            assert!(text.contains(from), "{text}");
            assert!(serde_json::from_str::<RecordOptions>(&text.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn files_that_contradict_themselves_are_refused() {
        let (directory, _, one) = saved();
        let path = directory.path().join("contradiction");
        let (features, labels) = clusters(11, 100, 5);
        let plain = RecordOptions::classes(5, 4).unwrap();
        let weaker = plain.with_target_weight(2.0).unwrap();
        let other = |options: &RecordOptions, epsilon: f64| {
            release((features.as_ref(), &labels[..]), options, epsilon).unwrap()
        };
        let plain_one = other(&plain, 1.0);
        let load = |value: &Released| {
            let certificate = plain_one.certificate().clone();
            save_moments(&path, &Release::assume_released(value.value().clone(), certificate)).unwrap();
            load_moments::<AddRemoveRow>(&path)
        };
        // of other stages, of other weights
        assert_eq!(load(&one).unwrap_err(), FileError::Inconsistent);
        assert_eq!(load(&other(&weaker, 1.0)).unwrap_err(), FileError::Inconsistent);
        // that noise is less than the certificate says cannot be seen: what is loaded believes the certificate
        let louder = other(&plain, 2.0);
        let loaded = load(&louder).unwrap();
        assert!(loaded.value().gram_noise_std() > louder.value().gram_noise_std());
        assert_eq!(loaded.value().gram_noise_std(), plain_one.value().gram_noise_std());
    }

    #[test]
    fn a_failed_save_leaves_the_old_file() {
        let (directory, path, release) = saved();
        let before = std::fs::read(&path).unwrap();
        assert!(save_moments(directory.path().join("no/such/directory"), &release).is_err());
        save_moments(&path, &release).unwrap();
        assert_eq!(load_moments::<AddRemoveRow>(&path).unwrap().value(), release.value());
        assert_eq!(std::fs::read(&path).unwrap().len(), before.len());
    }
}
