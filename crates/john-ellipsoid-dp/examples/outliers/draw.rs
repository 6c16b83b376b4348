//! What the images look like, and how many torn ones are found against false alarms.

use crate::data::Images;
use crate::support::{
    AMBER, Axis, BLUE, GREEN, GREY, INK, Outcome, PINK, Panel, Quantity, VERMILION, axes, curve, legend,
    picture, plain,
};
use crate::{Detector, OUTLIERS};
use dp_testkit::digits;
use plotters::chart::SeriesLabelPosition;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1000, 560);
const GALLERY: u32 = 380;
/// Images of each kind that are shown, in rows of four.
const SHOWN: usize = 12;
const COLUMNS: usize = 4;
/// Side of a pixel.
const PIXEL: i32 = 9;
const COLOURS: [RGBColor; 6] = [GREY, PINK, INK, VERMILION, AMBER, GREEN];
/// More false alarms are not drawn.
const ALARMS: f64 = 0.3;

pub(crate) fn draw(path: &Path, images: &Images, detectors: &[Detector]) -> Outcome {
    let root = picture(path, SIZE)?;
    let (left, right) = root.split_horizontally(GALLERY);
    gallery(&left, (20, 36), "some images", images, false)?;
    gallery(&left, (20, 310), "some that are torn", images, true)?;
    curves(&right, detectors)?;
    Ok(root.present()?)
}

fn gallery(area: &Panel<'_>, (left, top): (i32, i32), title: &str, images: &Images, torn: bool) -> Outcome {
    area.draw(&Text::new(title, (left, top - 26), ("sans-serif", 17).into_font().color(&INK)))?;
    let of_kind = (0..digits::LEN).filter(|&i| images.torn[i] == torn).take(SHOWN);
    for (k, i) in of_kind.enumerate() {
        let pixels = &images.pixels[i * digits::DIM..(i + 1) * digits::DIM];
        let step = 8 * PIXEL + 10;
        let place = (left + step * (k % COLUMNS) as i32, top + step * (k / COLUMNS) as i32);
        image(area, place, pixels)?;
    }
    Ok(())
}

fn image(area: &Panel<'_>, (left, top): (i32, i32), pixels: &[u8]) -> Outcome {
    for (p, &ink) in pixels.iter().enumerate() {
        let (x, y) = (left + PIXEL * (p % 8) as i32, top + PIXEL * (p / 8) as i32);
        let shade = BLUE.mix(f64::from(ink) / 16.0).filled();
        area.draw(&Rectangle::new([(x, y), (x + PIXEL, y + PIXEL)], shade))?;
    }
    let frame = [(left, top), (left + 8 * PIXEL, top + 8 * PIXEL)];
    area.draw(&Rectangle::new(frame, INK.mix(0.3).stroke_width(1)))?;
    Ok(())
}

fn curves(panel: &Panel<'_>, detectors: &[Detector]) -> Outcome {
    let quantities: [Quantity<'_>; 2] =
        [("share of false alarms", plain), ("share of torn images found", plain)];
    let ranges = (Axis::new(0.0..ALARMS, 0.05), Axis::new(0.0..1.0, 0.2));
    let title = format!("{OUTLIERS} torn images among {} digits", digits::LEN);
    let mut chart = axes(panel, &title, quantities, ranges)?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (ALARMS, ALARMS)], INK.mix(0.2).stroke_width(1)))?;
    for (detector, colour) in detectors.iter().zip(COLOURS) {
        let name = format!("{}, area {:.3}", detector.name, detector.areas[0]);
        let drawn: Vec<_> = detector.roc.iter().copied().filter(|point| point.0 <= ALARMS).collect();
        curve(&mut chart, &name, colour, &drawn)?;
    }
    legend(&mut chart, SeriesLabelPosition::LowerRight)
}
