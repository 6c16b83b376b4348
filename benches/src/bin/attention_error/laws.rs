//! What the abstracts claim, against the measurements.

use crate::data::Set;
use crate::methods::{Case, Method, noises, sums_of};
use crate::table::{find, sets, short};
use crate::{DELTA, EPSILONS, ROWS, Row, SHAPES};
use attention_dp::{
    Bounds, Coverage, MomentOptions, PrivateMoments, PrivateTreeAttention, Rows, Shape, TreeAttentionOptions,
    TreeBudget,
};
use dp_linalg::Mat;
use dp_mechanisms::{Delta, Epsilon, FailureProbability, ReplaceRow, secure_rng};
use std::error::Error;

pub(crate) fn print(sets_of_rows: &[Set], rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let first = &sets_of_rows[0];
    ratios(rows);
    exponents(rows);
    radius()?;
    relative(first)?;
    whole_release(first)
}

/// Trees over moments: ratios of the noise of sums, which no clamping hides.
fn ratios(rows: &[Row]) {
    println!("\n### Noise of the weighted sum, trees over moments\n");
    println!("| set | features | equal shares | accountant | joint budget |\n|---|---|---|---|---|");
    for set in sets(rows) {
        for shape in SHAPES {
            let at = |method| find(rows, &set, shape, (ROWS[2], 1.0), method);
            let (Some(moments), Some(equal)) = (at(Method::Moments), at(Method::TreesEqual)) else {
                continue;
            };
            let ratio = |method| at(method).map_or(f64::NAN, |row| row.sum) / moments.sum;
            println!(
                "| {set} | {} | {} | {} | {} |",
                equal.features,
                short(ratio(Method::TreesEqual)),
                short(ratio(Method::TreesAccounted)),
                short(ratio(Method::TreesJoint))
            );
        }
    }
}

/// Least-squares slope of logarithms.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let (mx, my) = (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let (sxy, sxx) =
        logs.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + (x - mx) * (y - my), b + (x - mx).powi(2)));
    sxy / sxx
}

fn exponents(rows: &[Row]) {
    println!("\n### Exponents of the noise of a sum (published: n⁻¹ ε⁻¹ r² R^2s)\n");
    println!("| mechanism | in n | in ε | in r |\n|---|---|---|---|");
    let set = &sets(rows)[0];
    for method in [Method::TreesEqual, Method::TreesAccounted, Method::TreesJoint, Method::Moments] {
        let sum =
            |shape, n, epsilon| find(rows, set, shape, (n, epsilon), method).map_or(f64::NAN, |row| row.sum);
        let features =
            |shape| find(rows, set, shape, (ROWS[0], 1.0), method).map_or(f64::NAN, |r| r.features as f64);
        let in_n: Vec<_> = ROWS.map(|n| (n as f64, sum((8, 3), n, 1.0))).to_vec();
        let in_epsilon: Vec<_> = EPSILONS.map(|epsilon| (epsilon, sum((8, 3), ROWS[1], epsilon))).to_vec();
        let in_r: Vec<_> = SHAPES.map(|shape| (features(shape), sum(shape, ROWS[1], 1.0))).to_vec();
        println!(
            "| {} | {:.2} | {:.2} | {:.2} |",
            method.name(),
            slope(&in_n),
            slope(&in_epsilon),
            slope(&in_r)
        );
    }
}

/// Noise at the end of the radius, for keys and queries of radius R and a scale of one: logits grow with R².
fn radius() -> Result<(), Box<dyn Error>> {
    println!("\n### Noise of a sum against the radius R of keys and queries (d = 8, degree 3, ε = 1)\n");
    println!(
        "| R | moments, in rows | trees, joint budget | √(Σ R²ʲ/j!)·‖φ(q)‖ = Σ R²ʲ/j! |\n|---|---|---|---|"
    );
    let rng = &mut secure_rng()?;
    let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(DELTA)?);
    for radius in [0.5, 0.7, 1.0, 1.2] {
        let bounds = Bounds::new(radius, radius, 1.0)?;
        let shape = Shape { key_dim: 8, value_dim: 1 };
        let options = MomentOptions::new(shape, bounds, 3).with_softmax_scale(1.0).with_max_rows(1 << 20);
        let queries = Mat::from_fn(8, 8, |i, j| if i == j { radius } else { 0.0 });
        let (mut moments, mut trees) = (0.0, 0.0);
        for _ in 0..20 {
            let release = PrivateMoments::new(ReplaceRow, options.clone())?.release(epsilon, delta, rng)?;
            let sums = sums_of(release.value(), &queries)?;
            moments += (0..8).map(|i| sums[(i, 0)].powi(2)).sum::<f64>() / 160.0;
            let empty = TreeAttentionOptions::new(options.clone(), TreeBudget::Joint);
            let release = PrivateTreeAttention::new(ReplaceRow, empty)?.release(epsilon, delta, rng)?;
            for query in queries.rows() {
                let half = FailureProbability::new(0.5)?;
                let sums = release.value().softmax().sums(query, Coverage::FixedQuery, half)?;
                trees += sums.values[0].powi(2) / 160.0;
            }
        }
        let square = radius * radius;
        let kernel = 1.0 + square + square * square / 2.0 + square.powi(3) / 6.0;
        println!("| {radius} | {:.2} | {:.1} | {kernel:.3} |", moments.sqrt(), trees.sqrt());
    }
    Ok(())
}

/// The relative error of the features.
fn relative(set: &Set) -> Result<(), Box<dyn Error>> {
    println!("\n### Error of features over the range of values (digits, n = {})\n", ROWS[0]);
    println!(
        "| d, degree | largest seen | certified here, e/(1 + √(1 − e²)) | published, 2e/(1 − e) |\n|---|---|---|---|"
    );
    for (dim, degree) in SHAPES {
        let case = Case::new(&set.projected(dim)?, (dim, degree), ROWS[0])?;
        let e = case.kernel_error();
        println!(
            "| {dim}, {degree} | {:.1e} | {:.1e} | {:.1e} |",
            case.worst_feature_error(),
            e / (1.0 + (1.0 - e * e).sqrt()),
            2.0 * e / (1.0 - e)
        );
    }
    Ok(())
}

/// Whole releases of rows against sums without noise plus noise.
fn whole_release(set: &Set) -> Result<(), Box<dyn Error>> {
    let (shape, n) = ((8, 3), ROWS[0]);
    let projected = set.projected(shape.0)?;
    let (keys, values) = projected.take(n);
    let options = || -> Result<MomentOptions, Box<dyn Error>> {
        let dims = Shape { key_dim: shape.0, value_dim: 1 };
        let options = MomentOptions::new(dims, Bounds::new(1.0, 1.0, 1.0)?, shape.1);
        Ok(options.with_softmax_scale(1.0).with_max_rows(1 << 20))
    };
    let rows = || Rows::new(ReplaceRow, keys.as_ref(), values.as_ref());
    let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(DELTA)?);
    let rng = &mut secure_rng()?;
    let mut public = PrivateMoments::new(ReplaceRow, options()?)?;
    public.push(rows()?)?;
    let exact = sums_of(&public.assume_public()?, &projected.queries)?;
    let rms = |sums: &[Mat], base: &Mat| {
        let squares = sums
            .iter()
            .flat_map(|sums| (0..sums.nrows()).map(move |i| (sums[(i, 0)] - base[(i, 0)]).powi(2)));
        (squares.sum::<f64>() / (sums.len() * base.nrows()) as f64).sqrt()
    };
    let (mut moments, mut trees) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let mut private = PrivateMoments::new(ReplaceRow, options()?)?;
        private.push(rows()?)?;
        moments.push(sums_of(private.release(epsilon, delta, rng)?.value(), &projected.queries)?);
        let empty = TreeAttentionOptions::new(options()?, TreeBudget::Joint);
        let mut private = PrivateTreeAttention::new(ReplaceRow, empty)?;
        private.push(rows()?)?;
        let release = private.release(epsilon, delta, rng)?;
        let mut sums = Mat::zeros(projected.queries.nrows(), 2);
        for (i, query) in projected.queries.rows().enumerate() {
            let half = FailureProbability::new(0.5)?;
            let found = release.value().softmax().sums(query, Coverage::FixedQuery, half)?;
            sums.row_mut(i).copy_from_slice(&found.values);
        }
        trees.push(sums);
    }
    let zeros = Mat::zeros(projected.queries.nrows(), 2);
    let noise = noises(&projected.queries, shape, 1.0)?;
    let of =
        |method| noise.iter().find(|(m, _)| *m == method).map_or(f64::NAN, |(_, draws)| rms(draws, &zeros));
    println!(
        "\nWhole releases of {n} digits, d = 8, degree 3, ε = 1: rms distance of the sum from the one without noise {:.2} rows (moments), \
         {:.1} (trees, joint budget); noise of releases of no rows {:.2} and {:.1}.",
        rms(&moments, &exact),
        rms(&trees, &exact),
        of(Method::Moments),
        of(Method::TreesJoint)
    );
    Ok(())
}
