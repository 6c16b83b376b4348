//! What can go wrong around the checks (a failing check is a red row, not an error).

use std::path::PathBuf;

/// Why a run could not be made or reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Caller: `--only` names nothing.
    #[error("no claim or check is named `{id}` or starts with `{id}.`")]
    UnknownId {
        /// What was asked for.
        id: String,
    },
    /// Caller: `--crate` names nothing.
    #[error("no crate with claims is named `{name}`")]
    UnknownCrate {
        /// What was asked for.
        name: String,
    },
    /// Caller: what is to be resumed is of another level, of several seeds, or of another build.
    #[error(
        "the rows to resume from are of another level, of several seeds, or of another build of this program"
    )]
    Resume,
    /// Document: the index would lose a claim, evidence of it, or its kind.
    #[error("`{id}` {change}; if that is meant, pass `--withdraw {id}`, and say why in the changelog")]
    Withdrawn {
        /// The claim.
        id: String,
        /// What the index would lose.
        change: String,
    },
    /// Document: a claim names docs/theorems.md, but no heading of it.
    #[error("`{id}` names docs/theorems.md, but no heading of it")]
    NoProof {
        /// The claim.
        id: &'static str,
    },
    /// Caller: the file of `--certificate` is no release and no certificate, or it is damaged.
    #[error("the file holds no release and no certificate that can be read, or is damaged")]
    NoCertificate,
    /// Machine: the operating system gave no fresh seed.
    #[error("the operating system gave no random seed; pass one with --seed")]
    NoSeed,
    /// Caller: two reports are to have one name.
    #[error("{path}: two reports cannot have one file", path = path.display())]
    SameFile {
        /// Which.
        path: PathBuf,
    },
    /// Machine: a file could not be opened or written.
    #[error("{path}: cannot be opened or written", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Machine: a report could not be written.
    #[error("a report could not be written")]
    Write(#[from] std::io::Error),
    /// Machine: a row could not be written as JSON.
    #[error("a JSON row could not be written")]
    Json(#[from] serde_json::Error),
}
