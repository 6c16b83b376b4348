//! The picture: accuracy against ε, and error against ε.

use crate::measure::{Average, FAILURE};
use crate::{Baselines, DELTA};
use plotters::chart::{ChartContext, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use std::error::Error;
use std::ops::Range;
use std::path::Path;

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Outcome = Result<(), Box<dyn Error>>;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const AMBER: RGBColor = RGBColor(230, 159, 0);
const GREY: RGBColor = RGBColor(110, 110, 110);
const INK: RGBColor = RGBColor(40, 40, 40);

const SIZE: (u32, u32) = (1160, 500);

/// A linear axis with marks where it is told.
#[derive(Clone)]
struct Axis {
    range: Range<f64>,
    marks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _: H) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// One quantity against ε.
struct Line<'a> {
    name: &'a str,
    colour: RGBColor,
    /// `(ε, value, half-length of the whisker)`.
    points: Vec<(f64, f64, f64)>,
}

pub(crate) fn draw(path: &Path, baselines: &Baselines, private: &[(f64, Average)]) -> Outcome {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    draw_accuracy(&left, baselines, private)?;
    draw_error(&right, baselines, private)?;
    Ok(root.present()?)
}

fn draw_accuracy(panel: &Panel<'_>, baselines: &Baselines, private: &[(f64, Average)]) -> Outcome {
    let vertical = Axis { range: 0.0..1.0, marks: (0..=5).map(|i| f64::from(i) / 5.0).collect() };
    let titles = ["Accuracy on held-out digits", "accuracy"];
    let mut chart = axes(panel, titles, budgets(private), vertical, |y| format!("{y:.1}"))?;
    let flat = |value| private.iter().map(|(epsilon, _)| (*epsilon, value, 0.0)).collect();
    let exact = Line { name: "exact attention", colour: AMBER, points: flat(baselines.exact.accuracy) };
    curve(&mut chart, &exact, |y| y)?;
    level(&mut chart, "features, no noise", INK, baselines.features.accuracy)?;
    level(&mut chart, "mean of all values", GREY, baselines.mean.accuracy)?;
    let points = |(epsilon, average): &(f64, Average)| (*epsilon, average.mean.accuracy, average.spread);
    let line = Line {
        name: "private (± 1 std between releases)",
        colour: BLUE,
        points: private.iter().map(points).collect(),
    };
    curve(&mut chart, &line, |y| y)?;
    legend(&mut chart, SeriesLabelPosition::Coordinate(200, 235))
}

fn draw_error(panel: &Panel<'_>, baselines: &Baselines, private: &[(f64, Average)]) -> Outcome {
    let vertical = Axis { range: -3.0..0.15, marks: (-3..=0).map(f64::from).collect() };
    let title = format!("Error of one score, and {} % error bars", 100.0 * (1.0 - FAILURE));
    let titles = [title.as_str(), "distance from exact attention"];
    let mut chart = axes(panel, titles, budgets(private), vertical, |y| format!("{}", 10_f64.powf(*y)))?;
    level(&mut chart, "error of the mean of all values", GREY, baselines.mean.error.log10())?;
    let line = |name, colour, pick: fn(&Average) -> f64| Line {
        name,
        colour,
        points: private.iter().map(|(epsilon, average)| (*epsilon, pick(average), 0.0)).collect(),
    };
    let all = line("bar, all queries at once", VERMILION, |average| average.mean.simultaneous.mean);
    let each = line("bar, each fixed query", GREEN, |average| average.mean.fixed.mean);
    let error = line("error, private", BLUE, |average| average.mean.error);
    for line in [all, each, error] {
        curve(&mut chart, &line, f64::log10)?;
    }
    legend(&mut chart, SeriesLabelPosition::LowerLeft)
}

/// `log₁₀ ε`, marked at the measured budgets.
fn budgets(private: &[(f64, Average)]) -> Axis {
    let marks: Vec<f64> = private.iter().map(|(epsilon, _)| epsilon.log10()).collect();
    Axis { range: marks[0] - 0.12..marks[marks.len() - 1] + 0.12, marks }
}

fn axes<'a, 'b>(
    panel: &'a Panel<'b>,
    [title, quantity]: [&str; 2],
    horizontal: Axis,
    vertical: Axis,
    label: impl Fn(&f64) -> String,
) -> Result<Chart<'a, 'b>, Box<dyn Error>> {
    let mut chart = ChartBuilder::on(panel)
        .caption(title, ("sans-serif", 20, &INK))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(horizontal, vertical)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(("sans-serif", 15, &INK))
        .x_desc(format!("ε (logarithmic), δ = {DELTA:e}"))
        .y_desc(quantity)
        .x_label_formatter(&|x| format!("{}", (10_f64.powf(*x) * 1e6).round() / 1e6))
        .y_label_formatter(&label)
        .draw()?;
    Ok(chart)
}

/// A dashed level across the chart.
fn level(chart: &mut Chart<'_, '_>, name: &str, colour: RGBColor, height: f64) -> Outcome {
    let range = chart.x_range();
    let style = colour.stroke_width(2);
    let series = DashedLineSeries::new([(range.start, height), (range.end, height)], 7, 5, style);
    chart
        .draw_series(series)?
        .label(name)
        .legend(move |(x, y)| DashedPathElement::new([(x, y), (x + 26, y)], 7, 5, colour.stroke_width(2)));
    Ok(())
}

/// Points with whiskers, joined by a line; `height` maps values to the axis.
fn curve(chart: &mut Chart<'_, '_>, line: &Line<'_>, height: fn(f64) -> f64) -> Outcome {
    let colour = line.colour;
    // a release without any answer has no mean
    let drawn = || line.points.iter().filter(|(_, value, _)| value.is_finite());
    let path: Vec<_> = drawn().map(|&(epsilon, value, _)| (epsilon.log10(), height(value))).collect();
    chart
        .draw_series(LineSeries::new(path.iter().copied(), colour.stroke_width(2)))?
        .label(line.name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 26, y)], colour.stroke_width(3)));
    chart.draw_series(path.iter().map(|&point| Circle::new(point, 4, colour.filled())))?;
    let whisker = |&(epsilon, value, spread): &(f64, f64, f64)| {
        let ends = [value - spread, value + spread].map(|end| (epsilon.log10(), height(end)));
        PathElement::new(ends, colour.stroke_width(2))
    };
    chart.draw_series(drawn().filter(|(_, _, spread)| *spread > 0.0).map(whisker))?;
    Ok(())
}

fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>, position: SeriesLabelPosition) -> Outcome {
    chart
        .configure_series_labels()
        .position(position)
        .margin(12)
        .legend_area_size(34)
        .label_font(("sans-serif", 14, &INK))
        .background_style(WHITE.mix(0.85))
        .border_style(INK.mix(0.3))
        .draw()?;
    Ok(())
}
