//! An audit of whole releases, from rows to integers, on the worst neighbours.

use super::{Row, aggregate, aggregate_documents, budget, integers_of, options};
use crate::checks::lower_bound::{Events, Stated, list, together};
use crate::{Context, Outcome, Subject};
use attention_dp::{MomentAdjacency, PrivateMoments};
use dp_mechanisms::{AddRemoveRow, LatticeGaussian, NoiseStd, PerturbRow, ReplaceRow};
use rand_chacha::ChaCha20Rng;

/// All events of one audit together accuse a private release with at most this probability; there are four.
const ALPHA: f64 = 2.5e-7;

/// Privacy that is asked for: a large δ, because an audit sees no event rarer than one in its number of runs.
const TARGET: (f64, f64) = (1.0, 0.1);

/// Where events begin, in standard deviations of the shipped noise from the first neighbour toward the second.
const THRESHOLDS: [f64; 6] = [0.5, 1.0, 1.25, 1.5, 2.0, 2.5];

/// What can be wrong with a release.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    HalfNoise,
    BareNormaliser,
}

/// The lower bound of ε is at most what the certificate says, under each adjacency. Two twins are judged, one with
/// half the noise and one whose normaliser is released as it is; the mildest finding counts. An audit that finds little
/// is no evidence.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let options = options(1, 1, 2, 1.0);
    let row = |x: f64| -> Row { (vec![x], vec![x]) };
    let rows = |x: &[f64]| x.iter().map(|&x| row(x)).collect::<Vec<_>>();
    let one_more = Audit {
        of: "moments, a row more",
        build: &|side| aggregate(AddRemoveRow, &options, &rows([&[][..], &[1.0]][side])),
    };
    let replaced = Audit {
        of: "moments, a row replaced",
        build: &|side| aggregate(ReplaceRow, &options, &rows([&[1.0], &[-1.0]][side])),
    };
    // a move by 0.14 from (1, 1) towards zero
    let close = PerturbRow::new(0.1 * 2.0_f64.sqrt()).expect("a radius");
    let perturbed = Audit {
        of: "moments, a row moved",
        build: &|side| aggregate(close, &options, &rows([&[1.0], &[0.9]][side])),
    };
    let weighty = options.clone().with_document_weight(2);
    // three rows that weigh two
    let documents = Audit {
        of: "moments, a document more",
        build: &|side| {
            aggregate_documents(&weighty, &[rows(&[0.5]), rows([&[][..], &[1.0, 1.0, 1.0]][side])])
        },
    };
    let faults = subject.pick(&[Fault::None][..], &[Fault::HalfNoise, Fault::BareNormaliser]);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for &fault in faults {
        let mut rng = context.rng(0);
        outcomes.extend([
            one_more.run(context, fault, &mut rng),
            replaced.run(context, fault, &mut rng),
            documents.run(context, fault, &mut rng),
        ]);
        // so small a move hardly shows in the normaliser
        outcomes.extend((fault != Fault::BareNormaliser).then(|| perturbed.run(context, fault, &mut rng)));
    }
    let note = format!("audited ε under add/remove, replace, documents, perturb: {}", list(&outcomes));
    together(outcomes, subject).with_note(note)
}

struct Audit<'a, A> {
    /// What is audited.
    of: &'a str,
    /// The aggregate of one neighbour or the other.
    build: &'a dyn Fn(usize) -> PrivateMoments<A>,
}

impl<A: MomentAdjacency> Audit<'_, A> {
    fn run(&self, context: &Context, fault: Fault, rng: &mut ChaCha20Rng) -> Outcome {
        let n = context.scale(40_000, 1_000_000);
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let sensitivity = (self.build)(0).sensitivity().expect("small squares");
        let shipped = LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise");
        let std = shipped.noise_std().get();
        let profile = shipped.profile().clone();
        let mechanism = if fault == Fault::HalfNoise {
            let half = NoiseStd::new(std / 2.0).expect("half of a normal number");
            LatticeGaussian::with_noise_std(half, sensitivity).expect("supported noise")
        } else {
            shipped
        };
        let draws = [0, 1].map(|side| self.draws(side, n, (&mechanism, std), fault, rng));
        let level = context.spend(ALPHA);
        let events = |statistic: usize| {
            let [lower, higher] = [0, 1].map(|side: usize| column(&draws[side], statistic));
            Events::above(&THRESHOLDS, [&higher, &lower], level)
        };
        let stated = Stated {
            of: self.of,
            epsilon: profile.epsilon(delta),
            delta: TARGET.1,
            profile: &|epsilon| profile.delta(epsilon),
        };
        stated.against(&events(0).and(&events(1)), 0.5)
    }

    /// Releases of one neighbour: their distance from the first neighbour's integers along the difference of both (the
    /// most powerful test), and along the normaliser's part of it; in units of `std`.
    fn draws(
        &self,
        side: usize,
        n: usize,
        (mechanism, std): (&LatticeGaussian<A>, f64),
        fault: Fault,
        rng: &mut ChaCha20Rng,
    ) -> Vec<[f64; 2]> {
        let [from, to] = [0, 1].map(|side| integers_of((self.build)(side)));
        let exact = [&from, &to][side].clone();
        let one = |_| {
            let release =
                (self.build)(side).release_with(mechanism, rng).expect("little noise fits the lattice");
            let mut steps = release.value().steps().to_vec();
            if fault == Fault::BareNormaliser {
                (1..steps.len()).step_by(2).for_each(|i| steps[i] = exact[i]);
            }
            [along(&steps, &from, &to, 1) / std, along(&steps, &from, &to, 2) / std]
        };
        (0..n).map(one).collect()
    }
}

/// One statistic of all draws.
pub(super) fn column<const N: usize>(draws: &[[f64; N]], which: usize) -> Vec<f64> {
    draws.iter().map(|draw| draw[which]).collect()
}

/// Length of `steps − from` along `to − from`; of all entries, or of every second one from the end.
fn along(steps: &[i64], from: &[i64], to: &[i64], every: usize) -> f64 {
    let entries = || (0..steps.len()).rev().step_by(every);
    let difference = |i: usize| (to[i] - from[i]) as f64;
    let length = entries().map(|i| difference(i).powi(2)).sum::<f64>().sqrt();
    entries().map(|i| (steps[i] - from[i]) as f64 * difference(i)).sum::<f64>() / length
}
