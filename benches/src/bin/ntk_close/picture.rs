//! Accuracy against ε, a panel for each move.

use crate::methods::{DELTA, Method};
use crate::{BETAS, EPSILONS, Row};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
const INK: RGBColor = RGBColor(40, 40, 40);
const PANEL: (u32, u32) = (260, 330);
const LEGEND: u32 = 290;
const HEIGHTS: (f64, f64) = (0.45, 0.92);

const fn colour(method: Method) -> RGBColor {
    match method {
        Method::Published => RGBColor(213, 94, 0),
        Method::Exact => RGBColor(230, 159, 0),
        Method::LaplacePoints => RGBColor(86, 180, 233),
        Method::Points => RGBColor(0, 114, 178),
        Method::PointsAndLabels => RGBColor(0, 158, 115),
    }
}

pub(crate) fn draw(path: &Path, rows: &[Row], plain: f64) -> Outcome {
    let size = (PANEL.0 * BETAS.len() as u32 + LEGEND, PANEL.1);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let (charts, legend) = root.split_horizontally(size.0 - LEGEND);
    draw_legend(&legend)?;
    for (beta, panel) in BETAS.into_iter().zip(&charts.split_evenly((1, BETAS.len()))) {
        one(panel, beta, rows, plain)?;
    }
    Ok(root.present()?)
}

fn one(panel: &Panel<'_>, beta: f64, rows: &[Row], plain: f64) -> Outcome {
    let (first, last) = (EPSILONS[0] * 0.8, EPSILONS[EPSILONS.len() - 1] * 1.25);
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("a point moves by {beta}"), ("sans-serif", 16, &INK))
        .margin(8)
        .x_label_area_size(38)
        .y_label_area_size(46)
        .build_cartesian_2d((first..last).log_scale(), HEIGHTS.0..HEIGHTS.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(format!("ε, δ = {DELTA:e}"))
        .y_desc("accuracy")
        .x_labels(4)
        .y_labels(6)
        .label_style(("sans-serif", 12, &INK))
        .draw()?;
    let dots = (0..60).map(|k| (first * (last / first).powf(f64::from(k) / 60.0), plain));
    chart.draw_series(dots.map(|dot| Pixel::new(dot, INK)))?;
    for method in Method::ALL {
        let colour = colour(method);
        let of = rows.iter().filter(|row| row.method == method && row.beta == beta);
        let points: Vec<(f64, [f64; 3])> = of.filter_map(|row| Some((row.epsilon, row.accuracy?))).collect();
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

/// Beside the panels, where it hides nothing.
fn draw_legend(area: &Panel<'_>) -> Outcome {
    let text = |text: &str, place: (i32, i32)| {
        Text::new(text.to_owned(), place, ("sans-serif", 14).into_font().color(&INK))
    };
    for (i, method) in Method::ALL.into_iter().enumerate() {
        let (top, colour) = (40 + 24 * i as i32, colour(method));
        area.draw(&PathElement::new([(6, top), (30, top)], colour.stroke_width(3)))?;
        area.draw(&text(method.name(), (38, top - 7)))?;
    }
    let notes = [
        "dotted: without privacy",
        "median and range of releases",
        "missing: no draw is allowed",
        "labels are public but for the last",
        "moves: in units of the public radius",
        "a move of one point, not a record",
    ];
    for (i, note) in notes.into_iter().enumerate() {
        area.draw(&text(note, (6, 40 + 24 * Method::ALL.len() as i32 + 20 + 22 * i as i32)))?;
    }
    Ok(())
}
