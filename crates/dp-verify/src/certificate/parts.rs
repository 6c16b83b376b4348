//! The parts of a guarantee, from the parameters of a certificate.

use dp_mechanisms::selection::{
    ExponentialMechanism, MonotoneScoreSensitivity, PermuteAndFlip, ReportNoisyMax, ScoreMovement,
    ScoreSensitivity, SpreadSensitivity,
};
use dp_mechanisms::{
    Adjacency, Certificate, Epsilon, LatticeFrobeniusSensitivity, LatticeGaussian, LatticeL1Sensitivity,
    LatticeL2Sensitivity, LatticeLaplace, NoiseScale, NoiseStd, PrivacyProfile, SymmetricGaussian,
    TruncatedLaplace,
};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// As joined certificates have it: how many releases, what stands between values that differ, and that some are missing.
const JOINED: &str = "joined_releases";
const SEPARATOR: &str = "; ";
const LEFT_OUT: &str = "left_out";
/// Values that are listed at most.
const LISTED: u64 = 64;

/// What a release has that is not composed: one of these, by which its kind is known.
const MARKS: [&str; 5] = [
    "squared_l2_sensitivity",
    "squared_frobenius_sensitivity",
    "l1_sensitivity",
    "score_sensitivity",
    "level",
];
/// And what belongs to kinds that are known, or to others that are not.
const OF_NOISE: [&str; 8] = [
    "noise_std",
    "off_diagonal_noise_std",
    "noise_scale",
    "noise_bound",
    "threshold",
    "distance_noise_scale",
    "proposed_l1_sensitivity",
    "draws",
];

/// All parts composed; nothing if one is of no known kind, or its parameters do not suffice.
pub(super) fn total<A: Adjacency>(certificate: &Certificate<PrivacyProfile<A>>) -> Option<PrivacyProfile<A>> {
    let parameters =
        certificate.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let node = Node { parameters, mechanism: certificate.mechanism() };
    node.profile(certificate.guarantee().adjacency())
}

/// The parameters of a certificate that is not composed, or of one of the two that one is composed of.
struct Node<'a> {
    parameters: BTreeMap<&'a str, &'a str>,
    mechanism: &'a str,
}

impl<'a> Node<'a> {
    /// Two certificates are composed under the prefixes `0.` and `1.`, any number of equal kind without one.
    fn profile<A: Adjacency>(&self, adjacency: A) -> Option<PrivacyProfile<A>> {
        let count = self.releases()?;
        let is_prefixed = |name: &&str| name.starts_with(|c: char| c.is_ascii_digit());
        let prefixes: BTreeSet<&str> =
            self.parameters.keys().filter(|name| is_prefixed(name)).map(|name| prefix(name)).collect();
        if self.parameters.contains_key(LEFT_OUT) {
            return None;
        }
        if prefixes.is_empty() {
            return self.leaf(count, adjacency);
        }
        // a third part beside the two would be passed over
        let mut of_parts = MARKS.iter().chain(&OF_NOISE);
        if prefixes.into_iter().ne(["0.", "1."]) || of_parts.any(|name| self.parameters.contains_key(name)) {
            return None;
        }
        let [first, second] = ["0.", "1."].map(|prefix| self.child(prefix).profile(adjacency));
        Some(first?.and(&second?).ok()?.repeated(count))
    }

    fn child(&self, prefix: &str) -> Self {
        let inside =
            self.parameters.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, *value)));
        Self { parameters: inside.collect(), mechanism: self.mechanism }
    }

    /// How many releases were joined; nothing if that is no count.
    fn releases(&self) -> Option<u64> {
        let count = self.parameters.get(JOINED).map_or(Some(1), |count| count.parse().ok())?;
        (1..=1 << 40).contains(&count).then_some(count)
    }

    /// Releases that share these parameters, but for those that are listed.
    fn leaf<A: Adjacency>(&self, count: u64, adjacency: A) -> Option<PrivacyProfile<A>> {
        if !self.is_of_whole_trees(count) {
            return None;
        }
        let lists = self.parameters.values().any(|value| value.contains(SEPARATOR));
        if !lists {
            return Some(self.one(adjacency)?.repeated(count));
        }
        if count > LISTED {
            return None;
        }
        let each = |index: u64| self.release(index, count).one(adjacency);
        let parts = (0..count).map(each).collect::<Option<Vec<PrivacyProfile<A>>>>()?;
        parts.iter().try_fold(PrivacyProfile::nothing(adjacency), |sum, part| sum.and(part).ok())
    }

    /// Whether trees with noise piece by piece have all their pieces: each piece is a release of its own.
    fn is_of_whole_trees(&self, count: u64) -> bool {
        let is_in_pieces = self.parameters.contains_key("l1_sensitivity");
        let Some(pieces) = self.parameters.get("touched_pieces").filter(|_| is_in_pieces) else {
            return true;
        };
        let listed: Vec<&str> = pieces.split(SEPARATOR).collect();
        let each = if listed.len() == 1 { count } else { 1 };
        let mut releases = BTreeMap::new();
        for pieces in listed {
            *releases.entry(pieces).or_insert(0) += each;
        }
        let is_whole = |(pieces, releases): (&str, u64)| {
            pieces.parse().is_ok_and(|pieces: u64| pieces > 0 && releases.is_multiple_of(pieces))
        };
        releases.into_iter().all(is_whole)
    }

    /// The parameters of one release of those that were joined: its own of a list, or the one of all.
    fn release(&self, index: u64, count: u64) -> Self {
        let own = |value: &'a str| {
            let listed: Vec<&str> = value.split(SEPARATOR).collect();
            let is_list = count > 1 && listed.len() as u64 == count;
            if is_list { listed[index as usize] } else { value }
        };
        let parameters = self.parameters.iter().map(|(name, value)| (*name, own(value))).collect();
        Self { parameters, mechanism: self.mechanism }
    }

    fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.parameters.get(name)?.parse().ok()
    }

    /// The guarantee of one release, of the one kind whose sensitivity is recorded.
    fn one<A: Adjacency>(&self, adjacency: A) -> Option<PrivacyProfile<A>> {
        let mut found = MARKS.into_iter().filter(|mark| self.parameters.contains_key(mark));
        match (found.next()?, found.next()) {
            (mark @ "squared_l2_sensitivity", None) => {
                let moves = LatticeL2Sensitivity::from_square(self.number(mark)?, adjacency).ok()?;
                let std = NoiseStd::new(self.number("noise_std")?).ok()?;
                Some(LatticeGaussian::with_noise_std(std, moves).ok()?.profile().clone())
            }
            (mark @ "squared_frobenius_sensitivity", None) => {
                self.symmetric(LatticeFrobeniusSensitivity::from_square(self.number(mark)?, adjacency).ok()?)
            }
            ("l1_sensitivity", None) => {
                self.laplace(LatticeL1Sensitivity::new(self.number("l1_sensitivity")?, adjacency).ok()?)
            }
            ("score_sensitivity", None) => self.scores(adjacency),
            ("level", None) => {
                Some(PrivacyProfile::pure(Epsilon::new(self.number("epsilon")?).ok()?, adjacency))
            }
            _ => None,
        }
    }

    /// With at least `1/√2` of the noise off the diagonal, each entry of which stands for two.
    fn symmetric<A: Adjacency>(&self, moves: LatticeFrobeniusSensitivity<A>) -> Option<PrivacyProfile<A>> {
        let std = NoiseStd::new(self.number("noise_std")?).ok()?;
        let made = SymmetricGaussian::with_noise_std(std, moves).ok()?;
        let least = made.noise().off_diagonal().noise_std().get();
        let is_enough = self.number::<f64>("off_diagonal_noise_std")? >= least;
        is_enough.then(|| made.profile().clone())
    }

    fn laplace<A: Adjacency>(&self, moves: LatticeL1Sensitivity<A>) -> Option<PrivacyProfile<A>> {
        let scale = NoiseScale::new(self.number("noise_scale")?).ok()?;
        if self.parameters.contains_key("noise_bound") {
            let bound = self.number("noise_bound")?;
            return Some(
                TruncatedLaplace::with_noise_scale_and_bound(scale, bound, moves).ok()?.profile().clone(),
            );
        }
        Some(LatticeLaplace::with_noise_scale(scale, moves).ok()?.profile().clone())
    }

    fn scores<A: Adjacency>(&self, adjacency: A) -> Option<PrivacyProfile<A>> {
        let steps = self.number("score_sensitivity")?;
        let movement = *self.parameters.get("score_movement")?;
        if movement == <ScoreSensitivity<A> as ScoreMovement>::NAME {
            self.selection(ScoreSensitivity::new(steps, adjacency).ok()?)
        } else if movement == <MonotoneScoreSensitivity<A> as ScoreMovement>::NAME {
            self.selection(MonotoneScoreSensitivity::new(steps, adjacency).ok()?)
        } else if movement == <SpreadSensitivity<A> as ScoreMovement>::NAME {
            self.selection(SpreadSensitivity::new(steps, self.number("score_spread")?, adjacency).ok()?)
        } else {
            None
        }
    }

    fn selection<S: ScoreMovement>(&self, moves: S) -> Option<PrivacyProfile<S::Adjacency>> {
        // sparse vector has scores too, and other noise
        if self.parameters.contains_key("threshold") {
            return None;
        }
        if self.parameters.contains_key("noise_scale") {
            let scale = NoiseScale::new(self.number("noise_scale")?).ok()?;
            return Some(ReportNoisyMax::with_noise_scale(scale, moves).ok()?.profile().clone());
        }
        let epsilon = Epsilon::new(self.number("epsilon")?).ok()?;
        // several mechanisms in one certificate: what holds of both kinds
        let has = |name: &str| self.mechanism.contains(name);
        match (has("exponential mechanism on integer scores"), has("permute and flip")) {
            (true, false) => Some(ExponentialMechanism::new(epsilon, moves).profile().clone()),
            (_, true) => Some(PermuteAndFlip::new(epsilon, moves).profile().clone()),
            _ => None,
        }
    }
}

/// `12.` of `12.noise_std`; all of a name that has no point.
fn prefix(name: &str) -> &str {
    name.find('.').map_or(name, |point| &name[..=point])
}
