//! How far the tails of the discrete Gaussian are from normal tails: the scale and the margin of the fast path for
//! `σ ≥ 16`.

use super::tail::Sigma;
use crate::certified::{dyadic::Dyadic, interval::Interval};
use crate::noise::rounded_gaussian::Scale;

impl Sigma {
    /// `σ' = σ/(1 + 1/24σ²)` and the displacement `1/20σ³` of the boundaries, for `σ ≥ 16`.
    pub(super) fn normal_scale(&self) -> Scale {
        let precision = 192;
        let exact = self.exact();
        let correction = Dyadic::integer(1).over(&exact.times(exact).times(&Dyadic::integer(24)), precision);
        let factor = &exact.at(precision) / &(&Interval::integer(1, precision) + &correction);
        let margin =
            Dyadic::integer(1).over(&exact.times(exact).times(exact).times(&Dyadic::integer(20)), precision);
        Scale::displaced(&factor, &margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::{mills::upper_tail, scaled::Scaled};

    /// the bound of the fast path at every boundary up to 5.6σ (or a sample of them), in certified arithmetic
    #[test]
    fn boundaries_are_displaced_by_no_more_than_the_margin() {
        for (sigma, step) in
            [(16.0, 1), (16.3, 3), (17.0, 5), (23.7, 7), (64.0, 13), (1000.0, 391), (1e6, 300_007)]
        {
            let law = Sigma::new(sigma);
            let largest = (5.6 * sigma - 0.5) as i128;
            for k in (0..=largest).step_by(step).chain([largest]) {
                let tail = law.tail(k, 192);
                // Q((a ± 1/20σ³)/σ') = Q((a ± 1/20σ³)(1 + 1/24σ²)/σ)
                let quantile = |sign: i64| {
                    let at = |n: i64, d: &Dyadic| Dyadic::integer(n).over(d, 192);
                    let exact = law.exact();
                    let square = exact.times(exact);
                    let half = Interval::ratio(&(2 * k + 1).into(), &2.into(), 192);
                    let shifted = &half + &at(sign, &square.times(exact).times(&Dyadic::integer(20)));
                    let stretch = &Interval::integer(1, 192) + &at(1, &square.times(&Dyadic::integer(24)));
                    upper_tail(&(&(&shifted * &stretch) / &exact.at(192)))
                };
                let above = |a: &Scaled, b: &Scaled| {
                    a.with_precision(192).minus(&b.with_precision(192)).compare(&Dyadic::integer(0))
                        == Some(core::cmp::Ordering::Greater)
                };
                assert!(above(&quantile(-1), &tail) && above(&tail, &quantile(1)), "σ = {sigma}, k = {k}");
            }
        }
    }
}
