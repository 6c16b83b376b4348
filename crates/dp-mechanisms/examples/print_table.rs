//! Prints the source of the sampler's table, derived in certified arithmetic:
//! `cargo run --release -p dp-mechanisms --example print_table > crates/dp-mechanisms/src/noise/rounded_gaussian/rows.rs`

use dp_mechanisms::noise::rounded_gaussian::table;

fn main() {
    print!("{}", table::print(&table::derive()));
}
