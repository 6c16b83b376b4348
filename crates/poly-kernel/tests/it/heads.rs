//! Several heads, parts of keys, and `f32`.

use crate::Uniform;
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{
    Error, FeatureMap, Heads, LinearAttention, Mask, MonomialMap, PartialAttention, PositiveFeatures,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn random(n: usize, columns: usize, seed: u64) -> Mat {
    let mut uniform = Uniform::new(seed);
    Mat::from_fn(n, columns, |_, _| uniform.next())
}

fn attention(mask: Mask, threads: usize) -> LinearAttention {
    LinearAttention::new(0.6).unwrap().with_mask(mask).with_parallelism(Parallelism::threads(threads))
}

#[test]
fn heads_are_attended_one_by_one() {
    let map = MonomialMap::exp_taylor(3, 3).unwrap();
    let (queries, keys, values) = (random(40, 18, 1), random(40, 6, 2), random(40, 8, 3));
    let [q, k, v] = [&queries, &keys, &values].map(Mat::as_ref);
    for mask in [Mask::Full, Mask::Causal] {
        let heads = Heads::new(6, 2).unwrap();
        let all = attention(mask, 2).forward_heads(&map, q, k, v, heads).unwrap();
        for threads in [1, 7] {
            assert_eq!(attention(mask, threads).forward_heads(&map, q, k, v, heads).unwrap(), all);
        }
        for i in 0..6 {
            let shared = i / 3;
            let (q, k) = (q.subcols(3 * i..3 * i + 3), k.subcols(3 * shared..3 * shared + 3));
            let one = attention(mask, 1).forward(&map, q, k, v.subcols(4 * shared..4 * shared + 4)).unwrap();
            assert_eq!(all.as_ref().subcols(4 * i..4 * i + 4), one.as_ref());
        }
    }
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    for (query, key_value) in [(0, 0), (4, 0), (0, 4), (4, 3), (2, 4)] {
        assert_eq!(Heads::new(query, key_value), Err(Error::HeadCount { query, key_value }));
    }
    let map = MonomialMap::exp_taylor(3, 2).unwrap();
    let run = |queries, keys, values| {
        let [q, k, v] = [random(2, queries, 1), random(2, keys, 2), random(2, values, 3)];
        let heads = Heads::new(4, 2).unwrap();
        attention(Mask::Full, 1).forward_heads(&map, q.as_ref(), k.as_ref(), v.as_ref(), heads)
    };
    assert_eq!(run(12, 6, 4).unwrap().shape(), (2, 8));
    assert_eq!(run(11, 6, 4), Err(Error::Length { expected: 12, found: 11 }));
    assert_eq!(run(12, 12, 4), Err(Error::Length { expected: 6, found: 12 }));
    assert_eq!(run(12, 6, 5), Err(Error::Length { expected: 4, found: 5 }));
}

#[test]
fn parts_of_the_keys_merge_to_all_of_them() {
    let map = MonomialMap::exp_taylor(3, 4).unwrap();
    let (queries, keys, values) = (random(30, 3, 1), random(500, 3, 2), random(500, 2, 3));
    let (q, k, v) = (queries.as_ref(), keys.as_ref(), values.as_ref());
    let attention = attention(Mask::Full, 2);
    let part = |range: core::ops::Range<usize>| {
        attention.forward_partial(&map, q, k.subrows(range.clone()), v.subrows(range)).unwrap()
    };
    let whole = attention.forward_partial(&map, q, k, v).unwrap();
    assert_eq!(whole.output(), &attention.forward(&map, q, k, v).unwrap());
    let (mut a, mut b) = (part(0..0), part(200..500));
    assert!(a.log_masses().iter().all(|&mass| mass == f64::NEG_INFINITY));
    a.merge(&part(0..200)).unwrap();
    let first = a.clone();
    a.merge(&b).unwrap();
    b.merge(&first).unwrap();
    assert_eq!(a, b);
    for (i, (x, y)) in a.output().as_slice().iter().zip(whole.output().as_slice()).enumerate() {
        assert!((x - y).abs() < 1e-14, "{i}");
    }
    for (x, y) in a.log_masses().iter().zip(whole.log_masses()) {
        assert!((x - y).abs() < 1e-14);
    }
}

#[test]
fn masses_beyond_all_exponentials_merge() {
    let one = |value: f64, mass: f64| {
        PartialAttention::new(Mat::from_vec(1, 1, vec![value]).unwrap(), vec![mass]).unwrap()
    };
    let mut sum = one(1.0, 1e6);
    sum.merge(&one(3.0, 1e6)).unwrap();
    assert_eq!((sum.output()[(0, 0)], sum.log_masses()[0]), (2.0, 1e6 + 2_f64.ln()));
    let mut far = one(1.0, -1e6);
    far.merge(&one(f64::NAN, f64::NEG_INFINITY)).unwrap();
    assert_eq!((far.output()[(0, 0)], far.log_masses()[0]), (1.0, -1e6));
    let empty = || PartialAttention::new(Mat::zeros(1, 1), vec![f64::NEG_INFINITY]).unwrap();
    let mut nothing = empty();
    nothing.merge(&empty()).unwrap();
    assert_eq!(nothing, empty());
    // without a key on either side, what they hold does not show: not in either order
    for outputs in [[1.0, 2.0], [2.0, 1.0], [f64::NAN, 3.0]] {
        let [mut sum, other] = outputs.map(|output| one(output, f64::NEG_INFINITY));
        sum.merge(&other).unwrap();
        assert_eq!(sum, empty());
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let refused = PartialAttention::new(Mat::zeros(2, 1), vec![0.0, bad]).unwrap_err();
        assert!(matches!(refused, Error::LogMass { query: 1, .. }));
    }
    assert!(PartialAttention::new(Mat::zeros(2, 1), vec![0.0]).is_err());
    assert!(empty().merge(&PartialAttention::new(Mat::zeros(1, 2), vec![0.0]).unwrap()).is_err());
    assert!(empty().merge(&PartialAttention::new(Mat::zeros(2, 1), vec![0.0; 2]).unwrap()).is_err());
}

#[test]
fn f32_is_near_f64_for_every_kind_of_map() {
    let narrow = |matrix: &Mat| Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] as f32);
    let (queries, keys, values) = (random(700, 3, 1), random(700, 3, 2), random(700, 2, 3));
    let maps: [Box<dyn FeatureMap>; 3] = [
        Box::new(MonomialMap::exp_taylor(3, 4).unwrap()),
        Box::new(MonomialMap::new(3, &[1.0, -0.1, 0.25]).unwrap()),
        Box::new(PositiveFeatures::new(3, 33, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()),
    ];
    for map in maps {
        for mask in [Mask::Full, Mask::Causal] {
            let [q, k, v] = [&queries, &keys, &values].map(Mat::as_ref);
            let wide = attention(mask, 2).forward(map.as_ref(), q, k, v).unwrap();
            let [q, k, v] = [&queries, &keys, &values].map(narrow);
            let found = attention(mask, 2).forward(map.as_ref(), q.as_ref(), k.as_ref(), v.as_ref()).unwrap();
            let error = wide.as_slice().iter().zip(found.as_slice()).map(|(a, b)| (a - f64::from(*b)).abs());
            let error = error.fold(0.0, f64::max);
            assert!(error > 0.0 && error < 3e-6, "{mask:?} {error}");
        }
    }
}
