//! Accuracy against ε: a panel for each set of images.

use crate::Row;
use crate::methods::{DELTA, Method};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
const INK: RGBColor = RGBColor(40, 40, 40);
const PANEL: (u32, u32) = (360, 340);
const LEGEND: u32 = 240;

const fn colour(method: Method) -> RGBColor {
    match method {
        Method::Descent => RGBColor(0, 114, 178),
        Method::Moments => RGBColor(213, 94, 0),
        Method::Stochastic => RGBColor(0, 158, 115),
        Method::Exact => INK,
    }
}

pub(crate) fn draw(path: &Path, rows: &[Row]) -> Outcome {
    let mut sets: Vec<&str> = rows.iter().map(|row| &row.set[..]).collect();
    sets.dedup();
    let size = (PANEL.0 * sets.len() as u32 + LEGEND, PANEL.1);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let (charts, legend) = root.split_horizontally(size.0 - LEGEND);
    draw_legend(&legend)?;
    for (set, panel) in sets.iter().zip(charts.split_evenly((1, sets.len()))) {
        let of_set: Vec<&Row> = rows.iter().filter(|row| row.set == *set).collect();
        one(&panel, set, &of_set)?;
    }
    Ok(root.present()?)
}

fn one(panel: &Panel<'_>, set: &str, rows: &[&Row]) -> Outcome {
    let n = rows.first().map_or(0, |row| row.n);
    let least = rows.iter().map(|row| row.accuracy.least).fold(1.0, f64::min);
    let floor = (10.0 * least).floor() / 10.0;
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{set}, n = {n}"), ("sans-serif", 15, &INK))
        .margin(8)
        .x_label_area_size(38)
        .y_label_area_size(50)
        .build_cartesian_2d((0.8..9.9).log_scale(), floor..1.0_f64.min(largest(rows)))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(format!("ε, δ = {DELTA:e}"))
        .y_desc("accuracy on images not learned from")
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .label_style(("sans-serif", 12, &INK))
        .draw()?;
    for method in Method::ALL {
        let colour = colour(method);
        let of = rows.iter().filter(|row| row.method == method);
        if method == Method::Exact {
            let flat = of.flat_map(|row| [(0.8, row.accuracy.mean), (9.9, row.accuracy.mean)]);
            chart.draw_series(LineSeries::new(flat, colour.stroke_width(1)))?;
            continue;
        }
        let points: Vec<(f64, f64, f64)> =
            of.map(|row| (row.epsilon, row.accuracy.mean, row.accuracy.sd)).collect();
        chart.draw_series(LineSeries::new(points.iter().map(|p| (p.0, p.1)), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|p| Circle::new((p.0, p.1), 3, colour.filled())))?;
        let whisker = |p: &(f64, f64, f64)| {
            PathElement::new([(p.0, p.1 - p.2), (p.0, p.1 + p.2)], colour.stroke_width(1))
        };
        chart.draw_series(points.iter().map(whisker))?;
    }
    Ok(())
}

/// A little above the best.
fn largest(rows: &[&Row]) -> f64 {
    let best = rows.iter().map(|row| row.accuracy.largest).fold(0.0, f64::max);
    (20.0 * best + 0.5).ceil() / 20.0
}

fn draw_legend(area: &Panel<'_>) -> Outcome {
    let text = |text: &str, place: (i32, i32)| {
        Text::new(text.to_owned(), place, ("sans-serif", 14).into_font().color(&INK))
    };
    for (i, method) in Method::ALL.into_iter().enumerate() {
        let (top, colour) = (40 + 24 * i as i32, colour(method));
        area.draw(&PathElement::new([(6, top), (30, top)], colour.stroke_width(3)))?;
        area.draw(&text(method.name(), (38, top - 7)))?;
    }
    let notes = ["mean and standard deviation", "a record is added or removed", "the same features for all"];
    for (i, note) in notes.into_iter().enumerate() {
        area.draw(&text(note, (6, 60 + 24 * Method::ALL.len() as i32 + 22 * i as i32)))?;
    }
    Ok(())
}
