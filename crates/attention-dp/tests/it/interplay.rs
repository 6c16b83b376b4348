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
        // the range is 2, and e/(1 + √(1 − e²)) of it at most e; without a certificate it would be all of the range
        assert!(bar.approximation < 1.01 * error, "{bar:?}");
    }
}
