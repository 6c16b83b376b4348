//! Bad parameters and shapes: each is refused with its own error, before any data is touched.

use crate::data::{aggregate, budget, integers, options, uniform};
use attention_dp::{Bounds, Error, MomentGeometry, MomentOptions, Parameter, PrivateMoments, Rows, Shape};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, ReplaceRow};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

fn refused(options: MomentOptions) -> Error {
    MomentGeometry::new(options).expect_err("must be refused")
}

#[test]
fn rejects_radii_and_scales_that_are_not_positive_numbers() {
    for bad in [0.0, -1.0, 1e-200, 1e200, f64::NAN, f64::INFINITY] {
        assert!(Bounds::new(bad, 1.0, 1.0).is_err() && Bounds::new(1.0, bad, 1.0).is_err());
        assert!(Bounds::new(1.0, 1.0, bad).is_err());
        let error = refused(options(SHAPE, 1.0, 2).with_softmax_scale(bad));
        assert!(matches!(error, Error::OutOfRange { parameter: Parameter::SoftmaxScale, .. }));
    }
}

#[test]
fn rejects_more_coordinates_than_can_be_counted() {
    for (shape, which) in [
        (Shape { value_dim: usize::MAX, ..SHAPE }, Parameter::ValueDim),
        (Shape { key_dim: usize::MAX, ..SHAPE }, Parameter::KeyDim),
        (Shape { value_dim: (1 << 24) + 1, ..SHAPE }, Parameter::ValueDim),
    ] {
        let error = refused(options(shape, 1.0, 2));
        assert!(matches!(error, Error::OutOfRange { parameter, .. } if parameter == which), "{error}");
        assert!(PrivateMoments::new(AddRemoveRow, options(shape, 1.0, 0)).is_err());
    }
}

#[test]
fn rejects_budgets_outside_their_range() {
    assert!(Epsilon::new(0.0).is_err() && Epsilon::new(-1.0).is_err() && Epsilon::new(f64::NAN).is_err());
    for bad in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
        assert!(Delta::new(bad).is_err() && FailureProbability::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn rejects_empty_shapes() {
    for shape in [Shape { key_dim: 0, value_dim: 1 }, Shape { key_dim: 1, value_dim: 0 }] {
        assert!(matches!(refused(options(shape, 1.0, 2)), Error::EmptyShape { .. }));
    }
}

#[test]
fn says_how_many_features_a_degree_would_need() {
    let error = refused(options(Shape { key_dim: 384, value_dim: 2 }, 1.0, 6)).to_string();
    assert!(error.contains("4701889697505"), "{error}"); // C(390, 6)
}

#[test]
fn says_which_degree_would_do_when_one_is_too_small() {
    let error = refused(options(SHAPE, 2.0, 2)); // logits up to 4
    assert!(
        matches!(error, Error::DegreeTooSmall { degree: 2, sufficient_degree: Some(10..20), .. }),
        "{error}"
    );
    assert!(matches!(refused(options(SHAPE, 1e3, 2)), Error::DegreeTooSmall { sufficient_degree: None, .. }));
}

#[test]
fn rejects_lattices_that_the_rows_could_leave() {
    for bad in [
        options(SHAPE, 1.0, 2).with_max_rows(1 << 40),
        options(SHAPE, 1.0, 2).with_max_rows(u64::MAX),
        options(SHAPE, 1.0, 2).with_resolution(25, 14),
        options(SHAPE, 1.0, 2).with_resolution(3, 14),
        options(SHAPE, 1.0, 2).with_resolution(18, 25).with_max_rows(2),
    ] {
        assert!(matches!(refused(bad), Error::Resolution { .. }));
    }
    assert!(
        MomentGeometry::new(options(SHAPE, 1.0, 2).with_resolution(12, 8).with_max_rows(1 << 40)).is_ok()
    );
}

#[test]
fn rejects_centres_and_ranges_that_make_no_sense() {
    assert!(matches!(refused(options(SHAPE, 1.0, 2).with_key_center(vec![0.0; 2])), Error::Dimension { .. }));
    let error = refused(options(SHAPE, 1.0, 2).with_key_center(vec![0.0, f64::NAN, 0.0]));
    assert!(matches!(error, Error::CenterNotFinite { coordinate: 1 }));
    for (low, high) in [(0.5, 0.5), (0.5, -0.5), (f64::NAN, 1.0), (2.0, 3.0), (0.1, 0.5)] {
        assert!(matches!(
            refused(options(SHAPE, 1.0, 2).with_value_range(low, high)),
            Error::ValueRange { .. }
        ));
    }
}

#[test]
fn rejects_rows_of_the_wrong_shape_before_adding_any() {
    let (keys, values) = uniform(10, SHAPE, 0.5, 1);
    assert!(matches!(
        Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref().subrows(0..9)),
        Err(Error::RowCount)
    ));
    let mut moments = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap();
    let wrong = Rows::new(AddRemoveRow, keys.as_ref(), keys.as_ref()).unwrap();
    assert!(matches!(moments.push(wrong), Err(Error::Dimension { what: Parameter::Value, .. })));
    let short = [([0.0; 3].as_slice(), [0.0; 1].as_slice())];
    assert!(matches!(moments.extend(short), Err(Error::Dimension { what: Parameter::Value, .. })));
    assert!(moments.into_statistic().unwrap().assume_public().iter().all(|&step| step == 0));
}

#[test]
fn adds_exactly_the_rows_before_one_of_the_wrong_length() {
    let (keys, values) = uniform(100, SHAPE, 0.5, 1);
    let good = keys.as_ref().rows().zip(values.as_ref().rows());
    let bad = [([0.0; 2].as_slice(), [0.0; 2].as_slice())];
    let mut moments = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap();
    assert!(matches!(moments.extend(good.chain(bad)), Err(Error::Dimension { what: Parameter::Key, .. })));
    assert_eq!(integers(moments), integers(aggregate(options(SHAPE, 1.0, 2), &keys, &values)));
}

#[test]
fn rejects_merging_aggregates_of_different_options_but_not_of_different_threads() {
    let mut moments = PrivateMoments::new(ReplaceRow, options(SHAPE, 1.0, 2)).unwrap();
    let other = PrivateMoments::new(ReplaceRow, options(SHAPE, 1.0, 3)).unwrap();
    assert!(matches!(moments.merge(other), Err(Error::DifferentOptions)));
    let threads = options(SHAPE, 1.0, 2).with_parallelism(Parallelism::threads(2));
    assert!(moments.merge(PrivateMoments::new(ReplaceRow, threads).unwrap()).is_ok());
}

#[test]
fn failures_do_not_depend_on_what_rows_contain() {
    let hostile = [f64::NAN, f64::INFINITY, -f64::MAX, 1e308, 5e-324, 0.0, 1.0];
    let (epsilon, delta) = budget(1.0);
    for content in hostile {
        let (keys, values) = (Mat::from_fn(3, 3, |_, _| content), Mat::from_fn(3, 2, |_, _| content));
        let mut moments = PrivateMoments::new(ReplaceRow, options(SHAPE, 1.0, 2)).unwrap();
        moments.push(Rows::new(ReplaceRow, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
        assert!(moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).is_ok(), "{content}");
    }
}

#[test]
fn debug_output_shows_no_private_entry() {
    let keys = Mat::from_fn(4, 3, |_, _| 0.123_456);
    let values = Mat::from_fn(4, 2, |_, _| 0.654_321);
    let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).unwrap();
    let mut moments = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap();
    moments.push(rows).unwrap();
    let sums = format!("{:?}", moments.geometry().options().max_rows());
    let text = format!("{rows:?} {moments:?}");
    assert!(text.contains(", .. }") && !text.contains("123") && !text.contains("654"), "{text} {sums}");
    let statistic = format!("{:?}", moments.into_statistic().unwrap());
    assert_eq!(statistic, "LatticeStatistic { entries: 30, .. }");
}
