//! Three panels of points and ellipses, with equal units both ways.

use crate::support::{
    AMBER, Axis, BLUE, Chart, GREEN, GREY, INK, Outcome, Panel, Quantity, VERMILION, axes, curve,
    equal_units, legend, picture, plain,
};
use crate::{EPSILONS, FAR, Family, GAP, MOVE, UNCOVERED};
use dp_linalg::Mat;
use john_ellipsoid_dp::private::ReleasedEllipsoid;
use plotters::chart::SeriesLabelPosition;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1500, 510);
/// Half the height of a panel, in units of points.
const HEIGHT: f64 = 6.6;
/// Of many points only so many are drawn.
const DRAWN: usize = 900;
const COLOURS: [RGBColor; 3] = [VERMILION, AMBER, GREEN];

pub(crate) fn draw(
    path: &Path,
    points: &Mat,
    approximate: &ReleasedEllipsoid,
    [close, record]: [&Family; 2],
) -> Outcome {
    let root = picture(path, SIZE)?;
    let panels = root.split_evenly((1, 3));
    let mut chart = with_points(&panels[0], "without privacy", points)?;
    curve(&mut chart, "around all points, exact", INK, &boundary(&close.plain))?;
    curve(&mut chart, &format!("the same at gap {GAP}"), BLUE, &boundary(approximate))?;
    legend(&mut chart, SeriesLabelPosition::UpperLeft)?;
    let title = format!("private: a point moves by up to {MOVE}");
    family(&panels[1], &title, "around all points, exact", points, close)?;
    let name = format!("around {} % of points, no noise", 100.0 * (1.0 - UNCOVERED));
    family(&panels[2], "private: a point is added or removed", &name, points, record)?;
    Ok(root.present()?)
}

fn family(panel: &Panel<'_>, title: &str, name: &str, points: &Mat, family: &Family) -> Outcome {
    let mut chart = with_points(panel, title, points)?;
    for ((epsilon, private), colour) in EPSILONS.iter().zip(&family.private).zip(COLOURS) {
        curve(&mut chart, &format!("ε = {epsilon}"), colour, &boundary(private))?;
    }
    curve(&mut chart, name, INK, &boundary(&family.plain))?;
    legend(&mut chart, SeriesLabelPosition::UpperLeft)
}

fn with_points<'a, 'b>(
    panel: &'a Panel<'b>,
    title: &str,
    points: &Mat,
) -> Result<Chart<'a, 'b>, Box<dyn std::error::Error>> {
    let up = -HEIGHT..HEIGHT;
    let quantities: [Quantity<'_>; 2] = [("first coordinate", plain), ("second coordinate", plain)];
    let ranges = (Axis::new(equal_units(panel, &up), 2.0), Axis::new(up, 2.0));
    let mut chart = axes(panel, title, quantities, ranges)?;
    let dot = |(i, point): (usize, &[f64])| {
        let (colour, size) = if i < FAR { (INK, 3) } else { (GREY, 1) };
        Circle::new((point[0], point[1]), size, colour.filled())
    };
    chart.draw_series(points.rows().take(DRAWN).enumerate().map(dot))?;
    Ok(chart)
}

/// Points with `‖Tᵀy‖ = 1`, around and closed: `y` of unit vectors `u = Tᵀy`.
fn boundary(ellipsoid: &ReleasedEllipsoid) -> Vec<(f64, f64)> {
    let root = ellipsoid.root();
    let point = |k: i32| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(k) / 180.0).sin_cos();
        let y = sin / root[(1, 1)];
        ((cos - root[(1, 0)] * y) / root[(0, 0)], y)
    };
    (0..=180).map(point).collect()
}
