//! Released values and the certificates that travel with them.

use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which arithmetic a guarantee holds in.
///
/// # Example
///
/// ```
/// use dp_mechanisms::ArithmeticModel;
///
/// assert_eq!(serde_json::to_string(&ArithmeticModel::ExactLattice).unwrap(), r#""exact_lattice""#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ArithmeticModel {
    /// Holds on the machine as run: integer statistic, exactly distributed integer noise.
    ExactLattice,
    /// Holds for real numbers; the floating-point gap is stated by the mechanism.
    RealModel,
}

/// Where a [`Release`] of this process came from.
///
/// # Example
///
/// ```
/// use dp_mechanisms::Provenance;
///
/// assert_ne!(Provenance::Minted, Provenance::Loaded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// Made by a mechanism in this process.
    Minted,
    /// Read from outside: its certificate is a statement of whoever wrote it.
    Loaded,
}

impl Provenance {
    fn weaker(self, other: Self) -> Self {
        if self == Self::Loaded { self } else { other }
    }
}

/// What was released, how, and under which guarantee `G`; serialises with its adjacency by name.
///
/// All fields are public knowledge. Parameters are decimal strings that read back to the same value.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, ArithmeticModel, Certificate, Epsilon, PrivacyProfile};
///
/// let guarantee = PrivacyProfile::pure(Epsilon::new(1.0)?, AddRemoveRow);
/// let certificate = Certificate::new("number of rows", "two-sided geometric", guarantee, ArithmeticModel::ExactLattice)
///     .with_parameter("scale", 1.0)
///     .with_claim("example.geometric.privacy");
/// let text = serde_json::to_string(&certificate).unwrap();
/// assert!(text.contains("add_remove_row") && text.contains("exact_lattice"));
/// let read: Certificate<PrivacyProfile<AddRemoveRow>> = serde_json::from_str(&text).unwrap();
/// assert_eq!(read, certificate);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Certificate<G> {
    what: String,
    mechanism: String,
    guarantee: G,
    arithmetic: ArithmeticModel,
    claims: Vec<String>,
    parameters: BTreeMap<String, String>,
    versions: BTreeMap<String, String>,
}

impl<G> Certificate<G> {
    /// States that `what` was released by `mechanism` under `guarantee`.
    pub fn new(what: &str, mechanism: &str, guarantee: G, arithmetic: ArithmeticModel) -> Self {
        Self {
            what: what.to_owned(),
            mechanism: mechanism.to_owned(),
            guarantee,
            arithmetic,
            claims: Vec::new(),
            parameters: BTreeMap::new(),
            versions: BTreeMap::new(),
        }
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    /// Adds a public parameter; `{:?}` of a float reads back to the same bits. What is recorded already stays.
    pub fn with_parameter(self, name: &str, value: impl core::fmt::Debug) -> Self {
        self.with_text_parameter(name, format!("{value:?}"))
    }

    /// Adds a public parameter that is already text. What is recorded already stays.
    pub fn with_text_parameter(mut self, name: &str, value: String) -> Self {
        self.parameters.entry(name.to_owned()).or_insert(value);
        self
    }

    /// Names a claim that the guarantee rests on.
    pub fn with_claim(mut self, id: &str) -> Self {
        self.claims.push(id.to_owned());
        self
    }

    /// Names a crate that took part, with its version.
    pub fn with_version(mut self, package: &str, version: &str) -> Self {
        self.versions.insert(package.to_owned(), version.to_owned());
        self
    }

    /// Several certificates as one of their composition `guarantee`: each parameter gets the number of its certificate in
    /// front, and arithmetic is exact only if it is so in each.
    fn joined(certificates: &[&Self], guarantee: G) -> Self {
        let exact = certificates.iter().all(|c| c.arithmetic == ArithmeticModel::ExactLattice);
        let arithmetic = if exact { ArithmeticModel::ExactLattice } else { ArithmeticModel::RealModel };
        let what = distinct(certificates.iter().map(|c| &c.what)).join("; ");
        let mechanism = distinct(certificates.iter().map(|c| &c.mechanism)).join("; ");
        let mut joined = Self::new(&what, &mechanism, guarantee, arithmetic);
        joined.claims = distinct(certificates.iter().flat_map(|c| &c.claims));
        for (i, certificate) in certificates.iter().enumerate() {
            let numbered =
                certificate.parameters.iter().map(|(k, value)| (format!("{i}.{k}"), value.clone()));
            joined.parameters.extend(numbered);
            joined.versions.extend(certificate.versions.clone());
        }
        joined
    }

    /// What was released.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How its noise was made.
    #[must_use]
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// What is guaranteed.
    #[must_use]
    pub const fn guarantee(&self) -> &G {
        &self.guarantee
    }

    /// In which arithmetic.
    #[must_use]
    pub const fn arithmetic(&self) -> ArithmeticModel {
        self.arithmetic
    }

    /// Ids of the claims that the guarantee rests on.
    #[must_use]
    pub fn claims(&self) -> &[String] {
        &self.claims
    }

    /// Public parameters by name.
    #[must_use]
    pub const fn parameters(&self) -> &BTreeMap<String, String> {
        &self.parameters
    }

    /// Crates that took part, with their versions.
    #[must_use]
    pub const fn versions(&self) -> &BTreeMap<String, String> {
        &self.versions
    }
}

/// Values of a parameter that a joined certificate lists at most.
const LISTED: usize = 64;
/// Between them.
const SEPARATOR: &str = "; ";
/// The parameter that says how many releases were joined.
const JOINED: &str = "joined_releases";
/// The parameter that names those that differ and are not listed.
const LEFT_OUT: &str = "left_out";
/// What was asked for of one release is not what all of them give.
const OF_ONE: [&str; 2] = ["target_epsilon", "target_delta"];

impl<A: Adjacency> Certificate<PrivacyProfile<A>> {
    /// One certificate for all: guarantees composed, parameters listed, all claims and versions.
    fn listed(all: &[Self], what: &str) -> Result<Self, Error> {
        let nothing = PrivacyProfile::nothing(all[0].guarantee.adjacency());
        let guarantee = all.iter().try_fold(nothing, |sum, one| sum.and(&one.guarantee))?;
        let bare: Vec<Self> =
            all.iter().map(|one| Self { parameters: BTreeMap::new(), ..one.clone() }).collect();
        let mut joined = Self::joined(&bare.iter().collect::<Vec<_>>(), guarantee);
        what.clone_into(&mut joined.what);
        let own =
            |name: &&String| ![JOINED, LEFT_OUT].contains(&name.as_str()) && !OF_ONE.contains(&name.as_str());
        let names: BTreeSet<&String> = all.iter().flat_map(|one| one.parameters.keys()).filter(own).collect();
        let mut left_out: BTreeSet<&str> = all.iter().flat_map(Self::left_out).collect();
        for name in names {
            match listed(all, name) {
                Some(value) => drop(joined.parameters.insert(name.clone(), value)),
                None => drop(left_out.insert(name)),
            }
        }
        let releases = all.iter().map(Self::releases).fold(0, u64::saturating_add);
        joined.parameters.insert(JOINED.to_owned(), releases.to_string());
        if !left_out.is_empty() {
            let names: Vec<&str> = left_out.into_iter().collect();
            joined.parameters.insert(LEFT_OUT.to_owned(), names.join(SEPARATOR));
        }
        Ok(joined)
    }
}

impl<G> Certificate<G> {
    /// How many releases this certificate is of; one if a file says something else than a number above zero.
    fn releases(&self) -> u64 {
        let stated = self.parameters.get(JOINED).and_then(|count| count.parse().ok());
        stated.filter(|count| *count > 0).unwrap_or(1)
    }

    /// Parameters that differ between its releases and are not listed.
    fn left_out(&self) -> impl Iterator<Item = &str> {
        self.parameters.get(LEFT_OUT).into_iter().flat_map(|names| names.split(SEPARATOR))
    }

    /// The values of a parameter, one a release; nothing if they are too many, or cannot be told apart.
    fn values(&self, name: &str) -> Option<Vec<&str>> {
        let value = self.parameters.get(name)?;
        let releases = usize::try_from(self.releases()).ok().filter(|count| *count <= LISTED)?;
        match value.split(SEPARATOR).collect::<Vec<_>>() {
            one if one.len() == 1 => Some(one.repeat(releases)),
            listed if releases > 1 && listed.len() == releases => Some(listed),
            _ => None,
        }
    }
}

/// The value that all have, or all values; nothing if some have none, or they cannot be listed.
fn listed<G>(all: &[Certificate<G>], name: &str) -> Option<String> {
    let first = all[0].parameters.get(name)?;
    let is_listed = |one: &Certificate<G>| one.releases() > 1 && first.contains(SEPARATOR);
    if all.iter().all(|one| one.parameters.get(name) == Some(first) && !is_listed(one)) {
        return Some(first.clone());
    }
    let values = all.iter().map(|one| one.values(name)).collect::<Option<Vec<_>>>()?.concat();
    (values.len() <= LISTED).then(|| values.join(SEPARATOR))
}

/// In order, without what was there before.
fn distinct<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !seen.contains(text) {
            seen.push(text.clone());
        }
    }
    seen
}

/// A value that may leave, with the guarantee `G` under which it was released.
///
/// Made by mechanisms. Everything computed from it alone has the same guarantee ([`postprocess`](Self::postprocess)).
///
/// # Example
///
/// ```
/// use dp_mechanisms::{
///     AddRemoveRow, Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, secure_rng,
/// };
///
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let count = LatticeStatistic::new(vec![1234], Lattice::new(0)?, sensitivity, 1 << 40);
/// let mechanism = LatticeGaussian::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
/// let released = mechanism.release(count, "number of rows", &mut secure_rng()?)?;
/// let rounded = released.postprocess(|count| (count.to_f64()[0] / 10.0).round() * 10.0);
/// assert!((rounded.value() - 1234.0).abs() < 100.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Release<T, G> {
    value: T,
    certificate: Certificate<G>,
    provenance: Provenance,
}

impl<T, G> Release<T, G> {
    pub(crate) const fn mint(value: T, certificate: Certificate<G>) -> Self {
        Self { value, certificate, provenance: Provenance::Minted }
    }

    /// A value whose guarantee was established elsewhere, for instance read from a file. Its provenance says so.
    pub const fn assume_released(value: T, certificate: Certificate<G>) -> Self {
        Self { value, certificate, provenance: Provenance::Loaded }
    }

    /// The released value.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// What was released, how and under which guarantee.
    pub const fn certificate(&self) -> &Certificate<G> {
        &self.certificate
    }

    /// Whether a mechanism of this process made it.
    #[must_use]
    pub const fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Replaces the value by a function of it; the guarantee stays. `f` must see nothing private.
    pub fn postprocess<U>(self, f: impl FnOnce(T) -> U) -> Release<U, G> {
        Release { value: f(self.value), certificate: self.certificate, provenance: self.provenance }
    }

    /// Adds a public parameter that is already text to the certificate. What is recorded already stays.
    pub fn with_text_parameter(self, name: &str, value: String) -> Self {
        Self { certificate: self.certificate.with_text_parameter(name, value), ..self }
    }

    /// Adds a public parameter to the certificate. What the mechanism recorded stays.
    pub fn with_parameter(self, name: &str, value: impl core::fmt::Debug) -> Self {
        Self { certificate: self.certificate.with_parameter(name, value), ..self }
    }

    /// Names a claim that the guarantee rests on, for instance of the sensitivity.
    pub fn with_claim(self, id: &str) -> Self {
        Self { certificate: self.certificate.with_claim(id), ..self }
    }

    /// Names a crate that took part.
    pub fn with_version(self, package: &str, version: &str) -> Self {
        Self { certificate: self.certificate.with_version(package, version), ..self }
    }
}

/// # Several releases as one
///
/// What is released together has the composed guarantee ([`PrivacyProfile::and`]), also where later releases depend on earlier
/// ones, as long as the guarantee of each was fixed beforehand.
impl<T, A: Adjacency> Release<T, PrivacyProfile<A>> {
    /// This release and another one of the same data, of whatever kind, under their composed guarantee. Parameters get `0.` and `1.` in front.
    ///
    /// # Errors
    ///
    /// [`Error::AdjacencyDiffers`] for two adjacencies of one type that differ.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{
    ///     AddRemoveRow, Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, secure_rng,
    /// };
    ///
    /// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
    /// let mechanism = LatticeGaussian::calibrate(Epsilon::new(0.5)?, Delta::new(1e-6)?, sensitivity)?;
    /// let lattice = Lattice::new(0)?;
    /// let count = |of| LatticeStatistic::new(vec![of], lattice, sensitivity, 1 << 40);
    /// let rng = &mut secure_rng()?;
    /// let rows = mechanism.release(count(812), "rows", rng)?;
    /// let both = rows.and(mechanism.release(count(77), "rows that are long", rng)?)?;
    /// assert!(both.certificate().guarantee().delta(1.0) <= 2e-6);
    /// let (rows, long) = both.value();
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn and<U>(
        self,
        other: Release<U, PrivacyProfile<A>>,
    ) -> Result<Release<(T, U), PrivacyProfile<A>>, Error> {
        let guarantee = self.certificate.guarantee.and(&other.certificate.guarantee)?;
        let certificate = Certificate::joined(&[&self.certificate, &other.certificate], guarantee);
        let provenance = self.provenance.weaker(other.provenance);
        Ok(Release { value: (self.value, other.value), certificate, provenance })
    }

    /// This release and others of the same data as one, named `what`: their guarantees compose. The certificate says how many there are
    /// (`joined_releases`). A parameter that agrees in all of them stays, one that differs becomes the list of its values, with `; ` between them; those that some do
    /// not have, and lists of more than 64 values, are named under `left_out`. What was asked for of each (`target_epsilon`, `target_delta`) goes.
    ///
    /// # Errors
    ///
    /// [`Error::AdjacencyDiffers`] for two adjacencies of one type that differ.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{
    ///     AddRemoveRow, Delta, Epsilon, Lattice, LatticeL1Sensitivity, LatticeLaplace, LatticeStatistic, secure_rng,
    /// };
    ///
    /// let sensitivity = LatticeL1Sensitivity::new(1, AddRemoveRow)?;
    /// let mechanism = LatticeLaplace::calibrate(Epsilon::new(0.5)?, sensitivity)?;
    /// let rng = &mut secure_rng()?;
    /// let mut count = |n| mechanism.release(LatticeStatistic::new(vec![n], Lattice::new(0)?, sensitivity, 1 << 40), "a count", rng);
    /// let both = count(120)?.joined([count(7)?], "people and dogs")?;
    /// assert_eq!((both.value().len(), &*both.certificate().parameters()["joined_releases"]), (2, "2"));
    /// assert!((both.certificate().guarantee().epsilon(Delta::new(1e-12)?) - 1.0).abs() < 1e-9); // 0.5 twice
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn joined(
        self,
        others: impl IntoIterator<Item = Self>,
        what: &str,
    ) -> Result<Release<Vec<T>, PrivacyProfile<A>>, Error> {
        let (mut values, mut certificates) = (vec![self.value], vec![self.certificate]);
        let mut provenance = self.provenance;
        for other in others {
            provenance = provenance.weaker(other.provenance);
            values.push(other.value);
            certificates.push(other.certificate);
        }
        let certificate = Certificate::listed(&certificates, what)?;
        Ok(Release { value: values, certificate, provenance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{AddRemoveRow, PerturbRow};
    use crate::params::{Delta, Epsilon, Mu};

    #[test]
    fn joined_releases_keep_the_worst_of_what_they_were() {
        let certificate = |arithmetic, scale: f64| {
            let guarantee = PrivacyProfile::pure(Epsilon::new(0.5).unwrap(), AddRemoveRow);
            Certificate::new("part", "mechanism", guarantee, arithmetic)
                .with_parameter("scale", scale)
                .with_parameter("unit", 1)
                .with_claim("a.claim")
        };
        let minted = |scale| Release::mint((), certificate(ArithmeticModel::ExactLattice, scale));
        let joined = minted(1.0).joined([minted(1.0), minted(2.0)], "all").unwrap();
        let all = joined.certificate();
        assert_eq!(
            (all.what(), all.mechanism(), all.claims()),
            ("all", "mechanism", &["a.claim".to_owned()][..])
        );
        let parameter = |name: &str| all.parameters().get(name).map(String::as_str);
        let found = ["scale", "unit", "joined_releases", "left_out"].map(parameter);
        assert_eq!(found, [Some("1.0; 1.0; 2.0"), Some("1"), Some("3"), None]);
        // three times 0.5, and nothing to spare at so small a δ
        assert!((all.guarantee().epsilon(Delta::new(1e-12).unwrap()) - 1.5).abs() < 1e-9);
        assert_eq!(
            (joined.provenance(), all.arithmetic()),
            (Provenance::Minted, ArithmeticModel::ExactLattice)
        );
        let loaded = Release::assume_released((), certificate(ArithmeticModel::RealModel, 1.0));
        let joined = minted(1.0).joined([loaded], "all").unwrap();
        assert_eq!(joined.provenance(), Provenance::Loaded);
        assert_eq!(joined.certificate().arithmetic(), ArithmeticModel::RealModel);
    }

    fn scaled(scale: &str) -> Release<(), PrivacyProfile<AddRemoveRow>> {
        let guarantee = PrivacyProfile::pure(Epsilon::new(0.5).unwrap(), AddRemoveRow);
        let certificate = Certificate::new("part", "mechanism", guarantee, ArithmeticModel::ExactLattice);
        Release::mint(
            (),
            certificate.with_text_parameter("scale", scale.to_owned()).with_parameter("unit", 1),
        )
    }

    #[test]
    fn joined_releases_can_be_joined_again() {
        let pair = |a, b| scaled(a).joined([scaled(b)], "pair").unwrap();
        let all = pair("1.0", "1.0").joined([pair("2.0", "3.0")], "all").unwrap();
        let parameters = all.certificate().parameters();
        assert_eq!((&*parameters["scale"], &*parameters["joined_releases"]), ("1.0; 1.0; 2.0; 3.0", "4"));
        // two equal lists are a list of four
        let twice = pair("2.0", "3.0").joined([pair("2.0", "3.0")], "all").unwrap();
        assert_eq!(twice.certificate().parameters()["scale"], "2.0; 3.0; 2.0; 3.0");
    }

    #[test]
    fn what_joined_releases_do_not_list_is_named() {
        let numbers: Vec<String> = (0..80).map(|i| i.to_string()).collect();
        let many = scaled("1").joined(numbers.iter().map(|i| scaled(i)), "many").unwrap();
        let both = many.postprocess(drop).joined([scaled("1")], "more").unwrap();
        let parameters = both.certificate().parameters();
        assert_eq!(
            ["left_out", "joined_releases", "unit"].map(|name| &*parameters[name]),
            ["scale", "82", "1"]
        );
        // a value that looks like a list, and one that only some have
        let odd = scaled("1").joined([scaled("2; 3")], "odd").unwrap();
        assert_eq!(odd.certificate().parameters()["left_out"], "scale");
        let some = scaled("1").with_parameter("more", 1).joined([scaled("1")], "some").unwrap();
        assert_eq!(some.certificate().parameters()["left_out"], "more");
    }

    #[test]
    fn counts_that_a_file_makes_up_cost_nothing() {
        for count in ["0", "-1", "1e3", "18446744073709551615", "99999999999999999999"] {
            let loaded = scaled("2").with_text_parameter("joined_releases", count.to_owned());
            let joined = scaled("1").joined([loaded], "both").unwrap();
            assert!(joined.certificate().parameters().contains_key("joined_releases"), "{count}");
        }
    }

    #[test]
    fn releases_for_different_neighbours_cannot_be_joined() {
        let release = |radius| {
            let guarantee =
                PrivacyProfile::pure(Epsilon::new(0.5).unwrap(), PerturbRow::new(radius).unwrap());
            Release::mint((), Certificate::new("part", "mechanism", guarantee, ArithmeticModel::ExactLattice))
        };
        assert_eq!(release(1.0).joined([release(2.0)], "both"), Err(Error::AdjacencyDiffers));
    }

    #[test]
    fn what_a_mechanism_recorded_cannot_be_overwritten() {
        let certificate = Certificate::new("x", "y", (), ArithmeticModel::ExactLattice)
            .with_parameter("noise_std", 2.0)
            .with_parameter("noise_std", 1.0);
        assert_eq!(certificate.parameters()["noise_std"], "2.0");
    }

    #[test]
    fn releases_together_lose_what_they_lose_one_by_one_and_are_as_exact_as_the_least_exact() {
        let profile = |mu| PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow);
        let certificate =
            |mu, arithmetic| Certificate::new("x", "y", profile(mu), arithmetic).with_parameter("mu", mu);
        let exact = Release::mint(1, certificate(0.3, ArithmeticModel::ExactLattice));
        let real = Release::assume_released(2, certificate(0.4, ArithmeticModel::RealModel));
        let both = exact.clone().and(real.clone()).unwrap();
        assert_eq!(both.value(), &(1, 2));
        assert_eq!(both.certificate().arithmetic(), ArithmeticModel::RealModel);
        assert_eq!(both.provenance(), Provenance::Loaded);
        assert_eq!(both.certificate().parameters()["1.mu"], "0.4");
        // 0.3² + 0.4² = 0.5²
        let mu = both.certificate().guarantee().mu().unwrap().get();
        assert!((0.5..0.5 + 1e-12).contains(&mu), "{mu}");
    }
}
