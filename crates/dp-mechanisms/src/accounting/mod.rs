//! What is guaranteed, and how guarantees add up.
//!
//! A [`PrivacyProfile`] is the list of the mechanisms that ran on the same data. Nothing is added up before somebody asks:
//! [`epsilon`](PrivacyProfile::epsilon), [`delta`](PrivacyProfile::delta), and their intervals take the best way there is.
//!
//! # Which function when
//!
//! | you have | you want | take |
//! |---|---|---|
//! | several releases, each fixed beforehand | ε at a δ, or δ at an ε | [`and`](PrivacyProfile::and), [`repeated`](PrivacyProfile::repeated), then [`epsilon_bounds`](PrivacyProfile::epsilon_bounds), [`delta_bounds`](PrivacyProfile::delta_bounds) |
//! | the same, many times in a loop | an answer to three or four digits | [`epsilon_bounds_within`](PrivacyProfile::epsilon_bounds_within) |
//! | a target (ε, δ) | the least noise, or the most repetitions | [`Target`] |
//! | releases chosen by what was released before | to stop within a budget | [`Filter`] |
//! | … and no budget | to know what was lost so far | [`Odometer`] |
//! | a mechanism on a random sample of the rows | its guarantee | [`Poisson`], [`FixedSize`] |
//! | a guarantee for one row | that for k rows | [`grouped`](PrivacyProfile::grouped) |
//! | to compare with a paper or another program | ε by one way of adding up | [`epsilon_bounds_by`](PrivacyProfile::epsilon_bounds_by), [`Accountant`] |
//!
//! # Error bound
//!
//! Upper bounds hold for all mechanisms with these guarantees, lower bounds for known ones that have them, both including all
//! rounding, also at `δ = 1e-20` and below. They are equal up to a few units of the seventh digit for Gaussian and Laplace mechanisms, also
//! sampled by Poisson; further apart where no worst mechanism is known (zero-concentrated guarantees, samples of fixed size,
//! replaced rows) and, from below, where single losses of positive probability have no common unit (sampled randomised response;
//! pure and Laplace mechanisms together: some percent).
//!
//! Gaussian mechanisms alone have a closed form. Else a question takes one to six milliseconds for a thousand mechanisms, and about
//! twenty where they are sampled; longer ones use a second thread. An absurd question (ε in the millions) may take seconds and be
//! answered by a wide interval, never by a wrong one.
//!
//! # Example
//!
//! ```
//! use dp_mechanisms::accounting::Target;
//! use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile};
//!
//! // a histogram, two counts, and fifty noisy averages
//! let histogram = PrivacyProfile::gaussian(Mu::new(0.2)?, AddRemoveRow);
//! let count = PrivacyProfile::pure(Epsilon::new(0.1)?, AddRemoveRow);
//! let average = PrivacyProfile::laplace(Epsilon::new(0.05)?, AddRemoveRow);
//! let all = histogram.and(&count.repeated(2))?.and(&average.repeated(50))?;
//! let (lower, upper) = all.epsilon_bounds(Delta::new(1e-9)?);
//! assert!(2.2 < lower && upper < 2.4);
//!
//! // how many averages would ε = 3 allow by themselves?
//! let most = Target::new(Epsilon::new(3.0)?, Delta::new(1e-9)?).most_repetitions(&average);
//! assert!(most > 80);
//! # Ok::<(), dp_mechanisms::Error>(())
//! ```
//!
//! # References
//!
//! Beside the papers that the types name: proofs of what is new here stand in `docs/theorems.md` of the project, *Accountants* and
//! *Privacy-loss distributions*.

mod accountants;
mod conversions;
mod filter;
mod implied;
mod loss;
mod parallel;
mod pld;
mod profile;
mod sampling;
mod single;
mod target;

pub use accountants::Accountant;
pub use filter::{Filter, Odometer};
pub use profile::PrivacyProfile;
pub use sampling::{FixedSize, Poisson};
pub use target::Target;
