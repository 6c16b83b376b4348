//! Behaviour of both mechanisms, by naive sums.

use super::*;
use crate::{AddRemoveRow, Delta, Epsilon, Error, Lattice, LatticeL2Sensitivity, NoiseStd, ReplaceRow};
use crate::{Adjacency, Parameter, PrivacyProfile, Provenance, Release};
use core::convert::Infallible;
use proptest::prelude::*;
use rand::{Rng, SeedableRng, TryCryptoRng, TryRng};
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn options(horizon: u64, width: usize) -> StreamOptions<AddRemoveRow> {
    StreamOptions::new(horizon, width, LatticeL2Sensitivity::from_square(9, AddRemoveRow).unwrap())
}

/// So little that every sample is zero: `P(|N| > 500) < 10⁻⁵⁴⁰⁰⁰`.
fn no_noise() -> NoiseStd {
    NoiseStd::new(1e-3).unwrap()
}

fn tree(options: StreamOptions<AddRemoveRow>) -> BinaryTreeSum<AddRemoveRow> {
    BinaryTreeSum::with_noise_std(no_noise(), options).unwrap()
}

fn square_root(options: StreamOptions<AddRemoveRow>) -> SquareRootSum<AddRemoveRow> {
    SquareRootSum::with_noise_std(no_noise(), options).unwrap()
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}

/// Steps with entries of at most a thousand, and their prefix sums from the empty one on.
fn stream(horizon: u64, width: usize) -> (Vec<Vec<i64>>, Vec<Vec<f64>>) {
    let mut rng = rng();
    let mut prefixes = vec![vec![0.0; width]];
    let mut step = |_| (0..width).map(|_| i64::from(rng.next_u32() % 2001) - 1000).collect::<Vec<_>>();
    let steps: Vec<Vec<i64>> = (0..horizon).map(&mut step).collect();
    for step in &steps {
        let last = prefixes.last().unwrap();
        prefixes.push(last.iter().zip(step).map(|(sum, &x)| sum + x as f64).collect());
    }
    (steps, prefixes)
}

/// Largest difference of the entries.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Sums of at most 100 entries of at most 1000, in at most `2⁸` operations: a relative error of `2⁸·2⁻⁵²` of `10⁵`.
const ROUNDING: f64 = 6e-9;

#[test]
fn without_noise_prefixes_and_intervals_are_the_sums_for_every_horizon() {
    for horizon in (1..=40).chain([63, 64, 65, 100]) {
        let (steps, sums) = stream(horizon, 3);
        let (mut tree, mut root) = (tree(options(horizon, 3)), square_root(options(horizon, 3)));
        for (step, sum) in steps.iter().zip(&sums[1..]) {
            assert!(distance(tree.push(step, &mut rng()).unwrap(), sum) < ROUNDING);
            assert!(distance(root.push(step, &mut rng()).unwrap(), sum) < ROUNDING);
        }
        for end in 0..=horizon {
            for start in 0..=end {
                let exact: Vec<f64> =
                    sums[end as usize].iter().zip(&sums[start as usize]).map(|(e, s)| e - s).collect();
                assert!(distance(&tree.released().range(start..end).unwrap(), &exact) < ROUNDING);
                assert!(distance(&root.released().range(start..end).unwrap(), &exact) < ROUNDING);
            }
        }
    }
}

#[test]
fn without_noise_decoding_is_off_by_no_more_than_its_arithmetic() {
    for horizon in [1, 2, 7, 33, 64, 100, 700] {
        let (steps, sums) = stream(horizon, 2);
        let (mut tree, mut root) = (tree(options(horizon, 2)), square_root(options(horizon, 2)));
        let mut largest = [0.0_f64; 2];
        for step in &steps {
            tree.push(step, &mut rng()).unwrap();
            root.push(step, &mut rng()).unwrap();
            for (largest, integers) in largest.iter_mut().zip([tree.integers(), root.integers()]) {
                *largest = integers.iter().fold(*largest, |l, x| l.max(x.unsigned_abs() as f64));
            }
        }
        for end in (0..=horizon).step_by(3) {
            for start in (0..=end).step_by(5) {
                let exact: Vec<f64> =
                    sums[end as usize].iter().zip(&sums[start as usize]).map(|(e, s)| e - s).collect();
                let bounds = [
                    tree.shape().decoding(start..end).arithmetic() * largest[0],
                    root.factor().decoding(start..end).arithmetic() * largest[1],
                ];
                let ranges = [tree.released().range(start..end), root.released().range(start..end)];
                for (range, bound) in ranges.into_iter().zip(bounds) {
                    assert!(distance(&range.unwrap(), &exact) <= bound, "{start}..{end} of {horizon}");
                }
            }
        }
    }
}

#[test]
fn long_streams_are_decoded_as_well_as_short_ones() {
    let (steps, sums) = stream(3000, 1);
    let mut root = square_root(options(3000, 1));
    // a few thousand terms up to 10⁵, and six halvings that may triple what is handled: 3⁶·3000·2⁻⁵²·10⁵ is less than 10⁻⁴
    for (step, sum) in steps.iter().zip(&sums[1..]) {
        assert!(distance(root.push(step, &mut rng()).unwrap(), sum) < 1e-4);
    }
}

#[test]
fn a_prefix_asked_for_later_is_the_one_that_was_returned() {
    let (steps, _) = stream(45, 2);
    let noise = NoiseStd::new(50.0).unwrap();
    let mut tree = BinaryTreeSum::with_noise_std(noise, options(45, 2)).unwrap();
    let mut root = SquareRootSum::with_noise_std(noise, options(45, 2)).unwrap();
    let mut rng = rng();
    let returned: Vec<[Vec<f64>; 2]> = steps
        .iter()
        .map(|step| {
            let tree = tree.push(step, &mut rng).unwrap().to_vec();
            [tree, root.push(step, &mut rng).unwrap().to_vec()]
        })
        .collect();
    for (end, [from_tree, from_root]) in (1..).zip(&returned) {
        assert_eq!(tree.released().prefix(end).as_ref(), Some(from_tree));
        assert_eq!(root.released().prefix(end).as_ref(), Some(from_root));
    }
    assert_eq!(tree.released().range(3..46), None);
    assert_eq!(root.released().range(3..46), None);
}

#[test]
fn noise_does_not_depend_on_the_stream() {
    let (steps, _) = stream(37, 4);
    let noise = NoiseStd::new(20.0).unwrap();
    let integers = |steps: &[Vec<i64>]| {
        let mut tree = BinaryTreeSum::with_noise_std(noise, options(37, 4)).unwrap();
        let mut root = SquareRootSum::with_noise_std(noise, options(37, 4)).unwrap();
        let (mut rng, mut all) = (rng(), [Vec::new(), Vec::new()]);
        for step in steps {
            tree.push(step, &mut rng).unwrap();
            all[0].extend_from_slice(tree.integers());
            root.push(step, &mut rng).unwrap();
            all[1].extend_from_slice(root.integers());
        }
        all
    };
    let zeros = vec![vec![0; 4]; 37];
    let [tree_noise, root_noise] = integers(&zeros);
    let [tree_noisy, root_noisy] = integers(&steps);
    // node by node and lag by lag, from the definitions
    let shape = TreeShape::new(37).unwrap();
    let nodes = (1..=37_u64).flat_map(|end| {
        (0..=shape.level_at(end)).map(move |level| Node { level, index: (end >> level) - 1 })
    });
    let node_sum = |node: Node, j: usize| node.steps().map(|t| steps[t as usize][j]).sum::<i64>();
    let expected: Vec<i64> =
        nodes.flat_map(|node| (0..4).map(move |j| (node, j))).map(|(n, j)| node_sum(n, j)).collect();
    let differences = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>();
    assert_eq!(differences(&tree_noisy, &tree_noise), expected);
    let coefficients = SquareRootFactor::new(37).unwrap().coefficients().to_vec();
    let lagged = |t: usize, j: usize| (0..=t).map(|k| coefficients[k] * steps[t - k][j]).sum::<i64>();
    let expected: Vec<i64> =
        (0..37).flat_map(|t| (0..4).map(move |j| (t, j))).map(|(t, j)| lagged(t, j)).collect();
    assert_eq!(differences(&root_noisy, &root_noise), expected);
}

#[test]
fn steps_may_depend_on_what_was_released_and_noise_still_does_not() {
    // an adversary who doubles the last released prefix; afterwards the noise is what is left of the integers
    let noise = NoiseStd::new(5.0).unwrap();
    let mut root = SquareRootSum::with_noise_std(noise, options(20, 1)).unwrap();
    let (mut steps, mut left, mut generator) = (vec![], vec![], rng());
    for _ in 0..20 {
        steps.push(root.released().latest()[0] as i64 + 1);
        root.push(&steps[steps.len() - 1..], &mut generator).unwrap();
        let lagged = steps.iter().rev().zip(root.factor().coefficients());
        left.push(
            root.integers()[0]
                .wrapping_sub(lagged.map(|(x, c)| x.wrapping_mul(*c)).fold(0, i64::wrapping_add)),
        );
    }
    let mut silent = SquareRootSum::with_noise_std(noise, options(20, 1)).unwrap();
    let (mut drawn, mut generator) = (vec![], rng());
    for _ in 0..20 {
        silent.push(&[0], &mut generator).unwrap();
        drawn.push(silent.integers()[0]);
    }
    assert_eq!(left, drawn);
}

#[test]
fn a_finished_stream_and_a_step_of_another_width_are_refused_and_change_nothing() {
    let (mut tree, mut root) = (tree(options(2, 1)), square_root(options(2, 1)));
    let mut rng = rng();
    for expected in [3.0, 6.0] {
        let wrong = Err(Error::Dimension { expected: 1, found: 2 });
        assert_eq!(tree.push(&[1, 2], &mut rng).map(<[f64]>::to_vec), wrong);
        assert_eq!(root.push(&[1, 2], &mut rng).map(<[f64]>::to_vec), wrong);
        assert_eq!(tree.push(&[3], &mut rng).unwrap(), [expected]);
        assert_eq!(root.push(&[3], &mut rng).unwrap(), [expected]);
    }
    let over = Err(Error::HorizonExceeded { horizon: 2 });
    assert_eq!(tree.push(&[3], &mut rng).map(<[f64]>::to_vec), over);
    assert_eq!(root.push(&[3], &mut rng).map(<[f64]>::to_vec), over);
    assert_eq!((tree.released().latest(), root.released().latest()), (&[6.0][..], &[6.0][..]));
    assert_eq!((tree.steps(), root.steps()), (2, 2));
}

/// A generator that panics after so many words.
struct Failing {
    words: usize,
    inner: ChaCha8Rng,
}

impl TryRng for Failing {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.words = self.words.checked_sub(1).expect("no words are left");
        Ok(self.inner.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for bytes in bytes.chunks_mut(8) {
            bytes.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..bytes.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Failing {}

/// Whether a call panics for want of words; the panic is caught.
fn runs_out<T>(call: impl FnOnce(&mut Failing) -> T, words: usize) -> bool {
    let mut failing = Failing { words, inner: rng() };
    catch_unwind(AssertUnwindSafe(|| {
        let _ = call(&mut failing);
    }))
    .is_err()
}

#[test]
fn a_generator_that_panics_leaves_the_stream_as_it_was() {
    let noise = NoiseStd::new(20.0).unwrap();
    let mut tree = BinaryTreeSum::with_noise_std(noise, options(8, 300)).unwrap();
    let mut root = SquareRootSum::with_noise_std(noise, options(8, 300)).unwrap();
    let (steps, _) = stream(8, 300);
    let (mut whole, mut other) = (rng(), rng());
    let released = |steps: &[Vec<i64>]| {
        let mut tree = BinaryTreeSum::with_noise_std(noise, options(8, 300)).unwrap();
        let mut root = SquareRootSum::with_noise_std(noise, options(8, 300)).unwrap();
        let (mut first, mut second) = (rng(), rng());
        for step in steps {
            tree.push(step, &mut first).unwrap();
            root.push(step, &mut second).unwrap();
        }
        (tree.integers().to_vec(), root.integers().to_vec())
    };
    for (count, step) in (0_u64..).zip(&steps) {
        let before = (tree.integers().to_vec(), root.integers().to_vec());
        // in the first block of 256 words, and in the second
        for words in [0, 255, 299] {
            assert!(runs_out(|rng| tree.push(step, rng).map(<[f64]>::len), words));
            assert!(runs_out(|rng| root.push(step, rng).map(<[f64]>::len), words));
        }
        assert_eq!((tree.integers(), root.integers()), (&before.0[..], &before.1[..]));
        assert_eq!((tree.steps(), root.steps()), (count, count));
        assert_eq!((tree.released().steps(), root.released().steps()), (count, count));
        // the step is still to come, and is as it would have been
        tree.push(step, &mut whole).unwrap();
        root.push(step, &mut other).unwrap();
        let expected = released(&steps[..=count as usize]);
        assert_eq!((tree.integers(), root.integers()), (&expected.0[..], &expected.1[..]));
    }
}

#[test]
fn values_are_in_data_units_and_dropped_history_keeps_the_newest_prefix() {
    let options = options(8, 1).with_lattice(Lattice::new(-3).unwrap()).with_history(History::Dropped);
    let (mut tree, mut root) = (tree(options), square_root(options));
    for _ in 0..6 {
        tree.push(&[8], &mut rng()).unwrap();
        root.push(&[8], &mut rng()).unwrap();
    }
    for (latest, earlier) in [
        (tree.released().range(0..6), tree.released().range(0..5)),
        (root.released().range(0..6), root.released().range(0..5)),
    ] {
        assert!(distance(&latest.unwrap(), &[6.0]) < ROUNDING);
        assert_eq!(earlier, None);
    }
    assert_eq!(tree.released().node(Node { level: 0, index: 0 }), None);
}

#[test]
fn steps_beyond_the_bound_count_as_nothing() {
    let bounded = options(3, 2).with_step_bound(9);
    let (mut tree, mut root) = (tree(bounded), square_root(bounded));
    for step in [[0, 3], [1, 3], [-3, 0]] {
        tree.push(&step, &mut rng()).unwrap();
        root.push(&step, &mut rng()).unwrap();
    }
    assert!(distance(tree.released().latest(), &[-3.0, 3.0]) < ROUNDING);
    assert!(distance(root.released().latest(), &[-3.0, 3.0]) < ROUNDING);
}

#[test]
fn a_step_bound_beyond_the_sensitivity_is_what_noise_is_calibrated_to() {
    // a step of 1000 is kept and its neighbour of 1001 is not: they are 1000 apart and not 1
    let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow).unwrap();
    let bounded = |square| StreamOptions::new(1, 1, sensitivity).with_step_bound(square);
    let (mut near, mut far) = (tree(bounded(1_000_000)), tree(bounded(1_000_000)));
    near.push(&[1000], &mut rng()).unwrap();
    far.push(&[1001], &mut rng()).unwrap();
    assert_eq!(near.integers()[0] - far.integers()[0], 1000);
    for (bound, square) in [(0, 1), (1, 1), (2, 2), (1_000_000, 1_000_000)] {
        assert_eq!(tree(bounded(bound)).sensitivity().square(), square);
        let root = square_root(bounded(bound));
        assert_eq!(root.sensitivity().square(), square * root.factor().squared_norm());
    }
    let beyond = SquareRootSum::with_noise_std(no_noise(), bounded(u128::MAX));
    assert!(matches!(beyond, Err(Error::SensitivityOverflow { .. })));
}

#[test]
fn one_budget_covers_the_stream_and_the_certificate_says_which() {
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let tree = BinaryTreeSum::calibrate(epsilon, delta, options(100, 1)).unwrap();
    let root = SquareRootSum::calibrate(epsilon, delta, options(100, 1)).unwrap();
    assert_eq!(tree.sensitivity().square(), 9 * u128::from(tree.shape().levels()));
    assert_eq!(root.sensitivity().square(), 9 * root.factor().squared_norm());
    for (certificate, square) in
        [(tree.certificate("test"), tree.sensitivity()), (root.certificate("test"), root.sensitivity())]
    {
        assert!(certificate.guarantee().delta(1.0) <= 1e-6);
        assert_eq!(certificate.parameters()["squared_l2_sensitivity"], format!("{}", square.square()));
        assert_eq!(certificate.parameters()["horizon"], "100");
    }
    assert_eq!(tree.into_release("test").provenance(), Provenance::Minted);
}

#[test]
fn what_does_not_fit_the_lattice_is_refused_beforehand() {
    let noise = || NoiseStd::new(1.0).unwrap();
    let large = options(1000, 1).with_max_abs(1 << 61);
    assert!(matches!(BinaryTreeSum::with_noise_std(noise(), large), Err(Error::LatticeOverflow { .. })));
    // 9 bits of coefficients, one for lags
    for (exponent, fits) in [(51, true), (52, false)] {
        let made = SquareRootSum::with_noise_std(noise(), options(1000, 1).with_max_abs(1 << exponent));
        assert_eq!(made.is_ok(), fits, "{exponent}");
    }
    let huge = LatticeL2Sensitivity::from_square(u128::MAX / 2, ReplaceRow).unwrap();
    let made = BinaryTreeSum::with_noise_std(noise(), StreamOptions::new(1000, 1, huge));
    assert!(matches!(made, Err(Error::SensitivityOverflow { .. })));
    assert!(BinaryTreeSum::with_noise_std(noise(), options(0, 1)).is_err());
    assert!(SquareRootSum::with_noise_std(noise(), options((1 << 20) + 1, 1)).is_err());
}

#[test]
fn debug_shows_no_private_value() {
    let (mut tree, mut root) = (tree(options(4, 1)), square_root(options(4, 1)));
    tree.push(&[777], &mut rng()).unwrap();
    root.push(&[777], &mut rng()).unwrap();
    assert!(!format!("{tree:?} {root:?}").contains("777"));
}

#[test]
fn a_saved_release_loads_as_itself_and_a_damaged_one_does_not() {
    fn latest<T, A: Adjacency>(release: Release<T, PrivacyProfile<A>>) -> T {
        let mut value = None;
        let _ = release.postprocess(|inner| value = Some(inner));
        value.unwrap()
    }
    let (steps, _) = stream(11, 2);
    let (mut tree, mut root) = (tree(options(16, 2)), square_root(options(16, 2)));
    for step in &steps {
        tree.push(step, &mut rng()).unwrap();
        root.push(step, &mut rng()).unwrap();
    }
    let (tree, root) = (latest(tree.into_release("test")), latest(root.into_release("test")));
    let texts = [serde_json::to_string(&tree).unwrap(), serde_json::to_string(&root).unwrap()];
    assert_eq!(serde_json::from_str::<ReleasedTree>(&texts[0]).unwrap(), tree);
    assert_eq!(serde_json::from_str::<ReleasedPrefixes>(&texts[1]).unwrap(), root);
    for (good, bad) in
        [("\"steps\":11", "\"steps\":12"), ("\"steps\":11", "\"steps\":17"), ("\"width\":2", "\"width\":1")]
    {
        assert!(serde_json::from_str::<ReleasedTree>(&texts[0].replace(good, bad)).is_err(), "{bad}");
        assert!(serde_json::from_str::<ReleasedPrefixes>(&texts[1].replace(good, bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_stream_without_entries_is_refused() {
    let refused =
        |error| assert!(matches!(error, Error::OutOfRange { parameter: Parameter::StreamWidth, .. }));
    refused(BinaryTreeSum::with_noise_std(no_noise(), options(4, 0)).unwrap_err());
    refused(SquareRootSum::with_noise_std(no_noise(), options(4, 0)).unwrap_err());
}

#[test]
fn a_saved_stream_without_entries_or_beyond_its_horizon_does_not_load() {
    let empty = r#"{"shape":{"horizon":1099511627776,"levels":1},"width":0,"steps":1099511627776,"latest":[],"nodes":[]}"#;
    assert!(serde_json::from_str::<ReleasedTree>(empty).is_err());
    let prefixes = |horizon: u64, width: usize| {
        let latest = vec!["1.0"; width].join(",");
        let text = format!(
            r#"{{"horizon":{horizon},"width":{width},"steps":{horizon},"latest":[{latest}],"prefixes":[]}}"#
        );
        serde_json::from_str::<ReleasedPrefixes>(&text)
    };
    assert!(prefixes(1 << 20, 1).is_ok() && prefixes(1 << 20, 0).is_err());
    assert!(prefixes((1 << 20) + 1, 1).is_err() && prefixes(0, 1).is_err());
}

#[test]
fn of_steps_that_are_rows_no_two_neighbours_are_farther_apart_than_noise_is_calibrated_to() {
    // 5 is kept and 6 is not
    let rows = StreamOptions::of_rows(4, 1, 25).unwrap();
    let replaced = StreamOptions::of_replaced_rows(4, 1, 25).unwrap();
    assert_eq!((rows.sensitivity().square(), replaced.sensitivity().square()), (25, 100));
    for (step, counted) in [(5, 5), (-5, -5), (6, 0)] {
        let mut stream = BinaryTreeSum::with_noise_std(no_noise(), replaced).unwrap();
        stream.push(&[step], &mut rng()).unwrap();
        assert_eq!(stream.integers()[0], counted);
        // any two of these are at most ten apart
        assert_eq!(stream.sensitivity().square(), 100 * u128::from(stream.shape().levels()));
    }
    let mut stream = tree(rows);
    stream.push(&[6], &mut rng()).unwrap();
    assert_eq!(stream.integers()[0], 0);
    assert!(StreamOptions::of_rows(4, 1, 0).is_err());
    let beyond = StreamOptions::of_replaced_rows(4, 1, u128::MAX / 2);
    assert!(matches!(beyond, Err(Error::SensitivityOverflow { .. })));
}

#[test]
fn the_square_root_is_more_accurate_than_the_tree_from_two_steps_on_and_neither_beats_the_bound() {
    for horizon in (1..=700).chain([1 << 10, 5000, 1 << 14]) {
        let (root, tree) = (SquareRootFactor::new(horizon).unwrap(), TreeShape::new(horizon).unwrap());
        let (root, tree) = (
            [root.max_error_constant(), root.mean_error_constant()],
            [tree.max_error_constant(), tree.mean_error_constant()],
        );
        for (root, tree) in root.iter().zip(tree) {
            assert!(*root < tree || horizon == 1, "{horizon}: {root} {tree}");
        }
        assert!(lower_bound(horizon) <= root[1] * (1.0 + 1e-12), "{horizon}");
    }
}

proptest! {
    #[test]
    fn any_options_make_a_stream_or_an_error(
        horizon in 0..70_u64,
        width in 0..5_usize,
        square in 1..u128::MAX,
        exponent in 0..64_u32,
        noise_std in 1e-3..1e16,
    ) {
        let sensitivity = LatticeL2Sensitivity::from_square(square, AddRemoveRow).unwrap();
        let options = StreamOptions::new(horizon, width, sensitivity).with_max_abs(u64::MAX >> exponent);
        let noise = NoiseStd::new(noise_std).unwrap();
        let step = vec![i64::MIN; width];
        if let Ok(mut stream) = BinaryTreeSum::with_noise_std(noise, options) {
            for _ in 0..horizon {
                prop_assert!(stream.push(&step, &mut rng()).is_ok());
            }
            prop_assert!(stream.push(&step, &mut rng()).is_err());
        }
        if let Ok(mut stream) = SquareRootSum::with_noise_std(noise, options) {
            for _ in 0..horizon {
                prop_assert!(stream.push(&step, &mut rng()).is_ok());
            }
            prop_assert!(stream.push(&step, &mut rng()).is_err());
        }
    }
}
