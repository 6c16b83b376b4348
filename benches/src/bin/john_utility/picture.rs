//! Log-volume excess against ε: a row of panels for each adjacency, a column for each set.

use crate::data::Kind;
use crate::methods::{DELTA, Method, Neighbours};
use crate::table::{find, groups, summary};
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
/// Excess that is drawn: below the first it is shown there, beyond the last it is cut.
const HEIGHTS: (f64, f64) = (0.003, 100.0);

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
        .y_desc("log-volume excess")
        .x_labels(4)
        .y_labels(6)
        .y_label_formatter(&|y| format!("{y}"))
        .label_style(("sans-serif", 12, &INK))
        .draw()?;
    for &method in methods {
        let colour = colour(method);
        let at = |&epsilon: &f64| {
            let row = find(rows, kind, n, (method, neighbours), epsilon)?;
            Some((epsilon, summary(row.scores.as_ref()?, |score| score.excess.abs()).map(cut)))
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
        "absolute value; median and range",
        "a line that is missing: infeasible",
        "n = 1797 digits, * drawn again with jitter",
        "R: public radius of rows",
    ];
    for (i, note) in notes.into_iter().enumerate() {
        area.draw(&text(note, (6, 60 + 24 * methods.len() as i32 + 20 + 22 * i as i32)))?;
    }
    Ok(())
}
