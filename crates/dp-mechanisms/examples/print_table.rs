//! Prints the source of the sampler's table, derived in certified arithmetic:
//!
//! ```sh
//! cargo run --release -p dp-mechanisms --example print_table > rows.rs && mv rows.rs crates/dp-mechanisms/src/noise/rounded_gaussian/rows.rs
//! ```
//!
//! (Not into the file itself: it would be empty when the library is compiled, which needs it.)

use dp_mechanisms::noise::rounded_gaussian::table;

fn main() {
    print!("{}", table::print(&table::derive()));
}
