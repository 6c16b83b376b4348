//! Whether and how private calls fail, against what the data contain.

use super::{Row, budget, integers_of, matrices, options, random_rows};
use crate::{Context, Outcome, Subject};
use attention_dp::{MomentOptions, PrivateMoments, Rows};
use dp_mechanisms::AddRemoveRow;
use dp_testkit::neighbours::extreme_rows;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// For rows of all kinds and numbers, and budgets that can and cannot be had, every call ends the same way, with the same
/// certificate and the same noise. The twin complains about rows that are not finite.
pub(super) fn failure(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (random, every) = (context.scale(10, 500), context.scale(5, 1));
    let (mut differences, mut n, mut failures) = (0, 0, 0);
    let cases = [
        (options(2, 1, 2, 1.0), 1.0),
        (options(1, 2, 3, 1.0).with_max_rows(2), 0.1),
        // more noise than the lattice carries
        (options(1, 1, 2, 1.0).with_resolution(26, 24).with_max_rows(2), 1e-9),
    ];
    for (options, epsilon) in cases {
        let shape = options.shape();
        let mut data: Vec<Vec<Row>> =
            vec![vec![], random_rows(&mut rng, shape, 3), random_rows(&mut rng, shape, 5_000)];
        data.extend((0..random).map(|i| random_rows(&mut rng, shape, i % 7)));
        let (keys, values) = (extreme_rows(shape.key_dim, 1.0), extreme_rows(shape.value_dim, 1.0));
        let pairs = keys
            .iter()
            .enumerate()
            .flat_map(|(i, key)| (i..i + values.len()).step_by(every).map(move |j| (key, j)));
        data.extend(pairs.map(|(key, j)| vec![(key.clone(), values[j % values.len()].clone()); 2]));
        let expected = ending(&options, epsilon, &[], Subject::AsShipped);
        failures += u64::from(expected.noise.is_none());
        for rows in &data {
            differences += u64::from(ending(&options, epsilon, rows, subject) != expected);
            n += 1;
        }
    }
    Outcome::worst([
        Outcome::all_equal(differences, n).with_note("data sets that ended otherwise"),
        // both kinds of ending were seen
        Outcome::all_equal(failures.abs_diff(1), n),
    ])
}

/// What someone without sight of the integers can see, and the noise.
#[derive(PartialEq)]
struct Ending {
    push: String,
    release: String,
    noise: Option<Vec<i64>>,
}

fn ending(options: &MomentOptions, epsilon: f64, rows: &[Row], subject: Subject) -> Ending {
    let build = || {
        let (keys, values) = matrices(options.shape(), rows);
        let mut moments = PrivateMoments::new(AddRemoveRow, options.clone()).expect("the options are sound");
        let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).expect("one value a key");
        let pushed = format!("{:?}", moments.push(rows));
        (moments, pushed)
    };
    let ((moments, mut push), (again, _)) = (build(), build());
    let is_finite = |(key, value): &Row| key.iter().chain(value).all(|x| x.is_finite());
    if subject == Subject::Broken && !rows.iter().all(is_finite) {
        push.push_str(": a row is not finite");
    }
    let (epsilon, delta) = budget(epsilon, 1e-6);
    let released = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1));
    let exact = integers_of(again);
    match released {
        Ok(release) => {
            let steps = release.value().steps().iter().zip(&exact);
            let noise = Some(steps.map(|(r, s)| r.wrapping_sub(*s)).collect());
            Ending { push, release: format!("{:?}", release.certificate()), noise }
        }
        Err(error) => Ending { push, release: format!("{error:?}"), noise: None },
    }
}
