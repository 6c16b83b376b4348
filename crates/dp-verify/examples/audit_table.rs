//! Prints the table of planted faults in docs/auditing.md: `cargo run --release -p dp-verify --example audit_table`.

use dp_verify::checks::audit_table;
use dp_verify::{Context, Evidence, Level};

/// Any number; the table changes a little with it.
const SEED: u64 = 1;

fn main() {
    print!("{}", audit_table(&mut Context::new(Level::Full, SEED, "audit.power", Evidence::Audit)));
}
