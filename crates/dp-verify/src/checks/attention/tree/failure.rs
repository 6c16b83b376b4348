//! Whether and how private calls on trees fail, against what the data contain.

use super::super::{Row, budget, options, random_rows};
use super::{attention, distances, tree_options};
use crate::{Context, Outcome, Subject};
use attention_dp::{DistanceOptions, TreeAttentionOptions, TreeBudget};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
use dp_testkit::neighbours::extreme_rows;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// For rows of all kinds and numbers, every call ends the same way, with the same certificate and the same noise. The twin complains
/// about points outside their interval.
pub(super) fn failure(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let random = context.scale(10, 300);
    let (mut differences, mut n, mut failures) = (0, 0, 0);
    let budgets = [TreeBudget::EqualShares, TreeBudget::Joint];
    // much noise leaves the lattice
    for (split, epsilon) in budgets.iter().flat_map(|b| [(b, 1.0), (b, 1e-12)]) {
        let target = budget(epsilon, 1e-6);
        let case =
            DistanceOptions::new(vec![(0.0, 1.0); 2], 1.0, *split).with_bins(4).with_resolution(20, 18);
        let mut data: Vec<Vec<Vec<f64>>> = vec![vec![], extreme_rows(3, 1.0)];
        data.extend(
            (0..random)
                .map(|i| (0..i % 5).map(|_| (0..3).map(|_| rng.random_range(-3.0..3.0)).collect()).collect()),
        );
        let expected = of_points(&case, target, &[], Subject::AsShipped);
        failures += u64::from(expected.noise.is_none());
        for rows in &data {
            differences += u64::from(of_points(&case, target, rows, subject) != expected);
            n += 1;
        }
        let case = tree_options(options(1, 1, 1, 0.4), *split, 4);
        let mut data: Vec<Vec<Row>> = vec![random_rows(&mut rng, case.moments().shape(), 2_000)];
        data.extend(extreme_rows(2, 1.0).into_iter().map(|row| vec![(vec![row[0]], vec![row[1]]); 2]));
        let expected = of_keys(&case, target, &[]);
        for rows in &data {
            differences += u64::from(of_keys(&case, target, rows) != expected);
            n += 1;
        }
    }
    Outcome::worst([
        Outcome::all_equal(differences, n).with_note("data sets that ended otherwise"),
        // both kinds of ending were seen
        Outcome::all_equal(failures.abs_diff(2), n),
    ])
}

/// What someone without sight of the integers can see, and the noise.
#[derive(PartialEq)]
struct Ending {
    release: String,
    noise: Option<Vec<i64>>,
}

fn of_points(
    options: &DistanceOptions,
    (epsilon, delta): (Epsilon, Delta),
    rows: &[Vec<f64>],
    subject: Subject,
) -> Ending {
    let build = || distances(AddRemoveRow, options, rows);
    let is_inside = |row: &Vec<f64>| row[..2].iter().all(|x| (0.0..=1.0).contains(x));
    if subject == Subject::Broken && !rows.iter().all(is_inside) {
        return Ending { release: "a point is outside its interval".to_owned(), noise: None };
    }
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let released = build().calibrate(epsilon, delta).and_then(|m| build().into_released_nodes(&m, rng));
    match released {
        Ok(release) => {
            let nodes = release
                .value()
                .iter()
                .zip(build().assume_public_nodes())
                .map(|(r, s)| r.wrapping_sub(s))
                .collect();
            Ending { release: format!("{:?}", release.certificate()), noise: Some(nodes) }
        }
        Err(error) => Ending { release: format!("{error:?}"), noise: None },
    }
}

fn of_keys(options: &TreeAttentionOptions, (epsilon, delta): (Epsilon, Delta), rows: &[Row]) -> Ending {
    let build = || attention(AddRemoveRow, options, rows);
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let released = build().calibrate(epsilon, delta).and_then(|m| build().into_released_nodes(&m, rng));
    match released {
        Ok(release) => {
            let nodes = release
                .value()
                .iter()
                .zip(build().assume_public_nodes())
                .map(|(r, s)| r.wrapping_sub(s))
                .collect();
            Ending { release: format!("{:?}", release.certificate()), noise: Some(nodes) }
        }
        Err(error) => Ending { release: format!("{error:?}"), noise: None },
    }
}
