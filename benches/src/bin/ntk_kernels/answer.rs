//! Answers questions, one a line: our half of `peers/ntk.py`.
//!
//! A question is words: `gram PRECISION ACTIVATION DEPTH THREADS POINTS OUT` (`f32` or `f64`) for the NTK with `σ_w² = 2`, `σ_b² = 0.05`, or
//! `ridge KERNEL RIDGE THREADS POINTS TARGETS QUERIES OUT`, where a kernel is `quadratic` or `relu3`. Arrays are npy files; what is found goes to
//! `OUT`, unless that is `-`. The answer is the number of seconds, files excluded.

use crate::Outcome;
use dp_linalg::{Mat, Parallelism, Scalar};
use npyz::WriterBuilder;
use ntk_dp::{Activation, Kernel, KernelRidge, Network};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::time::Instant;

pub(crate) fn questions() -> Outcome {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let seconds = match words.as_slice() {
            ["gram", precision, activation, depth, threads, points, out] => {
                let kernel = tangent(activation, depth.parse()?)?;
                let parallelism = Parallelism::threads(threads.parse()?);
                match *precision {
                    "f32" => gram::<f32>(&kernel, parallelism, (points, out))?,
                    "f64" => gram::<f64>(&kernel, parallelism, (points, out))?,
                    _ => return Err(format!("no numbers {precision}").into()),
                }
            }
            ["ridge", kernel, ridge, threads, points, targets, queries, out] => {
                let kernel = match *kernel {
                    "quadratic" => Kernel::quadratic(1.0)?,
                    "relu3" => tangent("relu", 3)?,
                    _ => return Err(format!("no kernel {kernel}").into()),
                };
                let ridge = KernelRidge::new(kernel, ridge.parse()?)?;
                let ridge = ridge.with_parallelism(Parallelism::threads(threads.parse()?));
                fit(&ridge, [points, targets, queries], out)?
            }
            _ => return Err(format!("no question: {line}").into()),
        };
        writeln!(out, "{seconds}")?;
        out.flush()?;
    }
    Ok(())
}

fn tangent(activation: &str, depth: usize) -> Result<Kernel, Box<dyn Error>> {
    let activation = match activation {
        "relu" => Activation::Relu,
        "leaky" => Activation::LeakyRelu { slope: 0.1 },
        "erf" => Activation::Erf,
        "gelu" => Activation::Gelu,
        _ => return Err(format!("no activation {activation}").into()),
    };
    Ok(Kernel::ntk(Network::new(activation, depth, 2.0)?.with_bias_variance(0.05)?))
}

fn gram<T: Scalar + npyz::AutoSerialize>(
    kernel: &Kernel,
    parallelism: Parallelism,
    (points, out): (&str, &str),
) -> Result<f64, Box<dyn Error>> {
    let points = read(points)?;
    let points = Mat::from_fn(points.nrows(), points.ncols(), |i, j| T::from_f64(points[(i, j)]));
    let start = Instant::now();
    let gram = kernel.gram(points.as_ref(), parallelism)?;
    let seconds = start.elapsed().as_secs_f64();
    write(out, &gram)?;
    Ok(seconds)
}

fn fit(ridge: &KernelRidge, files: [&str; 3], out: &str) -> Result<f64, Box<dyn Error>> {
    let [points, targets, queries] = files.map(read);
    let (points, targets, queries) = (points?, targets?, queries?);
    let start = Instant::now();
    let found = ridge.fit(points.as_ref(), targets.as_ref())?.predict(queries.as_ref())?;
    let seconds = start.elapsed().as_secs_f64();
    write(out, &found)?;
    Ok(seconds)
}

fn read(path: &str) -> Result<Mat, Box<dyn Error>> {
    let file = npyz::NpyFile::new(BufReader::new(File::open(path)?))?;
    let &[n, d] = file.shape() else { return Err("a matrix expected".into()) };
    Ok(Mat::from_vec(n as usize, d as usize, file.into_vec()?)?)
}

fn write<T: Scalar + npyz::AutoSerialize>(path: &str, matrix: &Mat<T>) -> Outcome {
    if path == "-" {
        return Ok(());
    }
    let shape = [matrix.nrows() as u64, matrix.ncols() as u64];
    let file = BufWriter::new(File::create(path)?);
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(file).begin_nd()?;
    writer.extend(matrix.as_slice().iter().copied())?;
    Ok(writer.finish()?)
}
