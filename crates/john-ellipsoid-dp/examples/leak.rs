//! A private row from what the published algorithm returns, and from noisy weights.
//!
//! The attacker knows all rows but one. The published algorithm (arXiv 2408.06395) returns weights V *and* `AᵀVA`: the difference to the
//! other rows' sum is `vⱼaⱼaⱼᵀ`. Noisy weights return weights only, with the noise that moves of one row ask for; here the
//! attacker looks for the row whose first round fits the released weights best.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example leak [picture.svg]
//! ```

use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{Delta, Epsilon, PerturbRow, secure_rng};
use john_ellipsoid_dp::private::{Floor, PrivateRows, WeightOptions, noisy_weights, weight_statistic};
use john_ellipsoid_dp::{Design, uniform_weights};
use std::fmt::Write as _;

type Failure = Box<dyn std::error::Error>;

const ROWS: usize = 40;
const TARGET: usize = 0;
/// Moves of a row that are protected.
const MOVES: f64 = 0.05;

fn main() -> Result<(), Failure> {
    let rows = rows();
    let secret = rows.row(TARGET).to_vec();
    let published = from_matrix(&rows)?;
    let ours = from_weights(&rows)?;
    println!("secret row        {secret:?}");
    println!("from V and AᵀVA   {published:?}, off by {:.1e}", distance(&published, &secret));
    println!("from noisy weights {ours:?}, off by {:.1e}", distance(&ours, &secret));
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, picture(&rows, &published, &ours)?)?;
    }
    Ok(())
}

/// A disc of points, and one that sticks out: the private one.
fn rows() -> Mat {
    Mat::from_fn(ROWS, 2, |i, j| {
        let (angle, length) =
            (2.4 * i as f64, if i == TARGET { 1.3 } else { (i as f64 / ROWS as f64).sqrt() });
        length * if j == 0 { (angle + 0.6).cos() } else { (angle + 0.6).sin() }
    })
}

/// The published rounds: factors `1 + z` with z of size 0.1, and the average of 30 rounds.
fn published_weights(rows: MatRef<'_>) -> Result<Vec<f64>, Failure> {
    let mut design = Design::new(rows, uniform_weights(rows))?;
    let mut sum = vec![0.0; rows.nrows()];
    for round in 0..30 {
        sum.iter_mut().zip(design.weights()).for_each(|(sum, w)| *sum += w / 30.0);
        // any noise will do: the attack does not see it
        let noise = |i: usize| 0.1 * ((7 * i + 3 * round) as f64).sin();
        let pairs = design.weights().iter().zip(design.forms()).enumerate();
        let next = pairs.map(|(i, (w, g))| w * g * (1.0 + noise(i))).collect();
        design.set_weights(next)?;
    }
    Ok(sum)
}

/// `(AᵀVA − Σ_{i≠j} vᵢaᵢaᵢᵀ)/vⱼ = aⱼaⱼᵀ`.
fn from_matrix(rows: &Mat) -> Result<Vec<f64>, Failure> {
    let v = published_weights(rows.as_ref())?;
    let sum = |of: &dyn Fn(usize) -> bool, j: usize, k: usize| -> f64 {
        (0..ROWS).filter(|&i| of(i)).map(|i| v[i] * rows[(i, j)] * rows[(i, k)]).sum()
    };
    // the first sum is what is returned, the second what the attacker knows
    let outer = |j, k| (sum(&|_| true, j, k) - sum(&|i| i != TARGET, j, k)) / v[TARGET];
    let pivot = usize::from(outer(0, 0) <= outer(1, 1));
    let norm = outer(pivot, pivot).sqrt();
    Ok(vec![outer(pivot, 0) / norm, outer(pivot, 1) / norm])
}

/// The row on a grid whose statistic is nearest to the released weights of one round.
fn from_weights(rows: &Mat) -> Result<Vec<f64>, Failure> {
    let options = WeightOptions::new(Epsilon::new(1.0)?, Delta::new(1e-6)?, 2.0)?;
    let options = options.with_rounds(1)?.with_floor(Floor::Kept);
    let close = PerturbRow::new(MOVES)?;
    let release = noisy_weights(PrivateRows::new(close, rows.as_ref()), &options, &mut secure_rng()?)?;
    let released: Vec<f64> = release.value().last().iter().map(|w| w.ln()).collect();
    // steps of a unit of the logarithm, up to a constant that weights do not tell
    let scale = release.value().noise_stds()[0] / noise_steps(&release);
    let mut best = (f64::INFINITY, vec![0.0; 2]);
    for cell in 0..101 * 51 {
        let guess = vec![f64::from(cell % 101) * 0.04 - 2.0, f64::from(cell / 101) * 0.04];
        let mut changed = rows.clone();
        changed.row_mut(TARGET).copy_from_slice(&guess);
        let private = PrivateRows::new(close, changed.as_ref());
        let steps = weight_statistic(private, &[2.0 / ROWS as f64; ROWS], &options)?.assume_public();
        let misfits: Vec<f64> = steps.iter().zip(&released).map(|(&s, y)| s as f64 * scale - y).collect();
        let mean = misfits.iter().sum::<f64>() / ROWS as f64;
        let misfit = misfits.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        if misfit < best.0 {
            best = (misfit, guess);
        }
    }
    Ok(best.1)
}

fn noise_steps<T, G>(release: &dp_mechanisms::Release<T, G>) -> f64 {
    release.certificate().parameters()["noise_std"].parse().unwrap_or(f64::NAN)
}

/// Up to sign: `a` and `−a` are one row of a symmetric polytope.
fn distance(found: &[f64], secret: &[f64]) -> f64 {
    let to = |sign: f64| (found[0] - sign * secret[0]).hypot(found[1] - sign * secret[1]);
    to(1.0).min(to(-1.0))
}

/// Rows in grey, the secret one as a ring, guesses as crosses: red from the published algorithm, blue from ours.
fn picture(rows: &Mat, published: &[f64], ours: &[f64]) -> Result<String, std::fmt::Error> {
    let place = |p: &[f64]| (200.0 + 90.0 * p[0], 200.0 - 90.0 * p[1]);
    let mut svg = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">"#);
    for row in rows.rows() {
        let (x, y) = place(row);
        write!(svg, r##"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="#999"/>"##)?;
    }
    let (x, y) = place(rows.row(TARGET));
    write!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="9" fill="none" stroke="black"/>"#)?;
    let secret = rows.row(TARGET);
    for (guess, colour) in [(published, "crimson"), (ours, "royalblue")] {
        let sign = if guess[0] * secret[0] + guess[1] * secret[1] < 0.0 { -1.0 } else { 1.0 };
        let (x, y) = place(&[sign * guess[0], sign * guess[1]]);
        write!(svg, r#"<path d="M{:.1},{:.1}l12,12m0,-12l-12,12" stroke="{colour}"/>"#, x - 6.0, y - 6.0)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
