//! Two panels: where the chains are, and how long they remember.

use crate::support::{
    Axis, BLUE, INK, Outcome, Panel, Quantity, VERMILION, axes, curve, legend, picture, plain, power_of_ten,
};
use crate::{CHAIN, CONDITIONS, DRAWN, Run, autocorrelations};
use plotters::chart::SeriesLabelPosition;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1160, 480);
/// Steps of the trace.
const TRACE: usize = 20_000;
/// Points of the trace that are drawn.
const DRAWN_POINTS: usize = 1000;

pub(crate) fn draw(path: &Path, before: &Run, after: &Run) -> Outcome {
    let root = picture(path, SIZE)?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    let (above, below) = left.split_vertically(SIZE.1 / 2);
    trace(&above, "as it is", VERMILION, before)?;
    trace(&below, "rounded", BLUE, after)?;
    memory(&right, before, after)?;
    Ok(root.present()?)
}

fn trace(panel: &Panel<'_>, title: &str, colour: RGBColor, run: &Run) -> Outcome {
    let stride = (TRACE / CHAIN.1 / DRAWN_POINTS).max(1);
    let places = (0..DRAWN_POINTS).map(|i| (i * stride * CHAIN.1) as f64);
    let points: Vec<(f64, f64)> =
        places.zip(run.series.iter().step_by(stride)).map(|(step, z)| (step / 1000.0, *z)).collect();
    let quantities: [Quantity<'_>; 2] = [("thousands of steps", plain), ("z", plain)];
    let ranges = (Axis::new(0.0..TRACE as f64 / 1000.0, 5.0), Axis::new(-3.2..3.2, 1.0));
    let mut chart = axes(panel, &format!("worst coordinate, {title}"), quantities, ranges)?;
    chart.draw_series(LineSeries::new(points, colour.stroke_width(1)))?;
    Ok(())
}

fn memory(panel: &Panel<'_>, before: &Run, after: &Run) -> Outcome {
    let last = (CHAIN.0 * CHAIN.1 / 10) as f64;
    let marks = (1..=4).map(f64::from).collect();
    let across = Axis { range: (CHAIN.1 as f64).log10()..last.log10(), marks };
    let quantities: [Quantity<'_>; 2] =
        [("steps between (logarithmic)", power_of_ten), ("autocorrelation", plain)];
    let title = format!("memory of the worst coordinate, κ = {}", CONDITIONS[DRAWN]);
    let mut chart = axes(panel, &title, quantities, (across, Axis::new(-0.25..1.05, 0.25)))?;
    let range = chart.x_range();
    chart.draw_series(LineSeries::new([(range.start, 0.0), (range.end, 0.0)], INK.stroke_width(1)))?;
    curve(&mut chart, "as it is", VERMILION, &correlations(before))?;
    curve(&mut chart, "rounded", BLUE, &correlations(after))?;
    legend(&mut chart, SeriesLabelPosition::LowerLeft)
}

/// Autocorrelations against the logarithm of steps, thinned to what a picture shows.
fn correlations(run: &Run) -> Vec<(f64, f64)> {
    let all = autocorrelations(&run.series, CHAIN.0 / 10);
    let lags = (0..=120).map(|k| (all.len() as f64).powf(f64::from(k) / 120.0) as usize);
    let mut lags: Vec<usize> = lags.filter(|lag| (1..all.len()).contains(lag)).collect();
    lags.dedup();
    lags.into_iter().map(|lag| (((lag * CHAIN.1) as f64).log10(), all[lag])).collect()
}
