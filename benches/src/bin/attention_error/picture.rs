//! Three pictures: error against rows, against ε, and trees over moments against features.

use crate::methods::Method;
use crate::table::{find, sets};
use crate::{EPSILONS, ROWS, Row, SHAPES};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
const LINES: [(Method, RGBColor); 7] = [
    (Method::Formula, RGBColor(204, 121, 167)),
    (Method::TreesEqual, RGBColor(213, 94, 0)),
    (Method::TreesAccounted, RGBColor(230, 159, 0)),
    (Method::TreesJoint, RGBColor(0, 114, 178)),
    (Method::Moments, RGBColor(0, 158, 115)),
    (Method::Features, RGBColor(90, 90, 90)),
    (Method::Mean, RGBColor(170, 170, 170)),
];
const RATIOS: [Method; 3] = [Method::TreesEqual, Method::TreesAccounted, Method::TreesJoint];
const SHAPE: (usize, usize) = (8, 3);
/// Width of the legend.
const LEGEND: u32 = 190;
const INK: RGBColor = RGBColor(40, 40, 40);

pub(crate) fn draw(folder: &Path, rows: &[Row]) -> Outcome {
    let sets = sets(rows);
    let answers = |points: Vec<(usize, f64)>, horizontal: fn(usize, f64) -> f64| {
        move |set: &str, method: Method| -> Vec<(f64, f64)> {
            let at = |&(n, epsilon): &(usize, f64)| {
                find(rows, set, SHAPE, (n, epsilon), method).map(|row| (horizontal(n, epsilon), row.answer))
            };
            points.iter().filter_map(at).collect()
        }
    };
    let by_rows = answers(ROWS.map(|n| (n, 1.0)).to_vec(), |n, _| n as f64);
    let by_epsilon = answers(EPSILONS.map(|epsilon| (ROWS[2], epsilon)).to_vec(), |_, epsilon| epsilon);
    let all = LINES.map(|(method, _)| method);
    let path = folder.join("attention_error_rows.svg");
    panels(
        &path,
        &sets,
        ("rows n  (d = 8, degree 3, ε = 1, δ = 1e-6)", "rms error of an answer"),
        &all,
        by_rows,
    )?;
    let path = folder.join("attention_error_epsilon.svg");
    panels(
        &path,
        &sets,
        ("ε  (n = 65 536, d = 8, degree 3, δ = 1e-6)", "rms error of an answer"),
        &all,
        by_epsilon,
    )?;
    let ratio = |set: &str, method: Method| -> Vec<(f64, f64)> {
        let at = |shape: (usize, usize)| {
            let row = |method| find(rows, set, shape, (ROWS[2], 1.0), method);
            Some((row(method)?.features as f64, row(method)?.sum / row(Method::Moments)?.sum))
        };
        SHAPES.into_iter().filter_map(at).collect()
    };
    let path = folder.join("attention_error_ratio.svg");
    panels(
        &path,
        &sets,
        ("features r  (ε = 1, δ = 1e-6)", "noise of trees / noise of moments"),
        &RATIOS,
        ratio,
    )
}

/// One panel a set, logarithmic both ways, with one range for all.
fn panels(
    path: &Path,
    sets: &[String],
    titles: (&str, &str),
    methods: &[Method],
    points: impl Fn(&str, Method) -> Vec<(f64, f64)>,
) -> Outcome {
    let width = 400 * sets.len() as u32;
    let root = SVGBackend::new(path, (width + LEGEND, 430)).into_drawing_area();
    root.fill(&WHITE)?;
    let (charts, legend) = root.split_horizontally(width);
    draw_legend(&legend, methods)?;
    let every: Vec<(f64, f64)> = sets
        .iter()
        .flat_map(|set| methods.iter().flat_map(|&method| points(set, method)))
        .filter(|p| p.1 > 0.0)
        .collect();
    let range = |pick: fn(&(f64, f64)) -> f64| {
        let values = || every.iter().map(pick).filter(|x| x.is_finite());
        values().fold(f64::INFINITY, f64::min) * 0.8..values().fold(0.0, f64::max) * 1.3
    };
    let (across, up) = (range(|p| p.0), range(|p| p.1));
    for (set, panel) in sets.iter().zip(charts.split_evenly((1, sets.len()))) {
        let lines: Vec<_> = methods.iter().map(|&method| (method, points(set, method))).collect();
        one(&panel, set, titles, &lines, (across.clone(), up.clone()))?;
    }
    Ok(root.present()?)
}

fn one(
    panel: &Panel<'_>,
    set: &str,
    (horizontal, vertical): (&str, &str),
    lines: &[(Method, Vec<(f64, f64)>)],
    (across, up): (std::ops::Range<f64>, std::ops::Range<f64>),
) -> Outcome {
    let mut chart = ChartBuilder::on(panel)
        .caption(set, ("sans-serif", 18, &INK))
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(62)
        .build_cartesian_2d(across.log_scale(), up.log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(horizontal)
        .y_desc(vertical)
        .x_labels(5)
        .y_labels(7)
        .x_label_formatter(&|x| label(*x))
        .y_label_formatter(&|y| label(*y))
        .label_style(("sans-serif", 13, &INK))
        .draw()?;
    for (method, points) in lines {
        let colour = colour_of(*method);
        let drawn: Vec<_> = points.iter().copied().filter(|p| p.1 > 0.0 && p.1.is_finite()).collect();
        chart.draw_series(LineSeries::new(drawn.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(drawn.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
    }
    Ok(())
}

fn colour_of(method: Method) -> RGBColor {
    LINES.iter().find(|(m, _)| *m == method).map_or(INK, |(_, colour)| *colour)
}

/// Beside the panels, where it hides nothing.
fn draw_legend(area: &Panel<'_>, methods: &[Method]) -> Outcome {
    for (i, &method) in methods.iter().enumerate() {
        let (top, colour) = (60 + 24 * i as i32, colour_of(method));
        area.draw(&PathElement::new([(4, top), (28, top)], colour.stroke_width(3)))?;
        area.draw(&Text::new(method.name(), (36, top - 7), ("sans-serif", 14).into_font().color(&INK)))?;
    }
    Ok(())
}

fn label(x: f64) -> String {
    if (0.05..10_000.0).contains(&x) {
        format!("{}", (x * 100.0).round() / 100.0)
    } else {
        format!("{x:.0e}")
    }
}
