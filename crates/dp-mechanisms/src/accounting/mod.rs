//! What is guaranteed, and how guarantees add up.

mod profile;

pub use profile::PrivacyProfile;
