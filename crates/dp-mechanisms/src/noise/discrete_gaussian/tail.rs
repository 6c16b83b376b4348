//! Sums `Σ e^{−j²/2σ²}` with certified bounds: all of it, and all beyond a point, of good relative precision for every σ.

use super::bernoulli;
use crate::certified::{
    dyadic::Dyadic,
    elementary::{exp, inverse_sqrt_two_pi, pi},
    interval::Interval,
    mills::{density, mills},
    scaled::Scaled,
};
use crate::noise::law::negligible;
use crate::noise::rounded_gaussian::{boundary, is_far};
use num_bigint::BigInt;

/// Exponents beyond `2^FAR_BITS` are not evaluated: `e^{−2³⁹}` is below every float.
const FAR_BITS: u64 = 39;
/// Bits that the recurrences may lose to rounding: a few units a step, in fewer than `2³²` steps.
const GUARD: u64 = 40;
/// Bits to which the thresholds of the fast path are enclosed.
const WORD_PRECISION: u64 = 96;

/// The parameter σ with what follows from it exactly.
#[derive(Clone, Debug)]
pub(super) struct Sigma {
    exact: Dyadic,
    /// `2σ²`.
    twice_square: Dyadic,
    /// The float, to choose between methods only.
    value: f64,
}

impl Sigma {
    pub(super) fn new(value: f64) -> Self {
        let exact = Dyadic::from_f64(value);
        let twice_square = exact.times(&exact).doubled(1);
        Self { exact, twice_square, value }
    }

    pub(super) fn exact(&self) -> &Dyadic {
        &self.exact
    }

    pub(super) fn twice_square(&self) -> &Dyadic {
        &self.twice_square
    }

    /// `n/2σ²`.
    pub(super) fn exponent(&self, n: impl Into<BigInt>, precision: u64) -> Interval {
        Dyadic::integer(n).over(&self.twice_square, precision)
    }

    /// `e^{−k²/2σ²}`.
    pub(super) fn weight(&self, k: i128, precision: u64) -> Scaled {
        let exponent = self.exponent(BigInt::from(k) * k, precision);
        if exponent.lo().bits() > precision + FAR_BITS { negligible(precision) } else { exp(&-&exponent) }
    }

    /// `1/Σ_j e^{−j²/2σ²}`, all integers j: as it stands for `σ < 1`, by Poisson summation from there on.
    pub(super) fn center(&self, precision: u64) -> Scaled {
        let one = Interval::integer(1, precision);
        if self.value < 1.0 {
            return Scaled::new(&one / &lattice_sum(&self.exponent(1, precision)), 0);
        }
        let exponent = (self.value.to_bits() >> 52) as i64 - 1023;
        let mantissa = self.exact.doubled(-exponent).at(precision);
        let share = &inverse_sqrt_two_pi(precision) / &(&mantissa * &self.dual(precision));
        Scaled::new(share, -exponent)
    }

    /// `Σ_n e^{−2π²σ²n²}`, all integers n: what the lattice sum has beyond `σ√(2π)`.
    fn dual(&self, precision: u64) -> Interval {
        let work = precision + 128; // 2σ² is below 2¹⁰²
        let exponent = &pi(work).square() * &self.twice_square.at(work);
        lattice_sum(&exponent.with_precision(precision))
    }

    /// `P(K > k)` for `k ≥ 0`.
    pub(super) fn tail(&self, k: i128, precision: u64) -> Scaled {
        if self.prefers_expansion(k, precision) {
            self.by_expansion(k, precision)
        } else {
            self.by_sum(k, precision)
        }
    }

    /// Whether the expansion is the cheaper way to `precision` bits, and reaches it: its least error is about
    /// `e^{−π²σ²}`, and its terms fall by `(4π)²` at least while `(k + 1/2)/σ² ≤ 1/2`.
    fn prefers_expansion(&self, k: i128, precision: u64) -> bool {
        let square = self.value * self.value;
        self.value >= 16.0 && (k as f64 + 0.5) <= square / 2.0 && precision as f64 <= 8.0 * square
    }

    /// Term by term.
    pub(super) fn by_sum(&self, k: i128, precision: u64) -> Scaled {
        let work = precision + GUARD;
        let first = k + 1;
        // the ratio of the second term to the first, and what ratios fall by
        let sum = series(power(&self.exponent(2 * first + 1, work)), &power(&self.exponent(2, work)));
        let whole = self.weight(first, work).times(&sum).product(&self.center(work));
        whole.normalized().with_precision(precision)
    }

    /// `⌊2⁶⁴·P(K > k)⌋` or one less, for `k = 0, 1, …`, down to the first below `smallest`; for a small σ, all in one
    /// sweep.
    pub(super) fn words_of_tails(&self, smallest: u64) -> Vec<u64> {
        let work = WORD_PRECISION + GUARD;
        let (mut ratio, step) = (power(&self.exponent(1, work)), power(&self.exponent(2, work)));
        let mut weight = Interval::integer(1, work);
        let mut weights = Vec::new(); // e^{−j²/2σ²}, j = 1, 2, …
        while *weight.hi() > BigInt::from(1) {
            weight = &weight * &ratio;
            ratio = &ratio * &step;
            weights.push(weight.clone());
        }
        // what is left is at most the last weight, a unit, as ratios are below one half where weights are that small
        let mut tail = Interval::new(BigInt::ZERO, 1.into(), work);
        let center = self.center(work).to_fixed();
        let mut words: Vec<u64> = Vec::new();
        for weight in weights.iter().rev() {
            tail = &tail + weight;
            let word = (&tail * &center).with_precision(64);
            words.push(u64::try_from(word.lo()).expect("tails are below one half"));
        }
        words.reverse();
        let kept = words.iter().take_while(|&&word| word >= smallest).count() + 1;
        words.truncate(kept);
        words
    }

    /// The midpoint rule of Euler and Maclaurin with `a = k + 1/2`, `z = a/σ`:
    ///
    /// ```text
    /// Σ_{j>k} e^{−j²/2σ²} = σ e^{−z²/2} (m(z) + Σ_{i ≤ M} d_i·He_{2i−1}(z)/σ^{2i} + rest)
    /// ```
    ///
    /// with `d_i = B_{2i}(1/2)/(2i)!` and `|rest| ≤ 4·39^{−M}·I_{2M}(z)/σ^{2M}`, where
    /// `I_n = h_{n−1}(z) + 2(n − 1)I_{n−2}`, `I₀ = m(z)` and `h_n` is `He_n` with all signs plus. (Proof:
    /// docs/theorems.md, Discrete Gaussian.)
    pub(super) fn by_expansion(&self, k: i128, precision: u64) -> Scaled {
        let work = precision + GUARD;
        let z = boundary(k, &self.exact, work);
        if is_far(&z) {
            return negligible(precision);
        }
        let mills = mills(&z);
        let bracket = &mills + &self.corrections(k, &mills, work);
        let share = &bracket / &self.dual(work);
        density(&z).times(&share).normalized().with_precision(precision)
    }

    /// `Σ_{i ≤ M} d_i·He_{2i−1}(z)/σ^{2i}` with its remainder, for the first M at which that no longer matters or falls.
    fn corrections(&self, k: i128, mills: &Interval, work: u64) -> Interval {
        let slope = self.exponent(2 * k + 1, work); // a/σ² = z/σ
        let inverse_square = self.exponent(2, work);
        let start = &Interval::integer(1, work) / &self.exact.at(work);
        let mut signed = Recurrence::new(&start, -1);
        let mut positive = Recurrence::new(&start, 1);
        let mut integral = mills.clone(); // I_n/σⁿ
        let mut sum = Interval::integer(0, work);
        let mut rest = BigInt::from(1) << work;
        for (i, coefficient) in (1_u32..).zip(bernoulli::coefficients(work)) {
            signed.step(&slope, &inverse_square);
            positive.step(&slope, &inverse_square);
            sum = &sum + &(&coefficient * &signed.current);
            integral = &positive.current + &(&integral * &inverse_square).times(i64::from(4 * i - 2));
            let bound = remainder(i, &integral);
            if bound <= BigInt::from(1) || bound > rest {
                return sum.widened(&bound);
            }
            rest = bound;
            signed.step(&slope, &inverse_square);
            positive.step(&slope, &inverse_square);
        }
        sum.widened(&rest)
    }
}

/// `4·39^{−i}·integral`, rounded up, in units of its precision; `(2π)² > 39`.
fn remainder(i: u32, integral: &Interval) -> BigInt {
    (integral.hi() * 4_u32) / BigInt::from(39).pow(i) + 1_u32
}

/// `u_n = He_n(z)/σ^{n+1}`, or the same with all signs plus: `u_{n+1} = (z/σ)·u_n ± (n/σ²)·u_{n−1}`.
struct Recurrence {
    n: i64,
    previous: Interval,
    current: Interval,
    sign: i64,
}

impl Recurrence {
    /// At `n = 0`, with `u₀ = 1/σ`.
    fn new(start: &Interval, sign: i64) -> Self {
        Self { n: 0, previous: Interval::integer(0, start.precision()), current: start.clone(), sign }
    }

    fn step(&mut self, slope: &Interval, inverse_square: &Interval) {
        let older = (&self.previous * inverse_square).times(self.sign * self.n);
        let next = &(&self.current * slope) + &older;
        self.previous = core::mem::replace(&mut self.current, next);
        self.n += 1;
    }
}

/// `Σ_j e^{−cj²}`, all integers j.
fn lattice_sum(c: &Interval) -> Interval {
    let half = series(power(c), &power(&c.times(2)));
    &half.times(2) - &Interval::integer(1, c.precision())
}

/// `1 + r + r·rs + r·rs·rs² + …` for `0 ≤ r, s ≤ 1`, until the ratio is at most 3/4 and the term four units: rounded up, it
/// need not fall any further.
fn series(mut ratio: Interval, step: &Interval) -> Interval {
    let precision = ratio.precision();
    let (slow, last) = (BigInt::from(3) << (precision - 2), BigInt::from(4));
    let mut term = Interval::integer(1, precision);
    let mut sum = Interval::integer(0, precision);
    while *term.hi() > last || *ratio.hi() > slow {
        sum = &sum + &term;
        term = &term * &ratio;
        ratio = &ratio * step;
    }
    // what is left is at most four times its first term
    Interval::new(sum.lo().clone(), sum.hi() + 16, precision)
}

/// `e^{−x}` in fixed point, for `x ≥ 0`.
fn power(x: &Interval) -> Interval {
    let precision = x.precision();
    if x.lo().bits() > precision + u64::from(precision.ilog2()) + 1 {
        return Interval::new(BigInt::ZERO, 1.into(), precision); // x > precision, so that e^{−x} < 2^{−precision}
    }
    exp(&-x).to_fixed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion_and_sum_enclose_the_same_number() {
        // two unrelated methods; both enclosures are below 2⁻¹⁰⁰ wide, relatively
        for (sigma, points) in
            [(16.0, [0, 5, 40, 127]), (33.7, [0, 33, 200, 560]), (300.25, [0, 1000, 9000, 45_000])]
        {
            let law = Sigma::new(sigma);
            for k in points {
                let (a, b) = (law.by_expansion(k, 128), law.by_sum(k, 128));
                assert!(a.is_tight(100) && b.is_tight(100), "σ = {sigma}, k = {k}");
                let difference = a.minus(&b);
                assert_eq!(difference.compare(&Dyadic::integer(0)), None, "σ = {sigma}, k = {k}");
            }
        }
    }

    #[test]
    fn the_center_is_the_same_by_both_sums() {
        for sigma in [0.7, 0.999, 1.0, 1.5, 3.0] {
            let law = Sigma::new(sigma);
            let direct = Scaled::new(&Interval::integer(1, 200) / &lattice_sum(&law.exponent(1, 200)), 0);
            let dual = &(&law.exact.at(200) * &law.dual(200)) / &inverse_sqrt_two_pi(200);
            let difference = direct.minus(&Scaled::new(&Interval::integer(1, 200) / &dual, 0));
            assert_eq!(difference.compare(&Dyadic::integer(0)), None, "σ = {sigma}");
            assert!(law.center(200).is_tight(180));
        }
    }

    #[test]
    fn the_sum_ends_where_ratios_stay_between_one_half_and_three_quarters() {
        // rounded up, a term of two units times such a ratio is two units again
        for (sigma, k) in [(1000.0, 500_000), (1000.0, 650_000), (1e5, 5_500_000_000)] {
            let law = Sigma::new(sigma);
            assert!(!law.prefers_expansion(k, 128) && law.tail(k, 128).is_tight(90), "σ = {sigma}, k = {k}");
        }
        assert_eq!(Sigma::new(0.98 * 2.0_f64.powi(32)).tail(i64::MAX.into(), 128).to_bounds().1, 5e-324);
    }

    #[test]
    fn tails_are_tight_over_the_whole_range() {
        for sigma in [5e-324, 1e-3, 0.3, 1.0, 15.9, 16.0, 1e3, 2.0_f64.powi(50)] {
            let law = Sigma::new(sigma);
            for k in [0, 1, 10, 1000, 1 << 40, i128::from(i64::MAX)] {
                let tail = law.tail(k, 128);
                assert!(tail.is_tight(90) || tail.to_bounds().1 == 5e-324, "σ = {sigma}, k = {k}");
            }
        }
    }
}
