//! Labelled pictures of nothing: what constants are chosen with, so that no data are looked at.

use crate::data::{Labelled, Split};
use dp_linalg::Mat;
use ntk_dp::image::{ImageShape, Symmetry, Textures};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CLASSES: usize = 10;
const SIDE: usize = 32;
const CHANNELS: usize = 3;
const PIXELS: usize = SIDE * SIDE;
/// Pictures to learn from, and to test.
const TRAIN: usize = 16_000;
const TEST: usize = 4_000;
/// Radius of an object, in pixels.
const RADIUS: core::ops::Range<f64> = 6.0..15.0;
/// Pixels by which an object is moved, along each side.
const MOVES: i64 = 6;

/// Ten classes of drawn objects.
///
/// An object is a round piece of a texture that stands for it, moved, mirrored or not, on a background that is drawn afresh for each picture. A class is so many
/// objects that have nothing in common: the more, the harder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Objects {
    name: &'static str,
    seed: u64,
    of_class: usize,
    /// Exponent of brightness: textures that whiten features have 1.
    gamma: f64,
}

pub(crate) const TASKS: [Objects; 2] = [
    Objects { name: "4 objects a class", seed: 1, of_class: 4, gamma: 0.5 },
    Objects { name: "32 objects a class", seed: 2, of_class: 32, gamma: 2.0 },
];

impl Objects {
    pub(crate) fn split(self) -> Result<Split, Box<dyn std::error::Error>> {
        let shape = ImageShape::new(CHANNELS, SIDE, SIDE)?;
        let rng = &mut ChaCha8Rng::seed_from_u64(self.seed);
        let objects = Textures::new(shape).draw(CLASSES * self.of_class, rng);
        let mut part = |count: usize| {
            let mut pixels = Textures::new(shape).draw(count, rng);
            let labels = (0..count).map(|i| self.put_object(pixels.row_mut(i), &objects, rng)).collect();
            Labelled { pixels, labels }
        };
        let (train, test) = (part(TRAIN), part(TEST));
        Ok(Split { name: self.name, shape, symmetry: Symmetry::Mirror, announced: TRAIN, train, test })
    }

    /// Puts an object before the background, and returns its class.
    fn put_object<R: Rng>(self, picture: &mut [f64], objects: &Mat, rng: &mut R) -> usize {
        let object = rng.random_range(0..objects.nrows());
        let texture = objects.row(object);
        let radius: f64 = rng.random_range(RADIUS);
        let middle: [f64; 2] = core::array::from_fn(|_| rng.random_range(0.3..0.7) * SIDE as f64);
        let moves: [i64; 2] = core::array::from_fn(|_| rng.random_range(-MOVES..=MOVES));
        let mirrored = rng.random_bool(0.5);
        for i in 0..PIXELS {
            let place = [i / SIDE, i % SIDE];
            let square: f64 = place
                .iter()
                .zip(middle)
                .map(|(&at, middle)| (at as f64 - middle) * (at as f64 - middle))
                .sum();
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
        for x in picture.iter_mut() {
            *x = x.powf(self.gamma);
        }
        object % CLASSES
    }
}
