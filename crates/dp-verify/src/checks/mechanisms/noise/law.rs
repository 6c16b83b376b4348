//! Draws against certified probabilities.

use super::super::refinement::Script;
use super::{each_part, each_twin, gaussian, laplace, none_fails, rounded, truncated};
use crate::{Axis, Context, Figure, Outcome, Role, Subject, smaller};
use dp_mechanisms::noise::LatticeNoise;
use dp_testkit::statistics::chi_square;
use rand_chacha::ChaCha20Rng;

/// Level of each test: a fresh seed fails a sound sampler once in 25 million runs of four tests.
const ALPHA: f64 = 1e-8;

/// Draws of a sampler at one parameter.
pub(in super::super) type Draw = fn(f64, &mut [i64], &mut ChaCha20Rng);

/// Pearson's test at each parameter; the smallest p-value speaks, and the second parameter is drawn.
pub(in super::super) fn smallest_p_value<N: LatticeNoise>(
    context: &Context,
    parameters: &[f64],
    (law, spread): (impl Fn(f64) -> N, fn(f64) -> f64),
    draw: Draw,
) -> Outcome {
    let n = context.scale(300_000, 10_000_000);
    let (mut smallest, mut figure) = (1.0_f64, None);
    for (stream, &parameter) in (0..).zip(parameters) {
        let mut draws = vec![0; n];
        draw(parameter, &mut draws, &mut context.rng(stream));
        context.spend(ALPHA);
        let law = law(parameter);
        smallest = smaller(smallest, p_value(&draws, &law, spread(parameter)));
        figure = if stream == 1 { Some(shares(&draws, &law, parameter)) } else { figure };
    }
    let tests = parameters.len();
    let outcome = Outcome::at_least(smallest, ALPHA, (tests * n) as u64)
        .with_note(format!("smallest of {tests} p-values"));
    Outcome { figure, ..outcome }
}

/// Shares of draws beside certified probabilities, out to where a draw is rare.
fn shares<N: LatticeNoise>(draws: &[i64], law: &N, parameter: f64) -> Figure {
    let reach = (8.0 * parameter).ceil() as i64;
    let probability = |k: i64| f64::midpoint(law.pmf_bounds(k).0, law.pmf_bounds(k).1);
    let seen = |k: i64| draws.iter().filter(|draw| **draw == k).count() as f64 / draws.len() as f64;
    let over = |y: &dyn Fn(i64) -> f64| (-reach..=reach).map(|k| (k as f64, y(k))).collect::<Vec<_>>();
    let drawn = over(&probability).into_iter().filter(|(_, p)| *p > 0.1 / draws.len() as f64);
    let title = format!("Shares of draws and their probabilities, parameter {parameter}");
    Figure::new(&title, Axis::linear("integer"), Axis::logarithmic("probability"))
        .with_curve(Role::Bound, "certified probability", drawn)
        .with_curve(Role::Observed, "share of draws", over(&seen))
}

/// Cells of one integer for a small spread and of a tenth of a large one, over seven of them; what is outside is one more
/// cell.
fn p_value<N: LatticeNoise>(draws: &[i64], law: &N, spread: f64) -> f64 {
    let (width, reach) = ((spread / 10.0).ceil() as i64, (7.0 * spread).ceil() as i64);
    let starts: Vec<i64> = (-reach..=reach).step_by(width as usize).collect();
    let probability = |&start: &i64| {
        let (low, high) = if width == 1 {
            law.pmf_bounds(start)
        } else {
            let (below, upto) = (law.cdf_bounds(start - 1), law.cdf_bounds(start + width - 1));
            (upto.0 - below.1, upto.1 - below.0)
        };
        f64::midpoint(low, high)
    };
    let mut counts = vec![0_u64; starts.len() + 1];
    for draw in draws {
        let cell = draw.saturating_add(reach).div_euclid(width);
        let outside = starts.len();
        counts[usize::try_from(cell).map_or(outside, |cell| cell.min(outside))] += 1;
    }
    chi_square(&counts, &starts.iter().map(probability).collect::<Vec<_>>()).p_value
}

/// Twins: b taken for a standard deviation; b taken for a variance; a sign for zero as well, so that it is twice as likely.
pub(super) fn laplace_law(context: &mut Context, subject: Subject) -> Outcome {
    let shipped: Draw = |b, out, rng| laplace(b).fill(out, rng);
    let deviation: Draw = |b, out, rng| laplace(b / 2_f64.sqrt()).fill(out, rng);
    let variance: Draw = |b, out, rng| laplace((b / 2.0).sqrt()).fill(out, rng);
    let signed_zero: Draw = |b, out, rng| {
        let law = laplace(b);
        law.fill(out, rng);
        // a geometric magnitude is the law given K ≥ 0; its sign is then free
        for entry in out {
            let sign = if *entry < 0 { -1 } else { 1 };
            while *entry < 0 {
                *entry = law.sample(rng);
            }
            *entry *= sign;
        }
    };
    each_twin(subject, shipped, vec![deviation, variance, signed_zero], |draw| {
        smallest_p_value(context, &[0.3, 2.5, 7.5, 1e4], (laplace, |b| b), draw)
    })
}

/// Twins: σ taken for a variance; every proposal of the rounded Gaussian accepted.
pub(super) fn gaussian_law(context: &mut Context, subject: Subject) -> Outcome {
    let shipped: Draw = |std, out, rng| gaussian(std).fill(out, rng);
    let variance: Draw = |std, out, rng| gaussian(std.sqrt()).fill(out, rng);
    let rounded: Draw = |std, out, rng| rounded(std).fill(out, rng);
    each_twin(subject, shipped, vec![variance, rounded], |draw| {
        smallest_p_value(context, &[0.3, 2.5, 15.5, 16.5, 1e4], (gaussian, |std| std), draw)
    })
}

/// The bound that belongs to a parameter: narrow (uniform proposals) for large ones.
fn bound(parameter: f64) -> u64 {
    if parameter > 100.0 { 9 } else { (2.0 * parameter) as u64 + 1 }
}

/// Truncated Laplace and Gaussian laws, by rejection and by uniform proposals, and what lies beyond 64 bits. Twins: draws
/// outside are moved to the bound; the bound is one less; draws beyond 64 bits are kept if what is left of them is inside.
pub(super) fn truncated_law(context: &mut Context, subject: Subject) -> Outcome {
    let parameters = [0.6, 3.0, 3e4];
    let spread: fn(f64) -> f64 = |parameter| bound(parameter) as f64;
    let shipped: [Draw; 2] = [
        |b, out, rng| truncated(laplace(b), bound(b)).fill(out, rng),
        |std, out, rng| truncated(gaussian(std), bound(std)).fill(out, rng),
    ];
    let moved: [Draw; 2] = [
        |b, out, rng| {
            laplace(b).fill(out, rng);
            move_inside(out, bound(b));
        },
        |std, out, rng| {
            gaussian(std).fill(out, rng);
            move_inside(out, bound(std));
        },
    ];
    let narrower: [Draw; 2] = [
        |b, out, rng| truncated(laplace(b), bound(b) - 1).fill(out, rng),
        |std, out, rng| truncated(gaussian(std), bound(std) - 1).fill(out, rng),
    ];
    let law = each_twin(subject, shipped, vec![moved, narrower], |[first, second]| {
        Outcome::worst([
            smallest_p_value(context, &parameters, (|b| truncated(laplace(b), bound(b)), spread), first),
            smallest_p_value(
                context,
                &parameters,
                (|std| truncated(gaussian(std), bound(std)), spread),
                second,
            ),
        ])
    });
    let far = subject.pick(inside as fn(&mut Script) -> i64, inside_modulo);
    each_part(subject, [law, far_draws_are_rejected(far)])
}

/// The scale and the bound of far draws.
const FAR: (f64, u64) = ((1_u64 << 50) as f64, 1 << 62);

fn inside(words: &mut Script) -> i64 {
    truncated(laplace(FAR.0), FAR.1).sample(words)
}

/// Looks at 64 bits of a draw alone.
fn inside_modulo(words: &mut Script) -> i64 {
    loop {
        let draw = laplace(FAR.0).sample(words);
        if draw.unsigned_abs() <= FAR.1 {
            return draw;
        }
    }
}

/// At `b = 2⁵⁰` a uniform of 400 words of zeros lies beyond 2⁶⁴, and within the bound modulo that; the words after it are
/// next to the centre.
fn far_draws_are_rejected(sample: fn(&mut Script) -> i64) -> Outcome {
    none_fails([400, 420, 440], |zeros| {
        let mut script = Script { words: [vec![0; zeros], vec![1 << 62]].concat(), read: 0 };
        sample(&mut script) == 0
    })
    .with_note("draws beyond 64 bits that were kept")
}

fn move_inside(draws: &mut [i64], bound: u64) {
    for draw in draws {
        *draw = (*draw).clamp(-(bound as i64), bound as i64);
    }
}
