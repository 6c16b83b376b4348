//! The framework on planted registries: what must be green is green, and every planted fault is red.

mod certificates;
mod completeness;
mod mutants;
mod planted;
mod reports;
mod runs;
