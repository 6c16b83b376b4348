//! Prints the source of the discrete Laplace sampler's table, derived in certified arithmetic:
//! `cargo run --release -p dp-mechanisms --example print_laplace_table > crates/dp-mechanisms/src/noise/discrete_laplace/rows.rs`

use dp_mechanisms::noise::discrete_laplace::table;

fn main() {
    print!("{}", table::print(&table::derive(), &table::derive_octaves()));
}
