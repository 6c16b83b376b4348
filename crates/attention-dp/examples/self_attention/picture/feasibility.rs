//! Which moves and ridges Gaussian sampling can serve, by the published condition and by the exact one.

use crate::scale::{Decades, INK, power_of_ten};
use crate::{DELTA, EPSILON, FAILURE, budget, data};
use attention_dp::{RouteForecast, SelfAttentionPlan, plan_self_attention};
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{FailureProbability, PerturbRow};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Outcome = Result<(), Box<dyn Error>>;

const SIZE: (u32, u32) = (1240, 540);
const KEY_WIDTH: u32 = 110;
/// Number of rows, which only the published bound depends on.
const ROWS: usize = 1000;
/// Moves from 1e-5 to 1, in twentieths of a decade; ridges from 0.01 to 1000 largest logits, in tenths.
const MOVES: std::ops::Range<i32> = -100..0;
const RIDGES: std::ops::Range<i32> = -20..30;
/// Decimal logarithm of the number of draws at which colours end.
const MOST: f64 = 6.0;

/// Number of draws by `(move, ridge)`; none where there is no entry.
type Map = BTreeMap<(i32, i32), u32>;

pub(crate) fn draw(path: &Path) -> Outcome {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (maps, key) = root.split_horizontally(SIZE.0 - KEY_WIDTH);
    let (left, right) = maps.split_horizontally((SIZE.0 - KEY_WIDTH) / 2);
    let (published, exact) = maps_of_draws()?;
    draw_map(&left, "published condition and bound", &published)?;
    draw_map(&right, "exact condition, two eigenvalues", &exact)?;
    draw_key(&key)?;
    Ok(root.present()?)
}

/// By the published and by the exact condition. What they depend on is `β/λ` and `β/√λ`: each is asked once.
fn maps_of_draws() -> Result<(Map, Map), Box<dyn Error>> {
    let (mut published, mut exact) = (Map::new(), Map::new());
    let (mut by_quotient, mut by_root) = (BTreeMap::new(), BTreeMap::new());
    for step in MOVES {
        for ridge in RIDGES {
            let (quotient, root) = (step - 2 * ridge, step - ridge);
            if !by_quotient.contains_key(&quotient) || !by_root.contains_key(&root) {
                let plan = plan_at(step, ridge)?;
                by_quotient.insert(quotient, plan.published_sampling().and_then(RouteForecast::draws));
                by_root.insert(root, plan.sampling().and_then(RouteForecast::draws));
            }
            let insert =
                |map: &mut Map, draws: Option<Draws>| draws.map(|k| map.insert((step, ridge), k.get()));
            insert(&mut published, by_quotient[&quotient]);
            insert(&mut exact, by_root[&root]);
        }
    }
    Ok((published, exact))
}

fn plan_at(step: i32, ridge: i32) -> Result<SelfAttentionPlan, Box<dyn Error>> {
    let options = data::options(ROWS)?.with_max_draws(Draws::MAX);
    let ridge = options.max_logit() * 10_f64.powf(f64::from(ridge) / 10.0);
    let close = PerturbRow::new(10_f64.powf(f64::from(step) / 20.0))?;
    Ok(plan_self_attention(&options.with_ridge(ridge), close, budget()?, FailureProbability::new(FAILURE)?)?)
}

fn draw_map(panel: &Panel<'_>, title: &str, draws: &Map) -> Outcome {
    let horizontal = Decades(f64::from(MOVES.start) / 20.0..f64::from(MOVES.end) / 20.0);
    let vertical = Decades(f64::from(RIDGES.start) / 10.0..f64::from(RIDGES.end) / 10.0);
    let mut chart = ChartBuilder::on(panel)
        .caption(title, ("sans-serif", 20, &INK))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(horizontal, vertical)?;
    let cells = draws.iter().map(|(&(step, ridge), &draws)| {
        let (left, low) = (f64::from(step) / 20.0, f64::from(ridge) / 10.0);
        Rectangle::new([(left, low), (left + 0.05, low + 0.1)], shade(f64::from(draws).log10()).filled())
    });
    chart.draw_series(cells)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(("sans-serif", 15, &INK))
        .x_desc(format!("β, how far a row of length 1 may move (n = {ROWS}, ε = {EPSILON}, δ = {DELTA:e})"))
        .y_desc("ridge λ over the largest logit")
        .x_label_formatter(&|x| power_of_ten(*x))
        .y_label_formatter(&|y| power_of_ten(*y))
        .draw()?;
    Ok(())
}

/// From pale to dark with the number of draws; white is for none.
fn shade(log: f64) -> RGBColor {
    let share = (log / MOST).clamp(0.0, 1.0);
    let between = |from: u8, to: u8| (f64::from(from) + share * (f64::from(to) - f64::from(from))) as u8;
    RGBColor(between(222, 8), between(235, 48), between(247, 107))
}

fn draw_key(panel: &Panel<'_>) -> Outcome {
    let (left, right, top, bottom) = (10, 34, 70, 440);
    let height = |log: f64| bottom - (log / MOST * f64::from(bottom - top)).round() as i32;
    for step in 0..60 {
        let log = f64::from(step) / 10.0;
        // one pixel more upward, so that rounding leaves no gap
        let corners = [(left, height(log + 0.1) - 1), (right, height(log))];
        panel.draw(&Rectangle::new(corners, shade(log + 0.05).filled()))?;
    }
    let style = ("sans-serif", 15, &INK).into_text_style(panel);
    panel.draw(&Text::new("draws", (left, top - 28), style.clone()))?;
    for log in 0..=MOST as i32 {
        let plus = if f64::from(log) >= MOST { "+" } else { "" };
        let label = format!("{}{plus}", 10_i64.pow(log as u32));
        panel.draw(&Text::new(label, (right + 6, height(f64::from(log)) - 8), style.clone()))?;
    }
    Ok(())
}
