//! `δ(ε)` of every spectrum in a neighbourhood at once: the modulus of the inversion integral, bounded shape by shape.
//!
//! For k draws and changes with `Σ g(μᵢ) = G`, on the line `s = c + it`,
//!
//! ```text
//! δ(ε) ≤ (e^{−cε}/π) ∫₀^∞ exp(Σ ψ_t(μᵢ))/|s(s + 1)| dt,     ψ_t(μ) = k(−(c/2) ln(1 + μ) − ¼ ln((1 − cμ)² + t²μ²)),
//! Σ ψ_t(μᵢ) ≤ G·sup ψ_t(μ)/g(μ),
//! ```
//!
//! and the supremum over one eigenvalue is bounded cell by cell: with
//! `ψ_t(μ) = kℓ(μ) − (k/4) ln(1 + t²μ²/(1 − cμ)²)`, the first part over g has one valley on each side of zero, so
//! that it is largest at an end of the cell, and the second is bounded by monotonicity. The integrand falls in t, so
//! that a sum of left ends bounds the integral. Everything that depends on t is `+ − × ÷ √` in `f64`, each rounded
//! toward a larger result.

use super::change::{EigenvalueChange, Fraction};
use super::renyi::{Moments, exp_of, ln_moment};
use super::steer::minimum;
use crate::certified::{dyadic::Dyadic, elementary::pi, exp_bounds, interval::Interval, scaled::Scaled};

/// How changes are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// `g(μ) = μ²`.
    Frobenius,
    /// `g(μ) = μ²/(1 + μ)`, which is `t + 1/t − 2` at `t = 1 + μ`.
    Jeffreys,
}

/// All spectra with `Σ g(μᵢ) ≤ G = g(top)` and `−top/(1 + top) ≤ μᵢ ≤ top`, seen through k draws.
///
/// The lower end is the largest change reversed: there `g` of the reversed change reaches G.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ball {
    pub(super) measure: Measure,
    /// The largest change.
    pub(super) top: f64,
    pub(super) draws: u32,
}

/// Beyond this the largest decrease rounds to minus one, where an eigenvalue vanishes.
const LARGEST_TOP: f64 = 1e15;

/// Growth of `1 − cμ` over the first cell, and from cell to cell.
const FIRST_CELL: f64 = 0.01;
const CELL_GROWTH: f64 = 1.4;

/// Steps of the sum per width of the integrand: their error is about half of one over this.
const STEPS_PER_WIDTH: f64 = 64.0;

/// A cell `[near, far]` of changes of one sign, by magnitude. `W·(1 + t²ρ²)^{−κ/2ᵠ}` bounds `exp(G·ψ_t/g)` over it.
#[derive(Debug, Clone, Copy)]
struct Cell {
    weight: f64,
    square: f64,
    power: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Increase,
    Decrease,
}

impl Ball {
    /// Upper bound of `δ(ε)`, the better one of the integral and of what moments alone say.
    pub(super) fn delta_upper(&self, epsilon: f64) -> f64 {
        if self.top > LARGEST_TOP {
            return 1.0;
        }
        let from_moments = super::renyi::converted_delta(self, epsilon);
        self.integral(epsilon).map_or(from_moments, |integral| integral.min(from_moments))
    }

    fn integral(&self, epsilon: f64) -> Option<f64> {
        let largest = ((1.0 - 1e-9) / self.top).min(1e9);
        let value = |log: f64| {
            let c = log.exp().min(largest);
            self.rough_ln_moment(c) - c * epsilon - c.ln() - c.ln_1p()
        };
        let tilt = minimum((-25.0, largest.ln()), value).exp().min(largest);
        let integral = Integral::new(self, tilt)?;
        let exact = Dyadic::from_f64(tilt);
        let loss = exact.times(&Dyadic::from_f64(epsilon)).at(PRECISION);
        let height = exp_of(&(&integral.top - &loss))?;
        let bound = Some(integral.bound()).filter(|bound| bound.is_finite())?;
        let over_pi = &Dyadic::from_f64(bound).at(PRECISION) / &pi(PRECISION);
        Some(height.times(&over_pi).to_bounds().1.min(1.0))
    }

    /// `ln E e^{cL}` per draw of one change; `None` where infinite.
    fn moment_of(change: f64, tilt: &Dyadic, precision: u64) -> Option<Interval> {
        let change = EigenvalueChange::new(change).expect("cells lie in the range of changes");
        ln_moment(&Fraction::as_given(change), tilt, precision)
    }

    /// Upper bound of `G/g(μ)` at a change of this sign and magnitude.
    fn copies(&self, side: Side, size: f64) -> f64 {
        let ratio = (self.top / size).next_up();
        let square = (ratio * ratio).next_up();
        let scale = match (self.measure, side) {
            (Measure::Frobenius, _) => return if size == self.top { 1.0 } else { square },
            (Measure::Jeffreys, Side::Increase) => (1.0 + size).next_up(),
            (Measure::Jeffreys, Side::Decrease) => (1.0 - size).next_up(),
        };
        ((square * scale).next_up() / (1.0 + self.top).next_down()).next_up()
    }

    /// Lower bound of `G·μ²/(g(μ)·far²)` over the changes of a cell.
    fn least_copies(&self, side: Side, (near, far): (f64, f64)) -> f64 {
        let ratio = self.top / far;
        let square = if ratio == 1.0 { 1.0 } else { (ratio.next_down() * ratio.next_down()).next_down() };
        let scale = match (self.measure, side) {
            (Measure::Frobenius, _) => return square,
            (Measure::Jeffreys, Side::Increase) => (1.0 + near).next_down(),
            (Measure::Jeffreys, Side::Decrease) => (1.0 - far).next_down(),
        };
        ((square * scale).next_down() / (1.0 + self.top).next_up()).next_down().max(0.0)
    }

    /// Upper bound of the largest `−μ`.
    fn bottom(&self) -> f64 {
        (self.top / (1.0 + self.top).next_down()).next_up()
    }

    /// Upper bound of `G·kℓ(μ)/g(μ)` at a change, and of its limit at zero, `G·k·c(c + 1)/4`.
    fn energy(&self, side: Side, size: f64, tilt: &Dyadic, c: f64) -> Option<f64> {
        let draws = f64::from(self.draws);
        if size == 0.0 {
            let square = (self.top * self.top).next_up();
            let scaled = match self.measure {
                Measure::Frobenius => square,
                Measure::Jeffreys => (square / (1.0 + self.top).next_down()).next_up(),
            };
            let quarter = (c * (c + 1.0).next_up()).next_up() / 4.0;
            return Some(((scaled * draws).next_up() * quarter).next_up());
        }
        let change = if side == Side::Increase { size } else { -size };
        let moment = Scaled::new(Self::moment_of(change, tilt, PRECISION)?, 0).to_bounds().1;
        let energy = ((self.copies(side, size) * draws).next_up() * moment).next_up();
        energy.is_finite().then_some(energy)
    }
}

const PRECISION: u64 = 160;

/// By the largest change alone, or by a whole sphere of the smallest: over the neighbourhood, `Σ ℓ(μᵢ)` is at most
/// the larger of `ℓ(top)` and `G·ℓ(bottom)/g(bottom)` (docs/theorems.md, *Changed covariances, neighbourhoods*).
impl Moments for Ball {
    fn ln_moment(&self, tilt: &Dyadic, precision: u64) -> Option<Interval> {
        if self.top > LARGEST_TOP {
            return None;
        }
        let draws = i64::from(self.draws);
        let top = Self::moment_of(self.top, tilt, precision)?.times(draws);
        if self.measure == Measure::Jeffreys {
            return Some(top);
        }
        let bottom = Self::moment_of(-self.bottom(), tilt, precision)?.times(draws);
        let copies = Some(self.copies(Side::Decrease, self.bottom())).filter(|copies| copies.is_finite())?;
        let bottom = &bottom * &Dyadic::from_f64(copies).at(precision);
        Some(Interval::new(top.lo().max(bottom.lo()).clone(), top.hi().max(bottom.hi()).clone(), precision))
    }

    fn rough_ln_moment(&self, tilt: f64) -> f64 {
        -0.5 * f64::from(self.draws) * (tilt * self.top.ln_1p() + (-tilt * self.top).ln_1p())
    }

    fn largest_tilt(&self) -> f64 {
        1.0 / self.top
    }
}

/// The integral at one tilt, relative to `E e^{cL}` of the largest change.
struct Integral {
    tilt: f64,
    /// `ln E e^{cL}` of the largest change.
    top: Interval,
    cells: Vec<Cell>,
    /// Powers are in units of `2⁻ᵠ`.
    roots: u32,
    /// Where the integrand has fallen to a third, roughly.
    width: f64,
}

impl Integral {
    /// `None` where moments are infinite.
    fn new(ball: &Ball, tilt: f64) -> Option<Self> {
        let exact = Dyadic::from_f64(tilt);
        let top = Ball::moment_of(ball.top, &exact, PRECISION)?.times(i64::from(ball.draws));
        let draws = f64::from(ball.draws);
        // powers are k/4 and more: roots make integers of at least 1024 of them, so that rounding them down costs
        // little
        let roots = 2 + (1024.0 / draws).log2().ceil().max(0.0) as u32;
        let mut integral = Self { tilt, top, cells: Vec::new(), roots, width: 0.0 };
        for (side, far) in [(Side::Increase, ball.top), (Side::Decrease, ball.bottom())] {
            integral.add_cells(ball, side, far, &exact)?;
        }
        let slope = ball.top / (1.0 - tilt * ball.top);
        integral.width = ((4.0 / draws).exp_m1().sqrt() / slope).min(tilt);
        Some(integral)
    }

    /// Cells from the largest change of one sign down to zero, finer where `1 − cμ` varies more.
    fn add_cells(&mut self, ball: &Ball, side: Side, largest: f64, exact: &Dyadic) -> Option<()> {
        let (reference, _) = Scaled::new(self.top.clone(), 0).to_bounds();
        let sign = if side == Side::Increase { -1.0 } else { 1.0 };
        let (mut far, mut growth) = (largest, FIRST_CELL);
        let mut far_energy = ball.energy(side, far, exact, self.tilt)?;
        while far > 0.0 {
            let factor = if side == Side::Increase { 1.0 + growth } else { 1.0 / (1.0 + growth) };
            let next = ((1.0 + sign * self.tilt * far) * factor - 1.0) * sign / self.tilt;
            let near = if next > 0.01 * largest && next < far { next } else { 0.0 };
            let near_energy = ball.energy(side, near, exact, self.tilt)?;
            let excess = (far_energy.max(near_energy) - reference).next_up();
            let copies = ball.least_copies(side, (near, far));
            let units =
                (copies * f64::from(ball.draws)).next_down().max(0.0) * (1_u64 << (self.roots - 2)) as f64;
            self.cells.push(Cell {
                weight: exp_bounds(excess).1,
                square: self.least_square(side, (near, far)),
                power: units as u64,
            });
            (far, far_energy, growth) = (near, near_energy, growth * CELL_GROWTH);
        }
        Some(())
    }

    /// Lower bound of `ρ²`, `ρ = far/(1 − c·near)` for increases and `far/(1 + c·far)` for decreases: with it,
    /// `ln(1 + t²μ²/(1 − cμ)²)/μ² ≥ ln(1 + t²ρ²)/far²` over the cell, as `ln(1 + x)/x` falls.
    fn least_square(&self, side: Side, (near, far): (f64, f64)) -> f64 {
        let divisor = match side {
            Side::Increase => (1.0 - (self.tilt * near).next_down()).next_up(),
            Side::Decrease => (1.0 + (self.tilt * far).next_up()).next_up(),
        };
        let slope = (far / divisor).next_down();
        (slope * slope).next_down()
    }

    /// Upper bound of `∫₀^∞ max_j Wⱼ(1 + t²ρⱼ²)^{−κⱼ}/|s(s + 1)| dt`: left ends, and `F(T)/T` for what follows T.
    fn bound(&self) -> f64 {
        let mut sum = 0.0_f64;
        let mut t = 0.0_f64;
        loop {
            let value = self.envelope(t);
            let rest = if t > 0.0 { (value / t).next_up() } else { f64::INFINITY };
            // nodes are free to choose: even ones at first, then in proportion
            if rest <= 1e-6 * sum || t > 1e12 * self.width {
                return (sum + rest).next_up();
            }
            let next = t + (self.width / STEPS_PER_WIDTH).max(t / (4.0 * STEPS_PER_WIDTH));
            let height = (value / self.poles(t)).next_up();
            sum = (sum + ((next - t).next_up() * height).next_up()).next_up();
            t = next;
        }
    }

    /// Lower bound of `|s(s + 1)|` on the line.
    fn poles(&self, t: f64) -> f64 {
        let next = (self.tilt + 1.0).next_down();
        let square = |x: f64| (x * x).next_down().max(0.0);
        let sum = |a: f64| (square(a) + square(t)).next_down().max(0.0);
        (sum(self.tilt) * sum(next)).next_down().max(0.0).sqrt().next_down().max(0.0)
    }

    /// Upper bound of the largest cell at t; it falls in t, as each does.
    fn envelope(&self, t: f64) -> f64 {
        let square = (t * t).next_down().max(0.0);
        let at = |cell: &Cell| (cell.weight / self.decay(cell, square)).next_up();
        self.cells.iter().map(at).fold(0.0, f64::max)
    }

    /// Lower bound of `(1 + t²ρ²)^{κ/2ᵠ}`.
    fn decay(&self, cell: &Cell, square: f64) -> f64 {
        let rise = (square * cell.square).next_down().max(0.0);
        let base =
            (0..self.roots).fold((1.0 + rise).next_down().max(1.0), |x, _| x.sqrt().next_down().max(1.0));
        let (mut result, mut factor, mut left) = (1.0_f64, base, cell.power);
        while left > 0 {
            if left & 1 == 1 {
                result = (result * factor).next_down().max(1.0);
            }
            factor = (factor * factor).next_down().max(1.0);
            left >>= 1;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Σ ψ_t(μᵢ)` less that of the largest change at `t = 0`, in plain floating point
    fn log_modulus(ball: &Ball, changes: &[f64], c: f64, t: f64) -> f64 {
        let psi = |mu: f64, t: f64| {
            let rest = (1.0 - c * mu).powi(2) + (t * mu).powi(2);
            -f64::from(ball.draws) * (0.5 * c * mu.ln_1p() + 0.25 * rest.ln())
        };
        changes.iter().map(|mu| psi(*mu, t)).sum::<f64>() - psi(ball.top, 0.0)
    }

    /// changes of one size that fill the sphere, not all of the same sign, and the rest in one
    fn shapes(ball: &Ball) -> Vec<Vec<f64>> {
        let g = |mu: f64| if ball.measure == Measure::Jeffreys { mu * mu / (1.0 + mu) } else { mu * mu };
        let solve = |value: f64| {
            if ball.measure == Measure::Jeffreys {
                f64::midpoint(value, (value * value + 4.0 * value).sqrt())
            } else {
                value.sqrt()
            }
        };
        let mut shapes = vec![vec![ball.top]];
        for size in [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97] {
            for negative in [0, 1, 2, 40] {
                let (mut left, mut shape) = (g(ball.top), Vec::new());
                for i in 0..60 {
                    let size = size * ball.bottom();
                    let change = if i < negative { -size } else { size };
                    if g(change) < left {
                        left -= g(change);
                        shape.push(change);
                    }
                }
                shape.push(solve(left));
                shapes.push(shape);
            }
        }
        shapes
    }

    #[test]
    fn the_envelope_is_above_every_shape_at_every_height() {
        for measure in [Measure::Frobenius, Measure::Jeffreys] {
            for (top, draws) in [(0.3, 3), (0.03, 100), (0.01, 1000), (1.5, 2)] {
                let ball = Ball { measure, top, draws };
                for share in [0.05, 0.3, 0.7, 0.95] {
                    let tilt = share / top;
                    let integral = Integral::new(&ball, tilt).unwrap();
                    for shape in shapes(&ball) {
                        for multiple in [0.0, 0.3, 1.0, 3.0, 10.0] {
                            let t = multiple * integral.width;
                            let exact = log_modulus(&ball, &shape, tilt, t);
                            // both sides are good to 1e-12 and powers are rounded down by less than 1/1000
                            assert!(
                                integral.envelope(t).ln() >= exact - 1e-9,
                                "{ball:?} {share} {shape:?} {t}"
                            );
                        }
                    }
                    // and it is attained at the real axis, unless the other end of the range is the worse one
                    assert!(integral.envelope(0.0) < 1.1 || tilt < 1.0, "{ball:?} {share}");
                }
            }
        }
    }

    #[test]
    fn moments_of_the_ball_are_above_those_of_every_shape() {
        for measure in [Measure::Frobenius, Measure::Jeffreys] {
            let ball = Ball { measure, top: 0.4, draws: 5 };
            for tilt in [0.01, 0.3, 0.9, 1.0, 1.7, 2.4] {
                let exact = Dyadic::from_f64(tilt);
                let bound = Scaled::new(ball.ln_moment(&exact, 128).unwrap(), 0).to_bounds();
                for shape in shapes(&ball) {
                    let relative = log_modulus(&ball, &shape, tilt, 0.0) + ball.rough_ln_moment(tilt);
                    assert!(bound.1 >= relative - 1e-12, "{measure:?} {tilt} {shape:?}");
                }
                if tilt >= 1.0 {
                    assert!(
                        (bound.0 - ball.rough_ln_moment(tilt)).abs() < 1e-12,
                        "attained by the largest change"
                    );
                }
            }
        }
    }
}
