//! How well scores tell outliers from the rest.

/// Share of outliers found against share of false alarms, from `(0, 0)` to `(1, 1)`, one point a threshold.
pub(crate) fn roc(scores: &[f64], outlier: &[bool]) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&i, &j| scores[j].total_cmp(&scores[i]));
    let outliers = outlier.iter().filter(|&&outlier| outlier).count();
    let others = outlier.len() - outliers;
    let (mut found, mut alarms) = (0, 0);
    let mut points = vec![(0.0, 0.0)];
    for i in order {
        if outlier[i] {
            found += 1;
        } else {
            alarms += 1;
        }
        points.push((f64::from(alarms) / others as f64, f64::from(found) / outliers as f64));
    }
    points
}

/// The area under it: the probability that an outlier scores above another row.
pub(crate) fn area(roc: &[(f64, f64)]) -> f64 {
    roc.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[1].1 + pair[0].1) / 2.0).sum()
}

/// Share of outliers among the rows with the largest scores, as many as there are outliers.
pub(crate) fn precision(scores: &[f64], outlier: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&i, &j| scores[j].total_cmp(&scores[i]));
    let outliers = outlier.iter().filter(|&&outlier| outlier).count();
    order[..outliers].iter().filter(|&&i| outlier[i]).count() as f64 / outliers as f64
}
