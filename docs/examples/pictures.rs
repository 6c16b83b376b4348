//! Draws the pictures of the book that no benchmark draws:
//! `cargo run --release -p provable-dp-book --example pictures -- docs/pictures`.

use attention_dp::{RouteForecast, SelfAttentionOptions, plan_self_attention};
use dp_audit::{Experiment, Neighbours, ThresholdAudit, from_fn};
use dp_mechanisms::noise::{DiscreteLaplace, LatticeNoise};
use dp_mechanisms::{
    Accountant, AddRemoveRow, Delta, Epsilon, FailureProbability, NoiseScale, NoiseStd, PerturbRow,
    PrivacyProfile, RoundedGaussian,
};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;

/// Okabe and Ito's colours, which people with any kind of colour vision tell apart.
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const SIZE: (u32, u32) = (900, 420);
/// Where the legend begins.
const CHART_WIDTH: u32 = 640;

struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Line {
    fn new(name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.to_owned(), points: points.into_iter().collect() }
    }
}

/// What stands above, below and beside.
struct Words<'a> {
    title: &'a str,
    across: &'a str,
    up: &'a str,
}

fn main() -> Outcome {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    noise_on_neighbours(&folder.join("noise_on_neighbours.svg"))?;
    composition(&folder.join("composition.svg"))?;
    self_attention(&folder.join("self_attention.svg"))?;
    audit(&folder.join("audit.svg"))
}

/// The law of a released count, of 100 people and of 101.
fn noise_on_neighbours(path: &Path) -> Outcome {
    let laplace = DiscreteLaplace::new(NoiseScale::new(2.0)?)?;
    let gaussian = RoundedGaussian::new(NoiseStd::new(4.0)?)?;
    let law =
        |of: i64, pmf: &dyn Fn(i64) -> f64| (85..=116).map(|k| (k as f64, pmf(k - of))).collect::<Vec<_>>();
    let by_laplace = |k: i64| laplace.pmf_bounds(k).0;
    let by_gauss = |k: i64| gaussian.pmf_bounds(k).0;
    let lines = [
        Line::new("Laplace b = 2 (ε = 0.5): 100", law(100, &by_laplace)),
        Line::new("the same, 101 people", law(101, &by_laplace)),
        Line::new("Gaussian σ = 4: 100 people", law(100, &by_gauss)),
        Line::new("the same, 101 people", law(101, &by_gauss)),
    ];
    let words = Words {
        title: "A released count, with one person more and less",
        across: "what is released",
        up: "probability",
    };
    draw(path, &words, (85.0..116.0, 0.0..0.26), &lines)
}

/// ε at δ = 1e-6 of k releases of ε = 0.1 each.
fn composition(path: &Path) -> Outcome {
    let once = PrivacyProfile::laplace(Epsilon::new(0.1)?, AddRemoveRow);
    let delta = Delta::new(1e-6)?;
    let releases = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000];
    let by = |name: &str, accountant: Accountant| {
        let epsilon = |k: u64| {
            once.repeated(k).epsilon_bounds_by(accountant, delta).map(|(_, upper)| (k as f64, upper))
        };
        Line::new(name, releases.into_iter().filter_map(epsilon))
    };
    let lines = [
        by("basic: kε", Accountant::Basic),
        by("advanced", Accountant::Advanced),
        by("zero-concentrated", Accountant::ZeroConcentrated),
        by("loss distributions", Accountant::LossDistribution),
    ];
    let words = Words {
        title: "What k releases with Laplace noise lose, each ε = 0.1",
        across: "k, releases",
        up: "ε at δ = 1e-6",
    };
    draw(path, &words, ((0.9..1200.0).log_scale(), (0.08..120.0).log_scale()), &lines)
}

/// Noise of a logit by the three ways, at 1000 rows of 64 coordinates and logits within ± 1.
fn self_attention(path: &Path) -> Outcome {
    let options = SelfAttentionOptions::new(1000, 64, 1.0)?.with_softmax_scale(1.0);
    let budget = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
    let failure = FailureProbability::new(0.05)?;
    let mut lines = ["noise on rows", "sampling", "Gram matrix"].map(|name| Line::new(name, []));
    for i in 0..=24 {
        let beta = 10.0_f64.powf(-4.0 + f64::from(i) / 8.0);
        let plan = plan_self_attention(&options, PerturbRow::new(beta)?, budget, failure)?;
        for (line, forecast) in lines.iter_mut().zip([plan.rows(), plan.sampling(), plan.gram()]) {
            line.points.extend(forecast.map(RouteForecast::logit_std).map(|std| (beta, std)));
        }
    }
    let words = Words {
        title: "Noise of a logit, 1000 rows of radius 1, ε = 1, δ = 1e-6",
        across: "β, how far a row may move",
        up: "standard deviation of a logit within ± 1",
    };
    draw(path, &words, ((8e-5..0.12).log_scale(), (3e-4..100.0).log_scale()), &lines)
}

/// What an audit finds of a count with the noise that it claims, and with half of it.
fn audit(path: &Path) -> Outcome {
    let runs = (7..=17).map(|i| 1_usize << i);
    let found = |scale: f64, n: usize| -> Result<(f64, f64), Box<dyn Error>> {
        let noise = DiscreteLaplace::new(NoiseScale::new(scale)?)?;
        let mechanism = from_fn(|count: &i64, rng| {
            let mut noisy = [*count];
            noise.add_to(&mut noisy, rng);
            noisy[0]
        });
        let pair = Neighbours::new(0_i64, 1, AddRemoveRow);
        let experiment = Experiment::new(&mechanism, &pair, |output: &i64| *output as f64);
        let audit = ThresholdAudit::new(n, FailureProbability::new(1e-6)?)?;
        let report = audit.measure(&experiment, 0.0, &mut ChaCha20Rng::seed_from_u64(n as u64))?;
        Ok((2.0 * n as f64, report.epsilon_lower_bound(0.0)))
    };
    let bounds = |scale: f64| runs.clone().map(|n| found(scale, n)).collect::<Result<Vec<_>, _>>();
    let lines = [
        Line::new("noise as claimed: ε = 1", bounds(1.0)?),
        Line::new("half of it: ε = 2", bounds(0.5)?),
        Line::new("the claim", runs.clone().map(|n| (2.0 * n as f64, 1.0))),
    ];
    let words = Words {
        title: "Lower bounds of ε at confidence 1 − 1e-6",
        across: "runs on both neighbours together",
        up: "what the audit shows",
    };
    draw(path, &words, ((200.0..350_000.0).log_scale(), 0.0..2.1), &lines)
}

/// Lines with a legend beside them.
fn draw<X, Y>(path: &Path, words: &Words<'_>, (across, up): (X, Y), lines: &[Line]) -> Outcome
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (area, legend) = root.split_horizontally(CHART_WIDTH);
    let mut chart = ChartBuilder::on(&area)
        .caption(words.title, ("sans-serif", 17, &INK))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(66)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(words.across)
        .y_desc(words.up)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .label_style(("sans-serif", 13, &INK))
        .draw()?;
    for (i, (line, colour)) in lines.iter().zip(COLOURS).enumerate() {
        chart.draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(line.points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        let top = 60 + 26 * i as i32;
        legend.draw(&PathElement::new([(4, top), (28, top)], colour.stroke_width(3)))?;
        let font = ("sans-serif", 14).into_font().color(&INK);
        legend.draw(&Text::new(line.name.clone(), (36, top - 7), font))?;
    }
    Ok(root.present()?)
}

/// Without the digits that adding up steps leaves.
fn short(x: f64) -> String {
    format!("{}", (x * 1e9).round() / 1e9)
}
