//! The second process: a release and queries in, answers out. It never sees a private row.

use crate::about;
use attention_dp::io::{MatrixReader, load_moments};
use attention_dp::{Answer, AttentionMoments, MomentReader};
use dp_linalg::MatRef;
use dp_mechanisms::{AddRemoveRow, Adjacency, FailureProbability, PrivacyProfile, Release, ReplaceRow};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

/// Queries that are read and answered at a time.
const CHUNK: usize = 1024;
/// Coordinates of an answer that are printed.
const COLUMNS: usize = 6;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What the release command wrote.
    #[arg(long)]
    release: PathBuf,
    /// Queries `(m, d)`, npy or safetensors.
    #[arg(long)]
    queries: PathBuf,
    /// Tensor of the queries, in a safetensors file with several.
    #[arg(long)]
    queries_tensor: Option<String>,
    /// Answer the first rows only.
    #[arg(long, value_name = "ROWS")]
    first: Option<usize>,
    /// Probability with which the error bars hold.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// The queries were chosen without sight of the release: narrower bars, for each query by itself. Otherwise bars hold
    /// for all queries at once, however they were chosen.
    #[arg(long)]
    fixed: bool,
    /// Print the place of the largest coordinate instead of coordinates.
    #[arg(long)]
    argmax: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    match load_moments::<AddRemoveRow>(&arguments.release) {
        Ok(release) => answer_all(arguments, &release),
        // saved under the other adjacency, or not readable at all: then the first message is the right one
        Err(error) => match load_moments::<ReplaceRow>(&arguments.release) {
            Ok(release) => answer_all(arguments, &release),
            Err(_) => Err(about(&arguments.release)(error).into()),
        },
    }
}

fn answer_all<A: Adjacency>(
    arguments: &Arguments,
    release: &Release<AttentionMoments, PrivacyProfile<A>>,
) -> Result<(), Box<dyn Error>> {
    let reader = reader(arguments, release.value())?;
    let mut queries = MatrixReader::open(&arguments.queries, arguments.queries_tensor.as_deref())
        .map_err(about(&arguments.queries))?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let kind = if arguments.fixed { "for each query by itself" } else { "for all queries at once" };
    writeln!(
        out,
        "{} adjacency; bars hold with probability {} {kind}",
        release.certificate().guarantee().adjacency(),
        arguments.confidence
    )?;
    let mut number = 0;
    let last = arguments.first.unwrap_or(usize::MAX);
    while number < last
        && let Some(chunk) = queries.next_rows(CHUNK.min(last - number)).map_err(about(&arguments.queries))?
    {
        print_answers(&mut out, arguments.argmax, number, &answers(&reader, chunk.as_ref(), number)?)?;
        number += chunk.nrows();
    }
    Ok(out.flush()?)
}

fn reader<'a>(
    arguments: &Arguments,
    moments: &'a AttentionMoments,
) -> Result<MomentReader<'a>, Box<dyn Error>> {
    let failure = FailureProbability::new(1.0 - arguments.confidence)
        .map_err(|_| format!("--confidence {} must be between 0 and 1", arguments.confidence))?;
    Ok(if arguments.fixed { moments.fixed_query_reader(failure)? } else { moments.reader(failure)? })
}

/// Errors name a row of the chunk; people count rows of the file.
fn answers(
    reader: &MomentReader<'_>,
    chunk: MatRef<'_>,
    offset: usize,
) -> Result<Vec<Answer>, Box<dyn Error>> {
    use attention_dp::Error as Failure;
    Ok(reader.query_batch(chunk).map_err(|error| match error {
        Failure::QueryNotFinite { query, coordinate } => {
            Failure::QueryNotFinite { query: query + offset, coordinate }
        }
        Failure::QueryTooLong { query, norm, radius } => {
            Failure::QueryTooLong { query: query + offset, norm, radius }
        }
        other => other,
    })?)
}

fn print_answers(
    out: &mut impl Write,
    argmax: bool,
    offset: usize,
    answers: &[Answer],
) -> std::io::Result<()> {
    for (i, answer) in answers.iter().enumerate() {
        write!(out, "{:>7} ", offset + i)?;
        let Some(estimate) = answer.estimate() else {
            writeln!(out, " no answer at this confidence")?;
            continue;
        };
        let pairs: Vec<(f64, f64)> =
            estimate.value().iter().zip(estimate.bars()).map(|(value, bar)| (*value, bar.total())).collect();
        if argmax {
            let largest = (0..pairs.len()).max_by(|&a, &b| pairs[a].0.total_cmp(&pairs[b].0)).unwrap_or(0);
            writeln!(out, " largest {largest}: {:.4} ± {:.4}", pairs[largest].0, pairs[largest].1)?;
            continue;
        }
        for (value, bar) in pairs.iter().take(COLUMNS) {
            write!(out, "  {value:.4} ± {bar:.4}")?;
        }
        writeln!(out, "{}", if pairs.len() > COLUMNS { "  …" } else { "" })?;
    }
    Ok(())
}
