//! Error of the worst semi-axis against ε: a picture for each adjacency, sets across, numbers of rows down.

use crate::data::Kind;
use crate::methods::{DELTA, Method, Neighbours};
use crate::table::{Summary, find, groups};
use crate::{EPSILONS, Row};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
const INK: RGBColor = RGBColor(40, 40, 40);
const PANEL: (u32, u32) = (300, 330);
const LEGEND: u32 = 290;
/// Errors that are drawn; others are drawn at the ends.
const HEIGHTS: (f64, f64) = (0.003, 1000.0);
/// The project's bar at n = 100 000 and ε = 0.5.
const BAR: f64 = 0.03;

const fn colour(method: Method) -> RGBColor {
    match method {
        Method::Weights => RGBColor(204, 121, 167),
        Method::Rows => RGBColor(0, 114, 178),
        Method::RowsAround => RGBColor(86, 180, 233),
        Method::Stable => RGBColor(0, 158, 115),
        Method::RecordCovariance => RGBColor(213, 94, 0),
        Method::RecordLewis => RGBColor(230, 159, 0),
        Method::PlainCovariance => RGBColor(120, 120, 120),
    }
}

/// One picture an adjacency: sets across, numbers of rows down.
pub(crate) fn draw(folder: &Path, rows: &[Row]) -> Outcome {
    let mut numbers: Vec<usize> = rows.iter().map(|row| row.n).collect();
    numbers.dedup();
    for ((neighbours, methods), name) in
        groups().into_iter().zip(["close_small", "close", "replace", "add_remove"])
    {
        let path = folder.join(format!("john_utility_{name}.svg"));
        let size = (PANEL.0 * Kind::ALL.len() as u32 + LEGEND, PANEL.1 * numbers.len() as u32);
        let root = SVGBackend::new(&path, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (charts, legend) = root.split_horizontally(size.0 - LEGEND);
        draw_legend(&legend, neighbours, &methods)?;
        let panels = charts.split_evenly((numbers.len(), Kind::ALL.len()));
        for (i, &n) in numbers.iter().enumerate() {
            for (kind, panel) in Kind::ALL.into_iter().zip(&panels[i * Kind::ALL.len()..]) {
                one(panel, (kind, n), (neighbours, &methods), rows)?;
            }
        }
        root.present()?;
    }
    Ok(())
}

fn one(
    panel: &Panel<'_>,
    (kind, n): (Kind, usize),
    (neighbours, methods): (Neighbours, &[Method]),
    rows: &[Row],
) -> Outcome {
    let again = if kind.resampled(n) { "*" } else { "" };
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{}{again}, n = {n}", kind.name()), ("sans-serif", 16, &INK))
        .margin(8)
        .x_label_area_size(38)
        .y_label_area_size(56)
        .build_cartesian_2d((0.08..3.8).log_scale(), (HEIGHTS.0..HEIGHTS.1).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(format!("ε, δ = {DELTA:e}"))
        .y_desc("error of the worst axis")
        .x_labels(4)
        .y_labels(6)
        .y_label_formatter(&|y| format!("{y}"))
        .label_style(("sans-serif", 12, &INK))
        .draw()?;
    let dots = (0..40).map(|k| (0.08 * 47.0_f64.powf(f64::from(k) / 40.0), BAR));
    chart.draw_series(dots.map(|dot| Pixel::new(dot, INK)))?;
    for &method in methods {
        let colour = colour(method);
        let at = |&epsilon: &f64| {
            let row = find(rows, kind, n, (method, neighbours), epsilon)?;
            Some((epsilon, worst_axis(&row.found?).map(cut)))
        };
        let points: Vec<(f64, [f64; 3])> = EPSILONS.iter().filter_map(at).collect();
        let middle = || points.iter().map(|&(epsilon, [median, ..])| (epsilon, median));
        chart.draw_series(LineSeries::new(middle(), colour.stroke_width(2)))?;
        chart.draw_series(middle().map(|point| Circle::new(point, 3, colour.filled())))?;
        let whisker = |&(epsilon, [_, least, most]): &(f64, [f64; 3])| {
            PathElement::new([(epsilon, least), (epsilon, most)], colour.stroke_width(1))
        };
        chart.draw_series(points.iter().map(whisker))?;
    }
    Ok(())
}

/// How much too long or too short, relative, the worst semi-axis is: median, least, largest, each from those of both ends.
fn worst_axis([.., short, long]: &Summary) -> [f64; 3] {
    let error = |short: f64, long: f64| f64::max(long, 1.0 / short) - 1.0;
    [error(short[0], long[0]), error(short[2], long[1]), error(short[1], long[2])]
}

const fn cut(x: f64) -> f64 {
    x.clamp(HEIGHTS.0, HEIGHTS.1)
}

/// Beside the panels, where it hides nothing.
fn draw_legend(area: &Panel<'_>, neighbours: Neighbours, methods: &[Method]) -> Outcome {
    let text = |text: &str, place: (i32, i32)| {
        Text::new(text.to_owned(), place, ("sans-serif", 14).into_font().color(&INK))
    };
    area.draw(&text(&neighbours.name(), (6, 24)))?;
    for (i, &method) in methods.iter().enumerate() {
        let (top, colour) = (60 + 24 * i as i32, colour(method));
        area.draw(&PathElement::new([(6, top), (30, top)], colour.stroke_width(3)))?;
        area.draw(&text(method.name(), (38, top - 7)))?;
    }
    let notes = [
        "median and range of releases",
        "dotted: 3 %",
        "missing: infeasible, or not measured",
        "n = 1797 digits, * drawn again with jitter",
        "R: public radius of rows",
    ];
    for (i, note) in notes.into_iter().enumerate() {
        area.draw(&text(note, (6, 60 + 24 * methods.len() as i32 + 20 + 22 * i as i32)))?;
    }
    Ok(())
}
