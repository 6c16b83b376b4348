//! A handwritten digit from a regression whose coefficients are private and whose points are not.
//!
//! `f(x) = Σᵢ αᵢ⟨x, xᵢ⟩²` is `xᵀQx`. Someone who may ask for f, knows the coefficients (released, they say) and all images but one, asks at unit
//! vectors and at sums of two, and has `Q − Σ_{i≠j} αᵢxᵢxᵢᵀ = αⱼxⱼxⱼᵀ`. Where points are released, a predictor tells nothing more than they do, and
//! they are what an attacker reads: the image with its noise, which is made for moves of the stated size and no larger ones.
//!
//! ```text
//! cargo run --release -p ntk-dp --example point_leak [MOVE]
//! ```

use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{Delta, Epsilon, PerturbRow, secure_rng};
use dp_testkit::digits::digits;
use ntk_dp::private::close::{CloseOptions, PrivatePoints, release_points};
use ntk_dp::{Kernel, KernelModel, KernelRidge};
use std::io::Write as _;

type Failure = Box<dyn std::error::Error>;

const IMAGES: usize = 200;
const SIDE: usize = 8;
const PIXELS: usize = SIDE * SIDE;
/// The image that the attacker does not know.
const TARGET: usize = 3;
const RIDGE: f64 = 0.1;

fn main() -> Result<(), Failure> {
    let moved: f64 = std::env::args().nth(1).map_or(Ok(0.5), |text| text.parse())?;
    let (images, labels) = data();
    let kernel = Kernel::quadratic(1.0)?;
    let exact = KernelRidge::new(kernel.clone(), RIDGE)?.fit(images.as_ref(), labels.as_ref())?;

    let options = CloseOptions::new(kernel.clone(), (IMAGES, PIXELS), 1.0)?;
    let private = PrivatePoints::new(PerturbRow::new(moved)?, images.as_ref());
    let release =
        release_points(private, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
    let secret = images.row(TARGET);
    let found = [reconstruct(&exact, &images)?, release.value().points().row(TARGET).to_vec()];
    let mut out = std::io::stdout().lock();
    writeln!(out, "the image · from exact points · from points released for moves by {moved} at ε = 1\n")?;
    for line in 0..SIDE {
        let text = |image: &[f64]| image[line * SIDE..][..SIDE].iter().map(|&x| shade(x)).collect::<String>();
        writeln!(out, "{}   {}   {}", text(secret), text(&found[0]), text(&found[1]))?;
    }
    writeln!(
        out,
        "\noff by {:.1e} and {:.1e} of its norm",
        distance(&found[0], secret),
        distance(&found[1], secret)
    )?;
    Ok(())
}

/// Images of norm one, and whether each shows a digit of five or more.
fn data() -> (Mat, Mat) {
    let digits = digits();
    let pixel = |i: usize, j: usize| f64::from(digits.pixels[i * PIXELS + j]);
    let norm = |i: usize| (0..PIXELS).map(|j| pixel(i, j) * pixel(i, j)).sum::<f64>().sqrt();
    let images = Mat::from_fn(IMAGES, PIXELS, |i, j| pixel(i, j) / norm(i));
    (images, Mat::from_fn(IMAGES, 1, |i, _| if digits.labels[i] < 5 { -1.0 } else { 1.0 }))
}

/// The target from answers, coefficients and the other images, up to sign, which pixels settle.
fn reconstruct(model: &KernelModel, images: &Mat) -> Result<Vec<f64>, Failure> {
    let ask = |j: usize, k: usize| -> Result<f64, Failure> {
        let query: Vec<f64> = (0..PIXELS).map(|i| f64::from(u8::from(i == j || i == k))).collect();
        Ok(model.predict(MatRef::new(&query, 1, PIXELS)?)?[(0, 0)])
    };
    let alpha = |i: usize| model.coefficients()[(i, 0)];
    let others = |j: usize, k: usize| -> f64 {
        (0..IMAGES).filter(|&i| i != TARGET).map(|i| alpha(i) * images[(i, j)] * images[(i, k)]).sum()
    };
    let squares = (0..PIXELS).map(|j| ask(j, j)).collect::<Result<Vec<f64>, Failure>>()?;
    let rest = |j: usize, k: usize| -> Result<f64, Failure> {
        let whole = if j == k { squares[j] } else { 0.5 * (ask(j, k)? - squares[j] - squares[k]) };
        Ok((whole - others(j, k)) / alpha(TARGET))
    };
    let brightest = (0..PIXELS).map(|j| Ok((rest(j, j)?, j))).collect::<Result<Vec<_>, Failure>>()?;
    let (square, pivot) =
        brightest.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).ok_or("there are pixels")?;
    (0..PIXELS).map(|k| Ok(rest(pivot, k)? / square.abs().sqrt())).collect()
}

fn distance(found: &[f64], secret: &[f64]) -> f64 {
    found.iter().zip(secret).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
}

fn shade(x: f64) -> char {
    let shades = [' ', '·', '░', '▒', '▓', '█'];
    shades[((x * 16.0).round().max(0.0) as usize).min(shades.len() - 1)]
}
