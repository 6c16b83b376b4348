//! How often the bars for one query, fixed beforehand, miss.

use super::{Row, aggregate, budget, failure_probability, options, random_rows, target};
use crate::checks::picture;
use crate::{Context, Outcome, Subject, exceeds};
use attention_dp::{ErrorBar, MomentAdjacency, MomentGeometry, MomentOptions};
use dp_mechanisms::{AddRemoveRow, LatticeGaussian};
use dp_testkit::statistics::proportion_lower_bound;
use rand_chacha::ChaCha20Rng;

/// Failure probabilities that are asked for.
pub(super) const GAMMAS: [f64; 3] = [0.1, 0.01, 0.001];

/// A rate above γ is reported with at most this probability if there is none.
pub(super) const ALPHA: f64 = 1e-6;

/// Rows and a query under some options, and how they are released.
struct Case {
    name: &'static str,
    /// Releases in a quick run.
    releases: usize,
    epsilon: f64,
    options: MomentOptions,
    rows: Vec<Row>,
    query: Vec<f64>,
}

/// Releases of the same rows, again and again; the query never changes. With values around zero all error is that of one
/// sum, and the bar is as sharp as it gets. With values near the end of the range the normaliser's noise matters as
/// much, and the twin leaves it out of the bar.
pub(super) fn fixed(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut parts, mut rates, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    let cases = cases(&mut rng).into_iter().filter(|case| subject.pick(true, case.name == "level"));
    for case in cases {
        let n = context.scale(case.releases, 100 * case.releases);
        let misses = case.misses(n, subject, &mut rng);
        let bounds = misses.map(|misses| proportion_lower_bound(misses, n as u64, context.spend(ALPHA)));
        parts.extend(
            bounds.into_iter().zip(GAMMAS).map(|(low, gamma)| Outcome::at_most(low, gamma, n as u64)),
        );
        seen.extend(misses.iter().zip(GAMMAS).map(|(&misses, gamma)| (gamma, misses as f64 / n as f64)));
        let [first, second, third] = misses;
        rates.push(format!("{} {first}, {second}, {third} of {n}", case.name));
    }
    let title = "Error bars of one query, five stores: how often they may miss, and how often they did";
    Outcome::worst(parts)
        .with_note(format!("misses at 90, 99, 99.9 %: {}", rates.join("; ")))
        .with_figure(picture::coverage(title, &seen))
}

/// Sharp ones, an ordinary one, and those in which the normaliser hardly rises above its noise or is nothing else.
fn cases(rng: &mut ChaCha20Rng) -> Vec<Case> {
    let steep = options(1, 1, 10, 1.0);
    let plane = options(2, 2, 8, 1.0).with_value_range(-1.0, 0.5).with_key_center(vec![0.2, 0.0]);
    let balanced = (0..400).map(|i| (vec![0.0], vec![if i % 2 == 0 { 0.4 } else { -0.4 }])).collect();
    let mixed = random_rows(rng, plane.shape(), 300);
    let case = |name, releases, epsilon, rows| Case {
        name,
        releases,
        epsilon,
        options: steep.clone(),
        rows,
        query: vec![0.8],
    };
    vec![
        case("balanced", 800, 4.0, balanced),
        case("level", 2_000, 4.0, level_rows(400)),
        Case { options: plane, query: vec![0.3, -0.7], ..case("mixed", 400, 4.0, mixed) },
        case("few", 200, 2.0, level_rows(8)),
        case("none", 400, 2.0, vec![]),
    ]
}

/// Equal keys, and values near the end of the range.
fn level_rows(n: usize) -> Vec<Row> {
    (0..n).map(|_| (vec![0.0], vec![0.9])).collect()
}

impl Case {
    /// Number of releases at which an answer was given and some coordinate missed, for each γ.
    fn misses(&self, releases: usize, subject: Subject, rng: &mut ChaCha20Rng) -> [u64; 3] {
        // without rows there is nothing to be right about: every answer is a miss
        let exact = (!self.rows.is_empty()).then(|| target(&self.options, &self.rows, &self.query));
        let mechanism = mechanism(&self.options, self.epsilon);
        let mut misses = [0; 3];
        for _ in 0..releases {
            let moments = aggregate(AddRemoveRow, &self.options, &self.rows);
            let released = moments.release_with(&mechanism, rng).expect("little noise fits the lattice");
            for (misses, gamma) in misses.iter_mut().zip(GAMMAS) {
                let reader = released.value().fixed_query_reader(failure_probability(gamma));
                let answer = reader.and_then(|reader| reader.query(&self.query)).expect("the query is sound");
                let missed = answer.estimate().is_some_and(|estimate| {
                    let bar = |bar: &ErrorBar| bar.total() - subject.pick(0.0, bar.ratio);
                    let Some(exact) = &exact else { return true };
                    let errors = estimate.value().iter().zip(exact).map(|(v, e)| (v - e).abs());
                    errors.zip(estimate.bars()).any(|(error, b)| exceeds(error, bar(b)))
                });
                *misses += u64::from(missed);
            }
        }
        misses
    }
}

/// Noise for this ε and δ = 1e-6.
pub(super) fn mechanism(options: &MomentOptions, epsilon: f64) -> LatticeGaussian<AddRemoveRow> {
    let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
    let sensitivity = AddRemoveRow.sensitivity(&geometry).expect("small squares");
    let (epsilon, delta) = budget(epsilon, 1e-6);
    LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise")
}
