//! Against definitions: every hash of a small tree, and the tensor products that it sketches.

use super::*;
use dp_linalg::Mat;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The sketch of the definition: a sum over pairs of coordinates at each node.
fn naive(node: &Node, x: &[f64]) -> Vec<f64> {
    let len = node.len();
    let mut out = vec![0.0; len];
    out[0] = 1.0;
    for Factor { below, table } in &node.factors {
        let vector = below.as_ref().map_or_else(|| x.to_vec(), |node| naive(node, x));
        let mut product = vec![0.0; len];
        for (bucket, before) in out.iter().enumerate() {
            for (&(place, sign), value) in table.iter().zip(&vector) {
                product[(bucket + place) % len] += before * sign * value;
            }
        }
        out = product;
    }
    out
}

#[test]
fn transforms_give_the_sketch_of_the_definition() {
    let x = [0.5, -1.0, 0.25, 2.0];
    for len in [1, 2, 3, 7, 8, 30, 97] {
        for power in [1, 2, 3, 4, 5, 7, 8] {
            let mut coefficients = vec![0.0; power + 1];
            coefficients[power] = 4.0;
            let map = SketchTree::new(4, &coefficients, len, &mut ChaCha8Rng::seed_from_u64(9)).unwrap();
            let mut block = map.feature_block(1);
            let point = Mat::from_vec(1, 4, x.to_vec()).unwrap();
            map.apply_block(Role::Key, point.as_ref(), &mut block).unwrap();
            let exact = naive(&map.sketches[0].root, &x);
            for (value, exact) in block.as_ref().rows().zip(exact) {
                // ‖x‖₁ⁿ times a few roundings for each of seven levels of a transform at three depths
                let tolerance = 3.75_f64.powi(power as i32) * 1e-14;
                assert!((value[0] - 2.0 * exact).abs() < tolerance, "{len} {power} {value:?} {exact}");
            }
        }
    }
}

/// Turns every entry to the next sign or bucket, like the digits of a number; false once all are back where they began.
fn advance(node: &mut Node) -> bool {
    let len = node.len();
    for Factor { below, table } in &mut node.factors {
        for entry in table {
            *entry = match *entry {
                (bucket, 1.0) => (bucket, -1.0),
                (bucket, _) => ((bucket + 1) % len, 1.0),
            };
            if *entry != (0, 1.0) {
                return true;
            }
        }
        if below.as_mut().is_some_and(advance) {
            return true;
        }
    }
    false
}

/// A tree in dimension two with every entry of every table at its first value.
fn first_tree(power: usize, buckets: usize, inner: usize) -> Node {
    fn reset(node: &mut Node) {
        for factor in &mut node.factors {
            factor.table.fill((0, 1.0));
            factor.below.iter_mut().for_each(reset);
        }
    }
    let planner = &mut RealFftPlanner::new();
    let [own, inner] = [buckets, inner].map(|len| Convolution::new(len, planner));
    let mut root = Node::new(power, 2, own, &inner, &mut ChaCha8Rng::seed_from_u64(1));
    reset(&mut root);
    root
}

#[test]
fn the_recursion_is_exact_over_all_hashes() {
    let pairs = [([1.0, 0.5], [0.25, -2.0]), ([1.0, 1.0], [1.0, -1.0])];
    let trees = [
        (0, 1, 1),
        (1, 1, 1),
        (1, 3, 1),
        (2, 1, 1),
        (2, 2, 1),
        (2, 3, 1),
        (2, 4, 1),
        (3, 2, 2),
        (3, 1, 3),
        (4, 1, 1),
    ];
    for (power, buckets, inner) in trees {
        for (x, y) in pairs {
            let mut root = first_tree(power, buckets, inner);
            let (mut sums, mut draws) = ([0.0; 4], 0.0);
            loop {
                let (a, b) = (naive(&root, &x), naive(&root, &y));
                let SecondMoments { product, norms, entries } = SecondMoments::of_points(&a, &b);
                let terms = [crate::feature_map::dot(&a, &b), product, norms, entries];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                draws += 1.0;
                if !advance(&mut root) {
                    break;
                }
            }
            let points = SecondMoments::of_points(&x, &y);
            let SecondMoments { product, norms, entries } = points.sketched(power, buckets, inner);
            let mean = crate::feature_map::dot(&x, &y).powi(power as i32);
            for (sum, exact) in sums.iter().zip([mean, product, norms, entries]) {
                // binary fractions below 2¹⁰, of which sums are exact; the recursion rounds a few times
                assert!(
                    (sum / draws - exact).abs() < 1e-11,
                    "{power} {buckets} {inner} {x:?}: {sum} {draws} {exact}"
                );
            }
        }
    }
}

#[test]
fn no_pair_of_unit_length_varies_more_than_the_bound() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    for power in [1, 2, 3, 4, 7, 8, 16] {
        for len in [1, 2, 3, 10, 101, 1000] {
            for dim in [1, 2, 3, 10] {
                let mut coefficients = vec![0.0; power + 1];
                coefficients[power] = 1.0;
                let map = SketchTree::new(dim, &coefficients, len, rng).unwrap();
                let bound = map.variance_bound(1.0);
                let side = 1.0 / (dim as f64).sqrt();
                for turned in 0..=dim {
                    let y: Vec<f64> = (0..dim).map(|k| if k < turned { -side } else { side }).collect();
                    let variance = map.variance(&vec![side; dim], &y).unwrap();
                    // relative to one, the mean square
                    assert!(
                        variance <= bound + 1e-14 * (1.0 + bound),
                        "{power} {len} {dim} {variance} {bound}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_bound_is_near_for_spread_out_points_in_many_buckets() {
    let dim = 1000;
    let x = vec![1.0 / (dim as f64).sqrt(); dim];
    for power in [1, 2, 3, 8, 16] {
        let mut coefficients = vec![0.0; power + 1];
        coefficients[power] = 1.0;
        let map = SketchTree::new(dim, &coefficients, 4096, &mut ChaCha8Rng::seed_from_u64(2)).unwrap();
        let (variance, bound) = (map.variance(&x, &x).unwrap(), map.variance_bound(1.0));
        // entries of size 1/d or 3/m are what the bound leaves out
        assert!(variance > 0.99 * bound && variance <= bound * (1.0 + 1e-9), "{power} {variance} {bound}");
    }
}
