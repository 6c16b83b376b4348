//! What the examples share: generators, normal numbers, and how pictures look.

#![allow(dead_code, reason = "each example uses a part of it")]

use dp_mechanisms::secure_rng;
use plotters::chart::{ChartContext, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::error::Error;
use std::ops::Range;
use std::path::Path;

pub(crate) type Outcome = Result<(), Box<dyn Error>>;
pub(crate) type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(crate) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(crate) const AMBER: RGBColor = RGBColor(230, 159, 0);
pub(crate) const PINK: RGBColor = RGBColor(204, 121, 167);
pub(crate) const GREY: RGBColor = RGBColor(140, 140, 140);
pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);

/// Around a chart, and for the text of its axes, in pixels.
const MARGIN: u32 = 14;
const BELOW: u32 = 48;
const LEFT: u32 = 60;
const RIGHT: u32 = 26;
const TITLE: (&str, u32) = ("sans-serif", 19);

/// The generator of a run: repeatable with a seed, else of the operating system.
pub(crate) fn generator(seed: Option<u64>) -> Result<ChaCha20Rng, dp_mechanisms::Error> {
    seed.map_or_else(secure_rng, |seed| Ok(ChaCha20Rng::seed_from_u64(seed)))
}

/// Box and Muller's.
pub(crate) fn normal<R: Rng>(rng: &mut R) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// The middle one of numbers, the upper of two.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A range with marks where it is told.
#[derive(Clone)]
pub(crate) struct Axis {
    pub(crate) range: Range<f64>,
    pub(crate) marks: Vec<f64>,
}

impl Axis {
    /// Marks at multiples of a step.
    pub(crate) fn new(range: Range<f64>, step: f64) -> Self {
        let (first, last) =
            ((range.start / step - 1e-9).ceil() as i32, (range.end / step + 1e-9).floor() as i32);
        Self { marks: (first..=last).map(|k| f64::from(k) * step).collect(), range }
    }
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

/// A white picture of so many pixels; missing folders are made.
pub(crate) fn picture(path: &Path, size: (u32, u32)) -> Result<Panel<'_>, Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    Ok(root)
}

/// What an axis shows, and how its marks are written.
pub(crate) type Quantity<'a> = (&'a str, fn(f64) -> String);

/// Axes with a title; horizontal quantity and range first.
pub(crate) fn axes<'a, 'b>(
    panel: &'a Panel<'b>,
    title: &str,
    [horizontal, vertical]: [Quantity<'_>; 2],
    (across, up): (Axis, Axis),
) -> Result<Chart<'a, 'b>, Box<dyn Error>> {
    let mut chart = ChartBuilder::on(panel)
        .caption(title, TITLE.into_font().color(&INK))
        .margin(MARGIN)
        .margin_right(RIGHT)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(("sans-serif", 14, &INK))
        .x_desc(horizontal.0)
        .y_desc(vertical.0)
        .x_label_formatter(&|x| horizontal.1(*x))
        .y_label_formatter(&|y| vertical.1(*y))
        .draw()?;
    Ok(chart)
}

/// The horizontal range around 0 at which a chart with this vertical range has equal units both ways.
///
/// The caption is about one and a half times as high as its letters.
pub(crate) fn equal_units(panel: &Panel<'_>, up: &Range<f64>) -> Range<f64> {
    let (width, height) = panel.dim_in_pixel();
    let (width, height) = (width - MARGIN - LEFT - RIGHT, height - 2 * MARGIN - BELOW - 3 * TITLE.1 / 2);
    let half = (up.end - up.start) / 2.0 * f64::from(width) / f64::from(height);
    -half..half
}

/// Points joined by a line, with a name in the legend.
pub(crate) fn curve(
    chart: &mut Chart<'_, '_>,
    name: &str,
    colour: RGBColor,
    points: &[(f64, f64)],
) -> Outcome {
    chart
        .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 26, y)], colour.stroke_width(3)));
    Ok(())
}

/// Circles with a name in the legend.
pub(crate) fn dots(
    chart: &mut Chart<'_, '_>,
    name: &str,
    (colour, radius): (RGBColor, i32),
    points: &[(f64, f64)],
) -> Outcome {
    chart
        .draw_series(points.iter().map(|&point| Circle::new(point, radius, colour.filled())))?
        .label(name)
        .legend(move |(x, y)| Circle::new((x + 13, y), radius.max(3), colour.filled()));
    Ok(())
}

pub(crate) fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>, position: SeriesLabelPosition) -> Outcome {
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

/// A number as people write it.
pub(crate) fn plain(x: f64) -> String {
    format!("{}", (x * 1e6).round() / 1e6)
}

/// `10^x` as people write it.
pub(crate) fn power_of_ten(x: f64) -> String {
    plain(10_f64.powf(x))
}
