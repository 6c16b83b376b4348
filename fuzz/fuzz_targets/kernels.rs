//! Polynomials, feature maps, recommendations and attention with any parameters: refused, or something true.
#![no_main]

use dp_linalg::{Mat, MatRef};
use libfuzzer_sys::fuzz_target;
use poly_kernel::{
    ErrorCertificate, ExpPolynomial, FeatureMap, Heads, LinearAttention, LinearPlusRandom, LogitRange,
    LogitScaling, Mask, MonomialMap, NystromMap, OptimalPositiveFeatures, PartialAttention, PositiveFeatures,
    RandomMaclaurin, Recommendation, Role, SketchTree, TensorSketch, TrigonometricFeatures, Workload,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Largest degree, number of features and of points that a run takes on.
const LARGEST: u8 = 9;

fuzz_target!(|parts: ([u64; 8], [u8; 6], u64)| {
    let (bits, small, seed) = parts;
    let x = bits.map(f64::from_bits);
    let small = small.map(|byte| usize::from(byte % LARGEST));
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    polynomials(&x, small[0]);
    workloads(&x, small);
    let coefficients = &x[..small[1].min(8)];
    let mut maps: Vec<Box<dyn FeatureMap>> = Vec::new();
    let (dim, count) = (small[2], small[3]);
    keep(&mut maps, MonomialMap::new(dim, coefficients));
    keep(&mut maps, TrigonometricFeatures::new(dim, count, rng));
    keep(&mut maps, PositiveFeatures::new(dim, count, rng));
    keep(&mut maps, PositiveFeatures::hyperbolic(dim, count, rng));
    keep(&mut maps, OptimalPositiveFeatures::new(dim, count, x[7], rng));
    keep(&mut maps, RandomMaclaurin::new(dim, coefficients, count, rng));
    keep(&mut maps, TensorSketch::new(dim, coefficients, count, rng));
    keep(&mut maps, SketchTree::new(dim, coefficients, count, rng));
    keep(&mut maps, LinearPlusRandom::new(dim, small[1], count, rng));
    let points = Mat::from_fn(small[4], dim, |i, j| x[(i + 3 * j) % 8]);
    keep(&mut maps, NystromMap::new(points.as_ref()));
    for map in &maps {
        attention(map.as_ref(), points.as_ref(), x[5], x[6]);
    }
    if let Ok(map) = MonomialMap::new(dim, coefficients) {
        gradients(&map, points.as_ref());
    }
});

fn keep<M: FeatureMap + 'static, E>(maps: &mut Vec<Box<dyn FeatureMap>>, made: Result<M, E>) {
    if let Ok(map) = made {
        maps.push(Box::new(map));
    }
}

fn sound(certificate: &ErrorCertificate) {
    assert!(certificate.relative_error() >= 0.0 && certificate.absolute_error() >= 0.0);
    assert!(!(certificate.ratio_lower() > certificate.ratio_upper()));
    assert!(certificate.output_error().is_none_or(|error| (0.0..=1.0).contains(&error)));
}

fn polynomials(x: &[f64; 8], degree: usize) {
    let Ok(range) = LogitRange::new(x[0], x[1]) else { return };
    let made = [
        ExpPolynomial::taylor(degree),
        ExpPolynomial::chebyshev(degree, range),
        ExpPolynomial::best_relative(degree, range),
        ExpPolynomial::best_relative_softcapped(degree, range, x[2]),
        ExpPolynomial::least_squares_normal(degree, x[2], x[3]),
        ExpPolynomial::least_squares(degree, x),
        ExpPolynomial::from_coefficients(&x[4..]),
    ];
    for polynomial in made.into_iter().flatten() {
        sound(&polynomial.certificate(range));
        if let Ok(certificate) = polynomial.softcapped_certificate(range, x[3]) {
            sound(&certificate);
        }
    }
}

fn workloads(x: &[f64; 8], small: [usize; 6]) {
    let _ = LogitScaling::new(x[0], x[1], x[2]).map(|scaling| scaling.max_logit());
    let Ok(workload) = Workload::new(small[0] * small[1], x[4], x[5]) else { return };
    let workload = workload.with_memory(x[6].to_bits() as usize).with_value_columns(small[2]);
    for workload in [Ok(workload), workload.with_logit_std(x[7])].into_iter().flatten() {
        match workload.recommend() {
            Recommendation::NoneFits { best_error, mean_error, .. } => assert!(best_error <= mean_error),
            Recommendation::Certified { output_error, .. } => assert!(output_error <= x[5]),
            other => assert!(!other.to_string().is_empty()),
        }
    }
}

fn attention(map: &dyn FeatureMap, points: MatRef<'_>, radius: f64, scale: f64) {
    if points.ncols() != map.dim() {
        return;
    }
    let _ = (map.norm_bound(radius), map.kernel_error(radius));
    let mut block = map.feature_block(points.nrows());
    map.apply_block(Role::Query, points, &mut block).expect("shapes fit");
    let single = Mat::from_fn(points.nrows(), points.ncols(), |i, j| points[(i, j)] as f32);
    let values = Mat::filled(points.nrows(), 1, 1.0);
    let Ok(attention) = LinearAttention::new(scale) else { return };
    for mask in [Mask::Full, Mask::Causal] {
        let attention = attention.with_mask(mask);
        if let Ok(output) = attention.forward(map, points, points, values.as_ref()) {
            assert!(output.as_slice().iter().all(|x| !x.is_nan()));
        }
        let _ = attention.forward(map, single.as_ref(), single.as_ref(), single.as_ref());
        let whole = attention.forward_partial(map, points, points, values.as_ref());
        if let Ok(mut whole) = whole {
            let other = PartialAttention::new(values.clone(), vec![scale; points.nrows()]);
            let _ = other.map(|other| whole.merge(&other));
        }
    }
    if let Ok(heads) = Heads::new(points.ncols(), 1) {
        let _ = attention.forward_heads(map, points, points, values.as_ref(), heads);
    }
}

fn gradients(map: &MonomialMap, points: MatRef<'_>) {
    let values = Mat::filled(points.nrows(), 2, 1.0);
    for mask in [Mask::Full, Mask::Causal] {
        let attention = LinearAttention::new(1.0).expect("a scale").with_mask(mask);
        if let Ok(found) = attention.backward(map, points, points, values.as_ref(), values.as_ref()) {
            assert_eq!(found.keys.shape(), points.shape());
        }
    }
}
