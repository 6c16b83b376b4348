//! Any stream: refused, or as many prefixes as steps, and the same when saved and loaded again.
#![no_main]

use dp_mechanisms::continual::{BinaryTreeSum, SquareRootSum, StreamOptions, TreeShape};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Lattice, LatticeL2Sensitivity, NoiseStd};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fuzz_target!(|parts: (u64, u8, u64, u64, u128, u64, i16, Vec<i64>)| {
    let (horizon, width, std, delta, square, max_abs, exponent, steps) = parts;
    let _ = TreeShape::new(horizon);
    let (Ok(sensitivity), Ok(lattice)) =
        (LatticeL2Sensitivity::from_square(square, AddRemoveRow), Lattice::new(exponent.into()))
    else {
        return;
    };
    // the square root takes memory for its horizon
    let (horizon, width) = (horizon % 300, usize::from(width % 5));
    let options = StreamOptions::new(horizon, width, sensitivity).with_max_abs(max_abs).with_lattice(lattice);
    let (x, mut rng) = (f64::from_bits(std), ChaCha20Rng::from_seed([1; 32]));
    if let (Ok(epsilon), Ok(delta)) = (Epsilon::new(x), Delta::new(f64::from_bits(delta))) {
        if let Ok(tree) = BinaryTreeSum::calibrate(epsilon, delta, options) {
            assert!(tree.profile().delta(x) <= delta.get());
        }
        if let Ok(root) = SquareRootSum::calibrate(epsilon, delta, options) {
            assert!(root.profile().delta(x) <= delta.get());
        }
    }
    let Ok(std) = NoiseStd::new(x) else { return };
    if let Ok(mut tree) = BinaryTreeSum::with_noise_std(std, options) {
        for step in steps.chunks(width.max(1)) {
            let _ = tree.push(step, &mut rng).map(<[f64]>::len);
        }
        let released = tree.released();
        assert!(
            (0..=released.steps())
                .all(|end| released.prefix(end).is_some_and(|prefix| prefix.len() == width))
        );
        let text = serde_json::to_string(released).expect("a tree can be written");
        // floats that are not finite have no place in this format
        assert!(
            serde_json::from_str(&text)
                .map_or(text.contains("null"), |again: dp_mechanisms::continual::ReleasedTree| again
                    == *released)
        );
    }
    if let Ok(mut root) = SquareRootSum::with_noise_std(std, options) {
        for step in steps.chunks(width.max(1)) {
            let _ = root.push(step, &mut rng).map(<[f64]>::len);
        }
        let released = root.released();
        assert!(
            (0..=released.steps())
                .all(|end| released.prefix(end).is_some_and(|prefix| prefix.len() == width))
        );
    }
});
