//! What is guaranteed: one representation, with the usual notions as views of it.
//!
//! A guarantee is a curve `δ(ε)`, the *privacy profile* (Balle, Barthe, Gaboardi 2018): the mechanism is (ε, δ(ε))-DP for
//! every ε at once. It is kept as the list of the mechanisms that were composed, each with the parameter of its own guarantee, so
//! that nothing is lost by adding up early: how the losses add is decided when the curve is asked for
//! ([`Accountant`]).

use super::accountants::{self, Accountant};
use super::conversions::{smallest, zero_concentrated_delta};
use super::loss::Loss;
use super::single;
use crate::adjacency::{AddRemoveRow, Adjacency, Group, ReplaceRow};
use crate::error::Error;
use crate::gaussian;
use crate::params::{Delta, Epsilon, Mu, RenyiOrder, Rho};
use serde::{Deserialize, Serialize};

/// An upper bound on the privacy profile of a mechanism, or of several together, for the adjacency `A`.
///
/// Compositions may be adaptive: each mechanism may depend on what the ones before it released, as long as its guarantee was
/// fixed beforehand. (Guarantees that are chosen on the way need a [`Filter`](crate::accounting::Filter).)
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile};
///
/// let guarantee = PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow);
/// let delta = guarantee.delta(1.0);
/// assert!(delta > 2.92e-6 && delta < 2.93e-6);
/// let epsilon = guarantee.epsilon(Delta::new(1e-6)?);
/// assert!(epsilon > 1.060 && epsilon < 1.061);
/// assert_eq!(guarantee.zero_concentrated().unwrap().get(), 0.25 * 0.25 / 2.0);
///
/// // ten such releases and one count with Laplace noise
/// let count = PrivacyProfile::laplace(Epsilon::new(0.5)?, AddRemoveRow);
/// let (lower, upper) = guarantee.repeated(10).and(&count)?.epsilon_bounds(Delta::new(1e-6)?);
/// assert!(4.09 < lower && lower < upper && upper < lower * (1.0 + 1e-4));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", try_from = "Parts<A>")]
#[must_use]
pub struct PrivacyProfile<A> {
    parts: Vec<Part>,
    adjacency: A,
}

/// A guarantee and how many mechanisms have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) loss: Loss,
    pub(crate) count: u64,
}

/// As read from a file.
#[derive(Deserialize)]
#[serde(bound = "A: Adjacency", deny_unknown_fields)]
struct Parts<A> {
    parts: Vec<Part>,
    adjacency: A,
}

/// Nothing that a constructor makes.
#[derive(Debug, thiserror::Error)]
#[error("the file holds a guarantee that cannot be")]
struct Unsound;

impl<A: Adjacency> TryFrom<Parts<A>> for PrivacyProfile<A> {
    type Error = Unsound;

    fn try_from(Parts { parts, adjacency }: Parts<A>) -> Result<Self, Unsound> {
        let sound = parts.iter().all(|part| part.count > 0 && part.loss.is_sound(A::NAME));
        if sound { Ok(Self { parts, adjacency }) } else { Err(Unsound) }
    }
}

impl<A: Adjacency> PrivacyProfile<A> {
    /// Nothing was released: `δ(ε) = 0`. The start of a ledger.
    pub const fn nothing(adjacency: A) -> Self {
        Self { parts: Vec::new(), adjacency }
    }

    /// ε-differential privacy.
    pub fn pure(epsilon: Epsilon, adjacency: A) -> Self {
        Self::of(Loss::Pure { epsilon }, adjacency)
    }

    /// (ε, δ)-differential privacy at one point.
    pub fn approximate(epsilon: Epsilon, delta: Delta, adjacency: A) -> Self {
        Self::of(Loss::Approximate { epsilon, delta }, adjacency)
    }

    /// ρ-zero-concentrated differential privacy (Bun, Steinke 2016).
    pub fn zero_concentrated_from(rho: Rho, adjacency: A) -> Self {
        Self::of(Loss::ZeroConcentrated { rho }, adjacency)
    }

    /// μ-Gaussian differential privacy (Dong, Roth, Su 2019): no more distinguishable than `N(0, 1)` from `N(μ, 1)`.
    pub fn gaussian(mu: Mu, adjacency: A) -> Self {
        Self::of(Loss::Gaussian { mu }, adjacency)
    }

    /// Laplace noise of scale `Δ/ε` on *one* number of sensitivity Δ: no more distinguishable than the law from itself moved by
    /// ε scales. ε-differentially private, and composes better than that alone tells. (For vectors of L1 sensitivity Δ use
    /// [`pure`](Self::pure).)
    pub fn laplace(epsilon: Epsilon, adjacency: A) -> Self {
        Self::of(Loss::Laplace { epsilon }, adjacency)
    }

    pub(crate) fn of(loss: Loss, adjacency: A) -> Self {
        Self { parts: vec![Part { loss, count: 1 }], adjacency }
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Both together, on the same data.
    ///
    /// # Errors
    ///
    /// [`Error::AdjacencyDiffers`] for two adjacencies of one type that differ, as radii of a perturbation do.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{Delta, Epsilon, PerturbRow, PrivacyProfile};
    ///
    /// let pure = |radius: f64| Ok::<_, dp_mechanisms::Error>(PrivacyProfile::pure(Epsilon::new(0.5)?, PerturbRow::new(radius)?));
    /// let both = pure(1.0)?.and(&pure(1.0)?)?;
    /// assert!((both.epsilon(Delta::new(1e-12)?) - 1.0).abs() < 1e-9);
    /// assert!(pure(1.0)?.and(&pure(2.0)?).is_err());
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn and(&self, other: &Self) -> Result<Self, Error> {
        if self.adjacency != other.adjacency {
            return Err(Error::AdjacencyDiffers);
        }
        let mut parts = self.parts.clone();
        add(&mut parts, &other.parts);
        Ok(Self { parts, adjacency: self.adjacency })
    }

    /// As many times, on the same data; zero times is nothing.
    pub fn repeated(&self, count: u64) -> Self {
        let repeat = |part: &Part| Part { loss: part.loss.clone(), count: part.count.saturating_mul(count) };
        let parts = if count == 0 { Vec::new() } else { self.parts.iter().map(repeat).collect() };
        Self { parts, adjacency: self.adjacency }
    }

    /// Upper bound on δ at this ε ≥ 0; 1 for NaN and negative ε.
    ///
    /// Gaussian: Balle and Wang 2018, Theorem 8. Pure: `(1 − e^(ε − ε₀))/(1 + e^−ε₀)`, attained by randomised response
    /// (Kairouz, Oh, Viswanath 2015). Zero-concentrated: Canonne, Kamath, Steinke 2020, Proposition 12. Compositions: the best
    /// accountant that applies.
    #[must_use]
    pub fn delta(&self, epsilon: f64) -> f64 {
        if epsilon.is_nan() || epsilon < 0.0 {
            return 1.0;
        }
        match (&self.parts[..], accountants::total_mu(&self.parts)) {
            ([], _) => 0.0,
            (_, Some((_, upper))) => gaussian::delta_bounds(epsilon, upper).1,
            ([Part { loss, count: 1 }], _) => match loss {
                Loss::ZeroConcentrated { rho } => zero_concentrated_delta(rho.get(), epsilon),
                _ => single::delta_bounds(loss, epsilon).1,
            },
            (parts, _) => best(1.0, |way| accountants::delta(parts, way, epsilon)).min(1.0),
        }
    }

    /// Lower and upper bound on δ at this ε ≥ 0: of the worst mechanisms that have these guarantees. The lower bound is the loss of
    /// known mechanisms.
    #[must_use]
    pub fn delta_bounds(&self, epsilon: f64) -> (f64, f64) {
        let upper = self.delta(epsilon);
        let lower = if epsilon >= 0.0 { self.delta_lower(epsilon) } else { 0.0 };
        ordered(lower, upper)
    }

    fn delta_lower(&self, epsilon: f64) -> f64 {
        match (&self.parts[..], accountants::total_mu(&self.parts)) {
            ([], _) => 0.0,
            (_, Some((lower, _))) => gaussian::delta_bounds(epsilon, lower).0,
            ([Part { loss, count: 1 }], _) => single::delta_bounds(loss, epsilon).0,
            _ => accountants::attained_delta(&self.parts, epsilon),
        }
    }

    /// Upper bound on ε at this δ; infinite if no finite ε is known to suffice.
    #[must_use]
    pub fn epsilon(&self, delta: Delta) -> f64 {
        match (&self.parts[..], accountants::total_mu(&self.parts)) {
            ([], _) => 0.0,
            (_, Some((_, upper))) => {
                Mu::new(upper).map_or(f64::INFINITY, |upper| gaussian::epsilon_upper(delta, upper))
            }
            ([Part { loss, count: 1 }], _) => {
                smallest(single::sufficient(loss, delta), |e| self.delta(e) <= delta.get())
            }
            (parts, _) => best(f64::INFINITY, |way| accountants::epsilon(parts, way, delta)),
        }
    }

    /// Lower and upper bound on ε at this δ: of the worst mechanisms that have these guarantees. The lower bound is the loss of
    /// known mechanisms.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, PrivacyProfile};
    ///
    /// // Laplace noise of scale 50, a hundred times
    /// let once = PrivacyProfile::laplace(Epsilon::new(0.02)?, AddRemoveRow);
    /// let (lower, upper) = once.repeated(100).epsilon_bounds(Delta::new(1e-6)?);
    /// assert!(0.819_357 < lower && upper < 0.819_358);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn epsilon_bounds(&self, delta: Delta) -> (f64, f64) {
        let upper = self.epsilon(delta);
        ordered(self.epsilon_lower(delta), upper)
    }

    /// Lower and upper bound on ε at this δ by one way of adding up; `None` where it does not apply to these guarantees.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{Accountant, AddRemoveRow, Delta, Epsilon, PrivacyProfile};
    ///
    /// let total = PrivacyProfile::pure(Epsilon::new(0.02)?, AddRemoveRow).repeated(1000);
    /// let delta = Delta::new(1e-6)?;
    /// let by = |accountant| total.epsilon_bounds_by(accountant, delta).unwrap().1;
    /// let ways = [Accountant::Basic, Accountant::Advanced, Accountant::ZeroConcentrated, Accountant::Renyi, Accountant::LossDistribution];
    /// let epsilons = ways.map(by);
    /// assert!(epsilons.is_sorted_by(|a, b| a > b)); // 20, 3.52, 3.15, 3.12, 2.92
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn epsilon_bounds_by(&self, accountant: Accountant, delta: Delta) -> Option<(f64, f64)> {
        let upper = accountants::epsilon(&self.parts, accountant, delta)?;
        Some(ordered(self.epsilon_lower(delta), upper))
    }

    /// The same as [`epsilon_bounds`](Self::epsilon_bounds), faster: no less sound, and wider. The upper bound may be higher by about
    /// `accuracy`, relatively (at most `1e-3`); the lower one may lose several times as much where large losses are rare. Nothing
    /// changes where a closed form answers.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::accounting::Poisson;
    /// use dp_mechanisms::{AddRemoveRow, Delta, Mu, PrivacyProfile, SamplingRate};
    ///
    /// let step = PrivacyProfile::gaussian(Mu::new(1.0)?, AddRemoveRow);
    /// let training = Poisson::new(SamplingRate::new(0.01)?).amplify(&step)?.repeated(1000);
    /// let delta = Delta::new(1e-5)?;
    /// let (fine, coarse) = (training.epsilon_bounds(delta), training.epsilon_bounds_within(1e-4, delta));
    /// assert!(coarse.0 <= fine.1 && fine.0 <= coarse.1 && coarse.1 < 1.001 * coarse.0);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn epsilon_bounds_within(&self, accuracy: f64, delta: Delta) -> (f64, f64) {
        let is_composed = self.parts.len() > 1 || self.parts.iter().any(|part| part.count > 1);
        let found = (is_composed && accountants::total_mu(&self.parts).is_none())
            .then(|| accountants::epsilon_within(&self.parts, delta, accuracy))
            .flatten()
            .filter(|(_, upper)| upper.is_finite());
        found.map_or_else(|| self.epsilon_bounds(delta), |(lower, upper)| ordered(lower, upper))
    }

    fn epsilon_lower(&self, delta: Delta) -> f64 {
        match (&self.parts[..], accountants::total_mu(&self.parts)) {
            ([], _) => 0.0,
            (_, Some((lower, _))) => {
                Mu::new(lower).map_or(0.0, |lower| gaussian::epsilon_lower(delta, lower))
            }
            ([Part { loss, count: 1 }], _) => {
                // the smallest ε at which the lower bound has come down to δ, less the last step of the search
                let start = single::sufficient(loss, delta);
                let reached = smallest(start, |e| single::delta_bounds(loss, e).0 < delta.get());
                if reached.is_finite() { (reached * (1.0 - 1e-13)).max(0.0) } else { 0.0 }
            }
            _ => accountants::attained_epsilon(&self.parts, delta),
        }
    }

    /// The zero-concentrated view, the sum of `μ²/2` (Bun, Steinke 2016, Proposition 1.6) and `ε²/2` (ibid., Proposition 1.4). A mechanism
    /// on a sample has its own view, which is far from sharp: what it loses on the sample is at most what it loses on all rows, and
    /// of a pure one the amplified ε counts. `None` for `2⁴⁰` mechanisms or more of one kind.
    #[must_use]
    pub fn zero_concentrated(&self) -> Option<Rho> {
        match &self.parts[..] {
            [Part { loss, count: 1 }] => loss.zero_concentrated(),
            parts => Rho::new(accountants::total_rho(parts)?).ok(),
        }
    }

    /// The Rényi view: upper bound on the divergence of this order; infinite for `2⁴⁰` mechanisms or more of one kind.
    #[must_use]
    pub fn renyi(&self, order: RenyiOrder) -> Option<f64> {
        match accountants::total_renyi(&self.parts, order)? {
            (divergence, 0.0) => Some(divergence),
            _ => None,
        }
    }

    /// The Gaussian view, if there is one: `√Σμ²`, rounded up.
    #[must_use]
    pub fn mu(&self) -> Option<Mu> {
        match &self.parts[..] {
            [Part { loss: Loss::Gaussian { mu }, count: 1 }] => Some(*mu),
            parts => accountants::total_mu(parts).and_then(|(_, upper)| Mu::new(upper).ok()),
        }
    }

    /// The guarantee for groups of `size` rows at once; `None` for size zero and where none is known (sampled mechanisms).
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Mu, PrivacyProfile};
    ///
    /// let family = PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow).grouped(4).unwrap();
    /// assert_eq!(family.adjacency().to_string(), "group_of_rows(4, add_remove_row)");
    /// assert!(family.mu().unwrap().get() >= 1.0);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    ///
    /// # References
    ///
    /// Dwork, Roth 2014, Theorem 2.2 (pure and approximate); Bun, Steinke 2016, Proposition 1.9 (zero-concentrated); Dong, Roth, Su
    /// 2019, Theorem 2.14 (Gaussian).
    #[must_use]
    pub fn grouped(&self, size: u32) -> Option<PrivacyProfile<Group<A>>> {
        let adjacency = Group::new(size, self.adjacency).ok()?;
        Some(PrivacyProfile { parts: self.grouped_parts(size)?, adjacency })
    }

    fn grouped_parts(&self, size: u32) -> Option<Vec<Part>> {
        let grouped = |part: &Part| Some(Part { loss: part.loss.grouped(size)?, count: part.count });
        self.parts.iter().map(grouped).collect()
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// Counts parts where their loss is known, and appends the others.
pub(crate) fn add(parts: &mut Vec<Part>, more: &[Part]) {
    for part in more {
        match parts.iter_mut().find(|known| known.loss == part.loss) {
            Some(known) => known.count = known.count.saturating_add(part.count),
            None => parts.push(part.clone()),
        }
    }
}

/// An interval. Bounds that were rounded at different places may cross by their last digits, and by no more.
fn ordered(lower: f64, upper: f64) -> (f64, f64) {
    debug_assert!(
        lower <= upper * (1.0 + 1e-9) + 1e-300,
        "{lower} is no lower bound of what {upper} is an upper bound of"
    );
    (lower.min(upper), upper)
}

/// The least of what accountants say. Loss distributions are never worse than the others by more than their width, so that these
/// are asked only where they do not apply or give up, with `nothing`; basic composition costs nothing, and is exact where no δ is
/// to spare.
fn best(nothing: f64, of: impl Fn(Accountant) -> Option<f64>) -> f64 {
    let basic = of(Accountant::Basic).unwrap_or(f64::INFINITY);
    if let Some(found) = of(Accountant::LossDistribution).filter(|found| *found < nothing) {
        return found.min(basic);
    }
    let others = [Accountant::Advanced, Accountant::ZeroConcentrated, Accountant::Renyi];
    others.into_iter().filter_map(of).fold(basic, f64::min)
}

impl PrivacyProfile<AddRemoveRow> {
    /// The guarantee when a row is replaced: it is removed and another one added, a group of two. `None` where none is known.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Epsilon, PrivacyProfile, ReplaceRow};
    ///
    /// let counted = PrivacyProfile::pure(Epsilon::new(0.5)?, AddRemoveRow);
    /// let replaced: PrivacyProfile<ReplaceRow> = counted.for_replaced_rows().unwrap();
    /// assert!(replaced.delta(0.5) > 0.0 && replaced.delta(1.0 + 1e-15) == 0.0);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn for_replaced_rows(&self) -> Option<PrivacyProfile<ReplaceRow>> {
        Some(PrivacyProfile { parts: self.grouped_parts(2)?, adjacency: ReplaceRow })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::Poisson;
    use crate::params::SamplingRate;

    fn rho(value: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::zero_concentrated_from(Rho::new(value).unwrap(), AddRemoveRow)
    }

    fn normal(mu: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow)
    }

    fn pure(epsilon: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::pure(Epsilon::new(epsilon).unwrap(), AddRemoveRow)
    }

    fn approximate(epsilon: f64, delta: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::approximate(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap(), AddRemoveRow)
    }

    #[test]
    fn a_gaussian_guarantee_is_never_worse_than_its_zero_concentrated_view() {
        for mu in [0.01, 0.3, 1.0, 5.0] {
            let view = rho(normal(mu).zero_concentrated().unwrap().get());
            for epsilon in [0.0, 0.01, 0.5, 2.0, 20.0] {
                assert!(normal(mu).delta(epsilon) <= view.delta(epsilon), "μ = {mu}, ε = {epsilon}");
            }
        }
    }

    #[test]
    fn the_least_zero_concentrated_guarantees_round_up() {
        for steps in 1..=20 {
            // √(ρ/2) of ρ = steps·2⁻¹⁰⁷⁴
            let variation = (0.5 * steps as f64).sqrt() * 2.0_f64.powi(-537);
            assert!(rho(f64::from_bits(steps)).delta(0.0) > variation, "{steps}");
        }
    }

    #[test]
    fn the_zero_concentrated_bound_beats_the_classical_one_and_not_by_magic() {
        let delta = Delta::new(1e-6).unwrap();
        let classical = 0.05 + 2.0 * (0.05 * 1e6_f64.ln()).sqrt();
        let epsilon = rho(0.05).epsilon(delta);
        let exact = normal(0.1_f64.sqrt()).epsilon(delta);
        assert!(exact < epsilon && epsilon < classical, "{exact} {epsilon} {classical}");
        // the interval is that of all mechanisms with this guarantee, Gaussian noise among them
        let (lower, upper) = rho(0.05).epsilon_bounds(delta);
        assert!((lower / exact - 1.0).abs() < 1e-12 && upper == epsilon);
    }

    #[test]
    fn epsilon_inverts_delta_from_the_safe_side() {
        let delta = Delta::new(1e-5).unwrap();
        let laplace = PrivacyProfile::laplace(Epsilon::new(2.0).unwrap(), AddRemoveRow);
        let guarantees = [
            rho(0.1),
            normal(0.7),
            pure(2.0),
            approximate(2.0, 1e-6),
            laplace,
            normal(0.1).repeated(30),
            pure(0.1).repeated(20),
        ];
        for guarantee in guarantees {
            let epsilon = guarantee.epsilon(delta);
            assert!(guarantee.delta(epsilon) <= delta.get() * (1.0 + 1e-9), "{guarantee:?}");
            assert!(guarantee.delta(epsilon * (1.0 - 1e-6)) > delta.get(), "{guarantee:?}");
            let (lower, upper) = guarantee.epsilon_bounds(delta);
            assert!(lower <= upper && upper == epsilon, "{guarantee:?}");
        }
    }

    #[test]
    fn a_single_point_says_nothing_about_smaller_deltas() {
        let guarantee = approximate(1.0, 1e-3);
        assert_eq!(guarantee.epsilon(Delta::new(1e-4).unwrap()), f64::INFINITY);
        assert_eq!(guarantee.delta(100.0), 1e-3);
        assert!(guarantee.zero_concentrated().is_none());
        assert_eq!(guarantee.repeated(2).epsilon(Delta::new(1.9e-3).unwrap()), f64::INFINITY);
    }

    #[test]
    fn a_saved_guarantee_loads_only_under_its_own_adjacency() {
        let total = rho(0.5).and(&pure(0.25).repeated(3)).unwrap();
        let text = serde_json::to_string(&total).unwrap();
        assert_eq!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&text).unwrap(), total);
        assert!(serde_json::from_str::<PrivacyProfile<ReplaceRow>>(&text).is_err());
        // what is not known may be what was lost
        let pure = r#"{"parts":[{"loss":{"pure":{"epsilon":0.1}},"count":1}],"adjacency":{"name":"add_remove_row"}}"#;
        assert!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(pure).is_ok());
        for (known, more) in [
            ("\"epsilon\":0.1", "\"epsilon\":0.1,\"delta\":0.5"),
            ("\"count\":1", "\"count\":1,\"repeated\":1000"),
            ("\"parts\"", "\"others\":1,\"parts\""),
        ] {
            assert!(
                serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&pure.replace(known, more)).is_err(),
                "{more}"
            );
        }
        for (from, to) in [("0.5", "-0.5"), ("\"count\":3", "\"count\":0")] {
            assert!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&text.replace(from, to)).is_err());
        }
    }

    #[test]
    fn nothing_loses_nothing_and_adds_nothing() {
        let nothing = PrivacyProfile::nothing(AddRemoveRow);
        assert_eq!((nothing.delta(0.0), nothing.epsilon(Delta::new(1e-9).unwrap())), (0.0, 0.0));
        let by = |way| nothing.epsilon_bounds_by(way, Delta::new(1e-9).unwrap());
        assert!(Accountant::ALL.into_iter().filter_map(by).all(|bounds| bounds == (0.0, 0.0)));
        assert_eq!(nothing.and(&pure(1.0)).unwrap(), pure(1.0));
        assert_eq!(pure(1.0).repeated(0), nothing);
    }

    #[test]
    fn gaussian_parts_add_up_in_squares() {
        let total = normal(3.0).and(&normal(4.0)).unwrap();
        let mu = total.mu().unwrap().get();
        assert!((5.0..5.0 + 1e-14).contains(&mu));
        assert_eq!(total.delta(1.0), gaussian::delta_bounds(1.0, mu).1);
    }

    #[test]
    fn deltas_below_what_the_arithmetic_resolves_are_answered_too() {
        for delta in [1e-27, 1e-36, 1e-60, 1e-300] {
            let epsilon = pure(0.005).repeated(2).epsilon(Delta::new(delta).unwrap());
            assert!((0.0099..0.010_001).contains(&epsilon), "{delta}: {epsilon}");
        }
    }

    #[test]
    fn counts_beyond_every_ledger_lose_everything_instead_of_wrapping() {
        let huge = pure(0.1).repeated(u64::MAX).repeated(u64::MAX);
        assert_eq!(huge.epsilon(Delta::new(1e-6).unwrap()), f64::INFINITY);
        assert_eq!(huge.delta(1.0), 1.0);
        let two = RenyiOrder::new(2.0).unwrap();
        for count in [1 << 40, 1 << 63, u64::MAX] {
            let many = rho(1.0).repeated(count);
            assert!(many.zero_concentrated().is_none() && many.renyi(two) == Some(f64::INFINITY), "{count}");
            assert!(normal(1.0).repeated(count).mu().is_none(), "{count}");
        }
        assert!(rho(1.0).repeated((1 << 40) - 1).renyi(two).unwrap() > 2e12);
    }

    #[test]
    fn many_mechanisms_of_several_kinds_are_answered_without_loss_distributions() {
        let count = (1 << 40) - 1;
        let (one, other) = (pure(1e-13).repeated(count), pure(2e-13).repeated(count));
        let both = one.and(&other).unwrap();
        let delta = Delta::new(1e-9).unwrap();
        assert!(one.epsilon_bounds_by(Accountant::LossDistribution, delta).is_some());
        assert!(both.epsilon_bounds_by(Accountant::LossDistribution, delta).is_none());
        let (lower, upper) = both.epsilon_bounds(delta);
        // the sum of all ε is 0.33
        assert!(0.0 <= lower && lower <= upper && upper < 0.33, "{lower} {upper}");
        let (lower, upper) = both.delta_bounds(1e-7);
        assert!(0.0 <= lower && lower <= upper && upper <= 1.0, "{lower} {upper}");
    }

    #[test]
    fn deltas_add_up_also_where_divergences_are_infinite() {
        // Gaussian noise beyond what there are distributions of: nothing but its Rényi divergences is known, and not at order two
        let rate = SamplingRate::new(0.5).unwrap();
        let sampled = Poisson::new(rate).amplify(&normal(6000.0)).unwrap();
        let both = sampled.and(&approximate(1.0, 0.01)).unwrap();
        assert!(both.delta(1e8) >= 0.01);
        assert_eq!(both.epsilon(Delta::new(1e-3).unwrap()), f64::INFINITY);
        assert!(both.renyi(RenyiOrder::new(2.0).unwrap()).is_none());
        assert_eq!(sampled.renyi(RenyiOrder::new(2.0).unwrap()), Some(f64::INFINITY));
    }

    #[test]
    fn advanced_composition_of_more_than_there_are_exponentials_of_says_nothing() {
        let total = approximate(0.1, 0.5).repeated(7_000_000_000);
        assert_eq!(total.delta(1.0), 1.0);
        assert_eq!(total.epsilon(Delta::new(1e-6).unwrap()), f64::INFINITY);
    }

    #[test]
    fn samples_of_pure_mechanisms_have_the_zero_concentrated_view_of_their_own_loss() {
        let rate = SamplingRate::new(0.25).unwrap();
        let laplace = PrivacyProfile::laplace(Epsilon::new(1.0).unwrap(), AddRemoveRow);
        let amplified = (0.25 * 1.0_f64.exp_m1()).ln_1p();
        for once in [pure(1.0), laplace] {
            let sampled = Poisson::new(rate).amplify(&once).unwrap();
            let rho = sampled.zero_concentrated().unwrap().get();
            assert!((rho / (amplified * amplified / 2.0) - 1.0).abs() < 1e-12, "{rho}");
            // and it is one: no Rényi divergence of the worst such mechanism, responses at ε with the sample, is larger
            let (likelier, q) = (1.0 / (1.0 + (-1.0_f64).exp()), 0.25);
            let (p, other) = ([likelier, 1.0 - likelier], [1.0 - likelier, likelier]);
            let mixed = [0, 1].map(|i| (1.0 - q) * other[i] + q * p[i]);
            for order in [1.5_f64, 2.0, 8.0, 50.0] {
                for (a, b) in [(mixed, other), (other, mixed)] {
                    let sum: f64 = (0..2).map(|i| a[i].powf(order) * b[i].powf(1.0 - order)).sum();
                    assert!(sum.ln() / (order - 1.0) <= order * rho, "{order}");
                }
            }
        }
    }

    #[test]
    fn samples_load_only_under_the_neighbours_they_are_for() {
        use crate::accounting::FixedSize;
        let replaced = PrivacyProfile::gaussian(Mu::new(1.0).unwrap(), ReplaceRow);
        let (poisson, fixed) =
            (Poisson::new(SamplingRate::new(0.1).unwrap()), FixedSize::new(1, 10).unwrap());
        let of_replaced =
            [fixed.amplify(&replaced).unwrap(), poisson.amplify_replaced(&normal(0.5), &replaced).unwrap()];
        for profile in of_replaced {
            let text = serde_json::to_string(&profile).unwrap();
            assert_eq!(serde_json::from_str::<PrivacyProfile<ReplaceRow>>(&text).unwrap(), profile);
            let edited = text.replace("replace_row", "add_remove_row");
            assert!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&edited).is_err(), "{edited}");
        }
        for profile in [poisson.amplify(&normal(0.5)).unwrap(), fixed.amplify_add_remove(&replaced).unwrap()]
        {
            let text = serde_json::to_string(&profile).unwrap();
            assert_eq!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&text).unwrap(), profile);
            let edited = text.replace("add_remove_row", "replace_row");
            assert!(serde_json::from_str::<PrivacyProfile<ReplaceRow>>(&edited).is_err(), "{edited}");
            let group = r#"{"name":"group_of_rows","size":2,"row":{"name":"add_remove_row"}}"#;
            let edited = text.replace(r#"{"name":"add_remove_row"}"#, group);
            assert!(edited != text && profile.grouped(2).is_none());
            assert!(
                serde_json::from_str::<PrivacyProfile<Group<AddRemoveRow>>>(&edited).is_err(),
                "{edited}"
            );
        }
    }
}
