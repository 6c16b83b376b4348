//! What `peers/attention.py` reads: the same arrays, and our errors.

use crate::sets::Data;
use dp_linalg::MatRef;
use npyz::WriterBuilder;
use serde_json::json;
use std::error::Error;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

pub(crate) struct Export {
    folder: PathBuf,
    lines: BufWriter<File>,
}

impl Export {
    pub(crate) fn new(folder: String) -> Result<Self, Box<dyn Error>> {
        let folder = PathBuf::from(folder);
        create_dir_all(&folder)?;
        let lines = BufWriter::new(File::create(folder.join("ours.jsonl"))?);
        Ok(Self { folder, lines })
    }

    /// Queries, keys and values, each a file in a folder of the set's name.
    pub(crate) fn arrays(&self, data: &Data) -> Result<(), Box<dyn Error>> {
        let folder = self.folder.join(&data.name);
        create_dir_all(&folder)?;
        for (name, array) in ["queries.npy", "keys.npy", "values.npy"].into_iter().zip(data.views()) {
            write(&folder.join(name), array)?;
        }
        Ok(())
    }

    /// One map at one largest logit.
    pub(crate) fn error(
        &mut self,
        data: &Data,
        map: &str,
        max_logit: f64,
        degree: usize,
        features: usize,
        error: Option<f64>,
    ) -> Result<(), Box<dyn Error>> {
        let (set, title, in_table) = (&data.name, &data.title, degree == data.degree);
        let line = json!({
            "set": set, "title": title, "map": map, "max_logit": max_logit, "degree": degree,
            "features": features, "in_table": in_table, "error": error,
        });
        Ok(writeln!(self.lines, "{line}")?)
    }
}

fn write(path: &Path, array: MatRef<'_>) -> Result<(), Box<dyn Error>> {
    let shape = [array.nrows() as u64, array.ncols() as u64];
    let file = BufWriter::new(File::create(path)?);
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(file).begin_nd()?;
    for row in array.rows() {
        writer.extend(row.iter().copied())?;
    }
    Ok(writer.finish()?)
}
