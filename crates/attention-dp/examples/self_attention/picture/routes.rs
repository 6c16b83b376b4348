//! The error of a logit against β: what is forecast, what is measured, and where the ways cross.

use crate::measure::{forecast, measure};
use crate::scale::{AMBER, BLUE, Decades, GREEN, GREY, INK, VERMILION, power_of_ten};
use crate::{DELTA, EPSILON, ROWS, SOFTMAX_SCALE, data};
use attention_dp::{RouteForecast, SelfAttentionPlan};
use dp_mechanisms::PerturbRow;
use plotters::chart::{ChartContext, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use rand::CryptoRng;
use std::error::Error;
use std::path::Path;

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Decades, Decades>>;
type Outcome = Result<(), Box<dyn Error>>;

const SIZE: (u32, u32) = (1160, 540);
/// Decimal logarithms of the smallest and the largest move, and points a decade.
const DECADES: (i32, i32) = (-3, 0);
const FORECASTS: i32 = 8;
const MEASUREMENTS: i32 = 2;

pub(crate) fn draw<R: CryptoRng>(path: &Path, rng: &mut R) -> Outcome {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((1, 2));
    for (panel, n) in panels.iter().zip(ROWS) {
        draw_panel(panel, n, rng)?;
    }
    Ok(root.present()?)
}

fn draw_panel<R: CryptoRng>(panel: &Panel<'_>, n: usize, rng: &mut R) -> Outcome {
    let mut chart = axes(panel, n)?;
    let plans = moves(FORECASTS)
        .map(|(log, beta)| Ok((log, forecast(n, beta?)?)))
        .collect::<Result<Vec<(f64, SelfAttentionPlan)>, Box<dyn Error>>>()?;
    let line = |pick: fn(&SelfAttentionPlan) -> Option<&RouteForecast>| -> Vec<(f64, f64)> {
        let point = |(log, plan): &(f64, SelfAttentionPlan)| Some((*log, pick(plan)?.logit_std().log10()));
        plans.iter().filter_map(point).collect()
    };
    curve(&mut chart, ("noise on the triangle", VERMILION), &line(SelfAttentionPlan::gram))?;
    curve(&mut chart, ("sampling, λ = largest logit", GREEN), &line(SelfAttentionPlan::sampling))?;
    curve(&mut chart, ("noise on rows", BLUE), &line(SelfAttentionPlan::rows))?;
    let (mut measured, mut low_rank) = (Vec::new(), Vec::new());
    let rows = data::rows(n)?;
    for (log, beta) in moves(MEASUREMENTS) {
        for way in measure((&rows, beta?), rng)? {
            let colour = colour(way.forecast);
            measured.push((colour, (log, way.logit_error.log10())));
            low_rank.push((colour, (log, way.low_rank_error.log10())));
        }
    }
    dots(&mut chart, &measured, &low_rank)?;
    level(&mut chart, "largest logit", SOFTMAX_SCALE.log10())?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .margin(12)
        .legend_area_size(34)
        .label_font(("sans-serif", 14, &INK))
        .background_style(WHITE.mix(0.85))
        .border_style(INK.mix(0.3))
        .draw()?;
    Ok(())
}

/// Logarithms of moves, so many a decade.
fn moves(per_decade: i32) -> impl Iterator<Item = (f64, Result<PerturbRow, dp_mechanisms::Error>)> {
    let steps = DECADES.0 * per_decade..=DECADES.1 * per_decade;
    steps
        .map(move |step| f64::from(step) / f64::from(per_decade))
        .map(|log| (log, PerturbRow::new(10_f64.powf(log))))
}

fn colour(forecast: RouteForecast) -> RGBColor {
    match forecast.route().name() {
        "rows" => BLUE,
        "gram" => VERMILION,
        _ => GREEN,
    }
}

fn axes<'a, 'b>(panel: &'a Panel<'b>, n: usize) -> Result<Chart<'a, 'b>, Box<dyn Error>> {
    let horizontal = Decades(f64::from(DECADES.0) - 0.06..f64::from(DECADES.1) + 0.06);
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{n} rows of {} coordinates", data::DIM), ("sans-serif", 20, &INK))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(horizontal, Decades(-2.6..2.6))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(("sans-serif", 15, &INK))
        .x_desc(format!("β, how far a row of length 1 may move (ε = {EPSILON}, δ = {DELTA:e})"))
        .y_desc("error of a logit, root mean square")
        .x_label_formatter(&|x| power_of_ten(*x))
        .y_label_formatter(&|y| power_of_ten(*y))
        .draw()?;
    Ok(chart)
}

fn curve(chart: &mut Chart<'_, '_>, (name, colour): (&str, RGBColor), points: &[(f64, f64)]) -> Outcome {
    chart
        .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 26, y)], colour.stroke_width(3)));
    Ok(())
}

/// Full circles for logits as released, open ones for the estimate of low rank.
fn dots(
    chart: &mut Chart<'_, '_>,
    measured: &[(RGBColor, (f64, f64))],
    low_rank: &[(RGBColor, (f64, f64))],
) -> Outcome {
    chart
        .draw_series(measured.iter().map(|(colour, point)| Circle::new(*point, 4, colour.filled())))?
        .label("measured")
        .legend(|(x, y)| Circle::new((x + 13, y), 4, GREY.filled()));
    chart
        .draw_series(low_rank.iter().map(|(colour, point)| Circle::new(*point, 5, colour.stroke_width(2))))?
        .label("measured, low-rank estimate")
        .legend(|(x, y)| Circle::new((x + 13, y), 5, GREY.stroke_width(2)));
    Ok(())
}

fn level(chart: &mut Chart<'_, '_>, name: &str, height: f64) -> Outcome {
    let range = chart.x_range();
    let ends = [(range.start, height), (range.end, height)];
    chart
        .draw_series(DashedLineSeries::new(ends, 7, 5, AMBER.stroke_width(2)))?
        .label(name)
        .legend(|(x, y)| DashedPathElement::new([(x, y), (x + 26, y)], 7, 5, AMBER.stroke_width(2)));
    Ok(())
}
