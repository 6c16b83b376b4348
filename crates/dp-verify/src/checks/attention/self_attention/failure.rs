//! Whether and how calls fail, against what rows contain.

use super::{budget, close, failure_probability, options, private, random_rows};
use crate::{Context, Outcome, Subject};
use attention_dp::SelfAttentionOptions;
use dp_linalg::Mat;
use dp_mechanisms::{
    Delta, Epsilon, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, NoiseStd, PerturbRow,
};
use dp_testkit::neighbours::extreme_rows;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// For rows of all kinds every call ends in the same way, with the same certificate, and the same noise on integers. The
/// twin complains about rows that are not finite.
pub(super) fn failure(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let shape = (3, 2);
    let extremes = extreme_rows(shape.1, 1.0);
    let mut data: Vec<Mat> = (0..context.scale(10, 2_000))
        .map(|_| {
            let pick = |_: usize| rng.random_range(0..extremes.len());
            let chosen: Vec<usize> = (0..shape.0).map(pick).collect();
            Mat::from_fn(shape.0, shape.1, |i, j| extremes[chosen[i]][j])
        })
        .collect();
    data.extend(extremes.iter().map(|row| Mat::from_fn(shape.0, shape.1, |_, j| row[j])));
    data.push(random_rows(&mut rng, shape, 0.5));
    let (mut differences, mut n, mut failures) = (0, 0, 0);
    // a budget that all ways keep, and one that none does
    for (beta, target) in [(0.01, budget(1.0, 1e-6)), (0.5, budget(1e-14, 1e-14))] {
        let options = options(shape.0, shape.1, 1.0);
        let expected = ending(&options, (beta, target), &Mat::zeros(shape.0, shape.1), Subject::AsShipped);
        failures += u64::from(expected.noise.iter().any(Option::is_none));
        for rows in &data {
            differences += u64::from(ending(&options, (beta, target), rows, subject) != expected);
            n += 1;
        }
    }
    Outcome::worst([
        Outcome::all_equal(differences, n).with_note("data sets that ended otherwise"),
        // both kinds of ending were seen
        Outcome::all_equal(failures.abs_diff(1), n),
    ])
}

/// What someone without sight of rows can see, and the noise.
#[derive(Debug, PartialEq)]
struct Ending {
    seen: Vec<String>,
    noise: Vec<Option<Vec<i64>>>,
}

fn ending(
    options: &SelfAttentionOptions,
    (beta, (epsilon, delta)): (f64, (Epsilon, Delta)),
    rows: &Mat,
    subject: Subject,
) -> Ending {
    let mut seen = Vec::new();
    if subject == Subject::Broken && rows.as_slice().iter().any(|x| !x.is_finite()) {
        seen.push("a row is not finite".to_owned());
    }
    let build = || private(close(beta), options, rows);
    let rng = || ChaCha20Rng::seed_from_u64(1);
    let by_rows = build().release_rows(epsilon, delta, &mut rng());
    let by_gram = build().release_gram(epsilon, delta, &mut rng());
    let by_sampling = build().release_sampling(epsilon, delta, &mut rng());
    for logits in [
        by_rows.as_ref().map(|release| (release.value(), format!("{:?}", release.certificate()))),
        by_gram.as_ref().map(|release| (release.value(), format!("{:?}", release.certificate()))),
        by_sampling.as_ref().map(|release| (release.value(), format!("{:?}", release.certificate()))),
    ] {
        seen.push(match logits {
            Ok((logits, certificate)) => {
                let bounds = logits.bounds(failure_probability(0.1)).map(|_| ());
                format!("{certificate} {bounds:?} {:?}", logits.clone().with_low_rank().attention().shape())
            }
            Err(error) => format!("{error:?}"),
        });
    }
    let token = build().sample_token(1, &mut rng());
    seen.push(token.map_or_else(|error| format!("{error:?}"), |token| format!("{:?}", token.certificate())));
    let noise = [
        by_rows.is_ok().then(|| noise(|| build().into_row_statistic(), &mut rng())),
        by_gram.is_ok().then(|| noise(|| build().into_gram_statistic(), &mut rng())),
    ];
    Ending { seen, noise: noise.into_iter().collect() }
}

/// Released integers less private ones, of the same rows.
fn noise(
    statistic: impl Fn() -> Result<LatticeStatistic<LatticeL2Sensitivity<PerturbRow>>, attention_dp::Error>,
    rng: &mut ChaCha20Rng,
) -> Vec<i64> {
    let build = || statistic().expect("radius one");
    let (sensitivity, private) = (*build().sensitivity(), build().assume_public());
    let std = NoiseStd::new(1000.0).expect("positive");
    let mechanism = LatticeGaussian::with_noise_std(std, sensitivity).expect("supported");
    let release = mechanism.release(build(), "check", rng).expect("little noise");
    release.value().steps().iter().zip(&private).map(|(released, private)| released - private).collect()
}
