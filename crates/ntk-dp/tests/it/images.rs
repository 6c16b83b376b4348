//! Features of images: what a user sees of them.

use crate::uniform;
use dp_linalg::{Mat, Parallelism};
use ntk_dp::Error;
use ntk_dp::image::{
    CellBasis, Colours, Compression, FeatureOptions, ImageFeatures, ImageShape, Scattering, Symmetry,
    Textures,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn shape(channels: usize, height: usize, width: usize) -> ImageShape {
    ImageShape::new(channels, height, width).unwrap()
}

fn textures(shape: ImageShape, count: usize) -> Mat {
    Textures::new(shape).draw(count, &mut ChaCha8Rng::seed_from_u64(3))
}

fn mirrored(images: &Mat, shape: ImageShape) -> Mat {
    let width = shape.width();
    Mat::from_fn(images.nrows(), images.ncols(), |i, j| {
        images[(i, j / width * width + width - 1 - j % width)]
    })
}

/// The largest difference of two rows, over the length of the first.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let norm = a.iter().map(|x| x * x).sum::<f32>().sqrt();
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / norm
}

#[test]
fn mirrored_images_have_the_same_features_if_they_mean_the_same() {
    // an even number of columns and an odd one, of which the last counts twice when halved: there it is not exact
    for (shape, most) in [(shape(3, 16, 24), 1e-3), (shape(1, 9, 16), 1e-3)] {
        let images = textures(shape, 5);
        let other = mirrored(&images, shape);
        for (symmetry, same) in [(Symmetry::Mirror, true), (Symmetry::None, false)] {
            let scattering = Scattering::new(shape).with_symmetry(symmetry);
            let [a, b] = [&images, &other]
                .map(|images| scattering.apply(images.as_ref(), Parallelism::Sequential).unwrap());
            for i in 0..5 {
                let found = difference(a.row(i), b.row(i));
                assert_eq!(found < most, same, "{found} {symmetry:?}");
            }
        }
    }
}

#[test]
fn a_pixel_to_the_side_changes_features_less_than_pixels() {
    let shape = shape(1, 32, 32);
    let images = textures(shape, 10);
    let moved = Mat::from_fn(10, 1024, |i, j| images[(i, if j % 32 == 0 { j } else { j - 1 })]);
    let scattering = Scattering::new(shape);
    let [a, b] =
        [&images, &moved].map(|images| scattering.apply(images.as_ref(), Parallelism::available()).unwrap());
    let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let relative =
        |a: &[f64], b: &[f64]| length(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()) / length(a);
    let wide = |row: &[f32]| row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let mean = |ratios: Vec<f64>| ratios.iter().sum::<f64>() / ratios.len() as f64;
    let pixels = mean((0..10).map(|i| relative(images.row(i), moved.row(i))).collect());
    let features = mean((0..10).map(|i| relative(&wide(a.row(i)), &wide(b.row(i)))).collect());
    assert!(features < 0.7 * pixels, "{features} {pixels}");
}

#[test]
fn a_constant_image_has_no_moduli() {
    let scattering = Scattering::new(shape(1, 12, 12));
    let flat = Mat::filled(1, 144, 0.25);
    let found = scattering.apply(flat.as_ref(), Parallelism::Sequential).unwrap();
    let (averages, moduli) = found.row(0).split_at(9);
    assert!(averages.iter().all(|x| (x - 0.5).abs() < 1e-6)); // the root
    assert!(moduli.iter().all(|x| x.abs() < 1e-3), "{moduli:?}"); // the root of f32's rounding
}

#[test]
fn images_of_any_size_have_features() {
    for (channels, height, width) in [(1, 1, 1), (3, 1, 5), (2, 7, 3), (4, 8, 8)] {
        let shape = shape(channels, height, width);
        let scattering = Scattering::new(shape).with_symmetry(Symmetry::Mirror);
        let images = uniform(2, 3, shape.len());
        let found = scattering.apply(images.as_ref(), Parallelism::available()).unwrap();
        assert_eq!(found.shape(), (3, 81 * channels * height.div_ceil(4) * width.div_ceil(4)));
        assert!(found.as_slice().iter().all(|x| x.is_finite()));
        let none = scattering.apply(Mat::zeros(0, shape.len()).as_ref(), Parallelism::available()).unwrap();
        assert_eq!(none.nrows(), 0);
    }
}

#[test]
fn bad_images_are_nan_and_leave_the_others_alone() {
    let shape = shape(1, 8, 8);
    let features = ImageFeatures::fit(
        Scattering::new(shape),
        textures(shape, 100).as_ref(),
        &FeatureOptions::new(16),
        Parallelism::available(),
    )
    .unwrap();
    let good = uniform(4, 5, 64);
    let mut bad = good.clone();
    bad[(1, 3)] = f64::NAN;
    bad[(3, 0)] = f64::INFINITY;
    bad[(4, 63)] = 1e300;
    let [good, bad] =
        [good, bad].map(|images| features.apply(images.as_ref(), Parallelism::threads(3)).unwrap());
    for i in 0..5 {
        let spoiled = [1, 3, 4].contains(&i);
        assert_eq!(bad.row(i).iter().all(|x| x.is_nan()), spoiled);
        assert!(spoiled || bad.row(i) == good.row(i));
    }
}

#[test]
fn shapes_and_dimensions_are_checked() {
    let shape = shape(1, 8, 8);
    let scattering = Scattering::new(shape);
    let fit = |images: &Mat, dim| {
        let options = FeatureOptions::new(dim);
        ImageFeatures::fit(scattering.clone(), images.as_ref(), &options, Parallelism::Sequential)
    };
    assert_eq!(fit(&Mat::zeros(0, 64), 3), Err(Error::NoRows));
    assert_eq!(fit(&textures(shape, 50), 0), Err(Error::Width));
    assert_eq!(fit(&textures(shape, 50), 1000), Err(Error::Width));
    assert_eq!(fit(&Mat::zeros(4, 64), 1), Err(Error::Width)); // no direction at all
    assert_eq!(fit(&Mat::zeros(4, 63), 1), Err(Error::Length { expected: 64, found: 63 }));
    assert_eq!(fit(&Mat::filled(2, 64, f64::NAN), 1), Err(Error::Point { row: 0 }));
    let found = scattering.apply(Mat::zeros(1, 65).as_ref(), Parallelism::Sequential);
    assert_eq!(found, Err(Error::Length { expected: 64, found: 65 }));
    assert!(matches!(ImageShape::new(1, 1025, 1), Err(Error::ImageShape { height: 1025, .. })));
}

#[test]
fn fewer_dimensions_are_the_first_of_more() {
    let shape = shape(1, 12, 12);
    let (public, images) = (textures(shape, 200), uniform(8, 4, 144));
    let of = |dim| {
        let options = FeatureOptions::new(dim);
        let features =
            ImageFeatures::fit(Scattering::new(shape), public.as_ref(), &options, Parallelism::Sequential);
        features.unwrap().apply(images.as_ref(), Parallelism::Sequential).unwrap()
    };
    let (few, many) = (of(10), of(40));
    for i in 0..4 {
        assert_eq!(few.row(i), &many.row(i)[..10]);
    }
}

#[test]
fn whitened_public_images_have_unit_moments() {
    let shape = shape(1, 12, 12);
    let public = textures(shape, 400);
    for basis in [CellBasis::Cells, CellBasis::Frequencies] {
        let whitened = moments(&public, Scattering::new(shape), FeatureOptions::new(30).with_basis(basis));
        for (j, (mean, square)) in whitened.into_iter().enumerate() {
            // f32 sums of some hundred terms, divided by small standard deviations
            assert!(mean.abs() < 1e-2 && (square - 1.0).abs() < 2e-2, "{basis:?} {j}: {mean} {square}");
        }
    }
}

/// Mean and mean square of each coordinate among the public images themselves.
fn moments(public: &Mat, scattering: Scattering, options: FeatureOptions) -> Vec<(f64, f64)> {
    let n = public.nrows() as f64;
    let features = ImageFeatures::fit(scattering, public.as_ref(), &options, Parallelism::available());
    let features = features.expect("as many directions");
    let rows = features.apply(public.as_ref(), Parallelism::available()).expect("images of this shape");
    let of = |j: usize| rows.rows().fold((0.0, 0.0), |(s, q), row| (s + row[j] / n, q + row[j] * row[j] / n));
    (0..rows.ncols()).map(of).collect()
}

#[test]
fn powers_of_deviations_leave_the_sum_of_variances() {
    let shape = shape(1, 12, 12);
    let public = textures(shape, 400);
    for whitening in [0.0, 0.5, 0.9] {
        let options = FeatureOptions::new(30).with_whitening(whitening).unwrap();
        let squares = moments(&public, Scattering::new(shape), options);
        let sum: f64 = squares.iter().map(|(_, square)| square).sum();
        assert!((sum / 30.0 - 1.0).abs() < 2e-2, "{whitening}: {sum}");
        // the first and the last by the same power of the same deviations
        let ratio = (squares[0].1 / squares[29].1).powf(1.0 / (1.0 - whitening));
        let bare =
            moments(&public, Scattering::new(shape), FeatureOptions::new(30).with_whitening(0.0).unwrap());
        assert!((ratio / (bare[0].1 / bare[29].1) - 1.0).abs() < 0.3, "{whitening}: {ratio}");
    }
    for bad in [-0.1, 1.1, f64::NAN] {
        let refused = FeatureOptions::new(3).with_whitening(bad);
        assert!(matches!(refused, Err(Error::Whitening { value }) if value.to_bits() == bad.to_bits()));
    }
}

#[test]
fn roots_can_be_left_out_and_colours_mixed() {
    let shape = shape(3, 8, 8);
    let images = textures(shape, 5);
    let of = |scattering: &Scattering| scattering.apply(images.as_ref(), Parallelism::Sequential).unwrap();
    let plain = Scattering::new(shape).with_compression(Compression::None);
    for (root, bare) in of(&Scattering::new(shape)).as_slice().iter().zip(of(&plain).as_slice()) {
        assert!((root * root.abs() - bare).abs() <= 1e-6 * bare.abs());
    }
    let grey = Mat::from_fn(1, 192, |_, j| images[(0, j % 64)]);
    let opponent =
        Scattering::new(shape).with_colours(Colours::Opponent).apply(grey.as_ref(), Parallelism::Sequential);
    let (brightness, colours) = opponent.as_ref().unwrap().as_slice().split_at(81 * 4);
    // a grey image has no differences of colour, but for the rounding of f32 under a root
    assert!(brightness.iter().any(|x| *x > 0.1) && colours.iter().all(|x| x.abs() < 1e-3));
    // each channel as if it were alone
    let given = of(&Scattering::new(shape));
    let alone = Scattering::new(ImageShape::new(1, 8, 8).unwrap());
    let red = alone.apply(images.as_ref().subcols(0..64), Parallelism::Sequential).unwrap();
    for i in 0..5 {
        assert_eq!(&given.row(i)[..red.ncols()], red.row(i));
    }
}

#[test]
fn textures_are_fixed_by_their_seed_and_look_like_images() {
    let shape = shape(3, 32, 32);
    let images = textures(shape, 100);
    assert_eq!(images, textures(shape, 100));
    // neighbours are alike, pixels far away are not
    let correlation = |apart: usize| {
        let (mut both, mut own) = (0.0, 0.0);
        for row in images.rows() {
            for y in 0..32 {
                for x in 0..32 - apart {
                    let (a, b) = (row[y * 32 + x] - 0.5, row[y * 32 + x + apart] - 0.5);
                    both += a * b;
                    own += 0.5 * (a * a + b * b);
                }
            }
        }
        both / own
    };
    assert!(correlation(1) > 0.6 && correlation(20) < 0.3, "{} {}", correlation(1), correlation(20));
}
