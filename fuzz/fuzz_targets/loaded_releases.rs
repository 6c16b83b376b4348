//! Any text as a saved parameter or released value: an error, or one that is saved and loaded again unchanged.
#![no_main]

use dp_mechanisms::continual::{Node, ReleasedPrefixes, ReleasedTree, TreeShape};
use dp_mechanisms::covariance::{Draws, EigenvalueChange, Neighbourhood};
use dp_mechanisms::{
    Accountant, AddRemoveRow, ArithmeticModel, Delta, Epsilon, Group, Lattice, LatticeVector, PerturbRow,
    RenyiOrder, ReplaceRow, SamplingRate, SymmetricLatticeMatrix,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fn again<T: Serialize + DeserializeOwned + PartialEq>(text: &str) -> Option<T> {
    let loaded: T = serde_json::from_str(text).ok()?;
    let saved = serde_json::to_string(&loaded).expect("what was loaded can be saved");
    assert!(serde_json::from_str::<T>(&saved).expect("what was saved can be loaded") == loaded);
    Some(loaded)
}

fuzz_target!(|text: &str| {
    again::<Epsilon>(text);
    again::<Delta>(text);
    again::<RenyiOrder>(text);
    again::<SamplingRate>(text);
    again::<EigenvalueChange>(text);
    again::<Draws>(text);
    again::<Neighbourhood>(text);
    again::<Accountant>(text);
    again::<ArithmeticModel>(text);
    again::<AddRemoveRow>(text);
    again::<ReplaceRow>(text);
    again::<PerturbRow>(text);
    again::<Group<Group<PerturbRow>>>(text);
    again::<Lattice>(text);
    if let Some(vector) = again::<LatticeVector>(text) {
        assert_eq!(vector.to_f64().len(), vector.steps().len());
    }
    if let Some(matrix) = again::<SymmetricLatticeMatrix>(text) {
        assert_eq!(matrix.to_f64().len(), matrix.order() * matrix.order());
    }
    if let Some(shape) = again::<TreeShape>(text) {
        assert!(shape.max_error_constant() >= shape.mean_error_constant() * (1.0 - 1e-9));
    }
    if let Some(tree) = again::<ReleasedTree>(text) {
        for end in [0, 1, tree.steps() / 2, tree.steps(), u64::MAX] {
            let _ = (tree.prefix(end), tree.range(end / 2..end), tree.node(Node { level: 0, index: end }));
        }
    }
    if let Some(prefixes) = again::<ReleasedPrefixes>(text) {
        for end in [0, 1, prefixes.steps() / 2, prefixes.steps(), u64::MAX] {
            let _ = (prefixes.prefix(end), prefixes.range(end / 2..end));
        }
    }
});
