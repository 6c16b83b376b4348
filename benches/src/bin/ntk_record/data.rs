//! Images: CIFAR-10, the test part of MNIST, handwritten digits of 8×8 pixels.

use dp_linalg::Mat;
use ntk_dp::image::{ImageShape, Symmetry};
use ntk_dp::io::{read_cifar10, read_file, read_idx};
use std::error::Error;
use std::path::Path;

/// Images with their classes.
pub(crate) struct Labelled {
    pub(crate) pixels: Mat,
    pub(crate) labels: Vec<usize>,
}

/// A data set in two parts, by a fixed rule.
pub(crate) struct Split {
    pub(crate) name: &'static str,
    pub(crate) shape: ImageShape,
    pub(crate) symmetry: Symmetry,
    /// About how many rows there are to learn from: announced, and the same whether one is added or removed.
    pub(crate) announced: usize,
    pub(crate) train: Labelled,
    pub(crate) test: Labelled,
}

impl Labelled {
    fn part(&self, rows: core::ops::Range<usize>) -> Self {
        Self {
            pixels: self.pixels.as_ref().subrows(rows.clone()).to_owned(),
            labels: self.labels[rows].to_vec(),
        }
    }

    /// The first `train` rows to learn from, the others to test.
    fn split(&self, train: usize) -> (Self, Self) {
        (self.part(0..train), self.part(train..self.labels.len()))
    }
}

/// Binary batches in a folder: five to learn from, and the test batch.
pub(crate) fn cifar(folder: &Path) -> Result<Split, Box<dyn Error>> {
    let train: Vec<String> = (1..=5).map(|k| format!("data_batch_{k}.bin")).collect();
    Ok(Split {
        name: "CIFAR-10 (JPEG re-encoding)",
        shape: ImageShape::new(3, 32, 32)?,
        symmetry: Symmetry::Mirror,
        announced: 50_000,
        train: batches(folder, &train)?,
        test: batches(folder, &["test_batch.bin".to_owned()])?,
    })
}

fn batches(folder: &Path, names: &[String]) -> Result<Labelled, Box<dyn Error>> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for name in names {
        let images = read_file(folder.join(name), read_cifar10)?;
        pixels.extend_from_slice(images.pixels().as_slice());
        labels.extend_from_slice(images.labels());
    }
    Ok(Labelled { pixels: Mat::from_vec(labels.len(), ntk_dp::io::CIFAR_PIXELS, pixels)?, labels })
}

/// The 10 000 test images: the first 8000 to learn from.
pub(crate) fn mnist(folder: &Path) -> Result<Split, Box<dyn Error>> {
    let (train, test) = ten_thousand(folder)?.split(8000);
    mnist_split("MNIST, test part", train, test)
}

/// Of those 8000, the first 6400 to learn from, and the others to test: what constants are chosen with.
pub(crate) fn mnist_to_choose(folder: &Path) -> Result<Split, Box<dyn Error>> {
    let (train, test) = ten_thousand(folder)?.part(0..8000).split(6400);
    mnist_split("MNIST to choose with", train, test)
}

fn ten_thousand(folder: &Path) -> Result<Labelled, Box<dyn Error>> {
    let images = read_file(folder.join("mnist_t10k_images_idx3_ubyte.gz"), read_idx)?;
    let labels = read_file(folder.join("mnist_t10k_labels_idx1_ubyte.gz"), read_idx)?;
    let pixels = images.bytes().iter().map(|&byte| f64::from(byte) / 255.0).collect();
    Ok(Labelled {
        pixels: Mat::from_vec(labels.bytes().len(), 28 * 28, pixels)?,
        labels: labels.bytes().iter().map(|&label| usize::from(label)).collect(),
    })
}

fn mnist_split(name: &'static str, train: Labelled, test: Labelled) -> Result<Split, Box<dyn Error>> {
    let (shape, announced) = (ImageShape::new(1, 28, 28)?, train.labels.len());
    Ok(Split { name, shape, symmetry: Symmetry::None, announced, train, test })
}

/// 1797 digits: the first 1438 to learn from.
pub(crate) fn digits() -> Result<Split, Box<dyn Error>> {
    let digits = dp_testkit::digits::digits();
    let pixels = digits.pixels.iter().map(|&pixel| f64::from(pixel) / 16.0).collect();
    let all = Labelled {
        pixels: Mat::from_vec(digits.labels.len(), 64, pixels)?,
        labels: digits.labels.iter().map(|&label| usize::from(label)).collect(),
    };
    let (train, test) = all.split(1438);
    Ok(Split {
        name: "digits",
        shape: ImageShape::new(1, 8, 8)?,
        symmetry: Symmetry::None,
        announced: 1400,
        train,
        test,
    })
}
