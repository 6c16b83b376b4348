//! Finite networks and random features against what they approach.

use super::{dot, points};
use crate::{Axis, Context, Figure, Outcome, Role as Drawn, Subject, largest};
use dp_linalg::Mat;
use ntk_dp::{Activation, FiniteNetwork, Kernel, Network, ReluFeatures};
use poly_kernel::{FeatureMap, Role};
use rand::RngExt;

/// The slope of the logarithm of the root mean square deviation over widths 16 to 256, by two layers of GELU with biases. The twin
/// compares with the covariance, from which the deviation does not fall: the points are at an acute angle, where the two kernels are far apart.
pub(super) fn rate(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(120, 1500);
    let network = Network::new(Activation::Gelu, 2, 2.0).and_then(|network| network.with_bias_variance(0.1));
    let Ok(network) = network else { return Outcome::inconclusive("a variance in range was refused") };
    let points = Mat::from_fn(2, 3, |i, j| [[1.0, 0.5, -0.5], [0.8, 1.0, 0.3]][i][j]);
    let limit = subject.pick(Kernel::ntk(network), Kernel::nngp(network)).value(points.row(0), points.row(1));
    let Ok(limit) = limit else { return Outcome::inconclusive("finite points were refused") };
    let mut deviation = |width: usize| {
        let one = |_| {
            let drawn = FiniteNetwork::draw(network, 3, width, &mut rng);
            let tangent = drawn.and_then(|drawn| drawn.tangent_kernel(points.as_ref()));
            tangent.map_or(f64::NAN, |tangent| (tangent[(0, 1)] - limit).powi(2))
        };
        ((0..draws).map(one).sum::<f64>() / draws as f64).sqrt()
    };
    let found = [16, 64, 256].map(|width| (width as f64, deviation(width)));
    let slope = (found[2].1 / found[0].1).log(16.0);
    let title = "Deviation of the tangent kernel of a finite network from its limit";
    let proven = found.map(|(width, _)| (width, found[0].1 * (16.0 / width).sqrt()));
    let figure = Figure::new(title, Axis::logarithmic("width"), Axis::logarithmic("root mean square"))
        .with_curve(Drawn::Bound, "falling as the root of the width", proven)
        .with_curve(Drawn::Observed, "found", found);
    // each logarithm of a root mean square of n has a standard deviation of about √(κ/n)/2, κ = 3 for a normal law and its
    // square: 0.08 for n = 120, and 0.04 in the slope over ln 16; 0.24 are six of them
    context.spend(crate::checks::SIX_DEVIATIONS);
    let bound = if draws < 1000 { 0.24 } else { 0.1 };
    Outcome::at_most((slope + 0.5).abs(), bound, 2 * draws as u64).with_figure(figure)
}

/// Many independent draws at a few pairs: their mean against the kernel, within six standard deviations of the proven variance, and
/// their variance against the bound. The twin features a network without the biases.
pub(super) fn variance(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(2000, 20_000);
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let d = rng.random_range(1..6);
        let points = points(&mut rng, 2, d);
        let bare = Network::new(Activation::Relu, 1, rng.random_range(0.5..2.0));
        let Ok(network) = bare.and_then(|bare| bare.with_bias_variance(0.3)) else {
            return Outcome::inconclusive("a variance in range was refused");
        };
        let featured = subject.pick(Ok(network), bare);
        let Ok(exact) = Kernel::ntk(network).value(points.row(0), points.row(1)) else {
            return Outcome::inconclusive("finite points were refused");
        };
        let radius = largest(points.rows().map(|x| dot(x, x).sqrt()));
        let (mut sum, mut squares, mut bound) = (0.0, 0.0, f64::NAN);
        for _ in 0..draws {
            let Ok(map) = featured.and_then(|network| ReluFeatures::draw(network, d, 4, &mut rng)) else {
                return Outcome::inconclusive("a draw was refused");
            };
            let mut block = map.feature_block(2);
            if map.apply_block(Role::Key, points.as_ref(), &mut block).is_err() {
                return Outcome::inconclusive("points were refused");
            }
            let product: f64 = block.as_ref().rows().map(|feature| feature[0] * feature[1]).sum();
            bound = map.variance_bound(radius);
            sum += product - exact;
            squares += (product - exact).powi(2);
        }
        let n = draws as f64;
        context.spend(2.0 * crate::checks::SIX_DEVIATIONS);
        outcomes.push(Outcome::at_most((sum / n).abs(), 6.0 * (bound / n).sqrt(), draws as u64));
        // the variance is estimated to about √(κ/n), κ some tens for products of normal numbers
        let slack = 6.0 * (50.0 / n).sqrt();
        outcomes.push(Outcome::at_most(squares / n, (1.0 + slack) * bound, draws as u64));
    }
    Outcome::worst(outcomes)
}
