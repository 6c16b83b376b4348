//! The shape of the features and constants by their accuracy on drawn pictures and on a part of MNIST that is not tested on: one after another, each from a list, in two rounds.

use crate::data::{self, Split};
use crate::drawn;
use crate::methods::{Case, Method};
use crate::settings::{SHAPE, Settings, constants};
use crate::table::Summary;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 2;
const EPSILONS: [f64; 2] = [1.0, 8.0];
/// The same noise for every value, so that values are compared and not noise.
const SEED: u64 = 77;
const HEADER: &str = "method,round,constant,value,pictures,epsilon,accuracy\n";

/// Accuracies of settings: for each kind of pictures and each ε.
#[derive(Default)]
struct Known(BTreeMap<String, Vec<f64>>);

impl Known {
    fn accuracies(&mut self, pictures: &mut Pictures, settings: &Settings) -> Outcome<Vec<f64>> {
        let key = format!("{settings:?}");
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let mut all = Vec::new();
        for case in pictures.cases(settings)? {
            for epsilon in EPSILONS {
                let rng = &mut ChaCha20Rng::seed_from_u64(SEED);
                all.extend(case.accuracies(settings, (epsilon, 1), rng)?);
            }
        }
        self.0.insert(key, all.clone());
        Ok(all)
    }
}

/// What is chosen with, and its features of each shape that was tried.
struct Pictures {
    splits: [Split; 2],
    cases: BTreeMap<String, Vec<Case>>,
}

impl Pictures {
    fn cases(&mut self, settings: &Settings) -> Outcome<&[Case]> {
        let key = format!("{:?}", SHAPE.map(|name| settings.get(name)));
        if !self.cases.contains_key(&key) {
            let cases: Outcome<Vec<Case>> =
                self.splits.iter().map(|split| Case::new(split, settings)).collect();
            self.cases.insert(key.clone(), cases?);
        }
        Ok(&self.cases[&key])
    }

    fn names(&self) -> [&'static str; 2] {
        [self.splits[0].name, self.splits[1].name]
    }
}

/// Searches all methods, writes `ntk_record_choice.csv`, and prints what was found.
pub(crate) fn run(mnist: &Path, folder: &Path) -> Outcome<()> {
    let splits = [drawn::objects()?, data::mnist_to_choose(mnist)?];
    let mut pictures = Pictures { splits, cases: BTreeMap::new() };
    let mut text = HEADER.to_owned();
    let descent = search(&Settings::middle(Method::Descent, &[]), &mut pictures, &mut text)?;
    for method in [Method::Stochastic, Method::Moments] {
        search(&Settings::middle(method, descent.values()), &mut pictures, &mut text)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(std::fs::write(folder.join("ntk_record_choice.csv"), text)?)
}

fn search(begin: &Settings, pictures: &mut Pictures, text: &mut String) -> Outcome<Settings> {
    let (mut known, mut settings, method) = (Known::default(), begin.clone(), begin.method());
    let mut out = std::io::stdout();
    writeln!(
        out,
        "\n{}\n\n| round | constant | mean accuracy of each value | best |\n|---|---|---|---|",
        method.name()
    )?;
    for round in 1..=ROUNDS {
        for constant in constants(method) {
            let mut means = Vec::new();
            for &value in constant.tried {
                let accuracies = known.accuracies(pictures, &settings.clone().with(constant.name, value))?;
                means.push((value, Summary::of(&accuracies).mean));
                let each =
                    pictures.names().into_iter().flat_map(|name| EPSILONS.map(|epsilon| (name, epsilon)));
                for ((pictures, epsilon), accuracy) in each.zip(&accuracies) {
                    let name = constant.name;
                    writeln!(
                        text,
                        "{},{round},{name},{value},{pictures},{epsilon},{accuracy}",
                        method.name()
                    )?;
                }
            }
            let best = best(&means);
            settings = settings.with(constant.name, best);
            let shown: Vec<String> =
                means.iter().map(|(value, mean)| format!("{value}: {:.2}", 100.0 * mean)).collect();
            writeln!(out, "| {round} | {} | {} | {best} |", constant.name, shown.join(", "))?;
        }
    }
    Ok(settings)
}

/// The value with the largest mean; of equal ones the first.
fn best(means: &[(f64, f64)]) -> f64 {
    let first = means[0];
    means.iter().fold(first, |best, &this| if this.1 > best.1 { this } else { best }).0
}

/// What a written search found for a constant: the best of its last round.
#[cfg(test)]
fn found(text: &str, method: Method, constant: &crate::settings::Constant) -> Option<f64> {
    let last = ROUNDS.to_string();
    let mut accuracies: BTreeMap<u64, (f64, Vec<f64>)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[..3] == [method.name(), &last, constant.name] {
            let (value, accuracy): (f64, f64) = (cells[3].parse().ok()?, cells[6].parse().ok()?);
            accuracies.entry(value.to_bits()).or_insert((value, Vec::new())).1.push(accuracy);
        }
    }
    let means: Vec<(f64, f64)> =
        accuracies.into_values().map(|(value, all)| (value, Summary::of(&all).mean)).collect();
    (means.len() == constant.tried.len()).then(|| best(&means))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_that_the_written_search_found() {
        let written = concat!(env!("CARGO_MANIFEST_DIR"), "/plots/ntk_record_choice.csv");
        let text = std::fs::read_to_string(written).unwrap();
        for method in Method::ALL {
            for constant in constants(method) {
                let chosen = Settings::chosen(method).get(constant.name);
                assert_eq!(found(&text, method, constant), Some(chosen), "{method:?} {}", constant.name);
            }
        }
    }
}
