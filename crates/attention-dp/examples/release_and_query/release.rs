//! The first process: private rows in, a release out.

use crate::about;
use attention_dp::io::{MatrixReader, save_moments};
use attention_dp::{Bounds, MomentOptions, PrivateMoments, RowAdjacency, Rows, Shape};
use clap::ValueEnum;
use dp_linalg::Mat;
use dp_mechanisms::{
    AddRemoveRow, Adjacency, ArithmeticModel, Certificate, Delta, Epsilon, PrivacyProfile, ReplaceRow,
    secure_rng,
};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

/// Rows that are read at a time.
const CHUNK: usize = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Private keys `(n, d)`, npy or safetensors.
    #[arg(long)]
    keys: PathBuf,
    /// Tensor of the keys, in a safetensors file with several.
    #[arg(long)]
    keys_tensor: Option<String>,
    /// Private values `(n, d_v)`, or labels `(n)` with --one-hot.
    #[arg(long)]
    values: PathBuf,
    /// Tensor of the values, in a safetensors file with several.
    #[arg(long)]
    values_tensor: Option<String>,
    /// Turn labels 0 … CLASSES−1 into unit vectors; rows with another label are left out.
    #[arg(long, value_name = "CLASSES", value_parser = clap::value_parser!(u32).range(1..))]
    one_hot: Option<u32>,
    /// Privacy loss ε.
    #[arg(long)]
    epsilon: f64,
    /// Failure mass δ, well below one over the number of rows.
    #[arg(long)]
    delta: f64,
    /// Largest norm of a query.
    #[arg(long)]
    query_radius: f64,
    /// Largest norm of a key; longer ones are scaled back.
    #[arg(long)]
    key_radius: f64,
    /// Largest norm of a value; longer ones are scaled back.
    #[arg(long)]
    value_radius: f64,
    /// Taylor degree of the exponential.
    #[arg(long)]
    degree: usize,
    /// Factor of the logits; 1/√d if not given.
    #[arg(long)]
    softmax_scale: Option<f64>,
    /// What counts as a neighbour: a row more or less, or another row in its place.
    #[arg(long, value_enum, default_value_t = Neighbours::AddRemove)]
    adjacency: Neighbours,
    /// File to write; an older one is replaced at once or not at all.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Neighbours {
    AddRemove,
    Replace,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    match arguments.adjacency {
        Neighbours::AddRemove => release(arguments, AddRemoveRow),
        Neighbours::Replace => release(arguments, ReplaceRow),
    }
}

fn release<A: RowAdjacency>(arguments: &Arguments, adjacency: A) -> Result<(), Box<dyn Error>> {
    let (epsilon, delta) = (Epsilon::new(arguments.epsilon)?, Delta::new(arguments.delta)?);
    let keys = MatrixReader::open(&arguments.keys, arguments.keys_tensor.as_deref())
        .map_err(about(&arguments.keys))?;
    let values = MatrixReader::open(&arguments.values, arguments.values_tensor.as_deref())
        .map_err(about(&arguments.values))?;
    let mut moments = PrivateMoments::new(adjacency, options(arguments, keys.shape(), values.shape())?)?;
    eprintln!(
        "{} features, logits within ±{:.3}, relative kernel error at most {:.2e}",
        moments.geometry().feature_count(),
        moments.geometry().max_logit(),
        moments.geometry().kernel_error()
    );
    stream(arguments, adjacency, keys, values, &mut moments)?;
    let release = moments.release(epsilon, delta, &mut secure_rng()?)?;
    // the budget is spent: first save, then talk
    save_moments(&arguments.out, &release).map_err(about(&arguments.out))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "saved to {}", arguments.out.display())?;
    Ok(print_certificate(&mut out, release.certificate(), delta)?)
}

/// Checks shapes before any row is read. What goes wrong here is for whoever owns the files: a truncated file tells its length.
fn options(
    arguments: &Arguments,
    (keys, key_dim): (usize, usize),
    (values, columns): (usize, usize),
) -> Result<MomentOptions, Box<dyn Error>> {
    if keys != values {
        return Err(attention_dp::Error::RowCount.into());
    }
    if arguments.one_hot.is_some() && columns != 1 {
        return Err(format!("--one-hot wants one column of labels, not {columns}").into());
    }
    let shape = Shape { key_dim, value_dim: arguments.one_hot.map_or(columns, |classes| classes as usize) };
    let bounds = Bounds::new(arguments.query_radius, arguments.key_radius, arguments.value_radius)?;
    let mut options = MomentOptions::new(shape, bounds, arguments.degree);
    if let Some(softmax_scale) = arguments.softmax_scale {
        options = options.with_softmax_scale(softmax_scale);
    }
    Ok(if arguments.one_hot.is_some() { options.with_value_range(0.0, 1.0) } else { options })
}

fn stream<A: RowAdjacency>(
    arguments: &Arguments,
    adjacency: A,
    mut keys: MatrixReader,
    mut values: MatrixReader,
    moments: &mut PrivateMoments<A>,
) -> Result<(), Box<dyn Error>> {
    while let Some(chunk) = keys.next_rows(CHUNK).map_err(about(&arguments.keys))? {
        let rows =
            values.next_rows(CHUNK).map_err(about(&arguments.values))?.unwrap_or_else(|| Mat::zeros(0, 1));
        let rows = arguments.one_hot.map_or_else(|| rows.clone(), |classes| one_hot(&rows, classes));
        moments.push(Rows::new(adjacency, chunk.as_ref(), rows.as_ref())?)?;
    }
    Ok(())
}

/// Unit vectors; NaN for a label that is none, and a row with NaN contributes nothing.
fn one_hot(labels: &Mat, classes: u32) -> Mat {
    let is_class = |label: f64| (0..classes).any(|class| f64::from(class) == label);
    Mat::from_fn(labels.nrows(), classes as usize, |row, class| match labels[(row, 0)] {
        label if is_class(label) => f64::from(label == class as f64),
        _ => f64::NAN,
    })
}

fn print_certificate<A: Adjacency>(
    out: &mut impl Write,
    certificate: &Certificate<PrivacyProfile<A>>,
    delta: Delta,
) -> std::io::Result<()> {
    let guarantee = certificate.guarantee();
    let arithmetic = match certificate.arithmetic() {
        ArithmeticModel::ExactLattice => "exact on the machine as run",
        _ => "for real numbers only",
    };
    writeln!(out, "certificate")?;
    writeln!(out, "  what        {}", certificate.what())?;
    writeln!(out, "  mechanism   {}", certificate.mechanism())?;
    writeln!(out, "  neighbours  {}", guarantee.adjacency())?;
    writeln!(out, "  guarantee   ({}, {:e})-differential privacy", guarantee.epsilon(delta), delta.get())?;
    writeln!(out, "  holds       {arithmetic}")?;
    writeln!(out, "  claims      {}", certificate.claims().join(", "))?;
    for (name, value) in certificate.parameters() {
        writeln!(out, "  {name} = {value}")?;
    }
    for (package, version) in certificate.versions() {
        writeln!(out, "  {package} {version}")?;
    }
    Ok(())
}
