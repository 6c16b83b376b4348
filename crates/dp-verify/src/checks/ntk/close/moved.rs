//! How far features move, by search over pairs of points.

use super::{norm, pair, quadratic};
use crate::checks::attention::climb;
use crate::checks::picture::AgainstBounds;
use crate::{Context, Outcome, Subject, larger, smaller};
use ntk_dp::private::close::feature_move;
use ntk_dp::{Activation, Kernel, Network};
use rand::RngExt;

fn network(activation: Activation, depth: usize, bias: f64) -> Network {
    let network = Network::new(activation, depth, 2.0).expect("a variance in range");
    network.with_bias_variance(bias).expect("a variance in range")
}

fn kernels() -> Vec<(Kernel, &'static str)> {
    let ntk = |activation, depth, bias| Kernel::ntk(network(activation, depth, bias));
    vec![
        (quadratic(), "quadratic"),
        (Kernel::nngp(network(Activation::Relu, 2, 0.0)), "NNGP of ReLU"),
        (Kernel::nngp(network(Activation::Erf, 1, 0.0)), "NNGP of erf"),
        (ntk(Activation::Erf, 1, 0.1), "NTK of erf"),
        (ntk(Activation::Gelu, 2, 0.0), "NTK of GELU"),
        (ntk(Activation::Quadratic, 1, 0.3), "NTK of x²"),
        (ntk(Activation::Relu, 1, 0.0), "NTK of ReLU"),
        (ntk(Activation::Relu, 3, 0.2), "NTK of ReLU, three layers"),
        (ntk(Activation::LeakyRelu { slope: -0.3 }, 2, 0.0), "NTK of leaky ReLU"),
    ]
}

/// Largest distance of features over the bound, by climbing from random pairs in dimensions one to four. The twin goes down in
/// proportion from a step of one, which no kernel here does: squares are steeper, and a ReLU goes by the root.
pub(in super::super) fn feature_moves(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(3, 20), context.scale(150, 3000));
    let (mut worst, mut tightest, mut n, mut note) = (0.0_f64, 1.0_f64, 0, String::new());
    let mut pairs = AgainstBounds::default();
    for (kernel, name) in kernels() {
        let mut found = 0.0_f64;
        for (step, d) in [(0.02, 1), (1.3, 1), (0.1, 2), (0.6, 3), (1.3, 2), (0.02, 4)] {
            let stated = |step| feature_move(&kernel, d, (1.0, step));
            let bound = subject.pick(stated(step), step * stated(1.0));
            for start in 0..starts {
                let along = |i: usize| if i.is_multiple_of(d) { [1.0 - step, 1.0][i / d] } else { 0.0 };
                let any = |_: usize| rng.random_range(-1.0..1.0);
                let point: Vec<f64> =
                    if start == 0 { (0..2 * d).map(along).collect() } else { (0..2 * d).map(any).collect() };
                climb(&mut rng, point, steps, |point| {
                    let moved = distance(&kernel, point, step);
                    found = larger(found, moved / bound);
                    pairs.push(bound, moved);
                    n += 1;
                    moved / bound
                });
            }
        }
        worst = larger(worst, found);
        tightest = smaller(tightest, found);
        note = format!("{note}{name} {found:.2}, ");
    }
    if tightest < 0.25 {
        return Outcome::inconclusive(format!("a search stays far below its bound: {note}"));
    }
    // differences of kernel values of size one, off by 1e-8 for nearly equal points of a ReLU, over squares from 4e-4 on
    Outcome::at_most(worst, 1.0 + 2e-5, n)
        .with_note(format!("distance over bound: {note}"))
        .with_figure(pairs.picture("Distances of features of two near points, against their bounds"))
}

/// Of two points that are brought into the unit ball.
fn distance(kernel: &Kernel, point: &[f64], step: f64) -> f64 {
    let (first, second) = pair(point, step);
    let [x, y] = [first, second].map(|x| {
        let factor = (1.0 / norm(&x)).min(1.0);
        x.iter().map(|x| x * factor).collect::<Vec<f64>>()
    });
    let of = |x: &[f64], y: &[f64]| kernel.value(x, y).unwrap_or(f64::NAN);
    larger(of(&x, &x) + of(&y, &y) - 2.0 * of(&x, &y), 0.0).sqrt()
}
