//! A figure as SVG.

use crate::Outcome;
use crate::figure::{Axis, Curve, Figure, Role, Scale};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
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
    let [of_x, of_y] =
        [(&figure.across, &across), (&figure.up, &up)].map(|(axis, range)| Ticks::new(axis.scale, range));
    let [label_x, label_y] = [&of_x, &of_y].map(|ticks| move |x: &f64| ticks.label(*x));
    let [across, up] = [(across, &of_x), (up, &of_y)].map(|(range, ticks)| Ruled::new(range, ticks));
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
        .x_labels(of_x.places.len())
        .y_labels(of_y.places.len())
        .x_label_formatter(&label_x)
        .y_label_formatter(&label_y)
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

/// Where an axis has lines with numbers: round ones.
struct Ticks {
    scale: Scale,
    /// On the page: logarithms where the axis has them.
    places: Vec<f64>,
    /// Digits after the point.
    decimals: usize,
}

impl Ticks {
    /// Lines that an axis has at most, or few more.
    const MOST: f64 = 8.0;

    fn new(scale: Scale, range: &Range<f64>) -> Self {
        let width = range.end - range.start;
        let inside = |x: &f64| range.contains(x);
        let (places, decimals): (Vec<f64>, usize) = match scale {
            Scale::Logarithmic if width >= 1.5 => {
                let step = (width / Self::MOST).ceil();
                (multiples(step, range), 0)
            }
            Scale::Logarithmic if width >= 0.3 => {
                let decades = (range.start.floor() as i32..=range.end.ceil() as i32).map(f64::from);
                let of = |digits: &[f64]| -> Vec<f64> {
                    let places =
                        decades.clone().flat_map(|decade| digits.iter().map(move |d| decade + d.log10()));
                    places.filter(inside).collect()
                };
                let few = of(&[1.0, 2.0, 5.0]);
                (if few.len() > 2 { few } else { of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) }, 0)
            }
            Scale::Logarithmic => {
                let values = 10_f64.powf(range.start)..10_f64.powf(range.end);
                let step = round_step(values.end - values.start);
                (multiples(step, &values).iter().map(|value| value.log10()).collect(), decimals_of(step))
            }
            Scale::Linear => {
                let step = round_step(width);
                (multiples(step, range), decimals_of(step))
            }
        };
        Self { scale, places, decimals }
    }

    fn label(&self, place: f64) -> String {
        let value = match self.scale {
            Scale::Linear => place,
            Scale::Logarithmic => 10_f64.powf(place),
        };
        let (size, decimals) = (value.abs(), self.decimals);
        match self.scale {
            _ if size < 1e-12 * self.places.iter().fold(0.0, |most: f64, x| most.max(x.abs())) => {
                "0".to_owned()
            }
            Scale::Logarithmic if decimals == 0 && !(0.009..2000.0).contains(&size) => format!("{value:.0e}"),
            Scale::Logarithmic if decimals == 0 => format!("{}", (value * 1e3).round() / 1e3),
            _ if !(1e-3..1e5).contains(&size) => format!("{value:.1e}"),
            _ => format!("{value:.decimals$}"),
        }
    }
}

/// Numbers of a range, with lines where they are wanted.
struct Ruled {
    numbers: RangedCoordf64,
    places: Vec<f64>,
}

impl Ruled {
    fn new(range: Range<f64>, ticks: &Ticks) -> Self {
        Self { numbers: range.into(), places: ticks.places.clone() }
    }
}

impl Ranged for Ruled {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.numbers.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.places.clone()
    }

    fn range(&self) -> Range<f64> {
        self.numbers.range()
    }
}

/// One, two or five times a power of ten, five to ten of which make the width.
fn round_step(width: f64) -> f64 {
    let power = 10_f64.powf((width / Ticks::MOST).log10().floor());
    let fits = |factor: &f64| width / (factor * power) <= Ticks::MOST;
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

fn decimals_of(step: f64) -> usize {
    (-step.log10().floor()).clamp(0.0, 12.0) as usize
}

fn multiples(step: f64, range: &Range<f64>) -> Vec<f64> {
    let (first, last) = ((range.start / step).ceil() as i64, (range.end / step).floor() as i64);
    (first..=last).map(|k| k as f64 * step).collect()
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
    fn axes_have_round_numbers() {
        let labels = |scale, range: Range<f64>| {
            let ticks = Ticks::new(scale, &range);
            ticks.places.iter().map(|place| ticks.label(*place)).collect::<Vec<_>>()
        };
        assert_eq!(labels(Scale::Linear, -0.03..1.06), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Scale::Logarithmic, -3.2..1.1), ["1e-3", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(Scale::Logarithmic, 1.58..2.75), ["50", "100", "200", "500"]);
        assert_eq!(labels(Scale::Logarithmic, -6.1..-5.2), ["1e-6", "2e-6", "5e-6"]);
        assert_eq!(labels(Scale::Logarithmic, -1.25..-0.75), ["0.06", "0.07", "0.08", "0.09", "0.1"]);
        assert_eq!(labels(Scale::Logarithmic, -0.5..-0.3), ["0.35", "0.40", "0.45", "0.50"]);
        assert!(labels(Scale::Logarithmic, -300.0..1.0).len() <= 9);
    }

    #[test]
    fn nothing_to_draw_is_no_picture() {
        let figure = Figure::new("empty", Axis::linear("x"), Axis::linear("y"));
        assert_eq!(svg(&figure), None);
        assert_eq!(svg(&figure.with_curve(Role::Exact, "none", [(f64::INFINITY, 0.0)])), None);
    }
}
