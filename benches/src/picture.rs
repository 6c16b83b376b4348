//! Lines on doubly logarithmic axes, with a legend beside them.

use plotters::prelude::*;
use std::error::Error;
use std::ops::Range;
use std::path::Path;

/// What the axes are called.
#[derive(Debug, Clone, Copy)]
pub struct Axes<'a> {
    /// Above the picture.
    pub title: &'a str,
    /// From left to right.
    pub across: &'a str,
    /// Upwards.
    pub up: &'a str,
}

/// A line.
#[derive(Debug, Clone)]
pub struct Line {
    /// In the legend.
    pub name: String,
    /// A number below 12.
    pub colour: usize,
    /// Coordinates, both positive.
    pub points: Vec<(f64, f64)>,
}

// Okabe and Ito's colours, which people with any kind of colour vision tell apart, and greys
const COLOURS: [RGBColor; 12] = [
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(140, 86, 75),
    RGBColor(190, 170, 60),
    RGBColor(150, 150, 150),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
    RGBColor(120, 94, 240),
    RGBColor(0, 158, 115),
    RGBColor(20, 20, 20),
    RGBColor(190, 190, 190),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const SIZE: (u32, u32) = (900, 480);
/// Where the legend begins.
const CHART_WIDTH: u32 = 640;

/// Writes an SVG.
///
/// # Errors
/// Where the file cannot be written.
pub fn draw(path: &Path, axes: &Axes<'_>, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (area, legend) = root.split_horizontally(CHART_WIDTH);
    let (across, up) = (range(lines, |p| p.0), range(lines, |p| p.1));
    let mut chart = ChartBuilder::on(&area)
        .caption(axes.title, ("sans-serif", 17, &INK))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(66)
        .build_cartesian_2d(across.log_scale(), up.log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(axes.across)
        .y_desc(axes.up)
        .x_labels(9)
        .y_labels(7)
        .x_label_formatter(&|x| power(*x))
        .y_label_formatter(&|y| power(*y))
        .label_style(("sans-serif", 13, &INK))
        .draw()?;
    for (i, line) in lines.iter().enumerate() {
        let colour = COLOURS[line.colour % COLOURS.len()];
        chart.draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(line.points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        let top = 60 + 26 * i as i32;
        legend.draw(&PathElement::new([(4, top), (28, top)], colour.stroke_width(3)))?;
        legend.draw(&Text::new(
            line.name.clone(),
            (36, top - 7),
            ("sans-serif", 14).into_font().color(&INK),
        ))?;
    }
    Ok(root.present()?)
}

fn range(lines: &[Line], pick: fn(&(f64, f64)) -> f64) -> Range<f64> {
    let values = || lines.iter().flat_map(|line| &line.points).map(pick);
    0.7 * values().fold(f64::INFINITY, f64::min)..1.4 * values().fold(0.0, f64::max)
}

/// Powers of ten as such, others as numbers.
fn power(x: f64) -> String {
    let exponent = x.log10().round();
    let is_power = (x / 10.0_f64.powf(exponent) - 1.0).abs() < 1e-9;
    if is_power && !(-3.0..=4.0).contains(&exponent) { format!("1e{exponent}") } else { format!("{x}") }
}
