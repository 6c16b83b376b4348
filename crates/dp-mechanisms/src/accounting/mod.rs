//! What is guaranteed, and how guarantees add up.

mod accountants;
mod conversions;
mod filter;
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
