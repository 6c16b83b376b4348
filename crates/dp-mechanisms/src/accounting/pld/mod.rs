//! Privacy-loss distributions.

mod cells;
mod compose;
mod fft;
mod grid;
mod masses;
mod query;
mod tail;
mod weights;

pub(crate) use cells::{Atom, Cell, Cells, End, Ends, probability};
pub(crate) use grid::Grid;
pub(crate) use query::{Component, Composition, Orders};
