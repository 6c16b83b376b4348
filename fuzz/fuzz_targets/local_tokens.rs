//! Any tokens, mask and query beside a released prefix: refused, or values in the hull with bars that are numbers.
#![no_main]

use attention_dp::{Bounds, LocalTokens, MomentOptions, PrivateMoments, Rows, Shape};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, FailureProbability};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (u64, u64, Option<u8>, Vec<(u64, u64)>)| {
    let (query, center, offset, tokens) = parts;
    let bounds = Bounds::new(1.0, 1.0, 1.0).expect("1 is a radius");
    let options = MomentOptions::new(Shape { key_dim: 1, value_dim: 1 }, bounds, 4)
        .with_key_center(vec![f64::from_bits(center)])
        .with_parallelism(Parallelism::Sequential);
    let Ok(mut moments) = PrivateMoments::new(AddRemoveRow, options) else { return };
    let prefix = Mat::filled(3, 1, f64::from_bits(center));
    let rows = Rows::new(AddRemoveRow, prefix.as_ref(), prefix.as_ref()).expect("one value a key");
    moments.push(rows).expect("rows have the shape of the options");
    let released = moments.assume_public().expect("the options are sound");
    let column = |of: &dyn Fn(&(u64, u64)) -> u64| Mat::from_fn(tokens.len(), 1, |i, _| f64::from_bits(of(&tokens[i])));
    let (keys, values) = (column(&|token| token.0), column(&|token| token.1));
    let local = LocalTokens::new(keys.as_ref(), values.as_ref()).expect("one value a key");
    let local = offset.map_or(local, |offset| local.with_causal_offset(offset.into()));
    let queries = Mat::filled(2, 1, f64::from_bits(query));
    let reader = released.reader(FailureProbability::new(0.1).expect("a probability")).expect("few columns");
    let Ok(answers) = reader.query_with_local(queries.as_ref(), local) else { return };
    let largest = values.as_slice().iter().fold(1.0_f64, |largest, v| largest.max(v.abs()));
    for estimate in answers.iter().filter_map(|answer| answer.estimate()) {
        assert!(estimate.value().iter().all(|v| v.abs() <= largest * (1.0 + 1e-9)));
        assert!(estimate.bars().iter().all(|bar| bar.total() >= 0.0));
    }
});
