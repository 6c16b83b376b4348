//! Tangent kernels of networks of finite width against their limit.

use crate::{Outcome, normal};
use ntk_dp::{Activation, FiniteNetwork, Kernel, Network};
use provable_dp_benches::picture::{Axes, Line, draw};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use std::path::Path;

const POINTS: usize = 8;
const DIM: usize = 16;
const DEPTH: usize = 2;
const WIDTHS: [usize; 6] = [16, 32, 64, 128, 256, 512];
const DRAWS: usize = 40;
const ACTIVATIONS: [(&str, Activation, usize); 4] = [
    ("ReLU", Activation::Relu, 5),
    ("leaky ReLU 0.3", Activation::LeakyRelu { slope: 0.3 }, 6),
    ("erf", Activation::Erf, 0),
    ("GELU", Activation::Gelu, 9),
];

pub(crate) fn write(folder: &Path) -> Outcome {
    let points = normal(POINTS, DIM, 1);
    let mut csv = String::from("activation,width,deviation\n");
    let mut lines = Vec::new();
    for (name, activation, colour) in ACTIVATIONS {
        let network = Network::new(activation, DEPTH, 2.0)?.with_bias_variance(0.1)?;
        let limit = Kernel::ntk(network).gram(points.as_ref(), dp_linalg::Parallelism::Sequential)?;
        let size: f64 = limit.as_slice().iter().map(|x| x * x).sum();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut measured = Vec::new();
        for width in WIDTHS {
            let mut squares = 0.0;
            for _ in 0..DRAWS {
                let drawn = FiniteNetwork::draw(network, DIM, width, &mut rng)?;
                let kernel = drawn.tangent_kernel(points.as_ref())?;
                let pairs = kernel.as_slice().iter().zip(limit.as_slice());
                squares += pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            }
            let deviation = (squares / DRAWS as f64 / size).sqrt();
            writeln!(csv, "{name},{width},{deviation:.5}")?;
            measured.push((width as f64, deviation));
        }
        println!("{name}: slope {:.3}", slope(&measured));
        lines.push(Line { name: name.to_owned(), colour, points: measured });
    }
    let last = lines.iter().filter_map(|line| line.points.last()).map(|p| p.1).fold(f64::INFINITY, f64::min);
    let end = WIDTHS[WIDTHS.len() - 1] as f64;
    let root = WIDTHS.map(|m| m as f64).map(|m| (m, 0.6 * last * (end / m).sqrt())).to_vec();
    lines.push(Line { name: "1/√width".to_owned(), colour: 11, points: root });
    std::fs::write(folder.join("ntk_width.csv"), csv)?;
    let title = format!("Tangent kernel of {DEPTH} hidden layers, {POINTS} points, {DRAWS} draws");
    let axes = Axes { title: &title, across: "width", up: "deviation from the limit, relative" };
    draw(&folder.join("ntk_width.svg"), &axes, &lines)
}

/// Of the least-squares line through logarithms.
fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| logs.iter().map(pick).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let product: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    product / logs.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}
