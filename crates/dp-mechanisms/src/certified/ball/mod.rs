//! Balls: numbers of 126 bits with a bound on their error, the fast tier of certified arithmetic.
//!
//! A [`Ball`] `(m, e, r)` stands for all numbers `x` with `|x − m·2ᵉ| ≤ r·2ᵉ`. It is `Copy`, needs no memory, and an
//! operation takes nanoseconds where the intervals of arbitrary length take microseconds. Integer arithmetic only, so
//! results are the same on every machine. Where 126 bits do not decide, callers go on with intervals.
//!
//! # Rounding
//!
//! Mantissas are cut toward −∞, an error below one unit, which every operation adds to the radius. With `a ± α`, `b ± β`:
//!
//! | operation | radius before the cut |
//! |---|---|
//! | sum | `α + β` |
//! | product | `\|a\|β + \|b\|α + αβ` |
//! | quotient | `(\|a/b\|·β + α)/(\|b\| − β)` |
//!
//! # Functions
//!
//! | function | how |
//! |---|---|
//! | exp | `x = k·ln 2/64 + t`; a table of `2^{j/64}`, and 13 terms of the Taylor series in fixed point |
//! | ln | `y + ln(x·e^{−y})` at a float `y ≈ ln x`, four terms of the second logarithm |
//! | Mills ratio | Taylor series of degree 20 in cells of a 32nd of an octave below 64, the continued fraction above |
//!
//! # References
//!
//! J. van der Hoeven, *Ball arithmetic*, 2010; F. Johansson, *Arb: efficient arbitrary-precision midpoint-radius interval
//! arithmetic*, 2017.

mod arithmetic;
mod convert;
mod exp;
mod ln;
mod mills;
#[cfg(test)]
mod oracle;
mod trigonometry;

pub(crate) use arithmetic::Ball;
pub(crate) use exp::exp;
pub(crate) use ln::ln;
pub(crate) use mills::{density, mills, upper_tail};
pub(crate) use trigonometry::turn;
