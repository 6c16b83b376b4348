//! `Workload`: which map will do, or what stands in the way.

use crate::{
    error::Error,
    exp_taylor::{ExpTaylor, exp_lower, exp_upper},
    feature_map::{FeatureMap, KernelError},
    monomial::{MonomialMap, feature_count},
    output_error::output_error,
    polynomial::{ExpPolynomial, LogitRange},
    random::{LinearPlusRandom, PositiveFeatures, TrigonometricFeatures, max_features},
};
use core::fmt;
use rand::Rng;

/// What is known of data before any of it is touched, and what is wanted: [`recommend`](Self::recommend) says which features
/// will do, or that none fits and what would.
///
/// Logits are `s·q·k` with `|s·q·k| ≤ max_logit`; the output error is a fraction of the range `max V − min V` of a value column.
/// The error of random features is that of vectors each of which, times `√s`, has a norm of at most `√max_logit`: balance them with
/// [`LogitScaling`](crate::LogitScaling). For longer vectors it is larger, whatever their products.
///
/// ```
/// use poly_kernel::{Recommendation, Workload};
///
/// let small = Workload::new(8, 1.0, 0.01)?;
/// let Recommendation::Certified { polynomial, feature_count, output_error } = small.recommend() else { panic!() };
/// assert_eq!((polynomial.degree(), feature_count), (3, 165));
/// assert!(output_error < 0.01);
///
/// // 64 dimensions, logits up to 8: no explicit map, and it says so
/// let large = Workload::new(64, 8.0, 0.01)?.recommend();
/// assert!(matches!(large, Recommendation::NoneFits { .. }));
/// assert!(large.to_string().starts_with("no explicit map fits"));
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    dim: usize,
    max_logit: f64,
    output_error: f64,
    value_columns: usize,
    memory: usize,
    logit_std: Option<f64>,
}

/// Random features that a [`Workload`] may be recommended.
///
/// ```
/// use poly_kernel::RandomMap;
/// assert_ne!(RandomMap::Trigonometric, RandomMap::LinearPlusRandom { degree: 4 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RandomMap {
    /// [`TrigonometricFeatures`]: a norm that no draw changes.
    Trigonometric,
    /// [`PositiveFeatures::hyperbolic`]: weights that are positive.
    Positive,
    /// [`LinearPlusRandom`]: no variance in the first two degrees.
    LinearPlusRandom {
        /// Degree of the Taylor polynomial.
        degree: usize,
    },
}

/// What a [`Workload`] is recommended.
///
/// ```
/// use poly_kernel::{Recommendation, Workload};
///
/// // in 64 dimensions logits up to 2 are too much for a certificate, not for a typical error
/// let workload = Workload::new(64, 2.0, 0.02)?;
/// assert!(matches!(workload.recommend(), Recommendation::NoneFits { .. }));
/// let typical = workload.with_logit_std(0.3)?.recommend();
/// assert!(matches!(typical, Recommendation::Typical { feature_count: 2145, .. }), "{typical}");
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Recommendation {
    /// A [`MonomialMap`] of this polynomial: the error holds for every input within the bounds. Degree zero is the mean of the values.
    Certified {
        /// The polynomial of the smallest degree whose certificate will do.
        polynomial: ExpPolynomial,
        /// Number of features.
        feature_count: usize,
        /// Certified output error.
        output_error: f64,
    },
    /// A [`MonomialMap`] of this polynomial: the error is that of many keys whose logits are normal with the standard deviation
    /// given, to first order in the error of the kernel; it is at most about half of what is stated. Nothing is promised of other logits.
    Typical {
        /// The least-squares polynomial of the smallest degree that will do.
        polynomial: ExpPolynomial,
        /// Number of features.
        feature_count: usize,
        /// Expected output error.
        output_error: f64,
    },
    /// Random features: the error is the root mean square over draws of the map, to first order in the error of the kernel, if each
    /// vector times `√s` has a norm of at most `√max_logit` (balance with [`LogitScaling`](crate::LogitScaling)).
    Random {
        /// The map that needs fewest features.
        map: RandomMap,
        /// How many.
        feature_count: usize,
        /// Root mean square of the output error.
        output_error: f64,
    },
    /// No map reaches the error within the memory.
    NoneFits {
        /// Features that memory allows.
        max_features: usize,
        /// Smallest number of features of any map that would do; `None` if there is none (random maps have limits of their own).
        needed: Option<u64>,
        /// Degree of the best certified polynomial that fits; zero if none does.
        best_degree: usize,
        /// Its certified output error.
        best_error: f64,
        /// What answering every query with the mean of the values is off by, at most.
        mean_error: f64,
        /// Up to this largest logit the error could be certified within the memory: centre the keys, bound norms, or lower the scale.
        /// Zero if no such logit was found, as where memory allows no feature at all.
        largest_max_logit: f64,
    },
}

/// Memory that a workload may use unless it says otherwise: half a gibibyte.
const MEMORY: usize = 1 << 29;
/// Numbers a feature costs beside its row of sums: blocks of three kinds, for two threads.
const BLOCK_NUMBERS: usize = 2 * 3 * 136;
/// Partial sums that exist at once.
const PARTIAL_SUMS: usize = 9;
/// Bisections of the largest logit.
const BISECTIONS: usize = 20;

impl Workload {
    /// Keys and queries of dimension `dim`, with 64 value columns and half a gibibyte for sums and features.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::LogitRange`] unless `0 < max_logit ≤ 64`, [`Error::OutputError`] unless
    /// `0 < output_error < 1`.
    pub fn new(dim: usize, max_logit: f64, output_error: f64) -> Result<Self, Error> {
        if dim == 0 {
            return Err(Error::ZeroDimension);
        }
        LogitRange::symmetric(max_logit)?;
        if !(0.0 < output_error && output_error < 1.0) {
            return Err(Error::OutputError { value: output_error });
        }
        Ok(Self { dim, max_logit, output_error, value_columns: 64, memory: MEMORY, logit_std: None })
    }

    /// With this many value columns.
    #[must_use]
    pub const fn with_value_columns(self, value_columns: usize) -> Self {
        Self { value_columns, ..self }
    }

    /// With so many bytes for sums and blocks of features, in `f64`.
    #[must_use]
    pub const fn with_memory(self, bytes: usize) -> Self {
        Self { memory: bytes, ..self }
    }

    /// With logits that are about normal with mean zero and this standard deviation: a typical error will do.
    ///
    /// # Errors
    /// [`Error::NormalLogits`] unless `0 < std ≤ 8`.
    pub fn with_logit_std(self, std: f64) -> Result<Self, Error> {
        if 0.0 < std && std <= 8.0 {
            Ok(Self { logit_std: Some(std), ..self })
        } else {
            Err(Error::NormalLogits { mean: 0.0, std })
        }
    }

    /// Features that memory allows, at most [`MonomialMap::DEFAULT_FEATURE_LIMIT`].
    #[must_use]
    pub const fn max_features(&self) -> usize {
        let numbers = PARTIAL_SUMS.saturating_mul(self.value_columns.saturating_add(1));
        let features = self.memory / numbers.saturating_add(BLOCK_NUMBERS).saturating_mul(size_of::<f64>());
        if features < MonomialMap::DEFAULT_FEATURE_LIMIT {
            features
        } else {
            MonomialMap::DEFAULT_FEATURE_LIMIT
        }
    }

    /// The map with fewest features among those with the strongest statement: certified before typical before random.
    #[must_use]
    pub fn recommend(&self) -> Recommendation {
        let kinds: [fn(&Self) -> Option<Recommendation>; 3] = [Self::certified, Self::typical, Self::random];
        let mut needed = None;
        for found in kinds.iter().filter_map(|kind| kind(self)) {
            let count = found.feature_count();
            if count.is_some_and(|count| count <= self.max_features() as u64) {
                return found;
            }
            needed = [needed, count].into_iter().flatten().min();
        }
        self.none_fits(needed)
    }

    /// The map that is recommended, drawn with `rng` if it is random.
    ///
    /// # Errors
    /// [`Error::NoMapFits`].
    ///
    /// ```
    /// use poly_kernel::{Error, FeatureMap, Workload};
    /// use rand::SeedableRng;
    ///
    /// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(7);
    /// assert_eq!(Workload::new(8, 1.0, 0.01)?.map(rng)?.feature_count(), 165);
    /// assert!(matches!(Workload::new(64, 8.0, 0.01)?.map(rng), Err(Error::NoMapFits { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn map<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Box<dyn FeatureMap>, Error> {
        match self.recommend() {
            Recommendation::Certified { polynomial, .. } | Recommendation::Typical { polynomial, .. } => {
                Ok(Box::new(MonomialMap::new(self.dim, polynomial.coefficients())?))
            }
            Recommendation::Random { map, feature_count, .. } => self.drawn(map, feature_count, rng),
            Recommendation::NoneFits { max_features, .. } => Err(Error::NoMapFits {
                dim: self.dim,
                max_logit: self.max_logit,
                output_error: self.output_error,
                max_features,
            }),
        }
    }

    fn drawn<R: Rng + ?Sized>(
        &self,
        map: RandomMap,
        count: usize,
        rng: &mut R,
    ) -> Result<Box<dyn FeatureMap>, Error> {
        Ok(match map {
            RandomMap::Trigonometric => Box::new(TrigonometricFeatures::new(self.dim, count / 2, rng)?),
            RandomMap::Positive => Box::new(PositiveFeatures::hyperbolic(self.dim, count / 2, rng)?),
            RandomMap::LinearPlusRandom { degree } => {
                Box::new(LinearPlusRandom::new(self.dim, degree, count - 1 - self.dim, rng)?)
            }
        })
    }

    fn certified(&self) -> Option<Recommendation> {
        let mut degrees = 0..=ExpPolynomial::MAX_DEGREE;
        degrees.find_map(|degree| {
            let (polynomial, output_error) = certified_error(degree, self.max_logit)?;
            let feature_count = usize::try_from(feature_count(self.dim, degree)).ok()?;
            (output_error <= self.output_error).then_some(Recommendation::Certified {
                polynomial,
                feature_count,
                output_error,
            })
        })
    }

    /// With `pⱼ` the weights and `εⱼ` their relative errors the output moves by `Σ pⱼεⱼ(vⱼ − o)` to first order, and for many keys
    /// `Σ pⱼ|εⱼ| → E|f − e^t|/E e^t ≤ e^{s²/2} normal_error`. Since `f − e^t` is orthogonal to constants, `Σ pⱼεⱼ → 0`, and half of
    /// that would do.
    fn typical(&self) -> Option<Recommendation> {
        let std = self.logit_std?;
        let error = |degree: usize| ExpPolynomial::normal_error(degree, std) * (0.5 * std * std).exp();
        let degree = (0..=ExpPolynomial::MAX_DEGREE).find(|&degree| error(degree) <= self.output_error)?;
        Some(Recommendation::Typical {
            polynomial: ExpPolynomial::least_squares_normal(degree, 0.0, std).ok()?,
            feature_count: usize::try_from(feature_count(self.dim, degree)).ok()?,
            output_error: error(degree),
        })
    }

    /// `|Σ pⱼεⱼ(vⱼ − o)|` has a root mean square of at most `e Σ pⱼ|vⱼ − o| ≤ ½e` (Minkowski) if each `εⱼ` has one of `e`.
    fn random(&self) -> Option<Recommendation> {
        let degree = (2..=ExpTaylor::MAX_DEGREE).find(|&degree| {
            let taylor = ExpTaylor::new(degree);
            taylor.is_ok_and(|taylor| taylor.relative_error(self.max_logit) <= 0.5 * self.output_error)
        });
        let linear = degree.map(|degree| RandomMap::LinearPlusRandom { degree });
        let maps = [Some(RandomMap::Trigonometric), Some(RandomMap::Positive), linear];
        let found = maps.into_iter().flatten().filter_map(|map| {
            let feature_count =
                fewest(self.most(map), |count| self.error_of(map, count) <= self.output_error)?;
            let output_error = self.error_of(map, feature_count);
            Some(Recommendation::Random { map, feature_count, output_error })
        });
        found.min_by_key(Recommendation::feature_count)
    }

    /// How many features can be drawn.
    fn most(&self, map: RandomMap) -> usize {
        match map {
            RandomMap::Trigonometric | RandomMap::Positive => max_features(self.dim),
            RandomMap::LinearPlusRandom { degree } => LinearPlusRandom::max_count(self.dim, degree),
        }
    }

    fn error_of(&self, map: RandomMap, count: usize) -> f64 {
        let error = match map {
            RandomMap::Trigonometric => {
                TrigonometricFeatures::error_of(self.dim, (count / 2).max(1), self.max_logit)
            }
            RandomMap::Positive => PositiveFeatures::hyperbolic_error_of((count / 2).max(1), self.max_logit),
            RandomMap::LinearPlusRandom { degree } => {
                let residual = count.saturating_sub(1).saturating_sub(self.dim);
                LinearPlusRandom::error_of(self.dim, degree, residual, self.max_logit)
                    .unwrap_or(KernelError::PerPoint)
            }
        };
        match error {
            KernelError::RelativeStd(error) | KernelError::RelativeRms(error) => 0.5 * error,
            _ => f64::INFINITY,
        }
    }

    fn none_fits(&self, needed: Option<u64>) -> Recommendation {
        let max_features = self.max_features();
        let largest = (0..=ExpPolynomial::MAX_DEGREE)
            .take_while(|&degree| feature_count(self.dim, degree) <= max_features as u128)
            .last();
        // more degrees are not always better where nothing is certified
        let errors = (0..=largest.unwrap_or(0))
            .filter_map(|degree| Some((degree, certified_error(degree, self.max_logit)?.1)));
        let (best_degree, best_error) = errors.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 1.0));
        Recommendation::NoneFits {
            max_features,
            needed,
            best_degree,
            best_error,
            mean_error: certified_error(0, self.max_logit).map_or(1.0, |(_, error)| error),
            // not even the mean fits where there is no memory
            largest_max_logit: largest.map_or(0.0, |degree| self.largest_max_logit(degree)),
        }
    }

    /// The largest bound of logits for which a polynomial of this degree will do.
    fn largest_max_logit(&self, degree: usize) -> f64 {
        let will_do = |max_logit: f64| {
            certified_error(degree, max_logit).is_some_and(|(_, error)| error <= self.output_error)
        };
        let (mut low, mut high) = (0.0, self.max_logit);
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            if will_do(middle) { low = middle } else { high = middle }
        }
        low
    }
}

/// The polynomial with the best certified output error of its degree, if it is positive.
fn certified_error(degree: usize, max_logit: f64) -> Option<(ExpPolynomial, f64)> {
    if degree == 0 {
        // one in place of e^t
        let error = output_error(exp_lower(-max_logit), exp_upper(max_logit))?;
        return Some((ExpPolynomial::taylor(0).ok()?, error));
    }
    let range = LogitRange::symmetric(max_logit).ok()?;
    let polynomial = ExpPolynomial::best_relative(degree, range).ok()?;
    let certificate = polynomial.certificate(range);
    let error = output_error(certificate.ratio_lower(), certificate.ratio_upper())?;
    Some((polynomial, error))
}

/// The smallest count up to `most` that will do, if more are never worse.
fn fewest(most: usize, will_do: impl Fn(usize) -> bool) -> Option<usize> {
    if !will_do(most) {
        return None;
    }
    let (mut low, mut high) = (0, most);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if will_do(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

impl Recommendation {
    /// Number of features, where a map is recommended.
    fn feature_count(&self) -> Option<u64> {
        match self {
            Self::Certified { feature_count, .. }
            | Self::Typical { feature_count, .. }
            | Self::Random { feature_count, .. } => Some(*feature_count as u64),
            Self::NoneFits { .. } => None,
        }
    }
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certified { polynomial, feature_count, output_error } => {
                let degree = polynomial.degree();
                write!(
                    f,
                    "monomials of degree {degree}: {feature_count} features, output error certified at most {output_error:.2e} of the range of values"
                )
            }
            Self::Typical { polynomial, feature_count, output_error } => {
                let degree = polynomial.degree();
                write!(
                    f,
                    "monomials of degree {degree}: {feature_count} features, output error typically {output_error:.2e} of the range of values, not certified"
                )
            }
            Self::Random { map, feature_count, output_error } => {
                write!(
                    f,
                    "{map:?}: {feature_count} features, output error of root mean square {output_error:.2e} of the range of values over draws"
                )
            }
            Self::NoneFits {
                max_features,
                needed,
                best_degree,
                best_error,
                mean_error,
                largest_max_logit,
            } => {
                write!(f, "no explicit map fits: memory allows {max_features} features, ")?;
                match needed {
                    Some(needed) => write!(f, "{needed} would do; ")?,
                    None => write!(f, "no map would do with more; ")?,
                }
                if *max_features == 0 {
                    return f.write_str("nothing fits, not even the mean of the values: allow more memory");
                }
                if best_error < mean_error {
                    write!(
                        f,
                        "degree {best_degree} is certified to {best_error:.2e} of the range of values, "
                    )?;
                    write!(f, "the mean of the values to {mean_error:.2e}; ")?;
                } else {
                    write!(f, "nothing that fits is certified to be better than the mean of the values; ")?;
                }
                if *largest_max_logit > 0.0 {
                    write!(f, "with logits up to {largest_max_logit:.3} the error could be certified: ")?;
                }
                f.write_str("centre the keys, bound norms or lower the scale, else use exact attention")
            }
        }
    }
}
