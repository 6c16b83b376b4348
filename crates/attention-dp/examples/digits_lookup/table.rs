//! The table.

use crate::data::{self, Store};
use crate::measure::{Average, Bars, FAILURE, RANGE, Score};
use crate::{Baselines, DEGREE, DELTA, SOFTMAX_SCALE};

pub(crate) fn print(store: &Store, baselines: &Baselines, private: &[(f64, Average)]) {
    let percent = 100.0 * (1.0 - FAILURE);
    println!(
        "{} keys of {} coordinates, {} held-out queries, logits within ±{SOFTMAX_SCALE}, degree {DEGREE}; \
         add/remove-row privacy, δ = {DELTA:e}",
        store.keys.nrows(),
        data::DIM,
        store.queries.nrows(),
    );
    println!(
        "bars hold with {percent} %: for each query that was fixed before the release, or for all queries at once; \
         {RANGE} is vacuous\n"
    );
    println!(
        "{:22}{:>16}{:>9} │{:>8}{:>9}{:>9}{:>8} │{:>8}{:>9}{:>9}{:>8}",
        "", "", "mean", "bar,", "coords", "answers", "no", "bar,", "coords", "answers", "no"
    );
    println!(
        "{:22}{:>16}{:>9} │{:>8}{:>9}{:>9}{:>8} │{:>8}{:>9}{:>9}{:>8}",
        "",
        "accuracy",
        "error",
        "each",
        "covered",
        "covered",
        "answer",
        "all",
        "covered",
        "covered",
        "answer"
    );
    row("mean of all values", &baselines.mean, None, false);
    row("exact attention", &baselines.exact, None, false);
    row("features, no noise", &baselines.features, None, true);
    for (epsilon, average) in private {
        row(&format!("private, ε = {epsilon}"), &average.mean, Some(average.spread), true);
    }
    println!(
        "\nRows are scaled to the public radii one by one. On private data neither the number of rows that clipping \
         changes\nnor any row without noise could be printed: they are computed from the data themselves."
    );
}

fn row(name: &str, score: &Score, spread: Option<f64>, with_bars: bool) {
    let spread = spread.map_or_else(String::new, |spread| format!(" ± {spread:.3}"));
    let accuracy = format!("{:.3}{spread:8}", score.accuracy);
    let bars = |bars: &Bars| if with_bars { columns(bars) } else { format!("{:34}", "") };
    let (fixed, simultaneous) = (bars(&score.fixed), bars(&score.simultaneous));
    println!("{name:22}{accuracy:>16}{:>9.4} │{fixed} │{}", score.error, simultaneous.trim_end());
}

fn columns(bars: &Bars) -> String {
    let number = |x: f64| if x.is_nan() { "–".to_owned() } else { format!("{x:.4}") };
    format!(
        "{:>8}{:>9}{:>9}{:>7.1}%",
        number(bars.mean),
        number(bars.coordinates_covered),
        number(bars.answers_covered),
        100.0 * bars.unanswered
    )
}
