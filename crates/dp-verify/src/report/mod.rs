//! Rows for people (an aligned table) and for other tools (one JSON object a line).

mod json;
mod table;

pub use json::write_json_line;
pub use table::{Colour, Table};
