//! The parts of a guarantee, from the parameters of a certificate.

use dp_mechanisms::selection::{
    ExponentialMechanism, MonotoneScoreSensitivity, PermuteAndFlip, ReportNoisyMax, ScoreMovement,
    ScoreSensitivity,
};
use dp_mechanisms::{
    Adjacency, Certificate, Epsilon, LatticeGaussian, LatticeL1Sensitivity, LatticeL2Sensitivity,
    LatticeLaplace, NoiseScale, NoiseStd, PrivacyProfile, TruncatedLaplace,
};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Parameters that each part has one of; what stands before them is the part's prefix.
const MARKS: [&str; 5] = [
    "squared_l2_sensitivity",
    "squared_frobenius_sensitivity",
    "l1_sensitivity",
    "score_sensitivity",
    "level",
];
/// As joined certificates have it.
const SEPARATOR: &str = "; ";

/// All parts composed; nothing if there is none, or one that is of no known kind.
pub(super) fn total<A: Adjacency>(certificate: &Certificate<PrivacyProfile<A>>) -> Option<PrivacyProfile<A>> {
    let (parameters, adjacency) = (certificate.parameters(), certificate.guarantee().adjacency());
    let prefixes: BTreeSet<&str> =
        parameters.keys().filter_map(|key| MARKS.iter().find_map(|mark| key.strip_suffix(mark))).collect();
    let parts: Option<Vec<PrivacyProfile<A>>> = prefixes
        .into_iter()
        .flat_map(|prefix| releases(parameters, prefix))
        .map(|part| part.profile(certificate.mechanism(), adjacency))
        .collect();
    let parts = parts.filter(|parts| !parts.is_empty())?;
    parts.iter().try_fold(PrivacyProfile::nothing(adjacency), |sum, part| sum.and(part).ok())
}

/// One release of those that share a prefix: the number `index` of `count`.
struct Part<'a> {
    parameters: &'a BTreeMap<String, String>,
    prefix: &'a str,
    index: usize,
    count: usize,
}

fn releases<'a>(parameters: &'a BTreeMap<String, String>, prefix: &'a str) -> impl Iterator<Item = Part<'a>> {
    let count =
        parameters.get(&format!("{prefix}releases")).and_then(|count| count.parse().ok()).unwrap_or(1);
    (0..count).map(move |index| Part { parameters, prefix, index, count })
}

impl Part<'_> {
    /// A parameter of this release: its own in a list, or the one of all.
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(&format!("{}{name}", self.prefix))?;
        let mut listed = value.split(SEPARATOR);
        if self.count > 1 && listed.clone().count() == self.count {
            listed.nth(self.index)
        } else {
            Some(value)
        }
    }

    fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    fn profile<A: Adjacency>(&self, mechanism: &str, adjacency: A) -> Option<PrivacyProfile<A>> {
        let square =
            self.number("squared_l2_sensitivity").or_else(|| self.number("squared_frobenius_sensitivity"));
        if let Some(square) = square {
            let moves = LatticeL2Sensitivity::from_square(square, adjacency).ok()?;
            let std = NoiseStd::new(self.number("noise_std")?).ok()?;
            return Some(LatticeGaussian::with_noise_std(std, moves).ok()?.profile().clone());
        }
        if let Some(moves) = self.number("l1_sensitivity") {
            return self.laplace(LatticeL1Sensitivity::new(moves, adjacency).ok()?);
        }
        if self.get("level").is_some() {
            return Some(PrivacyProfile::pure(Epsilon::new(self.number("epsilon")?).ok()?, adjacency));
        }
        let steps = self.number("score_sensitivity")?;
        let any = ScoreSensitivity::new(steps, adjacency).ok()?;
        let monotone = MonotoneScoreSensitivity::new(steps, adjacency).ok()?;
        match self.get("score_movement")? {
            name if name == <ScoreSensitivity<A> as ScoreMovement>::NAME => self.selection(mechanism, any),
            name if name == <MonotoneScoreSensitivity<A> as ScoreMovement>::NAME => {
                self.selection(mechanism, monotone)
            }
            _ => None,
        }
    }

    fn laplace<A: Adjacency>(&self, moves: LatticeL1Sensitivity<A>) -> Option<PrivacyProfile<A>> {
        let scale = NoiseScale::new(self.number("noise_scale")?).ok()?;
        if self.get("noise_bound").is_some() {
            let bound = self.number("noise_bound")?;
            return Some(
                TruncatedLaplace::with_noise_scale_and_bound(scale, bound, moves).ok()?.profile().clone(),
            );
        }
        Some(LatticeLaplace::with_noise_scale(scale, moves).ok()?.profile().clone())
    }

    fn selection<S: ScoreMovement>(&self, mechanism: &str, moves: S) -> Option<PrivacyProfile<S::Adjacency>> {
        if self.get("noise_scale").is_some() {
            let scale = NoiseScale::new(self.number("noise_scale")?).ok()?;
            return Some(ReportNoisyMax::with_noise_scale(scale, moves).ok()?.profile().clone());
        }
        let epsilon = Epsilon::new(self.number("epsilon")?).ok()?;
        // several mechanisms in one certificate: what holds of both kinds
        match (
            mechanism.contains("exponential mechanism on integer scores"),
            mechanism.contains("permute and flip"),
        ) {
            (true, false) => Some(ExponentialMechanism::new(epsilon, moves).profile().clone()),
            (_, true) => Some(PermuteAndFlip::new(epsilon, moves).profile().clone()),
            _ => None,
        }
    }
}
