//! Private descent: sensitivity of gradients in integers, composed privacy, audit, sums; and features of images, row by row.

use super::record::{gaussian_delta, hard_row};
use crate::checks::lower_bound::{self, Stated};
use crate::{Context, Outcome, Subject, largest};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, ReplaceRow};
use ntk_dp::image::{
    CellBasis, Colours, Compression, FeatureOptions, ImageFeatures, ImageShape, Scattering, Symmetry,
    Textures,
};
use ntk_dp::private::{
    DescentAdjacency, DescentMechanism, DescentOptions, PrivateClassifier, PrivateRecords, RecordMechanism,
    RowNorm,
};
use rand::{CryptoRng, RngExt};
use rand_chacha::ChaCha20Rng;

/// `R²`.
const SQUARE: u128 = (RecordMechanism::<AddRemoveRow>::RADIUS as u128).pow(2);

/// Of any shape and rule, with few steps.
fn any_options(rng: &mut ChaCha20Rng) -> DescentOptions {
    let norm = match rng.random_range(0..2) {
        0 => RowNorm::Normalise,
        _ => RowNorm::Clip(10.0_f64.powi(rng.random_range(-3..=3))),
    };
    DescentOptions::new(rng.random_range(1..=5), rng.random_range(2..=6))
        .and_then(|options| options.with_norm(norm))
        .and_then(|options| options.with_steps(rng.random_range(1..4)))
        .and_then(|options| options.with_residual_clip(2.0_f64.powf(rng.random_range(-6.0..0.5))))
        .and_then(|options| options.with_intercept(f64::from(rng.random_range(0..3)) * 0.3))
        .expect("parameters in range")
}

fn mechanism<A: DescentAdjacency>(options: &DescentOptions, adjacency: A, mu: f64) -> DescentMechanism<A> {
    DescentMechanism::with_mu(options, adjacency, Mu::new(mu).expect("positive")).expect("supported noise")
}

struct Records {
    features: Mat,
    labels: Vec<usize>,
}

impl Records {
    /// One label in some is of no class.
    fn hard(rng: &mut ChaCha20Rng, options: &DescentOptions, n: usize) -> Self {
        let (dim, classes) = (options.record().dim(), options.record().columns());
        let entries = (0..n).flat_map(|_| hard_row(rng, dim)).collect();
        let labels = (0..n).map(|_| rng.random_range(0..=classes)).collect();
        Self { features: Mat::from_vec(n, dim, entries).expect("n rows"), labels }
    }

    fn private<A: DescentAdjacency>(
        &self,
        adjacency: A,
    ) -> PrivateRecords<A, (dp_linalg::MatRef<'_>, &[usize])> {
        PrivateRecords::new(adjacency, (self.features.as_ref(), &self.labels[..]))
    }

    /// The integer gradient at the weights of `like`.
    fn gradient<A: DescentAdjacency>(
        &self,
        (mechanism, adjacency): (&DescentMechanism<A>, A),
        like: &PrivateClassifier,
    ) -> Vec<i64> {
        let statistic = mechanism.gradient_statistic(self.private(adjacency), like);
        statistic.expect("equal shapes").assume_public()
    }
}

/// Weights that noise made.
fn some_weights(rng: &mut ChaCha20Rng, options: &DescentOptions) -> PrivateClassifier {
    let mechanism = mechanism(options, AddRemoveRow, 10.0_f64.powi(rng.random_range(-3..=1)));
    let records = Records::hard(rng, options, 20);
    mechanism.release(records.private(AddRemoveRow), rng).expect("equal shapes").value().clone()
}

fn squared_distance(first: &[i64], second: &[i64]) -> u128 {
    first.iter().zip(second).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum()
}

/// Hard records alone, and in place of each other, at weights that noise made: integers in 128 bits against what is charged. The twin charges
/// a record that is replaced as one that comes and one that goes at a right angle, `2NM`.
pub(super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut over, trials) = (0, context.scale(1500, 50_000));
    for _ in 0..trials {
        let options = any_options(&mut rng);
        let like = some_weights(&mut rng, &options);
        let added = (&mechanism(&options, AddRemoveRow, 1.0), AddRemoveRow);
        let replaced = (&mechanism(&options, ReplaceRow, 1.0), ReplaceRow);
        let [first, second] = [0; 2].map(|_| Records::hard(&mut rng, &options, 1).gradient(added, &like));
        let one = squared_distance(&first, &vec![0; first.len()]);
        over += u64::from(one > added.0.step().sensitivity().square());
        let charged = subject.pick(replaced.0.step().sensitivity().square(), 2 * SQUARE * SQUARE);
        over += u64::from(squared_distance(&first, &second) > charged);
    }
    Outcome::all_equal(over, 2 * trials as u64)
}

/// The composed δ, recomputed from sensitivities in real numbers and the noise that is added: one Gaussian of `μ² = Σ Δ²/σ²`. What is claimed may
/// not be less, and it meets the target. The twin claims what the library makes of all parts but the last step.
pub(super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(20, 400) {
        let options = any_options(&mut rng)
            .with_centre(rng.random_range(0.02..0.4))
            .and_then(|options| options.with_steps(rng.random_range(1..40)))
            .expect("shares in range");
        let (epsilon, delta) = (rng.random_range(0.1..5.0), 10.0_f64.powi(rng.random_range(-9..=-4)));
        let budget = (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("a probability"));
        let added = DescentMechanism::calibrate(&options, AddRemoveRow, budget.0, budget.1).expect("noise");
        let replaced = DescentMechanism::calibrate(&options, ReplaceRow, budget.0, budget.1).expect("noise");
        for at in [0.5 * epsilon, epsilon, 1.3 * epsilon] {
            worst = largest([
                worst,
                understated(&added, (1.0 + 1.0 / 16.0, 1.0), at, subject),
                understated(&replaced, (4.0, 4.0), at, subject),
            ]);
            compared += 2;
        }
        let met = [added.profile().delta(epsilon), replaced.profile().delta(epsilon)];
        worst = largest([worst, met[0] / delta, met[1] / delta]);
    }
    // erfc here has some 1e-12, times cancellation of at most 1e3
    Outcome::at_most(worst, 1.0 + 1e-8, compared)
}

/// What is lost, in units of what is claimed; the centre moves by `√mean·R`, a gradient by `√step·R²`.
fn understated<A: DescentAdjacency>(
    mechanism: &DescentMechanism<A>,
    (mean, step): (f64, f64),
    epsilon: f64,
    subject: Subject,
) -> f64 {
    let square = SQUARE as f64;
    let centre = mean * square / mechanism.centre().noise_std().get().powi(2);
    let step = step * square * square / mechanism.step().noise_std().get().powi(2);
    let steps = mechanism.options().steps();
    let lost = gaussian_delta((centre + f64::from(steps) * step).sqrt(), epsilon);
    let claimed = match subject {
        Subject::AsShipped => mechanism.profile().clone(),
        Subject::Broken => {
            let others = mechanism.step().profile().repeated(u64::from(steps) - 1);
            mechanism.centre().profile().and(&others).expect("one adjacency")
        }
    };
    lost / claimed.delta(epsilon)
}

/// Level of the audit.
const ALPHA: f64 = 1e-7;
/// A large δ: an audit sees no event rarer than one in its number of runs.
const AUDITED: (f64, f64) = (1.0, 0.1);

/// Whole releases of one step, of one record in place of its opposite, by the weights, which are the gradient but for a factor that the number of
/// rows has. In the twin a replaced record is charged as one that comes or goes.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    // at zero weights the residual is (½, −½): as long as the clip
    let options = DescentOptions::new(1, 2)
        .and_then(|options| options.with_steps(1))
        .and_then(|options| options.with_centre(0.01))
        .and_then(|options| options.with_residual_clip(0.5))
        .expect("in range");
    let (epsilon, delta) =
        (Epsilon::new(AUDITED.0).expect("positive"), Delta::new(AUDITED.1).expect("small"));
    let shipped = DescentMechanism::calibrate(&options, ReplaceRow, epsilon, delta).expect("noise");
    let added = DescentMechanism::calibrate(&options, AddRemoveRow, epsilon, delta).expect("noise");
    let row = |x: f64| Mat::from_vec(1, 1, vec![x]).expect("an entry");
    match subject {
        Subject::AsShipped => audited(context, (row(1.0), row(-1.0)), &shipped, ReplaceRow),
        Subject::Broken => audited(context, (row(1.0), row(-1.0)), &added, AddRemoveRow),
    }
}

fn audited<A: DescentAdjacency>(
    context: &Context,
    (first, second): (Mat, Mat),
    mechanism: &DescentMechanism<A>,
    adjacency: A,
) -> Outcome {
    let n = context.scale(12_000, 300_000);
    let run = |rows: &Mat, mut rng: &mut dyn CryptoRng| {
        let records = PrivateRecords::new(adjacency, (rows.as_ref(), &[0_usize][..]));
        let release = mechanism.release(records, &mut rng).expect("equal shapes");
        // weights are the gradient over the number of rows, along (1, −1)
        let weights = release.value().weights();
        (weights[(0, 0)] - weights[(0, 1)]) * release.value().rows()
    };
    let report = lower_bound::audit(context, (first, second, adjacency), (n, AUDITED.1, ALPHA), run);
    let profile = |epsilon: f64| mechanism.profile().delta(epsilon);
    let of = "a step of descent, a record replaced";
    let stated = Stated { of, epsilon: AUDITED.0, delta: AUDITED.1, profile: &profile };
    stated.against(&report, 0.5)
}

/// Hard records by several threads, against the sum of each record's own gradient. In the twin one record is added twice.
pub(super) fn sums(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, mut compared) = (0, 0);
    for _ in 0..context.scale(6, 100) {
        let options = any_options(&mut rng).with_parallelism(Parallelism::threads(rng.random_range(1..4)));
        let like = some_weights(&mut rng, &options);
        let mechanism = (&mechanism(&options, AddRemoveRow, 1.0), AddRemoveRow);
        let n = rng.random_range(1..2500);
        let mut all = Records::hard(&mut rng, &options, n);
        // one that is sure to add something
        all.features.row_mut(0).fill(0.5);
        all.labels[0] = 0;
        let one = |i: usize| {
            let features = all.features.as_ref().subrows(i..i + 1).to_owned();
            Records { features, labels: vec![all.labels[i]] }.gradient(mechanism, &like)
        };
        let mut naive = vec![0_i64; like.weights().nrows() * like.weights().ncols()];
        let twice = subject.pick(None, Some(0));
        for i in (0..n).rev().chain(twice) {
            naive.iter_mut().zip(one(i)).for_each(|(sum, own)| *sum += own);
        }
        let found = all.gradient(mechanism, &like);
        wrong += found.iter().zip(&naive).filter(|(a, b)| a != b).count() as u64;
        compared += naive.len() as u64;
    }
    Outcome::all_equal(wrong, compared)
}

/// Features of images alone against those of the same images among others, in another order and by two threads, to the last bit. In the twin an image is
/// divided by the largest pixel of its batch.
pub(super) fn row_local(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, mut compared) = (0, 0);
    for _ in 0..context.scale(4, 40) {
        let sides = [1, 3].map(|channels| (channels, rng.random_range(5..20), rng.random_range(5..20)));
        let (channels, height, width) = sides[rng.random_range(0..2)];
        let shape = ImageShape::new(channels, height, width).expect("small");
        let textures = Textures::new(shape).draw(60, &mut rng);
        let scattering = Scattering::new(shape)
            .with_symmetry([Symmetry::None, Symmetry::Mirror][rng.random_range(0..2)])
            .with_colours([Colours::Given, Colours::Opponent][rng.random_range(0..2)])
            .with_compression([Compression::None, Compression::Root][rng.random_range(0..2)]);
        let options = FeatureOptions::new(20)
            .with_basis([CellBasis::Cells, CellBasis::Frequencies][rng.random_range(0..2)])
            .with_whitening(rng.random_range(0.0..1.0))
            .expect("a power");
        let fitted = ImageFeatures::fit(scattering, textures.as_ref(), &options, Parallelism::Sequential);
        let features = fitted.expect("more directions than that");
        let n = rng.random_range(2..30);
        let images = Mat::from_fn(n, shape.len(), |_, _| rng.random_range(-1.0..1.0));
        let apply = |images: &Mat, threads: usize| {
            let largest = largest(images.as_slice().iter().map(|x| x.abs()));
            let scale = subject.pick(1.0, largest);
            let scaled = Mat::from_fn(images.nrows(), images.ncols(), |i, j| images[(i, j)] / scale);
            features.apply(scaled.as_ref(), Parallelism::threads(threads)).expect("images of this shape")
        };
        let together = apply(&images, 2);
        for i in 0..n {
            let alone = apply(&images.as_ref().subrows(i..i + 1).to_owned(), 1);
            wrong += alone.row(0).iter().zip(together.row(i)).filter(|(a, b)| a != b).count() as u64;
            compared += alone.ncols() as u64;
        }
    }
    Outcome::all_equal(wrong, compared)
}
