//! 1797 handwritten digits, and a projection of them that was not fitted to them.
//!
//! The data are the test part of *Optical Recognition of Handwritten Digits* (E. Alpaydin and C. Kaynak 1998, UCI
//! Machine Learning Repository), licensed under CC BY 4.0; see `data/README.md`.

/// Number of images.
pub const LEN: usize = 1797;
/// Pixels of one image: 8 rows of 8.
pub const DIM: usize = SIDE * SIDE;
const SIDE: usize = 8;

/// The images and their labels.
#[derive(Debug, Clone, Copy)]
pub struct Digits {
    /// `(1797, 64)`, row-major; each pixel is from 0 (paper) to 16 (ink).
    pub pixels: &'static [u8],
    /// `(1797,)`; each label is from 0 to 9.
    pub labels: &'static [u8],
}

/// The embedded data.
///
/// ```
/// let digits = dp_testkit::digits::digits();
/// assert_eq!((digits.pixels.len(), digits.labels.len()), (1797 * 64, 1797));
/// assert_eq!(digits.labels[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// ```
#[must_use]
pub fn digits() -> Digits {
    let pixels = include_bytes!("../data/digits_pixels_u8.npy");
    let labels = include_bytes!("../data/digits_labels_u8.npy");
    Digits { pixels: payload(pixels, "(1797, 64)", LEN * DIM), labels: payload(labels, "(1797,)", LEN) }
}

/// The bytes behind the header of an npy file (version 1.0) of unsigned bytes with this shape.
fn payload(file: &'static [u8], shape: &str, len: usize) -> &'static [u8] {
    let header_len = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let (header, data) = file.split_at(10 + header_len);
    let expected = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
    assert_eq!(&header[..8], b"\x93NUMPY\x01\x00", "an npy file of version 1.0");
    assert!(header[10..].starts_with(expected.as_bytes()), "the header of a {shape} array of bytes");
    assert_eq!(data.len(), len, "no byte is missing");
    data
}

/// The first `dim` coefficients of each image's two-dimensional cosine transform, `(1797, dim)` row-major.
///
/// *Public*: the basis is fixed and was never fitted to these or any images, so that projecting costs no privacy.
/// Pixels are divided by 16, the transform is the orthonormal DCT-II, and coefficients come low frequencies first, in
/// zig-zag order: a row's Euclidean norm is at most that of its image, which is at most 8. The cosines are nested square
/// roots, so that the same bits come out on every machine.
///
/// # Panics
/// If `dim` is 0 or above 64.
///
/// ```
/// let rows = dp_testkit::digits::projected(2);
/// assert_eq!(rows.len(), 1797 * 2);
/// // the first coefficient is eight times the mean ink
/// let ink: u32 = dp_testkit::digits::digits().pixels[..64].iter().map(|&p| u32::from(p)).sum();
/// assert!((rows[0] - 8.0 * f64::from(ink) / (64.0 * 16.0)).abs() < 1e-14);
/// ```
#[must_use]
pub fn projected(dim: usize) -> Vec<f64> {
    transform(digits().pixels, dim)
}

/// The same of any 8×8 images with pixels 0 … 16, one after another.
///
/// # Panics
/// If `dim` is 0 or above 64, or the pixels are not whole images.
///
/// ```
/// let grey = dp_testkit::digits::transform(&[8; 64], 3);
/// assert!((grey[0] - 4.0).abs() < 1e-14 && grey[1].abs() < 1e-14 && grey[2].abs() < 1e-14);
/// ```
#[must_use]
pub fn transform(images: &[u8], dim: usize) -> Vec<f64> {
    assert!((1..=DIM).contains(&dim), "a projection keeps 1 to 64 coefficients");
    assert!(images.len().is_multiple_of(DIM), "an image has 64 pixels");
    let frequencies = &zigzag()[..dim];
    let basis = basis();
    let mut rows = Vec::with_capacity(images.len() / DIM * dim);
    for image in images.chunks_exact(DIM) {
        rows.extend(frequencies.iter().map(|&(u, v)| coefficient(image, &basis[u], &basis[v])));
    }
    rows
}

/// `Σ_{x,y} image[x, y]/16 · row[x] · column[y]`.
fn coefficient(image: &[u8], row: &[f64; SIDE], column: &[f64; SIDE]) -> f64 {
    let line = |pixels: &[u8]| pixels.iter().zip(column).map(|(&p, c)| f64::from(p) / 16.0 * c).sum::<f64>();
    image.chunks_exact(SIDE).zip(row).map(|(pixels, r)| r * line(pixels)).sum()
}

/// Row `u` holds `a(u)·cos((2x + 1)uπ/16)` with `a(0) = √(1/8)`, `a(u) = 1/2`.
fn basis() -> [[f64; SIDE]; SIDE] {
    let scale = |u| if u == 0 { 0.125_f64.sqrt() } else { 0.5 };
    std::array::from_fn(|u| std::array::from_fn(|x| scale(u) * cos_sixteenth((2 * x + 1) * u)))
}

/// `cos(kπ/16)`, by `cos(θ/2) = √(2 + 2cos θ)/2` from `cos(π/2) = 0` and by symmetry.
fn cos_sixteenth(k: usize) -> f64 {
    match k % 32 {
        0 => 1.0,
        8 => 0.0,
        k if k > 16 => cos_sixteenth(32 - k),
        k if k > 8 => -cos_sixteenth(16 - k),
        k => (2.0 + 2.0 * cos_sixteenth(2 * k)).sqrt() / 2.0,
    }
}

/// Pairs of frequencies by antidiagonals, in alternating direction.
fn zigzag() -> Vec<(usize, usize)> {
    (0..2 * SIDE - 1)
        .flat_map(|sum| {
            let up = move |i: usize| if sum % 2 == 0 { (sum - i, i) } else { (i, sum - i) };
            (0..=sum).map(up).filter(|&(u, v)| u < SIDE && v < SIDE)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_labels_are_in_range_and_every_digit_is_common() {
        let digits = digits();
        assert!(digits.pixels.iter().all(|&pixel| pixel <= 16));
        let mut counts = [0; 10];
        digits.labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
        // the counts that the source states
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }

    #[test]
    fn cosines_agree_with_the_standard_library() {
        for k in 0..64 {
            // argument, cosine and three nested roots are each wrong by a few ulps of 1
            let expected = (k as f64 * std::f64::consts::PI / 16.0).cos();
            assert!((cos_sixteenth(k) - expected).abs() <= 64.0 * f64::EPSILON, "{k}");
        }
    }

    #[test]
    fn the_zigzag_visits_every_frequency_once_lowest_first() {
        let order = zigzag();
        assert_eq!(order[..6], [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2)]);
        assert!(order.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0 + pair[1].1));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((order.len(), sorted.len()), (DIM, DIM));
    }

    #[test]
    fn the_full_transform_keeps_lengths_and_truncation_keeps_prefixes() {
        let (all, few) = (projected(DIM), projected(5));
        for (i, image) in digits().pixels.chunks_exact(DIM).enumerate() {
            let pixels: f64 = image.iter().map(|&p| (f64::from(p) / 16.0).powi(2)).sum();
            let row = &all[i * DIM..(i + 1) * DIM];
            let coefficients: f64 = row.iter().map(|c| c * c).sum();
            // 64 coefficients of size ≤ 8, each a sum of 64 terms: below 64·2·8·(8·72ε) in the square
            assert!((pixels - coefficients).abs() < 64.0 * 2.0 * 8.0 * 8.0 * 72.0 * f64::EPSILON);
            assert_eq!(few[i * 5..(i + 1) * 5], row[..5]);
        }
    }
}
