//! The noise that a release records against the privacy that it states.

use super::{budget, options};
use crate::checks::picture::AgainstBounds;
use crate::{Context, Outcome, Subject, larger};
use attention_dp::{AttentionMoments, MomentAdjacency, MomentOptions, PrivateMoments};
use dp_mechanisms::{
    AddRemoveDocument, AddRemoveRow, ArithmeticModel, Delta, Epsilon, LatticeGaussian, LatticeL2Sensitivity,
    NoiseStd, PerturbRow, PrivacyProfile, Release, ReplaceRow, gaussian,
};
use rand_chacha::ChaCha20Rng;

const EPSILONS: [f64; 5] = [0.02, 0.5, 1.0, 3.0, 20.0];
const DELTAS: [f64; 4] = [0.1, 1e-6, 1e-12, 1e-300];

/// Both sides round `Δ/σ`, by `2⁻⁵¹` at most; δ(ε) moves by `a² + 1` times that, relatively, and `|a| < 38` above 1e-300.
const SLACK: f64 = 1e-12;

/// δ(ε) at the integer sensitivity and the recorded noise is at most the δ asked for, the certificate says no less than
/// that, and says what it is about. The twin releases with half the noise.
pub(super) fn calibration(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let cases = [options(1, 1, 2, 1.0), options(2, 2, 3, 1.0), options(2, 1, 2, 1.0).with_resolution(4, 4)];
    let close = PerturbRow::new(0.01).expect("a radius");
    let mut found = Found::default();
    for options in &cases {
        for (epsilon, delta) in EPSILONS.iter().flat_map(|&e| DELTAS.map(|d| budget(e, d))) {
            found.judge(AddRemoveRow, options, (epsilon, delta), subject, &mut rng);
            found.judge(ReplaceRow, options, (epsilon, delta), subject, &mut rng);
            found.judge(AddRemoveDocument, options, (epsilon, delta), subject, &mut rng);
            found.judge(close, options, (epsilon, delta), subject, &mut rng);
        }
    }
    Outcome::worst([
        Outcome::at_most(found.excess, 1.0 + SLACK, found.n)
            .with_note("δ(ε) of the noise over the δ asked for")
            .with_figure(
                found.pairs.picture("δ that the noise of moments has at ε, against the δ asked for"),
            ),
        Outcome::all_equal(found.dishonest, found.n).with_note("certificates that do not fit"),
    ])
}

#[derive(Default)]
struct Found {
    excess: f64,
    dishonest: u64,
    n: u64,
    pairs: AgainstBounds,
}

impl Found {
    fn judge<A: MomentAdjacency>(
        &mut self,
        adjacency: A,
        options: &MomentOptions,
        (epsilon, delta): (Epsilon, Delta),
        subject: Subject,
        rng: &mut ChaCha20Rng,
    ) {
        let moments = PrivateMoments::new(adjacency, options.clone()).expect("the options are sound");
        let sensitivity = adjacency.sensitivity(moments.geometry()).expect("small squares");
        let released = release(moments, sensitivity, (epsilon, delta), subject, rng);
        let std = released.value().noise_std().expect("a private release has noise").get();
        let implied = gaussian::delta_bounds(epsilon.get(), (sensitivity.l2() / std).next_up()).1;
        self.excess = larger(self.excess, implied / delta.get());
        self.pairs.push(delta.get(), implied);
        let certificate = released.certificate();
        let says = |key: &str| certificate.parameters().get(key).map(String::as_str);
        let honest = certificate.arithmetic() == ArithmeticModel::ExactLattice
            && certificate.guarantee().adjacency() == adjacency
            && certificate.guarantee().delta(epsilon.get()) >= implied * (1.0 - SLACK)
            && says("squared_l2_sensitivity") == Some(&sensitivity.square().to_string())
            && says("noise_std") == Some(&format!("{std:?}"));
        self.dishonest += u64::from(!honest);
        self.n += 1;
    }
}

fn release<A: MomentAdjacency>(
    moments: PrivateMoments<A>,
    sensitivity: LatticeL2Sensitivity<A>,
    (epsilon, delta): (Epsilon, Delta),
    subject: Subject,
    rng: &mut ChaCha20Rng,
) -> Release<AttentionMoments, PrivacyProfile<A>> {
    let noise_halved = || {
        let calibrated = LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise");
        let half = NoiseStd::new(calibrated.noise_std().get() / 2.0).expect("half of a normal number");
        LatticeGaussian::with_noise_std(half, sensitivity).expect("supported noise")
    };
    match subject {
        Subject::AsShipped => moments.release(epsilon, delta, rng),
        Subject::Broken => moments.release_with(&noise_halved(), rng),
    }
    .expect("little noise fits the lattice")
}
