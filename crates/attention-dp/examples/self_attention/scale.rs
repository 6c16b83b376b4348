//! Axes and colours that both pictures use.

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use std::ops::Range;

// Okabe and Ito's colours, which people with any kind of colour vision tell apart
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(crate) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(crate) const AMBER: RGBColor = RGBColor(230, 159, 0);
pub(crate) const GREY: RGBColor = RGBColor(110, 110, 110);
pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);

/// Decimal logarithms, marked at whole numbers.
#[derive(Clone)]
pub(crate) struct Decades(pub(crate) Range<f64>);

impl Ranged for Decades {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let share = (value - self.0.start) / (self.0.end - self.0.start);
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _: H) -> Vec<f64> {
        let (first, last) = (self.0.start.ceil() as i32, self.0.end.floor() as i32);
        (first..=last).map(f64::from).collect()
    }

    fn range(&self) -> Range<f64> {
        self.0.clone()
    }
}

/// `10^x` as people write it.
pub(crate) fn power_of_ten(x: f64) -> String {
    format!("{}", (10_f64.powf(x) * 1e6).round() / 1e6)
}
