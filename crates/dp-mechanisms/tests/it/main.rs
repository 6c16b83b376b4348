//! Integration tests of dp-mechanisms.

mod constructors;
mod covariance;
mod noise_calibration;
mod noise_decimal;
mod noise_laws;
mod noise_mechanisms;
mod noise_sampler;
mod profiles;
mod selection;
