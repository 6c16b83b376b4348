//! A figure as SVG.

use crate::Outcome;
use crate::figure::{Axis, Curve, Figure, Role, Scale};
use plotters::prelude::*;
use std::error::Error;
use std::ops::Range;

const SIZE: (u32, u32) = (640, 380);
const INK: RGBColor = RGBColor(40, 40, 40);

/// The picture of a row: what the check saw of the thing as shipped and, if it draws the same of the broken twin and that looks different, of both.
pub(super) fn with_twin(shipped: &Outcome, broken: &Outcome) -> Option<Figure> {
    let mut figure = shipped.figure.clone()?;
    let same = broken.figure.iter().filter(|twin| twin.title == figure.title);
    let seen = same.flat_map(|twin| &twin.curves).filter(|curve| curve.role == Role::Observed);
    let twins: Vec<Curve> = seen
        .filter(|curve| !figure.curves.iter().any(|own| own.points == curve.points))
        .map(|curve| Curve {
            role: Role::Twin,
            name: format!("{}: the broken twin", curve.name),
            ..curve.clone()
        })
        .collect();
    figure.curves.extend(twins);
    Some(figure)
}

/// The picture, or nothing where there is nothing to draw.
pub(super) fn svg(figure: &Figure) -> Option<String> {
    let curves: Vec<(&Curve, Vec<(f64, f64)>)> =
        figure.curves.iter().map(|curve| (curve, drawn(figure, curve))).collect();
    let across = range(curves.iter().flat_map(|(_, points)| points).map(|point| point.0))?;
    let up = range(curves.iter().flat_map(|(_, points)| points).map(|point| point.1))?;
    let mut out = String::new();
    draw(&mut out, figure, &curves, (across, up)).ok()?;
    Some(out)
}

/// Coordinates on the page: logarithms where the axis wants them.
fn drawn(figure: &Figure, curve: &Curve) -> Vec<(f64, f64)> {
    let place = |axis: &Axis, x: f64| match axis.scale {
        Scale::Linear => x,
        Scale::Logarithmic => x.log10(),
    };
    let points = curve.points.iter().map(|&(x, y)| (place(&figure.across, x), place(&figure.up, y)));
    points.filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
}

/// With some room at both ends.
fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let room = if high > low { 0.06 * (high - low) } else { 0.5 };
    (low <= high).then_some(low - room..high + room)
}

fn draw(
    out: &mut String,
    figure: &Figure,
    curves: &[(&Curve, Vec<(f64, f64)>)],
    (across, up): (Range<f64>, Range<f64>),
) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::with_string(out, SIZE).into_drawing_area();
    let label = |axis: &Axis, width: f64| {
        let scale = axis.scale;
        move |x: &f64| tick(scale, *x, width)
    };
    let (of_x, of_y) =
        (label(&figure.across, across.end - across.start), label(&figure.up, up.end - up.start));
    let mut chart = ChartBuilder::on(&root)
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .x_desc(figure.across.label.as_str())
        .y_desc(figure.up.label.as_str())
        .x_labels(8)
        .y_labels(7)
        .x_label_formatter(&of_x)
        .y_label_formatter(&of_y)
        .label_style(("sans-serif", 13, &INK))
        .draw()?;
    for (curve, points) in curves {
        let colour = colour(curve.role);
        match curve.role {
            Role::Bound => {
                chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
            }
            Role::Exact => chart.draw_series(DashedLineSeries::new(
                points.iter().copied(),
                6,
                4,
                colour.stroke_width(2),
            ))?,
            Role::Observed => {
                chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?
            }
            Role::Twin => {
                chart.draw_series(points.iter().map(|&point| Cross::new(point, 3, colour.stroke_width(1))))?
            }
        };
    }
    Ok(root.present()?)
}

/// How a curve of this role looks, for a legend in words.
pub(super) fn mark(role: Role) -> String {
    let RGBColor(red, green, blue) = colour(role);
    let sign = match role {
        Role::Bound => "━",
        Role::Exact => "╍",
        Role::Observed => "●",
        Role::Twin => "×",
    };
    format!("<span style=\"color:rgb({red},{green},{blue})\">{sign}</span>")
}

/// Okabe and Ito's colours, which people with any kind of colour vision tell apart.
const fn colour(role: Role) -> RGBColor {
    match role {
        Role::Bound => RGBColor(0, 114, 178),
        Role::Exact => RGBColor(0, 158, 115),
        Role::Observed => RGBColor(230, 120, 0),
        Role::Twin => RGBColor(204, 60, 140),
    }
}

/// On a logarithmic axis only powers of ten have names, unless there is none to see.
fn tick(scale: Scale, x: f64, width: f64) -> String {
    match scale {
        Scale::Linear if x == 0.0 || (1e-3..1e5).contains(&x.abs()) => {
            format!("{}", (x * 1e6).round() * 1e-6)
        }
        Scale::Linear => format!("{x:.1e}"),
        Scale::Logarithmic if width < 1.5 => format!("{:.2}", 10_f64.powf(x)),
        Scale::Logarithmic if (x - x.round()).abs() < 1e-9 => match x.round() as i32 {
            exponent @ -2..=3 => format!("{}", 10_f64.powi(exponent)),
            exponent => format!("1e{exponent}"),
        },
        Scale::Logarithmic => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_and_what_has_no_logarithm_is_left_out() {
        let axes = (Axis::logarithmic("n"), Axis::logarithmic("error"));
        let figure = Figure::new("decay", axes.0, axes.1)
            .with_curve(Role::Bound, "proven", [(1.0, 1.0), (100.0, 0.01)])
            .with_curve(Role::Observed, "found", [(0.0, 1.0), (10.0, 0.05), (f64::NAN, 1.0)]);
        let svg = svg(&figure).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("error") && svg.contains("<polyline"), "{svg}");
        assert_eq!(drawn(&figure, &figure.curves[1]), [(1.0, 0.05_f64.log10())]);
    }

    #[test]
    fn what_a_check_sees_of_its_twin_is_drawn_beside() {
        let seen = |title: &str, y: f64| {
            let figure = Figure::new(title, Axis::linear("n"), Axis::linear("error"));
            Outcome::at_most(y, 1.0, 1).with_figure(figure.with_curve(Role::Observed, "found", [(1.0, y)]))
        };
        let roles = |shipped: &Outcome, broken: &Outcome| {
            let figure = with_twin(shipped, broken).unwrap();
            figure.curves.iter().map(|curve| curve.role).collect::<Vec<_>>()
        };
        assert_eq!(roles(&seen("errors", 0.5), &seen("errors", 2.0)), [Role::Observed, Role::Twin]);
        assert_eq!(roles(&seen("errors", 0.5), &seen("others", 2.0)), [Role::Observed]);
        assert_eq!(roles(&seen("errors", 0.5), &seen("errors", 0.5)), [Role::Observed]);
        assert!(with_twin(&Outcome::at_most(0.5, 1.0, 1), &seen("errors", 2.0)).is_none());
    }

    #[test]
    fn nothing_to_draw_is_no_picture() {
        let figure = Figure::new("empty", Axis::linear("x"), Axis::linear("y"));
        assert_eq!(svg(&figure), None);
        assert_eq!(svg(&figure.with_curve(Role::Exact, "none", [(f64::INFINITY, 0.0)])), None);
    }
}
