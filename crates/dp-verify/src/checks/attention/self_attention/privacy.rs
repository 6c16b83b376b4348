//! What certificates record against the privacy that they state.

use super::{budget, close, neighbours, options, private, random_rows};
use crate::{Context, Outcome, Subject, larger};
use attention_dp::SelfAttentionOptions;
use dp_linalg::{Mat, Parallelism, SymmetricEigen, matmul, matmul_nt};
use dp_mechanisms::covariance::{Draws, EigenvalueChange, Spectrum};
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    ArithmeticModel, Certificate, Delta, Epsilon, LatticeGaussian, NoiseStd, PrivacyProfile, ReplaceRow,
    gaussian,
};
use rand_chacha::ChaCha20Rng;

const EPSILONS: [f64; 4] = [0.05, 0.5, 1.0, 10.0];
const DELTAS: [f64; 3] = [0.05, 1e-6, 1e-12];

/// Both sides round `Δ/σ`, by `2⁻⁵¹` at most; δ(ε) moves by `a² + 1` times that, relatively, and `|a| < 10` above 1e-20.
const SLACK: f64 = 1e-12;

/// δ at the recorded sensitivity and noise over the δ asked for, and certificates that do not fit.
#[derive(Default)]
struct Found {
    excess: f64,
    dishonest: u64,
    n: u64,
}

impl Found {
    fn judge<A: FixedSizeAdjacency>(
        &mut self,
        certificate: &Certificate<PrivacyProfile<A>>,
        (epsilon, delta): (Epsilon, Delta),
        (adjacency, claim): (A, &str),
    ) {
        let recorded =
            |key: &str| certificate.parameters().get(key).and_then(|text| text.parse::<f64>().ok());
        let (square, std) = (recorded("squared_l2_sensitivity"), recorded("noise_std"));
        let (square, std) = (square.unwrap_or(f64::NAN), std.unwrap_or(f64::NAN));
        let implied = gaussian::delta_bounds(epsilon.get(), (square.sqrt() / std).next_up()).1;
        self.excess = larger(self.excess, implied / delta.get());
        let honest = certificate.arithmetic() == ArithmeticModel::ExactLattice
            && certificate.guarantee().adjacency() == adjacency
            && certificate.guarantee().delta(epsilon.get()) >= implied * (1.0 - SLACK)
            && certificate.claims().iter().any(|id| id == claim);
        self.dishonest += u64::from(!honest);
        self.n += 1;
    }

    fn outcome(&self) -> Outcome {
        Outcome::worst([
            Outcome::at_most(self.excess, 1.0 + SLACK, self.n)
                .with_note("δ(ε) of the noise over the δ asked for"),
            Outcome::all_equal(self.dishonest, self.n).with_note("certificates that do not fit"),
        ])
    }
}

fn budgets() -> impl Iterator<Item = (Epsilon, Delta)> {
    EPSILONS.into_iter().flat_map(|epsilon| DELTAS.map(|delta| budget(epsilon, delta)))
}

/// The mechanism as shipped, or with half of its noise.
fn with_noise<A: FixedSizeAdjacency>(mechanism: &LatticeGaussian<A>, subject: Subject) -> LatticeGaussian<A> {
    let std = NoiseStd::new(mechanism.noise_std().get() * subject.pick(1.0, 0.5)).expect("a normal number");
    LatticeGaussian::with_noise_std(std, mechanism.sensitivity()).expect("supported noise")
}

fn lattice_route<A: FixedSizeAdjacency>(
    (adjacency, gram): (A, bool),
    subject: Subject,
    found: &mut Found,
    rng: &mut ChaCha20Rng,
) {
    for shape in [(2, 1), (5, 3)] {
        let options = options(shape.0, shape.1, 1.0);
        let rows = random_rows(rng, shape, 0.5);
        for (epsilon, delta) in budgets() {
            let build = || private(adjacency, &options, &rows);
            let (release, claim) = if gram {
                let mechanism = build().gram_mechanism(epsilon, delta).expect("supported noise");
                let release = build().release_gram_with(&with_noise(&mechanism, subject), rng);
                (release, "attention.self.gram.privacy")
            } else {
                let mechanism = build().rows_mechanism(epsilon, delta).expect("supported noise");
                let release = build().release_rows_with(&with_noise(&mechanism, subject), rng);
                (release, "attention.self.rows.privacy")
            };
            let release = release.expect("little noise fits the lattice");
            found.judge(release.certificate(), (epsilon, delta), (adjacency, claim));
        }
    }
}

/// Noise on rows. The twin releases with half the noise.
pub(super) fn rows(context: &mut Context, subject: Subject) -> Outcome {
    let (mut rng, mut found) = (context.rng(0), Found::default());
    lattice_route((close(0.1), false), subject, &mut found, &mut rng);
    lattice_route((ReplaceRow, false), subject, &mut found, &mut rng);
    found.outcome()
}

/// Noise on the triangle. The twin releases with half the noise.
pub(super) fn gram(context: &mut Context, subject: Subject) -> Outcome {
    let (mut rng, mut found) = (context.rng(0), Found::default());
    lattice_route((close(0.1), true), subject, &mut found, &mut rng);
    lattice_route((ReplaceRow, true), subject, &mut found, &mut rng);
    found.outcome()
}

/// The recorded number of draws on a pair of neighbours that is nearly the worst, by its own eigenvalues: δ is met, and
/// nearly attained. The twin draws a tenth more than the certificate allows.
pub(super) fn sampling(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut largest, mut dishonest, mut n) = (0.0_f64, 0, 0);
    for (beta, ridge, targets) in SAMPLED {
        // the first row leaves zero, 200 others are along its step
        let shape = (201, 1);
        let options = options(shape.0, shape.1, 1.0).with_ridge(ridge);
        let (first, second) = neighbours(&super::aligned(shape, beta, beta), shape, beta);
        let [up, down] = extreme_changes(&options, &first, &second, beta);
        for target in targets {
            let (epsilon, delta) = budget(target.0, target.1);
            let rows = Mat::zeros(shape.0, shape.1);
            let mechanism = private(close(beta), &options, &rows).sampling_mechanism(epsilon, delta);
            let draws = mechanism.expect("the target allows several draws").draws().get();
            let taken = Draws::new(subject.pick(draws, draws + draws.div_ceil(10))).expect("positive");
            let met = Spectrum::new(&[up, down], taken).delta_bounds(epsilon.get()).0 / delta.get();
            largest = larger(largest, met);
            n += 1;
            dishonest += u64::from(!is_honest(&options, beta, target, &mut rng));
        }
    }
    if subject == Subject::AsShipped && largest < 0.5 {
        return Outcome::inconclusive(format!("the pair attains {largest:.3} of δ only"));
    }
    Outcome::worst([
        Outcome::at_most(largest, 1.0, n)
            .with_note(format!("δ(ε) of the pair over the δ asked for: {largest:.4}")),
        Outcome::all_equal(dishonest, n).with_note("certificates that do not fit"),
    ])
}

/// Displacements and ridges, with targets that allow some draws of them: the largest change allows none at `(1, 10⁻⁶)`.
const SAMPLED: [(f64, f64, [Target; 2]); 3] = [
    (0.02, 1.0, [(1.0, 1e-6), (4.0, 1e-3)]),
    (0.005, 0.5, [(1.0, 1e-6), (4.0, 1e-3)]),
    (0.01, 0.02, [(2.0, 1e-6), (4.0, 1e-3)]),
];

/// ε and δ.
type Target = (f64, f64);

/// The largest and the least eigenvalue of `Σ'^{−1/2}ΣΣ'^{−1/2}`, less one.
fn extreme_changes(
    options: &SelfAttentionOptions,
    first: &Mat,
    second: &Mat,
    beta: f64,
) -> [EigenvalueChange; 2] {
    let [a, b] = [first, second].map(|rows| {
        private(close(beta), options, rows).into_covariance().expect("a small change").assume_public()
    });
    // neighbours are the same in all but two directions, so that the pencil is taken of the order that loses more
    let whiten = SymmetricEigen::new(b.as_ref()).expect("symmetric").map(|value| 1.0 / value.sqrt());
    let half = matmul(whiten.as_ref(), a.as_ref(), Parallelism::Sequential).expect("square");
    let whole = matmul_nt(half.as_ref(), whiten.as_ref(), Parallelism::Sequential).expect("square");
    let eigen = SymmetricEigen::new(whole.as_ref()).expect("symmetric");
    let values = eigen.values();
    [values[values.len() - 1], values[0]]
        .map(|value| EigenvalueChange::new(value - 1.0).expect("positive definite"))
}

fn is_honest(options: &SelfAttentionOptions, beta: f64, target: Target, rng: &mut ChaCha20Rng) -> bool {
    let rows = Mat::zeros(options.rows(), options.dim());
    let (epsilon, delta) = budget(target.0, target.1);
    let few = options.with_max_draws(Draws::new(8).expect("positive"));
    let release = private(close(beta), &few, &rows).release_sampling(epsilon, delta, rng);
    let release = release.expect("the target allows several draws");
    let certificate = release.certificate();
    certificate.arithmetic() == ArithmeticModel::RealModel
        && certificate.guarantee().adjacency() == close(beta)
        && certificate.guarantee().delta(target.0) <= target.1
        && certificate.claims().iter().any(|id| id == "attention.self.sampling.privacy")
}
