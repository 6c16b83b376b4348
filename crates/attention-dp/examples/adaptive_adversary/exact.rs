//! Reconstruction of a row from answers, adaptively.

use crate::{KEY_DIM, SCALE, VALUE_DIM, World, dot};
use attention_dp::exact_attention;
use dp_linalg::{Mat, MatRef, Parallelism, Qr};
use std::error::Error;

pub(crate) struct Reconstruction {
    pub(crate) key: Vec<f64>,
    pub(crate) value: Vec<f64>,
    pub(crate) queries: usize,
}

/// From exact attention.
pub(crate) fn reconstruct(world: &World) -> Result<Reconstruction, Box<dyn Error>> {
    let (keys, values) = world.with((&world.target.0, &world.target.1));
    let ask = |query: &[f64]| -> Result<Vec<f64>, Box<dyn Error>> {
        let query = MatRef::new(query, 1, KEY_DIM)?;
        let output = exact_attention(query, keys.as_ref(), values.as_ref(), SCALE, Parallelism::Sequential)?;
        Ok(output.row(0).to_vec())
    };
    from_answers(world, ask)
}

/// From whatever answers: the value by least squares over two queries, then one logit a query; queries of later rounds lie around the key
/// found so far.
pub(crate) fn from_answers(
    world: &World,
    mut ask: impl FnMut(&[f64]) -> Result<Vec<f64>, Box<dyn Error>>,
) -> Result<Reconstruction, Box<dyn Error>> {
    let mut queries: Vec<Vec<f64>> =
        (0..KEY_DIM).map(|i| (0..KEY_DIM).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let mut seen: Vec<Seen> = Vec::new();
    let mut found = None;
    for _ in 0..3 {
        for query in &queries {
            let answer = ask(query)?;
            seen.push(Seen::new(world, query, &answer));
        }
        let value = value_of(&seen)?;
        let key = key_of(&seen, &value)?;
        queries = around(&key);
        found = Some((key, value));
    }
    let (key, value) = found.expect("three rounds");
    Ok(Reconstruction { key, value, queries: seen.len() })
}

/// A query with `a` and `D a − N`, which is `w (v − a)`.
struct Seen {
    query: Vec<f64>,
    answer: Vec<f64>,
    excess: Vec<f64>,
}

impl Seen {
    fn new(world: &World, query: &[f64], answer: &[f64]) -> Self {
        let weights: Vec<f64> = world.keys.rows().map(|key| (SCALE * dot(query, key)).exp()).collect();
        let mass: f64 = weights.iter().sum();
        let sum = |j: usize| weights.iter().zip(world.values.rows()).map(|(w, v)| w * v[j]).sum::<f64>();
        let excess = (0..VALUE_DIM).map(|j| mass * answer[j] - sum(j)).collect();
        Self { query: query.to_vec(), answer: answer.to_vec(), excess }
    }
}

/// v and the weights solve `w_i (v − a_i) = e_i`; eliminating each weight leaves `v × e_i = a_i × e_i`, linear in v.
fn value_of(seen: &[Seen]) -> Result<Vec<f64>, Box<dyn Error>> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for Seen { answer, excess, .. } in seen {
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let mut row = vec![0.0; VALUE_DIM];
            (row[i], row[j]) = (excess[j], -excess[i]);
            right.push(answer[i] * excess[j] - answer[j] * excess[i]);
            left.extend(row);
        }
    }
    solve(left, right, VALUE_DIM)
}

/// `ln w = s·q·k` for each query whose weight came out positive.
fn key_of(seen: &[Seen], value: &[f64]) -> Result<Vec<f64>, Box<dyn Error>> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for Seen { query, answer, excess } in seen {
        let direction: Vec<f64> = value.iter().zip(answer).map(|(v, a)| v - a).collect();
        let weight = dot(excess, &direction) / dot(&direction, &direction);
        // a weight between those that a unit key can have, and one that tells nothing where noise leaves none
        let weight = if weight.is_finite() { weight.clamp((-SCALE).exp(), SCALE.exp()) } else { 1.0 };
        right.push(weight.ln());
        left.extend(query.iter().map(|q| SCALE * q));
    }
    solve(left, right, KEY_DIM)
}

fn solve(left: Vec<f64>, right: Vec<f64>, unknowns: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let left = Mat::from_vec(right.len(), unknowns, left)?;
    let right = Mat::from_vec(right.len(), 1, right)?;
    Ok(Qr::new(left.as_ref())?.solve_least_squares(right.as_ref())?.into_vec())
}

/// The direction of a key, and that direction turned a little towards each axis; all of unit length.
fn around(key: &[f64]) -> Vec<Vec<f64>> {
    let unit = |x: &[f64]| -> Vec<f64> {
        let norm = dot(x, x).sqrt().max(1e-300);
        x.iter().map(|x| x / norm).collect()
    };
    let center = unit(key);
    let turned = |i: usize| {
        let mut query = center.clone();
        query[i] += 0.7;
        unit(&query)
    };
    [center.clone()].into_iter().chain((0..KEY_DIM).map(turned)).collect()
}
