//! Mechanisms that keep their claims, most of them tightly: whoever adds a mechanism to the workspace adds its lines to
//! [`all`].

use super::noise::{bernoulli, rounded_gaussian, two_sided};
use super::trial::{Trial, approximate, gaussian, pure, trial};
use dp_audit::{CellRatio, LinearRatio, Neighbours, from_fn};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{
    AddRemoveRow, Adjacency, Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity,
    LatticeStatistic, ReplaceRow,
};
use rand::RngExt;

/// A mechanism that must not be refuted.
pub(super) struct Correct {
    pub(super) name: &'static str,
    pub(super) trial: Box<dyn Trial>,
}

/// Every correct mechanism.
pub(super) fn all() -> Vec<Correct> {
    let correct = |name, trial| Correct { name, trial };
    vec![
        correct("lattice Gaussian, add/remove", lattice_gaussian(1.0, 0.1, AddRemoveRow, 25)),
        correct("lattice Gaussian, replace", lattice_gaussian(0.5, 0.05, ReplaceRow, 50)),
        correct("lattice Gaussian, little noise", lattice_gaussian(8.0, 1e-3, AddRemoveRow, 4)),
        correct("rounded Gaussian, fine", rounded(40.0, 10)),
        correct("rounded Gaussian, coarse", rounded(0.6, 1)),
        correct("randomised response", randomised_response()),
        correct("randomised response, leaking with probability δ", leaking_response()),
        correct("two-sided geometric", two_sided_count()),
        correct("two-sided geometric, clamped", clamped_count()),
        correct("geometric on a Poisson sample", sampled_count()),
        correct("histogram", histogram()),
        correct("four randomised responses", composed_responses()),
        correct("exponential mechanism", exponential()),
        correct("clipped sum of anything", clipped_sum()),
        correct("stability-based histogram", stable_key()),
    ]
}

type Rows = Vec<i64>;

/// A real release, along the difference of neighbours `(3, 4)·√(square/25)` apart.
fn lattice_gaussian<A: Adjacency>(epsilon: f64, delta: f64, adjacency: A, square: u128) -> Box<dyn Trial> {
    let sensitivity = LatticeL2Sensitivity::from_square(square, adjacency).expect("positive");
    let (epsilon, delta) =
        (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("a probability"));
    let mechanism =
        LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("little noise is supported");
    let claim = mechanism.profile().clone();
    let lattice = Lattice::new(0).expect("integers are a lattice");
    let release = from_fn(move |steps: &Rows, rng| {
        let statistic = LatticeStatistic::new(steps.clone(), lattice, sensitivity, 1 << 20);
        mechanism.release(statistic, "audit", rng).expect("small entries fit").value().steps().to_vec()
    });
    // the longest integer vectors within the sensitivity: (5, 0), (7, 1), (2, 0)
    let apart = match square {
        25 => vec![3, 4],
        50 => vec![7, 1],
        _ => vec![2, 0],
    };
    let score = {
        let apart = apart.clone();
        move |steps: &Rows| (steps[0] * apart[0] + steps[1] * apart[1]) as f64
    };
    trial(release, Neighbours::new(vec![0, 0], apart, adjacency), score, &claim)
}

fn rounded(std: f64, shift: i64) -> Box<dyn Trial> {
    let noise = rounded_gaussian(std);
    let sum = from_fn(move |sum: &i64, rng| sum + noise.sample(rng));
    let claim = gaussian((shift as f64 / std).next_up(), AddRemoveRow);
    trial(sum, Neighbours::new(0, shift, AddRemoveRow), |output: &i64| *output as f64, &claim)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a statistic takes its output by reference")]
fn score_of(bit: &bool) -> f64 {
    f64::from(u8::from(*bit))
}

fn randomised_response() -> Box<dyn Trial> {
    let response = from_fn(|bit: &bool, rng| bernoulli(3, 4, rng) == *bit);
    trial(response, Neighbours::new(true, false, ReplaceRow), score_of, &pure(3.0, ReplaceRow))
}

/// One time in sixteen it says everything: outputs 2 and 3.
fn leaking_response() -> Box<dyn Trial> {
    let response = from_fn(|bit: &bool, rng| {
        if bernoulli(1, 16, rng) { 2 + u8::from(*bit) } else { u8::from(bernoulli(2, 3, rng) == *bit) }
    });
    let cells = CellRatio::new(|output: &u8| *output);
    trial(response, Neighbours::new(true, false, ReplaceRow), cells, &approximate(2.0, 0.0625, ReplaceRow))
}

fn two_sided_count() -> Box<dyn Trial> {
    let count = from_fn(|rows: &Rows, rng| rows.len() as i64 + two_sided(1, 3, rng));
    trial(
        count,
        Neighbours::new(vec![], vec![7], AddRemoveRow),
        |output: &i64| *output as f64,
        &pure(3.0, AddRemoveRow),
    )
}

fn clamped_count() -> Box<dyn Trial> {
    let count = from_fn(|rows: &Rows, rng| (rows.len() as i64 + two_sided(1, 2, rng)).clamp(0, 3));
    trial(
        count,
        Neighbours::new(vec![], vec![7], AddRemoveRow),
        |output: &i64| *output as f64,
        &pure(2.0, AddRemoveRow),
    )
}

/// Each row takes part with probability ¼: `e^ε = 1 + (3 − 1)/4`.
fn sampled_count() -> Box<dyn Trial> {
    let count = from_fn(|rows: &Rows, rng| {
        let sampled = rows.iter().filter(|_| bernoulli(1, 4, rng)).count() as i64;
        sampled + two_sided(1, 3, rng)
    });
    trial(
        count,
        Neighbours::new(vec![], vec![7], AddRemoveRow),
        |output: &i64| *output as f64,
        &pure(1.5, AddRemoveRow),
    )
}

/// Each row is in one of four cells.
fn histogram() -> Box<dyn Trial> {
    let histogram = from_fn(|rows: &Rows, rng| {
        let count = |cell: i64| rows.iter().filter(|row| **row == cell).count() as i64;
        (0..4).map(|cell| count(cell) + two_sided(1, 2, rng)).collect::<Rows>()
    });
    let entries = LinearRatio::new(|output: &Rows| output.iter().map(|cell| *cell as f64).collect());
    // a row that moves changes two cells
    trial(histogram, Neighbours::new(vec![0], vec![3], ReplaceRow), entries, &pure(4.0, ReplaceRow))
}

fn composed_responses() -> Box<dyn Trial> {
    let responses = from_fn(|bit: &bool, rng| (0..4).filter(|_| bernoulli(2, 3, rng) == *bit).count());
    let claim = pure(16.0, ReplaceRow);
    trial(responses, Neighbours::new(true, false, ReplaceRow), |output: &usize| *output as f64, &claim)
}

/// Picks candidate `i` with probability in proportion to `2^count`: counts move by one, so ln 4 covers weight and
/// normaliser.
fn exponential() -> Box<dyn Trial> {
    let pick = from_fn(|counts: &[u32; 3], rng| {
        let mut ball = rng.random_range(0..counts.iter().map(|count| 1_u64 << count).sum::<u64>());
        let drawn = counts.iter().position(|count| {
            let inside = ball < 1 << count;
            ball = ball.wrapping_sub(1 << count);
            inside
        });
        drawn.unwrap_or_default()
    });
    let cells = CellRatio::new(|output: &usize| *output);
    trial(pick, Neighbours::new([5, 2, 2], [4, 3, 3], ReplaceRow), cells, &pure(4.0, ReplaceRow))
}

/// NaN counts as zero, everything else is clipped to −2 … 2 and rounded.
fn clipped_sum() -> Box<dyn Trial> {
    let sum = from_fn(|rows: &Vec<f64>, rng| {
        let clip = |row: &f64| if row.is_nan() { 0 } else { row.clamp(-2.0, 2.0).round() as i64 };
        rows.iter().map(clip).sum::<i64>() + two_sided(2, 3, rng)
    });
    let pair = Neighbours::new(vec![1.0, f64::NAN], vec![1.0, f64::NAN, f64::INFINITY], AddRemoveRow);
    trial(sum, pair, |output: &i64| *output as f64, &pure(2.25, AddRemoveRow))
}

/// A key is published if its noisy count is above three: with one row that happens with probability
/// `P(Z > 2) = r³/(1 + r)`, `r = 1/3`.
fn stable_key() -> Box<dyn Trial> {
    let publish = from_fn(|rows: &Rows, rng| {
        let noisy = rows.len() as i64 + two_sided(1, 3, rng);
        (!rows.is_empty() && noisy > 3).then_some(noisy)
    });
    let seen = |output: &Option<i64>| f64::from(u8::from(output.is_some()));
    trial(
        publish,
        Neighbours::new(vec![], vec![7], AddRemoveRow),
        seen,
        &approximate(3.0, 1.0 / 36.0, AddRemoveRow),
    )
}
