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
