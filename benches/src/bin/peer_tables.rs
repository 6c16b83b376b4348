//! Makes `peers/RESULTS.md` from `peers/results.json`: `cargo xtask peers --render`.

use provable_dp_benches::peers::{comparisons, page};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let found = comparisons(&std::fs::read_to_string(folder.join("results.json"))?)?;
    std::fs::write(folder.join("RESULTS.md"), page(&found))?;
    Ok(())
}
