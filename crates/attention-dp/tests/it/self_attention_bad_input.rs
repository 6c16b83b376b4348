//! What self-attention refuses, and what it must not.

use crate::data::budget;
use attention_dp::{Error, PrivateSelfAttention, SelfAttentionOptions, best_ridge, plan_self_attention};
use dp_linalg::Mat;
use dp_mechanisms::{FailureProbability, PerturbRow, ReplaceRow};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn options() -> SelfAttentionOptions {
    SelfAttentionOptions::new(4, 2, 1.0).unwrap()
}

#[test]
fn refuses_shapes_and_parameters_out_of_range() {
    assert!(matches!(SelfAttentionOptions::new(1, 2, 1.0), Err(Error::TooSmall { rows: 1, dim: 2 })));
    assert!(matches!(SelfAttentionOptions::new(2, 0, 1.0), Err(Error::TooSmall { .. })));
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(SelfAttentionOptions::new(2, 2, radius), Err(Error::OutOfRange { .. })));
    }
    let attempt =
        |options, rows: &Mat| PrivateSelfAttention::new(ReplaceRow, options, rows.as_ref()).map(|_| ());
    assert!(matches!(
        attempt(options(), &Mat::zeros(3, 2)),
        Err(Error::AnnouncedRows { expected: 4, found: 3 })
    ));
    assert!(matches!(attempt(options(), &Mat::zeros(4, 3)), Err(Error::Dimension { .. })));
    for bad in [0.0, -1.0, f64::NAN] {
        for options in [options().with_softmax_scale(bad), options().with_ridge(bad)] {
            assert!(matches!(attempt(options, &Mat::zeros(4, 2)), Err(Error::OutOfRange { .. })));
            let (budget, failure) = (budget(1.0), FailureProbability::new(0.1).unwrap());
            assert!(plan_self_attention(&options, ReplaceRow, budget, failure).is_err());
        }
        assert!(best_ridge(&options().with_softmax_scale(bad), ReplaceRow, budget(1.0)).is_err());
    }
}

#[test]
fn refuses_to_sample_moves_and_ridges_next_to_rounding_and_releases_their_rows() {
    // clipping moves such a row by a last bit, 1e-16, when it moves by 1e-23
    let rows = Mat::from_fn(4, 2, |i, j| if i == j { 1.0 + 1e-15 } else { 1e-8 });
    let (epsilon, delta) = budget(1.0);
    let attempt = |beta, ridge| {
        let close = PerturbRow::new(beta).unwrap();
        let options = options().with_ridge(ridge);
        let build = || PrivateSelfAttention::new(close, options, rows.as_ref()).unwrap();
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        assert!(build().release_rows(epsilon, delta, rng).is_ok());
        let plan =
            plan_self_attention(&options, close, (epsilon, delta), FailureProbability::new(0.1).unwrap());
        let covariance = build().into_covariance().map(|_| ());
        let published = build().published_sampling_mechanism(epsilon, delta).map(|_| ());
        let released = build().release_sampling(epsilon, delta, rng).map(|_| ());
        (plan.unwrap().sampling().is_some(), [covariance, published, released])
    };
    for (beta, ridge) in [(2e-23, 1e-40), (2e-23, 1.0), (1e-3, 1e-40), (1e-3, 1e40)] {
        let (planned, outcomes) = attempt(beta, ridge);
        assert!(!planned, "{beta} {ridge}");
        for outcome in outcomes {
            assert!(matches!(outcome, Err(Error::LostInRounding { .. })), "{beta} {ridge}: {outcome:?}");
        }
    }
    let (planned, [covariance, _, released]) = attempt(1e-9, 1e-3);
    assert!(planned && covariance.is_ok() && released.is_ok());
}

#[test]
fn refuses_a_token_of_a_row_that_does_not_exist() {
    let private = PrivateSelfAttention::new(ReplaceRow, options(), Mat::zeros(4, 2).as_ref()).unwrap();
    let refused = private.sample_token(4, &mut ChaCha20Rng::seed_from_u64(1)).unwrap_err();
    assert!(matches!(refused, Error::NoSuchRow { row: 4, rows: 4 }));
}

#[test]
fn rows_of_any_content_are_released_alike() {
    let (epsilon, delta) = budget(1.0);
    for entry in [0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324] {
        let rows = Mat::filled(4, 2, entry);
        let build =
            || PrivateSelfAttention::new(PerturbRow::new(0.01).unwrap(), options(), rows.as_ref()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let releases = [
            build().release_rows(epsilon, delta, &mut rng).map(|release| release.value().clone()),
            build().release_gram(epsilon, delta, &mut rng).map(|release| release.value().clone()),
            build().release_sampling(epsilon, delta, &mut rng).map(|release| release.value().clone()),
        ];
        for release in releases {
            let release = release.unwrap();
            let bounds = release.bounds(FailureProbability::new(0.1).unwrap()).unwrap();
            let attention = release.with_low_rank().attention();
            for matrix in [&attention, bounds.lower(), bounds.upper()] {
                assert!(matrix.as_slice().iter().all(|a| (0.0..=1.0).contains(a)), "{entry}");
            }
        }
        assert!(*build().sample_token(0, &mut rng).unwrap().value() < 4);
    }
}

#[test]
fn debug_shows_no_row() {
    let private =
        PrivateSelfAttention::new(ReplaceRow, options(), Mat::filled(4, 2, 0.123).as_ref()).unwrap();
    let text = format!("{private:?}");
    assert!(
        text.starts_with("PrivateSelfAttention { adjacency: replace_row") && !text.contains("0.123"),
        "{text}"
    );
}
