//! How many integers trees store.

use super::super::{options, random_rows};
use super::{attention, levels, tree_options};
use crate::{Context, Outcome, Subject};
use attention_dp::{MomentGeometry, TreeBudget};
use dp_mechanisms::AddRemoveRow;

/// Counted for several shapes, degrees, bins and numbers of rows, none among them. The twin does not count the normaliser.
pub(super) fn size(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, mut n) = (0, 0);
    for (key_dim, value_dim, degree) in [(1, 1, 1), (1, 3, 4), (2, 2, 3), (3, 1, 2), (4, 5, 3)] {
        let moments = options(key_dim, value_dim, degree, 0.4);
        let features = MomentGeometry::new(moments.clone()).expect("the options are sound").feature_count();
        for bins in [1, 8, 64] {
            let columns = value_dim + subject.pick(1, 0);
            let stated = columns * (3 * features * levels(bins).1 + 2);
            for rows in [0, 1, context.scale(40, 2_000)] {
                let case = tree_options(moments.clone(), TreeBudget::Joint, bins);
                let rows = random_rows(&mut rng, moments.shape(), rows);
                let stored = attention(AddRemoveRow, &case, &rows).assume_public_nodes().len();
                wrong += u64::from(stored != stated || levels(bins).1 >= 2 * bins);
                n += 1;
            }
        }
    }
    Outcome::all_equal(wrong, n)
}
