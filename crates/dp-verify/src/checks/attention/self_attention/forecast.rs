//! Plans against the releases that follow them.

use super::{budget, close, failure_probability, options, private, random_rows};
use crate::{Context, Outcome, Subject, largest};
use attention_dp::{AttentionLogits, RouteForecast, SelfAttentionOptions, plan_self_attention};
use dp_linalg::Mat;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{Certificate, Delta, Epsilon, ReplaceRow};
use rand_chacha::ChaCha20Rng;

/// Noise, draws and infeasibility are those of releases, and no bar is wider than forecast. The twin plans for rows
/// that move by the radius where they may move by the diameter.
pub(super) fn forecast(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut found = Found::default();
    for target in [(1.0, 1e-6), (60.0, 1e-3)].map(|(e, d)| budget(e, d)) {
        for shape in [(3, 2), (20, 4)] {
            let options = options(shape.0, shape.1, 0.7);
            let rows = random_rows(&mut rng, shape, 0.6);
            for beta in [0.3, 0.01, 0.002] {
                let close = close(beta);
                found.judge((close, close), (&options, &rows), target, &mut rng);
            }
            if subject == Subject::AsShipped {
                found.judge((ReplaceRow, ReplaceRow), (&options, &rows), target, &mut rng);
            } else {
                found.judge((close(1.0), ReplaceRow), (&options, &rows), target, &mut rng);
            }
        }
    }
    Outcome::worst([
        Outcome::all_equal(found.differences, found.n).with_note("forecasts that releases did not keep"),
        // both kinds of answers were seen
        Outcome::all_equal(u64::from(found.infeasible == 0 || found.infeasible == found.n), found.n),
    ])
}

#[derive(Default)]
struct Found {
    differences: u64,
    infeasible: u64,
    n: u64,
}

impl Found {
    fn judge<P: FixedSizeAdjacency, A: FixedSizeAdjacency>(
        &mut self,
        (planned, adjacency): (P, A),
        (options, rows): (&SelfAttentionOptions, &Mat),
        (epsilon, delta): (Epsilon, Delta),
        rng: &mut ChaCha20Rng,
    ) {
        let plan = plan_self_attention(options, planned, (epsilon, delta), failure_probability(0.05))
            .expect("sound options");
        let build = || private(adjacency, options, rows);
        let by_rows = build().release_rows(epsilon, delta, rng).ok();
        let by_gram = build().release_gram(epsilon, delta, rng).ok();
        let by_sampling = build().release_sampling(epsilon, delta, rng).ok();
        let kept = [
            is_kept(plan.rows(), by_rows.as_ref().map(|r| (r.value(), noise(r.certificate(), options)))),
            is_kept(plan.gram(), by_gram.as_ref().map(|r| (r.value(), noise(r.certificate(), options)))),
            is_kept(plan.sampling(), by_sampling.as_ref().map(|r| (r.value(), draws(r.certificate())))),
        ];
        self.differences += kept.iter().filter(|kept| !**kept).count() as u64;
        self.infeasible += u64::from(by_sampling.is_none());
        self.n += 3;
    }
}

/// Noise in lattice steps times the step, in data units; for products in logits.
fn noise<G>(certificate: &Certificate<G>, options: &SelfAttentionOptions) -> f64 {
    let number = |key: &str| certificate.parameters()[key].parse::<f64>().unwrap_or(f64::NAN);
    let unit = if certificate.parameters()["route"] == "gram" { options.softmax_scale() } else { 1.0 };
    number("noise_std") * number("lattice_exponent").exp2() * unit
}

fn draws<G>(certificate: &Certificate<G>) -> f64 {
    certificate.parameters()["draws"].parse().unwrap_or(f64::NAN)
}

fn is_kept(forecast: Option<&RouteForecast>, release: Option<(&AttentionLogits, f64)>) -> bool {
    let (Some(forecast), Some((logits, recorded))) = (forecast, release) else {
        return forecast.is_none() && release.is_none();
    };
    let foretold = forecast.noise_std().or(forecast.draws().map(|draws| f64::from(draws.get())));
    let bounds = logits.bounds(failure_probability(0.05)).expect("a probability");
    let half_widths = bounds.logit_upper().as_slice().iter().zip(bounds.logit_lower().as_slice());
    let widest = largest(half_widths.map(|(high, low)| 0.5 * (high - low)));
    let farthest = largest(bounds.total_variation().iter().copied());
    // a few roundings on either side
    foretold.is_some_and(|foretold| (foretold / recorded - 1.0).abs() < 1e-12)
        && widest <= forecast.logit_bar() * (1.0 + 1e-9)
        && farthest <= forecast.total_variation() * (1.0 + 1e-9)
}
