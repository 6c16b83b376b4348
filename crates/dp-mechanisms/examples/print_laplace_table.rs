//! Prints the source of the discrete Laplace sampler's table, derived in certified arithmetic:
//!
//! ```sh
//! cargo run --release -p dp-mechanisms --example print_laplace_table > rows.rs && mv rows.rs crates/dp-mechanisms/src/noise/discrete_laplace/rows.rs
//! ```
//!
//! (Not into the file itself: it would be empty when the library is compiled, which needs it.)

use dp_mechanisms::noise::discrete_laplace::table;

fn main() {
    print!("{}", table::print(&table::derive(), &table::derive_octaves()));
}
