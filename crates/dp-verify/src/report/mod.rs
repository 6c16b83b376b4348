//! Rows for people (an aligned table, a document, a page) and for other tools (one JSON object a line).

mod fates;
mod figure;
mod html;
mod index;
mod json;
mod markdown;
mod math;
mod number;
mod promises;
mod proofs;
mod table;

pub use fates::{FateTable, write_fate_line};
pub use html::{Summary, write_html};
pub use index::{keeps_claims, write_index};
pub use json::{read_json_lines, write_json_line};
pub use markdown::write_markdown;
pub(crate) use number::count_of_rows;
pub use table::{Colour, Table};

use crate::{Control, Row};

/// What a row says beside its numbers: its note, and all that the twin showed where that was not rejected.
fn notes(row: &Row) -> Vec<String> {
    let own = Some(row.shipped.note.clone()).filter(|note| !note.is_empty());
    let twin = (row.control() == Control::Accepted).then(|| {
        let (observed, bound) = (number::Number(row.broken.observed), number::Number(row.broken.bound));
        let twin = format!("broken twin: {}, observed {observed}, bound {bound}", row.broken.verdict);
        if row.broken.note.is_empty() { twin } else { format!("{twin}; {}", row.broken.note) }
    });
    own.into_iter().chain(twin).collect()
}
