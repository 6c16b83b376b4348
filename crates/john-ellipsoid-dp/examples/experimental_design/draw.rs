//! Two panels: where to run, and what rounding to whole runs costs.

use crate::Efficiencies;
use crate::design::{TERMS, Weighted, allowed, regressors};
use crate::support::{
    Axis, BLUE, Chart, GREY, INK, Outcome, Panel, Quantity, VERMILION, axes, curve, dots, equal_units,
    legend, picture, plain, power_of_ten,
};
use john_ellipsoid_dp::JohnEllipsoid;
use plotters::chart::SeriesLabelPosition;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1160, 560);
/// Cells of the variance map in each factor.
const CELLS: usize = 64;

pub(crate) fn draw(
    path: &Path,
    optimum: &JohnEllipsoid,
    design: &Weighted,
    efficiencies: &[Efficiencies],
) -> Outcome {
    let root = picture(path, SIZE)?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    draw_design(&left, optimum, design)?;
    draw_efficiencies(&right, efficiencies)?;
    Ok(root.present()?)
}

fn draw_design(panel: &Panel<'_>, optimum: &JohnEllipsoid, design: &Weighted) -> Outcome {
    let up = -1.2..1.2;
    let across = equal_units(panel, &up);
    let quantities: [Quantity<'_>; 2] = [("temperature, coded", plain), ("pressure, coded", plain)];
    let ranges = (Axis::new(across, 0.5), Axis::new(up, 0.5));
    let mut chart = axes(panel, "where to run (area: share of runs; blue: variance)", quantities, ranges)?;
    variance(&mut chart, optimum)?;
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
    chart.draw_series(LineSeries::new(corners, INK.stroke_width(1)))?;
    for (&setting, weight) in design.settings.iter().zip(&design.weights) {
        // area in proportion to the share of runs
        let radius = (180.0 * weight / TERMS as f64).sqrt() * 3.0;
        chart.draw_series([
            Circle::new(setting, radius.round() as i32, WHITE.filled()),
            Circle::new(setting, radius.round() as i32 - 1, VERMILION.filled()),
        ])?;
    }
    let label = |text, place| Text::new(text, place, ("sans-serif", 14).into_font().color(&INK));
    chart.draw_series([label("not safe", (0.62, 0.72))])?;
    Ok(())
}

/// `g`, the variance at a setting over the largest one: from white (0) to blue (1).
fn variance(chart: &mut Chart<'_, '_>, optimum: &JohnEllipsoid) -> Outcome {
    let step = 2.0 / CELLS as f64;
    for (i, j) in (0..CELLS).flat_map(|i| (0..CELLS).map(move |j| (i, j))) {
        let (x, y) = (-1.0 + step * i as f64, -1.0 + step * j as f64);
        let middle = (x + step / 2.0, y + step / 2.0);
        if allowed(middle) {
            let shade = optimum.leverage(&regressors(middle))?.powi(2).min(1.0);
            let corners = [(x, y), (x + step, y + step)];
            chart.draw_series([Rectangle::new(corners, BLUE.mix(0.7 * shade).filled())])?;
        }
    }
    Ok(())
}

fn draw_efficiencies(panel: &Panel<'_>, efficiencies: &[Efficiencies]) -> Outcome {
    let log = |one: &Efficiencies| (one.runs as f64).log10();
    let marks = efficiencies.iter().filter(|one| one.runs != 20).map(log).collect();
    let (first, last) = (log(&efficiencies[0]), log(&efficiencies[efficiencies.len() - 1]));
    let across = Axis { range: first - 0.05..last + 0.05, marks };
    let quantities: [Quantity<'_>; 2] = [("runs (logarithmic)", power_of_ten), ("efficiency", plain)];
    let ranges = (across, Axis::new(0.0..1.05, 0.1));
    let mut chart = axes(panel, "what whole runs cost", quantities, ranges)?;
    let line = |pick: fn(&Efficiencies) -> f64| -> Vec<(f64, f64)> {
        efficiencies.iter().map(|one| (log(one), pick(one))).collect()
    };
    let rounded = line(|one| one.rounded);
    curve(&mut chart, "D-optimal, rounded", VERMILION, &rounded)?;
    chart.draw_series(rounded.iter().map(|&point| Circle::new(point, 4, VERMILION.filled())))?;
    let random = line(|one| one.random[1]);
    curve(&mut chart, "drawn at random, median", GREY, &random)?;
    dots(&mut chart, "best of 101 drawn", (GREY, 3), &line(|one| one.random[2]))?;
    legend(&mut chart, SeriesLabelPosition::LowerRight)
}
