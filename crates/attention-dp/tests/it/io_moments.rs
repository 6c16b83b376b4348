//! Saved releases.

use crate::data::{aggregate, budget, options, uniform};
use attention_dp::io::{FileError, container, load_moments, save_moments};
use attention_dp::{AttentionMoments, Error, MomentAdjacency, Shape};
use dp_mechanisms::{
    AddRemoveDocument, AddRemoveRow, LatticeGaussian, LatticeL2Sensitivity, PerturbRow, PrivacyProfile,
    Provenance, Release, ReplaceRow,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::path::PathBuf;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

fn release() -> Release<AttentionMoments, PrivacyProfile<AddRemoveRow>> {
    let (keys, values) = uniform(500, SHAPE, 0.5, 1);
    let (epsilon, delta) = budget(1.0);
    let center = options(SHAPE, 1.0, 4).with_key_center(vec![0.1, 1e-300, 0.3]).with_value_range(-0.7, 0.9);
    aggregate(center, &keys, &values).release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

fn saved() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.safetensors");
    save_moments(&path, &release()).unwrap();
    (directory, path)
}

#[test]
fn a_loaded_release_answers_and_certifies_as_the_saved_one() {
    let (_directory, path) = saved();
    let (original, loaded) = (release(), load_moments::<AddRemoveRow>(&path).unwrap());
    assert_eq!(loaded.value().steps(), original.value().steps());
    assert_eq!(loaded.certificate(), original.certificate());
    assert_eq!(loaded.provenance(), Provenance::Loaded);
    let gamma = dp_mechanisms::FailureProbability::new(0.05).unwrap();
    let ask = |release: &Release<AttentionMoments, _>| {
        release.value().reader(gamma).unwrap().query(&[0.3, 0.2, 0.1]).unwrap()
    };
    assert_eq!(ask(&loaded), ask(&original));
}

#[test]
fn another_adjacency_is_refused() {
    let (_directory, path) = saved();
    let error = load_moments::<ReplaceRow>(&path).unwrap_err();
    assert!(matches!(error, Error::File(FileError::Metadata { key: "certificate", .. })));
    assert!(error.to_string().contains("expected adjacency replace_row, found add_remove_row"), "{error}");
}

#[test]
fn a_certificate_that_promises_more_than_the_noise_gives_is_refused_though_the_digest_fits() {
    let (_directory, path) = saved();
    let mut forged = container::read(&path).unwrap();
    let mu = release().certificate().guarantee().mu().unwrap().get();
    let certificate = forged.metadata.get_mut("certificate").unwrap();
    assert!(certificate.contains(&format!("{mu:?}")));
    *certificate = certificate.replace(&format!("{mu:?}"), &format!("{:?}", mu / 2.0));
    container::write_atomic(&path, &forged).unwrap();
    assert!(matches!(load_moments::<AddRemoveRow>(&path), Err(Error::File(FileError::Inconsistent))));
}

#[test]
fn another_arithmetic_than_that_of_the_mechanism_is_refused_though_the_digest_fits() {
    let (_directory, path) = saved();
    let mut forged = container::read(&path).unwrap();
    let certificate = forged.metadata.get_mut("certificate").unwrap();
    assert!(certificate.contains(r#""exact_lattice""#));
    *certificate = certificate.replace(r#""exact_lattice""#, r#""real_model""#);
    container::write_atomic(&path, &forged).unwrap();
    assert!(matches!(load_moments::<AddRemoveRow>(&path), Err(Error::File(FileError::Inconsistent))));
}

#[test]
fn an_edited_target_is_refused_though_the_digest_fits() {
    let (_directory, path) = saved();
    let mut forged = container::read(&path).unwrap();
    let certificate = forged.metadata.get_mut("certificate").unwrap();
    *certificate = certificate.replace(r#""target_epsilon":"1.0""#, r#""target_epsilon":"0.5""#);
    container::write_atomic(&path, &forged).unwrap();
    assert!(matches!(load_moments::<AddRemoveRow>(&path), Err(Error::File(FileError::Inconsistent))));
}

#[test]
fn options_of_another_shape_are_refused_though_the_digest_fits() {
    let (_directory, path) = saved();
    let mut forged = container::read(&path).unwrap();
    let options = forged.metadata.get_mut("options").unwrap();
    *options = options.replace(r#""degree":4"#, r#""degree":5"#);
    container::write_atomic(&path, &forged).unwrap();
    assert!(matches!(load_moments::<AddRemoveRow>(&path), Err(Error::File(FileError::Inconsistent))));
}

#[test]
fn a_release_with_more_noise_than_its_sensitivity_needs_loads() {
    let (keys, values) = uniform(50, SHAPE, 0.5, 2);
    let moments = aggregate(options(SHAPE, 1.0, 2), &keys, &values);
    let needed = AddRemoveRow.sensitivity(moments.geometry()).unwrap();
    let (epsilon, delta) = budget(1.0);
    let larger = LatticeL2Sensitivity::from_square(3 * needed.square(), AddRemoveRow).unwrap();
    let mechanism = LatticeGaussian::calibrate(epsilon, delta, larger).unwrap();
    let release = moments.release_with(&mechanism, &mut ChaCha20Rng::seed_from_u64(3)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.safetensors");
    save_moments(&path, &release).unwrap();
    assert_eq!(load_moments::<AddRemoveRow>(&path).unwrap().certificate(), release.certificate());
}

/// Saves an empty release, loads it, and compares all that answers depend on.
fn round_trip<A: MomentAdjacency>(adjacency: A, options: attention_dp::MomentOptions) {
    let (epsilon, delta) = budget(1.0);
    let moments = attention_dp::PrivateMoments::new(adjacency, options).unwrap();
    let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(2)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.safetensors");
    save_moments(&path, &release).unwrap();
    let loaded = load_moments::<A>(&path).unwrap();
    assert_eq!(loaded.certificate(), release.certificate());
    assert_eq!(loaded.value().steps(), release.value().steps());
    assert_eq!(loaded.value().geometry().features(), release.value().geometry().features());
}

#[test]
fn every_adjacency_and_every_kind_of_features_is_saved() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let waves = poly_kernel::TrigonometricFeatures::new(3, 20, &mut rng).unwrap();
    let fitted = poly_kernel::ExpPolynomial::least_squares_normal(3, 0.0, 0.4).unwrap();
    let landmarks = uniform(10, SHAPE, 0.5, 4).0;
    round_trip(AddRemoveRow, options(SHAPE, 1.0, 1).with_trigonometric_features(waves));
    round_trip(ReplaceRow, options(SHAPE, 1.0, 1).with_landmarks(landmarks));
    round_trip(AddRemoveDocument, options(SHAPE, 1.0, 3).with_document_weight(7));
    let fitted = options(SHAPE, 1.0, 1).with_polynomial(fitted).with_uncertified_kernel();
    round_trip(
        PerturbRow::new(0.125).unwrap(),
        fitted.with_normaliser_weight(0.5).with_typical_query_norm(0.7),
    );
}
