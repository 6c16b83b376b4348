//! The table.

use crate::measure::{Measured, measure};
use crate::{DELTA, EPSILON, FAILURE, MOVES, ROWS, SOFTMAX_SCALE, data};
use dp_mechanisms::{PerturbRow, ReplaceRow};
use rand::CryptoRng;
use std::error::Error;

pub(crate) fn print<R: CryptoRng>(rng: &mut R) -> Result<(), Box<dyn Error>> {
    println!(
        "rows of {} coordinates and length 1, logits within ±{SOFTMAX_SCALE}; ε = {EPSILON}, δ = {DELTA:e}; bounds hold with {} %\n",
        data::DIM,
        100.0 * (1.0 - FAILURE)
    );
    println!(
        "{:>5}{:>16} {:10}{:>8}{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}",
        "", "", "", "", "logit std", "logit rms", "low rank", "entry", "distance", "distance"
    );
    println!(
        "{:>5}{:>16} {:10}{:>8}{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}",
        "n", "a row may", "way", "draws", "forecast", "measured", "rms", "max error", "max", "bound"
    );
    for n in ROWS {
        let rows = data::rows(n)?;
        for beta in MOVES {
            for way in measure((&rows, PerturbRow::new(beta)?), rng)? {
                line((n, &format!("move by {beta}")), &way);
            }
        }
        for way in measure((&rows, ReplaceRow), rng)? {
            line((n, "be replaced"), &way);
        }
    }
    println!(
        "\nDistance is total variation of a row of attention. Where sampling is not listed, one draw is too many. Forecasts and\n\
         bounds are public; the other columns are computed from the data without noise and could not be printed of private ones."
    );
    Ok(())
}

fn line((n, adjacency): (usize, &str), way: &Measured) {
    let draws = way.forecast.draws().map_or_else(String::new, |draws| draws.get().to_string());
    println!(
        "{n:>5}{adjacency:>16} {:10}{draws:>8}{:>11.4}{:>11.4}{:>11.4}{:>11.4}{:>11.4}{:>11.4}",
        way.forecast.route().name(),
        way.forecast.logit_std(),
        way.logit_error,
        way.low_rank_error,
        way.attention_error,
        way.distance,
        way.distance_bound
    );
}
