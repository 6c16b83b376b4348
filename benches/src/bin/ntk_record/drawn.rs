//! Labelled pictures of nothing: what constants are chosen with, so that no data are looked at.

use crate::data::{Labelled, Split};
use dp_linalg::Mat;
use ntk_dp::image::{ImageShape, Symmetry, Textures};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const CLASSES: usize = 10;
const SIDE: usize = 32;
const CHANNELS: usize = 3;
const PIXELS: usize = SIDE * SIDE;
/// Pictures to learn from, and to test.
const TRAIN: usize = 8_000;
const TEST: usize = 2_000;
/// Radius of an object, in pixels.
const RADIUS: core::ops::Range<f64> = 6.0..15.0;
/// Pixels by which an object is moved, along each side.
const MOVES: i64 = 6;

/// Standard deviation of the logarithm of an exposure.
const EXPOSURE: f64 = 0.5;
/// Least part of a colour that light has.
const LIGHT: f64 = 0.5;
/// A picture is blurred less often than this.
const BLURS: usize = 3;

/// Objects of a class.
const OF_CLASS: usize = 2;
const SEED: u64 = 1;

/// Ten classes of drawn objects, photographed.
///
/// An object is a round piece of a texture that stands for it, moved, mirrored or not, on a background that is drawn afresh for each picture. A class is two
/// objects that have nothing in common. Exposure, colour of the light and sharpness differ from picture to picture: textures that whiten features do not have that, so that features
/// of these pictures are not white, as those of real ones are not.
pub(crate) fn objects() -> Result<Split, Box<dyn std::error::Error>> {
    let shape = ImageShape::new(CHANNELS, SIDE, SIDE)?;
    let rng = &mut ChaCha8Rng::seed_from_u64(SEED);
    let objects = Textures::new(shape).draw(CLASSES * OF_CLASS, rng);
    let mut part = |count: usize| {
        let mut pixels = Textures::new(shape).draw(count, rng);
        let labels = (0..count).map(|i| put_object(pixels.row_mut(i), &objects, rng)).collect();
        Labelled { pixels, labels }
    };
    let (train, test) = (part(TRAIN), part(TEST));
    Ok(Split { name: "drawn objects", shape, symmetry: Symmetry::Mirror, announced: TRAIN, train, test })
}

/// Puts an object before the background, and returns its class.
fn put_object<R: Rng>(picture: &mut [f64], objects: &Mat, rng: &mut R) -> usize {
    let object = rng.random_range(0..objects.nrows());
    let texture = objects.row(object);
    let radius: f64 = rng.random_range(RADIUS);
    let middle: [f64; 2] = core::array::from_fn(|_| rng.random_range(0.3..0.7) * SIDE as f64);
    let moves: [i64; 2] = core::array::from_fn(|_| rng.random_range(-MOVES..=MOVES));
    let mirrored = rng.random_bool(0.5);
    for i in 0..PIXELS {
        let place = [i / SIDE, i % SIDE];
        let square: f64 =
            place.iter().zip(middle).map(|(&at, middle)| (at as f64 - middle) * (at as f64 - middle)).sum();
        if square < radius * radius {
            let [row, column] = core::array::from_fn(|axis| {
                (place[axis] as i64 + moves[axis]).rem_euclid(SIDE as i64) as usize
            });
            let column = if mirrored { SIDE - 1 - column } else { column };
            for channel in 0..CHANNELS {
                picture[channel * PIXELS + i] = texture[channel * PIXELS + row * SIDE + column];
            }
        }
    }
    photograph(picture, rng);
    object % CLASSES
}

/// `x` becomes `light·x^exposure`, blurred.
fn photograph<R: Rng>(picture: &mut [f64], rng: &mut R) {
    let exposure = (EXPOSURE * rng.sample::<f64, _>(StandardNormal)).exp();
    let blurs = rng.random_range(0..BLURS);
    for plane in picture.chunks_exact_mut(PIXELS) {
        let light = rng.random_range(LIGHT..1.0);
        for x in plane.iter_mut() {
            *x = light * x.powf(exposure);
        }
        for _ in 0..blurs {
            blur(plane);
        }
    }
}

/// Mean of a pixel and its eight neighbours, the last ones on each side repeated.
fn blur(plane: &mut [f64]) {
    let sharp = plane.to_vec();
    let at = |row: usize, column: usize| sharp[row.min(SIDE - 1) * SIDE + column.min(SIDE - 1)];
    for (i, x) in plane.iter_mut().enumerate() {
        let middle = (i / SIDE, i % SIDE);
        let rows = [middle.0.saturating_sub(1), middle.0, middle.0 + 1];
        let columns = [middle.1.saturating_sub(1), middle.1, middle.1 + 1];
        *x = rows.iter().flat_map(|&row| columns.map(|column| at(row, column))).sum::<f64>() / 9.0;
    }
}
