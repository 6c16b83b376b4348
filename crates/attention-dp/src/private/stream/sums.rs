//! The two mechanisms of continual release under one interface.

use super::options::Factorization;
use super::released::Source;
use crate::error::Error;
use core::ops::Range;
use dp_mechanisms::continual::{BinaryTreeSum, SquareRootSum, StreamOptions};
use dp_mechanisms::{Adjacency, Certificate, Delta, Epsilon, NoiseStd, PrivacyProfile, Release};
use rand::CryptoRng;
use std::borrow::Cow;

pub(super) enum Sums<A> {
    Tree(Box<BinaryTreeSum<A>>),
    SquareRoot(Box<SquareRootSum<A>>),
}

/// Runs the same call on whichever mechanism there is.
macro_rules! either {
    ($sums:expr, $sum:ident => $call:expr) => {
        match $sums {
            Sums::Tree($sum) => $call,
            Sums::SquareRoot($sum) => $call,
        }
    };
}

impl<A: Adjacency> Sums<A> {
    pub(super) fn calibrate(
        epsilon: Epsilon,
        delta: Delta,
        factorization: Factorization,
        options: StreamOptions<A>,
    ) -> Result<Self, Error> {
        Ok(match factorization {
            Factorization::BinaryTree => {
                Self::Tree(Box::new(BinaryTreeSum::calibrate(epsilon, delta, options)?))
            }
            Factorization::SquareRoot => {
                Self::SquareRoot(Box::new(SquareRootSum::calibrate(epsilon, delta, options)?))
            }
        })
    }

    pub(super) fn with_noise_std(
        noise_std: NoiseStd,
        factorization: Factorization,
        options: StreamOptions<A>,
    ) -> Result<Self, Error> {
        Ok(match factorization {
            Factorization::BinaryTree => {
                Self::Tree(Box::new(BinaryTreeSum::with_noise_std(noise_std, options)?))
            }
            Factorization::SquareRoot => {
                Self::SquareRoot(Box::new(SquareRootSum::with_noise_std(noise_std, options)?))
            }
        })
    }

    /// Takes the next step and returns the integers that it released.
    pub(super) fn push<R: CryptoRng + ?Sized>(&mut self, step: &[i64], rng: &mut R) -> Result<&[i64], Error> {
        either!(self, sum => {
            sum.push(step, rng)?;
            Ok(sum.integers())
        })
    }

    pub(super) fn released(&self) -> Source<'_> {
        match self {
            Self::Tree(sum) => Source::Tree(Cow::Borrowed(sum.released())),
            Self::SquareRoot(sum) => {
                Source::SquareRoot(Cow::Borrowed(sum.released()), Cow::Borrowed(sum.factor()))
            }
        }
    }

    pub(super) const fn steps(&self) -> u64 {
        either!(self, sum => sum.steps())
    }

    pub(super) fn noise_std(&self) -> NoiseStd {
        either!(self, sum => sum.noise_std())
    }

    pub(super) fn prefix_std(&self, steps: u64) -> f64 {
        either!(self, sum => sum.prefix_std(steps))
    }

    pub(super) fn range_std(&self, steps: Range<u64>) -> f64 {
        either!(self, sum => sum.range_std(steps))
    }

    pub(super) const fn profile(&self) -> &PrivacyProfile<A> {
        either!(self, sum => sum.profile())
    }

    pub(super) fn certificate(&self, what: &str) -> Certificate<PrivacyProfile<A>> {
        either!(self, sum => sum.certificate(what))
    }

    pub(super) fn into_release(self, what: &str) -> Release<Source<'static>, PrivacyProfile<A>> {
        match self {
            Self::Tree(sum) => sum.into_release(what).postprocess(|tree| Source::Tree(Cow::Owned(tree))),
            Self::SquareRoot(sum) => {
                let factor = sum.factor().clone();
                let release = sum.into_release(what);
                release.postprocess(|sums| Source::SquareRoot(Cow::Owned(sums), Cow::Owned(factor)))
            }
        }
    }
}
