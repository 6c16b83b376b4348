//! Pictures of nothing, with the statistics of images.

use super::ImageShape;
use dp_linalg::Mat;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Points a pixel, along each side.
const FINE: usize = 2;
/// Leaves after which the rest is background.
const LEAVES: usize = 400;
/// Standard deviation of a channel around the brightness of its leaf.
const COLOUR: f64 = 0.12;
/// Standard deviation of the shading across the image.
const SHADING: f64 = 0.25;

/// Dead leaves: opaque discs and rectangles of random sizes, colours and shading, one before another.
///
/// With a number of leaves that falls with the third power of their size, edges and spectra are much like those of photographs (Lee, Mumford, Huang 2001,
/// "Occlusion models for natural images"). They show nothing and nobody: what is learned from them is public.
///
/// ```
/// use ntk_dp::image::{ImageShape, Textures};
/// use rand::SeedableRng;
///
/// let textures = Textures::new(ImageShape::new(3, 32, 32)?);
/// let images = textures.draw(4, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// assert_eq!(images.shape(), (4, 3072));
/// assert!(images.as_slice().iter().all(|x| (0.0..=1.0).contains(x)));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Textures {
    shape: ImageShape,
}

/// One opaque shape.
struct Leaf {
    middle: (f64, f64),
    radius: f64,
    /// Cosine and sine of the angle, and the ratio of sides; none for a disc.
    rectangle: Option<(f64, f64, f64)>,
    colour: Vec<f64>,
    shading: (f64, f64),
}

impl Leaf {
    fn draw<R: Rng + ?Sized>(size: f64, channels: usize, rng: &mut R) -> Self {
        let (least, largest) = (FINE as f64, size);
        let u: f64 = rng.random();
        let radius = 1.0 / ((1.0 - u) / (least * least) + u / (largest * largest)).sqrt();
        let mut at = || rng.random_range(-radius..size + radius);
        let middle = (at(), at());
        let rectangle = rng.random_bool(0.5).then(|| {
            let angle: f64 = rng.random_range(0.0..core::f64::consts::PI);
            (angle.cos(), angle.sin(), rng.random_range(0.3..1.0))
        });
        let brightness: f64 = rng.random();
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let colour = (0..channels).map(|_| (brightness + COLOUR * normal()).clamp(0.0, 1.0)).collect();
        let shading = (SHADING * normal() / size, SHADING * normal() / size);
        Self { middle, radius, rectangle, colour, shading }
    }

    fn covers(&self, dx: f64, dy: f64) -> bool {
        match self.rectangle {
            None => dx * dx + dy * dy < self.radius * self.radius,
            Some((cos, sin, ratio)) => {
                (dx * cos + dy * sin).abs() < self.radius && (dy * cos - dx * sin).abs() < self.radius * ratio
            }
        }
    }
}

impl Textures {
    /// Of one shape.
    #[must_use]
    pub const fn new(shape: ImageShape) -> Self {
        Self { shape }
    }

    /// `count` pictures `(count, c·h·w)`, with values from 0 to 1.
    pub fn draw<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Mat {
        let mut images = Mat::zeros(count, self.shape.len());
        for i in 0..count {
            self.draw_one(images.row_mut(i), rng);
        }
        images
    }

    fn draw_one<R: Rng + ?Sized>(&self, image: &mut [f64], rng: &mut R) {
        let (height, width) = (FINE * self.shape.height(), FINE * self.shape.width());
        let (pixels, size) = (self.shape.height() * self.shape.width(), height.max(width) as f64);
        let mut free = vec![true; height * width];
        let mut left = free.len();
        for _ in 0..LEAVES {
            if left == 0 {
                break;
            }
            let leaf = Leaf::draw(size, self.shape.channels(), rng);
            let reach = leaf.radius * 1.5;
            let span = |middle: f64, side: usize| {
                ((middle - reach).max(0.0) as usize)..((middle + reach).max(0.0) as usize + 1).min(side)
            };
            for y in span(leaf.middle.1, height) {
                for x in span(leaf.middle.0, width) {
                    let (dx, dy) = (x as f64 - leaf.middle.0, y as f64 - leaf.middle.1);
                    if free[y * width + x] && leaf.covers(dx, dy) {
                        free[y * width + x] = false;
                        left -= 1;
                        let shade = leaf.shading.0 * dx + leaf.shading.1 * dy;
                        let at = y / FINE * self.shape.width() + x / FINE;
                        for (channel, colour) in leaf.colour.iter().enumerate() {
                            let value = (colour + shade).clamp(0.0, 1.0);
                            image[channel * pixels + at] += value / (FINE * FINE) as f64;
                        }
                    }
                }
            }
        }
        for x in image.iter_mut() {
            *x = x.min(1.0);
        }
    }
}
