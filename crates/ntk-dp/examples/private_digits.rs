//! Handwritten digits, learned privately: one release for each ε, saved, loaded by somebody else, and asked as often as they like.
//!
//! ```sh
//! cargo run --release -p ntk-dp --features io --example private_digits
//! ```
//!
//! Features are the 64 pixels themselves: computed from each image alone, to the last bit. Ridge and weights were not tuned on these data beyond
//! what stands below, but the examples of a crate are looked at: numbers are slightly optimistic.

use clap::Parser;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
use dp_testkit::digits::{DIM, LEN, digits};
use ntk_dp::io::{load_moments, save_moments};
use ntk_dp::private::{PrivateRecords, PrivateRidge, RecordOptions, private_moments};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::error::Error;

/// Private classification of handwritten digits.
#[derive(Parser)]
struct Arguments {
    /// For noise that can be repeated, in demonstrations alone: whoever knows the seed can subtract it. Without it, the operating system's generator is used.
    #[arg(long)]
    seed: Option<u64>,
    /// Releases at each ε, of which the mean accuracy is shown.
    #[arg(long, default_value_t = 20)]
    releases: usize,
}

const DELTA: f64 = 1e-6;
const CLASSES: usize = 10;

/// Every fifth image is kept for testing.
struct Split {
    train: (Mat, Vec<usize>),
    test: (Mat, Vec<usize>),
}

fn split() -> Split {
    let digits = digits();
    let part = |wanted: bool| {
        let rows: Vec<usize> = (0..LEN).filter(|i| (i % 5 == 4) == wanted).collect();
        let pixels = Mat::from_fn(rows.len(), DIM, |i, j| f64::from(digits.pixels[rows[i] * DIM + j]));
        (pixels, rows.iter().map(|&i| usize::from(digits.labels[i])).collect())
    };
    Split { train: part(false), test: part(true) }
}

/// One release, by way of a file.
fn released(
    (pixels, labels): (MatRef<'_>, &[usize]),
    epsilon: Epsilon,
    rng: &mut ChaCha20Rng,
) -> Result<PrivateRidge, Box<dyn Error>> {
    let options = RecordOptions::classes(DIM, CLASSES)?.with_centre(0.1)?.with_target_weight(2.0)?;
    let records = PrivateRecords::new(AddRemoveRow, (pixels, labels));
    let release = private_moments(records, &options, epsilon, Delta::new(DELTA)?, rng)?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("digits.safetensors");
    save_moments(&path, &release)?;
    let loaded = load_moments::<AddRemoveRow>(&path)?;
    assert_eq!(loaded.value(), release.value());
    Ok(loaded.value().spectrum()?.projected_ridge(0.5)?)
}

fn accuracy(model: &PrivateRidge, (pixels, labels): (MatRef<'_>, &[usize])) -> Result<f64, Box<dyn Error>> {
    let found = model.classify(pixels)?;
    let right = found.iter().zip(labels).filter(|(found, label)| found == label).count();
    Ok(right as f64 / labels.len() as f64)
}

/// An image in characters, beside what is found in it: the three largest scores with their standard errors.
fn draw(model: &PrivateRidge, pixels: MatRef<'_>, label: usize) -> Result<(), Box<dyn Error>> {
    let (scores, errors) = (model.predict(pixels)?, model.standard_errors(pixels)?);
    let mut order: Vec<usize> = (0..CLASSES).collect();
    order.sort_by(|&a, &b| scores[(0, b)].total_cmp(&scores[(0, a)]));
    for (line, row) in pixels.row(0).chunks(8).enumerate() {
        let shade = |ink: &f64| [' ', '.', ':', '+', '#'][(ink / 4.0) as usize];
        let image: String = row.iter().flat_map(|ink| [shade(ink); 2]).collect();
        let note = match line {
            0 => format!("label {label}"),
            2..=4 => {
                let class = order[line - 2];
                format!("{class}: {:+.2} ± {:.2}", scores[(0, class)], errors[(0, class)])
            }
            _ => String::new(),
        };
        println!("  {image}  {note}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { seed, releases } = Arguments::parse();
    let Split { train, test } = split();
    let (train, test) = ((train.0.as_ref(), &train.1[..]), (test.0.as_ref(), &test.1[..]));
    println!("{} digits, δ = {DELTA:e}, one digit added or removed; {releases} releases each", train.1.len());
    println!("     ε  accuracy");
    // one generator for all releases: the same words twice would be the same noise twice
    let mut rng = match seed {
        Some(seed) => ChaCha20Rng::seed_from_u64(seed),
        None => dp_mechanisms::secure_rng()?,
    };
    let mut last = None;
    for epsilon in [0.1, 0.3, 1.0, 3.0, 10.0] {
        let mut sum = 0.0;
        for _ in 0..releases {
            let model = released(train, Epsilon::new(epsilon)?, &mut rng)?;
            sum += accuracy(&model, test)?;
            last = Some(model);
        }
        let mean = sum / releases as f64;
        println!("{epsilon:6}  {mean:.3}  {}", "█".repeat((50.0 * mean) as usize));
    }
    if let Some(model) = last {
        println!(
            "\nwhat the last release finds in three digits, with standard errors of what the noise did:"
        );
        for i in [0, 7, 21] {
            draw(&model, test.0.subrows(i..i + 1), test.1[i])?;
        }
    }
    Ok(())
}
