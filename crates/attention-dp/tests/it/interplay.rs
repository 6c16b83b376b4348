//! Parts that were built one by one, together: features, documents, tokens, extreme options.

use crate::data::{aggregate, options, uniform};
use attention_dp::{AttentionMoments, Estimate, Shape};
use dp_mechanisms::FailureProbability;
use poly_kernel::{ExpPolynomial, LogitRange};

const LINE: Shape = Shape { key_dim: 1, value_dim: 1 };

fn one_percent() -> FailureProbability {
    FailureProbability::new(0.01).unwrap()
}

fn query(moments: &AttentionMoments, query: &[f64]) -> Estimate {
    moments.reader(one_percent()).unwrap().query(query).unwrap().estimate().unwrap().clone()
}

#[test]
fn queries_as_long_as_the_radius_have_the_certificate_of_their_polynomial() {
    let best = ExpPolynomial::best_relative(4, LogitRange::symmetric(1.0).unwrap()).unwrap();
    let (keys, values) = uniform(50, LINE, 0.9, 1);
    let options = options(LINE, 1.0, 1).with_polynomial(best);
    let moments = aggregate(options, &keys, &values).assume_public().unwrap();
    let error = moments.geometry().kernel_error();
    for end in [-1.0, 1.0, 1.0 + 9e-13] {
        let bar = query(&moments, &[end]).bars()[0];
        // half the kernel's error times the range, and a little more: never the range
        assert!(bar.approximation < 1.01 * error, "{bar:?}");
    }
}

#[test]
fn bars_without_a_certificate_span_the_range_and_not_more_however_large_logits_are() {
    for scale in [5.0, 800.0, 1e4, 3e9] {
        let (keys, values) = uniform(50, LINE, 0.9, 1);
        let options = options(LINE, 1.0, 2).with_softmax_scale(scale).with_uncertified_kernel();
        let moments = aggregate(options, &keys, &values).assume_public().unwrap();
        let bar = query(&moments, &[0.9]).bars()[0];
        assert!((2.0..2.01).contains(&bar.total()), "{scale}: {bar:?}");
    }
}
