//! Softmax of a row of logits, and what is known of it when logits are known up to intervals.

/// `e^{x_j}/Σ e^{x_m}`.
pub(super) fn softmax(logits: &[f64], out: &mut [f64]) {
    let largest = largest(logits);
    let mut sum = 0.0;
    for (out, logit) in out.iter_mut().zip(logits) {
        *out = (logit - largest).exp();
        sum += *out;
    }
    for out in out {
        *out /= sum;
    }
}

/// Relative rounding of sums of n exponentials of differences up to this, and of a few operations, with room to spare: a difference t
/// is rounded by `2⁻⁵³t`, and its exponential by as much of itself. Beyond 746 exponentials underflow.
fn outward(entries: usize, spread: f64) -> f64 {
    4.0 * (entries as f64 + 16.0 + spread.min(746.0)) * f64::EPSILON
}

fn smallest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::INFINITY, f64::min)
}

fn largest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Smallest and largest attention to each entry over all logits between `lower` and `upper`:
/// `e^{l_j}/(e^{l_j} + Σ_{m≠j} e^{u_m})` and `e^{u_j}/(e^{u_j} + Σ_{m≠j} e^{l_m})`.
///
/// Both are attained: attention to j rises with its own logit and falls with each other one.
pub(super) fn attention_intervals(lower: &[f64], upper: &[f64]) -> Vec<(f64, f64)> {
    let largest = largest(upper);
    let exponentials = |logits: &[f64]| logits.iter().map(|x| (x - largest).exp()).collect::<Vec<_>>();
    let (low, high) = (exponentials(lower), exponentials(upper));
    let (others_low, others_high) = (sums_of_others(&low), sums_of_others(&high));
    let slack = outward(lower.len(), largest - smallest(lower));
    let interval = |j: usize| {
        // what underflowed may have been as large as this, or as small as nothing
        let lost = f64::MIN_POSITIVE;
        let certain = (low[j] - lost).max(0.0);
        let least = share((certain, others_high[j]), (j, lower[j], upper)) * (1.0 - slack);
        let least = if least > lost { least } else { 0.0 };
        let most = share((high[j] + lost, others_low[j]), (j, upper[j], lower)) * (1.0 + slack);
        (least, (most + lost).min(1.0))
    };
    (0..lower.len()).map(interval).collect()
}

/// `own/(own + others)`; anew, relative to the own logit, where both are so far below the largest logit that they underflow.
fn share((own, others): (f64, f64), (j, logit, logits): (usize, f64, &[f64])) -> f64 {
    /// Sums of what is lost beside this much are below rounding.
    const SMALL: f64 = 1e-280;
    if own + others >= SMALL {
        return own / (own + others);
    }
    let others = logits.iter().enumerate().filter(|(m, _)| *m != j).map(|(_, x)| (x - logit).exp());
    1.0 / (1.0 + others.sum::<f64>())
}

/// Sum of all entries but one, for each: from both sides, because a difference would cancel.
fn sums_of_others(x: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; x.len()];
    let mut before = 0.0;
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = before;
        before += x;
    }
    let mut after = 0.0;
    for (sum, x) in sums.iter_mut().zip(x).rev() {
        *sum += after;
        after += x;
    }
    sums
}

/// Bound on the total variation between softmax at `estimate` and at any logits between `lower` and `upper`:
/// `tanh(W/4)`, W the width of the range of differences.
///
/// *Proof.* The ratio of the two laws lies within a factor `e^W` of itself; with masses p and `1 − p` at its ends, total variation is
/// largest at `p = 1/(1 + e^{W/2})`, where it is `(e^{W/2} − 1)/(e^{W/2} + 1)`. ∎ With errors up to η, `W = 2η`.
///
/// Added is what rounding does to W, and to softmax of the estimate as computed.
pub(super) fn total_variation(estimate: &[f64], lower: &[f64], upper: &[f64]) -> f64 {
    let ends = estimate.iter().zip(lower.iter().zip(upper)).map(|(x, (low, high))| (low - x, high - x));
    let (least, most) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), (low, high)| {
        (least.min(low), most.max(high))
    });
    let rounding = outward(estimate.len(), largest(estimate) - smallest(estimate));
    let ends = f64::EPSILON * (least.abs() + most.abs());
    ((0.25 * (most - least)).tanh() + rounding + ends).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_attained_at_their_corners() {
        let (lower, upper) = ([-0.5, 0.1, -1.0], [0.2, 0.4, 0.3]);
        let (low, high): (Vec<f64>, Vec<f64>) = attention_intervals(&lower, &upper).into_iter().unzip();
        for corner in 0..8_usize {
            let logits: Vec<f64> =
                (0..3).map(|j| if corner >> j & 1 == 1 { upper[j] } else { lower[j] }).collect();
            let mut attention = [0.0; 3];
            softmax(&logits, &mut attention);
            for j in 0..3 {
                assert!(low[j] <= attention[j] && attention[j] <= high[j]);
                let (own, others) = (1 << j, 7 & !(1 << j));
                let slack = 2.0 * outward(3, 1.4);
                if corner == own {
                    assert!(high[j] <= attention[j] * (1.0 + slack));
                }
                if corner == others {
                    assert!(low[j] >= attention[j] * (1.0 - slack));
                }
            }
        }
    }

    #[test]
    fn one_dominating_entry_does_not_cancel() {
        let logits = [60.0, 0.0, 1.0];
        let (low, high) = attention_intervals(&logits, &logits)[1];
        let small = (-60.0_f64).exp();
        // one rounding of the exponential and the outward factor
        assert!((high / small - 1.0).abs() < 1e-13 && (low / small - 1.0).abs() < 1e-13);
    }

    #[test]
    fn rounding_of_a_difference_far_below_the_largest_is_within_the_interval() {
        for step in 0..200 {
            let (top, low) = (0.1 * f64::from(step), -600.3 - 0.37 * f64::from(step % 7));
            // attention to the second of two is e^{low − top}/(1 + …); the difference in two parts, of which the second is what rounding took
            let rounded = low - top;
            let lost = (low - rounded) - top;
            let exact = rounded.exp() * (1.0 + lost);
            let (least, most) = attention_intervals(&[top, low], &[top, low])[1];
            // room for the exponential itself, which is the same in both
            assert!(least <= exact && exact <= most, "{top} {low}");
            assert!((1.0 - least / exact) > lost.abs() && (most / exact - 1.0) > lost.abs());
        }
    }

    #[test]
    fn intervals_far_apart_are_intervals_of_numbers() {
        // the second row's own entry is at least e^{9e4 − 9e2} times the other one, the third's anything
        let (lower, upper) = ([-300.0, 9e4, -1e5], [900.0, 1e5, 1e5]);
        let intervals = attention_intervals(&lower, &upper);
        for &(low, high) in &intervals {
            assert!((0.0..=1.0).contains(&low) && low <= high && high <= 1.0, "{intervals:?}");
        }
        let (low, high) = attention_intervals(&lower[..2], &upper[..2])[1];
        assert!(low > 1.0 - 1e-12 && high == 1.0, "{low} {high}");
        // an upper end is never below what it bounds, not even where that is below the smallest number
        assert!(attention_intervals(&[0.0, -800.0], &[0.0, -800.0])[1].1 > 0.0);
        // e^{−750 + 640} of attention to the second, both far below the largest upper end
        assert!(
            attention_intervals(&[-640.0, -750.0, -900.0], &[-640.0, -750.0, 0.0])[1].1 > (-110.0_f64).exp()
        );
    }

    #[test]
    fn total_variation_is_attained_and_ignores_a_common_shift() {
        // p = 1/(1 + e^η) on the entry that rises by η while the other falls
        let eta = 0.7_f64;
        let (mut from, mut to) = ([0.0; 2], [0.0; 2]);
        let logits = [-eta / 2.0, eta / 2.0];
        softmax(&logits, &mut from);
        softmax(&[logits[0] + eta, logits[1] - eta], &mut to);
        let bound = total_variation(
            &logits,
            &[logits[0] - eta, logits[1] - eta],
            &[logits[0] + eta, logits[1] + eta],
        );
        assert!(((from[0] - to[0]).abs() / bound - 1.0).abs() < 1e-12);
        let rounding = 2.0 * outward(2, eta);
        assert!((0.0..=rounding).contains(&(bound - (eta / 2.0).tanh())));
        assert!(total_variation(&[0.0, 0.0], &[3.0, 3.0], &[3.0, 3.0]) <= rounding);
        assert!(total_variation(&[0.0; 2], &[-1e9; 2], &[1e9; 2]) <= 1.0);
    }
}
