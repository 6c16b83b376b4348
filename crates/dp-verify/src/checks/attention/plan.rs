//! What a plan expects against what happens.

use super::{budget, options};
use crate::{Context, Outcome, Subject, smaller};
use attention_dp::{Bounds, MomentOptions, MomentPlanner, PrivateMoments, Rows};
use dp_linalg::Mat;
use dp_mechanisms::AddRemoveRow;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// No noise by degree beats equal noise at the radius, and rescaling is the best for shorter queries: with weights `b_j` on the degrees the
/// squared noise at a query of norm ρ is `Σ b_j² t_j · Σ u_j/b_j²` for `t_j = |cⱼ|R²ʲ`, `u_j = |cⱼ|ρ²ʲ`, in units of the budget. Random and climbed
/// weights never fall below what the rescaled balance has, `(Σ|cⱼ|(Rρ)ʲ)²`. The twin claims that equal noise is the best also for short queries.
pub(super) fn noise_by_degree(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(20, 200), context.scale(2_000, 20_000));
    let (mut least, mut n) = (f64::INFINITY, 0);
    for (degree, radius, length) in
        [(4, 1.0, 1.0), (4, 1.0, 0.3), (8, 1.4, 0.7), (3, 0.5, 0.5), (12, 2.0, 1.0)]
    {
        let coefficients = poly_kernel::ExpTaylor::new(degree).expect("a low degree").coefficients().to_vec();
        let power = |x: f64, j: usize| x.powi(j as i32);
        let keys: Vec<f64> = (0..=degree).map(|j| coefficients[j] * power(radius * radius, j)).collect();
        let query: Vec<f64> = (0..=degree).map(|j| coefficients[j] * power(length * length, j)).collect();
        let balanced: f64 = (0..=degree).map(|j| coefficients[j] * power(radius * length, j)).sum();
        let equal = keys.iter().sum::<f64>() * query.iter().sum::<f64>();
        let claimed = subject.pick(balanced * balanced, equal);
        let noise = |logs: &[f64]| {
            n += 1;
            let sensitivity: f64 = logs.iter().zip(&keys).map(|(b, t)| (2.0 * b).exp() * t).sum();
            sensitivity * logs.iter().zip(&query).map(|(b, u)| (-2.0 * b).exp() * u).sum::<f64>()
        };
        least = smaller(least, descend(&mut rng, degree + 1, (starts, steps), noise) / claimed);
    }
    // sums of at most 13 positive terms, each with a few roundings, and the platform's exp
    Outcome::at_least(least, 1.0 - 1e-12, n)
        .with_note("least squared noise found over that of the rescaled balance")
}

/// The least value found from random starts.
fn descend(
    rng: &mut ChaCha20Rng,
    dim: usize,
    (starts, steps): (usize, usize),
    mut objective: impl FnMut(&[f64]) -> f64,
) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..starts {
        let mut point: Vec<f64> = (0..dim).map(|_| rng.random_range(-2.0..2.0)).collect();
        let mut value = objective(&point);
        for _ in 0..steps {
            let i = rng.random_range(0..dim);
            let (old, scale) = (point[i], 10_f64.powf(rng.random_range(-4.0..0.5)));
            point[i] += rng.random_range(-scale..scale);
            let moved = objective(&point);
            if moved < value { value = moved } else { point[i] = old }
        }
        least = smaller(least, value);
    }
    least
}

/// Releases of data that follow the planner's model, with the radius it chooses and with one that clips half of the keys: the noise of answers has the
/// expected standard deviation, and neither features nor clipping do more than expected. The twin expects half the noise.
pub(super) fn expected_error(context: &mut Context, subject: Subject) -> Outcome {
    let releases = context.scale(60, 600);
    let mut rng = context.rng(0);
    let (dim, rows) = (4, 4_000);
    let planner = |radius: f64| {
        let bounds = Bounds::new(1.0, radius, 1.0).expect("radii in range");
        let base = options(dim, 2, 4, 2.0).with_bounds(bounds).with_typical_query_norm(0.8);
        MomentPlanner::new(base, rows as u64)
            .with_key_norms((1..=20).map(|i| f64::from(i) / 20.0).collect())
            .with_typical_answer(0.0)
            .with_value_std(0.5)
    };
    let (epsilon, delta) = budget(1.0, 1e-6);
    let chosen = planner(1.0).plan(AddRemoveRow, epsilon, delta).expect("something can be planned");
    let clipping = planner(0.5).expected(AddRemoveRow, epsilon, delta).expect("sound options");
    let data = Data::new(dim, rows, &mut rng);
    let (mut parts, mut notes) = (Vec::new(), Vec::new());
    for plan in [chosen, clipping] {
        let mut squares = [0.0; 3];
        for _ in 0..releases {
            let query = direction(dim, 0.8, &mut rng);
            let [exact, clipped, public, private] =
                data.answers(plan.options(), &query, (epsilon, delta), &mut rng);
            for j in 0..2 {
                squares[0] += (private[j] - public[j]).powi(2);
                squares[1] += (public[j] - clipped[j]).powi(2);
                squares[2] += (clipped[j] - exact[j]).powi(2);
            }
        }
        let count = 2 * releases as u64;
        let [noise, features, clipping] = squares.map(|sum| (sum / count as f64).sqrt());
        let expected = plan.error();
        let stated = subject.pick(expected.noise, 0.5 * expected.noise);
        // a sample standard deviation of n normal numbers has a relative one of 1/√2n; six of them, and what the mass differs by
        context.spend(crate::checks::SIX_DEVIATIONS);
        let tolerance = 6.0 / (2.0 * count as f64).sqrt() + 0.1;
        parts.extend([
            Outcome::at_most((noise / stated).ln().abs(), (1.0 + tolerance).ln(), count).with_note("noise"),
            Outcome::at_most(features, expected.approximation + 1e-9, count).with_note("features"),
            Outcome::at_most(clipping, expected.clipping + 1e-9, count).with_note("clipping"),
        ]);
        notes.push(format!(
            "noise {noise:.2e} for {:.2e}, features {features:.1e} for {:.1e}, clipping {clipping:.1e} for {:.1e}",
            expected.noise, expected.approximation, expected.clipping
        ));
    }
    Outcome::worst(parts).with_note(notes.join("; "))
}

/// Keys in random directions with norms from 0.05 to 1, values that do not depend on them.
struct Data {
    keys: Mat,
    values: Mat,
}

impl Data {
    fn new(dim: usize, rows: usize, rng: &mut ChaCha20Rng) -> Self {
        let keys = (0..rows).flat_map(|i| direction(dim, ((i % 20) + 1) as f64 / 20.0, rng)).collect();
        let values = Mat::from_fn(rows, 2, |_, _| if rng.random_range(0.0..1.0) < 0.5 { 0.5 } else { -0.5 });
        Self { keys: Mat::from_vec(rows, dim, keys).expect("rows of keys"), values }
    }

    /// Exact attention, exact over clipped keys, of the features, of the release.
    fn answers(
        &self,
        options: &MomentOptions,
        query: &[f64],
        (epsilon, delta): (dp_mechanisms::Epsilon, dp_mechanisms::Delta),
        rng: &mut ChaCha20Rng,
    ) -> [Vec<f64>; 4] {
        let radius = options.bounds().key_radius();
        let clipped = Mat::from_fn(self.keys.nrows(), self.keys.ncols(), |i, j| {
            let row = self.keys.row(i);
            let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row[j] * (radius / norm).min(1.0)
        });
        let scale = options.softmax_scale();
        let exact = |keys: &Mat| {
            dp_testkit::oracle::softmax_attention(query, keys.as_slice(), self.values.as_slice(), scale)
        };
        let build = || {
            let mut moments =
                PrivateMoments::new(AddRemoveRow, options.clone()).expect("the options are sound");
            let rows = Rows::new(AddRemoveRow, self.keys.as_ref(), self.values.as_ref()).expect("pairs");
            moments.push(rows).expect("the shape fits");
            moments
        };
        let read = |moments: &attention_dp::AttentionMoments| {
            let reader = moments.fixed_query_reader(super::failure_probability(0.5)).expect("a probability");
            let answer = reader.query(query).expect("within the radius");
            answer.estimate().expect("many rows").value().to_vec()
        };
        let public = build().assume_public().expect("the options are sound");
        let private = build().release(epsilon, delta, rng).expect("supported noise");
        [exact(&self.keys), exact(&clipped), read(&public), read(private.value())]
    }
}

fn direction(dim: usize, norm: f64, rng: &mut ChaCha20Rng) -> Vec<f64> {
    loop {
        let x: Vec<f64> = (0..dim).map(|_| rng.random_range(-1.0..1.0)).collect();
        let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        if (0.1..=1.0).contains(&length) {
            return x.iter().map(|v| v * norm / length).collect();
        }
    }
}
